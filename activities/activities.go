// Package activities carries out the steps of a case: one method, one
// transaction, one effect. Workflows decide when; these decide nothing that is
// not written in the case, the command, the regulation and the calendar.
//
// Everything a step needs besides ids is read from PostgreSQL, so that names,
// purposes and reasons never travel through Temporal.
package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"

	"gongshu/almanac"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// Activities are registered with the worker under their method names.
type Activities struct {
	Store *postgres.Store
	Law   *regulation.Library
	// Almanac is the calendar of working days as it is known now.
	Almanac *almanac.Almanac
	// DeemNextDay: what is received on a day off is deemed received on the next
	// working day. An operator's setting, off by default.
	DeemNextDay bool
	// ExpiryNotice is how many days before its last day the holder of a grant is told
	// that it is about to end: an operator's setting. [DefaultExpiryNotice] when zero,
	// never when negative.
	ExpiryNotice int
	// Start starts the workflow of a case that was filed with others, if it does
	// not run yet.
	Start func(ctx context.Context, caseID string) error
}

// A step is one command being carried out on one case inside one transaction.
type step struct {
	*Activities
	ctx      context.Context
	tx       *postgres.Tx
	command  sharing.Command // none for what time does
	c        sharing.Case
	now      time.Time
	law      *regulation.Regulation
	entry    sharing.Entry
	messages []sharing.Message
	// also are the steps that this one takes on other cases, or the cases it opens;
	// they commit together.
	also []*step
}

// perform carries out the command: at most once, whole or not at all. It locks
// the command and then the case, lets act change what the step is about, and
// writes the case's next state, the command's outcome, the messages and the audit
// entry. Carried out before, it only tells where the case stands.
//
// Where the action can lead to more than one state, act says to which with
// [step.become].
func (a *Activities) perform(ctx context.Context, commandID string, act func(*step) error) (sharing.Snapshot, error) {
	var snapshot sharing.Snapshot
	err := a.Store.InTx(ctx, func(tx *postgres.Tx) error {
		command, err := tx.LockCommand(ctx, commandID)
		if err != nil {
			return err
		}
		s := &step{Activities: a, ctx: ctx, tx: tx, command: command}
		if s.c, err = tx.LockCase(ctx, command.Target); err != nil {
			return err
		}
		if command.State == sharing.Done {
			snapshot, err = s.snapshot()
			return err
		}
		if s.now, err = tx.Now(ctx); err != nil {
			return err
		}
		machine := s.c.Procedure.Machine()
		if command.Expected != s.c.Version {
			if _, err := machine.Next(s.c.State, command.Action, ""); sharing.CodeOf(err) == sharing.CodeAlreadyDecided {
				return err
			}
			return sharing.Errorf(sharing.CodeStale, "decided on version %d, the case is at version %d", command.Expected, s.c.Version)
		}
		if !machine.CanFollow(s.c.State, command.Action) {
			_, err := machine.Next(s.c.State, command.Action, "")
			return err
		}
		if err := s.begin(command.Action); err != nil {
			return err
		}
		if err := act(s); err != nil {
			return err
		}
		if err := s.finish(); err != nil {
			return err
		}
		snapshot, err = s.snapshot()
		return err
	})
	return snapshot, ToTemporal(err)
}

// begin reads the case's regulation and starts the audit entry of an action on it.
// An action that leads to one state only takes the case there at once.
func (s *step) begin(action sharing.Action) error {
	var ok bool
	if s.law, ok = s.Law.ByID(s.c.RegulationID); !ok {
		return sharing.Errorf(sharing.CodeNoRegulation, "regulation %s is not loaded", s.c.RegulationID)
	}
	s.entry = sharing.Entry{
		At: s.now, Actor: s.command.Actor.UserID, DepartmentID: s.command.Actor.DepartmentID, Action: action, From: s.c.State, Policy: s.command.Policy,
		Key:  s.command.Actor.Key,
		Data: map[string]string{},
	}
	if s.entry.Actor == "" {
		s.entry.Actor = sharing.System
	}
	if err := unmerged(s.ctx, s.tx, s.command.Actor.DepartmentID); err != nil {
		return err
	}
	if err := s.standsIn(); err != nil {
		return err
	}
	if only, err := s.c.Procedure.Machine().Next(s.c.State, action, ""); err == nil {
		s.c.State = only
	}
	return nil
}

// standsIn records on whose behalf the step is taken, and refuses it when the
// delegation has ended since it was asked for.
func (s *step) standsIn() error {
	behalf := s.command.Actor.OnBehalfOf
	if behalf == "" {
		return nil
	}
	s.entry.OnBehalfOf = behalf
	ok, err := s.tx.StandsIn(s.ctx, s.command.Actor.UserID, behalf)
	if err == nil && !ok {
		return sharing.Errorf(sharing.CodeForbidden, "the delegation of %s has ended", behalf)
	}
	return err
}

// unmerged refuses departments that were merged into others, with CodeMerged and
// the name of the one that has their part now. No department, as that of time, is
// never refused.
func unmerged(ctx context.Context, tx *postgres.Tx, departmentIDs ...string) error {
	for _, id := range departmentIDs {
		if id == "" {
			continue
		}
		successor, err := tx.Successor(ctx, id)
		if sharing.CodeOf(err) == sharing.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		return mergedInto(successor, id)
	}
	return nil
}

func mergedInto(successor sharing.Department, id string) *sharing.Error {
	return sharing.Errorf(sharing.CodeMerged, "department %s was merged into %s (%s)", id, successor.Name, successor.ID)
}

// become says which state the step leads to.
func (s *step) become(to sharing.State) { s.c.State = to }

// finish writes the step and those taken with it: the cases, the outcome, the
// messages, the audit entries. The trail comes last, since its head is locked from
// the first entry to the end of the transaction.
func (s *step) finish() error {
	all := append([]*step{s}, s.also...)
	for i := 0; i < len(all); i++ {
		if i > 0 {
			all = append(all, all[i].also...)
		}
		if err := all[i].settle(); err != nil {
			return err
		}
	}
	if s.command.ID != "" {
		outcome, err := json.Marshal(Outcome{CaseID: s.c.ID, State: s.c.State, Version: s.c.Version})
		if err != nil {
			return err
		}
		if err := s.tx.FinishCommand(s.ctx, s.command.ID, outcome); err != nil {
			return err
		}
	}
	var others []string
	for i, one := range all {
		if err := s.tx.Send(s.ctx, s.now, one.messages...); err != nil {
			return err
		}
		if err := one.tellFollowers(); err != nil {
			return err
		}
		if i > 0 {
			others = append(others, one.c.ID)
		}
	}
	if len(others) > 0 {
		// Their workflows hear of it from the worker, within a second.
		if err := s.tx.Nudge(s.ctx, others); err != nil {
			return err
		}
	}
	for _, one := range all {
		if err := s.tx.Append(s.ctx, one.entry); err != nil {
			return err
		}
	}
	return nil
}

// tellFollowers tells those who follow the case what became of it.
func (s *step) tellFollowers() error {
	data := map[string]string{"action": string(s.entry.Action), "state": string(s.c.State)}
	return s.tx.TellFollowers(s.ctx, s.c.ID, s.entry.Actor, "", data, s.now)
}

// settle writes the case of a step and what was decided with it. A case that was
// opened by the step is written already; people open none for a department that was
// merged into another, while what time opens is owed all the same.
func (s *step) settle() error {
	if s.entry.From == "" && s.command.Actor.UserID != "" {
		if err := unmerged(s.ctx, s.tx, s.c.Provider.ID, s.c.Applicant.ID); err != nil {
			return err
		}
	}
	if s.entry.From != "" {
		machine := s.c.Procedure.Machine()
		if _, err := machine.Next(s.entry.From, s.entry.Action, s.c.State); err != nil {
			return err
		}
		s.c.Version++
		s.c.UpdatedAt = s.now
		if !machine.Open(s.c.State) {
			s.c.ClosedAt, s.c.WakeAt = &s.now, nil
		}
		if err := s.tx.StepCase(s.ctx, s.c); err != nil {
			return err
		}
	}
	s.entry.To, s.entry.RegionID, s.entry.SubjectID, s.entry.Version = s.c.State, s.c.RegionID, s.c.ID, s.c.Version
	if s.c.Procedure == sharing.ShareApplication {
		return nil
	}
	said := s.command.Body
	if len(said) == 0 {
		said = []byte("{}")
	}
	if err := s.keepFiles(said); err != nil {
		return err
	}
	return s.tx.PutAct(s.ctx, s.c.ID, sharing.Act{
		Version: s.c.Version, Action: s.entry.Action, By: s.entry.Actor, Department: s.entry.DepartmentID, At: s.now, Body: said,
		OnBehalfOf: s.entry.OnBehalfOf,
	})
}

// keepFiles ties the files that a message names to the case: in "attachments", and
// as proofs of its legal basis. Only what the actor's own department uploaded can be
// tied.
func (s *step) keepFiles(said json.RawMessage) error {
	var names struct {
		Attachments []string        `json:"attachments"`
		Basis       []sharing.Basis `json:"basis"`
	}
	if s.command.ID == "" || json.Unmarshal(said, &names) != nil {
		return nil // taken with another case's step, or a message that names none
	}
	keep := func(id, field string) error {
		return s.tx.AttachToCase(s.ctx, s.c.ID, s.command.Actor.DepartmentID, id, field)
	}
	for i, id := range names.Attachments {
		if err := keep(id, fmt.Sprintf("/attachments/%d", i)); err != nil {
			return err
		}
	}
	for i, b := range names.Basis {
		if b.Attachment == "" {
			continue
		}
		if err := keep(b.Attachment, fmt.Sprintf("/basis/%d/attachment", i)); err != nil {
			return err
		}
	}
	return nil
}

// on prepares a step on another case, which is taken together with this one: it
// locks the case, and fails when its machine does not allow the action. Cases are
// locked in the order parent, then children by id, so that no two steps wait for
// each other.
func (s *step) on(caseID string, action sharing.Action) (*step, error) {
	other := &step{Activities: s.Activities, ctx: s.ctx, tx: s.tx, now: s.now}
	other.command.Actor, other.command.Policy = s.command.Actor, s.command.Policy
	var err error
	if other.c, err = s.tx.LockCase(s.ctx, caseID); err != nil {
		return nil, err
	}
	if machine := other.c.Procedure.Machine(); !machine.CanFollow(other.c.State, action) {
		_, err := machine.Next(other.c.State, action, "")
		return nil, err
	}
	if err := other.begin(action); err != nil {
		return nil, err
	}
	s.also = append(s.also, other)
	return other, nil
}

// filing is what a step or a submission knows of a case that it opens.
type filing struct {
	ID        string // empty makes one up
	Procedure sharing.Procedure
	State     sharing.State // one in which its machine is born
	Title     string
	Parent    string // case
	Resource  sharing.Resource
	Provider  sharing.Department
	Applicant sharing.Department
	// ApplicantID is the user who began it; the actor of the step when empty.
	ApplicantID string
	Content     any
	Article     string
	// Received is from when its limits run; now when zero.
	Received time.Time
	// Labels of a case about no resource, or about one that stays unknown to some.
	Class sharing.Class
	Grade sharing.Grade
}

// file writes a new case under the regulation in force on its day of receipt, and
// returns the step in which its clocks and tasks are started. The caller has made
// sure that the parties may have it.
func (s *step) file(f filing) (*step, error) {
	if f.ID == "" {
		f.ID = uuid.NewString()
	}
	if f.Received.IsZero() {
		f.Received = s.now
	}
	if f.ApplicantID == "" {
		f.ApplicantID = s.command.Actor.UserID
	}
	content, err := json.Marshal(f.Content)
	if err != nil {
		return nil, err
	}
	region := f.Provider.RegionID
	law, err := s.inForce(region, sharing.DateOf(f.Received))
	if err != nil {
		return nil, err
	}
	numbered, err := number(prefixes[f.Procedure], f.Received)
	if err != nil {
		return nil, err
	}
	opened := &step{Activities: s.Activities, ctx: s.ctx, tx: s.tx, now: s.now, law: law}
	opened.command.Actor, opened.command.Policy = s.command.Actor, s.command.Policy
	opened.c = sharing.Case{
		ID: f.ID, Number: numbered, Procedure: f.Procedure, Title: f.Title, ParentID: f.Parent, RegionID: region, RegulationID: law.Ref(),
		Class: f.Class, Grade: f.Grade, Provider: f.Provider, Applicant: f.Applicant, ApplicantID: f.ApplicantID, State: f.State, Version: 1,
		Content: content, ReceivedAt: f.Received, CreatedAt: s.now,
	}
	if r := f.Resource; r.ID != "" {
		opened.c.Resource = sharing.ResourceRef{ID: r.ID, Code: r.Code, Title: r.Title, Version: r.Version}
		opened.c.Class, opened.c.Grade, opened.c.Facts = r.Class, r.Grade, r.Facts
	}
	if opened.c.Class == "" {
		opened.c.Class = sharing.NotShared // none but its parties see it
	}
	if opened.c.Grade == 0 {
		opened.c.Grade = sharing.LowestGrade
	}
	opened.entry = sharing.Entry{
		At: s.now, Actor: s.command.Actor.UserID, DepartmentID: s.command.Actor.DepartmentID, Action: sharing.Submit, Article: f.Article,
		Policy: s.command.Policy, Key: s.command.Actor.Key, Data: map[string]string{"number": numbered},
	}
	if opened.entry.Actor == "" {
		opened.entry.Actor = sharing.System
	}
	if f.Parent != "" {
		opened.entry.Data["parent"] = f.Parent
	}
	if err := opened.standsIn(); err != nil {
		return nil, err
	}
	opened.command.Body = content
	if err := s.tx.InsertCase(s.ctx, opened.c); err != nil {
		return nil, err
	}
	return opened, nil
}

// spawn opens a case that follows from this step; both commit together, and the
// worker starts its workflow.
func (s *step) spawn(f filing) (*step, error) {
	if f.Parent == "" {
		f.Parent = s.c.ID
	}
	opened, err := s.file(f)
	if err == nil {
		s.also = append(s.also, opened)
	}
	return opened, err
}

// open carries out the command that submits a case: describe says what case it
// is, start starts its clocks and tasks. The case gets the id that is the
// command's target.
func (a *Activities) open(ctx context.Context, commandID string, describe func(*step) (filing, error), start func(*step) error) (sharing.Snapshot, error) {
	var snapshot sharing.Snapshot
	err := a.Store.InTx(ctx, func(tx *postgres.Tx) error {
		command, err := tx.LockCommand(ctx, commandID)
		if err != nil {
			return err
		}
		s := &step{Activities: a, ctx: ctx, tx: tx, command: command}
		if command.State == sharing.Done {
			if s.c, err = tx.LockCase(ctx, command.Target); err != nil {
				return err
			}
			snapshot, err = s.snapshot()
			return err
		}
		if s.now, err = tx.Now(ctx); err != nil {
			return err
		}
		if err := unmerged(ctx, tx, command.Actor.DepartmentID); err != nil {
			return err
		}
		if s.law, err = a.inForce(command.Actor.RegionID, sharing.DateOf(s.now)); err != nil {
			return err
		}
		f, err := describe(s)
		if err != nil {
			return err
		}
		f.ID = command.Target
		opened, err := s.file(f)
		if err != nil {
			return err
		}
		opened.command = command
		if err := start(opened); err != nil {
			return err
		}
		if err := opened.finish(); err != nil {
			return err
		}
		snapshot, err = opened.snapshot()
		return err
	})
	return snapshot, ToTemporal(err)
}

// prefixes of case numbers, by procedure.
var prefixes = map[sharing.Procedure]string{
	sharing.ShareApplication: "G", sharing.Coordination: "X", sharing.UpwardNeed: "N", sharing.UpwardRequest: "U", sharing.CorrectionDispute: "Y",
	sharing.CatalogChange: "M", sharing.ProjectAcceptance: "P", sharing.OpeningRequest: "K", sharing.RectificationOrder: "Z", sharing.StandingDuty: "C",
}

// content decodes what the case is about.
func content[T any](c sharing.Case) (T, error) {
	var v T
	err := json.Unmarshal(c.Content, &v)
	return v, err
}

// rewrite replaces what the case is about.
func (s *step) rewrite(content any) error {
	b, err := json.Marshal(content)
	s.c.Content = b
	return err
}

// Outcome is what a step came to, as a repeated request is told it again.
type Outcome struct {
	CaseID  string        `json:"case_id"`
	State   sharing.State `json:"state"`
	Version int           `json:"version"`
}

func (s *step) snapshot() (sharing.Snapshot, error) {
	wake, err := s.tx.Wake(s.ctx, s.c.ID)
	if err != nil {
		return sharing.Snapshot{}, err
	}
	if !s.c.Open() {
		wake = nil
	}
	return sharing.Snapshot{CaseID: s.c.ID, State: s.c.State, Version: s.c.Version, Wake: wake}, nil
}

// tell adds a message for a department.
func (s *step) tell(d sharing.Department, topic string, data map[string]string) {
	s.messages = append(s.messages, sharing.Message{Topic: topic, CaseID: s.c.ID, DepartmentID: d.ID, Data: data})
}

// body decodes the body of the step's command.
func body[T any](c sharing.Command) (T, error) {
	var v T
	err := json.Unmarshal(c.Body, &v)
	if err != nil {
		err = &sharing.Error{Code: sharing.CodeInvalid, Cause: err}
	}
	return v, err
}

// checked decodes the body of the step's command and checks it as the desk did: a
// command may have waited since.
func checked[T interface{ Check() error }](c sharing.Command) (T, error) {
	v, err := body[T](c)
	if err == nil {
		err = v.Check()
	}
	return v, err
}

// ToTemporal marks an error that trying again cannot mend. The error's details carry the
// *sharing.Error, without its cause: that one stays here.
func ToTemporal(err error) error {
	var known *sharing.Error
	if !errors.As(err, &known) || known.Code == sharing.CodeUnavailable {
		return err
	}
	public := *known
	public.Cause = nil
	return temporal.NewApplicationErrorWithOptions(public.Detail, string(public.Code), temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{public},
	})
}

// FromTemporal is the way back: the *sharing.Error that a step returned, or
// err itself when it carries none.
func FromTemporal(err error) error {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) {
		return err
	}
	var known sharing.Error
	if app.HasDetails() && app.Details(&known) == nil && known.Code != "" {
		return &known
	}
	return err
}
