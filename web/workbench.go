package web

import (
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"gongshu/desk"
	"gongshu/sharing"
)

// workbenchPage is what somebody signed in starts from.
type workbenchPage struct {
	Endings []ending
	Board   *desk.Board // nil where the board is not the reader's

	// Answers: the reader answers for a department, and not only applies for it.
	Answers bool
	Load    desk.Workload
	// Provides: it answers as a department that has data of its own.
	Provides   bool
	Figures    []figure
	Groups     []taskGroup
	Doubts     desk.Page[desk.CaseSummary] // 疑义 that wait for the department
	Running    desk.Page[sharing.Grant]    // grants given that end soon
	Colleagues []desk.TaskHolder           // of a department whose head the reader is

	// Of who applies.
	Cases   desk.Page[desk.CaseSummary]
	Drafts  desk.Page[sharing.Application]
	Grants  desk.Page[sharing.Grant]
	Notices []desk.ChangeNotice // not read yet
	Key     string

	MayPaper   bool
	Holds      bool // the list of what waits is the reader's to see
	Criticisms bool // so are public criticisms
	// Ways are the reader's pages, for whom nothing else is here.
	Ways []menuGroup
}

// figure is a number that leads to what it counts.
type figure struct {
	Light desk.Light
	N     int
	Text  string
	Href  string
}

// taskGroup is what waits, by who has taken it.
type taskGroup struct {
	Taken desk.Taken
	Total int
	Tasks []desk.TaskView
	Href  string
}

const (
	benchRows   = 6
	benchTasks  = 5
	benchGrants = 60 * 24 * time.Hour // what ends within this time ends soon
)

// answering are the roles that do what waits for a department.
var answering = []sharing.Role{sharing.DataSpecialist, sharing.Approver, sharing.DepartmentHead, sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor, sharing.Finance}

func (v *visit) workbench() error {
	d, ctx, me := v.site.desk, v.ctx(), v.user
	page := workbenchPage{MayPaper: d.MayRegisterPaper(me), Holds: d.MaySeeHolds(me), Criticisms: d.MaySeeCriticisms(me),
		Answers: me.Subject().Has(answering...), Key: newForm(0).Key}
	var err error
	if page.Endings, err = v.endings(); err != nil {
		return err
	}
	// The parts write fields of their own, and are read at the same time.
	var group errgroup.Group
	if d.MayWatch(me) {
		group.Go(func() error {
			board, err := d.Overdue(ctx, me, desk.OverdueQuery{Limit: 1})
			if err != nil {
				return err
			}
			page.Board, v.counted.Overdue = &board, &board.Overdue
			return nil
		})
	}
	group.Go(func() error { return v.benchTasks(&page) })
	page.Provides = page.Answers && me.Department.Kind == sharing.OrdinaryDepartment
	if page.Answers {
		group.Go(func() error { return v.benchDepartment(&page) })
	}
	if v.applies() {
		group.Go(func() error { return v.benchApplicant(&page) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if page.Answers {
		v.benchFigures(&page)
	}
	if !page.Answers && !v.applies() && page.Groups == nil {
		page.Ways = slices.DeleteFunc(v.menuOf(), func(g menuGroup) bool { return g.Name == "work" })
	}
	return v.ok("workbench", "home", page)
}

// benchTasks adds what waits for the reader, by who has taken it.
func (v *visit) benchTasks(page *workbenchPage) error {
	var err error
	if page.Load, err = v.site.desk.Workload(v.ctx(), v.user); err != nil {
		return err
	}
	v.counted.Tasks = &page.Load.Mine.Open
	counts := map[desk.Taken]int{"me": page.Load.Mine.Mine, "nobody": page.Load.Mine.Free, "others": page.Load.Mine.Others}
	groups := make([]taskGroup, len(desk.TakenBy))
	var group errgroup.Group
	for i, taken := range desk.TakenBy {
		if counts[taken] == 0 {
			continue
		}
		group.Go(func() error {
			found, err := v.site.desk.Tasks(v.ctx(), v.user, desk.TaskQuery{Taken: taken, Limit: benchTasks, Known: counts[taken]})
			groups[i] = taskGroup{Taken: taken, Total: found.Total, Tasks: found.Items, Href: inboxAddress("taken", string(taken))}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, g := range groups {
		if g.Taken != "" {
			page.Groups = append(page.Groups, g)
		}
	}
	return nil
}

// benchFigures adds how much waits for the reader's department, once that is counted.
func (v *visit) benchFigures(page *workbenchPage) {
	n := page.Load.Department
	page.Figures = []figure{
		{desk.Red, n.Overdue, v.words.T("bench.overdue"), inboxAddress("light", string(desk.Red))},
		{desk.Yellow, n.Today, v.words.T("bench.today"), inboxAddress("due", string(desk.DueToday))},
		{desk.Green, n.Week, v.words.T("bench.week"), inboxAddress("due", string(desk.DueWeek))},
		{desk.Grey, n.Open, v.words.T("bench.open"), inboxAddress()},
	}
	page.Colleagues = page.Load.Holders
}

// benchDepartment adds what the reader's department has to look at besides.
func (v *visit) benchDepartment(page *workbenchPage) error {
	d, ctx, me := v.site.desk, v.ctx(), v.user
	var err error
	if page.Doubts, err = d.Cases(ctx, me, desk.CaseQuery{Procedure: sharing.CorrectionDispute, As: sharing.AsProvider, UnderWay: true, Order: desk.Orders[0], Limit: benchRows}); err != nil {
		return err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return err
	}
	page.Running, err = d.Grants(ctx, me, desk.GrantQuery{As: sharing.AsProvider, State: sharing.GrantActive, Before: now.Add(benchGrants), Limit: benchRows})
	return err
}

// benchApplicant adds where the applications of the reader's department stand, and
// what it has.
func (v *visit) benchApplicant(page *workbenchPage) error {
	d, ctx, me := v.site.desk, v.ctx(), v.user
	var group errgroup.Group
	group.Go(func() (err error) {
		page.Cases, err = d.Cases(ctx, me, desk.CaseQuery{As: sharing.AsApplicant, UnderWay: true, Waits: true, Order: desk.Orders[0], Limit: benchRows})
		return err
	})
	group.Go(func() (err error) {
		page.Drafts, err = d.Applications(ctx, me, sharing.Draft, "", benchTasks)
		return err
	})
	group.Go(func() (err error) {
		page.Grants, err = d.Grants(ctx, me, desk.GrantQuery{As: sharing.AsApplicant, State: sharing.GrantActive, Limit: benchTasks})
		return err
	})
	group.Go(func() error {
		notices, err := d.ChangeNotices(ctx, me)
		page.Notices = slices.DeleteFunc(notices, func(n desk.ChangeNotice) bool { return n.Acknowledged != nil })
		return err
	})
	return group.Wait()
}
