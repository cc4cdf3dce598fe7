package desktest

import (
	"fmt"
	"slices"
	"strings"

	"gongshu/sharing"
)

// Mark is a data item with a name that occurs nowhere else.
type Mark struct {
	Entry sharing.Resource
	Field sharing.Field
}

// Mark gives every catalog entry of a region a data item of each grade, with names
// and titles by which a leak is known.
func (r *Rig) Mark(regionID string) []Mark { return r.MarkAs(regionID, "mark") }

// MarkAs is [Rig.Mark] with a word that the names begin with.
func (r *Rig) MarkAs(regionID, word string) []Mark {
	r.T.Helper()
	var marks []Mark
	for _, entry := range r.World.Resources {
		if entry.RegionID != regionID {
			continue
		}
		entry.Fields = slices.Clone(entry.Fields)
		for grade := sharing.LowestGrade; grade <= sharing.HighestGrade; grade++ {
			code := strings.ToLower(strings.ReplaceAll(entry.Code, "-", ""))
			f := sharing.Field{Name: fmt.Sprintf("%s_%d_%s", word, grade, code), Title: fmt.Sprintf("%s标记%d级%s", word, grade, code), Type: "string", Grade: grade}
			entry.Fields = append(entry.Fields, f)
		}
		for _, f := range entry.Fields[len(entry.Fields)-int(sharing.HighestGrade):] {
			marks = append(marks, Mark{entry, f})
		}
		r.Put(entry)
	}
	return marks
}

// HiddenFrom reports, in words of its own, whether the user of the region must never
// meet the mark: no grant is taken into account.
func (m Mark) HiddenFrom(u sharing.User) bool {
	has := func(roles ...sharing.Role) bool {
		return slices.ContainsFunc(roles, func(r sharing.Role) bool { return slices.Contains(u.Roles, r) })
	}
	own, open := u.Department.ID == m.Entry.Provider.ID, m.Entry.Class != sharing.NotShared && m.Entry.Grade < 4
	switch {
	case u.Region.ID != m.Entry.RegionID, has(sharing.Auditor):
		return true
	case has(sharing.Operator):
		return !open || m.Field.Grade > 2
	case has(sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor):
		return false
	case has(sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead):
		return !own && (!open || m.Field.Grade > 3)
	case has(sharing.Finance):
		return !open || m.Field.Grade > 2
	}
	return true
}

// HiddenFromPublic is [Mark.HiddenFrom] of everybody who looks in the open catalog.
func (m Mark) HiddenFromPublic() bool {
	return m.Entry.OpenClass == sharing.NotOpen || m.Entry.Class == sharing.NotShared || m.Entry.Grade > 3 || m.Field.Grade > 2
}

// In reports whether a reply tells of the mark.
func (m Mark) In(reply string) bool {
	return strings.Contains(reply, m.Field.Name) || strings.Contains(reply, m.Field.Title)
}
