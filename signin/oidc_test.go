package signin_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/demo"
	"gongshu/demo/provider"
	"gongshu/signin"
)

const (
	callback = "http://127.0.0.1:8080/signin/with/oidc/back"
	person   = "shuozhou-gongan-approver"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// rig is the demo's provider over HTTP, and a connector to it.
type rig struct {
	*provider.Provider
	t         testing.TB
	world     demo.World
	connector *signin.OIDC
	address   string
	theirs    clock // the provider's
	ours      clock
	asked     atomic.Int64 // how often for its keys
	down      atomic.Bool
	answers   func(w http.ResponseWriter, r *http.Request) bool // instead of the provider, when it says so
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t}
	r.theirs.at, r.ours.at = time.Now().Truncate(time.Second), time.Now().Truncate(time.Second)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch {
		case r.down.Load():
			w.WriteHeader(http.StatusBadGateway)
			return
		case r.answers != nil && r.answers(w, req):
			return
		case req.URL.Path == "/jwks":
			r.asked.Add(1)
		}
		r.ServeHTTP(w, req)
	}))
	t.Cleanup(server.Close)
	r.address = server.URL
	var err error
	r.world, err = demo.Load()
	require.NoError(t, err)
	r.Provider, err = provider.New(provider.Options{Issuer: server.URL, ClientSecret: "a secret", World: r.world, Now: r.theirs.now})
	require.NoError(t, err)
	r.connector = r.connect(nil)
	return r
}

func (r *rig) connect(change func(*signin.OIDCOptions)) *signin.OIDC {
	r.t.Helper()
	o := signin.OIDCOptions{Issuer: r.address, ClientID: provider.ClientID, ClientSecret: "a secret", Scopes: []string{"profile"},
		Audience: provider.Audience, Skew: time.Minute, Now: r.ours.now}
	if change != nil {
		change(&o)
	}
	c, err := signin.NewOIDC(o)
	require.NoError(r.t, err)
	return c
}

// browser keeps cookies and follows no redirect.
func browser(t testing.TB) *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// visit goes to the provider with an attempt, picks a user there, and returns what the
// provider answers.
func (r *rig) visit(b *http.Client, c *signin.OIDC, a signin.Attempt, user string) url.Values {
	r.t.Helper()
	address, err := c.Begin(r.t.Context(), a, callback)
	require.NoError(r.t, err)
	resp, err := b.Get(address)
	require.NoError(r.t, err)
	require.NoError(r.t, resp.Body.Close())
	if resp.StatusCode == http.StatusOK {
		u, err := url.Parse(address)
		require.NoError(r.t, err)
		form := u.Query()
		form.Set("user", user)
		resp, err = b.PostForm(r.address+"/authorize", form)
		require.NoError(r.t, err)
		require.NoError(r.t, resp.Body.Close())
	}
	require.Equal(r.t, http.StatusSeeOther, resp.StatusCode)
	back, err := resp.Location()
	require.NoError(r.t, err)
	require.True(r.t, strings.HasPrefix(back.String(), callback+"?"), back)
	return back.Query()
}

func TestOIDCRoundTrip(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	b, a := browser(t), signin.NewAttempt()
	answer := r.visit(b, r.connector, a, person)
	id, err := r.connector.Finish(ctx, a, callback, answer)
	require.NoError(t, err)
	assert.Equal(t, r.address, id.Issuer)
	assert.Equal(t, person, id.Subject)
	assert.Equal(t, "shuozhou-gongan", id.Claims["department"])
	assert.Equal(t, []any{"approver"}, id.Claims["groups"])
	assert.Equal(t, []string{r.address}, r.connector.Origins())

	// A code counts once.
	_, err = r.connector.Finish(ctx, a, callback, answer)
	assert.ErrorIs(t, err, signin.ErrUnsound)

	// Who is signed in there is not asked again, until they sign out there.
	a = signin.NewAttempt()
	_, err = r.connector.Finish(ctx, a, callback, r.visit(b, r.connector, a, "nobody is asked"))
	require.NoError(t, err)
	leave, err := r.connector.Leave(ctx, id.Hint, "http://127.0.0.1:8080/")
	require.NoError(t, err)
	resp, err := b.Get(leave)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	assert.Equal(t, "http://127.0.0.1:8080/", resp.Header.Get("Location"))
	a = signin.NewAttempt()
	other, err := r.connector.Finish(ctx, a, callback, r.visit(b, r.connector, a, "shuozhou-minzheng-requester"))
	require.NoError(t, err)
	assert.Equal(t, "shuozhou-minzheng-requester", other.Subject)

	// Userinfo completes the claims of the same person.
	more := r.connect(func(o *signin.OIDCOptions) { o.Userinfo = true })
	a = signin.NewAttempt()
	_, err = more.Finish(ctx, a, callback, r.visit(b, more, a, ""))
	require.NoError(t, err)
}

func TestOIDCAnswersRefused(t *testing.T) {
	r := newRig(t)
	for name, row := range map[string]struct {
		change func(answer url.Values)
		want   error
	}{
		"another state":  {func(v url.Values) { v.Set("state", signin.NewAttempt().State()) }, signin.ErrUnsound},
		"no state":       {func(v url.Values) { v.Del("state") }, signin.ErrUnsound},
		"two states":     {func(v url.Values) { v.Add("state", v.Get("state")) }, signin.ErrUnsound},
		"another issuer": {func(v url.Values) { v.Set("iss", "https://elsewhere.example") }, signin.ErrUnsound},
		"no issuer":      {func(v url.Values) { v.Del("iss") }, signin.ErrUnsound},
		"no code":        {func(v url.Values) { v.Del("code") }, signin.ErrUnsound},
		"two codes":      {func(v url.Values) { v.Add("code", "x") }, signin.ErrUnsound},
		"made-up code":   {func(v url.Values) { v.Set("code", "x") }, signin.ErrUnsound},
		"cancelled":      {func(v url.Values) { v.Del("code"); v.Set("error", "access_denied") }, signin.ErrDenied},
		"hostile error":  {func(v url.Values) { v.Set("error", "<script>\n") }, signin.ErrDenied},
	} {
		t.Run(name, func(t *testing.T) {
			a := signin.NewAttempt()
			answer := r.visit(browser(t), r.connector, a, person)
			row.change(answer)
			_, err := r.connector.Finish(t.Context(), a, callback, answer)
			require.ErrorIs(t, err, row.want)
			assert.NotContains(t, err.Error(), "<script>")
		})
	}
	t.Run("another's code", func(t *testing.T) { // injected into a victim's browser: the verifier is not theirs
		mine, theirs := signin.NewAttempt(), signin.NewAttempt()
		answer := r.visit(browser(t), r.connector, theirs, person)
		answer.Set("state", mine.State())
		_, err := r.connector.Finish(t.Context(), mine, callback, answer)
		require.ErrorIs(t, err, signin.ErrUnsound)
	})
	t.Run("another callback", func(t *testing.T) {
		a := signin.NewAttempt()
		_, err := r.connector.Finish(t.Context(), a, "http://127.0.0.1:9999/signin/with/oidc/back", r.visit(browser(t), r.connector, a, person))
		require.ErrorIs(t, err, signin.ErrUnsound)
	})
	t.Run("code too late", func(t *testing.T) {
		a := signin.NewAttempt()
		answer := r.visit(browser(t), r.connector, a, person)
		r.theirs.move(2 * time.Minute)
		defer r.theirs.move(-2 * time.Minute)
		_, err := r.connector.Finish(t.Context(), a, callback, answer)
		require.ErrorIs(t, err, signin.ErrUnsound)
	})
	t.Run("cancelled there", func(t *testing.T) {
		a := signin.NewAttempt()
		_, err := r.connector.Finish(t.Context(), a, callback, r.visit(browser(t), r.connector, a, ""))
		require.ErrorIs(t, err, signin.ErrDenied)
	})
	t.Run("wrong client secret", func(t *testing.T) {
		c := r.connect(func(o *signin.OIDCOptions) { o.ClientSecret = "another" })
		a := signin.NewAttempt()
		_, err := c.Finish(t.Context(), a, callback, r.visit(browser(t), c, a, person))
		require.ErrorIs(t, err, signin.ErrUnsound)
		assert.NotContains(t, err.Error(), "another")
	})
}

// TestIDTokensRefused has the provider answer with ID tokens that break one rule each.
func TestIDTokensRefused(t *testing.T) {
	r := newRig(t)
	user, ok := r.world.User(person)
	require.True(t, ok)
	for name, change := range map[string]func(claims map[string]any){
		"sound":                     func(map[string]any) {},
		"another nonce":             func(c map[string]any) { c["nonce"] = "x" },
		"no nonce":                  func(c map[string]any) { delete(c, "nonce") },
		"another audience":          func(c map[string]any) { c["aud"] = "another-client" },
		"no audience":               func(c map[string]any) { delete(c, "aud") },
		"the API's audience":        func(c map[string]any) { c["aud"] = provider.Audience },
		"two audiences and no azp":  func(c map[string]any) { c["aud"] = []string{provider.ClientID, "x"}; delete(c, "azp") },
		"another's azp":             func(c map[string]any) { c["azp"] = "x" },
		"azp that is no text":       func(c map[string]any) { c["azp"] = 1 },
		"another issuer":            func(c map[string]any) { c["iss"] = r.address + "/" },
		"expired":                   func(c map[string]any) { c["exp"] = r.ours.now().Add(-time.Minute).Unix() },
		"no expiry":                 func(c map[string]any) { delete(c, "exp") },
		"expiry in words":           func(c map[string]any) { c["exp"] = "tomorrow" },
		"from the future":           func(c map[string]any) { c["iat"] = r.ours.now().Add(2 * time.Minute).Unix() },
		"not yet":                   func(c map[string]any) { c["nbf"] = r.ours.now().Add(2 * time.Minute).Unix() },
		"no subject":                func(c map[string]any) { c["sub"] = "" },
		"a subject out of bounds":   func(c map[string]any) { c["sub"] = strings.Repeat("x", 256) },
		"another access token's":    func(c map[string]any) { c["at_hash"] = "x" },
		"skewed, within the bound":  func(c map[string]any) { c["exp"] = r.ours.now().Add(-30 * time.Second).Unix() },
		"early, within the bound":   func(c map[string]any) { c["nbf"] = r.ours.now().Add(30 * time.Second).Unix() },
		"azp and two audiences, ok": func(c map[string]any) { c["aud"] = []string{provider.ClientID, "x"}; c["azp"] = provider.ClientID },
	} {
		t.Run(name, func(t *testing.T) {
			a := signin.NewAttempt()
			answer := r.visit(browser(t), r.connector, a, person)
			claims := r.AccessClaims(user)
			maps.DeleteFunc(claims, func(name string, _ any) bool { return name == "client_id" || name == "jti" })
			claims["aud"], claims["azp"], claims["nonce"] = provider.ClientID, provider.ClientID, a.Nonce()
			change(claims)
			token, err := r.Sign("JWT", claims)
			require.NoError(t, err)
			r.answers = func(w http.ResponseWriter, req *http.Request) bool {
				if req.URL.Path != "/token" {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "x", "token_type": "Bearer", "id_token": token})
				return true
			}
			defer func() { r.answers = nil }()
			_, err = r.connector.Finish(t.Context(), a, callback, answer)
			if name == "sound" || strings.HasSuffix(name, "within the bound") || strings.HasSuffix(name, "ok") {
				require.NoError(t, err)
				return
			}
			require.ErrorIs(t, err, signin.ErrUnsound)
		})
	}
}

// TestAccessTokensRefused is the table of tokens that open nothing.
func TestAccessTokensRefused(t *testing.T) {
	r := newRig(t)
	user, ok := r.world.User(person)
	require.True(t, ok)
	sound := func() map[string]any { return r.AccessClaims(user) }
	sign := func(typ string, change func(map[string]any)) string {
		claims := sound()
		if change != nil {
			change(claims)
		}
		token, err := r.Sign(typ, claims)
		require.NoError(t, err)
		return token
	}
	good := sign("at+jwt", nil)
	id, err := r.connector.Verify(t.Context(), good)
	require.NoError(t, err)
	require.Equal(t, person, id.Subject)
	_, err = r.connector.Verify(t.Context(), sign("application/at+jwt", nil))
	require.NoError(t, err)

	parts := strings.Split(good, ".")
	published := r.publicKey()
	encode := func(v any) string {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	der, err := x509.MarshalPKIXPublicKey(published.Key)
	require.NoError(t, err)
	foreign, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	forge := func(alg jose.SignatureAlgorithm, key any, header map[jose.HeaderKey]any) string {
		options := (&jose.SignerOptions{}).WithType("at+jwt")
		for k, v := range header {
			options.WithHeader(k, v)
		}
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, options)
		require.NoError(t, err)
		payload, err := json.Marshal(sound())
		require.NoError(t, err)
		signed, err := signer.Sign(payload)
		require.NoError(t, err)
		token, err := signed.CompactSerialize()
		require.NoError(t, err)
		return token
	}
	claim := func(name string, value any) string {
		return sign("at+jwt", func(c map[string]any) {
			if value == nil {
				delete(c, name)
				return
			}
			c[name] = value
		})
	}
	embedded := func() string { // a key of the forger's own in the header
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: foreign}, (&jose.SignerOptions{EmbedJWK: true}).WithType("at+jwt"))
		require.NoError(t, err)
		signed, err := signer.Sign([]byte(`{}`))
		require.NoError(t, err)
		token, err := signed.CompactSerialize()
		require.NoError(t, err)
		return token
	}
	for name, token := range map[string]string{
		"none":                      encode(map[string]any{"alg": "none", "typ": "at+jwt"}) + "." + parts[1] + ".",
		"None":                      encode(map[string]any{"alg": "None", "typ": "at+jwt"}) + "." + parts[1] + ".",
		"none with a signature":     encode(map[string]any{"alg": "none", "typ": "at+jwt"}) + "." + parts[1] + "." + parts[2],
		"no algorithm":              encode(map[string]any{"typ": "at+jwt"}) + "." + parts[1] + "." + parts[2],
		"HS256 with the public key": forge(jose.HS256, der, map[jose.HeaderKey]any{"kid": published.KeyID}),
		"HS256 with the modulus":    forge(jose.HS256, published.Key.(*rsa.PublicKey).N.Bytes(), map[jose.HeaderKey]any{"kid": published.KeyID}),
		"another's key":             forge(jose.RS256, foreign, map[jose.HeaderKey]any{"kid": published.KeyID}),
		"another's key, no kid":     forge(jose.RS256, foreign, nil),
		"another algorithm's key":   forge(jose.ES256, curve, map[jose.HeaderKey]any{"kid": published.KeyID}),
		"PS256 under an RS256 kid":  forge(jose.PS256, foreign, map[jose.HeaderKey]any{"kid": published.KeyID}),
		"unknown kid":               forge(jose.RS256, foreign, map[jose.HeaderKey]any{"kid": "nobody's"}),
		"kid as a path":             forge(jose.RS256, foreign, map[jose.HeaderKey]any{"kid": "../../etc/passwd"}),
		"jku":                       forge(jose.RS256, foreign, map[jose.HeaderKey]any{"jku": "https://elsewhere.example/jwks"}),
		"a key in the header":       embedded(),
		"crit":                      forge(jose.RS256, foreign, map[jose.HeaderKey]any{"crit": []string{"exp"}, "exp": 1}),
		"changed payload":           parts[0] + "." + encode(map[string]any{"sub": "shuozhou-authority-head"}) + "." + parts[2],
		"changed signature":         good[:len(good)-4] + "AAAA",
		"no signature":              parts[0] + "." + parts[1] + ".",
		"two parts":                 parts[0] + "." + parts[1],
		"four parts":                good + ".x",
		"JSON form":                 `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"an ID token":               sign("JWT", func(c map[string]any) { c["aud"] = provider.ClientID; c["nonce"] = "n" }),
		"an ID token for the API":   sign("JWT", nil),
		"an ID token dressed up":    claim("nonce", "n"),
		"a logout token":            sign("logout+jwt", nil),
		"without typ":               encode(map[string]any{"alg": "RS256", "kid": published.KeyID}) + "." + parts[1] + "." + parts[2],
		"for another API":           claim("aud", "another"),
		"for the client":            claim("aud", provider.ClientID),
		"for nobody":                claim("aud", nil),
		"audience in other letters": claim("aud", "Gongshu-API"),
		"another issuer":            claim("iss", "https://elsewhere.example"),
		"issuer with a slash":       claim("iss", r.address+"/"),
		"no issuer":                 claim("iss", nil),
		"expired":                   claim("exp", r.ours.now().Add(-time.Minute).Unix()),
		"no expiry":                 claim("exp", nil),
		"expiry out of bounds":      claim("exp", json.Number("1e400")),
		"not yet":                   claim("nbf", r.ours.now().Add(61*time.Second).Unix()),
		"from the future":           claim("iat", r.ours.now().Add(61*time.Second).Unix()),
		"no iat":                    claim("iat", nil),
		"no subject":                claim("sub", nil),
		"subject of another type":   claim("sub", []string{person}),
		"no client":                 claim("client_id", nil),
		"too long":                  claim("x", strings.Repeat("x", signin.MaxToken)),
		"empty":                     "",
		"dots":                      "ey..",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.connector.Verify(t.Context(), token)
			require.ErrorIs(t, err, signin.ErrUnsound)
		})
	}
	_, err = r.connector.Verify(t.Context(), claim("exp", r.ours.now().Add(-time.Minute).Unix()))
	require.ErrorIs(t, err, signin.ErrExpired)
	for _, within := range []string{claim("exp", r.ours.now().Add(-59*time.Second).Unix()), claim("nbf", r.ours.now().Add(time.Minute).Unix())} {
		_, err := r.connector.Verify(t.Context(), within)
		require.NoError(t, err, "within the skew")
	}
	none := r.connect(func(o *signin.OIDCOptions) { o.Audience = "" })
	_, err = none.Verify(t.Context(), good)
	require.ErrorIs(t, err, signin.ErrUnsound, "none are taken unless an audience is configured")
	strict := r.connect(func(o *signin.OIDCOptions) { o.Skew = 0 })
	_, err = strict.Verify(t.Context(), claim("exp", r.ours.now().Unix()))
	require.ErrorIs(t, err, signin.ErrExpired)
}

func (r *rig) publicKey() jose.JSONWebKey {
	r.t.Helper()
	resp, err := http.Get(r.address + "/jwks")
	require.NoError(r.t, err)
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	require.NoError(r.t, json.NewDecoder(resp.Body).Decode(&set))
	return set.Keys[0]
}

func TestKeysRotate(t *testing.T) {
	r := newRig(t)
	user, ok := r.world.User(person)
	require.True(t, ok)
	token := func() string {
		token, err := r.Sign("at+jwt", r.AccessClaims(user))
		require.NoError(t, err)
		return token
	}
	good := func(token string) {
		t.Helper()
		_, err := r.connector.Verify(t.Context(), token)
		require.NoError(t, err)
	}
	first := token()
	good(first)
	good(first)
	require.EqualValues(t, 1, r.asked.Load(), "keys are kept")

	// A new key is found at once, and the one before is still good.
	r.ours.move(31 * time.Second)
	require.NoError(t, r.Rotate())
	second := token()
	good(second)
	good(first)
	require.EqualValues(t, 2, r.asked.Load())

	// Unknown keys do not have the provider asked at everybody's whim.
	stranger, err := provider.New(provider.Options{Issuer: r.address, ClientSecret: "x", World: r.world, Now: r.theirs.now})
	require.NoError(t, err)
	forged, err := stranger.Sign("at+jwt", r.AccessClaims(user))
	require.NoError(t, err)
	for range 100 {
		_, err := r.connector.Verify(t.Context(), forged)
		require.ErrorIs(t, err, signin.ErrUnsound)
	}
	require.EqualValues(t, 2, r.asked.Load())
	r.ours.move(31 * time.Second)
	for range 100 {
		_, err := r.connector.Verify(t.Context(), forged)
		require.ErrorIs(t, err, signin.ErrUnsound)
	}
	require.EqualValues(t, 3, r.asked.Load(), "once in thirty seconds")

	// A key that is withdrawn ends within a quarter of an hour.
	require.NoError(t, r.Rotate())
	require.NoError(t, r.Rotate())
	good(second)
	r.ours.move(16 * time.Minute)
	r.theirs.move(16 * time.Minute)
	late, err := r.Sign("at+jwt", r.AccessClaims(user))
	require.NoError(t, err)
	good(late)
	_, err = r.connector.Verify(t.Context(), second)
	require.ErrorIs(t, err, signin.ErrUnsound)

	// While the provider is away its keys go on being used, for a day.
	r.down.Store(true)
	r.ours.move(20 * time.Minute)
	r.theirs.move(20 * time.Minute)
	good(token())
	r.ours.move(24 * time.Hour)
	r.theirs.move(24 * time.Hour)
	_, err = r.connector.Verify(t.Context(), token())
	require.ErrorIs(t, err, signin.ErrUnreachable)
	r.down.Store(false)
	r.ours.move(time.Minute)
	r.theirs.move(time.Minute)
	good(token())
}

func TestProviderAway(t *testing.T) {
	r := newRig(t)
	r.down.Store(true)
	_, err := r.connector.Begin(t.Context(), signin.NewAttempt(), callback)
	require.ErrorIs(t, err, signin.ErrUnreachable)
	r.down.Store(false)
	_, err = r.connector.Begin(t.Context(), signin.NewAttempt(), callback)
	require.ErrorIs(t, err, signin.ErrUnreachable, "not asked again at once")
	r.ours.move(6 * time.Second)
	_, err = r.connector.Begin(t.Context(), signin.NewAttempt(), callback)
	require.NoError(t, err)

	// A caller who did not wait is no failure of the provider.
	other := r.connect(nil)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = other.Begin(gone, signin.NewAttempt(), callback)
	require.ErrorIs(t, err, signin.ErrUnreachable)
	_, err = other.Begin(t.Context(), signin.NewAttempt(), callback)
	require.NoError(t, err)
}

// TestNobodyWaitsForWhatIsKnown: a provider that hangs holds up only those who need
// what it has not said yet.
func TestNobodyWaitsForWhatIsKnown(t *testing.T) {
	r := newRig(t)
	user, ok := r.world.User(person)
	require.True(t, ok)
	token, err := r.Sign("at+jwt", r.AccessClaims(user))
	require.NoError(t, err)
	_, err = r.connector.Verify(t.Context(), token)
	require.NoError(t, err)
	hangs, asked := make(chan struct{}), make(chan struct{}, 10)
	r.answers = func(_ http.ResponseWriter, req *http.Request) bool {
		asked <- struct{}{}
		select {
		case <-hangs:
		case <-req.Context().Done():
		}
		return false
	}
	fresh := r.connect(nil)
	waits := make(chan error, 1)
	go func() {
		_, err := fresh.Begin(context.WithoutCancel(t.Context()), signin.NewAttempt(), callback)
		waits <- err
	}()
	<-asked
	assert.Equal(t, []string{r.address}, fresh.Origins(), "pages do not wait")

	r.ours.move(16 * time.Minute) // the keys are due
	r.theirs.move(16 * time.Minute)
	claims := r.AccessClaims(user)
	late, err := r.Sign("at+jwt", claims)
	require.NoError(t, err)
	first := make(chan error, 1)
	go func() {
		_, err := r.connector.Verify(context.WithoutCancel(t.Context()), late)
		first <- err
	}()
	<-asked
	_, err = r.connector.Verify(t.Context(), late)
	require.NoError(t, err, "who comes second does not wait")
	close(hangs)
	require.NoError(t, <-first)
	require.NoError(t, <-waits)
}

func TestDescriptionsRefused(t *testing.T) {
	r := newRig(t)
	for name, change := range map[string]func(map[string]any){
		"another issuer":           func(m map[string]any) { m["issuer"] = "https://elsewhere.example" },
		"keys without encryption":  func(m map[string]any) { m["jwks_uri"] = "http://elsewhere.example/jwks" },
		"token without encryption": func(m map[string]any) { m["token_endpoint"] = "http://elsewhere.example/token" },
		"no authorization":         func(m map[string]any) { delete(m, "authorization_endpoint") },
		"sign-out as script":       func(m map[string]any) { m["end_session_endpoint"] = "javascript:alert(1)" },
	} {
		t.Run(name, func(t *testing.T) {
			r.answers = func(w http.ResponseWriter, req *http.Request) bool {
				if !strings.HasPrefix(req.URL.Path, "/.well-known/") {
					return false
				}
				recorded := httptest.NewRecorder()
				r.ServeHTTP(recorded, req)
				var m map[string]any
				_ = json.Unmarshal(recorded.Body.Bytes(), &m)
				change(m)
				w.Header().Set("Content-Type", "application/json")
				_ = json.NewEncoder(w).Encode(m)
				return true
			}
			defer func() { r.answers = nil }()
			_, err := r.connect(nil).Begin(t.Context(), signin.NewAttempt(), callback)
			require.ErrorIs(t, err, signin.ErrUnreachable)
		})
	}
	for _, o := range []signin.OIDCOptions{
		{Issuer: "http://id.example.gov.cn", ClientID: "x"}, {Issuer: "id.example.gov.cn", ClientID: "x"}, {Issuer: "https://id.example.gov.cn?x=1", ClientID: "x"},
		{Issuer: "https://u:p@id.example.gov.cn", ClientID: "x"}, {Issuer: "https://id.example.gov.cn"}, {Issuer: "https://id.example.gov.cn", ClientID: "x", Skew: time.Hour},
	} {
		_, err := signin.NewOIDC(o)
		require.Error(t, err, o.Issuer)
	}
}

func TestAttempt(t *testing.T) {
	a := signin.NewAttempt()
	again, ok := signin.AttemptOf(a.Secret())
	require.True(t, ok)
	assert.Equal(t, a, again)
	assert.True(t, a.Answers(url.Values{"state": {a.State()}}))
	assert.False(t, a.Answers(url.Values{"state": {a.Secret()}}))
	assert.NotEqual(t, a.State(), a.Nonce())
	assert.NotEqual(t, a.State(), a.Verifier())
	assert.Len(t, a.Verifier(), 43)
	for _, secret := range []string{"", "x", a.Secret() + "x", strings.Repeat("!", 43)} {
		_, ok := signin.AttemptOf(secret)
		assert.False(t, ok, secret)
	}
}
