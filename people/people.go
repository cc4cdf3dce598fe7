// Package people reads who takes part in an installation: a file that lists its
// regions, departments and users. A file is read whole or not at all, and every
// rule it breaks is named with line and key.
package people

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"gongshu/sharing"
)

// People are all that a file lists, in its order.
type People struct {
	Regions     []sharing.Region
	Departments []sharing.Department
	Users       []sharing.User
	Disabled    map[string]bool // by user id, for every user
	// MergedInto is by department id, for every department, the one that it was
	// merged into; "" where it stands.
	MergedInto map[string]string
}

// Bounds on a file, so that reading one stays quick.
const (
	MaxBytes   = 4 << 20
	maxName    = 200 // characters
	maxNesting = 8
)

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

// Read reads a file of people. The error is [Problems] when the file breaks rules.
func Read(name string, r io.Reader) (People, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return People{}, fmt.Errorf("read %s: %w", name, err)
	}
	f := &file{name: name, places: map[string]*token.Token{}}
	list, ok := f.parse(data)
	if !ok {
		return People{}, f.problems
	}
	people := f.people(list)
	if len(f.problems) > 0 {
		slices.SortStableFunc(f.problems, func(a, b Problem) int { return a.Line - b.Line })
		return People{}, f.problems
	}
	return people, nil
}

// document is a file as it is written.
type document struct {
	Regions []struct {
		ID     string `yaml:"id"`
		Name   string `yaml:"name"`
		NameEN string `yaml:"name_en"`
	} `yaml:"regions"`
	Departments []struct {
		ID         string                 `yaml:"id"`
		Region     string                 `yaml:"region"`
		Name       string                 `yaml:"name"`
		NameEN     string                 `yaml:"name_en"`
		Kind       sharing.DepartmentKind `yaml:"kind"`
		MergedInto string                 `yaml:"merged_into"`
	} `yaml:"departments"`
	Users []struct {
		ID         string         `yaml:"id"`
		Name       string         `yaml:"name"`
		Department string         `yaml:"department"`
		Roles      []sharing.Role `yaml:"roles"`
		Disabled   bool           `yaml:"disabled"`
	} `yaml:"users"`
}

// file is one file being read: where its keys stand, and what is wrong with it.
type file struct {
	name     string
	places   map[string]*token.Token
	problems Problems
}

// parse reads the document strictly: UTF-8, one document, every key known and
// given once, no anchors or tags.
func (f *file) parse(data []byte) (document, bool) {
	var list document
	switch {
	case len(data) > MaxBytes:
		f.problem("", "longer than %d bytes", MaxBytes)
		return list, false
	case !utf8.Valid(data):
		f.problem("", "not UTF-8")
		return list, false
	}
	if f.outline(lexer.Tokenize(string(data))); len(f.problems) > 0 {
		return list, false
	}
	parsed, err := parser.ParseBytes(data, 0)
	if err != nil {
		f.yaml(err)
		return list, false
	}
	if len(parsed.Docs) != 1 || parsed.Docs[0].Body == nil {
		f.problem("", "must hold exactly one document")
		return list, false
	}
	f.visit("", parsed.Docs[0].Body)
	if err := yaml.NodeToValue(parsed.Docs[0].Body, &list, yaml.Strict()); err != nil {
		f.yaml(err)
		return list, false
	}
	return list, len(f.problems) == 0
}

// outline refuses, before the parser sees them, files nested deeper than a list of
// people is, and anchors: everything is said where it stands.
func (f *file) outline(tokens token.Tokens) {
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
		if flow > maxNesting || dashes > maxNesting {
			f.at(t, "", "nested deeper than %d", maxNesting)
			return
		}
	}
}

// visit notes where each key and item stands, and that nothing is empty.
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
	case *ast.NullNode:
		f.problem(at, "empty")
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

func (f *file) at(place *token.Token, key, rule string, args ...any) {
	p := Problem{File: f.name, Key: key, Rule: fmt.Sprintf(rule, args...)}
	if place != nil && place.Position != nil {
		p.Line = place.Position.Line
	}
	f.problems = append(f.problems, p)
}

// yaml places an error of the YAML library.
func (f *file) yaml(err error) {
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

// The forms of ids, as the database holds them.
var (
	regionID     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	departmentID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,126}$`)
	userID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$`)
)

var kinds = []sharing.DepartmentKind{sharing.OrdinaryDepartment, sharing.AuthorityDepartment, sharing.SupervisorDepartment, sharing.FinanceDepartment}

// offices are the roles that only one kind of department appoints: whoever holds
// one sees what other departments do not.
var offices = map[sharing.Role]sharing.DepartmentKind{
	sharing.AuthorityOfficer: sharing.AuthorityDepartment,
	sharing.AuthorityHead:    sharing.AuthorityDepartment,
	sharing.Supervisor:       sharing.SupervisorDepartment,
	sharing.Finance:          sharing.FinanceDepartment,
}

// people holds the list to its rules.
func (f *file) people(list document) People {
	out := People{Disabled: map[string]bool{}, MergedInto: map[string]string{}}
	regions, departments, users := map[string]sharing.Region{}, map[string]sharing.Department{}, map[string]bool{}
	names := map[[2]string]string{}
	for i, r := range list.Regions {
		at := fmt.Sprintf("regions[%d]", i)
		f.id(at, r.ID, regionID, "a to z, 0 to 9 and -, at most 63")
		f.words(at+".name", r.Name, true)
		f.words(at+".name_en", r.NameEN, false)
		if _, twice := regions[r.ID]; twice {
			f.problem(at+".id", "region %s occurs twice", r.ID)
		}
		region := sharing.Region{ID: r.ID, Name: r.Name, NameEN: r.NameEN}
		regions[r.ID] = region
		out.Regions = append(out.Regions, region)
	}
	for i, d := range list.Departments {
		at := fmt.Sprintf("departments[%d]", i)
		f.id(at, d.ID, departmentID, "a to z, 0 to 9 and -, at most 127")
		f.words(at+".name", d.Name, true)
		f.words(at+".name_en", d.NameEN, false)
		if _, ok := regions[d.Region]; !ok {
			f.problem(at+".region", "no region %q in this file", d.Region)
		}
		if d.Kind == "" {
			d.Kind = sharing.OrdinaryDepartment
		}
		if !slices.Contains(kinds, d.Kind) {
			f.problem(at+".kind", "unknown kind %q; there are %s", d.Kind, listed(kinds))
		}
		if _, twice := departments[d.ID]; twice {
			f.problem(at+".id", "department %s occurs twice", d.ID)
		}
		if other, twice := names[[2]string{d.Region, d.Name}]; twice && d.Name != "" {
			f.problem(at+".name", "department %s of the region has the same name", other)
		}
		names[[2]string{d.Region, d.Name}] = d.ID
		department := sharing.Department{ID: d.ID, RegionID: d.Region, Name: d.Name, NameEN: d.NameEN, Kind: d.Kind}
		departments[d.ID] = department
		out.Departments = append(out.Departments, department)
		out.MergedInto[d.ID] = d.MergedInto
	}
	for i, d := range list.Departments {
		key := fmt.Sprintf("departments[%d].merged_into", i)
		successor, ok := departments[d.MergedInto]
		switch next := out.MergedInto[d.MergedInto]; {
		case d.MergedInto == "":
		case d.MergedInto == d.ID:
			f.problem(key, "a department cannot be merged into itself")
		case !ok:
			f.problem(key, "no department %q in this file", d.MergedInto)
		case successor.RegionID != d.Region:
			f.problem(key, "%s is of region %s, and %s of region %s", d.MergedInto, successor.RegionID, d.ID, d.Region)
		case next != "":
			f.problem(key, "%s was merged into %s itself", d.MergedInto, next)
		}
	}
	for i, u := range list.Users {
		at := fmt.Sprintf("users[%d]", i)
		f.id(at, u.ID, userID, "letters, digits, ., _ and -, at most 127")
		f.words(at+".name", u.Name, true)
		if u.ID == sharing.System {
			f.problem(at+".id", "%s names in the audit trail what nobody does", sharing.System)
		}
		if users[u.ID] {
			f.problem(at+".id", "user %s occurs twice", u.ID)
		}
		users[u.ID] = true
		department, ok := departments[u.Department]
		switch {
		case u.Department == "":
			f.problem(at+".department", "missing")
		case !ok:
			f.problem(at+".department", "no department %q in this file", u.Department)
		}
		if len(u.Roles) == 0 {
			f.problem(at+".roles", "missing")
		}
		for j, role := range u.Roles {
			key := fmt.Sprintf("%s.roles[%d]", at, j)
			office, bound := offices[role]
			switch {
			case !slices.Contains(sharing.Roles, role):
				f.problem(key, "unknown role %q; there are %s", role, listed(sharing.Roles))
			case slices.Contains(u.Roles[:j], role):
				f.problem(key, "role %s occurs twice", role)
			case bound && ok && department.Kind != office:
				f.problem(key, "%s is a role of a department of kind %s, and %s is of kind %s", role, office, department.ID, department.Kind)
			}
		}
		out.Users = append(out.Users, sharing.User{ID: u.ID, Name: u.Name, Department: department, Region: regions[department.RegionID], Roles: u.Roles})
		out.Disabled[u.ID] = u.Disabled
	}
	if len(f.problems) == 0 && len(out.Regions) == 0 {
		f.problem("regions", "missing")
	}
	return out
}

func (f *file) id(at, id string, form *regexp.Regexp, characters string) {
	switch {
	case id == "":
		f.problem(at+".id", "missing")
	case !form.MatchString(id):
		f.problem(at+".id", "%q: only %s, beginning with a letter or digit", id, characters)
	}
}

func (f *file) words(at, s string, required bool) {
	switch {
	case required && strings.TrimSpace(s) == "":
		f.problem(at, "missing")
	case strings.TrimSpace(s) != s:
		f.problem(at, "begins or ends with a space")
	case utf8.RuneCountInString(s) > maxName:
		f.problem(at, "longer than %d characters", maxName)
	case strings.ContainsFunc(s, unicode.IsControl):
		f.problem(at, "holds control characters")
	}
}

func listed[S ~string](all []S) string {
	words := make([]string, len(all))
	for i, s := range all {
		words[i] = string(s)
	}
	return strings.Join(words, ", ")
}
