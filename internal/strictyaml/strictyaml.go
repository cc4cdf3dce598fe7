// Package strictyaml reads the YAML files that people write and review: UTF-8, one
// document, every key known and given once, nothing empty, no anchors or tags. Every
// rule that a file breaks is named with line and key.
package strictyaml

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits bound a file, so that reading one stays quick.
type Limits struct {
	Bytes   int
	Nesting int
}

// Problem is one rule that a file breaks.
type Problem struct {
	File string
	Line int    // 0: the file as a whole
	Key  string // such as users[2].roles[0]
	Rule string
}

func (p Problem) Error() string {
	place := p.File
	if p.Line > 0 {
		place = fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	if p.Key == "" {
		return place + ": " + p.Rule
	}
	return place + ": " + p.Key + ": " + p.Rule
}

// Problems are all rules that a file breaks, in the order of its lines.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// File is one file being read: where its keys stand, and what is wrong with it.
type File struct {
	name     string
	limits   Limits
	places   map[string]*token.Token
	problems Problems
}

// Parse reads data into a value. It reports whether nothing was wrong so far; what
// was is in [File.Err].
func Parse(name string, data []byte, limits Limits, into any) (*File, bool) {
	f := &File{name: name, limits: limits, places: map[string]*token.Token{}}
	f.parse(data, into)
	return f, len(f.problems) == 0
}

// Err is nil, or the [Problems] of the file in the order of its lines.
func (f *File) Err() error {
	if len(f.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(f.problems, func(a, b Problem) int { return a.Line - b.Line })
	return f.problems
}

func (f *File) parse(data []byte, into any) {
	switch {
	case len(data) > f.limits.Bytes:
		f.Problem("", "longer than %d bytes", f.limits.Bytes)
		return
	case !utf8.Valid(data):
		f.Problem("", "not UTF-8")
		return
	}
	if f.outline(lexer.Tokenize(string(data))); len(f.problems) > 0 {
		return
	}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		f.yaml(err)
		return
	}
	if len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil {
		f.Problem("", "must hold exactly one document")
		return
	}
	f.visit("", parsed.Docs[0].Body)
	if err := yaml.NodeToValue(parsed.Docs[0].Body, into, yaml.Strict()); err != nil {
		f.yaml(err)
	}
}

// outline refuses, before the parser sees them, files nested deeper than allowed, and anchors: everything is said where it stands.
func (f *File) outline(tokens token.Tokens) {
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
			f.at(t, t.Value, "anchors, aliases and tags are not used here")
			return
		}
		if flow > f.limits.Nesting || dashes > f.limits.Nesting {
			f.at(t, "", "nested deeper than %d", f.limits.Nesting)
			return
		}
	}
}

// visit notes where each key and item stands, and that nothing is empty.
func (f *File) visit(at string, node ast.Node) {
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
	case *ast.NullNode:
		f.Problem(at, "empty")
	}
}

func (f *File) visitValue(at string, n *ast.MappingValueNode) {
	key := n.Key.GetToken()
	path := strings.TrimPrefix(at+"."+key.Value, ".")
	f.places[path] = key
	f.visit(path, n.Value)
}

// Problem adds one at the place of the key, or of the nearest key above it.
func (f *File) Problem(key, rule string, args ...any) {
	for at := key; ; {
		if place, ok := f.places[at]; ok {
			f.at(place, key, rule, args...)
			return
		}
		if at == "" {
			f.at(nil, key, rule, args...)
			return
		}
		at = at[:max(strings.LastIndexAny(at, ".["), 0)]
	}
}

func (f *File) at(place *token.Token, key, rule string, args ...any) {
	p := Problem{File: f.name, Key: key, Rule: fmt.Sprintf(rule, args...)}
	if place != nil && place.Position != nil {
		p.Line = place.Position.Line
	}
	f.problems = append(f.problems, p)
}

// yaml places an error of the YAML library.
func (f *File) yaml(err error) {
	var located yaml.Error
	if !errors.As(err, &located) {
		f.at(nil, "", "%s", err)
		return
	}
	key := ""
	if t := located.GetToken(); t != nil {
		key = t.Value
	}
	f.at(located.GetToken(), key, "%s", located.GetMessage())
}
