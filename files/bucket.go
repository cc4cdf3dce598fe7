package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket keeps contents as objects of an S3 bucket.
type bucket struct {
	client       *minio.Client
	name, prefix string
}

// openBucket reads the address of a bucket; it asks nothing of the server yet.
func openBucket(u *url.URL) (Store, error) {
	endpoint, err := url.Parse(u.Query().Get("endpoint"))
	if err != nil || endpoint.Host == "" || (endpoint.Scheme != "https" && endpoint.Scheme != "http") || strings.Trim(endpoint.Path, "/") != "" {
		return nil, errors.New("files: an s3 address has endpoint=https://host:port")
	}
	if u.Host == "" {
		return nil, errors.New("files: an s3 address names its bucket: s3://bucket")
	}
	client, err := minio.New(endpoint.Host, &minio.Options{
		Creds: credentials.NewEnvAWS(), Secure: endpoint.Scheme == "https", Region: u.Query().Get("region"), MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" {
		prefix += "/"
	}
	return &bucket{client, u.Host, prefix}, nil
}

// partSize bounds how much of a content of unknown length is in memory at a time:
// the least that S3 takes as a part.
const partSize = 5 << 20

func (b *bucket) Put(ctx context.Context, key string, r io.Reader) error {
	if err := checkKey(key); err != nil {
		return err
	}
	// Most contents fit into one part and go in one request. Larger ones go in parts;
	// either way an object appears when it is complete.
	first := make([]byte, partSize)
	n, err := io.ReadFull(r, first)
	whole, size := io.Reader(bytes.NewReader(first[:n])), int64(n)
	switch {
	case err == nil:
		whole, size = io.MultiReader(whole, r), -1
	case !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return err
	}
	_, err = b.client.PutObject(ctx, b.name, b.prefix+key, whole, size, minio.PutObjectOptions{
		ContentType: "application/octet-stream", PartSize: partSize,
	})
	return err
}

func (b *bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	object, err := b.client.GetObject(ctx, b.name, b.prefix+key, minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	// It is asked for only now.
	if _, err := object.Stat(); err != nil {
		if answer := minio.ToErrorResponse(err); answer.Code == minio.NoSuchKey || answer.StatusCode == http.StatusNotFound && answer.Code != minio.NoSuchBucket {
			err = fmt.Errorf("%w: %s", ErrNotExist, key)
		}
		return nil, errors.Join(err, object.Close())
	}
	return object, nil
}

func (b *bucket) Delete(ctx context.Context, key string) error {
	if err := checkKey(key); err != nil {
		return err
	}
	return b.client.RemoveObject(ctx, b.name, b.prefix+key, minio.RemoveObjectOptions{})
}

func (b *bucket) Before(ctx context.Context, t time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the listing where nobody wants more
		for object := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix, Recursive: true}) {
			key := strings.TrimPrefix(object.Key, b.prefix)
			switch {
			case object.Err != nil:
				yield("", object.Err)
				return
			case !object.LastModified.Before(t) || checkKey(key) != nil:
				continue // young, or nothing of ours
			case !yield(key, nil):
				return
			}
		}
	}
}
