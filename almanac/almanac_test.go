package almanac_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gongshu/almanac"
	"gongshu/localpg"
	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/workday"
)

// stores returns an empty database as its owner and as the application's role.
func stores(t *testing.T) (owner, app *postgres.Store) {
	t.Helper()
	ctx := t.Context()
	server := localpg.Test(t)
	require.NoError(t, server.Template(ctx, "empty", func(ownerURL string) error { return postgres.Migrate(ctx, ownerURL) }))
	db := server.Database(t, "empty")
	var err error
	owner, err = postgres.Open(ctx, db.OwnerURL)
	require.NoError(t, err)
	t.Cleanup(owner.Close)
	app, err = postgres.Open(ctx, db.AppURL)
	require.NoError(t, err)
	t.Cleanup(app.Close)
	return owner, app
}

func base(t *testing.T) *workday.Calendar {
	t.Helper()
	c, err := workday.ShippedCalendar().AsKnownOn(sharing.NewDate(2026, time.November, 21))
	require.NoError(t, err)
	return c
}

func fresh(t *testing.T) *almanac.Almanac {
	t.Helper()
	a, err := almanac.New(base(t))
	require.NoError(t, err)
	return a
}

// invented is a notice made up for tests.
func invented(source string, issued sharing.Date, work ...sharing.Date) workday.Notice {
	return workday.Notice{Year: 2027, Source: source, Issued: issued, Off: []sharing.Date{sharing.NewDate(2027, 1, 1)}, Work: work}
}

var (
	november = sharing.NewDate(2026, time.November, 22)
	saturday = sharing.NewDate(2027, time.January, 2)
	sunday   = sharing.NewDate(2027, time.January, 3)
)

func worked(t *testing.T, c *workday.Calendar, d sharing.Date) bool {
	t.Helper()
	yes, err := c.IsWorkday(d)
	require.NoError(t, err)
	return yes
}

func TestEveryProcessLearnsOfANotice(t *testing.T) {
	owner, app := stores(t)
	here, there := fresh(t), fresh(t)
	require.NoError(t, there.Refresh(t.Context(), app))
	require.Zero(t, there.Now().ID())
	before := there.Now()
	require.True(t, before.National().Provisional(saturday))

	statuses, err := here.Record(t.Context(), owner, almanac.Import{Notices: []workday.Notice{invented("测试数据1号", november, saturday)}, Actor: "somebody"})
	require.NoError(t, err)
	require.Equal(t, []almanac.Status{almanac.StatusNew}, statuses)
	require.NoError(t, there.Refresh(t.Context(), app))
	require.Equal(t, here.Now().ID(), there.Now().ID())
	require.True(t, worked(t, there.Now().National(), saturday))
	require.False(t, there.Now().National().Provisional(saturday))
	require.False(t, worked(t, before.National(), saturday), "an edition does not change")
	same := there.Now()
	require.NoError(t, there.Refresh(t.Context(), app))
	require.Same(t, same, there.Now())

	story, err := app.Timeline(t.Context(), "测试数据1号")
	require.NoError(t, err)
	require.Len(t, story, 1)
	require.Equal(t, almanac.NoticeImported, story[0].Action)
	require.Equal(t, "somebody", story[0].Actor)
	_, err = app.VerifyTrail(t.Context())
	require.NoError(t, err)
}

func TestFollow(t *testing.T) {
	owner, app := stores(t)
	a := fresh(t)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { a.Follow(ctx, app, nil); close(done) }()
	_, err := fresh(t).Record(t.Context(), owner, almanac.Import{Notices: []workday.Notice{invented("测试数据1号", november)}})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return a.Now().ID() > 0 }, 10*almanac.Every, almanac.Every/20)
	stop()
	<-done
}

func TestWhatIsRefused(t *testing.T) {
	owner, app := stores(t)
	a := fresh(t)
	first := invented("测试数据1号", november)
	record := func(correct bool, notices ...workday.Notice) ([]almanac.Status, error) {
		return a.Record(t.Context(), owner, almanac.Import{Notices: notices, Correct: correct})
	}
	_, err := record(false, first)
	require.NoError(t, err)
	edition := a.Now()

	statuses, err := record(false, first, workday.Shipped()[0])
	require.NoError(t, err)
	require.Equal(t, []almanac.Status{almanac.StatusKnown, almanac.StatusKnown}, statuses)

	_, err = record(false, invented("测试数据1号", november, saturday))
	require.ErrorContains(t, err, "测试数据1号 is known for 2027 with other content: work +2027-01-02")
	_, err = record(false, invented("测试数据2号", november, saturday))
	require.ErrorContains(t, err, "not later")
	_, err = record(true, invented("测试数据2号", november-1, saturday))
	require.ErrorContains(t, err, "not later")
	unsound := invented("测试数据3号", november+2, sharing.NewDate(2027, 1, 5))
	_, err = record(false, invented("测试数据2号", november+1), unsound)
	require.ErrorContains(t, err, "worked without being listed")
	require.Same(t, edition, a.Now(), "all or none")
	latest, err := app.CalendarEdition(t.Context())
	require.NoError(t, err)
	require.Equal(t, edition.ID(), latest)

	_, err = a.Record(t.Context(), app, almanac.Import{Notices: []workday.Notice{invented("测试数据2号", november+1)}})
	require.NoError(t, err, "operators put notices into force through the application")
	recorded, err := app.Notices(t.Context())
	require.NoError(t, err)
	require.Greater(t, recorded[len(recorded)-1].ID, edition.ID())
}

func TestAnAmendmentAndACorrection(t *testing.T) {
	owner, app := stores(t)
	a := fresh(t)
	ctx := t.Context()
	_, err := a.Record(ctx, owner, almanac.Import{Notices: []workday.Notice{invented("测试数据1号", november, saturday), invented("测试数据2号", november+1, sunday)}})
	require.NoError(t, err)
	national := a.Now().National()
	require.False(t, worked(t, national, saturday), "the later of two counts")
	require.True(t, worked(t, national, sunday))

	statuses, err := a.Record(ctx, owner, almanac.Import{Notices: []workday.Notice{invented("测试数据2号", november+1, saturday)}, Correct: true})
	require.NoError(t, err)
	require.Equal(t, []almanac.Status{almanac.StatusCorrected}, statuses)
	require.True(t, worked(t, a.Now().National(), saturday))
	require.False(t, worked(t, a.Now().National(), sunday))
	recorded, err := app.Notices(ctx)
	require.NoError(t, err)
	require.Len(t, recorded, 3, "what was wrong stays on record")
	require.Equal(t, 2, recorded[2].Revision)
	require.Equal(t, []string{"测试数据2号"}, a.Now().Sources(recorded[1].ID, "shuozhou", saturday, sunday))
	require.Equal(t, []string{"测试数据1号", "测试数据2号"}, a.Now().Sources(0, "shuozhou", saturday, sunday))
	require.Empty(t, a.Now().Sources(0, "shuozhou", sharing.NewDate(2026, 5, 1), sharing.NewDate(2026, 5, 9)))
	require.NotEmpty(t, a.Now().National().Notices())
}

func TestARegionsAddition(t *testing.T) {
	owner, _ := stores(t)
	a := fresh(t)
	day := sharing.NewDate(2026, 12, 14) // a Monday
	n := workday.Notice{Region: "shuozhou", Year: 2026, Source: "测试数据4号", Issued: november, Off: []sharing.Date{day}}
	_, err := a.Record(t.Context(), owner, almanac.Import{Notices: []workday.Notice{n}})
	require.NoError(t, err)
	require.False(t, worked(t, a.Now().Of("shuozhou"), day))
	require.True(t, worked(t, a.Now().Of("yanzhou"), day))
	require.True(t, worked(t, a.Now().National(), day))
	require.Empty(t, a.Now().Sources(0, "yanzhou", day, day))
	require.Equal(t, []string{"测试数据4号"}, a.Now().Sources(0, "shuozhou", day, day))
	// The shipped additions count from the start.
	require.False(t, worked(t, fresh(t).Now().Of("hubei"), sharing.NewDate(2020, 2, 10)))
}

func TestARehearsalIsWhatWouldBeRecorded(t *testing.T) {
	owner, app := stores(t)
	a := fresh(t)
	in := almanac.Import{Notices: []workday.Notice{invented("测试数据1号", november, saturday)}}
	rehearsed, statuses, err := a.Rehearse(t.Context(), app, in)
	require.NoError(t, err)
	require.Equal(t, []almanac.Status{almanac.StatusNew}, statuses)
	require.True(t, worked(t, rehearsed.National(), saturday))
	latest, err := app.CalendarEdition(t.Context())
	require.NoError(t, err)
	require.Zero(t, latest)
	_, err = a.Record(t.Context(), owner, in)
	require.NoError(t, err)
	require.Equal(t, rehearsed.National().Notices(), a.Now().National().Notices())
}

func TestTheShippedNoticesAreRecordedOnce(t *testing.T) {
	owner, app := stores(t)
	for range 2 {
		require.NoError(t, almanac.Ship(t.Context(), owner))
	}
	recorded, err := app.Notices(t.Context())
	require.NoError(t, err)
	require.Len(t, recorded, len(workday.Shipped()))

	// A program that comes without the latest notices counts on them all the same.
	old, err := workday.ShippedCalendar().AsKnownOn(sharing.NewDate(2024, 1, 1))
	require.NoError(t, err)
	a, err := almanac.New(old)
	require.NoError(t, err)
	require.NoError(t, a.Refresh(t.Context(), app))
	for d := old.First(); d <= old.Last(); d++ {
		want, err := workday.ShippedCalendar().Day(d)
		require.NoError(t, err)
		got, err := a.Now().National().Day(d)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

// Two imports at once: nobody may see the later edition without the earlier one.
func TestImportsFollowOneAnother(t *testing.T) {
	owner, app := stores(t)
	var group errgroup.Group
	for i := range 4 {
		group.Go(func() error {
			a, err := almanac.New(base(t))
			if err != nil {
				return err
			}
			n := workday.Notice{Region: string(rune('a' + i)), Year: 2026, Source: "测试数据", Issued: november, Off: []sharing.Date{sharing.NewDate(2026, 12, 14)}}
			_, err = a.Record(t.Context(), owner, almanac.Import{Notices: []workday.Notice{n}})
			return err
		})
	}
	require.NoError(t, group.Wait())
	recorded, err := app.Notices(t.Context())
	require.NoError(t, err)
	require.Len(t, recorded, 4)
	_, err = app.VerifyTrail(t.Context())
	require.NoError(t, err)
}
