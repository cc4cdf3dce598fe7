package web

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// What the forms of administrators are about, in the keys of their texts.
const (
	accountForm    sharing.Procedure = "account"
	departmentForm sharing.Procedure = "department"
	regionForm     sharing.Procedure = "region"
	keyForm        sharing.Procedure = "key"
	policyForm     sharing.Procedure = "policy"
)

// adminPage says what an administrator sees to.
type adminPage struct {
	Roles []sharing.Role // those of the reader that administer
	Parts []adminPart
	// Torn: the reader holds two of the three administrations and can do the work of
	// neither.
	Torn bool
}

// adminPart leads to one part of administration. Its texts are "admin."+Name and
// "admin."+Name+".more".
type adminPart struct {
	Name, Path string
	May        bool // change it, not only look
}

// admin is the first page of administrators.
func (v *visit) admin() error {
	d, page := v.site.desk, adminPage{Torn: !sharing.Apart(v.user.Roles)}
	if !d.Administrates(v.user) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	for _, r := range sharing.Administrations {
		if v.user.Own().Has(r) {
			page.Roles = append(page.Roles, r)
		}
	}
	may := func(kind sharing.Kind, actions ...sharing.Action) bool {
		return slices.ContainsFunc(actions, func(a sharing.Action) bool { return d.MayAdminister(v.user, kind, a) })
	}
	for _, part := range []struct {
		adminPart
		kind sharing.Kind
	}{
		{adminPart{"people", "/admin/people", may(sharing.KindAccount, sharing.Manage, sharing.Appoint)}, sharing.KindAccount},
		{adminPart{"departments", "/admin/departments", may(sharing.KindAccount, sharing.Manage)}, sharing.KindAccount},
		{adminPart{"regions", "/admin/regions", may(sharing.KindAccount, sharing.Manage)}, sharing.KindAccount},
		{adminPart{"keys", "/admin/keys", may(sharing.KindKey, sharing.Manage)}, sharing.KindKey},
		{adminPart{"policy", "/admin/policy", true}, sharing.KindPolicy},
		{adminPart{"who", "/admin/policy/who", true}, sharing.KindPolicy},
		{adminPart{"rules", "/admin/policy/rules", true}, sharing.KindPolicy},
		{adminPart{"change", "/admin/policy/change", true}, sharing.KindPolicy},
	} {
		if part.Name == "change" && !may(sharing.KindPolicy, sharing.Manage) || !may(part.kind, sharing.Read) {
			continue
		}
		page.Parts = append(page.Parts, part.adminPart)
	}
	return v.ok("admin", "admin", page)
}

// adminForm is one form of a page that has several.
type adminForm struct {
	Form     *form
	Controls []control
}

// lay lays out one form of an administrator's page.
func (v *visit) lay(about sharing.Procedure, action sharing.Action, f *form, inputs []input) (adminForm, error) {
	s := &scene{visit: v, Procedure: about, Action: action}
	controls, err := s.lay(f, inputs)
	return adminForm{f, controls}, err
}

// typedAs reads what was typed into a form of an administrator's page.
func typedAs[T any](v *visit, about sharing.Procedure, action sharing.Action, f *form, inputs []input) (T, error) {
	var typed T
	s := &scene{visit: v, Procedure: about, Action: action}
	body, err := s.read(f, inputs)
	if err != nil {
		return typed, err
	}
	if err := json.Unmarshal(body, &typed); err != nil {
		return typed, &sharing.Error{Code: sharing.CodeInvalid, Cause: err}
	}
	return typed, nil
}

// prefixed sets a form apart from the others of its page.
func prefixed(f *form, prefix string) *form {
	f.Prefix = "-" + prefix
	return f
}

// standingOffices lists the departments that were not merged into others.
func standingOffices(s *scene) ([]choice, error) {
	offices, err := s.site.desk.Offices(s.ctx(), s.user)
	var list []choice
	for _, o := range offices {
		if o.MergedInto == "" && (s.Procedure != departmentForm || o.ID != s.Param("id")) {
			list = append(list, choice{Value: o.ID, Label: s.words.pick(o.Name, o.NameEN)})
		}
	}
	return list, err
}

// everyRole lists the roles that people are appointed to; on the form of a key those
// that a key can have.
func everyRole(s *scene) ([]choice, error) {
	var list []choice
	for _, r := range sharing.Roles {
		if r != sharing.Citizen && (s.Procedure != keyForm || !slices.Contains(sharing.Administrations, r)) {
			list = append(list, choice{Value: string(r), Label: s.words.Code("role", r)})
		}
	}
	return list, nil
}

// departmentsPage lists the departments of the region, with the form for one more.
type departmentsPage struct {
	Offices   []desk.Office
	MayManage bool
	New       adminForm
}

// newDepartmentInputs are what an operator writes of a new department.
var newDepartmentInputs = []input{
	{Name: "name", As: asLine, Required: true},
	{Name: "name_en", As: asLine},
	{Name: "id", As: asLine, Required: true},
	{Name: "kind", As: asSelect, Options: []string{"department", "authority", "supervisor", "finance"}, Required: true},
}

// departmentInputs are what can be changed of one.
var departmentInputs = []input{
	{Name: "name", As: asLine, Required: true},
	{Name: "name_en", As: asLine},
	{Name: "merged_into", As: asSelect, From: standingOffices},
}

func (v *visit) departments() error { return v.showDepartments(http.StatusOK, newForm(0)) }

func (v *visit) showDepartments(status int, f *form) error {
	offices, err := v.site.desk.Offices(v.ctx(), v.user)
	if err != nil {
		return err
	}
	sortByName(v.words, offices, func(a, b desk.Office) int { return cmp.Compare(min(len(a.MergedInto), 1), min(len(b.MergedInto), 1)) },
		func(o desk.Office) string { return v.words.department(o.Department) })
	page := departmentsPage{Offices: offices, MayManage: v.site.desk.MayAdminister(v.user, sharing.KindAccount, sharing.Manage)}
	if page.New, err = v.lay(departmentForm, sharing.Manage, f, newDepartmentInputs); err != nil {
		return err
	}
	return v.show(status, "admin_departments", "admin", page)
}

func (v *visit) addDepartment() error {
	f := v.form()
	text, err := typedAs[sharing.DepartmentText](v, departmentForm, sharing.Manage, f, newDepartmentInputs)
	if err == nil {
		err = v.site.desk.AddDepartment(v.ctx(), v.user, f.Key, text)
	}
	if err == nil {
		v.leave("admin_saved", "")
		return v.redirect("/admin/departments")
	}
	code := sharing.CodeOf(err)
	if other := f.explain(v, err); other != nil {
		return other
	}
	return v.showDepartments(statusOf(code), f)
}

// departmentPage is one department.
type departmentPage struct {
	desk.Office
	MayManage bool
	Change    adminForm
}

func (v *visit) department() error { return v.showDepartment(http.StatusOK, nil) }

func (v *visit) showDepartment(status int, f *form) error {
	o, err := v.site.desk.Office(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	page := departmentPage{Office: o, MayManage: v.site.desk.MayAdminister(v.user, sharing.KindAccount, sharing.Manage)}
	if f == nil {
		f = newForm(o.Version)
		f.Typed.Set("name", o.Name)
		f.Typed.Set("name_en", o.NameEN)
		f.Typed.Set("merged_into", o.MergedInto)
	}
	if page.Change, err = v.lay(departmentForm, sharing.Manage, f, departmentInputs); err != nil {
		return err
	}
	return v.show(status, "admin_department", "admin", page)
}

func (v *visit) changeDepartment() error {
	f, id := v.form(), v.Param("id")
	text, err := typedAs[sharing.DepartmentText](v, departmentForm, sharing.Manage, f, departmentInputs)
	if err == nil {
		err = v.site.desk.ChangeDepartment(v.ctx(), v.user, f.Key, id, f.Version, text)
	}
	if err == nil {
		v.leave("admin_saved", "")
		return v.redirect("/admin/departments/" + segment(id))
	}
	return v.cameBack(f, err, func(status int) error { return v.showDepartment(status, f) })
}

// cameBack shows a form that came back with what is wrong. On one that is stale, the
// version is the new one: what changed is shown, and sending it again counts.
func (v *visit) cameBack(f *form, err error, show func(status int) error) error {
	code := sharing.CodeOf(err)
	if other := f.explain(v, err); other != nil {
		return other
	}
	return show(statusOf(code))
}

// regionPage is the reader's region.
type regionPage struct {
	Region    sharing.Region
	MayManage bool
	Change    adminForm
}

var regionInputs = []input{{Name: "name", As: asLine, Required: true}, {Name: "name_en", As: asLine}}

func (v *visit) region() error {
	f := newForm(0)
	f.Typed.Set("name", v.user.Region.Name)
	f.Typed.Set("name_en", v.user.Region.NameEN)
	return v.showRegion(http.StatusOK, f)
}

func (v *visit) showRegion(status int, f *form) error {
	d := v.site.desk
	if !d.MayAdminister(v.user, sharing.KindAccount, sharing.Read) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	page := regionPage{Region: v.user.Region, MayManage: d.MayAdminister(v.user, sharing.KindAccount, sharing.Manage)}
	var err error
	if page.Change, err = v.lay(regionForm, sharing.Manage, f, regionInputs); err != nil {
		return err
	}
	return v.show(status, "admin_region", "admin", page)
}

func (v *visit) renameRegion() error {
	f := v.form()
	text, err := typedAs[sharing.RegionText](v, regionForm, sharing.Manage, f, regionInputs)
	if err == nil {
		err = v.site.desk.RenameRegion(v.ctx(), v.user, f.Key, text)
	}
	if err == nil {
		v.leave("admin_saved", "")
		return v.redirect("/admin/regions")
	}
	return v.cameBack(f, err, func(status int) error { return v.showRegion(status, f) })
}

// backToAdmin leads from the address of a form to the page that it is on.
func (v *visit) backToAdmin() error {
	path := v.Request().URL.EscapedPath()
	return v.redirect(path[:strings.LastIndexByte(path, '/')])
}

// backToKeys leads from the address of what is done to a key to the list of keys.
func (v *visit) backToKeys() error { return v.redirect("/admin/keys") }
