// Package paper puts letters on paper: as a sheet in a page, as a document of its
// own, and as PDF by a Chromium that is installed. The layout is that of
// GB/T 9704-2012 (党政机关公文格式) with its letter format (信函格式, 10.1).
//
// A PDF library in the program would have to bring a Chinese typeface of ten to
// twenty megabytes and set lines by rules of its own. Chromium sets the very page
// that people see, with the typefaces of the machine, and its text can be copied
// and searched.
package paper

import (
	"bytes"
	_ "embed"
	"html/template"
	"regexp"
	"unicode/utf8"

	"gongshu/letter"
)

//go:embed sheet.html
var sheetFile string

//go:embed letter.css
var style string

// Style is the style sheet of letters, for pages that show one.
func Style() string { return style }

var sheets = template.Must(template.New("").Funcs(template.FuncMap{"day": letter.Day, "level": level, "length": length}).Parse(sheetFile))

// Sheet is the letter as part of a page that has [Style].
func Sheet(l letter.Letter) (template.HTML, error) {
	var b bytes.Buffer
	if err := sheets.ExecuteTemplate(&b, "sheet", l); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // html/template made it
}

// Document is the letter as a page of its own that needs nothing else.
func Document(l letter.Letter) ([]byte, error) {
	var b bytes.Buffer
	err := sheets.ExecuteTemplate(&b, "document", struct {
		Letter letter.Letter
		Style  template.CSS
	}{l, template.CSS(style)}) //nolint:gosec // the program's own
	return b.Bytes(), err
}

// length says how a name is set to stand in one line: up to ten Chinese characters
// large, up to fourteen less so, longer ones small and in several lines if need be.
func length(name string) string {
	wide := 0 // in halves of a Chinese character
	for _, r := range name {
		if wide++; r >= 0x2e80 {
			wide++
		}
	}
	switch {
	case wide <= 20:
		return ""
	case wide <= 28:
		return "long"
	}
	return "longer"
}

var (
	firstLevel  = regexp.MustCompile(`^[一二三四五六七八九十]+、`)
	secondLevel = regexp.MustCompile(`^（[一二三四五六七八九十]+）`)
)

// level says which heading a paragraph is by how it is numbered: 一、 of the first
// level, （一） of the second (7.3.3). Whole sentences are none.
func level(paragraph string) string {
	if utf8.RuneCountInString(paragraph) > 28 || bytes.ContainsRune([]byte(paragraph), '。') {
		return ""
	}
	switch {
	case firstLevel.MatchString(paragraph):
		return "first"
	case secondLevel.MatchString(paragraph):
		return "second"
	}
	return ""
}
