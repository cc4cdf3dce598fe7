package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/activities"
	"gongshu/almanac"
	"gongshu/desk/desktest"
	"gongshu/sharing"
	"gongshu/workday"
)

// BenchmarkTheCalendarMoves measures how long an amendment takes to reach 10 000
// open cases that all move, with their rungs, audit entries and messages:
//
//	go test -run '^$' -bench TheCalendarMoves -benchtime 2x ./activities
func BenchmarkTheCalendarMoves(b *testing.B) {
	const cases = 10_000
	r := desktest.NewUnder(b, lawOf2020(b), knownOn(b, 2020, time.January, 25))
	ctx, conn := b.Context(), connect(r)
	id := register(r, sharing.NewDate(2020, 1, 22))
	for _, copies := range []string{
		`INSERT INTO cases SELECT (jsonb_populate_record(c, jsonb_build_object('id', gen_random_uuid(), 'number', c.number || '-' || i))).*
			FROM cases c, generate_series(2, $2) i WHERE c.id = $1`,
		`INSERT INTO deadlines SELECT (jsonb_populate_record(l, jsonb_build_object('id', gen_random_uuid(), 'case_id', c.id))).*
			FROM deadlines l, cases c WHERE l.case_id = $1 AND c.id <> $1 AND $2 > 0`,
		`INSERT INTO rungs SELECT (jsonb_populate_record(g, jsonb_build_object('id', gen_random_uuid(), 'case_id', l.case_id, 'deadline_id', l.id))).*
			FROM rungs g, deadlines l WHERE g.case_id = $1 AND l.case_id <> $1 AND $2 > 0`,
	} {
		_, err := conn.Exec(ctx, copies, id, cases)
		require.NoError(b, err)
	}
	for _, table := range []string{"cases", "deadlines", "rungs"} {
		_, err := conn.Exec(ctx, "ANALYZE "+table)
		require.NoError(b, err)
	}
	amended := published(b, "cn-2020.json")
	first := published(b, "cn-2020.before-2020-01-26.json")
	first.Source, first.Issued = amended.Source, amended.Issued
	for i := range b.N {
		b.StopTimer()
		next := amended
		if i%2 == 1 { // and back again
			next = first
		}
		_, err := r.Almanac.Record(ctx, r.Owner, almanac.Import{Notices: []workday.Notice{next}, Correct: true})
		require.NoError(b, err)
		b.StartTimer()
		moved := 0
		err = activities.Reprojection{Store: r.Store, Law: r.Activities.Law, Edition: r.Almanac.Now()}.
			Run(ctx, func(_ int, some []activities.Moved) { moved += len(some) })
		require.NoError(b, err)
		require.Equal(b, cases, moved)
	}
	b.StopTimer()
	b.ReportMetric(float64(cases)*float64(b.N)/b.Elapsed().Seconds(), "cases/s")
	verify(r)
}
