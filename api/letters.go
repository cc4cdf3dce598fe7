package api

import (
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/letter"
	"gongshu/sharing"
)

// letters lists the letters of a case that the user may see.
func (s *server) letters(c echo.Context, who sharing.User) error {
	_, found, err := s.desk.Letters(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	all := list[letterRefView]{Items: make([]letterRefView, len(found))}
	for i, ref := range found {
		all.Items[i] = viewLetterRef(ref)
	}
	return c.JSON(http.StatusOK, all)
}

// letter answers a letter, or, under its name with .pdf, the letter as PDF.
func (s *server) letter(c echo.Context, who sharing.User) error {
	ctx, locale := c.Request().Context(), letter.Chinese
	if l := c.QueryParam("locale"); l != "" {
		locale = letter.Locale(l)
	}
	name, printed := strings.CutSuffix(c.Param("letter"), ".pdf")
	if !printed {
		view, err := s.desk.Letter(ctx, who, c.Param("id"), name, locale)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, viewLetter(view))
	}
	view, pdf, err := s.desk.PrintedLetter(ctx, who, c.Param("id"), name, locale)
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": view.CaseNumber + "-" + name + ".pdf"}))
	h.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	return c.Blob(http.StatusOK, "application/pdf", pdf)
}

type letterRefView struct {
	Name     string           `json:"name"`
	Kind     string           `json:"kind"`
	IssuedAt time.Time        `json:"issued_at"`
	Issuer   departmentView   `json:"issuer"`
	To       []departmentView `json:"to"`
}

func viewLetterRef(r desk.LetterRef) letterRefView {
	v := letterRefView{Name: r.Name, Kind: string(r.Kind), IssuedAt: local(r.IssuedAt), Issuer: viewDepartment(r.Issuer), To: []departmentView{}}
	for _, d := range r.To {
		v.To = append(v.To, viewDepartment(d))
	}
	return v
}

type letterView struct {
	letterRefView
	CaseID    string       `json:"case_id"`
	Number    string       `json:"number"`
	Locale    string       `json:"locale"`
	From      string       `json:"from"`
	Addressee string       `json:"addressee"`
	Title     string       `json:"title"`
	Body      []string     `json:"body"`
	Annexes   []string     `json:"annexes,omitempty"`
	IssuedOn  sharing.Date `json:"issued_on"`
	Wording   int          `json:"wording"`
}

func viewLetter(l desk.LetterView) letterView {
	return letterView{
		letterRefView: viewLetterRef(l.LetterRef), CaseID: l.CaseID, Number: l.Number, Locale: string(l.Locale), From: l.Letter.Issuer,
		Addressee: l.Addressee, Title: l.Title, Body: l.Body, Annexes: l.Annexes, IssuedOn: l.IssuedOn, Wording: l.Wording,
	}
}
