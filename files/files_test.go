package files

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/require"
)

// bucketStore is a store on an S3 server in this process.
func bucketStore(t *testing.T, prefix string) Store {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("gongshu"))
	server := httptest.NewTLSServer(gofakes3.New(backend).Server())
	t.Cleanup(server.Close)
	certificate := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	t.Setenv("SSL_CERT_FILE", certificate)
	store, err := Open("s3://gongshu/" + prefix + "?region=us-east-1&endpoint=" + url.QueryEscape(server.URL))
	require.NoError(t, err)
	return store
}

func opened(t *testing.T, address string) Store {
	t.Helper()
	s, err := Open(address)
	require.NoError(t, err)
	return s
}

func TestStores(t *testing.T) {
	stores := map[string]func(t *testing.T) Store{
		"memory": func(t *testing.T) Store { return opened(t, "mem:") },
		"folder": func(t *testing.T) Store { return opened(t, "file://"+t.TempDir()+"/a/b") },
		"bucket": func(t *testing.T) Store { return bucketStore(t, "") },
		"prefix": func(t *testing.T) Store { return bucketStore(t, "of/ours") },
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			ctx := t.Context()
			content := bytes.Repeat([]byte("公共数据"), 700_000) // 8.4 MB: more than one part
			require.NoError(t, s.Put(ctx, "a-1", bytes.NewReader(content)))
			require.True(t, bytes.Equal(content, read(t, s, "a-1")))
			require.NoError(t, s.Put(ctx, "a-1", strings.NewReader("short")))
			require.Equal(t, "short", string(read(t, s, "a-1")))
			require.NoError(t, s.Put(ctx, "b-2", strings.NewReader("")))
			require.Empty(t, read(t, s, "b-2"))

			_, err := s.Open(ctx, "c-3")
			require.ErrorIs(t, err, ErrNotExist)
			require.Error(t, s.Put(ctx, "../escape", strings.NewReader("x")))

			// What cannot be read to its end is not kept, whether little or much came.
			broken := errors.New("the line broke")
			for _, came := range []string{"begin", strings.Repeat("x", 6<<20)} {
				err = s.Put(ctx, "d-4", io.MultiReader(strings.NewReader(came), iotest.ErrReader(broken)))
				require.ErrorIs(t, err, broken)
				_, err = s.Open(ctx, "d-4")
				require.ErrorIs(t, err, ErrNotExist)
			}

			require.Empty(t, keys(t, s, time.Now().Add(-time.Hour)))
			require.Equal(t, []string{"a-1", "b-2"}, keys(t, s, time.Now().Add(time.Hour)))
			for range s.Before(ctx, time.Now().Add(time.Hour)) {
				break // nobody has to listen to the end
			}
			require.NoError(t, s.Delete(ctx, "a-1"))
			require.NoError(t, s.Delete(ctx, "a-1"))
			require.Equal(t, []string{"b-2"}, keys(t, s, time.Now().Add(time.Hour)))
		})
	}
}

func TestAddresses(t *testing.T) {
	for _, bad := range []string{"", "files", "file:relative", "file://host/path", "s3://bucket", "s3://bucket?endpoint=minio:9000",
		"s3:///x?endpoint=http://127.0.0.1:9000", "ftp://x", "%"} {
		_, err := Open(bad)
		require.Error(t, err, bad)
	}
}

func TestAServerThatIsAwayIsAnError(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	s, err := Open("s3://gongshu?region=us-east-1&endpoint=http://127.0.0.1:1")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err = s.Open(ctx, "a-1")
	require.Error(t, err)
	require.NotErrorIs(t, err, ErrNotExist)
}

func read(t *testing.T, s Store, key string) []byte {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	require.NoError(t, err)
	content, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return content
}

func keys(t *testing.T, s Store, before time.Time) []string {
	t.Helper()
	all := []string{}
	for key, err := range s.Before(t.Context(), before) {
		require.NoError(t, err)
		all = append(all, key)
	}
	slices.Sort(all)
	return all
}
