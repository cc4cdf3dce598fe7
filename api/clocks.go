package api

import (
	"time"

	"gongshu/desk"
	"gongshu/sharing"
)

type clockView struct {
	ID          string                `json:"id"`
	Duty        string                `json:"duty"`
	Title       string                `json:"title"`
	TitleEN     string                `json:"title_en,omitempty"`
	Article     string                `json:"article,omitempty"`
	Statutory   bool                  `json:"statutory"`
	Owes        departmentView        `json:"owes"`
	State       sharing.DeadlineState `json:"state"`
	Budget      budgetView            `json:"budget"`
	Start       time.Time             `json:"start"`
	Suspensions []sharing.Suspension  `json:"suspensions"`
	Extensions  []sharing.Extension   `json:"extensions"`
	DueAt       time.Time             `json:"due_at,omitzero"`
	DueDate     sharing.Date          `json:"due_date,omitzero"`
	Provisional bool                  `json:"provisional"`
	MetAt       *time.Time            `json:"met_at,omitempty"`
	Light       desk.Light            `json:"light"`
	Left        *int                  `json:"left,omitempty"`
	Derivation  []sharing.Day         `json:"derivation"`
	Rungs       []rungView            `json:"rungs"`
}

func viewClock(c desk.Clock) clockView {
	return clockView{
		ID:          c.ID,
		Duty:        c.Duty,
		Title:       c.Title,
		TitleEN:     c.TitleEN,
		Article:     c.Article,
		Statutory:   c.Statutory,
		Owes:        viewDepartment(c.Owes),
		State:       c.State,
		Budget:      viewBudget(c.Deadline.Clock.Budget),
		Start:       local(c.Deadline.Clock.Start),
		Suspensions: each(c.Deadline.Clock.Suspensions, viewSuspension),
		Extensions:  each(c.Deadline.Clock.Extensions, viewExtension),
		DueAt:       local(c.DueAt),
		DueDate:     c.DueDate,
		Provisional: c.Provisional,
		MetAt:       localOrNil(c.MetAt),
		Light:       c.Light,
		Left:        c.Left,
		Derivation:  some(c.Days),
		Rungs:       each(c.Rungs, viewRung),
	}
}

func viewClockOrNil(c *desk.Clock) *clockView {
	if c == nil {
		return nil
	}
	v := viewClock(*c)
	return &v
}

// budgetView is a limit with plain time in seconds.
type budgetView struct {
	N       int          `json:"n,omitempty"`
	Unit    sharing.Unit `json:"unit"`
	Rolling bool         `json:"rolling,omitempty"`
	Month   time.Month   `json:"month,omitempty"`
	Day     int          `json:"day,omitempty"`
	Seconds int64        `json:"seconds,omitempty"`
}

func viewBudget(b sharing.Budget) budgetView {
	return budgetView{N: b.N, Unit: b.Unit, Rolling: b.Rolling, Month: b.Month, Day: b.Day, Seconds: int64(b.For / time.Second)}
}

func viewBudgetOrNil(b *sharing.Budget) *budgetView {
	if b == nil {
		return nil
	}
	v := viewBudget(*b)
	return &v
}

func viewSuspension(s sharing.Suspension) sharing.Suspension {
	return sharing.Suspension{From: local(s.From), Until: localOrNil(s.Until), Reason: s.Reason}
}

func viewExtension(e sharing.Extension) sharing.Extension {
	e.At = local(e.At)
	return e
}

type rungView struct {
	Kind    sharing.RungKind `json:"kind"`
	Offset  int              `json:"offset"`
	At      time.Time        `json:"at"`
	FiredAt *time.Time       `json:"fired_at,omitempty"`
}

func viewRung(r sharing.Rung) rungView {
	return rungView{Kind: r.Kind, Offset: r.Offset, At: local(r.At), FiredAt: localOrNil(r.FiredAt)}
}

// projectionView is what a limit comes to on the calendar, and why.
type projectionView struct {
	DueAt       time.Time     `json:"due_at,omitzero"`
	DueDate     sharing.Date  `json:"due_date,omitzero"`
	Provisional bool          `json:"provisional"`
	Suspended   bool          `json:"suspended,omitempty"`
	Derivation  []sharing.Day `json:"derivation"`
}

func viewProjection(p sharing.Projection) projectionView {
	return projectionView{
		DueAt:       local(p.DueAt),
		DueDate:     p.DueDate,
		Provisional: p.Provisional,
		Suspended:   p.Suspended,
		Derivation:  some(p.Days),
	}
}
