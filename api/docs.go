package api

import (
	"embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed swagger/index.html swagger/start.js swagger/swagger-ui.css swagger/swagger-ui-bundle.js
var swagger embed.FS

// docsPolicy lets the documentation load its own files and call this server, and
// nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// mountDocs adds the specification, its documentation at /docs/ and a page for
// each kind of problem. None needs anything from elsewhere.
func mountDocs(e *echo.Echo) {
	e.GET(Base+"/openapi.yaml", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/yaml", document)
	})
	e.GET("/docs", func(c echo.Context) error { return c.Redirect(http.StatusMovedPermanently, "/docs/") })
	for path, file := range map[string]struct{ name, mediaType string }{
		"/docs/":                     {"index.html", echo.MIMETextHTMLCharsetUTF8},
		"/docs/start.js":             {"start.js", "text/javascript; charset=utf-8"},
		"/docs/swagger-ui.css":       {"swagger-ui.css", "text/css; charset=utf-8"},
		"/docs/swagger-ui-bundle.js": {"swagger-ui-bundle.js", "text/javascript; charset=utf-8"},
	} {
		content, err := swagger.ReadFile("swagger/" + file.name)
		if err != nil {
			panic("api: " + err.Error()) // embedded by name above
		}
		e.GET(path, func(c echo.Context) error {
			h := c.Response().Header()
			h.Set(echo.HeaderContentSecurityPolicy, docsPolicy)
			h.Set(echo.HeaderCacheControl, "no-cache")
			return c.Blob(http.StatusOK, file.mediaType, content)
		})
	}
	e.GET("/problems/:code", problemPage)
}
