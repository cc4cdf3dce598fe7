package demo

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

// spoiled is the embedded data with one text replaced in one file.
func spoiled(t *testing.T, name, old, replacement string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	entries, err := data.ReadDir("data")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := data.ReadFile("data/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		files["data/"+e.Name()] = &fstest.MapFile{Data: text}
	}
	file := files["data/"+name+".yaml"]
	if !strings.Contains(string(file.Data), old) {
		t.Fatalf("%s.yaml has no %q", name, old)
	}
	file.Data = []byte(strings.Replace(string(file.Data), old, replacement, 1))
	return files
}

func TestContradictionsAreFound(t *testing.T) {
	tests := []struct{ file, old, replacement, want string }{
		{"items", "sex: {title: 性别", "sex: {titel: 性别", "items.yaml"},
		{"items", "sex: {title: 性别, type: string, grade: 2}", "sex: {title: 性别, type: string, grade: 5}", "field"},
		{"laws", "pipl: ", "pipl: {title: a, level: law}\npipl: ", "laws.yaml"},
		{"common", "items: [person_name, id_number, fingerprint]", "items: [person_name, thumb]", `no data item "thumb"`},
		{"common", "class: not_shared, open: not_open,\n  basis: [{law: identity_card", "class: secret, open: not_open,\n  basis: [{law: identity_card", `class "secret"`},
		{"common", "basis: [{law: labour_inspection, article: 第九条}], ", "", "with basis"},
		{"common", "{law: labour_inspection, article: 第九条}", "{law: labour_inspection, article: 九}", "citation"},
		{"shuozhou", "use: household}", "use: houshold}", `no common entry "houshold"`},
		{"shuozhou", "SZ-GA-002", "SZ-GA-001", "code SZ-GA-001 occurs twice"},
		{"shuozhou", "use: identity_check", "use: household", "occurs twice"},
		{"shuozhou", "office: nengyuan\n", "office: nenyuan\n", `no office "nenyuan"`},
		{"shuozhou", "[authority_head]", "[approver]", "has no approver"},
		{"shuozhou", "posts: [[auditor]]", "posts: [[requester]]", "nobody is auditor"},
		{"shuozhou", "short: 能源, posts: [[requester, data_specialist], [approver]]", "short: 能源, posts: [[requester]]", "nobody at shuozhou-nengyuan"},
		{"yanzhou", "basis_levels: [law, administrative_regulation", "basis_levels: [administrative_regulation", "cannot be a basis"},
		{"yanzhou", "modes: [query_api, batch, table_exchange, verification]", "modes: [file]", "modes are required"},
		{"shuozhou", "fields: [person_name, death_date]", "fields: [person_name, diagnosis]", `no field "diagnosis"`},
		{"shuozhou", "code: SZ-RS-002, fields: [person_name, id_number, benefit_amount]", "code: SZ-GA-005, fields: [file_no]", "cannot apply for SZ-GA-005"},
		{"shuozhou", "code: SZ-RS-002, fields: [person_name, id_number, benefit_amount]", "code: SZ-GA-003, fields: [portrait]", "cannot apply for SZ-GA-003"},
		{"shuozhou", "code: SZ-RS-002, fields: [person_name, id_number, benefit_amount]", "code: SZ-MZ-001, fields: [id_number]", "cannot apply for SZ-MZ-001"},
		{"shuozhou", "code: SZ-RS-002, fields: [person_name, id_number, benefit_amount]", "code: SZ-XX-001, fields: [id_number]", "no such resource"},
		{"shuozhou", "code: SZ-RS-002, fields: [person_name, id_number, benefit_amount]", "code: SZ-RS-002", "no fields of SZ-RS-002"},
		{"shuozhou", "mode: batch\n", "mode: verification\n", `not had by "verification"`},
		{"shuozhou", "months: 36\n", "months: 61\n", "/term_months: range"},
		{"shuozhou", "duty: share.answer", "duty: share.provide", "follows from share.answer"},
		{"shuozhou", "registrar: authority-officer", "registrar: authority-head", "registrar"},
		{"shuozhou", "    registrar: authority-officer\n", "", "registered by somebody"},
		{"shuozhou", "applicant: yibao-requester", "applicant: yibao-approver", `applicant "shuozhou-yibao-approver"`},
		{"shuozhou", "by: gongan-approver", "by: minzheng-approver", `answer is not for "shuozhou-minzheng-approver"`},
		{"shuozhou", "by: gongan-approver", "by: gongan-specialist", `answer is not for "shuozhou-gongan-specialist"`},
		{"shuozhou", "by: minzheng-requester, action: confirm", "by: minzheng-specialist, action: confirm", "confirm is not for"},
		{"shuozhou", "answer: {agree: true, fields: [person_name, id_number, household_no", "answer: {agree: true, fields: [portrait", "asked_for"},
		{"shuozhou", "answer: {agree: true, conditions: 逐笔", "answer: {agree: false, conditions: 逐笔", "basis_required"},
		{"shuozhou", "gaps: [未写明", "gaps: [\"\", 未写明", "/gaps/0: required"},
		{"shuozhou", "action: withdraw, note: 改由省级平台统一申请", "action: withdraw", "/note: required"},
		{"shuozhou", "action: withdraw", "action: confirm", "wrong_state"},
		{"shuozhou", "action: withdraw", "action: answer", "do not fit answer"},
		{"shuozhou", "action: withdraw", "action: urge", "urge is no step"},
		{"shuozhou", "{by: renshe-specialist, resource: SZ-RS-003", "{by: renshe-specialist", "no case of that resource"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			w, err := load(spoiled(t, tt.file, tt.old, tt.replacement))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if len(w.Regions) != 0 {
				t.Error("a world that contradicts itself was returned")
			}
		})
	}
	if _, err := load(fstest.MapFS{}); err == nil {
		t.Error("no files, no error")
	}
}
