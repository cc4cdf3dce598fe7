package web

import (
	"net/http"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// peoplePage lists the people of the region.
type peoplePage struct {
	Query       desk.AccountQuery
	Found       desk.Page[desk.Account]
	More        more
	Roles       []sharing.Role
	Departments []desk.Office
	MayManage   bool
}

func (v *visit) people() error {
	q := desk.AccountQuery{Text: strings.TrimSpace(v.QueryParam("q")), Department: v.QueryParam("department"), Role: sharing.Role(v.QueryParam("role")),
		Disabled: v.QueryParam("disabled") == "yes", Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	d := v.site.desk
	found, err := d.Accounts(v.ctx(), v.user, q)
	if err != nil {
		return err
	}
	offices, err := d.Offices(v.ctx(), v.user)
	if err != nil {
		return err
	}
	return v.ok("admin_people", "admin", peoplePage{Query: q, Found: found, More: v.more(found.Total, found.Next), Roles: sharing.Roles, Departments: offices,
		MayManage: d.MayAdminister(v.user, sharing.KindAccount, sharing.Manage)})
}

// newPersonInputs are what an operator writes of a new person.
var newPersonInputs = []input{
	{Name: "id", As: asLine, Required: true},
	{Name: "name", As: asLine, Required: true},
	{Name: "department", As: asSelect, From: standingOffices, Required: true},
}

// Inputs of the forms on a person's page.
var (
	personInputs  = newPersonInputs[1:]
	appointInputs = []input{{Name: "roles", As: asTicks, From: everyRole}, {Name: "reason", As: asText, Required: true}}
	disableInputs = []input{{Name: "note", As: asText, Required: true}}
)

// newPersonPage is the form that adds a person.
type newPersonPage struct{ New adminForm }

func (v *visit) newPerson() error { return v.showNewPerson(http.StatusOK, newForm(0)) }

func (v *visit) showNewPerson(status int, f *form) error {
	if !v.site.desk.MayAdminister(v.user, sharing.KindAccount, sharing.Manage) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	laid, err := v.lay(accountForm, sharing.Manage, f, newPersonInputs)
	if err != nil {
		return err
	}
	return v.show(status, "admin_person_new", "admin", newPersonPage{laid})
}

func (v *visit) addPerson() error {
	f := v.form()
	text, err := typedAs[sharing.AccountText](v, accountForm, sharing.Manage, f, newPersonInputs)
	if err == nil {
		err = v.site.desk.AddAccount(v.ctx(), v.user, f.Key, text)
	}
	if err == nil {
		v.leave("person_added", "")
		return v.redirect("/admin/people/" + segment(text.ID))
	}
	return v.cameBack(f, err, func(status int) error { return v.showNewPerson(status, f) })
}

// personPage is one person, with what the reader may do.
type personPage struct {
	desk.Account
	MayManage, MayAppoint     bool
	Self                      bool
	Change, Appoint, Disable  adminForm
	Plain                     *form // of the forms of one button
	Failed                    string
	Changing, Appointing, Off bool // which form came back
}

func (v *visit) person() error { return v.showPerson(http.StatusOK, "", nil, "") }

// showPerson shows a person; which names the form that came back with its problems.
func (v *visit) showPerson(status int, which string, tried *form, failed string) error {
	d := v.site.desk
	a, err := d.Account(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	page := personPage{Account: a, Self: a.ID == v.user.ID, Plain: newForm(a.Version), Failed: failed,
		MayManage:  d.MayAdminister(v.user, sharing.KindAccount, sharing.Manage),
		MayAppoint: d.MayAdminister(v.user, sharing.KindAccount, sharing.Appoint),
		Changing:   which == "change", Appointing: which == "appoint", Off: which == "disable",
	}
	of := func(name string) *form {
		if name == which {
			tried.Version = max(tried.Version, 1)
			return prefixed(tried, name)
		}
		return prefixed(newForm(a.Version), name)
	}
	change, appoint, disable := of("change"), of("appoint"), of("disable")
	if which != "change" {
		change.Typed.Set("name", a.Name)
		change.Typed.Set("department", a.Department.ID)
	}
	if which != "appoint" {
		for _, r := range a.Roles {
			appoint.Typed.Add("roles", string(r))
		}
	}
	if page.Change, err = v.lay(accountForm, sharing.Manage, change, personInputs); err != nil {
		return err
	}
	if page.Appoint, err = v.lay(accountForm, sharing.Appoint, appoint, appointInputs); err != nil {
		return err
	}
	if page.Disable, err = v.lay(accountForm, "disable", disable, disableInputs); err != nil {
		return err
	}
	return v.show(status, "admin_person", "admin", page)
}

// personDone ends what was done to a person: on their page, which says so, or shows
// the form again.
func (v *visit) personDone(which, said string, f *form, err error) error {
	if err == nil {
		v.leave(said, "") //nolint:wrapcheck // a notice
		return v.redirect("/admin/people/" + segment(v.Param("id")))
	}
	return v.cameBack(f, err, func(status int) error {
		if which == "" { // a form of one button has no place of its own
			return v.showPerson(status, "", nil, f.Message)
		}
		return v.showPerson(status, which, f, "")
	})
}

func (v *visit) changePerson() error {
	f := v.form()
	text, err := typedAs[sharing.AccountText](v, accountForm, sharing.Manage, f, personInputs)
	if err == nil {
		err = v.site.desk.ChangeAccount(v.ctx(), v.user, f.Key, v.Param("id"), f.Version, text)
	}
	return v.personDone("change", "admin_saved", f, err)
}

func (v *visit) appointPerson() error {
	f := v.form()
	n, err := typedAs[sharing.Appointment](v, accountForm, sharing.Appoint, f, appointInputs)
	if err == nil {
		err = v.site.desk.Appoint(v.ctx(), v.user, f.Key, v.Param("id"), f.Version, n)
	}
	return v.personDone("appoint", "appointed", f, err)
}

func (v *visit) disablePerson() error {
	f := v.form()
	err := v.site.desk.DisableAccount(v.ctx(), v.user, f.Key, v.Param("id"), f.Version, f.Value("note"))
	return v.personDone("disable", "person_disabled", f, err)
}

func (v *visit) enablePerson() error {
	f := v.form()
	return v.personDone("", "person_enabled", f, v.site.desk.EnableAccount(v.ctx(), v.user, f.Key, v.Param("id"), f.Version))
}

func (v *visit) signOutPerson() error {
	f := v.form()
	return v.personDone("", "person_signed_out", f, v.site.desk.SignOutAccount(v.ctx(), v.user, f.Key, v.Param("id")))
}
