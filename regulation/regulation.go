// Package regulation reads local regulations on sharing public data from files,
// holds them to their rules, and says which one is in force in a region on a day.
//
// A regulation is data: its roles, classes, duties with limits and articles,
// what a refusal must carry, its ladders and filings. The program knows the
// words of that data (duties, start events, steps) and no regulation by name.
package regulation

import (
	"fmt"
	"slices"

	"gongshu/sharing"
)

// Role is a part that a regulation gives somebody, whoever holds it there.
type Role string

const (
	Authority    Role = "authority"     // 大数据主管部门: supervises, coordinates, tracks what is overdue
	Supervisor   Role = "supervisor"    // above the authority: government or its office
	LeadingGroup Role = "leading_group" // 领导小组: decides what the authority reports to it
	Finance      Role = "finance"       // withholds or plans funds
	Operator     Role = "operator"      // runs the platform for the authority
	Provider     Role = "provider"      // 数源部门: owns the data and owes answers
	Requester    Role = "requester"     // 使用部门: applies for data
	Security     Role = "security"      // 网信、公安
	Public       Role = "public"        // citizens and companies
)

// Roles lists every role a file may name.
var Roles = []Role{Authority, Supervisor, LeadingGroup, Finance, Operator, Provider, Requester, Security, Public}

// Party is the regulation's own name for a role.
type Party struct {
	Name    string `json:"name"`
	NameEn  string `json:"name_en"`
	Article string `json:"article,omitempty"`
	// Reserves says in the regulation's words what is reserved to it.
	Reserves   string `json:"reserves,omitempty"`
	ReservesEn string `json:"reserves_en,omitempty"`
}

// Source says whether something stands in the regulation's text or was added by
// whoever runs the system. Only the text is law.
type Source string

const (
	FromText     Source = "text"
	FromOperator Source = "operator"
)

// Regulation is one regulation in one version, as read from a file.
//
// Articles are written as in "16", "3(2)" (article 3, item 2) or "13, 36"; see
// [ArticleZh] and [ArticleEn]. "" means that the text has no such rule.
type Regulation struct {
	ID      string `json:"id"`
	Version int    `json:"version"` // counted from 1; a case is pinned to id and version
	Title   string `json:"title"`
	TitleEn string `json:"title_en"`
	Number  string `json:"number,omitempty"` // of the document; "" when the text gives none
	Issuer  string `json:"issuer,omitempty"`

	Issued       *sharing.Date `json:"issued,omitempty"`
	From         sharing.Date  `json:"from"`
	FromArticle  string        `json:"from_article,omitempty"`
	Until        *sharing.Date `json:"until,omitempty"` // the last day in force; nil: no end is set
	UntilArticle string        `json:"until_article,omitempty"`
	// Replaces names the regulations that this one follows from its first day.
	Replaces []string `json:"replaces,omitempty"`

	Region       string `json:"region"`
	RegionName   string `json:"region_name"`
	RegionNameEn string `json:"region_name_en"`

	Roles   map[Role]Party              `json:"roles"`
	Classes map[sharing.Class]NamedRule `json:"classes"`

	Application Application `json:"application"`
	Modes       []ModeRule  `json:"modes"`
	// OtherModes: sharing in a way that Modes does not list.
	OtherModes   OtherModes   `json:"other_modes"`
	Grants       Grants       `json:"grants"`
	Refusal      Refusal      `json:"refusal"`
	Completion   Completion   `json:"completion"`
	Coordination Coordination `json:"coordination"`
	Use          Use          `json:"use"`
	BaseData     BaseData     `json:"base_data"`
	Dispute      Dispute      `json:"dispute"`
	Catalog      Catalog      `json:"catalog"`
	Opening      Opening      `json:"opening"`
	Projects     Projects     `json:"projects"`
	Supervision  Supervision  `json:"supervision"`
	Filings      []Filing     `json:"filings,omitempty"`
	Utilities    NamedRule    `json:"utilities"` // public utilities that take part as departments do

	// Facts names the facts on which a limit of this regulation may depend.
	Facts map[string]Fact `json:"facts,omitempty"`
	// Steps gives the article beside each step that is not a duty.
	Steps map[string]string `json:"steps,omitempty"`
	// Ladders are used by duties that bring none of their own.
	Ladders Ladders `json:"ladders"`
	Duties  []Duty  `json:"duties"`

	// Prolonged and Successor are recorded by the operator in an overlay file.
	Prolonged *Prolongation `json:"prolonged,omitempty"`
	Successor string        `json:"successor,omitempty"`

	// File is the name of the file it was read from.
	File string `json:"file,omitempty"`
}

// NamedRule is a thing with the regulation's own name and its article.
type NamedRule struct {
	Name    string `json:"name"`
	NameEn  string `json:"name_en"`
	Article string `json:"article,omitempty"`
}

// Application is what an application for conditional data must say.
type Application struct {
	// Requires lists elements: purpose, duration, mode, scenario, legal_duty,
	// business_analysis (核心业务梳理).
	Requires []Element `json:"requires"`
	Article  string    `json:"article"`
}

// Element is one thing an application must say.
type Element struct {
	Element string `json:"element"`
	Article string `json:"article"`
}

// ModeRule is a way of sharing that the regulation names.
type ModeRule struct {
	Mode    sharing.Mode `json:"mode"`
	Name    string       `json:"name"` // the regulation's own
	NameEn  string       `json:"name_en"`
	Article string       `json:"article"`
	// Consent is the role that must agree to this way besides the provider.
	Consent Role `json:"consent,omitempty"`
}

// OtherModes says how the text treats ways of sharing it does not list.
type OtherModes struct {
	Allowed bool   `json:"allowed"`
	Consent Role   `json:"consent,omitempty"`
	Article string `json:"article,omitempty"`
}

// Grants says which grants the system makes by itself, and how far.
type Grants struct {
	Unconditional string `json:"unconditional"`          // article: unconditional data is had directly
	Scenario      string `json:"scenario,omitempty"`     // article: a fitting registered scenario is authorised at once
	PartialFields string `json:"partial_fields"`         // article: part of the fields can be shared
	Desensitised  string `json:"desensitised,omitempty"` // article: conditional and not-shared data may be shared desensitised
	UsageVisible  string `json:"usage_visible,omitempty"`
	AsAnswered    string `json:"as_answered,omitempty"` // article: used as the answer says
}

// Refusal is what a refusal must carry. It converts to [sharing.RefusalRule].
type Refusal struct {
	Reasons    bool   `json:"reasons"`
	LegalBasis bool   `json:"legal_basis"`
	Proof      bool   `json:"proof"` // the file that proves the basis
	Article    string `json:"article"`
}

// Rule returns the refusal rule in the terms of package sharing.
func (r Refusal) Rule() sharing.RefusalRule { return sharing.RefusalRule(r) }

// CompletionEffect says what a completed application (补正) does to the limit.
type CompletionEffect string

const (
	Restarts CompletionEffect = "restarts" // it runs anew from receipt of the completed application
	Resumes  CompletionEffect = "resumes"  // it goes on where it stood still
)

// Completion is the one request to complete an application.
type Completion struct {
	Effect  CompletionEffect `json:"effect"`
	Source  Source           `json:"source"`
	Article string           `json:"article,omitempty"`
}

// Occasions on which a requester may ask the authority to coordinate.
const (
	AfterRefusal  = "refused"
	AfterDispute  = "dispute"        // a doubt that stays unresolved
	WhenNotShared = "not_shared"     // the resource is in the not-shared class
	WhenNotListed = "not_in_catalog" // the catalog has no such resource
)

// Coordination by the authority (协调). Its limit is the duty share.coordinate.
type Coordination struct {
	Available bool       `json:"available"`
	For       []Occasion `json:"for,omitempty"`
	Article   string     `json:"article,omitempty"`
	// Catalogues: a resource not in the catalog is catalogued as the outcome.
	Catalogues bool `json:"catalogues,omitempty"`
	// Upward: article under which data held above is applied for through the authority.
	Upward string `json:"upward,omitempty"`
	// Bundled: article under which several departments' needs become one request.
	Bundled string `json:"bundled,omitempty"`
}

// Occasion is one case in which coordination may be asked for.
type Occasion struct {
	When    string `json:"when"`
	Article string `json:"article"`
}

// Offers reports whether coordination may be asked for on the occasion.
func (c Coordination) Offers(occasion string) bool {
	return c.Available && slices.ContainsFunc(c.For, func(o Occasion) bool { return o.When == occasion })
}

// Use is what a department may do with data it was given.
type Use struct {
	OwnDutyOnly string `json:"own_duty_only"` // article: only for the stated purpose and the own duty
	NoPassingOn string `json:"no_passing_on"` // article
	// CancelsAtOnce: misuse found cancels the sharing at once, by the text.
	CancelsAtOnce bool   `json:"cancels_at_once,omitempty"`
	Misuse        string `json:"misuse"` // article
}

// BaseData is the data that every department needs.
type BaseData struct {
	Kinds []string `json:"kinds"`
	// Class, when the text fixes one for base data.
	Class   sharing.Class `json:"class,omitempty"`
	Article string        `json:"article"`
}

// Dispute is what the regulation says of doubts and errors in shared data.
type Dispute struct {
	Article string `json:"article"`
	// MustProceed: article under which an office must go on with a citizen's or
	// company's matter when valid proof is brought; "" when there is no such rule.
	MustProceed  string   `json:"must_proceed,omitempty"`
	Channels     []string `json:"channels"` // platform, interface, manual
	CoversToo    []string `json:"covers_too,omitempty"`
	Unresolved   string   `json:"unresolved,omitempty"`    // article: the authority takes unresolved doubts
	Announcement string   `json:"announcement,omitempty"`  // article: updates are announced
	HoldersMatch string   `json:"holders_match,omitempty"` // article: users compare and update what they hold
}

// CoversCatalog reports whether doubts about catalog entries are disputes too
// (shuozhou-2021 art. 19).
func (d Dispute) CoversCatalog() bool { return slices.Contains(d.CoversToo, "catalog") }

// Catalog is what the regulation says of catalog entries and their changes.
type Catalog struct {
	Elements        []string         `json:"elements"`
	ElementsArticle string           `json:"elements_article"`
	LegalBasis      []BasisRule      `json:"legal_basis"`
	NotShared       NotSharedRule    `json:"not_shared"`
	TemporaryChange *TemporaryChange `json:"temporary_change,omitempty"`
	SecrecyReview   SecrecyReview    `json:"secrecy_review"`
	// Review: the authority reviews what departments compile.
	Review AuthorityReview `json:"review"`
	// ChangeApproval: article under which the authority approves a change before it is published.
	ChangeApproval string `json:"change_approval,omitempty"`
	OneSource      string `json:"one_source"` // article: one source for each datum, no second collection
}

// BasisRule says that entries of a class cite their legal basis.
type BasisRule struct {
	Class   sharing.Class `json:"class"`
	Sources []string      `json:"sources"` // kinds of documents that count
	Article string        `json:"article"`
}

// BasisFor returns the rule on legal basis for entries of the class, and whether there is one.
func (c Catalog) BasisFor(class sharing.Class) (BasisRule, bool) {
	for _, b := range c.LegalBasis {
		if b.Class == class {
			return b, true
		}
	}
	return BasisRule{}, false
}

// NotSharedRule is who must agree before an entry is not shared.
type NotSharedRule struct {
	Review   Role   `json:"review,omitempty"`
	Approval Role   `json:"approval,omitempty"`
	Article  string `json:"article,omitempty"`
}

// TemporaryChange of an entry's class.
type TemporaryChange struct {
	Grounds []string `json:"grounds"` // national_security, public_interest, public_incident
	Article string   `json:"article"`
}

// SecrecyReview before anything is published.
type SecrecyReview struct {
	Scope   []string `json:"scope"` // sharing, opening
	Article string   `json:"article"`
}

// AuthorityReview of departments' catalogs.
type AuthorityReview struct {
	Reviews bool   `json:"reviews"`
	Merges  bool   `json:"merges"`
	Article string `json:"article"`
}

// Opening is what the regulation says of opening data to the public.
type Opening struct {
	OnRequest bool   `json:"on_request"`
	Article   string `json:"article,omitempty"`
	// Agreement: article under which a data-use agreement is signed first.
	Agreement string  `json:"agreement,omitempty"`
	Refusal   Refusal `json:"refusal"`
	// Desensitised: article under which treated data may be opened.
	Desensitised string `json:"desensitised,omitempty"`
}

// Projects is what the regulation asks of IT projects.
type Projects struct {
	Initiation []Check `json:"initiation,omitempty"`
	Acceptance []Check `json:"acceptance,omitempty"`
	Live       []Check `json:"live,omitempty"` // after going live
	// Consequences of not meeting them.
	Consequences []Consequence `json:"consequences,omitempty"`
	// Exempt: projects to which acceptance does not apply.
	Exempt   []string `json:"exempt,omitempty"`
	Register string   `json:"register,omitempty"` // article: systems are registered with the authority
}

// Check is one condition of initiation or acceptance.
type Check struct {
	Check   string   `json:"check"`
	Article string   `json:"article"`
	Ways    []string `json:"ways,omitempty"` // of collection, where the text names them
	To      Role     `json:"to,omitempty"`   // with whom documents are filed
}

// Consequence of a condition that is not met.
type Consequence struct {
	Consequence string `json:"consequence"` // no_initiation, no_acceptance, funds_held, no_maintenance_funds, new_projects_held
	By          Role   `json:"by,omitempty"`
	Tell        Role   `json:"tell,omitempty"`
	Article     string `json:"article"`
}

// Supervision is what is inspected and what follows.
type Supervision struct {
	Grounds []Ground `json:"grounds"`
	// Ladder of rectification, from the first notice on.
	Ladder  []RectificationStep `json:"ladder,omitempty"`
	Article string              `json:"article"`
}

// Ground on which a rectification may be opened.
type Ground struct {
	Ground  string `json:"ground"`
	Title   string `json:"title"`
	TitleEn string `json:"title_en"`
	Article string `json:"article"`
	// Duties whose breach is this ground.
	Duties []string `json:"duties,omitempty"`
}

// RectificationStep is one step after a finding.
type RectificationStep struct {
	Step     string `json:"step"` // notice, report, order, criticism, sanctions
	Title    string `json:"title"`
	TitleEn  string `json:"title_en"`
	By       Role   `json:"by"`
	To       Role   `json:"to,omitempty"`
	Deadline bool   `json:"deadline,omitempty"` // the step sets a deadline
	Article  string `json:"article"`
}

// Filing (报备) is a thing told to the authority without approval.
type Filing struct {
	Filing  string `json:"filing"` // data_specialist, purchased_data, information_system, document, security_test, security_incident
	Title   string `json:"title"`
	TitleEn string `json:"title_en"`
	Owes    Role   `json:"owes"`
	To      []Role `json:"to"`
	Before  bool   `json:"before,omitempty"` // told first
	// Duty that puts a limit on it, when there is one.
	Duty    string `json:"duty,omitempty"`
	Article string `json:"article"`
}

// Fact is something on which a limit may depend.
type Fact struct {
	Title   string `json:"title"`
	TitleEn string `json:"title_en"`
}

// Prolongation of a regulation past its last day, recorded by the operator.
type Prolongation struct {
	Until  sharing.Date `json:"until"`
	Number string       `json:"number"` // of the document that prolongs it
}

// LastDay returns the last day in force, a prolongation included; nil: no end is set.
func (r *Regulation) LastDay() *sharing.Date {
	if r.Prolonged != nil {
		return &r.Prolonged.Until
	}
	return r.Until
}

// InForce reports whether r covers the day, from its first to its last day.
func (r *Regulation) InForce(on sharing.Date) bool {
	last := r.LastDay()
	return on >= r.From && (last == nil || on <= *last)
}

// Ref names r with its version, as in "shuozhou-2021@1".
func (r *Regulation) Ref() string { return fmt.Sprintf("%s@%d", r.ID, r.Version) }

// Duty returns the duty of that name, and whether the regulation has it. A step
// that a regulation does not have is absent.
func (r *Regulation) Duty(name string) (Duty, bool) {
	for _, d := range r.Duties {
		if d.Name == name {
			return d, true
		}
	}
	if name == sharing.DutyRectify {
		return r.mending()
	}
	return Duty{}, false
}

// Article returns the article beside a step: of the duty of that name, or as
// listed under steps. "" means that the text says nothing of it.
func (r *Regulation) Article(step string) string {
	if article, ok := r.Steps[step]; ok {
		return article
	}
	d, _ := r.Duty(step)
	return d.Article
}

// Mode returns how the regulation treats a way of sharing: whether it is allowed
// at all, and who must consent to it ("" nobody besides the provider).
func (r *Regulation) Mode(mode sharing.Mode) (rule ModeRule, allowed bool) {
	for _, m := range r.Modes {
		if m.Mode == mode {
			return m, true
		}
	}
	return ModeRule{Mode: mode, Consent: r.OtherModes.Consent, Article: r.OtherModes.Article}, r.OtherModes.Allowed
}

// Requires reports whether an application must say the element, and under which article.
func (r *Regulation) Requires(element string) (article string, required bool) {
	for _, e := range r.Application.Requires {
		if e.Element == element {
			return e.Article, true
		}
	}
	return "", false
}

// Cite returns a full citation, as in 《…办法》第十六条.
func (r *Regulation) Cite(article string) string { return "《" + r.Title + "》" + ArticleZh(article) }

// CiteEn returns a full citation in English.
func (r *Regulation) CiteEn(article string) string {
	if article == "" {
		return r.TitleEn
	}
	return r.TitleEn + ", " + ArticleEn(article)
}
