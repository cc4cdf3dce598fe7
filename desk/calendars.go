package desk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"gongshu/activities"
	"gongshu/almanac"
	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/workday"
)

// NoticeStatus is what becomes of a notice that is to be put into force.
type NoticeStatus = almanac.Status

// NoticeView is a holiday notice and how it came in.
type NoticeView struct {
	workday.Notice
	ID         int64 // 0: it came with the program and stands in no table yet
	Revision   int   // 1, and one more with every correction
	Corrected  bool  // by a later revision
	ImportedAt time.Time
	// Imported: by whom and why; empty for one that came with the program.
	By, ByName, ByDepartment, Reason string
}

// Notices returns the notices that bear on the user's region, the latest year and
// issue first: the national ones and the region's own additions.
func (d *Desk) Notices(ctx context.Context, who sharing.User) ([]NoticeView, error) {
	if !d.MaySeeSettings(who) {
		return nil, forbidden
	}
	if err := d.Almanac.Refresh(ctx, d.Store); err != nil {
		return nil, err
	}
	imports, err := d.Store.EntriesOf(ctx, almanac.NoticeImported)
	if err != nil {
		return nil, err
	}
	edition := d.Almanac.Now()
	recorded := edition.Recorded()
	var views []NoticeView
	for i, r := range recorded {
		if !concerns(who, r.Notice) {
			continue
		}
		view := NoticeView{Notice: r.Notice, ID: r.ID, Revision: r.Revision, ImportedAt: r.ImportedAt,
			Corrected: slices.ContainsFunc(recorded[i+1:], func(o almanac.Recorded) bool { return sameNotice(o.Notice, r.Notice) })}
		if e := importOf(imports, view); e != nil {
			view.By, view.ByName, view.ByDepartment, view.Reason = e.Actor, e.ActorName, e.DepartmentName, e.Note
		}
		views = append(views, view)
	}
	for _, n := range edition.National().Notices() {
		if concerns(who, n) && !slices.ContainsFunc(views, func(v NoticeView) bool { return sameNotice(v.Notice, n) }) {
			views = append(views, NoticeView{Notice: n, Revision: 1})
		}
	}
	slices.SortStableFunc(views, func(a, b NoticeView) int {
		return cmp.Or(cmp.Compare(b.Year, a.Year), cmp.Compare(b.Issued, a.Issued), cmp.Compare(b.Revision, a.Revision))
	})
	return views, nil
}

// importOf returns the line of the trail on a notice's import; nil when it came with
// the program.
func importOf(imports []sharing.Entry, n NoticeView) *sharing.Entry {
	for _, e := range imports {
		if e.SubjectID == n.Source && e.RegionID == n.Region && e.Version == n.Revision && e.Data["year"] == strconv.Itoa(n.Year) {
			return &e
		}
	}
	return nil
}

func concerns(who sharing.User, n workday.Notice) bool {
	return n.Region == "" || n.Region == who.Region.ID
}

func sameNotice(a, b workday.Notice) bool {
	return a.Region == b.Region && a.Year == b.Year && a.Source == b.Source
}

// LimitMove is how a notice moves limits of one department, of one duty, from one
// day to another. Which cases they are on is not for those who run the system.
type LimitMove struct {
	Department  sharing.Department
	Duty        string
	Title       string // of the duty, where the regulation in force has it
	TitleEN     string
	Old, New    sharing.Date
	Provisional bool // the new day
	Shortened   bool // it ends earlier
	Confirmed   bool // it stays and becomes definite
	Limits      int  // how many
}

// Moves sums up what a notice moves in a region.
type Moves struct {
	Lines              []LimitMove // those that now end earlier first
	Cases, Limits      int
	Earlier, Confirmed int // of the limits
}

// NoticeRehearsal is what would become of the limits that run if a notice were put
// into force.
type NoticeRehearsal struct {
	Notice   workday.Notice
	Status   NoticeStatus
	Running  int // limits that were looked at
	Moves    Moves
	Calendar *workday.Calendar // of the region, as it would be
	// Hash stands for all of it; it is what [Desk.PutNotice] is held to.
	Hash string

	edition int64 // before it
}

// NoticeOrder is a notice to be rehearsed or put into force.
type NoticeOrder struct {
	Text    string // the file
	Correct bool   // it replaces one of the same number that was entered wrongly
}

// RehearseNotice tells what putting a notice into force would move, and writes
// nothing. A notice that is refused is CodeInvalid with the field "/notice/line/key":
// the line in the file and the key, as far as they are known. An operator puts
// national notices and the additions of their own region into force; a national one
// moves the limits of every region, of which one's own are shown.
func (d *Desk) RehearseNotice(ctx context.Context, who sharing.User, o NoticeOrder) (NoticeRehearsal, error) {
	if !d.MayKeepSettings(who) {
		return NoticeRehearsal{}, forbidden
	}
	n, err := readNotice(who, o.Text)
	if err != nil {
		return NoticeRehearsal{}, err
	}
	r := NoticeRehearsal{Notice: n}
	if r.edition, err = d.Store.CalendarEdition(ctx); err != nil {
		return r, err
	}
	edition, statuses, err := d.Almanac.Rehearse(ctx, d.Store, almanac.Import{Notices: []workday.Notice{n}, Correct: o.Correct})
	if err != nil {
		return r, noticeFault(o.Text, err)
	}
	r.Status, r.Calendar = statuses[0], edition.Of(who.Region.ID)
	var moved []activities.Moved
	if r.Status != almanac.StatusKnown {
		over := activities.Reprojection{Store: d.Store, Law: d.Law(), Edition: edition, Region: who.Region.ID}
		if err := over.Rehearse(ctx, func(_ int, some []activities.Moved) { moved = append(moved, some...) }); err != nil {
			return r, err
		}
	}
	if _, r.Running, err = d.Store.BehindIn(ctx, who.Region.ID, 0); err != nil {
		return r, err
	}
	if r.Hash, err = rehearsed(r.edition, o.Correct, n, moved); err != nil {
		return r, err
	}
	r.Moves, err = d.moves(ctx, who, moved)
	return r, err
}

// readNotice reads the notice that a user wants in force.
func readNotice(who sharing.User, text string) (workday.Notice, error) {
	if strings.TrimSpace(text) == "" {
		return workday.Notice{}, sharing.Invalid("/notice", "required", "the notice")
	}
	n, err := workday.ParseNotice(strings.NewReader(text))
	if err != nil {
		return n, noticeFault(text, err)
	}
	if !concerns(who, n) {
		return n, noticeFault(text, errors.New("region: must be missing, for a national notice, or "+who.Region.ID))
	}
	return n, nil
}

// NoticeFault is what is wrong with the file of a notice.
type NoticeFault struct {
	workday.Fault
}

func (f *NoticeFault) Error() string { return f.Rule }

// noticeFault makes a refusal of what is wrong with a notice. What comes from
// elsewhere, such as the database, stays as it is.
func noticeFault(text string, err error) error {
	var known *sharing.Error
	if errors.As(err, &known) {
		return err
	}
	fault := &NoticeFault{workday.FaultOf([]byte(text), err)}
	return &sharing.Error{Code: sharing.CodeInvalid, Cause: fault, Fields: []sharing.FieldError{{Field: "/notice", Rule: "notice", Detail: fault.Key + ": " + fault.Rule}}}
}

// rehearsed is the hash of what a rehearsal came to.
func rehearsed(edition int64, correct bool, n workday.Notice, moved []activities.Moved) (string, error) {
	slices.SortFunc(moved, func(a, b activities.Moved) int {
		return cmp.Or(cmp.Compare(a.CaseNumber, b.CaseNumber), cmp.Compare(a.Duty, b.Duty), cmp.Compare(a.Old, b.Old))
	})
	content, err := json.Marshal(struct {
		Edition int64
		Correct bool
		Notice  workday.Notice
		Moved   []activities.Moved
	}{edition, correct, n, moved})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}

// moves sums up moved limits.
func (d *Desk) moves(ctx context.Context, who sharing.User, moved []activities.Moved) (Moves, error) {
	var all Moves
	if len(moved) == 0 {
		return all, nil
	}
	departments, err := d.Store.Departments(ctx, who.Region.ID)
	if err != nil {
		return all, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return all, err
	}
	law, _ := d.Law().InForce(who.Region.ID, sharing.DateOf(now)) // without one, duties go by their names
	lines := map[LimitMove]int{}
	cases := map[string]bool{}
	for _, m := range moved {
		line := LimitMove{Department: sharing.Department{ID: m.Owes}, Duty: m.Duty, Old: m.Old, New: m.New,
			Provisional: m.Provisional, Shortened: m.Shortened, Confirmed: m.Confirmed}
		if i := slices.IndexFunc(departments, func(o sharing.Department) bool { return o.ID == m.Owes }); i >= 0 {
			line.Department = departments[i]
		}
		if law != nil {
			if duty, ok := law.Duty(m.Duty); ok {
				line.Title, line.TitleEN = duty.Title, duty.TitleEn
			}
		}
		lines[line]++
		cases[m.CaseID] = true
		all.Limits++
		if m.Shortened {
			all.Earlier++
		}
		if m.Confirmed {
			all.Confirmed++
		}
	}
	all.Cases = len(cases)
	for line, n := range lines {
		line.Limits = n
		all.Lines = append(all.Lines, line)
	}
	slices.SortFunc(all.Lines, func(a, b LimitMove) int {
		return cmp.Or(truth(b.Shortened)-truth(a.Shortened), cmp.Compare(a.New, b.New), cmp.Compare(a.Department.ID, b.Department.ID),
			cmp.Compare(a.Duty, b.Duty), cmp.Compare(a.Old, b.Old), truth(a.Provisional)-truth(b.Provisional))
	})
	return all, nil
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

// PutNotice puts a notice into force, as it was rehearsed: CodeStale when a
// rehearsal would now come to something else, CodeWrongState when the notice is known
// already. It returns the notice's id. The limits are moved by the workers, from the
// next second on; [Desk.NoticeResult] tells how far they are.
func (d *Desk) PutNotice(ctx context.Context, who sharing.User, key string, o NoticeOrder, rehearsed, reason string) (int64, error) {
	if !d.MayKeepSettings(who) {
		return 0, forbidden
	}
	n, err := readNotice(who, o.Text)
	if err != nil {
		return 0, err
	}
	if err := soundReason(reason); err != nil {
		return 0, err
	}
	command, err := d.stage(ctx, who, key, almanac.NoticeImported, n.Source, 0, struct {
		Notice            workday.Notice
		Correct           bool
		Rehearsed, Reason string
	}{n, o.Correct, rehearsed, reason})
	if err != nil {
		return 0, err
	}
	var outcome struct{ ID int64 }
	err = d.carry(ctx, command, &outcome, func(ctx context.Context) error {
		r, err := d.RehearseNotice(ctx, who, o)
		switch {
		case err != nil:
			return err
		case r.Status == almanac.StatusKnown:
			return sharing.Errorf(sharing.CodeWrongState, "the notice is known already")
		case r.Hash != rehearsed:
			return sharing.Errorf(sharing.CodeStale, "something changed since it was rehearsed")
		}
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			recorded, err := tx.LockNotices(ctx)
			if err != nil {
				return err
			}
			if len(recorded) > 0 && recorded[len(recorded)-1].ID != r.edition {
				return sharing.Errorf(sharing.CodeStale, "another notice was recorded since it was rehearsed")
			}
			ids, _, err := d.Almanac.RecordIn(ctx, tx, almanac.Import{Notices: []workday.Notice{n}, Correct: o.Correct,
				Actor: who.ID, Department: who.Department.ID, Reason: reason, Policy: command.Policy})
			if err != nil {
				return err
			}
			content, err := json.Marshal(struct{ ID int64 }{ids[0]})
			if err != nil {
				return err
			}
			return tx.FinishCommand(ctx, command.ID, content)
		})
	})
	if err != nil {
		return 0, err
	}
	return outcome.ID, d.Almanac.Refresh(ctx, d.Store)
}

// NoticeResult is a notice in force and how far the limits of the region have
// followed it.
type NoticeResult struct {
	NoticeView
	Behind  int // limits that are yet to be looked at
	Running int // limits that run
	Moves   Moves
}

// Done reports whether every limit follows it.
func (r NoticeResult) Done() bool { return r.Behind == 0 }

// Seen is how many limits follow it.
func (r NoticeResult) Seen() int { return r.Running - r.Behind }

// NoticeResult returns what a notice in force has moved so far.
func (d *Desk) NoticeResult(ctx context.Context, who sharing.User, id int64) (NoticeResult, error) {
	all, err := d.Notices(ctx, who)
	if err != nil {
		return NoticeResult{}, err
	}
	i := slices.IndexFunc(all, func(n NoticeView) bool { return id != 0 && n.ID == id })
	if i < 0 {
		return NoticeResult{}, notFound
	}
	r := NoticeResult{NoticeView: all[i]}
	if r.Behind, r.Running, err = d.Store.BehindIn(ctx, who.Region.ID, id); err != nil {
		return r, err
	}
	imports, err := d.Store.EntriesOf(ctx, almanac.NoticeImported)
	if err != nil {
		return r, err
	}
	entry := importOf(imports, r.NoticeView)
	if entry == nil {
		return r, nil
	}
	moved, err := activities.MovedSince(ctx, d.Store, entry.Seq)
	if err != nil {
		return r, err
	}
	r.Moves, err = d.moves(ctx, who, slices.DeleteFunc(moved, func(m activities.Moved) bool {
		return m.RegionID != who.Region.ID || !slices.Contains(m.Notices, r.Source)
	}))
	return r, err
}
