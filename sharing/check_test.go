package sharing_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

func known(b bool) *bool { return &b }

func TestEvaluateChecks(t *testing.T) {
	list := []sharing.PlannedResource{
		{Title: "甲", Class: sharing.Conditional, Entry: "A"},
		{Title: "乙", Class: sharing.Conditional, Entry: "B"},
	}
	sound := sharing.EntryFacts{Own: true, Class: sharing.Conditional, Fresh: known(true)}
	with := func(change func(*sharing.EntryFacts)) map[string]sharing.EntryFacts {
		changed := sound
		change(&changed)
		return map[string]sharing.EntryFacts{"A": sound, "B": changed}
	}
	all := with(func(*sharing.EntryFacts) {})
	say := func(check, resource string, met bool) sharing.StatedCheck {
		return sharing.StatedCheck{Check: check, Resource: resource, Met: met, Evidence: "现场核对"}
	}
	for _, row := range []struct {
		name    string
		check   string
		list    []sharing.PlannedResource
		entries map[string]sharing.EntryFacts
		stated  []sharing.StatedCheck
		want    string // verdicts and reasons, in order
		wrong   string // fields and rules
	}{
		{name: "a list", check: sharing.CheckResourceList, list: list, want: "met"},
		{name: "no list", check: sharing.CheckResourceList, want: "unmet no_list"},
		{name: "both catalogued", check: sharing.CheckCatalogued, list: list, entries: all, want: "met, met"},
		{name: "one is not", check: sharing.CheckCatalogued, list: list, entries: map[string]sharing.EntryFacts{"A": sound}, want: "met, unmet not_catalogued"},
		{name: "another department's", check: sharing.CheckCatalogued, list: list, entries: with(func(f *sharing.EntryFacts) { f.Own = false }), want: "met, unmet of_another_department"},
		{name: "withdrawn", check: sharing.CheckCatalogued, list: list, entries: with(func(f *sharing.EntryFacts) { f.Withdrawn = true }), want: "met, unmet withdrawn"},
		{name: "shared as planned", check: sharing.CheckShared, list: list, entries: all, want: "met, met"},
		{name: "shared more", check: sharing.CheckShared, list: list, entries: with(func(f *sharing.EntryFacts) { f.Class = sharing.Unconditional }), want: "met, met"},
		{name: "shared less", check: sharing.CheckShared, list: list, entries: with(func(f *sharing.EntryFacts) { f.Class = sharing.NotShared }), want: "met, unmet less_shared"},
		{name: "shared less, live", check: sharing.CheckSharingStatus, list: list, entries: with(func(f *sharing.EntryFacts) { f.Class = sharing.NotShared }), want: "met, unmet less_shared"},
		{name: "up to date", check: sharing.CheckUpdated, list: list, entries: all, want: "met, met"},
		{name: "stale", check: sharing.CheckUpdated, list: list, entries: with(func(f *sharing.EntryFacts) { f.Fresh = known(false) }), want: "met, unmet past_cycle"},
		{name: "no cycle", check: sharing.CheckLiveMonitoring, list: list, entries: with(func(f *sharing.EntryFacts) { f.Fresh = nil }), want: "met, open"},
		{
			name: "no cycle, looked at", check: sharing.CheckLiveMonitoring, list: list, entries: with(func(f *sharing.EntryFacts) { f.Fresh = nil }),
			stated: []sharing.StatedCheck{say(sharing.CheckLiveMonitoring, "乙", true)}, want: "met, met",
		},
		{name: "collection is not known", check: sharing.CheckCollected, list: list, entries: all, want: "open, open"},
		{name: "collection is known", check: sharing.CheckCollected, list: list, entries: with(func(f *sharing.EntryFacts) { f.OnPlatform = known(false) }), want: "open, unmet not_on_platform"},
		{
			name: "collection is stated", check: sharing.CheckCollected, list: list, entries: all,
			stated: []sharing.StatedCheck{say(sharing.CheckCollected, "甲", true), say(sharing.CheckCollected, "乙", false)}, want: "met, unmet",
		},
		{name: "quality without a list", check: sharing.CheckQuality, stated: []sharing.StatedCheck{say(sharing.CheckQuality, "", true)}, want: "met"},
		{name: "papers", check: sharing.CheckDocuments, list: list, stated: []sharing.StatedCheck{say(sharing.CheckDocuments, "", true)}, want: "met"},
		{
			name: "against the catalog", check: sharing.CheckCatalogued, list: list,
			stated: []sharing.StatedCheck{say(sharing.CheckCatalogued, "甲", true)}, wrong: "/checks/0:automatic",
		},
		{
			name: "what the law does not ask", check: sharing.CheckCatalogued, list: list,
			stated: []sharing.StatedCheck{say("colour", "甲", true), say(sharing.CheckQuality, "甲", true)}, wrong: "/checks/0/check:asked_by_law /checks/1/check:asked_by_law",
		},
		{
			name: "what is not on the list", check: sharing.CheckCollected, list: list,
			stated: []sharing.StatedCheck{say(sharing.CheckCollected, "丙", true)}, wrong: "/checks/0/resource:exists",
		},
		{
			name: "twice", check: sharing.CheckQuality, list: list,
			stated: []sharing.StatedCheck{say(sharing.CheckQuality, "甲", true), say(sharing.CheckQuality, "甲", false)}, wrong: "/checks/1:unique",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			results, err := sharing.EvaluateChecks([]sharing.Condition{{Check: row.check, Article: "13"}}, row.list, row.entries, row.stated)
			require.Equal(t, row.wrong, fields(err))
			if row.wrong != "" {
				return
			}
			var got []string
			for _, r := range results {
				require.Equal(t, "13", r.Article)
				require.Equal(t, r.Evidence == "" && r.Verdict != sharing.CheckOpen, r.Automatic)
				got = append(got, strings.TrimSpace(string(r.Verdict)+" "+r.Reason))
			}
			require.Equal(t, row.want, strings.Join(got, ", "))
		})
	}
}

func TestGapsAndUnanswered(t *testing.T) {
	results := []sharing.CheckResult{{Check: "a", Verdict: sharing.CheckMet}, {Check: "b", Verdict: sharing.CheckUnmet}, {Check: "c", Verdict: sharing.CheckOpen}}
	require.Equal(t, results[1:2], sharing.Gaps(results))
	require.Equal(t, results[2:], sharing.Unanswered(results))
}

func TestProjectCheck(t *testing.T) {
	resource := sharing.PlannedResource{Title: "甲", Class: sharing.Conditional, Cycle: sharing.Daily, Way: sharing.Warehouse, Fields: []string{"编号"}}
	sound := func() sharing.Project {
		return sharing.Project{Name: "系统", Budget: "财政预算", Resources: []sharing.PlannedResource{resource}}
	}
	for name, row := range map[string]struct {
		change func(*sharing.Project)
		want   string
	}{
		"sound":          {func(*sharing.Project) {}, ""},
		"without a list": {func(p *sharing.Project) { p.Resources = nil }, ""},
		"nameless":       {func(p *sharing.Project) { p.Name = " " }, "/name:required"},
		"unpaid":         {func(p *sharing.Project) { p.Budget = "" }, "/budget:required"},
		"listed twice":   {func(p *sharing.Project) { p.Resources = append(p.Resources, resource) }, "/resources/1/title:unique"},
		"made-up words": {
			func(p *sharing.Project) {
				p.Resources[0].Class, p.Resources[0].Cycle, p.Resources[0].Way = "free", "hourly", "post"
			},
			"/resources/0/class:one_of /resources/0/cycle:one_of /resources/0/way:one_of",
		},
		"a blank field":  {func(p *sharing.Project) { p.Resources[0].Fields = []string{""} }, "/resources/0/fields/0:required"},
		"too many files": {func(p *sharing.Project) { p.Attachments = make([]string, sharing.MaxAttachments+1) }, "/attachments:max_items"},
	} {
		t.Run(name, func(t *testing.T) {
			p := sound()
			row.change(&p)
			require.Equal(t, row.want, fields(p.Check()))
		})
	}
	p := sound()
	require.NoError(t, p.Link([]sharing.EntryLink{{Resource: "甲", Entry: "A"}}))
	require.Equal(t, "A", p.Resources[0].Entry)
	require.Equal(t, "/entries/0/resource:exists", fields(p.Link([]sharing.EntryLink{{Resource: "乙", Entry: "B"}})))
	require.Equal(t, "/note:required", fields(sharing.GapReport{}.Check()))
	require.Equal(t, "/checks/0/check:required /checks/0/evidence:required", fields(sharing.Acceptance{Checks: []sharing.StatedCheck{{Met: true}}}.Check()))
}
