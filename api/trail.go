package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// trail answers lines of the audit trail.
func (s *server) trail(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	q := desk.AuditQuery{Actor: c.QueryParam("actor"), Number: c.QueryParam("number"), Action: sharing.Action(c.QueryParam("action"))}
	for name, at := range map[string]*sharing.Date{"from": &q.From, "until": &q.Until} {
		d, err := day(c, name)
		if err != nil {
			return err
		}
		if d != nil {
			*at = *d
		}
	}
	found, err := s.desk.Audit(c.Request().Context(), who, q, cursor, limit)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewTrailLine))
}

type trailLineView struct {
	Seq        int64             `json:"seq"`
	At         time.Time         `json:"at"`
	Own        bool              `json:"own"`
	Actor      string            `json:"actor"`
	ActorName  string            `json:"actor_name,omitempty"`
	Department string            `json:"department,omitempty"`
	OnBehalfOf string            `json:"on_behalf_of,omitempty"`
	Action     sharing.Action    `json:"action,omitempty"`
	Subject    string            `json:"subject,omitempty"`
	Number     string            `json:"number,omitempty"`
	Procedure  sharing.Procedure `json:"procedure,omitempty"`
	From       sharing.State     `json:"from,omitempty"`
	To         sharing.State     `json:"to,omitempty"`
	Version    int               `json:"version,omitempty"`
	Article    string            `json:"article,omitempty"`
	Note       string            `json:"note,omitempty"`
	Policy     string            `json:"policy,omitempty"`
	Data       map[string]string `json:"data,omitempty"`
	Hash       string            `json:"hash"`
}

func viewTrailLine(l desk.AuditLine) trailLineView {
	return trailLineView{Seq: l.Seq, At: local(l.At), Own: l.Own, Actor: l.Actor, ActorName: l.ActorName, Department: l.DepartmentID, OnBehalfOf: l.OnBehalfOf,
		Action: l.Action, Subject: l.SubjectID, Number: l.Number, Procedure: l.Procedure, From: l.From, To: l.To, Version: l.Version,
		Article: l.Article, Note: l.Note, Policy: l.Policy, Data: l.Data, Hash: l.Hash}
}

// earlierHead is a head of the trail that was written down.
type earlierHead struct {
	Seq  int64  `json:"seq,omitempty"`
	Hash string `json:"hash,omitempty"`
}

// verifyTrail begins to verify the trail.
func (s *server) verifyTrail(c echo.Context, who sharing.User) error {
	var h earlierHead
	if err := decode(c, &h); err != nil {
		return err
	}
	id, err := s.desk.VerifyTrail(c.Request().Context(), who, keyOf(c), desk.EarlierHead{Seq: h.Seq, Hash: h.Hash})
	if err != nil {
		return err
	}
	check, err := s.desk.TrailCheck(c.Request().Context(), who, id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, viewTrailCheck(check))
}

// trailCheck answers how far a verification is and what it came to.
func (s *server) trailCheck(c echo.Context, who sharing.User) error {
	check, err := s.desk.TrailCheck(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewTrailCheck(check))
}

type trailCheckView struct {
	ID        string     `json:"id"`
	State     string     `json:"state"`
	By        string     `json:"by"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"ended_at,omitempty"`
	Seen      int64      `json:"seen"`
	Total     int64      `json:"total"`
	Seq       int64      `json:"seq,omitempty"`
	Hash      string     `json:"hash,omitempty"`
	Compared  int64      `json:"compared,omitempty"`
	Rule      string     `json:"rule,omitempty"`
	BrokenAt  int64      `json:"broken_at,omitempty"`
}

func viewTrailCheck(k desk.TrailCheck) trailCheckView {
	view := trailCheckView{ID: k.ID, State: string(k.State), By: k.By, StartedAt: local(k.StartedAt), Seen: k.Seen, Total: k.Total,
		Seq: k.Head.Seq, Hash: k.Head.Hash, Compared: k.Compared, Rule: k.Rule, BrokenAt: k.At}
	if k.EndedAt != nil {
		at := local(*k.EndedAt)
		view.EndedAt = &at
	}
	if k.Silent {
		view.State = "failed"
	}
	return view
}
