package api

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// operationScopes names the scopes for operations that do not simply read. What
// changes something and is not named here is for keys with all scopes.
var operationScopes = func() map[string][]string {
	scopes := map[string][]string{}
	for scope, ids := range map[string][]string{
		desk.ScopeApply: {"createApplication", "saveApplication", "discardApplication", "submitApplication",
			"complete", "confirm", "reportFailure", "withdraw", "renewGrant", "upload"},
		desk.ScopeAnswer: {"pass", "sendBack", "requestCompletion", "answer", "extend", "reassign", "provide", "claim", "release", "upload"},
		desk.ScopeDisputes: {"reportDispute", "reportDisputes", "verify", "askCoordination", "nameOwner", "opine", "rule",
			"upload"},
		desk.ScopeUse: {"checkGrant", "reportUse"},
	} {
		for _, id := range ids {
			scopes[id] = append(scopes[id], scope)
		}
	}
	for _, s := range scopes {
		slices.Sort(s)
	}
	return scopes
}()

// scopesOf returns the scopes with any of which a key may ask for an operation; one
// with all scopes may besides. Keys themselves no key manages: then there are none,
// and not even all are enough.
func scopesOf(op *operation) []string {
	switch named := operationScopes[op.ID]; {
	case slices.Contains(op.tags, "keys"):
		return nil
	case named != nil:
		return append(named[:len(named):len(named)], desk.ScopeAll)
	case op.method == http.MethodGet:
		return []string{desk.ScopeRead, desk.ScopeAll}
	}
	return []string{desk.ScopeAll}
}

// inScope refuses a key that has none of the scopes. People have all.
func inScope(key desk.Key, scopes []string) error {
	if key.ID == "" || slices.ContainsFunc(scopes, func(scope string) bool { return slices.Contains(key.Scopes, scope) }) {
		return nil
	}
	return &sharing.Error{Code: desk.CodeKeyScope, Detail: strings.Join(scopes, ", ")}
}

// keyUsed is the key under which the access log finds the id of the key used.
const keyUsed = "gongshu.key"

// keys answers the keys of the region to administrators, and to others those that
// act as them or for the department that they head.
func (s *server) keys(c echo.Context, who sharing.User) error {
	find := s.desk.Keys
	if s.desk.MayAdminister(who, sharing.KindKey, sharing.Read) {
		find = s.desk.AdministeredKeys
	}
	found, err := find(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[keyView]{each(found, viewKey)})
}

// revokeKey ends one of them.
func (s *server) revokeKey(c echo.Context, who sharing.User) error {
	end := s.desk.RevokeKey
	if s.desk.MayAdminister(who, sharing.KindKey, sharing.Manage) {
		end = s.desk.CancelKey
	}
	return done(c, end(c.Request().Context(), who, keyOf(c), c.Param("id")))
}

type keyView struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Department   departmentView `json:"department"`
	User         string         `json:"user"`
	UserName     string         `json:"user_name"`
	Roles        []sharing.Role `json:"roles"`
	Scopes       []string       `json:"scopes"`
	Addresses    []string       `json:"addresses"`
	State        keyState       `json:"state"`
	CreatedAt    time.Time      `json:"created_at"`
	CreatedBy    string         `json:"created_by"`
	ConfirmedAt  *time.Time     `json:"confirmed_at,omitempty"`
	ConfirmedBy  string         `json:"confirmed_by,omitempty"`
	ExpiresAt    time.Time      `json:"expires_at"`
	RotatedAt    *time.Time     `json:"rotated_at,omitempty"`
	OverlapUntil *time.Time     `json:"overlap_until,omitempty"`
	LastUsedAt   *time.Time     `json:"last_used_at,omitempty"`
	RevokedAt    *time.Time     `json:"revoked_at,omitempty"`
	RevokedBy    string         `json:"revoked_by,omitempty"`
}

type keyState string

const (
	keyWaiting keyState = "waiting" // for the department to confirm it
	keyActive  keyState = "active"
	keyExpired keyState = "expired"
	keyRevoked keyState = "revoked"
)

func viewKey(k desk.Key) keyView {
	state := keyActive
	switch {
	case k.RevokedAt != nil:
		state = keyRevoked
	case k.Expired:
		state = keyExpired
	case k.ConfirmedAt == nil:
		state = keyWaiting
	}
	return keyView{
		ID: k.ID, Name: k.Name, Department: viewDepartment(k.Department), User: k.UserID, UserName: k.UserName, Roles: k.Roles, Scopes: k.Scopes,
		Addresses: each(k.Addresses, netip.Prefix.String), State: state,
		CreatedAt: local(k.CreatedAt), CreatedBy: k.CreatedBy, ConfirmedAt: localOrNil(k.ConfirmedAt), ConfirmedBy: k.ConfirmedBy, ExpiresAt: local(k.ExpiresAt), RotatedAt: localOrNil(k.RotatedAt),
		OverlapUntil: localOrNil(k.OldUntil), LastUsedAt: localOrNil(k.LastUsedAt), RevokedAt: localOrNil(k.RevokedAt), RevokedBy: k.RevokedBy,
	}
}
