package api

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"gongshu/policies"
	"gongshu/sharing"
)

// authorising are the functions in which a request is being authorised: the policy
// itself, the desk's questions to it, and the making of SQL conditions from scopes.
var authorising = []string{"gongshu/policies.", "gongshu/desk.(*Desk).may", "gongshu/desk.(*Desk).May", "gongshu/desk.(*Desk).scope",
	"gongshu/desk.(*Desk).caseScopes", "gongshu/desk.(*Desk).entryScopes", "gongshu/desk.(*Desk).taskKinds", "gongshu/desk.(*Desk).standingIn",
	"gongshu/postgres.(*where).see", "gongshu/postgres.(*where).ways", "gongshu/postgres.(*where).openWays", "gongshu/postgres.alike", "gongshu/postgres.squaresOf"}

// sampled counts where requests were found when they were looked at.
type sampled struct{ requests, authorising int }

// watch looks every half millisecond at what every goroutine does, until stop is
// closed: a request that waits for the database is found waiting, so the shares are
// of the time that a request takes and not of processor time alone.
func watch(stop <-chan struct{}) <-chan sampled {
	result := make(chan sampled)
	go func() {
		var found sampled
		records := make([]runtime.StackRecord, 512)
		names := map[uintptr]string{}
		tick := time.NewTicker(500 * time.Microsecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				result <- found
				return
			case <-tick.C:
			}
			n, ok := runtime.GoroutineProfile(records)
			if !ok {
				records = make([]runtime.StackRecord, 2*n)
				continue
			}
			for i := range records[:n] {
				serves, authorises := look(records[i].Stack(), names)
				if serves {
					found.requests++
				}
				if serves && authorises {
					found.authorising++
				}
			}
		}
	}()
	return result
}

// look reports whether a stack serves a request, and whether it authorises it.
func look(stack []uintptr, names map[uintptr]string) (serves, authorises bool) {
	for _, pc := range stack {
		name, ok := names[pc]
		if !ok {
			var all []string
			frames := runtime.CallersFrames([]uintptr{pc})
			for more := true; more; {
				var f runtime.Frame
				f, more = frames.Next()
				all = append(all, f.Function)
			}
			name = strings.Join(all, "\n")
			names[pc] = name
		}
		for part := range strings.SplitSeq(name, "\n") {
			serves = serves || strings.HasSuffix(part, "echo/v4.(*Echo).ServeHTTP")
			for _, prefix := range authorising {
				authorises = authorises || strings.HasPrefix(part, prefix)
			}
		}
	}
	return serves, authorises
}

// BenchmarkAuthorisationShare reports which share of the time that a request takes is
// spent on authorising it, in percent, for common operations on a populated system.
// The server is asked without a network between. "control" asks the policy and does
// nothing else, so that its share is near 100. "checks" reports how many questions
// the shipped rules answer in a second, one after another.
func BenchmarkAuthorisationShare(b *testing.B) {
	c := newCaller(b)
	c.rig.Populate(2000, 0)
	_, cases := c.apply("shuozhou-minzheng-requester", "shuozhou", "SZ-GA-001")
	entry := c.rig.Resource("shuozhou", "SZ-GA-001").ID
	c.e = New(c.rig.Desk, Options{Logger: slog.New(slog.DiscardHandler)})
	const user = "shuozhou-gongan-approver"
	token := c.rig.Token(user)
	for _, op := range []struct {
		name, method, target, body string
		status                     int
	}{
		{"catalog", "GET", "/catalog", "", 200},
		{"entry", "GET", "/catalog/" + entry, "", 200},
		{"cases", "GET", "/cases", "", 200},
		{"case", "GET", "/cases/" + cases[0], "", 200},
		{"tasks", "GET", "/tasks", "", 200},
		{"stale-answer", "POST", "/cases/" + cases[0] + "/answer", `{"agree":true}`, http.StatusPreconditionFailed},
	} {
		ask := func() {
			r := httptest.NewRequest(op.method, Base+op.target, strings.NewReader(op.body))
			r.Header.Set("Authorization", "Bearer "+token)
			if op.body != "" {
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("If-Match", `"99"`)
			}
			w := httptest.NewRecorder()
			c.e.ServeHTTP(w, r)
			if w.Code != op.status {
				b.Fatalf("%s: %d %s", op.name, w.Code, w.Body)
			}
		}
		b.Run(op.name, func(b *testing.B) { reportShare(b, ask) })
	}
	// The measure itself: a request that does nothing but ask the policy.
	policy, subject := policies.Shipped(), c.rig.User(user).Subject()
	thing := c.rig.Resource("shuozhou", "SZ-GA-001").Thing()
	control := echo.New()
	control.GET("/", func(echo.Context) error {
		for range 5000 {
			policy.May(subject, sharing.Read, thing)
		}
		return nil
	})
	b.Run("control", func(b *testing.B) {
		share := reportShare(b, func() { control.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)) })
		if b.N > 1000 {
			require.Greater(b, share, 80.0, "time in the policy is not found")
		}
	})
	b.Run("checks", func(b *testing.B) {
		for b.Loop() {
			if !policy.May(subject, sharing.Read, thing) {
				b.Fatal("denied")
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "checks/s")
	})
}

// reportShare reports the share of what is asked, in percent, and returns it.
func reportShare(b *testing.B, ask func()) float64 {
	for range 20 {
		ask()
	}
	stop := make(chan struct{})
	result := watch(stop)
	for b.Loop() {
		ask()
	}
	close(stop)
	found := <-result
	require.Positive(b, found.requests)
	share := 100 * float64(found.authorising) / float64(found.requests)
	b.ReportMetric(share, "authorisation-%")
	b.ReportMetric(float64(found.requests), "samples")
	return share
}
