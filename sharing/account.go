package sharing

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// offices are the roles that only one kind of department appoints: whoever holds
// one sees what other departments do not.
var offices = map[Role]DepartmentKind{
	AuthorityOfficer: AuthorityDepartment,
	AuthorityHead:    AuthorityDepartment,
	Supervisor:       SupervisorDepartment,
	Finance:          FinanceDepartment,
}

// OfficeOf returns the kind of department that alone appoints to a role; ok is false
// where every kind does.
func OfficeOf(r Role) (office DepartmentKind, ok bool) {
	office, ok = offices[r]
	return office, ok
}

// Apart reports whether the roles keep the three administrations apart: no two of
// [Administrations] are among them.
func Apart(roles []Role) bool {
	n := 0
	for _, r := range Administrations {
		if slices.Contains(roles, r) {
			n++
		}
	}
	return n < 2
}

// Account is a person as administrators see them: with what the person signs in by.
type Account struct {
	User
	Disabled bool
	Version  int
	// SignedIn is in how many browsers the person is signed in, and Seen when one of
	// them was last used.
	SignedIn int
	Seen     *time.Time
}

// AccountText is what an operator writes of a person.
type AccountText struct {
	ID         string `json:"id"` // the sign-in name; stays as it is
	Name       string `json:"name"`
	Department string `json:"department"`
}

// The forms of ids, as the database holds them.
var (
	userID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$`)
	departmentID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,126}$`)
)

// MaxOfficialName is how many characters the name of a person, department or region has at most.
const MaxOfficialName = 200

// Check returns an *Error that names every broken rule that can be seen without
// knowing the departments.
func (a AccountText) Check() error {
	var c checker
	c.require(userID.MatchString(a.ID) && a.ID != System, "/id", "id", "letters, digits, ., _ and -, beginning with a letter or digit")
	c.name(a.Name, "/name", true)
	c.require(a.Department != "", "/department", "choose", "")
	return c.err()
}

// name checks the name of a person, department or region.
func (c *checker) name(s, field string, required bool) {
	c.require(!required || strings.TrimSpace(s) != "", field, "required", "")
	c.require(utf8.RuneCountInString(s) <= MaxOfficialName, field, "max_length", fmt.Sprint(MaxOfficialName))
	c.require(utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl), field, "characters", "valid UTF-8 without control characters")
}

// Appointment says which roles a person is to hold, and why.
type Appointment struct {
	Roles  []Role `json:"roles"`
	Reason string `json:"reason"`
}

// Check returns an *Error that names every broken rule: each role is one, the
// department appoints to it, and of the three administrations there is one at most.
func (a Appointment) Check(office DepartmentKind) error {
	var c checker
	for i, r := range a.Roles {
		at := fmt.Sprintf("/roles/%d", i)
		c.require(slices.Contains(Roles, r) && r != Citizen, at, "one_of", "a role")
		c.require(!slices.Contains(a.Roles[:i], r), at, "unique", string(r))
		if own, bound := OfficeOf(r); bound {
			c.require(own == office, at, "office", string(own))
		}
	}
	c.require(Apart(a.Roles), "/roles", "apart", "one of operator, security_officer and auditor")
	c.text(a.Reason, "/reason", true)
	return c.err()
}

// DepartmentText is what an operator writes of a department.
type DepartmentText struct {
	ID     string         `json:"id"`   // stays as it is
	Kind   DepartmentKind `json:"kind"` // and so does this
	Name   string         `json:"name"`
	NameEN string         `json:"name_en"`
	// MergedInto is the department that this one was merged into; empty where it stands.
	MergedInto string `json:"merged_into"`
}

// DepartmentKinds lists the kinds of departments that people serve in.
var DepartmentKinds = []DepartmentKind{OrdinaryDepartment, AuthorityDepartment, SupervisorDepartment, FinanceDepartment}

// Check returns an *Error that names every broken rule that can be seen without
// knowing the other departments.
func (d DepartmentText) Check() error {
	var c checker
	c.require(departmentID.MatchString(d.ID), "/id", "department_id", "a to z, 0 to 9 and -, beginning with a letter or digit")
	c.require(slices.Contains(DepartmentKinds, d.Kind), "/kind", "one_of", "a kind of department")
	c.name(d.Name, "/name", true)
	c.name(d.NameEN, "/name_en", false)
	c.require(d.MergedInto == "" || d.MergedInto != d.ID, "/merged_into", "itself", "")
	return c.err()
}

// RegionText is what an operator writes of the region.
type RegionText struct {
	Name   string `json:"name"`
	NameEN string `json:"name_en"`
}

// Check returns an *Error that names every broken rule.
func (r RegionText) Check() error {
	var c checker
	c.name(r.Name, "/name", true)
	c.name(r.NameEN, "/name_en", false)
	return c.err()
}
