package desk

import (
	"context"
	"errors"

	"gongshu/regulation"
	"gongshu/sharing"
)

// endingSoon is how many calendar days before its last day a regulation is said
// to end soon.
const endingSoon = 60

// Ending returns what the reader is to know of the end of regulations of the
// region, by the database's clock, soonest first. Whoever sees to it that one
// follows is told 60 calendar days ahead; once one has ended and none has taken its
// place, so that nothing can be opened, everybody is told, for as long as it stays
// so.
func (d *Desk) Ending(ctx context.Context, who sharing.User) ([]regulation.Expiry, error) {
	now, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	today := sharing.DateOf(now)
	current, err := d.Law().InForce(who.Region.ID, today)
	ended, _ := errors.AsType[*regulation.ExpiredError](err) // that none was ever in force is no end
	ahead := who.Subject().Has(sharing.AuthorityOfficer, sharing.AuthorityHead, sharing.Supervisor, sharing.Operator)
	var list []regulation.Expiry
	for _, e := range d.Law().Expiring(today, endingSoon) {
		if ahead && e.Regulation == current || ended != nil && e.Regulation == ended.Regulation {
			list = append(list, e)
		}
	}
	return list, nil
}
