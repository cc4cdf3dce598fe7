package paper

import (
	"os"
	"path/filepath"
	"testing"

	"gongshu/letter"
)

func composed(t *testing.T, k letter.Kind, l letter.Locale, turn int) letter.Letter {
	t.Helper()
	w, err := letter.Parse(k, letter.Default(k, l))
	if err != nil {
		t.Fatal(err)
	}
	made, err := letter.Compose(w, l, letter.Samples(k, l)[turn], nil, letter.SampleDay())
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestTry(t *testing.T) {
	var p Printer
	for _, k := range letter.Kinds {
		for _, l := range letter.Locales {
			if k != letter.Answer && l == letter.English { continue }
			pdf, err := p.PDF(t.Context(), composed(t, k, l, 0))
			if err != nil {
				t.Fatal(err)
			}
			os.WriteFile(filepath.Join("/tmp/letters", string(k)+"."+string(l)+".pdf"), pdf, 0o600)
			if k==letter.Return {return}
		}
	}
}
