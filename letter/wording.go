package letter

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode"
	"unicode/utf8"
)

// The wordings that come with the program: one file for each kind and language.
//
//go:embed wordings
var files embed.FS

// MaxWording is how many characters a wording may have, and maxLetter how many
// bytes what is written in it.
const (
	MaxWording = 8000
	maxLetter  = 256 << 10
)

// Wording is a text with places for facts. Its first line is the title, every
// other line that is not empty a paragraph. Places are written as in package
// text/template, with fewer means: the fields of [Facts]; if, else, with, range;
// and, or, not, eq, ne, lt, gt; list, which joins the values of a list; nth, which
// counts from one. There is nothing else, so a wording can reach nothing but the
// facts it is given.
type Wording struct {
	Kind  Kind
	title *template.Template
	body  *template.Template
}

// WordingError says what is wrong with a wording, and in which line.
type WordingError struct {
	Line int // counted from 1
	// Rule is a stable name: syntax, field, function, type, construct, empty,
	// max_length, characters, depth.
	Rule string
	// What is the field, function or text it is about; may be empty.
	What string
}

func (e *WordingError) Error() string {
	return strings.TrimRight(fmt.Sprintf("line %d: %s %s", e.Line, e.Rule, e.What), " ")
}

// Default is the wording of a kind that comes with the program.
func Default(k Kind, l Locale) string {
	b, err := files.ReadFile("wordings/" + string(l) + "/" + string(k) + ".txt")
	if err != nil { // held by a test
		panic(err)
	}
	return string(b)
}

// Parse reads a wording. The error is a *[WordingError].
func Parse(k Kind, text string) (*Wording, error) {
	text = strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r\n", "\n")
	if n := utf8.RuneCountInString(text); n > MaxWording {
		return nil, &WordingError{Line: 1, Rule: "max_length", What: strconv.Itoa(MaxWording)}
	}
	if line := unsound(text); line > 0 {
		return nil, &WordingError{Line: line, Rule: "characters"}
	}
	head, rest, _ := strings.Cut(text, "\n")
	w := &Wording{Kind: k}
	var err error
	if w.title, err = read(head, 0); err != nil {
		return nil, err
	}
	if w.body, err = read(rest, 1); err != nil {
		return nil, err
	}
	for _, sample := range Samples(k, Chinese) {
		title, body, err := w.write(sample)
		switch {
		case err != nil:
			return nil, err
		case title == "":
			return nil, &WordingError{Line: 1, Rule: "empty"}
		case len(body) == 0:
			return nil, &WordingError{Line: 2, Rule: "empty"}
		}
	}
	return w, nil
}

// unsound returns the first line that holds what is no text; 0 for none.
func unsound(text string) int {
	for i, line := range strings.Split(text, "\n") {
		if !utf8.ValidString(line) || strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && unicode.IsControl(r) || turns(r) }) {
			return i + 1
		}
	}
	return 0
}

// comparisons are the template's own functions that a wording can use.
var comparisons = []string{"and", "or", "not", "eq", "ne", "lt", "gt"}

// read parses one part of a wording that begins after so many lines.
func read(text string, before int) (*template.Template, error) {
	known := template.FuncMap{
		"nth": func(i int) string { return strconv.Itoa(i + 1) },
		// In Chinese the values of a list are set apart by 、 and in other writing by a comma.
		"list": func(values []string) string {
			if slices.ContainsFunc(values, func(v string) bool {
				return strings.ContainsFunc(v, func(r rune) bool { return unicode.Is(unicode.Han, r) })
			}) {
				return strings.Join(values, "、")
			}
			return strings.Join(values, ", ")
		},
	}
	builtins := map[string]any{}
	for _, name := range comparisons {
		builtins[name] = true
	}
	trees, err := parse.Parse("wording", text, "", "", known, builtins)
	if err != nil {
		return nil, syntax(err, before)
	}
	tree := trees["wording"]
	if len(trees) > 1 || tree == nil && strings.Contains(text, "{{") {
		return nil, &WordingError{Line: before + 1, Rule: "construct", What: "define"}
	}
	t := template.New("wording").Option("missingkey=error").Funcs(known)
	if tree == nil || tree.Root == nil {
		return t.Parse("")
	}
	c := checker{text: text, before: before}
	if err := c.list(tree.Root, scope{dot: facts, vars: map[string]reflect.Type{"$": facts}}); err != nil {
		return nil, err
	}
	return t.AddParseTree("wording", tree)
}

var syntaxLine = regexp.MustCompile(`^template: wording:(\d+):(?:\d+:)? *(.*)$`)

// syntax puts what the parser says into a WordingError.
func syntax(err error, before int) error {
	m := syntaxLine.FindStringSubmatch(err.Error())
	if m == nil {
		return &WordingError{Line: before + 1, Rule: "syntax", What: err.Error()}
	}
	line, _ := strconv.Atoi(m[1]) // digits, by the pattern
	rule, what := "syntax", m[2]
	if name, ok := strings.CutPrefix(what, "function "); ok {
		rule, what = "function", strings.Trim(strings.TrimSuffix(name, " not defined"), `"`)
	}
	return &WordingError{Line: before + line, Rule: rule, What: what}
}

// write fills the facts in.
func (w *Wording) write(f Facts) (title string, body []string, err error) {
	var b capped
	if err := w.title.Execute(&b, f); err != nil {
		return "", nil, tooLong(err)
	}
	title = oneLine(b.String())
	b.Reset()
	if err := w.body.Execute(&b, f); err != nil {
		return "", nil, tooLong(err)
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(b.String(), "\r", "\n"), "\n") {
		if line = oneLine(line); line != "" {
			body = append(body, line)
		}
	}
	return title, body, nil
}

func tooLong(err error) error {
	if errors.Is(err, errTooLong) {
		return &WordingError{Line: 1, Rule: "max_length", What: strconv.Itoa(maxLetter)}
	}
	return err
}

var errTooLong = errors.New("the letter grows too long")

// capped is a buffer that takes no more than maxLetter bytes.
type capped struct{ bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if c.Len()+len(p) > maxLetter {
		return 0, errTooLong
	}
	return c.Buffer.Write(p)
}
