//go:build e2e

package e2e

import (
	"testing"
	"time"

	"gongshu/sharing"
)

// People of the district of testdata/regulations, in which answers and data are due
// within seconds.
const (
	clockworkAsks     = "clockwork-asks-requester"
	clockworkDecides  = "clockwork-gives-approver"
	clockworkProvides = "clockwork-gives-specialist"
	clockworkWatches  = "clockwork-authority-officer"
)

// caseView is what the tests read of a case.
type caseView struct {
	ID, Number string
	State      sharing.State
	Version    int
	Clocks     []struct {
		Duty  string
		State sharing.DeadlineState
		DueAt time.Time `json:"due_at"`
		Light string
		Rungs []struct {
			Kind    sharing.RungKind
			At      time.Time
			FiredAt *time.Time `json:"fired_at"`
		}
	}
	Timeline []struct {
		Actor   string
		Action  sharing.Action
		From    sharing.State
		To      sharing.State
		Version int
		Data    map[string]string
	}
	Grant *struct{ Locator string }
	Can   []sharing.Action
}

// read returns a case as the person sees it.
func (p person) read(t testing.TB, caseID string) caseView {
	t.Helper()
	return decode[caseView](t, p.do(t, call{Method: "GET", Path: "/cases/" + caseID}).is(t, 200))
}

var refuse = sharing.Decision{Reasons: "超出履职所需", Basis: []sharing.Basis{{Law: "中华人民共和国个人信息保护法", Article: "第六条"}}}
