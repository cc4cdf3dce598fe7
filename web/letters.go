package web

import (
	"html/template"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/letter"
	"gongshu/letter/paper"
	"gongshu/sharing"
)

// lettersPart is the list of a case's letters, on a page of its own and on that of
// the case.
type lettersPart struct {
	Case    sharing.Case
	Letters []desk.LetterRef
	Whole   bool // on the page of its own
}

// letters lists the letters of a case.
func (v *visit) letters() error {
	c, letters, err := v.site.desk.Letters(v.ctx(), v.user, v.Param("id"))
	if err != nil {
		return err
	}
	return v.ok("letters", "cases", lettersPart{c, letters, true})
}

// lettersSection is the part of a case's page that leads to its letters; none while
// there are none.
func (v *visit) lettersSection(c desk.CaseView) ([]template.HTML, error) {
	letters, err := v.site.desk.LettersOf(v.ctx(), v.user, c)
	if err != nil || len(letters) == 0 {
		return nil, err
	}
	html, err := v.part("letters-part", lettersPart{Case: c.Case, Letters: letters})
	return []template.HTML{html}, err
}

// letterPage is a letter as it stands on paper.
type letterPage struct {
	desk.LetterView
	Sheet template.HTML
	// Other is the language it can be had in besides.
	Other    letter.Locale
	CanPrint bool // PDF can be had
}

// Query is what leads to the letter in its language; empty for Chinese.
func (p letterPage) Query() string { return letterQuery(p.Locale) }

// OtherQuery is [letterPage.Query] of the other language.
func (p letterPage) OtherQuery() string { return letterQuery(p.Other) }

func letterQuery(l letter.Locale) string {
	if l == letter.English {
		return "?lang=en"
	}
	return ""
}

// letterLocale is the language asked for. The letter is the Chinese one, whatever
// the language of the pages.
func (v *visit) letterLocale() letter.Locale {
	if v.QueryParam("lang") == string(letter.English) {
		return letter.English
	}
	return letter.Chinese
}

// letter shows a letter, or, under its name with .pdf, sends it as a file.
func (v *visit) letter() error {
	name, file := strings.CutSuffix(v.Param("letter"), ".pdf")
	if file {
		return v.letterFile(name)
	}
	view, err := v.site.desk.Letter(v.ctx(), v.user, v.Param("id"), name, v.letterLocale())
	if err != nil {
		return err
	}
	page := letterPage{LetterView: view, Other: letter.English, CanPrint: v.site.desk.CanPrint()}
	if view.Locale == letter.English {
		page.Other = letter.Chinese
	}
	if page.Sheet, err = paper.Sheet(view.Letter); err != nil {
		return err
	}
	return v.ok("letter", "cases", page)
}

func (v *visit) letterFile(name string) error {
	view, pdf, err := v.site.desk.PrintedLetter(v.ctx(), v.user, v.Param("id"), name, v.letterLocale())
	if err != nil {
		return err
	}
	h := v.Response().Header()
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": view.CaseNumber + " " + view.Title + ".pdf"})
	if disposition == "" {
		disposition = "attachment"
	}
	h.Set(echo.HeaderContentDisposition, disposition)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	return v.Blob(http.StatusOK, "application/pdf", pdf)
}
