package desk_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/activities"
	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/sharing"
)

func sweep(t *testing.T, r *desktest.Rig) activities.Swept {
	t.Helper()
	swept, err := r.Activities.SweepStanding(t.Context())
	require.NoError(t, err)
	require.Zero(t, swept.Failed)
	return swept
}

func duties(t *testing.T, r *desktest.Rig, userID string, state sharing.State) []desk.CaseSummary {
	t.Helper()
	var all []desk.CaseSummary
	for cursor := ""; ; {
		page, err := r.Cases(t.Context(), r.User(userID), desk.CaseQuery{Procedure: sharing.StandingDuty, State: state, Cursor: cursor, Limit: desk.MaxLimit})
		require.NoError(t, err)
		all = append(all, page.Items...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

func obligation(t *testing.T, c sharing.Case) sharing.Obligation {
	t.Helper()
	var o sharing.Obligation
	require.NoError(t, json.Unmarshal(c.Content, &o))
	return o
}

// Whatever is owed for the year is opened once, however often the schedule runs.
func TestWhatIsOwedIsOpenedOnce(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	first := sweep(t, r)
	require.Positive(t, first.Opened)
	require.Zero(t, first.Past, "everything was updated just now")
	require.Zero(t, sweep(t, r).Opened, "the second run of the day opens nothing")

	now, err := r.Now(ctx)
	require.NoError(t, err)
	year := sharing.DateOf(now).Year()
	law, err := r.Law().InForce("shuozhou", sharing.DateOf(now))
	require.NoError(t, err)
	owed := map[string]int{}
	for _, c := range duties(t, r, officer, sharing.Owed) {
		o := obligation(t, c.Case)
		require.Equal(t, year, o.Year)
		_, ok := law.Duty(o.Duty)
		require.True(t, ok, o.Duty)
		owed[o.Duty]++
	}
	require.Equal(t, 1, owed["evaluation.periodic"], "shuozhou 32: the authority's, once")
	departments, err := r.Departments(ctx, r.User(officer))
	require.NoError(t, err)
	ordinary := 0
	for _, d := range departments {
		if d.Kind == sharing.OrdinaryDepartment {
			ordinary++
		}
	}
	require.GreaterOrEqual(t, owed["open.plan"], ordinary, "shuozhou 24: every department's")
	require.Len(t, owed, 2, "nothing else is owed by the year in shuozhou: %v", owed)

	// A department sees its own and does it; another does not see it.
	mine := duties(t, r, specialist, sharing.Owed)
	require.Len(t, mine, 1)
	c := mine[0]
	require.Equal(t, "shuozhou-gongan", c.Provider.ID)
	_, err = r.Case(ctx, r.User("shuozhou-renshe-approver"), c.ID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = take(t, r, specialist, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Fulfil, sharing.Fulfilment{})
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = take(t, r, specialist, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Waive, sharing.Remark{Note: "不做"})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	_, err = take(t, r, officer, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Fulfil, sharing.Fulfilment{Note: "代做"})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	out, err := take(t, r, specialist, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Fulfil, sharing.Fulfilment{Note: "已印发年度开放计划"})
	require.NoError(t, err)
	require.Equal(t, sharing.Fulfilled, out.State)
	view, err := r.Case(ctx, r.User(specialist), c.ID)
	require.NoError(t, err)
	require.Equal(t, "24", view.Timeline[len(view.Timeline)-1].Article)
	require.Nil(t, view.Task)
	require.Zero(t, sweep(t, r).Opened, "what was fulfilled is not owed again")

	// The authority does what it owes itself, and cannot waive it.
	for _, c := range duties(t, r, officer, sharing.Owed) {
		if obligation(t, c.Case).Duty != "evaluation.periodic" {
			continue
		}
		_, err = take(t, r, officer, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Waive, sharing.Remark{Note: "今年不做"})
		require.Equal(t, sharing.CodeForbidden, code(t, err))
		_, err = take(t, r, officer, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Fulfil, sharing.Fulfilment{Note: "评估报告已印发"})
		require.NoError(t, err)
	}
	// And waives what a department does not owe after all.
	c = duties(t, r, "shuozhou-renshe-approver", sharing.Owed)[0]
	out, err = take(t, r, officer, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Waive, sharing.Remark{Note: "该部门无可开放数据"})
	require.NoError(t, err)
	require.Equal(t, sharing.Waived, out.State)
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

// A duty of the year has the law's day, as long as it lies ahead.
func TestTheDayOfTheYear(t *testing.T) {
	r := desktest.New(t)
	now, err := r.Now(t.Context())
	require.NoError(t, err)
	today := sharing.DateOf(now)
	june := sharing.NewDate(today.Year(), time.June, 30)
	sweep(t, r)
	var found []desk.CaseSummary
	for _, c := range duties(t, r, "city-authority-officer", sharing.Owed) {
		if obligation(t, c.Case).Duty == "catalog.yearly" {
			found = append(found, c)
		}
	}
	if today > june {
		require.Empty(t, found, "its day had passed when the system began")
		return
	}
	require.NotEmpty(t, found)
	for _, c := range found {
		require.Equal(t, june, c.Clock.DueDate, "city 11: before the end of June")
		require.True(t, c.Clock.Statutory)
	}
}

// Data past its cycle is one case until it is updated, and the update closes it.
func TestDataPastItsCycle(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	conn := openConnection(t, r)
	age := func(code string, days int) sharing.Resource {
		resource := r.Resource("shuozhou", code)
		_, err := conn.Exec(ctx, `UPDATE resources SET updated_at = clock_timestamp() - make_interval(days => $2) WHERE id = $1`, resource.ID, days)
		require.NoError(t, err)
		return resource
	}
	cycled := func(cycle sharing.Cycle) string {
		for _, x := range r.World.Resources {
			if x.RegionID == "shuozhou" && x.Cycle == cycle {
				return x.Code
			}
		}
		t.Fatalf("nothing in shuozhou is updated %s", cycle)
		return ""
	}
	monthly, daily := cycled(sharing.Monthly), cycled(sharing.Daily)
	age(monthly, 27) // not yet
	stale := age(daily, 3)
	for _, code := range []string{"irregular", "real_time"} {
		for _, x := range r.World.Resources {
			if x.RegionID == "shuozhou" && string(x.Cycle) == code {
				age(x.Code, 4000)
			}
		}
	}
	swept := sweep(t, r)
	require.Equal(t, 1, swept.Past)
	require.Zero(t, sweep(t, r).Past)
	var c desk.CaseSummary
	for _, x := range duties(t, r, officer, sharing.Owed) {
		if x.Resource.ID == stale.ID {
			c = x
		}
	}
	require.Equal(t, sharing.DutyUpdate, obligation(t, c.Case).Duty)
	require.Equal(t, stale.Provider.ID, c.Provider.ID)
	require.NotNil(t, c.Clock)
	require.False(t, c.Clock.Statutory, "shuozhou 17 says 及时: the cycle is the operator's target")
	now, err := r.Now(ctx)
	require.NoError(t, err)
	require.Equal(t, sharing.DateOf(now)-2, c.Clock.DueDate, "three days old, daily: past for two days")
	require.Equal(t, desk.Red, c.Clock.Light)

	// The data is updated: the case closes by itself, and is opened anew when that is past.
	age(daily, 0)
	require.Equal(t, 1, sweep(t, r).Renewed)
	view, err := r.Case(ctx, r.User(officer), c.ID)
	require.NoError(t, err)
	require.Equal(t, sharing.Fulfilled, view.State)
	require.Equal(t, sharing.System, view.Acts[len(view.Acts)-1].By)
	require.Zero(t, sweep(t, r).Past)
	age(daily, 2)
	_, err = conn.Exec(ctx, `UPDATE cases SET created_at = created_at - interval '10 days' WHERE id = $1`, c.ID)
	require.NoError(t, err)
	require.Equal(t, 1, sweep(t, r).Past)

	// Fulfilled by hand: that is the update.
	for _, x := range duties(t, r, officer, sharing.Owed) {
		if x.Resource.ID == stale.ID {
			who := "shuozhou-" + stale.Provider.ID[len("shuozhou-"):] + "-approver"
			_, err := take(t, r, who, desk.Act{CaseID: x.ID, Expected: 1}, sharing.Fulfil, sharing.Fulfilment{Note: "已更新"})
			require.NoError(t, err)
		}
	}
	swept = sweep(t, r)
	require.Zero(t, swept.Past+swept.Renewed)
	updated, err := r.Desk.Resource(ctx, r.User(officer), stale.ID)
	require.NoError(t, err)
	require.WithinDuration(t, now, updated.UpdatedAt, time.Minute)
}

// Many sweeps at once open nothing twice and fail at nothing.
func TestSweepsAtOnce(t *testing.T) {
	r := desktest.New(t)
	results := make(chan activities.Swept, 4)
	for range cap(results) {
		go func() {
			swept, err := r.Activities.SweepStanding(t.Context())
			if err != nil {
				t.Error(err)
			}
			results <- swept
		}()
	}
	opened := 0
	for range cap(results) {
		swept := <-results
		if swept.Failed > 0 {
			t.Errorf("%d failed", swept.Failed)
		}
		opened += swept.Opened
	}
	var cases int
	require.NoError(t, openConnection(t, r).QueryRow(t.Context(), `SELECT count(*) FROM cases WHERE procedure = 'standing'`).Scan(&cases))
	require.Equal(t, cases, opened)
	require.Zero(t, sweep(t, r).Opened)
}

func TestBulletin(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	now, err := r.Now(ctx)
	require.NoError(t, err)
	today := sharing.DateOf(now)
	calendar := r.CalendarOf("shuozhou")
	line := func(b desk.Bulletin) desk.BulletinLine {
		for _, l := range b.Departments {
			if l.Department.ID == "shuozhou-gongan" {
				return l
			}
		}
		t.Fatal("no line of the bureau")
		return desk.BulletinLine{}
	}
	// One answered at once, one late by paper, one refused, one left overdue.
	back := func(n int) *sharing.Date {
		d := today
		for range n {
			d, err = calendar.Prev(d)
			require.NoError(t, err)
		}
		return &d
	}
	answer := func(c desk.Outcome, d sharing.Decision) {
		_, err := r.Answer(ctx, r.User(approver), desk.Act{CaseID: c.CaseID, Expected: c.Version}, d)
		require.NoError(t, err)
	}
	refusal := sharing.Decision{Reasons: "涉及个人隐私", Basis: []sharing.Basis{{Law: "个人信息保护法", Article: "第十三条"}}}
	answer(r.Apply(requester, r.Request("shuozhou", conditional), nil).Cases[0], sharing.Decision{Agree: true})
	answer(r.Apply(officer, paper(r), back(8)).Cases[0], sharing.Decision{Agree: true})
	answer(r.Apply(requester, r.Request("shuozhou", conditional), nil).Cases[0], refusal)
	r.Apply(officer, paper(r), back(9))

	b, err := r.Bulletin(ctx, r.User(officer), today, today)
	require.NoError(t, err)
	l := line(b)
	require.Equal(t, [6]int{3, 2, 1, 1, 1, 0}, [6]int{l.Answered, l.InTime, l.Late, l.Refused, l.Overdue, l.Overturned}, fmt.Sprintf("%+v", l))
	worked, err := calendar.Between(*back(8), today)
	require.NoError(t, err)
	require.Equal(t, worked, l.Days)
	require.InDelta(t, float64(worked)/3, l.Average(), 1e-9)
	require.Equal(t, l.Cycled, l.Fresh)
	require.Positive(t, l.Cycled)
	require.Equal(t, 3, b.Total.Answered)

	_, err = openConnection(t, r).Exec(ctx, `UPDATE resources SET updated_at = updated_at - interval '3 years' WHERE department_id = 'shuozhou-gongan'`)
	require.NoError(t, err)
	b, err = r.Bulletin(ctx, r.User("shuozhou-supervisor-officer"), today-30, today-1)
	require.NoError(t, err)
	l = line(b)
	require.Zero(t, l.Answered, "nothing was answered before today")
	require.Zero(t, l.Fresh)

	for _, id := range []string{requester, approver, specialist} {
		_, err = r.Bulletin(ctx, r.User(id), today, today)
		require.Equal(t, sharing.CodeForbidden, code(t, err), id)
	}
	_, err = r.Bulletin(ctx, r.User(officer), today, today-1)
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = r.Bulletin(ctx, r.User(officer), 0, today)
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	other, err := r.Bulletin(ctx, r.User("city-authority-officer"), today, today)
	require.NoError(t, err)
	require.Zero(t, other.Total.Answered, "another region's figures are its own")
}

// paper is an application that the authority registers for a department.
func paper(r *desktest.Rig) desk.Draft {
	d := r.Request("shuozhou", conditional)
	d.For = "shuozhou-minzheng"
	return d
}

func TestRegisters(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	now, err := r.Now(ctx)
	require.NoError(t, err)
	today := sharing.DateOf(now)
	post := func(e any) json.RawMessage {
		b, err := json.Marshal(e)
		require.NoError(t, err)
		return b
	}
	person := sharing.SpecialistEntry{Name: "王芳", Post: "信息科科长", Phone: "0349-2020000", Change: "appointed", ChangedOn: today}
	kinds, err := r.RegisterKinds(ctx, r.User(specialist))
	require.NoError(t, err)
	require.Len(t, kinds, 2, "shuozhou 31 and 28")
	require.Equal(t, "31", kinds[0].Article)
	require.NotEmpty(t, kinds[0].To)

	e, err := r.FileEntry(ctx, r.User(specialist), "one", sharing.DataSpecialists, post(person))
	require.NoError(t, err)
	require.Equal(t, 1, e.Version)
	require.Equal(t, "31", e.Article)
	require.False(t, e.Late)
	again, err := r.FileEntry(ctx, r.User(specialist), "one", sharing.DataSpecialists, post(person))
	require.NoError(t, err)
	require.Equal(t, e.ID, again.ID, "the same request twice is one entry")

	// Long after the change: late by the operator's target, which is said to be one.
	person.Name, person.ChangedOn = "李伟", today-30
	late, err := r.FileEntry(ctx, r.User(specialist), "", sharing.DataSpecialists, post(person))
	require.NoError(t, err)
	require.True(t, late.Late)
	require.False(t, late.Statutory)
	worked, err := r.CalendarOf("shuozhou").Between(today-30, today)
	require.NoError(t, err)
	require.Equal(t, worked, late.After)

	// Who sees them.
	for id, want := range map[string]int{specialist: 2, approver: 2, officer: 2, "shuozhou-supervisor-officer": 2, requester: 0, "shuozhou-renshe-approver": 0, "city-authority-officer": 0, "shuozhou-gongan-requester": 0} {
		page, err := r.Registers(ctx, r.User(id), desk.RegisterQuery{})
		require.NoError(t, err, id)
		require.Equal(t, want, page.Total, id)
		_, err = r.RegisterEntry(ctx, r.User(id), e.ID)
		if want == 0 {
			require.Equal(t, sharing.CodeNotFound, code(t, err), id)
			continue
		}
		require.NoError(t, err, id)
	}
	// Search.
	for _, c := range []struct {
		q    desk.RegisterQuery
		want int
	}{
		{desk.RegisterQuery{Text: "王芳"}, 1}, {desk.RegisterQuery{Text: "科长 公安"}, 2}, {desk.RegisterQuery{Text: "100%"}, 0},
		{desk.RegisterQuery{Register: sharing.SecurityIncidents}, 0}, {desk.RegisterQuery{Department: "shuozhou-gongan"}, 2},
		{desk.RegisterQuery{From: today, To: today}, 2}, {desk.RegisterQuery{To: today - 1}, 0}, {desk.RegisterQuery{From: today + 1}, 0},
	} {
		page, err := r.Registers(ctx, r.User(officer), c.q)
		require.NoError(t, err)
		require.Equal(t, c.want, page.Total, "%+v", c.q)
	}

	// Amended: what was filed before stays; a stale amendment is refused, and another's too.
	person.Name = "王芳芳"
	_, err = r.AmendEntry(ctx, r.User(specialist), "", e.ID, 0, post(person))
	require.Equal(t, sharing.CodeConditionalRead, code(t, err))
	amended, err := r.AmendEntry(ctx, r.User(specialist), "", e.ID, 1, post(person))
	require.NoError(t, err)
	require.Equal(t, 2, amended.Version)
	require.Len(t, amended.Versions, 2)
	require.NotNil(t, amended.Versions[1].SupersededAt)
	_, err = r.AmendEntry(ctx, r.User(approver), "", e.ID, 1, post(person))
	require.Equal(t, sharing.CodeStale, code(t, err))
	_, err = r.AmendEntry(ctx, r.User(officer), "", e.ID, 2, post(person))
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	_, err = r.AmendEntry(ctx, r.User("shuozhou-renshe-approver"), "", e.ID, 2, post(person))
	require.Equal(t, sharing.CodeNotFound, code(t, err))

	// What is refused.
	for name, c := range map[string]struct {
		who      string
		register sharing.Register
		content  any
		want     sharing.Code
	}{
		"not one of this region": {specialist, sharing.PurchasedData, sharing.PurchaseEntry{}, sharing.CodeInvalid},
		"not one at all":         {specialist, "gossip", person, sharing.CodeInvalid},
		"of another type":        {specialist, sharing.SecurityIncidents, person, sharing.CodeInvalid},
		"in the future":          {specialist, sharing.DataSpecialists, with1(person, func(p *sharing.SpecialistEntry) { p.ChangedOn = today + 1 }), sharing.CodeInvalid},
		"a requester":            {"shuozhou-gongan-requester", sharing.DataSpecialists, person, sharing.CodeForbidden},
		"the office above":       {"shuozhou-supervisor-officer", sharing.DataSpecialists, person, sharing.CodeForbidden},
	} {
		_, err := r.FileEntry(ctx, r.User(c.who), "", c.register, post(c.content))
		require.Equal(t, c.want, code(t, err), name)
	}
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

func with1(p sharing.SpecialistEntry, change func(*sharing.SpecialistEntry)) sharing.SpecialistEntry {
	change(&p)
	return p
}

// jinan-startup 17: the authority is told before data is bought.
func TestToldBeforeItIsBought(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	now, err := r.Now(ctx)
	require.NoError(t, err)
	if _, err := r.Law().InForce("jinan-startup", sharing.DateOf(now)); err != nil {
		t.Skip("the regulation has ended:", err)
	}
	var who sharing.User
	for _, u := range r.World.Users {
		if u.Region.ID == "jinan-startup" && u.Department.Kind == sharing.OrdinaryDepartment && u.Subject().Has(sharing.DataSpecialist) {
			who = r.User(u.ID)
		}
	}
	buy := sharing.PurchaseEntry{Title: "企业用电数据", Seller: "某电网公司", Purpose: "经济运行监测", Checked: true, BuyOn: sharing.DateOf(now) + 10}
	for on, late := range map[sharing.Date]bool{sharing.DateOf(now) + 10: false, sharing.DateOf(now): true, sharing.DateOf(now) - 40: true} {
		buy.BuyOn = on
		b, err := json.Marshal(buy)
		require.NoError(t, err)
		e, err := r.FileEntry(ctx, who, "", sharing.PurchasedData, b)
		require.NoError(t, err)
		require.Equal(t, late, e.Late, on.String())
		require.True(t, e.Statutory)
		require.Equal(t, "17", e.Article)
	}
}
