package policies

import (
	"slices"

	"gongshu/sharing"
)

// Person is somebody who may do something, with the votes that allow it.
type Person struct {
	sharing.User
	Votes []Vote
}

// People lists those of the users who may do a to a thing, and why. thing says what
// the thing is to each of them; for most it is the same. The error is Casbin's own.
func (p *Policy) People(a sharing.Action, users []sharing.User, thing func(sharing.User) sharing.Thing) ([]Person, error) {
	people := []Person{}
	for _, u := range users {
		s, t := u.Subject(), thing(u)
		if !p.May(s, a, t) {
			continue
		}
		x, err := p.Explain(s, a, t)
		if err != nil {
			return nil, err
		}
		people = append(people, Person{User: u, Votes: slices.DeleteFunc(x.Votes, func(v Vote) bool { return !v.Allows })})
	}
	return people, nil
}

// StatesFor lists the states in which the procedure of a kind of case has a step; nil
// when it is no step of one.
func StatesFor(kind sharing.Kind, a sharing.Action) []sharing.State {
	var states []sharing.State
	for _, p := range sharing.Procedures {
		if p.Kind() != kind {
			continue
		}
		for _, step := range p.Machine().Steps {
			if step.Action == a && !slices.Contains(states, step.From) {
				states = append(states, step.From)
			}
		}
	}
	return states
}

// Block is a part of a rules file: rules that rest on the same.
type Block struct {
	Comment string
	Basis   []string
	Rules   []Rule
}

// Blocks returns the rules of every region as their file has them, or what a region
// adds to them; none where it adds nothing.
func (p *Policy) Blocks(region string) []Block {
	if p == nil || p.book == nil {
		return nil
	}
	book := p.book
	if region != "" {
		own, ok := p.regions[region]
		if !ok {
			return nil
		}
		book = own.book
	}
	var blocks []Block
	for i, r := range book.rules[book.ownRules:] {
		said := r.say()
		last := len(blocks) - 1
		if i == 0 || blocks[last].Comment != r.comment || !slices.Equal(blocks[last].Basis, r.basis) {
			blocks = append(blocks, Block{Comment: r.comment, Basis: r.basis})
			last++
		}
		blocks[last].Rules = append(blocks[last].Rules, said)
	}
	return blocks
}

// Faults lists what is wrong with a rules file, as an error of [Load] or
// [Policy.With] names it; none when the error names nothing of a file.
func Faults(err error) []Fault {
	switch e := err.(type) { //nolint:errorlint // what is joined is taken apart here
	case *Fault:
		return []Fault{*e}
	case interface{ Unwrap() []error }:
		var all []Fault
		for _, part := range e.Unwrap() {
			all = append(all, Faults(part)...)
		}
		return all
	case interface{ Unwrap() error }:
		return Faults(e.Unwrap())
	}
	return nil
}
