// Package dcat reads data catalogs written in DCAT-US 1.1 JSON (the Project Open
// Data metadata schema) into departments and catalog entries.
//
// What the format and the catalog have in common is taken over: identifier, title,
// description, publisher, access level, rights, update cycle, date of change and
// the ways of access. DCAT describes whole data sets and no data items, and the
// dictionary that describedBy may point to is not fetched; each resource therefore
// has the one field that can be named truthfully, [WholeRecord]. The parent that a
// publisher may name is left out: real catalogs give the same office several, or
// the office itself.
package dcat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"gongshu/sharing"
)

// Limits that hold when Options leaves them zero.
const (
	DefaultMaxBytes   = 64 << 20
	DefaultMaxEntries = 100_000
)

// Options says where a catalog goes.
type Options struct {
	RegionID   string         // required
	MaxBytes   int64          // size of the whole file; 0 is DefaultMaxBytes
	MaxEntries int            // length of the dataset list; 0 is DefaultMaxEntries
	Modes      []sharing.Mode // the ways of sharing the region knows, preferred first; nil is all
}

// Catalog is what a file comes to. Reading the same file again gives the same
// catalog, ids included.
type Catalog struct {
	Departments []sharing.Department // publishers of imported entries, in order of appearance
	Resources   []sharing.Resource   // imported entries, in the file's order
	Report      []Line               // in the file's order
}

var regionID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Read reads a catalog. A bad entry is left out or mended, with a line in the
// report, and reading goes on. An error means that the file as a whole cannot be
// used, and carries [sharing.CodeInvalid] (not JSON, no dataset list) or
// [sharing.CodeTooLarge]; failures of r itself are passed on.
func Read(r io.Reader, opts Options) (Catalog, error) {
	if !regionID.MatchString(opts.RegionID) {
		return Catalog{}, sharing.Invalid("/region", "pattern", fmt.Sprintf("%q is not a region id", opts.RegionID))
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.MaxEntries == 0 {
		opts.MaxEntries = DefaultMaxEntries
	}
	if opts.Modes == nil {
		opts.Modes = sharing.Modes
	}
	im := newImporter(opts)
	if err := datasets(&bounded{r: r, left: opts.MaxBytes, limit: opts.MaxBytes}, opts.MaxEntries, im.entry); err != nil {
		var known *sharing.Error
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &known):
			return Catalog{}, known
		case errors.As(err, &syntax), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return Catalog{}, sharing.Invalid("", "json", err.Error())
		default:
			return Catalog{}, fmt.Errorf("reading the catalog: %w", err)
		}
	}
	return im.catalog, nil
}

// datasets calls entry for each member of the list "dataset" of the object in r,
// without holding the whole file.
func datasets(r io.Reader, limit int, entry func(json.RawMessage)) error {
	dec := json.NewDecoder(r)
	start, err := dec.Token()
	if err != nil {
		return err
	}
	if start != json.Delim('{') {
		return sharing.Invalid("", "object", "the file does not hold a JSON object")
	}
	found := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		if key != "dataset" {
			var ignored json.RawMessage
			if err := dec.Decode(&ignored); err != nil {
				return err
			}
			continue
		}
		if found {
			return sharing.Invalid("/dataset", "duplicate_key", "there are two dataset lists")
		}
		found = true
		open, err := dec.Token()
		if err != nil {
			return err
		}
		if open != json.Delim('[') {
			return sharing.Invalid("/dataset", "list", "dataset is not a list")
		}
		for n := 0; dec.More(); n++ {
			if n == limit {
				return sharing.Errorf(sharing.CodeTooLarge, "the dataset list has more than %d entries", limit)
			}
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				return err
			}
			entry(raw)
		}
		if _, err := dec.Token(); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			return sharing.Invalid("", "json", "something follows the catalog's object")
		}
		return err
	}
	if !found {
		return sharing.Invalid("/dataset", "required", "the file has no dataset list")
	}
	return nil
}

// object splits a JSON object into its members. Names are exact, and a name that
// occurs twice is an error: programs disagree on which of the two counts.
func object(raw json.RawMessage) (members map[string]json.RawMessage, duplicate string, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, "", false
	}
	members = map[string]json.RawMessage{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return nil, "", false
		}
		key, isText := token.(string)
		if !isText {
			return nil, "", false
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, "", false
		}
		if _, seen := members[key]; seen && duplicate == "" {
			duplicate = key
		}
		members[key] = value
	}
	return members, duplicate, true
}

// bounded fails with CodeTooLarge once more than limit bytes were read.
type bounded struct {
	r           io.Reader
	left, limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if int64(n) > b.left {
		return 0, sharing.Errorf(sharing.CodeTooLarge, "the file has more than %d bytes", b.limit)
	}
	b.left -= int64(n)
	return n, err
}
