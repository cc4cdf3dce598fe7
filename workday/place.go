package workday

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Fault is what [ParseNotice], or a calendar, refused of a notice file, and where
// it stands in the file.
type Fault struct {
	Line int    // 0: the file as a whole, or what is missing from it
	Key  string // such as off[3]; "" when it is about none
	Rule string
}

// FaultOf places the error that the text of a notice led to.
func FaultOf(text []byte, err error) Fault {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return Fault{Line: lineAt(text, syntax.Offset), Rule: syntax.Error()}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Fault{Line: lineAt(text, int64(len(text))), Rule: "ends in the middle"}
	}
	key, rule, ok := strings.Cut(err.Error(), ": ")
	if key == "" { // no object at all
		return Fault{Line: 1, Rule: "must be a JSON object"}
	}
	if !ok || strings.ContainsAny(key, " \n") {
		return Fault{Rule: err.Error()}
	}
	if key == "notice" { // of the file as a whole
		if name, found := strings.CutPrefix(rule, "unknown field "); found {
			key, rule = strings.Trim(name, `"`), "unknown key"
		} else {
			return Fault{Rule: rule}
		}
	}
	f := Fault{Key: key, Rule: rule}
	if at, found := placeOf(json.NewDecoder(bytes.NewReader(text)), "", key); found {
		f.Line = lineAt(text, at)
	}
	return f
}

func lineAt(text []byte, offset int64) int {
	return 1 + bytes.Count(text[:min(int(offset), len(text))], []byte("\n"))
}

// placeOf returns the offset just after the key, or the item of a list, that is
// named by want.
func placeOf(d *json.Decoder, at, want string) (int64, bool) {
	token, err := d.Token()
	if err != nil {
		return 0, false
	}
	if at == want {
		return d.InputOffset(), true
	}
	open, ok := token.(json.Delim)
	if !ok {
		return 0, false
	}
	for i := 0; d.More(); i++ {
		place := fmt.Sprintf("%s[%d]", at, i)
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return 0, false
			}
			if place = strings.TrimPrefix(fmt.Sprintf("%s.%v", at, key), "."); place == want {
				return d.InputOffset(), true
			}
		}
		if found, ok := placeOf(d, place, want); ok {
			return found, true
		}
	}
	if _, err := d.Token(); err != nil { // the closing bracket
		return 0, false
	}
	return 0, false
}
