package policies

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gongshu/sharing"
)

// board is a source of published rules in memory.
type board struct {
	mu   sync.Mutex
	rows []Published
	fail error
	tell func() // nil while nobody listens
}

func (b *board) publish(region, text string) {
	b.mu.Lock()
	b.rows = append(b.rows, Published{ID: int64(len(b.rows) + 1), Region: region, Text: []byte(text)})
	tell := b.tell
	b.mu.Unlock()
	if tell != nil {
		tell()
	}
}

func (b *board) PublishedRules(_ context.Context, after int64) ([]Published, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fail != nil {
		return nil, b.fail
	}
	return slices.Clone(b.rows[after:]), nil
}

func (b *board) ListenRules(ctx context.Context, heard func()) error {
	heard()
	b.mu.Lock()
	b.tell = heard
	b.mu.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

// deaf is a board whose messages never arrive.
type deaf struct{ *board }

func (deaf) ListenRules(context.Context, func()) error { return errors.New("no connection") }

// narrower is what a region adds to deny what every other allows.
const narrower = "# version: n1\n\n# Requesters of this region see no conditional entries of grade 3.\n# basis: house rule\n" +
	"p, requester, *, resource, conditional, 3, 3, *, deny\n"

var (
	requester = sharing.Subject{UserID: "r", DepartmentID: "police", RegionID: "north", Roles: []sharing.Role{sharing.Requester}}
	entry     = sharing.Thing{Kind: sharing.KindResource, RegionID: "north", ProviderID: "civil", Class: sharing.Conditional, Grade: 3}
)

// elsewhere moves person and thing to another region.
func elsewhere(s sharing.Subject, t sharing.Thing) (sharing.Subject, sharing.Thing) {
	s.RegionID, t.RegionID = "south", "south"
	return s, t
}

func TestAddition(t *testing.T) {
	p, err := Shipped().With("north", []byte(narrower))
	if err != nil {
		t.Fatal(err)
	}
	if p.May(requester, sharing.Apply, entry) || p.Scope(requester, sharing.KindResource, sharing.Apply).Allows(entry) {
		t.Error("allowed to a subject of the region that denies it")
	}
	if s, thing := elsewhere(requester, entry); !p.May(s, sharing.Apply, thing) {
		t.Error("denied in a region that adds nothing")
	}
	x, err := p.Explain(requester, sharing.Apply, entry)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(x.Votes, func(v Vote) bool { return !v.Allows })
	if i < 0 || x.Votes[i].File != "north.csv" || x.Votes[i].Line != 5 || x.Votes[i].Comment != "Requesters of this region see no conditional entries of grade 3." {
		t.Errorf("%+v", x.Votes)
	}
	if p.Hash() == Shipped().Hash() || p.Version() != Shipped().Version() || p.Regions()["north"] != "n1" {
		t.Errorf("%s %s %v", p.Hash(), p.Version(), p.Regions())
	}
	if want := "1+north.n1 " + p.Hash(); p.Name() != want {
		t.Errorf("named %q, not %q", p.Name(), want)
	}
	if want := "1 " + Shipped().Hash(); Shipped().Name() != want {
		t.Errorf("named %q, not %q", Shipped().Name(), want)
	}
	other, err := Shipped().With("south", []byte(narrower))
	if err != nil {
		t.Fatal(err)
	}
	if other.Hash() == p.Hash() {
		t.Error("the same addition of another region has the same hash")
	}
	back, err := p.With("north", nil)
	if err != nil {
		t.Fatal(err)
	}
	if back.Hash() != Shipped().Hash() || !back.May(requester, sharing.Apply, entry) {
		t.Error("an addition taken back still counts")
	}
}

func TestWiderAddition(t *testing.T) {
	p, err := Shipped().With("north", []byte("# version: 1\n\n# Data specialists may apply here.\n# basis: house rule\np, data_specialist, peer, resource, unconditional, 1, 2, apply, allow\n"))
	if err != nil {
		t.Fatal(err)
	}
	s, thing := requester, entry
	s.Roles, thing.Class, thing.Grade = []sharing.Role{sharing.DataSpecialist}, sharing.Unconditional, 2
	if !p.May(s, sharing.Apply, thing) {
		t.Error("what the region allows is denied")
	}
	if s, thing := elsewhere(s, thing); p.May(s, sharing.Apply, thing) {
		t.Error("what one region allows is allowed in another")
	}
	thing.Grade = 3
	if p.May(s, sharing.Apply, thing) {
		t.Error("more is allowed than the region says")
	}
}

func TestAdditionRefused(t *testing.T) {
	const head = "# version: 1\n\n# basis: house rule\n"
	for _, tt := range []struct {
		name, text string
		line       int
		reason     string
	}{
		{"no rule", "# version: 1\n", 0, "has no rule"},
		{"cut short", "# version: 1", 0, "cut short"},
		{"beyond the bounds", head + "p, requester, peer, resource, not_shared, 1, 1, read, allow\n", 4, "must not see or apply for what is not shared"},
		{"the auditor elsewhere", head + "p, auditor, overseer, resource, *, 1, 4, read, allow\n", 4, "allows only what is denied"},
		{"what every region has", head + "p, requester, peer, resource, conditional, 2, 2, read, allow\n", 4, "other rules do not say"},
		{"the very same line", head + "p, reader, peer, resource, conditional, 1, 3, read, allow\n", 4, "other rules do not say"},
		{"a group of every region", "# version: 1\ng, citizen, reader\n\n# basis: house rule\np, reader, peer, resource, not_shared, 1, 1, read, deny\n", 2, "belongs to the rules of every region"},
		{"an unknown role", head + "p, wizard, peer, resource, conditional, 1, 1, read, allow\n", 4, `unknown role "wizard"`},
		{"deny what nobody may", head + "p, finance, peer, grant, *, 1, 4, read, deny\n", 4, "nobody is allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Shipped().With("north", []byte(tt.text))
			requireFault(t, err, "north.csv", tt.line, tt.reason)
		})
	}
	for _, region := range []string{"", "North", "a b", "../x"} {
		if _, err := Shipped().With(region, []byte(narrower)); err == nil {
			t.Errorf("region %q was accepted", region)
		}
	}
}

// TestBadPublicationKeepsThePolicy holds every process, however late it starts, to
// the policy from before the publication that does not load.
func TestBadPublicationKeepsThePolicy(t *testing.T) {
	var b board
	running, err := NewCurrent(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	look := func(c *Current) Standing {
		t.Helper()
		if err := c.Refresh(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		return c.Standing()
	}
	fresh := func() Standing {
		c, err := NewCurrent(Shipped())
		if err != nil {
			t.Fatal(err)
		}
		return look(c)
	}
	b.publish("north", narrower)
	good := look(running).Policy.Hash()
	if good == Shipped().Hash() || running.Policy().May(requester, sharing.Apply, entry) {
		t.Fatal("a revocation does not count from the next question")
	}
	b.publish("", "# version: 9\np, everybody may everything\n")
	b.publish("south", narrower)
	for name, s := range map[string]Standing{"running": look(running), "fresh": fresh()} {
		if s.Policy.Hash() != good || s.Refused.ID != 2 || s.Err == nil || len(s.Rows) != 1 || s.Rows[0].ID != 1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
	// The next good publication ends it, for all.
	b.publish("", "")
	for name, s := range map[string]Standing{"running": look(running), "fresh": fresh()} {
		if s.Err != nil || len(s.Rows) != 2 || s.Policy.Regions()["south"] != "n1" {
			t.Errorf("%s: %+v", name, s)
		}
	}
	b.publish("north", "")
	b.publish("south", "")
	if s := look(running); s.Policy.Hash() != Shipped().Hash() || len(s.Rows) != 0 {
		t.Errorf("%+v", s)
	}
}

// TestRulesOfEveryRegionHeedAdditions: rules that say what a region adds already
// are refused as long as it adds it.
func TestRulesOfEveryRegionHeedAdditions(t *testing.T) {
	var b board
	c, err := NewCurrent(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	b.publish("north", narrower)
	if err := c.Refresh(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	_, err = c.Rehearse(Published{Text: with("p, requester, *, resource, conditional, 3, 3, *, deny")})
	requireFault(t, err, "north.csv", 5, "other rules do not say")
}

func TestFollow(t *testing.T) {
	for _, tt := range []struct {
		name   string
		source func(*board) Source
		within time.Duration
	}{
		{"listening", func(b *board) Source { return b }, time.Second},
		{"looking", func(b *board) Source { return deaf{b} }, Every},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var (
					b   board
					log bytes.Buffer
				)
				c, err := NewCurrent(Shipped())
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					c.Follow(ctx, tt.source(&b), slog.New(slog.NewTextHandler(&log, nil)))
				}()
				synctest.Wait()
				b.publish("north", narrower)
				time.Sleep(tt.within)
				synctest.Wait()
				if c.Policy().May(requester, sharing.Apply, entry) {
					t.Errorf("not in force after %v", tt.within)
				}
				b.publish("", "no rules\n")
				time.Sleep(10 * Every)
				b.mu.Lock()
				b.fail = errors.New("away")
				b.mu.Unlock()
				time.Sleep(10 * Every)
				stop()
				<-done
				for message, times := range map[string]int{"do not load": 1, "could not be read": 1, "another policy": 1} {
					if got := strings.Count(log.String(), message); got != times {
						t.Errorf("%q logged %d times:\n%s", message, got, log.String())
					}
				}
				if c.Policy().May(requester, sharing.Apply, entry) {
					t.Error("a bad publication changed the policy")
				}
			})
		})
	}
}

// TestFollowUnderLoad publishes while many ask: every answer is that of a policy
// as a whole, and -race finds nothing.
func TestFollowUnderLoad(t *testing.T) {
	var b board
	c, err := NewCurrent(Shipped())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { c.Follow(ctx, &b, slog.New(slog.DiscardHandler)) })
	for range 4 {
		wg.Go(func() {
			for ; ctx.Err() == nil; time.Sleep(50 * time.Microsecond) {
				p := c.Policy()
				_, adds := p.Regions()["north"]
				if may := p.May(requester, sharing.Apply, entry); may == adds || p.Scope(requester, entry.Kind, sharing.Apply).Allows(entry) != may {
					t.Error("an answer of neither policy")
				}
			}
		})
	}
	for i := range 8 {
		text := ""
		if i%2 == 0 {
			text = narrower
		}
		b.publish("north", text)
		deadline := time.Now().Add(30 * time.Second)
		for _, adds := c.Policy().Regions()["north"]; adds != (text != ""); _, adds = c.Policy().Regions()["north"] {
			if time.Now().After(deadline) {
				t.Fatal("not in force")
			}
			time.Sleep(time.Millisecond)
		}
	}
	stop()
	wg.Wait()
}

func TestCompare(t *testing.T) {
	next, err := Shipped().With("north", []byte(narrower))
	if err != nil {
		t.Fatal(err)
	}
	second := requester
	second.UserID, second.DepartmentID = "r2", "health"
	owner := requester
	owner.UserID, owner.DepartmentID = "r3", "civil"
	away, _ := elsewhere(requester, entry)
	away.UserID = "r4"
	officer := requester
	officer.UserID, officer.Roles = "o", []sharing.Role{sharing.AuthorityOfficer}
	lower := entry
	lower.Grade = 2
	_, there := elsewhere(requester, entry)
	things := []Things{{entry, 40, []string{"a", "b"}}, {lower, 7, []string{"c"}}, {there, 9, []string{"d"}}}
	got := Shipped().Compare(next, []sharing.Subject{requester, second, owner, away, officer}, things)
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	sight, apply := got[0], got[1]
	if sight.Action != sharing.Read || sight.Gains || sight.Things != 40 || sight.Pairs != 120 || !slices.Equal(sight.People, []string{"r", "r2", "r3"}) || !slices.Equal(sight.Names, []string{"a", "b"}) {
		t.Errorf("sight: %+v", sight)
	}
	if apply.Action != sharing.Apply || !slices.Equal(apply.People, []string{"r", "r2"}) || apply.Things != 40 {
		t.Errorf("apply: %+v", apply)
	}
	back := next.Compare(Shipped(), []sharing.Subject{requester}, things)
	if len(back) != 2 || !back[0].Gains || back[0].Things != 40 {
		t.Errorf("back: %+v", back)
	}
	if same := next.Compare(next, []sharing.Subject{requester, officer}, things); len(same) != 0 {
		t.Errorf("the same policy differs from itself: %+v", same)
	}
}
