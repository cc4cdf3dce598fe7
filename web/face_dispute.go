package web

import (
	"html/template"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// Correction disputes: a doubt about a record that a department uses, or about a
// catalog entry where the regulation covers that.
func init() {
	faces[sharing.CorrectionDispute] = face{
		Open: []input{
			{Name: "resource", As: asResource, Required: true, Held: true, Renew: true},
			{Name: "about", As: asRadio, Options: []string{"data", "catalog"}, Only: coversCatalog},
			{Name: "record_key", As: asLine},
			{Name: "fields", As: asTicks, From: fieldsOfResource},
			{Name: "wrong", As: asText, Required: true},
			{Name: "evidence", As: asText},
			{Name: "attachments", As: asFiles},
			{Name: "channel", As: asSelect, From: channels, Only: severalChannels},
		},
		Steps: map[sharing.Action][]input{
			sharing.Verify: {
				{Name: "outcome", As: asRadio, Options: []string{"corrected", "explained"}, Required: true},
				{Name: "was_wrong", As: asText, Required: true, If: when("outcome", "corrected")},
				{Name: "correction", As: asText, Required: true, If: when("outcome", "corrected")},
				{Name: "corrected_on", As: asDate, Required: true, If: when("outcome", "corrected")},
				{Name: "reasons", As: asText, Required: true, If: when("outcome", "explained")},
				{Name: "basis", As: asBasis, If: when("outcome", "explained")},
				{Name: "attachments", As: asFiles},
			},
			sharing.Reassign: {
				{Name: "department", As: asDepartment, Required: true},
				{Name: "reason", As: asText, Required: true},
			},
			sharing.Withdraw: {{Name: "note", As: asText}},
		},
		Sections:     disputeSections,
		FromCase:     doubtsGrant,
		FromResource: doubtsEntry,
		OnResource:   func(v *visit, r sharing.Resource) ([]template.HTML, error) { return v.markOf(r.ID) },
		OnCase: func(v *visit, c desk.CaseView) ([]template.HTML, error) {
			if c.Procedure != sharing.ShareApplication || c.Applicant.ID != v.user.Department.ID {
				return nil, nil
			}
			return v.markOf(c.Resource.ID)
		},
	}
}

// coversCatalog reports whether doubts about catalog entries are disputes too.
func coversCatalog(s *scene) bool {
	law, err := s.site.desk.RegulationNow(s.ctx(), s.user)
	return err == nil && law.Dispute.CoversCatalog()
}

// fieldsOfResource offers the fields of the entry that was chosen, or that the case
// is about.
func fieldsOfResource(s *scene) ([]choice, error) {
	id := ""
	if s.Case != nil {
		id = s.Case.Resource.ID
	} else if id = s.Request().PostFormValue("resource"); id == "" {
		id = s.QueryParam("resource")
	}
	if id == "" {
		return nil, nil
	}
	resource, err := s.site.desk.Used(s.ctx(), s.user, id)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return nil, nil
	}
	list := make([]choice, len(resource.Fields))
	for i, f := range resource.Fields {
		list[i] = choice{Value: f.Name, Label: f.Title}
	}
	return list, err
}

// channels offers the ways in which doubts come in under the regulation.
func channels(s *scene) ([]choice, error) {
	law, err := s.site.desk.RegulationNow(s.ctx(), s.user)
	if sharing.CodeOf(err) == sharing.CodeNoRegulation {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := make([]choice, len(law.Dispute.Channels))
	for i, c := range law.Dispute.Channels {
		list[i] = choice{Value: c, Label: s.words.Code("channel", c)}
	}
	return list, nil
}

func severalChannels(s *scene) bool {
	list, err := channels(s)
	return err == nil && (len(list) > 1 || s.Case != nil)
}

// doubtsGrant reports whether the case gave the reader's department data that it can
// doubt now.
func doubtsGrant(v *visit, c desk.CaseView) bool {
	return c.Procedure == sharing.ShareApplication && c.Applicant.ID == v.user.Department.ID && (c.State == sharing.InUse || c.State == sharing.Provided)
}

// doubtsEntry reports whether the reader's department can doubt records of the
// entry, or the entry itself.
func doubtsEntry(v *visit, r sharing.Resource) bool {
	if r.Provider.ID == v.user.Department.ID {
		return false
	}
	asks, err := v.site.desk.MayDoubt(v.ctx(), v.user, r)
	return err == nil && asks
}

// disputeSections say on a dispute's page that the record is under verification,
// what holds meanwhile, and which other reports of it the reader may see.
func disputeSections(v *visit, c desk.CaseView) ([]template.HTML, error) {
	report, err := v.reportOf(c)
	if err != nil || c.Resource.ID == "" {
		return nil, err
	}
	status, err := v.site.desk.UnderVerification(v.ctx(), v.user, desk.RecordQuery{Resource: c.Resource.ID, RecordKey: report.RecordKey})
	if code := sharing.CodeOf(err); code == sharing.CodeNotFound || code == sharing.CodeForbidden {
		return nil, nil // the grant has ended since, and with it the right to ask
	}
	if err != nil || !status.UnderVerification {
		return nil, err
	}
	status.Cases = slices.DeleteFunc(status.Cases, func(o sharing.Case) bool { return o.ID == c.ID })
	part, err := v.part("dispute-status", status)
	return []template.HTML{part}, err
}

// markOf says how many records of an entry that the reader's department holds are
// under verification; nothing when none are.
func (v *visit) markOf(resourceID string) ([]template.HTML, error) {
	counts, err := v.site.desk.MarkCounts(v.ctx(), v.user, []string{resourceID})
	if err != nil || counts[resourceID] == 0 {
		return nil, err
	}
	part, err := v.part("dispute-mark", struct {
		Resource string
		N        int
	}{resourceID, counts[resourceID]})
	return []template.HTML{part}, err
}
