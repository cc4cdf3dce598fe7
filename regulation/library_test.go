package regulation

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/policies/regulations"
	"gongshu/sharing"
)

func folder(files map[string]string) fstest.MapFS {
	f := fstest.MapFS{}
	for name, text := range files {
		f[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return f
}

// variant is a shipped file with some lines replaced.
func variant(t *testing.T, name string, oldnew ...string) string {
	t.Helper()
	text := shippedFile(t, name)
	for i := 0; i < len(oldnew); i += 2 {
		require.Contains(t, text, oldnew[i])
		text = strings.Replace(text, oldnew[i], oldnew[i+1], 1)
	}
	return text
}

func TestInForce(t *testing.T) {
	l := Shipped()
	for _, row := range []struct{ region, on, id string }{
		{"jinan-startup", "2023-12-01", "jinan-startup-2023"},
		{"jinan-startup", "2026-11-30", "jinan-startup-2023"},
		{"shuozhou", "2021-07-29", "shuozhou-2021"},
		{"yanzhou", "2040-01-01", "yanzhou-2024"},
	} {
		on, err := sharing.ParseDate(row.on)
		require.NoError(t, err)
		r, err := l.InForce(row.region, on)
		require.NoError(t, err)
		require.Equal(t, row.id, r.ID)
	}

	_, err := l.InForce("atlantis", sharing.NewDate(2026, 1, 1))
	var none *NoneError
	require.ErrorAs(t, err, &none)

	_, err = l.InForce("yanzhou", sharing.NewDate(2024, 8, 31))
	var notYet *NotYetError
	require.ErrorAs(t, err, &notYet)
	require.Equal(t, "2024-09-01", notYet.Regulation.From.String())

	_, err = l.InForce("jinan-startup", sharing.NewDate(2026, 12, 1))
	var expired *ExpiredError
	require.ErrorAs(t, err, &expired)
	require.Equal(t, "2026-11-30", expired.LastDay.String())
	require.Empty(t, expired.Successor)
	require.ErrorContains(t, err, "ended on 2026-11-30")
}

func TestExpiringIsShownWellBefore(t *testing.T) {
	l := Shipped()
	require.Empty(t, l.Expiring(sharing.NewDate(2026, 8, 1), 90))
	list := l.Expiring(sharing.NewDate(2026, 11, 21), 90)
	require.Len(t, list, 1)
	require.Equal(t, "jinan-startup-2023", list[0].Regulation.ID)
	require.Equal(t, 9, list[0].DaysLeft)
	require.False(t, list[0].Covered)
	require.Equal(t, -1, l.Expiring(sharing.NewDate(2026, 12, 1), 0)[0].DaysLeft, "and goes on being shown")
}

func TestOverlayProlongs(t *testing.T) {
	l, err := Load(regulations.Files, folder(map[string]string{"jinan.yaml": `
overlay: jinan-startup-2023
extended_until: 2027-11-30
extended_by: 济起管发〔2026〕7号
targets:
  share.provide: {n: 3, unit: working_days}
ladders:
  target:
    - {kind: due, offset: 0, to: [owes], source: operator}
`}))
	require.NoError(t, err)
	r, err := l.InForce("jinan-startup", sharing.NewDate(2027, 11, 30))
	require.NoError(t, err)
	require.Equal(t, "济起管发〔2026〕7号", r.Prolonged.Number)
	require.Equal(t, "2026-11-30", r.Until.String(), "what the text says stays")
	d, _ := r.Duty("share.provide")
	require.Equal(t, 3, d.Target.N)
	require.Len(t, r.LadderFor(d, false), 1)
	_, err = l.InForce("jinan-startup", sharing.NewDate(2027, 12, 1))
	var expired *ExpiredError
	require.ErrorAs(t, err, &expired)

	_, err = Shipped().InForce("jinan-startup", sharing.NewDate(2027, 1, 1))
	require.ErrorAs(t, err, &expired, "the shipped library did not change")
}

func TestOverlayIsHeldToItsRules(t *testing.T) {
	for text, rule := range map[string]string{
		"overlay: nowhere-2020\nsuccessor: x-2021\n":                                                            `no regulation "nowhere-2020"`,
		"overlay: jinan-startup-2023\nextended_until: 2026-11-30\nextended_by: x\n":                             "not after the last day",
		"overlay: jinan-startup-2023\nextended_until: 2027-11-30\n":                                             "missing",
		"overlay: yanzhou-2024\nextended_until: 2027-11-30\nextended_by: x\n":                                   "no last day",
		"overlay: city-2023\ntargets: {share.bless: {n: 1, unit: working_days}}\n":                              "no such duty",
		"overlay: city-2023\nlimits: {share.answer: {n: 1, unit: working_days}}\n":                              "unknown key",
		"overlay: city-2023\nladders: {target: [{kind: urged, offset: -1, to: [owes], source: operator}]}\n":    "reminder comes before",
		"overlay: city-2023\nladders: {target: [{kind: urged, offset: 1, to: [nobody], source: operator}]}\n":   "must be one of",
		"overlay: city-2023\nladders: {target: [{kind: urged, offset: 1, to: [security], source: operator}]}\n": "not among the roles",
	} {
		_, err := Load(regulations.Files, folder(map[string]string{"o.yaml": text}))
		require.ErrorContains(t, err, rule, text)
	}
}

func TestSuccessorTakesOver(t *testing.T) {
	next := variant(t, "jinan-startup-2023.yaml", "id: jinan-startup-2023", "id: jinan-startup-2026",
		"from: 2023-12-01", "from: 2026-12-01\nreplaces: [jinan-startup-2023]", "until: 2026-11-30", "until: 2029-11-30")
	l, err := Load(regulations.Files, folder(map[string]string{"next.yaml": next}))
	require.NoError(t, err)
	r, err := l.InForce("jinan-startup", sharing.NewDate(2026, 11, 30))
	require.NoError(t, err)
	require.Equal(t, "jinan-startup-2023", r.ID)
	r, err = l.InForce("jinan-startup", sharing.NewDate(2026, 12, 1))
	require.NoError(t, err)
	require.Equal(t, "jinan-startup-2026", r.ID)
	expiry := l.Expiring(sharing.NewDate(2026, 11, 21), 90)[0]
	require.True(t, expiry.Covered)
	require.Equal(t, "jinan-startup-2026", expiry.Successor)
	old, ok := l.ByID("jinan-startup-2023")
	require.True(t, ok, "cases under way keep the old one")
	require.Equal(t, "jinan-startup-2023", old.ID)

	// What has been replaced does not come back when its successor ends.
	next = variant(t, "city-2023.yaml", "id: city-2023", "id: city-2025", "from: 2023-01-01", "from: 2025-01-01\nuntil: 2025-12-31\nreplaces: [city-2023]")
	l, err = Load(regulations.Files, folder(map[string]string{"next.yaml": next}))
	require.NoError(t, err)
	_, err = l.InForce("city", sharing.NewDate(2026, 1, 1))
	var expired *ExpiredError
	require.ErrorAs(t, err, &expired)
	require.Equal(t, "2025-12-31", expired.LastDay.String())
	require.Equal(t, "city-2025", expired.Regulation.ID)
}

func TestSuccessorNotLoadedIsNamed(t *testing.T) {
	l, err := Load(regulations.Files, folder(map[string]string{"o.yaml": "overlay: jinan-startup-2023\nsuccessor: jinan-startup-2026\n"}))
	require.NoError(t, err)
	_, err = l.InForce("jinan-startup", sharing.NewDate(2026, 12, 1))
	require.ErrorContains(t, err, "successor jinan-startup-2026 is not in force")
}

func TestTwoVersionsSideBySide(t *testing.T) {
	second := variant(t, "city-2023.yaml", "version: 1", "version: 2", "from: 2023-01-01", "from: 2027-01-01")
	l, err := Load(regulations.Files, folder(map[string]string{"city-2.yaml": second}))
	require.NoError(t, err)
	for on, version := range map[sharing.Date]int{sharing.NewDate(2026, time.December, 31): 1, sharing.NewDate(2027, time.January, 1): 2} {
		r, err := l.InForce("city", on)
		require.NoError(t, err)
		require.Equal(t, version, r.Version, on)
	}
	latest, _ := l.ByID("city-2023")
	require.Equal(t, 2, latest.Version)
	pinned, ok := l.ByID("city-2023@1")
	require.True(t, ok)
	require.Equal(t, 1, pinned.Version)
	corrected := variant(t, "city-2023.yaml", "version: 1", "version: 3")
	corrections, err := Load(regulations.Files, folder(map[string]string{"city-3.yaml": corrected}))
	require.NoError(t, err, "a corrected reading keeps the first day")
	r, err := corrections.InForce("city", sharing.NewDate(2024, 1, 1))
	require.NoError(t, err)
	require.Equal(t, 3, r.Version)
	_, ok = l.ByID("city-2023@3")
	require.False(t, ok)
}

func TestLoadRefusesWhatContradictsItself(t *testing.T) {
	_, err := Load(regulations.Files, folder(map[string]string{"again.yaml": variant(t, "city-2023.yaml", "title: 公", "title: 另")}))
	require.ErrorContains(t, err, "count the version up")

	for name, early := range map[string]string{
		"a version":   variant(t, "city-2023.yaml", "version: 1", "version: 2", "from: 2023-01-01", "from: 2022-06-01"),
		"a successor": variant(t, "city-2023.yaml", "id: city-2023", "id: city-2024\nreplaces: [city-2023]"),
	} {
		_, err = Load(regulations.Files, folder(map[string]string{"early.yaml": early}))
		require.ErrorContains(t, err, "the one that follows must begin later", name)
	}

	rival := variant(t, "city-2023.yaml", "id: city-2023", "id: city-2024", "from: 2023-01-01", "from: 2024-01-01")
	_, err = Load(regulations.Files, folder(map[string]string{"rival.yaml": rival}))
	require.ErrorContains(t, err, "name the one that is replaced")
}
