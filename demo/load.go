package demo

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/google/uuid"

	"gongshu/sharing"
)

//go:embed data/*.yaml
var data embed.FS

// regionFiles are in the order in which the regions are shown.
var regionFiles = []string{"yanzhou", "city", "jinan-startup", "lishui", "shuozhou"}

// lawLevel is the rank of a text; each regulation says which can be a basis.
type lawLevel string

type law struct {
	Title  string   `yaml:"title"`
	Number string   `yaml:"number"`
	Level  lawLevel `yaml:"level"`
}

type item struct {
	Title string        `yaml:"title"`
	Type  string        `yaml:"type"`
	Grade sharing.Grade `yaml:"grade"`
}

type cite struct {
	Law     string `yaml:"law"`
	Article string `yaml:"article"`
}

// catalogEntry is an entry as written, in common.yaml or in a region's file.
type catalogEntry struct {
	Code        string               `yaml:"code"`
	Use         string               `yaml:"use"` // the common entry to start from
	Office      string               `yaml:"office"`
	Title       string               `yaml:"title"`
	Description string               `yaml:"description"`
	Class       sharing.Class        `yaml:"class"`
	Open        sharing.OpenClass    `yaml:"open"`
	Basis       []cite               `yaml:"basis"`
	Condition   string               `yaml:"condition"`
	Cycle       sharing.Cycle        `yaml:"cycle"`
	Format      string               `yaml:"format"`
	Modes       []sharing.Mode       `yaml:"modes"`
	Base        sharing.BaseCategory `yaml:"base"`
	Items       []string             `yaml:"items"`
}

type regionFile struct {
	Region struct {
		ID     string `yaml:"id"`
		Name   string `yaml:"name"`
		NameEN string `yaml:"name_en"`
		Short  string `yaml:"short"` // what users' names begin with
	} `yaml:"region"`
	Modes       []sharing.Mode `yaml:"modes"`        // the ways of sharing its regulation knows
	BasisLevels []lawLevel     `yaml:"basis_levels"` // the texts its regulation accepts as a basis
	Offices     []struct {
		Key    string                 `yaml:"key"` // department id without the region
		Name   string                 `yaml:"name"`
		NameEN string                 `yaml:"name_en"`
		Short  string                 `yaml:"short"`
		Kind   sharing.DepartmentKind `yaml:"kind"`
		Posts  [][]sharing.Role       `yaml:"posts"` // one user each, named after the first role
	} `yaml:"offices"`
	Entries []catalogEntry `yaml:"entries"`
	Stories []struct {
		ID        string `yaml:"id"`
		Shows     Scene  `yaml:"shows"`
		Applicant string `yaml:"applicant"` // user ids are written without the region, too
		Registrar string `yaml:"registrar"`
		Received  struct {
			Duty             string `yaml:"duty"`
			DueInWorkingDays int    `yaml:"due_in_working_days"`
		} `yaml:"received"`
		Resources []struct {
			Code   string   `yaml:"code"`
			Fields []string `yaml:"fields"`
		} `yaml:"resources"`
		Purpose  string       `yaml:"purpose"`
		Duty     string       `yaml:"duty"`
		Scenario string       `yaml:"scenario"`
		Analysis string       `yaml:"business_analysis"`
		Mode     sharing.Mode `yaml:"mode"`
		Months   int          `yaml:"months"`
		Steps    []stepEntry  `yaml:"steps"`
	} `yaml:"stories"`
}

// stepEntry is a step as written.
type stepEntry struct {
	By       string         `yaml:"by"`
	Action   sharing.Action `yaml:"action"`
	Resource string         `yaml:"resource"` // code; left out where the application names only one
	Gaps     []string       `yaml:"gaps"`
	Answer   *struct {
		Agree       bool     `yaml:"agree"`
		Fields      []string `yaml:"fields"`
		Conditions  string   `yaml:"conditions"`
		Desensitise bool     `yaml:"desensitise"`
		Months      int      `yaml:"months"`
		Reasons     string   `yaml:"reasons"`
		Basis       []cite   `yaml:"basis"`
	} `yaml:"answer"`
	Locator string `yaml:"locator"`
	Note    string `yaml:"note"`
}

// postNames are what a post is called, in sign-in names and for people.
var postNames = map[sharing.Role][2]string{
	sharing.Requester:        {"requester", "申请人"},
	sharing.DataSpecialist:   {"specialist", "数据专员"},
	sharing.Approver:         {"approver", "审批人"},
	sharing.DepartmentHead:   {"head", "负责人"},
	sharing.AuthorityOfficer: {"officer", "经办人"},
	sharing.AuthorityHead:    {"head", "负责人"},
	sharing.Supervisor:       {"officer", "督导人"},
	sharing.Finance:          {"officer", "资金审核人"},
	sharing.Auditor:          {"auditor", "审计员"},
	sharing.Operator:         {"operator", "运维员"},
	sharing.SecurityOfficer:  {"security", "安全管理员"},
	sharing.Gateway:          {"gateway", "数据交换网关"},
}

// Load returns the demo's world. An error means that the embedded files contradict
// themselves, and names every contradiction.
func Load() (World, error) { return load(data) }

func load(files fs.FS) (World, error) {
	l := &loader{departments: map[string]sharing.Department{}}
	read(l, files, "laws", &l.laws)
	read(l, files, "items", &l.items)
	read(l, files, "common", &l.common)
	for _, name := range regionFiles {
		var f regionFile
		read(l, files, name, &f)
		if l.failed() {
			break
		}
		l.region(name, f)
	}
	if !l.failed() {
		var entries []matterEntry
		read(l, files, "matters", &entries)
		if !l.failed() {
			l.matters(entries)
			check(l.world, l.wrong)
		}
	}
	if l.failed() {
		return World{}, fmt.Errorf("demo data: %w", errors.Join(l.errs...))
	}
	return l.world, nil
}

type loader struct {
	laws        map[string]law
	items       map[string]item
	common      map[string]catalogEntry
	departments map[string]sharing.Department // by id
	world       World
	errs        []error
}

func (l *loader) wrong(format string, args ...any) {
	l.errs = append(l.errs, fmt.Errorf(format, args...))
}

func (l *loader) failed() bool { return len(l.errs) > 0 }

func read(l *loader, files fs.FS, name string, into any) {
	text, err := fs.ReadFile(files, "data/"+name+".yaml")
	if err == nil {
		err = yaml.UnmarshalWithOptions(text, into, yaml.Strict())
	}
	if err != nil {
		l.wrong("%s.yaml: %w", name, err)
	}
}

func (l *loader) region(name string, f regionFile) {
	region := sharing.Region{ID: f.Region.ID, Name: f.Region.Name, NameEN: f.Region.NameEN}
	if region.ID != name || region.Name == "" || region.NameEN == "" {
		l.wrong("%s.yaml: region %+v", name, region)
	}
	l.world.Regions = append(l.world.Regions, region)
	for _, o := range f.Offices {
		d := sharing.Department{ID: region.ID + "-" + o.Key, RegionID: region.ID, Name: o.Name, NameEN: o.NameEN,
			Kind: cmp.Or(o.Kind, sharing.OrdinaryDepartment)}
		if _, taken := l.departments[d.ID]; taken {
			l.wrong("%s: office %s occurs twice", region.ID, o.Key)
		}
		l.departments[d.ID] = d
		l.world.Departments = append(l.world.Departments, d)
		for _, roles := range o.Posts {
			if len(roles) == 0 {
				l.wrong("%s: a post without a role", d.ID)
				continue
			}
			post, ok := postNames[roles[0]]
			if !ok {
				l.wrong("%s: no post for role %q", d.ID, roles[0])
			}
			l.world.Users = append(l.world.Users, sharing.User{ID: d.ID + "-" + post[0],
				Name: f.Region.Short + o.Short + "·" + post[1], Department: d, Region: region, Roles: roles, Locale: "zh"})
		}
	}
	for _, e := range f.Entries {
		l.world.Resources = append(l.world.Resources, l.resource(region.ID, f, e))
	}
	for i := range f.Stories {
		l.story(region.ID, f, i)
	}
}

// resource makes the resource that an entry of a region's file stands for.
func (l *loader) resource(regionID string, f regionFile, e catalogEntry) sharing.Resource {
	where := regionID + " " + e.Code
	if e.Use != "" {
		common, ok := l.common[e.Use]
		if !ok {
			l.wrong("%s: no common entry %q", where, e.Use)
		}
		e = over(common, e)
	}
	provider, ok := l.departments[regionID+"-"+e.Office]
	if !ok {
		l.wrong("%s: no office %q", where, e.Office)
	}
	r := sharing.Resource{
		ID:       resourceID(regionID, e.Code),
		Code:     e.Code,
		RegionID: regionID, Provider: provider, Title: e.Title, Description: e.Description,
		Class: e.Class, OpenClass: e.Open, Condition: e.Condition, Cycle: e.Cycle, Format: e.Format, Base: e.Base, Version: 1,
	}
	var basis []string
	for _, b := range l.basis(where, e.Basis) {
		basis = append(basis, "《"+b.Law+"》"+b.Article)
	}
	for _, c := range e.Basis {
		if level := l.laws[c.Law].Level; !slices.Contains(f.BasisLevels, level) {
			l.wrong("%s: %s (%s) cannot be a basis in this region", where, c.Law, level)
		}
	}
	r.Basis = strings.Join(basis, "；")
	for _, m := range e.Modes {
		if slices.Contains(f.Modes, m) {
			r.Modes = append(r.Modes, m)
		}
	}
	for _, name := range e.Items {
		it, ok := l.items[name]
		if !ok {
			l.wrong("%s: no data item %q", where, name)
		}
		r.Fields = append(r.Fields, sharing.Field{Name: name, Title: it.Title, Type: it.Type, Grade: it.Grade})
		r.Grade = max(r.Grade, it.Grade)
	}
	return r
}

// over puts what a region's entry says over the common one. An entry that becomes
// unconditional needs no basis and has no condition.
func over(common, own catalogEntry) catalogEntry {
	if own.Class == sharing.Unconditional {
		common.Basis, common.Condition = nil, ""
	}
	merged := catalogEntry{
		Code:        own.Code,
		Office:      cmp.Or(own.Office, common.Office),
		Title:       cmp.Or(own.Title, common.Title),
		Description: cmp.Or(own.Description, common.Description),
		Class:       cmp.Or(own.Class, common.Class),
		Open:        cmp.Or(own.Open, common.Open),
		Basis:       common.Basis,
		Condition:   cmp.Or(own.Condition, common.Condition),
		Cycle:       cmp.Or(own.Cycle, common.Cycle),
		Format:      cmp.Or(own.Format, common.Format),
		Modes:       common.Modes,
		Base:        cmp.Or(own.Base, common.Base),
		Items:       common.Items,
	}
	if own.Basis != nil {
		merged.Basis = own.Basis
	}
	if own.Modes != nil {
		merged.Modes = own.Modes
	}
	if own.Items != nil {
		merged.Items = own.Items
	}
	return merged
}

func (l *loader) basis(where string, cites []cite) []sharing.Basis {
	var all []sharing.Basis
	for _, c := range cites {
		text, ok := l.laws[c.Law]
		if !ok || !strings.HasPrefix(c.Article, "第") || !strings.HasSuffix(c.Article, "条") {
			l.wrong("%s: citation %+v", where, c)
		}
		title := text.Title
		if text.Number != "" {
			title += "（" + text.Number + "）"
		}
		all = append(all, sharing.Basis{Law: title, Article: c.Article})
	}
	return all
}

func (l *loader) story(regionID string, f regionFile, i int) {
	w := f.Stories[i]
	full := func(id string) string {
		if id == "" {
			return ""
		}
		return regionID + "-" + id
	}
	s := Story{ID: full(w.ID), Shows: w.Shows, RegionID: regionID, Applicant: full(w.Applicant), Registrar: full(w.Registrar),
		Received: Received{Duty: w.Received.Duty, DueInWorkingDays: w.Received.DueInWorkingDays},
		Request:  sharing.Request{Purpose: w.Purpose, Duty: w.Duty, Mode: w.Mode, TermMonths: w.Months, Scenario: w.Scenario, BusinessAnalysis: w.Analysis}}
	for _, r := range w.Resources {
		s.Request.Items = append(s.Request.Items, sharing.Item{ResourceID: resourceID(regionID, r.Code), Fields: r.Fields})
	}
	for _, st := range w.Steps {
		step := Step{By: full(st.By), Action: st.Action, ResourceID: resourceID(regionID, st.Resource)}
		if st.Resource == "" && len(s.Request.Items) == 1 {
			step.ResourceID = s.Request.Items[0].ResourceID
		}
		l.body(&step, s, st)
		s.Steps = append(s.Steps, step)
	}
	l.world.Stories = append(l.world.Stories, s)
}

// body puts what a step says where its action looks for it.
func (l *loader) body(step *Step, s Story, st stepEntry) {
	if (st.Gaps != nil) != (st.Action == sharing.RequestCompletion) || (st.Answer != nil) != (st.Action == sharing.Answer) ||
		(st.Locator != "") != (st.Action == sharing.Provide) {
		l.wrong("story %s: gaps, answer or locator do not fit %s", s.ID, st.Action)
		return
	}
	switch st.Action {
	case sharing.RequestCompletion:
		step.Completion = &sharing.Completion{Gaps: st.Gaps, Note: st.Note}
	case sharing.Complete:
		step.Completed = &sharing.Completed{Note: st.Note}
	case sharing.Answer:
		a := st.Answer
		step.Decision = &sharing.Decision{Agree: a.Agree, Fields: a.Fields, Conditions: a.Conditions, Desensitise: a.Desensitise,
			TermMonths: a.Months, Reasons: a.Reasons, Basis: l.basis(s.ID, a.Basis)}
	case sharing.Provide:
		step.Provision = &sharing.Provision{Mode: s.Request.Mode, Locator: st.Locator, Note: st.Note}
	case sharing.Confirm, sharing.ReportFailure, sharing.Withdraw:
		step.Remark = &sharing.Remark{Note: st.Note}
	default:
		l.wrong("story %s: %s is no step", s.ID, st.Action)
	}
}

func resourceID(regionID, code string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:gongshu:resource:"+regionID+":"+code)).String()
}
