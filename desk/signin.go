package desk

import (
	"context"
	"strings"
	"time"
	"unicode"

	"gongshu/postgres"
	"gongshu/sharing"
)

// Session is a browser session.
type Session struct {
	ID string // its secret
}

// SessionView is a session as its owner is told of it.
type SessionView = postgres.Session

// Browser is from where somebody signs in.
type Browser struct {
	Address string
	Agent   string // as it calls itself
}

// Sessions end when unused for SessionIdle, and in any case after SessionMax, unless
// [Options] say otherwise.
const (
	SessionIdle = 30 * time.Minute
	SessionMax  = 12 * time.Hour
)

// triesPerAddress bounds how often an address may sign in with what is no token.
var triesPerAddress = postgres.Throttle{What: "signin.address", Times: 10, Per: 10 * time.Minute}

// Authenticate returns whose access token it is; CodeUnauthenticated when it is
// nobody's.
func (d *Desk) Authenticate(ctx context.Context, token string) (sharing.User, error) {
	if token == "" || len(token) > 512 {
		return sharing.User{}, &sharing.Error{Code: sharing.CodeUnauthenticated}
	}
	return d.Store.UserByToken(ctx, token)
}

// IssueToken makes an access token for a user, good for the given time. Only its
// hash is kept: it cannot be told again.
func (d *Desk) IssueToken(ctx context.Context, userID string, valid time.Duration) (string, error) {
	u, err := d.Store.User(ctx, userID)
	if err != nil {
		return "", err
	}
	token, err := secret()
	if err != nil {
		return "", err
	}
	return token, d.Store.PutToken(ctx, token, u.ID, valid)
}

// Session returns whose browser session it is, and keeps it alive.
func (d *Desk) Session(ctx context.Context, id string) (sharing.User, Session, error) {
	if id == "" || len(id) > 512 {
		return sharing.User{}, Session{}, &sharing.Error{Code: sharing.CodeUnauthenticated}
	}
	u, err := d.Store.UserBySession(ctx, id, d.SessionIdle)
	return d.under(u), Session{ID: id}, err
}

// Unattended is [Desk.Session] for what a page asks on its own: it does not keep the
// session alive.
func (d *Desk) Unattended(ctx context.Context, id string) (sharing.User, Session, error) {
	if id == "" || len(id) > 512 {
		return sharing.User{}, Session{}, &sharing.Error{Code: sharing.CodeUnauthenticated}
	}
	u, err := d.Store.UserBySessionUnmarked(ctx, id, d.SessionIdle)
	return d.under(u), Session{ID: id}, err
}

// SignIn opens a browser session for the owner of an access token. After ten tries
// with what is none, an address waits for up to ten minutes: CodeTooMany.
func (d *Desk) SignIn(ctx context.Context, from Browser, token string) (sessionID string, err error) {
	// Counted before it is looked at, so that many at a time are not more tries.
	if err := d.Store.InTx(ctx, func(tx *postgres.Tx) error { return tx.Take(ctx, triesPerAddress, network(from.Address)) }); err != nil {
		return "", err
	}
	u, err := d.Authenticate(ctx, token)
	if err != nil {
		return "", err
	}
	if err := d.Store.GiveBack(ctx, triesPerAddress, network(from.Address)); err != nil {
		return "", err
	}
	return d.openSession(ctx, from, u.ID, "", "")
}

// SignInDemo opens a browser session for any user of the demo; CodeForbidden when
// this is none.
func (d *Desk) SignInDemo(ctx context.Context, from Browser, userID string) (sessionID string, err error) {
	if !d.Demo {
		return "", forbidden
	}
	u, err := d.Store.User(ctx, userID)
	if err != nil {
		return "", err
	}
	return d.openSession(ctx, from, u.ID, "", "")
}

// openSession opens a session for a user. way is how they signed in, and hint what the
// provider wants to see again; both may be empty.
func (d *Desk) openSession(ctx context.Context, from Browser, userID, way, hint string) (string, error) {
	id, err := secret()
	if err != nil {
		return "", err
	}
	sealed, err := sealHint(id, hint)
	if err != nil {
		return "", err
	}
	return id, d.Store.PutSession(ctx, id, postgres.NewSession{
		UserID: userID, Longest: d.SessionMax, Address: from.Address, Agent: calledItself(from.Agent), Way: way, Hint: sealed,
	})
}

// calledItself is what is kept of a browser's name: visible characters, not too many.
func calledItself(agent string) string {
	kept := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(agent, "")))
	return string(kept[:min(len(kept), 300)])
}

// Sessions returns where a user is signed in; first the session that asks.
func (d *Desk) Sessions(ctx context.Context, who sharing.User, current Session) ([]SessionView, error) {
	return d.Store.Sessions(ctx, who.ID, current.ID, d.SessionIdle)
}

// EndSession ends one of the user's own sessions; CodeNotFound when it is none.
func (d *Desk) EndSession(ctx context.Context, who sharing.User, id string) error {
	return d.Store.DropSessionOf(ctx, who.ID, id)
}

// EndOtherSessions ends all of the user's sessions but the one that asks.
func (d *Desk) EndOtherSessions(ctx context.Context, who sharing.User, current Session) error {
	return d.Store.DropOtherSessions(ctx, who.ID, current.ID)
}

// DemoUsers returns whom one can sign in as in the demo; nobody when this is none.
func (d *Desk) DemoUsers(ctx context.Context) ([]sharing.User, error) {
	if !d.Demo {
		return nil, nil
	}
	return d.Store.Users(ctx)
}

// SignOut ends a browser session.
func (d *Desk) SignOut(ctx context.Context, sessionID string) error {
	_, _, err := d.Store.DropSession(ctx, sessionID)
	return err
}

// SetLocale keeps the language a user prefers: "zh" or "en".
func (d *Desk) SetLocale(ctx context.Context, who sharing.User, locale string) error {
	if locale != "zh" && locale != "en" {
		return sharing.Invalid("/locale", "one_of", "zh or en")
	}
	return d.Store.SetLocale(ctx, who.ID, locale)
}
