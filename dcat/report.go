package dcat

// Action is what became of an entry.
type Action string

const (
	// Imported: taken over as it stands. A line of this kind that carries a Rule
	// is a remark: nothing was changed, but the provider should look.
	Imported Action = "imported"
	// Changed: taken over, with something altered or filled in.
	Changed Action = "changed"
	// Refused: not taken over.
	Refused Action = "refused"
)

// Rule is a stable name for why an entry was changed, refused or remarked on.
type Rule string

const (
	NotAnObject       Rule = "not_an_object"
	DuplicateKey      Rule = "duplicate_key"
	Required          Rule = "required"
	NotText           Rule = "not_text"
	NotAList          Rule = "not_a_list"
	InvalidUTF8       Rule = "invalid_utf8"
	ControlCharacter  Rule = "control_character"
	TooLong           Rule = "too_long"
	DuplicateEntry    Rule = "duplicate_identifier"
	NumericIdentifier Rule = "numeric_identifier"
	UnknownAccess     Rule = "unknown_access_level"
	NoBasis           Rule = "rights_give_no_basis"
	RightsIgnored     Rule = "rights_ignored"
	NoCycle           Rule = "cycle_not_stated"
	UnknownCycle      Rule = "cycle_unknown"
	NearestCycle      Rule = "cycle_rounded"
	UnknownDate       Rule = "date_unknown"
	ModeNotOffered    Rule = "mode_not_offered"
	PublisherAsText   Rule = "publisher_as_text"
	SimilarPublisher  Rule = "similar_publisher"
	RepeatedTitle     Rule = "repeated_title"
)

var ruleTexts = map[Rule][2]string{
	NotAnObject:       {"不是 JSON 对象", "is not a JSON object"},
	DuplicateKey:      {"同一名称出现两次", "the same name occurs twice"},
	Required:          {"缺少必填项", "is required"},
	NotText:           {"不是文本", "is not text"},
	NotAList:          {"不是列表", "is not a list"},
	InvalidUTF8:       {"不是有效的 UTF-8 文本", "is not valid UTF-8 text"},
	ControlCharacter:  {"含有控制字符", "contains control characters"},
	TooLong:           {"超过长度上限", "is longer than accepted"},
	DuplicateEntry:    {"标识符与前面的条目重复", "repeats the identifier of an earlier entry"},
	NumericIdentifier: {"标识符写成了数字，按文本读取", "is a number and was read as text"},
	UnknownAccess:     {"不是已知的访问级别", "is not a known access level"},
	NoBasis:           {"未说明不能无条件共享的依据，请提供部门补充", "states no basis for not sharing unconditionally; the provider must add one"},
	RightsIgnored:     {"与公开级别不符，未采用", "contradicts the access level public and was left out"},
	NoCycle:           {"未注明更新周期，按不定期处理", "is not stated; taken as irregular"},
	UnknownCycle:      {"更新周期无法识别，按不定期处理", "is not a known cycle; taken as irregular"},
	NearestCycle:      {"目录没有该更新周期，取最接近者", "is not a cycle of the catalog; the nearest was taken"},
	UnknownDate:       {"日期无法识别，未采用", "is not a date and was left out"},
	ModeNotOffered:    {"本地区没有该共享方式", "is not a way of sharing in this region"},
	PublisherAsText:   {"发布机构写成了文本，按名称读取", "is text and was read as the office's name"},
	SimilarPublisher:  {"与另一机构名称仅标点或大小写不同，按两个机构导入", "differs from another office only in punctuation or case; imported as an office of its own"},
	RepeatedTitle:     {"与同一机构前面的条目同名", "is also the title of an earlier entry of this office"},
}

// Text says the rule in the language of the locale: English for "en", Chinese
// otherwise.
func (r Rule) Text(locale string) string {
	texts := ruleTexts[r]
	if locale == "en" {
		return texts[1]
	}
	return texts[0]
}

// Line is one line of the report on an import. Every entry has at least one, an
// entry with several findings several.
type Line struct {
	Index      int    `json:"index"`                // position in the dataset list, from 0
	Identifier string `json:"identifier,omitempty"` // empty when it cannot be read
	Action     Action `json:"action"`
	Field      string `json:"field,omitempty"` // JSON pointer into the file; empty when Rule is
	Rule       Rule   `json:"rule,omitempty"`  // empty for an entry without findings
	Detail     string `json:"detail,omitempty"`
}

// Summary counts entries, not lines. Entries = Imported + Changed + Refused.
type Summary struct {
	Entries  int `json:"entries"`
	Imported int `json:"imported"` // without any change
	Changed  int `json:"changed"`  // imported with changes
	Refused  int `json:"refused"`
}

// Summary counts what became of the entries.
func (c Catalog) Summary() Summary {
	worst := map[int]Action{}
	for _, l := range c.Report {
		if was, seen := worst[l.Index]; !seen || weight(l.Action) > weight(was) {
			worst[l.Index] = l.Action
		}
	}
	s := Summary{Entries: len(worst)}
	for _, a := range worst {
		switch a {
		case Imported:
			s.Imported++
		case Changed:
			s.Changed++
		case Refused:
			s.Refused++
		}
	}
	return s
}

func weight(a Action) int {
	switch a {
	case Refused:
		return 2
	case Changed:
		return 1
	default:
		return 0
	}
}
