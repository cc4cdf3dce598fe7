package paper

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"gongshu/letter"
)

func composed(t testing.TB, k letter.Kind, l letter.Locale) letter.Letter {
	t.Helper()
	w, err := letter.Parse(k, letter.Default(k, l))
	if err != nil {
		t.Fatal(err)
	}
	made, err := letter.Compose(w, l, letter.Samples(k, l)[0], []string{"证明材料.pdf"}, letter.SampleDay())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// printer is a Chromium. Without one the test fails where CI is set, and is skipped
// elsewhere.
func printer(t *testing.T) *Printer {
	t.Helper()
	p := &Printer{Patience: 5 * time.Minute} // a busy machine is no failure
	if !p.Ready() {
		if os.Getenv("CI") != "" {
			t.Fatal("no Chromium in PATH: apt-get install -y chromium fonts-noto-cjk")
		}
		t.Skip("no Chromium in PATH: apt-get install -y chromium fonts-noto-cjk")
	}
	return p
}

// TestLayoutIsThatOfTheStandard (GB/T 9704-2012): A4, at most 22 lines of at most
// 28 characters of size 3 on a page, full pages full, numbers from the second page
// on, and every word there to be copied.
func TestLayoutIsThatOfTheStandard(t *testing.T) {
	p := printer(t)
	l := composed(t, letter.Answer, letter.Chinese)
	long := strings.Repeat("经研究决定同意共享所申请的全部信息项请按照用途使用不得向第三方提供", 60)
	l.Body = append(l.Body, long, "含有“标点”、（括号）、《书名》，以及English words与2026年的数字。", strings.Repeat("，。、“”（）《》", 40))
	pdf, err := p.PDF(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	if folder := os.Getenv("WEB_SCREENSHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, "letter.pdf"), pdf, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pages := read(t, pdf)
	if len(pages) < 4 {
		t.Fatalf("%d pages", len(pages))
	}
	text, full := "", 0
	for i, page := range pages {
		if page.box != "0 0 594.95996 841.91998" {
			t.Errorf("page %d measures %s and not A4", i+1, page.box)
		}
		var numbered string
		lines := 0
		for _, ln := range page.lines {
			switch {
			case ln.size > 13.5 && ln.size < 14.5:
				numbered += ln.text
				continue
			case ln.size < 15.7 || ln.size > 15.8:
				text += ln.text
				continue // the issuer's name and the title
			}
			lines++
			text += ln.text
			wide := 0.0
			for _, r := range ln.text {
				if wide++; r < 0x2e80 && !unicode.In(r, unicode.Pi, unicode.Pf) {
					wide -= .5
				}
			}
			if wide > 28 {
				t.Errorf("page %d has a line of %v characters: %s", i+1, wide, ln.text)
			}
			if utf8.RuneCountInString(ln.text) == 28 {
				full++
			}
		}
		if lines > 22 {
			t.Errorf("page %d has %d lines", i+1, lines)
		}
		if i > 0 && i < len(pages)-2 && lines != 22 {
			t.Errorf("page %d has %d lines and has room for 22", i+1, lines)
		}
		want := "— " + string(rune('1'+i)) + " —"
		if i == 0 {
			want = ""
		}
		if strings.TrimSpace(numbered) != want {
			t.Errorf("page %d is numbered %q", i+1, numbered)
		}
	}
	if full < 40 {
		t.Errorf("%d lines are full: 28 characters do not fit", full)
	}
	for _, part := range append(l.Body, l.Title, l.Issuer, l.Number, l.Addressee+"：", l.Annexes[0], "2026年11月20日") {
		if !strings.Contains(text, part) {
			t.Errorf("cannot be copied: %.40s", part)
		}
	}
}

// TestLongNamesAreSetSmaller, so that the issuer's stands in one line.
func TestLongNamesAreSetSmaller(t *testing.T) {
	for name, want := range map[string]string{"市民政局": "", "朔州市人力资源和社会保障局": "long", "某某自治州住房和城乡建设及综合行政执法局": "longer", "Housing Bureau": "",
		"Shuozhou Human Resources and Social Security Bureau": "longer"} {
		if got := length(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestLettersAreText: what people wrote is text of the sheet and of the document,
// and no part of how they are made.
func TestLettersAreText(t *testing.T) {
	const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)></style>"'&{{.Issuer}}`
	l := letter.Letter{Locale: letter.Chinese, Number: hostile, Issuer: hostile, Addressee: hostile, Title: hostile, Body: []string{hostile, "一、" + hostile},
		Annexes: []string{hostile}, IssuedOn: letter.SampleDay()}
	sheet, err := Sheet(l)
	if err != nil {
		t.Fatal(err)
	}
	document, err := Document(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{string(sheet), string(document)} {
		for _, raw := range []string{"<script", "<img", `</style>"`} {
			if strings.Contains(made, raw) {
				t.Errorf("holds %s:\n%s", raw, made)
			}
		}
		if n := strings.Count(made, "&lt;script&gt;"); n < 7 {
			t.Errorf("holds the text %d times:\n%s", n, made)
		}
	}
	if !strings.Contains(string(document), "default-src &#39;none&#39;") && !strings.Contains(string(document), "default-src 'none'") {
		t.Error("the document has no policy")
	}
}

// TestHeadings: short numbered paragraphs are headings, sentences are not.
func TestHeadings(t *testing.T) {
	for paragraph, want := range map[string]string{"一、基本情况": "first", "（二）主要问题": "second", "一、依据有关规定，现答复如下。": "", "1.未编目；": "", "一": ""} {
		if got := level(paragraph); got != want {
			t.Errorf("%s: %q", paragraph, got)
		}
	}
}

// TestWithoutABrowser: there is no PDF, and it is said so.
func TestWithoutABrowser(t *testing.T) {
	p := &Printer{Path: filepath.Join(t.TempDir(), "none")}
	if p.Ready() {
		t.Error("ready without a browser")
	}
	if _, err := p.PDF(t.Context(), letter.Letter{}); !errors.Is(err, ErrNoPrinter) {
		t.Error(err)
	}
}

// stub is a browser that does as the script says.
func stub(t *testing.T, script string) *Printer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "browser")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	return &Printer{Path: path}
}

// TestABrowserThatFails: its failure is told, one that hangs is ended with all it
// started, and its folder goes either way.
func TestABrowserThatFails(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	l := letter.Letter{Title: "x", IssuedOn: letter.SampleDay()}
	if _, err := stub(t, "echo broken >&2; exit 3").PDF(t.Context(), l); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Error(err)
	}
	if _, err := stub(t, "exit 0").PDF(t.Context(), l); err == nil {
		t.Error("no PDF was written, and none was missed")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := stub(t, "sleep 60 & sleep 60").PDF(ctx, l); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s to stop", took)
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) != 0 {
		t.Errorf("%v stay behind: %v", left, err)
	}
}

// TestTheSameLetterIsPrintedOnce, and few at a time.
func TestTheSameLetterIsPrintedOnce(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	p := stub(t, `echo x >> `+count+`
for a; do case "$a" in --print-to-pdf=*) echo pdf > "${a#--print-to-pdf=}";; esac; done`)
	for range 3 {
		if pdf, err := p.PDF(t.Context(), composed(t, letter.Answer, letter.Chinese)); err != nil || string(pdf) != "pdf\n" {
			t.Fatalf("%q %v", pdf, err)
		}
	}
	for i := range atHand + 3 {
		if _, err := p.PDF(t.Context(), letter.Letter{Title: strings.Repeat("x", i+1), IssuedOn: letter.SampleDay()}); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.kept) != atHand {
		t.Errorf("%d are at hand", len(p.kept))
	}
	runs, err := os.ReadFile(count)
	if err != nil || len(runs)/2 != 1+atHand+3 {
		t.Errorf("the browser ran %d times: %v", len(runs)/2, err)
	}
}
