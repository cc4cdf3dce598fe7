package almanac

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/workday"
)

// NoticeImported is the action under which the audit trail keeps the import of a
// notice; its subject is the notice's number.
const NoticeImported sharing.Action = "notice_imported"

// Status is what becomes of a notice that is to be imported.
type Status string

const (
	StatusNew       Status = "new"
	StatusKnown     Status = "known"     // with the same content: nothing to do
	StatusCorrected Status = "corrected" // known with other content, which is replaced
)

// Import is a set of notices to be recorded.
type Import struct {
	Notices []workday.Notice
	// Correct allows notices that are known under the same number with other
	// content: one was entered wrongly.
	Correct bool
	// Actor is who imports; [sharing.System] when nobody is named. The rest says from
	// which department, why and under which policy.
	Actor, Department, Reason, Policy string
}

// Record records the notices, all or none, and returns what became of each. It
// refuses a notice that is known with other content unless it is issued later, or
// corrects one.
func (a *Almanac) Record(ctx context.Context, store *postgres.Store, in Import) ([]Status, error) {
	var statuses []Status
	err := store.InTx(ctx, func(tx *postgres.Tx) (err error) {
		_, statuses, err = a.RecordIn(ctx, tx, in)
		return err
	})
	if err != nil {
		return nil, err
	}
	return statuses, a.Refresh(ctx, store)
}

// RecordIn is [Almanac.Record] as a part of a transaction, and the last one; it
// returns the ids of what was recorded too. The almanac learns of them when it is
// refreshed.
func (a *Almanac) RecordIn(ctx context.Context, tx *postgres.Tx, in Import) ([]int64, []Status, error) {
	recorded, err := tx.LockNotices(ctx)
	if err != nil {
		return nil, nil, err
	}
	added, statuses, err := a.examine(recorded, in)
	if err != nil {
		return nil, nil, err
	}
	if _, err := a.edition(append(recorded, added...)); err != nil {
		return nil, nil, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, nil, err
	}
	var (
		ids     []int64
		entries []sharing.Entry
	)
	for _, n := range added {
		id, err := tx.RecordNotice(ctx, n)
		if err != nil {
			return nil, nil, err
		}
		ids, entries = append(ids, id), append(entries, imported(n, now, in))
	}
	return ids, statuses, tx.Append(ctx, entries...)
}

// Rehearse returns the edition that recording the notices would begin, and what
// would become of each. It writes nothing.
func (a *Almanac) Rehearse(ctx context.Context, store *postgres.Store, in Import) (*Edition, []Status, error) {
	recorded, err := store.Notices(ctx)
	if err != nil {
		return nil, nil, err
	}
	added, statuses, err := a.examine(recorded, in)
	if err != nil {
		return nil, nil, err
	}
	all := append(recorded, added...)
	for i := len(recorded); i < len(all); i++ {
		all[i].ID = 1
		if i > 0 {
			all[i].ID = all[i-1].ID + 1
		}
	}
	e, err := a.edition(all)
	return e, statuses, err
}

// Ship records the notices that come with the program and are not recorded yet.
// Limits that run across an upgrade are then moved by what it brings, like those
// that run across an import. Only the owner of the tables may.
func Ship(ctx context.Context, owner *postgres.Store) error {
	return owner.InTx(ctx, func(tx *postgres.Tx) error {
		recorded, err := tx.LockNotices(ctx)
		if err != nil {
			return err
		}
		for _, n := range workday.Shipped() {
			if slices.ContainsFunc(recorded, func(r postgres.RecordedNotice) bool { return key{r.Region, r.Year, r.Source} == keyOf(n) }) {
				continue
			}
			r, err := record(n, 1)
			if err != nil {
				return err
			}
			if _, err := tx.RecordNotice(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// examine holds notices against those that are known already, in the base or the
// database, and returns those to be recorded.
func (a *Almanac) examine(recorded []postgres.RecordedNotice, in Import) ([]postgres.RecordedNotice, []Status, error) {
	e, err := a.edition(recorded)
	if err != nil {
		return nil, nil, err
	}
	var (
		known    = e.national.Notices() // the last revision of each
		added    []postgres.RecordedNotice
		statuses []Status
	)
	for _, n := range in.Notices {
		status, err := compare(known, n, in.Correct)
		if err != nil {
			return nil, nil, err
		}
		statuses = append(statuses, status)
		if status == StatusKnown {
			continue
		}
		revision := 1
		for _, r := range slices.Concat(recorded, added) {
			if (key{r.Region, r.Year, r.Source}) == keyOf(n) {
				revision = r.Revision + 1
			}
		}
		if status == StatusCorrected {
			revision = max(revision, 2) // a shipped one was the first
		}
		r, err := record(n, revision)
		if err != nil {
			return nil, nil, err
		}
		added = append(added, r)
		known = append(slices.DeleteFunc(known, func(k workday.Notice) bool { return keyOf(k) == keyOf(n) }), n)
	}
	return added, statuses, nil
}

// compare tells what n is to the notices that are known.
func compare(known []workday.Notice, n workday.Notice, correct bool) (Status, error) {
	name := n.Source
	if n.Region != "" {
		name += " (" + n.Region + ")"
	}
	if i := slices.IndexFunc(known, func(k workday.Notice) bool { return keyOf(k) == keyOf(n) }); i >= 0 {
		switch {
		case same(known[i], n):
			return StatusKnown, nil
		case correct:
			return StatusCorrected, nil
		}
		return "", fmt.Errorf("source: %s is known for %d with other content: %s", name, n.Year, difference(known[i], n))
	}
	for _, k := range known {
		if k.Region == n.Region && k.Year == n.Year && k.Issued >= n.Issued {
			return "", fmt.Errorf("issued: %s of %s is not later than %s of %s, by which %d is known", name, n.Issued, k.Source, k.Issued, n.Year)
		}
	}
	return StatusNew, nil
}

// same reports whether two notices of one number say the same, in whatever order
// and however they are written.
func same(a, b workday.Notice) bool { return difference(a, b) == "" }

// difference names the days on which two notices of one number disagree.
func difference(a, b workday.Notice) string {
	var differing []string
	for _, list := range []struct {
		key  string
		a, b []sharing.Date
	}{{"off", a.Off, b.Off}, {"work", a.Work, b.Work}} {
		for _, d := range list.b {
			if !slices.Contains(list.a, d) {
				differing = append(differing, list.key+" +"+d.String())
			}
		}
		for _, d := range list.a {
			if !slices.Contains(list.b, d) {
				differing = append(differing, list.key+" -"+d.String())
			}
		}
	}
	if len(differing) == 0 && a.Issued != b.Issued {
		return "issued " + a.Issued.String() + ", not " + b.Issued.String()
	}
	return strings.Join(differing, ", ")
}

func record(n workday.Notice, revision int) (postgres.RecordedNotice, error) {
	content, err := json.Marshal(n)
	return postgres.RecordedNotice{Region: n.Region, Year: n.Year, Source: n.Source, Revision: revision, Issued: n.Issued, Notice: content}, err
}

// imported is the audit entry of an import.
func imported(n postgres.RecordedNotice, at time.Time, in Import) sharing.Entry {
	actor := in.Actor
	if actor == "" {
		actor = sharing.System
	}
	return sharing.Entry{
		At: at, Actor: actor, DepartmentID: in.Department, RegionID: n.Region, Action: NoticeImported, SubjectID: n.Source, Version: n.Revision,
		Note: in.Reason, Policy: in.Policy, Data: map[string]string{"year": strconv.Itoa(n.Year), "issued": n.Issued.String()},
	}
}
