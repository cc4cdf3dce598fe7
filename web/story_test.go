package web

import (
	"slices"
	"testing"

	"gongshu/regulation"
	"gongshu/sharing"
)

// What the codes of the trail and of messages say, in both languages.
func TestStory(t *testing.T) {
	ours := sharing.Department{ID: "sz-renshe", Name: "朔州市人力资源和社会保障局", NameEN: "Shuozhou Human Resources Bureau"}
	theirs := sharing.Department{ID: "sz-minzheng", Name: "朔州市民政局", NameEN: "Shuozhou Civil Affairs Bureau"}
	law, ok := regulation.Shipped().ByID("shuozhou-2021")
	if !ok {
		t.Fatal("the regulation is not shipped")
	}
	tell := func(l Locale) storyteller {
		return storyteller{words: testWords(t, l), departments: []sharing.Department{ours, theirs}, law: law}
	}
	zh, en := tell(Chinese), tell(English)
	for _, row := range []struct {
		action           sharing.Action
		data             map[string]string
		chinese, english []string // the title and what follows
	}{
		{sharing.Reassign, map[string]string{"from_department": ours.ID, "to_department": theirs.ID},
			list("移交办件", "由朔州市人力资源和社会保障局移交朔州市民政局"),
			list("Handed over", "From Shuozhou Human Resources Bureau to Shuozhou Civil Affairs Bureau")},
		{sharing.Reassign, map[string]string{"from_department": "gone", "to_department": theirs.ID}, list("移交办件"), list("Handed over")},
		{sharing.CalendarMoved, map[string]string{"duty": sharing.DutyAnswer, "owes": ours.ID, "old_date": "2020-01-31", "new_date": "2020-02-05", "notice": "国办发明电〔2020〕1号"},
			list("期限随放假安排调整", "应办部门：朔州市人力资源和社会保障局", "答复期限由 2020年1月31日（周五）24:00 调整为 2020年2月5日（周三）24:00，依据 国办发明电〔2020〕1号"),
			list("Limit moved with the calendar", "Owed by Shuozhou Human Resources Bureau", "Limit for the answer moved from Fri 31 Jan 2020, 24:00 to Wed 5 Feb 2020, 24:00, under 国办发明电〔2020〕1号")},
		{sharing.CalendarMoved, map[string]string{"duty": sharing.DutyProvide, "old_date": "2027-02-12", "new_date": "2027-02-10", "shortened": "true", "provisional": "true"},
			list("期限随放假安排调整", "提供期限（内部目标）由 2027年2月12日（周五）24:00 调整为 2027年2月10日（周三）24:00", "期限提前，请留意", "新的日期为暂定"),
			list("Limit moved with the calendar", "Limit for providing (internal target) moved from Fri 12 Feb 2027, 24:00 to Wed 10 Feb 2027, 24:00", "It now ends earlier: take note", "The new date is provisional")},
		{sharing.CalendarMoved, map[string]string{"duty": "share.other", "old_date": "2027-02-12", "new_date": "2027-02-12", "confirmed": "true", "notice": "甲、乙"},
			list("期限随放假安排调整", "期限 2027年2月12日（周五）24:00 不变，由暂定转为确定，依据 甲、乙"),
			list("Limit moved with the calendar", "Limit stays Fri 12 Feb 2027, 24:00 and is now definite, under 甲、乙")},
		{sharing.RungFired, map[string]string{"rung": "reminder", "offset": "-1", "duty": sharing.DutyAnswer, "due_date": "2026-11-24", "owes": theirs.ID},
			list("提醒：期限将至", "答复期限：2026年11月24日（周二）24:00", "到期前 1 个工作日", "应办部门：朔州市民政局"),
			list("Reminder: the limit is near", "Limit for the answer: Tue 24 Nov 2026, 24:00", "1 working day before the limit", "Owed by Shuozhou Civil Affairs Bureau")},
		{sharing.RungFired, map[string]string{"rung": "due", "offset": "0", "duty": sharing.DutyConfirm, "due_date": "2026-11-24"},
			list("期限已届满", "确认期限（内部目标）：2026年11月24日（周二）24:00"), list("The limit has passed", "Limit for confirming (internal target): Tue 24 Nov 2026, 24:00")},
		{sharing.RungFired, map[string]string{"rung": "supervised", "offset": "3", "duty": sharing.DutyPrecheck, "due_date": "2026-11-24"},
			list("督办", "审核期限：2026年11月24日（周二）24:00", "超期第 3 个工作日"), list("Under supervision: overdue", "Limit for the check: Tue 24 Nov 2026, 24:00", "working day 3 past the limit")},
		{sharing.Extend, map[string]string{"extended_by": "5", sharing.DutyAnswer: "2026-12-01"},
			list("延长期限", "延长 5 个工作日", "答复期限：2026年12月1日（周二）24:00"), list("Limit extended", "Extended by 5 working days", "Limit for the answer: Tue 1 Dec 2026, 24:00")},
		{sharing.Claim, map[string]string{"task": "answer"}, list("领取任务", "答复申请"), list("Task claimed", "Answer the application")},
		{sharing.Release, map[string]string{"task": "provide"}, list("退回任务", "提供数据"), list("Task given back", "Provide the data")},
		{sharing.Answer, map[string]string{"late": sharing.DutyAnswer, sharing.DutyProvide: "2026-12-01"},
			list("答复申请", "提供期限（内部目标）：2026年12月1日（周二）24:00", "超期办理"), list("Application answered", "Limit for providing (internal target): Tue 1 Dec 2026, 24:00", "Done late")},
		{sharing.Submit, nil, list("提交申请"), list("Application submitted")},
	} {
		for _, told := range []struct {
			by   storyteller
			want []string
		}{{zh, row.chinese}, {en, row.english}} {
			line := told.by.tell([]sharing.Entry{{Action: row.action, Data: row.data}})[0]
			if got := append([]string{line.Title}, line.Details...); !slices.Equal(got, told.want) {
				t.Errorf("%s %v:\n got %q\nwant %q", row.action, row.data, got, told.want)
			}
		}
	}
	line := en.tell([]sharing.Entry{{Action: sharing.Submit, DepartmentID: ours.ID, DepartmentName: ours.Name}, {Action: sharing.Submit, DepartmentID: "gone", DepartmentName: "某局"}})
	if line[0].Department != ours.NameEN || line[1].Department != "某局" {
		t.Errorf("departments are %q and %q", line[0].Department, line[1].Department)
	}
}
