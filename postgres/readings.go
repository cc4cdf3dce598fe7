package postgres

import (
	"context"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// PutReadings writes into the log of reads, all in one statement and committed when
// it returns. When is by the database's clock.
func (s *Store) PutReadings(ctx context.Context, readings []sharing.Reading) error {
	_, err := s.pool.Exec(ctx, `
		INSERT INTO readings (region_id, user_id, department_id, on_behalf_of, via, operation, request_id, kind, subject_id, name, grade, fields, purpose, policy)
		SELECT r.region, r.user, r.department, r.on_behalf_of, r.via, r.operation, r.request, r.kind, r.subject, r.name, r.grade,
			ARRAY(SELECT jsonb_array_elements_text(r.fields)), r.purpose, r.policy
		FROM jsonb_to_recordset($1) AS r(region text, "user" text, department text, on_behalf_of text, via text, operation text, request text, kind text,
			subject text, name text, grade int, fields jsonb, purpose text, policy text)`, readingRows(readings))
	return translate(err)
}

// readingRow is a reading as the statement takes it apart.
type readingRow struct {
	Region     string        `json:"region"`
	User       string        `json:"user"`
	Department string        `json:"department"`
	OnBehalfOf string        `json:"on_behalf_of"`
	Via        string        `json:"via"`
	Operation  string        `json:"operation"`
	Request    string        `json:"request"`
	Kind       sharing.Kind  `json:"kind"`
	Subject    string        `json:"subject"`
	Name       string        `json:"name"`
	Grade      sharing.Grade `json:"grade"`
	Fields     []string      `json:"fields"`
	Purpose    string        `json:"purpose"`
	Policy     string        `json:"policy"`
}

func readingRows(readings []sharing.Reading) string {
	rows := make([]readingRow, len(readings))
	for i, r := range readings {
		rows[i] = readingRow{r.RegionID, r.UserID, r.DepartmentID, r.OnBehalfOf, r.Via, r.Operation, r.Request, r.Kind, r.SubjectID, r.Name,
			r.Grade, append([]string{}, r.Fields...), r.Purpose, r.Policy}
	}
	return mustJSON(rows)
}

// ReadFilter narrows the log of reads; zero fields do not narrow.
type ReadFilter struct {
	Person   string
	Subject  string    // id, or name: a code or number
	From, To time.Time // from the one, before the other
	Cursor   string
	Limit    int
}

// Readings returns one page of the log of reads, the latest first, as far as the
// scope allows.
func (s *Store) Readings(ctx context.Context, scope sharing.Scope, f ReadFilter) (page []sharing.Reading, next string, total int, err error) {
	var w where
	w.see(scope, labels{region: "l.region_id", provider: "''", class: "'not_shared'::text", grade: "4"})
	if f.Person != "" {
		w.and("l.user_id = ?", f.Person)
	}
	if f.Subject != "" {
		w.and("(l.subject_id = ? OR l.name = ?)", f.Subject, f.Subject)
	}
	if !f.From.IsZero() {
		w.and("l.at >= ?", f.From)
	}
	if !f.To.IsZero() {
		w.and("l.at < ?", f.To)
	}
	return list(ctx, s.pool, listing[sharing.Reading]{
		query: `
			SELECT l.id, l.at, l.region_id, l.user_id, l.department_id, l.on_behalf_of, l.via, l.operation, l.request_id, l.kind, l.subject_id, l.name,
				l.grade, l.fields, l.purpose, l.policy, coalesce(u.name, ''), coalesce(d.name, ''), coalesce(b.name, '')
			FROM readings l LEFT JOIN users u ON u.id = l.user_id LEFT JOIN departments d ON d.id = l.department_id
				LEFT JOIN users b ON b.id = l.on_behalf_of `,
		count: `SELECT count(*) FROM readings l `, where: w,
		key: "l.id", cast: "bigint", id: "l.id::text", desc: true, cursor: f.Cursor, limit: f.Limit,
		scan: func(row pgx.Row) (sharing.Reading, error) {
			var r sharing.Reading
			err := row.Scan(&r.ID, &r.At, &r.RegionID, &r.UserID, &r.DepartmentID, &r.OnBehalfOf, &r.Via, &r.Operation, &r.Request, &r.Kind,
				&r.SubjectID, &r.Name, &r.Grade, &r.Fields, &r.Purpose, &r.Policy, &r.UserName, &r.DepartmentName, &r.OnBehalfOfName)
			return r, err
		},
		at: func(r sharing.Reading) (string, string) {
			id := strconv.FormatInt(r.ID, 10)
			return id, id
		},
	})
}
