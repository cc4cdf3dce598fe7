package desk_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// first returns the code of a resource of a class whose provider is not excluded.
func first(t *testing.T, r *desktest.Rig, region string, class sharing.Class, grade sharing.Grade, except ...string) sharing.Resource {
	t.Helper()
	for _, resource := range r.World.Resources {
		if resource.RegionID == region && resource.Class == class && resource.Grade == grade && !strings.Contains(strings.Join(except, " "), resource.Provider.ID) {
			return resource
		}
	}
	t.Fatalf("no %s resource of grade %d in %s", class, grade, region)
	return sharing.Resource{}
}

func TestNotSharedAndAbsentAreRefusedInTheSameWords(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who := r.User(requester)
	secret := first(t, r, "shuozhou", sharing.NotShared, 3, "shuozhou-minzheng")
	elsewhere := first(t, r, "city", sharing.Conditional, 2)
	grade4 := first(t, r, "shuozhou", sharing.NotShared, 4, "shuozhou-minzheng")
	var answers []error
	for _, id := range []string{secret.ID, elsewhere.ID, grade4.ID, "00000000-0000-4000-8000-000000000000"} {
		draft := r.Request("shuozhou", conditional)
		draft.Items[0].ResourceID = id
		_, err := r.SaveDraft(ctx, who, "", "", 0, draft)
		require.Equal(t, sharing.CodeNotShared, code(t, err))
		answers = append(answers, err)
		_, err = r.Desk.Resource(ctx, who, id)
		require.Equal(t, sharing.CodeNotFound, code(t, err))
	}
	for _, err := range answers {
		require.Equal(t, answers[0], err)
	}
	var e *sharing.Error
	require.ErrorAs(t, answers[0], &e)
	require.Equal(t, "20", e.Article, "shuozhou 20: the authority coordinates")
	require.Contains(t, e.Detail, "市政务信息管理局")
}

// A resource that became not shared after the draft was written is refused when
// it is submitted, and nothing is filed.
func TestWhatChangedMeanwhileIsRefused(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	who := r.User(requester)
	a, err := r.SaveDraft(ctx, who, "", "", 0, r.Request("shuozhou", conditional))
	require.NoError(t, err)
	resource := r.Resource("shuozhou", conditional)
	resource.Class = sharing.NotShared
	r.Put(resource)
	_, err = r.Submit(ctx, who, "", a.ID, 1, nil)
	require.Equal(t, sharing.CodeNotShared, code(t, err))
	again, err := r.Application(ctx, who, a.ID)
	require.NoError(t, err)
	require.Equal(t, sharing.Draft, again.State)
	cases, err := r.Cases(ctx, who, desk.CaseQuery{})
	require.NoError(t, err)
	require.Zero(t, cases.Total)
}

func TestUnconditionalIsGrantedAtOnce(t *testing.T) {
	r := desktest.New(t)
	open := first(t, r, "shuozhou", sharing.Unconditional, 1, "shuozhou-minzheng")
	submitted := r.Apply(requester, r.Request("shuozhou", open.Code), nil)
	require.Equal(t, sharing.InUse, submitted.Cases[0].State)
	grants, err := r.Grants(t.Context(), r.User(requester), desk.GrantQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, grants.Total)
	require.Equal(t, open.FieldNames(), grants.Items[0].Fields)
	view, err := r.Case(t.Context(), r.User(requester), submitted.Cases[0].CaseID)
	require.NoError(t, err)
	require.Empty(t, view.Clocks, "nobody owes an answer")
	require.Equal(t, "16", view.Timeline[0].Article)
}

func TestSeveralDepartmentsAnswerEachForItself(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	submitted := r.Apply(requester, r.Request("shuozhou", conditional, "SZ-RS-001"), nil)
	require.Len(t, submitted.Cases, 2)
	for i, id := range []string{approver, "shuozhou-renshe-approver"} {
		inbox, err := r.Tasks(ctx, r.User(id), desk.TaskQuery{})
		require.NoError(t, err)
		require.Equal(t, 1, inbox.Total)
		require.Equal(t, submitted.Cases[i].CaseID, inbox.Items[0].Case.ID)
		other := submitted.Cases[1-i].CaseID
		_, err = r.Case(ctx, r.User(id), other)
		require.Equal(t, sharing.CodeNotFound, code(t, err), "the other department's case is none of its business")
		_, err = r.Answer(ctx, r.User(id), desk.Act{CaseID: other, Expected: 1}, sharing.Decision{Agree: true})
		require.Equal(t, sharing.CodeNotFound, code(t, err))
	}
}

func TestLimitsFollowTheRegulationInForce(t *testing.T) {
	r := desktest.New(t)
	for region, want := range map[string]sharing.Budget{
		"shuozhou": {N: 5, Unit: sharing.WorkingDays}, "jinan-startup": {N: 10, Unit: sharing.WorkingDays}, "city": {N: 5, Unit: sharing.WorkingDays},
	} {
		resource := first(t, r, region, sharing.Conditional, 2)
		var who sharing.User
		for _, u := range r.World.Users {
			if u.Region.ID == region && u.Subject().Has(sharing.Requester) && u.Department.ID != resource.Provider.ID {
				who = u
			}
		}
		draft := r.Request(region, resource.Code)
		draft.Mode, draft.For = resource.Modes[0], who.Department.ID
		day := sharing.NewDate(2026, 11, 20) // jinan-startup-2023 ends ten days later
		submitted := r.Apply(region+"-authority-officer", draft, &day)
		view, err := r.Case(t.Context(), who, submitted.Cases[0].CaseID)
		require.NoError(t, err)
		require.Equal(t, want, view.Clocks[0].Clock.Budget, region)
	}
	// jinan-startup-2023 ends on 2026-11-30; the rest of its region's story is told by
	// what was received until then.
	day := sharing.NewDate(2023, 11, 30)
	a, err := r.SaveDraft(t.Context(), r.User("jinan-startup-authority-officer"), "", "", 0, func() desk.Draft {
		d := r.Request("jinan-startup", first(t, r, "jinan-startup", sharing.Conditional, 2).Code)
		for _, u := range r.World.Users {
			if u.Region.ID == "jinan-startup" && u.Subject().Has(sharing.Requester) && u.Department.ID != r.World.Resources[0].Provider.ID {
				d.For = u.Department.ID
			}
		}
		return d
	}())
	require.NoError(t, err)
	_, err = r.Submit(t.Context(), r.User("jinan-startup-authority-officer"), "", a.ID, 1, &day)
	require.Equal(t, sharing.CodeNoRegulation, code(t, err), "it was not in force the day before 2023-12-01")
}

func TestFiles(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	file, err := r.Upload(ctx, r.User(requester), "", `C:\公文\依据.pdf`, "text/html", bytes.NewReader(pdf))
	require.NoError(t, err)
	require.Equal(t, "依据.pdf", file.Name)
	require.Equal(t, "application/pdf", file.MediaType)

	for name, content := range map[string]string{
		"script.html": "<script>", "picture.pdf": "\x89PNG\r\n\x1a\n", "empty.pdf": "", "x.exe": "MZ", "a\u202egpj.pdf": string(pdf), "..": string(pdf),
	} {
		_, err := r.Upload(ctx, r.User(requester), "", name, "application/pdf", strings.NewReader(content))
		require.Equal(t, sharing.CodeInvalid, code(t, err), name)
	}
	_, _, err = r.File(ctx, r.User(stranger), file.ID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))

	// Another department cannot put it into its own application and so come to read it.
	draft := r.Request("shuozhou", conditional)
	draft.Attachments = []string{file.ID}
	_, err = r.SaveDraft(ctx, r.User(stranger), "", "", 0, draft)
	require.Equal(t, sharing.CodeInvalid, code(t, err))

	submitted := r.Apply(requester, draft, nil)
	view, err := r.Case(ctx, r.User(approver), submitted.Cases[0].CaseID)
	require.NoError(t, err)
	require.Len(t, view.Attachments, 1)
	_, content, err := r.File(ctx, r.User(approver), file.ID)
	require.NoError(t, err)
	require.NoError(t, content.Close())
}
