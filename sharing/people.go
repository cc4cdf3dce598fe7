package sharing

import "slices"

// Role is what a person is appointed to do in a department of a region.
type Role string

const (
	Requester        Role = "requester"         // applies for data on behalf of a department
	DataSpecialist   Role = "data_specialist"   // keeps the catalog, checks applications, provides
	Approver         Role = "approver"          // decides for the providing department
	DepartmentHead   Role = "department_head"   // decides, and sees the whole department
	AuthorityOfficer Role = "authority_officer" // the big-data center: tracks, urges, registers paper
	AuthorityHead    Role = "authority_head"    // the big-data center: supervises, coordinates
	Supervisor       Role = "supervisor"        // the leading group or office above the authority
	Finance          Role = "finance"           // the finance department
	Auditor          Role = "auditor"           // reads the trail and nothing else
	Operator         Role = "operator"          // calendars, regulations, users; no cases
	Citizen          Role = "citizen"           // open data only
	Gateway          Role = "gateway"           // a data-exchange platform
)

// Roles lists every role there is, in the order documents show them.
var Roles = []Role{Requester, DataSpecialist, Approver, DepartmentHead, AuthorityOfficer, AuthorityHead,
	Supervisor, Finance, Auditor, Operator, Citizen, Gateway}

// Region is a territory with its own regulation, authority and departments.
type Region struct {
	ID     string
	Name   string
	NameEN string
}

// DepartmentKind tells the few offices with a part of their own from the rest.
type DepartmentKind string

const (
	OrdinaryDepartment   DepartmentKind = "department"
	AuthorityDepartment  DepartmentKind = "authority"  // the big-data center
	SupervisorDepartment DepartmentKind = "supervisor" // the office above it
	FinanceDepartment    DepartmentKind = "finance"
)

// Department is an office that provides or uses data.
type Department struct {
	ID       string
	RegionID string
	Name     string
	NameEN   string
	Kind     DepartmentKind
}

// User is somebody who can act.
type User struct {
	ID         string // the sign-in name
	Name       string
	Department Department
	Region     Region
	Roles      []Role
	Locale     string // "zh" or "en"
}

// Subject is the part of a user that decides what they may see and do.
func (u User) Subject() Subject {
	return Subject{UserID: u.ID, DepartmentID: u.Department.ID, RegionID: u.Region.ID, Roles: u.Roles}
}

// Subject is who asks.
type Subject struct {
	UserID       string
	DepartmentID string
	RegionID     string
	Roles        []Role
}

// Has reports whether the subject holds any of the roles.
func (s Subject) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(s.Roles, r) })
}
