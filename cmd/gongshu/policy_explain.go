package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gongshu/desk"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
)

// policyQuestion is what `policy explain` and `policy who` are asked.
type policyQuestion struct {
	config
	user, on, action, department string
	roles                        []string
	asJSON                       bool
}

func (q *policyQuestion) flags(cmd *cobra.Command) {
	q.config.flags(cmd, "database")
	f := cmd.Flags()
	f.StringVar(&q.on, "on", "", "id, code or number of a catalog entry, case, application or grant; trail:REGION for an audit trail")
	f.StringVar(&q.action, "action", string(sharing.Read), "what is to be done, such as read, apply or answer")
	f.BoolVar(&q.asJSON, "json", false, "answer in JSON")
}

// open opens the database.
func (q *policyQuestion) open(ctx context.Context) (*postgres.Store, error) {
	if q.on == "" {
		return nil, errors.New("--on is missing: the id, code or number of what is asked about")
	}
	url, err := q.database()
	if err != nil {
		return nil, err
	}
	return openStore(ctx, url)
}

// find finds what the question is about: of several with the same code that of the
// region, where one is given.
func (q *policyQuestion) find(ctx context.Context, store *postgres.Store, region string) (postgres.Labelled, error) {
	found, err := store.LabelledAs(ctx, q.on)
	if err != nil {
		return postgres.Labelled{}, err
	}
	if len(found) > 1 && region != "" {
		found = slices.DeleteFunc(found, func(l postgres.Labelled) bool { return l.RegionID != region })
	}
	switch len(found) {
	case 0:
		return postgres.Labelled{}, fmt.Errorf("--on: nothing is called %q", q.on)
	case 1:
	default:
		var ids []string
		for _, l := range found {
			ids = append(ids, fmt.Sprintf("%s %s (%s)", l.Kind, l.ID, l.RegionID))
		}
		return postgres.Labelled{}, fmt.Errorf("--on: %q is the name of %s; give an id", q.on, strings.Join(ids, ", "))
	}
	actions := policies.Actions(found[0].Kind)
	if !slices.Contains(actions, sharing.Action(q.action)) {
		return postgres.Labelled{}, fmt.Errorf("--action: %q is never done to a %s; there are %s", q.action, found[0].Kind, join(actions))
	}
	return found[0], nil
}

// askedThing is what a question is about, as answers tell of it.
type askedThing struct {
	Kind      sharing.Kind  `json:"kind"`
	ID        string        `json:"id"`
	Name      string        `json:"name,omitempty"`
	Title     string        `json:"title,omitempty"`
	Region    string        `json:"region"`
	Provider  string        `json:"provider,omitempty"`
	Applicant string        `json:"applicant,omitempty"`
	Class     sharing.Class `json:"class"`
	Grade     sharing.Grade `json:"grade"`
	State     sharing.State `json:"state,omitempty"`
}

func describe(l postgres.Labelled) askedThing {
	return askedThing{l.Kind, l.ID, l.Name, l.Title, l.RegionID, l.ProviderID, l.ApplicantID, l.Class, l.Grade, l.State}
}

func (t askedThing) String() string {
	parts := []string{both(kindWords, t.Kind), cmp.Or(t.Name, t.ID)}
	if t.Title != "" && t.Title != t.Name {
		parts = append(parts, t.Title)
	}
	parts = append(parts, "· "+both(classWords, t.Class), fmt.Sprintf("· 等级 grade %d", t.Grade), "· "+t.Region)
	if t.Provider != "" {
		parts = append(parts, "· 提供 provider "+t.Provider)
	}
	if t.Applicant != "" {
		parts = append(parts, "· 申请 applicant "+t.Applicant)
	}
	if t.State != "" {
		parts = append(parts, "· 状态 state "+string(t.State))
	}
	return strings.Join(parts, " ")
}

// explained is the answer of `policy explain`.
type explained struct {
	User         string         `json:"user,omitempty"`
	Name         string         `json:"name,omitempty"`
	Roles        []sharing.Role `json:"roles"`
	Department   string         `json:"department"`
	Region       string         `json:"region"`
	Hypothetical bool           `json:"hypothetical"` // roles or department are not the user's own
	On           askedThing     `json:"on"`
	Action       sharing.Action `json:"action"`
	// States are those in which the procedure has the step; the case is in none of
	// them where OutOfState is set.
	States     []sharing.State `json:"states,omitempty"`
	OutOfState bool            `json:"out_of_state,omitempty"`
	policies.Explanation
}

func newPolicyExplainCommand() *cobra.Command {
	var q policyQuestion
	cmd := &cobra.Command{
		Use:   "explain --user U --on THING --action A",
		Short: "说明允许或不允许、依据哪条规则哪一条款、还需什么 · why something is allowed or denied, and what would be needed",
		Long: `说明某人能否办理某事：由哪一行规则、依据哪一条款决定，以及还需具备什么。--role 与 --department 可作假设。

Says whether a person may do something: by which rule and article, and what would be needed otherwise. --role and
--department ask what would be if the person held these roles or belonged to that department; with both, no user is needed.`,
		Example: `  gongshu policy explain --user shuozhou-civil-requester --on SHARE-2026-0007 --action answer
  gongshu policy explain --role approver --department shuozhou-civil --on SHARE-2026-0007 --action answer`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			answer, err := q.explain(cmd.Context())
			if err != nil {
				return err
			}
			if q.asJSON {
				return writeJSON(cmd.OutOrStdout(), answer)
			}
			return answer.write(cmd.OutOrStdout())
		},
	}
	q.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&q.user, "user", "", "sign-in name of the person")
	f.StringArrayVar(&q.roles, "role", nil, "a role instead of the person's own (may be repeated)")
	f.StringVar(&q.department, "department", "", "id of a department instead of the person's own")
	return cmd
}

func (q *policyQuestion) explain(ctx context.Context) (explained, error) {
	answer := explained{User: q.user, Action: sharing.Action(q.action), Hypothetical: len(q.roles) > 0 || q.department != ""}
	if q.user == "" && (len(q.roles) == 0 || q.department == "") {
		return answer, errors.New("--user is missing, or --role and --department")
	}
	store, err := q.open(ctx)
	if err != nil {
		return answer, err
	}
	defer store.Close()
	current, err := desk.PolicyInForce(ctx, store)
	if err != nil {
		return answer, err
	}
	subject, name, err := q.subject(ctx, store)
	if err != nil {
		return answer, err
	}
	l, err := q.find(ctx, store, subject.RegionID)
	if err != nil {
		return answer, err
	}
	if l.Registrar != "" && l.Registrar == subject.UserID {
		l.ProviderID = subject.DepartmentID
	}
	answer.Name, answer.Roles, answer.Department, answer.Region = name, subject.Roles, subject.DepartmentID, subject.RegionID
	answer.On = describe(l)
	answer.States = policies.StatesFor(answer.On.Kind, answer.Action)
	answer.OutOfState = len(answer.States) > 0 && !slices.Contains(answer.States, l.State)
	answer.Explanation, err = current.Policy().Explain(subject, answer.Action, l.Thing)
	return answer, err
}

// subject is who the question is about, with what is assumed of them.
func (q *policyQuestion) subject(ctx context.Context, store *postgres.Store) (s sharing.Subject, name string, err error) {
	if q.user != "" {
		u, err := store.User(ctx, q.user)
		if err != nil {
			return s, "", fmt.Errorf("--user %s: %w", q.user, err)
		}
		s, name = u.Subject(), u.Name
	}
	if len(q.roles) > 0 {
		s.Roles = nil
		for _, r := range q.roles {
			if !slices.Contains(sharing.Roles, sharing.Role(r)) {
				return s, "", fmt.Errorf("--role: there is no %q; there are %s", r, join(sharing.Roles))
			}
			s.Roles = append(s.Roles, sharing.Role(r))
		}
	}
	if q.department == "" {
		return s, name, nil
	}
	regions, err := store.Regions(ctx)
	if err != nil {
		return s, "", err
	}
	for _, r := range regions {
		departments, err := store.Departments(ctx, r.ID)
		if err != nil {
			return s, "", err
		}
		if slices.ContainsFunc(departments, func(d sharing.Department) bool { return d.ID == q.department }) {
			s.DepartmentID, s.RegionID = q.department, r.ID
			return s, name, nil
		}
	}
	return s, "", fmt.Errorf("--department: there is no %q", q.department)
}

// missingWords put into Chinese why no rule could be asked.
var missingWords = map[string]string{
	"the subject has no role":                        "该人没有角色",
	"the subject stands in no relation to the thing": "该人与此事项没有任何关系(不在同一地区，或不属于任何部门)",
}

func (x explained) write(w io.Writer) error {
	var b strings.Builder
	verdict := "不允许 · denied"
	if x.Allowed {
		verdict = "允许 · allowed"
	}
	roles := make([]string, len(x.Roles))
	for i, r := range x.Roles {
		roles[i] = both(roleWords, r)
	}
	relations := make([]string, len(x.Relations))
	for i, r := range x.Relations {
		relations[i] = both(relationWords, r)
	}
	who := strings.TrimSpace(x.User + " " + x.Name)
	if x.Hypothetical {
		who = strings.TrimSpace(who + " (假设 hypothetical)")
	}
	fmt.Fprintf(&b, "%s\n\n谁 who       %s · %s · %s\n对象 on      %s\n动作 action  %s\n关系 as      %s\n", verdict,
		who, strings.Join(roles, "、"), x.Department, x.On, x.Action, cmp.Or(strings.Join(relations, "、"), "无 none"))
	switch {
	case x.Missing != "":
		fmt.Fprintf(&b, "\n没有规则可适用 · no rule could be asked: %s%s\n", missingWords[x.Missing], " "+x.Missing)
	case len(x.Votes) == 0:
		b.WriteString("\n没有规则涉及，即不允许 · no rule speaks of it, which denies it\n")
	default:
		b.WriteString("\n规则 · rules\n")
	}
	for _, v := range x.Votes {
		says := "允许 allows"
		if !v.Allows {
			says = "禁止 denies"
		}
		fmt.Fprintf(&b, "  %s  %s(%s)\n", says, both(roleWords, v.Role), both(relationWords, v.Relation))
		writeRule(&b, v.Rule)
	}
	for _, bound := range x.Never {
		fmt.Fprintf(&b, "\n任何规则都不能允许 · no rules can allow it: %s · %s\n", bound.Zh, bound.En)
	}
	if !x.Allowed {
		x.writeNeeds(&b)
	}
	if x.OutOfState {
		fmt.Fprintf(&b, "\n注意：程序中此步骤只在以下状态可办 · note: the procedure has this step in these states only: %s\n", join(x.States))
	}
	fmt.Fprintf(&b, "\n规则版本 · policy %s %s\n", x.Version, x.Hash)
	_, err := io.WriteString(w, b.String())
	return err
}

func writeRule(b *strings.Builder, r policies.Rule) {
	fmt.Fprintf(b, "      %s:%d  %s\n", r.File, r.Line, r.Text)
	if r.Comment != "" {
		fmt.Fprintf(b, "      %s\n", r.Comment)
	}
	fmt.Fprintf(b, "      依据 basis: %s\n", strings.Join(r.Basis, "; "))
}

// writeNeeds says who could, those nearest to the person first.
func (x explained) writeNeeds(b *strings.Builder) {
	if len(x.Ways) == 0 {
		b.WriteString("\n现行规则下无人可办 · nobody may, under these rules\n")
		return
	}
	b.WriteString("\n还需什么 · what would be needed\n")
	for _, w := range x.Ways {
		fmt.Fprintf(b, "  %s可以 · %s could\n", wayZh(w), wayEn(w))
		var lacks []string
		for _, l := range w.Lacks {
			lacks = append(lacks, lackWords[l])
		}
		fmt.Fprintf(b, "      差在 lacks: %s\n", strings.Join(lacks, "; "))
		writeRule(b, w.Rule)
	}
}

var lackWords = map[policies.Lack]string{
	policies.LacksRole:     "角色 the role",
	policies.LacksRelation: "部门或机关的位置 the place of the department or office",
	policies.HoldsDenied:   "须卸去被禁止的角色 must give up the role that is denied",
}

// whoMay is the answer of `policy who`.
type whoMay struct {
	On      askedThing      `json:"on"`
	Action  sharing.Action  `json:"action"`
	Ways    []policies.Way  `json:"ways"`
	People  []personWhoMay  `json:"people"`
	States  []sharing.State `json:"states,omitempty"`
	Version string          `json:"version"`
	Hash    string          `json:"hash"`
}

// personWhoMay is a person who may, and by which rules.
type personWhoMay struct {
	User       string         `json:"user"`
	Name       string         `json:"name"`
	Department string         `json:"department"`
	Roles      []sharing.Role `json:"roles"`
	As         []string       `json:"as"` // relation and rule
}

func newPolicyWhoCommand() *cobra.Command {
	var q policyQuestion
	cmd := &cobra.Command{
		Use:     "who --on THING --action A",
		Short:   "列出可以办理的角色与人员 · roles and people who may",
		Example: `  gongshu policy who --on SHARE-2026-0007 --action answer`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			answer, err := q.who(cmd.Context())
			if err != nil {
				return err
			}
			if q.asJSON {
				return writeJSON(cmd.OutOrStdout(), answer)
			}
			return answer.write(cmd.OutOrStdout())
		},
	}
	q.flags(cmd)
	return cmd
}

func (q *policyQuestion) who(ctx context.Context) (whoMay, error) {
	answer := whoMay{Action: sharing.Action(q.action), People: []personWhoMay{}}
	store, err := q.open(ctx)
	if err != nil {
		return answer, err
	}
	defer store.Close()
	current, err := desk.PolicyInForce(ctx, store)
	if err != nil {
		return answer, err
	}
	policy := current.Policy()
	l, err := q.find(ctx, store, "")
	if err != nil {
		return answer, err
	}
	answer.On, answer.Version, answer.Hash = describe(l), policy.Version(), policy.Hash()
	answer.States = policies.StatesFor(answer.On.Kind, answer.Action)
	if answer.Ways, err = policy.Ways(answer.Action, l.Thing); err != nil {
		return answer, err
	}
	if answer.Ways == nil {
		answer.Ways = []policies.Way{}
	}
	users, err := store.Users(ctx)
	if err != nil {
		return answer, err
	}
	people, err := policy.People(answer.Action, users, func(u sharing.User) sharing.Thing {
		thing := l.Thing
		if l.Registrar != "" && l.Registrar == u.ID {
			thing.ProviderID = u.Department.ID
		}
		return thing
	})
	for _, found := range people {
		p := personWhoMay{User: found.ID, Name: found.Name, Department: found.Department.ID, Roles: found.Subject().Roles, As: []string{}}
		for _, v := range found.Votes {
			if as := fmt.Sprintf("%s %s:%d", v.Relation, v.File, v.Line); !slices.Contains(p.As, as) {
				p.As = append(p.As, as)
			}
		}
		answer.People = append(answer.People, p)
	}
	return answer, err
}

func (a whoMay) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "对象 on      %s\n动作 action  %s\n\n角色 · roles\n", a.On, a.Action)
	if len(a.Ways) == 0 {
		b.WriteString("  无 none\n")
	}
	for _, way := range a.Ways {
		fmt.Fprintf(&b, "  %s · %s\n", wayZh(way), wayEn(way))
		writeRule(&b, way.Rule)
	}
	b.WriteString("\n")
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	table := regulation.Table{Title: fmt.Sprintf("人员 people (%d)", len(a.People)), Header: []string{"用户 user", "姓名 name", "部门 department", "角色 roles", "依规则 by"}}
	for _, p := range a.People {
		table.Rows = append(table.Rows, []string{p.User, p.Name, p.Department, join(p.Roles), strings.Join(p.As, ", ")})
	}
	if err := table.WriteText(w); err != nil {
		return err
	}
	if len(a.States) > 0 {
		if _, err := fmt.Fprintf(w, "程序中此步骤可办的状态 · states in which the procedure has the step: %s\n", join(a.States)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "规则版本 · policy %s %s\n", a.Version, a.Hash)
	return err
}
