package web

import (
	"slices"

	"gongshu/desk"
)

// messagesPage lists what one's department was told.
type messagesPage struct {
	Found desk.Page[desk.MessageView]
	Lines []messageLine
	More  more
	UpTo  int64 // to be marked as read; 0 for nothing
}

// messageLine is a message as it is read.
type messageLine struct {
	desk.MessageView
	Title   string
	Details []string
}

// messages lists what one's department was told, the newest first.
func (v *visit) messages() error {
	found, err := v.site.desk.Messages(v.ctx(), v.user, desk.MessageQuery{Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit})
	if err != nil {
		return err
	}
	s, err := v.storyteller()
	if err != nil {
		return err
	}
	page := messagesPage{Found: found, More: v.more(found.Total, found.Next)}
	for _, m := range found.Items {
		s := s.about(m.Case, v.site.desk.Law())
		title := s.told(m.Topic)
		if m.Mine {
			title = s.followed(m.Data)
		}
		page.Lines = append(page.Lines, messageLine{MessageView: m, Title: title, Details: s.details(m.Data)})
	}
	if i := slices.IndexFunc(found.Items, func(m desk.MessageView) bool { return m.Unread }); i >= 0 {
		page.UpTo = found.Items[i].ID
	}
	return v.ok("messages", "messages", page)
}

// readMessages marks what the page showed, and all before it, as read.
func (v *visit) readMessages() error {
	f := v.form()
	n := f.number(v, "up_to", "/up_to")
	if err := v.site.desk.ReadMessages(v.ctx(), v.user, int64(n)); err != nil {
		return err
	}
	v.leave("read", "")
	return v.backToMessages()
}

func (v *visit) backToMessages() error { return v.redirect("/messages") }
