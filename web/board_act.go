package web

import (
	"net/http"

	"gongshu/desk"
	"gongshu/sharing"
)

// boardActPage asks before something is done about several limits, and says after
// what became of each.
type boardActPage struct {
	Action   sharing.Action // urge or supervise
	Rows     []desk.OverdueItem
	More     int // limits beyond those listed
	Form     *form
	Back     string
	Results  []boardResult // nil while it is asked
	Done     int           // of them, that went well
	Provider string        // name of the department all are of; may be ""
}

// boardResult is what became of one case.
type boardResult struct {
	Case sharing.Case
	Told []string // departments, by name
	Text string   // what went wrong; empty when nothing did
}

// Ready reports whether a row can be chosen.
func (p boardActPage) Ready(row desk.OverdueItem) bool {
	for _, can := range row.Can {
		if can == p.Action {
			return true
		}
	}
	return false
}

// Picked reports whether a row's case is to be chosen already.
func (p boardActPage) Picked(row desk.OverdueItem) bool {
	return p.Ready(row) && (len(p.Form.Typed["case"]) == 0 || p.Form.Has("case", row.Case.ID))
}

// boardAsk shows the limits that something is to be done about: those named, or all
// that are overdue of what the address narrows the board to.
func (v *visit) boardAsk(action sharing.Action, status int, f *form, cases []string) error {
	q := v.boardQuery()
	q.Limit, q.Cursor = desk.MaxUrged, ""
	if len(cases) > 0 {
		q = desk.OverdueQuery{Cases: cases, Light: desk.AnyLight, Limit: desk.MaxUrged}
	} else if q.Light == "" {
		q.Light = desk.Red
	}
	b, err := v.site.desk.Overdue(v.ctx(), v.user, q)
	if err != nil {
		return err
	}
	page := boardActPage{Action: action, Form: f, Back: v.boardBack(f)}
	seen := map[string]bool{}
	for _, row := range b.Items.Items {
		if !seen[row.Case.ID] { // the first of several limits of a case stands for it
			seen[row.Case.ID] = true
			page.Rows = append(page.Rows, row)
		}
	}
	page.More = b.Items.Total - len(b.Items.Items)
	if q.Provider != "" && len(page.Rows) > 0 {
		page.Provider = v.words.department(page.Rows[0].Clock.Owes)
	}
	if f.Value("note") == "" && len(f.Problems) == 0 {
		f.Typed.Set("note", v.words.T("board.note.preset"))
		now, err := v.site.desk.Now(v.ctx())
		if err != nil {
			return err
		}
		const within = 3 // working days
		if by, err := v.site.desk.CalendarOf(v.user.Region.ID).Due(sharing.DateOf(now), within); err == nil {
			f.Typed.Set("reply_by", by.String())
		}
	}
	return v.show(status, "board_act", "board", page)
}

// boardBack is where the board was left: the page before, when it was one of it.
func (v *visit) boardBack(f *form) string {
	if back := localPath(f.Value("back")); back != "/" {
		return back
	}
	if q := v.boardQuery(); !v.posted() {
		q.Light = desk.Light(v.QueryParam("light"))
		return boardAddress("/board", q)
	}
	return "/board"
}

// askToUrge shows what is to be urged.
func (v *visit) askToUrge() error {
	return v.boardAsk(sharing.Urge, http.StatusOK, newForm(0), v.QueryParams()["case"])
}

// askToSupervise shows what is to be taken under supervision.
func (v *visit) askToSupervise() error {
	return v.boardAsk(sharing.Supervise, http.StatusOK, newForm(0), v.QueryParams()["case"])
}

// picked are the cases that a form names: the one whose button was pressed, or those
// ticked.
func picked(f *form) []string {
	if one := f.Value("one"); one != "" {
		return []string{one}
	}
	return f.Typed["case"]
}

// urgeCases urges one case or several.
func (v *visit) urgeCases() error {
	f := v.form()
	cases := picked(f)
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return err
	}
	// A page that was left open over night urges anew.
	done, err := v.site.desk.UrgeAll(v.ctx(), v.user, f.Key+"."+sharing.DateOf(now).String(), cases)
	if err != nil {
		return v.boardNone(sharing.Urge, f, err)
	}
	results := make([]boardOutcome, len(done))
	for i, r := range done {
		results[i] = boardOutcome{r.CaseID, r.Urged.Owes, r.Err}
	}
	return v.boardDone(sharing.Urge, f, results)
}

// superviseCases takes one case or several under supervision, or asks first.
func (v *visit) superviseCases() error {
	f := v.form()
	cases := picked(f)
	if f.Has("ask", "yes") && len(cases) > 0 {
		ask := newForm(0)
		ask.Typed["case"], ask.Typed["back"] = cases, f.Typed["back"]
		return v.boardAsk(sharing.Supervise, http.StatusOK, ask, cases)
	}
	n := sharing.NewSupervision{Note: f.Value("note"), ReplyBy: v.typedDay(f, "reply_by", "/reply_by")}
	if len(f.Problems) > 0 && len(cases) > 0 {
		return v.boardAsk(sharing.Supervise, http.StatusUnprocessableEntity, f, cases)
	}
	done, err := v.site.desk.SuperviseAll(v.ctx(), v.user, f.Key, cases, n)
	if err != nil {
		return v.boardNone(sharing.Supervise, f, err)
	}
	results := make([]boardOutcome, len(done))
	for i, r := range done {
		results[i] = boardOutcome{r.CaseID, r.Supervised.Owes, r.Err}
	}
	return v.boardDone(sharing.Supervise, f, results)
}

// boardNone ends what was not even tried: nothing was chosen, or the words are wrong.
func (v *visit) boardNone(action sharing.Action, f *form, failure error) error {
	if other := f.explain(v, failure); other != nil {
		return other
	}
	if len(picked(f)) == 0 {
		v.leave("board.none", "")
		return v.redirect(v.boardBack(f))
	}
	return v.boardAsk(action, statusOf(sharing.CodeOf(failure)), f, picked(f))
}

type boardOutcome struct {
	id   string
	told []string
	err  error
}

// boardDone leads back when one case was asked for and all went well, and else says
// what became of each.
func (v *visit) boardDone(action sharing.Action, f *form, outcomes []boardOutcome) error {
	page := boardActPage{Action: action, Form: f, Back: v.boardBack(f), Results: []boardResult{}}
	departments, err := v.site.desk.AllDepartments(v.ctx(), v.user)
	if err != nil {
		return err
	}
	names := map[string]string{}
	for _, d := range departments {
		names[d.ID] = v.words.department(d)
	}
	ids := make([]string, len(outcomes))
	for i, o := range outcomes {
		ids[i] = o.id
	}
	b, err := v.site.desk.Overdue(v.ctx(), v.user, desk.OverdueQuery{Cases: ids, Light: desk.AnyLight, Limit: desk.MaxUrged})
	if err != nil {
		return err
	}
	cases := map[string]sharing.Case{}
	for _, row := range b.Items.Items {
		cases[row.Case.ID] = row.Case
	}
	status := http.StatusOK
	for _, o := range outcomes {
		r := boardResult{Case: cases[o.id]}
		for _, id := range o.told {
			r.Told = append(r.Told, names[id])
		}
		if o.err != nil {
			r.Text = v.words.Code("error", sharing.CodeOf(o.err))
			status = statusOf(sharing.CodeOf(o.err))
		} else {
			page.Done++
		}
		page.Results = append(page.Results, r)
	}
	if page.Done == len(outcomes) && len(outcomes) == 1 {
		v.leave("aside."+string(action), "")
		return v.redirect(page.Back)
	}
	if page.Done > 0 {
		status = http.StatusOK
	}
	return v.show(status, "board_act", "board", page)
}
