package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
)

func quiet(o Options) *echo.Echo {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return New(&desk.Desk{}, o)
}

func TestNobodyIsSignedIn(t *testing.T) {
	e := quiet(Options{})
	for _, op := range operations() {
		if op.public {
			assert.True(t, strings.HasPrefix(op.path, "/open/"), "%s asks nobody who they are", op.ID)
			continue
		}
		target := Base + strings.ReplaceAll(op.path, ":id", "x")
		for name, header := range map[string][]string{
			"none": nil, "basic": {"Basic YTpi"}, "empty": {"Bearer "}, "no token": {"Bearer"}, "two": {"Bearer a", "Bearer b"},
			"spaces": {"Bearer a b"}, "control": {"Bearer a\x7f"}, "long": {"Bearer " + strings.Repeat("a", maxToken+1)},
		} {
			r := httptest.NewRequest(op.method, target, strings.NewReader("{"))
			r.Header["Authorization"] = header
			response, body := exchange(t, e, r)
			assert.Equal(t, 401, response.StatusCode, "%s %s", op.ID, name)
			assert.Equal(t, `Bearer realm="gongshu"`, response.Header.Get("WWW-Authenticate"))
			assert.Contains(t, body, `"code":"unauthenticated"`)
		}
	}
}

func TestWhatIsBesideTheOperations(t *testing.T) {
	e := quiet(Options{})
	for _, row := range []struct {
		method, target string
		status         int
		header, value  string
		want           string
	}{
		{"GET", "/livez", 200, "Content-Type", "application/json", "up"},
		{"GET", "/api/v1/openapi.yaml", 200, "Content-Type", "application/yaml", "openapi: 3.1.0"},
		{"GET", "/docs", 301, "Location", "/docs/", ""},
		{"GET", "/docs/", 200, "Content-Security-Policy", docsPolicy, "swagger-ui-bundle.js"},
		{"GET", "/docs/start.js", 200, "Content-Type", "text/javascript; charset=utf-8", "/api/v1/openapi.yaml"},
		{"GET", "/docs/swagger-ui.css", 200, "Content-Type", "text/css; charset=utf-8", ".swagger-ui"},
		{"GET", "/docs/swagger-ui-bundle.js", 200, "X-Content-Type-Options", "nosniff", "SwaggerUIBundle"},
		{"GET", "/docs/../api.go", 404, "Content-Type", "application/problem+json", "not_found"},
		{"GET", "/problems/stale", 200, "Content-Type", "text/html; charset=UTF-8", "已有变动"},
		{"GET", "/problems/nothing", 404, "Content-Type", "application/problem+json", "not_found"},
		{"GET", "/api/v1/nothing", 404, "Content-Type", "application/problem+json", "not_found"},
		{"GET", "/api/v2", 404, "Content-Type", "application/problem+json", "not_found"},
		{"PATCH", "/api/v1/me", 405, "Allow", "GET", "method_not_allowed"},
		{"DELETE", "/api/v1/applications", 405, "Allow", "GET, POST", "method_not_allowed"},
		{"OPTIONS", "/api/v1/cases/x/answer", 405, "Allow", "POST", "method_not_allowed"},
		{"HEAD", "/api/v1/me", 401, "Content-Type", "application/problem+json", ""},
		{"GET", "/elsewhere", 404, "Content-Type", "application/problem+json", "not_found"},
	} {
		response, body := exchange(t, e, httptest.NewRequest(row.method, row.target, nil))
		assert.Equal(t, row.status, response.StatusCode, row.target)
		assert.Equal(t, row.value, response.Header.Get(row.header), row.target)
		assert.Contains(t, body, row.want, row.target)
		assert.Equal(t, "nosniff", response.Header.Get("X-Content-Type-Options"), row.target)
		assert.NotEmpty(t, response.Header.Get("X-Request-Id"), row.target)
	}
}

func TestPagesAnswerTheirOwnErrors(t *testing.T) {
	e := quiet(Options{
		Mount: func(e *echo.Echo) {
			e.GET("/cases", func(echo.Context) error { return errors.New("broken") })
			e.RouteNotFound("/*", func(echo.Context) error { return echo.ErrNotFound })
		},
		PageError: func(_ error, c echo.Context) { _ = c.String(http.StatusTeapot, "a page") },
	})
	for target, status := range map[string]int{"/cases": 418, "/nowhere": 418, "/docsx": 418, "/api/v1/cases": 401, "/api": 404, "/api/v1/none": 404, "/api/v1/cases/a/b": 404, "/problems/none": 404, "/livez/x": 404, "/docs/x": 404} {
		response, _ := exchange(t, e, httptest.NewRequest("GET", target, nil))
		assert.Equal(t, status, response.StatusCode, target)
	}
	response, _ := exchange(t, e, httptest.NewRequest("PATCH", "/api/v1/me", nil))
	assert.Equal(t, 405, response.StatusCode)
	assert.Contains(t, response.Header.Get("Allow"), "GET")
}

func TestPanicsAndSecretsStayInside(t *testing.T) {
	var log bytes.Buffer
	e := quiet(Options{
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Mount:  func(e *echo.Echo) { e.POST("/api/v1/panic", func(echo.Context) error { panic("inner secret") }) },
	})
	r := httptest.NewRequest("POST", "/api/v1/panic?token=query-secret", strings.NewReader("body-secret"))
	r.Header.Set("Authorization", "Bearer header-secret")
	r.Header.Set("X-Request-Id", "a name\nwith a line")
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	response, body := exchange(t, e, r)
	assert.Equal(t, 500, response.StatusCode)
	assert.Contains(t, body, `"code":"internal"`)
	assert.NotContains(t, body, "secret")
	assert.NotContains(t, response.Header.Get("X-Request-Id"), "name")
	assert.Contains(t, log.String(), "inner secret", "the operator can find it")
	assert.Contains(t, log.String(), response.Header.Get("X-Request-Id"))
	assert.Contains(t, log.String(), "status=500")
	assert.Contains(t, log.String(), "remote=192.0.2.1", "no header says who is on the other end")
	for _, secret := range []string{"query-secret", "body-secret", "header-secret", "203.0.113.9"} {
		assert.NotContains(t, log.String(), secret)
	}
}

func TestServeFinishesWhatItHasBegun(t *testing.T) {
	begun := make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		time.Sleep(200 * time.Millisecond)
		_, _ = w.Write([]byte("done"))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, h, l) }()
	answered := make(chan int, 1)
	go func() {
		response, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- 0
			return
		}
		answered <- response.StatusCode
		_ = response.Body.Close()
	}()
	<-begun
	cancel()
	assert.NoError(t, <-ended)
	assert.Equal(t, 200, <-answered)

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	assert.Error(t, Serve(t.Context(), h, closed))
}
