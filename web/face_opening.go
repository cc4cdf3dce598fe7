package web

import (
	"encoding/json"
	"slices"

	"gongshu/sharing"
)

// Open-data requests, as the department sees them that owns the data. Citizens and
// companies have pages of their own: see public.go.
func init() {
	faces[sharing.OpeningRequest] = face{
		About: append([]input{{Name: "fields", As: asTicks, From: askedFields}}, openingInputs...),
		Steps: map[sharing.Action][]input{
			sharing.Screen: {
				{Name: "agree", As: asYesNo, Required: true},
				{Name: "reasons", As: asText, Required: true, If: when("agree", "false")},
				{Name: "basis", As: asBasis, If: when("agree", "false")},
			},
			sharing.AnswerOpening: {
				{Name: "agree", As: asYesNo, Required: true},
				{Name: "way", As: asRadio, Options: []string{"link", "api", "file"}, Required: true, If: when("agree", "true")},
				{Name: "locator", As: asLine, If: when("agree", "true")},
				{Name: "attachments", As: asFiles, If: when("agree", "true")},
				{Name: "fields", As: asTicks, From: askedFields, If: when("agree", "true")},
				{Name: "agreement", As: asText, Required: true, If: when("agree", "true"), Only: agreementFirst},
				{Name: "reasons", As: asText, Required: true, If: when("agree", "false")},
				{Name: "basis", As: asBasis, If: when("agree", "false")},
			},
			sharing.SignAgreement: {{Name: "name", As: asLine, Required: true}},
			sharing.Withdraw:      {{Name: "note", As: asText}},
		},
	}
}

// openingInputs are what somebody says who asks for open data, but for the fields.
var openingInputs = []input{
	{Name: "kind", As: asRadio, Options: []string{"person", "company"}, Required: true},
	{Name: "name", As: asLine, Required: true},
	{Name: "contact", As: asLine, Required: true},
	{Name: "purpose", As: asText, Required: true},
	{Name: "plan", As: asText, Required: true},
}

// agreementFirst reports whether the case's regulation has a data-use agreement
// signed first, or an agreement was written.
func agreementFirst(s *scene) bool {
	if s.Case == nil {
		return true
	}
	law, ok := s.site.desk.Law().ByID(s.Case.RegulationID)
	return ok && law.Opening.Agreement != ""
}

// askedFields offers the fields that were asked for, by the titles that the catalog
// gives them.
func askedFields(s *scene) ([]choice, error) {
	if s.Case == nil || len(s.Case.Content) == 0 {
		return nil, nil
	}
	var asked sharing.OpeningApplication
	if err := json.Unmarshal(s.Case.Content, &asked); err != nil {
		return nil, err
	}
	entry, err := s.site.desk.OpenEntry(s.ctx(), s.Case.Resource.ID)
	if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
		return nil, err
	}
	list := make([]choice, len(asked.Fields))
	for i, name := range asked.Fields {
		list[i] = choice{Value: name, Label: name}
		for _, f := range entry.Fields {
			if f.Name == name {
				list[i].Label = f.Title
			}
		}
	}
	return slices.Clip(list), nil
}
