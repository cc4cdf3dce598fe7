package web

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"gongshu/sharing"
)

// object is a JSON object made of what was typed.
type object map[string]any

// put sets the value at a name; "entry.title" is within the object entry.
func (o object) put(name string, value any) {
	head, rest, nested := strings.Cut(name, ".")
	if !nested {
		o[name] = value
		return
	}
	inner, ok := o[head].(object)
	if !ok {
		inner = object{}
		o[head] = inner
	}
	inner.put(rest, value)
}

// read makes a JSON object of what was typed into a form. What is empty is left
// out, and so is what was not asked for. Files that were sent are taken in. What
// cannot be read becomes a problem of the form.
func (s *scene) read(f *form, inputs []input) (json.RawMessage, error) {
	s.Form = f
	o := object{}
	if err := s.readInto(f, inputs, "", "", o); err != nil {
		return nil, err
	}
	return json.Marshal(o)
}

func (s *scene) readInto(f *form, inputs []input, name, pointer string, o object) error {
	for _, in := range inputs {
		if in.Only != nil && !in.Only(s) || in.If != nil && !slices.Contains(in.If.Values, f.chosen(name+in.If.Name)) {
			continue
		}
		value, err := s.readOne(f, in, name+in.Name, pointer+in.pointer())
		if err != nil {
			return err
		}
		if value != nil {
			o.put(in.Name, value)
		}
	}
	return nil
}

// chosen is what an input stands at to those that depend on it: a box that is not
// ticked stands at false.
func (f *form) chosen(name string) string {
	if v := f.Value(name); v != "" {
		return v
	}
	return "false"
}

// readOne returns the value of one input, nil when there is none.
func (s *scene) readOne(f *form, in input, name, pointer string) (any, error) {
	typed := f.Value(name)
	text := strings.TrimSpace(typed)
	switch in.As {
	case asText:
		if text != "" {
			return typed, nil
		}
	case asNumber:
		if n, ok := f.wholeNumber(name, pointer, s.words); ok {
			return n, nil
		}
	case asDate:
		if text == "" {
			return nil, nil
		}
		d, err := sharing.ParseDate(halfWidth(text))
		if err != nil {
			f.add(pointer, s.words.T("rule.date"))
			return nil, nil
		}
		return d.String(), nil
	case asYesNo:
		switch text {
		case "true", "false":
			return text == "true", nil
		}
		if in.Required {
			f.add(pointer, s.words.T("rule.required.choice"))
		}
	case asTick:
		if text == "true" {
			return true, nil
		}
	case asTicks:
		if len(f.Typed[name]) > 0 {
			return f.Typed[name], nil
		}
	case asLines:
		var lines []string
		for line := range strings.Lines(typed) {
			if line = strings.TrimSpace(line); line != "" {
				lines = append(lines, line)
			}
		}
		if lines != nil {
			return lines, nil
		}
	case asFile, asFiles:
		return s.readFiles(f, in, name, pointer)
	case asRows, asBasis:
		return s.readRows(f, in, name, pointer)
	default:
		if text == "" {
			return nil, nil
		}
		if in.Numeric {
			if n, ok := f.wholeNumber(name, pointer, s.words); ok {
				return n, nil
			}
			return nil, nil
		}
		return text, nil
	}
	return nil, nil
}

// wholeNumber reads a number, and whether there is one. What is none becomes a
// problem.
func (f *form) wholeNumber(name, pointer string, w words) (int, bool) {
	text := strings.TrimSpace(halfWidth(f.Value(name)))
	if text == "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		f.add(pointer, w.T("rule.number"))
	}
	return n, err == nil
}

// readFiles takes in the files sent with an input beside those kept from before.
func (s *scene) readFiles(f *form, in input, name, pointer string) (any, error) {
	fresh, err := s.upload(f, name+".file", pointer)
	if err != nil {
		return nil, err
	}
	drop := f.Value("detach")
	var ids []string
	for _, id := range append(f.Typed[name+".attachment"], fresh...) {
		if id != "" && id != drop {
			ids = append(ids, id)
		}
	}
	if in.As == asFile && len(ids) > 1 {
		ids = ids[len(ids)-1:] // a file sent takes the place of the one kept
	}
	f.Typed[name+".attachment"] = ids
	switch {
	case len(ids) == 0:
		return nil, nil
	case in.As == asFile:
		return ids[0], nil
	}
	return ids, nil
}

// readRows reads rows of inputs. Empty rows at the end do not count.
func (s *scene) readRows(f *form, in input, name, pointer string) (any, error) {
	rows := make([]object, f.rows(name))
	last := 0
	for i := range rows {
		at := strconv.Itoa(i)
		rows[i] = object{}
		if err := s.readInto(f, in.columns(), name+"."+at+".", pointer+"/"+at, rows[i]); err != nil {
			return nil, err
		}
		if len(rows[i]) > 0 {
			last = i + 1
		}
	}
	if last == 0 {
		return nil, nil
	}
	return rows[:last], nil
}

// editing reports whether a button was pressed that changes the form itself: one
// more row, a file less, or a search; and makes the change. It is to be asked after
// the form was read.
func (f *form) editing() bool {
	if name := f.Value("row"); name != "" {
		if f.Typed.Has(name + ".rows") {
			f.Typed.Set(name+".rows", strconv.Itoa(min(f.rows(name)+1, maxRows)))
		}
		return true
	}
	return f.Value("detach") != ""
}

// settle moves each problem to the place of the form that shows it: what is wrong
// with the third of several lines is shown at the lines. Problems without a place
// stay at the head of the form.
func (f *form) settle(controls []control) {
	places := map[string]bool{}
	var collect func([]control)
	collect = func(all []control) {
		for _, c := range all {
			if c.As == asHidden {
				continue
			}
			places[c.ID] = true
			for _, row := range c.Rows {
				collect(row.Controls)
			}
		}
	}
	collect(controls)
	settled := map[string][]string{}
	for pointer, texts := range f.Problems {
		at := pointer
		for at != "" && !places[f.ID(at)] {
			at = at[:max(strings.LastIndexByte(at, '/'), 0)]
		}
		for _, text := range texts {
			if !slices.Contains(settled[at], text) {
				settled[at] = append(settled[at], text)
			}
		}
	}
	f.Problems = settled
}

// lay lays a form out with its problems at their places and its files named.
func (s *scene) lay(f *form, inputs []input) ([]control, error) {
	if err := s.nameFiles(f); err != nil {
		return nil, err
	}
	controls, err := s.controls(f, inputs)
	if err != nil || len(f.Problems) == 0 {
		return controls, err
	}
	f.settle(controls)
	return s.controls(f, inputs)
}
