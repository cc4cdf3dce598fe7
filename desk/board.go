package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Overdue returns the board: what every department of the region owes, is about
// to be late with, or is late with, by the database's clock and complete whatever
// the workflows do. CodeForbidden unless the reader may watch.
func (d *Desk) Overdue(ctx context.Context, who sharing.User, q OverdueQuery) (Board, error) {
	b, err := d.boardAt(ctx, who)
	if err != nil {
		return Board{}, err
	}
	tallies, err := d.Store.Tallies(ctx, b.scopes, b.now, b.horizon)
	if err != nil {
		return Board{}, err
	}
	board := Board{At: b.now}
	d.sum(&board, tallies, q)
	filter, err := b.filter(q)
	if err != nil {
		return Board{}, err
	}
	rows, next, total, err := d.Store.OpenDeadlines(ctx, b.scopes, filter, board.length(q))
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
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	chases, err := d.Store.Chases(ctx, ids, who.Department.ID, sharing.DateOf(b.now))
	if err != nil {
		return Board{}, err
	}
	for _, row := range rows {
		board.Items.Items = append(board.Items.Items, d.overdueItem(who, row, chases[row.ID], b.now))
	}
	return board, nil
}

// length is how long the list is by the figures; -1 where they do not tell.
func (b Board) length(q OverdueQuery) int {
	if q.Cases != nil {
		return -1
	}
	switch q.Light {
	case "":
		return b.Overdue + b.DueSoon
	case Red:
		return b.Overdue
	case Yellow:
		return b.DueSoon
	case AnyLight:
		return b.Open
	}
	return -1
}

// MaxExport is how many rows one export holds at most.
const MaxExport = 100_000

// EachOverdue calls do with each row of the board's list that q asks for, whatever
// its cursor and limit, in the list's order and [MaxExport] of them at most. It
// holds few at a time.
func (d *Desk) EachOverdue(ctx context.Context, who sharing.User, q OverdueQuery, do func(OverdueItem) error) error {
	b, err := d.boardAt(ctx, who)
	if err != nil {
		return err
	}
	filter, err := b.filter(q)
	if err != nil {
		return err
	}
	const few = 500
	var (
		rows []postgres.OpenDeadline
		ids  []string
	)
	pass := func() error {
		chases, err := d.Store.Chases(ctx, ids, who.Department.ID, sharing.DateOf(b.now))
		if err != nil {
			return err
		}
		owed := make([]sharing.Case, len(rows))
		for i, row := range rows {
			owed[i] = row.Case
		}
		if err := d.recordCases(ctx, who, owed...); err != nil {
			return err
		}
		for _, row := range rows {
			if err := do(d.overdueItem(who, row, chases[row.ID], b.now)); err != nil {
				return err
			}
		}
		rows, ids = rows[:0], ids[:0]
		return nil
	}
	err = d.Store.EachOpenDeadline(ctx, b.scopes, filter, MaxExport, func(row postgres.OpenDeadline) error {
		rows, ids = append(rows, row), append(ids, row.ID)
		if len(rows) < few {
			return nil
		}
		return pass()
	})
	if err != nil {
		return err
	}
	return pass()
}

// boardView is what a reader watches, and the instant of it.
type boardView struct {
	scopes       sharing.Scopes
	now, horizon time.Time
}

func (d *Desk) boardAt(ctx context.Context, who sharing.User) (boardView, error) {
	b := boardView{scopes: d.caseScopes(who, sharing.Watch)}
	if len(b.scopes) == 0 {
		return b, forbidden
	}
	var err error
	if b.now, err = d.Now(ctx); err != nil {
		return b, err
	}
	b.horizon, err = d.horizon(who.Region.ID, b.now)
	return b, err
}

// filter makes the condition of the board's list.
func (b boardView) filter(q OverdueQuery) (postgres.DeadlineFilter, error) {
	f := postgres.DeadlineFilter{Owes: q.Provider, Procedure: q.Procedure, Duty: q.Duty, Cases: q.Cases, Cursor: q.Cursor, Limit: bound(q.Limit), Before: after(b.horizon)}
	switch q.Light {
	case "":
	case Red:
		f.Before = after(b.now)
	case Yellow:
		f.From = after(b.now)
	case Green:
		f.From, f.Before = after(b.horizon), time.Time{}
	case AnyLight:
		f.Before, f.Undated = time.Time{}, true
	default:
		return f, sharing.Invalid("light", "one_of", "red, yellow, green or any")
	}
	return f, nil
}

// after is the first instant after t that the database tells from it.
func after(t time.Time) time.Time { return t.Add(time.Microsecond) }

// sum adds the tallies up: in all, and by department, procedure and duty. What a
// query narrows counts everywhere but in the table of its own kind, so that each
// table shows what there is to choose from.
func (d *Desk) sum(board *Board, tallies []postgres.Tally, q OverdueQuery) {
	departments, procedures, duties := map[string]*DepartmentFigures{}, map[sharing.Procedure]*ProcedureFigures{}, map[string]*DutyFigures{}
	for _, t := range tallies {
		provider := q.Provider == "" || q.Provider == t.Department.ID
		procedure := q.Procedure == "" || q.Procedure == t.Procedure
		duty := q.Duty == "" || q.Duty == t.Duty
		n := Figures{Open: t.Open, DueSoon: t.DueSoon, Overdue: t.Overdue}
		if provider && procedure && duty {
			board.Figures.add(n)
		}
		if procedure && duty {
			at(departments, t.Department.ID, func(f *DepartmentFigures) { f.Department = t.Department }).add(n)
		}
		if provider && duty {
			at(procedures, t.Procedure, func(f *ProcedureFigures) { f.Procedure = t.Procedure }).add(n)
		}
		if provider && procedure {
			at(duties, t.Duty, func(f *DutyFigures) { f.Duty, f.Title, f.TitleEN = t.Duty, t.Duty, t.Duty }).add(n)
			if law, ok := d.Law().ByID(t.RegulationID); ok {
				if duty, ok := law.Duty(t.Duty); ok {
					duties[t.Duty].Title, duties[t.Duty].TitleEN = duty.Title, duty.TitleEn
				}
			}
		}
	}
	for _, f := range departments {
		board.Departments = append(board.Departments, *f)
	}
	for _, f := range procedures {
		board.Procedures = append(board.Procedures, *f)
	}
	for _, f := range duties {
		board.Duties = append(board.Duties, *f)
	}
	slices.SortFunc(board.Departments, func(a, b DepartmentFigures) int {
		return cmp.Or(a.worse(b.Figures), cmp.Compare(a.Department.Name, b.Department.Name), cmp.Compare(a.Department.ID, b.Department.ID))
	})
	slices.SortFunc(board.Procedures, func(a, b ProcedureFigures) int {
		return cmp.Or(a.worse(b.Figures), cmp.Compare(a.Procedure, b.Procedure))
	})
	slices.SortFunc(board.Duties, func(a, b DutyFigures) int { return cmp.Or(a.worse(b.Figures), cmp.Compare(a.Duty, b.Duty)) })
}

// at returns the value of a key, made the first time.
func at[K comparable, V any](m map[K]*V, key K, begin func(*V)) *V {
	v := m[key]
	if v == nil {
		v = new(V)
		begin(v)
		m[key] = v
	}
	return v
}

func (f *Figures) add(n Figures) {
	f.Open, f.DueSoon, f.Overdue = f.Open+n.Open, f.DueSoon+n.DueSoon, f.Overdue+n.Overdue
}

// worse orders figures: the most overdue first, then the most due soon, then the
// most open.
func (f Figures) worse(o Figures) int {
	return cmp.Or(cmp.Compare(o.Overdue, f.Overdue), cmp.Compare(o.DueSoon, f.DueSoon), cmp.Compare(o.Open, f.Open))
}

func (d *Desk) overdueItem(who sharing.User, row postgres.OpenDeadline, chase postgres.Chase, now time.Time) OverdueItem {
	item := OverdueItem{Case: row.Case, Clock: *d.clock(row.Case, row.Deadline, now), Chase: Chase{
		Holder: chase.Holder, TakenBy: chase.TakenBy, Rung: chase.Rung, RungAt: chase.RungAt,
		Urged: chase.Urged, UrgedBy: chase.UrgedBy, UrgedToday: chase.UrgedOn,
		Supervised: chase.Supervised, SupervisedBy: chase.SupervisedBy, ReplyBy: chase.ReplyBy, Replied: chase.Replied,
	}}
	// Whoever is waited for is another department: the rule of urging.
	others := row.Owes.ID != who.Department.ID || chase.Holder.ID != "" && chase.Holder.ID != who.Department.ID
	if row.Case.Open() && others {
		if !chase.UrgedOn && d.may(who, sharing.Urge, row.Case.Thing()) {
			item.Can = append(item.Can, sharing.Urge)
		}
		if d.may(who, sharing.Supervise, row.Case.Thing()) {
			item.Can = append(item.Can, sharing.Supervise)
		}
	}
	return item
}

// horizon is the end of the working day up to which a limit counts as due soon.
func (d *Desk) horizon(regionID string, now time.Time) (time.Time, error) {
	last, err := d.CalendarOf(regionID).Due(sharing.DateOf(now), soon)
	if err != nil {
		return time.Time{}, &sharing.Error{Code: sharing.CodeBeyondCalendar, Detail: err.Error(), Cause: err}
	}
	return last.End(), nil
}

// Ladder returns the rungs that a limit climbs under the regulation in force in the
// user's region; none where none is in force.
func (d *Desk) Ladder(ctx context.Context, who sharing.User) ([]regulation.Rung, error) {
	law, err := d.lawNow(ctx, who)
	if err != nil {
		if sharing.CodeOf(err) == sharing.CodeNoRegulation {
			return nil, nil
		}
		return nil, err
	}
	return slices.Clone(law.Ladders.Limit), nil
}

// Waiting counts what waits beside the clocks: cases of procedures that the
// authority conducts or watches, replies to supervisions, projects held, and limits
// that the next notice of holidays may move.
type Waiting struct {
	Coordination, Rectification int // open cases
	Replies                     int // supervisions without one
	Holds                       int // projects on which funds or approvals wait
	Criticisms                  int // public ones
	Moved                       int // limits that notices of holidays have moved
	Provisional                 int // limits that the next notice may move
}

// Waiting returns what waits for the reader's eye; CodeForbidden unless the reader
// may watch.
func (d *Desk) Waiting(ctx context.Context, who sharing.User) (Waiting, error) {
	var w Waiting
	scopes := d.caseScopes(who, sharing.Watch)
	if len(scopes) == 0 {
		return w, forbidden
	}
	open, err := d.Store.OpenByProcedure(ctx, scopes, sharing.Coordination, sharing.RectificationOrder)
	if err != nil {
		return w, err
	}
	w.Coordination, w.Rectification = open[sharing.Coordination], open[sharing.RectificationOrder]
	replies, err := d.AwaitedReplies(ctx, who, "", 1)
	if err != nil {
		return w, err
	}
	w.Replies = replies.Total
	if w.Moved, err = d.Store.CountMoved(ctx, scopes); err != nil {
		return w, err
	}
	if w.Provisional, err = d.Store.ProvisionalClocks(ctx, scopes); err != nil {
		return w, err
	}
	if d.MaySeeHolds(who) {
		held, err := d.FundsHeld(ctx, who, "", 1)
		if err != nil {
			return w, err
		}
		w.Holds = held.Total
	}
	if d.MaySeeCriticisms(who) {
		named, err := d.Criticisms(ctx, who, "", 1)
		if err != nil {
			return w, err
		}
		w.Criticisms = named.Total
	}
	return w, nil
}

// SuperviseResult is what became of taking one of several cases under supervision.
type SuperviseResult struct {
	CaseID     string
	Supervised Supervised
	Err        error // a *[sharing.Error], nil when it was
}

// SuperviseAll takes several cases under supervision with the same words, each for
// itself. The error is nil whatever became of them, unless nothing was tried.
func (d *Desk) SuperviseAll(ctx context.Context, who sharing.User, key string, caseIDs []string, n sharing.NewSupervision) ([]SuperviseResult, error) {
	ids, err := several(caseIDs)
	if err != nil {
		return nil, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	if err := n.Check(sharing.DateOf(now)); err != nil {
		return nil, err
	}
	results := make([]SuperviseResult, 0, len(ids))
	for _, id := range ids {
		done, err := d.Supervise(ctx, who, keyFor("supervise", key, id), id, n)
		if err != nil && sharing.CodeOf(err) == "" {
			return nil, err // nothing that one case is to blame for
		}
		results = append(results, SuperviseResult{CaseID: id, Supervised: done, Err: err})
	}
	return results, nil
}
