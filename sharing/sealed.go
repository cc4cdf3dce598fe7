package sharing

import "fmt"

// Sealed is a catalog entry as the store found it, before anybody looked at it. What
// it holds comes out through [Sealed.Open] alone, which leaves out the data items
// that the reader may not know of. The zero value is of no entry.
type Sealed struct{ entry Resource }

// Seal keeps an entry from being looked at.
func Seal(r Resource) Sealed { return Sealed{r} }

// ID returns the entry's id.
func (s Sealed) ID() string { return s.entry.ID }

// Thing returns what decides who may see the entry.
func (s Sealed) Thing() Thing { return s.entry.Thing() }

// Version returns which version of the entry it is.
func (s Sealed) Version() int { return s.entry.Version }

// Open returns the entry with those of its data items that are visible, and reports
// whether any was left out. What is left out is absent: neither its name nor that it
// is there can be told from what is returned.
func (s Sealed) Open(visible func(Resource, Field) bool) (r Resource, some bool) {
	r = s.entry
	r.Fields = make([]Field, 0, len(s.entry.Fields))
	for _, f := range s.entry.Fields {
		if visible(s.entry, f) {
			r.Fields = append(r.Fields, f)
		} else {
			some = true
		}
	}
	return r, some
}

// Format writes nothing of the entry, whatever the verb.
func (s Sealed) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("sealed entry")) }

// MarshalJSON refuses: an entry that nobody opened leaves for nowhere.
func (s Sealed) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("entry %s is sealed", s.entry.ID)
}
