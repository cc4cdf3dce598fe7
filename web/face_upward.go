package web

import (
	"gongshu/desk"
	"gongshu/sharing"
)

// A request upward bundles the needs of several departments for one kind of data.
func init() {
	faces[sharing.UpwardRequest] = face{
		Open: []input{
			{Name: "title", As: asLine, Required: true},
			{Name: "holder", As: asLine, Required: true},
			{Name: "needs", As: asTicks, From: collectedNeeds},
			{Name: "note", As: asText},
		},
		About: []input{
			{Name: "title", As: asLine},
			{Name: "holder", As: asLine},
			{Name: "note", As: asText},
		},
		Steps: map[sharing.Action][]input{
			sharing.Bundle:     {{Name: "needs", As: asTicks, From: collectedNeeds, Required: true}},
			sharing.SendUp:     dispatchInputs,
			sharing.RelayReply: replyInputs,
			sharing.Abandon:    {{Name: "note", As: asText, Required: true}},
		},
		Aside: []sharing.Action{sharing.Abandon},
		// The way leads from a need to the request that takes it in.
		FromCase: func(_ *visit, c desk.CaseView) bool {
			return c.Procedure == sharing.UpwardNeed && c.State == sharing.Collected
		},
	}
}

// dispatchInputs say how a request went up; the last of them is not for the
// departments.
var dispatchInputs = []input{
	{Name: "to", As: asLine, Required: true},
	{Name: "reference", As: asLine, Required: true},
	{Name: "sent_on", As: asDate, Required: true},
	{Name: "note", As: asText},
}

// replyInputs say what was answered above.
var replyInputs = []input{
	{Name: "granted", As: asYesNo, Required: true},
	{Name: "conditions", As: asText, If: when("granted", "true")},
	{Name: "valid_until", As: asDate, If: when("granted", "true")},
	{Name: "reasons", As: asText, Required: true, If: when("granted", "false")},
	{Name: "reference", As: asLine},
	{Name: "replied_on", As: asDate, Required: true},
}

// collectedNeeds are the needs that wait to be taken into a request.
func collectedNeeds(s *scene) ([]choice, error) {
	found, err := s.site.desk.Cases(s.ctx(), s.user, desk.CaseQuery{Procedure: sharing.UpwardNeed, State: sharing.Collected, Limit: desk.MaxLimit})
	if err != nil {
		return nil, err
	}
	from := s.QueryParam("parent")
	choices := make([]choice, 0, len(found.Items))
	for _, c := range found.Items {
		choices = append(choices, choice{
			Value: c.ID, Label: c.Title + " · " + s.words.pick(c.Applicant.Name, c.Applicant.NameEN) + " · " + c.Number, Chosen: c.ID == from,
		})
	}
	return choices, nil
}
