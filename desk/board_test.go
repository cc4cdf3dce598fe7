package desk_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// Whatever the board counts is as long as the list that the number leads to, for
// every way of narrowing it, and the list of one region never has another's.
func TestTheBoardCountsWhatItLists(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	r.Populate(600, .5)
	for _, id := range []string{officer, "shuozhou-supervisor-officer", "lishui-authority-officer"} {
		who := r.User(id)
		whole, err := r.Overdue(ctx, who, desk.OverdueQuery{})
		require.NoError(t, err)
		require.Greater(t, whole.Overdue, 10)
		require.Greater(t, len(whole.Duties), 1)
		listed := func(t *rapid.T, q desk.OverdueQuery, light desk.Light, want int) {
			q.Light, q.Limit = light, 1
			board, err := r.Overdue(ctx, who, q)
			require.NoError(t, err)
			require.Equal(t, want, board.Items.Total, "%+v", q)
			n := 0
			require.NoError(t, r.EachOverdue(ctx, who, q, func(item desk.OverdueItem) error {
				n++
				if item.Case.RegionID != who.Region.ID {
					return fmt.Errorf("a case of %s", item.Case.RegionID)
				}
				return nil
			}))
			require.Equal(t, want, n, "%+v", q)
		}
		all := func(t *rapid.T, q desk.OverdueQuery, f desk.Figures) {
			listed(t, q, desk.Red, f.Overdue)
			listed(t, q, desk.Yellow, f.DueSoon)
			listed(t, q, desk.AnyLight, f.Open)
			listed(t, q, "", f.Overdue+f.DueSoon)
		}
		rapid.Check(t, func(t *rapid.T) {
			q := desk.OverdueQuery{
				Provider:  rapid.SampledFrom([]string{"", whole.Departments[0].Department.ID, whole.Departments[1].Department.ID}).Draw(t, "provider"),
				Procedure: rapid.SampledFrom([]sharing.Procedure{"", whole.Procedures[0].Procedure, sharing.Coordination}).Draw(t, "procedure"),
				Duty:      rapid.SampledFrom([]string{"", whole.Duties[0].Duty, whole.Duties[1].Duty}).Draw(t, "duty"),
			}
			board, err := r.Overdue(ctx, who, q)
			require.NoError(t, err)
			all(t, q, board.Figures)
			if len(board.Departments) == 0 || len(board.Procedures) == 0 || len(board.Duties) == 0 {
				return
			}
			d := rapid.SampledFrom(board.Departments).Draw(t, "department line")
			p := rapid.SampledFrom(board.Procedures).Draw(t, "procedure line")
			u := rapid.SampledFrom(board.Duties).Draw(t, "duty line")
			all(t, desk.OverdueQuery{Provider: d.Department.ID, Procedure: q.Procedure, Duty: q.Duty}, d.Figures)
			all(t, desk.OverdueQuery{Provider: q.Provider, Procedure: p.Procedure, Duty: q.Duty}, p.Figures)
			all(t, desk.OverdueQuery{Provider: q.Provider, Procedure: q.Procedure, Duty: u.Duty}, u.Figures)
		})
	}
	_, err := r.Overdue(ctx, r.User(officer), desk.OverdueQuery{Light: "blue"})
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	require.Equal(t, sharing.CodeForbidden, code(t, r.EachOverdue(ctx, r.User(requester), desk.OverdueQuery{}, nil)))
}

// Each number of a trend is as long as the list of the cases it counts, and the last
// stretch ends with what the board calls overdue.
func TestATrendCountsWhatIsListed(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	r.Populate(900, .25)
	who := r.User(officer)
	board, err := r.Overdue(ctx, who, desk.OverdueQuery{})
	require.NoError(t, err)
	for _, by := range []desk.Period{desk.ByWeek, desk.ByMonth} {
		for _, provider := range []string{"", board.Departments[0].Department.ID} {
			trend, err := r.Trend(ctx, who, desk.TrendQuery{By: by, Provider: provider})
			require.NoError(t, err)
			require.Len(t, trend.Stretches, desk.Stretches)
			total := func(q desk.CaseQuery) int {
				q.Provider, q.Limit = provider, 1
				found, err := r.Cases(ctx, who, q)
				require.NoError(t, err)
				n := 0
				require.NoError(t, r.EachCase(ctx, who, q, func(sharing.Case) error { n++; return nil }))
				require.Equal(t, found.Total, n)
				return found.Total
			}
			received, late := 0, 0
			for i, s := range trend.Stretches {
				days := desk.Days{From: s.From, To: s.To}
				require.Equal(t, total(desk.CaseQuery{Received: days}), s.Received, "%s %s", by, s.From)
				require.Equal(t, total(desk.CaseQuery{Closed: days}), s.Closed, "%s %s", by, s.From)
				require.Equal(t, total(desk.CaseQuery{Closed: days, Late: true}), s.ClosedLate, "%s %s", by, s.From)
				if i > 0 {
					require.Equal(t, trend.Stretches[i-1].To+1, s.From)
				}
				if share, ok := s.OnTime(); ok {
					require.InDelta(t, 1-float64(s.ClosedLate)/float64(s.Closed), share, 1e-9)
				}
				received, late = received+s.Received, late+s.ClosedLate
			}
			require.Positive(t, received)
			require.Positive(t, late)
			now, err := r.Overdue(ctx, who, desk.OverdueQuery{Provider: provider})
			require.NoError(t, err)
			require.Equal(t, now.Overdue, trend.Stretches[desk.Stretches-1].Overdue)
			answers := 0
			for _, d := range trend.Departments {
				answers += d.Answers
			}
			require.Equal(t, trend.All.Answers, answers)
			require.Positive(t, trend.All.Median)
		}
	}
	_, err = r.Trend(ctx, who, desk.TrendQuery{By: "day"})
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = r.Trend(ctx, r.User(requester), desk.TrendQuery{})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
}

// The board tells what was done about a limit, and offers to urge what was not urged
// today.
func TestTheBoardTellsWhoWasUrged(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	draft := r.Request("shuozhou", conditional)
	draft.For = "shuozhou-minzheng"
	received := sharing.NewDate(2026, 9, 29)
	id := r.Apply(officer, draft, &received).Cases[0].CaseID
	r.Advance(id)
	row := func(user string) desk.OverdueItem {
		board, err := r.Overdue(ctx, r.User(user), desk.OverdueQuery{Light: desk.Red})
		require.NoError(t, err)
		require.Len(t, board.Items.Items, 1)
		return board.Items.Items[0]
	}
	before := row(officer)
	require.Nil(t, before.Chase.Urged)
	require.Equal(t, before.Clock.Owes.ID, before.Chase.Holder.ID)
	require.NotEmpty(t, before.Chase.Rung)
	require.Equal(t, []sharing.Action{sharing.Urge, sharing.Supervise}, before.Can)

	results, err := r.UrgeAll(ctx, r.User(officer), "", []string{id, id})
	require.NoError(t, err)
	require.Len(t, results, 1)
	require.NoError(t, results[0].Err)
	now, err := r.Now(ctx)
	require.NoError(t, err)
	n := sharing.NewSupervision{Note: "请说明进展", ReplyBy: sharing.DateOf(now) + 3}
	supervised, err := r.SuperviseAll(ctx, r.User(officer), "k-0123456789abcdef", []string{id, "00000000-0000-4000-8000-00000000ffff"}, n)
	require.NoError(t, err)
	require.Len(t, supervised, 2)
	byCase := map[string]error{supervised[0].CaseID: supervised[0].Err, supervised[1].CaseID: supervised[1].Err}
	require.NoError(t, byCase[id])
	require.Equal(t, sharing.CodeNotFound, code(t, byCase["00000000-0000-4000-8000-00000000ffff"]))
	again, err := r.SuperviseAll(ctx, r.User(officer), "k-0123456789abcdef", []string{id}, n)
	require.NoError(t, err)
	require.NoError(t, again[0].Err, "the same request has the same outcome")

	after := row(officer)
	require.WithinDuration(t, now, *after.Chase.Urged, time.Minute)
	require.True(t, after.Chase.UrgedToday)
	require.Equal(t, n.ReplyBy, after.Chase.ReplyBy)
	require.Equal(t, []sharing.Action{sharing.Supervise}, after.Can)
	// The supervisor's office may still urge: once a day is each department's own.
	require.False(t, row("shuozhou-supervisor-officer").Chase.UrgedToday)
	waiting, err := r.Waiting(ctx, r.User(officer))
	require.NoError(t, err)
	require.Equal(t, 1, waiting.Replies, "once, although asked twice")
	_, err = r.SuperviseAll(ctx, r.User(officer), "", nil, n)
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = r.SuperviseAll(ctx, r.User(officer), "", []string{id}, sharing.NewSupervision{})
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = r.Waiting(ctx, r.User(requester))
	require.Equal(t, sharing.CodeForbidden, code(t, err))
}

// BenchmarkBoard measures the board's reads with 100,000 cases.
func BenchmarkBoard(b *testing.B) {
	r := desktest.New(b)
	r.Populate(100_000, .75)
	who := r.User(officer)
	ctx := b.Context()
	for _, m := range []struct {
		name string
		do   func() error
	}{
		{"overdue", func() error { _, err := r.Overdue(ctx, who, desk.OverdueQuery{}); return err }},
		{"any", func() error { _, err := r.Overdue(ctx, who, desk.OverdueQuery{Light: desk.AnyLight}); return err }},
		{"waiting", func() error { _, err := r.Waiting(ctx, who); return err }},
		{"trend", func() error { _, err := r.Trend(ctx, who, desk.TrendQuery{}); return err }},
		{"months", func() error { _, err := r.Trend(ctx, who, desk.TrendQuery{By: desk.ByMonth}); return err }},
		{"news", func() error { _, err := r.News(ctx, who); return err }},
		{"cases", func() error { _, err := r.Cases(ctx, who, desk.CaseQuery{}); return err }},
	} {
		b.Run(m.name, func(b *testing.B) {
			for b.Loop() {
				if err := m.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
