//go:build e2e

package e2e

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/sharing"
)

func TestARealCatalogIsImportedAndAppliedFor(t *testing.T) {
	t.Parallel()
	s := sharedSystem(t)
	const file = "../dcat/testdata/labor.json"
	// stored is everything the database has of catalogs, to the microsecond.
	stored := func() []string {
		return rows[string](t, s, `SELECT r::text FROM resources r UNION ALL SELECT v::text FROM resource_versions v UNION ALL SELECT d::text FROM departments d ORDER BY 1`)
	}
	summary := func(said string) []string {
		found := regexp.MustCompile(`(?s)entries: (\d+), (\d+) imported as they stand, (\d+) changed, (\d+) refused.*database: (\d+) added, (\d+) updated, (\d+) unchanged`).FindStringSubmatch(said)
		require.NotNil(t, found, said)
		return found[1:]
	}
	before := stored()
	dry := s.run(t, "catalog", "import", file, "--region", "city", "--dry-run")
	require.Equal(t, before, stored(), "a dry run changes nothing")
	counts := summary(dry)
	require.Equal(t, "465", counts[0])

	first := s.run(t, "catalog", "import", file, "--region", "city")
	require.Equal(t, counts, summary(first), "the dry run said what would happen")
	after := stored()
	require.NotEqual(t, before, after)
	second := summary(s.run(t, "catalog", "import", file, "--region", "city", "--quiet"))
	require.Equal(t, []string{"0", "0", counts[4]}, second[4:], "added, updated, unchanged")
	require.Equal(t, after, stored(), "importing twice changes nothing")

	// 272 public entries, 87 restricted, 106 not public, as the file has them.
	type class struct {
		Class sharing.Class
		N     int
	}
	require.Equal(t, []class{{sharing.Conditional, 87}, {sharing.NotShared, 106}, {sharing.Unconditional, 272}},
		rows[class](t, s, `SELECT class, count(*) FROM resources WHERE region_id = 'city' AND code NOT LIKE 'CS-%' GROUP BY 1 ORDER BY 1`))

	// A department of the region applies for what was imported; what is not shared it
	// does not see.
	requester := s.as(t, "city-minzheng-requester")
	pick := func(class sharing.Class) string {
		return rows[string](t, s, `SELECT id::text FROM resources WHERE region_id = 'city' AND code NOT LIKE 'CS-%' AND 'file' = ANY(modes) AND class = '`+string(class)+`' ORDER BY code`)[0]
	}
	requester.do(t, call{Method: "GET", Path: "/catalog/" + pick(sharing.NotShared)}).is(t, 404)
	resource := pick(sharing.Conditional)
	requester.do(t, call{Method: "GET", Path: "/catalog/" + resource}).is(t, 200)
	wanted := application(resource)
	wanted.Mode = sharing.File
	out := requester.apply(t, wanted).Cases[0]
	require.Equal(t, sharing.Answering, out.State)
	s.requireOneWorkflow(t, out.CaseID, 1)
	detail := requester.read(t, out.CaseID)
	require.Equal(t, sharing.DutyAnswer, detail.Clocks[0].Duty)
	require.Equal(t, []sharing.Action{sharing.Withdraw}, detail.Can)
}
