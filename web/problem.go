package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"gongshu/sharing"
)

// codeMethod: the page is there, and cannot be asked for in this way.
const codeMethod sharing.Code = "method_not_allowed"

// statusOf returns the HTTP status that a code is answered with.
func statusOf(code sharing.Code) int {
	switch code {
	case sharing.CodeInvalid, sharing.CodeBasisRequired, sharing.CodeNotShared, sharing.CodeNoRegulation, sharing.CodeBeyondCalendar:
		return http.StatusUnprocessableEntity
	case sharing.CodeNotFound:
		return http.StatusNotFound
	case sharing.CodeForbidden:
		return http.StatusForbidden
	case sharing.CodeUnauthenticated:
		return http.StatusUnauthorized
	case codeMethod:
		return http.StatusMethodNotAllowed
	case sharing.CodeStale:
		return http.StatusPreconditionFailed
	case sharing.CodeWrongState, sharing.CodeAlreadyDecided, sharing.CodeCompletionUsed, sharing.CodeNoExtension, sharing.CodeUrged, sharing.CodeMerged, sharing.CodeKeyReused,
		sharing.CodeInProgress:
		return http.StatusConflict
	case sharing.CodeConditionalRead:
		return http.StatusPreconditionRequired
	case sharing.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case sharing.CodeTooMany:
		return http.StatusTooManyRequests
	case sharing.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// problemPage is the page for what went wrong.
type problemPage struct {
	Status    int
	Code      sharing.Code // "" for what nobody foresaw
	Article   string
	RequestID string // only where the reader may be asked for it
}

// problem answers with the page for err. What nobody foresaw is logged and shown
// with nothing but the request's id.
func (v *visit) problem(err error) error {
	page := problemPage{Status: http.StatusInternalServerError}
	var e *sharing.Error
	if errors.As(err, &e) {
		page = problemPage{Status: statusOf(e.Code), Code: e.Code, Article: e.Article}
	}
	v.retryAfter(err)
	switch page.Status {
	case http.StatusUnauthorized:
		v.user = sharing.User{}
		v.forgetSession()
		return v.askToSignIn()
	case http.StatusInternalServerError:
		page.Code = ""
		page.RequestID = v.Response().Header().Get(echo.HeaderXRequestID)
		v.site.log.ErrorContext(v.ctx(), "page failed", "path", v.Request().URL.Path, "request_id", page.RequestID, "error", err)
	case http.StatusServiceUnavailable:
		v.Response().Header().Set("Retry-After", "5")
		v.site.log.WarnContext(v.ctx(), "page unavailable", "path", v.Request().URL.Path, "error", err)
	}
	return v.show(page.Status, "problem", "", page)
}

// nowhere answers for addresses that lead nowhere.
func (v *visit) nowhere() error {
	return v.problem(sharing.Errorf(sharing.CodeNotFound, "no such page"))
}

// otherMethod answers a request for a page in a way that the page does not know.
func otherMethod(methods []string) handler {
	return func(v *visit) error {
		v.Response().Header().Set(echo.HeaderAllow, strings.Join(slices.Sorted(slices.Values(methods)), ", "))
		return v.problem(sharing.Errorf(codeMethod, "%s", v.Request().Method))
	}
}

func (v *visit) backHome() error    { return v.redirect("/") }
func (v *visit) backToInbox() error { return v.redirect("/inbox") }
func (v *visit) backToCase() error {
	action := sharing.Action(v.Param("action"))
	if !slices.ContainsFunc(sharing.Procedures, func(p sharing.Procedure) bool { return slices.Contains(p.Machine().Actions(), action) }) {
		return v.nowhere()
	}
	return v.redirect("/cases/" + segment(v.Param("id")))
}
func (v *visit) backToResource() error { return v.redirect("/catalog/" + segment(v.Param("id"))) }
func (v *visit) backToPreview() error {
	return v.redirect("/applications/" + segment(v.Param("id")) + "/preview")
}
func (v *visit) backToApplication() error {
	return v.redirect("/applications/" + segment(v.Param("id")))
}
