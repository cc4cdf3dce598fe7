package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"gongshu/desk"
	"gongshu/regulation"
	"gongshu/sharing"
)

//go:embed templates
var templateFiles embed.FS

// shared are the templates that every page is built from.
var shared = []string{"answer", "bench", "control", "everyone", "form", "import_part", "layout", "letters_part", "parts", "settings"}

// pages declares every page. A template that is not declared, and a declaration
// without its template, keep the program from starting.
var pages = []string{
	"admin",
	"admin_department",
	"admin_departments",
	"admin_key_new",
	"admin_keys",
	"admin_people",
	"admin_person",
	"admin_person_new",
	"admin_policy",
	"admin_policy_change",
	"admin_policy_rules",
	"admin_policy_who",
	"admin_region",
	"application",
	"applications",
	"audit",
	"audit_check",
	"audit_checks",
	"board",
	"board_act",
	"bulk",
	"bulletin",
	"calendar_notice",
	"calendar_rehearsal",
	"calendars",
	"case",
	"cases",
	"catalog",
	"catalog_import",
	"catalog_imports",
	"change_notices",
	"criticisms",
	"delegations",
	"draft",
	"due",
	"grant",
	"grants",
	"holds",
	"home",
	"inbox",
	"key_secret",
	"keys",
	"letter",
	"letters",
	"marks",
	"matter",
	"matters",
	"messages",
	"news",
	"open",
	"preview",
	"problem",
	"public",
	"public_ask",
	"public_entry",
	"public_follow",
	"public_prove",
	"public_request",
	"reads",
	"register",
	"register_form",
	"registers",
	"regulation",
	"regulation_trial",
	"regulations",
	"replies",
	"resource",
	"resume",
	"scenario",
	"scenario_form",
	"scenarios",
	"schedules",
	"search",
	"sessions",
	"signin",
	"trend",
	"verification",
	"versions",
	"wording",
	"wordings",
	"workbench",
}

// views holds each page in each language, parsed once.
type views struct {
	byLocale map[Locale]map[string]*template.Template
	parts    map[Locale]*template.Template // what pages are built from
	words    map[Locale]words
}

func loadViews(a *assets, law *regulation.Library, dictionaries map[Locale]dictionary, lost func(key string)) (*views, error) {
	if err := declared(); err != nil {
		return nil, err
	}
	v := &views{byLocale: map[Locale]map[string]*template.Template{}, parts: map[Locale]*template.Template{}, words: map[Locale]words{}}
	for _, l := range Locales {
		w := words{locale: l, own: dictionaries[l], lost: lost}
		v.words[l], v.byLocale[l] = w, map[string]*template.Template{}
		base := template.New("").Option("missingkey=error").Funcs(functions(w, a, law))
		for _, name := range slices.Concat(shared, facesShown()) {
			if _, err := base.ParseFS(templateFiles, "templates/"+name+".html"); err != nil {
				return nil, err
			}
		}
		for _, name := range pages {
			page, err := base.Clone()
			if err != nil {
				return nil, err
			}
			if _, err := page.ParseFS(templateFiles, "templates/"+name+".html"); err != nil {
				return nil, err
			}
			for _, part := range []string{"layout", "title", "content"} {
				if page.Lookup(part) == nil {
					return nil, fmt.Errorf("%s.html defines no %q", name, part)
				}
			}
			v.byLocale[l][name] = page
		}
		v.parts[l] = base // not executed before it was cloned for the last time
	}
	return v, nil
}

// facesShown lists the templates of single procedures: those of them that need any.
func facesShown() []string {
	var names []string
	for _, p := range sharing.Procedures {
		if _, err := fs.Stat(templateFiles, "templates/face_"+string(p)+".html"); err == nil {
			names = append(names, "face_"+string(p))
		}
	}
	return names
}

// part makes a piece of a page.
func (vs *views) part(l Locale, name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	if err := vs.parts[l].ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil //nolint:gosec // html/template made it
}

// declared holds the template files and their declarations to each other.
func declared() error {
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return err
	}
	want := slices.Concat(shared, facesShown(), pages)
	var problems []error
	for _, f := range files {
		name := strings.TrimSuffix(strings.TrimPrefix(f, "templates/"), ".html")
		if !slices.Contains(want, name) {
			problems = append(problems, fmt.Errorf("%s is not declared", f))
		}
	}
	for _, name := range want {
		if !slices.Contains(files, "templates/"+name+".html") {
			problems = append(problems, fmt.Errorf("templates/%s.html is declared and missing", name))
		}
	}
	return errors.Join(problems...)
}

// functions are what templates can call, in one language.
func functions(w words, a *assets, law *regulation.Library) template.FuncMap {
	return template.FuncMap{
		"t": w.T, "n": w.N, "code": w.Code, "of": w.Of,
		"day": w.Day, "limit": w.Limit, "instant": w.Instant, "short": w.Short, "stamp": w.Stamp, "until": w.Until,
		"term": w.Term, "article": w.Article, "budget": w.Budget,
		"number": w.Number, "pick": w.pick, "size": w.Size,
		"over": over, "left": w.Left, "longer": w.Longer, "light": w.Light, "shape": w.Shape, "split": w.Split, "duty": w.Duty,
		"law":        w.Law,
		"department": func(d sharing.Department) string { return w.pick(d.Name, d.NameEN) },
		"region":     func(r sharing.Region) string { return w.pick(r.Name, r.NameEN) },
		"class": func(c sharing.Class, r desk.RegulationRef) string {
			if name := r.ClassNames[c]; name != "" && w.locale == Chinese {
				return name
			}
			return w.Code("class", c)
		},
		"regulation": func(ref desk.RegulationRef) string {
			if r, ok := law.ByID(ref.ID); ok {
				return w.law(r)
			}
			return "《" + ref.Title + "》"
		},
		"asset": func(name string) (string, error) {
			hashed, ok := a.names[name]
			if !ok {
				return "", fmt.Errorf("no asset %q", name)
			}
			return "/static/" + hashed, nil
		},
		"segment": segment,
		"fieldtype": func(name string) string {
			if key := "opt.change.entry.fields.type." + name; w.Knows(key) {
				return w.T(key)
			}
			return name
		},
		"dict": func(pairs ...any) (map[string]any, error) {
			if len(pairs)%2 != 0 {
				return nil, errors.New("dict: a key without a value")
			}
			m := make(map[string]any, len(pairs)/2)
			for i := 0; i < len(pairs); i += 2 {
				key, ok := pairs[i].(string)
				if !ok {
					return nil, fmt.Errorf("dict: key %v is no string", pairs[i])
				}
				m[key] = pairs[i+1]
			}
			return m, nil
		},
		"field": newField, "rows": func(n int, f field) field { f.Rows = n; return f },
		"required": func(f field) field { f.Required = true; return f },
		"add":      func(a, b int) int { return a + b },
		"loop": func(name string) string {
			return w.first("schedules.loop."+strings.ReplaceAll(name, " ", "_"), "schedules.loop.any")
		},
		"cell": func(row []string, i int) string {
			if i < len(row) {
				return row[i]
			}
			return ""
		},
		"weekdays": func() [7]int { return [7]int{1, 2, 3, 4, 5, 6, 7} }, // from Monday
	}
}

// frame is what the layout shows around every page. Data is the page's own.
type frame struct {
	Locale  Locale
	User    sharing.User
	Signed  bool
	CSRF    string
	Here    string // where changing the language leads back to
	Section string // entry of the menu that is current
	Menu    []menuGroup
	Applies bool // applications are the reader's to make
	Counts  desk.Counts
	Guide   *guide // of the demo; nil when nobody is led
	Notice  *notice
	Data    any
}

// Lang is the value of the lang attribute.
func (f frame) Lang() string {
	if f.Locale == English {
		return "en"
	}
	return "zh-CN"
}

// Other is the language to switch to.
func (f frame) Other() Locale {
	if f.Locale == English {
		return Chinese
	}
	return English
}

// show answers with a page. The page is executed whole before a byte is sent.
func (v *visit) show(status int, page, section string, data any) error {
	f := frame{Locale: v.words.locale, User: v.user, Signed: v.signedIn(), CSRF: v.mark(),
		Here: v.here(), Section: section, Menu: v.menuOf(), Applies: v.applies(), Counts: v.counts(), Notice: v.takeNotice(), Data: data}
	var err error
	if f.Guide, err = v.guide(); err != nil {
		return err
	}
	html, err := v.site.views.execute(page, f)
	if err != nil {
		return err
	}
	return v.HTMLBlob(status, html)
}

func (vs *views) execute(page string, f frame) ([]byte, error) {
	t, ok := vs.byLocale[f.Locale][page]
	if !ok {
		return nil, fmt.Errorf("no page %q", page)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", f); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// ok answers 200 with a page.
func (v *visit) ok(page, section string, data any) error {
	return v.show(http.StatusOK, page, section, data)
}
