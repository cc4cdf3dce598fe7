package api

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
)

// caller sends requests as a user of the demo, and holds every answer to the
// specification.
type caller struct {
	t      testing.TB
	rig    *desktest.Rig
	e      *echo.Echo
	tokens map[string]string
}

func newCaller(t testing.TB) *caller { return newCallerOn(t, desktest.New(t)) }

func newCallerOn(t testing.TB, rig *desktest.Rig) *caller {
	return &caller{t, rig, New(rig.Desk, Options{Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))}), map[string]string{}}
}

// answer is what a request came to.
type answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   string
}

// as sends a request as a user, or as nobody when user is "". Headers come in pairs.
func (c *caller) as(user, method, target, body string, headers ...string) answer {
	c.t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "/", reader)
	u, err := r.URL.Parse(Base + target)
	require.NoError(c.t, err)
	r.URL = u
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return c.send(user, r)
}

func (c *caller) send(user string, r *http.Request) answer {
	c.t.Helper()
	if user != "" {
		if c.tokens[user] == "" {
			c.tokens[user] = c.rig.Token(user)
		}
		r.Header.Set("Authorization", "Bearer "+c.tokens[user])
	}
	w := httptest.NewRecorder()
	c.e.ServeHTTP(w, r)
	a := answer{c.t, w.Code, w.Header(), w.Body.String()}
	a.conforms(r)
	return a
}

// conforms holds the answer to what the specification says of the operation.
func (a answer) conforms(r *http.Request) {
	a.t.Helper()
	for _, op := range operations() {
		if op.method != r.Method || !op.matches(r.URL.Path) {
			continue
		}
		responses := specification().Paths.Value(op.template).GetOperation(op.method).Responses
		response := responses.Value(strconv.Itoa(a.Status))
		if response == nil {
			require.GreaterOrEqual(a.t, a.Status, 400, "%s %s answers what is not specified: %s", op.method, op.template, a.Body)
			response = responses.Default()
		}
		content := response.Value.Content
		mediaType := a.Header.Get("Content-Type")
		if len(content) == 0 {
			require.Empty(a.t, a.Body+mediaType, "%s %s", op.method, op.template)
			return
		}
		require.NotNil(a.t, content.Get(mediaType), "%s %s: %s", op.method, op.template, mediaType)
		if content["*/*"] != nil || mediaType == "application/pdf" {
			return // a file
		}
		var value any
		require.NoError(a.t, json.Unmarshal([]byte(a.Body), &value))
		err := content.Get(mediaType).Schema.Value.VisitJSON(value, openapi3.VisitAsResponse(), openapi3.MultiErrors())
		require.NoError(a.t, err, "%s %s: %s", op.method, op.template, a.Body)
		for name := range response.Value.Headers {
			require.NotEmpty(a.t, a.Header.Get(name), "%s %s", op.method, op.template)
		}
		require.NotContains(a.t, a.Body, ":null", "nothing is null")
		return
	}
}

// is asks for the status and that the body says something.
func (a answer) is(status int, says ...string) answer {
	a.t.Helper()
	require.Equal(a.t, status, a.Status, a.Body)
	for _, s := range says {
		require.Contains(a.t, a.Body, s)
	}
	return a
}

// decoded reads the body into a value of type T.
func decoded[T any](a answer) T {
	a.t.Helper()
	var v T
	require.NoError(a.t, json.Unmarshal([]byte(a.Body), &v), a.Body)
	return v
}

func text2json(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	require.NoError(t, err)
	return string(data)
}

// apply drafts and submits an application over REST and returns the ids of its cases.
func (c *caller) apply(user, region string, codes ...string) (application string, cases []string) {
	c.t.Helper()
	request := c.rig.Request(region, codes...).Request
	a := decoded[applicationDetail](c.as(user, "POST", "/applications", text2json(c.t, request)).is(201))
	done := decoded[desk.Submitted](c.as(user, "POST", "/applications/"+a.ID+"/submit", "", "If-Match", version(a.Version)).is(200))
	for _, o := range done.Cases {
		cases = append(cases, o.CaseID)
	}
	return a.ID, cases
}

// file uploads a small text file and returns its id.
func (c *caller) file(user, name string) string {
	c.t.Helper()
	return decoded[attachmentView](c.upload(user, name, []byte("依据：……\n")).is(201)).ID
}

func (c *caller) upload(user, name string, content []byte, headers ...string) answer {
	c.t.Helper()
	var body bytes.Buffer
	body.WriteString("--frame\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" + name + "\"\r\nContent-Type: text/plain\r\n\r\n")
	body.Write(content)
	body.WriteString("\r\n--frame--\r\n")
	r := httptest.NewRequest("POST", Base+"/attachments", &body)
	r.Header.Set("Content-Type", "multipart/form-data; boundary=frame")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return c.send(user, r)
}

func version(n int) string { return `"` + strconv.Itoa(n) + `"` }
