package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"gongshu/desk"
	"gongshu/policies"
	"gongshu/sharing"
)

// actionKeys are the keys under which a page looks for what an action is called when
// it is done to a kind of thing.
func actionKeys(kind sharing.Kind, a sharing.Action) []string {
	k, act := string(kind), string(a)
	return []string{"act." + k + "." + act, "act." + act, "do." + k + "." + act, "do." + act}
}

// Act names what is done to a kind of thing.
func (w words) Act(kind sharing.Kind, a sharing.Action) string {
	if a == "*" {
		return w.T("act.any")
	}
	return w.T(w.first(actionKeys(kind, a)...))
}

// basisWords puts the ground of a rule into words: the articles of the reader's region
// and whether the rule is this system's own; those of other regions where there is
// nothing else.
func (v *visit) basisWords(items []string) []string {
	var own, house, others []string
	last := "" // law; its further articles follow without its name
	for _, item := range items {
		id, article, ok := strings.Cut(item, " art. ")
		if !ok {
			house = append(house, v.words.T("policy.house"))
			continue
		}
		text, region := id, ""
		for _, r := range v.site.desk.Law().All() {
			if r.ID == id {
				text, region = v.words.law(r), r.Region
			}
		}
		if id == last {
			text = v.words.Article(article)
		} else {
			text = v.words.T("policy.basis.article", text, v.words.Article(article))
		}
		last = id
		if region == v.user.Region.ID {
			own = append(own, text)
		} else {
			others = append(others, text)
		}
	}
	if own = append(own, house...); len(own) > 0 {
		return own
	}
	return others
}

// ruleLine is a rule in words.
type ruleLine struct {
	Who, As, On, Of, May string
	Allows               bool
	Lines                []string // where it stands in its file
	Text                 string   // as the file has it; of one rule alone
	Comment              string
	Basis                []string
}

// columns of a rule as its file has it.
func columnsOf(r policies.Rule) []string {
	fields := strings.Split(strings.TrimPrefix(r.Text, "p, "), ", ")
	for len(fields) < 8 {
		fields = append(fields, "")
	}
	return fields
}

// ruleComment is what a rules file says of a rule. The shipped file speaks English, which
// is no help on a Chinese page; what a region wrote in Chinese is shown to everyone.
func (v *visit) ruleComment(text string) string {
	if v.words.locale == English || strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return text
	}
	return ""
}

// rule puts one rule into words.
func (v *visit) rule(r policies.Rule) ruleLine {
	line := v.ruleLine(columnsOf(r), []string{columnsOf(r)[2]}, []string{columnsOf(r)[6]})
	line.Lines, line.Text, line.Comment, line.Basis = []string{r.File + ":" + v.words.Number(r.Line)}, r.Text, v.ruleComment(r.Comment), v.basisWords(r.Basis)
	return line
}

// ruleLine puts rules into words that differ in their kinds and actions alone.
func (v *visit) ruleLine(c, kinds, actions []string) ruleLine {
	w := v.words
	named := func(key, code string) string {
		if w.Knows(key + "." + code) {
			return w.T(key + "." + code)
		}
		return code
	}
	line := ruleLine{Allows: c[7] == "allow"}
	if line.Who = named("role", c[0]); line.Who == c[0] {
		line.Who = named("group", c[0])
	}
	line.As = w.T("relation.any")
	if c[1] != "*" {
		line.As = w.Code("relation", c[1])
	}
	var on, may []string
	for _, k := range kinds {
		on = append(on, w.Code("kind", k))
	}
	for _, a := range actions {
		may = append(may, w.Act(sharing.Kind(kinds[0]), sharing.Action(a)))
	}
	line.On, line.May = strings.Join(on, w.T("comma")), strings.Join(may, w.T("comma"))
	class := w.T("policy.class.any")
	if c[3] != "*" {
		class = w.Code("class", c[3])
	}
	switch {
	case c[4] == "1" && c[5] == "4" && c[3] == "*":
		line.Of = w.T("policy.all")
	case c[4] == c[5]:
		line.Of = w.T("policy.of.single", class, c[4])
	default:
		line.Of = w.T("policy.of", class, c[4], c[5])
	}
	return line
}

// ruleBlock is a part of a rules file in words.
type ruleBlock struct {
	Comment string
	Basis   []string
	Lines   []ruleLine
}

// blocks puts rules into words; those that differ in their actions alone, or then in
// their kinds, share a line.
func (v *visit) blocks(all []policies.Block) []ruleBlock {
	var told []ruleBlock
	for _, b := range all {
		type shape struct {
			columns        []string
			kinds, actions []string
			lines          []string
		}
		var shapes []*shape
		for _, r := range b.Rules {
			c := columnsOf(r)
			same := func(s *shape) bool {
				return slices.Equal(s.kinds, c[2:3]) && slices.Equal(append(slices.Clone(s.columns[:2]), s.columns[3:6]...), append(slices.Clone(c[:2]), c[3:6]...)) && s.columns[7] == c[7]
			}
			i := slices.IndexFunc(shapes, same)
			if i < 0 {
				i = len(shapes)
				shapes = append(shapes, &shape{columns: c, kinds: []string{c[2]}})
			}
			shapes[i].actions = append(shapes[i].actions, c[6])
			shapes[i].lines = append(shapes[i].lines, v.words.Number(r.Line))
		}
		var merged []*shape
		for _, s := range shapes {
			i := slices.IndexFunc(merged, func(m *shape) bool {
				return slices.Equal(m.actions, s.actions) && slices.Equal(append(slices.Clone(m.columns[:2]), m.columns[3:6]...), append(slices.Clone(s.columns[:2]), s.columns[3:6]...)) && m.columns[7] == s.columns[7]
			})
			if i < 0 {
				merged = append(merged, s)
				continue
			}
			merged[i].kinds, merged[i].lines = append(merged[i].kinds, s.kinds...), append(merged[i].lines, s.lines...)
		}
		block := ruleBlock{Comment: v.ruleComment(b.Comment), Basis: v.basisWords(b.Basis)}
		for _, s := range merged {
			line := v.ruleLine(s.columns, s.kinds, s.actions)
			line.Lines = s.lines
			block.Lines = append(block.Lines, line)
		}
		told = append(told, block)
	}
	return told
}

// Choices of the questions about the policy.
func everyKind(s *scene) ([]choice, error) {
	var list []choice
	for _, k := range policies.Kinds() {
		list = append(list, choice{Value: string(k), Label: s.words.Code("kind", k)})
	}
	return list, nil
}

func everyAction(s *scene) ([]choice, error) {
	var list []choice
	seen := map[sharing.Action]bool{}
	for _, k := range policies.Kinds() {
		for _, a := range policies.Actions(k) {
			if !seen[a] {
				seen[a] = true
				list = append(list, choice{Value: string(a), Label: s.words.Act(k, a)})
			}
		}
	}
	return list, nil
}

func everyClass(s *scene) ([]choice, error) {
	var list []choice
	for _, c := range sharing.Classes {
		list = append(list, choice{Value: string(c), Label: s.words.Code("class", c)})
	}
	return list, nil
}

// people of the region, as suggestions for a sign-in name.
func suggestPeople(s *scene) []string {
	found, err := s.site.desk.Accounts(s.ctx(), s.user, desk.AccountQuery{Limit: desk.MaxLimit})
	if err != nil {
		return nil // only a help
	}
	names := make([]string, len(found.Items))
	for i, a := range found.Items {
		names[i] = a.ID
	}
	return names
}

// Inputs of the questions: about whom, on what, and what is to be done.
var (
	whomInputs = []input{
		{Name: "user", As: asLine, Suggest: suggestPeople},
		{Name: "roles", As: asSelect, From: everyRole},
		{Name: "department", As: asSelect, From: standingOffices},
	}
	thingInputs = []input{
		{Name: "on", As: asLine},
		{Name: "kind", As: asSelect, From: everyKind},
		{Name: "class", As: asSelect, From: everyClass},
		{Name: "grade", As: asSelect, Options: []string{"1", "2", "3", "4"}},
		{Name: "provider", As: asSelect, From: standingOffices},
		{Name: "applicant", As: asSelect, From: standingOffices},
	}
	actionInputs = []input{{Name: "action", As: asSelect, From: everyAction, Required: true}}
)

// question reads what is asked from the address of the page.
func (v *visit) question() (desk.PolicyQuestion, *form) {
	f := newForm(0)
	f.Typed = v.QueryParams()
	if f.Typed == nil {
		f.Typed = url.Values{}
	}
	if f.Value("action") == "" {
		f.Typed.Set("action", string(sharing.Read))
	}
	text := func(name string) string { return strings.TrimSpace(f.Value(name)) }
	q := desk.PolicyQuestion{User: text("user"), Department: text("department"), On: text("on"), Action: sharing.Action(text("action")),
		Thing: sharing.Thing{Kind: sharing.Kind(text("kind")), Class: sharing.Class(text("class")), ProviderID: text("provider"), ApplicantID: text("applicant"),
			Grade: sharing.Grade(max(0, min(9, f.number(v, "grade", "/grade"))))}}
	if r := text("roles"); r != "" {
		q.Roles = []sharing.Role{sharing.Role(r)}
	}
	return q, f
}

// asksAnything reports whether the page was asked, and not only opened.
func (v *visit) asksAnything() bool {
	return v.QueryParam("user")+v.QueryParam("on")+v.QueryParam("kind")+v.QueryParam("roles") != ""
}

// explainPage is the form that asks why, and its answer.
type explainPage struct {
	Form        *form
	Asked       []control // who, on what, and what is to be done
	Whom, Thing []control // what is assumed instead
	Assumes     bool      // something is
	Answer      *explainAnswer
}

// explainAnswer is an explanation in words.
type explainAnswer struct {
	desk.PolicyAnswer
	Verdict string // the sentence
	Does    string // what is done
	Votes   []voteLine
	Ways    []wayLine
	Never   []string
}

// voteLine is the rule that decided for one role in one relation.
type voteLine struct {
	Role     sharing.Role
	Relation sharing.Relation
	ruleLine
}

// wayLine is a rule by which others may.
type wayLine struct {
	Roles    []sharing.Role
	Relation sharing.Relation
	Lacks    []policies.Lack
	ruleLine
}

func (v *visit) wayLines(ways []policies.Way) []wayLine {
	var lines []wayLine
	for _, w := range ways {
		lines = append(lines, wayLine{w.Roles, w.Relation, w.Lacks, v.rule(w.Rule)})
	}
	return lines
}

// assumes reports whether a question is about a made-up post or thing, or is to be.
func assumes(f *form) bool {
	for _, in := range slices.Concat(whomInputs[1:], thingInputs[1:]) {
		if f.Value(in.Name) != "" || len(f.At("/"+in.Name)) > 0 {
			return true
		}
	}
	return f.Wrong()
}

func (v *visit) explainPolicy() error {
	q, f := v.question()
	page, status := explainPage{Form: f}, http.StatusOK
	if !v.site.desk.MayAdminister(v.user, sharing.KindPolicy, sharing.Read) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	if v.asksAnything() {
		x, err := v.site.desk.ExplainPolicy(v.ctx(), v.user, q)
		if err == nil {
			page.Answer = v.explained(x)
		} else {
			code := sharing.CodeOf(err)
			if other := f.explain(v, err); other != nil {
				return other
			}
			status = statusOf(code)
		}
	}
	s := &scene{visit: v, Procedure: policyForm, Action: sharing.Read}
	laid, err := s.lay(f, slices.Concat(whomInputs, thingInputs, actionInputs))
	if err != nil {
		return err
	}
	whom, thing := len(whomInputs), len(whomInputs)+len(thingInputs)
	page.Asked = []control{laid[0], laid[whom], laid[thing]}
	page.Whom, page.Thing, page.Assumes = laid[1:whom], laid[whom+1:thing], assumes(f)
	return v.show(status, "admin_policy", "policy", page)
}

func (v *visit) explained(x desk.PolicyAnswer) *explainAnswer {
	a := explainAnswer{PolicyAnswer: x, Does: v.words.Act(x.On.Kind, x.Action)}
	for _, vote := range x.Explanation.Votes {
		a.Votes = append(a.Votes, voteLine{vote.Role, vote.Relation, v.rule(vote.Rule)})
	}
	a.Ways = v.wayLines(x.Explanation.Ways)
	for _, b := range x.Explanation.Never {
		a.Never = append(a.Never, v.words.pick(b.Zh, b.En))
	}
	return &a
}

// whoPage is the form that asks who may, and its answer.
type whoPage struct {
	Form         *form
	Asked, Thing []control
	Assumes      bool
	Answer       *whoAnswer
}

type whoAnswer struct {
	desk.WhoMay
	Does string
	Ways []wayLine
}

// By are the rules by which a person may, each once whatever roles it is met by.
func (whoAnswer) By(p policies.Person) []voteLine {
	var by []voteLine
	for _, vote := range p.Votes {
		line := voteLine{Relation: vote.Relation, ruleLine: ruleLine{Lines: []string{fmt.Sprintf("%s:%d", vote.Rule.File, vote.Rule.Line)}}}
		if !slices.ContainsFunc(by, func(b voteLine) bool { return b.Relation == line.Relation && b.Lines[0] == line.Lines[0] }) {
			by = append(by, line)
		}
	}
	return by
}

func (v *visit) whoMay() error {
	q, f := v.question()
	page, status := whoPage{Form: f}, http.StatusOK
	if !v.site.desk.MayAdminister(v.user, sharing.KindPolicy, sharing.Read) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	if v.asksAnything() {
		who, err := v.site.desk.WhoMay(v.ctx(), v.user, q)
		if err == nil {
			page.Answer = &whoAnswer{who, v.words.Act(who.On.Kind, who.Action), v.wayLines(who.Ways)}
		} else {
			code := sharing.CodeOf(err)
			if other := f.explain(v, err); other != nil {
				return other
			}
			status = statusOf(code)
		}
	}
	s := &scene{visit: v, Procedure: policyForm, Action: sharing.Read}
	laid, err := s.lay(f, slices.Concat(thingInputs, actionInputs))
	if err != nil {
		return err
	}
	page.Asked, page.Thing, page.Assumes = []control{laid[0], laid[len(thingInputs)]}, laid[1:len(thingInputs)], assumes(f)
	return v.show(status, "admin_policy_who", "policy", page)
}

// rulesPage shows the rules in force and how they came to be.
type rulesPage struct {
	desk.PolicyStanding
	Rules, Added []ruleBlock
	MayManage    bool
}

func (v *visit) policyRules() error {
	s, err := v.site.desk.PolicyStanding(v.ctx(), v.user)
	if err != nil {
		return err
	}
	return v.ok("admin_policy_rules", "policy", rulesPage{PolicyStanding: s, Rules: v.blocks(s.Rules), Added: v.blocks(s.Added),
		MayManage: v.site.desk.MayAdminister(v.user, sharing.KindPolicy, sharing.Manage)})
}

// changePage is the form on which a change of rules is written, rehearsed and published.
type changePage struct {
	Form      *form
	Text      field
	Rehearsal *desk.PolicyRehearsal
	Lines     []differenceOfRules
	From      int64 // the earlier publication that is gone back to; 0 when none is
	Example   string
	Codes     []codeList
}

// codeList are the codes that can stand in one column of a rule, each with its name.
type codeList struct {
	Title string
	Codes [][2]string
}

// ruleCodes are the codes of which a rule is made.
func (w words) ruleCodes() []codeList {
	roles := codeList{Title: w.T("policy.who")}
	for _, r := range sharing.Roles {
		roles.Codes = append(roles.Codes, [2]string{string(r), w.Code("role", r)})
	}
	relations := codeList{Title: w.T("policy.as")}
	for _, r := range sharing.Relations {
		relations.Codes = append(relations.Codes, [2]string{string(r), w.Code("relation", r)})
	}
	kinds, actions := codeList{Title: w.T("policy.on")}, codeList{Title: w.T("policy.do")}
	seen := map[sharing.Action]bool{}
	for _, k := range policies.Kinds() {
		kinds.Codes = append(kinds.Codes, [2]string{string(k), w.Code("kind", k)})
		for _, a := range policies.Actions(k) {
			if !seen[a] {
				seen[a] = true
				actions.Codes = append(actions.Codes, [2]string{string(a), w.Act(k, a)})
			}
		}
	}
	classes := codeList{Title: w.T("in.policy.class")}
	for _, c := range sharing.Classes {
		classes.Codes = append(classes.Codes, [2]string{string(c), w.Code("class", c)})
	}
	return []codeList{roles, relations, kinds, classes, actions}
}

// ruleExample is a text that a region could add to the rules: it keeps other
// departments from the entries of grade 3.
func (v *visit) ruleExample() string {
	basis := "house rule"
	for _, r := range v.site.desk.Law().All() {
		if r.Region == v.user.Region.ID {
			basis = r.ID + " art. 1; house rule"
		}
	}
	return "# version: " + v.user.Region.ID + "-1\n#\n# " + v.words.T("policy.howto.comment") + "\n# basis: " + basis + "\np, reader, peer, resource, conditional, 3, 3, read, deny\n"
}

// differenceOfRules is what a change takes from people or gives them, in words.
type differenceOfRules struct {
	policies.Difference
	Sentence string
	Some     []string // some of the people, by name
}

func (v *visit) policyChange() error {
	f, from := newForm(0), int64(0)
	s, err := v.site.desk.PolicyStanding(v.ctx(), v.user)
	if err != nil {
		return err
	}
	f.Typed.Set("text", s.Addition)
	if id := v.QueryParam("to"); id != "" {
		for _, h := range s.History {
			if v.words.Number(int(h.ID)) == id && h.Region == v.user.Region.ID {
				from = h.ID
				f.Typed.Set("text", h.Text)
			}
		}
		if from == 0 {
			return &sharing.Error{Code: sharing.CodeNotFound}
		}
	}
	return v.showChange(http.StatusOK, changePage{Form: f, From: from})
}

func (v *visit) showChange(status int, page changePage) error {
	if !v.site.desk.MayAdminister(v.user, sharing.KindPolicy, sharing.Manage) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	page.Text = newField(page.Form, "text", "/text", v.words.T("policy.text"), v.words.T("policy.text.hint"))
	page.Text.Rows, page.Text.Max = 16, 1<<16
	page.Example, page.Codes = v.ruleExample(), v.words.ruleCodes()
	return v.show(status, "admin_policy_change", "policy", page)
}

// changePolicy rehearses what was typed, and publishes it when that is asked for and
// it is what was rehearsed.
func (v *visit) changePolicy() error {
	f := v.form()
	page := changePage{Form: f}
	text := f.Value("text")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n" // browsers send none behind the last line
	}
	if f.Value("do") == "publish" {
		p, err := v.site.desk.PublishPolicy(v.ctx(), v.user, f.Key, desk.PolicyChange{Text: text, Reason: f.Value("reason"), Rehearsed: f.Value("rehearsed")})
		if err == nil {
			v.leave("policy_published", v.words.Number(int(p.ID)))
			return v.redirect("/admin/policy/rules")
		}
		code := sharing.CodeOf(err)
		if other := f.explain(v, err); other != nil {
			return other
		}
		if code == sharing.CodeStale {
			f.Message = v.words.T("policy.stale")
		}
		if again := v.rehearse(&page, text); again != nil {
			return v.showChange(statusOf(code), page)
		}
		return v.showChange(statusOf(code), page)
	}
	if err := v.rehearse(&page, text); err != nil {
		return v.cameBack(f, err, func(status int) error { return v.showChange(status, page) })
	}
	return v.showChange(http.StatusOK, page)
}

// rehearse puts into words what a text would come to.
func (v *visit) rehearse(page *changePage, text string) error {
	r, err := v.site.desk.RehearsePolicy(v.ctx(), v.user, text)
	if err != nil {
		return err
	}
	page.Rehearsal = &r
	for _, d := range r.Differences {
		line := differenceOfRules{Difference: d}
		what := "loses"
		if d.Gains {
			what = "gains"
		}
		people, things, kind := v.words.N("policy.people", len(d.People)), v.words.N("policy.things", d.Things), v.words.Code("kind", d.Kind)
		if d.Action == sharing.Read {
			line.Sentence = v.words.T("policy."+what+".sight", people, things, kind)
		} else {
			line.Sentence = v.words.T("policy."+what, people, things, kind, v.words.Act(d.Kind, d.Action))
		}
		for _, id := range d.People[:min(len(d.People), 12)] {
			u := r.Named[id]
			line.Some = append(line.Some, v.words.T("policy.person", u.Name, v.words.department(u.Department)))
		}
		page.Lines = append(page.Lines, line)
	}
	return nil
}
