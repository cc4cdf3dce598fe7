package web

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

// storyteller puts the codes of the trail and of messages into words.
type storyteller struct {
	words
	departments []sharing.Department // of the reader's region
	procedure   sharing.Procedure
	law         *regulation.Regulation // of the case; nil when it is not loaded
	facts       map[string]bool        // of the case, on which limits may depend
}

// storyteller returns one for the reader.
func (v *visit) storyteller() (storyteller, error) {
	departments, err := v.site.desk.AllDepartments(v.ctx(), v.user)
	return storyteller{words: v.words, departments: departments}, err
}

// about is the storyteller for a case.
func (s storyteller) about(c sharing.Case, law *regulation.Library) storyteller {
	s.procedure, s.law, s.facts = c.Procedure, nil, c.Facts
	if r, ok := law.ByID(c.RegulationID); ok {
		s.law = r
	}
	return s
}

// budget returns the limit of a duty, and whether it stands in the law. It is zero
// where the duty is not known.
func (s storyteller) budget(duty string) (b sharing.Budget, statutory bool) {
	if s.law == nil {
		return b, true
	}
	d, ok := s.law.Duty(duty)
	if !ok {
		return b, true
	}
	b, statutory, ok = d.Budget(s.facts)
	return b, statutory || !ok
}

// storyLine is one line of a case's story as it is read.
type storyLine struct {
	sharing.Entry
	Title      string
	Department string   // of who acted, in the reader's language
	Details    []string // what the codes say
}

// tell puts lines of the trail into words.
func (s storyteller) tell(entries []sharing.Entry) []storyLine {
	lines := make([]storyLine, len(entries))
	for i, e := range entries {
		lines[i] = storyLine{Entry: e, Title: s.Of("did", s.procedure, e.Action), Department: cmp.Or(s.department(e.DepartmentID), e.DepartmentName), Details: s.details(e.Data)}
		if rung := e.Data["rung"]; e.Action == sharing.RungFired && rung != "" {
			lines[i].Title = s.Code("told", rung)
		}
	}
	return lines
}

// department names a department by its id; "" when it is not of the region.
func (s storyteller) department(id string) string {
	i := slices.IndexFunc(s.departments, func(d sharing.Department) bool { return d.ID == id })
	if i < 0 {
		return ""
	}
	return s.pick(s.departments[i].Name, s.departments[i].NameEN)
}

// details puts the data of a line of the trail, or of a message, into words.
func (s storyteller) details(data map[string]string) []string {
	var list []string
	say := func(key string, args ...any) { list = append(list, s.T(key, args...)) }
	day := func(code, key string) {
		if d, err := sharing.ParseDate(data[code]); err == nil {
			say(key, s.Limit(d))
		}
	}
	if from, to := s.department(data["from_department"]), s.department(data["to_department"]); from != "" && to != "" {
		say("story.reassigned", from, to)
	}
	if due, err := sharing.ParseDate(data["due_date"]); err == nil {
		say("story.limit", s.limitOf(data["duty"]), s.Limit(due))
	}
	if n, err := strconv.Atoi(data["offset"]); err == nil && n < 0 {
		list = append(list, s.N("story.before", -n))
	} else if err == nil && n > 0 {
		say("story.after", n)
	}
	if owes := s.department(data["owes"]); owes != "" {
		say("story.owes", owes)
	}
	if d, err := sharing.ParseDate(data["received_on"]); err == nil {
		say("story.received", s.Day(d))
	}
	list = append(list, s.moved(data)...)
	if n, err := strconv.Atoi(data["extended_by"]); err == nil {
		b, _ := s.budget(sharing.DutyAnswer)
		say("story.extended", s.longer(b, n))
	}
	for _, duty := range s.duties(data) {
		if due, err := sharing.ParseDate(data[duty]); err == nil {
			say("story.limit", s.limitOf(duty), s.Limit(due))
		}
	}
	day("valid_until", "story.valid_until")
	if d, err := sharing.ParseDate(data["takes_effect_on"]); err == nil {
		say("story.takes_effect", s.Day(d))
	}
	if n, err := strconv.Atoi(data["left"]); err == nil && n < 0 {
		list = append(list, s.N("story.over", -n))
	} else if err == nil {
		list = append(list, s.N("story.left", n))
	}
	day("reply_by", "story.reply_by")
	if data["late"] != "" {
		say("story.late")
	}
	if kind := data["task"]; kind != "" {
		list = append(list, s.Of("task", s.procedure, kind))
	}
	return list
}

// duties lists the duties whose limits data names, those of a share application
// first, in the order of its story.
func (s storyteller) duties(data map[string]string) []string {
	duties := []string{sharing.DutyPrecheck, sharing.DutyAnswer, sharing.DutyProvide, sharing.DutyConfirm}
	for _, name := range slices.Sorted(maps.Keys(data)) {
		if strings.Contains(name, ".") && !slices.Contains(duties, name) {
			duties = append(duties, name)
		}
	}
	return duties
}

// told puts the topic of a message into words: an action, a state, a rung.
func (s storyteller) told(topic string) string {
	p := string(s.procedure)
	return s.T(s.first("told."+p+"."+topic, "told."+topic, "did."+p+"."+topic, "did."+topic, "state."+topic, "told.any"))
}

// followed puts into words what became of a case that the reader follows: the step,
// or the rung, that the data names.
func (s storyteller) followed(data map[string]string) string {
	if rung := data["rung"]; rung != "" {
		return s.T("followed", s.told(rung))
	}
	return s.T("followed", s.Of("did", s.procedure, data["action"]))
}

// moved says how the calendar moved a limit, under which notices.
func (s storyteller) moved(data map[string]string) []string {
	before, err := sharing.ParseDate(data["old_date"])
	if err != nil {
		return nil
	}
	after, err := sharing.ParseDate(data["new_date"])
	if err != nil {
		return nil
	}
	limit, notice := s.limitOf(data["duty"]), data["notice"]
	var list []string
	switch {
	case before == after && data["confirmed"] != "":
		list = append(list, s.T("story.confirmed", limit, s.Limit(after)))
	default:
		list = append(list, s.T("story.moved", limit, s.Limit(before), s.Limit(after)))
	}
	if notice != "" {
		list[0] += s.T("story.under", notice)
	}
	if data["shortened"] != "" {
		list = append(list, s.T("story.shortened"))
	}
	if data["provisional"] != "" {
		list = append(list, s.T("story.provisional"))
	}
	return list
}

// limitOf names the limit of a duty: 答复期限. An operator's target is called one.
func (s storyteller) limitOf(duty string) string {
	name := s.T(s.first("limit."+duty, "limit.any"))
	if s.law != nil && !s.Knows("limit."+duty) {
		if d, ok := s.law.Duty(duty); ok {
			name = s.T("limit.of", s.pick(d.Title, d.TitleEn))
		}
	}
	if _, statutory := s.budget(duty); !statutory {
		return s.T("limit.target", name)
	}
	return name
}

// Longer writes by how much a clock's limit was extended.
func (w words) Longer(c desk.Clock, n int) string { return w.longer(c.Clock.Budget, n) }

// longer writes by how much a limit was extended, in its unit where that is known.
func (w words) longer(b sharing.Budget, n int) string {
	if b.Unit == "" {
		return w.Number(n)
	}
	b.N = n
	return w.Budget(b)
}
