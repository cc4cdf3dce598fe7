package regulation

import (
	"fmt"
	"time"

	"gongshu/sharing"
)

// Lang is a language that regulations are shown in.
type Lang string

const (
	Zh Lang = "zh"
	En Lang = "en"
)

// pick returns the text in the language.
func (l Lang) pick(zh, en string) string {
	if l == En {
		return en
	}
	return zh
}

// article cites an article in the language; "" is a dash.
func (l Lang) article(s string) string {
	if s == "" {
		return "—"
	}
	return l.pick(ArticleZh(s), ArticleEn(s))
}

// word returns what a word of the file format is called in the language.
func (l Lang) word(w string) string {
	if names, ok := words[w]; ok {
		return l.pick(names[0], names[1])
	}
	return w
}

// source says where something comes from.
func (l Lang) source(s Source) string {
	if s == FromOperator {
		return l.pick("运行方设定", "operator")
	}
	return l.word(string(s))
}

// words names every word that the file format knows, in Chinese and English.
var words = map[string][2]string{
	string(Authority):    {"大数据主管部门", "authority"},
	string(Supervisor):   {"上级", "supervisor"},
	string(LeadingGroup): {"领导小组", "leading group"},
	string(Finance):      {"财政或资金管理部门", "finance"},
	string(Operator):     {"平台运行单位", "platform operator"},
	string(Provider):     {"数据提供方", "provider"},
	string(Requester):    {"数据使用方", "requester"},
	string(Security):     {"网信、公安", "security"},
	string(Public):       {"公众", "public"},
	string(Owing):        {"应办部门", "whoever owes it"},

	string(FromText): {"文本规定", "text"},
	string(Restarts): {"重新起算", "restarts"},
	string(Resumes):  {"继续计算", "resumes"},

	string(sharing.Unconditional): {"无条件共享", "unconditional"},
	string(sharing.Conditional):   {"有条件共享", "conditional"},
	string(sharing.NotShared):     {"不予共享", "not shared"},

	string(sharing.QueryAPI):      {"查询接口", "query interface"},
	string(sharing.Batch):         {"批量", "batch"},
	string(sharing.TableExchange): {"库表交换", "table exchange"},
	string(sharing.Verification):  {"核验代理", "verification proxy"},
	string(sharing.File):          {"文件", "file"},
	string(sharing.Browsing):      {"在线浏览", "online browsing"},

	string(sharing.Reminder):      {"提醒", "reminder"},
	string(sharing.LimitReached):  {"到期", "due"},
	string(sharing.Urged):         {"催办", "urged"},
	string(sharing.Supervised):    {"督办", "supervised"},
	string(sharing.Rectification): {"整改", "rectification"},

	ApplicationReceived: {"收到申请", "receipt of the application"},
	PrecheckPassed:      {"主管部门初审通过", "the authority's precheck passed"},
	AnswerGiven:         {"作出答复", "the answer"},
	DataProvided:        {"提供数据", "provision of the data"},
	CoordinationAsked:   {"申请协调", "the request to coordinate"},
	DisputeReceived:     {"收到疑义、错误反馈", "receipt of the doubt or error"},
	LawChanged:          {"法律法规修改或职能变化", "the change of law or function"},
	ElementsChanged:     {"资源要素变化", "the change in the elements"},
	NoticeGiven:         {"发出通知", "the notice"},
	DataUpdated:         {"上次更新", "the last update"},
	OpeningAsked:        {"收到开放申请", "receipt of the request to open"},
	MisuseFound:         {"发现滥用", "finding the misuse"},
	SpecialistChanged:   {"数据专员变动", "the change of specialist"},
	IncidentFound:       {"发现安全事件", "finding the incident"},
	FindingMade:         {"作出检查结论", "the finding"},
	YearBegun:           {"年度开始", "the beginning of the year"},

	"yearly":   {"每年", "yearly"},
	"periodic": {"定期", "periodic"},
	"by_cycle": {"按更新周期", "by update cycle"},

	string(sharing.WorkingDays):  {"工作日", "working days"},
	string(sharing.CalendarDays): {"日", "calendar days"},
	string(sharing.Months):       {"月", "months"},
	string(sharing.UpdateCycles): {"更新周期", "update cycles"},
	string(sharing.Immediately):  {"即时", "at once"},
	string(sharing.Elapsed):      {"时长", "elapsed time"},

	"purpose":           {"用途", "purpose"},
	"duration":          {"共享时限", "duration"},
	"mode":              {"共享方式", "mode"},
	"scenario":          {"应用场景", "scenario"},
	"legal_duty":        {"履职依据", "legal duty"},
	"business_analysis": {"核心业务梳理", "analysis of core business"},

	AfterRefusal:  {"未获同意", "refused"},
	AfterDispute:  {"对数据有疑义", "an unresolved doubt"},
	WhenNotListed: {"未列入目录", "not in the catalog"},

	"population":    {"人口", "population"},
	"legal_person":  {"法人", "legal persons"},
	"credit":        {"信用", "credit"},
	"geography":     {"自然资源和空间地理", "natural resources and geography"},
	"licence":       {"电子证照", "electronic licences"},
	"macro_economy": {"宏观经济", "macro-economy"},

	"platform":  {"共享平台", "platform"},
	"interface": {"接口", "interface"},
	"manual":    {"手工录入", "by hand"},
	"catalog":   {"目录", "catalog"},

	"name":          {"名称", "name"},
	"content":       {"内容", "content"},
	"encoding":      {"编码格式", "encoding"},
	"sharing_class": {"共享属性", "sharing class"},
	"opening_class": {"开放属性", "opening class"},
	"update_cycle":  {"更新周期", "update cycle"},
	"category":      {"分类", "category"},
	"format":        {"格式", "format"},
	"fields":        {"信息项", "fields"},

	"law":                       {"法律", "law"},
	"administrative_regulation": {"行政法规", "administrative regulation"},
	"regulation":                {"法规", "regulation"},
	"rule":                      {"规章", "rule"},
	"state_provision":           {"国家有关规定", "state provision"},
	"state_document":            {"国家文件", "state document"},
	"provincial_document":       {"省级文件", "provincial document"},
	"provincial_policy":         {"省级以上部门政策", "policy of province level and above"},

	"national_security": {"国家安全", "national security"},
	"public_interest":   {"公共利益", "public interest"},
	"public_incident":   {"处置公共事件", "public incidents"},
	"sharing":           {"共享", "sharing"},
	"opening":           {"开放", "opening"},

	"resource_list":           {"数据资源清单", "list of data resources"},
	"catalogued":              {"完成编目", "catalogued"},
	"collected":               {"完成归集", "collected"},
	"shared":                  {"实现共享", "shared"},
	"quality":                 {"数据质量符合要求", "of required quality"},
	"updated":                 {"更新及时", "updated in time"},
	"security_test_report":    {"等级保护测评结果", "security-protection test result"},
	"performance_test_report": {"功能性能测评结果", "performance test result"},
	"documents_filed":         {"设计、数据库和接口文档留档", "documents filed"},
	"live_monitoring":         {"上线后实时在线监管", "continuous supervision when live"},
	"sharing_status":          {"投入使用后的共享情况", "state of sharing when live"},
	"front_end_machine":       {"前置机", "front-end machine"},
	"api":                     {"数据接口", "API"},
	"warehouse":               {"数据仓", "data warehouse"},
	"classified":              {"涉密项目除外", "classified projects excepted"},

	"no_initiation":        {"不予审批", "not approved"},
	"no_acceptance":        {"不予验收", "not accepted"},
	"funds_held":           {"建议暂停拨付后续资金", "further funds suspended"},
	"no_maintenance_funds": {"不予安排运维经费", "no maintenance funds"},
	"new_projects_held":    {"影响新建项目资金", "funds for new projects held"},

	"notice":    {"通知整改", "notice to rectify"},
	"report":    {"上报", "report"},
	"order":     {"责令限期改正", "order to correct"},
	"criticism": {"通报", "public criticism"},
	"sanctions": {"处分", "sanctions"},

	"data_specialist":    {"数据专员", "data specialists"},
	"purchased_data":     {"购买的数据", "purchased data"},
	"information_system": {"信息系统", "information systems"},
	"document":           {"文档", "documents"},
	"security_test":      {"测评结果", "test results"},
	"security_incident":  {"安全事件", "security incidents"},
}

// BudgetZh writes a limit in Chinese: 5个工作日.
func BudgetZh(b sharing.Budget) string {
	rolling := ""
	if b.Rolling {
		rolling = "（遇休息日顺延）"
	}
	switch b.Unit {
	case sharing.WorkingDays:
		return fmt.Sprintf("%d个工作日", b.N)
	case sharing.CalendarDays:
		return fmt.Sprintf("%d日", b.N) + rolling
	case sharing.Months:
		return fmt.Sprintf("%d个月", b.N) + rolling
	case sharing.UpdateCycles:
		return fmt.Sprintf("%d个更新周期", b.N) + rolling
	case sharing.Immediately:
		return "即时"
	case sharing.Yearly:
		if endOfMonth(b) {
			return fmt.Sprintf("每年%d月底前", b.Month)
		}
		return fmt.Sprintf("每年%d月%d日前", b.Month, b.Day)
	case sharing.Elapsed:
		return durationZh(b.For)
	}
	return string(b.Unit)
}

// BudgetEn writes a limit in English: "5 working days".
func BudgetEn(b sharing.Budget) string {
	count := func(unit string) string {
		s := fmt.Sprintf("%d %s", b.N, unit)
		if b.N != 1 {
			s += "s"
		}
		if b.Rolling {
			s += ", moving off days off"
		}
		return s
	}
	switch b.Unit {
	case sharing.WorkingDays:
		return count("working day")
	case sharing.CalendarDays:
		return count("calendar day")
	case sharing.Months:
		return count("month")
	case sharing.UpdateCycles:
		return count("update cycle")
	case sharing.Immediately:
		return "at once"
	case sharing.Yearly:
		if endOfMonth(b) {
			return "by the end of " + b.Month.String()
		}
		return fmt.Sprintf("by %d %s", b.Day, b.Month)
	case sharing.Elapsed:
		return b.For.String()
	}
	return string(b.Unit)
}

func (l Lang) budget(b sharing.Budget) string {
	if l == En {
		return BudgetEn(b)
	}
	return BudgetZh(b)
}

func endOfMonth(b sharing.Budget) bool {
	return sharing.NewDate(2024, b.Month, b.Day) == sharing.NewDate(2024, b.Month+1, 0)
}

func durationZh(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return fmt.Sprintf("%d小时", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d分钟", d/time.Minute)
	}
	return fmt.Sprintf("%d秒", d/time.Second)
}
