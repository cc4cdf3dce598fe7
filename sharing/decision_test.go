package sharing_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

func fields(err error) string {
	e, ok := err.(*sharing.Error)
	if !ok {
		return ""
	}
	var all []string
	for _, f := range e.Fields {
		all = append(all, f.Field+":"+f.Rule)
	}
	return strings.Join(all, " ")
}

func TestDecisionCheck(t *testing.T) {
	c := sharing.Case{Fields: []string{"name", "id"}, Request: sharing.Request{TermMonths: 12}}
	basis := []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条"}}
	strict := sharing.RefusalRule{Reasons: true, LegalBasis: true, Article: "16"}
	proof := sharing.RefusalRule{Reasons: true, LegalBasis: true, Proof: true, Article: "3(2)"}
	mild := sharing.RefusalRule{Reasons: true}
	for _, row := range []struct {
		name string
		d    sharing.Decision
		rule sharing.RefusalRule
		want string
	}{
		{"agree to all", sharing.Decision{Agree: true}, strict, ""},
		{"agree to a part", sharing.Decision{Agree: true, Fields: []string{"id"}, TermMonths: 6, Desensitise: true, Conditions: "限本机关"}, strict, ""},
		{"not asked for", sharing.Decision{Agree: true, Fields: []string{"phone"}}, strict, "/fields/0:asked_for"},
		{"twice", sharing.Decision{Agree: true, Fields: []string{"id", "id"}}, strict, "/fields/1:unique"},
		{"longer than asked", sharing.Decision{Agree: true, TermMonths: 13}, strict, "/term_months:range"},
		{"agree with reasons", sharing.Decision{Agree: true, Reasons: "因为"}, strict, "/reasons:refusal_only"},
		{"refuse", sharing.Decision{Reasons: "涉及隐私", Basis: basis}, strict, ""},
		{"refuse silently", sharing.Decision{}, strict, "/reasons:required /basis:required"},
		{"refuse without basis", sharing.Decision{Reasons: "不行"}, strict, "/basis:required"},
		{"basis not demanded", sharing.Decision{Reasons: "不行"}, mild, ""},
		{"half a basis", sharing.Decision{Reasons: "不行", Basis: []sharing.Basis{{Law: "法"}}}, strict, "/basis/0/article:required"},
		{"without the file that proves it", sharing.Decision{Reasons: "不行", Basis: basis}, proof, "/basis/0/attachment:required"},
		{"refuse with fields", sharing.Decision{Reasons: "不行", Basis: basis, Fields: []string{"id"}}, strict, "/agree:agreement_only"},
		{"control characters", sharing.Decision{Reasons: "不\x00行", Basis: basis}, strict, "/reasons:characters"},
		{"invalid UTF-8", sharing.Decision{Reasons: "\xff", Basis: basis}, strict, "/reasons:characters"},
		{"endless", sharing.Decision{Reasons: strings.Repeat("长", sharing.MaxText+1), Basis: basis}, strict, "/reasons:max_length"},
	} {
		err := row.d.Check(c, row.rule)
		require.Equal(t, row.want, fields(err), row.name)
		require.Equal(t, row.want == "", err == nil, row.name)
	}
	require.Equal(t, sharing.CodeBasisRequired, sharing.CodeOf(sharing.Decision{Reasons: "不行"}.Check(c, strict)))
}

func TestRequestCheck(t *testing.T) {
	sound := sharing.Request{Items: []sharing.Item{{ResourceID: "a"}}, Purpose: "核验", Duty: "救助审核", Mode: sharing.QueryAPI, TermMonths: 12}
	require.NoError(t, sound.Check())
	for name, row := range map[string]struct {
		spoil func(*sharing.Request)
		want  string
	}{
		"no items":    {func(r *sharing.Request) { r.Items = nil }, "/items:required"},
		"twice":       {func(r *sharing.Request) { r.Items = append(r.Items, r.Items[0]) }, "/items/1/resource_id:unique"},
		"no purpose":  {func(r *sharing.Request) { r.Purpose = " 　" }, "/purpose:required"},
		"no duty":     {func(r *sharing.Request) { r.Duty = "" }, "/duty:required"},
		"no mode":     {func(r *sharing.Request) { r.Mode = "" }, "/mode:one_of"},
		"odd mode":    {func(r *sharing.Request) { r.Mode = "telepathy" }, "/mode:one_of"},
		"no term":     {func(r *sharing.Request) { r.TermMonths = 0 }, "/term_months:range"},
		"endless":     {func(r *sharing.Request) { r.TermMonths = 61 }, "/term_months:range"},
		"many files":  {func(r *sharing.Request) { r.Attachments = make([]string, 21) }, "/attachments:max_items"},
		"all of them": {func(r *sharing.Request) { *r = sharing.Request{} }, "/items:required /purpose:required /duty:required /mode:one_of /term_months:range"},
	} {
		r := sound
		row.spoil(&r)
		require.Equal(t, row.want, fields(r.Check()), name)
	}
	require.NoError(t, sharing.Request{}.CheckDraft(), "a draft may be empty")
}
