package api

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"gongshu/sharing"
)

// maxBody is how many bytes a JSON body may have.
const maxBody = 1 << 20

// maxValues is how many names and values a JSON body may hold: above what the
// largest draft needs, and few enough that checking a hostile one stays cheap.
const maxValues = 30_000

// maxErrors is how many broken rules one answer names at most.
const maxErrors = 50

// readBody reads a body of at most limit bytes and leaves it to be read again.
func readBody(c echo.Context, limit int64) ([]byte, error) {
	r := c.Request()
	data, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, limit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, sharing.Errorf(sharing.CodeTooLarge, "at most %d bytes", limit)
	case err != nil:
		return nil, malformed("", "cut_short", "")
	}
	r.Body = io.NopCloser(strings.NewReader(string(data)))
	return data, nil
}

// parse reads one JSON text strictly: valid UTF-8, no name twice in an object,
// nothing after it, no number beyond what can be held. (Names are later matched
// exactly: role and ROLE are two names.)
func parse(data []byte) (any, error) {
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		var syntactic *jsontext.SyntacticError
		var semantic *json.SemanticError
		switch {
		case errors.As(err, &syntactic) && errors.Is(err, jsontext.ErrDuplicateName):
			return nil, malformed(string(syntactic.JSONPointer), "duplicate", "")
		case errors.As(err, &syntactic):
			return nil, malformed(string(syntactic.JSONPointer), "json", fmt.Sprintf("byte %d", syntactic.ByteOffset))
		case errors.As(err, &semantic):
			return nil, malformed(string(semantic.JSONPointer), "number", "")
		}
		return nil, malformed("", "json", "")
	}
	if values(value) > maxValues {
		return nil, sharing.Errorf(sharing.CodeTooLarge, "at most %d names and values", maxValues)
	}
	return value, nil
}

// values counts the names and values in a JSON value, itself included.
func values(value any) int {
	n := 1
	switch value := value.(type) {
	case []any:
		for _, v := range value {
			n += values(v)
		}
	case map[string]any:
		for _, v := range value {
			n += 1 + values(v)
		}
	}
	return n
}

// control finds the strings that hold control characters, NUL among them, in a
// value that is as deep as a schema allows.
func control(value any, at string, broken []sharing.FieldError) []sharing.FieldError {
	if len(broken) == maxErrors {
		return broken
	}
	switch value := value.(type) {
	case string:
		if !plain(value) {
			broken = append(broken, sharing.FieldError{Field: at, Rule: "characters"})
		}
	case []any:
		for i, v := range value {
			broken = control(v, fmt.Sprintf("%s/%d", at, i), broken)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			broken = control(value[name], at+"/"+escape(name), broken)
		}
	}
	return broken
}

// decode reads a body that was held to the specification before. An empty body,
// where the specification allows one, leaves v as it is.
func decode(c echo.Context, v any) error {
	data, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return fmt.Errorf("read the checked body: %w", err)
	}
	if len(data) == 0 {
		return nil
	}
	if err := json.Unmarshal(data, v, json.RejectUnknownMembers(true)); err != nil {
		var semantic *json.SemanticError
		if errors.As(err, &semantic) { // such as 1e1 for a count
			return sharing.Invalid(string(semantic.JSONPointer), "type", "")
		}
		return fmt.Errorf("decode the checked body: %w", err)
	}
	return nil
}

// schemaRules names every rule of a schema that a body breaks, by field.
func schemaRules(err error) []sharing.FieldError {
	var all []sharing.FieldError
	told := map[string]bool{} // objects whose unknown names are named
	var collect func(error)
	collect = func(err error) {
		switch err := err.(type) { // not errors.As, which finds the first of many
		case openapi3.MultiError:
			for _, e := range err {
				collect(e)
			}
		case *openapi3.SchemaError:
			at := ""
			for _, key := range err.JSONPointer() {
				at += "/" + escape(key)
			}
			if err.SchemaField == "properties" { // one error for each unknown name, and none says which
				if !told[at] {
					told[at] = true
					for _, name := range unknownNames(err) {
						all = append(all, sharing.FieldError{Field: at + "/" + escape(name), Rule: "unknown"})
					}
				}
				return
			}
			rule, detail := schemaRule(err)
			all = append(all, sharing.FieldError{Field: at, Rule: rule, Detail: detail})
		}
	}
	collect(err)
	slices.SortFunc(all, func(a, b sharing.FieldError) int {
		return strings.Compare(a.Field+" "+a.Rule, b.Field+" "+b.Rule)
	})
	all = slices.Compact(all)
	if len(all) == 0 { // the validator knows something that this package does not
		all = []sharing.FieldError{{Field: "", Rule: "schema"}}
	}
	return all[:min(len(all), maxErrors)]
}

// unknownNames lists the names that an object holds and its schema does not know.
func unknownNames(e *openapi3.SchemaError) []string {
	object, _ := e.Value.(map[string]any)
	var names []string
	for name := range object {
		if e.Schema.Properties[name] == nil {
			names = append(names, name)
		}
	}
	return names
}

// schemaRule puts a keyword of JSON Schema into the word that package sharing
// uses for the same rule.
func schemaRule(e *openapi3.SchemaError) (rule, detail string) {
	switch e.SchemaField {
	case "required", "type", "pattern", "format":
		return e.SchemaField, ""
	case "nullable":
		return "type", ""
	case "minLength":
		return "required", ""
	case "maxLength":
		return "max_length", fmt.Sprint(*e.Schema.MaxLength)
	case "minItems":
		return "required", ""
	case "maxItems":
		return "max_items", fmt.Sprint(*e.Schema.MaxItems)
	case "enum":
		return "one_of", fmt.Sprint(e.Schema.Enum)
	case "minimum", "maximum":
		if e.Schema.Min != nil && e.Schema.Max != nil {
			return "range", fmt.Sprintf("%v to %v", *e.Schema.Min, *e.Schema.Max)
		}
		return "range", ""
	}
	return "schema", ""
}

// escape writes a name as one token of a JSON pointer.
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
