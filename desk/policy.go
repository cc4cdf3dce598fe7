package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// Publications are the rules published in a database, as a policy follows them.
type Publications struct{ Store *postgres.Store }

// PublishedRules returns what was published after the one of that id.
func (p Publications) PublishedRules(ctx context.Context, after int64) ([]policies.Published, error) {
	rows, err := p.Store.PolicyRules(ctx, after)
	all := make([]policies.Published, len(rows))
	for i, r := range rows {
		all[i] = policies.Published{ID: r.ID, Region: r.Region, Text: []byte(r.Text), Hash: r.Hash, By: r.By, At: r.At, Note: r.Note}
	}
	return all, err
}

// ListenRules calls heard when it begins to listen and whenever rules are published.
func (p Publications) ListenRules(ctx context.Context, heard func()) error {
	return p.Store.ListenPolicyRules(ctx, heard)
}

// PolicyInForce returns the policy as processes on the database have it now.
func PolicyInForce(ctx context.Context, store *postgres.Store) (*policies.Current, error) {
	current, err := policies.NewCurrent(policies.Shipped())
	if err != nil {
		return nil, err
	}
	return current, current.Refresh(ctx, Publications{store})
}

// Rehearsal is what other rules would come to for the people and things there are.
type Rehearsal struct {
	Region      string                `json:"region,omitempty"`
	Version     string                `json:"version"`
	Hash        string                `json:"hash"`
	Was         string                `json:"was"` // the hash now
	People      int                   `json:"people"`
	Things      int                   `json:"things"`
	Differences []policies.Difference `json:"differences"`
	// Unmet are expectations that the rules break; they cannot be published.
	Unmet []string `json:"unmet"`
}

// RehearseRules compares rules that might be published with those in force, over the
// people, catalog entries, open matters, applications and grants of the database.
// The error joins a [*policies.Fault] for everything wrong with the file.
func RehearseRules(ctx context.Context, store *postgres.Store, current *policies.Current, next policies.Published) (Rehearsal, error) {
	r := Rehearsal{Region: next.Region, Unmet: []string{}}
	policy, err := current.Rehearse(next)
	if err != nil {
		return r, err
	}
	if err := Keeps(policy, next.Region); err != nil {
		r.Unmet = strings.Split(err.Error(), "\n")
	}
	users, err := store.Users(ctx)
	if err != nil {
		return r, err
	}
	var people []sharing.Subject
	for _, u := range users {
		if next.Region == "" || u.Region.ID == next.Region { // nobody elsewhere is touched
			people = append(people, u.Subject())
		}
	}
	counts, err := store.LabelCounts(ctx)
	if err != nil {
		return r, err
	}
	var things []policies.Things
	for _, l := range counts {
		if next.Region == "" || l.RegionID == next.Region {
			things = append(things, policies.Things{Thing: l.Thing, Count: l.Count, Names: l.Names})
			r.Things += l.Count
		}
	}
	r.Version, r.Hash, r.Was, r.People = policy.Version(), policy.Hash(), current.Policy().Hash(), len(people)
	if next.Region != "" {
		r.Version = policy.Regions()[next.Region]
	}
	r.Differences = append([]policies.Difference{}, current.Policy().Compare(policy, people, things)...)
	return r, nil
}

// Publication is what publishing rules came to.
type Publication struct {
	ID      int64  `json:"id,omitempty"`
	Region  string `json:"region,omitempty"`
	Version string `json:"version"`
	Name    string `json:"name"` // see [policies.Policy.Name]
	Hash    string `json:"hash"`
	Was     string `json:"was"` // the hash before
	DryRun  bool   `json:"dry_run"`
}

// RulesPublished is the action of the audit trail by which rules came into force.
const RulesPublished sharing.Action = "policy_published"

// errInForce: rules that are in force are not published again.
var errInForce = errors.New("这些规则已在施行 · these rules are in force already")

// CheckRules is all that publishing asks of rules: that they load, keep the promises
// to every region, and are not in force.
func CheckRules(current *policies.Current, next policies.Published) (Publication, error) {
	policy, err := current.Rehearse(next)
	if err != nil {
		return Publication{}, err
	}
	if err := Keeps(policy, next.Region); err != nil {
		return Publication{}, err
	}
	s := current.Standing()
	p := Publication{Region: next.Region, Version: policy.Version(), Name: policy.Name(), Hash: policy.Hash(), Was: s.Policy.Hash()}
	if next.Region != "" {
		p.Version = policy.Regions()[next.Region]
	}
	if p.Hash == p.Was && s.Err == nil {
		return p, errInForce
	}
	return p, nil
}

// Keeps refuses a policy that breaks a promise to any region that it changes.
func Keeps(p *policies.Policy, region string) error {
	asked := []string{region}
	if region == "" {
		for r := range p.Regions() {
			asked = append(asked, r)
		}
	}
	var broken []error
	for _, r := range asked {
		outcomes, err := p.Check(r, policies.ShippedExpectations())
		if err != nil {
			return err
		}
		for _, o := range outcomes {
			if !o.Met() {
				broken = append(broken, fmt.Errorf("不符合期望 · breaks an expectation: %s: %s", o.Name, o.Wrong[0]))
			}
		}
	}
	return errors.Join(broken...)
}

// PutRules publishes rules that were checked with the publications up to last, and
// returns the entry of the audit trail of each region that they count in; as says who
// does. Of two publications at a time one is refused, for it was not checked with the
// other.
func PutRules(ctx context.Context, tx *postgres.Tx, as sharing.Entry, p *Publication, next policies.Published, last int64, regions []sharing.Region) ([]sharing.Entry, error) {
	others, err := tx.PolicyRules(ctx, last)
	if err != nil {
		return nil, err
	}
	if len(others) > 0 {
		return nil, sharing.Errorf(sharing.CodeStale, "%s published other rules meanwhile (%d): look at them, then publish again", others[0].By, others[0].ID)
	}
	row, err := tx.PutPolicyRules(ctx, postgres.PolicyRules{Region: next.Region, Text: string(next.Text), Hash: p.Hash, By: next.By, Note: next.Note})
	if err != nil {
		return nil, err
	}
	p.ID = row.ID
	var entries []sharing.Entry
	for _, r := range regions {
		if next.Region == "" || next.Region == r.ID {
			e := as
			e.At, e.RegionID, e.Action, e.SubjectID, e.Version, e.Note, e.Policy = row.At, r.ID, RulesPublished, fmt.Sprintf("policy:%d", row.ID), 1, next.Note, p.Name
			e.Data = map[string]string{"was": p.Was, "rules": p.Version}
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// PolicyQuestion is about whether somebody may do something, and why.
type PolicyQuestion struct {
	User string // sign-in name; empty with Roles and Department
	// Roles and Department are asked about instead of the person's own.
	Roles      []sharing.Role
	Department string
	On         string // id, code or number of a thing of the region; empty: Thing is meant
	Thing      sharing.Thing
	Action     sharing.Action
}

// AskedThing is what a question is about: its labels, and not what it says.
type AskedThing struct {
	sharing.Thing
	ID    string // "" where the thing is made up
	Name  string // its code or number
	State sharing.State
	// Provider and Applicant name the departments.
	Provider, Applicant string
	registrar           string
}

// PolicyAnswer explains one question.
type PolicyAnswer struct {
	User         sharing.User // zero where only roles are asked about
	Roles        []sharing.Role
	Department   sharing.Department
	Hypothetical bool // roles or department are not the person's own
	On           AskedThing
	Action       sharing.Action
	// States are those in which the procedure has the step; the case is in none of
	// them where OutOfState is set.
	States     []sharing.State
	OutOfState bool
	policies.Explanation
}

// ExplainPolicy says by which rule and article somebody may or may not do something
// to a thing of the region, and what would be needed.
func (d *Desk) ExplainPolicy(ctx context.Context, who sharing.User, q PolicyQuestion) (PolicyAnswer, error) {
	answer := PolicyAnswer{Action: q.Action, Hypothetical: len(q.Roles) > 0 || q.Department != ""}
	if err := d.administer(who, sharing.KindPolicy, sharing.Read); err != nil {
		return answer, err
	}
	if q.User == "" && (len(q.Roles) == 0 || q.Department == "") {
		return answer, sharing.Invalid("/user", "person_or_post", "a person, or roles and a department")
	}
	var subject sharing.Subject
	if q.User != "" {
		u, err := d.Store.User(ctx, q.User)
		if sharing.CodeOf(err) == sharing.CodeNotFound || err == nil && u.Region.ID != who.Region.ID {
			return answer, sharing.Invalid("/user", "exists", "")
		}
		if err != nil {
			return answer, err
		}
		subject, answer.User, answer.Department = u.Subject(), u, u.Department
	}
	if len(q.Roles) > 0 {
		for i, r := range q.Roles {
			if !slices.Contains(sharing.Roles, r) {
				return answer, sharing.Invalid(fmt.Sprintf("/roles/%d", i), "one_of", "a role")
			}
		}
		subject.Roles = q.Roles
	}
	if q.Department != "" {
		o, err := d.Store.OfficeOf(ctx, who.Region.ID, q.Department)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			return answer, sharing.Invalid("/department", "exists", "")
		}
		if err != nil {
			return answer, err
		}
		subject.DepartmentID, subject.RegionID, answer.Department = o.ID, o.RegionID, o.Department
	}
	on, err := d.asked(ctx, who, q)
	if err != nil {
		return answer, err
	}
	if on.registrar != "" && on.registrar == subject.UserID {
		on.ProviderID = subject.DepartmentID
	}
	answer.Roles, answer.On = subject.Roles, on
	answer.States = policies.StatesFor(on.Kind, q.Action)
	answer.OutOfState = on.State != "" && len(answer.States) > 0 && !slices.Contains(answer.States, on.State)
	answer.Explanation, err = d.policy(who).Explain(subject, q.Action, on.Thing)
	return answer, err
}

// asked finds what a question is about: within the region, or made up of labels.
func (d *Desk) asked(ctx context.Context, who sharing.User, q PolicyQuestion) (AskedThing, error) {
	on := AskedThing{Thing: q.Thing}
	if q.On != "" {
		found, err := d.Store.LabelledAs(ctx, q.On)
		if err != nil {
			return on, err
		}
		found = slices.DeleteFunc(found, func(l postgres.Labelled) bool { return l.RegionID != who.Region.ID })
		if len(found) != 1 {
			return on, sharing.Invalid("/on", "exists", "")
		}
		l := found[0]
		on = AskedThing{Thing: l.Thing, ID: l.ID, Name: l.Name, State: l.State, registrar: l.Registrar}
	} else {
		on.RegionID = who.Region.ID
		if !slices.Contains(policies.Kinds(), on.Kind) {
			return on, sharing.Invalid("/on", "labels", "the number of a thing, or a kind")
		}
		if slices.Contains(sharing.AdministeredKinds, on.Kind) || on.Kind == sharing.KindTrail {
			on.Thing = policies.Administered(on.Kind, who.Region.ID)
		}
		if !slices.Contains(sharing.Classes, on.Class) {
			return on, sharing.Invalid("/class", "one_of", "a sharing class")
		}
		if on.Grade < sharing.LowestGrade || on.Grade > sharing.HighestGrade {
			return on, sharing.Invalid("/grade", "range", "1 to 4")
		}
	}
	offices, err := d.Store.OfficesOf(ctx, who.Region.ID)
	if err != nil {
		return on, err
	}
	for _, side := range []struct {
		id, field string
		name      *string
	}{{on.ProviderID, "/provider", &on.Provider}, {on.ApplicantID, "/applicant", &on.Applicant}} {
		i := slices.IndexFunc(offices, func(o Office) bool { return o.ID == side.id })
		switch {
		case side.id == "":
		case i >= 0:
			*side.name = offices[i].Name
			if inEnglish(who) && offices[i].NameEN != "" {
				*side.name = offices[i].NameEN
			}
		case q.On == "":
			return on, sharing.Invalid(side.field, "exists", "")
		}
	}
	if !slices.Contains(policies.Actions(on.Kind), q.Action) {
		return on, sharing.Invalid("/action", "never_done", string(on.Kind))
	}
	return on, nil
}

// WhoMay is everybody in the region who may do something, by which rules.
type WhoMay struct {
	On      AskedThing
	Action  sharing.Action
	Ways    []policies.Way
	People  []policies.Person
	States  []sharing.State
	Version string
	Hash    string
}

// WhoMay lists the roles and people who may do something to a thing of the region.
func (d *Desk) WhoMay(ctx context.Context, who sharing.User, q PolicyQuestion) (WhoMay, error) {
	answer := WhoMay{Action: q.Action}
	if err := d.administer(who, sharing.KindPolicy, sharing.Read); err != nil {
		return answer, err
	}
	on, err := d.asked(ctx, who, q)
	if err != nil {
		return answer, err
	}
	policy := d.policy(who)
	answer.On, answer.States, answer.Version, answer.Hash = on, policies.StatesFor(on.Kind, q.Action), policy.Version(), policy.Hash()
	if answer.Ways, err = policy.Ways(q.Action, on.Thing); err != nil {
		return answer, err
	}
	users, err := d.Store.Users(ctx)
	if err != nil {
		return answer, err
	}
	users = slices.DeleteFunc(users, func(u sharing.User) bool { return u.Region.ID != who.Region.ID })
	answer.People, err = policy.People(q.Action, users, on.to)
	return answer, err
}

// to is what the thing is to a user: to who registered an application from paper,
// their department provides it.
func (t AskedThing) to(u sharing.User) sharing.Thing {
	if t.registrar != "" && t.registrar == u.ID {
		t.ProviderID = u.Department.ID
	}
	return t.Thing
}

// PolicyPast is one publication, as administrators see it.
type PolicyPast struct {
	postgres.PolicyPublication
	// Current: it is what counts now, of the region or of every one.
	Current bool
	// Version is what the file calls its version; "" where the publication took back
	// what was published before.
	Version string
}

// PolicyStanding is the policy in force in a region, and how it came to be.
type PolicyStanding struct {
	Version string
	Hash    string
	// Addition is what the region adds to the rules; empty when it adds nothing.
	Addition, AdditionVersion string
	Rules                     []policies.Block // of every region
	Added                     []policies.Block // of the region
	History                   []PolicyPast     // the last first
	// Refused is a publication that does not load and is not in force; 0 when all are.
	Refused int64
}

// PolicyStanding returns the rules in force in the region.
func (d *Desk) PolicyStanding(ctx context.Context, who sharing.User) (PolicyStanding, error) {
	if err := d.administer(who, sharing.KindPolicy, sharing.Read); err != nil {
		return PolicyStanding{}, err
	}
	if err := d.Policy.Refresh(ctx, Publications{d.Store}); err != nil {
		return PolicyStanding{}, err
	}
	s := d.Policy.Standing()
	p := PolicyStanding{Version: s.Policy.Version(), Hash: s.Policy.Hash(), AdditionVersion: s.Policy.Regions()[who.Region.ID],
		Rules: s.Policy.Blocks(""), Added: s.Policy.Blocks(who.Region.ID)}
	if s.Err != nil {
		p.Refused = s.Refused.ID
	}
	now := map[int64]bool{}
	for _, r := range s.Rows {
		now[r.ID] = true
		if r.Region == who.Region.ID {
			p.Addition = string(r.Text)
		}
	}
	past, err := d.Store.PolicyHistory(ctx, who.Region.ID)
	for _, h := range past {
		p.History = append(p.History, PolicyPast{PolicyPublication: h, Current: now[h.ID], Version: versionOf(h.Text)})
	}
	return p, err
}

// versionOf reads what a rules file calls its version.
func versionOf(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	version, _ := strings.CutPrefix(first, "# version: ")
	return version
}

// PolicyChange is what a region is to add to the rules, in place of what it adds now.
type PolicyChange struct {
	Text   string // empty: it is to add nothing
	Reason string
	// Rehearsed is the [PolicyRehearsal.Mark] of the rehearsal that the change rests on.
	Rehearsed string
}

// PolicyRehearsal is what a change would come to, for the people and things of the
// region. Things are counted and not named: who manages the rules has no part in them.
type PolicyRehearsal struct {
	Rehearsal
	// People by id, of those whom the differences name.
	Named map[string]sharing.User
	// Mark stands for the text that was rehearsed and for the rules that were in force.
	Mark string
}

// RehearsePolicy tells what would change if the region added the text. What is wrong
// with it is CodeInvalid at /text, each with its line.
func (d *Desk) RehearsePolicy(ctx context.Context, who sharing.User, text string) (PolicyRehearsal, error) {
	if err := d.administer(who, sharing.KindPolicy, sharing.Manage); err != nil {
		return PolicyRehearsal{}, err
	}
	if err := d.Policy.Refresh(ctx, Publications{d.Store}); err != nil {
		return PolicyRehearsal{}, err
	}
	r, err := RehearseRules(ctx, d.Store, d.Policy, policies.Published{Region: who.Region.ID, Text: []byte(text)})
	if err != nil {
		return PolicyRehearsal{}, faulty(err)
	}
	rehearsal := PolicyRehearsal{Rehearsal: r, Named: map[string]sharing.User{}, Mark: mark(text, r.Was)}
	users, err := d.Store.Users(ctx)
	if err != nil {
		return PolicyRehearsal{}, err
	}
	for i := range rehearsal.Differences {
		rehearsal.Differences[i].Names = nil
		for _, u := range users {
			if slices.Contains(rehearsal.Differences[i].People, u.ID) {
				rehearsal.Named[u.ID] = u
			}
		}
	}
	return rehearsal, nil
}

// mark stands for a text and the policy that it was rehearsed against.
func mark(text, was string) string {
	sum := sha256.Sum256([]byte(was + "\n" + text))
	return hex.EncodeToString(sum[:])
}

// faulty puts what is wrong with rules at the field that holds them.
func faulty(err error) error {
	faults := policies.Faults(err)
	if len(faults) == 0 {
		return err
	}
	e := &sharing.Error{Code: sharing.CodeInvalid, Cause: err}
	for _, f := range faults {
		e.Fields = append(e.Fields, sharing.FieldError{Field: "/text", Rule: "policy_rule", Detail: fmt.Sprintf("%d: %s", f.Line, f.Reason)})
	}
	return e
}

// maxRulesText bounds what is taken of a rules file, in bytes; more than any that loads.
const maxRulesText = 1 << 17

// PublishPolicy puts what the region adds to the rules in force, in every process
// within a second. It was rehearsed against the rules that are in force still, and
// has a reason; otherwise it is refused, CodeStale when the rules are others now.
func (d *Desk) PublishPolicy(ctx context.Context, who sharing.User, key string, c PolicyChange) (Publication, error) {
	if err := d.administer(who, sharing.KindPolicy, sharing.Manage); err != nil {
		return Publication{}, err
	}
	if err := (sharing.Remark{Note: c.Reason}).Check(); err != nil {
		return Publication{}, sharing.Invalid("/reason", "required", "")
	}
	if len(c.Text) > maxRulesText || !utf8.ValidString(c.Text) {
		return Publication{}, sharing.Invalid("/text", "max_length", fmt.Sprint(maxRulesText))
	}
	if err := d.Policy.Refresh(ctx, Publications{d.Store}); err != nil {
		return Publication{}, err
	}
	last := d.Policy.Standing().Last
	next := policies.Published{Region: who.Region.ID, Text: []byte(c.Text), By: who.ID, Note: c.Reason}
	p, err := CheckRules(d.Policy, next)
	switch {
	case errors.Is(err, errInForce):
		return Publication{}, sharing.Invalid("/text", "in_force", "")
	case err != nil && len(policies.Faults(err)) > 0:
		return Publication{}, faulty(err)
	case err != nil:
		return Publication{}, &sharing.Error{Code: sharing.CodeInvalid, Cause: err,
			Fields: []sharing.FieldError{{Field: "/text", Rule: "expectation", Detail: firstLine(err)}}}
	}
	if c.Rehearsed == "" {
		return Publication{}, sharing.Invalid("/text", "rehearse", "")
	}
	if c.Rehearsed != mark(c.Text, p.Was) {
		return Publication{}, sharing.Errorf(sharing.CodeStale, "another text was rehearsed, or the rules have changed since")
	}
	err = d.amendAll(ctx, who, key, RulesPublished, "policy:"+who.Region.ID, 0, c, func(tx *postgres.Tx, as sharing.Entry) ([]sharing.Entry, error) {
		return PutRules(ctx, tx, as, &p, next, last, []sharing.Region{who.Region})
	})
	if err != nil {
		return Publication{}, err
	}
	// This process has the rules now; a message tells the others.
	return p, d.Policy.Refresh(ctx, Publications{d.Store})
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
