package api

import (
	"context"
	"encoding/json"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

	"gongshu/desk"
	"gongshu/sharing"
)

// Codes of problems that only HTTP knows.
const (
	codeMalformed sharing.Code = "malformed"              // cannot be read as this kind of request at all
	codeMethod    sharing.Code = "method_not_allowed"     // the path is there, the method is not
	codeMediaType sharing.Code = "unsupported_media_type" // another Content-Type or Content-Encoding
	codeInternal  sharing.Code = "internal"               // our mistake; the log has it under the request id
)

// text is something in both languages.
type text struct{ zh, en string }

func (t text) in(chinese bool) string {
	if chinese {
		return t.zh
	}
	return t.en
}

// kind is what a code comes to: status, title and what the caller can do.
type kind struct {
	code   sharing.Code
	status int
	title  text
	advice text
}

// kinds is the one table from codes to answers. docs/api.md shows it.
var kinds = []kind{
	{codeMalformed, 400, text{"请求无法识读", "The request cannot be read"},
		text{"按 errors 所列的参数或字段改正后再发。", "Correct the parameters or fields that errors names."}},
	{sharing.CodeUnauthenticated, 401, text{"请先登录", "Sign in first"},
		text{"在 Authorization 中带上有效的访问令牌。", "Send a valid access token in Authorization."}},
	{desk.CodeKeyExpired, 401, text{"密钥已过期", "The key has expired"},
		text{"密钥或者轮换前的旧密钥已过有效期；请换用新密钥，或请管理员签发。", "The key is past its time, or its secret from before a rotation is; use the new secret, or ask the operator for a key."}},
	{desk.CodeKeyRevoked, 401, text{"密钥已吊销", "The key was revoked"},
		text{"请管理员签发新的密钥。", "Ask the operator for another key."}},
	{desk.CodeKeyAddress, 403, text{"不允许从此地址使用密钥", "The key is not for use from this address"},
		text{"从密钥允许的地址访问，或请管理员调整。", "Call from an address that the key allows, or ask the operator for a key that allows yours."}},
	{desk.CodeKeyScope, 403, text{"超出密钥的范围", "Out of the key's scopes"},
		text{"密钥须有 detail 所列范围之一；密钥的管理只能由人办理。", "The key needs one of the scopes that detail names; keys themselves only people manage."}},
	{desk.CodeSignInUnknown, 403, text{"账号尚未开通", "The account has not been opened here"},
		text{"令牌有效，但 detail 所列的账号在本系统没有用户；请管理员开通。", "The token is sound, but nobody here is whom detail names; ask the operator to open the account."}},
	{desk.CodeSignInDepartment, 403, text{"部门不一致", "Of another department"},
		text{"令牌中的部门与本系统登记的不一致；请管理员核对。", "The department in the token is not the one registered here; ask the operator to compare them."}},
	{desk.CodeSignInRoles, 403, text{"没有可用的角色", "Without a role here"},
		text{"令牌中的用户组在本系统没有对应的角色。", "No group in the token is a role that the user has here."}},
	{sharing.CodeForbidden, 403, text{"无权办理", "Not yours to do"},
		text{"此事由其他角色或部门办理。", "Another role or department does this."}},
	{sharing.CodeNotFound, 404, text{"未找到", "Not found"},
		text{"不存在，或者您无权查看。", "It does not exist, or is not for you to see."}},
	{codeMethod, 405, text{"不支持此方法", "Method not allowed"},
		text{"可用的方法见 Allow。", "Allow names the methods there are."}},
	{sharing.CodeWrongState, 409, text{"当前状态不能办理", "Not possible in this state"},
		text{"current 是当前状态；先重新读取。", "current says how it stands; read it again."}},
	{sharing.CodeAlreadyDecided, 409, text{"已有答复", "Already decided"},
		text{"他人已先作出答复，见 current。", "Somebody else was first; see current."}},
	{sharing.CodeCompletionUsed, 409, text{"已要求过一次补正", "Completion was asked for before"},
		text{"补正只能要求一次，请直接答复。", "Completion is asked for once only; answer the application."}},
	{sharing.CodeNoExtension, 409, text{"不能延长期限", "The limit cannot be extended"},
		text{"所在地规定不允许延期，或已延过，或期限已过；请在期限内答复。", "The regulation allows no extension or no further one, or the limit has passed; answer the application."}},
	{sharing.CodeUrged, 409, text{"今天已催办过", "Urged today already"},
		text{"每个部门对同一事项每天催办一次；detail 写明可再次催办的日期。", "A department urges a case once a day; detail says from which day it can be again."}},
	{sharing.CodeMerged, 409, text{"部门已并入其他部门", "The department was merged into another"},
		text{"由承接的部门办理，detail 写明是哪个部门；未办结的事项由主管部门移交。", "The department that detail names does this now; what is still open the authority hands over to it."}},
	{sharing.CodeKeyReused, 409, text{"幂等键已用于其他请求", "The Idempotency-Key was used for another request"},
		text{"每一次新的办理都用新的 Idempotency-Key。", "Use a new Idempotency-Key for each change that is meant."}},
	{sharing.CodeInProgress, 409, text{"同一请求正在办理", "The same request is still being carried out"},
		text{"稍后用同一 Idempotency-Key 重发，即得到结果。", "Send it again a little later with the same Idempotency-Key and you get its answer."}},
	{sharing.CodeStale, 412, text{"已有变动，请重新读取", "It has changed meanwhile"},
		text{"重新读取，以新的 ETag 再作决定。", "Read it again and decide on the new ETag."}},
	{sharing.CodeTooLarge, 413, text{"内容过大", "Too large"},
		text{"JSON 正文不超过 1 MiB，文件不超过 20 MiB。", "A JSON body has at most 1 MiB, a file at most 20 MiB."}},
	{codeMediaType, 415, text{"不支持的内容类型", "Unsupported content type"},
		text{"JSON 正文用 application/json（UTF-8，不压缩），文件用 multipart/form-data。", "Send application/json (UTF-8, not compressed), and files as multipart/form-data."}},
	{sharing.CodeInvalid, 422, text{"填写有误", "Some fields break a rule"},
		text{"按 errors 所列逐项改正。", "Correct each field that errors names."}},
	{sharing.CodeBasisRequired, 422, text{"不予共享须写明理由和法律依据", "A refusal needs reasons and legal basis"},
		text{"补齐理由和依据；依据的条款见 article。", "Add the reasons and the basis; article says who asks for them."}},
	{sharing.CodeNotShared, 422, text{"不予共享的资源不能申请", "The resource is not shared by application"},
		text{"按所在地规定提请主管部门协调，条款见 article。", "Ask the authority to coordinate, where the regulation in article knows that way."}},
	{sharing.CodeNoRegulation, 422, text{"收件当日没有有效的规定", "No regulation was in force on the day of receipt"},
		text{"改用有效期内的收件日，或由管理员登记延期。", "Use a day of receipt within a regulation's validity, or have the operator record a prolongation."}},
	{sharing.CodeBeyondCalendar, 422, text{"期限超出工作日历", "The limit ends beyond every known calendar"},
		text{"日历覆盖 2008 年起；请换用日历之内的日期。", "Calendars begin in 2008; use days within them."}},
	{sharing.CodeConditionalRead, 428, text{"缺少 If-Match", "If-Match is missing"},
		text{"先读取，再把 ETag 放进 If-Match。", "Read first, and send its ETag in If-Match."}},
	{sharing.CodeFileLost, 500, text{"文件内容丢失或已损坏", "The content of the file is lost or damaged"},
		text{"请管理员从备份恢复文件存储。", "Ask the operator to restore the file store from a copy."}},
	{sharing.CodeTooMany, 429, text{"请求过于频繁", "Asked for too often"},
		text{"在 Retry-After 之后再试。", "Try again after Retry-After."}},
	{codeInternal, 500, text{"系统内部错误", "Something went wrong on our side"},
		text{"请把 request_id 告诉管理员。", "Tell the operator the request_id."}},
	{sharing.CodeUnavailable, 503, text{"系统暂时不可用", "Part of the system is away"},
		text{"在 Retry-After 之后用同一 Idempotency-Key 重发；已办成的不会再办一次。", "Send it again after Retry-After with the same Idempotency-Key; what was done is not done twice."}},
}

func kindOf(code sharing.Code) kind {
	for _, k := range kinds {
		if k.code == code {
			return k
		}
	}
	return kindOf(codeInternal)
}

// rule is a broken rule in words.
type rule struct {
	text
	bound bool // the detail is a bound or a place and belongs behind the words
}

// rules are all that errors may name, whichever room found them broken.
var rules = map[string]rule{
	"apart":                 {text{"不得由同一人担任", "are held by different people"}, true},
	"choose":                {text{"请选择", "choose one"}, false},
	"department_id":         {text{"编号格式有误，须为", "not an id of a department:"}, true},
	"expectation":           {text{"不符合必须遵守的期望", "breaks what must hold"}, true},
	"head_hash":             {text{"须为链头的校验码", "the head's hash, which is"}, true},
	"head_seq":              {text{"须为链头的行号，即", "the head's number:"}, true},
	"id":                    {text{"登录名格式有误，须为", "not a sign-in name:"}, true},
	"in_force":              {text{"这些规则已在施行", "these rules are in force already"}, false},
	"itself":                {text{"不能并入自身", "not into itself"}, false},
	"labels":                {text{"须给出", "give"}, true},
	"last_security_officer": {text{"是本地区最后一名安全管理员", "is the region's last security officer"}, true},
	"never_done":            {text{"不会对其进行此种操作", "is never done to it"}, true},
	"not_for_keys":          {text{"密钥不能担任此角色", "no role for a key"}, true},
	"notice":                {text{"通知文本有误", "not a sound notice"}, true},
	"office":                {text{"只能由此性质的部门任命", "appointed only by a department of kind"}, true},
	"oneself":               {text{"不能对自己进行", "nobody does this to themself"}, false},
	"person_or_post":        {text{"须给出人员，或者角色与部门", "give a person, or roles and a department"}, false},
	"policy_rule":           {text{"规则文本有误", "not a sound rule"}, true},
	"rehearse":              {text{"请先演练", "rehearse it first"}, false},
	"successor":             {text{"已并入该部门", "was merged into it"}, true},
	"taken":                 {text{"已被占用", "is taken"}, true},
	"code":                  {text: text{"验证码不对，还可以试的次数", "not the code; tries left"}, bound: true},
	"code_over":             {text: text{"验证码已失效", "the code is no longer good"}},
	"contact":               {text: text{"须为电子邮箱或者手机号码", "an e-mail address or a mobile number"}},
	"day":                   {text: text{"须为 2000 年以后的日期", "a day from 2000 on"}},
	"no_agreement":          {text: text{"规定没有数据利用协议", "the regulation has no data-use agreement"}},
	"not_on_platform":       {text: text{"平台已共享的数据不得重复购买", "what the platform shares is not bought again"}},
	"open_already":          {text: text{"该数据向所有人开放，不需要申请", "it is open to all and need not be asked for"}},
	"register":              {text: text{"规定没有这项报备", "the regulation has no such register"}},
	"same_name":             {text: text{"须为申请时的姓名或者名称", "the name under which it was asked for"}},
	"time_of_day":           {text: text{"须为时间，如 09:30", "a time, such as 09:30"}},
	"agreement_only":        {text: text{"只用于同意", "belongs to an agreement"}},
	"allowed_mode":          {text: text{"所在地规定不允许此共享方式", "the regulation does not allow this way of sharing"}},
	"asked_by_law":          {text: text{"适用的办法没有这项检查", "the regulation asks for no such check"}},
	"asked_for":             {text: text{"不在申请范围内", "was not asked for"}},
	"authority_itself":      {text: text{"主管部门不能对自己发出整改", "the authority does not order itself"}},
	"automatic":             {text: text{"由目录自动判断，不能人工填写", "answered by the catalog"}},
	"base_data":             {text: text{"基础数据须按规定的属性共享", "base data is shared in this class"}, bound: true},
	"catalog_not_covered":   {text: text{"规定的校核不包括目录", "the regulation provides for doubts about data only"}},
	"changes_nothing":       {text: text{"与现有条目相同", "the entry is like this already"}},
	"channel":               {text: text{"规定没有这种反馈方式，可用", "the regulation has no such channel; it has"}, bound: true},
	"characters":            {text: text{"须为 UTF-8，且不含控制字符", "valid UTF-8 without control characters"}},
	"check_answered":        {text: text{"还有检查项没有结果", "a check is not answered yet"}, bound: true},
	"check_met":             {text: text{"检查项不符合", "a check is not met"}, bound: true},
	"colleague":             {text: text{"须为本部门在岗同事", "an active colleague of your department"}},
	"coordinated":           {text: text{"已提请协调", "has been taken to the authority already"}, bound: true},
	"correction_only":       {text: text{"只用于更正", "belongs to a correction"}},
	"cursor":                {text: text{"游标无效，请从第一页重新读取", "not a cursor of this list; begin with the first page"}},
	"cut_short":             {text: text{"内容不完整", "the body ended early"}},
	"data_only":             {text: text{"针对目录条目的疑义不涉及记录", "a doubt about a catalog entry is about no record"}},
	"duplicate":             {text: text{"同名字段出现多次", "the name occurs twice"}},
	"earliest":              {text: text{"不早于", "not before"}, bound: true},
	"either":                {text: text{"请给出 days，或者 regulation 和 duty", "give days, or regulation and duty"}},
	"escape":                {text: text{"转义有误", "badly escaped"}},
	"exists":                {text: text{"不存在", "does not exist"}},
	"explanation_only":      {text: text{"只用于说明", "belongs to an explanation"}},
	"field_of_resource":     {text: text{"资源没有此数据项", "the resource has no such field"}},
	"file_name":             {text: text{"文件名须为 1 至 200 个字符", "a file has a name of 1 to 200 characters"}},
	"file_type":             {text: text{"只接受 PDF、OFD、DOCX、XLSX、CSV、TXT、PNG、JPEG、ZIP，且内容须与文件名相符", "accepted are PDF, OFD, DOCX, XLSX, CSV, TXT, PNG, JPEG and ZIP, each holding what its name says"}},
	"fits_occasion":         {text: text{"与情形不符", "does not fit the occasion"}},
	"format":                {text: text{"格式有误", "wrong format"}},
	"gains_nothing":         {text: text{"该同事已有相同职责", "this colleague holds the same roles already"}},
	"gap_named":             {text: text{"没有不符合的检查项", "no check is unmet"}},
	"held":                  {text: text{"本部门没有该资源的有效授权", "the department holds no grant on the resource"}},
	"in_future":             {text: text{"须晚于今天", "after today"}},
	"in_standing":           {text: text{"该部门另有项目不符合要求", "another project of the department does not meet the requirements"}, bound: true},
	"in_words":              {text: text{"用文字说明的数据不涉及办件", "data in words follows from no case"}},
	"incompatible":          {text: text{"该同事的职责不能兼任其他职责", "this colleague's duty bears no other beside it"}},
	"json":                  {text: text{"不是合法的 JSON", "not JSON"}, bound: true},
	"max_items":             {text: text{"项数过多，最多", "too many, at most"}, bound: true},
	"max_length":            {text: text{"过长，最多字数", "too long, at most characters"}, bound: true},
	"merged":                {text: text{"部门已并入", "the department was merged into"}, bound: true},
	"needs_resource":        {text: text{"期限取决于资源的更新周期，不能单独测算", "depends on the update cycle of a resource"}},
	"no_body":               {text: text{"此请求没有正文", "this request has no body"}},
	"no_limit":              {text: text{"规定未设期限", "the text sets no limit"}},
	"no_term":               {text: text{"此步骤不设期限", "this step sets no deadline"}},
	"not_before":            {text: text{"不能早于第一天", "not before the first day"}},
	"not_earlier":           {text: text{"不能早于第一天", "not before the first day"}},
	"not_empty":             {text: text{"文件为空", "the file is empty"}},
	"not_in_future":         {text: text{"不能晚于今天", "not after today"}},
	"not_in_past":           {text: text{"不能早于今天", "not before today"}},
	"not_internal":          {text: text{"仅本部门可见的留言不能带附件，也不能作为回复", "a remark within the department has no files and is no reply"}},
	"not_own":               {text: text{"不能申请本部门的数据", "a department does not apply for its own data"}},
	"not_provided_for":      {text: text{"所在地规定没有这一种变更", "the regulation does not provide for it"}},
	"nothing_to_lend":       {text: text{"没有可以委托的职责", "no role that can be lent"}},
	"number":                {text: text{"数值过大", "the number is too large"}},
	"obtainable":            {text: text{"不能申请此资源", "cannot be had by application"}},
	"offered":               {text: text{"规定没有这种情形的协调", "the regulation has no coordination on this occasion"}},
	"one_file":              {text: text{"须且只须一个名为 file 的文件", "exactly one part named file, with a file name"}},
	"one_of":                {text: text{"须为其中之一", "one of"}, bound: true},
	"one_source":            {text: text{"其他部门已有相同数据，须写明理由", "another department provides this; say why it is needed nevertheless"}, bound: true},
	"one_term":              {text: text{"工作日数与截止日期只能给出一项", "working days or a last day, not both"}},
	"open_change":           {text: text{"此条目已有未办结的变更", "another change of this entry is still open"}, bound: true},
	"other":                 {text: text{"不能是现提供部门或申请部门", "neither the present provider nor the applicant"}},
	"other_case":            {text: text{"须为另一事项", "another case than this"}},
	"other_kind":            {text: text{"属于另一种变更", "belongs to another kind of change"}},
	"overturned_only":       {text: text{"只用于支持申请部门的决定", "belongs to a ruling for the applicant"}},
	"own_change":            {text: text{"不能审核自己提出的目录变更", "nobody reviews catalog changes of their own"}, bound: true},
	"own_data":              {text: text{"本部门的数据由本部门自行更正", "a department corrects its own data itself"}},
	"own_entry":             {text: text{"须为本部门目录中的条目", "an entry of the department’s own catalog"}},
	"owner":                 {text: text{"须为申请部门、大数据主管部门和现已确定部门以外的部门", "a department other than the applicant's, the authority and the one named before"}},
	"owner_first":           {text: text{"请先确定数据主管部门", "name the owner first"}},
	"passed_up_only":        {text: text{"只用于转向上级申请", "belongs to what is passed up"}},
	"own_department":        {text: text{"不是本部门的条目", "another department's entry"}},
	"pattern":               {text: text{"格式有误", "wrong format"}},
	"range":                 {text: text{"超出范围", "out of range"}, bound: true},
	"refusal_only":          {text: text{"只用于不予共享", "belongs to a refusal"}},
	"required":              {text: text{"必填", "required"}},
	"same_change":           {text: text{"须是同一条目的同一种变更", "stays the same kind of change of the same entry"}},
	"schema":                {text: text{"不符合接口规范", "not as specified"}},
	"single":                {text: text{"只能出现一次", "only once"}},
	"time_passed":           {text: text{"整改期限未满，情节严重的除外", "the time given has not passed, and the case is not serious"}},
	"type":                  {text: text{"类型有误", "wrong type"}},
	"under_verification":    {text: text{"本部门提出的疑义正在校核", "the department has reported it, and it is being verified"}, bound: true},
	"unique":                {text: text{"重复", "occurs twice"}},
	"unknown":               {text: text{"未知的名称", "unknown name"}},
	"withdrawn":             {text: text{"条目已撤销", "the entry was withdrawn"}},
	"after_begin":           {text: text{"授权会在开始之前就结束", "the grant would end before it begins"}},
	"collected":             {text: text{"该需求已撤回，或者已列入向上申请", "the need was withdrawn or is part of a request already"}},
	"conditional":           {text: text{"只能是有条件共享的资源", "conditionally shared resources only"}},
	"consented":             {text: text{"主管部门没有同意这种共享方式", "the authority has not consented to this way of sharing"}},
	"in_order":              {text: text{"该授权已中止或者取消，不能续期", "a grant that was suspended or revoked is not renewed"}},
	"in_regulation":         {text: text{"适用的办法没有规定应用场景授权", "the regulation knows no registered scenarios"}},
	"not_renewed":           {text: text{"已有续期办件", "it is being renewed already"}, bound: true},
	"not_repeated":          {text: text{"相同的申请尚未办结", "the same application is not decided yet"}, bound: true},
	"of_grant":              {text: text{"不是该授权的资源", "not the resource of the grant"}},
	"on_the_day":            {text: text{"不在所报的那一天", "not on the day it is about"}},
	"one_item":              {text: text{"续期只针对原授权的一个资源", "a renewal is for the one resource of its grant"}},
	"words_only":            {text: text{"所涉办件已说明所需数据", "the case says which data it is about"}},
}

// problem is an error as the caller sees it (RFC 9457).
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Code      sharing.Code   `json:"code"`
	Detail    string         `json:"detail,omitempty"`
	Errors    []fieldProblem `json:"errors,omitempty"`
	Article   string         `json:"article,omitempty"`
	Current   *current       `json:"current,omitempty"`
	RequestID string         `json:"request_id"`
}

type fieldProblem struct {
	Pointer   *string `json:"pointer,omitempty"`
	Parameter string  `json:"parameter,omitempty"`
	Rule      string  `json:"rule"`
	Detail    string  `json:"detail,omitempty"`
}

// current is what became meanwhile of a thing that was decided on.
type current struct {
	State   string     `json:"state"`
	Version int        `json:"version"`
	Last    *entryView `json:"last,omitempty"`
}

// meanwhile is an error with what happened meanwhile.
type meanwhile struct {
	error
	current current
}

func (m *meanwhile) Unwrap() error { return m.error }

// conflicts reports whether it helps the caller to know how the thing stands now.
func conflicts(err error) bool {
	status := kindOf(sharing.CodeOf(err)).status
	return status == http.StatusConflict || status == http.StatusPreconditionFailed
}

// normalise turns any error into the one error of this house. What is not known
// becomes codeInternal, with the cause kept for the log.
func normalise(err error) *sharing.Error {
	var known *sharing.Error
	var routing *echo.HTTPError
	switch {
	case errors.As(err, &known):
		if kindOf(known.Code).code == codeInternal {
			return &sharing.Error{Code: codeInternal, Cause: err}
		}
		return known
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return &sharing.Error{Code: sharing.CodeUnavailable, Cause: err}
	case errors.As(err, &routing):
		switch routing.Code {
		case http.StatusNotFound:
			return &sharing.Error{Code: sharing.CodeNotFound}
		case http.StatusMethodNotAllowed:
			return &sharing.Error{Code: codeMethod}
		}
	}
	return &sharing.Error{Code: codeInternal, Cause: err}
}

// problemOf puts err into the caller's language. Of what may not be told, such
// as the cause or why something is not found, nothing is left.
func problemOf(err error, chinese bool, requestID string) problem {
	known := normalise(err)
	k := kindOf(known.Code)
	p := problem{
		Type:      "/problems/" + string(k.code),
		Title:     k.title.in(chinese),
		Status:    k.status,
		Code:      k.code,
		RequestID: requestID,
	}
	switch k.code {
	case sharing.CodeNotFound, sharing.CodeUnauthenticated, sharing.CodeUnavailable, codeInternal:
		return p
	}
	p.Detail = known.Detail
	p.Article = known.Article
	for _, f := range known.Fields[:min(len(known.Fields), maxErrors)] {
		p.Errors = append(p.Errors, viewFieldError(f, chinese))
	}
	var m *meanwhile
	if errors.As(err, &m) {
		p.Current = &m.current
	}
	return p
}

// maxPointer is how much of a place is told; names are the caller's and can be long.
const maxPointer = 200

// viewFieldError tells fields of the body, which are JSON pointers, from names
// of parameters.
func viewFieldError(f sharing.FieldError, chinese bool) fieldProblem {
	out := fieldProblem{Rule: f.Rule, Detail: f.Detail}
	field := f.Field
	if len(field) > maxPointer {
		field = strings.ToValidUTF8(field[:maxPointer], "") + "…"
	}
	if field == "" || field[0] == '/' {
		out.Pointer = &field
	} else {
		out.Parameter = field
	}
	words, ok := rules[f.Rule]
	switch {
	case !ok: // told as it came
	case words.bound && f.Detail != "":
		out.Detail = words.in(chinese) + map[bool]string{true: "：", false: ": "}[chinese] + f.Detail
	case chinese || f.Detail == "": // details that are sentences are in English
		out.Detail = words.in(chinese)
	}
	return out
}

// handleError answers whatever error a handler returned or the router found.
func (s *server) handleError(err error, c echo.Context) {
	if c.Response().Committed {
		return // too late to say anything else; the access log has the error
	}
	r := c.Request()
	if !owns(r.URL.Path) && s.pageError != nil {
		s.pageError(err, c)
		return
	}
	chinese := readsChinese(r)
	id := c.Response().Header().Get(echo.HeaderXRequestID)
	p := problemOf(err, chinese, id)
	if p.Status >= 500 {
		s.log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("request_id", id), slog.String("code", string(p.Code)), slog.Any("error", err))
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, "application/problem+json")
	h.Set("Content-Language", map[bool]string{true: "zh", false: "en"}[chinese])
	h.Set(echo.HeaderVary, "Accept-Language")
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Del("ETag")
	switch p.Status {
	case http.StatusUnauthorized:
		h.Set(echo.HeaderWWWAuthenticate, `Bearer realm="gongshu"`)
	case http.StatusTooManyRequests:
		h.Set(echo.HeaderRetryAfter, strconv.Itoa(int(normalise(err).RetryAfter/time.Second)+1))
	case http.StatusServiceUnavailable:
		h.Set(echo.HeaderRetryAfter, strconv.Itoa(retryAfter))
	}
	body, err := json.Marshal(p)
	if err == nil {
		c.Response().WriteHeader(p.Status)
		if r.Method != http.MethodHead {
			_, err = c.Response().Write(body)
		}
	}
	if err != nil {
		s.log.LogAttrs(r.Context(), slog.LevelInfo, "answer not sent", slog.String("request_id", id), slog.Any("error", err))
	}
}

// retryAfter is how many seconds a caller waits before trying again.
const retryAfter = 5

var languages = language.NewMatcher([]language.Tag{language.Chinese, language.English})

// readsChinese reports whether the caller is answered in Chinese, which is the default.
func readsChinese(r *http.Request) bool {
	accept := r.Header.Get("Accept-Language")
	if accept == "" || len(accept) > 200 {
		return true
	}
	_, i := language.MatchStrings(languages, accept)
	return i == 0
}

// problemPage explains one code under the path that problems give as their type.
func problemPage(c echo.Context) error {
	for _, k := range kinds {
		if string(k.code) != c.Param("code") {
			continue
		}
		c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
		c.Response().WriteHeader(http.StatusOK)
		return problemTemplate.Execute(c.Response(), map[string]any{
			"code": k.code, "status": k.status, "zh": k.title.zh, "en": k.title.en, "doZH": k.advice.zh, "doEN": k.advice.en,
		})
	}
	return &sharing.Error{Code: sharing.CodeNotFound}
}

var problemTemplate = template.Must(template.New("problem").Parse(`<!doctype html>
<html lang="zh-CN">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.code}}</title></head>
<body>
<h1>{{.zh}}</h1>
<p>{{.doZH}}</p>
<div lang="en"><h2>{{.en}}</h2>
<p>{{.doEN}}</p></div>
<p><code>{{.code}}</code> · HTTP {{.status}} · <a href="/docs/">API</a></p>
</body>
</html>
`))
