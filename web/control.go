package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// control is an input as the template "control" shows it: with its texts, what
// was typed into it, and what is wrong with it.
type control struct {
	As                    inputKind
	ID, Name, Label, Hint string
	Required              bool
	Value                 string
	Choices               []choice
	Suggest               []string
	Problems              []string
	Max                   int // characters
	// IfName is the input on which this one depends, and IfValues are the values with
	// which it is wanted.
	IfName, IfValues string
	// OnlyFor says the same in words, for pages without script.
	OnlyFor string
	// Renew adds a button that lays the form out again.
	Renew bool
	// Fills adds a button that fills the form with what the entry chosen says.
	Fills bool
	// Rows of an input that has rows, and their number as the form carries it.
	Rows []controlRow
	// Files kept from before, and the greatest size of one.
	Files   []desk.Attachment
	MaxFile int64
	// Ask is what was looked for among the catalog or the cases, and Asked whether
	// anything was.
	Ask   string
	Asked bool
}

// controlRow is one row of inputs.
type controlRow struct {
	Label    string
	Controls []control
}

// Area reports whether text is typed in over several lines.
func (c control) Area() bool { return c.As == asText || c.As == asLines }

// Described lists the ids of what describes the control.
func (c control) Described() string {
	var ids []string
	if c.Hint != "" || c.As == asFile || c.As == asFiles {
		ids = append(ids, c.ID+"-hint")
	}
	if len(c.Problems) > 0 {
		ids = append(ids, c.ID+"-wrong")
	}
	return strings.Join(ids, " ")
}

// maxRows is how many rows a form can be made to show.
const maxRows = 200

// rows is how many rows the form shows of an input.
func (f *form) rows(name string) int {
	n, err := strconv.Atoi(f.Value(name + ".rows"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, maxRows)
}

// controls lays a form out.
func (s *scene) controls(f *form, inputs []input) ([]control, error) {
	s.Form = f
	return s.layOut(f, inputs, "", "", "")
}

// layOut lays inputs out whose names and pointers begin with the prefixes; path is
// where they stand in the catalogs of texts.
func (s *scene) layOut(f *form, inputs []input, name, pointer, path string) ([]control, error) {
	var all []control
	for _, in := range inputs {
		if in.Only != nil && !in.Only(s) {
			continue
		}
		c, err := s.control(f, in, name+in.Name, pointer+in.pointer(), path+in.Name)
		if err != nil {
			return nil, fmt.Errorf("input %s: %w", path+in.Name, err)
		}
		if in.If != nil {
			c.IfName, c.IfValues = name+in.If.Name, strings.Join(in.If.Values, " ")
			c.OnlyFor = onlyFor(all, c.IfName, in.If.Values)
		}
		all = append(all, c)
	}
	return all, nil
}

// onlyFor puts into words for which choices of an earlier control something is asked
// for; empty where that one has none.
func onlyFor(earlier []control, name string, values []string) string {
	var labels []string
	for _, c := range earlier {
		if c.Name != name {
			continue
		}
		for _, option := range c.Choices {
			if slices.Contains(values, option.Value) {
				labels = append(labels, option.Label)
			}
		}
	}
	return strings.Join(labels, " / ")
}

// pointer is the JSON pointer of the input within its object.
func (in input) pointer() string { return "/" + strings.ReplaceAll(in.Name, ".", "/") }

func (s *scene) control(f *form, in input, name, pointer, path string) (control, error) {
	text := func(kind string) string { return s.words.inputKey(kind, s.Procedure, s.Action, path, "") }
	c := control{As: in.As, Renew: in.Renew, Fills: in.Fills, ID: f.ID(pointer), Name: name, Required: in.Required, Value: f.Value(name),
		Problems: f.At(pointer), Max: sharing.MaxText, MaxFile: desk.MaxFile}
	if in.As == asHidden {
		if in.From != nil && c.Value == "" {
			choices, err := in.From(s)
			if err != nil || len(choices) == 0 {
				return c, err
			}
			c.Value = choices[0].Value
		}
		return c, nil
	}
	c.Label = s.words.T(text("in"))
	f.labelled(s.words, pointer, c.Label)
	if hint := text("hint"); s.words.Knows(hint) {
		c.Hint = s.words.T(hint)
	}
	var err error
	switch in.As {
	case asSelect, asRadio, asYesNo, asTicks, asDepartment:
		if c.Choices, err = s.choices(in, path); err != nil {
			return c, err
		}
		c.Choices = slices.Clone(c.Choices)
		for i, option := range c.Choices {
			if _, typed := f.Typed[name]; typed || in.As == asTicks && f.Typed.Has(name+".shown") {
				c.Choices[i].Chosen = f.Has(name, option.Value)
			}
		}
	case asResource:
		err = s.findResource(f, in, &c)
	case asCase:
		err = s.findCase(f, &c)
	case asFile, asFiles:
		for _, id := range f.Typed[name+".attachment"] {
			if i := slices.IndexFunc(f.Files, func(a desk.Attachment) bool { return a.ID == id }); i >= 0 {
				c.Files = append(c.Files, f.Files[i])
			}
		}
	case asRows, asBasis:
		c.As = asRows
		if err := s.give(f, in, name); err != nil {
			return c, err
		}
		for i := range f.rows(name) {
			row := controlRow{Label: s.words.T("row.nth", c.Label, s.words.Number(i+1))}
			at := strconv.Itoa(i)
			if row.Controls, err = s.layOut(f, in.columns(), name+"."+at+".", pointer+"/"+at, path+"."); err != nil {
				return c, err
			}
			c.Rows = append(c.Rows, row)
		}
	case asLine:
		if in.Suggest != nil {
			c.Suggest = in.Suggest(s)
		}
	}
	return c, err
}

// give fills a fresh form with the rows that it begins with.
func (s *scene) give(f *form, in input, name string) error {
	if in.Given == nil || f.Typed.Has(name+".rows") {
		return nil
	}
	rows, err := in.Given(s)
	if err != nil || len(rows) == 0 {
		return err
	}
	f.Typed.Set(name+".rows", strconv.Itoa(min(len(rows), maxRows)))
	for i, row := range rows {
		for column, value := range row {
			f.Typed.Set(name+"."+strconv.Itoa(i)+"."+column, value)
		}
	}
	return nil
}

// fewFound is how many catalog entries or cases a form offers at once.
const fewFound = 12

// findResource offers the entry chosen and those that were looked for.
func (s *scene) findResource(f *form, in input, c *control) error {
	if c.Value != "" {
		r, err := s.site.desk.Resource(s.ctx(), s.user, c.Value)
		switch {
		case err == nil:
			c.Choices = append(c.Choices, s.resourceChoice(r, true))
		case sharing.CodeOf(err) != sharing.CodeNotFound:
			return err
		}
	}
	c.Ask, c.Asked = strings.TrimSpace(f.Value(c.Name+".ask")), f.Value("row") == c.Name
	if !c.Asked {
		if !in.Held {
			return nil
		}
		return s.heldResources(c)
	}
	q := desk.CatalogQuery{Text: c.Ask, Limit: fewFound}
	if in.Own {
		q.Provider = s.user.Department.ID
	}
	found, err := s.site.desk.Catalog(s.ctx(), s.user, q)
	if err != nil {
		return err
	}
	for _, r := range found.Items {
		if r.ID != c.Value {
			c.Choices = append(c.Choices, s.resourceChoice(r, false))
		}
	}
	return nil
}

// heldResources offers the entries on which the reader's department holds grants.
func (s *scene) heldResources(c *control) error {
	if !s.site.desk.MaySeeGrants(s.user) {
		return nil
	}
	held, err := s.site.desk.Grants(s.ctx(), s.user, desk.GrantQuery{As: sharing.AsApplicant, State: sharing.GrantActive, Limit: desk.MaxLimit})
	if err != nil {
		return err
	}
	for _, g := range held.Items {
		if !slices.ContainsFunc(c.Choices, func(o choice) bool { return o.Value == g.Resource.ID }) {
			c.Choices = append(c.Choices, choice{Value: g.Resource.ID,
				Label: g.Resource.Title + " · " + s.words.pick(g.Provider.Name, g.Provider.NameEN) + " · " + g.Resource.Code})
		}
	}
	return nil
}

func (s *scene) resourceChoice(r sharing.Resource, chosen bool) choice {
	return choice{Value: r.ID, Label: r.Title + " · " + s.words.pick(r.Provider.Name, r.Provider.NameEN) + " · " + r.Code, Chosen: chosen}
}

// findCase offers the case chosen and the one whose number was asked for.
func (s *scene) findCase(f *form, c *control) error {
	c.Ask, c.Asked = strings.TrimSpace(f.Value(c.Name+".ask")), f.Value("row") == c.Name
	asked := ""
	if c.Asked {
		asked = c.Ask
	}
	for i, id := range []string{c.Value, asked} {
		if id == "" {
			continue
		}
		found, err := s.site.desk.Case(s.ctx(), s.user, id)
		switch {
		case sharing.CodeOf(err) == sharing.CodeNotFound:
			continue
		case err != nil:
			return err
		}
		if !slices.ContainsFunc(c.Choices, func(known choice) bool { return known.Value == found.ID }) {
			c.Choices = append(c.Choices, choice{Value: found.ID, Label: found.Number + " · " + cmp.Or(found.Title, found.Resource.Title), Chosen: i == 0})
		}
	}
	return nil
}
