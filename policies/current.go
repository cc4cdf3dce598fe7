package policies

import (
	"errors"
	"sync/atomic"
)

var errNoPolicy = errors.New("policies: not a loaded policy")

// Current holds the policy in force and lets it be replaced whole while requests
// run. A request takes it once, so that one policy decides all of it.
type Current struct {
	policy atomic.Pointer[Policy]
}

// NewCurrent puts p in force.
func NewCurrent(p *Policy) (*Current, error) {
	var c Current
	if err := c.Swap(p); err != nil {
		return nil, err
	}
	return &c, nil
}

// Policy returns the policy in force; nil, which denies everything, in a zero
// Current.
func (c *Current) Policy() *Policy { return c.policy.Load() }

// Swap puts p in force. Only a policy that [Load] has read and tested is
// accepted; otherwise the one in force stays.
func (c *Current) Swap(p *Policy) error {
	if p == nil || p.enforcer == nil {
		return errNoPolicy
	}
	c.policy.Store(p)
	return nil
}
