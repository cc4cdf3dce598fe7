package worker

import (
	"bytes"
	"crypto/sha256"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/files"
)

// Files leave the table, each once and whole; contents that no file has are
// cleared away when they are old enough, and no others.
func TestTidyFiles(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	const user = "shuozhou-minzheng-requester"
	pdf := []byte("%PDF-1.7\n%âãÏÓ\n1 0 obj\n")
	fresh, err := r.Upload(ctx, r.User(user), "", "新.pdf", "", bytes.NewReader(pdf))
	require.NoError(t, err)
	conn, err := pgx.Connect(ctx, r.Database.OwnerURL)
	require.NoError(t, err)
	sum := sha256.Sum256(pdf)
	rows, err := conn.Query(ctx, `
		INSERT INTO attachments (id, uploaded_by, department_id, name, media_type, size, sha256, content, created_at)
		SELECT gen_random_uuid(), $1, 'shuozhou-minzheng', '旧.pdf', 'application/pdf', $2, $3, $4, now() FROM generate_series(1, 45) RETURNING id::text`,
		user, len(pdf), sum[:], pdf)
	require.NoError(t, err)
	old, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NoError(t, r.Files.Put(ctx, "orphan", strings.NewReader("half an upload")))

	w := &Worker{Store: r.Store, Log: slog.New(slog.DiscardHandler), Files: r.Files}
	require.NoError(t, w.tidyFiles(ctx))
	require.NoError(t, w.tidyFiles(ctx), "with nothing left to do")
	var left int
	require.NoError(t, conn.QueryRow(ctx, `SELECT count(*) FROM attachments WHERE content IS NOT NULL OR blob IS NULL`).Scan(&left))
	require.NoError(t, conn.Close(ctx))
	require.Zero(t, left)
	count := func() (n int) {
		for _, err := range r.Files.Before(ctx, time.Now().Add(time.Hour)) {
			require.NoError(t, err)
			n++
		}
		return n
	}
	require.Equal(t, len(old)+2, count(), "the orphan is too young to be called one")

	require.NoError(t, w.clearFiles(ctx, time.Now().Add(time.Minute)))
	require.Equal(t, len(old)+1, count())
	_, err = r.Files.Open(ctx, "orphan")
	require.ErrorIs(t, err, files.ErrNotExist)
	for _, id := range append(old, fresh.ID) {
		_, body, err := r.File(ctx, r.User(user), id)
		require.NoError(t, err)
		content, err := io.ReadAll(body)
		require.NoError(t, err)
		require.Equal(t, pdf, content)
	}
}
