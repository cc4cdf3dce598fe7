package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

const caseColumns = `
	c.id, c.number, c.procedure, c.title, coalesce(c.parent_id::text, ''), coalesce(c.application_id::text, ''), c.region_id, c.regulation_id,
	coalesce(c.resource_id::text, ''), coalesce(r.code, ''), coalesce(r.title, ''), coalesce(c.resource_version, 0),
	c.class, c.grade, coalesce(c.applicant_user, ''), c.state, c.version, c.request, c.fields, c.facts, c.content, c.paper,
	c.received_at, c.created_at, c.updated_at, c.closed_at, c.wake_at,
	p.id, p.region_id, p.name, p.name_en, p.kind, d.id, d.region_id, d.name, d.name_en, d.kind`

const caseTables = `
FROM cases c LEFT JOIN resources r ON r.id = c.resource_id
	JOIN departments p ON p.id = c.provider_id JOIN departments d ON d.id = c.applicant_id
`

var caseLabels = labels{region: "c.region_id", provider: "c.provider_id", applicant: "c.applicant_id", class: "c.class", grade: "c.grade"}

// caseTargets are where the columns of caseColumns are scanned to.
func caseTargets(c *sharing.Case) []any {
	return []any{&c.ID, &c.Number, &c.Procedure, &c.Title, &c.ParentID, &c.ApplicationID, &c.RegionID, &c.RegulationID,
		&c.Resource.ID, &c.Resource.Code, &c.Resource.Title, &c.Resource.Version,
		&c.Class, &c.Grade, &c.ApplicantID, &c.State, &c.Version, &c.Request, &c.Fields, &c.Facts, (*[]byte)(&c.Content), &c.Paper,
		&c.ReceivedAt, &c.CreatedAt, &c.UpdatedAt, &c.ClosedAt, &c.WakeAt,
		&c.Provider.ID, &c.Provider.RegionID, &c.Provider.Name, &c.Provider.NameEN, &c.Provider.Kind,
		&c.Applicant.ID, &c.Applicant.RegionID, &c.Applicant.Name, &c.Applicant.NameEN, &c.Applicant.Kind}
}

func scanCase(row pgx.Row) (sharing.Case, error) {
	var c sharing.Case
	err := row.Scan(caseTargets(&c)...)
	return c, err
}

// CaseFilter narrows a list of cases; zero fields do not narrow.
type CaseFilter struct {
	Procedure   sharing.Procedure
	Parent      string
	Resource    string
	Provider    string // department
	Applicant   string // department
	Department  string // on either side
	StartedBy   string // user
	FollowedBy  string // user
	State       sharing.State
	Application string
	Number      string
	Text        string
	Regulation  string
	Open        bool // not closed
	UnderWay    bool // not closed, nor merely in use
	Late        bool // closed, and a limit or target was met late
	Due         Span // of a running limit
	NoLimit     bool // only those on which no limit runs
	// Bounds of when the case was received and when it was closed.
	ReceivedFrom, ReceivedBefore time.Time
	ClosedFrom, ClosedBefore     time.Time
	Order                        Order
	Waits                        bool // say what each waits for
	Cursor                       string
	Limit                        int
}

func (f CaseFilter) where(scopes sharing.Scopes) where {
	var w where
	w.seeCases(scopes)
	if f.Procedure != "" {
		w.and("c.procedure = ?", f.Procedure)
	}
	if f.Parent != "" {
		w.and("c.parent_id = ?", uuidOf(f.Parent))
	}
	if f.Resource != "" {
		w.and("c.resource_id = ?", uuidOf(f.Resource))
	}
	if f.Provider != "" {
		w.and("c.provider_id = ?", f.Provider)
	}
	if f.Applicant != "" {
		w.and("c.applicant_id = ?", f.Applicant)
	}
	if f.Department != "" {
		w.and("(c.provider_id = ? OR c.applicant_id = ?)", f.Department, f.Department)
	}
	if f.StartedBy != "" {
		w.and("c.applicant_user = ?", f.StartedBy)
	}
	if f.FollowedBy != "" {
		w.and("EXISTS (SELECT FROM followers fo WHERE fo.case_id = c.id AND fo.user_id = ?)", f.FollowedBy)
	}
	if f.State != "" {
		w.and("c.state = ?", f.State)
	}
	if f.Application != "" {
		w.and("c.application_id = ?", uuidOf(f.Application))
	}
	if f.Number != "" {
		w.and("c.number = ?", f.Number)
	}
	w.words(f.Text)
	if f.UnderWay {
		w.and("c.closed_at IS NULL AND NOT (c.procedure = 'share' AND c.state IN ('in_use', 'suspended'))")
	}
	if !f.Due.open() {
		w.and("c.id IN (SELECT l.case_id FROM deadlines l WHERE " + w.running(f.Due) + ")")
	}
	if f.NoLimit {
		w.and("NOT EXISTS (SELECT FROM deadlines l WHERE l.case_id = c.id AND l.state = 'running' AND l.due_at IS NOT NULL)")
	}
	if f.Regulation != "" {
		w.and("c.regulation_id = ?", f.Regulation)
	}
	if f.Open {
		w.and("c.closed_at IS NULL")
	}
	if f.Late {
		w.and("c.closed_at IS NOT NULL AND " + metLate)
	}
	for _, bound := range []struct {
		condition string
		at        time.Time
	}{
		{"c.received_at >= ?", f.ReceivedFrom}, {"c.received_at < ?", f.ReceivedBefore},
		{"c.closed_at >= ?", f.ClosedFrom}, {"c.closed_at < ?", f.ClosedBefore},
	} {
		if !bound.at.IsZero() {
			w.and(bound.condition, bound.at)
		}
	}
	return w
}

// EachCase calls do with the cases that [Store.Cases] would list, one after the other
// and limit at most, without holding them all and without their clocks.
func (s *Store) EachCase(ctx context.Context, scopes sharing.Scopes, f CaseFilter, limit int, do func(sharing.Case) error) error {
	w := f.where(scopes)
	rows, err := s.pool.Query(ctx, `SELECT `+caseColumns+caseTables+w.String()+` ORDER BY c.created_at DESC, c.id DESC LIMIT `+w.arg(limit), w.args...)
	return each(rows, err, scanCase, do)
}

// CaseCount counts the cases that the scopes and the filter allow, up to Plenty.
func (s *Store) CaseCount(ctx context.Context, scopes sharing.Scopes, f CaseFilter) (int, error) {
	w := f.where(scopes)
	var n int
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM cases c `+w.String()+` LIMIT `+w.arg(Plenty)+`) few`, w.args...).Scan(&n)
	return n, translate(err)
}

// CaseRow is a case with the clock that runs on it now, if one does.
type CaseRow struct {
	sharing.Case
	Clock *sharing.Deadline
	// Waits is the open task of the case; nil without one, or unless asked for.
	Waits *Awaited
	due   *time.Time // when the first of its running limits ends
}

// leastTime is when the first of a case's running limits ends.
const leastTime = `(SELECT min(l.due_at) FROM deadlines l WHERE l.case_id = c.id AND l.state = 'running')`

// Awaited is what a case waits for, and from whom.
type Awaited struct {
	Kind       sharing.TaskKind
	Department sharing.Department
}

// waitsOf returns what each of the cases waits for.
func (s *Store) waitsOf(ctx context.Context, caseIDs []string) (map[string]*Awaited, error) {
	rows, err := s.pool.Query(ctx, `SELECT t.case_id, t.kind, d.id, d.region_id, d.name, d.name_en, d.kind
		FROM tasks t JOIN departments d ON d.id = t.department_id WHERE t.state = 'open' AND t.case_id = ANY($1::uuid[])`, caseIDs)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	waits := map[string]*Awaited{}
	for rows.Next() {
		var id string
		var t Awaited
		if err := rows.Scan(&id, &t.Kind, &t.Department.ID, &t.Department.RegionID, &t.Department.Name, &t.Department.NameEN, &t.Department.Kind); err != nil {
			return nil, translate(err)
		}
		waits[id] = &t
	}
	return waits, translate(rows.Err())
}

// Cases returns one page of the cases the scopes allow, the newest first unless
// ordered otherwise.
func (s *Store) Cases(ctx context.Context, scopes sharing.Scopes, f CaseFilter) (page []CaseRow, next string, total int, err error) {
	due := "NULL::timestamptz"
	if f.Order == ByTimeLeft {
		due = leastTime
	}
	l := listing[CaseRow]{
		query: `SELECT ` + caseColumns + `, ` + due + caseTables, count: `SELECT count(*) FROM cases c `, where: f.where(scopes),
		id: "c.id::text", cursor: f.Cursor, limit: f.Limit, narrow: " FROM cases c ", own: "c.id",
		scan: func(row pgx.Row) (CaseRow, error) {
			var c CaseRow
			err := row.Scan(append(caseTargets(&c.Case), &c.due)...)
			return c, err
		},
	}
	switch f.Order {
	case ByTimeLeft:
		l.order, l.key, l.cast = string(ByTimeLeft), "coalesce("+leastTime+", 'infinity')", "timestamptz"
		l.at = func(c CaseRow) (string, string) {
			if c.due == nil {
				return "infinity", c.ID
			}
			return c.due.Format(time.RFC3339Nano), c.ID
		}
	case ByReceipt:
		l.order, l.key, l.cast, l.desc = string(ByReceipt), "c.received_at", "timestamptz", true
		l.at = func(c CaseRow) (string, string) { return c.ReceivedAt.Format(time.RFC3339Nano), c.ID }
	case ByNumber:
		l.order, l.key = string(ByNumber), "c.number"
		l.at = func(c CaseRow) (string, string) { return c.Number, c.ID }
	default:
		l.key, l.cast, l.desc = "c.created_at", "timestamptz", true
		l.at = func(c CaseRow) (string, string) { return c.CreatedAt.Format(time.RFC3339Nano), c.ID }
	}
	if page, next, total, err = list(ctx, s.pool, l); err != nil {
		return nil, "", 0, err
	}
	ids := make([]string, len(page))
	for i, c := range page {
		ids[i] = c.ID
	}
	clocks, err := s.clocksOf(ctx, ids)
	if err != nil {
		return nil, "", 0, err
	}
	for i, c := range page {
		if d, ok := clocks[c.ID]; ok {
			page[i].Clock = &d
		}
	}
	if f.Waits {
		waits, err := s.waitsOf(ctx, ids)
		if err != nil {
			return nil, "", 0, err
		}
		for i, c := range page {
			page[i].Waits = waits[c.ID]
		}
	}
	return page, next, total, nil
}

// Case returns a case by id or number if the scopes allow it; CodeNotFound
// otherwise.
func (s *Store) Case(ctx context.Context, scopes sharing.Scopes, id string) (sharing.Case, error) {
	var w where
	w.seeCases(scopes)
	w.and("(c.id = ? OR c.number = ?)", uuidOf(id), id)
	c, err := scanCase(s.pool.QueryRow(ctx, `SELECT `+caseColumns+caseTables+w.String(), w.args...))
	return c, translate(err)
}

// CaseByID returns a case whoever asks: for the system itself.
func (s *Store) CaseByID(ctx context.Context, id string) (sharing.Case, error) {
	c, err := scanCase(s.pool.QueryRow(ctx, `SELECT `+caseColumns+caseTables+`WHERE c.id = $1`, uuidOf(id)))
	return c, translate(err)
}

// LockCase returns a case and keeps it from changing until the transaction ends.
func (t *Tx) LockCase(ctx context.Context, id string) (sharing.Case, error) {
	c, err := scanCase(t.tx.QueryRow(ctx, `SELECT `+caseColumns+caseTables+`WHERE c.id = $1 FOR UPDATE OF c`, uuidOf(id)))
	return c, translate(err)
}

// InsertCase opens a case.
func (t *Tx) InsertCase(ctx context.Context, c sharing.Case) error {
	request, err := json.Marshal(c.Request)
	if err != nil {
		return err
	}
	_, err = t.tx.Exec(ctx, `
		INSERT INTO cases (id, number, application_id, region_id, regulation_id, resource_id, resource_version, class, grade,
			provider_id, applicant_id, applicant_user, state, version, request, fields, facts, paper, received_at, created_at, updated_at,
			procedure, title, parent_id, content, wake_at)
		VALUES ($1, $2, nullif($3, '')::uuid, $4, $5, nullif($6, '')::uuid, nullif($7, 0), $8, $9, $10, $11, nullif($12, ''), $13, $14, $15, $16, $17, $18, $19,
			$20, $20, $21, $22, nullif($23, '')::uuid, $24, $25)`,
		c.ID, c.Number, c.ApplicationID, c.RegionID, c.RegulationID, c.Resource.ID, c.Resource.Version, c.Class, c.Grade,
		c.Provider.ID, c.Applicant.ID, c.ApplicantID, c.State, c.Version, request, append([]string{}, c.Fields...), facts(c.Facts), c.Paper,
		c.ReceivedAt, c.CreatedAt, c.Procedure, c.Title, c.ParentID, []byte(c.Content), c.WakeAt)
	return err
}

// StepCase writes the state and version c has come to. It changes nothing and
// returns CodeStale unless the stored case is in the version just before.
func (t *Tx) StepCase(ctx context.Context, c sharing.Case) error {
	request, err := json.Marshal(c.Request)
	if err != nil {
		return err
	}
	tag, err := t.tx.Exec(ctx, `
		UPDATE cases SET state = $2, version = $3, request = $4, updated_at = $5, closed_at = $6, provider_id = $7, content = $8, wake_at = $9,
			title = $10, resource_id = nullif($11, '')::uuid, resource_version = nullif($12, 0), class = $13, grade = $14, parent_id = nullif($15, '')::uuid
		WHERE id = $1 AND version = $3 - 1`,
		c.ID, c.State, c.Version, request, c.UpdatedAt, c.ClosedAt, c.Provider.ID, []byte(c.Content), c.WakeAt,
		c.Title, c.Resource.ID, c.Resource.Version, c.Class, c.Grade, c.ParentID)
	if err == nil && tag.RowsAffected() == 0 {
		return &sharing.Error{Code: sharing.CodeStale}
	}
	return err
}

// Paperwork is what has been written on a case besides its states.
type Paperwork struct {
	Completion *sharing.Completion
	Completed  *sharing.Completed
	Decision   *sharing.Decision
	DecidedAt  *time.Time
	Consent    *sharing.Ruling // the authority's, to the way of sharing
	Provision  *sharing.Provision
	Grant      *sharing.Grant
}

// Paperwork returns what has been written on a case.
func (s *Store) Paperwork(ctx context.Context, c sharing.Case) (Paperwork, error) {
	var p Paperwork
	err := s.pool.QueryRow(ctx, `SELECT request, completed FROM completions WHERE case_id = $1`, c.ID).Scan(&p.Completion, &p.Completed)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return p, translate(err)
	}
	err = s.pool.QueryRow(ctx, `SELECT decision, decided_at FROM decisions WHERE case_id = $1`, c.ID).Scan(&p.Decision, &p.DecidedAt)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return p, translate(err)
	}
	err = s.pool.QueryRow(ctx, `SELECT ruling FROM consents WHERE case_id = $1`, c.ID).Scan(&p.Consent)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return p, translate(err)
	}
	err = s.pool.QueryRow(ctx, `SELECT provision FROM provisions WHERE case_id = $1 ORDER BY attempt DESC LIMIT 1`, c.ID).Scan(&p.Provision)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return p, translate(err)
	}
	g, err := scanGrant(s.pool.QueryRow(ctx, selectGrant+`WHERE g.case_id = $1`, c.ID))
	if err == nil {
		p.Grant = &g
	} else if !errors.Is(err, pgx.ErrNoRows) {
		return p, translate(err)
	}
	return p, nil
}

// PutCompletion writes the one request for completion of a case.
func (t *Tx) PutCompletion(ctx context.Context, caseID string, request sharing.Completion, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `INSERT INTO completions (case_id, request, asked_by, asked_at) VALUES ($1, $2, $3, $4)`, caseID, mustJSON(request), by, at)
	return err
}

// SettleCompletion writes what the applicant completed.
func (t *Tx) SettleCompletion(ctx context.Context, caseID string, completed sharing.Completed, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `UPDATE completions SET completed = $2, completed_by = $3, completed_at = $4 WHERE case_id = $1`,
		caseID, mustJSON(completed), by, at)
	return err
}

// PutDecision writes the answer to a case; there can be only one.
func (t *Tx) PutDecision(ctx context.Context, caseID string, d sharing.Decision, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `INSERT INTO decisions (case_id, agree, decision, decided_by, decided_at) VALUES ($1, $2, $3, $4, $5)`,
		caseID, d.Agree, mustJSON(d), by, at)
	return err
}

// Decision returns the answer to a case; CodeNotFound while there is none.
func (t *Tx) Decision(ctx context.Context, caseID string) (sharing.Decision, error) {
	var d sharing.Decision
	err := t.tx.QueryRow(ctx, `SELECT decision FROM decisions WHERE case_id = $1`, caseID).Scan(&d)
	return d, translate(err)
}

// PutProvision writes how the data was provided, as the next attempt.
func (t *Tx) PutProvision(ctx context.Context, caseID string, p sharing.Provision, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO provisions (case_id, attempt, provision, provided_by, provided_at)
		SELECT $1, coalesce(max(attempt), 0) + 1, $2, $3, $4 FROM provisions WHERE case_id = $1`, caseID, mustJSON(p), by, at)
	return err
}

// SettleProvision writes that the last attempt was received, or, with a failure,
// that it was not.
func (t *Tx) SettleProvision(ctx context.Context, caseID, failure, by string, at time.Time) error {
	_, err := t.tx.Exec(ctx, `
		UPDATE provisions SET failure = nullif($2, ''), settled_by = $3, settled_at = $4
		WHERE case_id = $1 AND attempt = (SELECT max(attempt) FROM provisions WHERE case_id = $1)`, caseID, failure, by, at)
	return err
}

// Unchecked is a case whose workflow may not have heard of its last step.
type Unchecked struct {
	ID        string
	Version   int
	State     sharing.State
	Procedure sharing.Procedure
}

// UncheckedCases returns cases that changed at least age ago and whose workflows
// have not been looked at since, the oldest first.
func (s *Store) UncheckedCases(ctx context.Context, age time.Duration, limit int) ([]Unchecked, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT id::text, version, state, procedure FROM cases
		WHERE checked_version <> version AND updated_at < clock_timestamp() - $1::interval ORDER BY updated_at LIMIT $2`, age, limit)
	if err != nil {
		return nil, translate(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Unchecked])
	return found, translate(err)
}

// OpenCases returns the ids of all open cases that have not changed for at least
// age.
func (s *Store) OpenCases(ctx context.Context, age time.Duration) ([]string, error) {
	rows, err := s.pool.Query(ctx, `SELECT id::text FROM cases WHERE closed_at IS NULL AND updated_at < clock_timestamp() - $1::interval`, age)
	if err != nil {
		return nil, translate(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return ids, translate(err)
}

// EarlierAnswer is how a department answered another application.
type EarlierAnswer struct {
	CaseID, Number, Title string
	Applicant             sharing.Department
	Class                 sharing.Class
	Grade                 sharing.Grade
	Same                  bool // it was about the same entry
	Decision              sharing.Decision
	At                    time.Time
}

// EarlierAnswers returns how a department answered other applications for a
// resource, and what it refused else, as far as the scopes allow: those for the
// resource first, of each the last first.
func (s *Store) EarlierAnswers(ctx context.Context, scopes sharing.Scopes, department, resource, except string, limit int) ([]EarlierAnswer, error) {
	var w where
	w.seeCases(scopes)
	w.and("c.provider_id = ? AND c.id IS DISTINCT FROM ?", department, uuidOf(except))
	same, most := "coalesce(c.resource_id = "+w.arg(uuidOf(resource))+", false)", w.arg(limit)
	// Which they are is found without reading what they say, and each of the two the
	// shorter way: by the resource, and by when it was refused.
	last := func(which string) string {
		return `(SELECT c.id FROM cases c JOIN decisions n ON n.case_id = c.id ` + w.String() + ` AND ` + which + ` ORDER BY n.decided_at DESC LIMIT ` + most + `)`
	}
	few := `c.id = ANY(ARRAY(` + last("c.resource_id = "+w.arg(uuidOf(resource))) + ` UNION ALL ` + last("NOT n.agree AND NOT "+same) + `))`
	rows, err := s.pool.Query(ctx, `SELECT c.id, c.number, c.title, d.id, d.region_id, d.name, d.name_en, d.kind, c.class, c.grade, `+same+`, n.decision, n.decided_at
		FROM cases c JOIN decisions n ON n.case_id = c.id JOIN departments d ON d.id = c.applicant_id WHERE `+few+`
		ORDER BY 11 DESC, n.decided_at DESC LIMIT `+most, w.args...)
	if err != nil {
		return nil, translate(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (EarlierAnswer, error) {
		var a EarlierAnswer
		err := row.Scan(&a.CaseID, &a.Number, &a.Title, &a.Applicant.ID, &a.Applicant.RegionID, &a.Applicant.Name, &a.Applicant.NameEN, &a.Applicant.Kind,
			&a.Class, &a.Grade, &a.Same, &a.Decision, &a.At)
		return a, err
	})
	return all, translate(err)
}

// MarkChecked records that the workflow of a case agrees with it up to version.
func (s *Store) MarkChecked(ctx context.Context, id string, version int) error {
	_, err := s.pool.Exec(ctx, `UPDATE cases SET checked_version = $2 WHERE id = $1`, id, version)
	return translate(err)
}

// PutAct records what was decided with a step of a case.
func (t *Tx) PutAct(ctx context.Context, caseID string, a sharing.Act) error {
	_, err := t.tx.Exec(ctx, `
		INSERT INTO acts (case_id, version, action, actor, department_id, body, at, on_behalf_of)
		VALUES ($1, $2, $3, $4, nullif($5, ''), $6, $7, nullif($8, ''))`,
		caseID, a.Version, a.Action, a.By, a.Department, a.Body, a.At, a.OnBehalfOf)
	return err
}

const selectActs = `
SELECT a.version, a.action, a.actor, coalesce(u.name, ''), coalesce(a.department_id, ''), coalesce(d.name, ''), a.at, a.body,
	coalesce(a.on_behalf_of, ''), coalesce(b.name, '')
FROM acts a LEFT JOIN users u ON u.id = a.actor LEFT JOIN users b ON b.id = a.on_behalf_of LEFT JOIN departments d ON d.id = a.department_id WHERE a.case_id = $1 ORDER BY a.version`

func collectActs(rows pgx.Rows, err error) ([]sharing.Act, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (sharing.Act, error) {
		var a sharing.Act
		err := row.Scan(&a.Version, &a.Action, &a.By, &a.ByName, &a.Department, &a.DepartmentName, &a.At, &a.Body, &a.OnBehalfOf, &a.OnBehalfOfName)
		return a, err
	})
}

// Acts returns what was decided with each step of a case, the first first.
func (s *Store) Acts(ctx context.Context, caseID string) ([]sharing.Act, error) {
	acts, err := collectActs(s.pool.Query(ctx, selectActs, caseID))
	return acts, translate(err)
}

// Acts is [Store.Acts] within a transaction.
func (t *Tx) Acts(ctx context.Context, caseID string) ([]sharing.Act, error) {
	return collectActs(t.tx.Query(ctx, selectActs, caseID))
}

// ProcedureOf returns the procedure of a case; CodeNotFound when there is none.
func (s *Store) ProcedureOf(ctx context.Context, id string) (sharing.Procedure, error) {
	var p sharing.Procedure
	err := s.pool.QueryRow(ctx, `SELECT procedure FROM cases WHERE id = $1`, uuidOf(id)).Scan(&p)
	return p, translate(err)
}
