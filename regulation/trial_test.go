package regulation

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"gongshu/sharing"
)

// An overlay is tried without changing anything, and what it changes is told line by
// line.
func TestAnOverlayIsTried(t *testing.T) {
	before := Shipped()
	r, _ := before.ByID("jinan-startup-2023")
	kept := *r
	kept.Duties = append([]Duty(nil), r.Duties...)
	trial, err := before.Try("mine.yaml", []byte("overlay: jinan-startup-2023\nextended_until: 2027-11-30\nextended_by: 测试数据〔2026〕1号\n"))
	if err != nil {
		t.Fatal(err)
	}
	if trial.Overlay != "jinan-startup-2023" || trial.Regulation != nil {
		t.Errorf("it is %+v", trial)
	}
	changes := trial.Changes(Zh)
	if len(changes) != 1 || changes[0].Was != nil || !strings.Contains(strings.Join(changes[0].Becomes, "|"), "2027-11-30（测试数据〔2026〕1号）") {
		t.Errorf("it changes %+v", changes)
	}
	day := sharing.NewDate(2027, 5, 1)
	if _, err := before.InForce(r.Region, day); err == nil {
		t.Error("the library that was tried on has it in force")
	}
	if _, err := trial.Library.InForce(r.Region, day); err != nil {
		t.Error(err)
	}
	if !reflect.DeepEqual(kept, *r) {
		t.Error("the library that was tried on changed")
	}

	target, err := before.Try("mine.yaml", []byte("overlay: shuozhou-2021\ntargets:\n  share.provide: {n: 2, unit: working_days}\n"))
	if err != nil {
		t.Fatal(err)
	}
	changes = target.Changes(En)
	if len(changes) != 1 || !strings.Contains(strings.Join(changes[0].Was, "|"), "share.provide") || !strings.Contains(strings.Join(changes[0].Becomes, "|"), "2 working days") ||
		strings.Contains(strings.Join(changes[0].Was, "|"), "2 working days") {
		t.Errorf("it changes %+v", changes)
	}

	for text, want := range map[string]string{
		"overlay: nosuch\nsuccessor: x-2027\n":                                     "mine.yaml:1:1: overlay",
		"overlay: shuozhou-2021\nextended_until: 2020-01-01\nextended_by: x\n":     "mine.yaml:2:1: extended_until",
		"overlay: shuozhou-2021\ntargets:\n  nosuch: {n: 2, unit: working_days}\n": "mine.yaml:3:3: targets.nosuch",
		"overlay: shuozhou-2021\nlimits: 3\n":                                      "mine.yaml:2:1: limits",
		"a: [":                                                                     "mine.yaml:1",
	} {
		_, err := before.Try("mine.yaml", []byte(text))
		var problems Problems
		if !errors.As(err, &problems) || !strings.HasPrefix(problems[0].Error(), want) {
			t.Errorf("%q is refused with %v, want %s", text, err, want)
		}
	}
}
