package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gongshu/localpg"
	"gongshu/postgres"
	"gongshu/sharing"
)

// database returns a migrated database, a store as the application's role, and a
// connection as superuser: who could do anything.
func database(t *testing.T) (*postgres.Store, *pgx.Conn) {
	t.Helper()
	ctx := t.Context()
	server := localpg.Test(t)
	require.NoError(t, server.Template(ctx, "empty", func(ownerURL string) error { return postgres.Migrate(ctx, ownerURL) }))
	db := server.Database(t, "empty")
	store, err := postgres.Open(ctx, db.AppURL)
	require.NoError(t, err)
	t.Cleanup(store.Close)
	super, err := pgx.Connect(ctx, db.URL)
	require.NoError(t, err)
	t.Cleanup(func() { _ = super.Close(t.Context()) })
	return store, super
}

func appendEntries(t *testing.T, store *postgres.Store, n int) {
	t.Helper()
	for i := range n {
		require.NoError(t, store.InTx(t.Context(), func(tx *postgres.Tx) error {
			now, err := tx.Now(t.Context())
			if err != nil {
				return err
			}
			return tx.Append(t.Context(), sharing.Entry{
				At: now, Actor: "somebody", RegionID: "shuozhou", Action: sharing.Answer, SubjectID: "case", Version: i + 1, Note: fmt.Sprintf("第%d条", i),
			})
		}))
	}
}

func TestTheTrailDoesNotFork(t *testing.T) {
	store, _ := database(t)
	var group errgroup.Group
	for range 8 {
		group.Go(func() error {
			for range 25 {
				err := store.InTx(t.Context(), func(tx *postgres.Tx) error {
					return tx.Append(t.Context(), sharing.Entry{At: time.Now(), Actor: "somebody", RegionID: "shuozhou", Action: sharing.Answer, SubjectID: "case"})
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	head, err := store.VerifyTrail(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 200, head.Seq)
}

// Whatever is done to the stored trail, even by who owns the database, shows.
func TestTampering(t *testing.T) {
	for name, change := range map[string]string{
		"changed text":     `UPDATE trail SET entry = convert_to(replace(convert_from(entry, 'UTF8'), '第4条', '第9条'), 'UTF8') WHERE seq = 5`,
		"changed column":   `UPDATE trail SET actor = 'somebody-else' WHERE seq = 5`,
		"changed time":     `UPDATE trail SET at = at + interval '1 microsecond' WHERE seq = 5`,
		"deleted":          `DELETE FROM trail WHERE seq = 5`,
		"cut off":          `DELETE FROM trail WHERE seq > 7`,
		"swapped":          `UPDATE trail SET seq = CASE seq WHEN 4 THEN -5 ELSE -4 END WHERE seq IN (4, 5); UPDATE trail SET seq = -seq WHERE seq < 0`,
		"inserted":         `UPDATE trail SET seq = seq + 1000 WHERE seq > 5; UPDATE trail SET seq = seq - 999 WHERE seq > 1000; INSERT INTO trail SELECT 6, at, actor, action, region_id, subject_id, version, entry, hash FROM trail WHERE seq = 5`,
		"rewritten hash":   `UPDATE trail SET entry = convert_to('{}', 'UTF8'), hash = sha256(convert_to('{}', 'UTF8')) WHERE seq = 10`,
		"rewritten head":   `UPDATE trail_head SET seq = 3, hash = (SELECT hash FROM trail WHERE seq = 3)`,
		"cut off and head": `DELETE FROM trail WHERE seq > 7; UPDATE trail_head SET seq = 7, hash = (SELECT hash FROM trail WHERE seq = 7)`,
	} {
		t.Run(name, func(t *testing.T) {
			store, super := database(t)
			appendEntries(t, store, 10)
			exported, err := store.VerifyTrail(t.Context())
			require.NoError(t, err)
			for statement := range strings.SplitSeq(change, "; ") {
				_, err := super.Exec(t.Context(), statement)
				require.NoError(t, err)
			}
			_, err = store.VerifyTrail(t.Context(), exported)
			require.ErrorContains(t, err, "trail: ")
		})
	}
}

func TestTheApplicationCannotAlterTheTrail(t *testing.T) {
	store, super := database(t)
	appendEntries(t, store, 2)
	for _, statement := range []string{
		`UPDATE trail SET actor = 'x'`, `DELETE FROM trail`, `TRUNCATE trail`, `ALTER TABLE trail ADD x int`, `DROP TABLE trail`,
		`UPDATE decisions SET agree = true`, `DELETE FROM decisions`, `DELETE FROM cases`, `INSERT INTO transitions VALUES ('share', 'refused', 'agreed')`,
	} {
		_, err := super.Exec(t.Context(), `SET ROLE gongshu_app`)
		require.NoError(t, err)
		_, err = super.Exec(t.Context(), statement)
		require.Error(t, err, statement)
		require.Regexp(t, "permission denied|must be owner", err.Error(), statement)
	}
}

func TestTheSchemaHoldsTheDeclaredMachine(t *testing.T) {
	_, super := database(t)
	type step struct {
		Procedure sharing.Procedure
		From, To  sharing.State
	}
	type place struct {
		Procedure    sharing.Procedure
		State        sharing.State
		Start, Final bool
	}
	rows, err := super.Query(t.Context(), `SELECT procedure, from_state, to_state FROM transitions`)
	require.NoError(t, err)
	steps, err := pgx.CollectRows(rows, pgx.RowToStructByPos[step])
	require.NoError(t, err)
	rows, err = super.Query(t.Context(), `SELECT procedure, state, start, final FROM states`)
	require.NoError(t, err)
	places, err := pgx.CollectRows(rows, pgx.RowToStructByPos[place])
	require.NoError(t, err)
	var declared []step
	var known []place
	for _, p := range sharing.Procedures {
		m := p.Machine()
		for _, tr := range m.Steps {
			if s := (step{p, tr.From, tr.To}); !slices.Contains(declared, s) {
				declared = append(declared, s)
			}
		}
		for _, s := range m.States() {
			known = append(known, place{p, s, slices.Contains(m.Starts, s), !m.Open(s)})
		}
	}
	require.ElementsMatch(t, declared, steps)
	require.ElementsMatch(t, known, places)
}
