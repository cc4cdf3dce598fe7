package paper

import (
	"bytes"
	"compress/zlib"
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
)

// line is a line of text on a page of a PDF: where it stands, how large, what it says.
type line struct {
	y, size float64
	text    string
}

// sheet is a page of a PDF. Lengths are in points.
type sheetOfPDF struct {
	box   string
	lines []line
}

var (
	object    = regexp.MustCompile(`(?s)(\d+) 0 obj(.*?)endobj`)
	reference = func(name string) *regexp.Regexp { return regexp.MustCompile(`/` + name + ` (\d+) 0 R`) }
	contents  = reference("Contents")
	toUnicode = reference("ToUnicode")
	fontNames = regexp.MustCompile(`/(F\d+) (\d+) 0 R`)
	box       = regexp.MustCompile(`/MediaBox \[([^\]]*)\]`)
	mapped    = regexp.MustCompile(`(?m)^<([0-9A-F]+)> (?:<([0-9A-F]+)> )?<([0-9A-F]+)>$`)
	kids      = regexp.MustCompile(`/Kids \[([^\]]*)\]`)
	spoken    = regexp.MustCompile(`ActualText <FEFF([0-9A-F]+)>`)
)

// read reads a PDF as Chromium writes it: enough of the format to know which text
// stands where, as who copies it gets it.
func read(t *testing.T, pdf []byte) []sheetOfPDF {
	t.Helper()
	objects := map[string][]byte{}
	for _, m := range object.FindAllSubmatch(pdf, -1) {
		objects[string(m[1])] = m[2]
	}
	stream := func(id string) string {
		_, data, _ := bytes.Cut(objects[id], []byte("stream"))
		z, err := zlib.NewReader(bytes.NewReader(bytes.TrimLeft(data, "\r\n")))
		if err != nil {
			t.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return string(plain)
	}
	var order []string
	for _, o := range objects {
		if m := kids.FindSubmatch(o); m != nil && bytes.Contains(o, []byte("/Type /Pages")) {
			for f := range strings.FieldsSeq(strings.ReplaceAll(string(m[1]), " 0 R", "")) {
				order = append(order, f)
			}
		}
	}
	var pages []sheetOfPDF
	for _, id := range order {
		fonts := map[string]map[string]string{}
		for _, m := range fontNames.FindAllSubmatch(objects[id], -1) {
			u := toUnicode.FindSubmatch(objects[string(m[2])])
			if u == nil {
				t.Fatalf("text in %s cannot be copied", m[1])
			}
			fonts[string(m[1])] = map[string]string{}
			_, table, _ := strings.Cut(stream(string(u[1])), "endcodespacerange")
			for _, row := range mapped.FindAllStringSubmatch(table, -1) {
				first, last, to := code(t, row[1]), code(t, row[1]), code(t, row[3])
				if row[2] != "" { // a range
					last = code(t, row[2])
				}
				for c := first; c <= last; c++ {
					fonts[string(m[1])][fmt.Sprintf("%02X", c)] = string(rune(to + c - first))
				}
			}
		}
		page := sheetOfPDF{box: string(box.FindSubmatch(objects[id])[1])}
		page.lines = linesOf(t, stream(string(contents.FindSubmatch(objects[id])[1])), fonts)
		pages = append(pages, page)
	}
	return pages
}

func code(t *testing.T, digits string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(digits, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func unicodeOf(t *testing.T, digits string) string {
	t.Helper()
	b, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	var units []uint16
	for i := 0; i+1 < len(b); i += 2 {
		units = append(units, uint16(b[i])<<8|uint16(b[i+1]))
	}
	return string(utf16.Decode(units))
}

// linesOf follows the operators that show text. What stands at one height is a line.
func linesOf(t *testing.T, content string, fonts map[string]map[string]string) []line {
	t.Helper()
	const px = .75 // points
	var (
		lines []line
		font  map[string]string
		size  float64
		said  string
	)
	for row := range strings.SplitSeq(content, "\n") {
		f := strings.Fields(row)
		if m := spoken.FindStringSubmatch(row); m != nil {
			said = unicodeOf(t, m[1])
		}
		switch {
		case len(f) == 3 && f[2] == "Tf":
			font, size = fonts[f[0][1:]], number(t, f[1])*px
		case len(f) == 7 && f[6] == "Tm":
			y := number(t, f[5]) * px
			if n := len(lines); n == 0 || lines[n-1].y != y {
				lines = append(lines, line{y: y, size: size})
			}
		case len(f) > 0 && f[len(f)-1] == "Tj":
			text := f[len(f)-2]
			word := ""
			for i := 1; i+2 < len(text); i += 2 {
				word += font[text[i:i+2]]
			}
			if said != "" {
				word, said = said, ""
			}
			lines[len(lines)-1].text += word
		}
	}
	return lines
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
