package regulation

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
	"gongshu/workday"
)

func shipped(t testing.TB, id string) *Regulation {
	t.Helper()
	r, ok := Shipped().ByID(id)
	require.True(t, ok, id)
	return r
}

// Every limit that a text sets, by its article, and every duty for which it
// sets none. What is not listed here is not law.
func TestLimitsAreThoseOfTheTexts(t *testing.T) {
	const none = ""
	want := map[string]map[string][2]string{ // duty: limit, article
		"yanzhou-2024": {
			"share.answer": {none, "3(2)"}, "share.provide": {none, "21"}, "dispute.verify": {"at once", "23"},
			"catalog.elements": {"1 update cycle, moving off days off", "11"}, "data.update": {none, "3(5), 21"},
			"misuse.cancel": {"at once", "22"}, "evaluation.yearly": {none, "35"}, "bulletin.periodic": {none, "38"},
			"survey.periodic": {none, "37"}, "filing.specialist": {"at once", "40"},
		},
		"city-2023": {
			"share.answer": {"5 working days", "21"}, "share.provide": {"5 working days", "21"}, "share.coordinate": {none, "22"},
			"dispute.verify": {"5 working days", "24"}, "catalog.file": {"15 working days", "11"}, "catalog.yearly": {"by the end of June", "11"},
			"data.update": {"1 update cycle", "23"}, "evaluation.yearly": {none, "31"}, "bulletin.periodic": {none, "31"},
		},
		"jinan-startup-2023": {
			"share.answer": {"10 working days", "16"}, "share.provide": {none, "16"}, "share.coordinate": {"at once", "19"},
			"dispute.verify": {none, "36"}, "catalog.file": {"15 working days", "10"}, "data.update": {"1 update cycle", "14"},
			"open.answer": {none, "22"}, "report.yearly": {"by the end of February", "43"}, "report.committee": {none, "43"},
			"evaluation.periodic": {none, "42"}, "incident.report": {"at once", "35"},
		},
		"lishui-2020": {
			"share.answer": {none, "8(6), 16(2)"}, "share.provide": {none, "16(2)"}, "dispute.verify": {"2 working days", "13"},
			"data.update": {"1 update cycle", "8(5)"}, "evaluation.periodic": {none, "28"}, "incident.report": {"at once", "25"},
		},
		"shuozhou-2021": {
			"share.answer": {"5 working days", "16"}, "share.provide": {none, "16"}, "share.coordinate": {none, "20"},
			"dispute.verify": {"10 working days", "19"}, "catalog.notice": {"1 month", "12"}, "data.update": {none, "17"},
			"open.answer": {"10 working days", "25"}, "evaluation.periodic": {none, "32"}, "open.plan": {none, "24"},
			"filing.specialist": {none, "31"}, "incident.report": {none, "28"},
		},
	}
	for _, r := range Shipped().All() {
		got := map[string][2]string{}
		for _, d := range r.Duties {
			if d.Source == FromOperator {
				require.Nil(t, d.Limit, "%s %s", r.ID, d.Name)
				continue
			}
			limit := none
			if d.Limit != nil {
				limit = BudgetEn(*d.Limit)
			}
			got[d.Name] = [2]string{limit, d.Article}
		}
		require.Equal(t, want[r.ID], got, r.ID)
	}
}

func TestRefusalsCarryWhatTheTextsAsk(t *testing.T) {
	for id, want := range map[string]sharing.RefusalRule{
		"yanzhou-2024":       {Reasons: true, LegalBasis: true, Proof: true, Article: "3(2)"},
		"city-2023":          {Reasons: true, LegalBasis: true, Article: "21"},
		"jinan-startup-2023": {Reasons: true, Article: "16"},
		"lishui-2020":        {Reasons: true, Article: "34(3)"},
		"shuozhou-2021":      {Reasons: true, LegalBasis: true, Article: "16"},
	} {
		require.Equal(t, want, shipped(t, id).Refusal.Rule(), id)
	}
}

func TestWhatDiffersBetweenTheFive(t *testing.T) {
	yanzhou, city, jinan, lishui, shuozhou := shipped(t, "yanzhou-2024"), shipped(t, "city-2023"), shipped(t, "jinan-startup-2023"), shipped(t, "lishui-2020"), shipped(t, "shuozhou-2021")

	offers := map[string][]string{}
	for _, r := range Shipped().All() {
		for _, occasion := range []string{AfterRefusal, AfterDispute, WhenNotShared, WhenNotListed} {
			if r.Coordination.Offers(occasion) {
				offers[r.ID] = append(offers[r.ID], occasion)
			}
		}
	}
	require.Equal(t, map[string][]string{
		"city-2023":          {AfterRefusal, WhenNotShared, WhenNotListed},
		"jinan-startup-2023": {AfterRefusal, AfterDispute},
		"shuozhou-2021":      {WhenNotListed},
	}, offers)

	rule, allowed := lishui.Mode(sharing.QueryAPI)
	require.True(t, allowed)
	require.Empty(t, rule.Consent)
	for _, mode := range []sharing.Mode{sharing.File, sharing.Batch, sharing.TableExchange} {
		rule, allowed = lishui.Mode(mode)
		require.True(t, allowed, mode)
		require.Equal(t, Authority, rule.Consent, mode)
		require.Equal(t, "17", rule.Article)
	}
	_, allowed = yanzhou.Mode(sharing.Browsing)
	require.False(t, allowed)

	require.Equal(t, "19(3)", lishui.Article("share.grant_scenario"))
	require.Empty(t, city.Article("share.grant_scenario"))
	require.Equal(t, "21", city.Article("share.answer"), "the article of a duty")
	require.Empty(t, jinan.Article("share.confirm"), "no text speaks of it")

	_, cites := jinan.Catalog.BasisFor(sharing.Conditional)
	require.False(t, cites, "the text asks it of data that is not shared")
	basis, cites := yanzhou.Catalog.BasisFor(sharing.Conditional)
	require.True(t, cites)
	require.Equal(t, "20", basis.Article)

	require.Equal(t, Supervisor, jinan.Catalog.NotShared.Approval)
	require.Equal(t, "受限共享类", lishui.Classes[sharing.Conditional].Name)
	require.Empty(t, shuozhou.Dispute.MustProceed)
	require.True(t, yanzhou.Use.CancelsAtOnce)
	require.Equal(t, sharing.Unconditional, city.BaseData.Class)
	require.Equal(t, "27", city.Opening.Agreement)

	article, required := city.Requires("duration")
	require.True(t, required)
	require.Equal(t, "21", article)
	_, required = shuozhou.Requires("duration")
	require.False(t, required)
	require.Equal(t, "《公共数据管理暂行办法》第二十一条", city.Cite("21"))
}

// A target is told apart from law, and "at once" has no date of its own.
func TestBudgetTellsLawFromTarget(t *testing.T) {
	for _, row := range []struct {
		id, duty      string
		budget        string
		statutory, ok bool
	}{
		{"shuozhou-2021", "share.answer", "5 working days", true, true},
		{"yanzhou-2024", "share.answer", "5 working days", false, true},
		{"yanzhou-2024", "dispute.verify", "4h0m0s", false, true}, // at once by the text
		{"yanzhou-2024", "misuse.cancel", "at once", true, true},
		{"yanzhou-2024", "evaluation.yearly", "", false, false},
	} {
		d, ok := shipped(t, row.id).Duty(row.duty)
		require.True(t, ok)
		b, statutory, ok := d.Budget(nil)
		require.Equal(t, row.ok, ok, row.duty)
		require.Equal(t, row.statutory, statutory, row.duty)
		if ok {
			require.Equal(t, row.budget, BudgetEn(b), row.duty)
		}
	}
}

func TestLadders(t *testing.T) {
	shuozhou := shipped(t, "shuozhou-2021")
	answer, _ := shuozhou.Duty("share.answer")
	rungs := shuozhou.LadderFor(answer, true)
	require.Equal(t, sharing.Reminder, rungs[0].Kind)
	last := rungs[len(rungs)-1]
	require.Equal(t, sharing.Rectification, last.Kind)
	require.Equal(t, "33(4)", last.Article)
	require.Equal(t, FromOperator, last.Source, "the text names the ground and not the day")

	notice, _ := shuozhou.Duty("catalog.notice")
	require.Empty(t, shuozhou.LadderFor(notice, true), "a notice period is not climbed")

	confirm, _ := shuozhou.Duty("share.confirm")
	for _, rung := range shuozhou.LadderFor(confirm, false) {
		require.Contains(t, []sharing.RungKind{sharing.LimitReached, sharing.Urged}, rung.Kind, "a target goes no further")
	}
	for _, id := range []string{"jinan-startup-2023", "lishui-2020", "yanzhou-2024"} {
		r := shipped(t, id)
		for _, d := range r.Duties {
			for _, rung := range r.LadderFor(d, true) {
				require.NotEqual(t, sharing.Rectification, rung.Kind, "%s %s: the text has no such step for a late duty", id, d.Name)
			}
		}
	}
}

func TestArticlesInWords(t *testing.T) {
	for s, want := range map[string][2]string{
		"16": {"第十六条", "art. 16"}, "3(2)": {"第三条第（二）项", "art. 3(2)"}, "13, 36": {"第十三条、第三十六条", "arts. 13, 36"},
		"10": {"第十条", "art. 10"}, "20": {"第二十条", "art. 20"}, "101": {"第一百零一条", "art. 101"}, "110": {"第一百一十条", "art. 110"},
		"": {"", ""}, "附则": {"附则", "附则"},
	} {
		require.Equal(t, want, [2]string{ArticleZh(s), ArticleEn(s)}, s)
	}
}

func TestTablesAreCompleteInBothLanguages(t *testing.T) {
	for _, r := range Shipped().All() {
		zh, en := r.Tables(Zh), r.Tables(En)
		require.Equal(t, len(zh), len(en))
		for i := range zh {
			require.Len(t, en[i].Rows, len(zh[i].Rows))
			for _, row := range en[i].Rows {
				require.Len(t, row, len(en[i].Header))
				for j, cell := range row {
					if en[i].Title == "Validity" || j == 2 && en[i].Title == "Ladders" {
						continue
					}
					require.NotRegexp(t, `\p{Han}`, cell, "%s %s", r.ID, en[i].Title)
				}
			}
		}
	}
}

// A regulation that the code has never seen: the authority checks first, the
// limit to provide depends on a fact, an answer may be extended with consent,
// opening takes 15 days and may be extended once by 15.
func TestARegulationNeverSeen(t *testing.T) {
	library, err := Load(os.DirFS("testdata"))
	require.NoError(t, err)
	r, err := library.InForce("example", sharing.NewDate(2027, time.January, 1))
	require.NoError(t, err)

	precheck, ok := r.Duty("share.precheck")
	require.True(t, ok)
	require.Equal(t, Authority, precheck.Owes)
	answer, _ := r.Duty("share.answer")
	require.Equal(t, PrecheckPassed, answer.Start)
	require.Equal(t, &Extension{Cap: 5, Times: 1, Reason: true, Approver: Authority, Article: "16"}, answer.Extension)

	provide, _ := r.Duty("share.provide")
	for _, row := range []struct {
		facts   Facts
		n       int
		article string
	}{
		{nil, 5, "17"},
		{Facts{"resource_on_platform": true}, 5, "17"},
		{Facts{"resource_on_platform": false}, 20, "17(2)"},
	} {
		b, statutory, ok := provide.Budget(row.facts)
		require.True(t, ok && statutory)
		require.Equal(t, row.n, b.N, fmt.Sprint(row.facts))
		require.Equal(t, row.article, provide.ArticleFor(row.facts))
	}

	opening, _ := r.Duty("open.answer")
	b, _, _ := opening.Budget(nil)
	clock := sharing.Clock{Budget: b, Start: time.Date(2026, 3, 2, 9, 0, 0, 0, sharing.Shanghai)}
	p, err := workday.ShippedCalendar().Project(clock)
	require.NoError(t, err)
	require.Equal(t, "2026-03-17", p.DueDate.String())
	clock.Extensions = []sharing.Extension{{N: opening.Extension.Cap, Reason: "data must be treated"}}
	p, err = workday.ShippedCalendar().Project(clock)
	require.NoError(t, err)
	require.Equal(t, "2026-04-01", p.DueDate.String())
}
