package desk

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// Errand is on what business a request comes: what the log of reads says of it.
type Errand struct {
	Request   string // its id
	Operation string // the operation of the API, or the page
	Via       string // "session:…", "key:…" or "token"
}

type errandKey struct{}

// On returns a context in which the desk knows on what errand it is asked.
func On(ctx context.Context, e Errand) context.Context { return context.WithValue(ctx, errandKey{}, e) }

func errandOf(ctx context.Context) Errand {
	e, _ := ctx.Value(errandKey{}).(Errand)
	return e
}

// record writes into the log of reads what is about to be handed out, in a
// transaction of its own: it takes no part in the audit trail and its lock. When it
// cannot be written nothing may be handed out, and the error is CodeUnavailable.
func (d *Desk) record(ctx context.Context, who sharing.User, readings []sharing.Reading) error {
	if len(readings) == 0 {
		return nil
	}
	errand, policy := errandOf(ctx), d.policy(who).Name()
	for i := range readings {
		r := &readings[i]
		r.RegionID, r.UserID, r.DepartmentID, r.Policy = who.Region.ID, who.ID, cmp.Or(r.DepartmentID, who.Department.ID), policy
		r.Request, r.Operation, r.Via = errand.Request, errand.Operation, errand.Via
	}
	if err := d.Store.PutReadings(ctx, readings); err != nil {
		return &sharing.Error{Code: sharing.CodeUnavailable, Detail: "the reading cannot be recorded", Cause: err}
	}
	return nil
}

// recordEntries records the reading of those entries that are of grade 3 or 4, or
// have data items of it.
func (d *Desk) recordEntries(ctx context.Context, who sharing.User, entries ...sharing.Resource) error {
	var readings []sharing.Reading
	for _, r := range entries {
		reading := sharing.Reading{Kind: r.Thing().Kind, SubjectID: r.ID, Name: r.Code, Grade: r.Grade}
		for _, f := range r.Fields {
			if f.Grade >= sharing.RecordedFrom {
				reading.Fields = append(reading.Fields, f.Name)
				reading.Grade = max(reading.Grade, f.Grade)
			}
		}
		if reading.Grade < sharing.RecordedFrom {
			continue
		}
		reading.OnBehalfOf = d.standingIn(who, sharing.Read, r.Thing()).OnBehalfOf
		readings = append(readings, reading)
	}
	return d.record(ctx, who, readings)
}

// recordCases records the reading of those cases that are about data of grade 3 or
// 4, each once.
func (d *Desk) recordCases(ctx context.Context, who sharing.User, cases ...sharing.Case) error {
	var readings []sharing.Reading
	for i, c := range cases {
		if c.Grade < sharing.RecordedFrom || slices.ContainsFunc(cases[:i], func(o sharing.Case) bool { return o.ID == c.ID }) {
			continue
		}
		readings = append(readings, sharing.Reading{
			Kind: c.Thing().Kind, SubjectID: c.ID, Name: c.Number, Grade: c.Grade, Fields: c.Fields, Purpose: c.Request.Purpose,
			OnBehalfOf: d.standingIn(who, sharing.Read, c.Thing()).OnBehalfOf,
		})
	}
	return d.record(ctx, who, readings)
}

// recordGrants records the reading of those grants that are on data of grade 3 or 4.
func (d *Desk) recordGrants(ctx context.Context, who sharing.User, grants ...sharing.Grant) error {
	var readings []sharing.Reading
	for _, g := range grants {
		if g.Grade < sharing.RecordedFrom {
			continue
		}
		readings = append(readings, sharing.Reading{
			Kind: sharing.KindGrant, SubjectID: g.ID, Name: g.CaseNumber, Grade: g.Grade, Fields: g.Fields, Purpose: g.Purpose,
			OnBehalfOf: d.standingIn(who, sharing.Read, g.Thing()).OnBehalfOf,
		})
	}
	return d.record(ctx, who, readings)
}

// ReadQuery narrows the log of reads; zero fields do not narrow.
type ReadQuery struct {
	Person string // sign-in name
	// Subject is the code of an entry, or the number or id of what was read.
	Subject   string
	From, To  sharing.Date // the first and the last day
	Cursor    string
	Limit     int
	unbounded bool // pages of an export
	continued bool // after the first of them
}

// MayReadLog reports whether the log of reads is the user's to read.
func (d *Desk) MayReadLog(who sharing.User) bool {
	return d.mayWithAny(who, sharing.KindReadLog, sharing.Read)
}

// Readings returns one page of who read what of grades 3 and 4 in the reader's
// region, the latest first. CodeForbidden for everybody but auditors.
func (d *Desk) Readings(ctx context.Context, who sharing.User, q ReadQuery) (Page[sharing.Reading], error) {
	if !d.MayReadLog(who) {
		return Page[sharing.Reading]{}, forbidden
	}
	if q.From != 0 && q.To != 0 && q.To < q.From {
		return Page[sharing.Reading]{}, sharing.Invalid("to", "not_before", "the last day lies before the first")
	}
	f := postgres.ReadFilter{Person: q.Person, Subject: q.Subject, Cursor: q.Cursor, Limit: bound(q.Limit)}
	if q.unbounded {
		f.Limit = exportPage
	}
	if q.From != 0 {
		f.From = q.From.Start()
	}
	if q.To != 0 {
		f.To = q.To.End()
	}
	page, err := pageOf(d.Store.Readings(ctx, d.scope(who, sharing.KindReadLog), f))
	if err != nil || q.continued {
		return page, err
	}
	// Who looks into the log is in it too.
	log := "read_log:" + who.Region.ID
	return handOut(page, d.record(ctx, who, []sharing.Reading{{
		Kind: sharing.KindReadLog, SubjectID: log, Name: log, Grade: sharing.HighestGrade,
		OnBehalfOf: d.standingIn(who, sharing.Read, policies.ReadLog(who.Region.ID)).OnBehalfOf,
	}}))
}

const (
	exportPage = 1000
	// MaxExportedReadings bounds one export of the log of reads.
	MaxExportedReadings = 100_000
)

// EachReading hands on every reading that the query finds, the latest first, up to
// [MaxExportedReadings]; more reports that there were more. What comes in meanwhile
// is left out.
func (d *Desk) EachReading(ctx context.Context, who sharing.User, q ReadQuery, take func(sharing.Reading) error) (more bool, err error) {
	q.Cursor, q.unbounded = "", true
	for n := 0; ; {
		page, err := d.Readings(ctx, who, q)
		if err != nil {
			return false, err
		}
		for _, r := range page.Items {
			if n == MaxExportedReadings {
				return true, nil
			}
			if err := take(r); err != nil {
				return false, err
			}
			n++
		}
		if q.Cursor, q.continued = page.Next, true; q.Cursor == "" {
			return false, nil
		}
	}
}

// ReadAt is when a reading took place, as exports show it.
func ReadAt(r sharing.Reading) string { return r.At.In(sharing.Shanghai).Format(time.DateTime) }
