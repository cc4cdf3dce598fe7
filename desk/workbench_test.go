package desk_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// The inbox is narrowed, sorted and paged, and its counts are those of its rows.
func TestInboxIsNarrowed(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for _, by := range []string{requester, stranger} {
		r.Apply(by, r.Request("shuozhou", conditional), nil)
		r.Apply(by, r.Request("shuozhou", "SZ-GA-002"), nil)
	}
	who := r.User(approver)
	all, err := r.Tasks(ctx, who, desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 4, all.Total)

	// One after the other gives the same rows as all at once, in every order, and a
	// cursor of one order is none of another.
	for _, order := range append([]desk.Order{""}, desk.Orders...) {
		want, err := r.Tasks(ctx, who, desk.TaskQuery{Order: order})
		require.NoError(t, err)
		var got []string
		cursor := ""
		for {
			page, err := r.Tasks(ctx, who, desk.TaskQuery{Order: order, Limit: 1, Cursor: cursor})
			require.NoError(t, err)
			require.Equal(t, 4, page.Total)
			got = append(got, page.Items[0].ID)
			if cursor = page.Next; cursor == "" {
				break
			}
			if order != "" && order != desk.Orders[0] {
				_, err := r.Tasks(ctx, who, desk.TaskQuery{Limit: 1, Cursor: cursor})
				require.Equal(t, sharing.CodeInvalid, code(t, err))
			}
		}
		require.Len(t, got, 4)
		for i, item := range want.Items {
			require.Equal(t, item.ID, got[i], "order %q", order)
		}
	}

	first := all.Items[0]
	require.NoError(t, r.Claim(ctx, who, "", first.ID))
	specialistSees := func(q desk.TaskQuery) int {
		page, err := r.Tasks(ctx, r.User(specialist), q)
		require.NoError(t, err)
		require.Len(t, page.Items, page.Total)
		return page.Total
	}
	require.Equal(t, 1, specialistSees(desk.TaskQuery{Taken: "others"}))
	require.Equal(t, 3, specialistSees(desk.TaskQuery{Taken: "nobody"}))
	require.Zero(t, specialistSees(desk.TaskQuery{Taken: "me"}))
	require.Equal(t, 1, specialistSees(desk.TaskQuery{Text: first.Case.Number}))
	require.Equal(t, 2, specialistSees(desk.TaskQuery{Applicant: "shuozhou-minzheng"}))
	require.Equal(t, 2, specialistSees(desk.TaskQuery{Text: "民政局"}))
	require.Zero(t, specialistSees(desk.TaskQuery{Text: "100% nothing_like this"}))
	require.Equal(t, 4, specialistSees(desk.TaskQuery{Kind: sharing.TaskAnswer, Procedure: sharing.ShareApplication}))
	require.Zero(t, specialistSees(desk.TaskQuery{Kind: sharing.TaskProvide}))
	lit := 0
	for _, light := range desk.Lights {
		lit += specialistSees(desk.TaskQuery{Light: light})
	}
	require.Equal(t, 4, lit, "each has one light")
	_, err = r.Tasks(ctx, who, desk.TaskQuery{Light: "blue"})
	require.Equal(t, sharing.CodeInvalid, code(t, err))

	load, err := r.Workload(ctx, who)
	require.NoError(t, err)
	require.Equal(t, desk.TaskFigures{Open: 4, Mine: 1, Free: 3, Overdue: load.Mine.Overdue, Today: load.Mine.Today, Week: load.Mine.Week}, load.Mine)
	require.Empty(t, load.Holders)
	load, err = r.Workload(ctx, r.User("shuozhou-gongan-head"))
	require.NoError(t, err)
	require.Len(t, load.Holders, 2)
	require.Equal(t, 3, load.Holders[0].Open)
	require.Equal(t, approver, load.Holders[1].UserID)

	// What others apply for is neither seen nor counted.
	for _, q := range []desk.CaseQuery{{}, {Text: "公安"}, {Department: "shuozhou-gongan"}, {Open: true, Order: desk.Orders[0]}} {
		page, err := r.Cases(ctx, r.User(requester), q)
		require.NoError(t, err)
		require.Equal(t, 2, page.Total, "%+v", q)
	}
	counts, err := r.InboxCounts(ctx, r.User(requester))
	require.NoError(t, err)
	require.Equal(t, desk.InboxCounts{Mine: 2}, counts)
	counts, err = r.InboxCounts(ctx, who)
	require.NoError(t, err)
	require.Equal(t, desk.InboxCounts{Open: 4}, counts)
}

// Earlier answers are the department's own, those about the same entry first; of
// cases that are answered elsewhere nobody is told.
func TestEarlierAnswers(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	refuse := func(ctx context.Context, code, reasons string) {
		c := r.Apply(requester, r.Request("shuozhou", code), nil).Cases[0]
		_, err := r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.CaseID, Expected: 1},
			sharing.Decision{Reasons: reasons, Basis: []sharing.Basis{{Law: "数据安全法", Article: "第三十八条"}}})
		require.NoError(t, err)
	}
	refuse(ctx, conditional, "与职责无关")
	refuse(ctx, "SZ-GA-002", "用途不明")
	c := r.Apply(stranger, r.Request("shuozhou", conditional), nil).Cases[0]
	view, err := r.Case(ctx, r.User(approver), c.CaseID)
	require.NoError(t, err)
	earlier, err := r.EarlierAnswers(ctx, r.User(approver), view.Case)
	require.NoError(t, err)
	require.Len(t, earlier, 2)
	require.True(t, earlier[0].Same)
	require.Equal(t, "与职责无关", earlier[0].Decision.Reasons)
	require.False(t, earlier[1].Same)
	for _, other := range []string{stranger, officer} {
		earlier, err = r.EarlierAnswers(ctx, r.User(other), view.Case)
		require.NoError(t, err)
		require.Empty(t, earlier)
	}
}

// Names sort by pinyin in Chinese and by their English in English.
func TestNamesSortAsTheLanguageDoes(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who := r.User(requester)
	names := func(who sharing.User) (zh, en []string) {
		all, err := r.Departments(ctx, who)
		require.NoError(t, err)
		for _, d := range all {
			zh, en = append(zh, d.Name), append(en, d.NameEN)
		}
		return zh, en
	}
	zh, _ := names(who)
	require.Less(t, index(zh, "朔州市财政局"), index(zh, "朔州市公安局")) // cái before gōng
	require.Less(t, index(zh, "朔州市公安局"), index(zh, "朔州市民政局")) // gōng before mín
	require.Less(t, index(zh, "朔州市民政局"), index(zh, "朔州市医疗保障局"))
	who.Locale = "en"
	_, en := names(who)
	require.IsIncreasing(t, en)

	page, err := r.Catalog(ctx, who, desk.CatalogQuery{Limit: desk.MaxLimit})
	require.NoError(t, err)
	var titles []string
	for _, e := range page.Items {
		titles = append(titles, e.Title)
	}
	require.Less(t, index(titles, "不动产登记信息"), index(titles, "出生医学证明信息")) // bù before chū
	require.Less(t, index(titles, "出生医学证明信息"), index(titles, "个人所得税缴纳信息"))
	for _, order := range desk.CatalogOrders {
		seen := map[string]bool{}
		cursor := ""
		for {
			some, err := r.Catalog(ctx, who, desk.CatalogQuery{Order: order, Limit: 7, Cursor: cursor})
			require.NoError(t, err)
			for _, e := range some.Items {
				require.False(t, seen[e.ID])
				seen[e.ID] = true
			}
			if cursor = some.Next; cursor == "" {
				break
			}
		}
		require.Len(t, seen, page.Total, "order %s", order)
	}
	graded, err := r.Catalog(ctx, who, desk.CatalogQuery{Grade: 3, Mode: sharing.QueryAPI, Limit: desk.MaxLimit})
	require.NoError(t, err)
	require.NotZero(t, graded.Total)
	for _, e := range graded.Items {
		require.EqualValues(t, 3, e.Grade)
		require.Contains(t, e.Modes, sharing.QueryAPI)
	}
}

// index is where a name stands in a list; the list must have it.
func index(list []string, name string) int {
	for i, other := range list {
		if other == name {
			return i
		}
	}
	panic("no " + name)
}
