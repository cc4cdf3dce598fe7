package desk

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"gongshu/policies"
	"gongshu/sharing"
)

// MaySeeSettings reports whether the settings of their region are a user's to look
// at: the calendar, the regulations, the schedules.
func (d *Desk) MaySeeSettings(who sharing.User) bool {
	return d.may(who, sharing.Read, policies.Administered(sharing.KindSetting, who.Region.ID))
}

// MayKeepSettings reports whether the settings of their region are a user's to
// change.
func (d *Desk) MayKeepSettings(who sharing.User) bool {
	return d.may(who, sharing.Manage, policies.Administered(sharing.KindSetting, who.Region.ID))
}

// MayAudit reports whether the audit trail of their region is a user's to read.
func (d *Desk) MayAudit(who sharing.User) bool {
	return who.Own().Has(sharing.Auditor) && d.may(who, sharing.Read, policies.Trail(who.Region.ID))
}

// maxReason is how long the reason for a change of the settings may be.
const maxReason = 500

// soundReason holds the reason that somebody gives for a change of the settings to
// what it must be.
func soundReason(reason string) error {
	switch {
	case strings.TrimSpace(reason) == "":
		return sharing.Invalid("/reason", "required", "say why")
	case utf8.RuneCountInString(reason) > maxReason:
		return sharing.Invalid("/reason", "max_length", strconv.Itoa(maxReason))
	}
	return nil
}
