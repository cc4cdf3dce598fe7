// Package files keeps the bytes of files outside the database: in a folder, in a
// bucket of any store that speaks S3, or, for tests, in memory. What a file is,
// whose it is and who may have it stands in the database alone.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"time"
)

// Store keeps contents under keys. It may be used by many at once.
type Store interface {
	// Put keeps what r holds under a key, whole or not at all: when r fails, so does
	// Put, with the error of r, and nothing is kept. What was there is replaced.
	Put(ctx context.Context, key string, r io.Reader) error
	// Open reads a content; ErrNotExist when there is none.
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	// Delete removes a content. That there is none is no error.
	Delete(ctx context.Context, key string) error
	// Before lists the keys of contents kept before an instant, in no order.
	Before(ctx context.Context, t time.Time) iter.Seq2[string, error]
}

// ErrNotExist says that no content is kept under a key.
var ErrNotExist = errors.New("files: no such content")

// Open returns the store that a URL names:
//
//	file:///var/lib/gongshu/files        a folder, made when it is missing
//	s3://bucket/prefix?endpoint=https://minio.example:9000&region=cn-north-1
//	mem:                                 memory, for tests
//
// The keys of an S3 store come from the environment: AWS_ACCESS_KEY_ID and
// AWS_SECRET_ACCESS_KEY. Its bucket must be there.
func Open(address string) (Store, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("files: address: %w", err)
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" || u.Path == "" {
			return nil, fmt.Errorf("files: %s: a folder is named as file:///absolute/path", address)
		}
		return openFolder(u.Path)
	case "s3":
		return openBucket(u)
	case "mem":
		return newMemory(), nil
	}
	return nil, fmt.Errorf("files: %q is none of file, s3 and mem", u.Scheme)
}

// checkKey refuses keys that could mean anything but a name.
func checkKey(key string) error {
	if key == "" || len(key) > 200 {
		return fmt.Errorf("files: key %q has no or too many characters", key)
	}
	for _, r := range key {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' {
			return fmt.Errorf("files: key %q holds more than a to z, 0 to 9 and -", key)
		}
	}
	return nil
}
