package desk

import (
	"context"
	"time"

	"gongshu/sharing"
)

// MessageQuery asks for a page of messages.
type MessageQuery struct {
	Cursor string
	Limit  int
}

// MessageView is one thing the reader's department was told, or the reader alone,
// who follows the case.
type MessageView struct {
	ID     int64  // under which a webhook gets it, too
	Topic  string // an Action, a State, a RungKind, granted_at_once, or followed
	Mine   bool   // told to the reader alone
	Unread bool
	At     time.Time
	Data   map[string]string // codes that go with the topic
	Case   sharing.Case      // as it stands now
}

// Messages returns one page of what the reader and the reader's department were
// told, the newest first, on cases the reader may see.
func (d *Desk) Messages(ctx context.Context, who sharing.User, q MessageQuery) (Page[MessageView], error) {
	told, next, total, err := d.Store.Messages(ctx, d.caseScopes(who, sharing.Read), who.Department.ID, who.ID, q.Cursor, bound(q.Limit))
	if err != nil {
		return Page[MessageView]{}, err
	}
	page := Page[MessageView]{Next: next, Total: total}
	for _, m := range told {
		page.Items = append(page.Items, MessageView{ID: m.ID, Topic: m.Topic, Mine: m.UserID != "", Unread: m.Unread, At: m.CreatedAt, Data: m.Data, Case: m.Case})
	}
	return page, nil
}

// MaxUnread is how far unread messages are counted: so many, or more.
const MaxUnread = 100

// ReadMessages keeps that the reader has read every message up to and with the one
// of the given id, which need not be one of the reader's own.
func (d *Desk) ReadMessages(ctx context.Context, who sharing.User, upTo int64) error {
	if upTo < 1 {
		return sharing.Invalid("/up_to", "range", "")
	}
	return d.Store.PutMessagesRead(ctx, who.ID, upTo)
}
