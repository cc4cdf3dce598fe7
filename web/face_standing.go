package web

import "gongshu/sharing"

// Standing duties come up by schedule; departments report what they did.
func init() {
	faces[sharing.StandingDuty] = face{
		About: []input{
			{Name: "duty", As: asDuty},
			{Name: "year", As: asNumber},
			{Name: "since", As: asInstant},
		},
		Steps: map[sharing.Action][]input{
			sharing.Fulfil: {
				{Name: "note", As: asText, Required: true},
				{Name: "attachments", As: asFiles},
			},
			sharing.Waive: {
				{Name: "note", As: asText, Required: true},
			},
		},
		Aside: []sharing.Action{sharing.Waive},
	}
}
