package sharing_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
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

// who performs an action, in words.
var who = map[sharing.Action]string{
	sharing.Pass:              "the authority, where the regulation has its first check",
	sharing.SendBack:          "the authority, with reasons",
	sharing.Extend:            "whom the regulation names, with a reason and within its cap",
	sharing.Reassign:          "the authority, with a reason",
	sharing.RequestCompletion: "the providing department, once",
	sharing.Complete:          "the applicant",
	sharing.Answer:            "an approver or the head of the providing department",
	sharing.Provide:           "the providing department",
	sharing.Confirm:           "the applicant",
	sharing.ReportFailure:     "the applicant",
	sharing.Withdraw:          "the applicant",
	sharing.Expire:            "time: the grant's term has passed",
}

func drawing() string {
	var b strings.Builder
	b.WriteString(`# States

Drawn from the declaration in ` + "`sharing/case.go`" + ` by ` + "`go test ./sharing -update`" + `; a test keeps the two equal. The database
holds the same transitions in its table ` + "`transitions`" + ` and refuses every other step, and every step to a version that is not
the next one.

## A share case (共享申请)

One case is one resource of one application. A conditionally shared resource begins in ` + "`answering`" + `, or in
` + "`checking`" + ` where the regulation has the authority check first; an unconditionally
shared one in ` + "`in_use`" + `: it is granted at once.

` + "```mermaid\nstateDiagram-v2\n    [*] --> answering: submit (conditional)\n    [*] --> checking: submit (conditional, first check)\n    [*] --> in_use: submit (unconditional)\n")
	for _, tr := range sharing.Transitions {
		fmt.Fprintf(&b, "    %s --> %s: %s\n", tr.From, tr.To, tr.Action)
	}
	for _, s := range sharing.States {
		if !s.Open() {
			fmt.Fprintf(&b, "    %s --> [*]\n", s)
		}
	}
	b.WriteString("```\n\n| from | step | to | who |\n| --- | --- | --- | --- |\n")
	for _, tr := range sharing.Transitions {
		fmt.Fprintf(&b, "| `%s` | %s | `%s` | %s |\n", tr.From, tr.Action, tr.To, who[tr.Action])
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

// A random walk never leaves the declared states, never goes on after the end,
// and is told why when it tries.
func TestRandomWalks(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var actions []sharing.Action
	for _, tr := range sharing.Transitions {
		actions = append(actions, tr.Action)
	}
	ends := map[sharing.State]int{}
	for range 2000 {
		state := sharing.Checking
		for range 40 {
			action, agree := actions[random.IntN(len(actions))], random.IntN(2) == 0
			next, err := sharing.Next(state, action, agree)
			if err != nil {
				require.False(t, sharing.CanFollow(state, action))
				require.Contains(t, []sharing.Code{sharing.CodeWrongState, sharing.CodeAlreadyDecided}, sharing.CodeOf(err))
				continue
			}
			require.True(t, state.Open(), "%s goes on by %s", state, action)
			require.Contains(t, sharing.States, next)
			state = next
		}
		if !state.Open() {
			ends[state]++
		}
	}
	require.Len(t, ends, 4, "every end is reached: %v", ends)
}
