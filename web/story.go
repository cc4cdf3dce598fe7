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
