package spreadsheet

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"gongshu/sharing"
)

// workbook reads the first sheet of an Excel workbook that has the headings.
func (t *table) workbook(data []byte) (err error) {
	formulas, err := parts(data)
	if err != nil {
		return err
	}
	// The reader of workbooks is not ours, and what is handed in is anybody's: where
	// it gives up, the file is damaged.
	defer func() {
		if recover() != nil {
			err = refused(sharing.CodeInvalid, RuleDamaged, "")
		}
	}()
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxUnpacked})
	switch {
	case errors.Is(err, excelize.ErrWorkbookPassword), errors.Is(err, excelize.ErrWorkbookFileFormat):
		return refused(sharing.CodeInvalid, RuleLocked, "")
	case err != nil && strings.Contains(err.Error(), "unzip size exceeds"):
		return refused(sharing.CodeTooLarge, RuleUnpacked, fmt.Sprint(maxUnpacked>>20))
	case err != nil:
		return &sharing.Error{Code: sharing.CodeInvalid, Fields: []sharing.FieldError{{Field: "/file", Rule: RuleDamaged}}, Cause: err}
	}
	defer func() { _ = book.Close() }() // it was only read from
	var missing []Key
	for _, name := range book.GetSheetList() {
		if visible, err := book.GetSheetVisible(name); err != nil || !visible {
			continue
		}
		found, lacks, err := t.sheet(book, name, formulas)
		if err != nil || found && lacks == nil {
			return err
		}
		if found && missing == nil {
			missing = lacks
		}
	}
	if missing != nil {
		return refused(sharing.CodeInvalid, RuleColumns, names(missing))
	}
	return refused(sharing.CodeInvalid, RuleSheet, "")
}

// parts looks at what a workbook is packed from, before it is unpacked: how large it
// gets, and whether it has macros or formulas.
func parts(data []byte) (formulas bool, err error) {
	packed, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return false, refused(sharing.CodeInvalid, RuleDamaged, "")
	}
	if len(packed.File) > maxParts {
		return false, refused(sharing.CodeTooLarge, RuleUnpacked, fmt.Sprint(maxUnpacked>>20))
	}
	var size uint64
	workbook := false
	for _, f := range packed.File {
		name := strings.ToLower(f.Name)
		// A part that holds more than it says here cannot be unpacked.
		if size += f.UncompressedSize64; size > maxUnpacked || f.UncompressedSize64 > maxUnpacked {
			return false, refused(sharing.CodeTooLarge, RuleUnpacked, fmt.Sprint(maxUnpacked>>20))
		}
		if strings.HasSuffix(name, "vbaproject.bin") || strings.Contains(name, "macrosheets/") {
			return false, refused(sharing.CodeInvalid, RuleMacro, "")
		}
		workbook = workbook || name == "xl/workbook.xml"
		if strings.HasPrefix(name, "xl/worksheets/") && strings.HasSuffix(name, ".xml") && !formulas {
			if formulas, err = mentions(f, "<f>", "<f ", ":f>", ":f "); err != nil {
				return false, refused(sharing.CodeInvalid, RuleDamaged, "")
			}
		}
	}
	if !workbook {
		return false, refused(sharing.CodeInvalid, RuleType, "")
	}
	return formulas, nil
}

// mentions reports whether one of the texts stands in a part, which it reads piece by
// piece. Unpacking more than the part says it holds is an error.
func mentions(f *zip.File, texts ...string) (bool, error) {
	r, err := f.Open()
	if err != nil {
		return false, err
	}
	defer func() { _ = r.Close() }() // it was only read from
	const piece, overlap = 64 << 10, 4
	buffer := make([]byte, 0, piece+overlap)
	for {
		kept := len(buffer)
		n, err := io.ReadFull(r, buffer[kept:cap(buffer)])
		buffer = buffer[:kept+n]
		for _, text := range texts {
			if bytes.Contains(buffer, []byte(text)) {
				return true, nil
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return false, nil
		case err != nil:
			return false, err
		}
		buffer = append(buffer[:0], buffer[len(buffer)-overlap:]...)
	}
}

// sheet reads a sheet if the headings stand in it; missing are needed ones that do not.
func (t *table) sheet(book *excelize.File, name string, formulas bool) (found bool, missing []Key, err error) {
	rows, err := book.Rows(name)
	if err != nil {
		return false, nil, nil // a chart, or a sheet that cannot be read: another may do
	}
	defer func() {
		if closing := rows.Close(); err == nil && closing != nil {
			err = refused(sharing.CodeInvalid, RuleDamaged, "")
		}
	}()
	for n := 1; rows.Next(); n++ {
		if !found && n > headWithin {
			return false, nil, nil
		}
		cells, err := rows.Columns()
		if err != nil {
			return found, nil, refused(sharing.CodeInvalid, RuleDamaged, fmt.Sprint(n))
		}
		if !found {
			var twice Key
			if found, missing, twice = t.head(cells); twice != "" {
				return true, nil, refused(sharing.CodeInvalid, RuleTwice, string(twice))
			}
			if found && missing != nil {
				return true, missing, nil
			}
			continue
		}
		var formula func(int) bool
		if formulas {
			formula = func(place int) bool {
				at, err := excelize.CoordinatesToCellName(place+1, n)
				if err != nil {
					return true
				}
				text, err := book.GetCellFormula(name, at)
				return err != nil || text != ""
			}
		}
		if err := t.line(n, cells, formula); err != nil {
			return true, nil, err
		}
	}
	if rows.Error() != nil {
		return found, nil, refused(sharing.CodeInvalid, RuleDamaged, "")
	}
	return found, nil, nil
}

// names lists columns in a detail.
func names(keys []Key) string {
	texts := make([]string, len(keys))
	for i, k := range keys {
		texts[i] = string(k)
	}
	slices.Sort(texts)
	return strings.Join(texts, ",")
}
