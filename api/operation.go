package api

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/labstack/echo/v4"

	"gongshu/sharing"
)

//go:embed openapi.yaml
var document []byte

// specification is openapi.yaml, parsed and found sound.
var specification = sync.OnceValue(func() *openapi3.T {
	spec, err := openapi3.NewLoader().LoadFromData(document)
	if err == nil {
		err = spec.Validate(context.Background())
	}
	if err != nil {
		panic("api: openapi.yaml is unsound: " + err.Error()) // held by a test
	}
	return spec
})

// operation is one operation of the specification, and what requests are held to.
type operation struct {
	ID         string
	method     string
	path       string // as echo writes it: /cases/:id
	template   string // as the specification writes it: /cases/{id}
	parameters map[place]*openapi3.Parameter
	body       *openapi3.RequestBody
	public     bool // nobody signs in
	tags       []string
}

// place is where a parameter is found: in "query", "path" or "header".
type place struct{ in, name string }

// operations lists the operations of the specification by path and method.
func operations() []*operation {
	var all []*operation
	paths := specification().Paths.Map()
	for _, template := range slices.Sorted(maps.Keys(paths)) {
		item := paths[template].Operations()
		for _, method := range slices.Sorted(maps.Keys(item)) {
			o := item[method]
			op := &operation{ID: o.OperationID, method: method, template: template, tags: o.Tags, parameters: map[place]*openapi3.Parameter{}}
			op.path = strings.NewReplacer("{", ":", "}", "").Replace(template)
			for _, ref := range o.Parameters {
				op.parameters[place{ref.Value.In, ref.Value.Name}] = ref.Value
			}
			if o.RequestBody != nil {
				op.body = o.RequestBody.Value
			}
			op.public = o.Security != nil && len(*o.Security) == 0
			all = append(all, op)
		}
	}
	return all
}

// matches reports whether a request path is the operation's.
func (op *operation) matches(path string) bool {
	want, have := strings.Split(Base+op.template, "/"), strings.Split(path, "/")
	return slices.EqualFunc(want, have, func(want, have string) bool { return want == have || strings.HasPrefix(want, "{") })
}

// check holds the request to the specification: its parameters (CodeMalformed),
// If-Match where a decision needs it (CodeConditionalRead), and its body (see
// checkBody). Every broken rule of one kind is named at once.
func (op *operation) check(c echo.Context) error {
	if err := unescapeParams(c); err != nil {
		return err
	}
	if err := op.checkParameters(c); err != nil {
		return err
	}
	return op.checkBody(c)
}

// unescapeParams undoes the escapes that echo leaves in path parameters when the
// path was written in an unusual way, such as with %2F.
func unescapeParams(c echo.Context) error {
	if c.Request().URL.RawPath == "" {
		return nil
	}
	values := slices.Clone(c.ParamValues())
	for i, v := range values {
		plain, err := url.PathUnescape(v)
		if err != nil {
			return malformed("id", "escape", "")
		}
		values[i] = plain
	}
	c.SetParamValues(values...)
	return nil
}

func (op *operation) checkParameters(c echo.Context) error {
	r := c.Request()
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return malformed("query", "escape", "")
	}
	input := &openapi3filter.RequestValidationInput{
		Request:     r,
		QueryParams: query,
		PathParams:  map[string]string{},
		Options:     &openapi3filter.Options{SkipSettingDefaults: true, SchemaValidationOptions: schemaOptions},
	}
	var broken []sharing.FieldError
	breaks := func(name, rule, detail string) {
		broken = append(broken, sharing.FieldError{Field: name, Rule: rule, Detail: detail})
	}
	given := map[place][]string{}
	for name, values := range query {
		if op.parameters[place{"query", name}] == nil {
			breaks(name, "unknown", "")
			continue
		}
		given[place{"query", name}] = values
	}
	for _, name := range c.ParamNames() {
		input.PathParams[name] = c.Param(name)
		given[place{"path", name}] = []string{c.Param(name)}
	}
	for at := range op.parameters {
		if at.in == "header" {
			given[at] = r.Header.Values(at.name)
		}
	}
	unconditional := false
	for at, parameter := range op.parameters {
		values := given[at]
		switch {
		case len(values) > 1:
			breaks(at.name, "single", "")
		case len(values) == 1 && !plain(values[0]):
			breaks(at.name, "characters", "")
		case len(values) == 0 && at == ifMatch:
			unconditional = true
		default:
			if err := openapi3filter.ValidateParameter(r.Context(), input, parameter); err != nil {
				rule, detail := parameterRule(err)
				breaks(at.name, rule, detail)
			}
		}
	}
	if broken != nil {
		slices.SortFunc(broken, func(a, b sharing.FieldError) int { return strings.Compare(a.Field, b.Field) })
		return &sharing.Error{Code: codeMalformed, Fields: broken}
	}
	if unconditional {
		return &sharing.Error{Code: sharing.CodeConditionalRead, Fields: []sharing.FieldError{{Field: ifMatch.name, Rule: "required"}}}
	}
	return nil
}

var ifMatch = place{"header", "If-Match"}

// checkBody holds the body to the specification, and leaves it to be read again.
// Bodies that are not JSON are only held to their type; their handler reads them.
func (op *operation) checkBody(c echo.Context) error {
	r := c.Request()
	if op.body == nil {
		if n, _ := io.CopyN(io.Discard, r.Body, 1); n > 0 {
			return malformed("", "no_body", "")
		}
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err != nil && r.Header.Get(echo.HeaderContentType) != "" {
		return &sharing.Error{Code: codeMediaType}
	}
	if mediaType != "" && op.body.Content[mediaType] == nil || !oneEncoding(r.Header) {
		return &sharing.Error{Code: codeMediaType}
	}
	if op.body.Content[echo.MIMEApplicationJSON] == nil {
		if mediaType == "" {
			return &sharing.Error{Code: codeMediaType}
		}
		return nil
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return &sharing.Error{Code: codeMediaType}
	}
	data, err := readBody(c, maxBody)
	switch {
	case err != nil:
		return err
	case len(data) == 0 && op.body.Required:
		return malformed("", "required", "")
	case len(data) == 0:
		return nil
	case mediaType == "":
		return &sharing.Error{Code: codeMediaType}
	}
	value, err := parse(data)
	if err != nil {
		return err
	}
	schema := op.body.Content[mediaType].Schema.Value
	options := append([]openapi3.SchemaValidationOption{openapi3.MultiErrors(), openapi3.VisitAsRequest()}, schemaOptions...)
	if err := schema.VisitJSON(value, options...); err != nil {
		return &sharing.Error{Code: sharing.CodeInvalid, Fields: schemaRules(err)}
	}
	if broken := control(value, "", nil); broken != nil {
		return &sharing.Error{Code: sharing.CodeInvalid, Fields: broken}
	}
	return nil
}

// oneEncoding reports that the body is not compressed: what is checked for size
// is what is read.
func oneEncoding(h http.Header) bool {
	encoding := h.Get(echo.HeaderContentEncoding)
	return encoding == "" || strings.EqualFold(encoding, "identity")
}

// schemaOptions hold days to the calendar, not only to their looks.
var schemaOptions = []openapi3.SchemaValidationOption{
	openapi3.WithStringFormatValidator("date", openapi3.NewCallbackValidator(func(s string) error {
		_, err := sharing.ParseDate(s)
		return err
	})),
}

// malformed names one parameter or place of the body that cannot be read at all.
func malformed(field, rule, detail string) *sharing.Error {
	return &sharing.Error{Code: codeMalformed, Fields: []sharing.FieldError{{Field: field, Rule: rule, Detail: detail}}}
}

// plain reports whether s is valid UTF-8 without control characters but those
// that end lines.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\t' && r != '\r' || r == 0x7f
	})
}

func parameterRule(err error) (rule, detail string) {
	var broken *openapi3.SchemaError
	var unread *openapi3filter.ParseError
	switch {
	case errors.As(err, &broken):
		return schemaRule(broken)
	case errors.As(err, &unread):
		return "type", ""
	}
	return "required", "" // missing, or empty where that says nothing
}
