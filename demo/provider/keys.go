package provider

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// algorithm is the one that every OpenID provider must offer.
const algorithm = jose.RS256

// signingKey is a key with the name under which it is published.
type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

// keysKept is how many keys are published: the one that signs, and the one before,
// with which tokens were signed that are still good.
const keysKept = 2

// Rotate makes a new key, with which everything is signed from now on.
func (p *Provider) Rotate() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append([]signingKey{{rand.Text()[:12], key}}, p.keys...)
	p.keys = p.keys[:min(len(p.keys), keysKept)]
	return nil
}

// publish is the key set (RFC 7517).
func (p *Provider) publish(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, p.published())
}

func (p *Provider) published() jose.JSONWebKeySet {
	p.mu.Lock()
	defer p.mu.Unlock()
	var set jose.JSONWebKeySet
	for _, k := range p.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.key.Public(), KeyID: k.id, Algorithm: string(algorithm), Use: "sig"})
	}
	return set
}

// Sign makes a token of that type with the newest key.
func (p *Provider) Sign(typ string, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	p.mu.Lock()
	newest := p.keys[0]
	p.mu.Unlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: newest.key, KeyID: newest.id}},
		(&jose.SignerOptions{}).WithType(jose.ContentType(typ)))
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}

// verify returns what a token of this provider says, expired or not.
func (p *Provider) verify(token string) (map[string]any, error) {
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{algorithm})
	if err != nil {
		return nil, err
	}
	for _, key := range p.published().Keys {
		if payload, err := signed.Verify(key); err == nil {
			var claims map[string]any
			return claims, json.Unmarshal(payload, &claims)
		}
	}
	return nil, errors.New("not signed with a key that is published")
}

// halfHash is at_hash (OpenID Connect Core 1.0, 3.1.3.6).
func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
