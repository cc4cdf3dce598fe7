package sharing

import (
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"
)

// States and steps of an open-data request (依申请开放).
const (
	Screening State = "screening" // secrecy review by the owner, before anything is opened
	Deciding  State = "deciding"  // the owner opens the data or refuses
	Signing   State = "signing"   // the data-use agreement is to be signed first
	Opened    State = "opened"    // Final.

	Screen        Action = "screen"
	AnswerOpening Action = "answer_opening"
	SignAgreement Action = "sign_agreement"
)

// openingMachine: city-2023 art. 27, jinan-startup-2023 art. 22, shuozhou-2021
// art. 25.
var openingMachine = Machine{
	Starts:  []State{Screening},
	Content: says[OpeningApplication],
	Says: map[Action]func() Checked{
		Screen: says[Ruling], AnswerOpening: says[OpeningAnswer], SignAgreement: says[Signature], Withdraw: says[OptionalRemark],
	},
	Steps: []Transition{
		{Screening, Screen, Deciding, ByProvider, "secrecy review"},
		{Screening, Screen, Refused, ByProvider, "with reasons and legal basis"},
		{Deciding, AnswerOpening, Opened, ByProvider, ""},
		{Deciding, AnswerOpening, Signing, ByProvider, "where an agreement is signed first"},
		{Deciding, AnswerOpening, Refused, ByProvider, "with reasons and legal basis"},
		{Signing, SignAgreement, Opened, ByApplicant, "the data-use agreement"},
		{Screening, Withdraw, Withdrawn, ByApplicant, ""},
		{Deciding, Withdraw, Withdrawn, ByApplicant, ""},
		{Signing, Withdraw, Withdrawn, ByApplicant, ""},
	},
}

// ContactCode is the topic of the message that carries a code to a contact. Unlike
// others it holds what it says, which is forgotten once delivered.
const ContactCode = "contact_code"

// DutyOpen is the duty to answer an open-data request.
const DutyOpen = "open.answer"

// ApplicantKind is who asks for open data.
type ApplicantKind string

const (
	NaturalPerson ApplicantKind = "person"
	Company       ApplicantKind = "company" // a legal person or other organisation
)

// ApplicantKinds lists who can ask for open data: "公民、法人和其他组织"
// (city-2023 art. 27, shuozhou-2021 art. 25).
var ApplicantKinds = []ApplicantKind{NaturalPerson, Company}

// OpeningApplication is what a citizen or company asks to be opened, and who they
// are. It is untrusted to the last letter.
type OpeningApplication struct {
	Resource string   `json:"resource"`         // id of the catalog entry
	Fields   []string `json:"fields,omitempty"` // none asks for all that the public sees

	Name string        `json:"name"`
	Kind ApplicantKind `json:"kind"`
	// Contact is an e-mail address or a mobile number of the mainland. A code that
	// was sent there proves it before anything is submitted.
	Contact string `json:"contact"`
	Purpose string `json:"purpose"` // 用途
	Plan    string `json:"plan"`    // how the data will be used and kept safe: 利用方案
}

// Limits on an open-data request besides those of an application.
const (
	MaxName       = 100 // characters
	MaxContact    = 254 // the longest address there is: RFC 5321, 4.5.3.1.3
	MaxAskedField = 500
)

// Check returns an *Error naming every field that keeps the request from being
// submitted.
func (o OpeningApplication) Check() error {
	var c checker
	c.require(o.Resource != "", "/resource", "required", "")
	c.require(len(o.Fields) <= MaxAskedField, "/fields", "max_items", fmt.Sprint(MaxAskedField))
	seen := map[string]bool{}
	for i, f := range o.Fields {
		at := fmt.Sprintf("/fields/%d", i)
		c.text(f, at, true)
		c.require(!seen[f], at, "unique", "the field is named twice")
		seen[f] = true
	}
	c.line(o.Name, "/name", MaxName)
	c.require(oneOf(o.Kind, ApplicantKinds), "/kind", "one_of", fmt.Sprint(ApplicantKinds))
	_, ok := NormalContact(o.Contact)
	c.require(ok, "/contact", "contact", "an e-mail address or a mobile number")
	c.text(o.Purpose, "/purpose", true)
	c.text(o.Plan, "/plan", true)
	return c.err()
}

// line checks a name: one line that is not empty.
func (c *checker) line(s, field string, limit int) {
	c.require(!blank(s), field, "required", "")
	c.require(utf8.RuneCountInString(s) <= limit, field, "max_length", fmt.Sprint(limit))
	c.require(utf8.ValidString(s) && !hasControl(s) && !strings.ContainsAny(s, "\n\r\t"), field, "characters", "one line of valid UTF-8 without control characters")
}

// mobile is a mobile number of the mainland.
var mobile = regexp.MustCompile(`^1[3-9][0-9]{9}$`)

// NormalContact returns a contact as it is compared and written to: a mobile
// number without country code and spaces, an e-mail address in small letters. ok is
// false for what is neither. Two spellings of one contact are the same, so that
// limits on it cannot be walked around.
func NormalContact(s string) (contact string, ok bool) {
	if len(s) > MaxContact {
		return "", false
	}
	s = strings.Trim(s, " \u3000")
	if digits := strings.NewReplacer(" ", "", "-", "").Replace(s); mobile.MatchString(strings.TrimPrefix(digits, "+86")) {
		return strings.TrimPrefix(digits, "+86"), true
	}
	for _, r := range s {
		if r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]`, r) {
			return "", false
		}
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s {
		return "", false
	}
	_, domain, _ := strings.Cut(s, "@")
	if !strings.Contains(domain, ".") || strings.ContainsAny(domain, "!#$%&'*+/=?^_`{|}~") {
		return "", false
	}
	return strings.ToLower(s), true
}

// OpeningSubmission is the body of the command that submits an open-data request:
// who asks and what for stays out of commands, trail and workflow.
type OpeningSubmission struct {
	Request string `json:"request"` // id; the case gets the same
}

// OpenWay is how data is opened: by download, by an interface (city-2023 art. 27),
// or where it is found on the open platform.
type OpenWay string

const (
	OpenFile OpenWay = "file"
	OpenAPI  OpenWay = "api"
	OpenLink OpenWay = "link"
)

// OpenWays lists the ways of opening data.
var OpenWays = []OpenWay{OpenFile, OpenAPI, OpenLink}

// OpeningAnswer opens the data asked for, or refuses with reasons and basis.
type OpeningAnswer struct {
	Agree bool `json:"agree"`
	// Way, Locator and Attachments say how the data is had: a link, an interface, or
	// the files themselves. The applicant is told when the data is opened, not before.
	Way         OpenWay  `json:"way,omitempty"`
	Locator     string   `json:"locator,omitempty"`
	Attachments []string `json:"attachments,omitempty"`
	// Fields opened, of those asked for; none opens all of them.
	Fields []string `json:"fields,omitempty"`
	// Agreement is the text of the data-use agreement, where one is signed first: its
	// purpose, how the data is kept safe, other conditions (city-2023 art. 27).
	Agreement string `json:"agreement,omitempty"`

	Reasons string  `json:"reasons,omitempty"`
	Basis   []Basis `json:"basis,omitempty"`
}

// Check returns an *Error naming what is wrong with the answer whatever the
// regulation.
func (a OpeningAnswer) Check() error {
	var c checker
	c.text(a.Reasons, "/reasons", !a.Agree)
	c.bases(a.Basis, "/basis", false)
	c.text(a.Agreement, "/agreement", false)
	c.text(a.Locator, "/locator", a.Agree && a.Way != OpenFile)
	c.require(len(a.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	if a.Agree {
		c.require(oneOf(a.Way, OpenWays), "/way", "one_of", fmt.Sprint(OpenWays))
		c.require(a.Way != OpenFile || len(a.Attachments) > 0, "/attachments", "required", "the files that are opened")
		c.require(blank(a.Reasons) && len(a.Basis) == 0, "/reasons", "refusal_only", "reasons and basis belong to a refusal")
		return c.err()
	}
	c.require(a.Way == "" && blank(a.Locator) && len(a.Attachments) == 0 && len(a.Fields) == 0 && blank(a.Agreement), "/agree", "agreement_only",
		"way, data, fields and agreement belong to an opening")
	return c.err()
}

// CheckUnder returns an *Error naming what keeps the answer from being one to a
// request for the fields, under a regulation's rule on refusals and, where it is
// not empty, its article on data-use agreements.
func (a OpeningAnswer) CheckUnder(asked []string, rule RefusalRule, agreement string) error {
	if err := a.Check(); err != nil {
		return err
	}
	if !a.Agree {
		return CheckRefusal(a.Reasons, a.Basis, rule)
	}
	var c checker
	for i, f := range a.Fields {
		c.require(oneOf(f, asked), fmt.Sprintf("/fields/%d", i), "asked_for", f+" was not asked for")
	}
	c.require(agreement == "" || !blank(a.Agreement), "/agreement", "required", "the data-use agreement to be signed")
	c.require(agreement != "" || blank(a.Agreement), "/agreement", "no_agreement", "the regulation has no data-use agreement")
	err := c.err()
	if e, ok := err.(*Error); ok {
		e.Article = agreement
	}
	return err
}

// CheckRefusal returns an *Error unless a refusal carries what the rule asks for:
// without it, it is none.
func CheckRefusal(reasons string, basis []Basis, rule RefusalRule) error {
	var c checker
	c.text(reasons, "/reasons", rule.Reasons)
	c.require(!rule.LegalBasis || len(basis) > 0, "/basis", "required", "a refusal cites its legal basis")
	c.bases(basis, "/basis", rule.Proof)
	err := c.err()
	if e, ok := err.(*Error); ok {
		e.Article = rule.Article
		if rule.Reasons && blank(reasons) || rule.LegalBasis && len(basis) == 0 {
			e.Code = CodeBasisRequired
		}
	}
	return err
}

// Signature is the applicant's own name under the data-use agreement.
type Signature struct {
	Name string `json:"name"`
}

// Check returns an *Error when there is no name.
func (s Signature) Check() error {
	var c checker
	c.line(s.Name, "/name", MaxName)
	return c.err()
}

// CheckAgainst returns an *Error unless the name is the applicant's.
func (s Signature) CheckAgainst(o OpeningApplication) error {
	if strings.TrimSpace(s.Name) != strings.TrimSpace(o.Name) {
		return Invalid("/name", "same_name", "the name under which the data was asked for")
	}
	return nil
}

// Public reports whether the public may see the entry in the open catalog: it is
// opened, without or on conditions, and what is not shared or of the highest grade
// never is (city-2023 art. 25, jinan-startup-2023 art. 22, shuozhou-2021 art. 23).
func (r Resource) Public() bool {
	return (r.OpenClass == Open || r.OpenClass == OpenConditionally) && r.Class != NotShared && r.Grade < HighestGrade
}

// PublicUpTo is the highest grade of data items that the public may know of, whatever
// the policy says.
const PublicUpTo Grade = 2

// PublicFields lists the fields that the public may know of at most.
func (r Resource) PublicFields() []Field {
	var fields []Field
	for _, f := range r.Fields {
		if f.Grade <= PublicUpTo {
			fields = append(fields, f)
		}
	}
	return fields
}
