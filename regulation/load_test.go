package regulation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"gongshu/policies/regulations"
	"gongshu/sharing"
)

func shippedFile(t testing.TB, name string) string {
	t.Helper()
	data, err := fs.ReadFile(regulations.Files, name)
	require.NoError(t, err)
	return string(data)
}

// validate holds a file to the schema alone, as an editor does: with a schema
// compiled afresh and the file turned into JSON.
func validate(t testing.TB, text string) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(regulations.Schema))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	require.NoError(t, compiler.AddResource("schema.json", document))
	compiled, err := compiler.Compile("schema.json")
	require.NoError(t, err)
	asJSON, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return err
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return err
	}
	return compiled.Validate(instance)
}

func TestShippedFilesAreSound(t *testing.T) {
	names, err := fs.Glob(regulations.Files, "*.yaml")
	require.NoError(t, err)
	require.Len(t, names, 5)
	for _, name := range names {
		text := shippedFile(t, name)
		require.NoError(t, validate(t, text), name)
		r, err := Read(name, strings.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, name, r.ID+".yaml")
		require.True(t, strings.HasPrefix(text, "# yaml-language-server: $schema=regulation.schema.json\n"), "%s: editor completion", name)
	}
}

// Bad files: what is wrong, where, and which of the two gates sees it. The
// loader refuses whatever the schema refuses, and what only Go can see besides.
func TestBadFilesAreRefused(t *testing.T) {
	const city, shuozhou = "city-2023.yaml", "shuozhou-2021.yaml"
	const (
		bySchema = true
		byLoader = false
	)
	for _, row := range []struct {
		file, replace, with string
		key, rule           string
		line                string // text that stands in the line named
		gate                bool
	}{
		{city, "version: 1", "version: 1\ncolour: red", "colour", "unknown key", "colour: red", bySchema},
		{city, "version: 1", "version: 0", "version", "minimum", "version: 0", bySchema},
		{city, "version: 1", "version: one", "version", "want integer", "version: one", bySchema},
		{city, "version: 1\n", "", "version", "missing", "id: city-2023", bySchema},
		{city, "version: 1", "version: 1\nprolonged: {until: 2030-01-01, number: x}", "prolonged", "unknown key", "prolonged", bySchema},
		{city, "version: 1", "version: 1\nfile: other.yaml", "file", "unknown key", "file: other", bySchema},
		{city, "id: city-2023", "id: City", "id", "does not match pattern", "id: City", bySchema},
		{city, "from: 2023-01-01", "from: 2023-02-30", "from", "not valid date", "from: 2023-02-30", bySchema},
		{city, "from: 2023-01-01", "from: 2023-01-01\nissued: 2023-06-01", "issued", "after the first day", "issued:", byLoader},
		{city, "from: 2023-01-01", "from: 2023-01-01\nuntil: 2022-12-31", "until", "before the first day", "until:", byLoader},
		{city, "from: 2023-01-01", "from: 2023-01-01\nreplaces: [city-2023]", "replaces", "cannot replace itself", "replaces:", byLoader},
		{city, `from_article: "37"`, `from_article: 37`, "from_article", "want string", "from_article: 37", bySchema},
		{city, `from_article: "37"`, `from_article: "第37条"`, "from_article", "does not match pattern", "第37条", bySchema},
		{city, "    limit: {n: 5, unit: working_days}\n    must", "    limit: {n: 5, unit: workdays}\n    must", "duties[0].limit.unit", "must be one of", "unit: workdays", bySchema},
		{city, "    limit: {n: 5, unit: working_days}\n    must", "    limit: {n: 0, unit: working_days}\n    must", "duties[0].limit.n", "minimum", "n: 0", bySchema},
		{city, "    limit: {n: 5, unit: working_days}\n    must", "    limit: {n: 5.5, unit: working_days}\n    must", "duties[0].limit.n", "want integer", "n: 5.5", bySchema},
		{city, "    limit: {n: 5, unit: working_days}\n    must", "    limit: {unit: working_days}\n    must", "duties[0].limit.n", "missing", "unit: working_days", bySchema},
		{city, "    limit: {n: 5, unit: working_days}\n    must", "    limit: {n: 5, unit: at_once}\n    must", "duties[0].limit.n", "no place here", "unit: at_once", bySchema},
		{city, "    limit: {n: 5, unit: working_days}\n    must", "    limit: {for: 4h, unit: elapsed}\n    must", "duties[0].limit.for", "unknown key", "for: 4h", bySchema},
		{city, "    limit: {n: 5, unit: working_days}\n    must", "    limit: {n: 5, unit: working_days, rolling: true}\n    must", "duties[0].limit.rolling", "never end on a day off", "rolling", byLoader},
		{city, "month: 6, day: 30", "month: 6, day: 31", "duties[6].limit.day", "month 6 has no day 31", "day: 31", byLoader},
		{city, "month: 6, day: 30", "month: 13, day: 30", "duties[6].limit.month", "maximum", "month: 13", bySchema},
		{city, "    article: \"21\"\n    source: text\n    start: application.received", "    source: text\n    start: application.received", "duties[0].article", "missing", "name: share.answer", bySchema},
		{city, "    source: operator\n    start: data.provided", "    source: operator\n    limit: {n: 3, unit: working_days}\n    start: data.provided", "duties[2].limit", "no place here", "limit:", bySchema},
		{city, "start: application.received", "start: application.arrived", "duties[0].start", "must be one of", "application.arrived", bySchema},
		{city, "start: application.received", "start: precheck.passed", "duties[0].start", "no duty share.precheck", "precheck.passed", byLoader},
		{city, "    owes: authority\n    with: operator", "    owes: leading_group\n    with: operator", "duties[8].owes", "not among the roles", "owes: leading_group", byLoader},
		{city, "  - name: share.provide", "  - name: share.answer", "duties[1].name", "listed twice", "share.answer", byLoader},
		{city, "  - name: share.answer", "  - name: share.reply", "duties", "share.answer is missing", "duties:", byLoader},
		{city, "refusal: {reasons: true, legal_basis: true, proof: false", "refusal: {reasons: true, legal_basis: true, proof: true", "refusal", "other things than the duty share.answer", "proof: true", byLoader},
		{city, "offset: -2", "offset: 2", "ladders.limit[0].offset", "reminder comes before", "offset: 2", byLoader},
		{city, "offset: 3", "offset: 1", "ladders.limit[3].offset", "does not come after", "supervised", byLoader},
		{city, "to: [owes, authority], source: operator}", "to: [], source: operator}", "ladders.limit[1].to", "minItems", "to: []", bySchema},
		{city, "to: [owes, authority], source: operator}", "to: [owes, authority], source: text}", "ladders.limit[1].article", "stands in the text", "source: text", byLoader},
		{city, "to: [owes, authority], source: operator}", "to: [owes, security], source: operator}", "ladders.limit[1].to[1]", "not among the roles", "security", byLoader},
		{city, "available: true", "available: false", "coordination.for", "no place here", "for:", bySchema},
		{city, "duties: [share.answer, share.provide,", "duties: [share.answers, share.provide,", "supervision.grounds[0].duties[0]", "no duty share.answers", "share.answers", byLoader},
		{city, "mode: file,", "mode: browsing,", "modes[3].mode", "listed twice", "browsing", byLoader},
		{city, "  conditional: {name: 有条件共享类", "  Conditional: {name: 有条件共享类", "classes.Conditional", "unknown key", "Conditional:", bySchema},
		{city, "    wording_en: coordinated\n", "", "duties[3].wording_en", "missing", "name: share.coordinate", bySchema},
		{shuozhou, "limit: {n: 1, unit: months}", "limit: {n: 1, unit: months, rolling: true}", "duties[5].limit.rolling", "notice period", "rolling", byLoader},
		{shuozhou, "approval: {by: authority, article: \"12\"}", "approval: {by: finance, article: \"12\"}", "duties[5].approval.by", "not among the roles", "finance", byLoader},
		{shuozhou, "    owes: provider\n    wording: 及时\n", "    owes: provider\n    extension: {cap: 5, times: 1, reason: true, article: \"17\"}\n    wording: 及时\n", "duties[10].extension", "no limit", "extension:", byLoader},
		{shuozhou, "    limit: {n: 10, unit: working_days}\n    must: {report", "    limit: {n: 10, unit: working_days}\n    variants: [{when: {weather: true}, limit: {n: 3, unit: working_days}}]\n    must: {report", "duties[4].variants[0].when.weather", "not among the facts", "weather", byLoader},
		{shuozhou, "    limit: {n: 10, unit: working_days}\n    must: {report", "    limit: {n: 10, unit: working_days}\n    variants: [{when: {}, limit: {n: 3, unit: working_days}}]\n    must: {report", "duties[4].variants[0].when", "minProperties", "when: {}", bySchema},
	} {
		t.Run(row.key+" "+row.rule, func(t *testing.T) {
			text := shippedFile(t, row.file)
			require.Contains(t, text, row.replace)
			text = strings.Replace(text, row.replace, row.with, 1)

			if err := validate(t, text); row.gate == bySchema {
				require.Error(t, err, "the schema")
			} else {
				require.NoError(t, err, "the schema")
			}
			_, err := Read(row.file, strings.NewReader(text))
			var problems Problems
			require.ErrorAs(t, err, &problems)
			i := slices.IndexFunc(problems, func(p Problem) bool { return p.Key == row.key && strings.Contains(p.Rule, row.rule) })
			require.GreaterOrEqual(t, i, 0, "%v", err)
			require.Equal(t, row.file, problems[i].File)
			require.Positive(t, problems[i].Line)
			require.Contains(t, strings.Split(text, "\n")[problems[i].Line-1], row.line)
		})
	}
}

func TestWhatIsNoFileIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"empty":          "",
		"a list":         "- 1",
		"broken":         "x: [",
		"two documents":  shippedFile(t, "city-2023.yaml") + "\n---\nid: other",
		"an alias":       strings.Replace(shippedFile(t, "city-2023.yaml"), "region_name: 市", "region_name: &a 市", 1),
		"a repeated key": strings.Replace(shippedFile(t, "city-2023.yaml"), "version: 1", "version: 1\nversion: 1", 1),
		"too long":       strings.Repeat("#", 1<<20),
		"too deep":       strings.Repeat("[", 100_000),
		"dashes":         strings.Repeat("- ", 100_000),
	} {
		_, err := Read("x.yaml", strings.NewReader(text))
		var problems Problems
		require.ErrorAs(t, err, &problems, name)
	}
}

// Every problem of a file is told at once.
func TestAllProblemsAreTold(t *testing.T) {
	text := strings.NewReplacer("version: 1", "version: 0", "unit: working_days", "unit: workdays", "region: city", "region: 9").Replace(shippedFile(t, "city-2023.yaml"))
	_, err := Read("x.yaml", strings.NewReader(text))
	var problems Problems
	require.ErrorAs(t, err, &problems)
	require.Greater(t, len(problems), 5)
	require.True(t, slices.IsSortedFunc(problems, func(a, b Problem) int { return a.Line - b.Line }))
}

// The words that the schema allows are those that the program knows, and each
// can be shown in both languages.
func TestSchemaAndProgramKnowTheSameWords(t *testing.T) {
	var document struct {
		Defs map[string]struct {
			Enum       []string
			Properties map[string]struct{ Enum []string }
		} `json:"$defs"`
	}
	require.NoError(t, json.Unmarshal(regulations.Schema, &document))
	require.ElementsMatch(t, Roles, roles(document.Defs["role"].Enum))
	require.ElementsMatch(t, Starts, document.Defs["duty"].Properties["start"].Enum)
	require.ElementsMatch(t, sharing.Modes, modes(document.Defs["mode"].Enum))

	var tree any
	require.NoError(t, json.Unmarshal(regulations.Schema, &tree))
	seen := 0
	eachEnum(tree, func(word string) {
		seen++
		if word == string(FromOperator) {
			return
		}
		names, known := words[word]
		require.True(t, known && names[0] != "" && names[1] != "", "%q has no Chinese and English name", word)
	})
	require.Greater(t, seen, 100)
}

func roles(names []string) (list []Role) {
	for _, n := range names {
		list = append(list, Role(n))
	}
	return list
}

func modes(names []string) (list []sharing.Mode) {
	for _, n := range names {
		list = append(list, sharing.Mode(n))
	}
	return list
}

func eachEnum(node any, visit func(string)) {
	switch n := node.(type) {
	case map[string]any:
		for key, value := range n {
			if list, ok := value.([]any); ok && key == "enum" {
				for _, word := range list {
					if s, ok := word.(string); ok {
						visit(s)
					}
				}
				continue
			}
			eachEnum(value, visit)
		}
	case []any:
		for _, value := range n {
			eachEnum(value, visit)
		}
	}
}

func TestDocsAreCurrent(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, Shipped().WriteDocs(&b))
	committed, err := os.ReadFile("../docs/regulations.md")
	require.NoError(t, err)
	require.Equal(t, b.String(), string(committed), "run: go run ./cmd/gongshu regulation docs > docs/regulations.md")
}

func FuzzRead(f *testing.F) {
	names, err := fs.Glob(regulations.Files, "*.yaml")
	require.NoError(f, err)
	for _, name := range names {
		f.Add(shippedFile(f, name))
	}
	f.Add("overlay: x\nsuccessor: y\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, err := Read("x.yaml", strings.NewReader(text))
		var problems Problems
		if err != nil && !errors.As(err, &problems) {
			t.Fatalf("%T: %v", err, err)
		}
	})
}
