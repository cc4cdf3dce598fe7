package spreadsheet_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"gongshu/sharing"
	"gongshu/spreadsheet"
)

const table = "条目代码,条目名称,提供部门,共享属性,开放属性,安全等级,依据种类,依据文件,依据条款,更新周期,数据格式,共享方式,数据项字段名,数据项名称,数据项类型,数据项等级\n" +
	"A-1,养犬登记,市公安局,有条件共享,不予开放,2级,法律；规章,治安管理处罚法；养犬办法,第一条；第二条,每月,xlsx,查询接口、批量,dog_id,犬只编号,文本,2\n" +
	",,,,,,,,,,,,owner,饲养人,文本,3级\n" +
	"A-1,,,,,,,,,,,,since,登记日期,日期,\n" +
	"A-2,犬只防疫,,unconditional,open,1,,,,daily,,api?,,,,\n"

func read(t *testing.T, name, text string) []spreadsheet.Entry {
	t.Helper()
	entries, err := spreadsheet.Read(name, []byte(text))
	require.NoError(t, err)
	return entries
}

func rule(t *testing.T, err error) string {
	t.Helper()
	var e *sharing.Error
	require.True(t, errors.As(err, &e), "%v", err)
	require.Len(t, e.Fields, 1)
	require.Equal(t, "/file", e.Fields[0].Field)
	return e.Fields[0].Rule
}

func TestReadText(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(table)
	require.NoError(t, err)
	var first []spreadsheet.Entry
	for name, text := range map[string]string{
		"plain": table, "marked": "\ufeff" + table, "GB18030": gb, "below a title": "市公安局数据目录\n\n" + table,
		"lines of Windows": strings.ReplaceAll(table, "\n", "\r\n"), "tabs": strings.ReplaceAll(table, ",", "\t"),
		"blank lines": strings.ReplaceAll(table, "\n,,", "\n\n,,,,\n,,"), "headings in brackets": strings.Replace(table, "条目代码,条目名称", " 条目代码（必填）,Title *", 1),
	} {
		t.Run(name, func(t *testing.T) {
			entries := read(t, "c.csv", text)
			require.Len(t, entries, 2)
			for i := range entries {
				entries[i].Line, entries[i].ItemLines = 0, nil
				for j := range entries[i].Findings {
					entries[i].Findings[j].Line = 0
				}
			}
			if first == nil {
				first = entries
			}
			require.Equal(t, first, entries)
		})
	}
	entries := read(t, "c.csv", table)
	require.Equal(t, spreadsheet.Entry{Line: 2, Provider: "市公安局", ItemLines: []int{2, 3, 4}, Draft: sharing.EntryDraft{
		Code: "A-1", Title: "养犬登记", Class: sharing.Conditional, OpenClass: sharing.NotOpen, Grade: 2, Cycle: sharing.Monthly, Format: "xlsx",
		Basis:  []sharing.LegalGround{{Source: sharing.SourceLaw, Law: "治安管理处罚法", Article: "第一条"}, {Source: sharing.SourceRule, Law: "养犬办法", Article: "第二条"}},
		Modes:  []sharing.Mode{sharing.QueryAPI, sharing.Batch},
		Fields: []sharing.Field{{Name: "dog_id", Title: "犬只编号", Type: "string", Grade: 2}, {Name: "owner", Title: "饲养人", Type: "string", Grade: 3}, {Name: "since", Title: "登记日期", Type: "date", Grade: 2}},
	}}, entries[0])
	require.Equal(t, []spreadsheet.Finding{{Line: 5, Column: spreadsheet.Modes, Rule: spreadsheet.RuleOneOf, Detail: "api?"}}, entries[1].Findings)
}

// What is wrong with an entry stands with it, by line, column and rule.
func TestFindings(t *testing.T) {
	const head = "Code,Title,Sharing class,Grade,Basis,Kind of document,Item name,Item title\n"
	for _, c := range []struct {
		lines string
		want  []spreadsheet.Finding
	}{
		{"A,甲,secret,9,,,,", []spreadsheet.Finding{{Line: 2, Column: spreadsheet.Class, Rule: spreadsheet.RuleOneOf, Detail: "secret"}, {Line: 2, Column: spreadsheet.Grade, Rule: spreadsheet.RuleOneOf, Detail: "9"}}},
		{",甲,,,,,,", []spreadsheet.Finding{{Line: 2, Column: spreadsheet.Code, Rule: spreadsheet.RuleRequired}}},
		{"=1+1,甲,,,,,,", []spreadsheet.Finding{{Line: 2, Column: spreadsheet.Code, Rule: spreadsheet.RuleFormula}}},
		{"1.2345E+17,甲,,,,,,", []spreadsheet.Finding{{Line: 2, Column: spreadsheet.Code, Rule: spreadsheet.RuleNumeric}}},
		{"A,\"甲\x01\",,,,,,", []spreadsheet.Finding{{Line: 2, Column: spreadsheet.Title, Rule: spreadsheet.RuleText}}},
		{"A,甲,,,,法律,,", []spreadsheet.Finding{{Line: 2, Column: spreadsheet.BasisLaw, Rule: spreadsheet.RuleUnpaired, Detail: "1"}}},
		{"A,甲,,,,,,\nA,乙,,,,,x,项", []spreadsheet.Finding{{Line: 3, Column: spreadsheet.Title, Rule: spreadsheet.RuleConflict, Detail: "2"}}},
	} {
		entries := read(t, "c.csv", head+c.lines)
		require.Equal(t, c.want, entries[0].Findings, c.lines)
	}
	twice := read(t, "c.csv", head+"A,甲,,,,,,\nB,乙,,,,,,\nA,丙,,,,,,")
	require.Equal(t, []spreadsheet.Finding{{Line: 4, Column: spreadsheet.Code, Rule: spreadsheet.RuleDuplicate, Detail: "2"}}, twice[2].Findings)
}

// A file that cannot be read is refused as a whole, with the rule that it breaks.
func TestRefusedFiles(t *testing.T) {
	book := func(change func(*excelize.File)) []byte {
		f := excelize.NewFile()
		require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"条目代码", "条目名称"}))
		require.NoError(t, f.SetSheetRow("Sheet1", "A2", &[]any{"A", "甲"}))
		change(f)
		var b bytes.Buffer
		require.NoError(t, f.Write(&b))
		return b.Bytes()
	}
	packed := func(parts map[string]string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for name, text := range parts {
			part, err := w.Create(name)
			require.NoError(t, err)
			_, err = part.Write([]byte(text))
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		return b.Bytes()
	}
	locked := func() []byte {
		f := excelize.NewFile()
		var b bytes.Buffer
		require.NoError(t, f.Write(&b, excelize.Options{Password: "1"}))
		return b.Bytes()
	}()
	many := strings.Builder{}
	many.WriteString("Code,Title\n")
	for i := range spreadsheet.MaxEntries + 1 {
		fmt.Fprintf(&many, "C-%d,t\n", i)
	}
	for _, c := range []struct {
		file    string
		content []byte
		rule    string
		code    sharing.Code
	}{
		{"a.xlsx", []byte("条目代码,条目名称\nA,甲"), spreadsheet.RuleType, sharing.CodeInvalid},
		{"a.zip", packed(map[string]string{"readme.txt": "x"}), spreadsheet.RuleType, sharing.CodeInvalid},
		{"a.xlsx", []byte("PK\x03\x04 and nothing"), spreadsheet.RuleDamaged, sharing.CodeInvalid},
		{"a.xlsx", packed(map[string]string{"xl/workbook.xml": "<workbook>", "[Content_Types].xml": "<"}), spreadsheet.RuleDamaged, sharing.CodeInvalid},
		{"a.xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1"), spreadsheet.RuleLocked, sharing.CodeInvalid},
		{"a.xlsx", locked, spreadsheet.RuleLocked, sharing.CodeInvalid},
		{"a.xlsm", packed(map[string]string{"xl/workbook.xml": "", "xl/vbaProject.bin": "x"}), spreadsheet.RuleMacro, sharing.CodeInvalid},
		{"a.xlsx", packed(map[string]string{"xl/workbook.xml": "", "xl/worksheets/sheet1.xml": strings.Repeat(" ", 50<<20)}), spreadsheet.RuleUnpacked, sharing.CodeTooLarge},
		{"a.csv", bytes.Repeat([]byte("x"), spreadsheet.MaxBytes+1), spreadsheet.RuleBytes, sharing.CodeTooLarge},
		{"a.xlsx", book(func(f *excelize.File) { require.NoError(t, f.SetCellValue("Sheet1", "A1", "什么")) }), spreadsheet.RuleSheet, sharing.CodeInvalid},
		{"a.xlsx", book(func(f *excelize.File) {
			require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"共享属性", "条目名称"}))
		}), spreadsheet.RuleColumns, sharing.CodeInvalid},
		{"a.xlsx", book(func(f *excelize.File) {
			require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"条目代码", "条目名称", "代码"}))
		}), spreadsheet.RuleTwice, sharing.CodeInvalid},
		{"a.xlsx", book(func(f *excelize.File) { require.NoError(t, f.RemoveRow("Sheet1", 2)) }), spreadsheet.RuleEmpty, sharing.CodeInvalid},
		{"a.csv", []byte("\xff\xfeC\x00o\x00"), spreadsheet.RuleEncoding, sharing.CodeInvalid},
		{"a.csv", []byte("代码,名称\n\xff\xff\xff\xff"), spreadsheet.RuleEncoding, sharing.CodeInvalid},
		{"a.csv", []byte("Code,Title\n\"A,x\n"), spreadsheet.RuleDamaged, sharing.CodeInvalid},
		{"a.csv", []byte("Title,Class of sharing\nx,y\n"), spreadsheet.RuleColumns, sharing.CodeInvalid},
		{"a.csv", []byte("some text"), spreadsheet.RuleSheet, sharing.CodeInvalid},
		{"a.csv", nil, spreadsheet.RuleSheet, sharing.CodeInvalid},
		{"a.csv", []byte(many.String()), spreadsheet.RuleRows, sharing.CodeTooLarge},
	} {
		_, err := spreadsheet.Read(c.file, c.content)
		require.Equal(t, c.rule, rule(t, err), c.file)
		require.Equal(t, c.code, sharing.CodeOf(err), c.rule)
	}
}

// A formula is told by its cell, and cells beside the table may have some.
func TestFormulas(t *testing.T) {
	f := excelize.NewFile()
	require.NoError(t, f.SetSheetRow("Sheet1", "A1", &[]any{"条目代码", "备注", "条目名称"}))
	require.NoError(t, f.SetSheetRow("Sheet1", "A2", &[]any{"A", 1, "甲"}))
	require.NoError(t, f.SetSheetRow("Sheet1", "A3", &[]any{"B", 1, "乙"}))
	require.NoError(t, f.SetCellFormula("Sheet1", "B2", "1+1"))
	require.NoError(t, f.SetCellFormula("Sheet1", "C3", `HYPERLINK("x")`))
	var b bytes.Buffer
	require.NoError(t, f.Write(&b))
	entries, err := spreadsheet.Read("a.xlsx", b.Bytes())
	require.NoError(t, err)
	require.Empty(t, entries[0].Findings)
	require.Equal(t, []spreadsheet.Finding{{Line: 3, Column: spreadsheet.Title, Rule: spreadsheet.RuleFormula}}, entries[1].Findings)
}

func page(locale string) spreadsheet.Page {
	return spreadsheet.Page{Locale: locale, Table: "目录", Help: "说明", Heads: [5]string{"a", "b", "c", "d", "e"}, Notes: []string{"n"},
		Explain: func(c spreadsheet.Column) (string, string, string) { return "", string(c.Key), "" }}
}

// What is written can be read again, in both languages.
func TestWriteAndRead(t *testing.T) {
	r := sharing.Resource{Code: "A-1", Title: "=养犬\"登记", Provider: sharing.Department{Name: "市公安局", NameEN: "Police"}, Description: "两行\n说明", Class: sharing.NotShared, OpenClass: sharing.NotOpen,
		Grade: 3, Basis: "《治安管理处罚法》第一条；《养犬办法》第二条", Condition: "+仅限核对", Cycle: sharing.HalfYearly, Format: "xlsx", Modes: []sharing.Mode{sharing.Verification, sharing.File},
		Base: sharing.BaseCredit, Fields: []sharing.Field{{Name: "a", Title: "甲", Type: "geometry", Grade: 4}, {Name: "b", Title: "乙", Type: "boolean", Grade: 1}}}
	for _, locale := range []string{"zh", "en"} {
		var b bytes.Buffer
		require.NoError(t, page(locale).Write(&b, func(add func(sharing.Resource) error) error {
			return errors.Join(add(r), add(sharing.Resource{Code: "A-2", Title: "空"}))
		}))
		entries, err := spreadsheet.Read("c.xlsx", b.Bytes())
		require.NoError(t, err)
		require.Len(t, entries, 2)
		got := entries[0]
		require.Empty(t, got.Findings)
		require.Equal(t, map[string]string{"zh": "市公安局", "en": "Police"}[locale], got.Provider)
		require.Equal(t, sharing.EntryDraft{Code: r.Code, Title: r.Title, Description: r.Description, Class: r.Class, OpenClass: r.OpenClass, Grade: r.Grade,
			Basis: []sharing.LegalGround{{Law: "《治安管理处罚法》第一条"}, {Law: "《养犬办法》第二条"}}, Condition: r.Condition, Cycle: r.Cycle, Format: r.Format, Modes: r.Modes, Base: r.Base, Fields: r.Fields}, got.Draft)
	}
	// Without an entry it is a template, whose columns of codes offer their values.
	var b bytes.Buffer
	require.NoError(t, page("zh").Write(&b, func(func(sharing.Resource) error) error { return nil }))
	_, err := spreadsheet.Read("c.xlsx", b.Bytes())
	require.Equal(t, spreadsheet.RuleEmpty, rule(t, err))
	book, err := excelize.OpenReader(&b)
	require.NoError(t, err)
	offers, err := book.GetDataValidations("目录")
	require.NoError(t, err)
	offered := map[string]string{}
	for _, o := range offers {
		column, _, _ := strings.Cut(o.Sqref, "2:")
		offered[column] = o.Formula1
	}
	require.Equal(t, `"无条件共享,有条件共享,不予共享"`, offered["E"])
	require.Len(t, offered, 7)
	help, err := book.GetRows("说明")
	require.NoError(t, err)
	require.Equal(t, []string{"共享属性", "", "无条件共享、有条件共享、不予共享", "class"}, help[5])
}

// Every value has names of its own, and every code of the domain a value.
func TestColumns(t *testing.T) {
	codes := func(key spreadsheet.Key) []string {
		c, ok := spreadsheet.ColumnOf(key)
		require.True(t, ok)
		var all []string
		for _, v := range c.Values {
			all = append(all, v.Code)
		}
		return all
	}
	text := func(codes any) []string {
		var all []string
		for i := range reflect.ValueOf(codes).Len() {
			all = append(all, fmt.Sprint(reflect.ValueOf(codes).Index(i)))
		}
		return all
	}
	require.Equal(t, text(sharing.Classes), codes(spreadsheet.Class))
	require.Equal(t, text(sharing.OpenClasses), codes(spreadsheet.OpenClass))
	require.Equal(t, text(sharing.EntryCycles), codes(spreadsheet.Cycle))
	require.Equal(t, text(sharing.Modes), codes(spreadsheet.Modes))
	require.Equal(t, text(sharing.GroundSources), codes(spreadsheet.BasisSource))
	require.Equal(t, text(sharing.FieldTypes), codes(spreadsheet.ItemType))
	for _, c := range spreadsheet.Columns {
		for _, locale := range []string{"zh", "en"} {
			require.NotEmpty(t, c.Name(locale))
			for _, v := range c.Values {
				require.NotContains(t, v.Name(locale), ",", "a list of values is written with commas")
			}
		}
	}
}

// Ten thousand entries are read in moderate time.
func TestReadMany(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, page("zh").Write(&b, func(add func(sharing.Resource) error) error {
		for i := range spreadsheet.MaxEntries {
			if err := add(sharing.Resource{Code: fmt.Sprintf("C-%05d", i), Title: "条目", Class: sharing.Unconditional, Fields: []sharing.Field{{Name: "a", Title: "甲", Type: "string", Grade: 1}, {Name: "b", Title: "乙", Type: "string", Grade: 1}}}); err != nil {
				return err
			}
		}
		return nil
	}))
	began := time.Now()
	entries, err := spreadsheet.Read("c.xlsx", b.Bytes())
	require.NoError(t, err)
	require.Len(t, entries, spreadsheet.MaxEntries)
	t.Logf("%d entries, %d bytes: %v", len(entries), b.Len(), time.Since(began))
	require.Less(t, time.Since(began), 30*time.Second)
}

func FuzzRead(f *testing.F) {
	f.Add("a.csv", []byte(table))
	f.Add("a.csv", []byte("Code\tTitle\nA\t\"x\"\n"))
	f.Add("a.csv", []byte("\xef\xbb\xbf代码,名称\n=A,\xc1\xf9"))
	var b bytes.Buffer
	if err := page("zh").Write(&b, func(add func(sharing.Resource) error) error {
		return add(sharing.Resource{Code: "A", Title: "甲"})
	}); err != nil {
		f.Fatal(err)
	}
	f.Add("a.xlsx", b.Bytes())
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		entries, err := spreadsheet.Read(name, data)
		if err != nil {
			if code := sharing.CodeOf(err); code != sharing.CodeInvalid && code != sharing.CodeTooLarge {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := spreadsheet.Read(name, data)
		if err != nil || !reflect.DeepEqual(entries, again) {
			t.Errorf("the second reading differs: %v", err)
		}
		codes := map[string]int{}
		for _, e := range entries {
			if e.Line < 1 || len(e.ItemLines) != len(e.Draft.Fields) {
				t.Errorf("entry %+v", e)
			}
			if len(e.Findings) == 0 {
				if codes[e.Draft.Code]++; codes[e.Draft.Code] > 1 || e.Draft.Code == "" {
					t.Errorf("entry %+v was taken", e)
				}
			}
		}
	})
}
