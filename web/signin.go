package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gongshu/sharing"
)

// signInPage asks who is there.
type signInPage struct {
	Next    string
	Regions []demoRegion // demo users to step into; empty unless this is a demo
	Form    *form
	// Kept is a form that was sent after its session had ended. It is carried along
	// and offered again after signing in.
	Kept url.Values
	// Ended: a form was sent without a session.
	Ended bool
}

// demoRegion is a region with its demo users: one for each role to begin with,
// and the rest.
type demoRegion struct {
	Region sharing.Region
	Users  []demoUser
	Rest   []demoUser
}

type demoUser struct {
	sharing.User
	Role sharing.Role // the one the user is listed under
}

// tourRoles are the roles through which one sees a case from end to end.
var tourRoles = []sharing.Role{sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.AuthorityOfficer, sharing.Supervisor}

// demoUsers lists the users one can step into, by region and role.
func (v *visit) demoUsers() ([]demoRegion, error) {
	if !v.site.demo {
		return nil, nil
	}
	users, err := v.site.desk.DemoUsers(v.ctx())
	if err != nil {
		return nil, err
	}
	return groupUsers(users), nil
}

// groupUsers sorts users into their regions, and there by role; those of the
// departments with the most users come first. Roles that have no pages of their
// own are left out.
func groupUsers(users []sharing.User) []demoRegion {
	var regions []demoRegion
	colleagues := map[string]int{}
	for _, u := range users {
		colleagues[u.Department.ID]++
		if len(u.Roles) == 0 || u.Roles[0] == sharing.Gateway {
			continue
		}
		i := slices.IndexFunc(regions, func(r demoRegion) bool { return r.Region.ID == u.Region.ID })
		if i < 0 {
			regions = append(regions, demoRegion{Region: u.Region})
			i = len(regions) - 1
		}
		regions[i].Users = append(regions[i].Users, demoUser{User: u, Role: u.Roles[0]})
	}
	for i := range regions {
		r := &regions[i]
		slices.SortStableFunc(r.Users, func(a, b demoUser) int {
			return cmp.Or(cmp.Compare(slices.Index(sharing.Roles, a.Role), slices.Index(sharing.Roles, b.Role)),
				cmp.Compare(colleagues[b.Department.ID], colleagues[a.Department.ID]), cmp.Compare(a.ID, b.ID))
		})
		var first []demoUser
		for _, u := range r.Users {
			if slices.Contains(tourRoles, u.Role) && !slices.ContainsFunc(first, func(f demoUser) bool { return f.Role == u.Role }) {
				first = append(first, u)
			} else {
				r.Rest = append(r.Rest, u)
			}
		}
		r.Users = first
	}
	return regions
}

// signInPage shows the ways of signing in.
func (v *visit) signInPage() error {
	if v.signedIn() {
		return v.redirect(localPath(v.QueryParam("next")))
	}
	return v.showSignIn(http.StatusOK, signInPage{Next: localPath(v.QueryParam("next")), Form: newForm(0)})
}

func (v *visit) showSignIn(status int, page signInPage) error {
	regions, err := v.demoUsers()
	if err != nil {
		return v.problem(err)
	}
	page.Regions = regions
	return v.show(status, "signin", "", page)
}

// askToSignIn sends a reader who is not signed in to the sign-in page. A form
// sent after the session ended is kept.
func (v *visit) askToSignIn() error {
	if !v.posted() {
		if v.Request().Header.Get("HX-Request") != "" {
			v.Response().Header().Set("HX-Redirect", "/signin")
			return v.NoContent(http.StatusUnauthorized)
		}
		return v.redirect("/signin?next=" + url.QueryEscape(v.here()))
	}
	kept := url.Values{}
	for name, values := range v.Request().PostForm {
		if name != "csrf" && !strings.HasPrefix(name, keptPrefix) {
			kept[name] = values
		}
	}
	return v.showSignIn(http.StatusUnauthorized, signInPage{
		Next: localPath(v.Request().URL.RequestURI()), Form: newForm(0), Kept: kept, Ended: true,
	})
}

// keptPrefix marks fields of a kept form on the sign-in page.
const keptPrefix = "kept."

// signIn signs in with an access token.
func (v *visit) signIn() error {
	f := v.form()
	id, err := v.site.desk.SignIn(v.ctx(), strings.TrimSpace(f.Value("token")))
	switch sharing.CodeOf(err) {
	case sharing.CodeUnauthenticated, sharing.CodeInvalid, sharing.CodeNotFound:
		f.add("/token", v.words.T("signin.token.unknown"))
		f.Typed.Del("token")
		return v.showSignIn(http.StatusUnauthorized, signInPage{Next: localPath(f.Value("next")), Form: f, Kept: keptFields(f), Ended: f.Value("kept") != ""})
	}
	if err != nil {
		return err
	}
	return v.enter(id, f)
}

// signInDemo steps into a demo user.
func (v *visit) signInDemo() error {
	if !v.site.demo {
		return sharing.Errorf(sharing.CodeForbidden, "no demo")
	}
	f := v.form()
	id, err := v.site.desk.SignInDemo(v.ctx(), f.Value("user"))
	if err != nil {
		return err
	}
	return v.enter(id, f)
}

// enter begins a new session and ends the one before it, then goes on to where
// the reader was going.
func (v *visit) enter(session string, f *form) error {
	if cookie, err := v.Cookie(v.site.sessionCookie()); err == nil && v.signedIn() && cookie.Value != session {
		if err := v.site.desk.SignOut(v.ctx(), cookie.Value); err != nil {
			return err
		}
	}
	v.setCookie(v.site.sessionCookie(), session, 0)
	next := localPath(f.Value("next"))
	if f.Value("kept") == "" {
		return v.redirect(next)
	}
	user, s, err := v.site.desk.Session(v.ctx(), session)
	if err != nil {
		return err
	}
	v.user, v.session = user, s
	v.words = v.site.views.words[v.locale()]
	return v.ok("resume", "", resumePage{Action: next, Kept: keptFields(f)})
}

// resumePage offers a form again that was sent after its session had ended.
type resumePage struct {
	Action string
	Kept   url.Values
}

func keptFields(f *form) url.Values {
	kept := url.Values{}
	for name, values := range f.Typed {
		if rest, ok := strings.CutPrefix(name, keptPrefix); ok {
			kept[rest] = values
		}
	}
	return kept
}

// signOut ends the session.
func (v *visit) signOut() error {
	if cookie, err := v.Cookie(v.site.sessionCookie()); err == nil && v.signedIn() {
		if err := v.site.desk.SignOut(v.ctx(), cookie.Value); err != nil {
			return err
		}
	}
	v.forgetSession()
	v.leave("signed_out", "")
	return v.redirect("/")
}

// changeLocale switches the language, for the user where somebody is signed in
// and for this browser in any case.
func (v *visit) changeLocale() error {
	f := v.form()
	l := localeOf(f.Value("locale"))
	if v.signedIn() {
		if err := v.site.desk.SetLocale(v.ctx(), v.user, string(l)); err != nil {
			return err
		}
	}
	v.setCookie(localeCookie, string(l), 365*24*60*60)
	return v.redirect(localPath(f.Value("next")))
}
