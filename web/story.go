package web

import "gongshu/sharing"

// Details puts the codes of a line of a case's story into words.
func (w words) Details(e sharing.Entry) []string {
	var list []string
	day := func(code, key string) {
		if d, err := sharing.ParseDate(e.Data[code]); err == nil {
			list = append(list, w.T(key, w.Limit(d)))
		}
	}
	if rung := e.Data["rung"]; rung != "" {
		list = append(list, w.Code("rung", rung))
		day("due_date", "story.due")
	}
	if d, err := sharing.ParseDate(e.Data["received_on"]); err == nil {
		list = append(list, w.T("story.received", w.Day(d)))
	}
	if e.Action == sharing.CalendarMoved {
		before, errBefore := sharing.ParseDate(e.Data["old_date"])
		after, errAfter := sharing.ParseDate(e.Data["new_date"])
		if errBefore == nil && errAfter == nil {
			list = append(list, w.T("story.moved", w.Limit(before), w.Limit(after), e.Data["notice"]))
		}
	}
	day(sharing.DutyPrecheck, "story.share.precheck")
	day(sharing.DutyAnswer, "story.share.answer")
	day(sharing.DutyProvide, "story.share.provide")
	day(sharing.DutyConfirm, "story.share.confirm")
	day("valid_until", "story.valid_until")
	if e.Data["late"] != "" {
		list = append(list, w.T("story.late"))
	}
	if kind := e.Data["task"]; kind != "" {
		list = append(list, w.Code("task", kind))
	}
	return list
}
