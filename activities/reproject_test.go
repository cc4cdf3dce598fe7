package activities_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gongshu/activities"
	"gongshu/almanac"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

const (
	officer    = "shuozhou-authority-officer"
	approver   = "shuozhou-gongan-approver"
	specialist = "shuozhou-gongan-specialist"
	requester  = "shuozhou-minzheng-requester"
)

// published reads a notice as it was published.
func published(t testing.TB, name string) workday.Notice {
	t.Helper()
	file, err := os.Open(filepath.Join("../workday/notices", name))
	require.NoError(t, err)
	defer file.Close()
	n, err := workday.ParseNotice(file)
	require.NoError(t, err)
	return n
}

// knownOn is the shipped calendar as it was known on a day.
func knownOn(t testing.TB, year int, month time.Month, day int) *workday.Calendar {
	t.Helper()
	c, err := workday.ShippedCalendar().AsKnownOn(sharing.NewDate(year, month, day))
	require.NoError(t, err)
	return c
}

// lawOf2020 is the regulation of 2021, as if it had been in force in 2020.
func lawOf2020(t testing.TB) *regulation.Library {
	t.Helper()
	text, err := fs.ReadFile(regulations.Files, "shuozhou-2021.yaml")
	require.NoError(t, err)
	changed := strings.NewReplacer("id: shuozhou-2021", "id: shuozhou-2019", "issued: 2021-07-29", "issued: 2019-07-29", "from: 2021-07-29", "from: 2019-07-29").
		Replace(string(text))
	law, err := regulation.Load(fstest.MapFS{"shuozhou-2019.yaml": {Data: []byte(changed)}})
	require.NoError(t, err)
	return law
}

// invented is a notice made up for tests: the published one of a year with more
// days worked and off.
func invented(t testing.TB, source string, issued sharing.Date, like workday.Notice, off, work []sharing.Date) workday.Notice {
	t.Helper()
	n := like
	n.Source, n.Issued, n.Amends = source, issued, ""
	n.Off = append(append([]sharing.Date{}, like.Off...), off...)
	n.Work = append(append([]sharing.Date{}, like.Work...), work...)
	return n
}

// register files an application received on paper on a day and returns its case.
func register(r *desktest.Rig, on sharing.Date) string {
	r.T.Helper()
	draft := r.Request("shuozhou", "SZ-GA-001")
	draft.For = "shuozhou-minzheng"
	return r.Apply(officer, draft, &on).Cases[0].CaseID
}

func clock(r *desktest.Rig, caseID, duty string) sharing.Deadline {
	r.T.Helper()
	all, err := r.Store.Deadlines(r.T.Context(), caseID)
	require.NoError(r.T, err)
	for _, d := range all {
		if d.Duty == duty {
			return d
		}
	}
	r.T.Fatalf("case %s has no clock of %s", caseID, duty)
	return sharing.Deadline{}
}

func record(r *desktest.Rig, notices ...workday.Notice) {
	r.T.Helper()
	_, err := r.Almanac.Record(r.T.Context(), r.Owner, almanac.Import{Notices: notices})
	require.NoError(r.T, err)
}

// reproject lets the worker's part happen, as the application's role.
func reproject(r *desktest.Rig) []activities.Moved {
	r.T.Helper()
	var all []activities.Moved
	err := activities.Reprojection{Store: r.Store, Law: r.Activities.Law, Edition: r.Almanac.Now()}.
		Run(r.T.Context(), func(_ int, moved []activities.Moved) { all = append(all, moved...) })
	require.NoError(r.T, err)
	return all
}

func connect(r *desktest.Rig) *pgx.Conn {
	r.T.Helper()
	conn, err := pgx.Connect(r.T.Context(), r.Database.OwnerURL)
	require.NoError(r.T, err)
	r.T.Cleanup(func() { _ = conn.Close(context.WithoutCancel(r.T.Context())) })
	return conn
}

// everything is the content of all tables that a re-projection could touch.
func everything(r *desktest.Rig, conn *pgx.Conn) string {
	r.T.Helper()
	var all string
	require.NoError(r.T, conn.QueryRow(r.T.Context(), `
		SELECT concat_ws(E'\n',
			(SELECT jsonb_agg(c ORDER BY c.id) FROM cases c), (SELECT jsonb_agg(l ORDER BY l.id) FROM deadlines l),
			(SELECT jsonb_agg(g ORDER BY g.id) FROM rungs g), (SELECT jsonb_agg(t ORDER BY t.seq) FROM trail t),
			(SELECT jsonb_agg(o ORDER BY o.id) FROM outbox o), (SELECT jsonb_agg(n ORDER BY n.id) FROM calendar_notices n),
			(SELECT jsonb_agg(n ORDER BY n.id) FROM nudges n))`).Scan(&all))
	return all
}

// told returns the messages on moved limits.
func told(r *desktest.Rig, conn *pgx.Conn) []sharing.Message {
	r.T.Helper()
	rows, err := conn.Query(r.T.Context(), `SELECT topic, case_id::text, department_id, coalesce(user_id, ''), data FROM outbox WHERE topic = 'calendar_moved' ORDER BY id`)
	require.NoError(r.T, err)
	messages, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sharing.Message])
	require.NoError(r.T, err)
	return messages
}

func nudged(r *desktest.Rig) []string {
	r.T.Helper()
	waiting, err := r.Store.Nudges(r.T.Context(), 100)
	require.NoError(r.T, err)
	var ids []string
	for _, n := range waiting {
		ids = append(ids, n.CaseID)
	}
	return ids
}

func verify(r *desktest.Rig) {
	r.T.Helper()
	_, err := r.Store.VerifyTrail(r.T.Context())
	require.NoError(r.T, err)
}

// The notice of 26 January 2020 moved limits that had been running for days.
func TestTheAmendmentOf2020(t *testing.T) {
	r := desktest.NewUnder(t, lawOf2020(t), knownOn(t, 2020, time.January, 25))
	conn, ctx := connect(r), t.Context()
	id := register(r, sharing.NewDate(2020, 1, 22))
	before := clock(r, id, sharing.DutyAnswer)
	require.Equal(t, "2020-02-04", before.DueDate.String())
	require.False(t, before.Provisional)
	amendment := published(t, "cn-2020.json")

	was := everything(r, conn)
	edition, statuses, err := r.Almanac.Rehearse(ctx, r.Store, almanac.Import{Notices: []workday.Notice{amendment}})
	require.NoError(t, err)
	require.Equal(t, []almanac.Status{almanac.StatusNew}, statuses)
	var rehearsed []activities.Moved
	require.NoError(t, activities.Reprojection{Store: r.Store, Law: r.Activities.Law, Edition: edition}.
		Rehearse(ctx, func(_ int, moved []activities.Moved) { rehearsed = append(rehearsed, moved...) }))
	require.Equal(t, was, everything(r, conn), "a rehearsal writes nothing")
	require.Equal(t, before, clock(r, id, sharing.DutyAnswer))

	require.Empty(t, reproject(r), "nothing has been imported")
	record(r, amendment)
	moved := reproject(r)
	require.Equal(t, rehearsed, moved, "what was rehearsed is what happens")
	c, err := r.Store.CaseByID(ctx, id)
	require.NoError(t, err)
	require.Equal(t, []activities.Moved{{
		CaseID: id, CaseNumber: c.Number, RegionID: "shuozhou", Duty: sharing.DutyAnswer, Owes: "shuozhou-gongan",
		Old: sharing.NewDate(2020, 2, 4), New: sharing.NewDate(2020, 2, 6), Notices: []string{"国办发明电〔2020〕1号"},
	}}, moved)

	after := clock(r, id, sharing.DutyAnswer)
	require.Equal(t, "2020-02-06", after.DueDate.String())
	require.Equal(t, sharing.NewDate(2020, 2, 6).End().UTC(), after.DueAt.UTC())
	require.Equal(t, 1, c.Version, "nobody took a step")
	rungs, err := r.Store.Rungs(ctx, id)
	require.NoError(t, err)
	require.NotEmpty(t, rungs)
	calendar := workday.ShippedCalendar()
	p, err := calendar.Project(after.Clock)
	require.NoError(t, err)
	for _, rung := range rungs {
		at, err := calendar.RungAt(p, rung.Offset)
		require.NoError(t, err)
		require.Equal(t, at.UTC(), rung.At.UTC(), rung.Kind)
	}

	story, err := r.Store.Timeline(ctx, id)
	require.NoError(t, err)
	last := story[len(story)-1]
	require.Equal(t, sharing.CalendarMoved, last.Action)
	require.Equal(t, sharing.System, last.Actor)
	require.Equal(t, 1, last.Version)
	require.Equal(t, "16", last.Article)
	require.Equal(t, map[string]string{"duty": sharing.DutyAnswer, "owes": "shuozhou-gongan", "old_date": "2020-02-04", "new_date": "2020-02-06", "notice": "国办发明电〔2020〕1号"}, last.Data)
	require.Equal(t, []sharing.Message{{Topic: "calendar_moved", CaseID: id, DepartmentID: "shuozhou-gongan", Data: last.Data}}, told(r, conn))
	require.Empty(t, nudged(r), "its timer rings too early and is set again")

	was = everything(r, conn)
	record(r, amendment)
	require.Empty(t, reproject(r))
	require.Equal(t, was, everything(r, conn), "imported twice, nothing changes")
	verify(r)
}

func TestAShortenedLimitIsToldAndWakesItsWorkflow(t *testing.T) {
	r := desktest.NewUnder(t, regulation.Shipped(), knownOn(t, 2025, time.December, 31))
	conn := connect(r)
	id := register(r, sharing.NewDate(2026, 9, 29)) // 30 September, 8, 9, Saturday 10 (worked), 12 October
	unconcerned := register(r, sharing.NewDate(2026, 9, 1))
	require.Equal(t, "2026-10-12", clock(r, id, sharing.DutyAnswer).DueDate.String())
	record(r, invented(t, "测试数据〔2026〕1号", sharing.NewDate(2026, 9, 30), published(t, "cn-2026.json"), nil, []sharing.Date{sharing.NewDate(2026, 10, 11)}))

	moved := reproject(r)
	require.Len(t, moved, 1)
	require.True(t, moved[0].Shortened)
	require.Equal(t, "2026-10-11", clock(r, id, sharing.DutyAnswer).DueDate.String())
	messages := told(r, conn)
	require.Len(t, messages, 1)
	require.Equal(t, "shuozhou-gongan", messages[0].DepartmentID)
	require.Equal(t, "true", messages[0].Data["shortened"])
	require.Equal(t, []string{id}, nudged(r))
	story, err := r.Store.Timeline(t.Context(), unconcerned)
	require.NoError(t, err)
	require.Len(t, story, 1)
	verify(r)
}

// The notice for 2027 is made up: it is not known here whether or what will come.
func TestProvisionalDatesBecomeDefinite(t *testing.T) {
	calendar := knownOn(t, 2026, time.November, 21)
	r := desktest.NewUnder(t, regulation.Shipped(), calendar)
	ctx, conn := t.Context(), connect(r)
	start := func(from sharing.Date) string {
		id := register(r, sharing.NewDate(2026, 9, 1))
		d := clock(r, id, sharing.DutyAnswer)
		d.Clock.Start = from.Start()
		p, err := calendar.Project(d.Clock)
		require.NoError(t, err)
		d.DueAt, d.DueDate, d.Provisional = p.DueAt, p.DueDate, p.Provisional
		require.NoError(t, r.Store.InTx(ctx, func(tx *postgres.Tx) error {
			if err := tx.PutDeadline(ctx, d, time.Now()); err != nil {
				return err
			}
			return tx.PutRungs(ctx, d, nil)
		}))
		return id
	}
	shortened, confirmed, before := start(sharing.NewDate(2026, 12, 29)), start(sharing.NewDate(2027, 1, 4)), start(sharing.NewDate(2026, 12, 22))
	require.Equal(t, "2027-01-06", clock(r, shortened, sharing.DutyAnswer).DueDate.String())
	require.True(t, clock(r, shortened, sharing.DutyAnswer).Provisional)
	require.Equal(t, "2027-01-11", clock(r, confirmed, sharing.DutyAnswer).DueDate.String())
	require.True(t, clock(r, confirmed, sharing.DutyAnswer).Provisional)
	require.False(t, clock(r, before, sharing.DutyAnswer).Provisional)

	record(r, workday.Notice{
		Year: 2027, Source: "测试数据〔2026〕2号", Issued: sharing.NewDate(2026, 11, 22),
		Off: []sharing.Date{sharing.NewDate(2027, 1, 1)}, Work: []sharing.Date{sharing.NewDate(2027, 1, 2)},
	})
	moved := map[string]activities.Moved{}
	all := reproject(r)
	for _, m := range all {
		moved[m.CaseID] = m
	}
	since, err := activities.MovedSince(ctx, r.Store, 0)
	require.NoError(t, err)
	require.Equal(t, all, since)
	require.Len(t, moved, 2)
	require.True(t, moved[shortened].Shortened)
	require.Equal(t, "2027-01-05", moved[shortened].New.String())
	require.False(t, moved[shortened].Provisional)
	require.True(t, moved[confirmed].Confirmed)
	require.False(t, moved[confirmed].Shortened)
	require.False(t, clock(r, confirmed, sharing.DutyAnswer).Provisional)
	require.Equal(t, "2026-12-29", clock(r, before, sharing.DutyAnswer).DueDate.String())
	story, err := r.Store.Timeline(ctx, confirmed)
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"duty": sharing.DutyAnswer, "owes": "shuozhou-gongan", "old_date": "2027-01-11", "new_date": "2027-01-11", "notice": "测试数据〔2026〕2号", "confirmed": "true",
	}, story[len(story)-1].Data)
	require.Len(t, told(r, conn), 1, "only of dates that changed")
	verify(r)
}

func TestARungThatFiredDoesNotFireAgain(t *testing.T) {
	r := desktest.NewUnder(t, lawOf2020(t), knownOn(t, 2020, time.January, 25))
	conn, ctx := connect(r), t.Context()
	id := register(r, sharing.NewDate(2020, 1, 22))
	r.Advance(id)
	// As on 5 February 2020: the limit has passed as it was known, nothing after it.
	_, err := conn.Exec(ctx, `UPDATE rungs SET fired_at = NULL WHERE case_id = $1 AND day_offset > 0`, id)
	require.NoError(t, err)
	before, err := r.Store.Rungs(ctx, id)
	require.NoError(t, err)
	record(r, published(t, "cn-2020.json"))
	require.Len(t, reproject(r), 1)
	after, err := r.Store.Rungs(ctx, id)
	require.NoError(t, err)
	require.Len(t, after, len(before))
	fired, waiting := 0, 0
	for _, rung := range after {
		if rung.FiredAt == nil {
			waiting++
			continue
		}
		fired++
		require.Contains(t, before, rung, "a rung that fired stays as it was")
	}
	require.NotZero(t, fired)
	require.NotZero(t, waiting)

	entries := func() int {
		story, err := r.Store.Timeline(ctx, id)
		require.NoError(t, err)
		return len(story)
	}
	n := entries()
	r.Advance(id)
	require.Equal(t, n+waiting, entries(), "what had not fired fires once")
	r.Advance(id)
	require.Equal(t, n+waiting, entries())
	verify(r)
}

func TestAClockThatStandsStillMovesWhenItRuns(t *testing.T) {
	r := desktest.NewUnder(t, regulation.Shipped(), workday.ShippedCalendar())
	ctx := t.Context()
	draft := r.Request("shuozhou", "SZ-GA-001")
	id := r.Apply(requester, draft, nil).Cases[0].CaseID
	_, err := r.RequestCompletion(ctx, r.User(specialist), desk.Act{CaseID: id, Expected: 1}, sharing.Completion{Gaps: []string{"缺少职责依据"}})
	require.NoError(t, err)
	today := sharing.DateOf(time.Now())
	like := workday.Notice{Year: today.Year(), Off: []sharing.Date{sharing.NewDate(today.Year(), 1, 1)}}
	for _, n := range workday.Shipped() {
		if n.Region == "" && n.Year == today.Year() {
			like = n
		}
	}
	record(r, invented(t, "测试数据3号", sharing.NewDate(today.Year(), 12, 31), like, nil, nil))
	require.Empty(t, reproject(r))
	require.Equal(t, sharing.Halted, clock(r, id, sharing.DutyAnswer).State)
	_, err = r.Complete(ctx, r.User(requester), desk.Act{CaseID: id, Expected: 2}, sharing.Completed{Note: "已补充"})
	require.NoError(t, err)
	all, err := r.Store.Deadlines(ctx, id)
	require.NoError(t, err)
	require.Equal(t, r.Almanac.Now().ID(), all[len(all)-1].Edition)
}

// A process that has not heard of the notice yet goes on counting as before. What
// it writes after the limits were moved is found all the same.
func TestWhatAStaleProcessWritesIsMovedToo(t *testing.T) {
	r := desktest.NewUnder(t, lawOf2020(t), knownOn(t, 2020, time.January, 25))
	stale := *r.Activities
	heard, err := almanac.New(knownOn(t, 2020, time.January, 25))
	require.NoError(t, err)
	require.NoError(t, heard.Refresh(t.Context(), r.Store))
	_, err = heard.Record(t.Context(), r.Owner, almanac.Import{Notices: []workday.Notice{published(t, "cn-2020.json")}})
	require.NoError(t, err)
	move := func() (moved []activities.Moved) {
		require.NoError(t, activities.Reprojection{Store: r.Store, Law: stale.Law, Edition: heard.Now()}.
			Run(t.Context(), func(_ int, some []activities.Moved) { moved = append(moved, some...) }))
		return moved
	}
	require.Empty(t, move())
	id := register(r, sharing.NewDate(2020, 1, 22))
	require.Equal(t, "2020-02-04", clock(r, id, sharing.DutyAnswer).DueDate.String(), "it has not heard")
	require.Len(t, move(), 1)
	require.Equal(t, "2020-02-06", clock(r, id, sharing.DutyAnswer).DueDate.String())

	// Nor does it matter that the limit had been moved before it wrote.
	d := clock(r, id, sharing.DutyAnswer)
	d.DueDate, d.Edition = sharing.NewDate(2020, 2, 4), 0
	d.DueAt = d.DueDate.End()
	require.NoError(t, r.Store.InTx(t.Context(), func(tx *postgres.Tx) error { return tx.PutDeadline(t.Context(), d, time.Now()) }))
	require.Len(t, move(), 1)
	require.Equal(t, "2020-02-06", clock(r, id, sharing.DutyAnswer).DueDate.String())

	// An older edition never moves back what a later one has moved.
	require.Empty(t, reproject(r))
	require.Equal(t, "2020-02-06", clock(r, id, sharing.DutyAnswer).DueDate.String())
}

func TestAnswersGivenWhileTheCalendarMoves(t *testing.T) {
	r := desktest.NewUnder(t, lawOf2020(t), knownOn(t, 2020, time.January, 25))
	ctx := t.Context()
	const n = 240 // more than two batches
	ids := make([]string, n)
	for i := range ids {
		ids[i] = register(r, sharing.NewDate(2020, 1, 22))
	}
	who := r.User(approver)
	record(r, published(t, "cn-2020.json"))
	var moved [2][]activities.Moved
	var group errgroup.Group
	for k := range moved { // two workers at once
		group.Go(func() error {
			return activities.Reprojection{Store: r.Store, Law: r.Activities.Law, Edition: r.Almanac.Now()}.
				Run(ctx, func(_ int, some []activities.Moved) { moved[k] = append(moved[k], some...) })
		})
	}
	for lane := range 4 {
		group.Go(func() error {
			for i := lane; i < n; i += 4 {
				if _, err := r.Answer(ctx, who, desk.Act{CaseID: ids[n-1-i], Expected: 1}, sharing.Decision{Agree: true}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	times := map[string]int{}
	for _, m := range append(moved[0], moved[1]...) {
		times[m.CaseID]++
	}
	since, err := activities.MovedSince(ctx, r.Store, 0)
	require.NoError(t, err)
	require.ElementsMatch(t, append(moved[0], moved[1]...), since)
	for _, id := range ids {
		d := clock(r, id, sharing.DutyAnswer)
		require.Equal(t, sharing.Met, d.State)
		switch times[id] {
		case 0:
			require.Equal(t, "2020-02-04", d.DueDate.String(), "answered first")
		case 1:
			require.Equal(t, "2020-02-06", d.DueDate.String(), "moved first")
		default:
			t.Fatalf("moved %d times", times[id])
		}
		c, err := r.Store.CaseByID(ctx, id)
		require.NoError(t, err)
		require.Equal(t, 2, c.Version)
		story, err := r.Store.Timeline(ctx, id)
		require.NoError(t, err)
		require.Len(t, story, 2+times[id])
		require.Equal(t, sharing.Answer, story[len(story)-1].Action, "what has been met does not move")
	}
	t.Logf("of %d cases %d were moved before they were answered", n, len(times))
	require.Empty(t, reproject(r))
	verify(r)
}
