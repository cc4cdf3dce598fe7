// Package signin finds out who somebody is from a provider outside: by OpenID
// Connect, by CAS tickets, or by access tokens that a provider issued for the API.
// What the provider says of a person is put into this installation's words by a
// reviewed file, see [Claims].
//
// The package keeps nothing: what ties a provider's answer to the browser that was
// sent there is an [Attempt], and whoever uses the package keeps that it is used once.
package signin

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"
)

// Connector is one way of having somebody else say who a person is. It may be used
// by many at once.
type Connector interface {
	// Issuer names whoever says it. Subjects are unique only under one issuer.
	Issuer() string
	// Origins are those that the browser is sent to, as far as they are known.
	Origins() []string
	// Begin returns where the browser is to be sent. callback is the address to which
	// it comes back.
	Begin(ctx context.Context, a Attempt, callback string) (string, error)
	// Finish returns whom the provider named when the browser came back with its
	// answer. The error is [ErrDenied], [ErrUnsound] or [ErrUnreachable].
	Finish(ctx context.Context, a Attempt, callback string, answer url.Values) (Identity, error)
	// Leave returns where the browser is to be sent to sign out with the provider,
	// too, and from there to the address back; "" where the provider knows no such
	// thing. hint is the identity's.
	Leave(ctx context.Context, hint, back string) (string, error)
}

// Why nobody was signed in. What went wrong in particular is said for the log.
var (
	ErrDenied      = errors.New("the provider did not sign the person in")
	ErrUnsound     = errors.New("the provider's answer is not sound")
	ErrUnreachable = errors.New("the provider does not answer")
	// ErrExpired is ErrUnsound for a token that was sound before.
	ErrExpired = fmt.Errorf("%w: expired", ErrUnsound)
)

// Identity is a person as a provider knows them.
type Identity struct {
	Issuer  string
	Subject string
	// Claims are all that the provider said, by name: texts, numbers, lists of them.
	Claims map[string]any
	// Hint is what the provider wants to see again at sign-out; it may be empty.
	Hint string
}

// Attempt is one try to sign in, from when the browser is sent to the provider until
// it comes back. All that is told to the provider follows from the secret, which only
// the browser keeps, and does not tell it.
type Attempt struct{ secret string }

// NewAttempt returns an attempt with a secret that cannot be guessed.
func NewAttempt() Attempt {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return Attempt{base64.RawURLEncoding.EncodeToString(b)}
}

// AttemptOf returns the attempt of a secret; false when it cannot be one.
func AttemptOf(secret string) (Attempt, bool) {
	b, err := base64.RawURLEncoding.DecodeString(secret)
	return Attempt{secret}, err == nil && len(b) == 32
}

// Secret is for the browser alone.
func (a Attempt) Secret() string { return a.secret }

// State comes back with the provider's answer.
func (a Attempt) State() string { return a.derive("state") }

// Nonce comes back inside an ID token.
func (a Attempt) Nonce() string { return a.derive("nonce") }

// Verifier is told only to redeem the code (RFC 7636).
func (a Attempt) Verifier() string { return a.derive("verifier") }

// Answers reports whether a provider's answer is to this attempt.
func (a Attempt) Answers(answer url.Values) bool {
	return len(answer["state"]) == 1 && subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(a.State())) == 1
}

func (a Attempt) derive(purpose string) string {
	mac := hmac.New(sha256.New, []byte(a.secret))
	mac.Write([]byte("gongshu sign-in " + purpose))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// DefaultSkew is how far a provider's clock may differ from ours, and MaxSkew the most
// that can be allowed for.
const (
	DefaultSkew = time.Minute
	MaxSkew     = 5 * time.Minute
)

// Bounds on what a provider may send, and for how long it may take.
const (
	maxAnswer = 1 << 20 // bytes
	patience  = 10 * time.Second
)

// newClient asks providers: bounded in time and size, and led nowhere else.
func newClient() *http.Client {
	return &http.Client{
		Timeout:       patience,
		Transport:     bounded{http.DefaultTransport.(*http.Transport).Clone()},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("the provider answers with a redirect") },
	}
}

type bounded struct{ inner http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.inner.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{&limited{resp.Body, maxAnswer}, resp.Body}
	}
	return resp, err
}

// limited fails where an answer is longer than it may be, instead of cutting it off.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, fmt.Errorf("answer of more than %d bytes", int64(maxAnswer))
	}
	return n, err
}

// checkAddress refuses a provider's address over which a secret could be overheard:
// HTTP is for this machine only.
func checkAddress(name, address string) (*url.URL, error) {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "":
		return nil, fmt.Errorf("%s: not the address of a server", name)
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("%s: must begin with https:// unless it is on this machine", name)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// originOf is where an address leads, for a browser's policies.
func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// unreachable reports whether err says that nobody answered, or not in time.
func unreachable(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}
