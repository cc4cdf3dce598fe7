package api

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// The paths of the AuthZEN Authorization API 1.0
// (https://openid.net/specs/authorization-api-1_0.html), under which gateways ask
// whether a department may have data now.
const (
	accessRoot            = "/access"
	accessEvaluationPath  = accessRoot + "/v1/evaluation"
	accessEvaluationsPath = accessRoot + "/v1/evaluations"
	accessMetadataPath    = "/.well-known/authzen-configuration"
)

// Bounds of a question.
const (
	maxAccessBody   = 64 << 10 // bytes
	maxAccessName   = 200      // characters of an id, a type, a field
	maxAccessFields = sharing.MaxUseFields
	maxAccessID     = 256 // characters of X-Request-ID
)

// What a question is about; other subjects, resources and actions are denied.
const (
	accessSubject  = "department"
	accessResource = "resource"
	accessAction   = "read"
)

// mountAccess adds the gateway's question.
func (s *server) mountAccess(e *echo.Echo) {
	for path, h := range map[string]func(questions) (any, error){
		accessEvaluationPath:  questions.evaluation,
		accessEvaluationsPath: questions.evaluations,
	} {
		e.Any(path, otherMethod(http.MethodPost))
		e.POST(path, s.evaluate(h))
	}
	e.GET(accessMetadataPath, accessMetadata)
}

// otherMethod answers requests to a path that is there for another method.
func otherMethod(allowed string) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderAllow, allowed)
		return &sharing.Error{Code: codeMethod}
	}
}

// accessMetadata says where to ask. The scheme is https, as AuthZEN wants it,
// whatever stands in front of this server; only on the machine itself it is that
// of the request.
func accessMetadata(c echo.Context) error {
	r := c.Request()
	base := "https://" + r.Host
	if r.TLS == nil && loopback(r.Host) {
		base = "http://" + r.Host
	}
	return c.JSON(http.StatusOK, struct {
		PDP         string `json:"policy_decision_point"`
		Evaluation  string `json:"access_evaluation_endpoint"`
		Evaluations string `json:"access_evaluations_endpoint"`
	}{base, base + accessEvaluationPath, base + accessEvaluationsPath})
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// questions are one request of a gateway who may ask.
type questions struct {
	server *server
	ctx    context.Context
	who    sharing.User
	body   map[string]any
}

// evaluate does what comes before every answer: who asks, may they, and is it an
// object of JSON. Other roles are refused whatever they send.
func (s *server) evaluate(answer func(questions) (any, error)) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), s.timeout)
		defer cancel()
		if id := c.Request().Header.Get(echo.HeaderXRequestID); visible(id, maxAccessID) {
			c.Response().Header().Set(echo.HeaderXRequestID, id)
		}
		who, err := s.authenticate(c, desk.ScopeUse, desk.ScopeAll)
		if err != nil {
			return err
		}
		if !s.desk.MayServe(who) {
			return &sharing.Error{Code: sharing.CodeForbidden}
		}
		body, err := accessBody(c)
		if err != nil {
			return err
		}
		found, err := answer(questions{s, desk.On(ctx, errandOf(c, "evaluation")), who, body})
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, found)
	}
}

// accessBody reads the object that a request is.
func accessBody(c echo.Context) (map[string]any, error) {
	r := c.Request()
	mediaType, params, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	charset, given := params["charset"]
	if err != nil || mediaType != echo.MIMEApplicationJSON || given && !strings.EqualFold(charset, "utf-8") || !oneEncoding(r.Header) {
		return nil, &sharing.Error{Code: codeMediaType}
	}
	if _, err := readBody(c, maxAccessBody); err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read the body again: %w", err)
	}
	value, err := parse(data)
	if err != nil {
		return nil, err
	}
	body, ok := value.(map[string]any)
	if !ok {
		return nil, malformed("", "type", "")
	}
	return body, nil
}

// evaluation answers one question.
func (q questions) evaluation() (any, error) {
	var r accessReader
	asked := r.question(q.body, nil, "")
	if err := r.err(); err != nil {
		return nil, err
	}
	found, err := q.server.desk.Evaluate(q.ctx, q.who, []desk.Question{asked}, desk.ExecuteAll)
	if err != nil {
		return nil, err
	}
	return viewVerdict(found[0]), nil
}

// evaluations answers a list of questions, or one when there is no list.
func (q questions) evaluations() (any, error) {
	var r accessReader
	list := r.array(q.body, "evaluations", "")
	how := desk.ExecuteAll
	if options := r.object(q.body, "options", "", false); options != nil {
		if given := r.text(options, "evaluations_semantic", "/options", maxAccessName, false); given != "" {
			if how = desk.Semantic(given); !slices.Contains(desk.Semantics, how) {
				r.breaks("/options/evaluations_semantic", "one_of", fmt.Sprint(desk.Semantics))
			}
		}
	}
	if len(list) > desk.MaxQuestions {
		r.breaks("/evaluations", "max_items", fmt.Sprint(desk.MaxQuestions))
		list = nil
	} else if len(list) == 0 && r.broken == nil {
		return q.evaluation()
	}
	var asked []desk.Question
	for i, one := range list {
		at := fmt.Sprintf("/evaluations/%d", i)
		object, ok := one.(map[string]any)
		if !ok {
			r.breaks(at, "type", "")
			continue
		}
		asked = append(asked, r.question(object, q.body, at))
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	found, err := q.server.desk.Evaluate(q.ctx, q.who, asked, how)
	if err != nil {
		return nil, err
	}
	return struct {
		Evaluations []verdictView `json:"evaluations"`
	}{each(found, viewVerdict)}, nil
}

// verdictView is a decision; a denial is nothing but a denial.
type verdictView struct {
	Decision bool         `json:"decision"`
	Context  *verdictNote `json:"context,omitempty"`
}

// verdictNote says what a permit rests on, how far it goes and how long it lasts.
type verdictNote struct {
	Grant      string    `json:"grant"`
	Fields     []string  `json:"fields"`
	ValidUntil time.Time `json:"valid_until"`
	CacheUntil time.Time `json:"cache_until"`
}

func viewVerdict(v desk.Verdict) verdictView {
	if !v.Permitted {
		return verdictView{}
	}
	return verdictView{true, &verdictNote{v.GrantID, some(v.Fields), local(v.ValidUntil), local(v.CacheUntil)}}
}

// accessReader reads questions out of JSON and collects what is wrong with them.
// What it does not know it ignores, as AuthZEN asks for.
type accessReader struct {
	broken []sharing.FieldError
}

func (r *accessReader) breaks(at, rule, detail string) {
	e := sharing.FieldError{Field: at, Rule: rule, Detail: detail}
	if len(r.broken) < maxErrors && !slices.Contains(r.broken, e) { // a default is read for each question
		r.broken = append(r.broken, e)
	}
}

func (r *accessReader) err() error {
	if r.broken == nil {
		return nil
	}
	return &sharing.Error{Code: codeMalformed, Fields: r.broken}
}

// question reads one question at a place of the body. What it does not say itself
// the defaults say, each of its four parts as a whole.
func (r *accessReader) question(body, defaults map[string]any, at string) desk.Question {
	part := func(name string, required bool) (map[string]any, string) {
		if _, own := body[name]; !own && defaults != nil {
			if _, given := defaults[name]; given {
				return r.object(defaults, name, "", required), "/" + name
			}
		}
		return r.object(body, name, at, required), at + "/" + name
	}
	var q desk.Question
	subject, subjectAt := part("subject", true)
	resource, resourceAt := part("resource", true)
	action, actionAt := part("action", true)
	about, aboutAt := part("context", false)

	subjectType := r.text(subject, "type", subjectAt, maxAccessName, true)
	q.Department = r.text(subject, "id", subjectAt, maxAccessName, true)
	r.object(subject, "properties", subjectAt, false)
	resourceType := r.text(resource, "type", resourceAt, maxAccessName, true)
	q.Resource = r.text(resource, "id", resourceAt, maxAccessName, true)
	q.Fields = r.texts(r.object(resource, "properties", resourceAt, false), "fields", resourceAt+"/properties")
	name := r.text(action, "name", actionAt, maxAccessName, true)
	q.Mode = sharing.Mode(r.text(r.object(action, "properties", actionAt, action != nil), "mode", actionAt+"/properties", maxAccessName, true))
	q.Purpose = strings.Trim(r.text(about, "purpose", aboutAt, sharing.MaxText, false), " \t\r\n")
	if subjectType != accessSubject || resourceType != accessResource || name != accessAction {
		return desk.Question{} // asked like any other, and denied
	}
	return q
}

// object returns a member that is an object; nil, and noted, when it is none.
func (r *accessReader) object(of map[string]any, name, at string, required bool) map[string]any {
	value, given := of[name]
	if !given {
		if required && of != nil {
			r.breaks(at+"/"+name, "required", "")
		}
		return nil
	}
	object, ok := value.(map[string]any)
	if !ok {
		r.breaks(at+"/"+name, "type", "")
	}
	return object
}

// array returns a member that is an array; nil when there is none.
func (r *accessReader) array(of map[string]any, name, at string) []any {
	value, given := of[name]
	if !given {
		return nil
	}
	all, ok := value.([]any)
	if !ok {
		r.breaks(at+"/"+name, "type", "")
	}
	return all
}

// text returns a member that is text of at most so many characters.
func (r *accessReader) text(of map[string]any, name, at string, limit int, required bool) string {
	value, given := of[name]
	if !given {
		if required && of != nil {
			r.breaks(at+"/"+name, "required", "")
		}
		return ""
	}
	return r.words(value, at+"/"+name, limit)
}

// texts returns a member that is an array of names.
func (r *accessReader) texts(of map[string]any, name, at string) []string {
	all := r.array(of, name, at)
	if len(all) > maxAccessFields {
		r.breaks(at+"/"+name, "max_items", fmt.Sprint(maxAccessFields))
		return nil
	}
	var found []string
	for i, value := range all {
		found = append(found, r.words(value, fmt.Sprintf("%s/%s/%d", at, name, i), maxAccessName))
	}
	return found
}

// words returns a value that is text, and not empty.
func (r *accessReader) words(value any, at string, limit int) string {
	s, ok := value.(string)
	switch {
	case !ok:
		r.breaks(at, "type", "")
	case s == "":
		r.breaks(at, "required", "")
	case utf8.RuneCountInString(s) > limit:
		r.breaks(at, "max_length", fmt.Sprint(limit))
	case !plain(s):
		r.breaks(at, "characters", "")
	}
	return s
}
