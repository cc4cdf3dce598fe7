package sharing_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

var update = flag.Bool("update", false, "write docs/states.md")

// docs/states.md is drawn from the declaration; `go test ./sharing -update`
// draws it again.
func TestTheDrawingIsCurrent(t *testing.T) {
	const file = "../docs/states.md"
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(drawing()), 0o644))
	}
	drawn, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, drawing(), string(drawn), "run go test ./sharing -update")
}

// stories introduce each procedure's drawing.
var stories = map[sharing.Procedure]string{
	sharing.ShareApplication: "A share application (共享申请)\n\nOne case is one resource of one application. A conditionally shared resource begins in `answering`, or in `checking` where\n" +
		"the regulation has the authority check first; an unconditionally shared one, or one that fits a registered scenario, in\n`in_use`: it is granted at once. A case that coordination orders begins in `agreed`.",
	sharing.Coordination:       "Coordination (协调)\n\nA refusal, a resource that is not shared, or one that nobody catalogued is taken to the authority.",
	sharing.UpwardNeed:         "A need for data held above (向上需求)\n\nOne department's; it moves with the request that bundles it.",
	sharing.UpwardRequest:      "A request upward (向上申请)\n\nSeveral departments' needs in one; what is answered above comes back to each.",
	sharing.CorrectionDispute:  "A correction dispute (疑义、错误校核)\n\nAn objection to its outcome is a case of coordination.",
	sharing.CatalogChange:      "A catalog change (目录编制、变更)\n\nWhich reviews there are, the regulation says.",
	sharing.ProjectAcceptance:  "Project acceptance (信息化项目立项、验收)",
	sharing.OpeningRequest:     "An open-data request (依申请开放)",
	sharing.RectificationOrder: "Rectification (整改)\n\nWhich rungs there are, and who takes them, the regulation says.",
	sharing.StandingDuty:       "A standing duty (常年职责)\n\nOpened by schedule, one for each department that owes it.",
}

// parties in words.
var parties = map[sharing.Party]string{
	sharing.ByApplicant: "the department that asks",
	sharing.ByProvider:  "the department that owns the data, or owes",
	sharing.ByAuthority: "the authority",
	sharing.ByAbove:     "the office above the authority",
	sharing.ByHolder:    "a department that holds a grant",
	sharing.ByTime:      "time",
	sharing.BySystem:    "a step of another case",
}

func drawing() string {
	var b strings.Builder
	b.WriteString(`# States

Drawn from the declarations in package ` + "`sharing`" + ` by ` + "`go test ./sharing -update`" + `; a test keeps the two equal. The database
holds the same transitions in its table ` + "`transitions`" + ` and refuses every other step, and every step to a version that is not
the next one.
`)
	for _, p := range sharing.Procedures {
		m := p.Machine()
		fmt.Fprintf(&b, "\n## %s\n\n```mermaid\nstateDiagram-v2\n", stories[p])
		for _, s := range m.Starts {
			fmt.Fprintf(&b, "    [*] --> %s: submit\n", s)
		}
		for _, tr := range m.Steps {
			fmt.Fprintf(&b, "    %s --> %s: %s\n", tr.From, tr.To, tr.Action)
		}
		for _, s := range m.States() {
			if !m.Open(s) {
				fmt.Fprintf(&b, "    %s --> [*]\n", s)
			}
		}
		b.WriteString("```\n\n| from | step | to | who |\n| --- | --- | --- | --- |\n")
		for _, tr := range m.Steps {
			by := parties[tr.By]
			if tr.Note != "" {
				by += "; " + tr.Note
			}
			fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", tr.From, tr.Action, tr.To, by)
		}
	}
	b.WriteString(`
## An application (申请)

` + "```mermaid\nstateDiagram-v2\n    [*] --> draft\n    draft --> draft: save_draft\n    draft --> submitted: submit\n    draft --> discarded: discard_draft\n    submitted --> [*]\n    discarded --> [*]\n```\n" + `
## A clock (时限)

` + "`running`" + ` until the duty is ` + "`met`" + `, in time or late; ` + "`halted`" + ` while the applicant completes the application; ` + "`void`" + ` when
nothing is owed any more. "Overdue" is no state: it is computed from the due instant and the database's clock whenever it is asked for.
`)
	return b.String()
}

// Every state can be reached from a start, every open one can come to an end, and
// where a step can lead to several states it is told which.
func TestMachinesAreSound(t *testing.T) {
	for _, p := range sharing.Procedures {
		t.Run(string(p), func(t *testing.T) {
			m := p.Machine()
			require.NotEmpty(t, m.Starts)
			reached := slices.Clone(m.Starts)
			for i := 0; i < len(reached); i++ {
				for _, tr := range m.Steps {
					if tr.From == reached[i] && !slices.Contains(reached, tr.To) {
						reached = append(reached, tr.To)
					}
				}
			}
			require.ElementsMatch(t, m.States(), reached)
			for _, s := range m.States() {
				require.NotEmpty(t, ends(m, s), "%s never ends", s)
			}
			seen := map[[3]string]bool{}
			for _, tr := range m.Steps {
				key := [3]string{string(tr.From), string(tr.Action), string(tr.To)}
				require.False(t, seen[key], "%v twice", key)
				seen[key] = true
				require.NotEmpty(t, parties[tr.By])
			}
			require.NotEmpty(t, stories[p])
		})
	}
}

// ends lists the final states that can come from s on.
func ends(m sharing.Machine, s sharing.State) []sharing.State {
	var final []sharing.State
	reached := []sharing.State{s}
	for i := 0; i < len(reached); i++ {
		if !m.Open(reached[i]) {
			final = append(final, reached[i])
		}
		for _, tr := range m.Steps {
			if tr.From == reached[i] && !slices.Contains(reached, tr.To) {
				reached = append(reached, tr.To)
			}
		}
	}
	return final
}

// A random walk never leaves the declared states, never goes on after the end,
// and is told why when it tries.
func TestRandomWalks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, p := range sharing.Procedures {
		t.Run(string(p), func(t *testing.T) {
			m := p.Machine()
			states, actions := m.States(), m.Actions()
			reached := map[sharing.State]bool{}
			for range 3000 {
				state := m.Starts[random.IntN(len(m.Starts))]
				for range 60 {
					action, want := actions[random.IntN(len(actions))], states[random.IntN(len(states))]
					next, err := m.Next(state, action, want)
					if err != nil {
						require.Contains(t, []sharing.Code{sharing.CodeWrongState, sharing.CodeAlreadyDecided}, sharing.CodeOf(err))
						continue
					}
					require.True(t, m.Open(state), "%s goes on by %s", state, action)
					require.True(t, m.CanFollow(state, action))
					require.Equal(t, want, next)
					state = next
				}
				if !m.Open(state) {
					reached[state] = true
				}
			}
			for _, s := range states {
				require.Equal(t, !m.Open(s), reached[s], "%s", s)
			}
		})
	}
}

// The second to decide is told that it has been decided; who takes another step
// at the wrong time, that it is not possible now.
func TestTooLateIsToldFromNotNow(t *testing.T) {
	m := sharing.ShareApplication.Machine()
	for state, want := range map[sharing.State]sharing.Code{
		sharing.Agreed: sharing.CodeAlreadyDecided, sharing.Refused: sharing.CodeAlreadyDecided, sharing.Withdrawn: sharing.CodeAlreadyDecided,
		sharing.InUse: sharing.CodeAlreadyDecided, sharing.Completing: sharing.CodeWrongState, sharing.Checking: sharing.CodeWrongState,
	} {
		_, err := m.Next(state, sharing.Answer, sharing.Agreed)
		require.Equal(t, want, sharing.CodeOf(err), state)
	}
	_, err := m.Next(sharing.InUse, sharing.Provide, "")
	require.Equal(t, sharing.CodeWrongState, sharing.CodeOf(err))
}
