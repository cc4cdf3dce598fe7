package api

import (
	"bytes"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

func (c *caller) handIn(user, query, name string, content []byte, headers ...string) answer {
	c.t.Helper()
	var body bytes.Buffer
	body.WriteString("--frame\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\n\r\n")
	body.Write(content)
	body.WriteString("\r\n--frame--\r\n")
	r := httptest.NewRequest("POST", Base+"/catalog/imports?"+query, &body)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=frame")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return c.send(user, r)
}

// A catalog is checked without anything being written, looked at row by row, and
// carried out in the version that was shown.
func TestImports(t *testing.T) {
	c := newCaller(t)
	const author, stranger = "shuozhou-minzheng-specialist", "shuozhou-gongan-specialist"
	why := "why=" + url.QueryEscape("迁移原有目录")
	table := []byte("Code,Title,Sharing class,Opening class,Grade,Update cycle,Format,Modes,Item name,Item title\n" +
		"SZ-I-1,养犬登记,unconditional,not_open,1,monthly,xlsx,query_api,dog,犬只编号\n" +
		"SZ-I-2,犬只防疫,not_shared,not_open,1,monthly,xlsx,,shot,防疫编号\n" +
		"SZ-MZ-001,,,,,,,,,\n")
	got := c.handIn(author, why+"&as=review", "a.csv", table, "Idempotency-Key", "first").is(201)
	checked := decoded[importView](got)
	assert.Equal(t, sharing.ImportChecked, checked.State)
	assert.Equal(t, []int{1, 0, 1, 1}, []int{checked.New, checked.Changed, checked.Unchanged, checked.Refused})
	at := "/catalog/imports/" + checked.ID
	assert.Equal(t, Base+at, got.Header.Get("Location"))
	assert.Equal(t, version(1), got.Header.Get("ETag"))
	assert.Equal(t, got.Body, c.handIn(author, why+"&as=review", "a.csv", table, "Idempotency-Key", "first").is(201).Body)
	c.handIn(author, why, "a.csv", table, "Idempotency-Key", "first").is(409, "key_reused")

	rows := decoded[page[importRowView]](c.as(author, "GET", at+"/rows?limit=2", "").is(200))
	require.Len(t, rows.Items, 2)
	assert.Equal(t, 3, rows.Total)
	assert.Equal(t, "2", rows.Next)
	assert.Equal(t, importFindingView{Line: 3, Column: "basis_law", Rule: "required", Detail: rows.Items[1].Findings[0].Detail, Article: "16"}, rows.Items[1].Findings[0])
	rest := decoded[page[importRowView]](c.as(author, "GET", at+"/rows?cursor=2", "").is(200))
	assert.Equal(t, "SZ-MZ-001", rest.Items[0].Code)
	assert.Equal(t, 1, decoded[page[importRowView]](c.as(author, "GET", at+"/rows?standing=refused", "").is(200)).Total)
	c.as(author, "GET", at+"/rows?cursor=x", "").is(400)

	for _, path := range []string{at, at + "/rows"} {
		c.as(stranger, "GET", path, "").is(404)
	}
	c.as(stranger, "POST", at+"/confirm", "", "If-Match", version(1)).is(404)
	c.as(author, "POST", at+"/confirm", "").is(428)
	c.as(author, "POST", at+"/confirm", "", "If-Match", version(2)).is(412)
	running := decoded[importView](c.as(author, "POST", at+"/confirm", "", "If-Match", version(1), "Idempotency-Key", "go").is(202))
	assert.Equal(t, sharing.ImportRunning, running.State)
	assert.Equal(t, 1, running.Staged)
	c.as(author, "POST", at+"/confirm", "", "If-Match", version(1), "Idempotency-Key", "go").is(202)
	c.as(author, "POST", at+"/confirm", "", "If-Match", version(1)).is(409)
	c.rig.CarryImports()
	done := decoded[importView](c.as(author, "GET", at, "").is(200))
	assert.Equal(t, sharing.ImportDone, done.State)
	assert.Equal(t, 1, done.Done)
	filed := decoded[page[importRowView]](c.as(author, "GET", at+"/rows?standing=new", "").is(200)).Items[0]
	assert.Equal(t, sharing.DepartmentReview, decoded[caseDetail](c.as(author, "GET", "/cases/"+filed.CaseID, "").is(200)).State)
	assert.Len(t, decoded[list[importView]](c.as(author, "GET", "/catalog/imports", "").is(200)).Items, 1)

	c.handIn(author, why, "a.csv", []byte("some text")).is(422, "table_sheet")
	c.handIn(author, why, "a.xlsx", []byte("some text")).is(422, "table_type")
	c.handIn(author, why, "a.csv", bytes.Repeat([]byte("x"), desk.MaxImportFile+1)).is(413)
	c.handIn(author, "as=review", "a.csv", table).is(400)
	c.handIn(author, why+"&trigger=law", "a.csv", table).is(422, "triggered_on")
	c.handIn("shuozhou-shenji-auditor", why, "a.csv", table).is(403)
	assert.Equal(t, 1, decoded[page[caseSummaryView]](c.as(author, "GET", "/cases?procedure=change", "").is(200)).Total, strconv.Itoa(1))
}
