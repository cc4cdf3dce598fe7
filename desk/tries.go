package desk

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/signin"
)

// How often what is no token and no key may be shown to the API, from an address and
// for a key, before both wait for up to ten minutes. A token that is tried again and
// again, as by a system that has not noticed that its own has ended, counts once.
var (
	apiTriesPerAddress = postgres.Throttle{What: "api.address", Times: 100, Per: 10 * time.Minute}
	apiTriesPerKey     = postgres.Throttle{What: "api.key", Times: 100, Per: 10 * time.Minute}
	apiTry             = postgres.Throttle{What: "api.token", Times: 1, Per: 10 * time.Minute}
)

// network is what counts as one address: an IPv4 address, and of IPv6 the /64 of which
// one host has all.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if ip = ip.Unmap().WithZone(""); ip.Is4() {
		return ip.String()
	}
	return netip.PrefixFrom(ip, 64).Masked().String()
}

// AuthenticateBearer returns as whom a bearer token acts: an access token of this
// system or of a provider, or a key, which is then returned, too. Whoever shows too
// many that are none gets CodeTooMany for a while; so do all who ask from the same
// address, and with the same key.
func (d *Desk) AuthenticateBearer(ctx context.Context, address, token string) (sharing.User, Key, error) {
	askers := []postgres.Asker{{Throttle: apiTriesPerAddress, Who: network(address)}}
	if id, _, ok := strings.Cut(strings.TrimPrefix(token, keyPrefix), "_"); ok && IsKey(token) && len(id) <= 20 {
		askers = append(askers, postgres.Asker{Throttle: apiTriesPerKey, Who: id})
	}
	if err := d.admit(ctx, askers); err != nil {
		return sharing.User{}, Key{}, err
	}
	var (
		who sharing.User
		key Key
		err error
	)
	switch way, jwt := d.wayOfTokens(token); {
	case IsKey(token):
		who, key, err = d.AuthenticateKey(ctx, address, token)
	case jwt:
		who, err = d.authenticateJWT(ctx, way, token)
	default:
		who, err = d.Authenticate(ctx, token)
	}
	if sharing.CodeOf(err) == sharing.CodeUnauthenticated && !errors.Is(err, signin.ErrExpired) {
		if err := d.Store.CountOnce(ctx, postgres.Asker{Throttle: apiTry, Who: token}, askers...); err != nil {
			return sharing.User{}, key, err
		}
	}
	return d.under(who), key, err
}

// tries is what is known of failed tries, for a moment: the database is asked about
// an address or a key once a second, however often they come.
type tries struct {
	mu    sync.Mutex
	known map[string]tried
}

type tried struct {
	asked  time.Time
	locked time.Time // until then; zero when not locked
}

// Bounds on what is known.
const (
	triesFresh  = time.Second
	triesAtMost = 10_000
)

// admit returns CodeTooMany when one of them has failed too often.
func (d *Desk) admit(ctx context.Context, askers []postgres.Asker) error {
	var name strings.Builder
	for _, a := range askers {
		name.WriteString(a.What + "\x00" + a.Who + "\x00")
	}
	now := time.Now()
	d.tries.mu.Lock()
	t, ok := d.tries.known[name.String()]
	d.tries.mu.Unlock()
	if !ok || now.Sub(t.asked) >= triesFresh {
		left, err := d.Store.Locked(ctx, askers...)
		if err != nil {
			return err
		}
		t = tried{asked: now}
		if left > 0 {
			t.locked = now.Add(left)
		}
		d.tries.mu.Lock()
		if d.tries.known == nil || len(d.tries.known) >= triesAtMost {
			d.tries.known = map[string]tried{}
		}
		d.tries.known[name.String()] = t
		d.tries.mu.Unlock()
	}
	if left := t.locked.Sub(now); left > 0 {
		return &sharing.Error{Code: sharing.CodeTooMany, RetryAfter: left}
	}
	return nil
}
