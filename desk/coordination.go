package desk

import (
	"context"

	"gongshu/activities"
	"gongshu/regulation"
	"gongshu/sharing"
)

// coordinationDoor: a department takes a case of its own to the authority, or asks
// for data in words.
func coordinationDoor(ctx context.Context, d *Desk, who sharing.User, content sharing.Checked) (sharing.Thing, error) {
	request := content.(*sharing.CoordinationRequest)
	thing := sharing.Thing{
		RegionID: who.Region.ID, ApplicantID: who.Department.ID, Class: sharing.NotShared, Grade: sharing.LowestGrade,
	}
	if !request.Occasion.InWords() {
		parent, err := d.Store.Case(ctx, d.caseScopes(who, sharing.Read), request.Parent)
		if sharing.CodeOf(err) == sharing.CodeNotFound || err == nil && parent.Applicant.ID != who.Department.ID {
			return thing, sharing.Invalid("/parent", "exists", "no such case of the department's own")
		}
		if err != nil {
			return thing, err
		}
		request.Parent = parent.ID // it may have been named by its number
		thing.ProviderID, thing.Class, thing.Grade = parent.Provider.ID, parent.Class, parent.Grade
	} else {
		departments, err := d.Departments(ctx, who)
		if err != nil {
			return thing, err
		}
		for _, o := range departments {
			if o.Kind == sharing.AuthorityDepartment {
				thing.ProviderID = o.ID
			}
		}
	}
	return thing, d.checkOwnFiles(ctx, who, request.Attachments)
}

// CoordinationOn returns on which occasion the reader could take a case to the
// authority as it stands, and under which article; "" when it cannot be taken, is
// not the reader's department's own, or was taken there before.
func (d *Desk) CoordinationOn(ctx context.Context, who sharing.User, c sharing.Case) (o sharing.Occasion, article string, err error) {
	if c.Applicant.ID != who.Department.ID || !d.MayOpen(who, sharing.Coordination) {
		return "", "", nil
	}
	for _, o := range sharing.Occasions {
		if o.InWords() || (sharing.CoordinationRequest{Occasion: o}).Fits(c) != nil {
			continue
		}
		law, err := d.lawNow(ctx, who)
		if sharing.CodeOf(err) == sharing.CodeNoRegulation {
			return "", "", nil
		}
		if err != nil {
			return "", "", err
		}
		article, err := activities.CoordinationArticle(law, o)
		if err != nil {
			return "", "", nil // the regulation does not offer it
		}
		taken, err := d.Store.Coordinated(ctx, c.ID)
		if err != nil || taken {
			return "", "", err
		}
		return o, article, nil
	}
	return "", "", nil
}

// CoordinationOffered lists the occasions, other than cases of one's own, on which
// the region's regulation in force offers coordination.
func (d *Desk) CoordinationOffered(ctx context.Context, who sharing.User) ([]sharing.Occasion, error) {
	law, err := d.lawNow(ctx, who)
	if sharing.CodeOf(err) == sharing.CodeNoRegulation {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var offered []sharing.Occasion
	for _, o := range sharing.Occasions {
		if _, err := activities.CoordinationArticle(law, o); err == nil {
			offered = append(offered, o)
		}
	}
	return offered, nil
}

// Outcomes lists what the authority can rule on a case of coordination.
func (d *Desk) Outcomes(c sharing.Case, o sharing.Occasion) []sharing.State {
	law, ok := d.Law().ByID(c.RegulationID)
	if !ok {
		return nil
	}
	return o.Outcomes(activities.RuleOf(law))
}

// lawNow is the regulation in force in the reader's region by the database's clock.
func (d *Desk) lawNow(ctx context.Context, who sharing.User) (*regulation.Regulation, error) {
	now, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	law, err := d.Law().InForce(who.Region.ID, sharing.DateOf(now))
	if err != nil {
		return nil, &sharing.Error{Code: sharing.CodeNoRegulation, Detail: err.Error(), Cause: err}
	}
	return law, nil
}

// RegulationNow returns the regulation in force in the reader's region by the
// database's clock; CodeNoRegulation when there is none.
func (d *Desk) RegulationNow(ctx context.Context, who sharing.User) (*regulation.Regulation, error) {
	return d.lawNow(ctx, who)
}
