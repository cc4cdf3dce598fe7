package desk_test

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Who is told of the end of a regulation, and when: whoever can do something about
// it 60 days ahead, everybody once it has ended.
func TestEnding(t *testing.T) {
	r := desktest.New(t)
	text, err := fs.ReadFile(regulations.Files, "jinan-startup-2023.yaml")
	require.NoError(t, err)
	today := sharing.DateOf(time.Now())
	everybody := map[string]bool{} // told ahead
	for _, role := range []string{"authority-officer", "authority-head", "authority-operator", "supervisor-officer"} {
		everybody["jinan-startup-"+role] = true
	}
	for _, role := range []string{"shenpi-requester", "minzheng-approver", "minzheng-specialist", "finance-officer"} {
		everybody["jinan-startup-"+role] = false
	}
	for days, want := range map[int]func(first bool) bool{
		61:   func(bool) bool { return false },
		60:   func(first bool) bool { return first },
		0:    func(first bool) bool { return first },
		-1:   func(bool) bool { return true },
		-400: func(bool) bool { return true },
	} {
		last := today + sharing.Date(days)
		changed := strings.Replace(string(text), "until: 2026-11-30", "until: "+last.String(), 1)
		require.Contains(t, changed, last.String())
		law, err := regulation.Load(fstest.MapFS{"jinan-startup-2023.yaml": {Data: []byte(changed)}})
		require.NoError(t, err)
		r.Options.Law = law
		for user, first := range everybody {
			ending, err := r.Ending(t.Context(), r.User(user))
			require.NoError(t, err)
			if !want(first) {
				require.Empty(t, ending, "%s, %d days before", user, days)
				continue
			}
			require.Len(t, ending, 1, "%s, %d days before", user, days)
			require.Equal(t, days, ending[0].DaysLeft)
			require.Equal(t, last, ending[0].LastDay)
		}
		elsewhere, err := r.Ending(t.Context(), r.User("shuozhou-authority-officer"))
		require.NoError(t, err)
		require.Empty(t, elsewhere)
	}
}
