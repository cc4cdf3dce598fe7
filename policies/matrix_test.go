package policies

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"gongshu/sharing"
)

var update = flag.Bool("update", false, "write the matrix into docs/visibility.md")

const (
	matrixFile  = "../docs/visibility.md"
	matrixBegin = "<!-- Below this line: written by go test ./policies -run TestMatrix -update -->\n"
)

// TestMatrix holds docs/visibility.md to what the shipped rules come to: to the
// answers of Casbin by which [Policy.May] and [Policy.Scope] decide.
func TestMatrix(t *testing.T) {
	page, err := os.ReadFile(matrixFile)
	if err != nil {
		t.Fatal(err)
	}
	text, _, found := strings.Cut(string(page), matrixBegin)
	if !found {
		t.Fatalf("%s has no line %q", matrixFile, matrixBegin)
	}
	want := text + matrixBegin + matrix(Shipped())
	if *update {
		if err := os.WriteFile(matrixFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Errorf("%s is not what the rules come to: run go test ./policies -run TestMatrix -update", matrixFile)
	}
}

func matrix(p *Policy) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\nRules version %s, SHA-256 `%s`.\n", p.Version(), p.Hash())
	for _, kind := range kinds {
		fmt.Fprintf(&b, "\n### %s\n\n| role | as | of | may |\n| --- | --- | --- | --- |\n", kind)
		some := map[sharing.Role]bool{}
		for _, relation := range sharing.Relations {
			var alike groups[sharing.Role]
			for _, role := range sharing.Roles {
				if lines := p.lines(role, relation, kind); len(lines) > 0 {
					alike.add(strings.Join(lines, "\n"), role)
					some[role] = true
				}
			}
			for _, g := range alike {
				for line := range strings.SplitSeq(g.key, "\n") {
					fmt.Fprintf(&b, "| %s | %s | %s |\n", list(g.members), relation, line)
				}
			}
		}
		fmt.Fprintf(&b, "\nNothing: %s.\n", list(slices.DeleteFunc(slices.Clone(sharing.Roles), func(r sharing.Role) bool { return some[r] })))
	}
	b.WriteString("\n### Taken away, whatever other roles the person holds\n\n| role | kind | of | action, in every relation |\n| --- | --- | --- | --- |\n")
	for _, role := range sharing.Roles {
		var alike groups[sharing.Kind]
		for _, kind := range kinds {
			var taken groups[sharing.Action]
			for _, action := range actionsOn[kind] {
				if _, denied, _ := p.row(row{role, kind, action}); !denied.empty() {
					taken.add(denied.of(sharing.AsProvider).String(), action)
				}
			}
			for _, g := range taken {
				actions := "every action"
				if len(g.members) < len(actionsOn[kind]) {
					actions = list(g.members)
				}
				alike.add(g.key+" | "+actions, kind)
			}
		}
		for _, g := range alike {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", role, list(g.members), g.key)
		}
	}
	return b.String()
}

// lines tells in table cells what the role may do in the relation to things of
// the kind, with a line for each set of classes and grades.
func (p *Policy) lines(role sharing.Role, relation sharing.Relation, kind sharing.Kind) []string {
	var alike groups[sharing.Action]
	for _, action := range actionsOn[kind] {
		allowed, _, _ := p.row(row{role, kind, action})
		if here := allowed.of(relation); !here.empty() {
			alike.add(here.String(), action)
		}
	}
	var lines []string
	for _, g := range alike {
		lines = append(lines, g.key+" | "+list(g.members))
	}
	return lines
}

// groups gathers members under keys, both in the order in which they come.
type groups[T ~string] []group[T]

type group[T ~string] struct {
	key     string
	members []T
}

func (all *groups[T]) add(key string, member T) {
	i := slices.IndexFunc(*all, func(g group[T]) bool { return g.key == key })
	if i < 0 {
		i = len(*all)
		*all = append(*all, group[T]{key: key})
	}
	(*all)[i].members = append((*all)[i].members, member)
}

func list[T ~string](all []T) string {
	names := make([]string, len(all))
	for i, v := range all {
		names[i] = string(v)
	}
	return strings.Join(names, ", ")
}

// of returns the squares of one relation.
func (s squares) of(relation sharing.Relation) squares {
	var of squares
	s.each(func(c sharing.Cell) {
		if c.Relation == relation {
			of = of.or(square(c.Relation, c.Class, c.Grade))
		}
	})
	return of
}

// String names the classes and grades of squares of one relation, of which there
// must be some.
func (s squares) String() string {
	grades := map[sharing.Class][]sharing.Grade{}
	total := 0
	s.each(func(c sharing.Cell) {
		grades[c.Class] = append(grades[c.Class], c.Grade)
		total++
	})
	if total == len(sharing.Classes)*int(sharing.HighestGrade) {
		return "all"
	}
	var parts []string
	for _, class := range sharing.Classes {
		g := grades[class]
		switch {
		case len(g) == 1:
			parts = append(parts, fmt.Sprintf("%s %d", class, g[0]))
		case len(g) > 1 && int(g[len(g)-1]-g[0]) == len(g)-1:
			parts = append(parts, fmt.Sprintf("%s %d–%d", class, g[0], g[len(g)-1]))
		case len(g) > 1:
			parts = append(parts, fmt.Sprintf("%s %v", class, g))
		}
	}
	return strings.Join(parts, ", ")
}

// TestDeniesNameEveryRelation keeps the last table of the matrix honest: it
// shows a deny once for all relations.
func TestDeniesNameEveryRelation(t *testing.T) {
	for _, role := range sharing.Roles {
		for _, kind := range kinds {
			for _, action := range actionsOn[kind] {
				_, denied, _ := Shipped().row(row{role, kind, action})
				for _, relation := range sharing.Relations {
					if denied.of(relation).String() != denied.of(sharing.AsProvider).String() {
						t.Errorf("%s of a %s is denied to %s only in some relations", action, kind, role)
					}
				}
			}
		}
	}
}
