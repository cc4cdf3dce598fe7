package web

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

// maxBasis is how many grounds of law one refusal can name.
const maxBasis = 20

// answer agrees to an application, wholly or for part of its fields, or refuses
// it with reasons and legal basis.
func (v *visit) answer() error {
	f := v.form()
	if from := f.Value("adopt"); from != "" {
		if err := v.adopt(f, from); err != nil {
			return err
		}
		return v.again(http.StatusOK, sharing.Answer, f)
	}
	decision, err := v.readDecision(f)
	if err != nil {
		return err
	}
	if f.wantsRow() {
		f.Problems = map[string][]string{}
		f.Typed.Set("rows", strconv.Itoa(min(f.BasisRows()+1, maxBasis)))
		return v.again(http.StatusOK, sharing.Answer, f)
	}
	if f.Wrong() {
		return v.refuseForm(sharing.Answer, f)
	}
	if f.Value("check") != "" {
		return v.checkAnswer(f, decision)
	}
	outcome, err := v.site.desk.Answer(v.ctx(), v.user, v.act(f), decision)
	return v.stepped(sharing.Answer, f, outcome, err)
}

// checkAnswer shows what would be answered, without answering.
func (v *visit) checkAnswer(f *form, decision sharing.Decision) error {
	view, err := v.site.desk.Case(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	if err := decision.Check(view.Case, view.Refusal); err != nil {
		return v.stepped(sharing.Answer, f, desk.Outcome{}, err)
	}
	f.Typed.Set("checked", "yes")
	return v.again(http.StatusOK, sharing.Answer, f)
}

// adopt fills the form with what was answered on another case. What was typed
// stays where that one says nothing, and reasons and conditions are added to it.
func (v *visit) adopt(f *form, from string) error {
	view, err := v.site.desk.Case(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	earlier, err := v.site.desk.EarlierAnswers(v.ctx(), v.user, view.Case)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(earlier, func(e desk.EarlierAnswer) bool { return e.CaseID == from })
	if i < 0 {
		return nil // it is no longer among those that the reader is offered
	}
	said := earlier[i].Decision
	add := func(name, text string) {
		if typed := strings.TrimSpace(f.Value(name)); typed != "" && text != "" && !strings.Contains(typed, text) {
			text = typed + "\n" + text
		}
		if text != "" {
			f.Typed.Set(name, text)
		}
	}
	if said.Agree {
		f.Typed.Set("decision", "agree")
		add("conditions", said.Conditions)
		if said.Desensitise {
			f.Typed.Set("desensitise", "yes")
		}
		return nil
	}
	f.Typed.Set("decision", "refuse")
	add("reasons", said.Reasons)
	row := 0
	for row < f.BasisRows() && (f.Value(fmt.Sprintf("basis.%d.law", row)) != "" || f.Value(fmt.Sprintf("basis.%d.attachment", row)) != "") {
		row++
	}
	for _, b := range said.Basis {
		if row == maxBasis {
			break
		}
		f.Typed.Set(fmt.Sprintf("basis.%d.law", row), b.Law)
		f.Typed.Set(fmt.Sprintf("basis.%d.article", row), b.Article)
		row++
	}
	f.Typed.Set("rows", strconv.Itoa(max(row, 1)))
	return nil
}

// answerAids is what helps to answer a share application.
type answerAids struct {
	Articles []choice // of the regulation, with what they say, to rest a refusal on
	Partial  string   // article under which part of the fields can be shared
	Grades   map[string]sharing.Grade
	Earlier  []desk.EarlierAnswer
	// Coordination is the article under which a refusal could be taken to the
	// authority, empty where the regulation knows no such way.
	Coordination string
}

// answerAids gathers it where the reader can answer the case.
func (v *visit) answerAids(view desk.CaseView, r sharing.Resource) (answerAids, error) {
	var aids answerAids
	if !slices.Contains(view.Can, sharing.Answer) {
		return aids, nil
	}
	aids.Grades = map[string]sharing.Grade{}
	for _, field := range r.Fields {
		aids.Grades[field.Name] = field.Grade
	}
	if law, ok := v.site.desk.Law().ByID(view.RegulationID); ok {
		aids.Articles, aids.Partial = v.words.citations(law, r), law.Grants.PartialFields
		if law.Coordination.Offers(regulation.AfterRefusal) {
			aids.Coordination = law.Coordination.Article
		}
	}
	var err error
	aids.Earlier, err = v.site.desk.EarlierAnswers(v.ctx(), v.user, view.Case)
	return aids, err
}

// citations lists what a refusal can rest on, as the regulation has it: its value
// is the law and the article as documents cite them, its label what it says.
func (w words) citations(law *regulation.Regulation, r sharing.Resource) []choice {
	var list []choice
	add := func(article, what string) {
		if article == "" {
			return
		}
		value := law.Title + "|" + regulation.ArticleZh(article)
		if !slices.ContainsFunc(list, func(c choice) bool { return c.Value == value }) {
			list = append(list, choice{Value: value, Label: w.law(law) + " " + w.Article(article) + w.T("colon") + what})
		}
	}
	if class, ok := law.Classes[r.Class]; ok {
		add(class.Article, w.T("cite.class", w.pick(class.Name, class.NameEn)))
	}
	add(law.Use.OwnDutyOnly, w.T("cite.own_duty"))
	add(law.Use.NoPassingOn, w.T("cite.no_passing_on"))
	for _, e := range law.Application.Requires {
		if key := "cite.requires." + e.Element; w.Knows(key) {
			add(e.Article, w.T(key))
		}
	}
	add(law.Application.Article, w.T("cite.application"))
	add(law.Grants.Desensitised, w.T("cite.desensitised"))
	add(law.Use.Misuse, w.T("cite.misuse"))
	add(law.Refusal.Article, w.T("cite.refusal"))
	if r.Basis != "" {
		list = append(list, choice{Value: r.Basis + "|", Label: w.T("cite.entry", r.Basis)})
	}
	return list
}

// readDecision makes a decision of what was typed. Only the half of the form that
// belongs to the choice made is read.
func (v *visit) readDecision(f *form) (sharing.Decision, error) {
	var d sharing.Decision
	switch f.Value("decision") {
	case "agree":
		d.Agree = true
		d.Conditions = f.Value("conditions")
		d.Desensitise = f.Has("desensitise", "yes")
		d.TermMonths = f.number(v, "term_months", "/term_months")
		chosen := f.Typed["field"]
		all, err := strconv.Atoi(f.Value("fields"))
		if err == nil && all > 0 && len(chosen) == 0 {
			f.add("/fields", v.words.T("rule.required.fields"))
		}
		if len(chosen) != all {
			d.Fields = chosen
		}
	case "refuse":
		d.Reasons = f.Value("reasons")
		rows, err := v.readBasis(f)
		if err != nil {
			return d, err
		}
		d.Basis = rows
	default:
		f.add("/agree", v.words.T("rule.required.decision"))
	}
	return d, nil
}

// readBasis reads the rows of the legal basis. Empty rows at the end do not count.
func (v *visit) readBasis(f *form) ([]sharing.Basis, error) {
	var rows []sharing.Basis
	for i := range f.BasisRows() {
		name := fmt.Sprintf("basis.%d.", i)
		// What was picked counts where nothing was typed.
		if law, article, ok := strings.Cut(f.Value(name+"pick"), "|"); ok && f.Value(name+"law") == "" {
			f.Typed.Set(name+"law", law)
			f.Typed.Set(name+"article", article)
		}
		ids, err := v.upload(f, name+"file", fmt.Sprintf("/basis/%d/attachment", i))
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			f.Typed.Set(name+"attachment", ids[0])
		}
		rows = append(rows, sharing.Basis{
			Law:        strings.TrimSpace(f.Value(name + "law")),
			Article:    strings.TrimSpace(f.Value(name + "article")),
			Attachment: f.Value(name + "attachment"),
		})
	}
	for len(rows) > 0 && rows[len(rows)-1] == (sharing.Basis{}) {
		rows = rows[:len(rows)-1]
	}
	return rows, nil
}

// BasisRows is how many rows of legal basis the form shows.
func (f *form) BasisRows() int {
	n, err := strconv.Atoi(f.Value("rows"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, maxBasis)
}
