package spreadsheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"gongshu/sharing"
)

// text reads a CSV file: in UTF-8, with a mark at its head or without, or in GB18030,
// as programs in China save it; separated by commas, semicolons or tabs.
func (t *table) text(data []byte) error {
	text, ok := decoded(data)
	if !ok {
		return refused(sharing.CodeInvalid, RuleEncoding, "")
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.ReuseRecord, r.Comma = -1, true, separator(text)
	found := false
	var missing []Key
	for n := 1; ; n++ {
		cells, err := r.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			switch {
			case found:
				return nil
			case missing != nil:
				return refused(sharing.CodeInvalid, RuleColumns, names(missing))
			}
			return refused(sharing.CodeInvalid, RuleSheet, "")
		case errors.As(err, &broken):
			return refused(sharing.CodeInvalid, RuleDamaged, fmt.Sprint(broken.Line))
		case err != nil:
			return refused(sharing.CodeInvalid, RuleDamaged, "")
		}
		line, _ := r.FieldPos(0)
		if !found {
			if n > headWithin {
				return refused(sharing.CodeInvalid, RuleSheet, "")
			}
			head, lacks, twice := t.head(cells)
			if twice != "" {
				return refused(sharing.CodeInvalid, RuleTwice, string(twice))
			}
			if head && missing == nil {
				missing = lacks
			}
			if head && lacks != nil {
				return refused(sharing.CodeInvalid, RuleColumns, names(lacks))
			}
			found = head
			continue
		}
		// What begins like a formula would be one as soon as somebody opens the file.
		formula := func(place int) bool { return strings.HasPrefix(strings.TrimSpace(cells[place]), "=") }
		if err := t.line(line, cells, formula); err != nil {
			return err
		}
	}
}

// decoded is the text of a file.
func decoded(data []byte) (string, bool) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.IndexByte(data, 0) >= 0 {
		return "", false // UTF-16, or no text at all
	}
	if utf8.Valid(data) {
		return string(data), true
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		return "", false
	}
	return string(text), true
}

// separator is what stands most often in the first line of several cells.
func separator(text string) rune {
	for line := range strings.Lines(text) {
		best, most := ',', 0
		for _, r := range ",\t;" {
			if n := strings.Count(line, string(r)); n > most {
				best, most = r, n
			}
		}
		if most > 0 {
			return best
		}
	}
	return ','
}
