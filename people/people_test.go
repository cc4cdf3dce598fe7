package people

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

const sound = `regions:
  - id: city
    name: 示例市
    name_en: Example City
departments:
  - {id: city-center, region: city, name: 大数据中心, kind: authority}
  - {id: city-police, region: city, name: 公安局}
users:
  - id: officer
    name: 中心·经办
    department: city-center
    roles: [authority_officer]
  - id: approver
    name: 公安局·审批
    department: city-police
    roles: [approver, data_specialist]
    disabled: true
`

func TestRead(t *testing.T) {
	p, err := Read("p.yaml", strings.NewReader(sound))
	require.NoError(t, err)
	region := sharing.Region{ID: "city", Name: "示例市", NameEN: "Example City"}
	center := sharing.Department{ID: "city-center", RegionID: "city", Name: "大数据中心", Kind: sharing.AuthorityDepartment}
	police := sharing.Department{ID: "city-police", RegionID: "city", Name: "公安局", Kind: sharing.OrdinaryDepartment}
	assert.Equal(t, People{
		Regions:     []sharing.Region{region},
		Departments: []sharing.Department{center, police},
		Users: []sharing.User{
			{ID: "officer", Name: "中心·经办", Department: center, Region: region, Roles: []sharing.Role{sharing.AuthorityOfficer}},
			{ID: "approver", Name: "公安局·审批", Department: police, Region: region, Roles: []sharing.Role{sharing.Approver, sharing.DataSpecialist}},
		},
		Disabled:   map[string]bool{"officer": false, "approver": true},
		MergedInto: map[string]string{"city-center": "", "city-police": ""},
	}, p)
}

// A department says into which other of its region it was merged, wherever that one
// stands in the file.
func TestMergedDepartments(t *testing.T) {
	old := "departments:\n"
	read := func(lines string) (People, error) {
		t.Helper()
		text := strings.Replace(sound, old, "  - {id: town, name: 示例镇}\n"+old+lines, 1)
		require.NotEqual(t, sound, text)
		return Read("p.yaml", strings.NewReader(text))
	}
	p, err := read("  - {id: city-traffic, region: city, name: 交警支队, merged_into: city-police}\n")
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"city-traffic": "city-police", "city-center": "", "city-police": ""}, p.MergedInto)
	for name, row := range map[string]struct{ lines, want string }{
		"itself":    {"  - {id: a, region: city, name: 甲, merged_into: a}\n", "p.yaml:7: departments[0].merged_into: a department cannot be merged into itself"},
		"unknown":   {"  - {id: a, region: city, name: 甲, merged_into: b}\n", `p.yaml:7: departments[0].merged_into: no department "b" in this file`},
		"region":    {"  - {id: a, region: town, name: 甲, merged_into: city-police}\n", "p.yaml:7: departments[0].merged_into: city-police is of region city, and a of region town"},
		"chain":     {"  - {id: a, region: city, name: 甲, merged_into: b}\n  - {id: b, region: city, name: 乙, merged_into: city-police}\n", "p.yaml:7: departments[0].merged_into: b was merged into city-police itself"},
		"one other": {"  - {id: a, region: city, name: 甲, merged_into: b}\n  - {id: b, region: city, name: 乙, merged_into: a}\n", "p.yaml:7: departments[0].merged_into: b was merged into a itself"},
		"empty":     {"  - {id: a, region: city, name: 甲, merged_into: }\n", "p.yaml:7: departments[0].merged_into: empty"},
	} {
		p, err := read(row.lines)
		var problems Problems
		require.ErrorAs(t, err, &problems, name)
		assert.Equal(t, row.want, problems[0].Error(), name)
		assert.Empty(t, p.Departments, name)
	}
}

func TestExampleIsSound(t *testing.T) {
	file, err := os.Open("../deploy/people.example.yaml")
	require.NoError(t, err)
	defer file.Close()
	p, err := Read("people.example.yaml", file)
	require.NoError(t, err)
	var roles []sharing.Role
	for _, u := range p.Users {
		roles = append(roles, u.Roles...)
	}
	assert.Subset(t, roles, []sharing.Role{sharing.Requester, sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead, sharing.AuthorityOfficer,
		sharing.AuthorityHead, sharing.Supervisor, sharing.Finance, sharing.Auditor, sharing.Operator}, "it shows every role that people hold")
}

// TestWhatIsWrongIsNamed breaks one rule at a time and asks for line, key and rule.
func TestWhatIsWrongIsNamed(t *testing.T) {
	for name, row := range map[string]struct{ old, new, want string }{
		"unknown key":           {"name_en: Example City", "nam_en: Example City", `p.yaml:4: nam_en: unknown field "nam_en"`},
		"unknown top key":       {"users:", "people:", `p.yaml:8: people: unknown field "people"`},
		"key twice":             {"name: 示例市", "name: 示例市\n    name: 又一个", "p.yaml:4"},
		"wrong type":            {"disabled: true", "disabled: perhaps", "p.yaml:17: perhaps: "},
		"text for a list":       {"roles: [authority_officer]", "roles: {a: b}", "p.yaml:12"},
		"role":                  {"[authority_officer]", "[chief]", `p.yaml:12: users[0].roles[0]: unknown role "chief"; there are requester, `},
		"second role":           {"data_specialist", "Approver", `p.yaml:16: users[1].roles[1]: unknown role "Approver"`},
		"role twice":            {"data_specialist", "approver", "p.yaml:16: users[1].roles[1]: role approver occurs twice"},
		"no role":               {"[authority_officer]", "[]", "p.yaml:12: users[0].roles: missing"},
		"role of another kind":  {"kind: authority", "kind: finance", "p.yaml:12: users[0].roles[0]: authority_officer is a role of a department of kind authority, and city-center is of kind finance"},
		"kind":                  {"kind: authority", "kind: office", `p.yaml:6: departments[0].kind: unknown kind "office"; there are department, authority, supervisor, finance`},
		"no department":         {"    department: city-center\n", "", "p.yaml:9: users[0].department: missing"},
		"unknown department":    {"department: city-center", "department: city-centre", `p.yaml:11: users[0].department: no department "city-centre" in this file`},
		"empty department":      {"department: city-center", "department:", "p.yaml:11: users[0].department: empty"},
		"unknown region":        {"region: city, name: 公安局", "region: town, name: 公安局", `p.yaml:7: departments[1].region: no region "town" in this file`},
		"no region":             {"region: city, name: 公安局", "name: 公安局", `p.yaml:7: departments[1].region: no region ""`},
		"user twice":            {"id: approver", "id: officer", "p.yaml:13: users[1].id: user officer occurs twice"},
		"department twice":      {"id: city-police", "id: city-center", "p.yaml:7: departments[1].id: department city-center occurs twice"},
		"department name twice": {"name: 公安局}", "name: 大数据中心}", "p.yaml:7: departments[1].name: department city-center of the region has the same name"},
		"user id":               {"id: officer", "id: 经办", `p.yaml:9: users[0].id: "经办": only letters, digits`},
		"user id with a space":  {"id: officer", "id: of ficer", "p.yaml:9: users[0].id: "},
		"user id with a path":   {"id: officer", "id: ../officer", "p.yaml:9: users[0].id: "},
		"long user id":          {"id: officer", "id: " + strings.Repeat("a", 128), "p.yaml:9: users[0].id: "},
		"the system itself":     {"id: officer", "id: system", "p.yaml:9: users[0].id: system names in the audit trail"},
		"department id":         {"id: city-police", "id: City-Police", "p.yaml:7: departments[1].id: "},
		"region id":             {"id: city\n", "id: city_1\n", "p.yaml:2: regions[0].id: "},
		"no user id":            {"  - id: officer\n    name", "  - name", "p.yaml:9: users[0].id: missing"},
		"no name":               {"    name: 中心·经办\n", "", "p.yaml:9: users[0].name: missing"},
		"blank name":            {"name: 中心·经办", `name: " "`, "p.yaml:10: users[0].name: missing"},
		"long name":             {"name: 中心·经办", "name: " + strings.Repeat("长", 201), "p.yaml:10: users[0].name: longer than 200 characters"},
		"control characters":    {"name: 中心·经办", `name: "a\u0007b"`, "p.yaml:10: users[0].name: holds control characters"},
		"spaces around":         {"name: 中心·经办", `name: "经办 "`, "p.yaml:10: users[0].name: begins or ends with a space"},
		"anchor":                {"roles: [authority_officer]", "roles: &a [authority_officer]", "p.yaml:12: &: anchors, aliases and tags are not used here"},
		"two documents":         {"users:", "---\nusers:", "p.yaml: must hold exactly one document"},
		"not UTF-8":             {"示例市", "\xff\xfe", "p.yaml: not UTF-8"},
		"not YAML":              {"users:", "users: [", "p.yaml:"},
		"deep":                  {"roles: [authority_officer]", "roles: " + strings.Repeat("[", 10_000), "p.yaml:12: nested deeper than 8"},
		"long":                  {"users:", "users: #" + strings.Repeat("x", MaxBytes), "p.yaml: longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(sound, row.old, row.new, 1)
			require.NotEqual(t, sound, text)
			p, err := Read("p.yaml", strings.NewReader(text))
			var problems Problems
			require.ErrorAs(t, err, &problems)
			assert.Equal(t, row.want, err.Error()[:min(len(row.want), len(err.Error()))], err.Error())
			assert.Empty(t, p.Users)
		})
	}
	for name, text := range map[string]string{"empty": "", "comment": "# nobody\n", "nothing": "{}", "list": "[]", "text": "people"} {
		_, err := Read("p.yaml", strings.NewReader(text))
		assert.Error(t, err, name)
	}
}

func TestAllProblemsAreNamedInOrder(t *testing.T) {
	text := strings.NewReplacer("[authority_officer]", "[chief]", "region: city, name: 公安局", "region: town, name: 公安局", "id: city\n", "id: CITY\n").Replace(sound)
	_, err := Read("p.yaml", strings.NewReader(text))
	var problems Problems
	require.ErrorAs(t, err, &problems)
	var at []string
	for _, p := range problems {
		at = append(at, fmt.Sprint(p.Line, " ", p.Key))
	}
	assert.Equal(t, []string{"2 regions[0].id", "6 departments[0].region", "7 departments[1].region", "12 users[0].roles[0]"}, at)
}

func TestManyPeople(t *testing.T) {
	var b strings.Builder
	b.WriteString(sound)
	for i := range 20_000 {
		fmt.Fprintf(&b, "  - {id: user-%d, name: 用户%d, department: city-police, roles: [requester]}\n", i, i)
	}
	p, err := Read("p.yaml", strings.NewReader(b.String()))
	require.NoError(t, err)
	assert.Len(t, p.Users, 20_002)
}

func FuzzRead(f *testing.F) {
	f.Add(sound)
	f.Add("users: [{id: a, roles: [x]}]")
	f.Add("a: &a [*a]\n<<: *a")
	f.Add("regions:\n- {id: \"\\x00\"}\n? [a]\n: b")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Read("p.yaml", strings.NewReader(text))
		if err != nil {
			return
		}
		for _, u := range p.Users {
			if u.ID == "" || u.Department.ID == "" || u.Region.ID == "" || len(u.Roles) == 0 {
				t.Fatalf("%q: %+v", text, u)
			}
		}
	})
}
