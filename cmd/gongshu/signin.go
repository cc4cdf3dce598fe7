package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongshu/desk"
	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/signin"
)

// providers says with whom people sign in. Nobody when neither issuer nor CAS address
// is given.
type providers struct {
	publicURL  string
	issuer     string
	clientID   string
	secretFile string
	scopes     string
	userinfo   bool
	audience   string
	skew       time.Duration
	claims     string
	casURL     string
	casClaims  string
}

func (p *providers) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.publicURL, "public-url", os.Getenv("GONGSHU_PUBLIC_URL"), "address under which browsers reach the pages, such as https://share.example.gov.cn ($GONGSHU_PUBLIC_URL)")
	f.StringVar(&p.issuer, "oidc-issuer", os.Getenv("GONGSHU_OIDC_ISSUER"), "issuer of the OpenID provider with which people sign in ($GONGSHU_OIDC_ISSUER)")
	f.StringVar(&p.clientID, "oidc-client-id", os.Getenv("GONGSHU_OIDC_CLIENT_ID"), "as which client ($GONGSHU_OIDC_CLIENT_ID)")
	f.StringVar(&p.secretFile, "oidc-client-secret-file", os.Getenv("GONGSHU_OIDC_CLIENT_SECRET_FILE"), "file with the client's secret; none: a public client ($GONGSHU_OIDC_CLIENT_SECRET_FILE)")
	f.StringVar(&p.scopes, "oidc-scopes", environment("GONGSHU_OIDC_SCOPES", "profile"), "scopes to ask for beside openid ($GONGSHU_OIDC_SCOPES)")
	f.BoolVar(&p.userinfo, "oidc-userinfo", os.Getenv("GONGSHU_OIDC_USERINFO") == "1", "take further claims from the userinfo endpoint ($GONGSHU_OIDC_USERINFO=1)")
	f.StringVar(&p.audience, "oidc-audience", os.Getenv("GONGSHU_OIDC_AUDIENCE"), "audience of access tokens that the API takes; none: it takes none of the provider's ($GONGSHU_OIDC_AUDIENCE)")
	f.DurationVar(&p.skew, "oidc-skew", duration(os.Getenv("GONGSHU_OIDC_SKEW"), signin.DefaultSkew), "how far the provider's clock may differ, at most 5m ($GONGSHU_OIDC_SKEW)")
	f.StringVar(&p.claims, "oidc-claims", os.Getenv("GONGSHU_OIDC_CLAIMS"), "file that says what the provider's claims mean here; none: sub is the user's id ($GONGSHU_OIDC_CLAIMS)")
	f.StringVar(&p.casURL, "cas-url", os.Getenv("GONGSHU_CAS_URL"), "address of a CAS portal with which people sign in ($GONGSHU_CAS_URL)")
	f.StringVar(&p.casClaims, "cas-claims", os.Getenv("GONGSHU_CAS_CLAIMS"), "the same as --oidc-claims, for the attributes of the portal ($GONGSHU_CAS_CLAIMS)")
}

// maxSecret is the greatest length of a file with a secret, in bytes.
const maxSecret = 4096

// ways puts the connectors together.
func (p *providers) ways() ([]desk.Way, error) {
	if p.issuer == "" && p.casURL == "" {
		return nil, nil
	}
	base, err := p.base()
	if err != nil {
		return nil, err
	}
	var ways []desk.Way
	add := func(name string, c signin.Connector, claimsFile, flag string) error {
		claims, err := readClaims(claimsFile)
		if err != nil {
			return fmt.Errorf("--%s: %w", flag, err)
		}
		ways = append(ways, desk.Way{Connector: c, Name: name, Claims: claims, Callback: base + "/signin/with/" + name + "/back", Home: base + "/"})
		return nil
	}
	if p.issuer != "" {
		if err := given(p.clientID, "oidc-client-id", "GONGSHU_OIDC_CLIENT_ID"); err != nil {
			return nil, err
		}
		secret, err := p.secret()
		if err != nil {
			return nil, err
		}
		connector, err := signin.NewOIDC(signin.OIDCOptions{Issuer: p.issuer, ClientID: p.clientID, ClientSecret: secret,
			Scopes: strings.Fields(p.scopes), Userinfo: p.userinfo, Audience: p.audience, Skew: p.skew})
		if err != nil {
			return nil, fmt.Errorf("--oidc-…: %w", err)
		}
		if err := add("oidc", connector, p.claims, "oidc-claims"); err != nil {
			return nil, err
		}
		if connector.TakesTokens() {
			ways[0].Tokens = connector
		}
	}
	if p.casURL != "" {
		connector, err := signin.NewCAS(p.casURL)
		if err != nil {
			return nil, fmt.Errorf("--cas-url: %w", err)
		}
		if err := add("cas", connector, p.casClaims, "cas-claims"); err != nil {
			return nil, err
		}
	}
	return ways, nil
}

// base is the public address without a slash at its end.
func (p *providers) base() (string, error) {
	if err := given(p.publicURL, "public-url", "GONGSHU_PUBLIC_URL"); err != nil {
		return "", err
	}
	u, err := url.Parse(p.publicURL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return "", fmt.Errorf("--public-url %s: scheme and host only", p.publicURL)
	case u.Scheme != "https" && loopback(u.Host) != nil && loopback(u.Host+":80") != nil:
		return "", fmt.Errorf("--public-url %s: must begin with https:// unless it is on this machine", p.publicURL)
	case u.Scheme != "https" && u.Scheme != "http":
		return "", fmt.Errorf("--public-url %s: https", p.publicURL)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (p *providers) secret() (string, error) {
	if p.secretFile == "" {
		return "", nil
	}
	content, err := os.ReadFile(p.secretFile)
	if err != nil {
		return "", fmt.Errorf("--oidc-client-secret-file: %w", err)
	}
	secret := strings.TrimSpace(string(content))
	if secret == "" || len(secret) > maxSecret {
		return "", fmt.Errorf("--oidc-client-secret-file %s: holds no secret", p.secretFile)
	}
	return secret, nil
}

// readClaims reads a claims file; without one, the subject is the user's id.
func readClaims(path string) (*signin.Claims, error) {
	if path == "" {
		return &signin.Claims{}, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return signin.ReadClaims(path, bytes.NewReader(content))
}

// checkWays refuses claims files that name departments which do not exist: whoever
// comes from there would find out first.
func checkWays(ctx context.Context, ways []desk.Way, store *postgres.Store) error {
	regions, err := store.Regions(ctx)
	if err != nil {
		return err
	}
	var known []string
	for _, r := range regions {
		departments, err := store.Departments(ctx, r.ID)
		if err != nil {
			return err
		}
		for _, d := range departments {
			known = append(known, d.ID)
		}
	}
	var missing []error
	for _, w := range ways {
		for _, id := range w.Claims.Departments() {
			if !slices.Contains(known, id) {
				missing = append(missing, fmt.Errorf("--%s-claims: department.table names %s, which does not exist", w.Name, id))
			}
		}
		for _, id := range w.Claims.Users() {
			switch _, err := store.User(ctx, id); {
			case sharing.CodeOf(err) == sharing.CodeNotFound:
				missing = append(missing, fmt.Errorf("--%s-claims: user.table names %s, who does not exist or is disabled", w.Name, id))
			case err != nil:
				return err
			}
		}
	}
	return errors.Join(missing...)
}

// discover asks the providers to describe themselves, so that the first to sign in
// does not wait for it. One that does not answer is asked again when it is needed.
func discover(ctx context.Context, ways []desk.Way, logger *slog.Logger) {
	for _, w := range ways {
		if o, ok := w.Connector.(*signin.OIDC); ok {
			if err := o.Discover(ctx); err != nil && ctx.Err() == nil {
				logger.WarnContext(ctx, "the identity provider does not answer", "issuer", o.Issuer(), "error", err)
			}
		}
	}
}
