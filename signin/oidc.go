package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDCOptions say which OpenID provider is asked, and as whom.
type OIDCOptions struct {
	Issuer       string // exactly as it names itself
	ClientID     string
	ClientSecret string   // empty for a public client
	Scopes       []string // beside openid
	// Userinfo has the claims completed with what the provider's userinfo endpoint
	// says, for providers that keep ID tokens small.
	Userinfo bool
	// Audience is what access tokens for the API must be issued for; none are taken
	// when it is empty.
	Audience string
	Skew     time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// OIDC signs people in with an OpenID provider: authorization code, PKCE, nonce. The
// provider is discovered when it is first needed, and again from time to time.
type OIDC struct {
	options OIDCOptions
	issuer  *url.URL
	client  *http.Client

	provider atomic.Pointer[provider] // nil before it was discovered

	asking  sync.Mutex // held while the provider is asked; guards what follows
	tried   time.Time
	failure error
}

// provider is an OpenID provider as it describes itself.
type provider struct {
	*oidc.Provider
	keys       *keys
	discovered time.Time
	endpoint   oauth2.Endpoint
	metadata
}

type metadata struct {
	KeysAddress   string   `json:"jwks_uri"`
	UserinfoAt    string   `json:"userinfo_endpoint"`
	EndSession    string   `json:"end_session_endpoint"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	TokenMethods  []string `json:"token_endpoint_auth_methods_supported"`
	NamesItself   bool     `json:"authorization_response_iss_parameter_supported"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
}

// When a provider's description is fetched again.
const (
	describedFresh = time.Hour
	describedAgain = 5 * time.Second // after it could not be had
)

// NewOIDC returns a connector. It does not ask the provider yet.
func NewOIDC(o OIDCOptions) (*OIDC, error) {
	issuer, err := checkAddress("issuer", o.Issuer)
	if err != nil {
		return nil, err
	}
	if issuer.RawQuery != "" {
		return nil, errors.New("issuer: has no query")
	}
	if o.ClientID == "" {
		return nil, errors.New("client id: missing")
	}
	if o.Skew < 0 || o.Skew > MaxSkew {
		return nil, fmt.Errorf("skew: 0 to %s", MaxSkew)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &OIDC{options: o, issuer: issuer, client: newClient()}, nil
}

// Issuer is the provider's.
func (o *OIDC) Issuer() string { return o.options.Issuer }

// Origins are the issuer's, and those of the endpoints that a browser is sent to once
// they are known.
func (o *OIDC) Origins() []string {
	origins := []string{originOf(o.issuer)}
	if p := o.provider.Load(); p != nil {
		for _, address := range []string{p.Authorization, p.EndSession} {
			if u, err := url.Parse(address); err == nil && address != "" && !slices.Contains(origins, originOf(u)) {
				origins = append(origins, originOf(u))
			}
		}
	}
	return origins
}

// Discover asks the provider to describe itself, unless it did so lately.
func (o *OIDC) Discover(ctx context.Context) error {
	_, err := o.discover(ctx)
	return err
}

// discover returns the provider as it describes itself. Once it is known, nobody waits
// while it is asked again.
func (o *OIDC) discover(ctx context.Context) (*provider, error) {
	now := o.options.Now()
	known := o.provider.Load()
	if known != nil && now.Sub(known.discovered) < describedFresh {
		return known, nil
	}
	if known == nil {
		o.asking.Lock()
	} else if !o.asking.TryLock() {
		return known, nil
	}
	defer o.asking.Unlock()
	if known = o.provider.Load(); known != nil && (now.Sub(known.discovered) < describedFresh || now.Sub(o.tried) < describedAgain) {
		return known, nil
	}
	if o.failure != nil && now.Sub(o.tried) < describedAgain {
		return nil, o.failure
	}
	p, err := o.describe(ctx, now)
	if ctx.Err() == nil {
		o.tried, o.failure = now, nil
	}
	switch {
	case err == nil:
		if known != nil && known.KeysAddress == p.KeysAddress {
			p.keys = known.keys
		}
		o.provider.Store(p)
		return p, nil
	case known != nil: // what is known goes on being used
		return known, nil
	}
	err = fmt.Errorf("%w: %w", ErrUnreachable, err)
	if ctx.Err() == nil {
		o.failure = err
	}
	return nil, err
}

func (o *OIDC) describe(ctx context.Context, now time.Time) (*provider, error) {
	// The library holds the client of this context for later, but not the context.
	known, err := oidc.NewProvider(oidc.ClientContext(ctx, o.client), o.options.Issuer)
	if err != nil {
		return nil, err
	}
	p := &provider{Provider: known, discovered: now}
	if err := known.Claims(&p.metadata); err != nil {
		return nil, err
	}
	for name, address := range map[string]string{
		"authorization_endpoint": p.Authorization, "token_endpoint": p.Token, "jwks_uri": p.KeysAddress,
		"userinfo_endpoint": p.UserinfoAt, "end_session_endpoint": p.EndSession,
	} {
		if address == "" && (name == "userinfo_endpoint" || name == "end_session_endpoint") {
			continue
		}
		if _, err := checkAddress(name, address); err != nil {
			return nil, err
		}
	}
	p.endpoint = known.Endpoint()
	p.endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if len(p.TokenMethods) > 0 && !slices.Contains(p.TokenMethods, "client_secret_basic") || o.options.ClientSecret == "" {
		p.endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	p.keys = &keys{address: p.KeysAddress, client: o.client, now: o.options.Now}
	return p, nil
}

func (o *OIDC) oauth(p *provider, callback string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.options.ClientID, ClientSecret: o.options.ClientSecret, Endpoint: p.endpoint, RedirectURL: callback,
		Scopes: append([]string{oidc.ScopeOpenID}, o.options.Scopes...),
	}
}

// Begin sends the browser to the provider's authorization endpoint.
func (o *OIDC) Begin(ctx context.Context, a Attempt, callback string) (string, error) {
	p, err := o.discover(ctx)
	if err != nil {
		return "", err
	}
	return o.oauth(p, callback).AuthCodeURL(a.State(), oidc.Nonce(a.Nonce()), oauth2.S256ChallengeOption(a.Verifier())), nil
}

// Finish redeems the code and holds the ID token to every rule there is for it.
func (o *OIDC) Finish(ctx context.Context, a Attempt, callback string, answer url.Values) (Identity, error) {
	p, err := o.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	if !a.Answers(answer) {
		return Identity{}, fmt.Errorf("%w: state", ErrUnsound)
	}
	// Who answers is whom we asked (RFC 9207).
	if named := answer["iss"]; p.NamesItself && len(named) == 0 || len(named) > 0 && (len(named) > 1 || named[0] != o.options.Issuer) {
		return Identity{}, fmt.Errorf("%w: iss of the answer", ErrUnsound)
	}
	if code := answer.Get("error"); code != "" {
		return Identity{}, fmt.Errorf("%w: %s", ErrDenied, errorCode(code))
	}
	if len(answer["code"]) != 1 || answer.Get("code") == "" {
		return Identity{}, fmt.Errorf("%w: no code", ErrUnsound)
	}
	tokens, err := o.oauth(p, callback).Exchange(oidc.ClientContext(ctx, o.client), answer.Get("code"), oauth2.VerifierOption(a.Verifier()))
	if err != nil {
		return Identity{}, fmt.Errorf("code: %w", o.exchangeError(err))
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return Identity{}, fmt.Errorf("%w: no id_token", ErrUnsound)
	}
	id, err := o.identity(ctx, p, raw, a.Nonce(), tokens.AccessToken)
	if err != nil {
		return Identity{}, err
	}
	if o.options.Userinfo {
		if err := o.complete(ctx, p, tokens, &id); err != nil {
			return Identity{}, err
		}
	}
	return id, nil
}

// exchangeError is why a code could not be redeemed, without what the provider said
// besides its code for it.
func (o *OIDC) exchangeError(err error) error {
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode >= http.StatusInternalServerError:
		return fmt.Errorf("%w: status %d", ErrUnreachable, refused.Response.StatusCode)
	case errors.As(err, &refused):
		return fmt.Errorf("%w: %s", ErrUnsound, errorCode(refused.ErrorCode))
	case unreachable(err):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return fmt.Errorf("%w: %w", ErrUnsound, err)
}

// errorCode keeps of an error code (RFC 6749, 4.1.2.1) what can stand in a log.
func errorCode(code string) string {
	if code == "" || len(code) > 64 || strings.ContainsFunc(code, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
		return "an unknown error"
	}
	return code
}

// identity holds an ID token to OpenID Connect Core 1.0, 3.1.3.7.
func (o *OIDC) identity(ctx context.Context, p *provider, raw, nonce, accessToken string) (Identity, error) {
	token, claims, err := o.verify(ctx, p, raw, o.options.ClientID)
	if err != nil {
		return Identity{}, err
	}
	azp, named := claims["azp"]
	switch {
	case token.Nonce != nonce:
		return Identity{}, fmt.Errorf("%w: nonce", ErrUnsound)
	case named && azp != o.options.ClientID:
		return Identity{}, fmt.Errorf("%w: azp", ErrUnsound)
	case !named && len(token.Audience) > 1:
		return Identity{}, fmt.Errorf("%w: several audiences and no azp", ErrUnsound)
	}
	if token.AccessTokenHash != "" {
		if err := token.VerifyAccessToken(accessToken); err != nil {
			return Identity{}, fmt.Errorf("%w: at_hash: %w", ErrUnsound, err)
		}
	}
	return Identity{Issuer: token.Issuer, Subject: token.Subject, Claims: claims, Hint: raw}, nil
}

// complete adds what the userinfo endpoint says of the same person.
func (o *OIDC) complete(ctx context.Context, p *provider, tokens *oauth2.Token, id *Identity) error {
	info, err := p.UserInfo(oidc.ClientContext(ctx, o.client), oauth2.StaticTokenSource(tokens))
	if err != nil {
		return fmt.Errorf("%w: userinfo: %w", ErrUnreachable, err)
	}
	var more map[string]any
	if err := info.Claims(&more); err != nil {
		return fmt.Errorf("%w: userinfo: %w", ErrUnsound, err)
	}
	if info.Subject != id.Subject {
		return fmt.Errorf("%w: userinfo is of another subject", ErrUnsound)
	}
	for name, value := range more {
		if _, signed := id.Claims[name]; !signed {
			id.Claims[name] = value
		}
	}
	return nil
}

// verify holds a token to what every token is held to: an algorithm that is allowed,
// a key of the provider, issuer, audience, its times, a subject.
func (o *OIDC) verify(ctx context.Context, p *provider, raw, audience string) (*oidc.IDToken, map[string]any, error) {
	keys := &noted{keys: p.keys}
	verifier := oidc.NewVerifier(o.options.Issuer, keys, &oidc.Config{
		ClientID: audience, SupportedSigningAlgs: algorithmNames(), SkipExpiryCheck: true, // checked below, with our bound on clocks
	})
	token, err := verifier.Verify(ctx, raw)
	if errors.Is(keys.err, ErrUnreachable) {
		return nil, nil, keys.err
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrUnsound, err)
	}
	var times struct {
		Expiry    *json.Number `json:"exp"`
		NotBefore *json.Number `json:"nbf"`
		IssuedAt  *json.Number `json:"iat"`
	}
	var claims map[string]any
	if err := errors.Join(token.Claims(&times), token.Claims(&claims)); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrUnsound, err)
	}
	now, skew := o.options.Now(), o.options.Skew
	if times.Expiry == nil || times.IssuedAt == nil {
		return nil, nil, fmt.Errorf("%w: no exp or no iat", ErrUnsound)
	}
	if !now.Before(instant(times.Expiry).Add(skew)) {
		return nil, nil, ErrExpired
	}
	if times.NotBefore != nil && now.Add(skew).Before(instant(times.NotBefore)) || now.Add(skew).Before(instant(times.IssuedAt)) {
		return nil, nil, fmt.Errorf("%w: from the future", ErrUnsound)
	}
	if token.Subject == "" || len(token.Subject) > maxClaim {
		return nil, nil, fmt.Errorf("%w: sub", ErrUnsound)
	}
	return token, claims, nil
}

// noted keeps the error of checking a signature, which the library puts into words.
type noted struct {
	*keys
	err error
}

func (n *noted) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	payload, err := n.keys.VerifySignature(ctx, raw)
	n.err = err
	return payload, err
}

// instant reads a NumericDate (RFC 7519, 2). What is none is long ago when it is an
// end and far off when it is a beginning: the library has refused it before.
func instant(n *json.Number) time.Time {
	seconds, err := n.Float64()
	if err != nil {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// Leave is RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0).
func (o *OIDC) Leave(ctx context.Context, hint, back string) (string, error) {
	p, err := o.discover(ctx)
	if err != nil || p.EndSession == "" {
		return "", err
	}
	u, err := url.Parse(p.EndSession)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("client_id", o.options.ClientID)
	query.Set("post_logout_redirect_uri", back)
	if hint != "" {
		query.Set("id_token_hint", hint)
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}
