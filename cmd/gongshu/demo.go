package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	sdkworker "go.temporal.io/sdk/worker"

	"github.com/spf13/cobra"

	"gongshu/activities"
	"gongshu/demo"
	"gongshu/desk"
	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/workflows"
)

func newDemoCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "demo", Short: "演示数据 · the demo"}
	var c config
	load := &cobra.Command{
		Use:   "load",
		Short: "载入五个地区、目录和在办事项 · load the five regions, their catalogs and cases under way",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			world, err := loadDemo(cmd.Context(), &c)
			if err != nil {
				return err
			}
			return introduce(cmd.OutOrStdout(), world)
		},
	}
	c.flags(load, "database", "owner", "temporal", "regulations")
	cmd.AddCommand(load, newDemoSignInCommand())
	return cmd
}

// loadDemo writes the demo's people and catalogs, and plays its stories through
// the real procedure. What is there already stays as it is.
func loadDemo(ctx context.Context, c *config) (demo.World, error) {
	world, err := demo.Load()
	if err != nil {
		return world, err
	}
	ownerURL, err := c.ownerDatabase()
	if err != nil {
		return world, err
	}
	owner, err := openStore(ctx, ownerURL)
	if err != nil {
		return world, err
	}
	defer owner.Close()
	err = owner.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.PutPeople(ctx, world.Regions, world.Departments, world.Users); err != nil {
			return err
		}
		for _, r := range world.Resources {
			if _, err := tx.PutResource(ctx, r); err != nil {
				return fmt.Errorf("demo entry %s: %w", r.Code, err)
			}
		}
		return nil
	})
	if err != nil {
		return world, err
	}
	return world, playAll(ctx, c, world)
}

// playAll plays every story that has not been played yet.
func playAll(ctx context.Context, c *config, world demo.World) error {
	url, err := c.database()
	if err != nil {
		return err
	}
	store, err := openStore(ctx, url)
	if err != nil {
		return err
	}
	defer store.Close()
	stage := &stage{config: c, logger: newLogger()}
	defer stage.close()
	c.Demo = true // codes for contacts are told: nothing is sent
	d, acts, err := c.build(store, stage)
	if err != nil {
		return err
	}
	stage.activities = acts
	d.Patience = 2 * time.Minute                       // a first start keeps a small machine busy, and nobody looks on
	ctx = desk.On(ctx, desk.Errand{Operation: "demo"}) // as the log of reads says
	cases := map[string]string{}                       // by story or matter, for those that refer to them
	for _, story := range world.Stories {
		cases[story.ID], err = play(ctx, d, store, world, story)
		if sharing.CodeOf(err) == sharing.CodeKeyReused {
			// Another version of the program played it, with other words: what there is stays.
			stage.logger.Info("the demo was loaded before and stays as it is", "story", story.ID)
			return nil
		}
		if err != nil {
			return fmt.Errorf("demo story %s: %w", story.ID, err)
		}
	}
	for _, matter := range world.Matters {
		if cases[matter.ID], err = playMatter(ctx, d, world, matter, cases); err != nil {
			return fmt.Errorf("demo matter %s: %w", matter.ID, err)
		}
	}
	return nil
}

// openMatter opens the case of a matter. An open-data request has no account to
// open it: its contact is proved, and a second time it is known by that.
func openMatter(ctx context.Context, d *desk.Desk, who sharing.User, m demo.Matter, content json.RawMessage) (desk.Outcome, error) {
	if m.Procedure != sharing.OpeningRequest {
		return d.Open(ctx, who, m.Key(0), m.Procedure, content)
	}
	var asked sharing.OpeningApplication
	if err := json.Unmarshal(content, &asked); err != nil {
		return desk.Outcome{}, err
	}
	before, err := d.Store.OpeningBy(ctx, asked.Contact)
	if err == nil {
		return desk.Outcome{CaseID: before.ID, State: before.State, Version: 1}, nil
	}
	if sharing.CodeOf(err) != sharing.CodeNotFound {
		return desk.Outcome{}, err
	}
	ticket, err := d.AskOpening(ctx, desk.Visitor{Address: "demo"}, content)
	if err != nil {
		return desk.Outcome{}, err
	}
	view, err := d.VerifyOpening(ctx, ticket.ID, ticket.Secret, ticket.Code)
	return desk.Outcome{CaseID: ticket.ID, State: view.State, Version: view.Version}, err
}

// playMatter carries out a matter as the people named in it, and returns its case.
// Under a regulation that has ended none can be opened.
func playMatter(ctx context.Context, d *desk.Desk, world demo.World, m demo.Matter, cases map[string]string) (string, error) {
	now, err := d.Now(ctx)
	if err != nil {
		return "", err
	}
	today := sharing.DateOf(now)
	by := func(id string) (sharing.User, error) {
		u, ok := world.User(id)
		if !ok {
			return u, fmt.Errorf("no user %s", id)
		}
		return u, nil
	}
	content, err := world.Resolve(m, m.Content, today, cases)
	if err != nil {
		return "", err
	}
	who, err := by(m.By)
	if err != nil {
		return "", err
	}
	opened, err := openMatter(ctx, d, who, m, content)
	switch code := sharing.CodeOf(err); {
	case code == sharing.CodeNoRegulation:
		return "", nil
	case code == sharing.CodeKeyReused:
		// It was played on an earlier day: the days in it have moved since.
		return desk.OpenedID(who.ID, m.Key(0)), nil
	case err != nil:
		return "", err
	}
	version := opened.Version
	for n, step := range m.Steps {
		who, err := by(step.By)
		if err != nil {
			return "", err
		}
		message, err := world.Resolve(m, step.Message, today, cases)
		if err != nil {
			return "", err
		}
		outcome, err := d.Step(ctx, who, desk.Act{CaseID: opened.CaseID, Expected: version, Key: m.Key(n + 1)}, step.Action, message)
		if err != nil {
			return "", fmt.Errorf("step %d, %s by %s: %w", n+1, step.Action, step.By, err)
		}
		version = outcome.Version
	}
	return opened.CaseID, nil
}

// cast are the people of the demo with whom its story is best begun: the roles of
// one region, by the end of their names.
var cast = []string{"minzheng-requester", "gongan-approver", "gongan-specialist", "authority-officer", "supervisor-officer"}

// introduce names them, and says where the others are found.
func introduce(out io.Writer, world demo.World) error {
	const region = "shuozhou"
	for _, name := range cast {
		u, ok := world.User(region + "-" + name)
		if !ok {
			return fmt.Errorf("the demo has no user %s-%s", region, name)
		}
		if _, err := fmt.Fprintf(out, "%-32s %s · %s\n", u.ID, u.Name, u.Department.NameEN); err != nil {
			return err
		}
	}
	people := 0 // a gateway is no person: nobody signs in as one
	for _, u := range world.Users {
		if len(u.Roles) > 0 && u.Roles[0] != sharing.Gateway {
			people++
		}
	}
	_, err := fmt.Fprintf(out, "%-32s %s\n", "……", fmt.Sprintf("共 %d 名用户、%d 个地区,见登录页 · %d users of %d regions, on the sign-in page",
		people, len(world.Regions), people, len(world.Regions)))
	return err
}

// stage is an engine that connects to Temporal, and works there itself, only once
// a step really has to be carried out: on later starts none has.
type stage struct {
	*config
	logger     *slog.Logger
	activities *activities.Activities
	engine     workflows.Engine
	worker     sdkworker.Worker
}

func (s *stage) open(ctx context.Context) error {
	if s.worker != nil {
		return nil
	}
	var err error
	if s.engine, err = s.dial(ctx, s.logger, s.activities.Store); err != nil {
		return err
	}
	s.activities.Start = s.engine.Start
	s.worker = sdkworker.New(s.engine.Client, workflows.TaskQueue, sdkworker.Options{})
	workflows.Register(s.worker)
	s.worker.RegisterActivity(s.activities)
	return s.worker.Start()
}

func (s *stage) close() {
	if s.worker != nil {
		s.worker.Stop()
		s.engine.Client.Close()
	}
}

func (s *stage) Submit(ctx context.Context, p sharing.Procedure, caseID string, step workflows.Step) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	return s.engine.Submit(ctx, p, caseID, step)
}

func (s *stage) Step(ctx context.Context, caseID string, step workflows.Step) error {
	if err := s.open(ctx); err != nil {
		return err
	}
	return s.engine.Step(ctx, caseID, step)
}

func (s *stage) Ping(ctx context.Context) error { return s.open(ctx) }

// play carries one story out as the people named in it, and returns its first
// case. Every step has a key of
// its own, so that playing it again only finds what was done.
func play(ctx context.Context, d *desk.Desk, store *postgres.Store, world demo.World, story demo.Story) (string, error) {
	key := func(step int) string { return fmt.Sprintf("demo-%s-%d", story.ID, step) }
	applicant, ok := world.User(story.Applicant)
	if !ok {
		return "", fmt.Errorf("no user %s", story.Applicant)
	}
	draft := desk.Draft{Request: story.Request}
	author, receivedOn := applicant, (*sharing.Date)(nil)
	online, err := store.Played(ctx, applicant.ID, key(1))
	if err != nil {
		return "", err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return "", err
	}
	today := sharing.DateOf(now)
	_, ended := d.Law().InForce(story.RegionID, today)
	if !online && (story.Received.Paper() || ended != nil) {
		// Under a regulation that has ended, all that can be shown is what was received
		// on paper while it was in force.
		if author, ok = world.User(story.RegionID + "-authority-officer"); !ok {
			return "", fmt.Errorf("region %s has nobody to register paper", story.RegionID)
		}
		draft.For = applicant.Department.ID
		if played, err := store.Played(ctx, author.ID, key(1)); err != nil || played {
			return "", err // nothing refers to a paper application
		}
		day, err := received(d, story, today)
		if err != nil {
			return "", err
		}
		receivedOn = &day
	}
	a, err := d.SaveDraft(ctx, author, key(0), "", 0, draft)
	if err != nil {
		return "", err
	}
	submitted, err := d.Submit(ctx, author, key(1), a.ID, 1, receivedOn)
	if err != nil {
		return "", err
	}
	versions := make([]int, len(submitted.Cases))
	for i := range versions {
		versions[i] = submitted.Cases[i].Version
	}
	for n, step := range story.Steps {
		by, ok := world.User(step.By)
		if !ok {
			return "", fmt.Errorf("no user %s", step.By)
		}
		i := slices.IndexFunc(story.Request.Items, func(item sharing.Item) bool { return item.ResourceID == step.ResourceID })
		act := desk.Act{CaseID: submitted.Cases[i].CaseID, Expected: versions[i], Key: key(n + 2)}
		outcome, err := take(ctx, d, by, act, step)
		if ended != nil && sharing.CodeOf(err) == sharing.CodeWrongState {
			return "", nil // too late for this step by now; the story shows an overdue case
		}
		if err != nil {
			return "", fmt.Errorf("step %d, %s by %s: %w", n+1, step.Action, step.By, err)
		}
		versions[i] = outcome.Version
	}
	return submitted.Cases[0].CaseID, nil
}

func take(ctx context.Context, d *desk.Desk, by sharing.User, act desk.Act, step demo.Step) (desk.Outcome, error) {
	switch step.Action {
	case sharing.RequestCompletion:
		return d.RequestCompletion(ctx, by, act, *step.Completion)
	case sharing.Complete:
		return d.Complete(ctx, by, act, *step.Completed)
	case sharing.Answer:
		return d.Answer(ctx, by, act, *step.Decision)
	case sharing.Provide:
		return d.Provide(ctx, by, act, *step.Provision)
	case sharing.Confirm:
		return d.Confirm(ctx, by, act, *step.Remark)
	case sharing.ReportFailure:
		return d.ReportFailure(ctx, by, act, *step.Remark)
	case sharing.Withdraw:
		return d.Withdraw(ctx, by, act, *step.Remark)
	}
	return desk.Outcome{}, fmt.Errorf("%s is not a step of a story", step.Action)
}

// furthest is how many days back a story may have begun.
const furthest = 20 * 366

// received finds the day on which an application must have been received for its
// limit to end so many working days from today; the last day on which it could be
// received at all where there is no such day, or the story names none.
func received(d *desk.Desk, story demo.Story, today sharing.Date) (sharing.Date, error) {
	calendar := d.CalendarOf(story.RegionID)
	wanted, err := today, error(nil)
	for n := story.Received.DueInWorkingDays; n != 0 && err == nil; {
		if n > 0 {
			wanted, err = calendar.Next(wanted)
			n--
		} else {
			wanted, err = calendar.Prev(wanted)
			n++
		}
	}
	if err != nil {
		return 0, err
	}
	last := sharing.Date(0)
	for day := today; day > today-furthest; day-- {
		law, err := d.Law().InForce(story.RegionID, day)
		if err != nil {
			continue // not in force on that day
		}
		last = max(last, day)
		if !story.Received.Paper() {
			break
		}
		duty, ok := law.Duty(story.Received.Duty)
		if !ok {
			return 0, fmt.Errorf("%s has no duty %s", law.Ref(), story.Received.Duty)
		}
		budget, _, ok := duty.Budget(nil)
		if !ok {
			return 0, fmt.Errorf("%s sets no limit for %s", law.Ref(), duty.Name)
		}
		p, err := calendar.Project(sharing.Clock{Budget: budget, Start: day.Start()})
		if err != nil {
			return 0, err
		}
		if p.DueDate <= wanted {
			return day, nil
		}
	}
	if last == 0 {
		return 0, fmt.Errorf("no regulation was in force in %s in the last %d days", story.RegionID, furthest)
	}
	return last, nil
}
