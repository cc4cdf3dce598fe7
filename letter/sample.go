package letter

import "gongshu/sharing"

// sampleDay is the day on which the samples are issued.
var sampleDay = sharing.NewDate(2026, 11, 20)

// SampleDay is the day on which the letters of [Samples] are issued.
func SampleDay() sharing.Date { return sampleDay }

// Samples are made-up facts of a letter of a kind, one for each turn it can take,
// for previews. A wording is tried on all of them before it is accepted.
func Samples(k Kind, l Locale) []Facts {
	say := func(zh, en string) string {
		if l == English {
			return en
		}
		return zh
	}
	article := func(n, en string) string { return say(n, en) }
	f := Facts{
		Number: "G20261112-7KQ4M2XA", Matter: say("婚姻登记信息", "Marriage registrations"),
		Applicant: say("市住房和城乡建设局", "Housing Bureau"), Provider: say("市民政局", "Civil Affairs Bureau"), Authority: say("市大数据局", "Big Data Bureau"),
		Regulation: say("《公共数据管理暂行办法》", "the Interim Measures on Public Data"), Article: article("第二十一条", "art. 21"),
		IssuedOn: Day(l, sampleDay), Received: Day(l, sampleDay-8),
	}
	f.Issuer, f.Addressee = f.Provider, f.Applicant
	fromAuthority := func() { f.Issuer = f.Authority }
	purpose := say("核对保障性住房申请家庭成员的婚姻状况", "checking the marital status of applicants for public housing")
	basis := []Basis{{Law: say("《婚姻登记条例》", "Regulation on Marriage Registration"), Article: article("第十五条", "art. 15")}}
	reasons := say("所申请的“离婚原因”信息项涉及个人隐私，与所述用途无直接关系，现行规定未允许向其他部门提供。",
		"The field “ground of divorce” concerns privacy, does not serve the stated purpose, and no rule allows it to be given to other departments.")
	fields := []string{say("姓名", "name"), say("证件号码", "ID number"), say("登记日期", "date of registration")}
	due := Day(l, sharing.NewDate(2026, 11, 27))
	switch k {
	case Completion:
		f.Gaps = []string{say("未说明数据用于哪一项法定职责；", "The legal duty that the data serve is not named."), say("未附使用数据的业务系统的安全等级证明。", "The proof of the system's security grade is missing.")}
		f.Note = say("材料齐全后即予办理。", "It is dealt with as soon as it is complete.")
	case Return:
		fromAuthority()
		f.Reasons = say("申请事项与本单位职责不符。", "What is asked for lies outside the department's duties.")
	case Answer:
		f.Purpose, f.Duty, f.Mode, f.Term = purpose, say("保障性住房资格审核", "examining entitlement to public housing"), Word(l, string(sharing.QueryAPI)), Term(l, 12)
		whole, refused := f, f
		whole.Agreed, whole.All, whole.Fields = true, true, fields
		f.Agreed, f.Fields, f.Desensitised, f.ProvideBy = true, fields, true, due
		f.Conditions = say("仅限资格审核岗位人员查询，查询日志保存不少于三年。", "For the staff who examine entitlement only; query logs are kept for three years.")
		refused.Reasons, refused.Basis, refused.Coordination = reasons, basis, article("第二十二条", "art. 22")
		return []Facts{f, refused, whole}
	case Extension:
		f.ExtendedBy, f.DueOn, f.Reasons = WorkingDays(l, 5), due, say("需要向上级部门核实数据来源。", "The source of the data has to be checked with the office above.")
	case Consent:
		fromAuthority()
		f.Addressee, f.Mode = f.Provider, Word(l, string(sharing.Batch))
		refused := f
		f.Agreed, f.Reasons = true, say("请双方做好安全防护。", "Please keep the data safe on both sides.")
		refused.Reasons, refused.Basis = say("查询接口已能满足所述用途。", "A query interface serves the purpose well enough."), basis
		return []Facts{f, refused}
	case Suspension, Revocation:
		f.Reasons = say("发现将数据用于申请用途以外的事项。", "The data were used for other things than the stated purpose.")
	case Verification:
		corrected := f
		corrected.Outcome, corrected.WasWrong, corrected.Correction, corrected.CorrectedOn = "corrected", say("登记日期误录为2015年3月1日。", "The date was 1 March 2015."), say("已改为2015年3月10日。", "It is 10 March 2015."), f.IssuedOn
		f.Outcome, f.Reasons, f.Basis = "explained", say("经查原始档案，记录与档案一致。", "The record agrees with the file."), basis
		return []Facts{corrected, f}
	case Ruling:
		fromAuthority()
		f.Addressee = say("市住房和城乡建设局、市民政局", "Housing Bureau, Civil Affairs Bureau")
		f.Article, f.Reasons, f.Basis = article("第二十二条", "art. 22"), say("所申请的信息项为履行职责所必需。", "The fields are needed for the duty."), basis
		all := []Facts{f, f, f, f, f}
		for i, outcome := range []string{"overturned", "upheld", "catalogued", "passed_up", "declined"} {
			all[i].Outcome = outcome
		}
		all[0].Fields, all[0].Desensitised, all[0].Conditions = fields, true, say("仅限资格审核岗位人员查询。", "For the staff who examine entitlement only.")
		all[3].HeldBy = say("省民政厅", "the provincial Civil Affairs Department")
		return all
	case Opening:
		f.Addressee, f.Applicant = say("某科技有限公司", "A Technology Co. Ltd."), say("社会公众", "The public")
		signed, refused := f, f
		f.Agreed, f.All = true, true
		signed.Agreed, signed.Agreement, signed.Fields = true, true, fields
		refused.Reasons, refused.Basis = reasons, basis
		return []Facts{f, signed, refused}
	case NotApproved:
		fromAuthority()
		f.Matter, f.Reasons = say("智慧民政二期", "Smart Civil Affairs, phase 2"), say("未提交项目数据资源清单。", "The list of data resources is missing.")
	case NonAcceptance, Funds:
		fromAuthority()
		f.Matter, f.Consequences = say("智慧民政二期", "Smart Civil Affairs, phase 2"), []string{Word(l, "funds_held"), Word(l, "no_maintenance_funds")}
		if k == Funds {
			f.Addressee = say("市财政局", "Finance Bureau")
			break
		}
		f.Gaps = []string{say("“养老机构信息”尚未编目；", "“Care homes” is not catalogued."), say("未提交等级保护测评结果。", "The security-protection test results are missing.")}
		f.Reasons = say("其余事项符合要求。", "All else meets the conditions.")
	case Urging, Supervision:
		fromAuthority()
		f.Addressee, f.Owed, f.DueOn, f.Late = f.Provider, say("答复共享申请", "answer the application"), Day(l, sharing.NewDate(2026, 11, 18)), 2
		if k == Supervision {
			f.Note, f.ReplyBy = say("该申请已两次催办。", "The application has been urged twice."), due
			bare := f
			bare.Note, bare.ReplyBy, bare.Article = "", "", ""
			return []Facts{f, bare}
		}
	case Notice, Order:
		fromAuthority()
		f.Addressee, f.Article = f.Provider, article("第三十五条", "art. 35")
		f.Ground, f.Finding, f.MendBy = say("目录未按规定更新", "the catalog is not kept up to date"), say("2025年以来未更新目录，三项资源的更新周期已过。", "The catalog has not been updated since 2025; three resources are past their cycle."), due
		if k == Order {
			f.Reasons = say("整改通知期满仍未整改到位。", "The notice's time has passed without it.")
		}
	}
	return []Facts{f}
}
