package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/labstack/echo/v4"

	"gongshu/letter/paper"
)

// The assets: an own style sheet and script, and htmx 2.0.11 (Zero-Clause BSD,
// static/htmx-2.0.11.LICENSE) as published on npm, unchanged.
//
//go:embed static
var staticFiles embed.FS

// asset is one file in the two forms in which it is sent.
type asset struct {
	mediaType    string
	plain, small []byte // small is plain compressed by gzip
}

// assets holds the static files under names that change with their content, so
// that a browser may keep them for good.
type assets struct {
	byPath map[string]*asset // "app.1a2b3c4d.css"
	names  map[string]string // "app.css" → "app.1a2b3c4d.css"
}

func loadAssets() (*assets, error) {
	a := &assets{byPath: map[string]*asset{}, names: map[string]string{}}
	files, err := fs.ReadDir(staticFiles, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		data, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			return nil, err
		}
		if err := a.add(f.Name(), data); err != nil {
			return nil, err
		}
	}
	return a, a.add("letter.css", []byte(paper.Style()))
}

// add makes a file an asset.
func (a *assets) add(name string, data []byte) error {
	sum := sha256.Sum256(data)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:4]) + ext
	mediaType := mime.TypeByExtension(ext)
	if ext == ".LICENSE" {
		mediaType = "text/plain; charset=utf-8"
	}
	var small bytes.Buffer
	z, err := gzip.NewWriterLevel(&small, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(data); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	a.byPath[hashed] = &asset{mediaType: mediaType, plain: data, small: small.Bytes()}
	a.names[name] = hashed
	return nil
}

// asset sends one static file.
func (s *site) asset(c echo.Context) error { return s.sendAsset(c, c.Param("name")) }

func (s *site) favicon(c echo.Context) error { return s.sendAsset(c, s.assets.names["icon.svg"]) }

func (s *site) sendAsset(c echo.Context, name string) error {
	a, ok := s.assets.byPath[name]
	if !ok {
		return s.serve((*visit).nowhere, false)(c)
	}
	h := c.Response().Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Vary", "Accept-Encoding")
	body := a.plain
	if strings.Contains(c.Request().Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = a.small
	}
	return c.Blob(http.StatusOK, a.mediaType, body)
}
