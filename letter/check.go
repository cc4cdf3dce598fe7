package letter

import (
	"reflect"
	"slices"
	"strings"
	"text/template/parse"
)

var (
	facts    = reflect.TypeFor[Facts]()
	text     = reflect.TypeFor[string]()
	integer  = reflect.TypeFor[int]()
	truth    = reflect.TypeFor[bool]()
	textList = reflect.TypeFor[[]string]()
	// mixed is what and and or give of values of different types: good for a
	// condition and nothing else.
	mixed = reflect.TypeFor[struct{}]()
)

// maxNested is how many loops may stand in one another.
const maxNested = 2

// checker holds the places of a wording to what there is, before anything is
// filled in: what passes here cannot fail for any facts, but for its length.
type checker struct {
	text   string
	before int
}

// scope is what names mean at a place.
type scope struct {
	dot    reflect.Type
	vars   map[string]reflect.Type
	nested int
}

// with returns the scope inside a block that sets variables.
func (s scope) with(names map[string]reflect.Type) scope {
	vars := make(map[string]reflect.Type, len(s.vars)+len(names))
	for name, of := range s.vars {
		vars[name] = of
	}
	for name, of := range names {
		vars[name] = of
	}
	s.vars = vars
	return s
}

func (c checker) wrong(at parse.Node, rule, what string) error {
	line := 1 + c.before + strings.Count(c.text[:min(int(at.Position()), len(c.text))], "\n")
	return &WordingError{Line: line, Rule: rule, What: what}
}

func (c checker) list(l *parse.ListNode, s scope) error {
	if l == nil {
		return nil
	}
	for _, n := range l.Nodes {
		if err := c.node(n, s); err != nil {
			return err
		}
	}
	return nil
}

func (c checker) node(n parse.Node, s scope) error {
	switch n := n.(type) {
	case *parse.TextNode, *parse.CommentNode:
		return nil
	case *parse.ActionNode:
		if len(n.Pipe.Decl) > 0 {
			return c.wrong(n, "construct", n.Pipe.Decl[0].String()+" :=")
		}
		of, err := c.pipe(n.Pipe, s)
		if err == nil && of != text && of != integer {
			return c.wrong(n, "type", n.Pipe.String())
		}
		return err
	case *parse.IfNode:
		if len(n.Pipe.Decl) > 0 {
			return c.wrong(n, "construct", n.Pipe.Decl[0].String()+" :=")
		}
		if _, err := c.pipe(n.Pipe, s); err != nil {
			return err
		}
		return c.branches(&n.BranchNode, s, s)
	case *parse.WithNode:
		if len(n.Pipe.Decl) > 0 {
			return c.wrong(n, "construct", n.Pipe.Decl[0].String()+" :=")
		}
		of, err := c.pipe(n.Pipe, s)
		if err != nil {
			return err
		}
		inside := s
		inside.dot = of
		return c.branches(&n.BranchNode, inside, s)
	case *parse.RangeNode:
		return c.loop(n, s)
	}
	return c.wrong(n, "construct", n.String())
}

func (c checker) branches(n *parse.BranchNode, inside, outside scope) error {
	if err := c.list(n.List, inside); err != nil {
		return err
	}
	return c.list(n.ElseList, outside)
}

func (c checker) loop(n *parse.RangeNode, s scope) error {
	of, err := c.pipe(n.Pipe, s)
	switch {
	case err != nil:
		return err
	case of.Kind() != reflect.Slice:
		return c.wrong(n, "type", n.Pipe.String())
	case s.nested == maxNested || n.Pipe.IsAssign:
		return c.wrong(n, "depth", "range")
	}
	inside := s
	names := map[string]reflect.Type{}
	for i, v := range n.Pipe.Decl {
		names[v.Ident[0]] = of.Elem()
		if i == 0 && len(n.Pipe.Decl) == 2 {
			names[v.Ident[0]] = integer
		}
	}
	inside = inside.with(names)
	inside.dot, inside.nested = of.Elem(), s.nested+1
	return c.branches(&n.BranchNode, inside, s)
}

// pipe returns the type of a value. There are no chains of several steps.
func (c checker) pipe(p *parse.PipeNode, s scope) (reflect.Type, error) {
	if len(p.Cmds) != 1 {
		return nil, c.wrong(p, "construct", p.String())
	}
	args := p.Cmds[0].Args
	if name, ok := args[0].(*parse.IdentifierNode); ok {
		return c.call(name, args[1:], s)
	}
	if len(args) != 1 {
		return nil, c.wrong(p, "construct", p.String())
	}
	return c.value(args[0], s)
}

func (c checker) value(n parse.Node, s scope) (reflect.Type, error) {
	switch n := n.(type) {
	case *parse.DotNode:
		return s.dot, nil
	case *parse.FieldNode:
		return c.fields(n, s.dot, n.Ident)
	case *parse.VariableNode:
		of, ok := s.vars[n.Ident[0]]
		if !ok {
			return nil, c.wrong(n, "field", n.String())
		}
		return c.fields(n, of, n.Ident[1:])
	case *parse.StringNode:
		return text, nil
	case *parse.NumberNode:
		if n.IsInt {
			return integer, nil
		}
	case *parse.BoolNode:
		return truth, nil
	case *parse.PipeNode:
		if len(n.Decl) == 0 {
			return c.pipe(n, s)
		}
	}
	return nil, c.wrong(n, "construct", n.String())
}

// fields follows names from a type on.
func (c checker) fields(at parse.Node, of reflect.Type, names []string) (reflect.Type, error) {
	for _, name := range names {
		if of.Kind() != reflect.Struct {
			return nil, c.wrong(at, "field", at.String())
		}
		f, ok := of.FieldByName(name)
		if !ok {
			return nil, c.wrong(at, "field", at.String())
		}
		of = f.Type
	}
	return of, nil
}

// call returns what a function gives, if it can be given this.
func (c checker) call(name *parse.IdentifierNode, args []parse.Node, s scope) (reflect.Type, error) {
	given := make([]reflect.Type, len(args))
	for i, arg := range args {
		var err error
		if given[i], err = c.value(arg, s); err != nil {
			return nil, err
		}
	}
	only := func(of reflect.Type) bool { return len(given) == 1 && given[0] == of }
	ok, gives := false, truth
	switch name.Ident {
	case "list":
		ok, gives = only(textList), text
	case "nth":
		ok, gives = only(integer), text
	case "not":
		ok = len(given) == 1
	case "and", "or":
		if ok, gives = len(given) > 0, mixed; ok && !slices.ContainsFunc(given, func(of reflect.Type) bool { return of != given[0] }) {
			gives = given[0]
		}
	case "eq", "ne", "lt", "gt":
		ok = len(given) == 2 && given[0] == given[1] && (given[0] == text || given[0] == integer || given[0] == truth && name.Ident[1] != 't')
	default:
		return nil, c.wrong(name, "function", name.Ident)
	}
	if !ok {
		return nil, c.wrong(name, "type", name.Ident)
	}
	return gives, nil
}
