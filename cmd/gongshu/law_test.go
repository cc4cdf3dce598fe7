package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// runLaw runs one command as the program does, and returns what it wrote.
func runLaw(t *testing.T, cmd *cobra.Command, in string, args ...string) (out, errs string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	err = cmd.Execute()
	return stdout.String(), stderr.String(), err
}

func TestDuePrintsDateAndDerivation(t *testing.T) {
	out, _, err := runLaw(t, newDueCommand(), "", "--received", "2024-02-08T15:30:00+08:00", "--days", "5")
	require.NoError(t, err)
	lines := strings.Split(out, "\n")
	require.Equal(t, "2024-02-21", lines[0])
	require.Contains(t, out, "2024-02-18 Sun  2  调休上班 make-up working day  国办发明电〔2023〕7号")
}

func TestDueAnswersInJSON(t *testing.T) {
	for _, row := range []struct {
		name string
		args string
		want map[string]any
	}{
		{"days", "--received 2024-02-08T15:30:00+08:00 --days 5", map[string]any{"due_date": "2024-02-21", "provisional": false, "due_at": "2024-02-22T00:00:00+08:00"}},
		{"another offset", "--received 2024-02-08T23:30:00Z --days 5", map[string]any{"due_date": "2024-02-22"}},
		{"a duty", "--received 2024-02-08 --regulation shuozhou-2021 --duty share.answer", map[string]any{"due_date": "2024-02-21", "article": "16", "statutory": true, "citation": "《朔州市政务数据资源共享和开放管理办法（试行）》第十六条"}},
		{"a target", "--received 2024-09-02T09:00:00+08:00 --regulation yanzhou-2024 --duty dispute.verify", map[string]any{"due_at": "2024-09-02T13:00:00+08:00", "statutory": false, "article": "23"}},
		{"a notice", "--received 2024-01-31 --regulation shuozhou-2021 --duty catalog.notice", map[string]any{"due_date": "2024-02-29", "at_least": true}},
		{"a cycle", "--received 2024-09-02 --regulation yanzhou-2024 --duty catalog.elements --cycle monthly", map[string]any{"due_date": "2024-10-08"}},
		{"no date", "--received 2024-09-02 --regulation yanzhou-2024 --duty misuse.cancel", map[string]any{"due_date": nil, "provisional": false}},
		{"provisional", "--received 2027-02-01 --days 5", map[string]any{"due_date": "2027-02-12", "provisional": true}},
		{"as known then", "--received 2020-01-22 --days 5 --as-known-on 2020-01-25", map[string]any{"due_date": "2020-02-04"}},
		{"a region", "--received 2020-01-22 --days 5 --calendar-region hubei", map[string]any{"due_date": "2020-02-19"}},
		{"deemed", "--received 2024-03-09 --days 5 --deem-next-day", map[string]any{"due_date": "2024-03-18"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			out, _, err := runLaw(t, newDueCommand(), "", append(strings.Fields(row.args), "--json")...)
			require.NoError(t, err)
			var got map[string]any
			require.NoError(t, json.Unmarshal([]byte(out), &got))
			for key, want := range row.want {
				require.Equal(t, want, got[key], key)
			}
			require.IsType(t, []any{}, got["derivation"])
		})
	}
}

func TestDueRefusesBadFlags(t *testing.T) {
	for args, names := range map[string]string{
		"":                               "--received: missing",
		"--received 2024-02-08":          "--days: missing",
		"--received 2024-02-30 --days 5": "--received",
		"--received 2024-02-08T15:30:00 --days 5":                                         "--received",
		"--received 2024-02-08 --days 0":                                                  "--days: 0",
		"--received 2024-02-08 --days 99999":                                              "covers",
		"--received 1999-02-08 --days 5":                                                  "1999-02-08 is outside",
		"--received 2024-02-08 --days five":                                               "five",
		"--received 2024-02-08 --days 5 --duty share.answer":                              "either --days or",
		"--received 2024-02-08 --duty share.answer":                                       "--regulation: missing",
		"--received 2024-02-08 --regulation shuozhou-2021":                                "--duty: missing",
		"--received 2024-02-08 --regulation nowhere-2021 --duty share.answer":             `no regulation "nowhere-2021"`,
		"--received 2024-02-08 --regulation shuozhou-2021 --duty share.bless":             "it has share.answer",
		"--received 2024-02-08 --regulation yanzhou-2024 --duty evaluation.yearly":        "sets no limit",
		"--received 2024-02-08 --regulation yanzhou-2024 --duty catalog.elements":         "--cycle",
		"--received 2024-02-08 --regulation shuozhou-2021 --duty share.answer --fact x=1": "--fact",
		"--received 2024-02-08 --days 5 --as-known-on never":                              "--as-known-on",
		"--received 2024-02-08 --days 5 --calendar-region atlantis":                       "--calendar-region",
		"--received 2024-02-08 --days 5 --notice /nowhere.json":                           "/nowhere.json",
		"--received 2024-02-08 --days 5 --regulations /nowhere --regulation a --duty b":   "either --days or",
		"--batch --days 5": "--days: in a batch",
		"more":             "unknown command",
	} {
		out, _, err := runLaw(t, newDueCommand(), "", strings.Fields(args)...)
		require.ErrorContains(t, err, names, args)
		require.Empty(t, out, args)
	}
}

func TestDueBatchGoesOnAfterABadLine(t *testing.T) {
	in := `{"from":"2024-02-08T15:30:00+08:00","days":5}
{"from":"tomorrow","days":5}

{"from":"2024-02-08"}
{"from":"2024-02-08","days":0}
{"from":"2024-02-08","days":5,"region":"x"}
{"from":"2024-02-08","days":5} {}
not json
{"from":"2060-02-08","days":5}
` + `{"from":"` + strings.Repeat("2", 100_000) + `","days":5}
{"from":"2027-02-01","days":5}`
	out, _, err := runLaw(t, newDueCommand(), in, "--batch")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimRight(out, "\n"), "\n")
	require.Len(t, lines, 10)
	require.JSONEq(t, `{"due_date":"2024-02-21","provisional":false}`, lines[0])
	require.JSONEq(t, `{"due_date":"2027-02-12","provisional":true}`, lines[9])
	for i, names := range []string{"from", "days", "at least 1", "region", "follows", "invalid", "2060-02-08", "longer than"} {
		var bad struct{ Error string }
		require.NoError(t, json.Unmarshal([]byte(lines[i+1]), &bad))
		require.Contains(t, bad.Error, names)
	}
}

func TestRegulationCheck(t *testing.T) {
	sound := "../../policies/regulations/shuozhou-2021.yaml"
	out, _, err := runLaw(t, newRegulationCommand(), "", "check", sound)
	require.NoError(t, err)
	require.Contains(t, out, "sound")

	data, err := os.ReadFile(sound)
	require.NoError(t, err)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, bytes.Replace(data, []byte("version: 1"), []byte("version: 1\ncolour: red"), 1), 0o600))
	_, errs, err := runLaw(t, newRegulationCommand(), "", "check", bad, sound, "/nowhere.yaml")
	require.ErrorIs(t, err, errProblems)
	require.Contains(t, errs, bad+":4:1: colour: unknown key")
	require.Contains(t, errs, "/nowhere.yaml")

	out, _, err = runLaw(t, newRegulationCommand(), "", "check", "--json", bad, sound)
	require.ErrorIs(t, err, errProblems)
	var answer struct {
		Sound    []string
		Problems []struct {
			File, Key, Rule string
			Line            int
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	require.Equal(t, []string{sound}, answer.Sound)
	require.Equal(t, "colour", answer.Problems[0].Key)
	require.Equal(t, 4, answer.Problems[0].Line)
}

func TestRegulationShowAndList(t *testing.T) {
	out, _, err := runLaw(t, newRegulationCommand(), "", "show", "shuozhou-2021")
	require.NoError(t, err)
	require.Regexp(t, `答复有条件共享申请 +5个工作日 .* share\.answer +第十六条`, out)
	out, _, err = runLaw(t, newRegulationCommand(), "", "show", "city-2023@1", "--lang", "en")
	require.NoError(t, err)
	require.Regexp(t, ` 5 working days .* share\.provide +art\. 21`, out)
	out, _, err = runLaw(t, newRegulationCommand(), "", "show", "lishui-2020", "--json")
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(out)))
	_, _, err = runLaw(t, newRegulationCommand(), "", "show", "nowhere-2020")
	require.ErrorContains(t, err, "nowhere-2020")
	_, _, err = runLaw(t, newRegulationCommand(), "", "show", "lishui-2020", "--lang", "fr")
	require.ErrorContains(t, err, "--lang")

	out, _, err = runLaw(t, newRegulationCommand(), "", "list", "--json")
	require.NoError(t, err)
	var list []map[string]any
	require.NoError(t, json.Unmarshal([]byte(out), &list))
	require.Len(t, list, 5)
}

// What writing-a-regulation.md tells a newcomer to do.
func TestFurtherRegulationIsAFile(t *testing.T) {
	folder := t.TempDir()
	file, _, err := runLaw(t, newRegulationCommand(), "", "show", "shuozhou-2021", "--file")
	require.NoError(t, err)
	file = strings.NewReplacer("id: shuozhou-2021", "id: mine-2027", "region: shuozhou", "region: mine",
		"from: 2021-07-29", "from: 2027-01-01", "n: 5, unit: working_days", "n: 8, unit: working_days").Replace(file)
	name := filepath.Join(folder, "mine-2027.yaml")
	require.NoError(t, os.WriteFile(name, []byte(file), 0o600))
	schema, _, err := runLaw(t, newRegulationCommand(), "", "schema")
	require.NoError(t, err)
	require.True(t, json.Valid([]byte(schema)))

	_, _, err = runLaw(t, newRegulationCommand(), "", "check", name)
	require.NoError(t, err)
	out, _, err := runLaw(t, newDueCommand(), "", "--regulations", folder, "--regulation", "mine-2027", "--duty", "share.answer", "--received", "2027-01-04")
	require.NoError(t, err)
	require.Regexp(t, `^2027-01-14  暂定`, out)
	_, _, err = runLaw(t, newRegulationCommand(), "", "list", "--regulations", name)
	require.ErrorContains(t, err, "is not a folder")
}

func TestCalendarCommands(t *testing.T) {
	out, _, err := runLaw(t, newCalendarCommand(), "", "list")
	require.NoError(t, err)
	require.Contains(t, out, "国办发明电〔2020〕1号")

	out, _, err = runLaw(t, newCalendarCommand(), "", "show", "2024", "--json")
	require.NoError(t, err)
	var year struct {
		Workdays    int
		Provisional bool
		Days        []map[string]any
	}
	require.NoError(t, json.Unmarshal([]byte(out), &year))
	require.Equal(t, 251, year.Workdays)
	require.False(t, year.Provisional)
	out, _, err = runLaw(t, newCalendarCommand(), "", "show", "2027")
	require.NoError(t, err)
	require.Contains(t, out, "暂定")
	for _, bad := range []string{"1999", "2060", "next"} {
		_, _, err = runLaw(t, newCalendarCommand(), "", "show", bad)
		require.ErrorContains(t, err, bad)
	}

	name := filepath.Join(t.TempDir(), "notice.json")
	require.NoError(t, os.WriteFile(name, []byte(`{"year":2027,"source":"x","issued":"2026-11-30","off":["2027-01-01"],"work":["2027-01-04"]}`), 0o600))
	_, errs, err := runLaw(t, newCalendarCommand(), "", "check", name)
	require.ErrorIs(t, err, errProblems)
	require.Contains(t, errs, "work[0]: 2027-01-04 is a Monday")
	out, _, err = runLaw(t, newCalendarCommand(), "", "check", "../../workday/notices/cn-2020.json")
	require.NoError(t, err)
	require.Contains(t, out, "sound")
	require.NoError(t, os.WriteFile(name, []byte(`{"year":2027,"source":"x","issued":"2026-11-30","off":["2027-01-01"],"work":[]}`), 0o600))
	out, _, err = runLaw(t, newDueCommand(), "", "--notice", name, "--received", "2027-02-01", "--days", "5", "--json")
	require.NoError(t, err)
	require.Contains(t, out, `"due_date": "2027-02-08"`)
	require.Contains(t, out, `"provisional": false`)
}
