package sharing

import (
	"slices"
	"time"
)

// Procedure is one of the proceedings that the regulations ask for. Every case
// belongs to one, and moves as its machine says.
type Procedure string

const (
	ShareApplication   Procedure = "share"         // 共享申请
	Coordination       Procedure = "coordination"  // 协调
	UpwardNeed         Procedure = "need"          // 向上需求, one department's
	UpwardRequest      Procedure = "upward"        // 向上申请, several needs in one
	CorrectionDispute  Procedure = "dispute"       // 疑义、错误校核
	CatalogChange      Procedure = "change"        // 目录编制、变更
	ProjectAcceptance  Procedure = "project"       // 信息化项目立项、验收
	OpeningRequest     Procedure = "opening"       // 依申请开放
	RectificationOrder Procedure = "rectification" // 整改
	StandingDuty       Procedure = "standing"      // 年度维护、年度报告等常年职责
)

// Procedures lists every procedure in the order documents show them.
var Procedures = []Procedure{ShareApplication, Coordination, UpwardNeed, UpwardRequest, CorrectionDispute, CatalogChange,
	ProjectAcceptance, OpeningRequest, RectificationOrder, StandingDuty}

// Kind is the kind of thing that a case of the procedure is to the policy.
func (p Procedure) Kind() Kind {
	if p == ShareApplication {
		return KindCase
	}
	return Kind(p)
}

// CaseKinds lists the kinds of cases.
var CaseKinds = func() (kinds []Kind) {
	for _, p := range Procedures {
		kinds = append(kinds, p.Kind())
	}
	return kinds
}()

// Party says who takes a step.
type Party string

const (
	ByApplicant Party = "applicant" // the department that asks or reports
	ByProvider  Party = "provider"  // the department that owns the data, or owes
	ByAuthority Party = "authority" // the region's big-data center
	ByAbove     Party = "above"     // the office above the authority
	ByHolder    Party = "holder"    // whoever holds a grant
	ByTime      Party = "time"      // nobody: the time has come
	BySystem    Party = "system"    // a step of another case
)

// Transition says that an action takes a case from one state to another.
type Transition struct {
	From   State
	Action Action
	To     State
	By     Party
	// Note says in a few words what the step is about, for docs/states.md.
	Note string
}

// Machine is the states and steps of one procedure, declared once: docs/states.md
// is drawn from it, the database holds cases to it, and pages offer what it allows.
type Machine struct {
	// Starts are the states in which a case can be born.
	Starts []State
	Steps  []Transition
	// Content makes an empty one of what a case is about, to be decoded into.
	Content func() Checked
	// Says makes an empty message of a step, to be decoded into. Steps that time
	// takes, or another case, have none.
	Says map[Action]func() Checked
}

// Checked is the content of a case or the message of a step. Check returns an
// *Error that names every broken rule that can be seen without knowing more.
type Checked interface{ Check() error }

// says makes an empty T, for [Machine.Content] and [Machine.Says].
func says[T Checked]() Checked { return any(new(T)).(Checked) }

// machines is filled by the file of each procedure.
var machines = map[Procedure]Machine{
	ShareApplication:   shareMachine,
	Coordination:       coordinationMachine,
	UpwardNeed:         needMachine,
	UpwardRequest:      upwardMachine,
	CorrectionDispute:  disputeMachine,
	CatalogChange:      changeMachine,
	ProjectAcceptance:  projectMachine,
	OpeningRequest:     openingMachine,
	RectificationOrder: rectificationMachine,
	StandingDuty:       standingMachine,
}

// Machine returns the machine of the procedure; one without states for none.
func (p Procedure) Machine() Machine { return machines[p] }

// States lists the states of the machine: where it starts, then in the order in
// which its steps name them.
func (m Machine) States() []State {
	var states []State
	add := func(s State) {
		if !slices.Contains(states, s) {
			states = append(states, s)
		}
	}
	for _, s := range m.Starts {
		add(s)
	}
	for _, t := range m.Steps {
		add(t.From)
		add(t.To)
	}
	return states
}

// Actions lists the actions of the machine in the order of the story.
func (m Machine) Actions() []Action {
	var actions []Action
	for _, t := range m.Steps {
		if !slices.Contains(actions, t.Action) {
			actions = append(actions, t.Action)
		}
	}
	return actions
}

// Open reports whether a case in the state still goes on: some step leads away
// from it.
func (m Machine) Open(s State) bool {
	return slices.ContainsFunc(m.Steps, func(t Transition) bool { return t.From == s })
}

// CanFollow reports whether the machine allows the action in the state at all.
func (m Machine) CanFollow(from State, action Action) bool {
	return slices.ContainsFunc(m.Steps, func(t Transition) bool { return t.From == from && t.Action == action })
}

// Next returns the state that the action leads to. Where it can lead to more
// than one, want says to which; otherwise want may be empty. The error is a
// *Error with CodeAlreadyDecided or CodeWrongState.
func (m Machine) Next(from State, action Action, want State) (State, error) {
	var to []State
	for _, t := range m.Steps {
		if t.From == from && t.Action == action {
			to = append(to, t.To)
		}
	}
	switch {
	case len(to) == 1 && (want == "" || want == to[0]):
		return to[0], nil
	case slices.Contains(to, want):
		return want, nil
	case len(to) > 0:
		return "", Errorf(CodeWrongState, "%s does not lead from %s to %q", action, from, want)
	case decides(action) && !m.before(from, action):
		return "", Errorf(CodeAlreadyDecided, "it has been decided: %s", from)
	}
	return "", Errorf(CodeWrongState, "%s is not possible while the case is %s", action, from)
}

// decides reports whether an action is a decision that is taken once: the second
// to take it is told that it has been decided.
func decides(action Action) bool {
	switch action {
	case Answer, Verify, Rule, AnswerOpening:
		return true
	}
	return false
}

// Ahead reports whether the action can come now or after further steps.
func (m Machine) Ahead(from State, action Action) bool { return m.before(from, action) }

// before reports whether the action can still come from the state on.
func (m Machine) before(s State, action Action) bool {
	seen := map[State]bool{}
	var find func(State) bool
	find = func(at State) bool {
		if seen[at] {
			return false
		}
		seen[at] = true
		return slices.ContainsFunc(m.Steps, func(t Transition) bool {
			return t.From == at && (t.Action == action || find(t.To))
		})
	}
	return find(s)
}

// Ruling is a decision that agrees or does not, with reasons when it does not.
type Ruling struct {
	Agree   bool    `json:"agree"`
	Reasons string  `json:"reasons,omitempty"`
	Basis   []Basis `json:"basis,omitempty"`
}

// Check returns an *Error naming what is wrong with the ruling: one that does not
// agree gives its reasons.
func (r Ruling) Check() error {
	var c checker
	c.text(r.Reasons, "/reasons", !r.Agree)
	c.bases(r.Basis, "/basis", false)
	return c.err()
}

// Act is one step taken on a case, as it was decided: the record behind the
// timeline. Body is the message of the step, by which it was checked.
type Act struct {
	Version        int
	Action         Action
	By             string // user, or [System]
	ByName         string // for readers
	Department     string
	DepartmentName string
	At             time.Time
	Body           []byte
	// OnBehalfOf is the user whose delegation By acted under; empty for their own.
	OnBehalfOf     string
	OnBehalfOfName string
}
