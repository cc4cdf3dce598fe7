package sharing_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

func entry() sharing.Resource {
	return sharing.Resource{
		Code: "GA-001", Title: "户籍信息", Class: sharing.Conditional, OpenClass: sharing.NotOpen, Grade: 2, Basis: "《甲法》第一条", Condition: "核对身份",
		Cycle: sharing.Daily, Format: "库表", Modes: []sharing.Mode{sharing.QueryAPI}, Version: 3,
		Fields: []sharing.Field{{Name: "id", Title: "公民身份号码", Type: "string", Grade: 2}, {Name: "addr", Title: "住址", Type: "string", Grade: 3}},
	}
}

func newEntry() sharing.ChangeProposal {
	return sharing.ChangeProposal{
		Kind: sharing.NewEntry, Trigger: sharing.FunctionChanged, TriggeredOn: sharing.NewDate(2026, 3, 2), Why: "新增职能",
		Entry: sharing.EntryDraft{
			Code: "GA-100", Title: "居住证", Class: sharing.Conditional, OpenClass: sharing.NotOpen, Grade: 2, Cycle: sharing.Monthly, Format: "库表",
			Modes: []sharing.Mode{sharing.QueryAPI}, Basis: []sharing.LegalGround{{Source: sharing.SourceLaw, Law: "居民身份证法", Article: "第六条"}},
			Fields: []sharing.Field{{Name: "no", Title: "居住证号", Type: "string", Grade: 2}},
		},
	}
}

func TestWhatAProposalMustSay(t *testing.T) {
	require.NoError(t, newEntry().Check())
	class := sharing.ChangeProposal{Kind: sharing.ChangedClass, ResourceID: "r", Trigger: sharing.OtherTrigger, Why: "w", Entry: sharing.EntryDraft{Class: sharing.Unconditional}}
	require.NoError(t, class.Check())
	temporary := sharing.ChangeProposal{Kind: sharing.TemporaryClass, ResourceID: "r", Trigger: sharing.OtherTrigger, Why: "w", Ground: "public_incident",
		LastDay: sharing.NewDate(2026, 6, 1), Entry: sharing.EntryDraft{Class: sharing.NotShared}}
	require.NoError(t, temporary.Check())
	for name, c := range map[string]struct {
		of    sharing.ChangeProposal
		spoil func(*sharing.ChangeProposal)
		field string
		rule  string
	}{
		"no kind":                        {newEntry(), func(p *sharing.ChangeProposal) { p.Kind = "" }, "/kind", "one_of"},
		"unknown trigger":                {newEntry(), func(p *sharing.ChangeProposal) { p.Trigger = "weather" }, "/trigger", "one_of"},
		"trigger without its day":        {newEntry(), func(p *sharing.ChangeProposal) { p.TriggeredOn = 0 }, "/triggered_on", "required"},
		"no reason":                      {newEntry(), func(p *sharing.ChangeProposal) { p.Why = " " }, "/why", "required"},
		"new one that is there":          {newEntry(), func(p *sharing.ChangeProposal) { p.ResourceID = "r" }, "/resource_id", "other_kind"},
		"no code":                        {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Code = "" }, "/entry/code", "required"},
		"code with a space":              {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Code = "A 1" }, "/entry/code", "pattern"},
		"no class":                       {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Class = "" }, "/entry/class", "required"},
		"unknown class":                  {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Class = "secret" }, "/entry/class", "one_of"},
		"no fields":                      {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Fields = nil }, "/entry/fields", "required"},
		"no ways of sharing":             {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Modes = nil }, "/entry/modes", "required"},
		"unknown field type":             {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Fields[0].Type = "blob" }, "/entry/fields/0/type", "one_of"},
		"field of no grade":              {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Fields[0].Grade = 0 }, "/entry/fields/0/grade", "range"},
		"one field twice":                {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Fields = append(p.Entry.Fields, p.Entry.Fields[0]) }, "/entry/fields/1/name", "unique"},
		"unknown source of law":          {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Basis[0].Source = "rumour" }, "/entry/basis/0/source", "one_of"},
		"law without its article":        {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Basis[0].Article = "" }, "/entry/basis/0/article", "required"},
		"grade out of range":             {newEntry(), func(p *sharing.ChangeProposal) { p.Entry.Grade = 5 }, "/entry/grade", "range"},
		"a change of no entry":           {class, func(p *sharing.ChangeProposal) { p.ResourceID = "" }, "/resource_id", "required"},
		"class with elements":            {class, func(p *sharing.ChangeProposal) { p.Entry.Title = "t" }, "/entry", "other_kind"},
		"class without one":              {class, func(p *sharing.ChangeProposal) { p.Entry.Class = "" }, "/entry/class", "required"},
		"another code":                   {class, func(p *sharing.ChangeProposal) { p.Entry.Code = "X" }, "/entry/code", "other_kind"},
		"ground of no temporary change":  {class, func(p *sharing.ChangeProposal) { p.Ground = "public_interest" }, "/ground", "other_kind"},
		"elements with a class":          {class, func(p *sharing.ChangeProposal) { p.Kind, p.Entry.Title = sharing.ChangedElements, "t" }, "/entry/class", "other_kind"},
		"elements without any":           {class, func(p *sharing.ChangeProposal) { p.Kind, p.Entry = sharing.ChangedElements, sharing.EntryDraft{} }, "/entry", "required"},
		"withdrawal with more":           {class, func(p *sharing.ChangeProposal) { p.Kind = sharing.WithdrawnEntry }, "/entry", "other_kind"},
		"temporary without ground":       {temporary, func(p *sharing.ChangeProposal) { p.Ground = "" }, "/ground", "required"},
		"temporary without last day":     {temporary, func(p *sharing.ChangeProposal) { p.LastDay = 0 }, "/last_day", "required"},
		"temporary from a day on":        {temporary, func(p *sharing.ChangeProposal) { p.EffectiveOn = sharing.NewDate(2026, 5, 1) }, "/effective_on", "other_kind"},
		"temporary class of opening too": {temporary, func(p *sharing.ChangeProposal) { p.Entry.OpenClass = sharing.NotOpen }, "/entry", "other_kind"},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.of
			p.Entry.Fields = append([]sharing.Field(nil), p.Entry.Fields...)
			p.Entry.Basis = append([]sharing.LegalGround(nil), p.Entry.Basis...)
			c.spoil(&p)
			var e *sharing.Error
			require.True(t, errors.As(p.Check(), &e), "accepted")
			require.Equal(t, sharing.CodeInvalid, e.Code)
			var found []sharing.FieldError
			for _, f := range e.Fields {
				found = append(found, sharing.FieldError{Field: f.Field, Rule: f.Rule})
			}
			require.Contains(t, found, sharing.FieldError{Field: c.field, Rule: c.rule})
		})
	}
}

func TestApplyAndDifferences(t *testing.T) {
	for name, c := range map[string]struct {
		kind  sharing.ChangeKind
		draft sharing.EntryDraft
		want  []sharing.Difference
	}{
		"nothing": {sharing.ChangedElements, sharing.EntryDraft{Title: "户籍信息"}, nil},
		"elements": {sharing.ChangedElements, sharing.EntryDraft{Title: "户籍登记", Grade: 3, Cycle: sharing.RealTime, Modes: []sharing.Mode{sharing.QueryAPI, sharing.File}},
			[]sharing.Difference{{"title", "户籍信息", "户籍登记"}, {"grade", "2", "3"}, {"cycle", "daily", "real_time"}, {"modes", "query_api", "query_api, file"}}},
		"fields, in the order of the new entry": {sharing.ChangedElements, sharing.EntryDraft{Fields: []sharing.Field{
			{Name: "name", Title: "姓名", Type: "string", Grade: 1}, {Name: "id", Title: "身份证号", Type: "string", Grade: 2}}},
			[]sharing.Difference{{"fields/name", "", "姓名 (string, 1)"}, {"fields/id", "公民身份号码 (string, 2)", "身份证号 (string, 2)"},
				{"fields/addr", "住址 (string, 3)", ""}}},
		"to unconditional: basis and condition go with the class": {sharing.ChangedClass, sharing.EntryDraft{Class: sharing.Unconditional},
			[]sharing.Difference{{"class", "conditional", "unconditional"}, {"basis", "《甲法》第一条", ""}, {"condition", "核对身份", ""}}},
		"to not shared, with its grounds": {sharing.ChangedClass, sharing.EntryDraft{Class: sharing.NotShared, Basis: []sharing.LegalGround{
			{Source: sharing.SourceLaw, Law: "乙法", Article: "第二条"}, {Source: sharing.SourceStateDocument, Law: "《丙通知》"}}},
			[]sharing.Difference{{"class", "conditional", "not_shared"}, {"basis", "《甲法》第一条", "《乙法》第二条；《丙通知》"}, {"condition", "核对身份", ""}}},
		"opening alone leaves the rest": {sharing.ChangedClass, sharing.EntryDraft{OpenClass: sharing.Open},
			[]sharing.Difference{{"open_class", "not_open", "open"}}},
		"withdrawal": {sharing.WithdrawnEntry, sharing.EntryDraft{}, []sharing.Difference{{"withdrawn", "", "true"}}},
	} {
		t.Run(name, func(t *testing.T) {
			before := entry()
			after := sharing.ChangeProposal{Kind: c.kind, Entry: c.draft}.Apply(before)
			require.Equal(t, entry(), before)
			require.Equal(t, c.want, sharing.Differences(before, after))
			require.Empty(t, sharing.Differences(after, after))
			require.Equal(t, before.Version, after.Version)
		})
	}
	all := sharing.Differences(sharing.Resource{}, newEntry().Apply(sharing.Resource{}))
	require.Len(t, all, 10)
}

func TestTheWayOfAChange(t *testing.T) {
	for _, c := range []struct {
		route sharing.ChangeRoute
		want  []sharing.State
	}{
		{sharing.ChangeRoute{}, []sharing.State{sharing.DepartmentReview}},
		{sharing.ChangeRoute{Secrecy: true}, []sharing.State{sharing.DepartmentReview, sharing.SecrecyReview}},
		{sharing.ChangeRoute{Authority: true}, []sharing.State{sharing.DepartmentReview, sharing.AuthorityReview}},
		{sharing.ChangeRoute{Secrecy: true, Authority: true}, []sharing.State{sharing.DepartmentReview, sharing.SecrecyReview, sharing.AuthorityReview}},
		{sharing.ChangeRoute{Authority: true, Above: true}, []sharing.State{sharing.DepartmentReview, sharing.AuthorityReview, sharing.ApprovalAbove}},
		{sharing.ChangeRoute{Secrecy: true, Authority: true, Above: true},
			[]sharing.State{sharing.DepartmentReview, sharing.SecrecyReview, sharing.AuthorityReview, sharing.ApprovalAbove}},
	} {
		way := []sharing.State{sharing.DepartmentReview}
		for next, more := c.route.Next(way[0]); more; next, more = c.route.Next(next) {
			way = append(way, next)
		}
		require.Equal(t, c.want, way)
		// The machine knows every step of the way.
		for i := 1; i < len(way); i++ {
			action := map[sharing.State]sharing.Action{sharing.DepartmentReview: sharing.ReviewChange, sharing.SecrecyReview: sharing.ClearSecrecy,
				sharing.AuthorityReview: sharing.CheckChange}[way[i-1]]
			_, err := sharing.CatalogChange.Machine().Next(way[i-1], action, way[i])
			require.NoError(t, err)
		}
	}
}

func TestNewTitles(t *testing.T) {
	require.Equal(t, []string{"居住证", "居住证号"}, newEntry().NewTitles(sharing.Resource{}))
	p := sharing.ChangeProposal{Kind: sharing.ChangedElements, Entry: sharing.EntryDraft{Title: "户籍", Fields: append(entry().Fields, sharing.Field{Name: "phone", Title: "电话"})}}
	require.Equal(t, []string{"电话"}, p.NewTitles(entry()))
}

func TestAuthors(t *testing.T) {
	acts := []sharing.Act{{Action: sharing.Submit, By: "officer", Department: "authority"}, {Action: sharing.Revise, By: "a", Department: "d"},
		{Action: sharing.ReviewChange, By: "b", Department: "d"}, {Action: sharing.Revise, By: "c", Department: "d"}}
	require.Equal(t, []string{"a", "c"}, sharing.ChangeAuthors("d", acts))
}
