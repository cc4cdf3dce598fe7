package web

import (
	"html/template"

	"gongshu/desk"
	"gongshu/letter"
	"gongshu/letter/paper"
	"gongshu/postgres"
	"gongshu/sharing"
)

// letterFixtures are a letter, its list, and the form of its wording.
func letterFixtures() []fixture {
	made := letter.Letter{Kind: letter.Answer, Locale: letter.Chinese, Number: hostile, Issuer: hostile, Addressee: hostile, Title: hostile,
		Body: []string{hostile, "一、" + hostile, "（一）甲"}, Annexes: []string{hostile, hostile}, IssuedOn: sharing.DateOf(noon)}
	english := made
	english.Locale, english.Annexes = letter.English, english.Annexes[:1]
	sheet := func(l letter.Letter) template.HTML {
		html, err := paper.Sheet(l)
		if err != nil {
			panic(err)
		}
		return html
	}
	ref := desk.LetterRef{Name: "answer-1", Kind: letter.Answer, IssuedAt: noon, Issuer: police, To: []sharing.Department{taxes, police}}
	shown := desk.LetterView{LetterRef: ref, Letter: made, CaseID: "c1", CaseNumber: hostile, Wording: 2}
	courtesy := shown
	courtesy.Letter, courtesy.Wording = english, 0
	var refs []desk.LetterRef
	var lines []wordingLine
	for _, k := range letter.Kinds {
		refs = append(refs, desk.LetterRef{Name: string(k) + "-1", Kind: k, IssuedAt: noon, Issuer: police})
		lines = append(lines, wordingLine{k, []desk.WordingView{{Kind: k, Locale: letter.Chinese}, {Kind: k, Locale: letter.English, Own: true, Version: 3,
			Versions: []postgres.KeptWording{{Version: 3, Text: hostile, ByName: hostile, At: noon}}}}})
	}
	all := []fixture{
		{"full", "letters", lettersPart{caseIn(sharing.Refused), append(refs, ref), true}}, {"empty", "letters", lettersPart{Case: caseIn(sharing.Refused)}},
		{"zh", "letter", letterPage{LetterView: shown, Sheet: sheet(made), Other: letter.English, CanPrint: true}},
		{"en", "letter", letterPage{LetterView: courtesy, Sheet: sheet(english), Other: letter.Chinese}},
		{"all", "wordings", lines}, {"none", "wordings", []wordingLine(nil)},
	}
	for _, k := range letter.Kinds {
		f := newForm(2)
		f.Typed.Set("text", hostile)
		f.Message = hostile
		f.add("/text", "wrong at /text")
		all = append(all, fixture{string(k), "wording", wordingPage{WordingView: desk.WordingView{Kind: k, Locale: letter.Chinese, Own: true, Version: 2}, Form: f, Fields: letter.FieldsOf(k),
			Sheets: []template.HTML{sheet(made)}, Max: 10, Older: []wordingVersion{{2, hostile, noon, hostile}, {1, hostile, noon, ""}}}})
	}
	return append(all, fixture{"bare", "wording", wordingPage{WordingView: desk.WordingView{Kind: letter.Answer, Locale: letter.English}, Form: newForm(0)}})
}
