package web

import (
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// guideStep is one step of the tour through a case: as whom one takes it, and where.
type guideStep struct {
	Key   string
	Role  sharing.Role
	Party sharing.Relation // whose role it is
	Path  string           // NUMBER stands for that of the case
	// after are the states in which the step has been taken; none for a look.
	after []sharing.State
}

// guideSteps are the tour, which takes about two minutes.
var guideSteps = []guideStep{
	{Key: "watch", Role: sharing.AuthorityOfficer, Party: sharing.AsAuthority, Path: "/board"},
	{Key: "answer", Role: sharing.Approver, Party: sharing.AsProvider, Path: "/cases/NUMBER", after: []sharing.State{sharing.Agreed, sharing.Provided, sharing.InUse, sharing.Refused}},
	{Key: "provide", Role: sharing.DataSpecialist, Party: sharing.AsProvider, Path: "/cases/NUMBER", after: []sharing.State{sharing.Provided, sharing.InUse}},
	{Key: "confirm", Role: sharing.Requester, Party: sharing.AsApplicant, Path: "/cases/NUMBER", after: []sharing.State{sharing.InUse}},
	{Key: "grant", Role: sharing.Requester, Party: sharing.AsApplicant, Path: "/grants"},
	{Key: "story", Role: sharing.AuthorityOfficer, Party: sharing.AsAuthority, Path: "/cases/NUMBER"},
}

// guide is what the tour says on a page.
type guide struct {
	guideStep
	At, Of   int
	Here     string
	Done     bool
	Refused  bool // the case was refused: there is nothing to provide
	Next     int  // the step after this one; 0 after the last
	NextUser *sharing.User
}

const guideCookie = "gongshu_tour"

// guided reads from the cookie how far one has been led: the number of the case and
// the step, counted from one; 0 when nobody is led.
func (v *visit) guided() (number string, at int) {
	cookie, err := v.Cookie(guideCookie)
	if err != nil || !v.site.demo {
		return "", 0
	}
	number, step, _ := strings.Cut(cookie.Value, ".")
	at, err = strconv.Atoi(step)
	if err != nil || at < 1 || at > len(guideSteps) || number == "" {
		return "", 0
	}
	return number, at
}

// guide returns what the tour says on this page; nil when nobody is led.
func (v *visit) guide() (*guide, error) {
	number, at := v.guided()
	if at == 0 || !v.signedIn() {
		return nil, nil
	}
	found, err := v.site.desk.Cases(v.ctx(), v.user, desk.CaseQuery{Number: number, Limit: 1})
	if err != nil || len(found.Items) == 0 {
		return nil, err
	}
	c := found.Items[0].Case
	g := &guide{guideStep: guideSteps[at-1].of(c), At: at, Of: len(guideSteps), Here: v.Request().URL.Path}
	g.Done, g.Refused = slices.Contains(g.after, c.State), c.State == sharing.Refused && g.Party != sharing.AsAuthority && g.Key != "answer"
	g.Next = nextStep(at, c.State)
	if g.Next == 0 {
		return g, nil
	}
	users, err := v.demoUsers()
	if err != nil {
		return nil, err
	}
	g.NextUser = guideSteps[g.Next-1].who(users, c)
	return g, nil
}

// nextStep is the step after one: what a refusal leaves nothing of is passed over.
func nextStep(at int, state sharing.State) int {
	switch {
	case at >= len(guideSteps):
		return 0
	case state == sharing.Refused && at > 1:
		return len(guideSteps)
	}
	return at + 1
}

// of is the step on a case.
func (s guideStep) of(c sharing.Case) guideStep {
	s.Path = strings.ReplaceAll(s.Path, "NUMBER", segment(c.Number))
	return s
}

// who picks the demo user who takes the step on a case; nil when there is none.
func (s guideStep) who(users []sharing.User, c sharing.Case) *sharing.User {
	for i, u := range users {
		if u.Region.ID != c.RegionID || !leads(u, s.Role) {
			continue
		}
		if s.Party == sharing.AsProvider && u.Department.ID != c.Provider.ID || s.Party == sharing.AsApplicant && u.Department.ID != c.Applicant.ID {
			continue
		}
		return &users[i]
	}
	return nil
}

// guidedCase picks the case that the tour leads through, among the users of one
// region: of those that wait for their answer and whose people are all in the demo,
// the most urgent.
func (v *visit) guidedCase(users []sharing.User) (number string, ok bool, err error) {
	i := slices.IndexFunc(users, func(u sharing.User) bool { return leads(u, sharing.AuthorityOfficer) })
	if i < 0 {
		return "", false, nil
	}
	waiting, err := v.site.desk.Cases(v.ctx(), users[i], desk.CaseQuery{Procedure: sharing.ShareApplication, State: sharing.Answering, Limit: desk.MaxLimit})
	if err != nil {
		return "", false, err
	}
	least := 0
	for _, c := range waiting.Items {
		if c.Clock == nil || c.Clock.Left == nil || slices.ContainsFunc(guideSteps, func(s guideStep) bool { return s.who(users, c.Case) == nil }) {
			continue
		}
		if !ok || *c.Clock.Left < least {
			number, ok, least = c.Number, true, *c.Clock.Left
		}
	}
	return number, ok, nil
}

// lead goes to a step of the tour, as the person whose step it is; step 0 ends it.
func (v *visit) lead() error {
	if !v.site.demo {
		return sharing.Errorf(sharing.CodeForbidden, "no demo")
	}
	f := v.form()
	step, err := strconv.Atoi(f.Value("step"))
	if err != nil || step < 1 || step > len(guideSteps) {
		v.setCookie(guideCookie, "", -1)
		return v.redirect("/")
	}
	users, err := v.demoUsers()
	if err != nil {
		return err
	}
	number, _ := v.guided()
	if step == 1 || number == "" {
		region := f.Value("region")
		if number, _, err = v.guidedCase(slices.DeleteFunc(slices.Clone(users), func(u sharing.User) bool { return u.Region.ID != region })); err != nil {
			return err
		}
	}
	c, err := v.guidedThrough(users, number)
	if err != nil {
		return err
	}
	s := guideSteps[step-1].of(c)
	user := s.who(users, c)
	if user == nil {
		return &sharing.Error{Code: sharing.CodeNotFound}
	}
	v.setCookie(guideCookie, number+"."+strconv.Itoa(step), 0)
	if v.user.ID == user.ID {
		return v.redirect(s.Path)
	}
	session, err := v.site.desk.SignInDemo(v.ctx(), v.browser(), user.ID)
	if err != nil {
		return err
	}
	f.Typed.Set("next", s.Path)
	f.Typed.Del("kept")
	return v.enter(session, f)
}

// guidedThrough returns the case of the tour; CodeNotFound when no demo user who
// watches over cases sees it.
func (v *visit) guidedThrough(users []sharing.User, number string) (sharing.Case, error) {
	for _, u := range users {
		if number == "" || !leads(u, sharing.AuthorityOfficer) {
			continue
		}
		found, err := v.site.desk.Cases(v.ctx(), u, desk.CaseQuery{Number: number, Limit: 1})
		if err != nil {
			return sharing.Case{}, err
		}
		if len(found.Items) == 1 {
			return found.Items[0].Case, nil
		}
	}
	return sharing.Case{}, &sharing.Error{Code: sharing.CodeNotFound}
}
