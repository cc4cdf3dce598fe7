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
	Next string
	Demo bool // demo users can be stepped into
	// Query narrows them, Regions are those it fits, and Found is how many.
	Query   string
	Regions []directoryRegion
	Found   int
	Form    *form
	// Kept is a form that was sent after its session had ended. It is carried along
	// and offered again after signing in.
	Kept url.Values
	// Ended: a form was sent without a session.
	Ended bool
	// Ways are those of signing in with a provider; Refused is why one of them did not
	// help, nil when none was tried.
	Ways    []wayOption
	Refused *refusedSignIn
}

// directoryRegion is a region with the demo users that were looked for.
type directoryRegion struct {
	Region      sharing.Region
	Departments []directoryDepartment
	Count       int // of users
}

// directoryDepartment is a department with its demo users, by role.
type directoryDepartment struct {
	sharing.Department
	Users []sharing.User
}

// demoUsers lists whom one can step into, by region and department; nobody outside
// a demo. Those whose role has no pages of its own are left out.
func (v *visit) demoUsers() ([]sharing.User, error) {
	if !v.site.demo {
		return nil, nil
	}
	users, err := v.site.desk.DemoUsers(v.ctx())
	return slices.DeleteFunc(users, func(u sharing.User) bool { return len(u.Roles) == 0 || leads(u, sharing.Gateway) }), err
}

// directory lists the demo users whom every word of the query fits.
func (v *visit) directory(query string) (regions []directoryRegion, found int, err error) {
	users, err := v.demoUsers()
	if err != nil {
		return nil, 0, err
	}
	users = slices.DeleteFunc(users, func(u sharing.User) bool { return !v.words.fits(u, query) })
	return byDepartment(users), len(users), nil
}

// fits reports whether every word of the query occurs in what is said of a user.
func (w words) fits(u sharing.User, query string) bool {
	said := []string{u.ID, u.Name, u.Department.Name, u.Department.NameEN, u.Region.Name, u.Region.NameEN}
	for _, r := range u.Roles {
		said = append(said, w.Code("role", r))
	}
	text := strings.ToLower(strings.Join(said, "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(query)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// byDepartment sorts users, which come by region and department, into these, and
// there by role.
func byDepartment(users []sharing.User) []directoryRegion {
	var regions []directoryRegion
	for _, u := range users {
		if n := len(regions); n == 0 || regions[n-1].Region.ID != u.Region.ID {
			regions = append(regions, directoryRegion{Region: u.Region})
		}
		r := &regions[len(regions)-1]
		if n := len(r.Departments); n == 0 || r.Departments[n-1].ID != u.Department.ID {
			r.Departments = append(r.Departments, directoryDepartment{Department: u.Department})
		}
		d := &r.Departments[len(r.Departments)-1]
		d.Users = append(d.Users, u)
		r.Count++
	}
	for _, r := range regions {
		for _, d := range r.Departments {
			slices.SortStableFunc(d.Users, func(a, b sharing.User) int {
				return cmp.Compare(slices.Index(sharing.Roles, a.Roles[0]), slices.Index(sharing.Roles, b.Roles[0]))
			})
		}
	}
	return regions
}

// signInPage shows the ways of signing in.
func (v *visit) signInPage() error {
	if v.signedIn() {
		return v.redirect(localPath(v.QueryParam("next")))
	}
	return v.showSignIn(http.StatusOK, signInPage{Next: localPath(v.QueryParam("next")), Query: v.QueryParam("q"), Form: newForm(0)})
}

func (v *visit) showSignIn(status int, page signInPage) error {
	var err error
	if page.Regions, page.Found, err = v.directory(page.Query); err != nil {
		return v.problem(err)
	}
	page.Demo, page.Ways = v.site.demo, v.signInWays()
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
	id, err := v.site.desk.SignIn(v.ctx(), v.browser(), strings.TrimSpace(f.Value("token")))
	refused, status := "", http.StatusUnauthorized
	switch sharing.CodeOf(err) {
	case sharing.CodeUnauthenticated, sharing.CodeInvalid, sharing.CodeNotFound:
		refused = v.words.T("signin.token.unknown")
	case sharing.CodeTooMany:
		refused, status = v.words.T("signin.locked"), http.StatusTooManyRequests
		v.retryAfter(err)
	}
	if refused != "" {
		f.add("/token", refused)
		f.Typed.Del("token")
		return v.showSignIn(status, signInPage{Next: localPath(f.Value("next")), Form: f, Kept: keptFields(f), Ended: f.Value("kept") != ""})
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
	id, err := v.site.desk.SignInDemo(v.ctx(), v.browser(), f.Value("user"))
	if err != nil {
		return err
	}
	return v.enter(id, f)
}

// enter begins a new session for who sent the form of the sign-in page.
func (v *visit) enter(session string, f *form) error {
	var kept url.Values
	if f.Value("kept") != "" {
		kept = keptFields(f)
	}
	return v.arrive(session, localPath(f.Value("next")), kept)
}

// arrive begins a new session and ends the one before it, then goes on to where the
// reader was going, or offers a form again that was kept.
func (v *visit) arrive(session, next string, kept url.Values) error {
	if cookie, err := v.Cookie(v.site.sessionCookie()); err == nil && v.signedIn() && cookie.Value != session {
		if err := v.site.desk.SignOut(v.ctx(), cookie.Value); err != nil {
			return err
		}
	}
	v.setCookie(v.site.sessionCookie(), session, 0)
	if kept == nil {
		return v.redirect(next)
	}
	user, s, err := v.site.desk.Session(v.ctx(), session)
	if err != nil {
		return err
	}
	v.user, v.session = user, s
	v.words = v.site.views.words[v.locale()]
	return v.ok("resume", "", resumePage{Action: next, Kept: kept})
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
	elsewhere := ""
	if cookie, err := v.Cookie(v.site.sessionCookie()); err == nil && v.signedIn() {
		if elsewhere, err = v.site.desk.SignOutEverywhere(v.ctx(), cookie.Value); err != nil {
			return err
		}
	}
	v.forgetSession()
	v.leave("signed_out", "")
	if elsewhere != "" {
		return v.redirect(elsewhere)
	}
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
