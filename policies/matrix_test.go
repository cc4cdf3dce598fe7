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

// TestMatrix holds docs/visibility.md to what the shipped rules come to.
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
		fmt.Fprintf(&b, "\n### %s\n\n| role | as |", kind)
		for _, action := range actionsOn[kind] {
			fmt.Fprintf(&b, " %s |", action)
		}
		b.WriteString("\n| --- | --- |" + strings.Repeat(" --- |", len(actionsOn[kind])) + "\n")
		var nothing []string
		for _, role := range sharing.Roles {
			some := false
			for _, relation := range sharing.Relations {
				var columns []string
				var together squares
				for _, action := range actionsOn[kind] {
					allowed, _, _ := p.row(row{role, kind, action})
					here := allowed.of(relation)
					together |= here
					columns = append(columns, here.String())
				}
				if together != 0 {
					fmt.Fprintf(&b, "| %s | %s | %s |\n", role, relation, strings.Join(columns, " | "))
					some = true
				}
			}
			if !some {
				nothing = append(nothing, string(role))
			}
		}
		fmt.Fprintf(&b, "\nNothing: %s.\n", strings.Join(nothing, ", "))
	}
	b.WriteString("\n### Taken away, whatever other roles the person holds\n\n| role | kind | action | in every relation |\n| --- | --- | --- | --- |\n")
	for _, role := range sharing.Roles {
		for _, kind := range kinds {
			groups := map[string][]string{}
			var order []string
			for _, action := range actionsOn[kind] {
				_, denied, _ := p.row(row{role, kind, action})
				what := denied.of(sharing.AsProvider)
				if what == 0 {
					continue
				}
				if !slices.Contains(order, what.String()) {
					order = append(order, what.String())
				}
				groups[what.String()] = append(groups[what.String()], string(action))
			}
			for _, what := range order {
				actions := strings.Join(groups[what], ", ")
				if len(groups[what]) == len(actionsOn[kind]) {
					actions = "every action"
				}
				fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", role, kind, actions, what)
			}
		}
	}
	return b.String()
}

// of returns the squares of one relation.
func (s squares) of(relation sharing.Relation) squares {
	var of squares
	s.each(func(c sharing.Cell) {
		if c.Relation == relation {
			of |= square(c.Relation, c.Class, c.Grade)
		}
	})
	return of
}

// String names the classes and grades of squares of one relation.
func (s squares) String() string {
	grades := map[sharing.Class][]sharing.Grade{}
	total := 0
	s.each(func(c sharing.Cell) {
		grades[c.Class] = append(grades[c.Class], c.Grade)
		total++
	})
	switch total {
	case 0:
		return "–"
	case len(sharing.Classes) * int(sharing.HighestGrade):
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
