package regulation

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/width"

	"gongshu/sharing"
)

// Table is one part of a regulation, for readers.
type Table struct {
	Title  string     `json:"title"`
	Header []string   `json:"header"`
	Rows   [][]string `json:"rows"`
}

// Tables shows all of r with its articles.
func (r *Regulation) Tables(l Lang) []Table {
	return slices.DeleteFunc([]Table{
		r.validityTable(l), r.roleTable(l), r.dutyTable(l), r.ladderTable(l), r.shareTable(l), r.catalogTable(l),
		r.projectTable(l), r.supervisionTable(l), r.filingTable(l),
	}, func(t Table) bool { return len(t.Rows) == 0 })
}

func (r *Regulation) validityTable(l Lang) Table {
	t := Table{Title: l.pick("基本情况", "Validity"), Header: []string{l.pick("项目", "Item"), l.pick("内容", "Content"), l.pick("条款", "Article")}}
	add := func(name, content, article string) {
		if content != "" {
			t.Rows = append(t.Rows, []string{name, content, l.article(article)})
		}
	}
	add(l.pick("编号和版本", "Id and version"), r.Ref(), "")
	add(l.pick("地区", "Region"), l.pick(r.RegionName, r.RegionNameEn), "")
	add(l.pick("文号", "Document number"), orDash(r.Number), "")
	add(l.pick("印发机关", "Issuer"), orDash(r.Issuer), "")
	if r.Issued != nil {
		add(l.pick("印发日期", "Issued"), r.Issued.String(), "")
	}
	add(l.pick("施行日期", "In force from"), r.From.String(), r.FromArticle)
	if r.Until != nil {
		add(l.pick("有效期至", "In force until"), r.Until.String(), r.UntilArticle)
	}
	if r.Prolonged != nil {
		add(l.pick("延长至", "Prolonged until"), r.Prolonged.Until.String()+l.pick("（", " (")+r.Prolonged.Number+l.pick("）", ")"), "")
	}
	add(l.pick("替代", "Replaces"), strings.Join(r.Replaces, ", "), "")
	add(l.pick("后继", "Successor"), r.Successor, "")
	return t
}

func orDash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

// party returns the regulation's own name for a role.
func (r *Regulation) party(l Lang, role Role) string {
	if p, ok := r.Roles[role]; ok {
		return l.pick(p.Name, p.NameEn)
	}
	return l.word(string(role))
}

func (r *Regulation) parties(l Lang, roles []Role) string {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = r.party(l, role)
	}
	return strings.Join(names, l.pick("、", ", "))
}

func (r *Regulation) roleTable(l Lang) Table {
	t := Table{Title: l.pick("角色与共享类型", "Roles and sharing classes"), Header: []string{l.pick("角色或类型", "Role or class"), l.pick("文中名称", "Own name"), l.pick("职权", "Reserved"), l.pick("条款", "Article")}}
	for _, role := range Roles {
		if p, ok := r.Roles[role]; ok {
			t.Rows = append(t.Rows, []string{l.word(string(role)), l.pick(p.Name, p.NameEn), orDash(l.pick(p.Reserves, p.ReservesEn)), l.article(p.Article)})
		}
	}
	for _, class := range sharing.Classes {
		c := r.Classes[class]
		t.Rows = append(t.Rows, []string{l.word(string(class)), l.pick(c.Name, c.NameEn), "—", l.article(c.Article)})
	}
	u := r.Utilities
	t.Rows = append(t.Rows, []string{l.pick("参照执行", "Take part as departments do"), l.pick(u.Name, u.NameEn), "—", l.article(u.Article)})
	return t
}

// limit tells the limit of the text, or that there is none.
func (d Duty) limit(l Lang) string {
	if d.Source == FromOperator {
		return l.pick("未规定", "none")
	}
	s := l.pick("未规定", "none")
	if d.Limit != nil {
		s = l.budget(*d.Limit)
		if d.AtLeast {
			s = l.pick("至少提前", "at least ") + s + l.pick("", " ahead")
		}
	}
	if d.Wording != "" {
		s += l.pick("（"+d.Wording+"）", " ("+d.WordingEn+")")
	}
	return s
}

func (d Duty) target(l Lang) string {
	if d.Target == nil {
		return "—"
	}
	return l.pick("目标：", "target: ") + l.budget(*d.Target)
}

// remarks tells all else that a duty asks for.
func (r *Regulation) remarks(d Duty, l Lang) string {
	var list []string
	add := func(ok bool, zh, en string) {
		if ok {
			list = append(list, l.pick(zh, en))
		}
	}
	add(d.Frequency != "", l.word(d.Frequency), l.word(d.Frequency))
	add(d.With != "", r.party(l, d.With)+"参与", "with "+r.party(l, d.With))
	add(d.Must.Reasons, "不同意的说明理由", "a refusal states reasons")
	add(d.Must.LegalBasis, "不同意的提供依据", "a refusal cites its legal basis")
	add(d.Must.Proof, "提供证明材料", "with the file that proves it")
	add(d.Must.Report != "", d.Must.Report, d.Must.ReportEn)
	if a := d.Approval; a != nil {
		add(true, "须经"+r.party(l, a.By)+"审核通过（"+l.article(a.Article)+"）", "after approval by "+r.party(l, a.By)+" ("+l.article(a.Article)+")")
	}
	if e := d.Extension; e != nil {
		b := *d.Limit
		b.N, b.Rolling = e.Cap, false
		zh, en := fmt.Sprintf("可延长%d次，每次最多%s", e.Times, BudgetZh(b)), fmt.Sprintf("may be extended %d time(s) by at most %s", e.Times, BudgetEn(b))
		if e.Approver != "" {
			zh, en = zh+"，经"+r.party(l, e.Approver)+"同意", en+" with the consent of "+r.party(l, e.Approver)
		}
		if e.Reason {
			zh, en = zh+"，说明理由", en+", with a reason"
		}
		add(true, zh+"（"+l.article(e.Article)+"）", en+" ("+l.article(e.Article)+")")
	}
	for _, v := range d.Variants {
		var facts []string
		for _, name := range slices.Sorted(maps.Keys(v.When)) {
			fact := l.pick(r.Facts[name].Title, r.Facts[name].TitleEn)
			if !v.When[name] {
				fact = l.pick("非“"+fact+"”", "not ("+fact+")")
			}
			facts = append(facts, fact)
		}
		var budgets []string
		if v.Limit != nil {
			budgets = append(budgets, l.budget(*v.Limit))
		}
		if v.Target != nil {
			budgets = append(budgets, l.pick("目标", "target ")+l.budget(*v.Target))
		}
		s := strings.Join(facts, l.pick("且", " and ")) + l.pick("：", ": ") + strings.Join(budgets, l.pick("，", ", "))
		if v.Article != "" {
			s += l.pick("（", " (") + l.article(v.Article) + l.pick("）", ")")
		}
		list = append(list, s)
	}
	return orDash(strings.Join(list, l.pick("；", "; ")))
}

func (r *Regulation) dutyTable(l Lang) Table {
	t := Table{Title: l.pick("职责与时限", "Duties and limits"), Header: []string{l.pick("职责", "Duty"), l.pick("法定时限", "Limit by the text"),
		l.pick("内部目标（非法定）", "Operator's target (not law)"), l.pick("起算", "Runs from"), l.pick("应办部门", "Owed by"), l.pick("要求", "Asked besides"), l.pick("代码", "Code"), l.pick("条款", "Article")}}
	for _, d := range r.Duties {
		t.Rows = append(t.Rows, []string{l.pick(d.Title, d.TitleEn), d.limit(l), d.target(l), l.word(d.Start), r.party(l, d.Owes), r.remarks(d, l), d.Name, l.article(d.Article)})
	}
	return t
}

func (r *Regulation) ladderTable(l Lang) Table {
	t := Table{Title: l.pick("催督阶梯", "Ladders"), Header: []string{l.pick("适用", "For"), l.pick("步骤和告知对象", "Rungs and who is told"), l.pick("来源", "Source")}}
	add := func(name string, ladder []Rung) {
		var rungs []string
		source := FromOperator
		for _, rung := range ladder {
			s := fmt.Sprintf(l.pick("%s%s：%s", "%s, %s: %s"), l.pick(rung.when(l), l.word(string(rung.Kind))), l.pick(l.word(string(rung.Kind)), rung.when(l)), r.parties(l, rung.To))
			if rung.Article != "" {
				s += l.pick("（", " (") + l.article(rung.Article) + l.pick("）", ")")
			}
			if rung.Source == FromText {
				source = FromText
			}
			rungs = append(rungs, s)
		}
		t.Rows = append(t.Rows, []string{name, strings.Join(rungs, l.pick("；", "; ")), l.source(source)})
	}
	add(l.pick("法定时限", "limits of the text"), r.Ladders.Limit)
	add(l.pick("内部目标", "operator's targets"), r.Ladders.Target)
	for _, d := range r.Duties {
		if len(d.Ladder) > 0 {
			add(l.pick(d.Title, d.TitleEn), d.Ladder)
		}
	}
	return t
}

// when says on which working day a rung lies, counted from the last day of the limit.
func (g Rung) when(l Lang) string {
	switch {
	case g.Offset < 0:
		return fmt.Sprintf(l.pick("到期前%d个工作日", "%d working days before"), -g.Offset)
	case g.Offset > 0:
		return fmt.Sprintf(l.pick("超期第%d个工作日", "working day %d over"), g.Offset)
	}
	return l.pick("期满时", "when it is over")
}

// ruleTable is a table of rules that adds only those that there are.
type ruleTable struct {
	Table
	l Lang
}

func (l Lang) rules(title string) *ruleTable {
	return &ruleTable{l: l, Table: Table{Title: title, Header: []string{l.pick("规则", "Rule"), l.pick("内容", "Content"), l.pick("条款", "Article")}}}
}

func (t *ruleTable) add(name, content, article string) {
	if content != "" {
		t.Rows = append(t.Rows, []string{name, content, t.l.article(article)})
	}
}

// has adds a rule that is there when it has an article.
func (t *ruleTable) has(name, article string) {
	if article != "" {
		t.add(name, t.l.pick("是", "yes"), article)
	}
}

func join[T ~string](l Lang, list []T) string {
	names := make([]string, len(list))
	for i, w := range list {
		names[i] = l.word(string(w))
	}
	return strings.Join(names, l.pick("、", ", "))
}

func (l Lang) refusal(r Refusal) string {
	var carries []string
	for _, part := range []struct {
		asked  bool
		zh, en string
	}{{r.Reasons, "理由", "reasons"}, {r.LegalBasis, "依据", "legal basis"}, {r.Proof, "证明材料", "proof"}} {
		if part.asked {
			carries = append(carries, l.pick(part.zh, part.en))
		}
	}
	return strings.Join(carries, l.pick("、", ", "))
}

func (r *Regulation) shareTable(l Lang) Table {
	t := l.rules(l.pick("共享与开放", "Sharing and opening"))
	for _, e := range r.Application.Requires {
		t.add(l.pick("申请须写明", "The application says"), l.word(e.Element), e.Article)
	}
	for _, m := range r.Modes {
		content := l.word(string(m.Mode)) + l.pick("：", ": ") + l.pick(m.Name, m.NameEn)
		if m.Consent != "" {
			content += l.pick("，须经"+r.party(l, m.Consent)+"同意", ", with the consent of "+r.party(l, m.Consent))
		}
		t.add(l.pick("共享方式", "Way of sharing"), content, m.Article)
	}
	other := l.pick("不可采用", "not allowed")
	if r.OtherModes.Allowed {
		other = l.pick("可以采用", "allowed")
	}
	if r.OtherModes.Consent != "" {
		other += l.pick("，须经"+r.party(l, r.OtherModes.Consent)+"同意", ", with the consent of "+r.party(l, r.OtherModes.Consent))
	}
	t.add(l.pick("其他方式", "Other ways"), other, r.OtherModes.Article)
	t.has(l.pick("无条件共享直接获取", "Unconditional data is had directly"), r.Grants.Unconditional)
	t.has(l.pick("符合应用场景直接授权", "A fitting scenario is authorised at once"), r.Grants.Scenario)
	t.has(l.pick("可部分共享", "Part of the fields can be shared"), r.Grants.PartialFields)
	t.has(l.pick("脱敏后可共享", "May be shared desensitised"), r.Grants.Desensitised)
	t.has(l.pick("提供方有权了解使用情况", "The provider may know the use"), r.Grants.UsageVisible)
	t.has(l.pick("按答复意见使用", "Used as the answer says"), r.Grants.AsAnswered)
	t.add(l.pick("不同意共享须附", "A refusal carries"), l.refusal(r.Refusal), r.Refusal.Article)
	t.add(l.pick("补正后时限", "After completion the limit"), l.word(string(r.Completion.Effect))+l.pick("（", " (")+l.source(r.Completion.Source)+l.pick("）", ")"), r.Completion.Article)
	for _, o := range r.Coordination.For {
		t.add(l.pick("可申请协调", "Coordination when"), l.word(o.When), o.Article)
	}
	t.has(l.pick("向上级申请经主管部门", "Data held above goes through the authority"), r.Coordination.Upward)
	t.has(l.pick("多部门需求合并申请", "Several departments' needs are bundled"), r.Coordination.Bundled)
	t.has(l.pick("仅用于本部门履职", "Only for the own duty"), r.Use.OwnDutyOnly)
	t.has(l.pick("不得提供给第三方", "No passing on"), r.Use.NoPassingOn)
	misuse := l.pick("追责", "pursued")
	if r.Use.CancelsAtOnce {
		misuse = l.pick("立即取消共享并追责", "cancelled at once and pursued")
	}
	t.add(l.pick("滥用", "Misuse"), misuse, r.Use.Misuse)
	base := join(l, r.BaseData.Kinds)
	if r.BaseData.Class != "" {
		base += l.pick("：", ": ") + l.word(string(r.BaseData.Class))
	}
	t.add(l.pick("基础数据", "Base data"), orDash(base), r.BaseData.Article)
	t.add(l.pick("疑义、错误反馈方式", "Doubts are reported by"), join(l, r.Dispute.Channels), r.Dispute.Article)
	t.add(l.pick("校核也涵盖", "Doubts also cover"), join(l, r.Dispute.CoversToo), r.Dispute.Article)
	t.has(l.pick("校核期间凭有效证明照常办理", "Matters go on with valid proof meanwhile"), r.Dispute.MustProceed)
	t.has(l.pick("疑义未决由主管部门协调", "Unresolved doubts go to the authority"), r.Dispute.Unresolved)
	t.has(l.pick("更新须发布公告", "Updates are announced"), r.Dispute.Announcement)
	t.has(l.pick("使用方及时比对更新", "Users compare and update"), r.Dispute.HoldersMatch)
	if r.Opening.OnRequest {
		t.has(l.pick("依申请开放", "Opened on request"), r.Opening.Article)
		t.has(l.pick("开放前签订数据利用协议", "A data-use agreement first"), r.Opening.Agreement)
		t.add(l.pick("不同意开放须附", "A refusal to open carries"), l.refusal(r.Opening.Refusal), r.Opening.Refusal.Article)
	}
	t.has(l.pick("脱密、脱敏后可开放", "May be opened when treated"), r.Opening.Desensitised)
	return t.Table
}

func (r *Regulation) catalogTable(l Lang) Table {
	c := r.Catalog
	t := l.rules(l.pick("目录", "Catalog"))
	t.add(l.pick("目录要素", "Elements of an entry"), orDash(join(l, c.Elements)), c.ElementsArticle)
	for _, b := range c.LegalBasis {
		t.add(l.pick("须注明依据", "Cites its legal basis"), l.word(string(b.Class))+l.pick("：", ": ")+join(l, b.Sources), b.Article)
	}
	if c.NotShared.Review != "" {
		t.add(l.pick("不予共享的审核", "Not shared: reviewed by"), r.party(l, c.NotShared.Review), c.NotShared.Article)
	}
	if c.NotShared.Approval != "" {
		t.add(l.pick("不予共享的批准", "Not shared: approved by"), r.party(l, c.NotShared.Approval), c.NotShared.Article)
	}
	if c.TemporaryChange != nil {
		t.add(l.pick("临时调整类型", "Temporary change of class"), join(l, c.TemporaryChange.Grounds), c.TemporaryChange.Article)
	}
	t.add(l.pick("保密审查", "Secrecy review"), join(l, c.SecrecyReview.Scope), c.SecrecyReview.Article)
	if c.Review.Reviews {
		t.has(l.pick("主管部门审核部门目录", "The authority reviews catalogs"), c.Review.Article)
	}
	if c.Review.Merges {
		t.has(l.pick("主管部门汇总目录", "The authority merges catalogs"), c.Review.Article)
	}
	t.has(l.pick("变更发布前经主管部门审核", "Changes are approved before publication"), c.ChangeApproval)
	t.has(l.pick("一数一源，不重复采集", "One source, no second collection"), c.OneSource)
	return t.Table
}

func (r *Regulation) projectTable(l Lang) Table {
	t := l.rules(l.pick("信息化项目", "IT projects"))
	checks := func(name string, list []Check) {
		for _, c := range list {
			content := l.word(c.Check)
			if len(c.Ways) > 0 {
				content += l.pick("（", " (") + join(l, c.Ways) + l.pick("）", ")")
			}
			if c.To != "" {
				content += " → " + r.party(l, c.To)
			}
			t.add(name, content, c.Article)
		}
	}
	checks(l.pick("立项条件", "Condition of approval"), r.Projects.Initiation)
	checks(l.pick("验收条件", "Condition of acceptance"), r.Projects.Acceptance)
	checks(l.pick("上线后", "After going live"), r.Projects.Live)
	for _, c := range r.Projects.Consequences {
		content := l.word(c.Consequence)
		if c.By != "" {
			content += l.pick("（", " (") + r.party(l, c.By) + l.pick("）", ")")
		}
		if c.Tell != "" {
			content += " → " + r.party(l, c.Tell)
		}
		t.add(l.pick("不符合的后果", "Otherwise"), content, c.Article)
	}
	t.add(l.pick("例外", "Excepted"), join(l, r.Projects.Exempt), "")
	t.has(l.pick("信息系统登记", "Systems are registered"), r.Projects.Register)
	return t.Table
}

func (r *Regulation) supervisionTable(l Lang) Table {
	t := l.rules(l.pick("监督与整改", "Supervision and rectification"))
	for _, g := range r.Supervision.Grounds {
		content := l.pick(g.Title, g.TitleEn)
		if len(g.Duties) > 0 {
			var duties []string
			for _, name := range g.Duties {
				if d, ok := r.Duty(name); ok {
					name = l.pick(d.Title, d.TitleEn)
				}
				duties = append(duties, name)
			}
			content += l.pick("（", " (") + strings.Join(duties, l.pick("、", "; ")) + l.pick("）", ")")
		}
		t.add(l.pick("情形", "Ground"), content, g.Article)
	}
	for i, s := range r.Supervision.Ladder {
		content := l.pick(s.Title, s.TitleEn) + l.pick("：", ": ") + r.party(l, s.By)
		if s.Deadline {
			content += l.pick("，限期", ", with a deadline")
		}
		t.add(fmt.Sprintf(l.pick("第%d步", "Step %d"), i+1), content, s.Article)
	}
	return t.Table
}

func (r *Regulation) filingTable(l Lang) Table {
	t := Table{Title: l.pick("报备", "Filings"), Header: []string{l.pick("事项", "What"), l.pick("报备方", "By"), l.pick("报备至", "To"), l.pick("时限", "When"), l.pick("条款", "Article")}}
	for _, f := range r.Filings {
		when := "—"
		if d, ok := r.Duty(f.Duty); ok {
			when = d.limit(l)
		} else if f.Before {
			when = l.pick("事先", "beforehand")
		}
		t.Rows = append(t.Rows, []string{l.pick(f.Title, f.TitleEn), r.party(l, f.Owes), r.parties(l, f.To), when, l.article(f.Article)})
	}
	return t
}

// WriteText writes the table in columns for a terminal, where a Chinese
// character takes two places.
func (t Table) WriteText(w io.Writer) error {
	widths := make([]int, len(t.Header))
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], columns(cell))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", t.Title, strings.Repeat("─", columns(t.Title)))
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		line := ""
		for i, cell := range row {
			line += cell + strings.Repeat(" ", widths[i]-columns(cell)+2)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

func columns(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// WriteMarkdown writes the table in Markdown under a heading of that level.
func (t Table) WriteMarkdown(w io.Writer, level int) error {
	var b strings.Builder
	line := func(cells []string) {
		for _, cell := range cells {
			b.WriteString("| " + strings.ReplaceAll(cell, "|", "\\|") + " ")
		}
		b.WriteString("|\n")
	}
	fmt.Fprintf(&b, "%s %s\n\n", strings.Repeat("#", level), t.Title)
	line(t.Header)
	b.WriteString(strings.Repeat("| --- ", len(t.Header)) + "|\n")
	for _, row := range t.Rows {
		line(row)
	}
	_, err := io.WriteString(w, b.String()+"\n")
	return err
}

// WriteDocs writes docs/regulations.md: what the regulations set side by side,
// then each of them, Chinese and English.
func (l *Library) WriteDocs(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# 法规 · Regulations\n\n" +
		"<!-- Generated from policies/regulations by `gongshu regulation docs`. Do not edit. -->\n\n" +
		"Generated from the files in `policies/regulations`. “未规定 / none” means that the text sets no number; a target is the\n" +
		"operator's own aim and never law.\n\n")
	if err := l.overview().WriteMarkdown(&b, 2); err != nil {
		return err
	}
	if err := l.comparison().WriteMarkdown(&b, 2); err != nil {
		return err
	}
	for _, r := range l.all {
		fmt.Fprintf(&b, "## %s · %s\n\n%s\n\n", r.Ref(), r.Title, r.TitleEn)
		for _, lang := range []Lang{Zh, En} {
			for _, t := range r.Tables(lang) {
				if err := t.WriteMarkdown(&b, 3); err != nil {
					return err
				}
			}
		}
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

func (l *Library) overview() Table {
	t := Table{Title: "施行中的法规 · In force", Header: []string{"编号 id", "法规 title", "文号 number", "施行 from", "有效期至 until", "主管部门 authority"}}
	for _, r := range l.all {
		until := "—"
		if last := r.LastDay(); last != nil {
			until = last.String()
		}
		t.Rows = append(t.Rows, []string{r.Ref(), r.Title, orDash(r.Number), r.From.String(), until, r.party(Zh, Authority)})
	}
	return t
}

func (l *Library) comparison() Table {
	t := Table{Title: "时限对照 · Limits side by side", Header: []string{"职责 duty"}}
	var names []string
	for _, r := range l.all {
		t.Header = append(t.Header, r.Ref())
		for _, d := range r.Duties {
			if d.Source == FromText && !slices.Contains(names, d.Name) {
				names = append(names, d.Name)
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		row := []string{name}
		for _, r := range l.all {
			cell := "—"
			if d, ok := r.Duty(name); ok && d.Source == FromText {
				cell = d.limit(Zh) + "，" + ArticleZh(d.Article)
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}
