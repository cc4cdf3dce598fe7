package api

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/policies"
	"gongshu/sharing"
)

// people answers a page of the people of the region, for administrators.
func (s *server) people(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Accounts(c.Request().Context(), who, desk.AccountQuery{
		Text: c.QueryParam("q"), Department: c.QueryParam("department"), Role: sharing.Role(c.QueryParam("role")),
		Disabled: c.QueryParam("disabled") == "true", Cursor: cursor, Limit: limit})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewAccount))
}

type accountView struct {
	ID         string         `json:"id"`
	Name       string         `json:"name"`
	Department departmentView `json:"department"`
	Roles      []sharing.Role `json:"roles"`
	Disabled   bool           `json:"disabled"`
	Version    int            `json:"version"`
	SignedIn   int            `json:"signed_in"`
	Seen       *time.Time     `json:"seen,omitempty"`
}

func viewAccount(a desk.Account) accountView {
	return accountView{ID: a.ID, Name: a.Name, Department: viewDepartment(a.Department), Roles: some(a.Roles),
		Disabled: a.Disabled, Version: a.Version, SignedIn: a.SignedIn, Seen: localOrNil(a.Seen)}
}

// policyQuestion is what somebody asks of the rules. On names a thing of the region;
// without it the labels make one up.
type policyQuestion struct {
	User       string         `json:"user,omitempty"`
	Roles      []sharing.Role `json:"roles,omitempty"`
	Department string         `json:"department,omitempty"`
	On         string         `json:"on,omitempty"`
	Kind       sharing.Kind   `json:"kind,omitempty"`
	Class      sharing.Class  `json:"class,omitempty"`
	Grade      sharing.Grade  `json:"grade,omitempty"`
	Provider   string         `json:"provider,omitempty"`
	Applicant  string         `json:"applicant,omitempty"`
	Action     sharing.Action `json:"action"`
}

func (q policyQuestion) asked() desk.PolicyQuestion {
	return desk.PolicyQuestion{User: q.User, Roles: q.Roles, Department: q.Department, On: q.On, Action: q.Action,
		Thing: sharing.Thing{Kind: q.Kind, ProviderID: q.Provider, ApplicantID: q.Applicant, Class: q.Class, Grade: q.Grade}}
}

// explain answers whether somebody may do something, by which rule and article.
func (s *server) explain(c echo.Context, who sharing.User) error {
	var q policyQuestion
	if err := decode(c, &q); err != nil {
		return err
	}
	x, err := s.desk.ExplainPolicy(c.Request().Context(), who, q.asked())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, explanationView{
		User: x.User.ID, Roles: some(x.Roles), Department: x.Department.ID, Hypothetical: x.Hypothetical, On: viewAsked(x.On), Action: x.Action,
		States: some(x.States), OutOfState: x.OutOfState, Explanation: x.Explanation,
	})
}

type explanationView struct {
	User         string          `json:"user,omitempty"`
	Roles        []sharing.Role  `json:"roles"`
	Department   string          `json:"department"`
	Hypothetical bool            `json:"hypothetical"`
	On           askedView       `json:"on"`
	Action       sharing.Action  `json:"action"`
	States       []sharing.State `json:"states"`
	OutOfState   bool            `json:"out_of_state"`
	policies.Explanation
}

// askedView is what was asked about: its labels, and not what it says.
type askedView struct {
	ID        string        `json:"id,omitempty"`
	Name      string        `json:"name,omitempty"`
	Kind      sharing.Kind  `json:"kind"`
	Class     sharing.Class `json:"class"`
	Grade     sharing.Grade `json:"grade"`
	Provider  string        `json:"provider,omitempty"`
	Applicant string        `json:"applicant,omitempty"`
	State     sharing.State `json:"state,omitempty"`
}

func viewAsked(t desk.AskedThing) askedView {
	return askedView{t.ID, t.Name, t.Kind, t.Class, t.Grade, t.ProviderID, t.ApplicantID, t.State}
}

// whoMay answers which roles and people of the region may do something.
func (s *server) whoMay(c echo.Context, who sharing.User) error {
	var q policyQuestion
	if err := decode(c, &q); err != nil {
		return err
	}
	found, err := s.desk.WhoMay(c.Request().Context(), who, q.asked())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, whoMayView{
		On: viewAsked(found.On), Action: found.Action, States: some(found.States), Version: found.Version, Hash: found.Hash,
		Ways: each(found.Ways, func(w policies.Way) policies.Way { w.Lacks = some(w.Lacks); return w }),
		People: each(found.People, func(p policies.Person) personView {
			return personView{p.ID, p.Name, p.Department.ID, some(p.Roles), some(p.Votes)}
		}),
	})
}

type whoMayView struct {
	On      askedView       `json:"on"`
	Action  sharing.Action  `json:"action"`
	States  []sharing.State `json:"states"`
	Ways    []policies.Way  `json:"ways"`
	People  []personView    `json:"people"`
	Version string          `json:"version"`
	Hash    string          `json:"hash"`
}

type personView struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Department string          `json:"department"`
	Roles      []sharing.Role  `json:"roles"`
	Votes      []policies.Vote `json:"votes"`
}

// policy answers which rules are in force in the region, and how they came to be.
func (s *server) policy(c echo.Context, who sharing.User) error {
	p, err := s.desk.PolicyStanding(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, policyView{
		Version: p.Version, Hash: p.Hash, Addition: p.AdditionVersion, Refused: p.Refused,
		History: each(p.History, func(h desk.PolicyPast) policyPastView {
			return policyPastView{h.ID, h.Region, h.Version, h.Hash, h.By, h.ByName, local(h.At), h.Note, h.Current}
		}),
	})
}

type policyView struct {
	Version  string           `json:"version"`
	Hash     string           `json:"hash"`
	Addition string           `json:"addition,omitempty"`
	Refused  int64            `json:"refused,omitempty"`
	History  []policyPastView `json:"history"`
}

type policyPastView struct {
	ID      int64     `json:"id"`
	Region  string    `json:"region,omitempty"`
	Version string    `json:"version,omitempty"`
	Hash    string    `json:"hash"`
	By      string    `json:"by"`
	ByName  string    `json:"by_name,omitempty"`
	At      time.Time `json:"at"`
	Note    string    `json:"note"`
	Current bool      `json:"current"`
}

// newKey is a key to be registered.
type newKey struct {
	Name       string         `json:"name"`
	Department string         `json:"department"`
	User       string         `json:"user"`
	Roles      []sharing.Role `json:"roles"`
	Scopes     []string       `json:"scopes"`
	Addresses  []string       `json:"addresses,omitempty"`
	Days       int            `json:"days"`
}

// registerKey registers a key, which the department has yet to confirm.
func (s *server) registerKey(c echo.Context, who sharing.User) error {
	var n newKey
	if err := decode(c, &n); err != nil {
		return err
	}
	key := desk.NewKey{Department: n.Department, User: n.User, Name: n.Name, Roles: n.Roles, Scopes: n.Scopes, Days: n.Days}
	for _, text := range n.Addresses {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			p = netip.Prefix{} // which is refused by its place
		}
		key.Addresses = append(key.Addresses, p)
	}
	return done(c, s.desk.RegisterKey(c.Request().Context(), who, keyOf(c), key))
}

// confirmKey takes a key into use and answers its secret.
func (s *server) confirmKey(c echo.Context, who sharing.User) error {
	secret, err := s.desk.ConfirmKey(c.Request().Context(), who, keyOf(c), c.Param("id"))
	return tellSecret(c, secret, err)
}

// rotation says for how many hours the secret before stays good.
type rotation struct {
	OverlapHours int `json:"overlap_hours"`
}

// rotateKey gives a key another secret and answers it.
func (s *server) rotateKey(c echo.Context, who sharing.User) error {
	var r rotation
	if err := decode(c, &r); err != nil {
		return err
	}
	secret, err := s.desk.RenewKey(c.Request().Context(), who, keyOf(c), c.Param("id"), r.OverlapHours)
	return tellSecret(c, secret, err)
}

// secretView tells a secret; without one it was told before.
type secretView struct {
	Secret string `json:"secret,omitempty"`
}

func tellSecret(c echo.Context, secret string, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, secretView{secret})
}
