package desk_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/files"
	"gongshu/sharing"
)

var pdf = []byte("%PDF-1.7\n%âãÏÓ\n1 0 obj\n")

// kept lists what the file store of a rig holds.
func kept(t *testing.T, r *desktest.Rig) (keys []string) {
	t.Helper()
	for key, err := range r.Files.Before(t.Context(), time.Now().Add(time.Hour)) {
		require.NoError(t, err)
		keys = append(keys, key)
	}
	return keys
}

func TestAFileIsKeptOnceAndOutsideTheDatabase(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who := r.User(requester)
	file, err := r.Upload(ctx, who, "k", "依据.pdf", "", bytes.NewReader(pdf))
	require.NoError(t, err)
	again, err := r.Upload(ctx, who, "k", "依据.pdf", "", bytes.NewReader(pdf))
	require.NoError(t, err)
	require.Equal(t, file, again)
	require.Len(t, kept(t, r), 1, "what was sent twice is kept once")
	_, err = r.Upload(ctx, who, "k", "依据.pdf", "", bytes.NewReader(append(pdf, '2')))
	require.Equal(t, sharing.CodeKeyReused, code(t, err))
	require.Len(t, kept(t, r), 1)

	var wait sync.WaitGroup
	var same [6]desk.Attachment
	var errs [6]error
	for i := range same {
		wait.Go(func() { same[i], errs[i] = r.Upload(ctx, who, "at-once", "依据.pdf", "", bytes.NewReader(pdf)) })
	}
	wait.Wait()
	for i := range same {
		require.NoError(t, errs[i])
		require.Equal(t, same[0].ID, same[i].ID)
	}
	require.Len(t, kept(t, r), 2)

	_, body, err := r.File(ctx, who, file.ID)
	require.NoError(t, err)
	content, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, pdf, content)
	var inTable int
	require.NoError(t, asOwner(t, r).QueryRow(ctx, `SELECT count(*) FROM attachments WHERE content IS NOT NULL`).Scan(&inTable))
	require.Zero(t, inTable)
}

func TestAFileThatDoesNotArriveWholeIsNotKept(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who := r.User(requester)
	for name, c := range map[string]struct {
		r    io.Reader
		code sharing.Code
	}{
		"too large":          {io.MultiReader(bytes.NewReader(pdf), io.LimitReader(endless{}, desk.MaxFile)), sharing.CodeTooLarge},
		"breaks off":         {io.MultiReader(bytes.NewReader(bytes.Repeat(pdf, 100)), iotest.ErrReader(errors.New("gone"))), sharing.CodeInvalid},
		"breaks off at once": {iotest.ErrReader(errors.New("gone")), sharing.CodeInvalid},
		"another type":       {strings.NewReader("\x89PNG\r\n\x1a\n"), sharing.CodeInvalid},
	} {
		_, err := r.Upload(ctx, who, "", "依据.pdf", "", c.r)
		require.Equal(t, c.code, code(t, err), name)
	}
	require.Empty(t, kept(t, r))
	full := io.MultiReader(bytes.NewReader(pdf), io.LimitReader(endless{}, desk.MaxFile-int64(len(pdf))))
	file, err := r.Upload(ctx, who, "", "依据.pdf", "", full)
	require.NoError(t, err)
	require.EqualValues(t, desk.MaxFile, file.Size)

	r.Files = broken{r.Files}
	_, err = r.Upload(ctx, who, "", "依据.pdf", "", bytes.NewReader(pdf))
	require.Equal(t, sharing.CodeUnavailable, code(t, err))
	_, _, err = r.File(ctx, who, file.ID)
	require.Equal(t, sharing.CodeUnavailable, code(t, err))
}

func TestContentThatIsGoneOrChangedIsNotHandedOut(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who := r.User(requester)
	file, err := r.Upload(ctx, who, "", "依据.pdf", "", bytes.NewReader(pdf))
	require.NoError(t, err)
	key := kept(t, r)[0]
	for _, other := range []string{"%PDF-1.7\n%âãÏÓ\n2 0 obj\n", "%PDF", string(pdf) + "more"} {
		require.NoError(t, r.Files.Put(ctx, key, strings.NewReader(other)))
		_, _, err = r.File(ctx, who, file.ID)
		require.Equal(t, sharing.CodeFileLost, code(t, err), other)
	}
	require.NoError(t, r.Files.Delete(ctx, key))
	_, _, err = r.File(ctx, who, file.ID)
	require.Equal(t, sharing.CodeFileLost, code(t, err))
	_, err = r.FileInfo(ctx, who, file.ID)
	require.NoError(t, err, "that there was one is known")
	require.NoError(t, r.Files.Put(ctx, key, bytes.NewReader(pdf)))
	_, _, err = r.File(ctx, who, file.ID)
	require.NoError(t, err, "restored from a copy")
}

// A file that an earlier version left in the table is still handed out.
func TestAFileInTheTable(t *testing.T) {
	r := desktest.New(t)
	sum := sha256.Sum256(pdf)
	const id = "7e57ab1e-0000-4000-8000-000000000001"
	_, err := asOwner(t, r).Exec(t.Context(), `
		INSERT INTO attachments (id, uploaded_by, department_id, name, media_type, size, sha256, content, created_at)
		VALUES ($1, $2, 'shuozhou-minzheng', '旧.pdf', 'application/pdf', $3, $4, $5, now())`, id, requester, len(pdf), sum[:], pdf)
	require.NoError(t, err)
	file, body, err := r.File(t.Context(), r.User(requester), id)
	require.NoError(t, err)
	require.Equal(t, "旧.pdf", file.Name)
	content, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, pdf, content)
}

// endless is a reader of zeros.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// broken is a file store that is away.
type broken struct{ files.Store }

func (broken) Put(context.Context, string, io.Reader) error { return errors.New("no route to host") }
func (broken) Open(context.Context, string) (io.ReadCloser, error) {
	return nil, errors.New("no route to host")
}
