// Package desk is the one way in for everything that people and systems ask: it
// asks the policy whether they may, stages what they want to change as a command,
// has the workflow of the case carry it out, and reads what they may see.
//
// The REST API and the pages are two faces of it and hold no rules of their own.
// Every error it returns is a *[sharing.Error], or something unforeseen.
package desk

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"gongshu/almanac"
	"gongshu/files"
	"gongshu/letter/paper"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
	"gongshu/workflows"
)

// Engine carries out steps. Both return when the step has been committed.
type Engine interface {
	Submit(ctx context.Context, p sharing.Procedure, caseID string, s workflows.Step) error
	Step(ctx context.Context, caseID string, s workflows.Step) error
	Ping(ctx context.Context) error
}

// Options are what a desk is built from.
type Options struct {
	Store   *postgres.Store
	Engine  Engine
	Policy  *policies.Current
	Law     *regulation.Library
	Almanac *almanac.Almanac
	// Files keeps what is uploaded.
	Files files.Store
	// SessionIdle and SessionMax bound browser sessions; the constants of those names
	// when zero.
	SessionIdle, SessionMax time.Duration
	// Ways are those of signing in with a provider outside.
	Ways []Way
	// Demo lets anybody on this machine sign in as any user. Never outside a demo.
	Demo bool
	// DeemNextDay is the operator's setting of that name, for previews.
	DeemNextDay bool
	// Patience is how long a step may take before its outcome is called unknown;
	// 15 seconds when zero.
	Patience time.Duration
	// Printer makes the PDFs of letters; one of its own when nil.
	Printer *paper.Printer
}

// Desk answers requests. It keeps no state but what it knows of failed tries and the
// PDFs at hand, and may be used by many at once.
type Desk struct {
	Options
	tries tries
}

// New returns a desk.
func New(o Options) *Desk {
	if o.Patience == 0 {
		o.Patience = 15 * time.Second
	}
	if o.SessionIdle == 0 {
		o.SessionIdle = SessionIdle
	}
	if o.SessionMax == 0 {
		o.SessionMax = SessionMax
	}
	if o.Printer == nil {
		o.Printer = &paper.Printer{}
	}
	return &Desk{Options: o}
}

// Law returns the regulations.
func (d *Desk) Law() *regulation.Library { return d.Options.Law }

// Calendar returns the national calendar of working days as it is known now.
func (d *Desk) Calendar() *workday.Calendar { return d.Almanac.Now().National() }

// CalendarOf returns the calendar of working days of a region, with its additions,
// as it is known now.
func (d *Desk) CalendarOf(regionID string) *workday.Calendar { return d.Almanac.Now().Of(regionID) }

// Now is the time by the database's clock.
func (d *Desk) Now(ctx context.Context) (time.Time, error) { return d.Store.Now(ctx) }

// Ready reports whether everything that a step needs answers.
func (d *Desk) Ready(ctx context.Context) error {
	return errors.Join(d.Store.Ping(ctx), d.Engine.Ping(ctx))
}

// under returns a user whose whole request the policy in force now decides.
func (d *Desk) under(who sharing.User) sharing.User {
	who.Rules = d.Policy.Policy()
	return who
}

// policy is the one that decides about a user's request, from what they may see to
// the hash that stands in the audit trail.
func (d *Desk) policy(who sharing.User) *policies.Policy {
	if p, ok := who.Rules.(*policies.Policy); ok {
		return p
	}
	return d.Policy.Policy()
}

// may asks the policy of the user's request.
func (d *Desk) may(who sharing.User, action sharing.Action, thing sharing.Thing) bool {
	return d.policy(who).May(who.Subject(), action, thing)
}

// scope asks the policy of the user's request for all that a user may see of a kind.
func (d *Desk) scope(who sharing.User, kind sharing.Kind) sharing.Scope {
	return d.policy(who).Scope(who.Subject(), kind, sharing.Read)
}

// caseScopes asks the policy of the user's request on which cases, of whatever procedure, a
// user may do something.
func (d *Desk) caseScopes(who sharing.User, action sharing.Action) sharing.Scopes {
	policy := d.policy(who)
	scopes := make(sharing.Scopes, 0, len(sharing.CaseKinds))
	for _, kind := range sharing.CaseKinds {
		if s := policy.Scope(who.Subject(), kind, action); len(s.Cells) > 0 {
			scopes = append(scopes, s)
		}
	}
	return scopes
}

// MaxKey is the greatest length of an idempotency key.
const MaxKey = 255

// stage keeps a request to change something before it is carried out. A repeated
// request gets the command of the first time.
func (d *Desk) stage(ctx context.Context, who sharing.User, key string, action sharing.Action, target string, expected int, body any) (sharing.Command, error) {
	if key == "" {
		key = "once-" + uuid.NewString()
	}
	if len(key) > MaxKey {
		return sharing.Command{}, sharing.Invalid("Idempotency-Key", "max_length", "at most 255 characters")
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return sharing.Command{}, sharing.Invalid("Idempotency-Key", "characters", "visible ASCII characters only")
		}
	}
	content, err := json.Marshal(body)
	if err != nil {
		return sharing.Command{}, err
	}
	return d.Store.StageCommand(ctx, sharing.Command{
		ID: uuid.NewString(), Key: key, Actor: who.Subject(), Action: action, Target: target, Expected: expected, Body: content,
		Policy: d.policy(who).Name(),
	})
}

// carry has a staged command carried out, unless it was before, and decodes what
// it came to. A command that was refused is forgotten: it changed nothing. One
// whose outcome is not known in time stays, and asking again tells.
func (d *Desk) carry(ctx context.Context, command sharing.Command, outcome any, out func(context.Context) error) error {
	if command.State != sharing.Done {
		waiting, cancel := context.WithTimeout(ctx, d.Patience)
		defer cancel()
		err := out(waiting)
		if err != nil {
			// The same request sent twice at once: the other delivery may have been
			// carried out, and then its outcome is this one's too.
			if again, unread := d.Store.Command(ctx, command.ID); unread == nil && again.State == sharing.Done {
				return json.Unmarshal(again.Outcome, outcome)
			}
			var refused *sharing.Error
			if errors.As(err, &refused) && refused.Code != sharing.CodeUnavailable {
				// The refusal stands whether or not the command could be forgotten.
				_ = d.Store.DropCommand(ctx, command.ID)
			}
			return err
		}
		if command, err = d.Store.Command(ctx, command.ID); err != nil {
			return err
		}
	}
	return json.Unmarshal(command.Outcome, outcome)
}

// once carries a staged command out in one transaction of its own, without a
// workflow: at most once, however often it is delivered.
func (d *Desk) once(ctx context.Context, commandID string, do func(tx *postgres.Tx) error) error {
	return d.Store.InTx(ctx, func(tx *postgres.Tx) error {
		command, err := tx.LockCommand(ctx, commandID)
		if err != nil || command.State == sharing.Done {
			return err
		}
		return do(tx)
	})
}

// secret makes a token that cannot be guessed: 32 random bytes.
func secret() (string, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

func bound(limit int) int {
	switch {
	case limit <= 0:
		return DefaultLimit
	case limit > MaxLimit:
		return MaxLimit
	}
	return limit
}

func pageOf[T any](items []T, next string, total int, err error) (Page[T], error) {
	return Page[T]{Items: items, Next: next, Total: total}, err
}

var notFound = &sharing.Error{Code: sharing.CodeNotFound}
var forbidden = &sharing.Error{Code: sharing.CodeForbidden}
