package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/sharing"
)

// Aside is what goes on beside the steps of a case, as the reader sees it.
type Aside struct {
	// Can lists what the reader can do: comment, follow or unfollow, urge, supervise,
	// link and unlink.
	Can []sharing.Action
	// MayReply: a supervision waits for the reply of the reader's department.
	MayReply bool
	// Comments are the last [DefaultLimit] comments that the reader may see, the first
	// first; Said counts all of them.
	Comments     []CommentView
	Said         int
	Following    bool
	Supervisions []sharing.Supervision
	Links        []sharing.Link
	// UrgedToday: the reader's department has urged the case today.
	UrgedToday bool
}

// CommentView is a comment as a reader sees it.
type CommentView struct {
	sharing.Statement
	Files []Attachment
}

// aside reads what goes on beside the steps of a case, and takes out of its
// timeline what other departments keep to themselves.
func (d *Desk) aside(ctx context.Context, who sharing.User, view *CaseView) error {
	if who.Subject().Has(sharing.Citizen) {
		// Those outside the administration have the case and not what is said about it.
		view.Timeline = slices.DeleteFunc(view.Timeline, func(e sharing.Entry) bool { return beside(e.Action) })
		return nil
	}
	a := &view.Aside
	said, err := d.comments(ctx, who, view.Case, "", DefaultLimit)
	if err != nil {
		return err
	}
	a.Comments, a.Said = said.Items, said.Total
	slices.Reverse(a.Comments)
	scopes := d.caseScopes(who, sharing.Read)
	if a.Links, err = d.Store.Links(ctx, scopes, view.ID); err != nil {
		return err
	}
	if a.Following, err = d.Store.Follows(ctx, view.ID, who.ID); err != nil {
		return err
	}
	if a.Supervisions, err = d.Store.Supervisions(ctx, view.ID); err != nil {
		return err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return err
	}
	if a.UrgedToday, err = d.Store.Urged(ctx, view.ID, who.Department.ID, sharing.DateOf(now)); err != nil {
		return err
	}
	if view.Timeline, err = d.readable(ctx, who, scopes, view.Timeline); err != nil {
		return err
	}
	a.Can = d.canAside(who, *view)
	a.MayReply = slices.Contains(a.Can, sharing.Comment) && slices.ContainsFunc(a.Supervisions, func(s sharing.Supervision) bool {
		return s.RepliedAt == nil && s.Owes.ID == who.Department.ID
	})
	return nil
}

// beside reports whether an action of the trail is none of a case's own story.
func beside(action sharing.Action) bool {
	switch action {
	case sharing.Comment, sharing.Follow, sharing.Unfollow, sharing.Urge, sharing.Supervise, sharing.LinkCases, sharing.UnlinkCases:
		return true
	}
	return false
}

// readable takes out of a timeline what is not for the reader: remarks within other
// departments, who follows the case, and links to cases that the reader may not
// see.
func (d *Desk) readable(ctx context.Context, who sharing.User, scopes sharing.Scopes, timeline []sharing.Entry) ([]sharing.Entry, error) {
	var linked []string
	for _, e := range timeline {
		if other := e.Data["case"]; other != "" {
			linked = append(linked, other)
		}
	}
	seen, err := d.Store.Seen(ctx, scopes, linked)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(timeline, func(e sharing.Entry) bool {
		switch e.Action {
		case sharing.Comment:
			return e.Data["internal"] != "" && e.DepartmentID != who.Department.ID
		case sharing.Follow, sharing.Unfollow:
			return e.Actor != who.ID
		case sharing.LinkCases, sharing.UnlinkCases:
			return !seen[e.Data["case"]]
		}
		return false
	}), nil
}

// waitsForOthers reports whether a case waits for a department other than the
// reader's own: who owes what a clock measures, or who has the open task.
func (v CaseView) waitsForOthers(who sharing.User) bool {
	return v.Task != nil && v.Task.Department.ID != who.Department.ID || slices.ContainsFunc(v.Clocks, func(k Clock) bool {
		return k.State == sharing.Running && k.Owes.ID != "" && k.Owes.ID != who.Department.ID
	})
}

func (d *Desk) canAside(who sharing.User, view CaseView) []sharing.Action {
	c, a := view.Case, view.Aside
	var can []sharing.Action
	add := func(policy, action sharing.Action, when bool) {
		if when && d.may(who, policy, c.Thing()) {
			can = append(can, action)
		}
	}
	add(sharing.Comment, sharing.Comment, true)
	add(sharing.Follow, sharing.Follow, !a.Following)
	if a.Following {
		can = append(can, sharing.Unfollow)
	}
	add(sharing.Urge, sharing.Urge, c.Open() && !a.UrgedToday && view.waitsForOthers(who))
	add(sharing.Supervise, sharing.Supervise, c.Open())
	add(sharing.Comment, sharing.LinkCases, true)
	add(sharing.Comment, sharing.UnlinkCases, len(a.Links) > 0)
	return can
}

// sideStep is something done beside the steps of a case, inside one transaction
// that holds the case still.
type sideStep struct {
	ctx      context.Context
	tx       *postgres.Tx
	who      sharing.User
	c        sharing.Case
	now      time.Time
	entry    sharing.Entry
	also     []sharing.Entry
	messages []sharing.Message
	silent   bool   // nothing happened: no entry, and nobody is told
	only     string // department whose followers alone are told; "" for all
	unsaid   bool   // no follower is told
}

func (s *sideStep) tell(department, topic string, data map[string]string) {
	s.messages = append(s.messages, sharing.Message{Topic: topic, CaseID: s.c.ID, DepartmentID: department, Data: data})
}

// beside has something done beside the steps of a case, once under a key, and
// decodes what it came to. The case's state and version stay what they are.
func (d *Desk) beside(ctx context.Context, who sharing.User, key string, policy, action sharing.Action, c sharing.Case, body, outcome any, do func(*sideStep) (any, error)) error {
	who = d.standingIn(who, policy, c.Thing())
	command, err := d.stage(ctx, who, key, action, c.ID, 0, body)
	if err != nil {
		return err
	}
	return d.carry(ctx, command, outcome, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			s := &sideStep{ctx: ctx, tx: tx, who: who}
			var err error
			if s.c, err = tx.LockCase(ctx, c.ID); err != nil {
				return err
			}
			if s.now, err = tx.Now(ctx); err != nil {
				return err
			}
			if behalf := command.Actor.OnBehalfOf; behalf != "" {
				if ok, err := tx.StandsIn(ctx, who.ID, behalf); err != nil || !ok {
					return orForbidden(err)
				}
			}
			s.entry = sharing.Entry{
				At: s.now, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: s.c.RegionID, Action: action, SubjectID: s.c.ID,
				From: s.c.State, To: s.c.State, Version: s.c.Version, Policy: command.Policy, Data: map[string]string{}, OnBehalfOf: command.Actor.OnBehalfOf, Key: command.Actor.Key,
			}
			result, err := do(s)
			if err != nil {
				return err
			}
			return s.finish(command.ID, result)
		})
	})
}

func orForbidden(err error) error {
	if err != nil {
		return err
	}
	return forbidden
}

func (s *sideStep) finish(commandID string, result any) error {
	outcome, err := json.Marshal(result)
	if err != nil {
		return err
	}
	if err := s.tx.FinishCommand(s.ctx, commandID, outcome); err != nil || s.silent {
		return err
	}
	if err := s.tx.Send(s.ctx, s.now, s.messages...); err != nil {
		return err
	}
	if !s.unsaid {
		data := map[string]string{"action": string(s.entry.Action), "state": string(s.c.State)}
		if err := s.tx.TellFollowers(s.ctx, s.c.ID, s.who.ID, s.only, data, s.now); err != nil {
			return err
		}
	}
	return s.tx.Append(s.ctx, append([]sharing.Entry{s.entry}, s.also...)...)
}

// reachable returns a case that the user may read and do something to;
// CodeNotFound or CodeForbidden otherwise.
func (d *Desk) reachable(ctx context.Context, who sharing.User, caseID string, action sharing.Action) (sharing.Case, error) {
	return d.actable(ctx, who, Act{CaseID: caseID}, action)
}

// Said is what became of a comment.
type Said struct {
	ID string `json:"id"`
}

// Comment says something to a case, for all who may read it or for the author's
// own department. A reply answers what the authority asked when it took the case
// under supervision. The other departments of the case are told that something was
// said.
func (d *Desk) Comment(ctx context.Context, who sharing.User, key, caseID string, n sharing.NewComment) (Said, error) {
	var said Said
	c, err := d.reachable(ctx, who, caseID, sharing.Comment)
	if err != nil {
		return said, err
	}
	if n.Kind == "" {
		n.Kind = sharing.RemarkComment
	}
	if err := n.Check(); err != nil {
		return said, err
	}
	if err := d.checkOwnFiles(ctx, who, n.Attachments); err != nil {
		return said, err
	}
	err = d.beside(ctx, who, key, sharing.Comment, sharing.Comment, c, n, &said, func(s *sideStep) (any, error) {
		comment := sharing.Statement{
			ID: uuid.NewString(), CaseID: s.c.ID, Kind: n.Kind, Text: n.Text, Internal: n.Internal, Attachments: n.Attachments,
			By: who.ID, OnBehalfOf: s.entry.OnBehalfOf, Department: who.Department, At: s.now,
		}
		if err := s.tx.InsertComment(s.ctx, comment); err != nil {
			return nil, err
		}
		for i, id := range n.Attachments {
			if err := s.tx.AttachToCase(s.ctx, s.c.ID, who.Department.ID, id, fmt.Sprintf("/attachments/%d", i)); err != nil {
				return nil, err
			}
		}
		// The trail proves the text and does not repeat it.
		sum := sha256.Sum256([]byte(n.Text))
		s.entry.Data["comment"], s.entry.Data["sha256"] = comment.ID, hex.EncodeToString(sum[:])
		if n.Internal {
			s.entry.Data["internal"], s.only = "yes", who.Department.ID
			return Said{comment.ID}, nil
		}
		told := []string{s.c.Provider.ID, s.c.Applicant.ID}
		if n.Kind == sharing.ReplyComment {
			s.entry.Data["kind"] = string(n.Kind)
			asked, err := s.tx.Reply(s.ctx, s.c.ID, who.Department.ID, comment.ID, s.now)
			if err != nil {
				return nil, err
			}
			if len(asked) == 0 {
				return nil, sharing.Errorf(sharing.CodeWrongState, "no reply of your department is awaited on the case")
			}
			told = append(told, asked...)
		}
		slices.Sort(told)
		for _, id := range slices.Compact(told) {
			if id != "" && id != who.Department.ID {
				s.tell(id, string(sharing.Comment), nil)
			}
		}
		return Said{comment.ID}, nil
	})
	return said, err
}

// Comments returns one page of what was said to a case, the last first, as far as
// the reader may see it.
func (d *Desk) Comments(ctx context.Context, who sharing.User, caseID, cursor string, limit int) (Page[CommentView], error) {
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), caseID)
	if err != nil {
		return Page[CommentView]{}, err
	}
	if who.Subject().Has(sharing.Citizen) {
		return Page[CommentView]{}, nil
	}
	if err := d.recordCases(ctx, who, c); err != nil {
		return Page[CommentView]{}, err
	}
	return d.comments(ctx, who, c, cursor, bound(limit))
}

func (d *Desk) comments(ctx context.Context, who sharing.User, c sharing.Case, cursor string, limit int) (Page[CommentView], error) {
	rows, next, total, err := d.Store.Comments(ctx, c.ID, who.Department.ID, cursor, limit)
	if err != nil {
		return Page[CommentView]{}, err
	}
	page := Page[CommentView]{Next: next, Total: total}
	for _, row := range rows {
		view := CommentView{Statement: row}
		for _, id := range row.Attachments {
			f, err := d.Store.Attachment(ctx, id)
			if err != nil {
				return Page[CommentView]{}, err
			}
			view.Files = append(view.Files, attachment(f))
		}
		page.Items = append(page.Items, view)
	}
	return page, nil
}

// Follow has the user told what becomes of a case, or, with follow false, no
// longer. Done again it changes nothing.
func (d *Desk) Follow(ctx context.Context, who sharing.User, key, caseID string, follow bool) error {
	action := sharing.Follow
	c, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), caseID)
	if err != nil {
		return err
	}
	if !follow {
		action = sharing.Unfollow // everybody may stop
	} else if !d.may(who, sharing.Follow, c.Thing()) {
		return forbidden
	}
	var done struct{}
	return d.beside(ctx, who, key, sharing.Follow, action, c, struct{}{}, &done, func(s *sideStep) (any, error) {
		changed, err := s.tx.Follow(s.ctx, s.c.ID, who.ID, follow, s.now)
		s.silent, s.unsaid = !changed, true
		return done, err
	})
}

// Urged is what became of urging.
type Urged struct {
	CaseID string   `json:"case_id"`
	Owes   []string `json:"owes"` // departments that were told
	// Next is the first day on which the department can urge the case again.
	Next sharing.Date `json:"next"`
}

// Urge tells whoever owes the next step of a case that it is waited for (催办):
// once a day by each department; CodeUrged after that.
func (d *Desk) Urge(ctx context.Context, who sharing.User, key, caseID string) (Urged, error) {
	var urged Urged
	c, err := d.reachable(ctx, who, caseID, sharing.Urge)
	if err != nil {
		return urged, err
	}
	err = d.beside(ctx, who, key, sharing.Urge, sharing.Urge, c, struct{}{}, &urged, func(s *sideStep) (any, error) {
		owing, data, err := d.owing(s)
		if err != nil {
			return nil, err
		}
		next := sharing.DateOf(s.now) + 1
		first, err := s.tx.Urge(s.ctx, s.c.ID, who.Department.ID, who.ID, owing, s.now)
		if err != nil {
			return nil, err
		}
		if !first {
			return nil, sharing.Errorf(sharing.CodeUrged, "your department has urged the case today; again from %s", next)
		}
		s.entry.Data = data
		for _, department := range owing {
			s.tell(department, string(sharing.Urge), data)
		}
		return Urged{CaseID: s.c.ID, Owes: owing, Next: next}, nil
	})
	if err == nil {
		d.fix(ctx, c.ID, sharing.Urge)
	}
	return urged, err
}

// owing returns the departments other than the user's own that the case waits for:
// those that owe what a clock measures, and the one that has the open task. The
// data tell the most urgent of the clocks. CodeWrongState when it waits for nobody.
func (d *Desk) owing(s *sideStep) ([]string, map[string]string, error) {
	var all []string
	data := map[string]string{}
	add := func(department string) bool {
		if department == "" || department == s.who.Department.ID {
			return false
		}
		if !slices.Contains(all, department) {
			all = append(all, department)
		}
		return true
	}
	running, err := s.tx.RunningDeadlines(s.ctx, s.c.ID)
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(running, func(a, b sharing.Deadline) int { return a.DueAt.Compare(b.DueAt) })
	for _, deadline := range running {
		if deadline.State != sharing.Running || !add(deadline.Owes.ID) || data["due_date"] != "" {
			continue
		}
		data["duty"] = deadline.Duty
		if deadline.DueDate.IsZero() {
			continue
		}
		data["due_date"] = deadline.DueDate.String()
		if _, left := light(d.CalendarOf(s.c.RegionID), deadline, s.now); left != nil {
			data["left"] = strconv.Itoa(*left) // working days; over when negative
		}
	}
	task, err := s.tx.OpenTaskOf(s.ctx, s.c.ID)
	if err != nil {
		return nil, nil, err
	}
	add(task.ID)
	if len(all) == 0 {
		return nil, nil, sharing.Errorf(sharing.CodeWrongState, "the case waits for nobody else now")
	}
	return all, data, nil
}

// MaxUrged is how many cases can be urged at once.
const MaxUrged = 100

// UrgeResult is what became of urging one of several cases.
type UrgeResult struct {
	CaseID string
	Urged  Urged
	Err    error // a *[sharing.Error], nil when it was urged
}

// UrgeAll urges several cases, each for itself. The error is nil whatever became of
// them, unless nothing was tried.
func (d *Desk) UrgeAll(ctx context.Context, who sharing.User, key string, caseIDs []string) ([]UrgeResult, error) {
	ids, err := several(caseIDs)
	if err != nil {
		return nil, err
	}
	results := make([]UrgeResult, 0, len(ids))
	for _, id := range ids {
		urged, err := d.Urge(ctx, who, keyFor("urge", key, id), id)
		if err != nil && sharing.CodeOf(err) == "" {
			return nil, err // nothing that one case is to blame for
		}
		results = append(results, UrgeResult{CaseID: id, Urged: urged, Err: err})
	}
	return results, nil
}

// several puts the ids of cases in order, each once.
func several(caseIDs []string) ([]string, error) {
	ids := slices.Clone(caseIDs)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) == 0 {
		return nil, sharing.Invalid("/cases", "required", "name the cases")
	}
	if len(ids) > MaxUrged {
		return nil, sharing.Invalid("/cases", "max_items", fmt.Sprint(MaxUrged))
	}
	return ids, nil
}

// keyFor makes, of the key of a request about several cases, the one about one of
// them.
func keyFor(what, key, caseID string) string {
	if key == "" {
		return ""
	}
	return what + "-" + uuid.NewSHA1(uuid.NameSpaceOID, []byte(key+"\x00"+caseID)).String()
}

// Supervised is what became of taking a case under supervision.
type Supervised struct {
	CaseID string   `json:"case_id"`
	Owes   []string `json:"owes"` // departments that are to reply
}

// Supervise takes a case under supervision (督办): the departments that owe its
// next step are told what the authority notes, and that a reply is expected by a
// day.
func (d *Desk) Supervise(ctx context.Context, who sharing.User, key, caseID string, n sharing.NewSupervision) (Supervised, error) {
	var supervised Supervised
	c, err := d.reachable(ctx, who, caseID, sharing.Supervise)
	if err != nil {
		return supervised, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return supervised, err
	}
	if err := n.Check(sharing.DateOf(now)); err != nil {
		return supervised, err
	}
	err = d.beside(ctx, who, key, sharing.Supervise, sharing.Supervise, c, n, &supervised, func(s *sideStep) (any, error) {
		owing, data, err := d.owing(s)
		if err != nil {
			return nil, err
		}
		data["reply_by"] = n.ReplyBy.String()
		s.entry.Data = data
		for _, department := range owing {
			err := s.tx.InsertSupervision(s.ctx, sharing.Supervision{
				ID: uuid.NewString(), CaseID: s.c.ID, By: who.ID, Department: who.Department, Owes: sharing.Department{ID: department},
				Note: n.Note, At: s.now, ReplyBy: n.ReplyBy,
			})
			if err != nil {
				return nil, err
			}
			s.tell(department, string(sharing.Supervise), data)
		}
		return Supervised{CaseID: s.c.ID, Owes: owing}, nil
	})
	if err == nil {
		d.fix(ctx, c.ID, sharing.Supervise)
	}
	return supervised, err
}

// SupervisedCase is a supervision with its case.
type SupervisedCase struct {
	sharing.Supervision
	Case sharing.Case
}

// AwaitedReplies returns one page of the supervisions that still wait for their
// reply, the first to be replied to first. CodeForbidden unless the reader may
// watch.
func (d *Desk) AwaitedReplies(ctx context.Context, who sharing.User, cursor string, limit int) (Page[SupervisedCase], error) {
	scopes := d.caseScopes(who, sharing.Watch)
	if len(scopes) == 0 {
		return Page[SupervisedCase]{}, forbidden
	}
	rows, next, total, err := d.Store.AwaitedReplies(ctx, scopes, cursor, bound(limit))
	if err != nil {
		return Page[SupervisedCase]{}, err
	}
	awaited := make([]sharing.Case, len(rows))
	for i, row := range rows {
		awaited[i] = row.Case
	}
	if err := d.recordCases(ctx, who, awaited...); err != nil {
		return Page[SupervisedCase]{}, err
	}
	page := Page[SupervisedCase]{Next: next, Total: total}
	for _, row := range rows {
		page.Items = append(page.Items, SupervisedCase(row))
	}
	return page, err
}

// Link says that two cases belong together: both are the user's to comment on. Only
// those who may read both see it. Done again it changes nothing.
func (d *Desk) Link(ctx context.Context, who sharing.User, key, caseID string, n sharing.NewLink) error {
	if err := n.Check(); err != nil {
		return err
	}
	return d.link(ctx, who, key, caseID, n, sharing.LinkCases)
}

// Unlink takes the link between two cases away.
func (d *Desk) Unlink(ctx context.Context, who sharing.User, key, caseID, other string) error {
	return d.link(ctx, who, key, caseID, sharing.NewLink{Case: other}, sharing.UnlinkCases)
}

func (d *Desk) link(ctx context.Context, who sharing.User, key, caseID string, n sharing.NewLink, action sharing.Action) error {
	c, err := d.reachable(ctx, who, caseID, sharing.Comment)
	if err != nil {
		return err
	}
	other, err := d.reachable(ctx, who, n.Case, sharing.Comment)
	switch {
	case sharing.CodeOf(err) == sharing.CodeNotFound:
		return sharing.Invalid("/case", "exists", "no such case")
	case err != nil:
		return err
	case other.ID == c.ID:
		return sharing.Invalid("/case", "other_case", "another case than this")
	}
	n.Case = other.ID
	var done struct{}
	return d.beside(ctx, who, key, sharing.Comment, action, c, n, &done, func(s *sideStep) (any, error) {
		var (
			changed bool
			err     error
		)
		if action == sharing.LinkCases {
			changed, err = s.tx.LinkCases(s.ctx, c.ID, other.ID, sharing.Link{Reason: n.Reason, By: who.ID, Department: who.Department, At: s.now})
		} else if changed, err = s.tx.UnlinkCases(s.ctx, c.ID, other.ID); err == nil && !changed {
			return nil, sharing.Errorf(sharing.CodeWrongState, "the cases are not linked")
		}
		// Nobody is told: who follows one case may not be the other's reader.
		s.silent, s.unsaid = !changed, true
		s.entry.Data["case"] = other.ID
		mirror := s.entry
		mirror.SubjectID, mirror.From, mirror.To, mirror.Version = other.ID, other.State, other.State, other.Version
		mirror.Data = map[string]string{"case": c.ID}
		s.also = append(s.also, mirror)
		return done, err
	})
}
