package signin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/signin"
)

// portal is a small CAS server: tickets are good once, for one service.
func portal(t *testing.T) (address string, issue func(service, answer string) string) {
	t.Helper()
	type ticket struct{ service, answer string }
	tickets := map[string]ticket{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cas/p3/serviceValidate" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		id := r.URL.Query().Get("ticket")
		known, ok := tickets[id]
		delete(tickets, id)
		answer := known.answer
		if !ok || known.service != r.URL.Query().Get("service") {
			answer = `<cas:authenticationFailure code="INVALID_TICKET">Ticket ` + id + ` not recognized</cas:authenticationFailure>`
		}
		_, _ = fmt.Fprintf(w, `<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas">%s</cas:serviceResponse>`, answer)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/cas", func(service, answer string) string {
		id := fmt.Sprintf("ST-%d", len(tickets)+1)
		tickets[id] = ticket{service, answer}
		return id
	}
}

const casCallback = "http://127.0.0.1:8080/signin/with/cas/back"

func TestCASRoundTrip(t *testing.T) {
	address, issue := portal(t)
	c, err := signin.NewCAS(address + "/")
	require.NoError(t, err)
	a := signin.NewAttempt()
	begin, err := c.Begin(t.Context(), a, casCallback)
	require.NoError(t, err)
	u, err := url.Parse(begin)
	require.NoError(t, err)
	assert.Equal(t, "/cas/login", u.Path)
	service, err := url.Parse(u.Query().Get("service"))
	require.NoError(t, err)
	assert.Equal(t, a.State(), service.Query().Get("state"))

	ticket := issue(service.String(), `<cas:authenticationSuccess><cas:user>zhangsan</cas:user><cas:attributes>
		<cas:dept>11440000MB2C</cas:dept><cas:group>a</cas:group><cas:group>b</cas:group><cas:group>c</cas:group><cas:sub>someone-else</cas:sub>
		</cas:attributes></cas:authenticationSuccess>`)
	answer := url.Values{"state": {a.State()}, "ticket": {ticket}}
	id, err := c.Finish(t.Context(), a, casCallback, answer)
	require.NoError(t, err)
	assert.Equal(t, signin.Identity{Issuer: address, Subject: "zhangsan", Claims: map[string]any{
		"sub": "zhangsan", "dept": "11440000MB2C", "group": []any{"a", "b", "c"}}}, id)

	_, err = c.Finish(t.Context(), a, casCallback, answer)
	require.ErrorIs(t, err, signin.ErrUnsound, "a ticket counts once")
	assert.NotContains(t, err.Error(), ticket)
	leave, err := c.Leave(t.Context(), "", "http://127.0.0.1:8080/")
	require.NoError(t, err)
	assert.Equal(t, address+"/logout?service=http%3A%2F%2F127.0.0.1%3A8080%2F", leave)
}

func TestCASAnswersRefused(t *testing.T) {
	address, issue := portal(t)
	c, err := signin.NewCAS(address)
	require.NoError(t, err)
	const success = `<cas:authenticationSuccess><cas:user>zhangsan</cas:user></cas:authenticationSuccess>`
	for name, row := range map[string]struct {
		answer string
		change func(v url.Values)
		want   error
	}{
		"another state":   {success, func(v url.Values) { v.Set("state", "x") }, signin.ErrUnsound},
		"no ticket":       {success, func(v url.Values) { v.Del("ticket") }, signin.ErrDenied},
		"two tickets":     {success, func(v url.Values) { v.Add("ticket", "ST-1") }, signin.ErrUnsound},
		"made-up ticket":  {success, func(v url.Values) { v.Set("ticket", "ST-x") }, signin.ErrUnsound},
		"long ticket":     {success, func(v url.Values) { v.Set("ticket", strings.Repeat("x", 300)) }, signin.ErrUnsound},
		"control":         {success, func(v url.Values) { v.Set("ticket", "ST\r\nx") }, signin.ErrUnsound},
		"neither":         {"", nil, signin.ErrUnsound},
		"no user":         {`<cas:authenticationSuccess></cas:authenticationSuccess>`, nil, signin.ErrUnsound},
		"both":            {success + `<cas:authenticationFailure code="X"/>`, nil, signin.ErrUnsound},
		"other namespace": {`<authenticationSuccess xmlns="urn:x"><user>zhangsan</user></authenticationSuccess>`, nil, signin.ErrUnsound},
		"not XML":         {"<", nil, signin.ErrUnsound},
		"an entity":       {`<cas:authenticationSuccess><cas:user>&lol;</cas:user></cas:authenticationSuccess>`, nil, signin.ErrUnsound},
		"too long":        {strings.Repeat(" ", 2<<20), nil, signin.ErrUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			a := signin.NewAttempt()
			v := url.Values{"state": {a.State()}, "ticket": {issue(casCallback+"?state="+a.State(), row.answer)}}
			if row.change != nil {
				row.change(v)
			}
			_, err := c.Finish(t.Context(), a, casCallback, v)
			require.ErrorIs(t, err, row.want)
		})
	}
	t.Run("another's ticket", func(t *testing.T) {
		mine, theirs := signin.NewAttempt(), signin.NewAttempt()
		v := url.Values{"state": {mine.State()}, "ticket": {issue(casCallback+"?state="+theirs.State(), success)}}
		_, err := c.Finish(t.Context(), mine, casCallback, v)
		require.ErrorIs(t, err, signin.ErrUnsound)
	})
	t.Run("away", func(t *testing.T) {
		away, err := signin.NewCAS("http://127.0.0.1:1")
		require.NoError(t, err)
		a := signin.NewAttempt()
		_, err = away.Finish(t.Context(), a, casCallback, url.Values{"state": {a.State()}, "ticket": {"ST-secret"}})
		require.ErrorIs(t, err, signin.ErrUnreachable)
		assert.NotContains(t, err.Error(), "ST-secret")
	})
	for _, bad := range []string{"http://cas.example.gov.cn", "", "https://cas.example.gov.cn/cas?x=1", "ftp://127.0.0.1"} {
		_, err := signin.NewCAS(bad)
		require.Error(t, err, bad)
	}
}
