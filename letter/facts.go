package letter

import (
	"fmt"
	"reflect"
	"time"

	"gongshu/sharing"
)

// Facts are what a wording can speak of, in the words of the letter's language.
// Which of them there are depends on the kind of letter; the others are empty. The
// names are the wording's own: {{.Applicant}}.
type Facts struct {
	Number     string // of the case
	Issuer     string
	Addressee  string
	Applicant  string
	Provider   string
	Authority  string
	Matter     string // what the case is about, in one line
	Regulation string // with its title marks
	Article    string // the article of the act, such as 第十六条
	IssuedOn   string
	Received   string // the day of receipt

	Purpose string
	Duty    string // the legal duty that the data serves
	Mode    string // the way of sharing
	Term    string
	Fields  []string // agreed to, or asked for when all are
	All     bool     // all that was asked for

	Agreed       bool
	Conditions   string
	Desensitised bool
	Reasons      string
	Basis        []Basis
	ProvideBy    string // the last day for providing the data
	Coordination string // the article under which the authority can be asked to coordinate
	Agreement    bool   // a data-use agreement is to be signed first

	Gaps []string
	Note string

	Owed       string // the duty that is waited for
	DueOn      string
	Late       int // working days over
	ReplyBy    string
	ExtendedBy string

	Outcome     string // a code: corrected, explained; overturned, upheld, catalogued, passed_up, declined
	WasWrong    string
	Correction  string
	CorrectedOn string
	HeldBy      string

	Ground       string
	Finding      string
	MendBy       string
	Consequences []string
}

// Basis is one ground of law.
type Basis struct {
	Law     string
	Article string
}

// Field is one of the [Facts] as wordings know it.
type Field struct {
	Name string
	// List: it has several values, for range and list. Yes: it is true or false, for
	// if. Of the grounds of law each has .Law and .Article.
	List, Yes bool
}

// FieldsOf lists the facts that a letter of a kind has, in the order of [Facts].
func FieldsOf(k Kind) []Field {
	var fields []Field
	of := reflect.TypeFor[Facts]()
	for i := range of.NumField() {
		for _, sample := range Samples(k, Chinese) {
			if !reflect.ValueOf(sample).Field(i).IsZero() {
				kind := of.Field(i).Type.Kind()
				fields = append(fields, Field{Name: of.Field(i).Name, List: kind == reflect.Slice, Yes: kind == reflect.Bool})
				break
			}
		}
	}
	return fields
}

// Day writes a day as documents do, without leading zeros (GB/T 9704-2012,
// 7.3.5.4): 2026年11月5日, or 5 November 2026.
func Day(l Locale, d sharing.Date) string {
	if d.IsZero() {
		return ""
	}
	year, month, day := d.Civil()
	if l == English {
		return fmt.Sprintf("%d %s %d", day, time.Month(month), year)
	}
	return fmt.Sprintf("%d年%d月%d日", year, int(month), day)
}

// Term writes a number of months.
func Term(l Locale, months int) string {
	switch {
	case months == 0:
		return ""
	case l != English:
		return fmt.Sprintf("%d个月", months)
	case months == 1:
		return "1 month"
	}
	return fmt.Sprintf("%d months", months)
}

// WorkingDays writes a number of working days.
func WorkingDays(l Locale, n int) string {
	switch {
	case l != English:
		return fmt.Sprintf("%d个工作日", n)
	case n == 1:
		return "1 working day"
	}
	return fmt.Sprintf("%d working days", n)
}

// Word puts a code of the domain into words: a way of sharing, a condition of a
// project and why it is not met, a consequence. A code that is not known stands
// for itself.
func Word(l Locale, code string) string {
	names, ok := words[code]
	switch {
	case !ok:
		return code
	case l == English:
		return names[1]
	}
	return names[0]
}

var words = map[string][2]string{
	string(sharing.QueryAPI):      {"查询接口", "query interface"},
	string(sharing.Batch):         {"批量提供", "batch"},
	string(sharing.TableExchange): {"库表交换", "table exchange"},
	string(sharing.Verification):  {"核验代理", "verification proxy"},
	string(sharing.File):          {"文件", "file"},
	string(sharing.Browsing):      {"在线浏览", "online browsing"},

	sharing.CheckResourceList:    {"数据资源清单", "the list of data resources"},
	sharing.CheckCatalogued:      {"编入目录", "to be catalogued"},
	sharing.CheckCollected:       {"归集到数据中心", "to be collected to the data center"},
	sharing.CheckShared:          {"按清单共享", "to be shared as listed"},
	sharing.CheckQuality:         {"数据质量符合要求", "data of sound quality"},
	sharing.CheckUpdated:         {"按周期更新", "to be updated within its cycle"},
	sharing.CheckSecurityTest:    {"等级保护测评结果", "the security-protection test results"},
	sharing.CheckPerformanceTest: {"功能性能测评结果", "the performance test results"},
	sharing.CheckDocuments:       {"设计、数据库和接口文档备份留档", "design, database and interface documents to be filed"},
	sharing.CheckSharingStatus:   {"投入使用后的共享情况", "sharing as listed, while live"},
	sharing.CheckLiveMonitoring:  {"实时在线监管", "live supervision"},

	sharing.NoList:           {"没有清单", "there is no list"},
	sharing.NotCatalogued:    {"尚未编目", "not catalogued"},
	sharing.OfAnother:        {"所列条目属于其他部门", "an entry of another department"},
	sharing.EntryWithdrawn:   {"条目已撤销", "the entry was withdrawn"},
	sharing.LessShared:       {"共享程度低于清单", "shared less than listed"},
	sharing.PastUpdateCycle:  {"超过更新周期", "past its update cycle"},
	sharing.NotOnPlatformYet: {"数据不在平台上", "the data is not on the platform"},

	"no_initiation":        {"不予审批新建项目", "no initiation of new projects is approved"},
	"no_acceptance":        {"项目不予验收", "the project is not accepted"},
	"funds_held":           {"暂停拨付后续建设资金", "further construction funds are held"},
	"no_maintenance_funds": {"不予安排运行维护经费", "no operation and maintenance funds are provided"},
	"new_projects_held":    {"新建项目暂缓安排", "new projects are deferred"},
}
