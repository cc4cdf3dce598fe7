// Package spreadsheet reads and writes a department's catalog in the table in which
// departments keep it: one line for each data item, the entry's own columns filled in
// on its first line, as the state's guide to compiling catalogs lays it out. It reads
// Excel workbooks and CSV files, and writes workbooks that can be read again.
package spreadsheet

import (
	"fmt"
	"strings"
	"unicode"

	"gongshu/sharing"
)

// Key names a column in findings and templates.
type Key string

// The columns, in the order in which they are written.
const (
	Code         Key = "code"
	Title        Key = "title"
	Provider     Key = "provider"
	Description  Key = "description"
	Class        Key = "class"
	OpenClass    Key = "open_class"
	Grade        Key = "grade"
	BasisSource  Key = "basis_source"
	BasisLaw     Key = "basis_law"
	BasisArticle Key = "basis_article"
	Condition    Key = "condition"
	Cycle        Key = "cycle"
	Format       Key = "format"
	Modes        Key = "modes"
	Base         Key = "base"
	SecondSource Key = "second_source"
	ItemName     Key = "item_name"
	ItemTitle    Key = "item_title"
	ItemType     Key = "item_type"
	ItemGrade    Key = "item_grade"
)

// Value is one value that a column of codes can have.
type Value struct {
	Code  string
	Names [2]string // in Chinese and English
}

// Column is a column of the table.
type Column struct {
	Key Key
	// Names are its headings in Chinese and English.
	Names [2]string
	// Width in characters.
	Width float64
	// Needed: a table without it cannot be read.
	Needed bool
	// Values are those it can have; none: free text.
	Values []Value
	// Several values can stand in one cell, separated by 、 or ;
	Several bool
	// also are other headings by which it goes.
	also []string
}

// Name is the column's heading in a language, "zh" or "en".
func (c Column) Name(locale string) string { return c.Names[index(locale)] }

// Name is what the value is called in a language.
func (v Value) Name(locale string) string { return v.Names[index(locale)] }

func index(locale string) int {
	if locale == "en" {
		return 1
	}
	return 0
}

// Item reports whether the column is of a data item, and not of the entry.
func (c Column) Item() bool { return strings.HasPrefix(string(c.Key), "item_") }

var gradeValues = []Value{{"1", [2]string{"1级", "Grade 1"}}, {"2", [2]string{"2级", "Grade 2"}}, {"3", [2]string{"3级", "Grade 3"}}, {"4", [2]string{"4级", "Grade 4"}}}

// Columns lists the columns of the table in the order in which they are written.
var Columns = []Column{
	{Key: Code, Names: [2]string{"条目代码", "Code"}, Width: 18, Needed: true, also: []string{"目录代码", "信息资源代码", "数据资源代码", "资源代码", "代码"}},
	{Key: Title, Names: [2]string{"条目名称", "Title"}, Width: 30, Needed: true, also: []string{"目录名称", "信息资源名称", "数据资源名称", "资源名称", "名称"}},
	{Key: Provider, Names: [2]string{"提供部门", "Provider"}, Width: 22, also: []string{"信息资源提供方", "资源提供方", "提供方", "数源部门", "提供单位"}},
	{Key: Description, Names: [2]string{"内容摘要", "Description"}, Width: 40, also: []string{"信息资源摘要", "资源摘要", "摘要"}},
	{Key: Class, Names: [2]string{"共享属性", "Class of sharing"}, Width: 14, also: []string{"共享类型", "sharing class"}, Values: []Value{
		{string(sharing.Unconditional), [2]string{"无条件共享", "Shared unconditionally"}},
		{string(sharing.Conditional), [2]string{"有条件共享", "Shared conditionally"}},
		{string(sharing.NotShared), [2]string{"不予共享", "Not shared"}}}},
	{Key: OpenClass, Names: [2]string{"开放属性", "Class of opening"}, Width: 14, also: []string{"开放类型", "是否向社会开放", "opening class"}, Values: []Value{
		{string(sharing.Open), [2]string{"无条件开放", "Open"}},
		{string(sharing.OpenConditionally), [2]string{"有条件开放", "Open conditionally"}},
		{string(sharing.NotOpen), [2]string{"不予开放", "Not open"}}}},
	{Key: Grade, Names: [2]string{"安全等级", "Security grade"}, Width: 10, also: []string{"数据分级", "安全分级", "grade"}, Values: gradeValues},
	{Key: BasisSource, Names: [2]string{"依据种类", "Kind of document"}, Width: 14, Several: true, also: []string{"共享依据种类"}, Values: []Value{
		{sharing.SourceLaw, [2]string{"法律", "Law"}},
		{sharing.SourceRegulation, [2]string{"法规", "Regulation"}},
		{sharing.SourceAdministrativeRegulation, [2]string{"行政法规", "Administrative regulation"}},
		{sharing.SourceRule, [2]string{"规章", "Rule"}},
		{sharing.SourceStateProvision, [2]string{"国家有关规定", "State provision"}},
		{sharing.SourceStateDocument, [2]string{"国家文件", "State document"}},
		{sharing.SourceProvincialDocument, [2]string{"省级文件", "Provincial document"}},
		{sharing.SourceProvincialPolicy, [2]string{"省级以上政策", "Policy of province level or above"}}}},
	{Key: BasisLaw, Names: [2]string{"依据文件", "Document"}, Width: 30, Several: true, also: []string{"依据名称", "共享依据", "法律依据", "依据", "basis"}},
	{Key: BasisArticle, Names: [2]string{"依据条款", "Article"}, Width: 12, Several: true, also: []string{"条款"}},
	{Key: Condition, Names: [2]string{"共享条件", "Condition of sharing"}, Width: 24, also: []string{"condition"}},
	{Key: Cycle, Names: [2]string{"更新周期", "Update cycle"}, Width: 10, also: []string{"cycle"}, Values: []Value{
		{string(sharing.RealTime), [2]string{"实时", "Real time"}},
		{string(sharing.Daily), [2]string{"每日", "Daily"}},
		{string(sharing.Weekly), [2]string{"每周", "Weekly"}},
		{string(sharing.Monthly), [2]string{"每月", "Monthly"}},
		{string(sharing.Quarterly), [2]string{"每季度", "Quarterly"}},
		{string(sharing.HalfYearly), [2]string{"每半年", "Half-yearly"}},
		{string(sharing.EveryYear), [2]string{"每年", "Yearly"}},
		{string(sharing.Irregularly), [2]string{"不定期", "Irregular"}}}},
	{Key: Format, Names: [2]string{"数据格式", "Format"}, Width: 12, also: []string{"信息资源格式", "资源格式", "格式"}},
	{Key: Modes, Names: [2]string{"共享方式", "Ways of sharing"}, Width: 20, Several: true, also: []string{"modes"}, Values: []Value{
		{string(sharing.QueryAPI), [2]string{"查询接口", "Query API"}},
		{string(sharing.Batch), [2]string{"批量", "Batch"}},
		{string(sharing.TableExchange), [2]string{"库表交换", "Table exchange"}},
		{string(sharing.Verification), [2]string{"核验代理", "Verification proxy"}},
		{string(sharing.File), [2]string{"文件", "File"}},
		{string(sharing.Browsing), [2]string{"在线浏览", "Online browsing"}}}},
	{Key: Base, Names: [2]string{"基础数据类别", "Kind of base data"}, Width: 16, also: []string{"基础数据", "base data"}, Values: []Value{
		{string(sharing.BasePopulation), [2]string{"人口", "Population"}},
		{string(sharing.BaseLegalPerson), [2]string{"法人单位", "Legal persons"}},
		{string(sharing.BaseCredit), [2]string{"社会信用", "Credit"}},
		{string(sharing.BaseGeography), [2]string{"自然资源和空间地理", "Geography"}},
		{string(sharing.BaseLicence), [2]string{"电子证照", "Licences"}}}},
	{Key: SecondSource, Names: [2]string{"仍需另行编目的理由", "Reason for a second source"}, Width: 24, also: []string{"另行编目理由"}},
	{Key: ItemName, Names: [2]string{"数据项字段名", "Item name"}, Width: 16, also: []string{"信息项代码", "数据项代码", "字段名", "信息项英文名称"}},
	{Key: ItemTitle, Names: [2]string{"数据项名称", "Item title"}, Width: 18, also: []string{"信息项名称", "中文名称", "字段中文名"}},
	{Key: ItemType, Names: [2]string{"数据项类型", "Item type"}, Width: 12, also: []string{"信息项类型", "数据类型", "字段类型"}, Values: []Value{
		{"string", [2]string{"文本", "Text"}}, {"integer", [2]string{"整数", "Whole number"}}, {"decimal", [2]string{"小数", "Decimal"}},
		{"boolean", [2]string{"是否", "Yes or no"}}, {"date", [2]string{"日期", "Date"}}, {"datetime", [2]string{"日期时间", "Date and time"}},
		{"binary", [2]string{"二进制", "Binary"}}, {"geometry", [2]string{"空间图形", "Geometry"}}, {"object", [2]string{"结构", "Object"}}}},
	{Key: ItemGrade, Names: [2]string{"数据项等级", "Item grade"}, Width: 10, also: []string{"信息项等级", "字段分级"}, Values: gradeValues},
}

// ColumnOf returns the column of a key.
func ColumnOf(key Key) (Column, bool) {
	for _, c := range Columns {
		if c.Key == key {
			return c, true
		}
	}
	return Column{}, false
}

// spelled is how a heading or a value is compared: without case, width, spaces and
// marks, and without what stands in brackets behind it.
func spelled(s string) string {
	s = strings.NewReplacer("（", "(", "）", ")").Replace(s)
	if head, _, bracketed := strings.Cut(s, "("); bracketed && strings.TrimSpace(head) != "" {
		s = head
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '！' && r <= '～':
			r -= '！' - '!'
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// columnBy finds the column by every heading, and valueBy its code by every spelling.
var columnBy, valueBy = func() (map[string]Key, map[Key]map[string]string) {
	columns, values := map[string]Key{}, map[Key]map[string]string{}
	put := func(into map[string]Key, name string, key Key) {
		if other, taken := into[spelled(name)]; taken && other != key {
			panic(fmt.Sprintf("spreadsheet: %s stands for %s and %s", name, other, key))
		}
		into[spelled(name)] = key
	}
	for _, c := range Columns {
		for _, name := range append([]string{string(c.Key), c.Names[0], c.Names[1]}, c.also...) {
			put(columns, name, c.Key)
		}
		values[c.Key] = map[string]string{}
		for _, v := range c.Values {
			for _, name := range []string{v.Code, v.Names[0], v.Names[1]} {
				values[c.Key][spelled(name)] = v.Code
			}
		}
	}
	for class, names := range map[string][]string{string(sharing.Unconditional): {"无条件"}, string(sharing.Conditional): {"有条件", "授权共享"}, string(sharing.NotShared): {"不共享", "不予"}} {
		for _, name := range names {
			values[Class][name] = class
		}
	}
	for class, names := range map[string][]string{string(sharing.Open): {"是", "开放", "yes"}, string(sharing.OpenConditionally): {"有条件"}, string(sharing.NotOpen): {"否", "不开放", "no"}} {
		for _, name := range names {
			values[OpenClass][name] = class
		}
	}
	for cycle, names := range map[sharing.Cycle][]string{sharing.Daily: {"每天", "日"}, sharing.Weekly: {"周"}, sharing.Monthly: {"月"}, sharing.Quarterly: {"季", "季度", "每季"}, sharing.HalfYearly: {"半年"}, sharing.EveryYear: {"年"}} {
		for _, name := range names {
			values[Cycle][name] = string(cycle)
		}
	}
	for i, han := range []string{"一", "二", "三", "四"} {
		code := fmt.Sprint(i + 1)
		for _, name := range []string{han + "级", "第" + han + "级", "第" + code + "级", "l" + code} {
			values[Grade][name], values[ItemGrade][name] = code, code
		}
	}
	for kind, names := range map[string][]string{"string": {"字符型c", "字符型", "字符", "varchar", "char"}, "integer": {"整数型", "整型", "int"}, "decimal": {"数值型n", "数值型", "数值", "货币型y", "number"},
		"date": {"日期型d", "日期型"}, "datetime": {"日期时间型t", "日期时间型", "timestamp"}, "boolean": {"逻辑型l", "逻辑型", "bool"}, "binary": {"备注型", "通用型g", "blob"}} {
		for _, name := range names {
			values[ItemType][name] = kind
		}
	}
	return columns, values
}()
