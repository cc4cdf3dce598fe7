package web

import (
	"html/template"
	"net/http"
	"net/url"

	"gongshu/desk"
	"gongshu/sharing"
	"gongshu/web/chart"
)

// bulletinPage is a bulletin: its table and its charts.
type bulletinPage struct {
	Tabs            []tab
	Bulletin        *desk.Bulletin
	From, To        string
	Form            *form
	Periods         []period
	Before, After   *period // the same length of time a year earlier and later
	Answers, Median template.HTML
}

// Export is the address of the bulletin as a spreadsheet.
func (p bulletinPage) Export() string {
	return address("/bulletin/export", url.Values{"from": {p.From}, "to": {p.To}})
}

// bulletin shows the figures of the departments; of this year without further ado.
func (v *visit) bulletin() error {
	if !v.site.desk.MayWatch(v.user) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	page, from, to, err := v.bulletinDays()
	if err != nil {
		return err
	}
	if page.Form.Wrong() {
		return v.show(http.StatusUnprocessableEntity, "bulletin", "bulletin", page)
	}
	b, err := v.site.desk.Bulletin(v.ctx(), v.user, from, to)
	if err != nil {
		if other := page.Form.explain(v, err); other != nil {
			return other
		}
		return v.show(statusOf(sharing.CodeOf(err)), "bulletin", "bulletin", page)
	}
	sortByName(v.words, b.Departments, nil, func(l desk.BulletinLine) string { return v.words.department(l.Department) })
	page.Bulletin = &b
	v.drawBulletin(&page)
	return v.ok("bulletin", "bulletin", page)
}

// bulletinDays reads which days a bulletin is asked for.
func (v *visit) bulletinDays() (page bulletinPage, from, to sharing.Date, err error) {
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return page, 0, 0, err
	}
	today := sharing.DateOf(now)
	page = bulletinPage{Tabs: v.boardTabs("/bulletin"), From: v.QueryParam("from"), To: v.QueryParam("to"), Form: newForm(0)}
	if page.From == "" {
		page.From = sharing.NewDate(today.Year(), 1, 1).String()
	}
	if page.To == "" {
		page.To = today.String()
	}
	from, to = page.Form.dayOf(v, "from", page.From), page.Form.dayOf(v, "to", page.To)
	year := today.Year()
	if !from.IsZero() {
		year = from.Year()
	}
	page.Periods = v.words.periodsOf(year, today, from, to)
	calendar := v.site.desk.CalendarOf(v.user.Region.ID)
	for _, other := range []int{year - 1, year + 1} {
		p := period{Name: v.words.T("period.year", other), From: sharing.NewDate(other, 1, 1), To: min(sharing.NewDate(other, 12, 31), today)}
		switch {
		case p.From > today || p.From < calendar.First():
		case other < year:
			page.Before = &p
		default:
			page.After = &p
		}
	}
	return page, from, to, nil
}

func (v *visit) drawBulletin(page *bulletinPage) {
	w := v.words
	inTime, late, median := chart.Series{Name: w.T("bulletin.in_time")}, chart.Series{Name: w.T("bulletin.late")}, chart.Series{Name: w.T("bulletin.median")}
	var names []string
	for _, l := range page.Bulletin.Departments {
		if l.Answered == 0 {
			continue
		}
		names = append(names, w.department(l.Department))
		inTime.Values = append(inTime.Values, float64(l.InTime))
		late.Values = append(late.Values, float64(l.Late))
		median.Values = append(median.Values, l.Median)
	}
	if names == nil {
		return
	}
	desc := w.T("chart.table")
	page.Answers = chart.Bars(chart.Chart{ID: "chart-answers", Title: w.T("bulletin.chart.answers"), Desc: desc, Labels: names, Series: []chart.Series{inTime, late}})
	page.Median = chart.Bars(chart.Chart{ID: "chart-median", Title: w.T("bulletin.chart.median"), Desc: desc, Labels: names, Series: []chart.Series{median}})
}
