package web

import (
	"encoding/json"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Rectification: a finding, the rungs of the regulation, and the evidence.
func init() {
	faces[sharing.RectificationOrder] = face{
		Open: []input{
			{Name: "department", As: asDepartment, Required: true},
			{Name: "ground", As: asSelect, From: grounds, Required: true},
			{Name: "finding", As: asText, Required: true},
			{Name: "days", As: asNumber},
			{Name: "until", As: asDate},
			{Name: "attachments", As: asFiles},
		},
		About: []input{
			{Name: "ground", As: asSelect, From: grounds},
			{Name: "finding", As: asText},
			{Name: "attachments", As: asFiles},
		},
		Steps: map[sharing.Action][]input{
			sharing.HandInEvidence: {
				{Name: "text", As: asText, Required: true},
				{Name: "attachments", As: asFiles},
			},
			sharing.JudgeEvidence: {
				{Name: "agree", As: asYesNo, Required: true},
				{Name: "reasons", As: asText, Required: true, If: when("agree", "false")},
				{Name: "basis", As: asBasis, If: when("agree", "false")},
			},
			sharing.Escalate: {
				{Name: "reasons", As: asText, Required: true},
				{Name: "serious", As: asTick},
				{Name: "days", As: asNumber, Only: givesTime},
				{Name: "until", As: asDate, Only: givesTime},
				{Name: "attachments", As: asFiles},
			},
			sharing.Cancel: {{Name: "note", As: asText, Required: true}},
		},
		Aside: []sharing.Action{sharing.Escalate, sharing.Cancel},
		Facts: rectificationFacts,
		Lead:  rectificationLead,
	}
}

// lawOf is the regulation of the scene's case, or the one in force for a new one;
// nil where there is none.
func lawOf(s *scene) (*regulation.Regulation, error) {
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

// grounds offers those of the regulation, each with its article.
func grounds(s *scene) ([]choice, error) {
	law, err := lawOf(s)
	if law == nil || err != nil {
		return nil, err
	}
	choices := make([]choice, len(law.Supervision.Grounds))
	for i, g := range law.Supervision.Grounds {
		choices[i] = choice{Value: g.Ground, Label: s.words.pick(g.Title, g.TitleEn) + " · " + s.words.Article(g.Article)}
	}
	return choices, nil
}

// givesTime reports whether the next rung can set a deadline.
func givesTime(s *scene) bool {
	if s.Case == nil {
		return true
	}
	next, ok := s.site.desk.NextRung(s.Case.Case)
	return !ok || next.Step != sharing.StepSanctions
}

// rectificationLead names the first step that the regulation has.
func rectificationLead(v *visit) (string, error) {
	law, err := lawOf(v.opening(sharing.RectificationOrder))
	if law == nil || err != nil {
		return v.words.Code("lead", sharing.RectificationOrder), err
	}
	first, ok := law.Supervision.First()
	if !ok {
		return v.words.T("rectification.none", v.words.pick(law.Title, law.TitleEn)), nil
	}
	lead := v.words.Code("lead", sharing.RectificationOrder) + v.words.T("rectification.first", v.rung(first), v.words.pick(law.Roles[first.By].Name, law.Roles[first.By].NameEn))
	if first.Deadline {
		lead += v.words.T("rectification.term")
	}
	return lead, nil
}

// rung names a rung with its article.
func (v *visit) rung(r regulation.RectificationStep) string {
	return v.words.pick(r.Title, r.TitleEn) + " " + v.words.Article(r.Article)
}

// rectificationFacts say on which rung the case stands, what comes next and by
// whom, and which limit it followed from.
func rectificationFacts(v *visit, c desk.CaseView) ([]fact, error) {
	var record sharing.RectificationRecord
	if len(c.Content) > 0 {
		if err := json.Unmarshal(c.Content, &record); err != nil {
			return nil, err
		}
	}
	law, ok := v.site.desk.Law().ByID(c.RegulationID)
	if !ok {
		return nil, nil
	}
	var facts []fact
	if rung, ok := law.Supervision.Rung(record.Step); ok {
		facts = append(facts, plainFact(v.words.T("rectification.rung"), v.rung(rung)))
	}
	if next, ok := law.Supervision.Next(record.Step); ok && c.Open() {
		by := law.Roles[next.By]
		facts = append(facts, plainFact(v.words.T("rectification.next"), v.rung(next)+" · "+v.words.pick(by.Name, by.NameEn)))
	}
	if duty, ok := law.Duty(record.Duty); ok {
		facts = append(facts, plainFact(v.words.T("rectification.because"), v.words.pick(duty.Title, duty.TitleEn)))
	}
	return facts, nil
}

// criticismsPage lists the public criticisms of the region.
type criticismsPage struct {
	Found desk.Page[desk.Criticism]
	More  more
}

func (v *visit) criticisms() error {
	found, err := v.site.desk.Criticisms(v.ctx(), v.user, v.QueryParam("cursor"), desk.DefaultLimit)
	if err != nil {
		return err
	}
	return v.ok("criticisms", "home", criticismsPage{Found: found, More: v.more(found.Total, found.Next)})
}
