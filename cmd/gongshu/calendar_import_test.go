package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// importing runs `gongshu calendar import`.
func importing(t *testing.T, r *desktest.Rig, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs(append([]string{"calendar", "import", "--owner-database-url", r.Database.OwnerURL}, args...))
	root.SetOut(&out)
	root.SetErr(&bytes.Buffer{})
	err := root.ExecuteContext(t.Context())
	return out.String(), err
}

func TestCalendarImport(t *testing.T) {
	r := desktest.NewUnder(t, regulation.Shipped(), workday.ShippedCalendar())
	draft := r.Request("shuozhou", "SZ-GA-001")
	draft.For = "shuozhou-minzheng"
	day := sharing.NewDate(2026, time.September, 29)
	id := r.Apply("shuozhou-authority-officer", draft, &day).Cases[0].CaseID
	due := func() string {
		all, err := r.Store.Deadlines(t.Context(), id)
		require.NoError(t, err)
		return all[0].DueDate.String()
	}
	require.Equal(t, "2026-10-12", due())

	// An amendment made up for this test: Monday 12 October off as well.
	shipped, err := os.ReadFile("../../workday/notices/cn-2026.json")
	require.NoError(t, err)
	amended := bytes.ReplaceAll(shipped, []byte("国办发明电〔2025〕7号"), []byte("测试数据〔2026〕9号"))
	amended = bytes.ReplaceAll(amended, []byte(`"issued": "2025-11-04"`), []byte(`"issued": "2026-10-08"`))
	amended = bytes.ReplaceAll(amended, []byte(`"off": [`), []byte(`"off": ["2026-10-12", `))
	amended = bytes.ReplaceAll(amended, []byte(`"workdays": 248`), []byte(`"workdays": 247`))
	require.NotEqual(t, shipped, amended)
	file := filepath.Join(t.TempDir(), "cn-2026-amended.json")
	require.NoError(t, os.WriteFile(file, amended, 0o600))

	var report calendarReport
	out, err := importing(t, r, file, "--dry-run", "--json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.True(t, report.DryRun)
	require.Equal(t, 1, report.Limits)
	require.Len(t, report.Moves, 1)
	require.Equal(t, "2026-10-13", report.Moves[0].New.String())
	require.False(t, report.Moves[0].Shortened)
	require.Equal(t, "2026-10-12", due(), "a rehearsal changes nothing")

	out, err = importing(t, r, file, "--by", "shuozhou-authority-officer")
	require.NoError(t, err)
	require.Contains(t, out, "2026-10-13")
	require.Contains(t, out, "测试数据〔2026〕9号")
	require.Equal(t, "2026-10-13", due())
	story, err := r.Store.Timeline(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "shuozhou-authority-officer", story[len(story)-1].Actor)

	report = calendarReport{}
	out, err = importing(t, r, file, "--json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal([]byte(out), &report))
	require.Equal(t, "known", string(report.Notices[0].Status))
	require.Empty(t, report.Moves)

	var list bytes.Buffer
	root := rootCommand()
	root.SetArgs([]string{"calendar", "notices", "--database-url", r.Database.AppURL})
	root.SetOut(&list)
	require.NoError(t, root.ExecuteContext(t.Context()))
	require.Contains(t, list.String(), "测试数据〔2026〕9号")

	// What is refused names the file and the key, or the number.
	broken := filepath.Join(t.TempDir(), "broken.json")
	require.NoError(t, os.WriteFile(broken, bytes.Replace(amended, []byte(`"2026-10-12"`), []byte(`"2026-10-32"`), 1), 0o600))
	_, err = importing(t, r, broken)
	require.ErrorContains(t, err, "broken.json: off[0]")
	_, err = importing(t, r, file, "--by", "nobody")
	require.ErrorContains(t, err, "--by nobody")
	elsewhere := filepath.Join(t.TempDir(), "elsewhere.json")
	require.NoError(t, os.WriteFile(elsewhere, bytes.Replace(amended, []byte(`"year"`), []byte(`"region": "atlantis", "year"`), 1), 0o600))
	_, err = importing(t, r, elsewhere)
	require.ErrorContains(t, err, "atlantis")
	_, err = r.Store.VerifyTrail(t.Context())
	require.NoError(t, err)
}
