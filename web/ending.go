package web

import (
	"errors"

	"gongshu/regulation"
	"gongshu/sharing"
)

// ending is a regulation that ends soon or has ended, as it is read.
type ending struct {
	Title    string
	Article  string // that says so; empty when it says nothing
	LastDay  sharing.Date
	From     sharing.Date // the first day on which nothing can be opened under it
	DaysLeft int
	Over     bool
	Covered  bool   // another is in force from the day From
	Next     string // title of the one that follows, or its id where it is not loaded
}

// endings tells the reader what ends in their region.
func (v *visit) endings() ([]ending, error) {
	found, err := v.site.desk.Ending(v.ctx(), v.user)
	if err != nil {
		return nil, err
	}
	list := make([]ending, len(found))
	for i, e := range found {
		list[i] = ending{Title: v.words.law(e.Regulation), LastDay: e.LastDay, From: e.LastDay + 1, DaysLeft: e.DaysLeft, Over: e.DaysLeft < 0, Covered: e.Covered, Next: e.Successor}
		if e.Regulation.Prolonged == nil {
			list[i].Article = e.Regulation.UntilArticle
		}
		if next, err := v.site.desk.Law().InForce(e.Regulation.Region, e.LastDay+1); err == nil {
			list[i].Next = v.words.law(next)
		}
	}
	return list, nil
}

// ended is endings without what has not ended yet: what keeps an application from
// being accepted today.
func (v *visit) ended() ([]ending, error) {
	list, err := v.endings()
	if err != nil || len(list) == 0 || !list[0].Over {
		return nil, err
	}
	return list[:1], nil
}

// noRegulation says why nothing can be opened in the reader's region on the day
// written as received, or today when that is empty.
func (v *visit) noRegulation(received string) string {
	plain := v.words.Code("error", sharing.CodeNoRegulation)
	day, err := sharing.ParseDate(received)
	if err != nil {
		now, err := v.site.desk.Now(v.ctx())
		if err != nil {
			return plain
		}
		day = sharing.DateOf(now)
	}
	_, err = v.site.desk.Law().InForce(v.user.Region.ID, day)
	if e, ok := errors.AsType[*regulation.ExpiredError](err); ok {
		return v.words.T("error.no_regulation.ended", v.words.law(e.Regulation), v.words.Day(e.LastDay), v.words.Day(day))
	}
	if e, ok := errors.AsType[*regulation.NotYetError](err); ok {
		return v.words.T("error.no_regulation.not_yet", v.words.law(e.Regulation), v.words.Day(e.Regulation.From), v.words.Day(day))
	}
	return plain
}

// law writes a regulation's title as the language does.
func (w words) law(r *regulation.Regulation) string {
	if w.locale == English && r.TitleEn != "" {
		return r.TitleEn
	}
	return "《" + r.Title + "》"
}
