// Package web serves the pages: HTML made on the server, complete without
// script, in Chinese and English. It knows the rest of the system through
// package desk alone, and shows only what the desk lets the reader see and do.
//
// One file holds one thing a person does: open a case, answer it, search the
// catalog. What all pages need is in few files: visit.go (one request),
// views.go (templates), form.go (typed values and problems), words.go (texts in
// two languages), problem.go (errors as pages).
package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
)

// Options says how the pages are served.
type Options struct {
	// Demo lets anyone step into a demo user without a secret. To be set only where
	// the server listens on loopback.
	Demo bool
	// Logger gets what went wrong; nil stands for slog.Default.
	Logger *slog.Logger
	// Secure marks cookies for HTTPS only. To be set wherever the pages are reached
	// over HTTPS.
	Secure bool
}

// site is what all requests share.
type site struct {
	desk   *desk.Desk
	demo   bool
	secure bool
	log    *slog.Logger
	views  *views
	assets *assets
	origin *http.CrossOriginProtection
}

// Mount adds the pages to e. It fails when a template or a message catalog is
// broken, undeclared or incomplete. Paths under /api are left to others.
func Mount(e *echo.Echo, d *desk.Desk, o Options) error {
	_, err := mount(e, d, o)
	return err
}

func mount(e *echo.Echo, d *desk.Desk, o Options) (*site, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	assets, err := loadAssets()
	if err != nil {
		return nil, fmt.Errorf("web: assets: %w", err)
	}
	dictionaries, err := loadDictionaries()
	if err != nil {
		return nil, fmt.Errorf("web: message catalogs: %w", err)
	}
	views, err := loadViews(assets, d.Law(), dictionaries, func(key string) { o.Logger.Warn("a text is missing", "key", key) })
	if err != nil {
		return nil, fmt.Errorf("web: templates: %w", err)
	}
	s := &site{desk: d, demo: o.Demo, secure: o.Secure, log: o.Logger, views: views, assets: assets,
		origin: http.NewCrossOriginProtection()}
	s.routes(e)
	return s, nil
}

// routes is the site map.
func (s *site) routes(e *echo.Echo) {
	known := map[string][]string{} // methods by path
	add := func(method, path string, h echo.HandlerFunc) {
		e.Add(method, path, h)
		known[path] = append(known[path], method)
		if method == http.MethodGet {
			e.Add(http.MethodHead, path, h) // the server leaves the body out
			known[path] = append(known[path], http.MethodHead)
		}
	}
	anyone := func(method, path string, h handler) { add(method, path, s.serve(h, false)) }
	members := func(method, path string, h handler) { add(method, path, s.serve(h, true)) }

	add("GET", "/static/:name", s.asset)
	add("GET", "/favicon.ico", s.favicon)

	anyone("GET", "/", (*visit).home)
	anyone("GET", "/signin", (*visit).signInPage)
	anyone("POST", "/signin", (*visit).signIn)
	anyone("POST", "/signin/demo", (*visit).signInDemo)
	anyone("POST", "/signout", (*visit).signOut)
	anyone("POST", "/locale", (*visit).changeLocale)
	anyone("GET", "/due", (*visit).due)

	members("GET", "/catalog", (*visit).catalog)
	members("GET", "/catalog/:id", (*visit).resource)
	members("POST", "/catalog/:id/apply", (*visit).apply)

	members("GET", "/applications", (*visit).applications)
	members("GET", "/applications/new", (*visit).newDraft)
	members("POST", "/applications/new", (*visit).saveNewDraft)
	members("GET", "/applications/:id", (*visit).application)
	members("GET", "/applications/:id/edit", (*visit).editDraft)
	members("POST", "/applications/:id/edit", (*visit).saveDraft)
	members("POST", "/applications/:id/discard", (*visit).discardDraft)
	members("GET", "/applications/:id/preview", (*visit).preview)
	members("POST", "/applications/:id/submit", (*visit).submit)

	members("GET", "/cases", (*visit).cases)
	members("GET", "/cases/:id", (*visit).openCase)
	members("POST", "/cases/:id/pass", (*visit).pass)
	members("POST", "/cases/:id/send_back", (*visit).sendBack)
	members("POST", "/cases/:id/extend", (*visit).extend)
	members("POST", "/cases/:id/reassign", (*visit).reassign)
	members("POST", "/cases/:id/request_completion", (*visit).requestCompletion)
	members("POST", "/cases/:id/complete", (*visit).complete)
	members("POST", "/cases/:id/answer", (*visit).answer)
	members("POST", "/cases/:id/provide", (*visit).provide)
	members("POST", "/cases/:id/confirm", (*visit).confirm)
	members("POST", "/cases/:id/report_failure", (*visit).reportFailure)
	members("POST", "/cases/:id/withdraw", (*visit).withdraw)

	members("GET", "/inbox", (*visit).inbox)
	members("POST", "/inbox/:id/claim", (*visit).claim)
	members("POST", "/inbox/:id/release", (*visit).release)
	members("GET", "/messages", (*visit).messages)
	members("GET", "/grants", (*visit).grants)
	members("GET", "/board", (*visit).board)
	members("GET", "/files/:id", (*visit).file)

	// A form that came back with its problems stands at the form's own address.
	// Opening or reloading that address leads to the page the form is on.
	for _, step := range caseSteps {
		members("GET", "/cases/:id/"+string(step), (*visit).backToCase)
	}
	members("GET", "/applications/:id/submit", (*visit).backToPreview)
	members("GET", "/applications/:id/discard", (*visit).backToApplication)
	members("GET", "/catalog/:id/apply", (*visit).backToResource)
	members("GET", "/inbox/:id/claim", (*visit).backToInbox)
	members("GET", "/inbox/:id/release", (*visit).backToInbox)
	for _, path := range []string{"/signin/demo", "/signout", "/locale"} {
		anyone("GET", path, (*visit).backHome)
	}

	nowhere := s.serve((*visit).nowhere, false)
	e.RouteNotFound("/*", func(c echo.Context) error {
		if strings.HasPrefix(c.Request().URL.Path, "/api/") {
			return echo.ErrNotFound
		}
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			other := e.NewContext(c.Request(), nil)
			e.Router().Find(method, echo.GetPath(c.Request()), other)
			if methods := known[other.Path()]; methods != nil {
				return s.serve(otherMethod(methods), false)(c)
			}
		}
		return nowhere(c)
	})
}
