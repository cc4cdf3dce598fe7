package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/api"
	"gongshu/policies/monitor"
	"gongshu/sharing"
)

var updatePermissions = flag.Bool("update", false, "write docs/permissions.md")

// permission is one operation on one kind of thing: what of it the rules are asked.
type permission struct {
	method, path string
	summary      string
	kind         sharing.Kind
	action       sharing.Action
	body         string
}

// permissions derives from the specification every operation on one thing.
func permissions(t *testing.T) []permission {
	t.Helper()
	spec := readSpecification(t)
	named := map[string]sharing.Action{ // steps whose path is not the name of their action
		"return": sharing.SendBack, "completion-request": sharing.RequestCompletion, "completion": sharing.Complete, "extension": sharing.Extend,
		"reassignment": sharing.Reassign, "provision": sharing.Provide, "confirmation": sharing.Confirm, "failure": sharing.ReportFailure,
		"withdrawal": sharing.Withdraw,
		"comments":   sharing.Comment, "unfollow": sharing.Read, // whoever sees a case may stop following it
	}
	var all []permission
	for _, path := range slices.Sorted(maps.Keys(spec.paths)) {
		for _, method := range slices.Sorted(maps.Keys(spec.paths[path])) {
			operation, ok := spec.paths[path][method].(map[string]any)
			if !ok {
				continue
			}
			p := permission{method: strings.ToUpper(method), path: path, summary: fmt.Sprint(operation["summary"])}
			if method != "get" {
				p.body = spec.example(operation)
			}
			under, tail, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/{id}")
			tail = strings.TrimPrefix(tail, "/")
			switch {
			case under == "catalog" && strings.Contains(path, "{id}") && method == "get" && (tail == "" || tail == "versions"):
				p.kind, p.action = sharing.KindResource, sharing.Read
				all = append(all, p)
			case under == "grants" && method == "get" && strings.Contains(path, "{id}"):
				p.kind, p.action = sharing.KindGrant, sharing.Read
				all = append(all, p)
			case under == "cases" && method == "get" && strings.Contains(path, "{id}") && !strings.Contains(tail, "{"):
				for _, kind := range sharing.CaseKinds {
					p.kind, p.action = kind, sharing.Read
					all = append(all, p)
				}
			case under == "cases" && method == "post" && tail != "" && tail != "link" && tail != "unlink":
				p.action = named[tail]
				if p.action == "" {
					p.action = sharing.Action(tail)
				}
				for _, kind := range sharing.CaseKinds {
					aside := slices.Contains([]sharing.Action{sharing.Comment, sharing.Follow, sharing.Urge, sharing.Supervise, sharing.Read}, p.action)
					if aside || slices.Contains(monitor.Steps(kind), p.action) && p.action != sharing.Submit {
						p.kind = kind
						all = append(all, p)
					}
				}
			}
		}
	}
	return all
}

// specificationFile is what of openapi.yaml is needed here.
type specificationFile struct {
	paths map[string]map[string]any
	whole map[string]any
}

func readSpecification(t testing.TB) specificationFile {
	t.Helper()
	text, err := os.ReadFile("../../api/openapi.yaml")
	require.NoError(t, err)
	var whole map[string]any
	require.NoError(t, yaml.Unmarshal(text, &whole))
	s := specificationFile{map[string]map[string]any{}, whole}
	for path, operations := range whole["paths"].(map[string]any) {
		s.paths[path] = operations.(map[string]any)
	}
	return s
}

// resolve follows a reference within the document.
func (s specificationFile) resolve(v map[string]any) map[string]any {
	for v["$ref"] != nil {
		at := any(s.whole)
		for _, name := range strings.Split(strings.TrimPrefix(v["$ref"].(string), "#/"), "/") {
			at = at.(map[string]any)[name]
		}
		v = at.(map[string]any)
	}
	return v
}

// example is a smallest body that an operation takes, "" for none.
func (s specificationFile) example(operation map[string]any) string {
	body, ok := operation["requestBody"].(map[string]any)
	if !ok {
		return ""
	}
	content, ok := s.resolve(body)["content"].(map[string]any)["application/json"].(map[string]any)
	if !ok {
		return ""
	}
	text, err := json.Marshal(s.value(content["schema"].(map[string]any)))
	if err != nil {
		panic(err)
	}
	return string(text)
}

func (s specificationFile) value(schema map[string]any) any {
	schema = s.resolve(schema)
	if all, ok := schema["allOf"].([]any); ok && len(all) > 0 {
		return s.value(all[0].(map[string]any))
	}
	if enum, ok := schema["enum"].([]any); ok {
		return enum[0]
	}
	switch schema["type"] {
	case "object":
		object := map[string]any{}
		properties, _ := schema["properties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, name := range required {
			object[name.(string)] = s.value(properties[name.(string)].(map[string]any))
		}
		return object
	case "array":
		if schema["minItems"] != nil {
			return []any{s.value(schema["items"].(map[string]any))}
		}
		return []any{}
	case "integer":
		if least := schema["minimum"]; least != nil {
			return least
		}
		return 1
	case "boolean":
		return true
	}
	switch schema["format"] {
	case "date":
		return "2030-01-02"
	case "date-time":
		return "2030-01-02T03:04:05+08:00"
	}
	return "x"
}

// post is somebody of one role and nothing else.
type post struct {
	role       sharing.Role
	department string
}

// posts are one of every role that can sign in, in the department where it is held.
var posts = []post{
	{sharing.Requester, "shuozhou-minzheng"}, {sharing.DataSpecialist, "shuozhou-minzheng"}, {sharing.Approver, "shuozhou-minzheng"},
	{sharing.DepartmentHead, "shuozhou-minzheng"}, {sharing.AuthorityOfficer, "shuozhou-authority"}, {sharing.AuthorityHead, "shuozhou-authority"},
	{sharing.Supervisor, "shuozhou-supervisor"}, {sharing.Finance, "shuozhou-finance"}, {sharing.Auditor, "shuozhou-shenji"},
	{sharing.Operator, "shuozhou-authority"}, {sharing.SecurityOfficer, "shuozhou-authority"}, {sharing.Gateway, "shuozhou-authority"},
}

// TestPermissions asks a running server for every operation on one thing, as every
// role, standing to the thing as its provider, its applicant and as neither, for
// every sharing class and grade. What it answers is held to package monitor, which
// knows neither the rules nor the code: absent where reading is not meant, forbidden
// where acting is not, and neither where both are. docs/permissions.md is what
// comes of it for people to read.
func TestPermissions(t *testing.T) {
	w := newWorld(t, "", time.Now())
	ctx := t.Context()
	_, err := w.rig.Activities.SweepStanding(ctx) // standing duties begin by schedule
	require.NoError(t, err)
	exec := func(sql string, arguments ...any) {
		t.Helper()
		_, err := w.db.Exec(ctx, sql, arguments...)
		require.NoError(t, err, sql)
	}
	tokens := map[sharing.Role]string{}
	for _, p := range posts {
		id := "only-" + string(p.role)
		exec(`INSERT INTO users (id, name, department_id, roles) VALUES ($1, $1, $2, $3)`, id, p.department, []string{string(p.role)})
		tokens[p.role] = w.rig.Token(id)
	}
	const elsewhere, further = "shuozhou-gongan", "shuozhou-renshe"
	for _, table := range []string{"resources", "cases", "grants"} {
		exec("ALTER TABLE " + table + " DISABLE TRIGGER USER")
	}
	// Every square is asked, also those that no case comes to lie on, and each of many cases alike.
	exec("ALTER TABLE cases DROP CONSTRAINT cases_share")
	for _, index := range texts(t, w.db, `SELECT indexrelid::regclass::text FROM pg_index
		WHERE indrelid = 'cases'::regclass AND indisunique AND NOT indisprimary AND indexrelid NOT IN (SELECT conindid FROM pg_constraint)`) {
		exec("DROP INDEX " + index)
	}
	things := map[string]string{} // ids by kind, provider, applicant, class and grade
	put := func(thing sharing.Thing) string {
		key := fmt.Sprint(thing)
		if things[key] == "" {
			things[key] = place(t, w.db, thing, len(things))
		}
		return things[key]
	}

	all := permissions(t)
	cells, allowed, operations := 0, 0, map[string]bool{}
	table := map[string]map[sharing.Role]map[sharing.Relation]bool{}
	for n, p := range all {
		operations[p.method+" "+p.path] = true
		row := p.method + " " + p.path + "|" + string(p.kind)
		table[row] = map[sharing.Role]map[sharing.Relation]bool{}
		for m, post := range posts {
			table[row][post.role] = map[sharing.Relation]bool{}
			for _, relation := range []sharing.Relation{sharing.AsProvider, sharing.AsApplicant, sharing.AsPeer} {
				thing := sharing.Thing{Kind: p.kind, RegionID: "shuozhou", ProviderID: elsewhere, ApplicantID: further}
				switch relation {
				case sharing.AsProvider:
					thing.ProviderID = post.department
				case sharing.AsApplicant:
					thing.ApplicantID = post.department
				}
				if p.kind == sharing.KindResource {
					if relation == sharing.AsApplicant {
						continue
					}
					thing.ApplicantID = ""
				}
				square := 0
				for _, class := range sharing.Classes {
					for grade := sharing.LowestGrade; grade <= sharing.HighestGrade; grade++ {
						square++
						if !strings.HasSuffix(p.path, "/{id}") && square != 1+(n+m)%12 {
							continue // one square of each role and relation, another for another operation
						}
						thing.Class, thing.Grade = class, grade
						id := put(thing)
						who := sharing.Subject{UserID: "only-" + string(post.role), DepartmentID: post.department, RegionID: "shuozhou", Roles: []sharing.Role{post.role}}
						may, reads := monitor.May(who, p.action, thing), monitor.May(who, sharing.Read, thing)
						w.token = tokens[post.role]
						got := w.ask(request{method: p.method, target: api.Base + strings.Replace(p.path, "{id}", id, 1), body: p.body, header: map[string]string{"If-Match": `"999"`}})
						cells++
						bad := false
						switch {
						case !reads:
							bad = got.status != http.StatusNotFound
						case !may:
							bad = got.status != http.StatusForbidden
						default:
							allowed++
							table[row][post.role][relation] = true
							bad = got.status == http.StatusForbidden || got.status == http.StatusNotFound || got.status >= 500
						}
						if bad {
							t.Errorf("%s %s of a %s (%s, grade %d) as %s, its %s: %d; meant to read: %t, to do it: %t\n%s",
								p.method, p.path, p.kind, class, grade, post.role, relation, got.status, reads, may, got.body)
						}
					}
				}
			}
		}
	}
	t.Logf("%d operations on %d kinds of things, %d cells, %d of them allowed", len(operations), 2+len(sharing.CaseKinds), cells, allowed)
	require.Greater(t, cells, 5000)
	require.Greater(t, allowed, 500)

	const file = "../../docs/permissions.md"
	text := permissionsText(all, table)
	if *updatePermissions {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	kept, err := os.ReadFile(file)
	require.NoError(t, err)
	if string(kept) != text {
		t.Errorf("%s is not what the operations come to: run go test ./cmd/gongshu -run TestPermissions -update", file)
	}
}

// place puts a thing of that kind and those labels into the database, like one that
// is there, and returns its id.
func place(t *testing.T, db *pgx.Conn, thing sharing.Thing, n int) string {
	t.Helper()
	id := fmt.Sprintf("11111111-0000-4000-8000-%012d", n)
	copyRow := func(table, where string, change map[string]any, arguments ...any) {
		t.Helper()
		text, err := json.Marshal(change)
		require.NoError(t, err)
		if columnsOf[table] == "" {
			columnsOf[table] = strings.Join(texts(t, db, `SELECT quote_ident(column_name) FROM information_schema.columns
				WHERE table_schema = 'public' AND table_name = $1 AND is_generated = 'NEVER'`, table), ", ")
		}
		columns := columnsOf[table]
		tag, err := db.Exec(t.Context(), fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM (SELECT (jsonb_populate_record(NULL::%s, to_jsonb(r) || $1)).* FROM %s r WHERE %s ORDER BY r.id LIMIT 1) one`,
			table, columns, columns, table, table, where), append([]any{string(text)}, arguments...)...)
		require.NoError(t, err)
		require.EqualValues(t, 1, tag.RowsAffected(), "nothing to copy: %s where %s", table, where)
	}
	switch thing.Kind {
	case sharing.KindResource:
		copyRow("resources", "r.region_id = 'shuozhou' AND NOT r.withdrawn", map[string]any{"id": id, "code": "P-" + id, "department_id": thing.ProviderID,
			"class": thing.Class, "grade": thing.Grade, "basis": "x", "open_class": "not_open"})
	case sharing.KindGrant:
		of := "2" + id[1:]
		labelled(t, copyRow, of, sharing.ShareApplication, thing)
		copyRow("grants", "true", map[string]any{"id": id, "case_id": of})
	default:
		i := slices.IndexFunc(sharing.Procedures, func(p sharing.Procedure) bool { return p.Kind() == thing.Kind })
		labelled(t, copyRow, id, sharing.Procedures[i], thing)
	}
	return id
}

// columnsOf are the columns of tables that can be written.
var columnsOf = map[string]string{}

// labelled puts a case of a procedure there.
func labelled(t *testing.T, copyRow func(string, string, map[string]any, ...any), id string, p sharing.Procedure, thing sharing.Thing) {
	t.Helper()
	copyRow("cases", "r.procedure = $2", map[string]any{"id": id, "number": "P-" + id, "region_id": "shuozhou", "provider_id": thing.ProviderID,
		"applicant_id": thing.ApplicantID, "class": thing.Class, "grade": thing.Grade, "parent_id": nil}, string(p))
}

// permissionsText is the matrix for people to read.
func permissionsText(all []permission, table map[string]map[sharing.Role]map[sharing.Relation]bool) string {
	var b strings.Builder
	b.WriteString(`# Who may call which operation

<!-- Made by go test ./cmd/gongshu -run TestPermissions -update; do not edit. -->

Every operation of the specification on one thing, asked of a running server by somebody of each role alone, and held
to what is meant. A cell says how one must stand to the thing: P its provider, A its applicant, * either or neither,
· never. Who may not read a thing is answered as if it were not there (404); who may read it and not do this, 403.
Classes and grades, on which reading depends too, are in [visibility.md](visibility.md).

| Operation | Kind |`)
	for _, p := range posts {
		b.WriteString(" " + string(p.role) + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(posts)) + "\n")
	for _, p := range all {
		row := table[p.method+" "+p.path+"|"+string(p.kind)]
		b.WriteString("| " + p.method + " " + p.path + " | " + string(p.kind) + " |")
		for _, post := range posts {
			at := row[post.role]
			cell := "·"
			switch {
			case at[sharing.AsPeer]:
				cell = "*"
			case at[sharing.AsProvider] && at[sharing.AsApplicant]:
				cell = "P A"
			case at[sharing.AsProvider]:
				cell = "P"
			case at[sharing.AsApplicant]:
				cell = "A"
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}
