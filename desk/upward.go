package desk

import (
	"context"
	"slices"

	"gongshu/regulation"
	"gongshu/sharing"
)

// needDoor: a department says what it needs of data held above (shuozhou-2021
// art. 20(2)).
func needDoor(ctx context.Context, d *Desk, who sharing.User, content sharing.Checked) (sharing.Thing, error) {
	thing, err := d.upwardThing(ctx, who)
	if err != nil {
		return thing, err
	}
	thing.ApplicantID = who.Department.ID
	return thing, d.checkOwnFiles(ctx, who, content.(*sharing.Need).Attachments)
}

// upwardDoor: the authority makes one request of several needs (shuozhou-2021
// art. 20(3)).
func upwardDoor(ctx context.Context, d *Desk, who sharing.User, _ sharing.Checked) (sharing.Thing, error) {
	return d.upwardThing(ctx, who)
}

// upwardThing is what a need and a request upward have in common: they go through
// the authority, and none but their parties see them. CodeNotFound where the
// regulation in force has no such way.
func (d *Desk) upwardThing(ctx context.Context, who sharing.User) (sharing.Thing, error) {
	law, err := d.lawNow(ctx, who)
	if err != nil {
		return sharing.Thing{}, err
	}
	if law.Coordination.Upward == "" {
		return sharing.Thing{}, sharing.Errorf(sharing.CodeNotFound, "%s has no requests upward", law.Title)
	}
	authority, err := d.authority(ctx, who.Region.ID)
	return sharing.Thing{
		RegionID: who.Region.ID, ProviderID: authority.ID, ApplicantID: authority.ID, Class: sharing.NotShared, Grade: sharing.LowestGrade,
	}, err
}

// hasUpward reports whether requests upward are known where the reader is, to some
// regulation of the region; other procedures always are.
func (d *Desk) hasUpward(who sharing.User, p sharing.Procedure) bool {
	if p != sharing.UpwardNeed && p != sharing.UpwardRequest {
		return true
	}
	return slices.ContainsFunc(d.Law().All(), func(r *regulation.Regulation) bool {
		return r.Region == who.Region.ID && r.Coordination.Upward != ""
	})
}
