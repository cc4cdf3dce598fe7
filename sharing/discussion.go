package sharing

import (
	"fmt"
	"time"
)

// CommentKind tells a remark from what was asked for.
type CommentKind string

const (
	RemarkComment CommentKind = "remark"
	// ReplyComment answers the supervision (督办) of a case.
	ReplyComment CommentKind = "reply"
)

// NewComment is what somebody says to a case.
type NewComment struct {
	Text string `json:"text"`
	// Kind is a remark when empty.
	Kind CommentKind `json:"kind,omitempty"`
	// Internal keeps a remark within the author's own department.
	Internal bool `json:"internal,omitempty"`
	// Attachments are ids of files uploaded before. They become the case's, so that
	// an internal remark has none.
	Attachments []string `json:"attachments,omitempty"`
}

// Check returns an *Error naming what is wrong with the comment.
func (n NewComment) Check() error {
	var c checker
	c.text(n.Text, "/text", true)
	c.require(n.Kind == "" || n.Kind == RemarkComment || n.Kind == ReplyComment, "/kind", "one_of", "remark or reply")
	c.require(!n.Internal || n.Kind != ReplyComment, "/internal", "not_internal", "a reply is for whoever asked for it")
	c.require(!n.Internal || len(n.Attachments) == 0, "/attachments", "not_internal", "files belong to the case and are seen by all who may read it")
	c.require(len(n.Attachments) <= MaxAttachments, "/attachments", "max_items", fmt.Sprint(MaxAttachments))
	return c.err()
}

// Statement is a comment that was made: something said to a case. It is never changed or deleted.
type Statement struct {
	ID          string
	CaseID      string
	Kind        CommentKind
	Text        string
	Internal    bool // for the author's department only
	Attachments []string
	By, ByName  string // user
	// OnBehalfOf is whose delegation the author acted under; empty for their own.
	OnBehalfOf, OnBehalfOfName string
	Department                 Department // the author's
	At                         time.Time
}

// MaxReplyDays is how far ahead the authority may set the day of a reply, in
// calendar days.
const MaxReplyDays = 90

// NewSupervision is what the authority says when it takes a case that is late
// under supervision (督办).
type NewSupervision struct {
	Note    string `json:"note"`
	ReplyBy Date   `json:"reply_by"`
}

// Check returns an *Error naming what is wrong with the supervision as of a day.
func (n NewSupervision) Check(today Date) error {
	var c checker
	c.text(n.Note, "/note", true)
	c.require(!n.ReplyBy.IsZero(), "/reply_by", "required", "")
	c.require(n.ReplyBy.IsZero() || n.ReplyBy >= today, "/reply_by", "not_in_past", "today or later")
	c.require(n.ReplyBy <= today+MaxReplyDays, "/reply_by", "range", fmt.Sprintf("within %d days", MaxReplyDays))
	return c.err()
}

// Supervision is the authority's demand that whoever owes a step of a case says
// what keeps it.
type Supervision struct {
	ID         string
	CaseID     string
	By, ByName string     // user
	Department Department // the authority
	Owes       Department // who is to reply
	Note       string
	At         time.Time
	ReplyBy    Date
	RepliedAt  *time.Time // nil while the reply is awaited
	Reply      string     // comment
}

// Link says that two cases belong together, seen from one of them.
type Link struct {
	Case       Case // the other
	Reason     string
	By, ByName string     // user
	Department Department // of the user
	At         time.Time
}

// NewLink names the other case, by id or number, and why it belongs to the first.
type NewLink struct {
	Case   string `json:"case"`
	Reason string `json:"reason"`
}

// Check returns an *Error naming what is wrong with the link.
func (n NewLink) Check() error {
	var c checker
	c.require(n.Case != "", "/case", "required", "")
	c.text(n.Case, "/case", false)
	c.text(n.Reason, "/reason", true)
	return c.err()
}
