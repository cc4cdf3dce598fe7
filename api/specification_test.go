package api

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

// schemas says which Go type is written or read as which schema. Both sides are
// held to have the same names, the same of them required, and the same kinds.
var schemas = map[string]any{
	"Application":       applicationView{},
	"ApplicationDetail": applicationDetail{},
	"ApplicationPage":   page[applicationView]{},
	"Attachment":        attachmentView{},
	"Basis":             sharing.Basis{},
	"Board":             boardView{},
	"Budget":            budgetView{},
	"Case":              caseView{},
	"CaseDetail":        caseDetail{},
	"CasePage":          page[caseSummaryView]{},
	"CaseSummary":       caseSummaryView{},
	"CaseTask":          caseTaskView{},
	"Clock":             clockView{},
	"Completion":        sharing.Completed{},
	"CompletionRequest": sharing.Completion{},
	"Current":           current{},
	"Day":               sharing.Day{},
	"Decision":          sharing.Decision{},
	"Department":        departmentView{},
	"DepartmentFigures": figuresView{},
	"DepartmentList":    list[departmentView]{},
	"Due":               dueView{},
	"Duty":              dutyView{},
	"Entry":             entryView{},
	"Extension":         sharing.Extension{},
	"Field":             sharing.Field{},
	"FieldProblem":      fieldProblem{},
	"Grant":             grantView{},
	"GrantPage":         page[grantView]{},
	"Item":              sharing.Item{},
	"Me":                meView{},
	"Message":           messageView{},
	"MessagePage":       page[messageView]{},
	"NamedRule":         namedRule{},
	"Outcome":           desk.Outcome{},
	"OverdueItem":       overdueItemView{},
	"Preview":           list[previewLineView]{},
	"PreviewLine":       previewLineView{},
	"Problem":           problem{},
	"Projection":        projectionView{},
	"Prolonging":        sharing.Prolonging{},
	"Provision":         sharing.Provision{},
	"Reassignment":      sharing.Reassignment{},
	"RefusalRule":       refusalView{},
	"Region":            regionView{},
	"Regulation":        regulationView{},
	"RegulationDetail":  regulationDetail{},
	"RegulationList":    list[regulationView]{},
	"RegulationRef":     regulationRefView{},
	"Remark":            sharing.Remark{},
	"Request":           sharing.Request{},
	"Resource":          resourceView{},
	"ResourcePage":      page[resourceView]{},
	"ResourceRef":       resourceRef{},
	"Rung":              rungView{},
	"Submission":        submission{},
	"Submitted":         desk.Submitted{},
	"Suspension":        sharing.Suspension{},
	"Task":              taskView{},
	"TaskPage":          page[taskView]{},
}

// looser are request bodies that ask for less than their Go type would tell: a
// draft may be incomplete, and a receipt is confirmed without a word.
var looser = map[string]any{"Draft": draft{}, "Note": sharing.Remark{}}

func TestSchemasMatchTypes(t *testing.T) {
	known := specification().Components.Schemas
	for name, ref := range known {
		if len(properties(ref.Value)) == 0 {
			continue // a scalar
		}
		_, strict := schemas[name]
		_, loose := looser[name]
		assert.True(t, strict || loose, "no Go type is held to schema %s", name)
	}
	compare := func(name string, v any, required bool) {
		require.Contains(t, known, name)
		schema := known[name].Value
		have := properties(schema)
		fields := jsonFields(reflect.TypeOf(v))
		assert.Equal(t, slices.Sorted(maps.Keys(fields)), slices.Sorted(maps.Keys(have)), "names of %s", name)
		if required {
			var always []string
			for field, f := range fields {
				if !f.optional {
					always = append(always, field)
				}
			}
			slices.Sort(always)
			assert.Equal(t, always, requiredOf(schema), "required of %s", name)
		}
		for field, f := range fields {
			if have[field] != nil {
				assert.NoError(t, sameKind(f.typ, have[field].Value), "%s.%s", name, field)
			}
		}
	}
	for name, v := range schemas {
		compare(name, v, true)
	}
	for name, v := range looser {
		compare(name, v, false)
		assert.Empty(t, requiredOf(known[name].Value), name)
	}
}

// TestBodiesAreClosed holds that no request body takes names the specification
// does not know, at any depth, and bounds every text and list.
func TestBodiesAreClosed(t *testing.T) {
	var walk func(at string, s *openapi3.Schema)
	walk = func(at string, s *openapi3.Schema) {
		switch {
		case s.Type.Is("object"):
			require.NotNil(t, s.AdditionalProperties.Has, at)
			assert.False(t, *s.AdditionalProperties.Has, at)
			for name, p := range s.Properties {
				walk(at+"/"+name, p.Value)
			}
		case s.Type.Is("array"):
			assert.NotNil(t, s.MaxItems, at)
			walk(at+"/0", s.Items.Value)
		case s.Type.Is("string"):
			assert.True(t, s.MaxLength != nil || s.Enum != nil || s.Format == "date" || s.Extensions["contentMediaType"] != nil || s.ContentMediaType != "", "%s has no bound", at)
		case s.Type.Is("integer"):
			assert.True(t, s.Min != nil && s.Max != nil, "%s has no bounds", at)
		default:
			assert.True(t, s.Type.Is("boolean"), at)
		}
	}
	for _, op := range operations() {
		if op.body == nil {
			continue
		}
		for mediaType, content := range op.body.Content {
			walk(op.ID+" "+mediaType, content.Schema.Value)
		}
	}
}

// TestOperations holds what every operation of a kind takes.
func TestOperations(t *testing.T) {
	decisions := []string{"saveApplication", "discardApplication", "submitApplication", "pass", "sendBack", "extend", "reassign", "requestCompletion", "complete",
		"answer", "provide", "confirm", "reportFailure", "withdraw"}
	for _, op := range operations() {
		t.Run(op.ID, func(t *testing.T) {
			assert.Equal(t, strings.Contains(op.path, ":id"), op.parameters[place{"path", "id"}] != nil, "id")
			assert.Equal(t, op.method != "GET", op.parameters[place{"header", idempotencyKey}] != nil, "Idempotency-Key")
			assert.Equal(t, slices.Contains(decisions, op.ID), op.parameters[ifMatch] != nil, "If-Match")
			assert.Equal(t, op.parameters[place{"query", "cursor"}] != nil, op.parameters[place{"query", "limit"}] != nil, "pages")
			for at, p := range op.parameters {
				if s := p.Schema.Value; s.Type.Is("string") {
					assert.True(t, s.MaxLength != nil || s.Enum != nil || s.Pattern != "" || s.Format == "date", "%v has no bound", at)
				}
			}
		})
	}
	assert.Len(t, operations(), len((&server{}).handlers()))
}

func TestEnumsMatchConstants(t *testing.T) {
	for name, want := range map[string][]string{
		"Class":            words(sharing.Classes),
		"Mode":             append(words(sharing.Modes), ""),
		"CaseState":        words(sharing.States),
		"ApplicationState": words([]sharing.ApplicationState{sharing.Draft, sharing.Submitted, sharing.Discarded}),
		"GrantState":       words([]sharing.GrantState{sharing.GrantActive, sharing.GrantEnded}),
		"BaseCategory":     words([]sharing.BaseCategory{sharing.BasePopulation, sharing.BaseLegalPerson, sharing.BaseCredit, sharing.BaseGeography, sharing.BaseLicence}),
		"OpenClass":        words([]sharing.OpenClass{sharing.Open, sharing.OpenConditionally, sharing.NotOpen}),
		"Cycle":            words([]sharing.Cycle{sharing.RealTime, sharing.Daily, sharing.Weekly, sharing.Monthly, sharing.Quarterly, sharing.HalfYearly, sharing.EveryYear, sharing.Irregularly}),
		"Light":            words([]desk.Light{desk.Green, desk.Yellow, desk.Red, desk.Grey}),
		"Unit":             words([]sharing.Unit{sharing.WorkingDays, sharing.CalendarDays, sharing.Months, sharing.UpdateCycles, sharing.Immediately, sharing.Yearly, sharing.Elapsed}),
		"RungKind":         words([]sharing.RungKind{sharing.Reminder, sharing.LimitReached, sharing.Urged, sharing.Supervised, sharing.Rectification}),
		"TaskKind":         words(taskKinds()),
		"DayKind": words([]sharing.DayKind{sharing.StartDay, sharing.Worked, sharing.MakeUp, sharing.Weekend, sharing.Holiday,
			sharing.Suspended, sharing.Counted, sharing.MovedForward}),
	} {
		assert.ElementsMatch(t, want, specification().Components.Schemas[name].Value.Enum, name)
	}
	for _, p := range sharing.Procedures {
		for _, action := range p.Machine().Actions() {
			assert.Contains(t, specification().Components.Schemas["Action"].Value.Enum, string(action))
		}
	}
	assert.Equal(t, float64(sharing.MaxItems), maxItems(t, "Draft", "items"))
	assert.Equal(t, float64(sharing.MaxAttachments), maxItems(t, "Draft", "attachments"))
	assert.Equal(t, float64(sharing.MaxGaps), maxItems(t, "CompletionRequest", "gaps"))
	assert.EqualValues(t, sharing.MaxText, *specification().Components.Schemas["Text"].Value.MaxLength)
	assert.EqualValues(t, sharing.MaxTermMonths, *specification().Components.Schemas["Draft"].Value.Properties["term_months"].Value.Max)
	limit := specification().Components.Parameters["Limit"].Value.Schema.Value
	assert.EqualValues(t, desk.MaxLimit, *limit.Max)
	assert.EqualValues(t, desk.DefaultLimit, limit.Default)
	assert.ElementsMatch(t, words([]regulation.Source{regulation.FromText, regulation.FromOperator}),
		specification().Components.Schemas["Duty"].Value.Properties["source"].Value.Enum)
}

func maxItems(t *testing.T, schema, property string) float64 {
	t.Helper()
	s := specification().Components.Schemas[schema].Value.Properties[property].Value
	require.NotNil(t, s.MaxItems)
	return float64(*s.MaxItems)
}

func words[S ~string](all []S) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

// properties flattens allOf.
func properties(s *openapi3.Schema) map[string]*openapi3.SchemaRef {
	all := map[string]*openapi3.SchemaRef{}
	for _, part := range s.AllOf {
		maps.Copy(all, properties(part.Value))
	}
	maps.Copy(all, s.Properties)
	return all
}

func requiredOf(s *openapi3.Schema) []string {
	all := slices.Clone(s.Required)
	for _, part := range s.AllOf {
		all = append(all, requiredOf(part.Value)...)
	}
	slices.Sort(all)
	return all
}

type jsonField struct {
	typ      reflect.Type
	optional bool
}

// jsonFields lists the fields of a struct as encoding/json names them.
func jsonFields(t reflect.Type) map[string]jsonField {
	fields := map[string]jsonField{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			maps.Copy(fields, jsonFields(f.Type))
		case name == "-":
		default:
			fields[name] = jsonField{f.Type, strings.Contains(rest, "omit")}
		}
	}
	return fields
}

// sameKind holds a Go type to a schema, one level deep.
func sameKind(t reflect.Type, s *openapi3.Schema) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	want := "object"
	switch {
	case t == reflect.TypeFor[sharing.Date]():
		want = "string"
	case t.String() == "time.Time":
		want = "string"
	default:
		switch t.Kind() {
		case reflect.String:
			want = "string"
		case reflect.Bool:
			want = "boolean"
		case reflect.Int, reflect.Int32, reflect.Int64:
			want = "integer"
		case reflect.Slice:
			want = "array"
		}
	}
	if want == "object" && len(s.AllOf) > 0 {
		return nil
	}
	if !s.Type.Is(want) {
		return fmt.Errorf("%v is written as %s, and specified as %v", t, want, s.Type)
	}
	if want == "array" {
		return sameKind(t.Elem(), s.Items.Value)
	}
	return nil
}
