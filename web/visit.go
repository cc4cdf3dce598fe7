package web

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// visit is one request of one reader.
type visit struct {
	echo.Context
	site    *site
	words   words
	user    sharing.User // zero when nobody is signed in
	session desk.Session
	// counted are those numbers at the menu that the page itself has counted.
	counted desk.Known
	// tried and triedForm are what was done beside the steps of a case and came back
	// with its problems.
	tried     sharing.Action
	triedForm *form
}

type handler func(v *visit) error

// signedIn reports whether somebody is.
func (v *visit) signedIn() bool { return v.user.ID != "" }

func (v *visit) ctx() context.Context { return v.Request().Context() }

func (v *visit) posted() bool { return v.Request().Method == http.MethodPost }

// Bounds on what a request may carry.
const (
	maxForm  = 1 << 20 // bytes of a form without files
	maxFiles = 10      // files of one form
)

// policy is the Content-Security-Policy of every page: nothing from elsewhere,
// no script or style inside the page, no frames.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// serve makes an echo handler of h: it sets the headers, finds out who asks,
// checks where a form came from, and turns errors into pages.
func (s *site) serve(h handler, membersOnly bool) echo.HandlerFunc {
	return func(c echo.Context) error {
		v := &visit{Context: c, site: s}
		header := c.Response().Header()
		header.Set("Content-Security-Policy", s.contentPolicy())
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		header.Set("Referrer-Policy", "same-origin")
		header.Set("Cross-Origin-Opener-Policy", "same-origin")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		header.Set("Cache-Control", "no-store")
		header.Add("Vary", "Cookie")
		if header.Get(echo.HeaderXRequestID) == "" {
			header.Set(echo.HeaderXRequestID, rand.Text())
		}
		v.words = s.views.words[v.locale()]
		if err := v.recognise(); err != nil {
			return v.problem(err)
		}
		if err := s.origin.Check(c.Request()); err != nil {
			return v.problem(&sharing.Error{Code: sharing.CodeForbidden, Cause: err})
		}
		if v.posted() {
			if err := v.readForm(); err != nil {
				return v.problem(err)
			}
			defer v.discardFiles()
		}
		if membersOnly && !v.signedIn() {
			return v.askToSignIn()
		}
		if v.posted() && v.signedIn() && !v.ownForm() {
			return v.problem(sharing.Errorf(sharing.CodeForbidden, "the form belongs to another session"))
		}
		c.SetRequest(c.Request().WithContext(desk.On(v.ctx(), v.errand())))
		err := v.run(h)
		if err == nil {
			return nil
		}
		if c.Response().Committed {
			s.log.ErrorContext(v.ctx(), "page broken off", "path", c.Request().URL.Path, "error", err)
			return nil
		}
		return v.problem(err)
	}
}

// run calls h and turns a panic into an error, so that it ends on the page for
// what went wrong.
func (v *visit) run(h handler) (err error) {
	defer func() {
		switch p := recover(); p {
		case nil:
		case http.ErrAbortHandler:
			panic(p)
		default:
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return h(v)
}

// recognise finds out who is signed in. A session that is no longer valid is
// forgotten; a desk that does not answer is an error.
func (v *visit) recognise() error {
	cookie, err := v.Cookie(v.site.sessionCookie())
	if err != nil || cookie.Value == "" {
		return nil
	}
	session := v.site.desk.Session
	if v.Request().Header.Get(unattended) != "" {
		session = v.site.desk.Unattended
	}
	user, current, err := session(v.ctx(), cookie.Value)
	switch {
	case sharing.CodeOf(err) == sharing.CodeUnauthenticated:
		v.forgetSession()
		return nil
	case err != nil:
		return err
	}
	v.user, v.session = user, current
	v.words = v.site.views.words[v.locale()]
	return nil
}

// locale is the signed-in user's language, or the one chosen in this browser.
func (v *visit) locale() Locale {
	if v.signedIn() {
		return localeOf(v.user.Locale)
	}
	if cookie, err := v.Cookie(localeCookie); err == nil {
		return localeOf(cookie.Value)
	}
	return Chinese
}

// readForm reads a posted form, bounded in size.
func (v *visit) readForm() error {
	r := v.Request()
	limit := int64(maxForm)
	multipart := strings.HasPrefix(r.Header.Get(echo.HeaderContentType), echo.MIMEMultipartForm)
	if multipart {
		limit += maxFiles * int64(desk.MaxFile)
	}
	r.Body = http.MaxBytesReader(v.Response(), r.Body, limit)
	var err error
	if multipart {
		err = r.ParseMultipartForm(maxForm)
	} else {
		err = r.ParseForm()
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &sharing.Error{Code: sharing.CodeTooLarge, Cause: err}
	case err != nil:
		return &sharing.Error{Code: sharing.CodeInvalid, Cause: err}
	}
	return nil
}

func (v *visit) discardFiles() {
	if m := v.Request().MultipartForm; m != nil {
		if err := m.RemoveAll(); err != nil {
			v.site.log.WarnContext(v.ctx(), "temporary files of a form stay", "error", err)
		}
	}
}

// ownForm reports whether the posted form was made for this session.
func (v *visit) ownForm() bool {
	return subtle.ConstantTimeCompare([]byte(v.Request().PostForm.Get("csrf")), []byte(v.mark())) == 1
}

// mark is what the forms of this session carry to show that they are its own. It
// follows from the session's secret id and does not tell it.
func (v *visit) mark() string {
	sum := sha256.Sum256([]byte("gongshu form of " + v.session.ID))
	return hex.EncodeToString(sum[:16])
}

// redirect sends the reader to a page of this site, to be had with GET.
func (v *visit) redirect(path string) error { return v.Redirect(http.StatusSeeOther, path) }

// localPath returns path when it is a page of this site, and "/" otherwise.
func localPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return "/"
	}
	u, err := url.Parse(path)
	if err != nil || u.Host != "" || u.Scheme != "" {
		return "/"
	}
	return u.RequestURI()
}

// here is the address of the page shown, at which it can be opened again.
func (v *visit) here() string {
	if v.posted() {
		return localPath(v.Request().URL.EscapedPath())
	}
	if strings.HasPrefix(v.Request().URL.Path, "/signin/") {
		return "/signin" // a provider's answer is not asked for twice
	}
	return localPath(v.Request().URL.RequestURI())
}

// segment escapes an id for use in a path.
func segment(id string) string { return url.PathEscape(id) }

const (
	localeCookie = "gongshu_locale"
	noticeCookie = "gongshu_notice"

	// unattended is the header by which the pages' script marks what nobody asked for
	// by hand, so that a page left open does not keep its session alive.
	unattended = "Gongshu-Unattended"
)

// sessionCookie is the name of the session's cookie. Over HTTPS the browser is
// asked to hold it to this host.
func (s *site) sessionCookie() string {
	if s.secure {
		return "__Host-gongshu_session"
	}
	return "gongshu_session"
}

// setCookie sets a cookie that scripts and other sites do not get. maxAge is in
// seconds; 0 lasts until the browser closes, below 0 deletes.
func (v *visit) setCookie(name, value string, maxAge int) {
	v.SetCookie(&http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: v.site.secure, SameSite: http.SameSiteLaxMode})
}

func (v *visit) forgetSession() { v.setCookie(v.site.sessionCookie(), "", -1) }
