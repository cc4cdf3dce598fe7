package web

import (
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gongshu/desk"
	"gongshu/sharing"
	"gongshu/web/chart"
)

// trendPage tells how it went in the last weeks or months.
type trendPage struct {
	Tabs, Periods        []tab
	Trend                desk.Trend
	Lines                []trendLine
	Provider             string
	Departments          []choice
	Flow, OnTime, Median template.HTML // charts; empty without anything to show
}

// trendLine is a stretch with the addresses of the lists behind its numbers.
type trendLine struct {
	desk.Stretch
	Name    string
	Current bool
	Share   string // met in time; empty when nothing was closed
}

// trendLines are the stretches, the last first.
func (w words) trendLines(t desk.Trend) []trendLine {
	lines := make([]trendLine, 0, len(t.Stretches))
	for i, s := range slices.Backward(t.Stretches) {
		line := trendLine{Stretch: s, Name: w.stretch(t.By, s), Current: i == len(t.Stretches)-1}
		if of, ok := s.OnTime(); ok {
			line.Share = share(of)
		}
		lines = append(lines, line)
	}
	return lines
}

// To is the address of the cases that a number of a stretch counts.
func (p trendPage) To(what string, s trendLine) string {
	q := url.Values{}
	q.Set("provider", p.Provider)
	switch what {
	case "received":
		q.Set("received_from", s.From.String())
		q.Set("received_to", s.Stretch.To.String())
	case "late":
		q.Set("late", "yes")
		fallthrough
	default:
		q.Set("closed_from", s.From.String())
		q.Set("closed_to", s.Stretch.To.String())
	}
	return address("/cases", q)
}

// stretch names a week by its days, or a month.
func (w words) stretch(by desk.Period, s desk.Stretch) string {
	year, month, day := s.From.Civil()
	if by == desk.ByMonth {
		if w.locale == English {
			return s.From.Start().Format("Jan 2006")
		}
		return strconv.Itoa(year) + "年" + strconv.Itoa(int(month)) + "月"
	}
	first, goesOn := strconv.Itoa(int(month))+"月"+strconv.Itoa(day)+"日", s.To < s.From+6
	switch {
	case w.locale == English && goesOn:
		return s.From.Start().Format("2 Jan")
	case w.locale == English:
		return s.From.Start().Format("2 Jan") + " – " + s.To.Start().Format("2 Jan")
	case goesOn:
		return first
	}
	_, until, end := s.To.Civil()
	if until != month {
		return first + "至" + strconv.Itoa(int(until)) + "月" + strconv.Itoa(end) + "日"
	}
	return first + "至" + strconv.Itoa(end) + "日"
}

// tick is stretch for the foot of a chart.
func (w words) tick(by desk.Period, s desk.Stretch) string {
	_, month, day := s.From.Civil()
	if by == desk.ByMonth {
		if w.locale == English {
			return month.String()[:3]
		}
		return strconv.Itoa(int(month)) + "月"
	}
	return strconv.Itoa(int(month)) + "/" + strconv.Itoa(day)
}

// trend shows how it went.
func (v *visit) trend() error {
	periods, by := v.tabs("/board/trend", "by", []string{string(desk.ByWeek), string(desk.ByMonth)}, func(by string) string { return v.words.T("trend.by." + by) })
	q := desk.TrendQuery{By: desk.Period(by), Provider: v.QueryParam("provider")}
	for i := range periods {
		if q.Provider != "" {
			u, err := url.Parse(periods[i].Address)
			if err != nil {
				return err
			}
			values := u.Query()
			values.Set("provider", q.Provider)
			periods[i].Address = address(u.Path, values)
		}
	}
	t, err := v.site.desk.Trend(v.ctx(), v.user, q)
	if err != nil {
		return err
	}
	departments, err := v.site.desk.AllDepartments(v.ctx(), v.user)
	if err != nil {
		return err
	}
	page := trendPage{Tabs: v.boardTabs("/board/trend"), Periods: periods, Trend: t, Lines: v.words.trendLines(t), Provider: q.Provider}
	sortByName(v.words, departments, nil, v.words.department)
	for _, d := range departments {
		page.Departments = append(page.Departments, choice{Value: d.ID, Label: v.words.department(d), Chosen: d.ID == q.Provider})
	}
	v.drawTrend(&page)
	return v.ok("trend", "board", page)
}

func (v *visit) drawTrend(page *trendPage) {
	w := v.words
	n := len(page.Trend.Stretches)
	labels := make([]string, n)
	received, closed, overdue := chart.Series{Name: w.T("trend.received")}, chart.Series{Name: w.T("trend.closed")}, chart.Series{Name: w.T("trend.overdue")}
	onTime := chart.Series{Name: w.T("trend.on_time"), Missing: make([]bool, n)}
	for i, s := range page.Trend.Stretches {
		labels[i] = w.tick(page.Trend.By, s)
		received.Values = append(received.Values, float64(s.Received))
		closed.Values = append(closed.Values, float64(s.Closed))
		overdue.Values = append(overdue.Values, float64(s.Overdue))
		of, ok := s.OnTime()
		onTime.Values = append(onTime.Values, of*100)
		onTime.Missing[i] = !ok
	}
	desc := w.T("chart.table")
	page.Flow = chart.Lines(chart.Chart{ID: "chart-flow", Title: w.T("trend.flow"), Desc: desc, Labels: labels, Series: []chart.Series{received, closed, overdue}})
	page.OnTime = chart.Lines(chart.Chart{ID: "chart-on-time", Title: w.T("trend.on_time"), Desc: desc, Labels: labels, Series: []chart.Series{onTime}, Unit: "%", Top: 100})
	if len(page.Trend.Departments) == 0 {
		return
	}
	median := chart.Series{Name: w.T("trend.median")}
	names := []string{}
	for _, d := range page.Trend.Departments {
		names = append(names, w.department(d.Department))
		median.Values = append(median.Values, d.Median)
	}
	page.Median = chart.Bars(chart.Chart{ID: "chart-median", Title: w.T("trend.median"), Desc: desc, Labels: names, Series: []chart.Series{median}})
}

// repliesPage lists supervisions that wait for their reply.
type repliesPage struct {
	Tabs  []tab
	Found desk.Page[desk.SupervisedCase]
	Today sharing.Date
	More  more
	left  func(sharing.Date) string
}

// Late reports whether the day of the reply is over.
func (p repliesPage) Late(s desk.SupervisedCase) bool { return s.ReplyBy < p.Today }

// Left says how long there is until the reply is due, or how long it has been since.
func (p repliesPage) Left(s desk.SupervisedCase) string { return p.left(s.ReplyBy) }

// leftUntil says how many working days there are from today until a day, or since; ""
// where the calendar does not reach.
func (v *visit) leftUntil(today, day sharing.Date) string {
	calendar := v.site.desk.CalendarOf(v.user.Region.ID)
	switch {
	case day == today:
		return v.words.T("left.today")
	case day < today:
		over, err := calendar.Between(day, today)
		if err != nil {
			return ""
		}
		if over == 0 {
			return v.words.T("left.just_over")
		}
		return v.words.N("left.over", over)
	}
	left, err := calendar.Between(today, day)
	if err != nil {
		return ""
	}
	return v.words.N("left.days", left)
}

// replies shows the supervisions that wait for their reply.
func (v *visit) replies() error {
	found, err := v.site.desk.AwaitedReplies(v.ctx(), v.user, v.QueryParam("cursor"), desk.DefaultLimit)
	if err != nil {
		return err
	}
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return err
	}
	today := sharing.DateOf(now)
	return v.ok("replies", "board", repliesPage{Tabs: v.boardTabs("/board/replies"), Found: found, Today: today, More: v.more(found.Total, found.Next),
		left: func(day sharing.Date) string { return v.leftUntil(today, day) }})
}

// newsPage tells what moves when: notices of holidays, what they moved, and
// regulations.
type newsPage struct {
	Tabs    []tab
	Endings []ending
	News    desk.News
	Notice  string // the one whose moves are listed; "" lists all
	Moves   desk.Page[desk.Move]
	More    more
}

// Of is the address of the limits that a notice moved.
func (p newsPage) Of(source string) string {
	return address("/notices", url.Values{"notice": {source}}) + "#n-moves"
}

// news shows what moves when.
func (v *visit) news() error {
	d := v.site.desk
	page := newsPage{Tabs: v.boardTabs("/notices"), Notice: v.QueryParam("notice")}
	var err error
	if page.News, err = d.News(v.ctx(), v.user); err != nil {
		return err
	}
	if page.Moves, err = d.Moves(v.ctx(), v.user, page.Notice, v.QueryParam("cursor"), desk.DefaultLimit); err != nil {
		return err
	}
	if page.Endings, err = v.endings(); err != nil {
		return err
	}
	page.More = v.more(page.Moves.Total, page.Moves.Next)
	return v.ok("news", "board", page)
}

// periodsOf lists the months, quarters and the whole of a year for a picker: each as
// its name and its two days, up to today.
func (w words) periodsOf(year int, today, from, to sharing.Date) []period {
	var all []period
	add := func(name string, first, months int) {
		p := period{Name: name, From: sharing.NewDate(year, time.Month(first), 1)}
		p.To = p.From.AddMonths(months) - 1
		if p.From > today {
			return
		}
		p.To = min(p.To, today)
		p.Current = p.From == from && p.To == to
		all = append(all, p)
	}
	add(w.T("period.year", year), 1, 12)
	for q := range 4 {
		add(w.T("period.quarter", q+1), q*3+1, 3)
	}
	for m := range 12 {
		name := strconv.Itoa(m+1) + "月"
		if w.locale == English {
			name = time.Month(m + 1).String()[:3]
		}
		add(name, m+1, 1)
	}
	return all
}

// period is a month, quarter or year.
type period struct {
	Name     string
	From, To sharing.Date
	Current  bool
}

// Address is that of the bulletin of the period.
func (p period) Address() string {
	return address("/bulletin", url.Values{"from": {p.From.String()}, "to": {p.To.String()}})
}
