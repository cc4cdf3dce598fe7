// Package people reads who takes part in an installation: a file that lists its
// regions, departments and users. A file is read whole or not at all, and every
// rule it breaks is named with line and key.
package people

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gongshu/internal/strictyaml"
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
	maxNesting = 8
)

// Problem is one rule that a file breaks; Problems are all.
type (
	Problem  = strictyaml.Problem
	Problems = strictyaml.Problems
)

// Read reads a file of people. The error is [Problems] when the file breaks rules.
func Read(name string, r io.Reader) (People, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return People{}, fmt.Errorf("read %s: %w", name, err)
	}
	var list document
	parsed, ok := strictyaml.Parse(name, data, strictyaml.Limits{Bytes: MaxBytes, Nesting: maxNesting}, &list)
	if !ok {
		return People{}, parsed.Err()
	}
	people := file{parsed}.people(list)
	if err := parsed.Err(); err != nil {
		return People{}, err
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

// file is one file being read.
type file struct{ *strictyaml.File }

func (f file) problem(key, rule string, args ...any) { f.Problem(key, rule, args...) }

// The forms of ids, as the database holds them.
var (
	regionID     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	departmentID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,126}$`)
	userID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$`)
)

// people holds the list to its rules.
func (f file) people(list document) People {
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
		if !slices.Contains(sharing.DepartmentKinds, d.Kind) {
			f.problem(at+".kind", "unknown kind %q; there are %s", d.Kind, listed(sharing.DepartmentKinds))
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
			office, bound := sharing.OfficeOf(role)
			switch {
			case !slices.Contains(sharing.Roles, role):
				f.problem(key, "unknown role %q; there are %s", role, listed(sharing.Roles))
			case slices.Contains(u.Roles[:j], role):
				f.problem(key, "role %s occurs twice", role)
			case bound && ok && department.Kind != office:
				f.problem(key, "%s is a role of a department of kind %s, and %s is of kind %s", role, office, department.ID, department.Kind)
			}
		}
		if !sharing.Apart(u.Roles) {
			f.problem(at+".roles", "at most one of %s: system, security and audit are administered by different people", listed(sharing.Administrations))
		}
		out.Users = append(out.Users, sharing.User{ID: u.ID, Name: u.Name, Department: department, Region: regions[department.RegionID], Roles: u.Roles})
		out.Disabled[u.ID] = u.Disabled
	}
	if f.Err() == nil && len(out.Regions) == 0 {
		f.problem("regions", "missing")
	}
	return out
}

func (f file) id(at, id string, form *regexp.Regexp, characters string) {
	switch {
	case id == "":
		f.problem(at+".id", "missing")
	case !form.MatchString(id):
		f.problem(at+".id", "%q: only %s, beginning with a letter or digit", id, characters)
	}
}

func (f file) words(at, s string, required bool) {
	switch {
	case required && strings.TrimSpace(s) == "":
		f.problem(at, "missing")
	case strings.TrimSpace(s) != s:
		f.problem(at, "begins or ends with a space")
	case utf8.RuneCountInString(s) > sharing.MaxOfficialName:
		f.problem(at, "longer than %d characters", sharing.MaxOfficialName)
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
