package web

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Catalog changes: one form for all kinds, of which each asks for its own part. It
// begins with the entry as it is, so that one types what changes and nothing else.
func init() {
	ruling := []input{{Name: "agree", As: asYesNo, Required: true}, {Name: "reasons", As: asText, Required: true, If: when("agree", "false")}}
	faces[sharing.CatalogChange] = face{
		Open: changeInputs(false),
		Steps: map[sharing.Action][]input{
			sharing.ReviewChange: ruling,
			sharing.ClearSecrecy: ruling,
			sharing.CheckChange:  ruling,
			sharing.ApproveAbove: ruling,
			sharing.Revise:       changeInputs(true),
			sharing.EndEarly:     {{Name: "note", As: asText, Required: true}},
			sharing.Withdraw:     {{Name: "note", As: asText}},
		},
		Aside:        []sharing.Action{sharing.EndEarly},
		Given:        givenChange,
		Sections:     changeSections,
		FromResource: ownEntry,
		OnResource:   versionsOfEntry,
		OnCase:       noticesOnCase,
	}
}

// changeInputs are the inputs of a proposal. Kind and entry of one that is revised
// stay as they are.
func changeInputs(revised bool) []input {
	what := []string{string(sharing.NewEntry), string(sharing.ChangedElements)}
	class := []string{string(sharing.NewEntry), string(sharing.ChangedClass), string(sharing.TemporaryClass)}
	open := []string{string(sharing.NewEntry), string(sharing.ChangedClass)}
	temporary := string(sharing.TemporaryClass)
	inputs := []input{
		{Name: "kind", As: asRadio, From: changeKinds, Required: true},
		{Name: "resource_id", As: asResource, Own: true, Fills: true, If: when("kind", string(sharing.ChangedElements), string(sharing.ChangedClass), string(sharing.WithdrawnEntry), temporary)},
	}
	if revised {
		inputs = []input{{Name: "kind", As: asHidden}, {Name: "resource_id", As: asHidden}}
	}
	inputs = append(inputs, []input{
		{Name: "entry.code", As: asLine, Required: true, If: when("kind", string(sharing.NewEntry))},
		{Name: "entry.title", As: asLine, If: when("kind", what...)},
		{Name: "entry.description", As: asText, If: when("kind", what...)},
		{Name: "entry.class", As: asSelect, From: coded("class", codesOf(sharing.Classes)), If: when("kind", class...)},
		{Name: "entry.open_class", As: asSelect, From: coded("open", codesOf(sharing.OpenClasses)), If: when("kind", open...)},
		{Name: "entry.basis", As: asRows, If: when("kind", class...), Columns: []input{
			{Name: "source", As: asSelect, From: basisSources}, {Name: "law", As: asLine}, {Name: "article", As: asLine}}},
		{Name: "entry.condition", As: asText, If: when("kind", class...)},
		{Name: "entry.grade", As: asSelect, Numeric: true, From: grades, If: when("kind", what...)},
		{Name: "entry.cycle", As: asSelect, From: coded("cycle", codesOf(sharing.EntryCycles)), If: when("kind", what...)},
		{Name: "entry.format", As: asLine, If: when("kind", what...)},
		{Name: "entry.modes", As: asTicks, From: modesOffered, If: when("kind", what...)},
		{Name: "entry.base", As: asSelect, From: coded("base", codesOf(bases)), If: when("kind", what...)},
		{Name: "entry.fields", As: asRows, If: when("kind", what...), Columns: []input{
			{Name: "name", As: asLine, Required: true}, {Name: "title", As: asLine, Required: true},
			{Name: "type", As: asSelect, Options: sharing.FieldTypes}, {Name: "grade", As: asSelect, Numeric: true, From: fieldGrades}}},
		{Name: "trigger", As: asRadio, Options: codesOf(sharing.ChangeTriggers), Required: true},
		{Name: "triggered_on", As: asDate, If: when("trigger", string(sharing.LawChanged), string(sharing.FunctionChanged), string(sharing.ElementsChanged))},
		{Name: "why", As: asText, Required: true},
		{Name: "effective_on", As: asDate, If: when("kind", string(sharing.NewEntry), string(sharing.ChangedElements), string(sharing.ChangedClass), string(sharing.WithdrawnEntry))},
		{Name: "ground", As: asSelect, From: temporaryGrounds, If: when("kind", temporary)},
		{Name: "last_day", As: asDate, If: when("kind", temporary)},
		{Name: "second_source_reason", As: asText, If: when("kind", what...)},
		{Name: "attachments", As: asFiles},
	}...)
	if !revised {
		inputs = append(inputs, input{Name: "draft", As: asTick})
	}
	return inputs
}

// codesOf returns codes as strings.
func codesOf[T ~string](codes []T) []string {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = string(c)
	}
	return texts
}

// coded offers codes that have words of their own kind, after none at all.
func coded(kind string, codes []string) func(*scene) ([]choice, error) {
	return func(s *scene) ([]choice, error) {
		list := make([]choice, 0, len(codes)+1)
		list = append(list, choice{Label: s.words.T("change.as_is")})
		for _, c := range codes {
			list = append(list, choice{Value: c, Label: s.words.Code(kind, c)})
		}
		return list, nil
	}
}

func grades(s *scene) ([]choice, error) {
	list, err := fieldGrades(s)
	return append([]choice{{Label: s.words.T("change.as_is")}}, list...), err
}

// fieldGrades offers the grades of a field, which is listed anew.
func fieldGrades(s *scene) ([]choice, error) {
	var list []choice
	for g := sharing.LowestGrade; g <= sharing.HighestGrade; g++ {
		list = append(list, choice{Value: strconv.Itoa(int(g)), Label: s.words.T("grade", int(g))})
	}
	return list, nil
}

// law is the regulation of the case, or the one in force now for a form that opens
// one; nil when there is none.
func (s *scene) law() (*regulation.Regulation, error) {
	if s.Case != nil {
		law, _ := s.site.desk.Law().ByID(s.Case.RegulationID)
		return law, nil
	}
	law, err := s.site.desk.RegulationNow(s.ctx(), s.user)
	if sharing.CodeOf(err) == sharing.CodeNoRegulation {
		return nil, nil
	}
	return law, err
}

// changeKinds offers the kinds of changes that the regulation knows.
func changeKinds(s *scene) ([]choice, error) {
	law, err := s.law()
	if err != nil {
		return nil, err
	}
	var list []choice
	for _, k := range sharing.ChangeKinds {
		if k == sharing.TemporaryClass && s.Case == nil && (law == nil || law.Catalog.TemporaryChange == nil) {
			continue
		}
		list = append(list, choice{Value: string(k), Label: s.words.Code("change.kind", k)})
	}
	return list, nil
}

// basisSources offers the kinds of documents that count under the regulation for
// any class, and all where it says nothing.
func basisSources(s *scene) ([]choice, error) {
	law, err := s.law()
	if err != nil {
		return nil, err
	}
	count := map[string]bool{}
	if law != nil {
		for _, rule := range law.Catalog.LegalBasis {
			for _, source := range rule.Sources {
				count[source] = true
			}
		}
	}
	list := []choice{{}}
	for _, source := range sharing.GroundSources {
		if len(count) == 0 || count[source] {
			list = append(list, choice{Value: source, Label: s.words.Code("source", source)})
		}
	}
	return list, nil
}

func modesOffered(s *scene) ([]choice, error) {
	modes, err := s.modes()
	if err != nil {
		return nil, err
	}
	list := make([]choice, len(modes))
	for i, m := range modes {
		list[i] = choice{Value: string(m), Label: s.words.Code("mode", m)}
	}
	return list, nil
}

// temporaryGrounds offers the grounds on which a class can be changed for a time.
func temporaryGrounds(s *scene) ([]choice, error) {
	law, err := s.law()
	if err != nil {
		return nil, err
	}
	list := []choice{{}}
	if law != nil && law.Catalog.TemporaryChange != nil {
		for _, g := range law.Catalog.TemporaryChange.Grounds {
			list = append(list, choice{Value: g, Label: s.words.Code("ground", g)})
		}
	}
	return list, nil
}

// ownEntry reports whether the entry is the reader's department's own to change.
func ownEntry(v *visit, r sharing.Resource) bool {
	return r.Provider.ID == v.user.Department.ID && !r.Withdrawn
}

// givenChange fills a form with what is there already: the proposal that is revised,
// or the elements of the entry that is to be changed.
func givenChange(s *scene, f *form) error {
	if s.Case != nil {
		if s.Action != sharing.Revise {
			return nil
		}
		var said map[string]any
		if err := json.Unmarshal(s.Case.Content, &said); err != nil {
			return err
		}
		give(f.Typed, "", said)
		return nil
	}
	id := f.Value("resource_id")
	if id == "" {
		return nil
	}
	r, err := s.site.desk.Resource(s.ctx(), s.user, id)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	draft := sharing.EntryDraft{Title: r.Title, Description: r.Description, Grade: r.Grade, Cycle: r.Cycle, Format: r.Format,
		Modes: r.Modes, Base: r.Base, Fields: r.Fields}
	b, err := json.Marshal(draft)
	if err != nil {
		return err
	}
	var entry map[string]any
	if err := json.Unmarshal(b, &entry); err != nil {
		return err
	}
	give(f.Typed, "entry", entry)
	if f.Value("kind") == "" {
		f.Typed.Set("kind", string(sharing.ChangedElements))
	}
	return nil
}

// give writes a JSON value into a form as if it had been typed.
func give(typed url.Values, name string, value any) {
	switch value := value.(type) {
	case map[string]any:
		for key, inner := range value {
			if name != "" {
				key = name + "." + key
			}
			give(typed, key, inner)
		}
	case []any:
		for i, each := range value {
			if _, row := each.(map[string]any); row {
				typed.Set(name+".rows", strconv.Itoa(len(value)))
				give(typed, name+"."+strconv.Itoa(i), each)
				continue
			}
			kept := name
			if name == "attachments" {
				kept += ".attachment" // files are named, not uploaded again
			}
			typed.Add(kept, fmt.Sprint(each))
		}
	case nil:
	default:
		typed.Set(name, fmt.Sprint(value))
	}
}

// differenceLine is one thing that differs between two versions of an entry.
type differenceLine struct{ Label, Before, After string }

// differences puts what differs into words.
func (v *visit) differences(all []sharing.Difference) []differenceLine {
	lines := make([]differenceLine, len(all))
	for i, d := range all {
		line := differenceLine{Before: v.element(d.Field, d.Before), After: v.element(d.Field, d.After)}
		if name, item := strings.CutPrefix(d.Field, "fields/"); item {
			line.Label = v.words.T("differs.field", name)
		} else {
			line.Label = v.words.Code("differs", d.Field)
		}
		lines[i] = line
	}
	return lines
}

// element puts the value of an element into words; "" when there is none.
func (v *visit) element(field, value string) string {
	if value == "" {
		return ""
	}
	switch field {
	case "class", "cycle", "base":
		return v.words.Code(field, value)
	case "open_class":
		return v.words.Code("open", value)
	case "grade":
		return v.words.T("grade", value)
	case "withdrawn":
		return v.words.T("yes")
	case "modes":
		modes := strings.Split(value, ", ")
		for i, m := range modes {
			modes[i] = v.words.Code("mode", m)
		}
		return strings.Join(modes, v.words.T("comma"))
	}
	return value
}

// changeSections show what a change changes, and who has read its warning.
func changeSections(v *visit, c desk.CaseView) ([]template.HTML, error) {
	var matter sharing.ChangeMatter
	if err := json.Unmarshal(c.Content, &matter); err != nil {
		return nil, err
	}
	var parts []template.HTML
	if len(matter.Diff) > 0 {
		on := matter.TakesEffectOn
		part, err := v.part("change-diff", changeDiff{Lines: v.differences(matter.Diff), TakesEffectOn: on, Resource: c.Resource.ID})
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	holders, err := v.site.desk.ChangeHolders(v.ctx(), v.user, c.ID)
	if err != nil || len(holders) == 0 {
		return parts, err
	}
	part, err := v.part("change-holders", holders)
	return append(parts, part), err
}

// changeDiff is what a change changes, and from when.
type changeDiff struct {
	Lines         []differenceLine
	TakesEffectOn sharing.Date
	Resource      string
}

// noticeLine is a change ahead as a holder of a grant reads of it.
type noticeLine struct {
	desk.ChangeNotice
	Lines []differenceLine
	CSRF  string
	Key   string
	Back  string // the page to come back to
}

func (v *visit) noticeLines(all []desk.ChangeNotice, back string) []noticeLine {
	lines := make([]noticeLine, len(all))
	for i, n := range all {
		lines[i] = noticeLine{ChangeNotice: n, Lines: v.differences(n.Diff), CSRF: v.mark(), Key: newForm(0).Key, Back: back}
	}
	return lines
}

// noticesOn are the changes ahead of one entry of which the reader's department has
// data.
func (v *visit) noticesOn(resourceID, back string) ([]template.HTML, error) {
	notices, err := v.site.desk.ChangeNotices(v.ctx(), v.user)
	if err != nil {
		return nil, err
	}
	notices = slices.DeleteFunc(notices, func(n desk.ChangeNotice) bool { return n.Resource.ID != resourceID })
	var parts []template.HTML
	for _, line := range v.noticeLines(notices, back) {
		part, err := v.part("change-notice", line)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// noticesOnCase shows the changes ahead on the case under which the reader's
// department was given the data.
func noticesOnCase(v *visit, c desk.CaseView) ([]template.HTML, error) {
	if c.Procedure != sharing.ShareApplication || c.Applicant.ID != v.user.Department.ID {
		return nil, nil
	}
	return v.noticesOn(c.Resource.ID, "/cases/"+segment(c.ID))
}

// versionsOfEntry shows the changes ahead of an entry, and leads to its versions.
func versionsOfEntry(v *visit, r sharing.Resource) ([]template.HTML, error) {
	parts, err := v.noticesOn(r.ID, "/catalog/"+segment(r.ID))
	if err != nil {
		return nil, err
	}
	if r.Version > 1 || r.Withdrawn {
		part, err := v.part("change-versions", r)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, nil
}

// noticesPage lists the changes ahead of what the reader's department uses.
type noticesPage struct{ Notices []noticeLine }

// changeNotices lists the changes ahead of what one's department uses.
func (v *visit) changeNotices() error {
	notices, err := v.site.desk.ChangeNotices(v.ctx(), v.user)
	if err != nil {
		return err
	}
	return v.ok("change_notices", "messages", noticesPage{Notices: v.noticeLines(notices, "/changes/notices")})
}

// acknowledgeChange says that one's department has read of a change.
func (v *visit) acknowledgeChange() error {
	f := v.form()
	if err := v.site.desk.AcknowledgeChange(v.ctx(), v.user, f.Key, v.Param("id")); err != nil {
		return err
	}
	v.leave("done."+string(sharing.Acknowledge), "")
	back := f.Value("back")
	if !strings.HasPrefix(back, "/cases/") && !strings.HasPrefix(back, "/catalog/") {
		back = "/changes/notices"
	}
	return v.redirect(back)
}

// backToNotices leads from the address of a form to the page it is on.
func (v *visit) backToNotices() error { return v.redirect("/changes/notices") }

// versionsPage lists the versions of a catalog entry.
type versionsPage struct {
	Title    string
	Resource string
	Versions []versionLine
}

type versionLine struct {
	desk.VersionView
	Lines []differenceLine
}

// versions lists the versions of a catalog entry with what each changed.
func (v *visit) versions() error {
	all, err := v.site.desk.Versions(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	page := versionsPage{Title: all[0].Title, Resource: all[0].ID}
	for _, version := range all {
		page.Versions = append(page.Versions, versionLine{VersionView: version, Lines: v.differences(version.Diff)})
	}
	return v.ok("versions", "catalog", page)
}
