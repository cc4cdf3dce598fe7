package signin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
)

// MaxToken is the greatest length of an access token, in bytes.
const MaxToken = 8 << 10

// accessTypes are what a JWT says in its header to be an access token (RFC 9068, 2.1).
// An ID token does not: it tells a client who signed in, and opens nothing.
var accessTypes = []string{"at+jwt", "application/at+jwt"}

// IsJWT reports whether a bearer token has the form of a signed JWT.
func IsJWT(token string) bool {
	return strings.HasPrefix(token, "ey") && strings.Count(token, ".") == 2
}

// TakesTokens reports whether access tokens of the provider are taken.
func (o *OIDC) TakesTokens() bool { return o.options.Audience != "" }

// Verify returns in whose name an access token speaks that the provider issued for the
// API. The error is [ErrUnsound] or [ErrUnreachable].
func (o *OIDC) Verify(ctx context.Context, token string) (Identity, error) {
	if !o.TakesTokens() || len(token) > MaxToken || !IsJWT(token) {
		return Identity{}, ErrUnsound
	}
	header, err := headerOf(token)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: %w", ErrUnsound, err)
	}
	if !isAccess(header.Type) {
		return Identity{}, fmt.Errorf("%w: typ is not at+jwt", ErrUnsound)
	}
	p, err := o.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	t, claims, err := o.verify(ctx, p, token, o.options.Audience)
	if err != nil {
		return Identity{}, err
	}
	for _, ofIDTokens := range []string{"nonce", "at_hash", "c_hash"} {
		if _, ok := claims[ofIDTokens]; ok {
			return Identity{}, fmt.Errorf("%w: an access token has no %s", ErrUnsound, ofIDTokens)
		}
	}
	if client, _ := claims["client_id"].(string); client == "" {
		return Identity{}, fmt.Errorf("%w: no client_id", ErrUnsound) // RFC 9068, 2.2
	}
	return Identity{Issuer: t.Issuer, Subject: t.Subject, Claims: claims}, nil
}

type header struct {
	Type string `json:"typ"`
}

func headerOf(token string) (header, error) {
	encoded, _, _ := strings.Cut(token, ".")
	decoded, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return header{}, err
	}
	var h header
	return h, json.Unmarshal(decoded, &h)
}

func isAccess(typ string) bool {
	for _, t := range accessTypes {
		if strings.EqualFold(typ, t) {
			return true
		}
	}
	return false
}
