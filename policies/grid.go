package policies

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strconv"

	"gongshu/sharing"
)

// actionsOn says what can be done to each kind of thing; a rule that names
// anything else could never be asked for. What can be done to a case of each
// procedure follows from its machine.
var actionsOn = func() map[sharing.Kind][]sharing.Action {
	all := map[sharing.Kind][]sharing.Action{
		sharing.KindResource:    {sharing.Read, sharing.Apply, sharing.RegisterPaper},
		sharing.KindApplication: {sharing.Read, sharing.RegisterPaper, sharing.Submit, sharing.Withdraw},
		sharing.KindGrant:       {sharing.Read, sharing.Acknowledge, sharing.Serve},
		sharing.KindScenario:    {sharing.Read, sharing.Keep},
		sharing.KindRegister:    {sharing.Read, sharing.FileEntry, sharing.AmendEntry},
		sharing.KindTrail:       {sharing.Read},
	}
	// An entry in each state and to each eye, its data items, and the log of reads:
	// there is nothing to do to them but read.
	for _, kind := range readOnly {
		all[kind] = []sharing.Action{sharing.Read}
	}
	for _, p := range sharing.Procedures {
		actions := []sharing.Action{sharing.Read}
		if p != sharing.ShareApplication && p != sharing.StandingDuty {
			actions = append(actions, sharing.Submit)
		}
		for _, t := range p.Machine().Steps {
			if t.By != sharing.ByTime && t.By != sharing.BySystem && t.By != sharing.ByHolder && !slices.Contains(actions, t.Action) {
				actions = append(actions, t.Action)
			}
		}
		all[p.Kind()] = append(actions, sharing.Claim, sharing.Watch, sharing.Urge, sharing.Supervise, sharing.Comment, sharing.Follow)
	}
	for _, kind := range sharing.AdministeredKinds {
		all[kind] = []sharing.Action{sharing.Read, sharing.Manage}
	}
	all[sharing.KindAccount] = append(all[sharing.KindAccount], sharing.Appoint)
	return all
}()

// kinds lists the kinds of things in the order documents show them.
var kinds = slices.Concat([]sharing.Kind{sharing.KindResource, sharing.KindApplication}, sharing.CaseKinds,
	[]sharing.Kind{sharing.KindGrant, sharing.KindScenario, sharing.KindRegister, sharing.KindTrail},
	readOnly, sharing.AdministeredKinds)

// readOnly are the kinds of things that are read and never acted on.
var readOnly = []sharing.Kind{sharing.KindFormer, sharing.KindField, sharing.KindOpenEntry, sharing.KindOpenField, sharing.KindReadLog}

// departmental are the relations of everybody but the public.
var departmental = []sharing.Relation{sharing.AsProvider, sharing.AsApplicant, sharing.AsPeer, sharing.AsAuthority, sharing.AsOverseer}

// relationsTo says which relations a thing of a kind can stand in: a catalog
// entry or one of a register has no applicant; the trail, and what is administered,
// belong to a region and to no department.
func relationsTo(kind sharing.Kind) []sharing.Relation {
	switch kind {
	case sharing.KindResource, sharing.KindScenario, sharing.KindRegister:
		return []sharing.Relation{sharing.AsProvider, sharing.AsPeer, sharing.AsAuthority, sharing.AsOverseer}
	case sharing.KindTrail:
		return []sharing.Relation{sharing.AsAuthority, sharing.AsOverseer}
	case sharing.KindFormer:
		return []sharing.Relation{sharing.AsProvider, sharing.AsPeer, sharing.AsAuthority, sharing.AsOverseer}
	case sharing.KindOpenEntry, sharing.KindOpenField:
		return []sharing.Relation{sharing.AsPublic}
	case sharing.KindReadLog, sharing.KindAccount, sharing.KindKey, sharing.KindSetting, sharing.KindPolicy:
		return []sharing.Relation{sharing.AsAuthority, sharing.AsOverseer}
	}
	return departmental
}

// question is what Casbin is asked: one square of the grid.
type question struct {
	role     sharing.Role
	relation sharing.Relation
	kind     sharing.Kind
	class    sharing.Class
	grade    sharing.Grade
	action   sharing.Action
}

// row is the part of the grid that one role, kind and action share: a square for
// each relation, class and grade.
type row struct {
	role   sharing.Role
	kind   sharing.Kind
	action sharing.Action
}

func (r row) compare(o row) int {
	return cmp.Or(cmp.Compare(r.role, o.role), cmp.Compare(r.kind, o.kind), cmp.Compare(r.action, o.action))
}

func (r row) question(c sharing.Cell) question {
	return question{r.role, c.Relation, r.kind, c.Class, c.Grade, r.action}
}

// squares is a set of squares of one row, a bit for each.
type squares struct{ low, high uint64 }

var everySquare = squares{^uint64(0), ^uint64(0)}

func (s squares) or(o squares) squares      { return squares{s.low | o.low, s.high | o.high} }
func (s squares) and(o squares) squares     { return squares{s.low & o.low, s.high & o.high} }
func (s squares) without(o squares) squares { return squares{s.low &^ o.low, s.high &^ o.high} }
func (s squares) empty() bool               { return s == squares{} }
func (s squares) size() int                 { return bits.OnesCount64(s.low) + bits.OnesCount64(s.high) }

// square returns the set of the one square, or none when a name is not known or
// the grade is out of range: an unlabelled thing lies on no square.
func square(relation sharing.Relation, class sharing.Class, grade sharing.Grade) squares {
	r, c := slices.Index(sharing.Relations, relation), slices.Index(sharing.Classes, class)
	if r < 0 || c < 0 || grade < sharing.LowestGrade || grade > sharing.HighestGrade {
		return squares{}
	}
	at := (r*len(sharing.Classes)+c)*int(sharing.HighestGrade) + int(grade-sharing.LowestGrade)
	if at < 64 {
		return squares{low: 1 << at}
	}
	return squares{high: 1 << (at - 64)}
}

// cells lists every square of a row in the order of the bits.
var cells = func() (all []sharing.Cell) {
	for _, relation := range sharing.Relations {
		for _, class := range sharing.Classes {
			for grade := sharing.LowestGrade; grade <= sharing.HighestGrade; grade++ {
				all = append(all, sharing.Cell{Relation: relation, Class: class, Grade: grade})
			}
		}
	}
	return all
}()

// each visits the squares of s.
func (s squares) each(visit func(sharing.Cell)) {
	for ; s.low != 0; s.low &= s.low - 1 {
		visit(cells[bits.TrailingZeros64(s.low)])
	}
	for ; s.high != 0; s.high &= s.high - 1 {
		visit(cells[64+bits.TrailingZeros64(s.high)])
	}
}

// grid is a set of squares of all rows.
type grid map[row]squares

func (g grid) add(other grid) {
	for r, s := range other {
		g[r] = g[r].or(s)
	}
}

// minus returns the squares of g that are not in other.
func (g grid) minus(other grid) grid {
	left := grid{}
	for r, s := range g {
		if s = s.without(other[r]); !s.empty() {
			left[r] = s
		}
	}
	return left
}

// anyone returns the squares of g whatever the role, in rows without one.
func (g grid) anyone() grid {
	all := grid{}
	for r, s := range g {
		anyone := row{"", r.kind, r.action}
		all[anyone] = all[anyone].or(s)
	}
	return all
}

// rows lists the rows of g, always in the same order.
func (g grid) rows() []row { return slices.SortedFunc(maps.Keys(g), row.compare) }

// questions lists the squares of g, always in the same order.
func (g grid) questions() []question {
	var all []question
	for _, r := range g.rows() {
		g[r].each(func(c sharing.Cell) { all = append(all, r.question(c)) })
	}
	return all
}

// first returns the first square of g, which must not be empty.
func (g grid) first() question {
	return g.questions()[0]
}

// canHold reports whether a person of that role alone can stand in the relation
// to anything.
func canHold(role sharing.Role, relation sharing.Relation) bool {
	const region, own, other = "region", "own", "other"
	s := sharing.Subject{UserID: "user", DepartmentID: own, RegionID: region, Roles: []sharing.Role{role}}
	for _, t := range []sharing.Thing{
		{RegionID: region, ProviderID: own, ApplicantID: other},
		{RegionID: region, ProviderID: other, ApplicantID: own},
		{RegionID: region, ProviderID: other, ApplicantID: other},
		{Kind: sharing.KindOpenEntry, RegionID: region, ProviderID: other},
	} {
		if slices.Contains(s.RelationsTo(t), relation) {
			return true
		}
	}
	return false
}

func gradeText(g sharing.Grade) string { return strconv.Itoa(int(g)) }
