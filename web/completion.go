package web

import (
	"net/http"
	"strconv"
	"strings"

	"gongshu/sharing"
)

// requestCompletion names everything that is missing from an application, once.
func (v *visit) requestCompletion() error {
	f := v.form()
	var gaps []string
	for _, gap := range f.Typed["gap"] {
		if strings.TrimSpace(gap) != "" {
			gaps = append(gaps, strings.TrimSpace(gap))
		}
	}
	f.Typed["gap"] = gaps
	if f.wantsRow() {
		f.Typed.Set("rows", strconv.Itoa(min(f.gapRows()+2, sharing.MaxGaps)))
		return v.again(http.StatusOK, sharing.RequestCompletion, f)
	}
	outcome, err := v.site.desk.RequestCompletion(v.ctx(), v.user, v.act(f), sharing.Completion{Gaps: gaps, Note: f.Value("note")})
	return v.stepped(sharing.RequestCompletion, f, outcome, err)
}

// gapRows is how many lines for gaps the form shows.
func (f *form) gapRows() int {
	n, err := strconv.Atoi(f.Value("rows"))
	if err != nil || n < 2 {
		n = 2
	}
	return min(max(n, len(f.Typed["gap"])), sharing.MaxGaps)
}

// Gaps lists the lines for gaps with what stands in them.
func (f *form) Gaps() []string {
	lines := make([]string, f.gapRows())
	copy(lines, f.Typed["gap"])
	return lines
}

// complete adds what was asked for.
func (v *visit) complete() error {
	f := v.form()
	ids, err := v.attach(f)
	if err != nil {
		return err
	}
	if f.Value("detach") != "" {
		return v.again(http.StatusOK, sharing.Complete, f)
	}
	if f.Wrong() {
		return v.refuseForm(sharing.Complete, f)
	}
	outcome, err := v.site.desk.Complete(v.ctx(), v.user, v.act(f), sharing.Completed{
		Purpose: f.Value("purpose"), Duty: f.Value("duty"), Note: f.Value("note"), Attachments: ids,
	})
	return v.stepped(sharing.Complete, f, outcome, err)
}
