package desk_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/postgres"
	"gongshu/sharing"
)

// connect opens a connection to the database of a rig under one of its roles.
func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	db, err := pgx.Connect(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close(context.WithoutCancel(t.Context())) })
	return db
}

// readings returns the log of reads of a user, the first first.
func readings(t testing.TB, r *desktest.Rig, user string) []sharing.Reading {
	t.Helper()
	page, err := r.Readings(t.Context(), r.User(auditor), desk.ReadQuery{Person: user, Limit: 100})
	require.NoError(t, err)
	slices.Reverse(page.Items)
	return page.Items
}

// What is read of grades 3 and 4 is on record: who, what, which data items, on what
// errand and under which policy; what is read of lower grades is not.
func TestReadingIsRecorded(t *testing.T) {
	r := desktest.New(t)
	const user = "shuozhou-minzheng-requester"
	who := r.User(user)
	marks := r.Mark("shuozhou")
	ctx := desk.On(t.Context(), desk.Errand{Request: "request-1", Operation: "resource", Via: "token"})

	low, high := sharing.Resource{}, sharing.Resource{}
	for _, m := range marks {
		if m.Entry.Class == sharing.Conditional && m.Entry.Provider.ID != who.Department.ID {
			if m.Entry.Grade == 3 {
				high = m.Entry
			}
			if m.Entry.Grade < 3 {
				low = m.Entry
			}
		}
	}
	plain := low // without data items of grade 3
	plain.Fields = slices.DeleteFunc(slices.Clone(low.Fields), func(f sharing.Field) bool { return f.Grade > 2 })
	r.Put(plain)
	_, err := r.Desk.Resource(ctx, who, low.ID)
	require.NoError(t, err)
	require.Empty(t, readings(t, r, user), "grade 2")

	e, err := r.Desk.Resource(ctx, who, high.ID)
	require.NoError(t, err)
	found := readings(t, r, user)
	require.Len(t, found, 1)
	got := found[0]
	now, err := r.Now(ctx)
	require.NoError(t, err)
	require.WithinDuration(t, now, got.At, time.Minute)
	var graded []string
	for _, f := range e.Fields {
		if f.Grade >= 3 {
			graded = append(graded, f.Name)
		}
	}
	require.Equal(t, sharing.Reading{
		ID: got.ID, At: got.At, RegionID: "shuozhou", UserID: user, DepartmentID: "shuozhou-minzheng", Via: "token", Operation: "resource", Request: "request-1",
		Kind: sharing.KindResource, SubjectID: high.ID, Name: high.Code, Grade: 3, Fields: graded, Policy: r.Policy.Policy().Name(),
		UserName: who.Name, DepartmentName: who.Department.Name,
	}, got)
	require.NotEmpty(t, graded)
	for _, f := range graded {
		require.True(t, e.HasField(f), "only what was shown is said to be read")
	}

	// A page of the catalog is one batch, and what is looked up for a check is no reading.
	page, err := r.Catalog(ctx, who, desk.CatalogQuery{Limit: 100})
	require.NoError(t, err)
	recorded := readings(t, r, user)[1:]
	require.Greater(t, len(recorded), 1)
	require.LessOrEqual(t, len(recorded), len(page.Items))
	before := len(recorded) + 1
	draft := r.Request("shuozhou", high.Code)
	submitted := r.Apply(user, draft, nil)
	recorded = readings(t, r, user)[before:]
	require.Len(t, recorded, 1, "the draft as it comes back: %v", recorded)

	// A case about such data, its purpose with it; so for its provider.
	_, err = r.Case(ctx, r.User("shuozhou-authority-officer"), submitted.Cases[0].CaseID)
	require.NoError(t, err)
	found = readings(t, r, "shuozhou-authority-officer")
	require.Len(t, found, 1)
	require.Equal(t, submitted.Cases[0].CaseID, found[0].SubjectID)
	require.Contains(t, found[0].Purpose, "核对申请人资格")
	require.NotEmpty(t, found[0].Fields)
	_, err = r.Cases(ctx, r.User("shuozhou-authority-officer"), desk.CaseQuery{})
	require.NoError(t, err)
	_, err = r.Tasks(ctx, r.User("shuozhou-authority-officer"), desk.TaskQuery{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(readings(t, r, "shuozhou-authority-officer")), 2)
}

// Nothing is handed out that could not be recorded.
func TestWhatCannotBeRecordedIsNotHandedOut(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	submitted := r.Apply("shuozhou-minzheng-requester", r.Request("shuozhou", "SZ-GA-001"), nil)
	owner := connect(t, r.Database.OwnerURL)
	_, err := owner.Exec(ctx, `ALTER TABLE readings ADD CONSTRAINT full_disk CHECK (false) NOT VALID`)
	require.NoError(t, err)
	entry := r.Resource("shuozhou", "SZ-GA-001")
	require.Equal(t, sharing.Grade(3), entry.Grade)
	for _, user := range []string{"shuozhou-minzheng-requester", "shuozhou-gongan-approver", "shuozhou-authority-officer"} {
		who := r.User(user)
		for way, read := range map[string]func() (any, error){
			"the entry":    func() (any, error) { return r.Desk.Resource(ctx, who, entry.ID) },
			"the catalog":  func() (any, error) { return r.Catalog(ctx, who, desk.CatalogQuery{Limit: 100}) },
			"the versions": func() (any, error) { return r.Versions(ctx, who, entry.ID) },
			"the case":     func() (any, error) { return r.Case(ctx, who, submitted.Cases[0].CaseID) },
			"the cases":    func() (any, error) { return r.Cases(ctx, who, desk.CaseQuery{}) },
			"comments":     func() (any, error) { return r.Comments(ctx, who, submitted.Cases[0].CaseID, "", 0) },
		} {
			got, err := read()
			require.Equal(t, sharing.CodeUnavailable, sharing.CodeOf(err), "%s to %s", way, user)
			require.NotContains(t, said(t, got), entry.Title, "%s to %s", way, user)
			require.NotContains(t, said(t, got), entry.Fields[0].Name, "%s to %s", way, user)
		}
	}
	_, err = r.Readings(ctx, r.User(auditor), desk.ReadQuery{})
	require.Equal(t, sharing.CodeUnavailable, sharing.CodeOf(err), "the log itself")
}

// The log only grows, and when is nobody's to choose.
func TestReadingsStay(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	_, err := r.Desk.Resource(ctx, r.User("shuozhou-minzheng-requester"), r.Resource("shuozhou", "SZ-GA-001").ID)
	require.NoError(t, err)
	for _, url := range []string{r.Database.AppURL, r.Database.OwnerURL} {
		db := connect(t, url)
		for _, sql := range []string{`UPDATE readings SET user_id = 'shuozhou-gongan-approver'`, `DELETE FROM readings`, `TRUNCATE readings`} {
			_, err := db.Exec(ctx, sql)
			require.Error(t, err, sql)
		}
	}
	_, err = connect(t, r.Database.AppURL).Exec(ctx, `
		INSERT INTO readings (at, region_id, user_id, department_id, on_behalf_of, via, operation, request_id, kind, subject_id, name, grade, fields, purpose, policy)
		SELECT at - interval '1 year', region_id, user_id, department_id, on_behalf_of, via, operation, request_id, kind, subject_id, name, grade, fields, purpose, policy FROM readings`)
	require.ErrorContains(t, err, "permission denied")
	require.Len(t, readings(t, r, "shuozhou-minzheng-requester"), 1)
}

// The log is for auditors of the region, who are in it themselves.
func TestAuditorsReadTheLog(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for _, code := range []string{"SZ-GA-001", "SZ-GA-001"} {
		_, err := r.Desk.Resource(ctx, r.User("shuozhou-minzheng-requester"), r.Resource("shuozhou", code).ID)
		require.NoError(t, err)
	}
	for _, u := range r.World.Users {
		page, err := r.Readings(ctx, r.User(u.ID), desk.ReadQuery{})
		switch {
		case !slices.Contains(u.Roles, sharing.Auditor):
			require.Equal(t, sharing.CodeForbidden, sharing.CodeOf(err), u.ID)
			require.False(t, r.MayReadLog(u))
		case u.Region.ID == "shuozhou":
			require.NoError(t, err)
			require.GreaterOrEqual(t, page.Total, 2)
		default:
			require.NoError(t, err)
			require.Zero(t, page.Total, "another region's")
		}
	}
	who := r.User(auditor)
	find := func(q desk.ReadQuery) int {
		page, err := r.Readings(ctx, who, q)
		require.NoError(t, err)
		return page.Total
	}
	today, err := r.Now(ctx)
	require.NoError(t, err)
	day := sharing.DateOf(today)
	require.Equal(t, 2, find(desk.ReadQuery{Subject: "SZ-GA-001", From: day, To: day}))
	require.Equal(t, 2, find(desk.ReadQuery{Subject: r.Resource("shuozhou", "SZ-GA-001").ID}))
	require.Zero(t, find(desk.ReadQuery{Subject: "SZ-GA-001", To: day - 1}))
	require.Zero(t, find(desk.ReadQuery{Person: "shuozhou-gongan-approver"}))
	require.Positive(t, find(desk.ReadQuery{Person: auditor}), "who audits is audited")
	one, err := r.Readings(ctx, who, desk.ReadQuery{Person: "shuozhou-minzheng-requester", Limit: 1})
	require.NoError(t, err)
	two, err := r.Readings(ctx, who, desk.ReadQuery{Person: "shuozhou-minzheng-requester", Limit: 1, Cursor: one.Next})
	require.NoError(t, err)
	require.Greater(t, one.Items[0].ID, two.Items[0].ID)
	require.Empty(t, two.Next)
	_, err = r.Readings(ctx, who, desk.ReadQuery{From: day, To: day - 1})
	require.Equal(t, sharing.CodeInvalid, sharing.CodeOf(err))
	n := 0
	more, err := r.EachReading(ctx, who, desk.ReadQuery{Person: "shuozhou-minzheng-requester"}, func(sharing.Reading) error { n++; return nil })
	require.NoError(t, err)
	require.False(t, more)
	require.Equal(t, 2, n)
}

// Reading waits for nobody who holds the head of the audit trail.
func TestReadingTakesNoLockOfTheTrail(t *testing.T) {
	r := desktest.New(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	db := connect(t, r.Database.OwnerURL)
	tx, err := db.Begin(ctx)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	_, err = tx.Exec(ctx, `SELECT FROM trail_head FOR UPDATE`)
	require.NoError(t, err)
	_, err = r.Desk.Resource(ctx, r.User("shuozhou-minzheng-requester"), r.Resource("shuozhou", "SZ-GA-001").ID)
	require.NoError(t, err)
}

// BenchmarkReading measures what the log costs a read, and whether reads slow the
// chain.
func BenchmarkReading(b *testing.B) {
	r := desktest.New(b)
	ctx := b.Context()
	who := r.User("shuozhou-minzheng-requester")
	graded := r.Resource("shuozhou", "SZ-GA-001")
	plain := graded
	plain.ID, plain.Code, plain.Grade = "00000000-0000-4000-8000-000000000001", "SZ-PLAIN", 2
	plain.Fields = slices.Clone(plain.Fields)
	for i := range plain.Fields {
		plain.Fields[i].Grade = min(plain.Fields[i].Grade, 2)
	}
	r.Put(plain)
	read := func(b *testing.B, id string) {
		if _, err := r.Desk.Resource(ctx, who, id); err != nil {
			b.Error(err)
		}
	}
	link := func(b *testing.B, i int) {
		err := r.Store.InTx(ctx, func(tx *postgres.Tx) error {
			return tx.Append(ctx, sharing.Entry{At: time.Now(), Actor: sharing.System, RegionID: "shuozhou", Action: sharing.Read, SubjectID: fmt.Sprint("bench ", i)})
		})
		if err != nil {
			b.Error(err)
		}
	}
	for _, bench := range []struct{ name, id string }{{"entry of grade 2, not recorded", plain.ID}, {"entry of grade 3, recorded", graded.ID}} {
		b.Run(bench.name, func(b *testing.B) {
			for b.Loop() {
				read(b, bench.id)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
		})
	}
	for _, bench := range []struct {
		name    string
		readers int
		id      string
	}{{"chain alone", 0, ""}, {"chain while four read grade 2", 4, plain.ID}, {"chain while four read grade 3", 4, graded.ID}} {
		b.Run(bench.name, func(b *testing.B) {
			stop, done := make(chan struct{}), make(chan int, bench.readers)
			for range bench.readers {
				go func() {
					for n := 0; ; n++ {
						select {
						case <-stop:
							done <- n
							return
						default:
							read(b, bench.id)
						}
					}
				}()
			}
			i := 0
			for b.Loop() {
				link(b, i)
				i++
			}
			elapsed := b.Elapsed().Seconds()
			close(stop)
			total := 0
			for range bench.readers {
				total += <-done
			}
			b.ReportMetric(float64(b.N)/elapsed, "links/s")
			if bench.readers > 0 {
				b.ReportMetric(float64(total)/elapsed, "reads/s")
			}
		})
	}
}
