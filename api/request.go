package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// idempotencyKey is the header under which a repeated request is recognised.
const idempotencyKey = "Idempotency-Key"

func keyOf(c echo.Context) string { return c.Request().Header.Get(idempotencyKey) }

// setETag names the version of what is answered.
func setETag(c echo.Context, version int) {
	c.Response().Header().Set("ETag", strconv.Quote(strconv.Itoa(version)))
}

// expected returns the version in If-Match, which the specification asks for.
func expected(c echo.Context) (int, error) {
	version, err := strconv.Atoi(strings.Trim(c.Request().Header.Get(ifMatch.name), `"`))
	if err != nil {
		return 0, malformed(ifMatch.name, "pattern", "")
	}
	return version, nil
}

// actOn says on which case, in which version and under which key a step is taken.
func actOn(c echo.Context) (desk.Act, error) {
	version, err := expected(c)
	return desk.Act{CaseID: c.Param("id"), Expected: version, Key: keyOf(c)}, err
}

// paging returns the cursor and how many rows the page holds.
func paging(c echo.Context) (cursor string, limit int, err error) {
	limit, err = count(c, "limit", desk.DefaultLimit)
	return c.QueryParam("cursor"), limit, err
}

// count returns a whole number of the query, or absent without one.
func count(c echo.Context, name string, absent int) (int, error) {
	given := c.QueryParam(name)
	if given == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil {
		return 0, malformed(name, "type", "")
	}
	return n, nil
}

// day returns a day of the query, or nil without one.
func day(c echo.Context, name string) (*sharing.Date, error) {
	given := c.QueryParam(name)
	if given == "" {
		return nil, nil
	}
	d, err := sharing.ParseDate(given)
	if err != nil {
		return nil, malformed(name, "format", "")
	}
	return &d, nil
}

// list is a list that is whole.
type list[T any] struct {
	Items []T `json:"items"`
}

// page is one page of a list.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
	Total int    `json:"total"`
}

func viewPage[A, B any](p desk.Page[A], view func(A) B) page[B] {
	return page[B]{Items: each(p.Items, view), Next: p.Next, Total: p.Total}
}

// each returns view of every one; never nil, so that JSON shows [].
func each[A, B any](all []A, view func(A) B) []B {
	out := make([]B, len(all))
	for i, a := range all {
		out[i] = view(a)
	}
	return out
}

// some returns all, but never nil, so that JSON shows [].
func some[T any](all []T) []T { return append([]T{}, all...) }

// local returns t as it is told: in Shanghai, in which limits are counted.
func local(t time.Time) time.Time { return t.In(sharing.Shanghai) }

func localOrNil(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	in := local(*t)
	return &in
}
