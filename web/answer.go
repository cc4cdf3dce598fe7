package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"gongshu/sharing"
)

// maxBasis is how many grounds of law one refusal can name.
const maxBasis = 20

// answer agrees to an application, wholly or for part of its fields, or refuses
// it with reasons and legal basis.
func (v *visit) answer() error {
	f := v.form()
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
	outcome, err := v.site.desk.Answer(v.ctx(), v.user, v.act(f), decision)
	return v.stepped(sharing.Answer, f, outcome, err)
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
