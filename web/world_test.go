package web

import (
	"testing"

	"gongshu/demo"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

// play carries out the demo's stories of a region, so that there is something to
// see, and returns the cases by what they show.
func play(t testing.TB, rig *desktest.Rig, regionID string) map[demo.Scene][]string {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now, err := rig.Now(t.Context())
	must(err)
	shown := map[demo.Scene][]string{}
	for _, story := range rig.World.Stories {
		if story.RegionID != regionID {
			continue
		}
		draft, who := desk.Draft{Request: story.Request}, story.Applicant
		var received *sharing.Date
		if story.Received.Paper() {
			applicant := rig.User(story.Applicant)
			draft.For, who = applicant.Department.ID, story.Registrar
			law, err := rig.Law().InForce(regionID, sharing.DateOf(now))
			must(err)
			duty, ok := law.Duty(story.Received.Duty)
			if !ok {
				continue
			}
			budget, _, ok := duty.Budget(nil)
			if !ok {
				continue
			}
			day := sharing.DateOf(now)
			for left := story.Received.DueInWorkingDays - budget.N; left < 0; left++ {
				day, err = rig.Calendar().Prev(day)
				must(err)
			}
			received = &day
		}
		submitted := rig.Apply(who, draft, received)
		for i, c := range submitted.Cases {
			shown[story.Shows] = append(shown[story.Shows], c.CaseID)
			for _, step := range story.Steps {
				if step.ResourceID == story.Request.Items[i].ResourceID {
					take(t, rig, c.CaseID, step)
				}
			}
		}
	}
	return shown
}

// take takes one step of a story.
func take(t testing.TB, rig *desktest.Rig, caseID string, step demo.Step) {
	t.Helper()
	who := rig.User(step.By)
	view, err := rig.Case(t.Context(), who, caseID)
	if err != nil {
		t.Fatal(err)
	}
	act := desk.Act{CaseID: caseID, Expected: view.Version}
	switch step.Action {
	case sharing.RequestCompletion:
		_, err = rig.RequestCompletion(t.Context(), who, act, *step.Completion)
	case sharing.Complete:
		_, err = rig.Complete(t.Context(), who, act, *step.Completed)
	case sharing.Answer:
		_, err = rig.Answer(t.Context(), who, act, *step.Decision)
	case sharing.Provide:
		_, err = rig.Provide(t.Context(), who, act, *step.Provision)
	case sharing.Confirm:
		_, err = rig.Confirm(t.Context(), who, act, *step.Remark)
	case sharing.ReportFailure:
		_, err = rig.ReportFailure(t.Context(), who, act, *step.Remark)
	case sharing.Withdraw:
		_, err = rig.Withdraw(t.Context(), who, act, *step.Remark)
	default:
		t.Fatalf("no step %s", step.Action)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// completionStep asks for completion by somebody.
func completionStep(by string) demo.Step {
	return demo.Step{By: by, Action: sharing.RequestCompletion, Completion: &sharing.Completion{Gaps: []string{"未附死亡信息核查的职责依据"}}}
}
