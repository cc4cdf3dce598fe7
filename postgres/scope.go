package postgres

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"gongshu/sharing"
)

// where builds a WHERE clause and its arguments together.
type where struct {
	conditions []string
	args       []any
}

// arg adds an argument and returns its placeholder.
func (w *where) arg(v any) string {
	w.args = append(w.args, v)
	return fmt.Sprintf("$%d", len(w.args))
}

// and adds a condition; each ? stands for the next of args.
func (w *where) and(condition string, args ...any) {
	for _, a := range args {
		condition = strings.Replace(condition, "?", w.arg(a), 1)
	}
	w.conditions = append(w.conditions, condition)
}

func (w *where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(w.conditions, " AND ")
}

// labels names the columns that decide who may see a row. Applicant is empty
// for tables without one.
type labels struct{ region, provider, applicant, class, grade string }

// entryLabels are the labels of catalog entries by kind, and in which state an entry
// is of that kind. Opening says in SQL what [sharing.Resource.OpenThing] says in Go.
var entryLabels = map[sharing.Kind]struct {
	labels
	state string
}{
	sharing.KindResource: {resourceLabels, "NOT r.withdrawn"},
	sharing.KindFormer:   {resourceLabels, "r.withdrawn"},
	sharing.KindOpenEntry: {labels{region: "r.region_id", provider: "r.department_id", grade: "r.grade",
		class: `(CASE WHEN r.class = 'not_shared' OR r.open_class = 'not_open' THEN 'not_shared'
			WHEN r.open_class = 'open' THEN 'unconditional' WHEN r.open_class = 'conditional' THEN 'conditional' END)`}, "NOT r.withdrawn"},
}

// seeEntries narrows a list of catalog entries to what the scopes of their kinds
// allow. Regions in which the public sees alike share one condition.
func (w *where) seeEntries(all sharing.Scopes) {
	var conditions []string
	for i, s := range all {
		public := func(o sharing.Scope) bool { return o.Kind == sharing.KindOpenEntry && slices.Equal(o.Cells, s.Cells) }
		col, known := entryLabels[s.Kind]
		if !known || s.Subject.RegionID == "" || s.Subject.DepartmentID == "" || public(s) && slices.ContainsFunc(all[:i], public) {
			continue
		}
		ways := w.ways(s.Subject, squaresOf(s), col.labels)
		if s.Kind == sharing.KindOpenEntry {
			ways = w.openWays(s)
		}
		if len(ways) == 0 {
			continue
		}
		regions := []string{s.Subject.RegionID}
		for _, o := range all[i+1:] {
			if public(s) && public(o) && o.Subject.Has(sharing.Citizen) {
				regions = append(regions, o.Subject.RegionID)
			}
		}
		var in string
		if len(regions) == 1 { // of which the indexes keep the order
			in = "r.region_id = " + w.arg(regions[0])
		} else {
			in = "r.region_id = ANY(" + w.arg(regions) + ")"
		}
		conditions = append(conditions, fmt.Sprintf("(%s AND %s AND (%s))", in, col.state, strings.Join(ways, " OR ")))
	}
	if len(conditions) == 0 {
		w.and("false")
		return
	}
	w.and("(" + strings.Join(conditions, " OR ") + ")")
}

// openWays lists the conditions under which the public sees an entry.
func (w *where) openWays(s sharing.Scope) []string {
	squares := squaresOf(s)[sharing.AsPublic]
	if len(squares) == 0 || !s.Subject.Has(sharing.Citizen) {
		return nil
	}
	return []string{w.within(squares, entryLabels[sharing.KindOpenEntry].labels)}
}

// see narrows a list to what the scope allows. It says in SQL what
// [sharing.Scope.Allows] says in Go; a test holds the two together.
func (w *where) see(s sharing.Scope, col labels) {
	if s.Subject.RegionID == "" || s.Subject.DepartmentID == "" {
		w.and("false")
		return
	}
	ways := w.ways(s.Subject, squaresOf(s), col)
	if len(ways) == 0 {
		w.and("false")
		return
	}
	w.and(col.region + " = " + w.arg(s.Subject.RegionID))
	w.and("(" + strings.Join(ways, " OR ") + ")")
}

// seeCases narrows a list of cases to what the scopes of their kinds allow.
// Procedures to whose cases the subject stands alike share one condition.
func (w *where) seeCases(all sharing.Scopes) {
	var conditions []string
	for i, s := range all {
		if s.Subject.RegionID == "" || s.Subject.DepartmentID == "" || slices.ContainsFunc(all[:i], func(o sharing.Scope) bool { return alike(o, s) }) {
			continue
		}
		var procedures []string
		for _, p := range sharing.Procedures {
			if slices.ContainsFunc(all[i:], func(o sharing.Scope) bool { return o.Kind == p.Kind() && alike(o, s) }) {
				procedures = append(procedures, string(p))
			}
		}
		ways := w.ways(s.Subject, squaresOf(s), caseLabels)
		if len(ways) == 0 || len(procedures) == 0 {
			continue
		}
		conditions = append(conditions, fmt.Sprintf("(c.region_id = %s AND c.procedure = ANY(%s) AND (%s))",
			w.arg(s.Subject.RegionID), w.arg(procedures), strings.Join(ways, " OR ")))
	}
	if len(conditions) == 0 {
		w.and("false")
		return
	}
	w.and("(" + strings.Join(conditions, " OR ") + ")")
}

// alike reports whether two scopes allow the same squares to the same subject.
func alike(a, b sharing.Scope) bool {
	return a.Subject.UserID == b.Subject.UserID && a.Subject.DepartmentID == b.Subject.DepartmentID && a.Subject.RegionID == b.Subject.RegionID &&
		slices.Equal(a.Subject.Roles, b.Subject.Roles) && slices.Equal(a.Cells, b.Cells)
}

// squaresOf are the squares of class and grade by relation.
func squaresOf(s sharing.Scope) map[sharing.Relation][]sharing.Cell {
	squares := map[sharing.Relation][]sharing.Cell{}
	for _, c := range s.Cells {
		squares[c.Relation] = append(squares[c.Relation], c)
	}
	return squares
}

// within is the condition that a row lies in one of the squares. Classes that have the
// same grades share one comparison, and both columns stand alone in theirs: the
// database knows how frequent their values are, and of no expression over them.
func (w *where) within(squares []sharing.Cell, col labels) string {
	grades := map[sharing.Class][]int{}
	var classes []sharing.Class
	for _, c := range squares {
		if grades[c.Class] == nil {
			classes = append(classes, c.Class)
		}
		grades[c.Class] = append(grades[c.Class], int(c.Grade))
	}
	for class, some := range grades {
		slices.Sort(some)
		grades[class] = slices.Compact(some)
	}
	var conditions []string
	for i, class := range classes {
		same := func(o sharing.Class) bool { return slices.Equal(grades[o], grades[class]) }
		if slices.ContainsFunc(classes[:i], same) {
			continue
		}
		var alike []string
		for _, o := range classes[i:] {
			if same(o) {
				alike = append(alike, string(o))
			}
		}
		conditions = append(conditions, fmt.Sprintf("%s = ANY(%s) AND %s = ANY(%s)", col.class, w.arg(alike), col.grade, w.arg(grades[class])))
	}
	return "(" + strings.Join(conditions, " OR ") + ")"
}

// ways lists the conditions under which a row is seen, one for each relation.
func (w *where) ways(s sharing.Subject, squares map[sharing.Relation][]sharing.Cell, col labels) []string {
	var ways []string
	for _, relation := range sharing.Relations {
		if len(squares[relation]) == 0 {
			continue
		}
		holds := ""
		mine := func() string { return w.arg(s.DepartmentID) }
		switch relation {
		case sharing.AsProvider:
			holds = col.provider + " = " + mine()
		case sharing.AsApplicant:
			if col.applicant == "" {
				continue
			}
			holds = col.applicant + " = " + mine()
		case sharing.AsPeer:
			holds = col.provider + " <> " + mine()
			if col.applicant != "" {
				holds += " AND " + col.applicant + " <> " + mine()
			}
		case sharing.AsAuthority:
			if !s.Has(sharing.AuthorityOfficer, sharing.AuthorityHead) {
				continue
			}
			holds = "true"
		case sharing.AsOverseer:
			if !s.Oversees() {
				continue
			}
			holds = "true"
		case sharing.AsPublic:
			continue // to the open catalog alone
		}
		ways = append(ways, "("+holds+" AND "+w.within(squares[relation], col)+")")
	}
	return ways
}

// A cursor is the sort key and id of the last row shown; opaque to clients, and
// made of nothing but what that row shows.

func encodeCursor(key, id string) string {
	b, err := json.Marshal([2]string{key, id})
	if err != nil { // two strings always marshal
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(cursor string) (key, id string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", "", badCursor
	}
	var pair [2]string
	if err := json.Unmarshal(b, &pair); err != nil || pair[1] == "" {
		return "", "", badCursor
	}
	return pair[0], pair[1], nil
}

// cursorRefused reports whether the database could not read a cursor's key: it
// was made up.
func cursorRefused(err error) bool {
	var pgErr *pgconn.PgError
	return errors.As(err, &pgErr) && pgErr.Code[:2] == "22"
}

var badCursor = sharing.Invalid("cursor", "cursor", "not a cursor that a list returned")

// contains is the condition that a text contains a word, in whatever case. Chinese
// knows none: such a word is looked for as it stands, without turning every row's text
// into lower case, which takes longer than the search itself.
func (w *where) contains(text, word string) string {
	if strings.ToLower(word) == strings.ToUpper(word) {
		return text + " LIKE " + w.arg(like(word))
	}
	return "lower(" + text + ") LIKE " + w.arg(like(strings.ToLower(word)))
}

// like escapes a search word for LIKE and puts it between wildcards.
func like(word string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word) + "%"
}
