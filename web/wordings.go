package web

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"gongshu/desk"
	"gongshu/letter"
	"gongshu/letter/paper"
	"gongshu/sharing"
)

// wordingLine is the wording of a letter in every language.
type wordingLine struct {
	Kind  letter.Kind
	Texts []desk.WordingView
}

// wordings lists how the letters of the region are worded.
func (v *visit) wordings() error {
	all, err := v.site.desk.Wordings(v.ctx(), v.user)
	if err != nil {
		return err
	}
	var lines []wordingLine
	for _, w := range all {
		if n := len(lines); n > 0 && lines[n-1].Kind == w.Kind {
			lines[n-1].Texts = append(lines[n-1].Texts, w)
			continue
		}
		lines = append(lines, wordingLine{w.Kind, []desk.WordingView{w}})
	}
	return v.ok("wordings", "wordings", lines)
}

// wordingPage is the form that changes a wording, with a preview of what is typed.
type wordingPage struct {
	desk.WordingView
	Form   *form
	Fields []letter.Field
	Sheets []template.HTML // samples in what is typed, when it is sound
	Max    int
	Older  []wordingVersion // all that the region kept, the last first
}

type wordingVersion struct {
	Version int
	By      string
	At      time.Time
	Text    string // empty: back to the program's own
}

// Text is what is typed.
func (p wordingPage) Text() string { return p.Form.Value("text") }

// wording shows the form with the wording that holds.
func (v *visit) wording() error {
	view, err := v.site.desk.Wording(v.ctx(), v.user, letter.Kind(v.Param("letter")), v.letterLocale())
	if err != nil {
		return err
	}
	f := newForm(view.Version)
	f.Typed.Set("text", view.Text)
	return v.showWording(http.StatusOK, view, f)
}

func (v *visit) showWording(status int, view desk.WordingView, f *form) error {
	page := wordingPage{WordingView: view, Form: f, Fields: letter.FieldsOf(view.Kind), Max: letter.MaxWording}
	samples, err := v.site.desk.PreviewWording(v.user, view.Kind, view.Locale, f.Value("text"))
	var wrong *letter.WordingError
	switch {
	case errors.As(err, &wrong):
		f.Message = v.words.T("error.invalid")
		f.Problems = map[string][]string{"/text": {v.words.T("wording.wrong."+wrong.Rule, wrong.Line, wrong.What)}}
		if status == http.StatusOK {
			status = http.StatusUnprocessableEntity
		}
	case err != nil:
		return err
	}
	for _, sample := range samples {
		sheet, err := paper.Sheet(sample)
		if err != nil {
			return err
		}
		page.Sheets = append(page.Sheets, sheet)
	}
	for _, kept := range view.Versions {
		page.Older = append(page.Older, wordingVersion{kept.Version, kept.ByName, kept.At, kept.Text})
	}
	return v.show(status, "wording", "wordings", page)
}

// changeWording shows what was typed on samples, keeps it, or goes back to the
// wording that comes with the program.
func (v *visit) changeWording() error {
	f := v.form()
	kind, locale := letter.Kind(v.Param("letter")), v.letterLocale()
	view, err := v.site.desk.Wording(v.ctx(), v.user, kind, locale)
	if err != nil {
		return err
	}
	text := f.Value("text")
	switch f.Value("do") {
	case "keep":
	case "default":
		text = ""
	default:
		return v.showWording(http.StatusOK, view, f)
	}
	if text == "" && f.Value("do") == "keep" {
		return v.showWording(http.StatusUnprocessableEntity, view, f)
	}
	_, err = v.site.desk.SaveWording(v.ctx(), v.user, f.Key, f.Version, kind, locale, text)
	var wrong *letter.WordingError
	switch {
	case err == nil:
		v.leave("wording."+f.Value("do"), "")
		return v.redirect("/wordings/" + segment(string(kind)) + letterQuery(locale))
	case errors.As(err, &wrong):
		return v.showWording(http.StatusUnprocessableEntity, view, f)
	}
	if other := f.explain(v, err); other != nil {
		return other
	}
	if sharing.CodeOf(err) == sharing.CodeStale {
		f.Version = view.Version // what is sent next is decided on what the page says now
	}
	return v.showWording(statusOf(sharing.CodeOf(err)), view, f)
}
