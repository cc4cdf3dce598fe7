package sharing_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

func TestDisputeReportCheck(t *testing.T) {
	sound := sharing.DisputeReport{Resource: "r", RecordKey: "140602199001010011", Fields: []string{"name"}, Wrong: "姓名有误"}
	require.NoError(t, sound.Check())
	for name, row := range map[string]struct {
		spoil func(*sharing.DisputeReport)
		want  string
	}{
		"nothing":              {func(r *sharing.DisputeReport) { *r = sharing.DisputeReport{} }, "/resource:required /record_key:required /fields:required /wrong:required"},
		"no resource":          {func(r *sharing.DisputeReport) { r.Resource = "" }, "/resource:required"},
		"about something else": {func(r *sharing.DisputeReport) { r.About = "weather" }, "/about:one_of"},
		"no record":            {func(r *sharing.DisputeReport) { r.RecordKey = " " }, "/record_key:required"},
		"an endless key":       {func(r *sharing.DisputeReport) { r.RecordKey = strings.Repeat("1", 201) }, "/record_key:max_length"},
		"no field":             {func(r *sharing.DisputeReport) { r.Fields = nil }, "/fields:required"},
		"an empty field":       {func(r *sharing.DisputeReport) { r.Fields = []string{""} }, "/fields/0:required"},
		"a field twice":        {func(r *sharing.DisputeReport) { r.Fields = []string{"a", "a"} }, "/fields/1:unique"},
		"many fields":          {func(r *sharing.DisputeReport) { r.Fields = strings.Split(strings.Repeat("x,", 100)+"y", ",") }, "/fields:max_items"},
		"nothing wrong":        {func(r *sharing.DisputeReport) { r.Wrong = "　" }, "/wrong:required"},
		"by pigeon":            {func(r *sharing.DisputeReport) { r.Channel = "pigeon" }, "/channel:one_of"},
		"an entry's record":    {func(r *sharing.DisputeReport) { r.About = sharing.AboutCatalog }, "/record_key:data_only"},
		"an entry":             {func(r *sharing.DisputeReport) { r.About, r.RecordKey, r.Fields = sharing.AboutCatalog, "", nil }, ""},
	} {
		r := sound
		row.spoil(&r)
		got := fields(r.Check())
		if name == "many fields" { // each repeated one is named as well
			require.Contains(t, got, row.want, name)
			continue
		}
		require.Equal(t, row.want, got, name)
	}
	require.Equal(t, sharing.OnPlatform, sound.Way())
}

func TestDisputeReportFits(t *testing.T) {
	resource := sharing.Resource{Title: "户籍", Fields: []sharing.Field{{Name: "name"}, {Name: "id"}}}
	for _, row := range []struct {
		r        sharing.DisputeReport
		channels []string
		catalog  bool
		want     string
	}{
		{sharing.DisputeReport{Fields: []string{"name", "id"}}, []string{"platform"}, false, ""},
		{sharing.DisputeReport{Fields: []string{"name", "phone"}}, []string{"platform"}, false, "/fields/1:field_of_resource"},
		{sharing.DisputeReport{Fields: []string{"name"}, Channel: sharing.ByHand}, []string{"platform"}, false, "/channel:channel"},
		{sharing.DisputeReport{Fields: []string{"name"}, Channel: sharing.ByHand}, []string{"platform", "interface", "manual"}, false, ""},
		{sharing.DisputeReport{About: sharing.AboutCatalog}, []string{"platform"}, false, "/about:catalog_not_covered"},
		{sharing.DisputeReport{About: sharing.AboutCatalog}, []string{"platform"}, true, ""},
	} {
		require.Equal(t, row.want, fields(row.r.Fits(resource, row.channels, row.catalog)), row.r)
	}
}

func TestVerifiedCheck(t *testing.T) {
	day := sharing.NewDate(2026, 11, 20)
	corrected := sharing.Verified{Outcome: sharing.Corrected, WasWrong: "门牌号错", Correction: "已改为 12 号", CorrectedOn: day}
	explained := sharing.Verified{Outcome: sharing.Explained, Reasons: "登记与户口簿一致"}
	for name, row := range map[string]struct {
		v    sharing.Verified
		want string
	}{
		"corrected":             {corrected, ""},
		"explained":             {explained, ""},
		"explained with basis":  {sharing.Verified{Outcome: sharing.Explained, Reasons: "一致", Basis: []sharing.Basis{{Law: "户口登记条例", Article: "第七条"}}}, ""},
		"neither":               {sharing.Verified{}, "/outcome:one_of"},
		"withdrawn":             {sharing.Verified{Outcome: sharing.Withdrawn}, "/outcome:one_of"},
		"corrected, not how":    {sharing.Verified{Outcome: sharing.Corrected}, "/was_wrong:required /correction:required /corrected_on:required"},
		"explained, not why":    {sharing.Verified{Outcome: sharing.Explained}, "/reasons:required"},
		"explained with a day":  {sharing.Verified{Outcome: sharing.Explained, Reasons: "一致", CorrectedOn: day}, "/outcome:correction_only"},
		"corrected and excused": {sharing.Verified{Outcome: sharing.Corrected, WasWrong: "错", Correction: "对", CorrectedOn: day, Reasons: "其实没错"}, "/reasons:explanation_only"},
		"half a basis":          {sharing.Verified{Outcome: sharing.Explained, Reasons: "一致", Basis: []sharing.Basis{{Law: "法"}}}, "/basis/0/article:required"},
	} {
		require.Equal(t, row.want, fields(row.v.Check()), name)
	}
}
