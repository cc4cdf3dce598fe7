package desk

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/sharing"
)

// What the audit trail says of those who audit it.
const (
	TrailRead     sharing.Action = "trail_read"     // one page of it, and what was looked for
	TrailExported sharing.Action = "trail_exported" // and how many lines
	TrailVerified sharing.Action = "trail_verified" // and what that came to
)

// AuditQuery narrows the lines of the audit trail; zero fields do not.
type AuditQuery struct {
	From, Until sharing.Date // both included
	Actor       string       // a user's id, or a part of their name or their department's
	Number      string       // of the case or application acted on, or the id of another thing
	Action      sharing.Action
}

// AuditLine is a line of the audit trail.
type AuditLine struct {
	postgres.AuditLine
	// Own: the reader's own act. Nobody audits their own acts: nothing of it is told
	// but its number and its time, so that the numbering has no gap; another auditor
	// sees it.
	Own bool
}

// MaxAuditExport is how many lines one export has at most.
const MaxAuditExport = 50_000

// within turns the query into that of the store, for the reader's region and what
// belongs to none.
func (q AuditQuery) within(who sharing.User) (postgres.AuditQuery, error) {
	asked := postgres.AuditQuery{RegionID: who.Region.ID, Actor: strings.TrimSpace(q.Actor), Number: strings.TrimSpace(q.Number), Action: q.Action}
	if !q.From.IsZero() {
		asked.From = q.From.Start()
	}
	if !q.Until.IsZero() {
		asked.Until = q.Until.End()
	}
	if !q.From.IsZero() && !q.Until.IsZero() && q.Until < q.From {
		return asked, sharing.Invalid("/until", "not_before", "not before the first day")
	}
	for field, text := range map[string]string{"actor": asked.Actor, "number": asked.Number} {
		if len(text) > 200 || strings.ContainsRune(text, 0) {
			return asked, sharing.Invalid(field, "characters", "at most 200 bytes of text")
		}
	}
	return asked, nil
}

// data is what the trail keeps of a query.
func (q AuditQuery) data() map[string]string {
	data := map[string]string{}
	for key, value := range map[string]string{"actor": q.Actor, "number": q.Number, "action": string(q.Action)} {
		if value != "" {
			data[key] = value
		}
	}
	if !q.From.IsZero() {
		data["from"] = q.From.String()
	}
	if !q.Until.IsZero() {
		data["until"] = q.Until.String()
	}
	return data
}

// Audit returns one page of the audit trail, the latest line first: the lines of the
// reader's region and those of none, such as national notices. That it was read, and
// what was looked for, is a line of the trail before the page leaves.
func (d *Desk) Audit(ctx context.Context, who sharing.User, q AuditQuery, cursor string, limit int) (Page[AuditLine], error) {
	if !d.MayAudit(who) {
		return Page[AuditLine]{}, forbidden
	}
	asked, err := q.within(who)
	if err != nil {
		return Page[AuditLine]{}, err
	}
	lines, next, total, err := d.Store.Audit(ctx, asked, cursor, bound(limit))
	if err != nil {
		return Page[AuditLine]{}, err
	}
	data := q.data()
	data["lines"] = strconv.Itoa(len(lines))
	return pageOf(blind(who, lines), next, total, d.audited(ctx, who, TrailRead, data))
}

// blind takes the substance out of the reader's own acts.
func blind(who sharing.User, lines []postgres.AuditLine) []AuditLine {
	all := make([]AuditLine, len(lines))
	for i, l := range lines {
		all[i] = AuditLine{AuditLine: l}
		if l.Actor == who.ID || l.OnBehalfOf == who.ID {
			all[i] = AuditLine{Own: true, AuditLine: postgres.AuditLine{Hash: l.Hash, Entry: sharing.Entry{Seq: l.Seq, At: l.At, Actor: who.ID, ActorName: who.Name}}}
		}
	}
	return all
}

// audited writes a line on what an auditor did.
func (d *Desk) audited(ctx context.Context, who sharing.User, action sharing.Action, data map[string]string) error {
	return d.Store.InTx(ctx, func(tx *postgres.Tx) error {
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.Append(ctx, d.auditEntry(who, action, now, data))
	})
}

func (d *Desk) auditEntry(who sharing.User, action sharing.Action, at time.Time, data map[string]string) sharing.Entry {
	return sharing.Entry{At: at, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID, Action: action, SubjectID: "trail",
		Policy: d.policy(who).Name(), Data: data}
}

// AuditActions returns the acts that occur in the trail.
func (d *Desk) AuditActions(ctx context.Context, who sharing.User) ([]sharing.Action, error) {
	if !d.MayAudit(who) {
		return nil, forbidden
	}
	return d.Store.TrailActions(ctx)
}

// ExportAudit hands over the lines that a query asks for, the latest first, at most
// MaxAuditExport, a page at a time; cut tells that there are more. That they were
// exported is a line of the trail before the first leaves.
func (d *Desk) ExportAudit(ctx context.Context, who sharing.User, q AuditQuery, take func([]AuditLine) error) (cut bool, err error) {
	if !d.MayAudit(who) {
		return false, forbidden
	}
	asked, err := q.within(who)
	if err != nil {
		return false, err
	}
	// What is exported ends where the trail stands before the export's own line.
	const page = 1000
	lines, next, total, err := d.Store.Audit(ctx, asked, "", page)
	if err != nil {
		return false, err
	}
	data := q.data()
	data["lines"] = strconv.Itoa(min(total, MaxAuditExport))
	if err := d.audited(ctx, who, TrailExported, data); err != nil {
		return false, err
	}
	for n := 0; ; {
		if err := take(blind(who, lines)); err != nil {
			return false, err
		}
		if n += len(lines); next == "" || n >= MaxAuditExport {
			return next != "", nil
		}
		if lines, next, _, err = d.Store.Audit(ctx, asked, next, page); err != nil {
			return false, err
		}
	}
}

// PolicyNow returns the name of the policy in force now, see [policies.Policy.Name].
func (d *Desk) PolicyNow() string { return d.Policy.Policy().Name() }

// TrailCheck is a verification of the trail, under way or done.
type TrailCheck struct{ postgres.TrailCheck }

// Running reports whether it is under way.
func (c TrailCheck) Running() bool { return c.State == postgres.CheckRunning && !c.Silent }

// Whole reports whether the trail was found to be what it was.
func (c TrailCheck) Whole() bool { return c.State == postgres.CheckWhole }

// Broken reports whether the trail was found not to be what it was.
func (c TrailCheck) Broken() bool { return c.State == postgres.CheckBroken }

// Took is how long it took; 0 while it runs.
func (c TrailCheck) Took() time.Duration {
	if c.EndedAt == nil {
		return 0
	}
	return c.EndedAt.Sub(c.StartedAt)
}

// EarlierHead is a head of the trail that somebody wrote down; zero for none.
type EarlierHead struct {
	Seq  int64
	Hash string // hexadecimal
}

func (h EarlierHead) check() error {
	switch raw, err := hex.DecodeString(h.Hash); {
	case h.Seq == 0 && h.Hash == "":
		return nil
	case h.Seq < 1:
		return sharing.Invalid("/seq", "head_seq", "the number of the line")
	case err != nil || len(raw) != 32:
		return sharing.Invalid("/hash", "head_hash", "64 hexadecimal digits")
	}
	return nil
}

// slowestCheck is when a verification is given up.
const slowestCheck = 30 * time.Minute

// VerifyTrail begins to recompute the whole trail and returns the id of that. It goes
// on by itself; [Desk.TrailCheck] tells how far it is. CodeInProgress while one of
// the region runs. What it comes to is a line of the trail.
func (d *Desk) VerifyTrail(ctx context.Context, who sharing.User, key string, earlier EarlierHead) (string, error) {
	if !d.MayAudit(who) {
		return "", forbidden
	}
	earlier.Hash = strings.ToLower(strings.TrimSpace(earlier.Hash))
	if err := earlier.check(); err != nil {
		return "", err
	}
	command, err := d.stage(ctx, who, key, TrailVerified, "trail", 0, earlier)
	if err != nil {
		return "", err
	}
	check := postgres.TrailCheck{ID: uuid.NewString(), RegionID: who.Region.ID, By: who.ID, Compared: earlier.Seq}
	var outcome struct{ ID string }
	err = d.carry(ctx, command, &outcome, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			begun, err := tx.BeginCheck(ctx, check)
			if err != nil {
				return err
			}
			if !begun {
				return sharing.Errorf(sharing.CodeInProgress, "a verification of the trail is under way")
			}
			content, err := json.Marshal(struct{ ID string }{check.ID})
			if err != nil {
				return err
			}
			return tx.FinishCommand(ctx, command.ID, content)
		})
	})
	if err != nil || outcome.ID != check.ID { // the same request sent again begins none
		return outcome.ID, err
	}
	going, stop := context.WithTimeout(context.WithoutCancel(ctx), slowestCheck)
	go func() {
		defer stop()
		d.verify(going, who, check, earlier)
	}()
	return check.ID, nil
}

// verify carries a verification out and writes down what it came to. One that cannot
// be written down goes silent, and says so to whoever looks.
func (d *Desk) verify(ctx context.Context, who sharing.User, check postgres.TrailCheck, earlier EarlierHead) {
	var heads []postgres.Head
	if earlier.Seq > 0 {
		heads = append(heads, postgres.Head{Seq: earlier.Seq, Hash: earlier.Hash})
	}
	var told time.Time
	head, err := d.Store.FollowTrail(ctx, func(seen int64, to postgres.Head) {
		check.Seen, check.Total = seen, to.Seq
		if now := time.Now(); now.Sub(told) > 500*time.Millisecond {
			told = now
			_ = d.Store.TellCheck(ctx, check.ID, seen, to.Seq) // its last sign of life stays as it was
		}
	}, heads...)
	check.Head, check.State = head, postgres.CheckWhole
	var broken *postgres.BrokenTrail
	switch {
	case errors.As(err, &broken):
		check.State, check.Rule, check.At = postgres.CheckBroken, broken.Rule, broken.Seq
	case err != nil:
		check.State = postgres.CheckFailed
	}
	data := map[string]string{"result": string(check.State), "seq": strconv.FormatInt(head.Seq, 10), "hash": head.Hash}
	if broken != nil {
		data["rule"], data["at"] = broken.Rule, strconv.FormatInt(broken.Seq, 10)
	}
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer stop()
	_ = d.Store.InTx(ending, func(tx *postgres.Tx) error {
		now, err := tx.Now(ending)
		if err != nil {
			return err
		}
		if err := tx.EndCheck(ending, check); err != nil {
			return err
		}
		return tx.Append(ending, d.auditEntry(who, TrailVerified, now, data))
	})
}

// TrailChecks returns the last verifications that auditors of the region made.
func (d *Desk) TrailChecks(ctx context.Context, who sharing.User) ([]TrailCheck, error) {
	if !d.MayAudit(who) {
		return nil, forbidden
	}
	const few = 10
	found, err := d.Store.TrailChecks(ctx, who.Region.ID, few)
	checks := make([]TrailCheck, len(found))
	for i, k := range found {
		checks[i] = TrailCheck{k}
	}
	return checks, err
}

// TrailCheck returns one of them.
func (d *Desk) TrailCheck(ctx context.Context, who sharing.User, id string) (TrailCheck, error) {
	if !d.MayAudit(who) {
		return TrailCheck{}, forbidden
	}
	k, err := d.Store.TrailCheck(ctx, who.Region.ID, id)
	return TrailCheck{k}, err
}
