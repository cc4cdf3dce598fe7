package web

import (
	"encoding/json"
	"net/http"

	"gongshu/desk"
	"gongshu/sharing"
)

// verificationPage answers window staff whether a record is under verification.
type verificationPage struct {
	Form   *form
	Status *desk.RecordStatus // nil until it was asked for
	// Entries that the reader's department holds, to choose from.
	Entries []choice
}

// verification asks for a record and shows whether it is under verification.
func (v *visit) verification() error {
	if !v.site.desk.MayCheckRecords(v.user) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	page := verificationPage{Form: newForm(0)}
	resource, key := v.QueryParam("resource"), v.QueryParam("record_key")
	page.Form.Typed.Set("resource", resource)
	page.Form.Typed.Set("record_key", key)
	held, err := v.site.desk.Grants(v.ctx(), v.user, desk.GrantQuery{As: sharing.AsApplicant, State: sharing.GrantActive, Limit: desk.MaxLimit})
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, g := range held.Items {
		if !seen[g.Resource.ID] {
			seen[g.Resource.ID] = true
			page.Entries = append(page.Entries, choice{Value: g.Resource.Code, Label: g.Resource.Title})
		}
	}
	status := http.StatusOK
	if resource != "" {
		found, err := v.site.desk.UnderVerification(v.ctx(), v.user, desk.RecordQuery{Resource: resource, RecordKey: key})
		switch sharing.CodeOf(err) {
		case sharing.CodeNotFound:
			page.Form.Problems["/resource"] = []string{v.words.T("verification.no_entry")}
			status = http.StatusNotFound
		case sharing.CodeForbidden:
			page.Form.Problems["/resource"] = []string{v.words.T("verification.not_held")}
			status = http.StatusForbidden
		case sharing.CodeInvalid:
			page.Form.Problems["/record_key"] = []string{v.words.T("verification.key")}
			status = http.StatusUnprocessableEntity
		default:
			if err != nil {
				return err
			}
			page.Status = &found
		}
	}
	return v.show(status, "verification", "records", page)
}

// marksPage lists the records under verification, or the corrections, of data that
// the reader's department holds.
type marksPage struct {
	Tabs      []tab
	Corrected bool
	Found     desk.Page[desk.Mark]
	More      more
	Titles    map[string]string // of fields, by resource id and name
}

// Title names a field of a marked resource.
func (p marksPage) Title(resourceID, field string) string {
	if title := p.Titles[resourceID+"/"+field]; title != "" {
		return title
	}
	return field
}

// marks lists the marks.
func (v *visit) marks() error {
	tabs, tab := v.tabs("/records/marks", "tab", []string{"open", "corrected"}, func(value string) string { return v.words.T("marks.tab." + value) })
	page := marksPage{Tabs: tabs, Corrected: tab == "corrected", Titles: map[string]string{}}
	var err error
	if page.Found, err = v.site.desk.Marks(v.ctx(), v.user, desk.MarkQuery{
		Resource: v.QueryParam("resource"), Corrected: page.Corrected, Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit,
	}); err != nil {
		return err
	}
	page.More = v.more(page.Found.Total, page.Found.Next)
	named := map[string]bool{}
	for _, m := range page.Found.Items {
		if named[m.Resource.ID] {
			continue
		}
		named[m.Resource.ID] = true
		resource, err := v.site.desk.Used(v.ctx(), v.user, m.Resource.ID)
		if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
			return err
		}
		for _, f := range resource.Fields {
			page.Titles[m.Resource.ID+"/"+f.Name] = f.Title
		}
	}
	return v.ok("marks", "records", page)
}

// reportOf is what a dispute is about.
func (v *visit) reportOf(c desk.CaseView) (sharing.DisputeReport, error) {
	var report sharing.DisputeReport
	err := json.Unmarshal(c.Content, &report)
	return report, err
}
