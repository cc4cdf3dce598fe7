package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/sharing"
)

// mountHealth adds /livez, which says that the process is up, and /readyz, which
// says whether PostgreSQL and Temporal answer.
func (s *server) mountHealth(e *echo.Echo) {
	e.GET("/livez", func(c echo.Context) error {
		return c.JSON(http.StatusOK, map[string]string{"status": "up"})
	})
	e.GET("/readyz", func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), 3*time.Second)
		defer cancel()
		if err := s.desk.Ready(ctx); err != nil {
			return &sharing.Error{Code: sharing.CodeUnavailable, Cause: err}
		}
		return c.JSON(http.StatusOK, map[string]string{"status": "ready"})
	})
}
