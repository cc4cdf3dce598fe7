package regulation

import (
	"fmt"
	"maps"
	"slices"

	"gongshu/sharing"
)

// Owing, in a rung, is whoever owes the duty.
const Owing Role = "owes"

// check holds r to the rules that the schema cannot say.
func (f *file) check(r *Regulation) {
	f.checkValidity(r)
	for i, m := range r.Modes {
		f.role(r, fmt.Sprintf("modes[%d].consent", i), m.Consent)
		if slices.IndexFunc(r.Modes, func(other ModeRule) bool { return other.Mode == m.Mode }) < i {
			f.problem(fmt.Sprintf("modes[%d].mode", i), "%s is listed twice", m.Mode)
		}
	}
	f.role(r, "other_modes.consent", r.OtherModes.Consent)
	f.role(r, "catalog.not_shared.review", r.Catalog.NotShared.Review)
	f.role(r, "catalog.not_shared.approval", r.Catalog.NotShared.Approval)
	f.sourced("completion.article", r.Completion.Source, r.Completion.Article)
	f.checkProjects(r)
	f.checkSupervision(r)
	f.checkLadder("ladders.limit", r.Ladders.Limit)
	f.checkLadder("ladders.target", r.Ladders.Target)
	f.ladderRoles(r, "ladders.limit", r.Ladders.Limit)
	f.ladderRoles(r, "ladders.target", r.Ladders.Target)
	for i, d := range r.Duties {
		f.checkDuty(r, i, d)
	}
	if d, ok := r.Duty("share.answer"); !ok {
		f.problem("duties", "share.answer is missing: every regulation has somebody answer an application")
	} else if d.Must.Reasons != r.Refusal.Reasons || d.Must.LegalBasis != r.Refusal.LegalBasis || d.Must.Proof != r.Refusal.Proof {
		f.problem("refusal", "asks for other things than the duty share.answer under must")
	}
}

func (f *file) checkValidity(r *Regulation) {
	if r.Until != nil && *r.Until < r.From {
		f.problem("until", "%s lies before the first day in force, %s", r.Until, r.From)
	}
	if r.Issued != nil && *r.Issued > r.From {
		f.problem("issued", "%s lies after the first day in force, %s", r.Issued, r.From)
	}
	if slices.Contains(r.Replaces, r.ID) {
		f.problem("replaces", "%s cannot replace itself; a later version needs no mention", r.ID)
	}
}

// role requires that a role which is used has a holder.
func (f *file) role(r *Regulation, key string, role Role) {
	if _, held := r.Roles[role]; role != "" && !held {
		f.problem(key, "the role %s is not among the roles of this regulation", role)
	}
}

// sourced requires an article of what claims to stand in the text.
func (f *file) sourced(key string, source Source, article string) {
	if source == FromText && article == "" {
		f.problem(key, "missing: what stands in the text has an article")
	}
}

func (f *file) checkProjects(r *Regulation) {
	for _, list := range []struct {
		key    string
		checks []Check
	}{{"projects.initiation", r.Projects.Initiation}, {"projects.acceptance", r.Projects.Acceptance}, {"projects.live", r.Projects.Live}} {
		for i, c := range list.checks {
			f.role(r, fmt.Sprintf("%s[%d].to", list.key, i), c.To)
		}
	}
	for i, c := range r.Projects.Consequences {
		f.role(r, fmt.Sprintf("projects.consequences[%d].by", i), c.By)
		f.role(r, fmt.Sprintf("projects.consequences[%d].tell", i), c.Tell)
	}
}

func (f *file) checkSupervision(r *Regulation) {
	for i, g := range r.Supervision.Grounds {
		for j, name := range g.Duties {
			f.duty(r, fmt.Sprintf("supervision.grounds[%d].duties[%d]", i, j), name)
		}
	}
	for i, s := range r.Supervision.Ladder {
		f.role(r, fmt.Sprintf("supervision.ladder[%d].by", i), s.By)
		f.role(r, fmt.Sprintf("supervision.ladder[%d].to", i), s.To)
	}
	for i, filing := range r.Filings {
		f.role(r, fmt.Sprintf("filings[%d].owes", i), filing.Owes)
		for j, to := range filing.To {
			f.role(r, fmt.Sprintf("filings[%d].to[%d]", i, j), to)
		}
		f.duty(r, fmt.Sprintf("filings[%d].duty", i), filing.Duty)
	}
}

func (f *file) duty(r *Regulation, key, name string) {
	if _, ok := r.Duty(name); name != "" && !ok {
		f.problem(key, "there is no duty %s in this regulation", name)
	}
}

func (f *file) checkDuty(r *Regulation, i int, d Duty) {
	at := fmt.Sprintf("duties[%d]", i)
	if slices.IndexFunc(r.Duties, func(other Duty) bool { return other.Name == d.Name }) < i {
		f.problem(at+".name", "%s is listed twice", d.Name)
	}
	f.role(r, at+".owes", d.Owes)
	f.role(r, at+".with", d.With)
	if d.Approval != nil {
		f.role(r, at+".approval.by", d.Approval.By)
	}
	f.budget(at+".limit", d.Limit)
	f.budget(at+".target", d.Target)
	if d.Start == PrecheckPassed {
		f.duty(r, at+".start", "share.precheck")
	}
	if d.AtLeast && d.Limit.Rolling {
		f.problem(at+".limit.rolling", "a notice period does not move to the next working day")
	}
	if d.Extension != nil {
		f.role(r, at+".extension.approver", d.Extension.Approver)
		if d.Limit == nil || d.Limit.N == 0 {
			f.problem(at+".extension", "there is no limit in days, months or cycles that could be extended")
		}
	}
	for j, v := range d.Variants {
		key := fmt.Sprintf("%s.variants[%d]", at, j)
		for _, name := range slices.Sorted(maps.Keys(v.When)) {
			if _, known := r.Facts[name]; !known {
				f.problem(key+".when."+name, "the fact is not among the facts of this regulation")
			}
		}
		if v.Limit != nil && d.Source == FromOperator {
			f.problem(key+".limit", "an operator's step has targets and no limits")
		}
		f.budget(key+".limit", v.Limit)
		f.budget(key+".target", v.Target)
	}
	f.checkLadder(at+".ladder", d.Ladder)
	f.ladderRoles(r, at+".ladder", d.Ladder)
}

func (f *file) budget(key string, b *sharing.Budget) {
	if b != nil && b.Unit == sharing.Yearly {
		if day := sharing.NewDate(2024, b.Month, b.Day); day > sharing.NewDate(2024, b.Month+1, 0) {
			f.problem(key+".day", "month %d has no day %d", b.Month, b.Day)
		}
	}
	if b != nil && b.Unit == sharing.WorkingDays && b.Rolling {
		f.problem(key+".rolling", "working days never end on a day off")
	}
	if b != nil && b.Unit == sharing.Elapsed && b.For <= 0 {
		f.problem(key+".for", "must be longer than nothing")
	}
}

// checkLadder requires rungs in their order, reminders before the limit, the
// limit at 0 and the rest after it, and each only once.
func (f *file) checkLadder(at string, ladder []Rung) {
	for i, rung := range ladder {
		key := fmt.Sprintf("%s[%d]", at, i)
		f.sourced(key+".article", rung.Source, rung.Article)
		if i > 0 && rung.Offset <= ladder[i-1].Offset {
			f.problem(key+".offset", "%d does not come after %d, the rung before", rung.Offset, ladder[i-1].Offset)
		}
		ok := false
		switch rung.Kind {
		case sharing.Reminder:
			ok = rung.Offset < 0
		case sharing.LimitReached:
			ok = rung.Offset == 0
		case sharing.Urged, sharing.Supervised, sharing.Rectification:
			ok = rung.Offset > 0
		}
		if !ok {
			f.problem(key+".offset", "%d: a reminder comes before the limit, due is 0, the others come after it", rung.Offset)
		}
	}
}

func (f *file) ladderRoles(r *Regulation, at string, ladder []Rung) {
	for i, rung := range ladder {
		for j, to := range rung.To {
			if to != Owing {
				f.role(r, fmt.Sprintf("%s[%d].to[%d]", at, i, j), to)
			}
		}
	}
}
