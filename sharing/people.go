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
	Auditor          Role = "auditor"           // security audit: reads the trail and nothing else
	Operator         Role = "operator"          // system administration: calendars, regulations, users, keys; no cases
	SecurityOfficer  Role = "security_officer"  // security administration: appointments and the policy; no cases
	Citizen          Role = "citizen"           // open data only
	Gateway          Role = "gateway"           // a data-exchange platform
)

// Roles lists every role there is, in the order documents show them.
var Roles = []Role{Requester, DataSpecialist, Approver, DepartmentHead, AuthorityOfficer, AuthorityHead,
	Supervisor, Finance, Auditor, Operator, SecurityOfficer, Citizen, Gateway}

// Administrations are the roles that administer the system, its security and its
// audit. Whoever holds two of them can do the work of neither.
var Administrations = []Role{Operator, SecurityOfficer, Auditor}

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
	// PublicDepartment stands for the citizens and companies of a region where a
	// department is asked for: it has no staff, and nobody signs in for it.
	PublicDepartment DepartmentKind = "public"
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
	Roles      []Role // their own
	Locale     string // "zh" or "en"
	// StandsIn are the colleagues whom the user stands in for now.
	StandsIn []StandIn
	// OnBehalfOf is the colleague for whom the user does what is being done; empty
	// for what their own roles allow.
	OnBehalfOf string
	// Key is the id of the key under which a system acts as the user; empty for a person.
	Key string
	// Rules are those in force when the user's request came in, which decide all of it;
	// nil: those in force whenever they are asked.
	Rules Rules `json:"-"`
}

// Rules are a policy, named by its hash.
type Rules interface{ Hash() string }

// Subject is the part of a user that decides what they may see and do: with their
// own roles, and those of the colleagues whom they stand in for.
func (u User) Subject() Subject {
	s := u.Own()
	for _, d := range u.StandsIn {
		s = s.With(d.Roles)
	}
	s.OnBehalfOf = u.OnBehalfOf
	return s
}

// Own is [User.Subject] with the user's own roles alone.
func (u User) Own() Subject {
	return Subject{UserID: u.ID, DepartmentID: u.Department.ID, RegionID: u.Region.ID, Roles: u.Roles, Key: u.Key}
}

// Subject is who asks.
type Subject struct {
	UserID       string
	DepartmentID string
	RegionID     string
	Roles        []Role
	// OnBehalfOf is the user for whom the subject acts under a delegation; empty
	// otherwise.
	OnBehalfOf string `json:",omitempty"`
	// Key is the id of the key under which a system acts; empty for a person.
	Key string `json:",omitempty"`
}

// With returns the subject with further roles.
func (s Subject) With(roles []Role) Subject {
	s.Roles = slices.Clone(s.Roles)
	for _, r := range roles {
		if !slices.Contains(s.Roles, r) {
			s.Roles = append(s.Roles, r)
		}
	}
	return s
}

// Acts reports whether a user is the one who acts, or the one on whose behalf:
// whoever made a thing does not review it either way.
func (s Subject) Acts(userID string) bool {
	return userID != "" && (s.UserID == userID || s.OnBehalfOf == userID)
}

// Has reports whether the subject holds any of the roles.
func (s Subject) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(s.Roles, r) })
}

// TheCitizen is the user in whose name citizens and companies without an account
// act in a region. Who they are stands in what they ask for.
func TheCitizen(r Region) User {
	id := "public-" + r.ID
	return User{
		ID: id, Name: "社会公众", Region: r, Roles: []Role{Citizen}, Locale: "zh",
		Department: Department{ID: id, RegionID: r.ID, Name: "社会公众", NameEN: "The public", Kind: PublicDepartment},
	}
}
