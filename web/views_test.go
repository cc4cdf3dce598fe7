package web

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"gongshu/regulation"
)

func testViews(t *testing.T) *views {
	t.Helper()
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	d, err := loadDictionaries()
	if err != nil {
		t.Fatal(err)
	}
	v, err := loadViews(a, regulation.Shipped(), d, func(key string) { t.Errorf("no text for %q", key) })
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every page comes out whole in both languages, with everything in it and with
// nothing, and what people wrote comes out as text.
func TestPagesExecute(t *testing.T) {
	v := testViews(t)
	seen := map[string]bool{}
	for _, f := range fixtures() {
		seen[f.page] = true
		for _, l := range Locales {
			t.Run(fmt.Sprintf("%s/%s/%s", f.page, f.name, l), func(t *testing.T) {
				page, err := v.execute(f.page, frame{Locale: l, User: reader, Signed: true, CSRF: "mark", Here: "/x",
					Menu: menu, Applies: true, Notice: &notice{Key: "notice.submitted", Arg: hostile}, Data: f.data})
				if err != nil {
					t.Fatal(err)
				}
				inspect(t, page, l)
			})
		}
	}
	for _, name := range pages {
		if !seen[name] {
			t.Errorf("no fixture for page %s", name)
		}
	}
}

// inspect holds a page to what every page must be: nothing of what people wrote
// became an element or a handler, every id is unique and every label and
// description leads somewhere, every control has a name.
func inspect(t *testing.T, page []byte, l Locale) {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	var references, labelled []string
	var controls []map[string]string
	var walk func(n *html.Node, inLabel bool)
	walk = func(n *html.Node, inLabel bool) {
		if n.Type == html.ElementNode {
			attributes := map[string]string{}
			for _, a := range n.Attr {
				attributes[a.Key] = a.Val
				if strings.HasPrefix(a.Key, "on") || a.Key == "style" {
					t.Errorf("<%s> has %s=%q", n.Data, a.Key, a.Val)
				}
				if (a.Key == "href" || a.Key == "src" || a.Key == "action") && !strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("<%s %s=%q> leads elsewhere", n.Data, a.Key, a.Val)
				}
			}
			if id, ok := attributes["id"]; ok {
				if ids[id] {
					t.Errorf("id %q twice", id)
				}
				ids[id] = true
			}
			references = append(references, strings.Fields(attributes["aria-describedby"]+" "+attributes["aria-labelledby"])...)
			switch n.Data {
			case "html":
				if want := map[Locale]string{Chinese: "zh-CN", English: "en"}[l]; attributes["lang"] != want {
					t.Errorf("lang is %q", attributes["lang"])
				}
			case "script":
				if attributes["src"] == "" {
					t.Error("a script inside the page")
				}
			case "style":
				t.Error("a style inside the page")
			case "img":
				if _, ok := attributes["alt"]; !ok {
					t.Error("an image without alt")
				}
				if attributes["src"] == "x" {
					t.Error("markup from a field became an element")
				}
			case "label":
				inLabel = true
				labelled = append(labelled, attributes["for"])
			case "input", "select", "textarea":
				if attributes["type"] != "hidden" && !inLabel && attributes["aria-label"] == "" {
					controls = append(controls, attributes)
				}
			case "form":
				if attributes["method"] == "post" && !strings.Contains(render(n), `name="csrf"`) {
					t.Errorf("the form to %s is not marked as its session's", attributes["action"])
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c, inLabel)
		}
	}
	walk(root, false)
	for _, r := range references {
		if !ids[r] {
			t.Errorf("nothing has the id %q referred to", r)
		}
	}
	for _, c := range controls {
		found := false
		for _, id := range labelled {
			found = found || id != "" && id == c["id"]
		}
		if !found {
			t.Errorf("control %v has no label", c)
		}
	}
	if bytes.Contains(page, []byte("ZgotmplZ")) {
		t.Error("a value was thrown out by the template engine")
	}
	if bytes.Contains(page, []byte("%!")) {
		t.Error("a value was formatted wrongly")
	}
}

func render(n *html.Node) string {
	var b strings.Builder
	if err := html.Render(&b, n); err != nil {
		return err.Error()
	}
	return b.String()
}

func TestUndeclaredTemplateStopsTheStart(t *testing.T) {
	defer func(all []string) { pages = all }(pages)
	whole := pages
	pages = whole[1:]
	if err := declared(); err == nil || !strings.Contains(err.Error(), "templates/admin.html is not declared") {
		t.Errorf("a template that is not declared: %v", err)
	}
	pages = append([]string{"nosuch"}, whole...)
	if err := declared(); err == nil || !strings.Contains(err.Error(), "nosuch.html is declared and missing") {
		t.Errorf("a declaration without template: %v", err)
	}
}
