package web

import (
	"encoding/json"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// Coordination: a case of one's own is taken to the authority, or data is asked for
// in words.
func init() {
	cases := []string{string(sharing.OnRefusal), string(sharing.OnDispute), string(sharing.OnMisuse)}
	inWords := when("occasion", string(sharing.OnNotShared), string(sharing.OnNotListed))
	faces[sharing.Coordination] = face{
		Open: []input{
			{Name: "occasion", As: asRadio, Required: true, From: occasions},
			{Name: "parent", As: asCase, Required: true, If: when("occasion", cases...)},
			{Name: "data", As: asLine, Required: true, If: inWords},
			{Name: "holder", As: asLine, If: inWords},
			{Name: "items", As: asLines, Required: true, If: inWords},
			{Name: "purpose", As: asText, Required: true, If: inWords},
			{Name: "duty", As: asText, Required: true, If: inWords},
			{Name: "mode", As: asSelect, Required: true, If: inWords, From: modes},
			{Name: "term_months", As: asNumber, Required: true, If: inWords},
			{Name: "grounds", As: asText, Required: true},
			{Name: "attachments", As: asFiles},
		},
		Steps: map[sharing.Action][]input{
			sharing.NameOwner: {
				{Name: "department", As: asSelect, Required: true, From: owners},
				{Name: "note", As: asText},
			},
			sharing.Opine: {
				{Name: "view", As: asText, Required: true},
				{Name: "basis", As: asBasis},
				{Name: "attachments", As: asFiles},
			},
			sharing.Rule: {
				{Name: "outcome", As: asRadio, Required: true, From: outcomes},
				{Name: "reasons", As: asText, Required: true},
				{Name: "basis", As: asBasis},
				{Name: "fields", As: asTicks, If: when("outcome", string(sharing.Overturned)), Only: ofShareCase, From: fieldsRefused},
				{Name: "conditions", As: asText, If: when("outcome", string(sharing.Overturned)), Only: ofShareCase},
				{Name: "desensitise", As: asTick, If: when("outcome", string(sharing.Overturned)), Only: ofShareCase},
				{Name: "term_months", As: asNumber, If: when("outcome", string(sharing.Overturned)), Only: ofShareCase},
				{Name: "held_by", As: asLine, Required: true, If: when("outcome", string(sharing.PassedUp)), Only: passesUp},
				{Name: "attachments", As: asFiles},
			},
			sharing.Withdraw: {{Name: "note", As: asText}},
		},
		Aside:    []sharing.Action{sharing.NameOwner},
		Offers:   offersCoordination,
		FromCase: takesToAuthority,
	}
}

// occasionOf is the occasion of a case of coordination.
func occasionOf(c *desk.CaseView) sharing.Occasion {
	if c == nil {
		return ""
	}
	var about sharing.CoordinationRequest
	if json.Unmarshal(c.Content, &about) != nil {
		return ""
	}
	return about.Occasion
}

// offersCoordination: an owner is named only of what was asked for in words, and
// the authority has no view to state to itself.
func offersCoordination(c desk.CaseView, action sharing.Action) bool {
	return action != sharing.NameOwner || occasionOf(&c).InWords()
}

// occasions offers those that the region's regulation has; that of the case which
// the address names stands first chosen.
func occasions(s *scene) ([]choice, error) {
	if s.Case != nil {
		o := string(occasionOf(s.Case))
		return []choice{{Value: o, Label: s.words.Code("occasion", o)}}, nil
	}
	offered, err := s.site.desk.CoordinationOffered(s.ctx(), s.user)
	if err != nil {
		return nil, err
	}
	chosen := sharing.Occasion("")
	if parent := s.QueryParam("parent"); parent != "" {
		if view, err := s.site.desk.Case(s.ctx(), s.user, parent); err == nil {
			if chosen, _, err = s.site.desk.CoordinationOn(s.ctx(), s.user, view.Case); err != nil {
				return nil, err
			}
		}
	}
	list := make([]choice, len(offered))
	for i, o := range offered {
		list[i] = choice{Value: string(o), Label: s.words.Code("occasion", o), Chosen: o == chosen}
	}
	return list, nil
}

// modes offers the ways of having data.
func modes(s *scene) ([]choice, error) {
	list := make([]choice, len(sharing.Modes))
	for i, m := range sharing.Modes {
		list[i] = choice{Value: string(m), Label: s.words.Code("mode", m)}
	}
	return list, nil
}

// owners offers the departments that may hold the data.
func owners(s *scene) ([]choice, error) {
	departments, err := s.site.desk.Departments(s.ctx(), s.user)
	if err != nil {
		return nil, err
	}
	var list []choice
	for _, d := range departments {
		if d.Kind == sharing.OrdinaryDepartment && (s.Case == nil || d.ID != s.Case.Applicant.ID) {
			list = append(list, choice{Value: d.ID, Label: s.words.pick(d.Name, d.NameEN)})
		}
	}
	return list, nil
}

// outcomes offers what the authority can rule on the case.
func outcomes(s *scene) ([]choice, error) {
	if s.Case == nil {
		return nil, nil
	}
	var list []choice
	for _, o := range s.site.desk.Outcomes(s.Case.Case, occasionOf(s.Case)) {
		label := s.words.Code("ruling", o)
		if o == sharing.Upheld && occasionOf(s.Case).InWords() {
			label = s.words.T("ruling.declined")
		}
		list = append(list, choice{Value: string(o), Label: label})
	}
	return list, nil
}

// ofShareCase reports whether the ruling is on an application or a grant.
func ofShareCase(s *scene) bool {
	o := occasionOf(s.Case)
	return o == sharing.OnRefusal || o == sharing.OnMisuse
}

// passesUp reports whether what was asked for can be passed up.
func passesUp(s *scene) bool {
	return s.Case != nil && slices.Contains(s.site.desk.Outcomes(s.Case.Case, occasionOf(s.Case)), sharing.PassedUp)
}

// fieldsRefused offers the fields that were applied for.
func fieldsRefused(s *scene) ([]choice, error) {
	if s.Case == nil || s.Case.Parent == nil {
		return nil, nil
	}
	titles := map[string]string{}
	resource, err := s.site.desk.Used(s.ctx(), s.user, s.Case.Parent.Resource.ID)
	if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
		return nil, err
	}
	for _, f := range resource.Fields {
		titles[f.Name] = f.Title
	}
	var list []choice
	for _, name := range s.Case.Parent.Fields {
		label := titles[name]
		if label == "" {
			label = name
		}
		list = append(list, choice{Value: name, Label: label})
	}
	return list, nil
}

// takesToAuthority reports whether the reader can take the case to the authority as
// it stands.
func takesToAuthority(v *visit, c desk.CaseView) bool {
	o, _, err := v.site.desk.CoordinationOn(v.ctx(), v.user, c.Case)
	return err == nil && o != ""
}
