package web

import (
	"encoding/json"
	"net/http"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// registerProcedure stands for the registers in the keys of texts.
const registerProcedure sharing.Procedure = "register"

// registerInputs are what is typed into each register.
var registerInputs = map[sharing.Register][]input{
	sharing.DataSpecialists: {
		{Name: "change", As: asRadio, Options: sharing.SpecialistChanges, Required: true},
		{Name: "name", As: asLine, Required: true},
		{Name: "post", As: asLine, Required: true},
		{Name: "phone", As: asLine, Required: true},
		{Name: "former", As: asLine},
		{Name: "changed_on", As: asDate, Required: true},
	},
	sharing.PurchasedData: {
		{Name: "title", As: asLine, Required: true},
		{Name: "seller", As: asLine, Required: true},
		{Name: "purpose", As: asText, Required: true},
		{Name: "checked", As: asTick, Required: true},
		{Name: "buy_on", As: asDate, Required: true},
		{Name: "code", As: asLine},
	},
	sharing.InformationSystems: {
		{Name: "name", As: asLine, Required: true},
		{Name: "purpose", As: asText, Required: true},
		{Name: "builder", As: asLine},
		{Name: "stage", As: asSelect, Options: sharing.SystemStages, Required: true},
		{Name: "protection", As: asSelect, Options: []string{"0", "1", "2", "3", "4", "5"}, Numeric: true, Required: true},
		{Name: "since", As: asDate, Required: true},
	},
	sharing.ProjectDocuments: {
		{Name: "system", As: asLine, Required: true},
		{Name: "kind", As: asSelect, Options: sharing.DocumentKinds, Required: true},
		{Name: "title", As: asLine, Required: true},
		{Name: "edition", As: asLine},
		{Name: "place", As: asLine, Required: true},
		{Name: "dated_on", As: asDate, Required: true},
	},
	sharing.SecurityTests: {
		{Name: "system", As: asLine, Required: true},
		{Name: "kind", As: asSelect, Options: sharing.TestKinds, Required: true},
		{Name: "tester", As: asLine, Required: true},
		{Name: "report", As: asLine, Required: true},
		{Name: "result", As: asRadio, Options: sharing.TestResults, Required: true},
		{Name: "tested_on", As: asDate, Required: true},
	},
	sharing.SecurityIncidents: {
		{Name: "kind", As: asSelect, Options: sharing.IncidentKinds, Required: true},
		{Name: "title", As: asLine, Required: true},
		{Name: "facts", As: asText, Required: true},
		{Name: "measures", As: asText, Required: true},
		{Name: "handled", As: asYesNo, Required: true},
		{Name: "found_on", As: asDate, Required: true},
		{Name: "found_time", As: asLine, Required: true},
	},
}

// registering is where the form, or the record, of a register stands.
func (v *visit) registering(r sharing.Register) *scene {
	return &scene{visit: v, Procedure: registerProcedure, Action: sharing.Action(r)}
}

// registersPage is a search of the registers.
type registersPage struct {
	Query       desk.RegisterQuery
	Kinds       []desk.RegisterKind
	Registers   []sharing.Register
	Departments []sharing.Department
	MayFile     bool
	Found       desk.Page[desk.RegisterView]
	From, To    string
	Problems    *form
	More        more
}

// Narrowed reports whether the search asks for less than everything.
func (p registersPage) Narrowed() bool {
	return p.Query.Text != "" || p.Query.Register != "" || p.Query.Department != "" || p.From != "" || p.To != ""
}

// registers searches the registers.
func (v *visit) registers() error {
	page := registersPage{Registers: sharing.Registers, MayFile: v.site.desk.MayFile(v.user), From: v.QueryParam("from"), To: v.QueryParam("to"), Problems: newForm(0)}
	page.Query = desk.RegisterQuery{Text: v.QueryParam("q"), Department: v.QueryParam("department"), Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	if r := sharing.Register(v.QueryParam("register")); slices.Contains(sharing.Registers, r) {
		page.Query.Register = r
	}
	page.Query.From = page.Problems.dayOf(v, "from", page.From)
	page.Query.To = page.Problems.dayOf(v, "to", page.To)
	var err error
	if page.Kinds, err = v.site.desk.RegisterKinds(v.ctx(), v.user); err != nil {
		return err
	}
	if page.Departments, err = v.site.desk.AllDepartments(v.ctx(), v.user); err != nil {
		return err
	}
	if page.Found, err = v.site.desk.Registers(v.ctx(), v.user, page.Query); err != nil {
		return err
	}
	page.More = v.more(page.Found.Total, page.Found.Next)
	status := http.StatusOK
	if page.Problems.Wrong() {
		status = http.StatusUnprocessableEntity
	}
	return v.show(status, "registers", "registers", page)
}

// dayOf reads a day of an address; what is none becomes a problem.
func (f *form) dayOf(v *visit, name, text string) sharing.Date {
	if text == "" {
		return 0
	}
	d, err := sharing.ParseDate(halfWidth(text))
	if err != nil {
		f.add("/"+name, v.words.T("rule.date"))
		return 0
	}
	return d
}

// registerFormPage is the form that files an entry, or files it anew.
type registerFormPage struct {
	Kind     desk.RegisterKind
	Entry    *desk.RegisterView // filed anew; nil for a new one
	Action   string             // address
	Form     *form
	Controls []control
}

// kindOf returns a register that the regulation has and the reader may file in.
func (v *visit) kindOf(r sharing.Register) (desk.RegisterKind, error) {
	kinds, err := v.site.desk.RegisterKinds(v.ctx(), v.user)
	if err != nil {
		return desk.RegisterKind{}, err
	}
	i := slices.IndexFunc(kinds, func(k desk.RegisterKind) bool { return k.Register == r })
	if i < 0 || !v.site.desk.MayFile(v.user) {
		return desk.RegisterKind{}, &sharing.Error{Code: sharing.CodeNotFound}
	}
	return kinds[i], nil
}

func (v *visit) newEntry() error {
	kind, err := v.kindOf(sharing.Register(v.Param("register")))
	if err != nil {
		return err
	}
	return v.showRegisterForm(http.StatusOK, registerFormPage{Kind: kind, Action: "/registers/new/" + segment(string(kind.Register)), Form: newForm(0)})
}

func (v *visit) showRegisterForm(status int, page registerFormPage) error {
	var err error
	if page.Controls, err = v.registering(page.Kind.Register).lay(page.Form, registerInputs[page.Kind.Register]); err != nil {
		return err
	}
	return v.show(status, "register_form", "registers", page)
}

// fileEntry files an entry.
func (v *visit) fileEntry() error {
	kind, err := v.kindOf(sharing.Register(v.Param("register")))
	if err != nil {
		return err
	}
	page := registerFormPage{Kind: kind, Action: "/registers/new/" + segment(string(kind.Register)), Form: v.form()}
	return v.sendEntry(page, func(body json.RawMessage) (desk.RegisterView, error) {
		return v.site.desk.FileEntry(v.ctx(), v.user, page.Form.Key, kind.Register, body)
	})
}

func (v *visit) sendEntry(page registerFormPage, send func(json.RawMessage) (desk.RegisterView, error)) error {
	body, err := v.registering(page.Kind.Register).read(page.Form, registerInputs[page.Kind.Register])
	if err != nil {
		return err
	}
	if page.Form.Wrong() {
		page.Form.Message = v.words.T("error.invalid")
		return v.showRegisterForm(http.StatusUnprocessableEntity, page)
	}
	entry, err := send(body)
	if err != nil {
		if other := page.Form.explain(v, err); other != nil {
			return other
		}
		return v.showRegisterForm(statusOf(sharing.CodeOf(err)), page)
	}
	v.leave("filed", "")
	return v.redirect("/registers/entries/" + segment(entry.ID))
}

// entryPage is one entry of a register in all its versions.
type entryPage struct {
	desk.RegisterView
	Facts    []fact
	Versions []entryVersion
}

// entryVersion is a version of an entry before the one that holds.
type entryVersion struct {
	desk.RegisterView
	Facts []fact
}

func (v *visit) registerEntry() error {
	view, err := v.site.desk.RegisterEntry(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	page := entryPage{RegisterView: view}
	for i, version := range view.Versions {
		facts, err := v.registering(view.Register).facts(version.Content, registerInputs[view.Register], nil)
		if err != nil {
			return err
		}
		if i == 0 {
			page.Facts = facts
			continue
		}
		page.Versions = append(page.Versions, entryVersion{version, facts})
	}
	return v.ok("register", "registers", page)
}

// amending returns the entry that is to be filed anew, and its form.
func (v *visit) amending() (registerFormPage, error) {
	view, err := v.site.desk.RegisterEntry(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return registerFormPage{}, err
	}
	kind, err := v.kindOf(view.Register)
	if err != nil {
		return registerFormPage{}, err
	}
	if !view.CanAmend {
		return registerFormPage{}, &sharing.Error{Code: sharing.CodeForbidden}
	}
	return registerFormPage{Kind: kind, Entry: &view, Action: "/registers/entries/" + segment(view.ID) + "/amend"}, nil
}

func (v *visit) amendForm() error {
	page, err := v.amending()
	if err != nil {
		return err
	}
	page.Form = newForm(page.Entry.Version)
	if err := page.Form.fill(page.Entry.Content); err != nil {
		return err
	}
	return v.showRegisterForm(http.StatusOK, page)
}

// fill types the values of a JSON object into a form.
func (f *form) fill(content []byte) error {
	var values map[string]any
	if err := json.Unmarshal(content, &values); err != nil {
		return err
	}
	for name, value := range values {
		switch value := value.(type) {
		case string:
			f.Typed.Set(name, value)
		default:
			text, err := json.Marshal(value)
			if err != nil {
				return err
			}
			f.Typed.Set(name, string(text))
		}
	}
	return nil
}

func (v *visit) amendEntry() error {
	page, err := v.amending()
	if err != nil {
		return err
	}
	page.Form = v.form()
	return v.sendEntry(page, func(body json.RawMessage) (desk.RegisterView, error) {
		return v.site.desk.AmendEntry(v.ctx(), v.user, page.Form.Key, page.Entry.ID, page.Form.Version, body)
	})
}
