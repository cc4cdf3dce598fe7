package web

import (
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
)

// file sends an attachment, to be saved and never to be shown inside the site.
func (v *visit) file() error {
	a, body, err := v.site.desk.File(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	defer body.Close() // it was only read from
	return v.hand(a, body)
}

// hand answers with a file.
func (v *visit) hand(a desk.Attachment, body io.Reader) error {
	h := v.Response().Header()
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": a.Name})
	if disposition == "" {
		disposition = "attachment"
	}
	h.Set(echo.HeaderContentDisposition, disposition)
	h.Set(echo.HeaderContentLength, strconv.FormatInt(a.Size, 10))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	return v.Stream(http.StatusOK, a.MediaType, body)
}
