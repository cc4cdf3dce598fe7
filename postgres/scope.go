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
func squaresOf(s sharing.Scope) map[sharing.Relation][]string {
	squares := map[sharing.Relation][]string{}
	for _, c := range s.Cells {
		squares[c.Relation] = append(squares[c.Relation], fmt.Sprintf("%s/%d", c.Class, c.Grade))
	}
	return squares
}

// ways lists the conditions under which a row is seen, one for each relation.
func (w *where) ways(s sharing.Subject, squares map[sharing.Relation][]string, col labels) []string {
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
		}
		ways = append(ways, fmt.Sprintf("(%s AND %s || '/' || %s = ANY(%s))", holds, col.class, col.grade, w.arg(squares[relation])))
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

// like escapes a search word for LIKE and puts it between wildcards.
func like(word string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(word) + "%"
}
