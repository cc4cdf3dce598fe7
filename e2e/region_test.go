//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/sharing"
)

// clockworkResource is the district's one conditional resource, clockworkOpen its
// one unconditional.
var (
	clockworkResource = uuid.NewSHA1(uuid.NameSpaceURL, []byte("clockwork/conditional")).String()
	clockworkOpen     = uuid.NewSHA1(uuid.NameSpaceURL, []byte("clockwork/unconditional")).String()
)

// startWithRegion starts a system and adds the district to it.
func startWithRegion(ctx context.Context) (*system, error) {
	s, err := start(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.addClockwork(ctx); err != nil {
		return nil, errors.Join(err, s.stop(true))
	}
	return s, nil
}

func (s *system) addClockwork(ctx context.Context) error {
	now, err := s.read()
	if err != nil {
		return err
	}
	owner, err := postgres.Open(ctx, now.OwnerURL)
	if err != nil {
		return err
	}
	defer owner.Close()
	region := sharing.Region{ID: "clockwork", Name: "钟表区", NameEN: "Clockwork District"}
	department := func(key string, kind sharing.DepartmentKind) sharing.Department {
		return sharing.Department{ID: "clockwork-" + key, RegionID: region.ID, Name: "区" + key, NameEN: key, Kind: kind}
	}
	authority := department("authority", sharing.AuthorityDepartment)
	asks, gives := department("asks", sharing.OrdinaryDepartment), department("gives", sharing.OrdinaryDepartment)
	user := func(d sharing.Department, post string, role sharing.Role) sharing.User {
		id := d.ID + "-" + post
		return sharing.User{ID: id, Name: id, Department: d, Region: region, Roles: []sharing.Role{role}}
	}
	users := []sharing.User{
		user(authority, "officer", sharing.AuthorityOfficer), user(asks, "requester", sharing.Requester),
		user(gives, "approver", sharing.Approver), user(gives, "specialist", sharing.DataSpecialist),
	}
	resource := sharing.Resource{
		ID: clockworkResource, Code: "ZB-001", RegionID: region.ID, Provider: gives, Title: "钟表登记信息", Class: sharing.Conditional,
		OpenClass: sharing.NotOpen, Grade: 2, Basis: "《计量法》第九条", Cycle: sharing.Daily, Modes: []sharing.Mode{sharing.QueryAPI},
		Fields: []sharing.Field{{Name: "clock_no", Title: "钟表编号", Type: "text", Grade: 2}}, Version: 1,
	}
	open := resource
	open.ID, open.Code, open.Title, open.Class, open.Basis = clockworkOpen, "ZB-002", "钟表目录", sharing.Unconditional, ""
	return owner.InTx(ctx, func(tx *postgres.Tx) error {
		err := tx.PutPeople(ctx, []sharing.Region{region}, []sharing.Department{authority, asks, gives}, users)
		if err != nil {
			return err
		}
		for _, r := range []sharing.Resource{resource, open} {
			if _, err := tx.PutResource(ctx, r); err != nil {
				return fmt.Errorf("%s: %w", r.Code, err)
			}
		}
		return nil
	})
}
