package web

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"gongshu/desk/desktest"
)

// No page tells of a data item that is hidden from its reader.
func TestNoPageTellsOfHiddenFields(t *testing.T) {
	rig, base := start(t)
	marks := rig.Mark("shuozhou")
	random := rand.New(rand.NewPCG(7, 8))
	const applicant = "shuozhou-minzheng-requester"
	submitted := rig.Apply(applicant, rig.Request("shuozhou", "SZ-GA-001", "SZ-GA-004"), nil)
	draft, err := rig.SaveDraft(t.Context(), rig.User(applicant), "", "", 0, rig.Request("shuozhou", "SZ-RS-001"))
	if err != nil {
		t.Fatal(err)
	}
	granted, err := rig.Case(t.Context(), rig.User(applicant), submitted.Cases[1].CaseID)
	if err != nil {
		t.Fatal(err)
	}
	pages := []string{"/", "/catalog", "/applications", "/applications/" + draft.ID, "/applications/" + draft.ID + "/edit", "/applications/" + draft.ID + "/preview",
		"/applications/" + submitted.ApplicationID, "/cases", "/cases/" + submitted.Cases[0].CaseID, "/cases/" + submitted.Cases[1].CaseID, "/grants", "/grants/" + granted.Grant.ID,
		"/inbox", "/messages", "/board", "/changes/notices", "/scenarios", "/records/marks", "/registers", "/matters/new", "/audit/reads.csv"}
	seen, looked := 0, 0
	look := func(g *guest, path, who string, hidden func(desktest.Mark) bool) {
		a := g.get(path)
		looked++
		reply := a.body + fmt.Sprint(a.header)
		if !strings.Contains(reply, "mark_") && !strings.Contains(reply, "标记") {
			return
		}
		for _, m := range marks {
			if !m.In(reply) {
				continue
			}
			seen++
			if hidden(m) {
				t.Errorf("%s shows %s to %s", path, m.Field.Name, who)
			}
		}
	}
	for _, user := range []string{applicant, "shuozhou-gongan-approver", "shuozhou-gongan-requester", "shuozhou-shichang-requester", "shuozhou-shichang-approver",
		"shuozhou-authority-officer", "shuozhou-finance-officer", "shuozhou-authority-operator", "city-gongan-approver"} {
		g, who := as(t, base, user), rig.User(user)
		hidden := func(m desktest.Mark) bool { return m.HiddenFrom(who) }
		own := slices.Clone(pages)
		for range 6 {
			m := marks[random.IntN(len(marks))]
			own = append(own, "/catalog/"+m.Entry.ID, "/catalog/"+m.Entry.ID+"/versions", "/matters/new/dispute?resource="+m.Entry.ID, "/catalog?q="+url.QueryEscape(m.Field.Name[:6]),
				"/records/verification?resource="+m.Entry.Code+"&record_key=1", "/applications/new?resource="+m.Entry.ID)
		}
		for _, path := range own {
			look(g, path, user, hidden)
		}
	}
	visitor := newGuest(t, base)
	for range 12 {
		m := marks[random.IntN(len(marks))]
		for _, path := range []string{"/open", "/open/" + m.Entry.ID, "/open/" + m.Entry.ID + "/ask", "/catalog/" + m.Entry.ID} {
			look(visitor, path, "the public", desktest.Mark.HiddenFromPublic)
		}
	}
	if seen < 100 {
		t.Errorf("marks were seen %d times in %d pages: the comparison is empty", seen, looked)
	}
	t.Logf("%d pages looked through", looked)
}

// Auditors find who read what, filter it and take it away as a file in which no cell
// is a formula; nobody else comes near it.
func TestTheLogOfReads(t *testing.T) {
	rig, base := start(t)
	const reader, auditor = "shuozhou-minzheng-requester", "shuozhou-shenji-auditor"
	entry := rig.Resource("shuozhou", "SZ-GA-001")
	draft := rig.Request("shuozhou", "SZ-GA-001")
	draft.Purpose = `=HYPERLINK("http://x","核对")`
	submitted := rig.Apply(reader, draft, nil)
	g := as(t, base, reader)
	g.get("/catalog/" + entry.ID).is(200)
	g.get("/cases/" + submitted.Cases[0].CaseID).is(200)
	g.get("/audit/reads").is(403)
	g.get("/audit/reads.csv").is(403)
	g.get("/").is(200).lacks("/audit/reads")

	a := as(t, base, auditor)
	a.get("/").is(200).says("读取日志")
	a.get("/audit/reads").is(200).says("SZ-GA-001", "网页：数据目录", "网页：办件", "GET /catalog/:id", "网页登录", "session:", entry.Fields[0].Name)
	a.get("/audit/reads?person=" + reader + "&subject=SZ-GA-001").is(200).says("目录").lacks("共享办件")
	a.get("/audit/reads?person=nobody").is(200).says("没有符合条件的读取记录")
	a.get("/audit/reads?from=x").is(422).says("请填写日期")
	a.get("/audit/reads?from=2026-01-02&to=2026-01-01").is(422).says("截止日期早于起始日期")
	a.get("/audit/reads?person="+auditor).is(200).says("网页：读取日志", "GET /audit/reads").lacks(">read_log:")
	as(t, base, "city-shenji-auditor").get("/audit/reads").is(200).lacks("SZ-GA-001")

	file := a.get("/audit/reads.csv?person=" + reader).is(200)
	if got := file.header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("the file is %s", got)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 3 || rows[0][0] != "时间" {
		t.Fatalf("%d rows, the first %v", len(rows), rows[0])
	}
	formula := false
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("a cell is a formula: %q", cell)
			}
			formula = formula || strings.HasPrefix(cell, "'=HYPERLINK")
		}
	}
	if !formula {
		t.Error("the purpose is missing")
	}

	// What cannot be recorded is not shown.
	db, err := pgx.Connect(t.Context(), rig.Database.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), `ALTER TABLE readings ADD CONSTRAINT full_disk CHECK (false) NOT VALID`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/catalog/" + entry.ID, "/catalog?q=SZ-GA-001", "/cases/" + submitted.Cases[0].CaseID} {
		g.get(path).is(503).lacks(entry.Title, entry.Fields[0].Title)
	}
}

func TestSafeCell(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "人口": "人口", "a=1": "a=1", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(1)": "'@SUM(1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "'=1": "'=1",
	} {
		if got := safeCell(text); got != want {
			t.Errorf("%q becomes %q instead of %q", text, got, want)
		}
	}
}
