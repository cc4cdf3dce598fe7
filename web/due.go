package web

import (
	"errors"
	"net/http"
	"strings"

	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// duePage reckons a limit: from a day of receipt and either a number of working
// days or a duty of a regulation.
type duePage struct {
	Form        *form
	Regulations []regulationDuties
	Result      *dueResult
}

// regulationDuties is a regulation with those of its duties that have a number.
type regulationDuties struct {
	ID, Title string
	Duties    []choice
}

// dueResult is a limit reckoned.
type dueResult struct {
	Received   sharing.Date
	Budget     sharing.Budget
	Projection sharing.Projection
	Duty       string // what is owed; empty when days were typed
	Cite       string // regulation and article
	Statutory  bool
	InForce    bool // the regulation held on the day of receipt
	Warning    bool // the duty is a notice period
}

// maxDays bounds the number of days that can be typed.
const maxDays = 250

// due reckons when a limit ends and shows how, for anybody.
func (v *visit) due() error {
	f := newForm(0)
	f.Typed = v.Request().URL.Query()
	page := duePage{Form: f, Regulations: v.duties(f.Value("duty"))}
	if f.Value("received") == "" {
		now, err := v.site.desk.Now(v.ctx())
		if err != nil {
			return err
		}
		f.Typed.Set("received", sharing.DateOf(now).String())
		return v.ok("due", "due", page)
	}
	page.Result = v.reckon(f)
	status := http.StatusOK
	if f.Wrong() {
		status, page.Result = http.StatusUnprocessableEntity, nil
	}
	return v.show(status, "due", "due", page)
}

// duties lists what can be chosen.
func (v *visit) duties(chosen string) []regulationDuties {
	var list []regulationDuties
	for _, r := range v.site.desk.Law().All() {
		line := regulationDuties{ID: r.ID, Title: v.words.pick(r.Title, r.TitleEn)}
		for _, d := range r.Duties {
			b, statutory, ok := d.Budget(nil)
			if !ok || b.Unit != sharing.WorkingDays && b.Unit != sharing.CalendarDays && b.Unit != sharing.Months {
				continue
			}
			label := v.words.pick(d.Title, d.TitleEn) + " · " + v.words.Budget(b)
			if statutory {
				label += " · " + v.words.Article(d.Article)
			} else {
				label += " · " + v.words.T("clock.target")
			}
			value := r.Ref() + " " + d.Name
			line.Duties = append(line.Duties, choice{Value: value, Label: label, Chosen: value == chosen})
		}
		if len(line.Duties) > 0 {
			list = append(list, line)
		}
	}
	return list
}

// reckon reckons the limit asked for; what is wrong goes into the form.
func (v *visit) reckon(f *form) *dueResult {
	received, err := sharing.ParseDate(f.Value("received"))
	if err != nil {
		f.add("/received", v.words.T("rule.date"))
	}
	result := &dueResult{Received: received, Statutory: true, InForce: true}
	if ref, name, ok := strings.Cut(f.Value("duty"), " "); ok {
		v.chooseDuty(f, result, ref, name)
	} else {
		n := f.number(v, "days", "/days")
		if n < 1 || n > maxDays {
			f.add("/days", v.words.T("rule.days", maxDays))
		}
		result.Budget = sharing.Budget{N: n, Unit: sharing.WorkingDays}
	}
	if f.Wrong() {
		return nil
	}
	result.Projection, err = v.site.desk.Calendar().Project(sharing.Clock{Budget: result.Budget, Start: received.Start()})
	var outside *workday.RangeError
	switch {
	case errors.As(err, &outside):
		f.add("/received", v.words.T("due.outside", v.words.Day(outside.First), v.words.Day(outside.Last)))
	case err != nil:
		f.Message = v.words.T("error.invalid")
	}
	return result
}

func (v *visit) chooseDuty(f *form, result *dueResult, ref, name string) {
	r, ok := v.site.desk.Law().ByID(ref)
	if !ok {
		f.add("/duty", v.words.T("rule.one_of"))
		return
	}
	d, ok := r.Duty(name)
	if !ok {
		f.add("/duty", v.words.T("rule.one_of"))
		return
	}
	b, statutory, ok := d.Budget(nil)
	if !ok {
		f.add("/duty", v.words.T("rule.one_of"))
		return
	}
	result.Budget, result.Statutory, result.Warning = b, statutory, d.AtLeast
	result.Duty = v.words.pick(d.Title, d.TitleEn)
	result.Cite = v.cite(r, d.ArticleFor(nil))
	result.InForce = r.InForce(result.Received)
}

func (v *visit) cite(r *regulation.Regulation, article string) string {
	if v.words.locale == English {
		return r.CiteEn(article)
	}
	return r.Cite(article)
}
