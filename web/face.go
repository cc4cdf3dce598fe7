package web

import (
	"html/template"
	"slices"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// face is what a procedure looks like: what is typed into its forms, and what its
// record shows besides. Texts are in the message catalogs, under keys that follow
// from the procedure, the step and the input.
type face struct {
	// Open are the inputs of the form that opens a case; nil where nobody opens one.
	Open []input
	// About are the inputs by which the content of a case is shown; nil is Open.
	About []input
	// Steps are the inputs of each step that people take; none is a form of one button.
	Steps map[sharing.Action][]input
	// Given fills an empty form with what is known already; nil fills in nothing.
	Given func(s *scene, f *form) error
	// Aside are steps that are not what the case waits for: their forms are closed
	// until they are wanted.
	Aside []sharing.Action
	// Offers reports whether a step that the machine and the policy allow is to be
	// offered for the case; nil offers all.
	Offers func(c desk.CaseView, action sharing.Action) bool
	// Facts are shown beside the content of a case.
	Facts func(v *visit, c desk.CaseView) ([]fact, error)
	// Sections follow the content of a case. See [visit.part].
	Sections func(v *visit, c desk.CaseView) ([]template.HTML, error)
	// FromResource and FromCase report whether the way to the opening form is shown
	// on the page of a catalog entry, which it is then about, or of a case, which is
	// then its parent; nil shows none. The reader may open a case of the procedure.
	FromResource func(v *visit, r sharing.Resource) bool
	FromCase     func(v *visit, c desk.CaseView) bool
	// OnResource and OnCase are pieces of the pages of catalog entries, and of cases of
	// the other procedures, such as the mark that data is being verified.
	OnResource func(v *visit, r sharing.Resource) ([]template.HTML, error)
	OnCase     func(v *visit, c desk.CaseView) ([]template.HTML, error)
	// Lead is shown above the opening form, such as the regulation's rule. The
	// catalog's text under lead.<procedure> stands there when it is nil.
	Lead func(v *visit) (string, error)
}

// faces has the face of every procedure that is served by the generic pages. Each
// is entered by the file that declares it.
var faces = map[sharing.Procedure]face{}

// about returns the inputs by which the content of a case is shown.
func (f face) about() []input {
	if f.About != nil {
		return f.About
	}
	return f.Open
}

// steps lists the steps of a procedure that have a form here, in the order of the
// story, those aside last.
func (f face) steps(p sharing.Procedure) []sharing.Action {
	var main, aside []sharing.Action
	for _, action := range p.Machine().Actions() {
		if _, ok := f.Steps[action]; !ok {
			continue
		}
		if slices.Contains(f.Aside, action) || slices.Contains(asideSteps, action) {
			aside = append(aside, action)
		} else {
			main = append(main, action)
		}
	}
	return append(main, aside...)
}

// sections gathers what the faces add to a page, in the order of the procedures.
func (v *visit) sections(of func(look face) ([]template.HTML, error)) ([]template.HTML, error) {
	var all []template.HTML
	for _, p := range sharing.Procedures {
		parts, err := of(faces[p])
		if err != nil {
			return nil, err
		}
		all = append(all, parts...)
	}
	return all, nil
}

// sectionsOf gathers what the faces add to the page of a case, that of its own
// procedure and the others, and what stands beside every case: letters and talk.
func (v *visit) sectionsOf(c desk.CaseView) (sections, beside []template.HTML, err error) {
	var own []template.HTML
	if look := faces[c.Procedure]; look.Sections != nil {
		if own, err = look.Sections(v, c); err != nil {
			return nil, nil, err
		}
	}
	others, err := v.sections(func(look face) ([]template.HTML, error) {
		if look.OnCase == nil {
			return nil, nil
		}
		return look.OnCase(v, c)
	})
	if err != nil {
		return nil, nil, err
	}
	letters, err := v.lettersSection(c)
	if err != nil {
		return nil, nil, err
	}
	talk, err := v.everyone(c)
	return slices.Concat(own, others), slices.Concat(letters, talk), err
}

// inputKind is how something is typed in, and what JSON is made of it.
type inputKind string

const (
	asLine       inputKind = "line"       // string
	asText       inputKind = "text"       // string, in several lines
	asNumber     inputKind = "number"     // whole number
	asDate       inputKind = "date"       // "2026-11-24"
	asSelect     inputKind = "select"     // string, one of Options or From
	asRadio      inputKind = "radio"      // the same, all to be seen
	asYesNo      inputKind = "yesno"      // true or false, to be chosen; words under opt.….true and .false
	asTick       inputKind = "tick"       // true when ticked
	asTicks      inputKind = "ticks"      // list of strings, of Options or From
	asLines      inputKind = "lines"      // list of strings, one in each line
	asRows       inputKind = "rows"       // list of objects with Columns
	asBasis      inputKind = "basis"      // list of [sharing.Basis]
	asFile       inputKind = "file"       // id of one uploaded file
	asFiles      inputKind = "files"      // list of ids of uploaded files
	asDepartment inputKind = "department" // id of a department of the region
	asResource   inputKind = "resource"   // id of a catalog entry that the reader may see
	asCase       inputKind = "case"       // id of a case that the reader may see
	asHidden     inputKind = "hidden"     // string, given by the address or by From
	asInstant    inputKind = "instant"    // an instant of the record, typed by nobody
	asDuty       inputKind = "duty"       // the name of a duty of the case's regulation, typed by nobody
)

// input is one thing typed into a form.
type input struct {
	// Name is the field of the JSON object; "entry.title" is a field of an object in it.
	Name string
	As   inputKind
	// Required marks the input. That it is there is for the message's Check to see,
	// but for asYesNo, which has no empty value.
	Required bool
	// Options are the codes to choose from, with words under opt.…
	Options []string
	// From returns what is to be chosen from, instead of Options.
	From func(s *scene) ([]choice, error)
	// Named is the kind of the words for a code of the record that From no longer
	// offers; empty leaves it as it is.
	Named string
	// Numeric makes the number n of the option "n".
	Numeric bool
	// If shows the input, and reads it, only when another one has a certain value.
	If *condition
	// Only leaves the input out where it returns false; nil keeps it.
	Only func(s *scene) bool
	// Columns of the rows.
	Columns []input
	// Given are the rows that a fresh form begins with, by the names of the columns;
	// nil begins with one empty row.
	Given func(s *scene) ([]map[string]string, error)
	// Suggest returns what is proposed for a line.
	Suggest func(s *scene) []string
	// Held offers the entries that the reader's department holds grants on, until
	// another is looked for.
	Held bool
	// Fills adds a button that fills the form with what the entry chosen says.
	Fills bool
	// Renew adds a button with which the form is laid out again, for offers that depend
	// on what was chosen here.
	Renew bool
	// Own narrows a resource to those of the reader's department.
	Own bool
}

// condition is that an input of the same form, or the same row, has one of the
// values.
type condition struct {
	Name   string
	Values []string
}

// when is the condition that the input has one of the values; those of a yes or no
// are "true" and "false".
func when(name string, values ...string) *condition { return &condition{name, values} }

// scene is where a form stands, on which its offers may depend.
type scene struct {
	*visit
	Procedure sharing.Procedure
	Action    sharing.Action // [sharing.Submit] for the form that opens a case
	Case      *desk.CaseView // nil for that form
	// Form is what was typed so far, on which offers may depend, too.
	Form *form
}

// basisColumns are the columns of a basis.
var basisColumns = []input{
	{Name: "law", As: asLine, Required: true, Suggest: func(s *scene) []string {
		if s.Case == nil {
			return nil
		}
		return []string{s.Case.Regulation.Title}
	}},
	{Name: "article", As: asLine, Required: true},
	{Name: "attachment", As: asFile},
}

// columns of an input that has rows.
func (in input) columns() []input {
	if in.As == asBasis {
		return basisColumns
	}
	return in.Columns
}

// inputKey returns the key of a text about the input at a path, such as
// "evidence.0.kind" without its numbers: of the step, of the procedure, or of all;
// and failing that, of the last name of the path alone. tail is a code that the
// text is for.
func (w words) inputKey(kind string, p sharing.Procedure, action sharing.Action, path, tail string) string {
	last := path[strings.LastIndexByte(path, '.')+1:]
	if tail != "" {
		path, last = path+"."+tail, last+"."+tail
	}
	return w.first(kind+"."+string(p)+"."+string(action)+"."+path, kind+"."+string(p)+"."+path, kind+"."+path,
		kind+"."+string(p)+"."+last, kind+"."+last)
}

// option puts a code that was chosen into words.
func (w words) option(p sharing.Procedure, action sharing.Action, path, code string) string {
	return w.T(w.inputKey("opt", p, action, path, code))
}

// choices lists what can be chosen.
func (s *scene) choices(in input, path string) ([]choice, error) {
	if in.From != nil {
		return in.From(s)
	}
	if in.As == asDepartment {
		departments, err := s.site.desk.Departments(s.ctx(), s.user)
		if err != nil {
			return nil, err
		}
		list := make([]choice, len(departments))
		for i, d := range departments {
			list[i] = choice{Value: d.ID, Label: s.words.pick(d.Name, d.NameEN)}
		}
		return list, nil
	}
	options := in.Options
	if in.As == asYesNo {
		options = []string{"true", "false"}
	}
	list := make([]choice, len(options))
	for i, o := range options {
		list[i] = choice{Value: o, Label: s.words.option(s.Procedure, s.Action, path, o)}
	}
	return list, nil
}
