//go:build e2e || bench

package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/sharing"
)

// person is somebody who speaks to the system over REST.
type person struct {
	s    *system
	base string
	auth string
}

// as signs a user in with a token of `gongshu token`.
func (s *system) as(t testing.TB, user string) person {
	t.Helper()
	token, ok := s.tokens.Load(user)
	if !ok {
		token, _ = s.tokens.LoadOrStore(user, strings.TrimSpace(s.run(t, "token", "--user", user)))
	}
	return person{s: s, base: s.state(t).Address + "/api/v1", auth: "Bearer " + token.(string)}
}

// call is one request. Version goes into If-Match and Key into Idempotency-Key,
// each unless it is zero.
type call struct {
	Method, Path string
	Body         any
	Version      int
	Key          string
}

type reply struct {
	Status int
	ETag   string
	Body   []byte
}

// try sends a request; the error is of the transport.
func (p person) try(ctx context.Context, c call) (reply, error) {
	var content io.Reader
	if c.Body != nil {
		text, err := json.Marshal(c.Body)
		if err != nil {
			return reply{}, err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, c.Method, p.base+c.Path, content)
	if err != nil {
		return reply{}, err
	}
	request.Header.Set("Authorization", p.auth)
	if c.Body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if c.Version != 0 {
		request.Header.Set("If-Match", fmt.Sprintf("%q", fmt.Sprint(c.Version)))
	}
	if c.Key != "" {
		request.Header.Set("Idempotency-Key", c.Key)
	}
	response, err := p.s.http.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close() // it has been read to its end, or the error below says why not
	body, err := io.ReadAll(response.Body)
	return reply{Status: response.StatusCode, ETag: response.Header.Get("ETag"), Body: body}, err
}

func (p person) do(t testing.TB, c call) reply {
	t.Helper()
	r, err := p.try(t.Context(), c)
	require.NoError(t, err)
	return r
}

// is checks the status, and the code of a problem when one is given.
func (r reply) is(t testing.TB, status int, code ...sharing.Code) reply {
	t.Helper()
	require.Equal(t, status, r.Status, "%s", r.Body)
	if len(code) > 0 {
		require.Equal(t, code[0], r.code(), "%s", r.Body)
	}
	return r
}

// code is the code of a problem, "" when the reply is none.
func (r reply) code() sharing.Code {
	var problem struct{ Code sharing.Code }
	if r.Status < 400 || json.Unmarshal(r.Body, &problem) != nil {
		return ""
	}
	return problem.Code
}

func decode[T any](t testing.TB, r reply) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal(r.Body, &v), "%s", r.Body)
	return v
}

// find returns the id of the resource with a code.
func (p person) find(t testing.TB, code string) string {
	t.Helper()
	page := decode[struct{ Items []struct{ ID, Code string } }](t,
		p.do(t, call{Method: "GET", Path: "/catalog?limit=100&q=" + url.QueryEscape(code)}).is(t, 200))
	for _, r := range page.Items {
		if r.Code == code {
			return r.ID
		}
	}
	t.Fatalf("no resource %s", code)
	return ""
}

// application is a sound application for resources, with a purpose of its own: it
// repeats no other.
func application(resources ...string) sharing.Request {
	r := sharing.Request{Purpose: "核对申请人资格（" + rand.Text() + "）", Duty: "社会救助审核确认", Mode: sharing.QueryAPI, TermMonths: 12}
	for _, id := range resources {
		r.Items = append(r.Items, sharing.Item{ResourceID: id})
	}
	return r
}

// draft writes a draft and returns its id.
func (p person) draft(t testing.TB, r sharing.Request) string {
	t.Helper()
	return decode[struct{ ID string }](t, p.do(t, call{Method: "POST", Path: "/applications", Body: r}).is(t, 201)).ID
}

// apply drafts and submits.
func (p person) apply(t testing.TB, r sharing.Request) desk.Submitted {
	t.Helper()
	return decode[desk.Submitted](t, p.do(t, call{Method: "POST", Path: "/applications/" + p.draft(t, r) + "/submit", Version: 1}).is(t, 200))
}

// step takes one step on a case and returns what it came to.
func (p person) step(t testing.TB, caseID string, version int, name string, body any) desk.Outcome {
	t.Helper()
	return decode[desk.Outcome](t, p.do(t, onCase(caseID, version, name, body)).is(t, 200))
}

func onCase(caseID string, version int, name string, body any) call {
	return call{Method: "POST", Path: "/cases/" + caseID + "/" + name, Version: version, Body: body}
}

var (
	agree     = sharing.Decision{Agree: true}
	provision = sharing.Provision{Mode: sharing.QueryAPI, Locator: "https://exchange.example.cn/v1"}
	remark    = sharing.Remark{Note: "无异议"}
)
