// Package letter composes the letters that a case gives rise to: the answer to an
// application, the request to complete it, the slip that urges, the notice to
// rectify. A letter is made of facts and a wording. The facts are what was
// recorded with the act that issued it; the wording is a text with places for
// them, which comes with the program and can be replaced by a region's own.
//
// The package is pure: it reads nothing but its own texts and writes nothing. How
// a letter looks on paper is for package paper.
package letter

import (
	"slices"
	"strings"
	"unicode"

	"gongshu/sharing"
)

// Kind is a kind of letter.
type Kind string

const (
	Completion    Kind = "completion"     // 补正通知: all that an application lacks, named at once
	Return        Kind = "return"         // 退回通知: the authority's first check was not passed
	Answer        Kind = "answer"         // 答复函: agrees, or refuses with reasons and legal basis
	Extension     Kind = "extension"      // 延期告知: the limit for the answer is longer, and why
	Consent       Kind = "consent"        // 意见函: the authority's, on the way of sharing
	Suspension    Kind = "suspension"     // 暂停授权通知
	Revocation    Kind = "revocation"     // 撤销授权通知
	Verification  Kind = "verification"   // 校核结果告知: corrected, or explained
	Ruling        Kind = "ruling"         // 协调决定: the authority's, binding both
	Opening       Kind = "opening"        // 开放申请答复: to a citizen or company
	NotApproved   Kind = "not_approved"   // 不予立项通知
	NonAcceptance Kind = "non_acceptance" // 不予验收通知: all gaps in one notice
	Funds         Kind = "funds"          // 资金管理告知: to the finance department, what waits until the gaps are mended
	Urging        Kind = "urging"         // 催办单
	Supervision   Kind = "supervision"    // 督办单
	Notice        Kind = "rectification"  // 整改通知
	Order         Kind = "order"          // 限期整改通知: from the office above the authority
)

// Kinds lists every kind in the order documents show them.
var Kinds = []Kind{Completion, Return, Answer, Extension, Consent, Suspension, Revocation, Verification, Ruling, Opening,
	NotApproved, NonAcceptance, Funds, Urging, Supervision, Notice, Order}

// Known reports whether there is such a kind.
func (k Kind) Known() bool { return slices.Contains(Kinds, k) }

// Between reports whether a letter of the kind concerns no more than who issues
// it, whom it is addressed to, and those above both.
func (k Kind) Between() bool { return k == Urging || k == Supervision || k == Funds }

// Locale is the language of a letter. The Chinese text is the letter; the English
// one is a courtesy.
type Locale string

const (
	Chinese Locale = "zh"
	English Locale = "en"
)

// Locales lists the languages, the authoritative one first.
var Locales = []Locale{Chinese, English}

// Letter is a letter as it was composed, for good.
type Letter struct {
	Kind   Kind   `json:"kind"`
	Locale Locale `json:"locale"`
	// Number stands where a document has its number: the case's.
	Number    string       `json:"number"`
	Issuer    string       `json:"issuer"`
	Addressee string       `json:"addressee"`
	Title     string       `json:"title"`
	Body      []string     `json:"body"` // paragraphs
	Annexes   []string     `json:"annexes,omitempty"`
	IssuedOn  sharing.Date `json:"issued_on"`
}

// Compose writes a letter of the facts in a wording.
func Compose(w *Wording, locale Locale, f Facts, annexes []string, issuedOn sharing.Date) (Letter, error) {
	l := Letter{
		Kind: w.Kind, Locale: locale, Number: oneLine(f.Number), Issuer: oneLine(f.Issuer), Addressee: oneLine(f.Addressee), IssuedOn: issuedOn,
	}
	var err error
	if l.Title, l.Body, err = w.write(f); err != nil {
		return Letter{}, err
	}
	for _, a := range annexes {
		l.Annexes = append(l.Annexes, oneLine(a))
	}
	return l, nil
}

// Text is the letter as plain text, a line for each paragraph.
func (l Letter) Text() string {
	colon, annex := "：", "附件："
	if l.Locale == English {
		colon, annex = ":", "Annex: "
	}
	lines := []string{l.Issuer, l.Number, "", l.Title, "", l.Addressee + colon}
	lines = append(lines, l.Body...)
	for i, a := range l.Annexes {
		if i == 0 {
			lines = append(lines, "")
		}
		lines = append(lines, annex+a)
	}
	return strings.Join(append(lines, "", l.Issuer, Day(l.Locale, l.IssuedOn)), "\n") + "\n"
}

// clean leaves out what is no text: control characters, and those that turn the
// direction of writing, with which a name could make a line read as another.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r) || turns(r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}

// turns reports whether a character changes the direction of what follows it, or
// breaks lines in ways of its own.
func turns(r rune) bool {
	return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 || r == 0x200e || r == 0x200f || r == 0x061c || r == 0x2028 || r == 0x2029
}

// oneLine is clean text in one line.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }
