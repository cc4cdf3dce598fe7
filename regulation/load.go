package regulation

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"gongshu/policies/regulations"
)

// Bounds on a file, so that reading one stays quick: the largest real one takes
// 15 kB and nests four deep.
const (
	maxFileBytes = 64 << 10
	maxNesting   = 16
)

// Problem is one thing wrong with a regulation file.
type Problem struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"` // 0: the file as a whole
	Column int    `json:"column,omitempty"`
	Key    string `json:"key"` // such as duties[2].limit.unit
	Rule   string `json:"rule"`
}

func (p Problem) Error() string {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	if p.Key == "" {
		return place + ": " + p.Rule
	}
	return place + ": " + p.Key + ": " + p.Rule
}

// Problems are all things wrong with one or more regulation files.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Read reads one regulation from a file, or reports an overlay as such with a
// nil regulation. The error is [Problems], naming line, key and rule of each.
func Read(name string, r io.Reader) (*Regulation, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	reg, _, err := parse(name, data)
	return reg, err
}

// parse holds one file to the schema and to the rules that a schema cannot say.
func parse(name string, data []byte) (*Regulation, *overlay, error) {
	if len(data) > maxFileBytes {
		return nil, nil, Problems{{File: name, Rule: fmt.Sprintf("longer than %d bytes", maxFileBytes)}}
	}
	if problems := outline(name, lexer.Tokenize(string(data))); len(problems) > 0 {
		return nil, nil, problems
	}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, nil, Problems{yamlProblem(name, err)}
	}
	if len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil {
		return nil, nil, Problems{{File: name, Rule: "must hold exactly one document"}}
	}
	f := &file{name: name, places: map[string]*token.Token{}}
	f.visit("", parsed.Docs[0].Body)
	var content any
	if err := yaml.NodeToValue(parsed.Docs[0].Body, &content); err != nil {
		return nil, nil, Problems{yamlProblem(name, err)}
	}
	var mismatch *jsonschema.ValidationError
	if err := schema().Validate(content); errors.As(err, &mismatch) {
		f.mismatch(mismatch)
		slices.SortStableFunc(f.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, nil, f.problems
	} else if err != nil {
		return nil, nil, fmt.Errorf("validate %s: %w", name, err)
	}
	if _, isOverlay := content.(map[string]any)["overlay"]; isOverlay {
		over := &overlay{file: f}
		if err := yaml.UnmarshalWithOptions(data, over, yaml.Strict()); err != nil {
			return nil, nil, Problems{yamlProblem(name, err)}
		}
		return nil, over, nil
	}
	reg := &Regulation{}
	if err := yaml.UnmarshalWithOptions(data, reg, yaml.Strict()); err != nil {
		return nil, nil, Problems{yamlProblem(name, err)}
	}
	reg.File = name
	if f.check(reg); len(f.problems) > 0 {
		return nil, nil, f.problems
	}
	return reg, nil, nil
}

var schema = sync.OnceValue(func() *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(regulations.Schema))
	if err != nil {
		panic("regulation: " + err.Error())
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("regulation.schema.json", document); err != nil {
		panic("regulation: " + err.Error())
	}
	return compiler.MustCompile("regulation.schema.json")
})

// file is one file being read: where its keys stand, and what is wrong with it.
type file struct {
	name     string
	places   map[string]*token.Token
	problems Problems
}

// outline refuses, before the parser sees them, files nested deeper than any
// regulation is, and anchors: a regulation says everything where it stands.
func outline(name string, tokens token.Tokens) Problems {
	var problems Problems
	refuse := func(t *token.Token, rule string) {
		problems = append(problems, Problem{File: name, Line: t.Position.Line, Column: t.Position.Column, Key: t.Value, Rule: rule})
	}
	flow, dashes, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			dashes, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType:
			dashes++
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType:
			refuse(t, "anchors, aliases and tags are not used here")
		}
		if flow > maxNesting || dashes > maxNesting {
			refuse(t, fmt.Sprintf("nested deeper than %d", maxNesting))
		}
		if len(problems) > 0 {
			break
		}
	}
	return problems
}

// visit notes where each key and item stands.
func (f *file) visit(at string, node ast.Node) {
	if _, known := f.places[at]; !known {
		f.places[at] = node.GetToken()
	}
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, value := range n.Values {
			f.visitValue(at, value)
		}
	case *ast.MappingValueNode:
		f.visitValue(at, n)
	case *ast.SequenceNode:
		for i, value := range n.Values {
			f.visit(fmt.Sprintf("%s[%d]", at, i), value)
		}
	}
}

func (f *file) visitValue(at string, n *ast.MappingValueNode) {
	key := n.Key.GetToken()
	path := strings.TrimPrefix(at+"."+key.Value, ".")
	f.places[path] = key
	f.visit(path, n.Value)
}

// problem adds one at the place of the key, or of the nearest key above it.
func (f *file) problem(key, rule string, args ...any) {
	p := Problem{File: f.name, Key: key, Rule: fmt.Sprintf(rule, args...)}
	for at := key; ; {
		if place, ok := f.places[at]; ok && place.Position != nil {
			p.Line, p.Column = place.Position.Line, place.Position.Column
			break
		}
		if at == "" {
			break
		}
		at = at[:max(strings.LastIndexAny(at, ".["), 0)]
	}
	f.problems = append(f.problems, p)
}

var english = message.NewPrinter(language.English)

// mismatch turns what the schema refuses into problems, the innermost ones.
func (f *file) mismatch(e *jsonschema.ValidationError) {
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			f.mismatch(cause)
		}
		return
	}
	at := pathOf(e.InstanceLocation)
	within := func(key string) string { return strings.TrimPrefix(at+"."+key, ".") }
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		for _, key := range k.Properties {
			f.problem(within(key), "unknown key")
		}
	case *kind.Required:
		for _, key := range k.Missing {
			f.problem(within(key), "missing")
		}
	case *kind.DependentRequired:
		for _, key := range k.Missing {
			f.problem(within(key), "missing, and needed with %s", k.Prop)
		}
	case *kind.FalseSchema:
		f.problem(at, "has no place here")
	default:
		f.problem(at, "%s", e.ErrorKind.LocalizedString(english))
	}
}

func pathOf(location []string) string {
	var b strings.Builder
	for _, part := range location {
		if _, err := strconv.Atoi(part); err == nil {
			b.WriteString("[" + part + "]")
		} else {
			b.WriteString("." + part)
		}
	}
	return strings.TrimPrefix(b.String(), ".")
}

// yamlProblem places an error of the YAML library.
func yamlProblem(name string, err error) Problem {
	p := Problem{File: name, Rule: err.Error()}
	var located yaml.Error
	if errors.As(err, &located) {
		p.Rule = located.GetMessage()
		if at := located.GetToken(); at != nil {
			p.Key = at.Value
			if at.Position != nil {
				p.Line, p.Column = at.Position.Line, at.Position.Column
			}
		}
	}
	return p
}
