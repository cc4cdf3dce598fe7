package web

import (
	"gongshu/desk"
	"gongshu/sharing"
)

// Needs for data held above are stated in words: the region's catalog has no entry
// of it.
func init() {
	faces[sharing.UpwardNeed] = face{
		Open: []input{
			{Name: "title", As: asLine, Required: true},
			{Name: "holder", As: asLine, Required: true},
			{Name: "fields", As: asLines},
			{Name: "purpose", As: asText, Required: true},
			{Name: "duty", As: asText, Required: true},
			{Name: "mode", As: asSelect, From: modeChoices, Required: true},
			{Name: "term_months", As: asNumber, Required: true},
			{Name: "attachments", As: asFiles},
		},
		Steps: map[sharing.Action][]input{
			sharing.Withdraw: {{Name: "note", As: asText}},
		},
		Facts: needFacts,
	}
}

// needFacts are what became of the request that a need is part of: how it went up,
// and what was answered, as it was told to each department.
func needFacts(v *visit, c desk.CaseView) ([]fact, error) {
	var all []fact
	for _, act := range c.Acts {
		inputs := map[sharing.Action][]input{sharing.SendUp: dispatchInputs, sharing.RelayReply: replyInputs, sharing.Abandon: {{Name: "note", As: asText}}}[act.Action]
		facts, err := v.scene(&c, act.Action).facts(act.Body, inputs, nil)
		if err != nil {
			return nil, err
		}
		all = append(all, facts...)
	}
	return all, nil
}

// modeChoices are the ways of having data.
func modeChoices(s *scene) ([]choice, error) {
	choices := make([]choice, 0, len(sharing.Modes))
	for _, m := range sharing.Modes {
		choices = append(choices, choice{Value: string(m), Label: s.words.Code("mode", m)})
	}
	return choices, nil
}
