package sharing_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

func TestTermBudget(t *testing.T) {
	today := sharing.NewDate(2026, time.November, 23)
	for name, row := range map[string]struct {
		term  sharing.Term
		want  sharing.Budget
		wrong string
	}{
		"working days": {sharing.Term{Days: 10}, sharing.Budget{N: 10, Unit: sharing.WorkingDays}, ""},
		"tomorrow":     {sharing.Term{Until: today + 1}, sharing.Budget{N: 1, Unit: sharing.CalendarDays}, ""},
		"a last day":   {sharing.Term{Until: sharing.NewDate(2026, time.December, 31)}, sharing.Budget{N: 38, Unit: sharing.CalendarDays}, ""},
		"today":        {sharing.Term{Until: today}, sharing.Budget{}, "/until:in_future"},
		"yesterday":    {sharing.Term{Until: today - 1}, sharing.Budget{}, "/until:in_future"},
		"in ages":      {sharing.Term{Until: today + sharing.MaxTermDays + 1}, sharing.Budget{}, "/until:range"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := row.term.Budget(today)
			require.Equal(t, row.wrong, fields(err))
			require.Equal(t, row.want, b)
		})
	}
}

func TestFindingCheck(t *testing.T) {
	sound := sharing.Finding{Department: "d", Ground: "quality", Finding: "数据不一致", Term: sharing.Term{Days: 5}}
	for name, row := range map[string]struct {
		change func(*sharing.Finding)
		want   string
	}{
		"sound":       {func(*sharing.Finding) {}, ""},
		"of nobody":   {func(f *sharing.Finding) { f.Department = "" }, "/department:required"},
		"groundless":  {func(f *sharing.Finding) { f.Ground = "" }, "/ground:required"},
		"no finding":  {func(f *sharing.Finding) { f.Finding = "　" }, "/finding:required"},
		"two terms":   {func(f *sharing.Finding) { f.Until = sharing.NewDate(2027, 1, 4) }, "/until:one_term"},
		"a term back": {func(f *sharing.Finding) { f.Days = -1 }, "/days:range"},
	} {
		t.Run(name, func(t *testing.T) {
			f := sound
			row.change(&f)
			require.Equal(t, row.want, fields(f.Check()))
		})
	}
	require.Equal(t, "/text:required", fields(sharing.Evidence{}.Check()))
	require.Equal(t, "/reasons:required", fields(sharing.Escalation{Serious: true}.Check()))
}

func TestEveryRungHasItsState(t *testing.T) {
	states := sharing.RectificationOrder.Machine().States()
	for _, step := range []string{sharing.StepNotice, sharing.StepReport, sharing.StepOrder, sharing.StepCriticism, sharing.StepSanctions} {
		require.Contains(t, states, sharing.RungState(step))
	}
	require.Empty(t, sharing.RungState("applause"))
}
