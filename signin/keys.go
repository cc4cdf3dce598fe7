package signin

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those in which tokens may be signed: all of them with a key of which
// the provider keeps the one half.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
	jose.ES256, jose.ES384, jose.ES512, jose.EdDSA}

func algorithmNames() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = string(a)
	}
	return names
}

// When a provider's keys are fetched again.
const (
	keysFresh  = 15 * time.Minute // after that in any case, so that a withdrawn key ends
	keysStale  = 24 * time.Hour   // longer they are not used when the provider does not answer
	keysAgain  = 30 * time.Second // no sooner, whatever keys are asked for
	keysAtMost = 100
	rsaBits    = 2048 // no shorter
)

// keys are the public keys of a provider as it publishes them now.
type keys struct {
	address string
	client  *http.Client
	now     func() time.Time

	fetching sync.Mutex // held while they are fetched

	mu      sync.Mutex // guards what follows
	known   []jose.JSONWebKey
	fetched time.Time // 0 before they ever were
	tried   time.Time
}

// VerifySignature returns the payload of a token signed by the provider. It is that
// of the oidc package's KeySet.
func (k *keys) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	signed, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil {
		return nil, err
	}
	if len(signed.Signatures) != 1 {
		return nil, errors.New("not exactly one signature")
	}
	header := signed.Signatures[0].Header
	candidates, err := k.find(ctx, header)
	if err != nil {
		return nil, err
	}
	for i := range candidates {
		if payload, err := signed.Verify(&candidates[i]); err == nil {
			return payload, nil
		}
	}
	return nil, errors.New("not signed with a key of the provider")
}

// find returns the keys with which a token of that header may be signed. A key that
// is not known makes them be fetched, but not at everybody's whim; those who ask for
// known keys do not wait for it.
func (k *keys) find(ctx context.Context, header jose.Header) ([]jose.JSONWebKey, error) {
	now := k.now()
	found, due := k.look(header, now)
	if due && (len(found) == 0 || k.fetching.TryLock()) {
		if len(found) == 0 {
			k.fetching.Lock()
		}
		defer k.fetching.Unlock()
		if found, due = k.look(header, now); due { // and nobody fetched them meanwhile
			known, err := k.fetch(ctx)
			k.mu.Lock()
			if ctx.Err() == nil { // otherwise it was the caller who did not wait
				k.tried = now
			}
			if err == nil {
				k.known, k.fetched = known, now
			}
			k.mu.Unlock()
			if err != nil && len(found) == 0 {
				return nil, fmt.Errorf("%w: its keys: %w", ErrUnreachable, err)
			}
			found, _ = k.look(header, now)
		}
	}
	k.mu.Lock()
	fetched := k.fetched
	k.mu.Unlock()
	if now.Sub(fetched) > keysStale {
		return nil, fmt.Errorf("%w: its keys are from %s", ErrUnreachable, fetched.Format(time.RFC3339))
	}
	return found, nil
}

// look returns what of the known keys fits, and whether they are due to be fetched.
func (k *keys) look(header jose.Header, now time.Time) ([]jose.JSONWebKey, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	found := k.matching(header)
	return found, (len(found) == 0 || now.Sub(k.fetched) > keysFresh) && now.Sub(k.tried) >= keysAgain
}

// matching returns the known keys that fit a token's header. Without a key id that is
// the provider's only key of the algorithm.
func (k *keys) matching(header jose.Header) []jose.JSONWebKey {
	var found []jose.JSONWebKey
	for _, key := range k.known {
		if (key.Algorithm == "" || key.Algorithm == header.Algorithm) && (header.KeyID == "" || header.KeyID == key.KeyID) {
			found = append(found, key)
		}
	}
	if header.KeyID == "" && len(found) > 1 {
		return nil
	}
	return found
}

func (k *keys) fetch(ctx context.Context) ([]jose.JSONWebKey, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := k.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", k.address, resp.Status)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", k.address, err)
	}
	if len(set.Keys) > keysAtMost {
		return nil, fmt.Errorf("%s: more than %d keys", k.address, keysAtMost)
	}
	var usable []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		// A key of a kind not known here is none of ours to use.
		if key.UnmarshalJSON(raw) == nil && key.Valid() && key.IsPublic() && (key.Use == "" || key.Use == "sig") && longEnough(key) {
			usable = append(usable, key)
		}
	}
	return usable, nil
}

func longEnough(key jose.JSONWebKey) bool {
	k, ok := key.Key.(*rsa.PublicKey)
	return !ok || k.N.BitLen() >= rsaBits
}
