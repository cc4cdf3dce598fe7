package desk

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gongshu/postgres"
	"gongshu/sharing"
)

// Key is a key under which a system uses the API.
type Key = postgres.Key

// What a key may be used for. Its user's roles bound it besides.
const (
	ScopeRead     = "read"     // read whatever its user may
	ScopeApply    = "apply"    // apply for data, confirm and withdraw
	ScopeAnswer   = "answer"   // check, answer and provide
	ScopeDisputes = "disputes" // doubt data, have it corrected, ask for coordination
	ScopeUse      = "use"      // check grants and report their use, as a gateway does
	ScopeAll      = "*"        // all that its user may, but for keys
)

// Scopes lists them.
var Scopes = []string{ScopeRead, ScopeApply, ScopeAnswer, ScopeDisputes, ScopeUse, ScopeAll}

// Why a sound key is refused.
const (
	CodeKeyExpired sharing.Code = "key_expired" // the key, or the secret that was given, is past its time
	CodeKeyRevoked sharing.Code = "key_revoked" // it was ended before its time
	CodeKeyAddress sharing.Code = "key_address" // it is not for use from there
	CodeKeyScope   sharing.Code = "key_scope"   // it is not for this operation; the detail names the scopes that are
)

// Bounds on keys.
const (
	MaxKeyDays      = 365
	MaxKeyOverlap   = 7 * 24 * time.Hour
	maxKeyAddresses = 50
	maxKeyName      = 100 // characters
)

// keyPrefix begins every key, so that one that leaked is known for what it is.
const keyPrefix = "gsk_"

// IsKey reports whether a bearer token is a key and not an access token.
func IsKey(token string) bool { return strings.HasPrefix(token, keyPrefix) }

// AuthenticateKey returns as whom a key acts, and the key. It is CodeUnauthenticated
// when there is no such key, its user is disabled, has left the department or has
// none of the key's roles any more; otherwise CodeKeyRevoked, CodeKeyExpired or
// CodeKeyAddress, and then the key comes with the error. A key stands in for nobody.
func (d *Desk) AuthenticateKey(ctx context.Context, address, token string) (sharing.User, Key, error) {
	unknown := &sharing.Error{Code: sharing.CodeUnauthenticated}
	id, _, ok := strings.Cut(strings.TrimPrefix(token, keyPrefix), "_")
	if !IsKey(token) || !ok || len(token) > 512 {
		return sharing.User{}, Key{}, unknown
	}
	key, over, err := d.Store.KeyBySecret(ctx, id, token)
	switch {
	case err != nil:
		return sharing.User{}, Key{}, err
	case key.ConfirmedAt == nil:
		return sharing.User{}, Key{}, unknown
	case key.RevokedAt != nil:
		return sharing.User{}, key, &sharing.Error{Code: CodeKeyRevoked}
	case over || key.Expired:
		return sharing.User{}, key, &sharing.Error{Code: CodeKeyExpired}
	case !from(key.Addresses, address):
		return sharing.User{}, key, &sharing.Error{Code: CodeKeyAddress}
	}
	who, err := d.Store.User(ctx, key.UserID)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return sharing.User{}, key, unknown
	}
	if err != nil {
		return sharing.User{}, key, err
	}
	who.Roles = slices.DeleteFunc(slices.Clone(key.Roles), func(r sharing.Role) bool { return !slices.Contains(who.Roles, r) })
	who.StandsIn = nil
	if who.Department.ID != key.Department.ID || len(who.Roles) == 0 {
		return sharing.User{}, key, unknown
	}
	who.Key = key.ID
	return who, key, d.Store.TouchKey(ctx, key.ID)
}

// from reports whether an address lies in one of the ranges, or there are none.
func from(ranges []netip.Prefix, address string) bool {
	if len(ranges) == 0 {
		return true
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(ranges, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// NewKey is a key to be made.
type NewKey struct {
	Department string
	User       string // of the department; the key acts as that user
	Name       string
	Roles      []sharing.Role // some of the user's
	Scopes     []string
	Addresses  []netip.Prefix // from where it may be used; from anywhere when empty
	Days       int            // after which it expires, 1 to MaxKeyDays
}

// CreateKey makes a key for the installation's operator at the command line and
// returns it with its secret, which cannot be told again; by is who does, for the
// audit trail. Administrators register keys with [Desk.RegisterKey].
func (d *Desk) CreateKey(ctx context.Context, by string, n NewKey) (key Key, secret string, err error) {
	n.Name = strings.TrimSpace(n.Name)
	if err := n.check(); err != nil {
		return Key{}, "", err
	}
	err = d.Store.InTx(ctx, func(tx *postgres.Tx) error {
		e := sharing.Entry{Actor: by, Action: keyCreated}
		if key, secret, err = makeKey(ctx, tx, &e, n); err != nil {
			return err
		}
		return tx.Append(ctx, e)
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// makeKey makes a key that was checked with its secret, and completes the entry of the
// audit trail.
func makeKey(ctx context.Context, tx *postgres.Tx, e *sharing.Entry, n NewKey) (Key, string, error) {
	key, err := keyTo(ctx, tx, e, n)
	if err != nil {
		return Key{}, "", err
	}
	secret, err := keySecret(key.ID)
	if err != nil {
		return Key{}, "", err
	}
	key.ConfirmedAt, key.ConfirmedBy = &key.CreatedAt, key.CreatedBy
	return key, secret, tx.InsertConfirmedKey(ctx, key, secret)
}

// keyTo lays out a key that was checked, and completes the entry of the audit trail.
func keyTo(ctx context.Context, tx *postgres.Tx, e *sharing.Entry, n NewKey) (Key, error) {
	people, err := tx.LockUsers(ctx, n.User)
	if err != nil {
		return Key{}, err
	}
	who, ok := people[n.User]
	if !ok || who.Department.ID != n.Department {
		return Key{}, sharing.Invalid("/user", "exists", "no such enabled user of the department")
	}
	for i, r := range n.Roles {
		if !slices.Contains(who.Roles, r) {
			return Key{}, sharing.Invalid("/roles/"+strconv.Itoa(i), "one_of", "the user's own: "+joined(who.Roles))
		}
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return Key{}, err
	}
	key := Key{ID: strings.ToLower(rand.Text()[:12]), Name: n.Name, Department: who.Department, UserID: who.ID, UserName: who.Name, Roles: n.Roles, Scopes: n.Scopes,
		Addresses: n.Addresses, CreatedAt: now, CreatedBy: e.Actor, ExpiresAt: now.Add(time.Duration(n.Days) * 24 * time.Hour)}
	keyEntry(e, key, now, map[string]string{
		"user": who.ID, "name": key.Name, "roles": joined(key.Roles), "scopes": strings.Join(key.Scopes, " "), "addresses": joined(key.Addresses),
		"expires": key.ExpiresAt.UTC().Format(time.RFC3339),
	})
	return key, nil
}

func (n NewKey) check() error {
	var broken []sharing.FieldError
	breaks := func(field, rule, detail string) {
		broken = append(broken, sharing.FieldError{Field: field, Rule: rule, Detail: detail})
	}
	for _, text := range []struct{ field, value string }{{"/department", n.Department}, {"/user", n.User}, {"/name", n.Name}} {
		if text.value == "" {
			breaks(text.field, "required", "")
		}
	}
	if utf8.RuneCountInString(n.Name) > maxKeyName {
		breaks("/name", "max_length", strconv.Itoa(maxKeyName))
	}
	if len(n.Roles) == 0 {
		breaks("/roles", "required", "")
	}
	if len(n.Scopes) == 0 {
		breaks("/scopes", "required", "")
	}
	for i, s := range n.Scopes {
		if !slices.Contains(Scopes, s) {
			breaks("/scopes/"+strconv.Itoa(i), "one_of", strings.Join(Scopes, ", "))
		}
	}
	if repeats(n.Roles) {
		breaks("/roles", "unique", "")
	}
	if repeats(n.Scopes) {
		breaks("/scopes", "unique", "")
	}
	if len(n.Addresses) > maxKeyAddresses {
		breaks("/addresses", "max_items", strconv.Itoa(maxKeyAddresses))
	}
	for i, p := range n.Addresses {
		if !p.IsValid() || p != p.Masked() {
			breaks("/addresses/"+strconv.Itoa(i), "format", "a range such as 10.1.2.0/24, with nothing after its length")
		}
	}
	if n.Days < 1 || n.Days > MaxKeyDays {
		breaks("/days", "range", "1 to "+strconv.Itoa(MaxKeyDays))
	}
	if broken != nil {
		return &sharing.Error{Code: sharing.CodeInvalid, Fields: broken}
	}
	return nil
}

func repeats[T ~string](all []T) bool {
	sorted := slices.Sorted(slices.Values(all))
	return len(slices.Compact(sorted)) < len(all)
}

// RotateKey gives a key another secret and returns it. The one before stays good for
// the time overlap, at most MaxKeyOverlap; one from before that ends at once. It is for
// the installation's operator at the command line; the department does with
// [Desk.RenewKey].
func (d *Desk) RotateKey(ctx context.Context, by, id string, overlap time.Duration) (key Key, secret string, err error) {
	err = d.Store.InTx(ctx, func(tx *postgres.Tx) error {
		e := sharing.Entry{Actor: by, Action: keyRotated}
		if key, secret, err = rotateKey(ctx, tx, &e, id, overlap); err != nil {
			return err
		}
		return tx.Append(ctx, e)
	})
	if err != nil {
		return Key{}, "", err
	}
	return key, secret, nil
}

// rotateKey gives a key another secret and completes the entry of the audit trail.
func rotateKey(ctx context.Context, tx *postgres.Tx, e *sharing.Entry, id string, overlap time.Duration) (Key, string, error) {
	if overlap < 0 || overlap > MaxKeyOverlap {
		return Key{}, "", sharing.Invalid("/overlap", "range", "0 to 7 days")
	}
	secret, err := keySecret(id)
	if err != nil {
		return Key{}, "", err
	}
	key, err := tx.LockKey(ctx, id)
	if err != nil {
		return Key{}, "", err
	}
	switch {
	case key.RevokedAt != nil || key.Expired:
		return Key{}, "", sharing.Errorf(sharing.CodeWrongState, "the key has ended")
	case key.ConfirmedAt == nil:
		return Key{}, "", sharing.Errorf(sharing.CodeWrongState, "nobody of the department has confirmed the key")
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return Key{}, "", err
	}
	key.RotatedAt, key.OldUntil = &now, nil
	if overlap > 0 {
		until := now.Add(overlap)
		key.OldUntil = &until
	}
	if err := tx.RotateKey(ctx, id, secret, now, key.OldUntil); err != nil {
		return Key{}, "", err
	}
	keyEntry(e, key, now, map[string]string{"overlap": overlap.String()})
	return key, secret, nil
}

// hours is a time of whole hours; of so many that no time is so long, a day longer
// than any overlap.
func hours(n int) time.Duration {
	longest := MaxKeyOverlap + 24*time.Hour
	return time.Duration(max(-1, min(n, int(longest.Hours())))) * time.Hour
}

// EndKey revokes a key for the installation's operator at the command line; by is who
// that is, for the audit trail. The department does with [Desk.RevokeKey],
// administrators with [Desk.CancelKey].
func (d *Desk) EndKey(ctx context.Context, by, id string) error {
	return d.Store.InTx(ctx, func(tx *postgres.Tx) error {
		e := sharing.Entry{Actor: by, Action: keyRevoked}
		if err := endKey(ctx, tx, &e, id); err != nil {
			return err
		}
		return tx.Append(ctx, e)
	})
}

// endKey revokes a key and completes the entry of the audit trail, which says who does.
func endKey(ctx context.Context, tx *postgres.Tx, e *sharing.Entry, id string) error {
	key, err := tx.LockKey(ctx, id)
	if err != nil {
		return err
	}
	if key.RevokedAt != nil {
		return sharing.Errorf(sharing.CodeWrongState, "the key was revoked before")
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	keyEntry(e, key, now, map[string]string{"name": key.Name})
	return tx.RevokeKey(ctx, id, e.Actor, now)
}

// What the audit trail says of keys.
const (
	keyCreated    sharing.Action = "key_created"
	keyRegistered sharing.Action = "key_registered"
	keyConfirmed  sharing.Action = "key_confirmed"
	keyRotated    sharing.Action = "key_rotated"
	keyRevoked    sharing.Action = "key_revoked"
)

// keyEntry completes the entry of the audit trail for what somebody did to a key.
func keyEntry(e *sharing.Entry, k Key, at time.Time, data map[string]string) {
	data["department"] = k.Department.ID
	e.At, e.RegionID, e.SubjectID, e.Data = at, k.Department.RegionID, keySubject(k.ID), data
}

// keySubject is what the audit trail calls a key.
func keySubject(id string) string { return "key-" + id }

// headsKeys reports whether a user answers for all keys of their department.
func headsKeys(who sharing.User) bool {
	return who.Own().Has(sharing.DepartmentHead, sharing.AuthorityHead)
}

// HasKeys reports whether a key can act as the user, so that there may be some for
// them to confirm: whether they hold a role besides those of administration.
func (d *Desk) HasKeys(who sharing.User) bool {
	return slices.ContainsFunc(who.Own().Roles, func(r sharing.Role) bool {
		return r != sharing.Citizen && !slices.Contains(sharing.Administrations, r)
	})
}

// Keys returns the keys that act as the user and, for the head of a department, all
// of the department; the newest first.
func (d *Desk) Keys(ctx context.Context, who sharing.User) ([]Key, error) {
	return d.Store.KeysFor(ctx, who.Department.ID, who.ID, headsKeys(who))
}

// ownKey returns a key that is the user's to confirm, to rotate and to end. What is
// another's is not there; and a key sees to no keys.
func (d *Desk) ownKey(ctx context.Context, who sharing.User, id string) (Key, error) {
	if who.Key != "" {
		return Key{}, forbidden
	}
	keys, err := d.Keys(ctx, who)
	if err != nil {
		return Key{}, err
	}
	i := slices.IndexFunc(keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, notFound
	}
	return keys[i], nil
}

// ConfirmKey takes a key into use that an administrator registered, and returns its
// secret, which cannot be told again: a repeated request gets none. It is for the
// person as whom the key acts and for the head of their department, and never for
// who registered it.
func (d *Desk) ConfirmKey(ctx context.Context, who sharing.User, key, id string) (secret string, err error) {
	if _, err := d.ownKey(ctx, who, id); err != nil {
		return "", err
	}
	err = d.amend(ctx, who, key, keyConfirmed, keySubject(id), 0, struct{}{}, func(tx *postgres.Tx, e *sharing.Entry) error {
		k, err := tx.LockKey(ctx, id)
		if err != nil {
			return err
		}
		switch {
		case k.RevokedAt != nil || k.Expired:
			return sharing.Errorf(sharing.CodeWrongState, "the key has ended")
		case k.ConfirmedAt != nil:
			return sharing.Errorf(sharing.CodeWrongState, "the key was confirmed before")
		case k.CreatedBy == who.ID:
			return sharing.Errorf(sharing.CodeForbidden, "who registered a key does not confirm it")
		}
		if secret, err = keySecret(id); err != nil {
			return err
		}
		keyEntry(e, k, e.At, map[string]string{"user": k.UserID, "name": k.Name, "registered_by": k.CreatedBy})
		return tx.ConfirmKey(ctx, id, who.ID, secret, e.At)
	})
	if err != nil {
		secret = ""
	}
	return secret, err
}

// RenewKey gives a key another secret and returns it; a repeated request gets none.
// It is for whoever may confirm the key. See [Desk.RotateKey].
func (d *Desk) RenewKey(ctx context.Context, who sharing.User, key, id string, overlapHours int) (secret string, err error) {
	if _, err := d.ownKey(ctx, who, id); err != nil {
		return "", err
	}
	err = d.amend(ctx, who, key, keyRotated, keySubject(id), 0, overlapHours, func(tx *postgres.Tx, e *sharing.Entry) error {
		_, secret, err = rotateKey(ctx, tx, e, id, hours(overlapHours))
		return err
	})
	if err != nil {
		secret = ""
	}
	return secret, err
}

// RevokeKey ends a key for good, be it confirmed or not. It is for whoever may confirm
// it.
func (d *Desk) RevokeKey(ctx context.Context, who sharing.User, idempotencyKey, id string) error {
	if _, err := d.ownKey(ctx, who, id); err != nil {
		return err
	}
	return d.revokeKey(ctx, who, idempotencyKey, id)
}

// revokeKey ends a key that is the user's to end.
func (d *Desk) revokeKey(ctx context.Context, who sharing.User, idempotencyKey, id string) error {
	return d.amend(ctx, who, idempotencyKey, keyRevoked, keySubject(id), 0, struct{}{}, func(tx *postgres.Tx, e *sharing.Entry) error {
		return endKey(ctx, tx, e, id)
	})
}

// keySecret makes the secret of a key: the prefix, its public id, 32 random bytes.
func keySecret(id string) (string, error) {
	random, err := secret()
	return keyPrefix + id + "_" + random, err
}

func joined[T any](all []T) string {
	texts := make([]string, len(all))
	for i, v := range all {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, " ")
}
