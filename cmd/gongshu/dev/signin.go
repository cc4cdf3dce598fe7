package dev

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// signInClaims say what the claims of the demo's identity provider mean: it has the
// ids and roles of the demo itself.
const signInClaims = `version: 1
label: {zh: 统一身份认证登录（演示）, en: Sign in with unified identity (demo)}
user: {claim: preferred_username}
name: {claim: name}
department: {claim: department}
roles:
  claim: groups
  table:
    requester: requester
    data_specialist: data_specialist
    approver: approver
    department_head: department_head
    authority_officer: authority_officer
    authority_head: authority_head
    supervisor: supervisor
    finance: finance
    auditor: auditor
    operator: operator
    gateway: gateway
`

func (r *run) signInFile(name string) string { return filepath.Join(r.Home, "signin", name) }

// startSignIn starts the demo's identity provider. Its files are written anew each
// time.
func (r *run) startSignIn(ctx context.Context) error {
	if err := os.MkdirAll(r.signInFile(""), 0o700); err != nil {
		return err
	}
	for name, content := range map[string]string{"secret": rand.Text() + "\n", "claims.yaml": signInClaims} {
		if err := os.WriteFile(r.signInFile(name), []byte(content), 0o600); err != nil {
			return err
		}
	}
	return r.bring(ctx, "127.0.0.1:0", func(address string) (childSpec, error) {
		r.issuer = "http://" + address
		return childSpec{
			name:        "signin",
			program:     r.program,
			arguments:   []string{"demo", "signin", "--listen", address, "--oidc-client-secret-file", r.signInFile("secret")},
			environment: inherited(),
			address:     address,
			ready:       answersOK(r.issuer + "/.well-known/openid-configuration"),
			patience:    5 * time.Second,
		}, nil
	}, func(k *keeper) { r.signIn = k })
}

// signInEnvironment has api sign people in with it. site is the address of the pages.
func (r *run) signInEnvironment(site string) []string {
	return []string{
		"GONGSHU_PUBLIC_URL=" + site,
		"GONGSHU_OIDC_ISSUER=" + r.issuer,
		"GONGSHU_OIDC_CLIENT_ID=gongshu",
		"GONGSHU_OIDC_CLIENT_SECRET_FILE=" + r.signInFile("secret"),
		"GONGSHU_OIDC_CLAIMS=" + r.signInFile("claims.yaml"),
		"GONGSHU_OIDC_AUDIENCE=gongshu-api",
	}
}

// ofSignIn reports whether a variable configures with whom people sign in. In a demo
// that is its own provider.
func ofSignIn(variable string) bool {
	return variable == "GONGSHU_PUBLIC_URL" || strings.HasPrefix(variable, "GONGSHU_OIDC_") || strings.HasPrefix(variable, "GONGSHU_CAS_")
}
