package sharing_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

// Every register has a type, of which an empty entry is refused with its fields
// named and a sound one is not.
func TestEveryRegisterHasItsEntries(t *testing.T) {
	on := sharing.NewDate(2026, time.November, 2)
	sound := map[sharing.Register]sharing.Filed{
		sharing.DataSpecialists:    &sharing.SpecialistEntry{Name: "王芳", Post: "信息科科长", Phone: "0349-2020000", Change: "appointed", ChangedOn: on},
		sharing.PurchasedData:      &sharing.PurchaseEntry{Title: "企业用电数据", Seller: "某电网公司", Purpose: "经济运行监测", Checked: true, BuyOn: on},
		sharing.InformationSystems: &sharing.SystemEntry{Name: "一体化办公系统", Purpose: "内部办公", Stage: "running", Protection: 3, Since: on},
		sharing.ProjectDocuments:   &sharing.DocumentEntry{System: "一体化办公系统", Kind: "interface", Title: "接口说明", Place: "区大数据中心档案室", DatedOn: on},
		sharing.SecurityTests:      &sharing.TestEntry{System: "一体化办公系统", Kind: "protection", Tester: "某测评机构", Report: "DJCP-2026-1", Result: "passed", TestedOn: on},
		sharing.SecurityIncidents:  &sharing.IncidentEntry{Kind: "leak", Title: "测试库暴露", Facts: "测试库可从互联网访问", Measures: "已关闭端口", FoundOn: on, FoundTime: "00:00"},
	}
	for _, r := range sharing.Registers {
		empty := r.Entry()
		require.NotNil(t, empty, r)
		require.Greater(t, len(broken(t, empty.Check())), 2, r)
		entry, ok := sound[r]
		require.True(t, ok, r)
		require.NoError(t, entry.Check(), r)
		require.NotEmpty(t, entry.Heading(), r)
		at, field := entry.Happened()
		require.Equal(t, on.Start(), at, r)
		b, err := json.Marshal(entry)
		require.NoError(t, err)
		var fields map[string]any
		require.NoError(t, json.Unmarshal(b, &fields))
		require.Contains(t, fields, field[1:], "the field that says when it happened is one of its fields")
	}
	at, _ := sharing.IncidentEntry{FoundOn: on, FoundTime: "13:45"}.Happened()
	require.Equal(t, on.Start().Add(13*time.Hour+45*time.Minute), at)
	require.Nil(t, sharing.Register("gossip").Entry())
	require.Equal(t, []string{"/checked not_on_platform"}, broken(t, sharing.PurchaseEntry{Title: "a", Seller: "b", Purpose: "c", BuyOn: on}.Check()))
	require.Equal(t, []string{"/changed_on day"}, broken(t, sharing.SpecialistEntry{Name: "a", Post: "b", Phone: "c", Change: "relieved"}.Check()))
}
