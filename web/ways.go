package web

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// wayOption is a way of signing in with a provider, as the sign-in page offers it.
type wayOption struct {
	Name  string
	Label string
}

func (v *visit) signInWays() []wayOption {
	var offered []wayOption
	for _, w := range v.site.desk.Ways {
		label := ""
		if w.Claims != nil {
			label = w.Claims.Label
			if v.locale() == English {
				label = w.Claims.LabelEN
			}
		}
		if label == "" {
			label = v.words.T("signin.way")
		}
		offered = append(offered, wayOption{w.Name, label})
	}
	return offered
}

// contentPolicy is the policy of every page with the providers to which a form may lead on.
func (s *site) contentPolicy() string {
	origins := s.desk.SignInOrigins()
	if len(origins) == 0 {
		return policy
	}
	slices.Sort(origins)
	return strings.Replace(policy, "form-action 'self'", "form-action 'self' "+strings.Join(slices.Compact(origins), " "), 1)
}

// attemptCookie is the name of the cookie that ties a provider's answer to the browser
// that was sent there. Each try has its own, so that two windows do not disturb each
// other.
func (s *site) attemptCookie(state string) string {
	name := "gongshu_signin_" + state
	if s.secure {
		return "__Host-" + name
	}
	return name
}

// attemptLasts is in seconds.
const attemptLasts = 10 * 60

// attemptMark is what of a state stands in the name of a cookie; "" when it is none.
func attemptMark(state string) string {
	const length = 12
	if len(state) < length || strings.ContainsFunc(state[:length], func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}) {
		return ""
	}
	return state[:length]
}

// signInWith sends the reader to a provider.
func (v *visit) signInWith() error {
	f := v.form()
	next := localPath(f.Value("next"))
	var kept url.Values
	if f.Value("kept") != "" {
		kept = keptFields(f)
	}
	begun, err := v.site.desk.BeginSignIn(v.ctx(), v.browser(), v.Param("way"), next, kept)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return err
	}
	if err != nil {
		return v.refuseSignIn(err, next, kept)
	}
	v.setCookie(v.site.attemptCookie(attemptMark(begun.State)), begun.Secret, attemptLasts)
	return v.redirect(begun.Address)
}

// backFromProvider signs in whom a provider sends back.
func (v *visit) backFromProvider() error {
	answer := v.QueryParams()
	secret := ""
	if mark := attemptMark(answer.Get("state")); mark != "" {
		if cookie, err := v.Cookie(v.site.attemptCookie(mark)); err == nil {
			secret = cookie.Value
			v.setCookie(cookie.Name, "", -1)
		}
	}
	entrance, err := v.site.desk.FinishSignIn(v.ctx(), v.browser(), v.Param("way"), secret, answer)
	switch {
	case sharing.CodeOf(err) == sharing.CodeNotFound:
		return err
	case sharing.CodeOf(err) == desk.CodeSignInOver && v.signedIn():
		return v.redirect("/") // the page before was opened again
	case err != nil:
		return v.refuseSignIn(err, localPath(entrance.Next), entrance.Kept)
	}
	return v.arrive(entrance.Session, localPath(entrance.Next), entrance.Kept)
}

// refusedSignIn says on the sign-in page why a provider's word was not enough.
type refusedSignIn struct {
	Code   sharing.Code
	Detail string // as whom, or of which department, the provider knows the reader; may be empty
}

// refuseSignIn shows the sign-in page with why nobody was signed in. What exactly went
// wrong is for the log.
func (v *visit) refuseSignIn(err error, next string, kept url.Values) error {
	var e *sharing.Error
	if !errors.As(err, &e) {
		return err
	}
	status := http.StatusForbidden
	switch e.Code {
	case desk.CodeSignInOver, desk.CodeSignInUnsound:
		status = http.StatusBadRequest
	case desk.CodeSignInDenied:
		status = http.StatusUnauthorized
	case desk.CodeSignInUnknown, desk.CodeSignInDepartment, desk.CodeSignInRoles:
	case sharing.CodeUnavailable:
		status = http.StatusServiceUnavailable
		v.Response().Header().Set("Retry-After", "5")
	case sharing.CodeTooMany:
		status = http.StatusTooManyRequests
		v.retryAfter(err)
	default:
		return err
	}
	v.site.log.WarnContext(v.ctx(), "sign-in refused", "way", v.Param("way"), "remote", v.RealIP(), "code", e.Code, "error", err)
	refused := &refusedSignIn{Code: e.Code}
	switch e.Code {
	case desk.CodeSignInUnknown, desk.CodeSignInDepartment:
		refused.Detail = e.Detail
	}
	return v.showSignIn(status, signInPage{Next: next, Form: newForm(0), Kept: kept, Refused: refused})
}

func (v *visit) backToSignIn() error { return v.redirect("/signin") }
