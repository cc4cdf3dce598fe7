package policies

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

var errNoPolicy = errors.New("policies: not a loaded policy")

// Current holds the policy in force and lets it be replaced whole while requests
// run. A request takes it once, so that one policy decides all of it.
type Current struct {
	standing atomic.Pointer[Standing]

	mu      sync.Mutex // of refreshing
	shipped *Policy
	rows    []Published // every one, in order
}

// Standing is the policy in force and where it comes from.
type Standing struct {
	Policy *Policy
	// Rows are what was published and is in force, the rules of every region first;
	// none where the rules that came with the program stand alone.
	Rows []Published
	// Refused is the first published row that is not in force, because with it the
	// rules do not load, and Err says why. What was published after it waits too. Zero
	// when all is in force.
	Refused Published
	Err     error
	// Last is the id of the last publication that was looked at, in force or not.
	Last int64
}

// Published is one publication of rules.
type Published struct {
	ID int64
	// Region is the one that adds the rules to those of every region; "" for the
	// rules of every region themselves.
	Region string
	// Text is the rules file. An empty one takes back what was published before: the
	// region adds nothing, or the rules that came with the program are in force again.
	Text []byte
	Hash string // of the policy that it led to, see [Policy.Hash]
	By   string // a user, or sharing.System
	At   time.Time
	Note string
}

// Source is where rules are published, in an order that all processes share.
type Source interface {
	// PublishedRules returns what was published after the one of that id.
	PublishedRules(ctx context.Context, after int64) ([]Published, error)
	// ListenRules calls heard when it begins to listen and whenever rules are
	// published, until ctx ends or the connection breaks.
	ListenRules(ctx context.Context, heard func()) error
}

// NewCurrent puts p in force, which is also what is in force again when published
// rules are taken back.
func NewCurrent(p *Policy) (*Current, error) {
	c := Current{shipped: p}
	if err := c.Swap(p); err != nil {
		return nil, err
	}
	return &c, nil
}

// Policy returns the policy in force; nil, which denies everything, in a zero
// Current.
func (c *Current) Policy() *Policy { return c.Standing().Policy }

// Standing returns the policy in force and where it comes from; zero in a zero
// Current.
func (c *Current) Standing() Standing {
	if s := c.standing.Load(); s != nil {
		return *s
	}
	return Standing{}
}

// Swap puts p in force. Only a policy that [Load] has read and tested is
// accepted; otherwise the one in force stays.
func (c *Current) Swap(p *Policy) error {
	if p == nil || p.enforcer == nil {
		return errNoPolicy
	}
	c.standing.Store(&Standing{Policy: p})
	return nil
}

// Refresh takes over what was published since the last time. The new policy is
// built and tested aside and put in force whole. What does not load leaves the
// policy in force that stood before it was published, in every process alike; that
// is no error here, and [Standing] tells of it.
func (c *Current) Refresh(ctx context.Context, source Source) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shipped == nil {
		return errNoPolicy
	}
	var last int64
	if len(c.rows) > 0 {
		last = c.rows[len(c.rows)-1].ID
	}
	rows, err := source.PublishedRules(ctx, last)
	if err != nil || len(rows) == 0 {
		return err
	}
	c.rows = append(c.rows, rows...)
	s := stand(c.shipped, c.rows)
	s.Last = rows[len(rows)-1].ID
	c.standing.Store(&s)
	return nil
}

// Rehearse returns the policy that one more publication would put in force, and
// the reasons why it cannot.
func (c *Current) Rehearse(next Published) (*Policy, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shipped == nil {
		return nil, errNoPolicy
	}
	next.ID = 1
	if len(c.rows) > 0 {
		next.ID += c.rows[len(c.rows)-1].ID
	}
	s := stand(c.shipped, append(slices.Clone(c.rows), next))
	return s.Policy, s.Err
}

// stand follows the publications as far as all that is in force together loads.
func stand(shipped *Policy, rows []Published) Standing {
	var s Standing
	for n := len(rows); ; n-- {
		latest := latest(rows[:n])
		p, err := assemble(shipped, latest)
		if err == nil {
			s.Policy, s.Rows = p, slices.DeleteFunc(latest, func(r Published) bool { return len(r.Text) == 0 })
			return s
		}
		s.Refused, s.Err = rows[n-1], err
	}
}

// latest returns the last publication for each region, that of every region first.
func latest(rows []Published) []Published {
	var last []Published
	for _, r := range rows {
		last = append(slices.DeleteFunc(last, func(o Published) bool { return o.Region == r.Region }), r)
	}
	slices.SortFunc(last, func(a, b Published) int { return cmp.Compare(a.Region, b.Region) })
	return last
}

// assemble builds the policy of the publications, none of which is for the same
// region as another. Without any the shipped one stands.
func assemble(shipped *Policy, rows []Published) (p *Policy, err error) {
	p = shipped
	for _, r := range rows {
		switch {
		case r.Region != "":
			p, err = p.With(r.Region, r.Text)
		case len(r.Text) > 0:
			p, err = Load(shipped.model, r.Text)
		}
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Every is how often a process looks for published rules besides listening.
const Every = 5 * time.Second

// Follow keeps the policy up to date until ctx ends: within a moment by listening,
// and within [Every] where a message was lost. What keeps it from doing so, and
// rules that do not load, are logged once.
func (c *Current) Follow(ctx context.Context, source Source, log *slog.Logger) {
	heard := make(chan struct{}, 1)
	listening := make(chan struct{})
	go func() {
		defer close(listening)
		for ctx.Err() == nil {
			// Whatever ends it, looking regularly makes up for it until it listens again.
			_ = source.ListenRules(ctx, func() {
				select {
				case heard <- struct{}{}:
				default: // about to look already
				}
			})
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
	}()
	tick := time.NewTicker(Every)
	defer tick.Stop()
	defer func() { <-listening }()
	failing, hash, refused := false, c.Policy().Hash(), int64(0)
	for {
		err := c.Refresh(ctx, source)
		if err != nil && !failing && ctx.Err() == nil {
			log.Warn("published rules could not be read; trying again", "error", err)
		}
		failing = err != nil
		s := c.Standing()
		if s.Err != nil && s.Refused.ID != refused {
			log.Error("published rules do not load; the policy from before them stays in force", "publication", s.Refused.ID, "error", s.Err)
		}
		refused = s.Refused.ID
		if now := s.Policy.Hash(); now != hash {
			log.Info("another policy is in force", "version", s.Policy.Version(), "hash", now, "was", hash)
			hash = now
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-heard:
		}
	}
}
