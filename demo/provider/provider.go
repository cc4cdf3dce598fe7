// Package provider is the demo's identity provider: a small OpenID provider that lets
// anybody step into any user of the demo. It listens on this machine only, keeps all
// in memory, and takes the place of a government's own sign-in.
package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"gongshu/demo"
	"gongshu/sharing"
)

// The one client that the provider knows, and for what it issues access tokens.
const (
	ClientID = "gongshu"
	Audience = "gongshu-api"
)

// Options of a provider.
type Options struct {
	Issuer       string // its own address, without a slash at the end
	ClientSecret string
	World        demo.World
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// How long things last.
const (
	codeLasts    = time.Minute
	tokenLasts   = 5 * time.Minute
	sessionLasts = 8 * time.Hour
)

// atMost bounds codes and sessions: the oldest go.
const atMost = 10_000

// Provider answers requests.
type Provider struct {
	options Options
	pages   *template.Template
	mux     *http.ServeMux
	origin  *http.CrossOriginProtection

	mu       sync.Mutex
	keys     []signingKey // the newest signs
	codes    map[string]grant
	sessions map[string]session
}

// grant is what a code stands for.
type grant struct {
	request request
	user    string
	expires time.Time
}

type session struct {
	user    string
	expires time.Time
}

//go:embed pages.html style.css
var files embed.FS

// New returns a provider with a key of its own.
func New(o Options) (*Provider, error) {
	if o.ClientSecret == "" {
		return nil, errors.New("the client has no secret")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	pages, err := template.ParseFS(files, "pages.html")
	if err != nil {
		return nil, err
	}
	p := &Provider{options: o, pages: pages, mux: http.NewServeMux(), origin: http.NewCrossOriginProtection(), codes: map[string]grant{}, sessions: map[string]session{}}
	if err := p.Rotate(); err != nil {
		return nil, err
	}
	p.mux.HandleFunc("GET /.well-known/openid-configuration", p.describe)
	p.mux.HandleFunc("GET /jwks", p.publish)
	p.mux.HandleFunc("GET /authorize", p.authorize)
	p.mux.HandleFunc("POST /authorize", p.pick)
	p.mux.HandleFunc("POST /token", p.token)
	p.mux.HandleFunc("GET /userinfo", p.userinfo)
	p.mux.HandleFunc("GET /end", p.end)
	p.mux.HandleFunc("GET /style.css", p.style)
	p.mux.HandleFunc("GET /{$}", p.introduce)
	return p, nil
}

func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if r.URL.Path != "/token" { // which other programs ask
		if err := p.origin.Check(r); err != nil {
			p.refuse(w, http.StatusForbidden, "请求来自别的网站", "The request comes from another site")
			return
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	p.mux.ServeHTTP(w, r)
}

func (p *Provider) now() time.Time { return p.options.Now() }

// describe is OpenID Connect Discovery 1.0.
func (p *Provider) describe(w http.ResponseWriter, _ *http.Request) {
	at := p.options.Issuer
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "jwks_uri": at + "/jwks",
		"userinfo_endpoint": at + "/userinfo", "end_session_endpoint": at + "/end",
		"response_types_supported": []string{"code"}, "grant_types_supported": []string{"authorization_code"},
		"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{string(algorithm)},
		"scopes_supported": []string{"openid", "profile"}, "code_challenge_methods_supported": []string{"S256"},
		"token_endpoint_auth_methods_supported":          []string{"client_secret_basic"},
		"authorization_response_iss_parameter_supported": true,
	})
}

// request is what a client asks the authorization endpoint.
type request struct {
	Redirect, State, Nonce, Challenge, Prompt string
}

// read reads a request. What has no sound client and address is told the person, the
// rest is told the client.
func (p *Provider) read(values url.Values) (q request, back string, told error) {
	q = request{values.Get("redirect_uri"), values.Get("state"), values.Get("nonce"), values.Get("code_challenge"), values.Get("prompt")}
	for name, all := range values {
		if len(all) > 1 {
			return q, "", fmt.Errorf("%s occurs twice", name)
		}
	}
	if values.Get("client_id") != ClientID {
		return q, "", errors.New("client_id is not known")
	}
	if !ours(q.Redirect, "/signin/with/oidc/back") {
		return q, "", errors.New("redirect_uri is not registered")
	}
	switch {
	case values.Get("response_type") != "code":
		return q, "unsupported_response_type", nil
	case !slices.Contains(strings.Fields(values.Get("scope")), "openid"):
		return q, "invalid_scope", nil
	case q.State == "" || len(q.State) > 500 || len(q.Nonce) > 500,
		values.Get("code_challenge_method") != "S256", len(q.Challenge) != 43, values.Has("request"), values.Has("request_uri"):
		return q, "invalid_request", nil
	}
	return q, "", nil
}

// ours reports whether an address is one of this machine with that path: the port may
// differ from start to start (RFC 8252, 7.3).
func ours(address, path string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Path != path || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// sendBack sends the browser to the client with an answer.
func (p *Provider) sendBack(w http.ResponseWriter, r *http.Request, q request, answer url.Values) {
	answer.Set("state", q.State)
	answer.Set("iss", p.options.Issuer)
	http.Redirect(w, r, q.Redirect+"?"+answer.Encode(), http.StatusSeeOther)
}

// authorize lets the person pick a user, unless they did before.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	values := r.URL.Query()
	search := values.Get("q")
	values.Del("q")
	q, back, told := p.read(values)
	switch {
	case told != nil:
		p.refuse(w, http.StatusBadRequest, "登录请求有误", told.Error())
		return
	case back != "":
		p.sendBack(w, r, q, url.Values{"error": {back}})
		return
	}
	if user, ok := p.current(r); ok && q.Prompt != "login" {
		p.issue(w, r, q, user)
		return
	}
	if q.Prompt == "none" {
		p.sendBack(w, r, q, url.Values{"error": {"login_required"}})
		return
	}
	page := picker{Search: search, Kept: values}
	for _, region := range p.options.World.Regions {
		of := pickerRegion{Region: region, Open: search != ""}
		for _, u := range p.options.World.Users {
			if u.Region.ID == region.ID && len(u.Roles) > 0 && !slices.Contains(u.Roles, sharing.Gateway) && about(u, search) {
				of.Users = append(of.Users, u)
			}
		}
		if of.Users != nil {
			page.Regions = append(page.Regions, of)
		}
	}
	p.show(w, http.StatusOK, "picker", page)
}

// about reports whether every word of a search is in what is said of a user.
func about(u sharing.User, search string) bool {
	said := strings.ToLower(u.ID + "\n" + u.Name + "\n" + u.Department.Name + "\n" + u.Department.NameEN)
	for word := range strings.FieldsSeq(strings.ToLower(search)) {
		if !strings.Contains(said, word) {
			return false
		}
	}
	return true
}

type picker struct {
	Search  string
	Kept    url.Values
	Regions []pickerRegion
}

type pickerRegion struct {
	sharing.Region
	Open  bool
	Users []sharing.User
}

// pick signs in the user that was picked, or nobody.
func (p *Provider) pick(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		p.refuse(w, http.StatusBadRequest, "表单有误", "The form cannot be read")
		return
	}
	values := maps.Clone(r.PostForm)
	picked := values.Get("user")
	values.Del("user")
	q, back, told := p.read(values)
	switch {
	case told != nil:
		p.refuse(w, http.StatusBadRequest, "登录请求有误", told.Error())
		return
	case back != "":
		p.sendBack(w, r, q, url.Values{"error": {back}})
		return
	case picked == "":
		p.sendBack(w, r, q, url.Values{"error": {"access_denied"}})
		return
	}
	user, ok := p.options.World.User(picked)
	if !ok {
		p.refuse(w, http.StatusNotFound, "没有这个用户", "There is no such user")
		return
	}
	id := rand.Text()
	p.mu.Lock()
	put(p.sessions, id, session{user.ID, p.now().Add(sessionLasts)}, func(s session) time.Time { return s.expires })
	p.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	p.issue(w, r, q, user)
}

const sessionCookie = "gongshu_demo_provider"

func (p *Provider) current(r *http.Request) (sharing.User, bool) {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return sharing.User{}, false
	}
	p.mu.Lock()
	s := p.sessions[cookie.Value]
	p.mu.Unlock()
	if !p.now().Before(s.expires) {
		return sharing.User{}, false
	}
	return p.options.World.User(s.user)
}

// issue sends the browser back with a code.
func (p *Provider) issue(w http.ResponseWriter, r *http.Request, q request, u sharing.User) {
	code := rand.Text()
	p.mu.Lock()
	put(p.codes, code, grant{q, u.ID, p.now().Add(codeLasts)}, func(g grant) time.Time { return g.expires })
	p.mu.Unlock()
	p.sendBack(w, r, q, url.Values{"code": {code}})
}

// put adds to a bounded map; of a full one the entry that ends first goes.
func put[V any](m map[string]V, key string, v V, expires func(V) time.Time) {
	if len(m) >= atMost {
		first := ""
		for k, other := range m {
			if first == "" || expires(other).Before(expires(m[first])) {
				first = k
			}
		}
		delete(m, first)
	}
	m[key] = v
}

// token redeems a code, once, for whoever has the client's secret and the verifier.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	id, encoded, ok := r.BasicAuth()
	secret, err := url.QueryUnescape(encoded) // RFC 6749, 2.3.1
	if !ok || err != nil || id != ClientID || subtle.ConstantTimeCompare([]byte(secret), []byte(p.options.ClientSecret)) != 1 {
		w.Header().Set("WWW-Authenticate", `Basic realm="gongshu demo"`)
		writeJSON(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "authorization_code" {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})
		return
	}
	code := r.PostForm.Get("code")
	p.mu.Lock()
	g, ok := p.codes[code]
	delete(p.codes, code)
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	if !ok || !p.now().Before(g.expires) || g.request.Redirect != r.PostForm.Get("redirect_uri") ||
		subtle.ConstantTimeCompare([]byte(challenge), []byte(g.request.Challenge)) != 1 {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	user, ok := p.options.World.User(g.user)
	if !ok {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	access, err := p.Sign("at+jwt", p.AccessClaims(user))
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	claims := p.claims(user)
	claims["aud"], claims["azp"], claims["at_hash"] = ClientID, ClientID, halfHash(access)
	if g.request.Nonce != "" {
		claims["nonce"] = g.request.Nonce
	}
	idToken, err := p.Sign("JWT", claims)
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLasts.Seconds()), "id_token": idToken, "scope": "openid profile",
	})
}

// claims are what the provider says of a user in every token.
func (p *Provider) claims(u sharing.User) map[string]any {
	now := p.now()
	return map[string]any{
		"iss": p.options.Issuer, "sub": u.ID, "iat": now.Unix(), "exp": now.Add(tokenLasts).Unix(),
		"preferred_username": u.ID, "name": u.Name, "department": u.Department.ID, "groups": u.Roles,
	}
}

// AccessClaims are those of an access token for the API (RFC 9068).
func (p *Provider) AccessClaims(u sharing.User) map[string]any {
	claims := p.claims(u)
	claims["aud"], claims["client_id"], claims["jti"], claims["scope"] = Audience, ClientID, rand.Text(), "openid profile"
	return claims
}

// userinfo says of whom an access token speaks.
func (p *Provider) userinfo(w http.ResponseWriter, r *http.Request) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, err := p.verify(token)
	expires, _ := claims["exp"].(float64)
	if !ok || err != nil || p.now().Unix() >= int64(expires) || claims["aud"] != Audience {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	said := map[string]any{}
	for _, name := range []string{"sub", "preferred_username", "name", "department", "groups"} {
		said[name] = claims[name]
	}
	writeJSON(w, http.StatusOK, said)
}

// end signs out (OpenID Connect RP-Initiated Logout 1.0).
func (p *Provider) end(w http.ResponseWriter, r *http.Request) {
	// The hint, an expired one as well, or at least the client: keys do not outlive the process.
	hint, err := p.verify(r.URL.Query().Get("id_token_hint"))
	if (err != nil || hint["aud"] != ClientID) && r.URL.Query().Get("client_id") != ClientID {
		p.refuse(w, http.StatusBadRequest, "退出请求有误", "The request to sign out names no sign-in of this provider")
		return
	}
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		p.mu.Lock()
		delete(p.sessions, cookie.Value)
		p.mu.Unlock()
		http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	if back := r.URL.Query().Get("post_logout_redirect_uri"); ours(back, "/") {
		http.Redirect(w, r, back, http.StatusSeeOther)
		return
	}
	p.show(w, http.StatusOK, "ended", nil)
}

func (p *Provider) introduce(w http.ResponseWriter, _ *http.Request) {
	p.show(w, http.StatusOK, "introduction", nil)
}

func (p *Provider) style(w http.ResponseWriter, _ *http.Request) {
	css, err := files.ReadFile("style.css")
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	_, _ = w.Write(css) // the reader may be gone
}

func (p *Provider) refuse(w http.ResponseWriter, status int, zh, en string) {
	p.show(w, status, "refused", struct{ ZH, EN string }{zh, en})
}

func (p *Provider) show(w http.ResponseWriter, status int, page string, data any) {
	var text strings.Builder
	if err := p.pages.ExecuteTemplate(&text, page, data); err != nil {
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text.String())) // the reader may be gone
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the reader may be gone
}
