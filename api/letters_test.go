package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The letters of a case by name, in two languages, and as PDF where it can be had.
func TestLetters(t *testing.T) {
	c := newCaller(t)
	_, cases := c.apply("shuozhou-minzheng-requester", "shuozhou", "SZ-GA-001")
	at := "/cases/" + cases[0] + "/letters"
	c.as("shuozhou-minzheng-requester", "GET", at, "").is(200, `"items":[]`)
	c.as("shuozhou-gongan-approver", "POST", "/cases/"+cases[0]+"/answer", `{"agree":false,"reasons":"涉及个人隐私<b>","basis":[{"law":"个人信息保护法","article":"13"}]}`, "If-Match", `"1"`).is(200)

	listed := decoded[list[letterRefView]](c.as("shuozhou-minzheng-requester", "GET", at, "").is(200))
	require.Len(t, listed.Items, 1)
	require.Equal(t, "answer-1", listed.Items[0].Name)
	found := decoded[letterView](c.as("shuozhou-minzheng-requester", "GET", at+"/answer-1", "").is(200))
	require.Equal(t, "zh", found.Locale)
	require.Contains(t, strings.Join(found.Body, "\n"), "法定依据：《个人信息保护法》第十三条。")
	require.Contains(t, found.Body, "涉及个人隐私<b>")
	english := decoded[letterView](c.as("shuozhou-minzheng-requester", "GET", at+"/answer-1?locale=en", "").is(200))
	require.Contains(t, strings.Join(english.Body, "\n"), "We do not agree to share")

	c.as("shuozhou-minzheng-requester", "GET", at+"/answer-1?locale=fr", "").is(400)
	for _, name := range []string{"answer-2", "answer", "answer-01", "answer-1.pdf.pdf", "%2e%2e%2fx", "answer-1%00", ".pdf"} {
		if got := c.as("shuozhou-minzheng-requester", "GET", at+"/"+name, ""); got.Status != 404 && got.Status != 400 {
			t.Errorf("%s: %d", name, got.Status)
		}
	}
	pdf := c.as("shuozhou-minzheng-requester", "GET", at+"/answer-1.pdf", "")
	if !c.rig.CanPrint() {
		pdf.is(503)
		return
	}
	pdf.is(200, "%PDF-")
	require.Equal(t, "application/pdf", pdf.Header.Get("Content-Type"))
	require.Contains(t, pdf.Header.Get("Content-Disposition"), "attachment")
}
