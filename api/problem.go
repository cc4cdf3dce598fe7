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

	"github.com/labstack/echo/v4"
	"golang.org/x/text/language"

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
	"agreement_only":    {text: text{"只用于同意", "belongs to an agreement"}},
	"allowed_mode":      {text: text{"所在地规定不允许此共享方式", "the regulation does not allow this way of sharing"}},
	"asked_for":         {text: text{"不在申请范围内", "was not asked for"}},
	"characters":        {text: text{"须为 UTF-8，且不含控制字符", "valid UTF-8 without control characters"}},
	"cursor":            {text: text{"游标无效，请从第一页重新读取", "not a cursor of this list; begin with the first page"}},
	"cut_short":         {text: text{"内容不完整", "the body ended early"}},
	"duplicate":         {text: text{"同名字段出现多次", "the name occurs twice"}},
	"either":            {text: text{"请给出 days，或者 regulation 和 duty", "give days, or regulation and duty"}},
	"escape":            {text: text{"转义有误", "badly escaped"}},
	"exists":            {text: text{"不存在", "does not exist"}},
	"field_of_resource": {text: text{"资源没有此字段", "the resource has no such field"}},
	"file_name":         {text: text{"文件名须为 1 至 200 个字符", "a file has a name of 1 to 200 characters"}},
	"file_type":         {text: text{"只接受 PDF、OFD、DOCX、XLSX、CSV、TXT、PNG、JPEG、ZIP，且内容须与文件名相符", "accepted are PDF, OFD, DOCX, XLSX, CSV, TXT, PNG, JPEG and ZIP, each holding what its name says"}},
	"format":            {text: text{"格式有误", "wrong format"}},
	"json":              {text: text{"不是合法的 JSON", "not JSON"}, bound: true},
	"max_items":         {text: text{"项数过多，最多", "too many, at most"}, bound: true},
	"max_length":        {text: text{"过长，最多字数", "too long, at most characters"}, bound: true},
	"needs_resource":    {text: text{"期限取决于资源的更新周期，不能单独测算", "depends on the update cycle of a resource"}},
	"no_body":           {text: text{"此请求没有正文", "this request has no body"}},
	"no_limit":          {text: text{"规定未设期限", "the text sets no limit"}},
	"not_empty":         {text: text{"文件为空", "the file is empty"}},
	"not_in_future":     {text: text{"不能晚于今天", "not after today"}},
	"not_own":           {text: text{"不能申请本部门的数据", "a department does not apply for its own data"}},
	"number":            {text: text{"数值过大", "the number is too large"}},
	"obtainable":        {text: text{"不能申请此资源", "cannot be had by application"}},
	"one_file":          {text: text{"须且只须一个名为 file 的文件", "exactly one part named file, with a file name"}},
	"one_of":            {text: text{"须为其中之一", "one of"}, bound: true},
	"other":             {text: text{"不能是现提供部门或申请部门", "neither the present provider nor the applicant"}},
	"pattern":           {text: text{"格式有误", "wrong format"}},
	"range":             {text: text{"超出范围", "out of range"}, bound: true},
	"refusal_only":      {text: text{"只用于不予共享", "belongs to a refusal"}},
	"required":          {text: text{"必填", "required"}},
	"schema":            {text: text{"不符合接口规范", "not as specified"}},
	"single":            {text: text{"只能出现一次", "only once"}},
	"type":              {text: text{"类型有误", "wrong type"}},
	"unique":            {text: text{"重复", "occurs twice"}},
	"unknown":           {text: text{"未知的名称", "unknown name"}},
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
