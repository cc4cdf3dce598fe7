package desk

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/signin"
)

// Way is one way of signing in with a provider outside.
type Way struct {
	signin.Connector
	Name   string // in addresses
	Claims *signin.Claims
	// Callback is the address to which the provider sends the browser back, and Home
	// the one to which it may after signing out.
	Callback, Home string
	// Tokens takes access tokens that the provider issued for the API; nil when none
	// are taken.
	Tokens TokenVerifier
}

// TokenVerifier says in whose name an access token speaks.
type TokenVerifier interface {
	Verify(ctx context.Context, token string) (signin.Identity, error)
}

// Why a provider's word was not enough to sign somebody in.
const (
	CodeSignInOver       sharing.Code = "signin_over"       // begun too long ago, in another browser, or ended before
	CodeSignInDenied     sharing.Code = "signin_denied"     // the provider did not sign the person in
	CodeSignInUnsound    sharing.Code = "signin_unsound"    // what the provider answered breaks a rule; the log has it
	CodeSignInUnknown    sharing.Code = "signin_unknown"    // nobody here; the detail says as whom the provider knows them
	CodeSignInDepartment sharing.Code = "signin_department" // of another department, or of none here; the detail says which
	CodeSignInRoles      sharing.Code = "signin_roles"      // without a role here
)

// How long somebody may take with the provider, and how often an address may set out.
const signInWithin = 10 * time.Minute

var beginningsPerAddress = postgres.Throttle{What: "signin.begin", Times: 100, Per: 10 * time.Minute}

// Bounds on what is kept while somebody is with the provider.
const (
	maxNext = 2000    // bytes
	maxKept = 100_000 // bytes of a form
)

func (d *Desk) way(name string) (Way, bool) {
	i := slices.IndexFunc(d.Ways, func(w Way) bool { return w.Name == name })
	if i < 0 {
		return Way{}, false
	}
	return d.Ways[i], true
}

// SignInOrigins are where browsers are sent to sign in and out, for their policies.
func (d *Desk) SignInOrigins() []string {
	var all []string
	for _, w := range d.Ways {
		all = append(all, w.Origins()...)
	}
	return all
}

// SignInBegun is somebody on their way to a provider.
type SignInBegun struct {
	Address string // where the browser is to be sent
	State   string // with which it comes back
	Secret  string // for the browser to keep until then
}

// BeginSignIn sends a browser to a provider. next is the page to go on to, and kept a
// form to be offered again then; one that is too long is not kept. It is CodeNotFound
// when there is no such way, CodeUnavailable when the provider does not answer, and
// CodeTooMany.
func (d *Desk) BeginSignIn(ctx context.Context, from Browser, name, next string, kept url.Values) (SignInBegun, error) {
	way, ok := d.way(name)
	if !ok {
		return SignInBegun{}, notFound
	}
	if err := d.Store.InTx(ctx, func(tx *postgres.Tx) error { return tx.Take(ctx, beginningsPerAddress, network(from.Address)) }); err != nil {
		return SignInBegun{}, err
	}
	attempt := signin.NewAttempt()
	address, err := way.Begin(ctx, attempt, way.Callback)
	if err != nil {
		return SignInBegun{}, refusedBy(err)
	}
	if len(next) > maxNext || !strings.HasPrefix(next, "/") {
		next = "/"
	}
	if data, err := json.Marshal(kept); err != nil || len(data) > maxKept || strings.Contains(string(data), `\u0000`) {
		kept = nil
	}
	err = d.Store.PutSignIn(ctx, attempt.Secret(), postgres.SignInBegun{Way: way.Name, Next: next, Kept: kept}, signInWithin)
	return SignInBegun{Address: address, State: attempt.State(), Secret: attempt.Secret()}, err
}

// Entrance is somebody who came back from a provider.
type Entrance struct {
	Session string // its secret; empty when they were not signed in
	Next    string
	Kept    url.Values // a form to be offered again; nil for none
}

// FinishSignIn opens a session for whoever comes back from a provider with its answer
// and with the secret of having been sent there, which counts once. After ten failures
// an address waits: CodeTooMany.
func (d *Desk) FinishSignIn(ctx context.Context, from Browser, name, secret string, answer url.Values) (Entrance, error) {
	way, ok := d.way(name)
	if !ok {
		return Entrance{}, notFound
	}
	if err := d.Store.InTx(ctx, func(tx *postgres.Tx) error { return tx.Take(ctx, triesPerAddress, network(from.Address)) }); err != nil {
		return Entrance{}, err
	}
	entrance, err := d.finishSignIn(ctx, from, way, secret, answer)
	switch sharing.CodeOf(err) {
	case CodeSignInOver, CodeSignInUnsound, CodeSignInUnknown, CodeSignInDepartment, CodeSignInRoles:
		return entrance, err // a try in vain
	}
	return entrance, errors.Join(err, d.Store.GiveBack(ctx, triesPerAddress, network(from.Address)))
}

func (d *Desk) finishSignIn(ctx context.Context, from Browser, way Way, secret string, answer url.Values) (Entrance, error) {
	over := &sharing.Error{Code: CodeSignInOver}
	attempt, ok := signin.AttemptOf(secret)
	if !ok || !attempt.Answers(answer) {
		return Entrance{}, over
	}
	begun, err := d.Store.TakeSignIn(ctx, secret)
	switch {
	case sharing.CodeOf(err) == sharing.CodeNotFound:
		return Entrance{}, over
	case err != nil:
		return Entrance{}, err
	case begun.Way != way.Name:
		return Entrance{}, over
	}
	id, err := way.Finish(ctx, attempt, way.Callback, answer)
	entrance := Entrance{Next: begun.Next, Kept: begun.Kept}
	if err != nil {
		return entrance, refusedBy(err)
	}
	userID, err := d.welcome(ctx, way, id)
	if err != nil {
		return entrance, err
	}
	entrance.Session, err = d.openSession(ctx, from, userID, way.Name, id.Hint)
	return entrance, err
}

// refusedBy puts a connector's error into a code. The rest is for the log.
func refusedBy(err error) error {
	switch {
	case errors.Is(err, signin.ErrUnreachable):
		return &sharing.Error{Code: sharing.CodeUnavailable, Cause: err}
	case errors.Is(err, signin.ErrDenied):
		return &sharing.Error{Code: CodeSignInDenied, Cause: err}
	case errors.Is(err, signin.ErrUnsound):
		return &sharing.Error{Code: CodeSignInUnsound, Cause: err}
	}
	return err
}

// rolesFollowed is in the audit trail where a provider changed somebody's roles.
const rolesFollowed sharing.Action = "roles_followed"

// welcome returns the user whom a provider means, after bringing their roles and name
// up to date where the claims file says so. Sessions that are open have the new roles
// from their next request.
func (d *Desk) welcome(ctx context.Context, way Way, id signin.Identity) (string, error) {
	person, err := personOf(way, id)
	if err != nil {
		return "", err
	}
	return person.User, d.Store.InTx(ctx, func(tx *postgres.Tx) error {
		users, err := tx.LockUsers(ctx, person.User)
		if err != nil {
			return err
		}
		user, err := fits(users[person.User], person)
		if err != nil {
			return err
		}
		roles := user.Roles
		if person.RolesTold {
			roles = person.Roles
		}
		changed, err := tx.SetPerson(ctx, user.ID, person.Name, roles)
		if err != nil || !changed {
			return err
		}
		now, err := tx.Now(ctx)
		if err != nil {
			return err
		}
		return tx.Append(ctx, sharing.Entry{At: now, Actor: sharing.System, RegionID: user.Region.ID, Action: rolesFollowed, SubjectID: "user-" + user.ID,
			Data: map[string]string{"user": user.ID, "issuer": id.Issuer, "before": joined(user.Roles), "after": joined(roles)}})
	})
}

func personOf(way Way, id signin.Identity) (signin.Person, error) {
	claims := way.Claims
	if claims == nil {
		claims = &signin.Claims{}
	}
	person, err := claims.Person(id)
	var unmapped *signin.Unmapped
	if !errors.As(err, &unmapped) {
		return person, err
	}
	code := CodeSignInUnknown
	switch unmapped.Field {
	case "department":
		code = CodeSignInDepartment
	case "roles":
		code = CodeSignInRoles
	}
	return person, &sharing.Error{Code: code, Detail: unmapped.Value, Cause: err}
}

// fits returns the user when they are who the provider means.
func fits(user sharing.User, person signin.Person) (sharing.User, error) {
	if user.ID == "" {
		return user, &sharing.Error{Code: CodeSignInUnknown, Detail: person.User}
	}
	if person.Department != "" && person.Department != user.Department.ID {
		return user, &sharing.Error{Code: CodeSignInDepartment, Detail: person.Department}
	}
	for _, role := range person.Roles {
		if office, bound := sharing.OfficeOf(role); bound && office != user.Department.Kind {
			return user, &sharing.Error{Code: CodeSignInRoles, Detail: string(role)}
		}
	}
	if !sharing.Apart(person.Roles) {
		return user, &sharing.Error{Code: CodeSignInRoles, Detail: "administrations"}
	}
	return user, nil
}

// wayOfTokens returns the way whose access tokens a token may be; false when it has
// not the form of one, or none are taken.
func (d *Desk) wayOfTokens(token string) (Way, bool) {
	if !signin.IsJWT(token) {
		return Way{}, false
	}
	i := slices.IndexFunc(d.Ways, func(w Way) bool { return w.Tokens != nil })
	if i < 0 {
		return Way{}, false
	}
	return d.Ways[i], true
}

// authenticateJWT returns as whom an access token of a provider acts: with those of
// the user's roles that the token tells, where the claims file has roles from it. It
// changes nothing: tokens are older than sign-ins.
func (d *Desk) authenticateJWT(ctx context.Context, way Way, token string) (sharing.User, error) {
	id, err := way.Tokens.Verify(ctx, token)
	switch {
	case errors.Is(err, signin.ErrUnsound):
		return sharing.User{}, &sharing.Error{Code: sharing.CodeUnauthenticated, Cause: err}
	case err != nil:
		return sharing.User{}, refusedBy(err)
	}
	person, err := personOf(way, id)
	if err != nil {
		return sharing.User{}, err
	}
	user, err := d.Store.User(ctx, person.User)
	if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
		return sharing.User{}, err
	}
	if user, err = fits(user, person); err != nil {
		return sharing.User{}, err
	}
	if person.RolesTold {
		user.Roles = slices.DeleteFunc(slices.Clone(user.Roles), func(r sharing.Role) bool { return !slices.Contains(person.Roles, r) })
		if len(user.Roles) == 0 {
			return sharing.User{}, &sharing.Error{Code: CodeSignInRoles}
		}
	}
	return user, nil
}

// SignOutEverywhere ends a browser session, and returns where the browser is to be
// sent to sign out with the provider, too; "" when there is none or it does not answer.
func (d *Desk) SignOutEverywhere(ctx context.Context, sessionID string) (string, error) {
	name, sealed, err := d.Store.DropSession(ctx, sessionID)
	if err != nil {
		return "", err
	}
	way, ok := d.way(name)
	if !ok {
		return "", nil
	}
	hint, err := openHint(sessionID, sealed)
	if err != nil {
		return "", err
	}
	address, err := way.Leave(ctx, hint, way.Home)
	if errors.Is(err, signin.ErrUnreachable) {
		return "", nil
	}
	return address, err
}

// sealHint seals what a provider wants to see again with the secret of a session: who
// reads the database learns nothing from it.
func sealHint(secret, hint string) ([]byte, error) {
	if hint == "" {
		return nil, nil
	}
	seal, err := hintSeal(secret)
	if err != nil {
		return nil, err
	}
	return seal.Seal(nil, nil, []byte(hint), nil), nil
}

func openHint(secret string, sealed []byte) (string, error) {
	if len(sealed) == 0 {
		return "", nil
	}
	seal, err := hintSeal(secret)
	if err != nil {
		return "", err
	}
	hint, err := seal.Open(nil, nil, sealed, nil)
	return string(hint), err
}

func hintSeal(secret string) (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("gongshu sign-out hint"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
