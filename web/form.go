package web

import (
	"cmp"
	"crypto/rand"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gongshu/desk"
	"gongshu/sharing"
)

// form is a form as it is shown: what was typed into it, what is wrong with it,
// the version of the thing it was decided on, and the key under which sending it
// twice does nothing twice.
type form struct {
	Key     string
	Version int
	Typed   url.Values
	// Problems by JSON pointer into the request, such as /basis/0/law.
	Problems map[string][]string
	// Message says what is wrong with the whole.
	Message string
	// Prefix keeps the ids of this form's fields apart from those of other forms on
	// the page.
	Prefix string
	// order lists the pointers as their fields stand on the page, as far as they are known.
	order []string
	// Files were uploaded with an earlier try and are kept.
	Files []desk.Attachment
}

// newForm returns an empty form for a thing in the given version.
func newForm(version int) *form {
	return &form{Key: rand.Text(), Version: version, Typed: url.Values{}, Problems: map[string][]string{}}
}

// form reads the form that was sent.
func (v *visit) form() *form {
	f := newForm(0)
	f.Typed = v.Request().PostForm
	for _, values := range f.Typed {
		for i := range values {
			values[i] = strings.ReplaceAll(values[i], "\r\n", "\n")
		}
	}
	if key := f.Typed.Get("key"); validKey(key) {
		f.Key = key
	}
	if n, err := strconv.Atoi(f.Typed.Get("version")); err == nil && n > 0 {
		f.Version = n
	}
	return f
}

// validKey reports whether key can be an idempotency key of ours.
func validKey(key string) bool {
	return len(key) >= 16 && len(key) <= 200 &&
		strings.IndexFunc(key, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || r == 0x7f }) < 0
}

// Value returns what was typed into a field.
func (f *form) Value(name string) string { return f.Typed.Get(name) }

// Has reports whether a box or choice of that value was ticked.
func (f *form) Has(name, value string) bool { return slices.Contains(f.Typed[name], value) }

// Is reports whether the choice stands at value; fallback is what stands when
// nothing was chosen yet.
func (f *form) Is(name, value, fallback string) bool {
	if chosen := f.Typed.Get(name); chosen != "" {
		return chosen == value
	}
	return value == fallback
}

// At returns what is wrong at a pointer.
func (f *form) At(pointer string) []string { return f.Problems[pointer] }

// MaxFile is how many bytes a file may have.
func (f *form) MaxFile() int64 { return desk.MaxFile }

// Wrong reports whether anything is.
func (f *form) Wrong() bool { return f.Message != "" || len(f.Problems) > 0 }

// Listed returns every problem with the field to jump to, in the order of the fields
// on the page; what has no place there comes last.
func (f *form) Listed() []struct{ ID, Text string } {
	var list []struct{ ID, Text string }
	pointers := make([]string, 0, len(f.Problems))
	for p := range f.Problems {
		pointers = append(pointers, p)
	}
	slices.SortFunc(pointers, func(a, b string) int { return cmp.Or(cmp.Compare(f.place(a), f.place(b)), cmp.Compare(a, b)) })
	for _, p := range pointers {
		for _, text := range f.Problems[p] {
			id := ""
			if p != "" { // what has no place cannot be jumped to
				id = f.ID(p)
			}
			list = append(list, struct{ ID, Text string }{id, text})
		}
	}
	return list
}

// labelled says under which label the field of a pointer stands, after those before
// it: the list of problems at the head of the form names it, and keeps that order.
func (f *form) labelled(w words, pointer, label string) {
	f.order = append(f.order, pointer)
	for i, problem := range f.Problems[pointer] {
		switch problem {
		case w.T("rule.required"), w.T("rule.required.name"):
			f.Problems[pointer][i] = w.T("rule.required.named", label)
		case w.T("rule.one_of"), w.T("rule.date"), w.T("rule.number"), w.T("rule.range"), w.T("rule.any"):
			f.Problems[pointer][i] = label + w.T("colon") + problem
		}
	}
}

// place is where the field of a pointer, or the one that it is part of, stands on the page.
func (f *form) place(pointer string) int {
	at := len(f.order)
	for i, p := range f.order {
		if pointer == p || strings.HasPrefix(pointer, p+"/") {
			at = i
		}
	}
	return at
}

// add notes a problem at a pointer.
func (f *form) add(pointer, text string) { f.Problems[pointer] = append(f.Problems[pointer], text) }

// number reads a whole number typed into a field; empty is 0. What is no number
// becomes a problem at the pointer.
func (f *form) number(v *visit, name, pointer string) int {
	text := strings.TrimSpace(halfWidth(f.Value(name)))
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		f.add(pointer, v.words.T("rule.number"))
		return 0
	}
	return n
}

// halfWidth turns the full-width digits that a Chinese keyboard writes into plain ones.
func halfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '０' && r <= '９' {
			return r - '０' + '0'
		}
		return r
	}, s)
}

// explain puts err into the form: a message for the whole and one beside each
// field it names. Errors that are not of the form are returned.
//
// The form gets a new key, since what is sent next is another request; it keeps
// its key where the same request is to be tried again.
func (f *form) explain(v *visit, err error) error {
	var e *sharing.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case sharing.CodeUnavailable, sharing.CodeInProgress:
		v.Response().Header().Set("Retry-After", "2")
	case sharing.CodeNotFound, sharing.CodeUnauthenticated, sharing.CodeForbidden:
		return err
	default:
		f.Key = rand.Text()
	}
	f.Message = v.words.Code("error", e.Code)
	if e.Code == sharing.CodeNoRegulation {
		f.Message = v.noRegulation(f.Value("received"))
	}
	if e.Article != "" {
		f.Message += v.words.T("error.under", v.words.Article(e.Article))
	}
	for _, field := range e.Fields {
		f.add(field.Field, v.words.rule(field))
	}
	return nil
}

// caseNumber is what the number of a case looks like: a detail that is one can be
// shown as it is, and so can days, and the names of entries that have a datum already.
var caseNumber = regexp.MustCompile(`^[A-Z][0-9]{8}-[0-9A-Z]{8}$`)

// spoken are rules whose details are shown as they are: what the rules of the policy
// break, by line, and names of departments and people.
var spoken = []string{"policy_rule", "expectation", "successor", "last_security_officer"}

// rule puts a broken rule into words: by the rule and the field where there is
// such a text, else by the rule alone.
func (w words) rule(e sharing.FieldError) string {
	last := e.Field[strings.LastIndexByte(e.Field, '/')+1:]
	if key := "rule." + e.Rule + "." + last; w.Knows(key) {
		return w.T(key)
	}
	key := "rule." + e.Rule
	if !w.Knows(key) {
		key = "rule.any"
	}
	detail := e.Detail
	if _, err := strconv.Atoi(detail); err != nil && !caseNumber.MatchString(detail) && e.Rule != "one_source" && e.Rule != "merged" && !slices.Contains(spoken, e.Rule) {
		if day, err := sharing.ParseDate(detail); err == nil {
			detail = w.Day(day)
		} else {
			detail = ""
		}
	}
	if detail == "" && len(placeholders(w.T(key))) > 0 {
		key = "rule.any"
	}
	return w.T(key, detail)
}

// field is one labelled input as the template "field" shows it.
type field struct {
	ID, Name, Label, Hint string
	Value                 string
	Problems              []string
	Rows                  int // of a text area; 0 is one line
	Required              bool
	Max                   int
}

func newField(f *form, name, pointer, label, hint string) field {
	return field{ID: f.ID(pointer), Name: name, Label: label, Hint: hint, Value: f.Value(name), Problems: f.At(pointer), Max: sharing.MaxText}
}

// ID makes the id of the element for a JSON pointer.
func (f *form) ID(pointer string) string {
	return "f" + f.Prefix + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '-'
	}, pointer)
}
