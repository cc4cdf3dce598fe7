package workday_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/workday"
)

const soundNotice = `{"year":2026,"source":"国办发明电〔2025〕7号","issued":"2025-11-04","off":["2026-01-01"],"work":["2026-01-04"]}`

func TestParseNoticeRefuses(t *testing.T) {
	for _, row := range []struct{ replace, with, names string }{
		{`"year":2026`, `"year":"2026"`, "year"},
		{`"year":2026`, `"year":2027`, "off[0]"},
		{`"year":2026`, `"year":1999`, "year"},
		{`"year":2026`, `"year":99999999999999999999`, "year"},
		{`"year":2026`, `"year":2026,"holidays":[]`, "holidays"},
		{`"year":2026`, `"year":2026,"year":2026`, "year: the key is there twice"},
		{`"year":2026`, `"YEAR":2026`, "YEAR"},
		{`"source":"国办发明电〔2025〕7号"`, `"source":" "`, "source"},
		{`"issued":"2025-11-04"`, `"issued":"2025-13-04"`, "issued"},
		{`"issued":"2025-11-04"`, `"issued":"2027-11-04"`, "issued"},
		{`"issued":"2025-11-04"`, `"issued":"2016-11-04"`, "issued"},
		{`["2026-01-01"]`, `["2026-01-01","2026-01-01"]`, "off[1]: 2026-01-01 is already listed under off"},
		{`["2026-01-01"]`, `["2026-01-01","2026-02-30"]`, "off[1]"},
		{`["2026-01-01"]`, `["2026-01-01","2026-1-2"]`, "off[1]"},
		{`["2026-01-01"]`, `["2026-01-01",null]`, "off[1]"},
		{`["2026-01-01"]`, `["2026-01-01","2025-11-30"]`, "off[1]: 2025-11-30 is not in 2026"},
		{`["2026-01-01"]`, `[]`, "off: lists no day"},
		{`["2026-01-01"]`, `"2026-01-01"`, "off"},
		{`["2026-01-04"]`, `["2026-01-01"]`, "work[0]: 2026-01-01 is already listed under off"},
		{`["2026-01-04"]`, `["2026-01-05"]`, "work[0]: 2026-01-05 is a Monday"},
		{`"work"`, `"workdays":7,"work"`, "workdays: says 7"},
		{`"work"`, `"amended_by":[{"source":"x","issued":"soon"}],"work"`, "issued"},
		{soundNotice, soundNotice + `{}`, "closing brace"},
		{soundNotice, `[]`, "notice"},
		{soundNotice, ``, "notice"},
		{soundNotice, `{"year":2026`, "notice"},
	} {
		require.Contains(t, soundNotice, row.replace)
		_, err := workday.ParseNotice(strings.NewReader(strings.Replace(soundNotice, row.replace, row.with, 1)))
		require.ErrorContains(t, err, row.names, "%s → %s", row.replace, row.with)
	}
	_, err := workday.ParseNotice(strings.NewReader(soundNotice))
	require.NoError(t, err)
	_, err = workday.ParseNotice(strings.NewReader(strings.Repeat(" ", 1<<20)))
	require.ErrorContains(t, err, "longer")
}

func TestNoticeOfARegionMayWorkAWeekday(t *testing.T) {
	text := strings.Replace(soundNotice, `"year"`, `"region":"hubei","year"`, 1)
	n, err := workday.ParseNotice(strings.NewReader(strings.Replace(text, `["2026-01-04"]`, `["2026-01-05"]`, 1)))
	require.NoError(t, err)
	require.Equal(t, "hubei", n.Region)
}

// The year files as their keepers publish them are read as they are.
func TestPublishedYearFilesAreRead(t *testing.T) {
	names, err := filepath.Glob("testdata/years/*.json")
	require.NoError(t, err)
	for _, name := range names {
		file, err := os.Open(name)
		require.NoError(t, err)
		n, err := workday.ParseNotice(file)
		require.NoError(t, err, name)
		require.NoError(t, file.Close())
		_, err = workday.ShippedCalendar().With(n)
		require.NoError(t, err, name)
	}
}

func TestNoticeSurvivesItsFile(t *testing.T) {
	for _, n := range workday.Shipped() {
		data, err := json.Marshal(n)
		require.NoError(t, err)
		var again workday.Notice
		require.NoError(t, json.Unmarshal(data, &again), "%s", data)
		require.Equal(t, n, again)
	}
}

func FuzzParseNotice(f *testing.F) {
	f.Add(soundNotice)
	for _, n := range workday.Shipped() {
		data, err := json.Marshal(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := workday.ParseNotice(strings.NewReader(text))
		if err != nil {
			return
		}
		data, err := json.Marshal(n)
		require.NoError(t, err)
		again, err := workday.ParseNotice(strings.NewReader(string(data)))
		require.NoError(t, err, "%s", data)
		require.Equal(t, n, again)
		if n.Region == "" {
			c, err := workday.New([]workday.Notice{n})
			require.NoError(t, err)
			for _, d := range n.Work {
				if worked, err := c.IsWorkday(d); err == nil && !worked {
					t.Fatalf("%s is listed as worked", d)
				}
			}
		}
	})
}
