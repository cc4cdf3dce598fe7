package policies

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gongshu/sharing"
)

// Things are things of the world with equal labels: whoever may see one may see all.
type Things struct {
	sharing.Thing
	Count int
	Names []string // of some of them
}

// Difference is what a change of policy takes from people, or gives them, alike:
// the same squares of the grid.
type Difference struct {
	Action sharing.Action `json:"action"`
	Kind   sharing.Kind   `json:"kind"`
	Gains  bool           `json:"gains"`
	Region string         `json:"region"`
	People []string       `json:"people"` // ids, all of them
	Things int            `json:"things"` // that any of them loses or gains
	Names  []string       `json:"names"`  // of some of the things
	// Pairs sums up how many things each of the people loses or gains: fewer than
	// people times things where what is one's own department's is left to them.
	Pairs int `json:"pairs"`
}

// maxNames bounds how many things a difference names.
const maxNames = 5

// Compare tells what next allows to the people that p does not, and the other way
// round, of the things: sight first, losses before gains.
func (p *Policy) Compare(next *Policy, people []sharing.Subject, things []Things) []Difference {
	of := map[sharing.Kind]map[string][]int{} // indexes of things by kind and region
	for i, t := range things {
		if of[t.Kind] == nil {
			of[t.Kind] = map[string][]int{}
		}
		of[t.Kind][t.RegionID] = append(of[t.Kind][t.RegionID], i)
	}
	var all []*gathered
	found := map[string]*gathered{}
	for _, g := range alike(people) {
		for _, kind := range kinds {
			for _, action := range actionsOn[kind] {
				before, after := p.Scope(g.subject, kind, action), next.Scope(g.subject, kind, action)
				for _, d := range [2]struct {
					gains    bool
					from, to sharing.Scope
				}{{false, before, after}, {true, after, before}} {
					cells := slices.DeleteFunc(slices.Clone(d.from.Cells), func(c sharing.Cell) bool { return slices.Contains(d.to.Cells, c) })
					if len(cells) == 0 {
						continue
					}
					key := fmt.Sprint(kind, action, d.gains, g.subject.RegionID, cells)
					for _, i := range of[kind][g.subject.RegionID] {
						if !d.from.Allows(things[i].Thing) || d.to.Allows(things[i].Thing) {
							continue
						}
						if found[key] == nil {
							found[key] = &gathered{things: map[int]bool{}, people: map[string]bool{},
								Difference: Difference{Action: action, Kind: kind, Gains: d.gains, Region: g.subject.RegionID}}
							all = append(all, found[key])
						}
						found[key].take(g.ids, i, things[i].Count)
					}
				}
			}
		}
	}
	differences := make([]Difference, len(all))
	for n, d := range all {
		differences[n] = d.whole(things)
	}
	slices.SortStableFunc(differences, func(a, b Difference) int {
		return cmp.Or(firstOf(a.Action == sharing.Read, b.Action == sharing.Read), firstOf(!a.Gains, !b.Gains),
			cmp.Compare(a.Region, b.Region), cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind)), cmp.Compare(b.Pairs, a.Pairs))
	})
	return differences
}

// equals are people of one department who hold the same roles: a policy decides
// alike about them.
type equals struct {
	subject sharing.Subject
	ids     []string
}

func alike(people []sharing.Subject) []*equals {
	var all []*equals
	byKey := map[string]*equals{}
	for _, s := range people {
		key := fmt.Sprint(s.RegionID, " ", s.DepartmentID, slices.Sorted(slices.Values(s.Roles)))
		if byKey[key] == nil {
			byKey[key] = &equals{subject: s}
			all = append(all, byKey[key])
		}
		byKey[key].ids = append(byKey[key].ids, s.UserID)
	}
	return all
}

// gathered is a difference of which more and more becomes known.
type gathered struct {
	Difference
	people map[string]bool
	things map[int]bool
}

func (d *gathered) take(ids []string, thing, count int) {
	for _, id := range ids {
		d.people[id] = true
	}
	d.things[thing] = true
	d.Pairs += len(ids) * count
}

func (d *gathered) whole(things []Things) Difference {
	d.People = slices.Sorted(maps.Keys(d.people))
	d.Names = []string{}
	for _, i := range slices.Sorted(maps.Keys(d.things)) {
		d.Things += things[i].Count
		for _, name := range things[i].Names {
			if len(d.Names) < maxNames && strings.TrimSpace(name) != "" {
				d.Names = append(d.Names, name)
			}
		}
	}
	return d.Difference
}

// firstOf orders what is true before what is not.
func firstOf(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}
