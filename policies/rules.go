package policies

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"gongshu/sharing"
)

// Fault is one thing wrong with a policy file. Load joins all it finds.
type Fault struct {
	File   string // model.conf, rules.csv, or REGION.csv for a region's addition
	Line   int    // 1 is the first; 0 concerns the whole file
	Reason string
}

func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Reason
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Reason)
}

const (
	modelFile = "model.conf"
	rulesFile = "rules.csv"

	// maxFile bounds a policy file, in bytes. Every question reads every rule of
	// its kind.
	maxFile = 64 << 10
)

// every stands for all classes, and in a deny for all relations or actions.
const every = "*"

// effect is what a rule says. The zero value is that no rule says anything.
type effect string

const (
	allow effect = "allow"
	deny  effect = "deny"
)

// rule is one p line.
type rule struct {
	file    string
	line    int
	role    string // of sharing.Roles, or a group
	kind    sharing.Kind
	columns []string
	effect  effect
	basis   []string
	comment string // what its block says before the basis
	covers  grid   // the squares it speaks of
}

// say returns the rule as explanations show it.
func (r rule) say() Rule {
	return Rule{File: r.file, Line: r.line, Text: "p, " + strings.Join(r.columns, ", "), Comment: r.comment, Basis: r.basis}
}

// shape is what rules have in common that differ in their kind and action alone.
type shape struct{ role, relation, class, lowest, highest, effect string }

func (r rule) shape() shape {
	return shape{r.columns[0], r.columns[1], r.columns[3], r.columns[4], r.columns[5], r.columns[7]}
}

// member is one g line.
type member struct {
	file        string
	line        int
	name, group string
}

// rulebook is a parsed rules file, with what a region adds to it at the end.
type rulebook struct {
	file    string // in which faults are found
	version string
	members []member
	rules   []rule
	groups  map[string][]sharing.Role // the roles of each group
	// ownMembers and ownRules are where those begin that a region adds; 0 in the
	// rules of every region.
	ownMembers, ownRules int
}

var (
	versionLine = regexp.MustCompile(`^# version: ([0-9A-Za-z.-]{1,32})$`)
	groupName   = regexp.MustCompile(`^[a-z][a-z_]*$`)
	basisItem   = regexp.MustCompile(`^([a-z0-9-]+ art\. [1-9][0-9]*(\([1-9][0-9]*\))?|house rule)$`)
)

const basisPrefix = "# basis: "

// parser reads a rules file line by line and gathers every fault.
type parser struct {
	book    rulebook
	shared  map[string]bool // groups that the rules of every region name
	basis   []string        // of the block being read
	comment []string        // of the block being read
	seen    map[string]int
	faults  []error
}

// parseRules reads a rules file. It knows nothing of whether the rules make
// sense together; see [rulebook.check].
func parseRules(text []byte) (*rulebook, error) {
	p := parser{book: rulebook{file: rulesFile, groups: map[string][]sharing.Role{}}}
	if err := p.parse(text); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(p.book.rules, func(r rule) bool { return r.effect == allow }) {
		p.fault(0, "no rule allows anything")
	}
	return &p.book, errors.Join(p.faults...)
}

// parseAddition reads what a region adds to the rules of every region. It may use
// their groups and name its own, but not change theirs.
func parseAddition(base *rulebook, region string, text []byte) (*rulebook, error) {
	p := parser{shared: map[string]bool{}, book: rulebook{
		file: region + ".csv", members: slices.Clone(base.members), rules: slices.Clone(base.rules), groups: maps.Clone(base.groups),
		ownMembers: len(base.members), ownRules: len(base.rules),
	}}
	for group := range base.groups {
		p.shared[group] = true
	}
	if err := p.parse(text); err != nil {
		return nil, err
	}
	if len(p.book.rules) == p.book.ownRules && p.faults == nil {
		p.fault(0, "has no rule")
	}
	return &p.book, errors.Join(p.faults...)
}

// parse reads a whole file and gathers its faults. The error is that it is none.
func (p *parser) parse(text []byte) error {
	if err := checkText(p.book.file, text); err != nil {
		return err
	}
	p.seen = map[string]int{}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		p.read(i+1, strings.TrimSpace(line))
	}
	return nil
}

// checkText refuses what cannot be a whole text file.
func checkText(file string, text []byte) error {
	switch {
	case len(text) == 0:
		return &Fault{file, 0, "is empty"}
	case len(text) > maxFile:
		return &Fault{file, 0, fmt.Sprintf("is longer than %d bytes", maxFile)}
	case text[len(text)-1] != '\n':
		return &Fault{file, 0, "does not end with a line break: it may have been cut short"}
	}
	for i, line := range strings.Split(string(text), "\n") {
		if !utf8.ValidString(line) {
			return &Fault{file, i + 1, "is not UTF-8"}
		}
		if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || r == '\ufeff' }) {
			return &Fault{file, i + 1, "holds a control character or byte order mark"}
		}
	}
	return nil
}

func (p *parser) fault(line int, format string, args ...any) {
	p.faults = append(p.faults, &Fault{p.book.file, line, fmt.Sprintf(format, args...)})
}

func (p *parser) read(number int, line string) {
	if number == 1 {
		if m := versionLine.FindStringSubmatch(line); m != nil {
			p.book.version = m[1]
		} else {
			p.fault(number, `the first line is not "# version: NUMBER"`)
		}
		return
	}
	switch {
	case line == "":
		p.basis, p.comment = nil, nil
		return
	case strings.HasPrefix(line, basisPrefix):
		p.readBasis(number, strings.TrimPrefix(line, basisPrefix))
		return
	case strings.HasPrefix(line, "#"):
		p.comment = append(p.comment, strings.TrimSpace(strings.TrimPrefix(line, "#")))
		return
	}
	fields := strings.Split(line, ",")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	key := strings.Join(fields, ",")
	if first, ok := p.seen[key]; ok {
		p.fault(number, "repeats line %d", first)
		return
	}
	p.seen[key] = number
	switch fields[0] {
	case "p":
		p.readRule(number, fields)
	case "g":
		p.readMember(number, fields)
	default:
		p.fault(number, "begins with neither p, g nor #")
	}
}

func (p *parser) readBasis(number int, text string) {
	if p.basis != nil {
		p.fault(number, "a second basis in one block")
	}
	p.basis = []string{}
	for item := range strings.SplitSeq(text, ";") {
		item = strings.TrimSpace(item)
		if !basisItem.MatchString(item) {
			p.fault(number, `%q is neither "REGULATION art. NUMBER" nor "house rule"`, item)
		}
		p.basis = append(p.basis, item)
	}
}

// readMember reads "g, member, group". Groups are named before they become
// members of others, so that none can contain itself.
func (p *parser) readMember(number int, fields []string) {
	if len(fields) != 3 {
		p.fault(number, "has %d fields instead of 3", len(fields))
		return
	}
	name, group := fields[1], fields[2]
	roles, isGroup := p.book.groups[name]
	switch {
	case isRole(name):
		roles = []sharing.Role{sharing.Role(name)}
	case !isGroup:
		p.fault(number, "%q is neither a role nor a group named above", name)
		return
	}
	if isRole(group) || !groupName.MatchString(group) {
		p.fault(number, "%q cannot name a group", group)
		return
	}
	if p.shared[group] {
		p.fault(number, "group %q belongs to the rules of every region", group)
		return
	}
	for _, m := range p.book.members {
		if m.name == group {
			p.fault(number, "group %q grows after it became a member of another on line %d", group, m.line)
			return
		}
	}
	p.book.members = append(p.book.members, member{p.book.file, number, name, group})
	for _, r := range roles { // of this file: what it appends to is its own
		if !slices.Contains(p.book.groups[group], r) {
			p.book.groups[group] = append(p.book.groups[group], r)
		}
	}
}

// readRule reads "p, role, relation, kind, class, lowest, highest, action, effect".
func (p *parser) readRule(number int, fields []string) {
	const want = 9
	if len(fields) != want {
		p.fault(number, "has %d fields instead of %d", len(fields), want)
		return
	}
	before := len(p.faults)
	r := rule{file: p.book.file, line: number, columns: fields[1:], role: fields[1], kind: sharing.Kind(fields[3]), effect: effect(fields[8]),
		basis: p.basis, comment: strings.Join(p.comment, " ")}
	relation, kind, class, action := sharing.Relation(fields[2]), r.kind, sharing.Class(fields[4]), sharing.Action(fields[7])
	denies := r.effect == deny

	if r.effect != allow && r.effect != deny {
		p.fault(number, `effect %q is neither "allow" nor "deny"`, fields[8])
	}
	roles := p.book.groups[r.role]
	if isRole(r.role) {
		roles = []sharing.Role{sharing.Role(r.role)}
	}
	if roles == nil {
		p.fault(number, "unknown role %q", r.role)
	}
	relations := []sharing.Relation{relation}
	switch {
	case relation == every && denies:
		relations = sharing.Relations
	case relation == every:
		p.fault(number, "an allow names its relation")
	case !slices.Contains(sharing.Relations, relation):
		p.fault(number, "unknown relation %q", relation)
	}
	if !slices.Contains(kinds, kind) {
		p.fault(number, "unknown kind %q", kind)
	}
	classes := []sharing.Class{class}
	if class == every {
		classes = sharing.Classes
	} else if !slices.Contains(sharing.Classes, class) {
		p.fault(number, "unknown class %q", class)
	}
	lowest, okLow := parseGrade(fields[5])
	highest, okHigh := parseGrade(fields[6])
	if !okLow || !okHigh || lowest > highest {
		p.fault(number, "grades %q to %q are not within 1 to 4", fields[5], fields[6])
	}
	actions := []sharing.Action{action}
	switch {
	case action == every && denies:
		actions = actionsOn[kind]
	case action == every:
		p.fault(number, "an allow names its action")
	case !isAction(action):
		p.fault(number, "unknown action %q", action)
	}
	if r.basis == nil {
		p.fault(number, "the block does not say what it rests on")
	}
	if len(p.faults) > before {
		return
	}

	if action != every && !slices.Contains(actionsOn[kind], action) {
		p.fault(number, "%s is never done to a %s", action, kind)
	}
	if relation != every && !slices.Contains(relationsTo(kind), relation) {
		p.fault(number, "nobody stands as %s to a %s", relation, kind)
	}
	for _, role := range roles {
		if relation != every && !canHold(role, relation) {
			p.fault(number, "%s never stands as %s to anything", role, relation)
		}
	}
	if len(p.faults) > before {
		return
	}

	var set squares
	for _, relation := range relations {
		for _, class := range classes {
			for grade := lowest; grade <= highest; grade++ {
				set = set.or(square(relation, class, grade))
			}
		}
	}
	r.covers = grid{}
	for _, role := range roles {
		for _, action := range actions {
			r.covers[row{role, kind, action}] = set
		}
	}
	p.book.rules = append(p.book.rules, r)
}

func parseGrade(s string) (sharing.Grade, bool) {
	for g := sharing.LowestGrade; g <= sharing.HighestGrade; g++ {
		if s == gradeText(g) {
			return g, true
		}
	}
	return 0, false
}

func isRole(name string) bool { return slices.Contains(sharing.Roles, sharing.Role(name)) }

func isAction(a sharing.Action) bool {
	for _, on := range actionsOn {
		if slices.Contains(on, a) {
			return true
		}
	}
	return false
}

// check refuses rules that say nothing, rules that contradict one another, and
// rules beyond the bounds. What is left means what it seems to mean. Of rules to
// which a region adds, only what it adds is looked at: the rest was before.
func (b *rulebook) check() error {
	var faults []error
	fault := func(line int, format string, args ...any) {
		faults = append(faults, &Fault{b.file, line, fmt.Sprintf(format, args...)})
	}

	for _, m := range b.members[b.ownMembers:] {
		used := slices.ContainsFunc(b.rules, func(r rule) bool { return r.role == m.group }) ||
			slices.ContainsFunc(b.members, func(o member) bool { return o.name == m.group })
		if !used {
			fault(m.line, "no rule uses group %q", m.group)
		}
	}
	denied := b.said(deny)
	anyone := b.said(allow).anyone()
	for i := b.ownRules; i < len(b.rules); i++ {
		r := b.rules[i]
		others := grid{}
		for j, o := range b.rules {
			if j != i && o.kind == r.kind && o.effect == r.effect {
				others.add(o.covers)
			}
		}
		switch {
		case len(r.covers.minus(others)) == 0:
			fault(r.line, "says nothing that other rules do not say")
		case r.effect == allow && len(r.covers.minus(denied)) == 0:
			fault(r.line, "allows only what is denied")
		case r.effect == deny && !overlaps(r.covers, anyone):
			fault(r.line, "denies what nobody is allowed")
		}
		if r.effect == allow {
			for _, reason := range beyond(r.covers.minus(denied)) {
				fault(r.line, "%s", reason)
			}
		}
	}
	return errors.Join(faults...)
}

// said returns the squares that rules of the effect speak of.
func (b *rulebook) said(e effect) grid {
	all := grid{}
	for _, r := range b.rules {
		if r.effect == e {
			all.add(r.covers)
		}
	}
	return all
}

// overlaps reports whether a deny takes away anything that anyone is allowed: a
// person may hold the denied role and any other.
func overlaps(denied, anyone grid) bool {
	for r, taken := range denied {
		if !anyone[row{"", r.kind, r.action}].and(taken).empty() {
			return true
		}
	}
	return false
}
