package api

import (
	"encoding/json"
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
	"gongshu/policies"
	"gongshu/regulation"
	"gongshu/sharing"
)

// schemas says which Go type is written or read as which schema. Both sides are
// held to have the same names, the same of them required, and the same kinds.
var schemas = map[string]any{
	"Bulletin":            bulletinView{},
	"BulletinLine":        bulletinLineView{},
	"ContactProof":        contactProof{},
	"DocumentEntry":       sharing.DocumentEntry{},
	"IncidentEntry":       sharing.IncidentEntry{},
	"OpenEntry":           openEntryView{},
	"OpenEntryPage":       page[openEntryView]{},
	"OpenField":           openFieldView{},
	"OpenRegion":          openRegionView{},
	"OpenRegionList":      list[openRegionView]{},
	"OpeningStatus":       openingView{},
	"OpeningStep":         openingStepView{},
	"OpeningTicket":       ticketView{},
	"PurchaseEntry":       sharing.PurchaseEntry{},
	"Reading":             readingView{},
	"ReadingPage":         page[readingView]{},
	"RegisterDetail":      registerDetail{},
	"RegisterEntry":       registerEntryView{},
	"RegisterEntryPage":   page[registerEntryView]{},
	"RegisterKind":        registerKindView{},
	"RegisterKindList":    list[registerKindView]{},
	"SpecialistEntry":     sharing.SpecialistEntry{},
	"SystemEntry":         sharing.SystemEntry{},
	"TestEntry":           sharing.TestEntry{},
	"Act":                 actView{},
	"Aside":               asideView{},
	"Comment":             commentView{},
	"CommentPage":         page[commentView]{},
	"Delegation":          delegationView{},
	"DelegationPage":      page[delegationView]{},
	"Account":             accountView{},
	"AccountPage":         page[accountView]{},
	"KeyRotation":         rotation{},
	"KeySecret":           secretView{},
	"NewKey":              newKey{},
	"PolicyBound":         policies.Bound{},
	"PolicyExplanation":   explanationView{},
	"PolicyPast":          policyPastView{},
	"PolicyPerson":        personView{},
	"PolicyQuestion":      policyQuestion{},
	"PolicyStanding":      policyView{},
	"PolicyThing":         askedView{},
	"PolicyVote":          policies.Vote{},
	"PolicyWay":           policies.Way{},
	"WhoMay":              whoMayView{},
	"Key":                 keyView{},
	"KeyList":             list[keyView]{},
	"Link":                linkView{},
	"NewComment":          sharing.NewComment{},
	"NewDelegation":       sharing.NewDelegation{},
	"NewLink":             sharing.NewLink{},
	"NewSupervision":      sharing.NewSupervision{},
	"Said":                desk.Said{},
	"Letter":              letterView{},
	"LetterList":          list[letterRefView]{},
	"LetterRef":           letterRefView{},
	"StandIn":             standInView{},
	"EarlierHead":         earlierHead{},
	"TrailCheck":          trailCheckView{},
	"TrailLine":           trailLineView{},
	"TrailPage":           page[trailLineView]{},
	"Supervised":          desk.Supervised{},
	"SupervisedCase":      supervisedCaseView{},
	"SupervisedCasePage":  page[supervisedCaseView]{},
	"Supervision":         supervisionView{},
	"Unlinking":           unlinking{},
	"Urged":               desk.Urged{},
	"UrgeResult":          urgeResult{},
	"UrgeResultList":      list[urgeResult]{},
	"Urging":              urging{},
	"User":                userRef{},
	"UserList":            list[userRef]{},
	"Application":         applicationView{},
	"ApplicationDetail":   applicationDetail{},
	"ApplicationPage":     page[applicationView]{},
	"Attachment":          attachmentView{},
	"Basis":               sharing.Basis{},
	"Answering":           answeringView{},
	"Board":               boardView{},
	"Chase":               chaseView{},
	"DutyFigures":         dutyFiguresView{},
	"Move":                moveView{},
	"MovePage":            page[moveView]{},
	"ProcedureFigures":    procedureFiguresView{},
	"Stretch":             stretchView{},
	"Trend":               trendView{},
	"Budget":              budgetView{},
	"Case":                caseView{},
	"CaseDetail":          caseDetail{},
	"CaseRef":             caseRef{},
	"CasePage":            page[caseSummaryView]{},
	"CaseSummary":         caseSummaryView{},
	"CaseTask":            caseTaskView{},
	"Clock":               clockView{},
	"Completion":          sharing.Completed{},
	"CompletionRequest":   sharing.Completion{},
	"ChangeHolder":        changeHolderView{},
	"ChangeHolderList":    list[changeHolderView]{},
	"ChangeNotice":        changeNoticeView{},
	"ChangeNoticeList":    list[changeNoticeView]{},
	"Difference":          sharing.Difference{},
	"CatalogImport":       importView{},
	"CatalogImportList":   list[importView]{},
	"ImportFinding":       importFindingView{},
	"ImportRow":           importRowView{},
	"ImportRowPage":       page[importRowView]{},
	"ImportTerms":         sharing.ImportTerms{},
	"ResourceVersion":     resourceVersionView{},
	"ResourceVersionList": list[resourceVersionView]{},
	"Current":             current{},
	"Day":                 sharing.Day{},
	"Decision":            sharing.Decision{},
	"Department":          departmentView{},
	"DepartmentFigures":   figuresView{},
	"DepartmentList":      list[departmentView]{},
	"DisputeBatch":        disputeBatch{},
	"Due":                 dueView{},
	"Duty":                dutyView{},
	"Entry":               entryView{},
	"Extension":           sharing.Extension{},
	"Field":               sharing.Field{},
	"FieldProblem":        fieldProblem{},
	"Grant":               grantView{},
	"GrantPage":           page[grantView]{},
	"GrantDetail":         grantDetail{},
	"Held":                heldView{},
	"Pause":               pauseView{},
	"Scenario":            scenarioView{},
	"ScenarioItem":        sharing.ScenarioItem{},
	"ScenarioPage":        page[scenarioView]{},
	"ScenarioText":        sharing.ScenarioText{},
	"Use":                 useView{},
	"UseBatch":            useBatch{},
	"UsePage":             page[useView]{},
	"UseReport":           sharing.UseReport{},
	"UseResult":           useResultView{},
	"UseResultList":       list[useResultView]{},
	"Hold":                sharing.Hold{},
	"HeldProject":         heldProjectView{},
	"HeldProjectPage":     page[heldProjectView]{},
	"Criticism":           criticismView{},
	"CriticismPage":       page[criticismView]{},
	"Item":                sharing.Item{},
	"Me":                  meView{},
	"Mark":                markView{},
	"MarkPage":            page[markView]{},
	"Message":             messageView{},
	"MessagePage":         page[messageView]{},
	"NamedRule":           namedRule{},
	"Outcome":             desk.Outcome{},
	"OverdueItem":         overdueItemView{},
	"Preview":             list[previewLineView]{},
	"PreviewLine":         previewLineView{},
	"Problem":             problem{},
	"Projection":          projectionView{},
	"Prolonging":          sharing.Prolonging{},
	"Provision":           sharing.Provision{},
	"RecordStatus":        recordStatusView{},
	"Reported":            reportedView{},
	"ReportedList":        list[reportedView]{},
	"Reassignment":        sharing.Reassignment{},
	"RefusalRule":         refusalView{},
	"Region":              regionView{},
	"Regulation":          regulationView{},
	"RegulationDetail":    regulationDetail{},
	"RegulationList":      list[regulationView]{},
	"RegulationRef":       regulationRefView{},
	"Remark":              sharing.Remark{},
	"Request":             sharing.Request{},
	"Resource":            resourceView{},
	"ResourcePage":        page[resourceView]{},
	"ResourceRef":         resourceRef{},
	"Ruling":              sharing.Ruling{},
	"Rung":                rungView{},
	"Submission":          submission{},
	"Submitted":           desk.Submitted{},
	"Suspension":          sharing.Suspension{},
	"Task":                taskView{},
	"TaskPage":            page[taskView]{},
}

// looser are request bodies that ask for less than their Go type would tell: a
// draft may be incomplete, and a receipt is confirmed without a word.
var looser = map[string]any{"BatchedReport": sharing.DisputeReport{}, "Draft": draft{}, "Note": sharing.Remark{}}

// said lists the types of what cases are about and of what is said with steps, by
// the machines of the procedures, and of the objects within them, by their names.
func said() map[string]any {
	types := map[string]any{}
	var add func(t reflect.Type)
	add = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || t.PkgPath() != reflect.TypeFor[sharing.Case]().PkgPath() || types[t.Name()] != nil {
			return
		}
		types[t.Name()] = reflect.Zero(t).Interface()
		for i := range t.NumField() {
			add(t.Field(i).Type)
		}
	}
	for _, p := range sharing.Procedures {
		machine := p.Machine()
		if _, opened := opens(p); opened {
			add(reflect.TypeOf(machine.Content()))
		}
		for _, says := range machine.Says {
			add(reflect.TypeOf(says()))
		}
	}
	return types
}

// opens returns the operation that opens a case of the procedure: the one whose
// body is what such a case is about.
func opens(p sharing.Procedure) (*operation, bool) {
	if p.Machine().Content == nil {
		return nil, false
	}
	name := reflect.TypeOf(p.Machine().Content()).Elem().Name()
	for _, op := range operations() {
		if op.body != nil && !strings.HasPrefix(op.path, "/cases/") && bodyOf(op) == name {
			return op, true
		}
	}
	return nil, false
}

// bodyOf names the schema of an operation's body.
func bodyOf(op *operation) string {
	content := op.body.Content["application/json"]
	if content == nil {
		return ""
	}
	return content.Schema.Ref[strings.LastIndexByte(content.Schema.Ref, '/')+1:]
}

// paths of the steps that had other names before there were further procedures.
var renamed = map[sharing.Action]string{sharing.Withdraw: "withdrawal", sharing.Reassign: "reassignment"}

// TestStepsHaveOperations holds that every step that somebody takes by saying
// something can be taken here, with the message that the machine names.
func TestStepsHaveOperations(t *testing.T) {
	found := map[string]*operation{}
	for _, op := range operations() {
		found[op.method+" "+op.path] = op
	}
	for _, p := range sharing.Procedures {
		if op, ok := opens(p); ok {
			assert.Empty(t, differences(reflect.TypeOf(p.Machine().Content()), op.body.Content["application/json"].Schema.Value, "", true), "%s: body of %s", p, op.ID)
		}
		for action, says := range p.Machine().Says {
			path := string(action)
			if other := renamed[action]; other != "" {
				path = other
			}
			op := found["POST /cases/:id/"+path]
			if !assert.NotNil(t, op, "%s: POST /cases/{id}/%s is missing", p, path) {
				continue
			}
			said := reflect.TypeOf(says())
			if op.body == nil {
				assert.Empty(t, jsonFields(said.Elem()), "%s: %s takes a body", p, op.ID)
				continue
			}
			assert.Empty(t, differences(said, op.body.Content["application/json"].Schema.Value, "", renamed[action] == ""), "%s: body of %s", p, op.ID)
		}
	}
}

// differences lists in what a type and the schema of a body differ, at any depth:
// the names, which of them must be there, and the kinds.
func differences(t reflect.Type, s *openapi3.Schema, at string, required bool) []string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if err := sameKind(t, s); err != nil {
		return []string{at + ": " + err.Error()}
	}
	switch {
	case t.Kind() == reflect.Slice && s.Type.Is("array"):
		return differences(t.Elem(), s.Items.Value, at+"/0", required)
	case t.Kind() != reflect.Struct || !s.Type.Is("object"):
		return nil
	}
	var all []string
	fields, have := jsonFields(t), properties(s)
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if have[name] == nil {
			all = append(all, at+"/"+name+" is not specified")
			continue
		}
		if must := slices.Contains(requiredOf(s), name); required && must == fields[name].optional {
			all = append(all, fmt.Sprintf("%s/%s is required: %v", at, name, must))
		}
		all = append(all, differences(fields[name].typ, have[name].Value, at+"/"+name, required)...)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		if _, ok := fields[name]; !ok {
			all = append(all, at+"/"+name+" is not known")
		}
	}
	return all
}

func TestSchemasMatchTypes(t *testing.T) {
	known := specification().Components.Schemas
	schemas := maps.Clone(schemas)
	for name, v := range said() {
		if _, told := schemas[name]; !told && known[name] != nil {
			schemas[name] = v
		}
	}
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
	beside := []string{"comment", "follow", "unfollow", "urge", "supervise", "link", "unlink"} // no steps of a case
	decisions := []string{"changeScenario", "retireScenario", "signOpening", "withdrawOpening", "saveApplication", "discardApplication", "submitApplication", "confirmImport"}
	for _, op := range operations() {
		t.Run(op.ID, func(t *testing.T) {
			assert.Equal(t, strings.Contains(op.path, ":id"), op.parameters[place{"path", "id"}] != nil, "id")
			unkeyed := []string{"askOpening", "resendCode", "verifyOpening", "explainPolicy", "whoMay", "readMessages"} // each is told a secret once, is the same when repeated, or changes nothing
			assert.Equal(t, op.method != "GET" && !slices.Contains(unkeyed, op.ID), op.parameters[place{"header", idempotencyKey}] != nil, "Idempotency-Key")
			decides := slices.Contains(decisions, op.ID) || op.method == "POST" && strings.HasPrefix(op.path, "/cases/:id/") && !slices.Contains(beside, op.ID)
			assert.Equal(t, decides, op.parameters[ifMatch] != nil, "If-Match")
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
		"Procedure":        words(sharing.Procedures),
		"CaseState":        words(sharing.States),
		"ApplicationState": words([]sharing.ApplicationState{sharing.Draft, sharing.Submitted, sharing.Discarded}),
		"GrantState":       words(sharing.GrantStates),
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

// taskKinds lists the kinds of tasks: those of a share application, and of the
// other procedures the steps that somebody can be waited for to take.
func taskKinds() []sharing.TaskKind {
	kinds := []sharing.TaskKind{sharing.TaskCheck, sharing.TaskAnswer, sharing.TaskComplete, sharing.TaskProvide, sharing.TaskConfirm, sharing.TaskConsent}
	for _, p := range sharing.Procedures {
		if p == sharing.ShareApplication {
			continue
		}
		for _, transition := range p.Machine().Steps {
			kind := sharing.TaskKind(transition.Action)
			if transition.By != sharing.ByTime && transition.By != sharing.BySystem && !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
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
	case t == reflect.TypeFor[json.RawMessage]():
		return nil // an object or a value of whatever kind
	default:
		switch t.Kind() {
		case reflect.String:
			want = "string"
		case reflect.Bool:
			want = "boolean"
		case reflect.Int, reflect.Int32, reflect.Int64:
			want = "integer"
		case reflect.Float64:
			want = "number"
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
