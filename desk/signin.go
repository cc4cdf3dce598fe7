package desk

import (
	"context"
	"time"

	"gongshu/sharing"
)

// Session is a browser session.
type Session struct {
	ID string
}

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
	u, err := d.Store.UserBySession(ctx, id)
	return u, Session{ID: id}, err
}

// SignIn opens a browser session for the owner of an access token.
func (d *Desk) SignIn(ctx context.Context, token string) (sessionID string, err error) {
	u, err := d.Authenticate(ctx, token)
	if err != nil {
		return "", err
	}
	return d.openSession(ctx, u.ID)
}

// SignInDemo opens a browser session for any user of the demo; CodeForbidden when
// this is none.
func (d *Desk) SignInDemo(ctx context.Context, userID string) (sessionID string, err error) {
	if !d.Demo {
		return "", forbidden
	}
	u, err := d.Store.User(ctx, userID)
	if err != nil {
		return "", err
	}
	return d.openSession(ctx, u.ID)
}

func (d *Desk) openSession(ctx context.Context, userID string) (string, error) {
	id, err := secret()
	if err != nil {
		return "", err
	}
	return id, d.Store.PutSession(ctx, id, userID)
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
	return d.Store.DropSession(ctx, sessionID)
}

// SetLocale keeps the language a user prefers: "zh" or "en".
func (d *Desk) SetLocale(ctx context.Context, who sharing.User, locale string) error {
	if locale != "zh" && locale != "en" {
		return sharing.Invalid("/locale", "one_of", "zh or en")
	}
	return d.Store.SetLocale(ctx, who.ID, locale)
}
