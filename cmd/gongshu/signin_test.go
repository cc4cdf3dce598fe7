package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/signin"
)

func TestProvidersAreChecked(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	secret, claims := file("secret", " s3cret\n"), file("claims.yaml", "version: 1\nuser: {claim: sub}\n")
	sound := func(change func(p *providers)) *providers {
		p := &providers{publicURL: "https://share.example.gov.cn/", issuer: "https://id.example.gov.cn/realms/gov", clientID: "gongshu", secretFile: secret, scopes: "profile",
			skew: signin.DefaultSkew, claims: claims, audience: "gongshu-api", casURL: "https://cas.example.gov.cn/cas"}
		if change != nil {
			change(p)
		}
		return p
	}
	ways, err := sound(nil).ways()
	require.NoError(t, err)
	require.Len(t, ways, 2)
	require.Equal(t, "https://share.example.gov.cn/signin/with/oidc/back", ways[0].Callback)
	require.Equal(t, "https://share.example.gov.cn/", ways[1].Home)
	require.NotNil(t, ways[0].Tokens)
	require.Nil(t, ways[1].Tokens)
	none, err := new(providers).ways()
	require.NoError(t, err)
	require.Empty(t, none)

	for want, change := range map[string]func(*providers){
		"--public-url is missing":         func(p *providers) { p.publicURL = "" },
		"must begin with https://":        func(p *providers) { p.publicURL = "http://share.example.gov.cn" },
		"scheme and host only":            func(p *providers) { p.publicURL = "https://share.example.gov.cn/x" },
		"issuer: must begin with https":   func(p *providers) { p.issuer = "http://id.example.gov.cn" },
		"--oidc-client-id is missing":     func(p *providers) { p.clientID = "" },
		"no such file":                    func(p *providers) { p.secretFile = filepath.Join(dir, "none") },
		"holds no secret":                 func(p *providers) { p.secretFile = file("empty", "\n") },
		"skew":                            func(p *providers) { p.skew = 2 * signin.MaxSkew },
		`bad.yaml:2: user.claim`:          func(p *providers) { p.claims = file("bad.yaml", "version: 1\nuser: {table: {a: b}}\n") },
		"--cas-url: CAS address":          func(p *providers) { p.casURL = "http://cas.example.gov.cn" },
		"--cas-claims: open " + dir + "/": func(p *providers) { p.casClaims = filepath.Join(dir, "none") },
	} {
		_, err := sound(change).ways()
		require.ErrorContains(t, err, want)
	}

	rig := desktest.New(t)
	here, err := sound(func(p *providers) {
		p.claims = file("here.yaml", "version: 1\nuser: {claim: sub, table: {a: shuozhou-gongan-approver}}\ndepartment: {claim: d, table: {a: shuozhou-gongan}}\n")
	}).ways()
	require.NoError(t, err)
	require.NoError(t, checkWays(t.Context(), here, rig.Store))
	away, err := sound(func(p *providers) {
		p.claims = file("away.yaml", "version: 1\nuser: {claim: sub, table: {a: nobody}}\ndepartment: {claim: d, table: {a: nowhere}}\n")
	}).ways()
	require.NoError(t, err)
	err = checkWays(t.Context(), away, rig.Store)
	require.ErrorContains(t, err, "department.table names nowhere, which does not exist")
	require.ErrorContains(t, err, "user.table names nobody, who does not exist")
}
