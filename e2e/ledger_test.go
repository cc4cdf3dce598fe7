//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/activities"
	"gongshu/desk"
	"gongshu/sharing"
)

// ledger is everything the database has on what happened, and what people were
// told.
type ledger struct {
	cases    []caseRow
	trail    []sharing.Entry // in the order of its chain
	rungs    []rungRow
	outbox   []message
	commands []commandRow
	claims   []claim
}

type caseRow struct {
	ID        string
	State     sharing.State
	Version   int
	Procedure sharing.Procedure
}

type rungRow struct {
	CaseID, Duty string
	Kind         sharing.RungKind
	Due          time.Time
	Fired        *time.Time
}

type message struct {
	CaseID, Topic, Department, Duty string // Duty only for what a rung sent
}

type commandRow struct {
	Actor, Key, Target string
	Action             sharing.Action
	State              sharing.CommandState
	Outcome            json.RawMessage
}

// claim is a reply of 2xx to a request with a key.
type claim struct {
	Actor, Key string
	Reply      reply
}

func (s *system) readLedger(t testing.TB) ledger {
	t.Helper()
	return ledger{
		cases:    rows[caseRow](t, s, `SELECT id::text, state, version, procedure FROM cases`),
		trail:    parse(t, rows[[]byte](t, s, `SELECT entry FROM trail ORDER BY seq`)),
		rungs:    rows[rungRow](t, s, `SELECT g.case_id::text, l.duty, g.kind, g.due_at, g.fired_at FROM rungs g JOIN deadlines l ON l.id = g.deadline_id`),
		outbox:   rows[message](t, s, `SELECT case_id::text, topic, department_id, coalesce(data ->> 'duty', '') FROM outbox WHERE case_id IS NOT NULL`),
		commands: rows[commandRow](t, s, `SELECT actor, key, target, action, state, outcome FROM commands`),
	}
}

func rows[T any](t testing.TB, s *system, query string) []T {
	t.Helper()
	found, err := s.gongshuDB.Query(t.Context(), query)
	require.NoError(t, err)
	scan := pgx.RowTo[T]
	if reflect.TypeFor[T]().Kind() == reflect.Struct {
		scan = pgx.RowToStructByPos[T]
	}
	all, err := pgx.CollectRows(found, scan)
	require.NoError(t, err)
	return all
}

func parse(t testing.TB, texts [][]byte) []sharing.Entry {
	t.Helper()
	entries := make([]sharing.Entry, len(texts))
	for i, text := range texts {
		require.NoError(t, json.Unmarshal(text, &entries[i]))
	}
	return entries
}

// faults names everything in the ledger that must not be.
func (l ledger) faults() []string {
	return slices.Concat(l.brokenPaths(), l.untoldSteps(), l.badRungs(), l.brokenPromises())
}

// steps are the entries of a case's story that changed it, in their order.
func (l ledger) steps() map[string][]sharing.Entry {
	byCase := map[string][]sharing.Entry{}
	for _, c := range l.cases {
		byCase[c.ID] = nil
	}
	for _, e := range l.trail {
		if _, ok := byCase[e.SubjectID]; ok && e.Action != sharing.RungFired {
			byCase[e.SubjectID] = append(byCase[e.SubjectID], e)
		}
	}
	return byCase
}

// brokenPaths finds cases whose story is not a path of the machine from version 1
// to the version of the case, each version once.
func (l ledger) brokenPaths() []string {
	var faults []string
	steps := l.steps()
	for _, c := range l.cases {
		var at sharing.State
		machine := c.Procedure.Machine()
		for i, e := range steps[c.ID] {
			legal := i == 0 && e.Action == sharing.Submit && slices.Contains(machine.Starts, e.To) ||
				i > 0 && e.From == at && slices.ContainsFunc(machine.Steps, func(t sharing.Transition) bool {
					return t.From == e.From && t.Action == e.Action && t.To == e.To
				})
			if !legal {
				faults = append(faults, fmt.Sprintf("case %s: %s from %q to %q after %q", c.ID, e.Action, e.From, e.To, at))
			}
			if e.Version != i+1 {
				faults = append(faults, fmt.Sprintf("case %s: step %d is to version %d", c.ID, i+1, e.Version))
			}
			at = e.To
		}
		if at != c.State || len(steps[c.ID]) != c.Version {
			faults = append(faults, fmt.Sprintf("case %s is %s at version %d, its story ends %s after %d steps", c.ID, c.State, c.Version, at, len(steps[c.ID])))
		}
	}
	return faults
}

// untoldSteps finds steps without their one message, and steps of people without
// their one command.
func (l ledger) untoldSteps() []string {
	type topic struct{ caseID, topic string }
	type change struct {
		caseID  string
		version int
	}
	told, commanded := map[topic]int{}, map[change]int{}
	for _, m := range l.outbox {
		if m.Duty == "" {
			told[topic{m.CaseID, m.Topic}]++
		}
	}
	for _, c := range l.commands {
		var out activities.Outcome
		if c.State == sharing.Done && json.Unmarshal(c.Outcome, &out) == nil && out.CaseID == c.Target {
			commanded[change{out.CaseID, out.Version}]++
		}
	}
	var faults []string
	sent := map[topic]int{}
	all := l.steps()
	for _, c := range l.cases {
		id := c.ID
		if c.Procedure != sharing.ShareApplication {
			// What the others send is in the tests of each; nothing of it counts here.
			for key := range told {
				if key.caseID == id {
					delete(told, key)
				}
			}
			continue
		}
		for _, e := range all[id] {
			name := string(e.Action)
			switch {
			case e.Action == sharing.Answer:
				name = string(e.To)
			case e.Action == sharing.Submit && e.To == sharing.InUse:
				name = "granted_at_once"
			}
			sent[topic{id, name}]++
			if e.Action == sharing.Expire {
				sent[topic{id, name}]++ // to both sides
			}
			if n := commanded[change{id, e.Version}]; e.Action != sharing.Submit && e.Actor != sharing.System && n != 1 {
				faults = append(faults, fmt.Sprintf("case %s: %d commands led to version %d", id, n, e.Version))
			}
		}
	}
	for key, n := range sent {
		if told[key] != n {
			faults = append(faults, fmt.Sprintf("case %s: %s happened to call for %d messages, %d were sent", key.caseID, key.topic, n, told[key]))
		}
	}
	for key, n := range told {
		// Holders are told of a change of the catalog on the cases of their grants.
		if sent[key] == 0 && !strings.HasPrefix(key.topic, "change_") {
			faults = append(faults, fmt.Sprintf("case %s: %d messages %s about nothing", key.caseID, n, key.topic))
		}
	}
	return faults
}

// badRungs finds rungs that fired early, twice, or in one book only.
func (l ledger) badRungs() []string {
	type kind struct{ caseID, duty, kind string }
	fired, entered := map[kind]int{}, map[kind]int{}
	sent := map[kind]map[string]int{}
	for _, r := range l.rungs {
		if r.Fired != nil {
			fired[kind{r.CaseID, r.Duty, string(r.Kind)}]++
		}
	}
	var faults []string
	for _, r := range l.rungs {
		if r.Fired != nil && r.Fired.Before(r.Due) {
			faults = append(faults, fmt.Sprintf("case %s: %s of %s fired %v early", r.CaseID, r.Kind, r.Duty, r.Due.Sub(*r.Fired)))
		}
	}
	for _, e := range l.trail {
		if e.Action == sharing.RungFired {
			entered[kind{e.SubjectID, e.Data["duty"], e.Data["rung"]}]++
		}
	}
	for _, m := range l.outbox {
		if m.Duty != "" {
			k := kind{m.CaseID, m.Duty, m.Topic}
			if sent[k] == nil {
				sent[k] = map[string]int{}
			}
			sent[k][m.Department]++
		}
	}
	for k, n := range fired {
		if entered[k] != n {
			faults = append(faults, fmt.Sprintf("case %s: %s of %s fired %d times, %d times in the story", k.caseID, k.kind, k.duty, n, entered[k]))
		}
		if len(sent[k]) == 0 {
			faults = append(faults, fmt.Sprintf("case %s: nobody was told of %s of %s", k.caseID, k.kind, k.duty))
		}
	}
	for k, n := range entered {
		if fired[k] == 0 {
			faults = append(faults, fmt.Sprintf("case %s: %s of %s is %d times in the story and never fired", k.caseID, k.kind, k.duty, n))
		}
	}
	for k, departments := range sent {
		for department, n := range departments {
			if n != fired[k] {
				faults = append(faults, fmt.Sprintf("case %s: %s was told %d times of %s of %s, fired %d times", k.caseID, department, n, k.kind, k.duty, fired[k]))
			}
		}
	}
	return faults
}

// brokenPromises finds replies of 2xx that the database knows nothing or something
// else of.
func (l ledger) brokenPromises() []string {
	type actorKey struct{ actor, key string }
	commands := map[actorKey]commandRow{}
	for _, c := range l.commands {
		commands[actorKey{c.Actor, c.Key}] = c
	}
	steps := l.steps()
	var faults []string
	for _, promised := range l.claims {
		c, ok := commands[actorKey{promised.Actor, promised.Key}]
		if !ok || c.State != sharing.Done {
			faults = append(faults, fmt.Sprintf("%s was told %s, its command is lost", promised.Actor, promised.Reply.Body))
			continue
		}
		if c.Action == sharing.SaveDraft {
			continue // the reply is the draft; that it became a case is checked with the case
		}
		var told, kept any
		if json.Unmarshal(promised.Reply.Body, &told) != nil || json.Unmarshal(c.Outcome, &kept) != nil || !reflect.DeepEqual(told, kept) {
			faults = append(faults, fmt.Sprintf("%s was told %s, kept is %s", promised.Actor, promised.Reply.Body, c.Outcome))
			continue
		}
		outcomes := []activities.Outcome{{}}
		if c.Action == sharing.Submit {
			var submitted desk.Submitted
			if json.Unmarshal(c.Outcome, &submitted) != nil {
				faults = append(faults, "not the outcome of a submission: "+string(c.Outcome))
				continue
			}
			outcomes = outcomes[:0]
			for _, o := range submitted.Cases {
				outcomes = append(outcomes, activities.Outcome(o))
			}
		} else if err := json.Unmarshal(c.Outcome, &outcomes[0]); err != nil {
			faults = append(faults, "not the outcome of a step: "+string(c.Outcome))
			continue
		}
		for _, out := range outcomes {
			found := slices.ContainsFunc(steps[out.CaseID], func(e sharing.Entry) bool {
				return e.Action == c.Action && e.Actor == c.Actor && e.To == out.State && e.Version == out.Version
			})
			if !found {
				faults = append(faults, fmt.Sprintf("%s was told that case %s is %s at version %d; the story does not have it", c.Actor, out.CaseID, out.State, out.Version))
			}
		}
	}
	return faults
}

// TestTheLedgerFindsWhatIsPlanted plants one fault at a time in sound books.
func TestTheLedgerFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 3, 2, 16, 0, 0, 0, time.UTC)
	sound := func() ledger {
		fired := due.Add(40 * time.Millisecond)
		submitted := `{"application_id":"a","number":"S","version":2,"cases":[{"case_id":"c","state":"answering","version":1}]}`
		answered := `{"case_id":"c","state":"refused","version":2}`
		rungData := map[string]string{"duty": sharing.DutyAnswer, "rung": "due"}
		return ledger{
			cases: []caseRow{{"c", sharing.Refused, 2, sharing.ShareApplication}},
			trail: []sharing.Entry{
				{SubjectID: "c", Actor: "asks", Action: sharing.Submit, To: sharing.Answering, Version: 1},
				{SubjectID: "c", Actor: sharing.System, Action: sharing.RungFired, From: sharing.Answering, To: sharing.Answering, Version: 1, Data: rungData},
				{SubjectID: "c", Actor: "decides", Action: sharing.Answer, From: sharing.Answering, To: sharing.Refused, Version: 2},
			},
			rungs:  []rungRow{{"c", sharing.DutyAnswer, sharing.LimitReached, due, &fired}},
			outbox: []message{{"c", "submit", "gives", ""}, {"c", "due", "gives", sharing.DutyAnswer}, {"c", "due", "authority", sharing.DutyAnswer}, {"c", "refused", "asks", ""}},
			commands: []commandRow{
				{"asks", "k1", "a", sharing.Submit, sharing.Done, json.RawMessage(submitted)},
				{"decides", "k2", "c", sharing.Answer, sharing.Done, json.RawMessage(answered)},
			},
			claims: []claim{{"asks", "k1", reply{Body: []byte(submitted)}}, {"decides", "k2", reply{Body: []byte(answered)}}},
		}
	}
	require.Empty(t, sound().faults())
	for name, plant := range map[string]func(*ledger){
		"a lost step": func(l *ledger) {
			l.trail = l.trail[:2]
			l.cases[0] = caseRow{"c", sharing.Answering, 1, sharing.ShareApplication}
		},
		"a step that the case lacks": func(l *ledger) { l.cases[0] = caseRow{"c", sharing.Answering, 1, sharing.ShareApplication} },
		"a gap":                      func(l *ledger) { l.trail[2].Version, l.cases[0].Version = 3, 3 },
		"a step twice":               func(l *ledger) { l.trail = append(l.trail, l.trail[2]); l.cases[0].Version = 3 },
		"a step off the machine":     func(l *ledger) { l.trail[2].To, l.cases[0].State = sharing.InUse, sharing.InUse },
		"another state":              func(l *ledger) { l.cases[0].State = sharing.Agreed },
		"a lost message":             func(l *ledger) { l.outbox = l.outbox[:3] },
		"a message twice":            func(l *ledger) { l.outbox = append(l.outbox, l.outbox[3]) },
		"a message about nothing":    func(l *ledger) { l.outbox = append(l.outbox, message{"c", "withdraw", "gives", ""}) },
		"a rung early":               func(l *ledger) { early := due.Add(-time.Millisecond); l.rungs[0].Fired = &early },
		"a rung twice":               func(l *ledger) { l.trail = append(l.trail, l.trail[1]) },
		"a rung told twice":          func(l *ledger) { l.outbox = append(l.outbox, l.outbox[1]) },
		"a rung told to nobody":      func(l *ledger) { l.outbox = []message{l.outbox[0], l.outbox[3]} },
		"a rung that never fired":    func(l *ledger) { l.rungs[0].Fired = nil },
		"a lost command":             func(l *ledger) { l.commands = l.commands[:1] },
		"a command left pending":     func(l *ledger) { l.commands[1].State = sharing.Pending },
		"two commands for one step": func(l *ledger) {
			l.commands = append(l.commands, commandRow{"other", "k", "c", sharing.Answer, sharing.Done, l.commands[1].Outcome})
		},
		"another answer kept":        func(l *ledger) { l.claims[1].Reply.Body = []byte(`{"case_id":"c","state":"agreed","version":2}`) },
		"a promise not in the story": func(l *ledger) { l.trail[2].Actor = "other" },
	} {
		l := sound()
		plant(&l)
		require.NotEmpty(t, l.faults(), name)
	}
}
