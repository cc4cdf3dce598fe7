package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"gongshu/desk"
	"gongshu/sharing"
	"gongshu/workday"
)

// calendarsPage is the calendar of the reader's region: a year of it, the notices
// it is made of, and the form for one more.
type calendarsPage struct {
	Year     yearView
	Years    []tab
	Notices  []desk.NoticeView
	Form     *form
	Keep     bool
	LastYear int // that a notice covers
}

// recentYears is how many years of notices are shown unasked.
const recentYears = 4

// Recent are the notices of the last years.
func (p calendarsPage) Recent() []desk.NoticeView { return p.Notices[:p.split()] }

// Older are the others.
func (p calendarsPage) Older() []desk.NoticeView { return p.Notices[p.split():] }

// split is where the older notices begin; the latest come first.
func (p calendarsPage) split() int {
	for i, n := range p.Notices {
		if n.Year <= p.Notices[0].Year-recentYears {
			return i
		}
	}
	return len(p.Notices)
}

// yearView is a year, month by month.
type yearView struct {
	Year        int
	Workdays    int
	Provisional bool
	Months      []monthView
	Changed     int // days that are of another kind than now; of a rehearsal
}

type monthView struct {
	Month    int
	Workdays int
	Weeks    [][7]dayView // from Monday
	Changed  bool         // some day of it is
}

// dayView is a day of a month; zero where a week reaches into the next.
type dayView struct {
	N           int
	Date        sharing.Date
	Kind        sharing.DayKind
	Mark        string // "off", "work" or ""
	Rest        bool   // not worked
	Provisional bool
	Changed     bool // of another kind than in the calendar of now
	Source      string
}

// yearOf lays out a year of a calendar; was is the calendar that it is compared
// with, or nil.
func yearOf(c, was *workday.Calendar, year int) (yearView, error) {
	view := yearView{Year: year}
	for month := range 12 {
		first := sharing.NewDate(year, time.Month(month+1), 1)
		m := monthView{Month: month + 1}
		var week [7]dayView
		place := (int(first.Weekday()) + 6) % 7
		for d := first; d.Start().Month() == first.Start().Month(); d++ {
			day, err := c.Day(d)
			if err != nil {
				return view, err
			}
			_, _, n := d.Civil()
			v := dayView{N: n, Date: d, Kind: day.Kind, Provisional: day.Provisional, Source: day.Source, Rest: true}
			switch day.Kind {
			case sharing.MakeUp:
				v.Mark, v.Rest = "work", false
			case sharing.Worked:
				v.Rest = false
			case sharing.Holiday:
				v.Mark = "off"
			case sharing.Weekend, sharing.StartDay, sharing.Suspended, sharing.Counted, sharing.MovedForward:
			}
			if !v.Rest {
				m.Workdays++
			}
			if was != nil {
				before, err := was.Day(d)
				v.Changed = err == nil && before.Kind != day.Kind
			}
			if v.Changed {
				view.Changed++
				m.Changed = true
			}
			view.Provisional = view.Provisional || day.Provisional
			week[place] = v
			if place++; place == 7 {
				m.Weeks, week, place = append(m.Weeks, week), [7]dayView{}, 0
			}
		}
		if place > 0 {
			m.Weeks = append(m.Weeks, week)
		}
		view.Months = append(view.Months, m)
		view.Workdays += m.Workdays
	}
	return view, nil
}

// calendars shows the calendar and the notices.
func (v *visit) calendars() error { return v.showCalendars(http.StatusOK, newForm(0)) }

func (v *visit) showCalendars(status int, f *form) error {
	notices, err := v.site.desk.Notices(v.ctx(), v.user)
	if err != nil {
		return err
	}
	calendar := v.site.desk.CalendarOf(v.user.Region.ID)
	now, err := v.site.desk.Now(v.ctx())
	if err != nil {
		return err
	}
	first, last, year := calendar.First().Year(), calendar.Last().Year(), sharing.DateOf(now).Year()
	if n, err := strconv.Atoi(v.Request().URL.Query().Get("year")); err == nil && first <= n && n <= last {
		year = n
	}
	page := calendarsPage{Notices: notices, Form: f, Keep: v.site.desk.MayKeepSettings(v.user), LastYear: calendar.LastPublished().Year()}
	if page.Year, err = yearOf(calendar, nil, year); err != nil {
		return err
	}
	for n := max(first, year-2); n <= min(last, year+2); n++ {
		page.Years = append(page.Years, tab{Label: strconv.Itoa(n), Address: address("/admin/calendars", url.Values{"year": {strconv.Itoa(n)}}), Current: n == year})
	}
	return v.show(status, "calendars", "calendars", page)
}

// rehearsalPage tells what a notice would move, before it is put into force.
type rehearsalPage struct {
	desk.NoticeRehearsal
	Text    string
	Correct bool
	Year    yearView
	Form    *form
	Fresh   bool // something changed since the rehearsal that was shown before
}

// Known reports whether there is nothing to do.
func (p rehearsalPage) Known() bool { return p.Status == "known" }

// rehearseNotice shows what a notice would move.
func (v *visit) rehearseNotice() error {
	f := v.form()
	text, err := v.fileOrText(f, "file", "notice")
	if err != nil {
		return err
	}
	f.Typed.Set("notice", text)
	order := desk.NoticeOrder{Text: text, Correct: f.Has("correct", "true")}
	r, err := v.site.desk.RehearseNotice(v.ctx(), v.user, order)
	if err != nil {
		code := sharing.CodeOf(err)
		if other := v.explainNotice(f, err); other != nil {
			return other
		}
		return v.showCalendars(statusOf(code), f)
	}
	return v.showRehearsal(http.StatusOK, rehearsalPage{NoticeRehearsal: r, Text: text, Correct: order.Correct, Form: newForm(0)})
}

func (v *visit) showRehearsal(status int, page rehearsalPage) error {
	var err error
	if page.Year, err = yearOf(page.Calendar, v.site.desk.CalendarOf(v.user.Region.ID), page.Notice.Year); err != nil {
		return err
	}
	if page.Year.Changed > 0 {
		page.Year.Months = slices.DeleteFunc(page.Year.Months, func(m monthView) bool { return !m.Changed })
	}
	return v.show(status, "calendar_rehearsal", "calendars", page)
}

// explainNotice puts what is wrong with a notice into the form: line, key and rule.
func (v *visit) explainNotice(f *form, err error) error {
	var fault *desk.NoticeFault
	if !errors.As(err, &fault) {
		return f.explain(v, err)
	}
	f.Message = v.words.T("calendars.refused")
	f.add("/notice", v.fault(fault.Line, fault.Key, fault.Rule))
	return nil
}

// fault names the place in a file and the rule that is broken there.
func (v *visit) fault(line int, key, rule string) string {
	rule = v.words.faultRule(rule)
	switch {
	case line > 0 && key != "":
		return v.words.T("file.fault.line.key", line, key, rule)
	case line > 0:
		return v.words.T("file.fault.line", line, rule)
	case key != "":
		return v.words.T("file.fault.key", key, rule)
	}
	return v.words.T("file.fault", rule)
}

// maxSetting bounds the files that settings are read from.
const maxSetting = 64 << 10

// fileOrText returns the content of the file sent under a name, or else the text of
// a field. A file that is too large is cut: whoever reads it refuses it.
func (v *visit) fileOrText(f *form, file, field string) (text string, err error) {
	if m := v.Request().MultipartForm; m != nil && len(m.File[file]) > 0 && m.File[file][0].Size > 0 {
		sent, err := m.File[file][0].Open()
		if err != nil {
			return "", err
		}
		defer sent.Close() // it was only read from
		content, err := io.ReadAll(io.LimitReader(sent, maxSetting+1))
		return string(content), err
	}
	return f.Value(field), nil
}

// putNotice puts a notice into force as it was rehearsed. When a rehearsal has
// come to something else meanwhile, that is shown, to be confirmed anew.
func (v *visit) putNotice() error {
	f := v.form()
	order := desk.NoticeOrder{Text: f.Value("notice"), Correct: f.Has("correct", "true")}
	id, err := v.site.desk.PutNotice(v.ctx(), v.user, f.Key, order, f.Value("rehearsed"), f.Value("reason"))
	if err == nil {
		v.leave("notice_in_force", "")
		return v.redirect("/admin/calendars/notices/" + strconv.FormatInt(id, 10))
	}
	code := sharing.CodeOf(err)
	var fault *desk.NoticeFault
	if errors.As(err, &fault) {
		if other := v.explainNotice(f, err); other != nil {
			return other
		}
		return v.showCalendars(statusOf(code), f)
	}
	if other := f.explain(v, err); other != nil {
		return other
	}
	r, again := v.site.desk.RehearseNotice(v.ctx(), v.user, order)
	if again != nil {
		if other := v.explainNotice(f, again); other != nil {
			return other
		}
		return v.showCalendars(statusOf(sharing.CodeOf(again)), f)
	}
	page := rehearsalPage{NoticeRehearsal: r, Text: order.Text, Correct: order.Correct, Form: f, Fresh: code == sharing.CodeStale}
	if page.Fresh {
		f.Message = v.words.T("calendars.stale")
	}
	return v.showRehearsal(statusOf(code), page)
}

// noticePage is a notice with what it moved, while it does and afterwards.
type noticePage struct {
	desk.NoticeResult
	Here string
	Year yearView
}

// calendarNotice shows it.
func (v *visit) calendarNotice() error {
	id, err := strconv.ParseInt(v.Param("id"), 10, 64)
	if err != nil {
		return v.nowhere()
	}
	r, err := v.site.desk.NoticeResult(v.ctx(), v.user, id)
	if err != nil {
		return err
	}
	page := noticePage{NoticeResult: r, Here: "/admin/calendars/notices/" + strconv.FormatInt(id, 10)}
	if page.Year, err = yearOf(v.site.desk.CalendarOf(v.user.Region.ID), nil, r.Year); err != nil {
		return err
	}
	return v.ok("calendar_notice", "calendars", page)
}

func (v *visit) backToCalendars() error { return v.redirect("/admin/calendars") }
