package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gongshu/sharing"
)

// Matter is a case of a procedure other than a share application, under way. Its
// content and messages are JSON in which some texts are references: "@resource
// CODE", "@department KEY" and "@user NAME" of its region, "@case ID" for the
// case of an earlier matter or the first of a story, and "@today", "@today+N" or
// "@today-N" for a day.
type Matter struct {
	ID        string // unique among stories and matters, and the same each time
	RegionID  string
	Procedure sharing.Procedure
	By        string // user id of who opens it
	Content   json.RawMessage
	Steps     []MatterStep
}

// MatterStep is something that somebody does to a matter after it was opened.
type MatterStep struct {
	By      string // user id
	Action  sharing.Action
	Message json.RawMessage
}

// Key is the idempotency key under which the matter is opened, 0, or its nth step
// is taken: playing it again only finds what was done.
func (m Matter) Key(n int) string { return fmt.Sprintf("demo-%s-%d", m.ID, n) }

type matterEntry struct {
	ID        string            `yaml:"id"`
	Region    string            `yaml:"region"`
	Procedure sharing.Procedure `yaml:"procedure"`
	By        string            `yaml:"by"` // user ids are written without the region
	Content   map[string]any    `yaml:"content"`
	Steps     []struct {
		By      string         `yaml:"by"`
		Action  sharing.Action `yaml:"action"`
		Message map[string]any `yaml:"message"`
	} `yaml:"steps"`
}

// matters takes over the matters as written.
func (l *loader) matters(entries []matterEntry) {
	encode := func(id string, v map[string]any) json.RawMessage {
		if v == nil {
			v = map[string]any{}
		}
		text, err := json.Marshal(v)
		if err != nil {
			l.wrong("matter %s: %v", id, err)
		}
		return text
	}
	for _, e := range entries {
		m := Matter{ID: e.ID, RegionID: e.Region, Procedure: e.Procedure, By: e.Region + "-" + e.By, Content: encode(e.ID, e.Content)}
		for _, s := range e.Steps {
			m.Steps = append(m.Steps, MatterStep{By: e.Region + "-" + s.By, Action: s.Action, Message: encode(e.ID, s.Message)})
		}
		l.world.Matters = append(l.world.Matters, m)
	}
}

// reference is a text in a matter's JSON that stands for something else.
var reference = regexp.MustCompile(`"@(resource|department|user|case|today)([^"]*)"`)

// Resolve puts what references of a matter stand for into its JSON. cases are the
// ids of cases by the ids of the stories and matters that they come from.
func (w World) Resolve(m Matter, text json.RawMessage, today sharing.Date, cases map[string]string) (json.RawMessage, error) {
	var failed error
	resolved := reference.ReplaceAllFunc(text, func(found []byte) []byte {
		parts := reference.FindSubmatch(found)
		value, err := w.resolve(m, string(parts[1]), strings.TrimSpace(string(parts[2])), today, cases)
		if err != nil && failed == nil {
			failed = fmt.Errorf("%s: %w", found, err)
		}
		return []byte(strconv.Quote(value))
	})
	return resolved, failed
}

func (w World) resolve(m Matter, kind, name string, today sharing.Date, cases map[string]string) (string, error) {
	switch kind {
	case "resource":
		i := slices.IndexFunc(w.Resources, func(r sharing.Resource) bool { return r.RegionID == m.RegionID && r.Code == name })
		if i < 0 {
			return "", fmt.Errorf("no entry %s in %s", name, m.RegionID)
		}
		return w.Resources[i].ID, nil
	case "department":
		id := m.RegionID + "-" + name
		if !slices.ContainsFunc(w.Departments, func(d sharing.Department) bool { return d.ID == id }) {
			return "", fmt.Errorf("no department %s", id)
		}
		return id, nil
	case "user":
		if _, ok := w.User(m.RegionID + "-" + name); !ok {
			return "", fmt.Errorf("no user %s in %s", name, m.RegionID)
		}
		return m.RegionID + "-" + name, nil
	case "case":
		id, ok := cases[name]
		if !ok {
			return "", fmt.Errorf("no story or matter %s before", name)
		}
		return id, nil
	}
	if name == "" {
		return today.String(), nil
	}
	days, err := strconv.Atoi(name)
	if err != nil {
		return "", err
	}
	return (today + sharing.Date(days)).String(), nil
}

// checkMatters looks whether matters name people and cases that exist, and steps
// that their machines have.
func checkMatters(w World, wrong func(string, ...any)) {
	cases := map[string]string{}
	for _, s := range w.Stories {
		cases[s.ID] = "00000000-0000-0000-0000-000000000000"
	}
	for _, m := range w.Matters {
		if _, taken := cases[m.ID]; taken {
			wrong("matter %s occurs twice", m.ID)
		}
		machine := m.Procedure.Machine()
		if machine.Content == nil {
			wrong("matter %s: nobody opens a case of %q", m.ID, m.Procedure)
			continue
		}
		says := func(by string, text json.RawMessage, v sharing.Checked) {
			if _, ok := w.User(by); !ok {
				wrong("matter %s: no user %s", m.ID, by)
			}
			text, err := w.Resolve(m, text, 20600, cases)
			if err == nil {
				strict := json.NewDecoder(bytes.NewReader(text))
				strict.DisallowUnknownFields()
				err = strict.Decode(v)
			}
			if err == nil {
				err = v.Check()
			}
			if err != nil {
				wrong("matter %s: %v", m.ID, err)
			}
		}
		says(m.By, m.Content, machine.Content())
		for _, s := range m.Steps {
			if machine.Says[s.Action] == nil {
				wrong("matter %s: %s is not a step of %s", m.ID, s.Action, m.Procedure)
				continue
			}
			says(s.By, s.Message, machine.Says[s.Action]())
		}
		cases[m.ID] = "00000000-0000-0000-0000-000000000000"
	}
}
