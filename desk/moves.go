package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gongshu/regulation"
	"gongshu/sharing"
)

// Move is a limit of a case that a notice of holidays moved.
type Move struct {
	Case           sharing.Case
	At             time.Time
	Duty           string
	Title, TitleEN string // of the duty
	Owes           sharing.Department
	From, To       sharing.Date // due dates
	Notice         string       // numbers of the notices that moved it
	Provisional    bool         // the new date
	Shortened      bool         // it ends earlier now
	Confirmed      bool         // the date stayed and has become definite
}

// Keys of what the trail says of a moved limit.
const (
	movedDuty        = "duty"
	movedOwes        = "owes"
	movedFrom        = "old_date"
	movedTo          = "new_date"
	movedNotice      = "notice"
	movedProvisional = "provisional"
	movedShortened   = "shortened"
	movedConfirmed   = "confirmed"
)

// Moves returns one page of the limits that notices of holidays moved, on the cases
// that the reader watches, the last moved first; those moved by one notice only,
// unless it is "". CodeForbidden unless the reader may watch.
func (d *Desk) Moves(ctx context.Context, who sharing.User, notice, cursor string, limit int) (Page[Move], error) {
	scopes := d.caseScopes(who, sharing.Watch)
	if len(scopes) == 0 {
		return Page[Move]{}, forbidden
	}
	lines, next, total, err := d.Store.Moves(ctx, scopes, notice, cursor, bound(limit))
	if err != nil {
		return Page[Move]{}, err
	}
	departments, err := d.Store.Departments(ctx, who.Region.ID)
	if err != nil {
		return Page[Move]{}, err
	}
	names := make(map[string]sharing.Department, len(departments))
	for _, department := range departments {
		names[department.ID] = department
	}
	moved := make([]sharing.Case, len(lines))
	for i, l := range lines {
		moved[i] = l.Case
	}
	if err := d.recordCases(ctx, who, moved...); err != nil {
		return Page[Move]{}, err
	}
	page := Page[Move]{Next: next, Total: total}
	for _, l := range lines {
		m := Move{Case: l.Case, At: l.At, Duty: l.Data[movedDuty], Title: l.Data[movedDuty], TitleEN: l.Data[movedDuty], Owes: names[l.Data[movedOwes]],
			Notice: l.Data[movedNotice], Provisional: l.Data[movedProvisional] != "", Shortened: l.Data[movedShortened] != "", Confirmed: l.Data[movedConfirmed] != ""}
		if m.From, err = sharing.ParseDate(l.Data[movedFrom]); err != nil {
			return Page[Move]{}, err
		}
		if m.To, err = sharing.ParseDate(l.Data[movedTo]); err != nil {
			return Page[Move]{}, err
		}
		if law, ok := d.Law().ByID(l.Case.RegulationID); ok {
			if duty, ok := law.Duty(m.Duty); ok {
				m.Title, m.TitleEN = duty.Title, duty.TitleEn
			}
		}
		page.Items = append(page.Items, m)
	}
	return page, nil
}

// News is what of the calendar and of the law bears on the limits that run in a
// region.
type News struct {
	Notices []CalendarNotice // the last known first
	// Published is the last day of which a notice of holidays decided; limits that
	// end after it are provisional, and Provisional counts them.
	Published   sharing.Date
	Provisional int
	Moved       int // limits that notices have moved so far
	Regulations []RegulationNews
}

// CalendarNotice is a notice of holidays as the calendar knows it.
type CalendarNotice struct {
	Source   string
	Year     int
	Regional bool // the region's own
	Issued   sharing.Date
	// Recorded is when it was recorded here, and Revision how often by then; nil and 0
	// for one that came with the program.
	Recorded *time.Time
	Revision int
	Moved    int // limits that it moved, alone or with others
}

// RegulationNews is a regulation of the region, as far as it is in force, or is to
// be.
type RegulationNews struct {
	*regulation.Regulation
	InForce bool
	Open    int // open cases that run under it
}

// News returns what moves when; CodeForbidden unless the reader may watch.
func (d *Desk) News(ctx context.Context, who sharing.User) (News, error) {
	var n News
	scopes := d.caseScopes(who, sharing.Watch)
	if len(scopes) == 0 {
		return n, forbidden
	}
	now, err := d.Now(ctx)
	if err != nil {
		return n, err
	}
	moved, total, err := d.Store.MovedByNotice(ctx, scopes)
	if err != nil {
		return n, err
	}
	n.Moved = total
	calendar := d.CalendarOf(who.Region.ID)
	n.Published = calendar.LastPublished()
	if n.Provisional, err = d.Store.ProvisionalClocks(ctx, scopes); err != nil {
		return n, err
	}
	n.Notices = d.calendarNotices(who.Region.ID, sharing.DateOf(now))
	for i := range n.Notices {
		n.Notices[i].Moved = moved[n.Notices[i].Source]
	}
	open, err := d.Store.OpenByRegulation(ctx, scopes)
	if err != nil {
		return n, err
	}
	current, _ := d.Law().InForce(who.Region.ID, sharing.DateOf(now)) // none is an answer too
	for _, law := range d.Law().All() {
		if law.Region != who.Region.ID {
			continue
		}
		count := open[law.Ref()]
		if law == current || count > 0 || law.From > sharing.DateOf(now) {
			n.Regulations = append(n.Regulations, RegulationNews{Regulation: law, InForce: law == current, Open: count})
		}
	}
	return n, nil
}

// noticeYears is for how many years back the notices are told.
const noticeYears = 1

// calendarNotices lists the notices about a region's days from the year before
// today's on, the last known first.
func (d *Desk) calendarNotices(regionID string, today sharing.Date) []CalendarNotice {
	edition := d.Almanac.Now()
	recorded := edition.Recorded()
	var notices []CalendarNotice
	for _, known := range edition.Of(regionID).Notices() {
		if known.Region != "" && known.Region != regionID || known.Year < today.Year()-noticeYears {
			continue
		}
		notice := CalendarNotice{Source: known.Source, Year: known.Year, Regional: known.Region != "", Issued: known.Issued}
		for _, r := range recorded {
			if r.Source == known.Source && r.Year == known.Year && r.Region == known.Region {
				notice.Recorded, notice.Revision = &r.ImportedAt, r.Revision
			}
		}
		notices = append(notices, notice)
	}
	sortNotices(notices)
	return notices
}

func sortNotices(notices []CalendarNotice) {
	slices.SortStableFunc(notices, func(a, b CalendarNotice) int {
		return cmp.Or(cmp.Compare(b.known(), a.known()), cmp.Compare(b.Year, a.Year), cmp.Compare(a.Source, b.Source))
	})
}

// known is the day from which the notice was known here.
func (n CalendarNotice) known() sharing.Date {
	if n.Recorded != nil {
		return sharing.DateOf(*n.Recorded)
	}
	return n.Issued
}
