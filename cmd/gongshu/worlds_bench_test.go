package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkHiddenOrAbsent asks in turn for what the reader may not see and for what
// there is not, each by an id of its kind, and prints for each kind how much longer
// the first takes at the median, as a ratio, and how often a guess by time alone
// would be right: 0.5 is a toss of a coin.
//
//	go test ./cmd/gongshu -run '^$' -bench HiddenOrAbsent -benchtime 2000x
func BenchmarkHiddenOrAbsent(b *testing.B) {
	const reader = "shuozhou-shichang-requester"
	random := rand.New(rand.NewPCG(1, 1))
	p := newPair(b, random, reader)
	for _, kind := range []struct{ path, hidden string }{
		{"/api/v1/cases/", "SELECT c.id::text FROM cases c WHERE " + p.hiddenCases()},
		{"/cases/", "SELECT c.id::text FROM cases c WHERE " + p.hiddenCases()},
		{"/api/v1/catalog/", "SELECT r.id::text FROM resources r WHERE " + p.hiddenResources()},
		{"/catalog/", "SELECT r.id::text FROM resources r WHERE " + p.hiddenResources()},
		{"/api/v1/grants/", "SELECT g.id::text FROM grants g JOIN cases c ON c.id = g.case_id WHERE " + p.hiddenCases()},
		{"/api/v1/tasks/", "SELECT t.id::text FROM tasks t JOIN cases c ON c.id = t.case_id WHERE " + p.hiddenCases()},
		{"/api/v1/applications/", "SELECT a.id::text FROM applications a WHERE NOT EXISTS (SELECT FROM cases c WHERE c.application_id = a.id AND NOT " + p.hiddenCases() + ")"},
	} {
		b.Run(kind.path, func(b *testing.B) {
			ids := texts(b, p.a.db, kind.hidden)
			if len(ids) == 0 {
				b.Skip("nothing of this kind is hidden from " + reader)
			}
			hidden, absent := make([]time.Duration, 0, b.N), make([]time.Duration, 0, b.N)
			timed := func(id string) time.Duration {
				begin := time.Now()
				answer := p.a.ask(request{method: "GET", target: kind.path + id})
				took := time.Since(begin)
				require.Equal(b, 404, answer.status, id)
				return took
			}
			for b.Loop() {
				id, none := ids[random.IntN(len(ids))], newUUID(random)
				if random.IntN(2) == 0 {
					hidden = append(hidden, timed(id))
					absent = append(absent, timed(none))
				} else {
					absent = append(absent, timed(none))
					hidden = append(hidden, timed(id))
				}
			}
			slices.Sort(hidden)
			slices.Sort(absent)
			b.ReportMetric(float64(hidden[len(hidden)/2])/float64(absent[len(absent)/2]), "hidden/absent")
			b.ReportMetric(longer(hidden, absent), "right")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// longer returns the share of pairs of one of each in which the first is longer,
// the two in order: what the area under the curve of a test by time is.
func longer(first, second []time.Duration) float64 {
	shorter, n := 0, 0
	for _, d := range first {
		for shorter < len(second) && second[shorter] < d {
			shorter++
		}
		n += shorter
	}
	return float64(n) / float64(len(first)*len(second))
}

func TestLonger(t *testing.T) {
	for _, tt := range []struct {
		first, second []time.Duration
		want          float64
	}{
		{[]time.Duration{3, 4}, []time.Duration{1, 2}, 1},
		{[]time.Duration{1, 2}, []time.Duration{3, 4}, 0},
		{[]time.Duration{1, 4}, []time.Duration{2, 3}, 0.5},
	} {
		require.InDelta(t, tt.want, longer(tt.first, tt.second), 1e-9, fmt.Sprint(tt))
	}
}
