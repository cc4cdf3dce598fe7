package web

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"gongshu/sharing"
)

// Locale is a language of the pages.
type Locale string

const (
	Chinese Locale = "zh"
	English Locale = "en"
)

// Locales lists the languages, the first being the default.
var Locales = []Locale{Chinese, English}

// localeOf returns the locale named s, or Chinese.
func localeOf(s string) Locale {
	if Locale(s) == English {
		return English
	}
	return Chinese
}

// catalogFiles has, for each language, what all pages say in catalogs/zh.json and
// what one procedure says in a file of its own, such as catalogs/zh/dispute.json.
//
//go:embed catalogs
var catalogFiles embed.FS

// dictionary holds every text of one language by its key. {0}, {1} … stand for
// arguments. A text that depends on a number has two keys, ending in .one and
// .other.
type dictionary map[string]string

// loadDictionaries reads the catalogs and holds them to each other: the same
// keys, each in one file only, and in each text the same arguments.
func loadDictionaries() (map[Locale]dictionary, error) {
	all := map[Locale]dictionary{}
	for _, l := range Locales {
		d, err := loadDictionary(catalogFiles, "catalogs/"+string(l))
		if err != nil {
			return nil, err
		}
		all[l] = d
	}
	return all, compareDictionaries(all[Chinese], all[English])
}

// loadDictionary reads a language: the file stem.json and those in the folder stem.
func loadDictionary(files fs.FS, stem string) (dictionary, error) {
	names, err := fs.Glob(files, stem+"/*.json")
	if err != nil {
		return nil, err
	}
	d := dictionary{}
	for _, name := range append([]string{stem + ".json"}, names...) {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		var part dictionary
		if err := json.Unmarshal(data, &part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for key, text := range part {
			if _, twice := d[key]; twice {
				return nil, fmt.Errorf("%s: %s stands in another file, too", name, key)
			}
			d[key] = text
		}
	}
	return d, nil
}

func compareDictionaries(zh, en dictionary) error {
	var problems []error
	for key, text := range zh {
		switch other, ok := en[key]; {
		case !ok:
			problems = append(problems, fmt.Errorf("%s: missing in English", key))
		case text == "" || other == "":
			problems = append(problems, fmt.Errorf("%s: empty", key))
		case !slices.Equal(placeholders(text), placeholders(other)):
			problems = append(problems, fmt.Errorf("%s: arguments differ", key))
		}
	}
	for key := range en {
		if _, ok := zh[key]; !ok {
			problems = append(problems, fmt.Errorf("%s: missing in Chinese", key))
		}
	}
	return errors.Join(problems...)
}

// placeholders lists which of {0} to {9} occur in text.
func placeholders(text string) []int {
	var found []int
	for i := range 10 {
		if strings.Contains(text, "{"+strconv.Itoa(i)+"}") {
			found = append(found, i)
		}
	}
	return found
}

// words puts things into words in one language.
type words struct {
	locale Locale
	own    dictionary
	lost   func(key string) // told of keys without a text
}

// T returns the text of key with its arguments filled in. A key without a text
// becomes a dash: a reader is never shown a key.
func (w words) T(key string, args ...any) string {
	text, ok := w.own[key]
	if !ok {
		w.lost(key)
		return "—"
	}
	return fill(text, args...)
}

func fill(text string, args ...any) string {
	if len(args) == 0 {
		return text
	}
	pairs := make([]string, 0, 2*len(args))
	for i, a := range args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", fmt.Sprint(a))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// N returns the text of key for a number of things; the number is {0}.
func (w words) N(key string, n int, args ...any) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return w.T(key+form, append([]any{w.Number(n)}, args...)...)
}

// Code returns the text for a code of the domain, such as state.answering.
func (w words) Code(kind string, code any) string {
	return w.T(kind + "." + fmt.Sprint(code))
}

// Of returns the text for a code of a procedure: its own, such as
// did.dispute.submit, or else the one for all procedures, such as did.submit.
func (w words) Of(kind string, p sharing.Procedure, code any) string {
	return w.T(w.first(fmt.Sprintf("%s.%s.%v", kind, p, code), fmt.Sprintf("%s.%v", kind, code)))
}

// Law cites a law by its title, in the marks of a title where it has none.
func (w words) Law(title string) string {
	if title == "" || strings.ContainsAny(title, "《〈") || !strings.ContainsFunc(title, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return title
	}
	return "《" + title + "》"
}

// first returns the first of the keys that has a text, or the last.
func (w words) first(keys ...string) string {
	for _, key := range keys {
		if w.Knows(key) {
			return key
		}
	}
	return keys[len(keys)-1]
}

// Knows reports whether key has a text.
func (w words) Knows(key string) bool {
	_, ok := w.own[key]
	return ok
}

// Number writes n with thousands separated.
func (w words) Number(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// Size writes a number of bytes.
func (w words) Size(n int64) string {
	switch {
	case n >= 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MB"
	case n >= 1<<10:
		return strconv.FormatInt((n+1<<9)>>10, 10) + " KB"
	}
	return strconv.FormatInt(n, 10) + " B"
}

// pick returns the Chinese or the English of two names, whichever fits and is there.
func (w words) pick(zh, en string) string {
	if w.locale == English && en != "" || zh == "" {
		return en
	}
	return zh
}
