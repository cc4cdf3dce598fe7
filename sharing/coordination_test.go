package sharing_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

func TestCoordinationRequestCheck(t *testing.T) {
	refused := sharing.CoordinationRequest{Occasion: sharing.OnRefusal, Parent: "p", Grounds: "履职确需"}
	words := sharing.CoordinationRequest{
		Occasion: sharing.OnNotListed, Data: "殡葬补贴发放名册", Items: []string{"姓名"}, Purpose: "核对待遇", Duty: "救助审核", Mode: sharing.Batch, TermMonths: 12, Grounds: "目录中没有",
	}
	for name, row := range map[string]struct {
		r     sharing.CoordinationRequest
		spoil func(*sharing.CoordinationRequest)
		want  string
	}{
		"a refusal":              {refused, func(*sharing.CoordinationRequest) {}, ""},
		"in words":               {words, func(*sharing.CoordinationRequest) {}, ""},
		"no occasion":            {refused, func(r *sharing.CoordinationRequest) { r.Occasion = "boredom" }, "/occasion:one_of"},
		"of nothing":             {refused, func(r *sharing.CoordinationRequest) { r.Parent = "" }, "/parent:required"},
		"without grounds":        {refused, func(r *sharing.CoordinationRequest) { r.Grounds = "" }, "/grounds:required"},
		"a refusal in words":     {refused, func(r *sharing.CoordinationRequest) { r.Data = "名册" }, "/data:words_only"},
		"words after a case":     {words, func(r *sharing.CoordinationRequest) { r.Parent = "p" }, "/parent:in_words"},
		"of no data":             {words, func(r *sharing.CoordinationRequest) { r.Data = "" }, "/data:required"},
		"without purpose":        {words, func(r *sharing.CoordinationRequest) { r.Purpose, r.Duty = "", "" }, "/purpose:required /duty:required"},
		"without what and how":   {words, func(r *sharing.CoordinationRequest) { r.Items, r.Mode, r.TermMonths = nil, "", 0 }, "/items:required /mode:one_of /term_months:range"},
		"nothing, not shared":    {sharing.CoordinationRequest{Occasion: sharing.OnNotShared}, func(*sharing.CoordinationRequest) {}, "/purpose:required /duty:required /data:required /items:required /mode:one_of /term_months:range /grounds:required"},
		"not shared, with words": {words, func(r *sharing.CoordinationRequest) { r.Occasion = sharing.OnNotShared }, ""},
	} {
		row.spoil(&row.r)
		require.Equal(t, row.want, fields(row.r.Check()), name)
	}
	require.NoError(t, words.Need("省人口库").Check(), "what is asked for in words can be passed up as it is")
}

func TestCoordinationFollowsFromTheRightCase(t *testing.T) {
	c := func(p sharing.Procedure, s sharing.State) sharing.Case { return sharing.Case{Procedure: p, State: s} }
	fit := map[sharing.Occasion][]sharing.Case{
		sharing.OnRefusal: {c(sharing.ShareApplication, sharing.Refused)},
		sharing.OnMisuse:  {c(sharing.ShareApplication, sharing.Revoked), c(sharing.ShareApplication, sharing.OnHold)},
		sharing.OnDispute: {c(sharing.CorrectionDispute, sharing.Explained)},
	}
	for _, o := range sharing.Occasions {
		for _, p := range sharing.Procedures {
			for _, s := range p.Machine().States() {
				want := false
				for _, f := range fit[o] {
					want = want || f.Procedure == p && f.State == s
				}
				require.Equal(t, want, sharing.CoordinationRequest{Occasion: o}.Fits(c(p, s)) == nil, "%s after %s %s", o, p, s)
			}
		}
	}
}

func TestWhatTheAuthorityCanRule(t *testing.T) {
	none, all := sharing.CoordinationRule{}, sharing.CoordinationRule{Catalogues: true, Upward: true}
	for _, row := range []struct {
		o    sharing.Occasion
		rule sharing.CoordinationRule
		want []sharing.State
	}{
		{sharing.OnRefusal, all, []sharing.State{sharing.Overturned, sharing.Upheld}},
		{sharing.OnDispute, all, []sharing.State{sharing.Overturned, sharing.Upheld}},
		{sharing.OnMisuse, none, []sharing.State{sharing.Overturned, sharing.Upheld}},
		{sharing.OnNotListed, none, []sharing.State{sharing.Upheld}},
		{sharing.OnNotListed, all, []sharing.State{sharing.Upheld, sharing.Catalogued, sharing.PassedUp}},
		{sharing.OnNotShared, none, []sharing.State{sharing.Upheld, sharing.Catalogued}},
		{sharing.OnNotShared, all, []sharing.State{sharing.Upheld, sharing.Catalogued, sharing.PassedUp}},
	} {
		require.Equal(t, row.want, row.o.Outcomes(row.rule), "%s %+v", row.o, row.rule)
		for _, outcome := range []sharing.State{sharing.Overturned, sharing.Upheld, sharing.Catalogued, sharing.PassedUp} {
			allowed := false
			for _, w := range row.want {
				allowed = allowed || w == outcome
			}
			require.Equal(t, allowed, sharing.CoordinationRuling{Outcome: outcome}.Fits(row.o, row.rule, true) == nil, "%s on %s", outcome, row.o)
		}
	}
	require.Equal(t, "/outcome:owner_first", fields(sharing.CoordinationRuling{Outcome: sharing.Catalogued}.Fits(sharing.OnNotListed, all, false)))
	require.Equal(t, "/outcome:overturned_only", fields(sharing.CoordinationRuling{Outcome: sharing.Overturned, TermMonths: 6}.Fits(sharing.OnDispute, all, true)))
}

func TestCoordinationRulingCheck(t *testing.T) {
	for name, row := range map[string]struct {
		r    sharing.CoordinationRuling
		want string
	}{
		"upheld":            {sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "理由充分"}, ""},
		"overturned":        {sharing.CoordinationRuling{Outcome: sharing.Overturned, Reasons: "履职必需", Fields: []string{"id"}, TermMonths: 6}, ""},
		"nothing":           {sharing.CoordinationRuling{}, "/outcome:one_of /reasons:required"},
		"without reasons":   {sharing.CoordinationRuling{Outcome: sharing.Upheld}, "/reasons:required"},
		"upheld with terms": {sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "理由", Desensitise: true}, "/outcome:overturned_only"},
		"passed up":         {sharing.CoordinationRuling{Outcome: sharing.PassedUp, Reasons: "省级数据", HeldBy: "省公安厅"}, ""},
		"passed to nobody":  {sharing.CoordinationRuling{Outcome: sharing.PassedUp, Reasons: "省级数据"}, "/held_by:required"},
		"upheld, held":      {sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "理由", HeldBy: "省公安厅"}, "/held_by:passed_up_only"},
		"half a basis":      {sharing.CoordinationRuling{Outcome: sharing.Upheld, Reasons: "理由", Basis: []sharing.Basis{{Article: "第一条"}}}, "/basis/0/law:required"},
	} {
		require.Equal(t, row.want, fields(row.r.Check()), name)
	}
	require.Equal(t, "/department:required", fields(sharing.OwnerNamed{}.Check()))
	require.Equal(t, "/view:required", fields(sharing.Opinion{View: " "}.Check()))
}
