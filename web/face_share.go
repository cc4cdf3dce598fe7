package web

import (
	"html/template"

	"gongshu/desk"
	"gongshu/sharing"
)

// Share applications have a page of their own. What is said here are the
// authority's consent to a way of sharing, and the measures on a grant.
func init() {
	faces[sharing.ShareApplication] = face{
		Steps: map[sharing.Action][]input{
			sharing.Consent: {
				{Name: "agree", As: asYesNo, Required: true},
				{Name: "reasons", As: asText, Required: true, If: when("agree", "false")},
				{Name: "basis", As: asBasis, If: when("agree", "false")},
			},
			sharing.Suspend: measureInputs,
			sharing.Resume:  {{Name: "note", As: asText, Required: true}},
			sharing.Revoke:  measureInputs,
		},
		Aside: []sharing.Action{sharing.Suspend, sharing.Resume, sharing.Revoke},
		Sections: func(v *visit, c desk.CaseView) ([]template.HTML, error) {
			if c.Consent == nil {
				return nil, nil
			}
			part, err := v.part("share-grant", c)
			return []template.HTML{part}, err
		},
	}
}

// measureInputs are typed in when a grant is suspended or revoked.
var measureInputs = []input{
	{Name: "reasons", As: asText, Required: true},
	{Name: "basis", As: asBasis},
}
