//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"gongshu/desk"
	"gongshu/sharing"
)

// insist sends a request again and again, always with its key, until it is
// answered: neither broken off nor 5xx nor still being carried out.
func (p person) insist(t testing.TB, c call, patience time.Duration) (reply, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		r, err := p.try(ctx, c)
		if err == nil && r.Status < 500 && r.code() != sharing.CodeInProgress {
			return r, nil
		}
		select {
		case <-ctx.Done():
			return r, fmt.Errorf("%s %s not answered in %v: %w, %s", c.Method, c.Path, patience, err, r.Body)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// load is people at work on cases of their own.
type load struct {
	t                          testing.TB
	asks, decides, gives       person
	asksID, decidesID, givesID string
	resources                  []string
	mu                         *sync.Mutex
	claims                     *[]claim
	lives                      *atomic.Int64
}

// ask has a request answered and remembers the answer; one of 4xx is an error,
// since nobody else acts on these cases.
func (l load) ask(who person, id string, c call) (reply, error) {
	c.Key = uuid.NewString()
	r, err := who.insist(l.t, c, 2*time.Minute)
	if err != nil {
		return r, err
	}
	if r.Status/100 != 2 {
		return r, fmt.Errorf("%s %s, version %d, by %s: %d %s", c.Method, c.Path, c.Version, id, r.Status, r.Body)
	}
	l.mu.Lock()
	*l.claims = append(*l.claims, claim{Actor: id, Key: c.Key, Reply: r})
	l.mu.Unlock()
	return r, nil
}

// live leads one application from its draft to some end.
func (l load) live() error {
	defer l.lives.Add(1)
	var draft struct{ ID string }
	r, err := l.ask(l.asks, l.asksID, call{Method: "POST", Path: "/applications", Body: application(l.resources...)})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(r.Body, &draft); err != nil {
		return err
	}
	var submitted desk.Submitted
	r, err = l.ask(l.asks, l.asksID, call{Method: "POST", Path: "/applications/" + draft.ID + "/submit", Version: 1})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(r.Body, &submitted); err != nil {
		return err
	}
	id := submitted.Cases[0].CaseID
	switch rand.IntN(5) {
	case 0: // left open: its limits pass
	case 1:
		_, err = l.ask(l.asks, l.asksID, onCase(id, 1, "withdrawal", remark))
	case 2:
		_, err = l.ask(l.decides, l.decidesID, onCase(id, 1, "answer", refuse))
	case 3:
		err = l.rivals(id)
	case 4:
		if _, err = l.ask(l.decides, l.decidesID, onCase(id, 1, "answer", agree)); err != nil {
			return err
		}
		if _, err = l.ask(l.gives, l.givesID, onCase(id, 2, "provision", provision)); err != nil {
			return err
		}
		_, err = l.ask(l.asks, l.asksID, onCase(id, 3, "confirmation", remark))
	}
	return err
}

// rivals answers and withdraws at once: one of the two is heard.
func (l load) rivals(id string) error {
	var group errgroup.Group
	var heard atomic.Int64
	rival := func(who person, name string, c call) {
		group.Go(func() error {
			c.Key = uuid.NewString()
			r, err := who.insist(l.t, c, 2*time.Minute)
			switch {
			case err != nil:
				return err
			case r.Status == 200:
				heard.Add(1)
				l.mu.Lock()
				*l.claims = append(*l.claims, claim{Actor: name, Key: c.Key, Reply: r})
				l.mu.Unlock()
			case r.Status != 409 && r.Status != 412:
				return fmt.Errorf("%s: %d %s", c.Path, r.Status, r.Body)
			}
			return nil
		})
	}
	rival(l.asks, l.asksID, onCase(id, 1, "withdrawal", remark))
	rival(l.decides, l.decidesID, onCase(id, 1, "answer", agree))
	if err := group.Wait(); err != nil {
		return err
	}
	if heard.Load() != 1 {
		return fmt.Errorf("case %s: %d of two rivals were heard", id, heard.Load())
	}
	return nil
}

func TestNothingIsLostWhenProcessesAreKilled(t *testing.T) {
	t.Parallel()
	s := ownSystem(t)
	var (
		mu     sync.Mutex
		claims []claim
		lives  atomic.Int64
	)
	clockwork := load{t, s.as(t, clockworkAsks), s.as(t, clockworkDecides), s.as(t, clockworkProvides),
		clockworkAsks, clockworkDecides, clockworkProvides, []string{clockworkResource, clockworkOpen}, &mu, &claims, &lives}
	shuozhou := load{t, s.as(t, asks), s.as(t, decides), s.as(t, provides), asks, decides, provides,
		[]string{s.as(t, asks).find(t, "SZ-GA-001"), s.as(t, asks).find(t, "SZ-RS-002")}, &mu, &claims, &lives}
	var stopped atomic.Bool
	var people errgroup.Group
	const crowd = 4
	for _, l := range [crowd]load{clockwork, clockwork, shuozhou, shuozhou} {
		people.Go(func() error {
			for !stopped.Load() {
				if err := l.live(); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for _, victims := range [][]string{{"api"}, {"worker"}, {"temporal"}, {"postgres"}, {"api", "worker", "temporal", "postgres"}} {
		time.Sleep(3 * time.Second)
		letStart := holdStarts(t)
		began := time.Now()
		s.kill(t, victims...)
		time.Sleep(300 * time.Millisecond) // its port answers no more
		s.awaitReady(t, 90*time.Second)
		letStart()
		before := lives.Load()
		eventually(t, 60*time.Second, func() error {
			if lives.Load() < before+crowd+1 { // one at least was begun since then
				return fmt.Errorf("%d applications came through since %v were killed", lives.Load()-before, victims)
			}
			return nil
		})
		t.Logf("%s killed: work went on after %.1f s", strings.Join(victims, ", "), time.Since(began).Seconds())
	}
	stopped.Store(true)
	require.NoError(t, people.Wait())
	healthy := time.Now()

	var open map[string]int
	var last error
	eventually(t, time.Minute, func() error {
		var err error
		if open, err = s.unsettled(t.Context()); err != nil {
			last = fmt.Errorf("%.1f s: %w", time.Since(healthy).Seconds(), err)
		}
		return err
	})
	t.Logf("%d applications, %d answers, %d cases open; cases and workflows agree %.1f s later, before that at %v",
		lives.Load(), len(claims), len(open), time.Since(healthy).Seconds(), last)
	l := s.readLedger(t)
	l.claims = claims
	require.Empty(t, l.faults())
	for _, r := range l.rungs {
		if r.Fired == nil && time.Since(r.Due) > time.Minute && open[r.CaseID] > 0 {
			t.Errorf("case %s: %s of %s, due at %v, was missed", r.CaseID, r.Kind, r.Duty, r.Due)
		}
	}
	t.Log(strings.TrimSpace(s.run(t, "trail", "verify", "--heads", filepath.Join(s.folder, "heads"))))
}

// unsettled compares cases with workflows: each open case has one running workflow
// in its version, no other runs. It returns the versions of the open cases.
func (s *system) unsettled(ctx context.Context) (map[string]int, error) {
	open := map[string]int{}
	found, err := s.gongshuDB.Query(ctx, `SELECT id::text, version FROM cases WHERE closed_at IS NULL`)
	if err != nil {
		return nil, err
	}
	var (
		id      string
		version int
	)
	for found.Next() {
		if err := found.Scan(&id, &version); err != nil {
			return nil, err
		}
		open[id] = version
	}
	if err := found.Err(); err != nil {
		return nil, err
	}
	running, err := s.runningCases(ctx)
	if err != nil {
		return nil, err
	}
	for id, n := range running {
		if open[id] == 0 || n != 1 {
			return nil, fmt.Errorf("%d workflows run for case %s, open at version %d (0: closed, or none)", n, id, open[id])
		}
	}
	var group errgroup.Group
	group.SetLimit(8)
	for id, version := range open {
		group.Go(func() error {
			runs, position, err := s.engine.Position(ctx, id)
			if err == nil && (!runs || running[id] != 1 || position != version) {
				err = fmt.Errorf("case %s at version %d: a workflow runs: %v, at version %d", id, version, runs, position)
			}
			return err
		})
	}
	return open, group.Wait()
}

// extraWorker starts one more worker beside that of the system.
func (s *system) extraWorker(t testing.TB) {
	t.Helper()
	now := s.state(t)
	out, err := os.Create(filepath.Join(s.folder, "worker-2.log"))
	require.NoError(t, err)
	cmd := exec.Command(s.gongshu, "worker")
	cmd.Env = append(s.environment(), "GONGSHU_DATABASE_URL="+now.DatabaseURL, "GONGSHU_TEMPORAL_ADDRESS="+now.TemporalAddress,
		"GONGSHU_TEMPORAL_NAMESPACE="+now.Namespace)
	cmd.Stdout, cmd.Stderr = out, out
	p, err := spawn(cmd)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	t.Cleanup(func() {
		if err := p.end(15 * time.Second); err != nil {
			t.Error(err)
		}
	})
}
