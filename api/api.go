// Package api serves Gongshu over REST as openapi.yaml specifies it. Its routes
// are read from that document, and every request is held to it before a handler
// sees it. The handlers only translate: package desk authorises and acts.
package api

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// Base is the path under which the operations of openapi.yaml are found.
const Base = "/api/v1"

// Options of the server. The zero value serves the API alone.
type Options struct {
	// Logger takes the access log and unexpected errors; nil is slog.Default().
	Logger *slog.Logger
	// Mount adds further routes, such as the pages, to the same server.
	Mount func(e *echo.Echo)
	// PageError answers errors under paths that are not the API's own. Nil
	// answers them as the API does.
	PageError echo.HTTPErrorHandler
	// Timeout bounds the work on one request; 0 is 30 seconds.
	Timeout time.Duration
	// TrustedProxies stand in front of the server: what they say in X-Forwarded-For of
	// where a request comes from counts. Nobody else's counts.
	TrustedProxies []netip.Prefix
}

// server holds what the handlers share.
type server struct {
	desk      *desk.Desk
	log       *slog.Logger
	pageError echo.HTTPErrorHandler
	timeout   time.Duration
}

// handler answers one operation for a user who is signed in, or for nobody where
// the specification asks for no security, after the request was found to be as the
// specification says.
type handler func(c echo.Context, who sharing.User) error

// New returns the server's routes. It panics when openapi.yaml and the handlers
// do not name the same operations, which is a mistake in this package.
func New(d *desk.Desk, o Options) *echo.Echo {
	s := &server{desk: d, log: o.Logger, pageError: o.PageError, timeout: o.Timeout}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.timeout == 0 {
		s.timeout = 30 * time.Second
	}
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = whereFrom(o.TrustedProxies)
	e.HTTPErrorHandler = s.handleError
	e.Use(requestID, s.accessLog(), s.recover(), headers)

	handlers, operations := s.handlers(), operations()
	for _, op := range operations {
		h, ok := handlers[op.ID]
		if !ok {
			panic(fmt.Sprintf("api: nothing handles %s %s (%s)", op.method, op.path, op.ID))
		}
		delete(handlers, op.ID)
		e.Add(op.method, Base+op.path, s.serve(op, h))
		if op.method == http.MethodGet {
			e.HEAD(Base+op.path, s.serve(op, h))
		}
	}
	for id := range handlers {
		panic("api: openapi.yaml does not specify " + id)
	}
	s.mountHealth(e)
	s.mountAccess(e)
	mountDocs(e)
	for _, root := range owned { // so that a catch-all of the pages does not take them
		e.RouteNotFound(root, nothing(operations))
		e.RouteNotFound(root+"/*", nothing(operations))
	}
	if o.Mount != nil {
		o.Mount(e)
	}
	return e
}

// whereFrom finds the address that a request comes from: that of the other end, or
// before it the last one in X-Forwarded-For that is no trusted proxy.
func whereFrom(proxies []netip.Prefix) echo.IPExtractor {
	if len(proxies) == 0 {
		return echo.ExtractIPDirect()
	}
	trust := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range proxies {
		trust = append(trust, echo.TrustIPRange(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}))
	}
	return echo.ExtractIPFromXFFHeader(trust...)
}

// handlers names the handler of each operationId.
func (s *server) handlers() map[string]handler {
	return map[string]handler{
		"me":                 s.me,
		"catalog":            s.catalog,
		"resource":           s.resource,
		"checkImport":        s.checkImport,
		"imports":            s.imports,
		"catalogImport":      s.catalogImport,
		"importRows":         s.importRows,
		"confirmImport":      s.confirmImport,
		"departments":        s.departments,
		"applications":       s.applications,
		"createApplication":  s.createApplication,
		"application":        s.application,
		"saveApplication":    s.saveApplication,
		"discardApplication": s.discardApplication,
		"previewApplication": s.previewApplication,
		"submitApplication":  s.submitApplication,
		"cases":              s.cases,
		"case":               s.oneCase,
		"pass":               step(s, s.desk.Pass),
		"sendBack":           step(s, s.desk.SendBack),
		"extend":             step(s, s.desk.Extend),
		"reassign":           step(s, s.desk.Reassign),
		"requestCompletion":  step(s, s.desk.RequestCompletion),
		"complete":           step(s, s.desk.Complete),
		"answer":             step(s, s.desk.Answer),
		"provide":            step(s, s.desk.Provide),
		"confirm":            step(s, s.desk.Confirm),
		"reportFailure":      step(s, s.desk.ReportFailure),
		"withdraw":           step(s, s.desk.Withdraw),
		"reportDispute":      s.open(sharing.CorrectionDispute),
		"reportDisputes":     s.reportDisputes,
		"verify":             s.take(sharing.Verify),
		"verification":       s.verification,
		"marks":              s.marks,
		"askCoordination":    s.open(sharing.Coordination),
		"nameOwner":          s.take(sharing.NameOwner),
		"opine":              s.take(sharing.Opine),
		"rule":               s.take(sharing.Rule),
		"proposeChange":      s.open(sharing.CatalogChange),
		"reviewChange":       s.take(sharing.ReviewChange),
		"clearSecrecy":       s.take(sharing.ClearSecrecy),
		"checkChange":        s.take(sharing.CheckChange),
		"approveAbove":       s.take(sharing.ApproveAbove),
		"revise":             s.take(sharing.Revise),
		"endEarly":           s.take(sharing.EndEarly),
		"changeNotices":      s.changeNotices,
		"changeHolders":      s.changeHolders,
		"acknowledgeChange":  s.acknowledgeChange,
		"resourceVersions":   s.resourceVersions,
		"registerProject":    s.open(sharing.ProjectAcceptance),
		"projectHolds":       s.projectHolds,
		"openRectification":  s.open(sharing.RectificationOrder),
		"criticisms":         s.criticisms,
		"initiate":           s.take(sharing.Initiate),
		"askAcceptance":      s.take(sharing.AskAcceptance),
		"accept":             s.take(sharing.Accept),
		"reportGaps":         s.take(sharing.ReportGaps),
		"inspect":            s.take(sharing.Inspect),
		"retire":             s.take(sharing.Retire),
		"handInEvidence":     s.take(sharing.HandInEvidence),
		"judgeEvidence":      s.take(sharing.JudgeEvidence),
		"escalate":           s.take(sharing.Escalate),
		"cancel":             s.take(sharing.Cancel),
		"fulfil":             s.take(sharing.Fulfil),
		"consent":            s.take(sharing.Consent),
		"suspend":            s.take(sharing.Suspend),
		"resume":             s.take(sharing.Resume),
		"revoke":             s.take(sharing.Revoke),
		"stateNeed":          s.open(sharing.UpwardNeed),
		"requestUpward":      s.open(sharing.UpwardRequest),
		"bundle":             s.take(sharing.Bundle),
		"sendUp":             s.take(sharing.SendUp),
		"relayReply":         s.take(sharing.RelayReply),
		"abandon":            s.take(sharing.Abandon),
		"grant":              s.oneGrant,
		"grantUse":           s.grantUse,
		"renewGrant":         s.renewGrant,
		"reportUse":          s.reportUse,
		"checkGrant":         s.checkGrant,
		"scenarios":          s.scenarios,
		"scenario":           s.scenario,
		"registerScenario":   s.registerScenario,
		"changeScenario":     s.changeScenario,
		"retireScenario":     s.retireScenario,
		"waive":              s.take(sharing.Waive),
		"letters":            s.letters,
		"letter":             s.letter,
		"comments":           s.comments,
		"comment":            s.comment,
		"follow":             s.follow(true),
		"unfollow":           s.follow(false),
		"urge":               s.urge,
		"urgeAll":            s.urgeAll,
		"supervise":          s.supervise,
		"supervisions":       s.supervisions,
		"link":               s.link,
		"unlink":             s.unlink,
		"delegations":        s.delegations,
		"delegate":           s.delegate,
		"revokeDelegation":   s.revokeDelegation,
		"colleagues":         s.colleagues,
		"keys":               s.keys,
		"revokeKey":          s.revokeKey,
		"registerKey":        s.registerKey,
		"confirmKey":         s.confirmKey,
		"rotateKey":          s.rotateKey,
		"people":             s.people,
		"policy":             s.policy,
		"explainPolicy":      s.explain,
		"whoMay":             s.whoMay,
		"trail":              s.trail,
		"verifyTrail":        s.verifyTrail,
		"trailCheck":         s.trailCheck,
		"screen":             s.take(sharing.Screen),
		"answerOpening":      s.take(sharing.AnswerOpening),
		"signAgreement":      s.take(sharing.SignAgreement),
		"openRegions":        s.openRegions,
		"openCatalog":        s.openCatalog,
		"openEntry":          s.openEntry,
		"askOpening":         s.askOpening,
		"opening":            s.opening,
		"resendCode":         s.resendCode,
		"verifyOpening":      s.verifyOpening,
		"signOpening":        s.signOpening,
		"withdrawOpening":    s.withdrawOpening,
		"openedFile":         s.openedFile,
		"bulletin":           s.bulletin,
		"readLog":            s.readLog,
		"registers":          s.registers,
		"registerKinds":      s.registerKinds,
		"registerEntry":      s.registerEntry,
		"fileSpecialist":     s.file(sharing.DataSpecialists),
		"filePurchase":       s.file(sharing.PurchasedData),
		"fileSystem":         s.file(sharing.InformationSystems),
		"fileDocument":       s.file(sharing.ProjectDocuments),
		"fileTest":           s.file(sharing.SecurityTests),
		"fileIncident":       s.file(sharing.SecurityIncidents),
		"tasks":              s.tasks,
		"claim":              s.claim,
		"release":            s.release,
		"messages":           s.messages,
		"readMessages":       s.readMessages,
		"overdue":            s.overdue,
		"trend":              s.trend,
		"moves":              s.moves,
		"grants":             s.grants,
		"upload":             s.upload,
		"attachment":         s.attachment,
		"due":                s.due,
		"regulations":        s.regulations,
		"regulation":         s.regulation,
	}
}

// serve does for every operation what comes before its handler: who is it, and
// is the request as the specification says.
func (s *server) serve(op *operation, h handler) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), s.timeout)
		defer cancel()
		c.SetRequest(c.Request().WithContext(ctx))
		var who sharing.User // nobody, where nobody signs in
		if !op.public {
			var err error
			if who, err = s.authenticate(c, scopesOf(op)...); err != nil {
				return err
			}
		}
		c.SetRequest(c.Request().WithContext(desk.On(ctx, errandOf(c, op.ID))))
		if err := op.check(c); err != nil {
			return err
		}
		return h(c, who)
	}
}

// nothing answers what leads nowhere: a path that is none, or another method.
func nothing(operations []*operation) echo.HandlerFunc {
	return func(c echo.Context) error {
		var methods []string
		for _, op := range operations {
			if op.matches(c.Request().URL.Path) {
				methods = append(methods, op.method)
			}
		}
		if methods == nil {
			return &sharing.Error{Code: sharing.CodeNotFound}
		}
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(methods, ", "))
		return &sharing.Error{Code: codeMethod}
	}
}

// maxToken is the greatest length of a bearer token, in bytes.
const maxToken = 8 << 10

// authenticate finds the user of the bearer token: an access token, or a key that
// has one of the scopes or all. Cookies do not count here, so no other site can make
// a browser act.
func (s *server) authenticate(c echo.Context, scopes ...string) (sharing.User, error) {
	given := c.Request().Header.Values(echo.HeaderAuthorization)
	if len(given) != 1 {
		return sharing.User{}, &sharing.Error{Code: sharing.CodeUnauthenticated}
	}
	scheme, token, _ := strings.Cut(given[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || !visible(token, maxToken) {
		return sharing.User{}, &sharing.Error{Code: sharing.CodeUnauthenticated}
	}
	who, key, err := s.desk.AuthenticateBearer(c.Request().Context(), c.RealIP(), token)
	c.Set(keyUsed, key.ID)
	if err != nil {
		return sharing.User{}, err
	}
	if err := inScope(key, scopes); err != nil {
		return sharing.User{}, err
	}
	c.Set(signedIn, who.ID)
	return who, nil
}

// signedIn is the key under which the access log finds the user's id.
const signedIn = "gongshu.user"

// visible reports whether s is 1 to limit visible ASCII characters.
func visible(s string, limit int) bool {
	return s != "" && len(s) <= limit && !strings.ContainsFunc(s, func(r rune) bool { return r < '!' || r > '~' })
}

// owned lists where the API's own paths begin.
var owned = []string{"/api", "/docs", "/problems", "/livez", "/readyz", accessRoot, accessMetadataPath}

// owns reports whether a path is the API's and not of the pages beside it.
func owns(path string) bool {
	return slices.ContainsFunc(owned, func(root string) bool {
		return path == root || strings.HasPrefix(path, root+"/")
	})
}

// me answers who is signed in.
func (s *server) me(c echo.Context, who sharing.User) error {
	return c.JSON(http.StatusOK, meView{
		ID:               who.ID,
		Name:             who.Name,
		Department:       viewDepartment(who.Department),
		Region:           regionView(who.Region),
		Roles:            append([]sharing.Role{}, who.Roles...),
		StandsIn:         each(who.StandsIn, viewStandIn),
		Locale:           who.Locale,
		MayRegisterPaper: s.desk.MayRegisterPaper(who),
		MayWatch:         s.desk.MayWatch(who),
	})
}

type meView struct {
	ID               string         `json:"id"`
	Name             string         `json:"name"`
	Department       departmentView `json:"department"`
	Region           regionView     `json:"region"`
	Roles            []sharing.Role `json:"roles"`
	StandsIn         []standInView  `json:"stands_in"`
	Locale           string         `json:"locale"`
	MayRegisterPaper bool           `json:"may_register_paper"`
	MayWatch         bool           `json:"may_watch"`
}

type regionView struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	NameEN string `json:"name_en,omitempty"`
}
