package desk

import (
	"context"
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
)

// Overdue returns the board: what every department of the region owes, is about
// to be late with, or is late with, by the database's clock and complete whatever
// the workflows do. CodeForbidden unless the reader may watch.
func (d *Desk) Overdue(ctx context.Context, who sharing.User, q OverdueQuery) (Board, error) {
	scope := d.caseScopes(who, sharing.Watch)
	if len(scope) == 0 {
		return Board{}, forbidden
	}
	now, err := d.Now(ctx)
	if err != nil {
		return Board{}, err
	}
	horizon, err := d.horizon(who.Region.ID, now)
	if err != nil {
		return Board{}, err
	}
	board := Board{At: now}
	figures, err := d.Store.Figures(ctx, scope, horizon)
	if err != nil {
		return Board{}, err
	}
	for _, f := range figures {
		board.Open += f.Open
		board.DueSoon += f.DueSoon
		board.Overdue += f.Overdue
		board.Departments = append(board.Departments, DepartmentFigures(f))
	}
	filter := postgres.DeadlineFilter{Owes: q.Provider, Cursor: q.Cursor, Limit: bound(q.Limit), Before: horizon.Add(time.Microsecond)}
	switch q.Light {
	case "":
	case Red:
		filter.Before = now.Add(time.Microsecond)
	case Yellow:
		filter.From = now.Add(time.Microsecond)
	case Green:
		filter.From, filter.Before = horizon.Add(time.Microsecond), time.Time{}
	default:
		return Board{}, sharing.Invalid("light", "one_of", "red, yellow or green")
	}
	rows, next, total, err := d.Store.OpenDeadlines(ctx, scope, filter)
	if err != nil {
		return Board{}, err
	}
	owed := make([]sharing.Case, len(rows))
	for i, row := range rows {
		owed[i] = row.Case
	}
	if err := d.recordCases(ctx, who, owed...); err != nil {
		return Board{}, err
	}
	board.Items = Page[OverdueItem]{Next: next, Total: total}
	for _, row := range rows {
		board.Items.Items = append(board.Items.Items, OverdueItem{Case: row.Case, Clock: *d.clock(row.Case, row.Deadline, now)})
	}
	return board, nil
}

// horizon is the end of the working day up to which a limit counts as due soon.
func (d *Desk) horizon(regionID string, now time.Time) (time.Time, error) {
	last, err := d.CalendarOf(regionID).Due(sharing.DateOf(now), soon)
	if err != nil {
		return time.Time{}, &sharing.Error{Code: sharing.CodeBeyondCalendar, Detail: err.Error(), Cause: err}
	}
	return last.End(), nil
}
