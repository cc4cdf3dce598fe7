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
	anyone("POST", "/signin/with/:way", (*visit).signInWith)
	anyone("GET", "/signin/with/:way", (*visit).backToSignIn)
	anyone("GET", "/signin/with/:way/back", (*visit).backFromProvider)
	anyone("POST", "/signout", (*visit).signOut)
	anyone("POST", "/locale", (*visit).changeLocale)
	anyone("POST", "/tour", (*visit).lead)
	anyone("GET", "/due", (*visit).due)
	anyone("GET", "/live", (*visit).live)
	members("GET", "/search", (*visit).search)

	anyone("GET", "/open", (*visit).openCatalog)
	anyone("GET", "/open/:id", (*visit).openEntry)
	anyone("GET", "/open/:id/ask", (*visit).askForm)
	anyone("POST", "/open/:id/ask", (*visit).ask)
	anyone("GET", "/open/requests", (*visit).followForm)
	anyone("POST", "/open/requests", (*visit).followOpening)
	anyone("POST", "/open/requests/verify", (*visit).prove)
	anyone("POST", "/open/requests/code", (*visit).sendAgain)
	anyone("POST", "/open/requests/sign", (*visit).signOpening)
	anyone("POST", "/open/requests/withdraw", (*visit).withdrawOpening)
	anyone("POST", "/open/requests/files/:file", (*visit).openedFile)
	anyone("GET", "/open/requests/:number", (*visit).followForm)

	members("GET", "/catalog", (*visit).catalog)
	members("GET", "/catalog/:id", (*visit).resource)
	members("GET", "/catalog/export", (*visit).exportCatalog)
	members("GET", "/catalog/imports", (*visit).imports)
	members("POST", "/catalog/imports", (*visit).checkImport)
	members("GET", "/catalog/imports/template.xlsx", (*visit).importTemplate)
	members("GET", "/catalog/imports/:id", (*visit).catalogImport)
	members("GET", "/catalog/imports/:id/progress", (*visit).importProgress)
	members("POST", "/catalog/imports/:id/confirm", (*visit).confirmImport)
	members("GET", "/catalog/imports/:id/confirm", (*visit).backToImport)
	members("GET", "/exports/:id", (*visit).exportProgress)
	members("POST", "/catalog/:id/apply", (*visit).apply)
	members("GET", "/catalog/:id/versions", (*visit).versions)
	members("GET", "/changes/notices", (*visit).changeNotices)
	members("POST", "/changes/:id/acknowledge", (*visit).acknowledgeChange)
	members("GET", "/changes/:id/acknowledge", (*visit).backToNotices)

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
	members("GET", "/cases/export", (*visit).exportCases)
	members("GET", "/cases/:id", (*visit).openCase)
	members("POST", "/cases/:id/comments", (*visit).comment)
	members("POST", "/cases/:id/follow", (*visit).followCase)
	members("POST", "/cases/:id/unfollow", (*visit).unfollowCase)
	members("POST", "/cases/:id/urge", (*visit).urge)
	members("POST", "/cases/:id/supervise", (*visit).supervise)
	members("POST", "/cases/:id/link", (*visit).linkCase)
	members("POST", "/cases/:id/unlink", (*visit).unlinkCase)
	members("GET", "/cases/:id/letters", (*visit).letters)
	members("GET", "/cases/:id/letters/:letter", (*visit).letter)
	members("POST", "/cases/:id/:action", (*visit).takeStep)
	members("GET", "/matters/new", (*visit).matters)
	members("GET", "/matters/new/:procedure", (*visit).newMatter)
	members("POST", "/matters/new/:procedure", (*visit).openMatter)

	members("GET", "/inbox", (*visit).inbox)
	members("POST", "/inbox/several", (*visit).claimSeveral)
	members("POST", "/changes/acknowledge", (*visit).acknowledgeSeveral)
	members("POST", "/inbox/:id/claim", (*visit).claim)
	members("POST", "/inbox/:id/release", (*visit).release)
	members("GET", "/messages", (*visit).messages)
	members("POST", "/messages/read", (*visit).readMessages)
	members("GET", "/messages/read", (*visit).backToMessages)
	members("GET", "/delegations", (*visit).delegations)
	members("POST", "/delegations", (*visit).delegate)
	members("POST", "/delegations/:id/revoke", (*visit).revokeDelegation)
	members("GET", "/sessions", (*visit).sessions)
	members("POST", "/sessions/end-others", (*visit).endOtherSessions)
	members("POST", "/sessions/:id/end", (*visit).endSession)
	members("GET", "/keys", (*visit).ownKeys)
	members("POST", "/keys/:id/confirm", (*visit).confirmKey)
	members("POST", "/keys/:id/rotate", (*visit).rotateKey)
	members("POST", "/keys/:id/revoke", (*visit).revokeKey)
	for _, act := range []string{"confirm", "rotate", "revoke"} {
		members("GET", "/keys/:id/"+act, (*visit).backToOwnKeys)
	}
	members("GET", "/grants", (*visit).grants)
	members("GET", "/grants/:id", (*visit).grant)
	members("POST", "/grants/:id/renew", (*visit).renewGrant)
	members("GET", "/scenarios", (*visit).scenarios)
	members("GET", "/scenarios/new", (*visit).newScenario)
	members("POST", "/scenarios/new", (*visit).registerScenario)
	members("GET", "/scenarios/:id", (*visit).scenario)
	members("GET", "/scenarios/:id/edit", (*visit).editScenario)
	members("POST", "/scenarios/:id/edit", (*visit).changeScenario)
	members("POST", "/scenarios/:id/retire", (*visit).retireScenario)
	members("GET", "/wordings", (*visit).wordings)
	members("GET", "/wordings/:letter", (*visit).wording)
	members("POST", "/wordings/:letter", (*visit).changeWording)
	members("GET", "/records/verification", (*visit).verification)
	members("GET", "/records/marks", (*visit).marks)
	members("GET", "/board", (*visit).board)
	members("GET", "/board/export", (*visit).exportBoard)
	members("GET", "/board/replies", (*visit).replies)
	members("GET", "/board/trend", (*visit).trend)
	members("GET", "/board/urge", (*visit).askToUrge)
	members("POST", "/board/urge", (*visit).urgeCases)
	members("GET", "/board/supervise", (*visit).askToSupervise)
	members("POST", "/board/supervise", (*visit).superviseCases)
	members("GET", "/notices", (*visit).news)
	members("GET", "/bulletin", (*visit).bulletin)
	members("GET", "/audit/reads", (*visit).reads)
	members("GET", "/audit/reads.csv", (*visit).readsFile)
	members("GET", "/bulletin/export", (*visit).exportBulletin)
	members("GET", "/registers", (*visit).registers)
	members("GET", "/registers/new/:register", (*visit).newEntry)
	members("POST", "/registers/new/:register", (*visit).fileEntry)
	members("GET", "/registers/entries/:id", (*visit).registerEntry)
	members("GET", "/registers/entries/:id/amend", (*visit).amendForm)
	members("POST", "/registers/entries/:id/amend", (*visit).amendEntry)
	members("GET", "/projects/holds", (*visit).holds)
	members("GET", "/rectifications/notices", (*visit).criticisms)
	members("GET", "/files/:id", (*visit).file)

	members("GET", "/admin/calendars", (*visit).calendars)
	members("POST", "/admin/calendars", (*visit).putNotice)
	members("POST", "/admin/calendars/rehearse", (*visit).rehearseNotice)
	members("GET", "/admin/calendars/rehearse", (*visit).backToCalendars)
	members("GET", "/admin/calendars/notices/:id", (*visit).calendarNotice)
	members("GET", "/admin/regulations", (*visit).regulations)
	members("POST", "/admin/regulations/check", (*visit).tryRegulation)
	members("GET", "/admin/regulations/check", (*visit).backToRegulations)
	members("GET", "/admin/regulations/:ref", (*visit).regulation)
	members("GET", "/admin/schedules", (*visit).schedules)
	members("POST", "/admin/schedules/run", (*visit).runStanding)
	members("GET", "/admin/schedules/run", (*visit).backToSchedules)
	members("GET", "/audit", (*visit).audit)
	members("GET", "/audit/export.csv", (*visit).exportAudit)
	members("GET", "/audit/checks", (*visit).trailChecks)
	members("POST", "/audit/checks", (*visit).verifyTrail)
	members("GET", "/audit/checks/:id", (*visit).trailCheck)
	members("GET", "/admin", (*visit).admin)
	members("GET", "/admin/people", (*visit).people)
	members("GET", "/admin/people/new", (*visit).newPerson)
	members("POST", "/admin/people/new", (*visit).addPerson)
	members("GET", "/admin/people/:id", (*visit).person)
	members("POST", "/admin/people/:id/change", (*visit).changePerson)
	members("POST", "/admin/people/:id/appoint", (*visit).appointPerson)
	members("POST", "/admin/people/:id/disable", (*visit).disablePerson)
	members("POST", "/admin/people/:id/enable", (*visit).enablePerson)
	members("POST", "/admin/people/:id/signout", (*visit).signOutPerson)
	members("GET", "/admin/departments", (*visit).departments)
	members("POST", "/admin/departments", (*visit).addDepartment)
	members("GET", "/admin/departments/:id", (*visit).department)
	members("POST", "/admin/departments/:id", (*visit).changeDepartment)
	members("GET", "/admin/regions", (*visit).region)
	members("POST", "/admin/regions", (*visit).renameRegion)
	members("GET", "/admin/keys", (*visit).keys)
	members("GET", "/admin/keys/new", (*visit).newKey)
	members("POST", "/admin/keys/new", (*visit).registerKey)
	members("POST", "/admin/keys/:id/revoke", (*visit).cancelKey)
	members("GET", "/admin/policy", (*visit).explainPolicy)
	members("GET", "/admin/policy/who", (*visit).whoMay)
	members("GET", "/admin/policy/rules", (*visit).policyRules)
	members("GET", "/admin/policy/change", (*visit).policyChange)
	members("POST", "/admin/policy/change", (*visit).changePolicy)
	for _, act := range []string{"change", "appoint", "disable", "enable", "signout"} {
		members("GET", "/admin/people/:id/"+act, (*visit).backToAdmin)
	}
	members("GET", "/admin/keys/:id/revoke", (*visit).backToKeys)

	// A form that came back with its problems stands at the form's own address.
	// Opening or reloading that address leads to the page the form is on.
	for _, beside := range []string{"comments", "follow", "unfollow", "urge", "supervise", "link", "unlink"} {
		members("GET", "/cases/:id/"+beside, (*visit).backBeside)
	}
	members("GET", "/delegations/:id/revoke", (*visit).backToDelegations)
	members("GET", "/sessions/end-others", (*visit).backToSessions)
	members("GET", "/sessions/:id/end", (*visit).backToSessions)
	members("GET", "/cases/:id/:action", (*visit).backToCase)
	members("GET", "/applications/:id/submit", (*visit).backToPreview)
	members("GET", "/applications/:id/discard", (*visit).backToApplication)
	members("GET", "/catalog/:id/apply", (*visit).backToResource)
	members("GET", "/grants/:id/renew", (*visit).backToGrant)
	members("GET", "/scenarios/:id/retire", (*visit).backToScenario)
	members("GET", "/inbox/several", (*visit).backToInbox)
	members("GET", "/changes/acknowledge", (*visit).backToNotices)
	members("GET", "/inbox/:id/claim", (*visit).backToInbox)
	members("GET", "/inbox/:id/release", (*visit).backToInbox)
	for _, path := range []string{"/open/requests/verify", "/open/requests/code", "/open/requests/sign", "/open/requests/withdraw", "/open/requests/files/:file"} {
		anyone("GET", path, (*visit).backToFollow)
	}
	for _, path := range []string{"/signin/demo", "/signout", "/locale", "/tour"} {
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
