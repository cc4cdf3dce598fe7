package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"gongshu/desk"
	"gongshu/sharing"
)

// fact is one line of a record: what it is about, and what is the case.
type fact struct {
	Label  string
	Values []value
	// Head and Rows are a table instead of values.
	Head []string
	Rows [][]value
}

// value is one thing a record says. Href leads to what it names.
type value struct {
	Text, Href string
	Yes, No    bool // it is a decision
}

// plainFact is a fact of one text.
func plainFact(label, text string) fact { return fact{Label: label, Values: []value{{Text: text}}} }

// facts puts a JSON object into words, by the inputs that it was typed into. What
// is empty is left out.
func (s *scene) facts(body []byte, inputs []input, files []desk.Attachment) ([]fact, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var said map[string]any
	if err := decoder.Decode(&said); err != nil {
		return nil, fmt.Errorf("record of %s: %w", s.Procedure, err)
	}
	return s.factsOf(said, inputs, "", files)
}

func (s *scene) factsOf(said map[string]any, inputs []input, path string, files []desk.Attachment) ([]fact, error) {
	var all []fact
	for _, in := range inputs {
		found := at(said, in.Name)
		if empty(found, in.As) || s.shown(in.As, found) {
			continue
		}
		here := path + in.Name
		one := fact{Label: s.words.T(s.words.inputKey("in", s.Procedure, s.Action, here, ""))}
		var err error
		if in.As == asRows || in.As == asBasis {
			err = s.table(&one, found, in, here, files)
		} else {
			one.Values, err = s.values(found, in, here, files)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// shown reports whether the case's page says a value of its content elsewhere: the
// entry that the case is about, or the case that it came from.
func (s *scene) shown(as inputKind, found any) bool {
	if s.Case == nil || s.Action != sharing.Submit {
		return false
	}
	switch as {
	case asResource:
		return found == s.Case.Resource.ID
	case asCase:
		return found == s.Case.ParentID || s.Case.Parent != nil && found == s.Case.Parent.Number
	}
	return false
}

// at returns what an object has under a name; "entry.title" is in the object entry.
func at(said map[string]any, name string) any {
	head, rest, nested := strings.Cut(name, ".")
	if !nested {
		return said[head]
	}
	inner, ok := said[head].(map[string]any)
	if !ok {
		return nil
	}
	return at(inner, rest)
}

// empty reports whether there is nothing to say about a value.
func empty(found any, as inputKind) bool {
	switch found := found.(type) {
	case nil:
		return true
	case string:
		return strings.TrimSpace(found) == ""
	case bool:
		return !found && as != asYesNo
	case json.Number:
		return found == "0"
	case []any:
		return len(found) == 0
	}
	return false
}

// values puts one value, or a list of them, into words.
func (s *scene) values(found any, in input, path string, files []desk.Attachment) ([]value, error) {
	if list, ok := found.([]any); ok {
		var all []value
		for _, each := range list {
			one, err := s.value(each, in, path, files)
			if err != nil {
				return nil, err
			}
			all = append(all, one)
		}
		return all, nil
	}
	one, err := s.value(found, in, path, files)
	return []value{one}, err
}

func (s *scene) value(found any, in input, path string, files []desk.Attachment) (value, error) {
	if b, ok := found.(bool); ok {
		if in.As == asYesNo {
			return value{Text: s.words.option(s.Procedure, s.Action, path, fmt.Sprint(b)), Yes: b, No: !b}, nil
		}
		return value{Text: s.words.T("yes")}, nil
	}
	text := fmt.Sprint(found)
	switch in.As {
	case asDate:
		if d, err := sharing.ParseDate(text); err == nil {
			return value{Text: s.words.Day(d)}, nil
		}
	case asInstant:
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return value{Text: s.words.Instant(t)}, nil
		}
	case asDuty:
		if s.Case != nil {
			if law, ok := s.site.desk.Law().ByID(s.Case.RegulationID); ok {
				if d, ok := law.Duty(text); ok {
					return value{Text: s.words.pick(d.Title, d.TitleEn)}, nil
				}
			}
		}
	case asFile, asFiles:
		if i := slices.IndexFunc(files, func(a desk.Attachment) bool { return a.ID == text }); i >= 0 {
			return value{Text: files[i].Name, Href: "/files/" + segment(text)}, nil
		}
		return value{Text: s.words.T("record.file"), Href: "/files/" + segment(text)}, nil
	case asResource:
		r, err := s.site.desk.Resource(s.ctx(), s.user, text)
		switch sharing.CodeOf(err) {
		case sharing.CodeNotFound:
			if s.Case != nil && s.Case.Resource.ID == text {
				return value{Text: s.Case.Resource.Title}, nil
			}
			return value{Text: s.words.T("record.unseen")}, nil
		case "":
			return value{Text: r.Title, Href: "/catalog/" + segment(r.ID)}, err
		}
		return value{}, err
	case asCase:
		c, err := s.site.desk.Case(s.ctx(), s.user, text)
		switch sharing.CodeOf(err) {
		case sharing.CodeNotFound:
			return value{Text: s.words.T("record.unseen")}, nil
		case "":
			return value{Text: c.Number + " " + cmp.Or(c.Title, c.Resource.Title), Href: "/cases/" + segment(c.ID)}, err
		}
		return value{}, err
	case asSelect, asRadio, asTicks, asDepartment, asYesNo:
		if in.Options != nil && in.From == nil {
			if slices.Contains(in.Options, text) {
				return value{Text: s.words.option(s.Procedure, s.Action, path, text)}, nil
			}
			break
		}
		choices, err := s.choices(in, path)
		if err != nil {
			return value{}, err
		}
		if i := slices.IndexFunc(choices, func(c choice) bool { return c.Value == text }); i >= 0 {
			return value{Text: choices[i].Label}, nil
		}
		if key := s.words.inputKey("opt", s.Procedure, s.Action, path, text); s.words.Knows(key) {
			return value{Text: s.words.T(key)}, nil
		}
		if in.Named != "" && s.words.Knows(in.Named+"."+text) {
			return value{Text: s.words.Code(in.Named, text)}, nil
		}
	}
	return value{Text: text}, nil
}

// table makes a table of rows, with the columns in which anything stands.
func (s *scene) table(f *fact, found any, in input, path string, files []desk.Attachment) error {
	list, ok := found.([]any)
	if !ok {
		return nil
	}
	var used []input
	for _, column := range in.columns() {
		if slices.ContainsFunc(list, func(row any) bool {
			said, ok := row.(map[string]any)
			return ok && !empty(at(said, column.Name), column.As)
		}) {
			used = append(used, column)
			f.Head = append(f.Head, s.words.T(s.words.inputKey("in", s.Procedure, s.Action, path+"."+column.Name, "")))
		}
	}
	for _, row := range list {
		said, ok := row.(map[string]any)
		if !ok {
			continue
		}
		cells := make([]value, len(used))
		for i, column := range used {
			cell := at(said, column.Name)
			if empty(cell, column.As) {
				continue
			}
			values, err := s.values(cell, column, path+"."+column.Name, files)
			if err != nil {
				return err
			}
			texts := make([]string, len(values))
			for j, v := range values {
				texts[j], cells[i].Href = v.Text, v.Href
			}
			cells[i].Text = strings.Join(texts, s.words.T("comma"))
		}
		f.Rows = append(f.Rows, cells)
	}
	return nil
}

// part makes a piece of a page from a template of the procedure's own file,
// templates/face_<procedure>.html.
func (v *visit) part(name string, data any) (template.HTML, error) {
	return v.site.views.part(v.words.locale, name, data)
}
