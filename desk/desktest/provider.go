package desktest

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"gongshu/demo"
	"gongshu/demo/provider"
	"gongshu/desk"
	"gongshu/signin"
)

// ProviderClaims say what the claims of the demo's provider mean.
const ProviderClaims = `version: 1
user: {claim: preferred_username}
department: {claim: department}
roles:
  claim: groups
  table: {requester: requester, approver: approver, data_specialist: data_specialist, department_head: department_head, authority_head: authority_head, operator: operator}
`

// Provider is an identity provider over HTTP, beside the desk.
type Provider struct {
	*provider.Provider
	Address string
	Way     *desk.Way
}

// SignInWith starts the demo's identity provider for a world, and has the desk sign people
// in with it. base is the address of the pages.
func (r *Rig) SignInWith(base string, world demo.World, claims string) *Provider {
	r.T.Helper()
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	const secret = "the client's secret"
	p, err := provider.New(provider.Options{Issuer: address, ClientSecret: secret, World: world})
	check(r.T, err)
	server.Config.Handler = p
	server.Start()
	r.T.Cleanup(server.Close)
	read, err := signin.ReadClaims("claims.yaml", strings.NewReader(claims))
	check(r.T, err)
	connector, err := signin.NewOIDC(signin.OIDCOptions{Issuer: address, ClientID: provider.ClientID, ClientSecret: secret, Audience: provider.Audience, Skew: signin.DefaultSkew})
	check(r.T, err)
	r.Ways = append(r.Ways, desk.Way{Connector: connector, Name: "oidc", Claims: read, Callback: base + "/signin/with/oidc/back", Home: base + "/", Tokens: connector})
	return &Provider{Provider: p, Address: address, Way: &r.Ways[len(r.Ways)-1]}
}

// BeforeTurn waits, where so little is left of the ten minutes in which tries are
// counted, until the next ten have begun.
func BeforeTurn(needed time.Duration) {
	const turn = 10 * time.Minute
	if left := turn - time.Since(time.Now().Truncate(turn)); left < needed {
		time.Sleep(left + 100*time.Millisecond)
	}
}

// Pick is the form by which a user is picked at the provider, after a browser was sent
// to the address begun.
func Pick(begun, user string) (action string, form url.Values, err error) {
	u, err := url.Parse(begun)
	if err != nil {
		return "", nil, err
	}
	form = u.Query()
	form.Set("user", user)
	u.RawQuery = ""
	return u.String(), form, nil
}
