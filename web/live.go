package web

import (
	"net/http"
	"strconv"

	"gongshu/desk"
	"gongshu/sharing"
)

// stopAsking is the status that tells htmx to ask no more.
const stopAsking = 286

// news is what changed since a page was made.
type news struct {
	Signed  bool
	Counts  desk.Counts
	Watches bool     // the reader has the board
	Keyed   bool     // the reader has the page of keys
	Said    []string // read out
	Case    *sharing.Case
	Next    string // the page, for when the session has ended
}

// counts returns the numbers at the menu; none when they cannot be had, for a page
// does not fail for want of them.
func (v *visit) counts() desk.Counts {
	if !v.signedIn() {
		return desk.Counts{}
	}
	c, err := v.site.desk.Counts(v.ctx(), v.user, v.counted)
	if err != nil {
		v.site.log.WarnContext(v.ctx(), "the numbers at the menu are missing", "error", err)
	}
	return c
}

// live answers what a page asks every half minute: whether the numbers that it
// shows, or the case that it is about, have changed. Nothing new is 204. When the
// session has ended it says so, and that there is no use in asking again.
func (v *visit) live() error {
	if !v.signedIn() {
		return v.tell(stopAsking, news{Next: localPath(v.from())})
	}
	counts, err := v.site.desk.Counts(v.ctx(), v.user, desk.Known{})
	if err != nil {
		return err
	}
	n := news{Signed: true, Counts: counts, Watches: v.site.desk.MayWatch(v.user), Keyed: v.site.desk.HasKeys(v.user)}
	changed := v.known("tasks") != counts.Tasks || v.known("overdue") != counts.Overdue ||
		v.known("unread") != counts.Unread || v.known("keys") != counts.Keys
	if more := counts.Tasks - v.known("tasks"); more > 0 {
		n.Said = append(n.Said, v.words.N("live.more", more))
	}
	if more := counts.Overdue - v.known("overdue"); more > 0 {
		n.Said = append(n.Said, v.words.N("live.later", more))
	}
	if more := counts.Keys - v.known("keys"); more > 0 {
		n.Said = append(n.Said, v.words.N("live.keys", more))
	}
	if number := v.QueryParam("case"); number != "" {
		found, err := v.site.desk.Cases(v.ctx(), v.user, desk.CaseQuery{Number: number, Limit: 1})
		if err != nil {
			return err
		}
		if len(found.Items) == 1 && found.Items[0].Version > max(v.known("version"), v.known("seen")) {
			n.Case, changed = &found.Items[0].Case, true
		}
	}
	if !changed {
		return v.NoContent(http.StatusNoContent)
	}
	return v.tell(http.StatusOK, n)
}

// known is a number that the page said it shows.
func (v *visit) known(name string) int {
	n, err := strconv.Atoi(v.QueryParam(name))
	if err != nil {
		return 0
	}
	return n
}

// from is the address of the page that asks, as htmx tells it.
func (v *visit) from() string {
	u, err := v.Request().URL.Parse(v.Request().Header.Get("HX-Current-URL"))
	if err != nil {
		return "/"
	}
	return u.RequestURI()
}

func (v *visit) tell(status int, n news) error {
	html, err := v.site.views.part(v.words.locale, "news", n)
	if err != nil {
		return err
	}
	return v.HTML(status, string(html))
}
