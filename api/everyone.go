package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// comments answers what was said to a case, the last first.
func (s *server) comments(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Comments(c.Request().Context(), who, c.Param("id"), cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewComment))
}

// comment says something to a case.
func (s *server) comment(c echo.Context, who sharing.User) error {
	var n sharing.NewComment
	if err := decode(c, &n); err != nil {
		return err
	}
	said, err := s.desk.Comment(c.Request().Context(), who, keyOf(c), c.Param("id"), n)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, said)
}

func (s *server) follow(follow bool) handler {
	return func(c echo.Context, who sharing.User) error {
		return done(c, s.desk.Follow(c.Request().Context(), who, keyOf(c), c.Param("id"), follow))
	}
}

// done answers that something was done and there is no more to say.
func done(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

func (s *server) urge(c echo.Context, who sharing.User) error {
	urged, err := s.desk.Urge(c.Request().Context(), who, keyOf(c), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, urged)
}

// urgeAll urges several cases, and answers what became of each.
func (s *server) urgeAll(c echo.Context, who sharing.User) error {
	var n urging
	if err := decode(c, &n); err != nil {
		return err
	}
	results, err := s.desk.UrgeAll(c.Request().Context(), who, keyOf(c), n.Cases)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[urgeResult]{each(results, viewUrgeResult)})
}

func (s *server) supervise(c echo.Context, who sharing.User) error {
	var n sharing.NewSupervision
	if err := decode(c, &n); err != nil {
		return err
	}
	supervised, err := s.desk.Supervise(c.Request().Context(), who, keyOf(c), c.Param("id"), n)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, supervised)
}

// supervisions answers which replies are awaited.
func (s *server) supervisions(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.AwaitedReplies(c.Request().Context(), who, cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, func(v desk.SupervisedCase) supervisedCaseView {
		return supervisedCaseView{viewSupervision(v.Supervision), viewCase(v.Case)}
	}))
}

func (s *server) link(c echo.Context, who sharing.User) error {
	var n sharing.NewLink
	if err := decode(c, &n); err != nil {
		return err
	}
	return done(c, s.desk.Link(c.Request().Context(), who, keyOf(c), c.Param("id"), n))
}

func (s *server) unlink(c echo.Context, who sharing.User) error {
	var n unlinking
	if err := decode(c, &n); err != nil {
		return err
	}
	return done(c, s.desk.Unlink(c.Request().Context(), who, keyOf(c), c.Param("id"), n.Case))
}

// delegations answers who stands in for the user, and for whom the user does.
func (s *server) delegations(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Delegations(c.Request().Context(), who, cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, func(g desk.DelegationView) delegationView {
		view := viewDelegation(g.Delegation)
		view.Running = g.Running
		return view
	}))
}

func (s *server) delegate(c echo.Context, who sharing.User) error {
	var n sharing.NewDelegation
	if err := decode(c, &n); err != nil {
		return err
	}
	given, err := s.desk.Delegate(c.Request().Context(), who, keyOf(c), n)
	if err != nil {
		return err
	}
	now, err := s.desk.Now(c.Request().Context())
	if err != nil {
		return err
	}
	view := viewDelegation(given)
	view.Running = given.Runs(now)
	return c.JSON(http.StatusCreated, view)
}

func (s *server) revokeDelegation(c echo.Context, who sharing.User) error {
	return done(c, s.desk.RevokeDelegation(c.Request().Context(), who, keyOf(c), c.Param("id")))
}

func (s *server) colleagues(c echo.Context, who sharing.User) error {
	found, err := s.desk.Colleagues(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[userRef]{each(found, func(u sharing.User) userRef { return userRef{u.ID, u.Name} })})
}

// urging names the cases to be urged at once.
type urging struct {
	Cases []string `json:"cases"`
}

// unlinking names the case that does not belong to another any more.
type unlinking struct {
	Case string `json:"case"`
}

type userRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// asideView is what goes on beside the steps of a case.
type asideView struct {
	Can          []sharing.Action  `json:"can"`
	MayReply     bool              `json:"may_reply"`
	Comments     []commentView     `json:"comments"`
	Said         int               `json:"said"`
	Following    bool              `json:"following"`
	UrgedToday   bool              `json:"urged_today"`
	Supervisions []supervisionView `json:"supervisions"`
	Links        []linkView        `json:"links"`
}

func viewAside(a desk.Aside) asideView {
	return asideView{
		Can: some(a.Can), MayReply: a.MayReply, Comments: each(a.Comments, viewComment), Said: a.Said, Following: a.Following, UrgedToday: a.UrgedToday,
		Supervisions: each(a.Supervisions, viewSupervision),
		Links: each(a.Links, func(l sharing.Link) linkView {
			return linkView{Case: refCase(l.Case), Reason: l.Reason, By: l.By, ByName: l.ByName, Department: viewDepartment(l.Department), At: local(l.At)}
		}),
	}
}

type commentView struct {
	ID             string              `json:"id"`
	Kind           sharing.CommentKind `json:"kind"`
	Text           string              `json:"text"`
	Internal       bool                `json:"internal"`
	Attachments    []attachmentView    `json:"attachments"`
	By             string              `json:"by"`
	ByName         string              `json:"by_name"`
	OnBehalfOf     string              `json:"on_behalf_of,omitempty"`
	OnBehalfOfName string              `json:"on_behalf_of_name,omitempty"`
	Department     departmentView      `json:"department"`
	At             time.Time           `json:"at"`
}

func viewComment(v desk.CommentView) commentView {
	return commentView{
		ID: v.ID, Kind: v.Kind, Text: v.Text, Internal: v.Internal, Attachments: each(v.Files, viewAttachment), By: v.By, ByName: v.ByName,
		OnBehalfOf: v.OnBehalfOf, OnBehalfOfName: v.OnBehalfOfName, Department: viewDepartment(v.Department), At: local(v.At),
	}
}

type supervisionView struct {
	ID         string         `json:"id"`
	By         string         `json:"by"`
	ByName     string         `json:"by_name"`
	Department departmentView `json:"department"`
	Owes       departmentView `json:"owes"`
	Note       string         `json:"note"`
	At         time.Time      `json:"at"`
	ReplyBy    sharing.Date   `json:"reply_by"`
	RepliedAt  *time.Time     `json:"replied_at,omitempty"`
	Reply      string         `json:"reply,omitempty"`
}

func viewSupervision(v sharing.Supervision) supervisionView {
	return supervisionView{
		ID: v.ID, By: v.By, ByName: v.ByName, Department: viewDepartment(v.Department), Owes: viewDepartment(v.Owes), Note: v.Note, At: local(v.At),
		ReplyBy: v.ReplyBy, RepliedAt: localOrNil(v.RepliedAt), Reply: v.Reply,
	}
}

type supervisedCaseView struct {
	supervisionView
	Case caseView `json:"case"`
}

type linkView struct {
	Case       caseRef        `json:"case"`
	Reason     string         `json:"reason"`
	By         string         `json:"by"`
	ByName     string         `json:"by_name"`
	Department departmentView `json:"department"`
	At         time.Time      `json:"at"`
}

// urgeResult is what became of one of the cases that were urged at once: either
// urged, or the code and detail of why not.
type urgeResult struct {
	CaseID string       `json:"case_id"`
	Urged  *desk.Urged  `json:"urged,omitempty"`
	Code   sharing.Code `json:"code,omitempty"`
	Detail string       `json:"detail,omitempty"`
}

func viewUrgeResult(r desk.UrgeResult) urgeResult {
	if r.Err != nil {
		known := normalise(r.Err)
		return urgeResult{CaseID: r.CaseID, Code: known.Code, Detail: known.Detail}
	}
	return urgeResult{CaseID: r.CaseID, Urged: &r.Urged}
}

type delegationView struct {
	ID         string         `json:"id"`
	From       string         `json:"from"`
	FromName   string         `json:"from_name"`
	To         string         `json:"to"`
	ToName     string         `json:"to_name"`
	Department departmentView `json:"department"`
	Roles      []sharing.Role `json:"roles"`
	Begins     sharing.Date   `json:"begins"`
	Ends       sharing.Date   `json:"ends"`
	Reason     string         `json:"reason"`
	CreatedAt  time.Time      `json:"created_at"`
	Running    bool           `json:"running"`
	RevokedAt  *time.Time     `json:"revoked_at,omitempty"`
	RevokedBy  string         `json:"revoked_by,omitempty"`
}

func viewDelegation(g sharing.Delegation) delegationView {
	return delegationView{
		ID: g.ID, From: g.From, FromName: g.FromName, To: g.To, ToName: g.ToName, Department: viewDepartment(g.Department), Roles: some(g.Roles),
		Begins: g.Begins, Ends: g.Ends, Reason: g.Reason, CreatedAt: local(g.CreatedAt), RevokedAt: localOrNil(g.RevokedAt), RevokedBy: g.RevokedBy,
	}
}

// standInView is a colleague whom the user stands in for now.
type standInView struct {
	For     string         `json:"for"`
	ForName string         `json:"for_name"`
	Roles   []sharing.Role `json:"roles"`
	Until   time.Time      `json:"until"`
}

func viewStandIn(s sharing.StandIn) standInView {
	return standInView{For: s.For, ForName: s.ForName, Roles: some(s.Roles), Until: local(s.EndsAt)}
}
