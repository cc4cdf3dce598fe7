package demo_test

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gongshu/demo"
	"gongshu/sharing"
)

func load(t *testing.T) demo.World {
	t.Helper()
	w, err := demo.Load()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestLoadingTwiceGivesTheSame(t *testing.T) {
	if !reflect.DeepEqual(load(t), load(t)) {
		t.Error("the second world differs from the first")
	}
}

func TestRegions(t *testing.T) {
	w := load(t)
	var ids []string
	for _, r := range w.Regions {
		ids = append(ids, r.ID)
	}
	if want := []string{"yanzhou", "city", "jinan-startup", "lishui", "shuozhou"}; !slices.Equal(ids, want) {
		t.Fatalf("regions %v, want %v", ids, want)
	}
	authorities := map[string]string{"yanzhou": "兖州区大数据中心", "city": "市大数据管理局", "jinan-startup": "起步区大数据主管部门",
		"lishui": "丽水市大数据发展管理局", "shuozhou": "朔州市政务信息管理局"}
	for _, d := range w.Departments {
		if d.Kind == sharing.AuthorityDepartment && d.Name != authorities[d.RegionID] {
			t.Errorf("authority of %s is %s", d.RegionID, d.Name)
		}
		if !strings.HasPrefix(d.ID, d.RegionID+"-") {
			t.Errorf("department %s of %s", d.ID, d.RegionID)
		}
	}
}

func TestPosts(t *testing.T) {
	w := load(t)
	signIn := regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`)
	for _, u := range w.Users {
		if !signIn.MatchString(u.ID) || !strings.Contains(u.Name, "·") || len(u.Roles) == 0 {
			t.Errorf("user %+v", u)
		}
	}
	if u, ok := w.User("shuozhou-gongan-approver"); !ok || u.Name != "朔州公安·审批人" || u.Department.ID != "shuozhou-gongan" {
		t.Errorf("shuozhou-gongan-approver is %+v", u)
	}
	if _, ok := w.User("nobody"); ok {
		t.Error("found nobody")
	}
	for _, region := range w.Regions {
		complete, roles := 0, map[sharing.Role]bool{}
		for _, d := range w.Departments {
			var own []sharing.Role
			for _, u := range w.Users {
				if u.Department.ID == d.ID {
					if len(u.Roles) == 1 {
						own = append(own, u.Roles[0])
					}
					if d.RegionID == region.ID {
						for _, r := range u.Roles {
							roles[r] = true
						}
					}
				}
			}
			if d.RegionID == region.ID && !slices.ContainsFunc([]sharing.Role{sharing.Requester, sharing.DataSpecialist,
				sharing.Approver, sharing.DepartmentHead}, func(r sharing.Role) bool { return !slices.Contains(own, r) }) {
				complete++
			}
		}
		if complete < 3 {
			t.Errorf("%s: %d departments with all four posts, want 3", region.ID, complete)
		}
		if len(roles) != len(sharing.Roles)-1 || roles[sharing.Citizen] {
			t.Errorf("%s: roles %v", region.ID, roles)
		}
	}
}

func TestCatalogs(t *testing.T) {
	w := load(t)
	citation := regexp.MustCompile(`^《[^《》]+》第[一二三四五六七八九十百千零]+条(；《[^《》]+》第[一二三四五六七八九十百千零]+条)*$`)
	code := regexp.MustCompile(`^[A-Z]{2}-[A-Z]{2}-\d{3}$`)
	type cell struct {
		class sharing.Class
		grade sharing.Grade
	}
	// What nobody may have without asking is at least of grade 3, and what everybody
	// has is at most of grade 2, save where the law says otherwise (city-2023 art. 20).
	want := []cell{{sharing.Unconditional, 1}, {sharing.Unconditional, 2}, {sharing.Conditional, 2}, {sharing.Conditional, 3},
		{sharing.Conditional, 4}, {sharing.NotShared, 3}, {sharing.NotShared, 4}}
	for _, region := range w.Regions {
		cells := map[cell]int{}
		n := 0
		for _, r := range w.Resources {
			if r.RegionID != region.ID {
				continue
			}
			n++
			cells[cell{r.Class, r.Grade}]++
			if !code.MatchString(r.Code) {
				t.Errorf("%s: code %q", region.ID, r.Code)
			}
			if r.Class == sharing.Unconditional && r.Basis != "" || r.Class != sharing.Unconditional && !citation.MatchString(r.Basis) {
				t.Errorf("%s: class %s, basis %q", r.Code, r.Class, r.Basis)
			}
			for _, f := range r.Fields {
				if f.Grade > r.Grade {
					t.Errorf("%s: field %s of grade %d in an entry of grade %d", r.Code, f.Name, f.Grade, r.Grade)
				}
			}
		}
		if n < 25 || n > 40 {
			t.Errorf("%s: %d entries", region.ID, n)
		}
		for _, c := range want {
			if cells[c] == 0 {
				t.Errorf("%s: no entry of class %s and grade %d", region.ID, c.class, c.grade)
			}
		}
	}
}

// TestRulesOfTheRegions holds the catalogs against what the five texts say of them.
func TestRulesOfTheRegions(t *testing.T) {
	w := load(t)
	known := map[string][]sharing.Mode{
		"yanzhou": {sharing.QueryAPI, sharing.Batch, sharing.TableExchange, sharing.Verification}, // art. 19
		"city":    {sharing.QueryAPI, sharing.TableExchange, sharing.File, sharing.Browsing},      // art. 7
	}
	for _, r := range w.Resources {
		if modes, limited := known[r.RegionID]; limited {
			for _, m := range r.Modes {
				if !slices.Contains(modes, m) {
					t.Errorf("%s: %s is not a way of sharing there", r.Code, m)
				}
			}
		}
		switch r.RegionID {
		case "city":
			// Art. 20: base data is shared unconditionally.
			if r.Base != "" && r.Class != sharing.Unconditional {
				t.Errorf("%s: base data of class %s", r.Code, r.Class)
			}
		case "yanzhou":
			// Art. 20: laws, regulations and rules; no other documents.
			if strings.Contains(r.Basis, "国发") {
				t.Errorf("%s: basis %s", r.Code, r.Basis)
			}
		}
	}
}

func TestStories(t *testing.T) {
	w := load(t)
	scenes := map[string]map[demo.Scene]bool{}
	for _, s := range w.Stories {
		if scenes[s.RegionID] == nil {
			scenes[s.RegionID] = map[demo.Scene]bool{}
		}
		scenes[s.RegionID][s.Shows] = true

		providers, unconditional := map[string]bool{}, 0
		for _, item := range s.Request.Items {
			r, ok := w.Resource(item.ResourceID)
			if !ok {
				t.Fatalf("%s: no resource %s", s.ID, item.ResourceID)
			}
			providers[r.Provider.ID] = true
			if r.Class == sharing.Unconditional {
				unconditional++
			}
		}
		var last demo.Step
		if len(s.Steps) > 0 {
			last = s.Steps[len(s.Steps)-1]
		}
		agreed := last.Decision != nil && last.Decision.Agree
		var shown bool
		switch s.Shows {
		case demo.DueTomorrow:
			shown = s.Received == demo.Received{Duty: sharing.DutyAnswer, DueInWorkingDays: 1} && len(s.Steps) == 0 && unconditional == 0
		case demo.Overdue:
			shown = s.Received.Paper() && s.Received.DueInWorkingDays < 0 && len(s.Steps) == 0 && unconditional == 0
		case demo.Refused:
			shown = last.Action == sharing.Answer && !agreed && last.Decision.Reasons != "" && len(last.Decision.Basis) > 0
		case demo.InUse:
			shown = last.Action == sharing.Confirm
		case demo.AwaitingCompletion:
			shown = last.Action == sharing.RequestCompletion && len(last.Completion.Gaps) > 1
		case demo.AwaitingProvision:
			shown = last.Action == sharing.Answer && agreed
		case demo.AtOnce:
			shown = unconditional == len(s.Request.Items) && len(s.Steps) == 0
		case demo.SeveralDepartments:
			shown = len(providers) > 2
		case demo.Withdrawn:
			shown = last.Action == sharing.Withdraw
		case demo.Answering:
			shown = len(s.Steps) == 0 && !s.Received.Paper() && unconditional == 0
		}
		if !shown {
			t.Errorf("%s does not show %q", s.ID, s.Shows)
		}
	}
	for _, region := range []string{"shuozhou", "jinan-startup", "city"} {
		for _, scene := range []demo.Scene{demo.DueTomorrow, demo.Overdue, demo.Refused, demo.InUse, demo.AwaitingCompletion,
			demo.AwaitingProvision, demo.AtOnce, demo.SeveralDepartments} {
			if !scenes[region][scene] {
				t.Errorf("%s: no story shows %q", region, scene)
			}
		}
	}
	// Where the text sets no limit nothing can be due or overdue.
	for _, region := range []string{"yanzhou", "lishui"} {
		if scenes[region][demo.DueTomorrow] || scenes[region][demo.Overdue] || len(scenes[region]) == 0 {
			t.Errorf("%s: stories %v", region, scenes[region])
		}
	}
}
