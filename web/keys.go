package web

import (
	"net/http"

	"gongshu/desk"
)

// ownKeysPage lists the keys that act as the reader, or for the department that they
// head.
type ownKeysPage struct {
	Waiting []desk.Key // for the reader to confirm
	Keys    []desk.Key // the others
	Plain   *form
	Failed  string
}

func (v *visit) ownKeys() error { return v.showOwnKeys(http.StatusOK, "") }

func (v *visit) showOwnKeys(status int, failed string) error {
	keys, err := v.site.desk.Keys(v.ctx(), v.user)
	if err != nil {
		return err
	}
	page := ownKeysPage{Plain: newForm(0), Failed: failed}
	for _, k := range keys {
		if k.ConfirmedAt == nil && k.RevokedAt == nil && !k.Expired && k.CreatedBy != v.user.ID {
			page.Waiting = append(page.Waiting, k)
		} else {
			page.Keys = append(page.Keys, k)
		}
	}
	return v.show(status, "keys", "keys", page)
}

// secretPage tells the secret of a key, once; without one it was told before.
type secretPage struct{ Secret string }

func (v *visit) confirmKey() error {
	f := v.form()
	secret, err := v.site.desk.ConfirmKey(v.ctx(), v.user, f.Key, v.Param("id"))
	return v.tellSecret(f, secret, err)
}

// overlapHours is how long a secret stays good beside its successor.
const overlapHours = 24

func (v *visit) rotateKey() error {
	f := v.form()
	secret, err := v.site.desk.RenewKey(v.ctx(), v.user, f.Key, v.Param("id"), overlapHours)
	return v.tellSecret(f, secret, err)
}

func (v *visit) tellSecret(f *form, secret string, err error) error {
	if err != nil {
		return v.cameBack(f, err, func(status int) error { return v.showOwnKeys(status, v.words.T("key.ended")) })
	}
	return v.ok("key_secret", "keys", secretPage{secret})
}

func (v *visit) revokeKey() error {
	f := v.form()
	if err := v.site.desk.RevokeKey(v.ctx(), v.user, f.Key, v.Param("id")); err != nil {
		return v.cameBack(f, err, func(status int) error { return v.showOwnKeys(status, v.words.T("key.ended")) })
	}
	v.leave("key_revoked", "")
	return v.redirect("/keys")
}

// backToOwnKeys leads from the address of what is done to a key to the reader's keys.
func (v *visit) backToOwnKeys() error { return v.redirect("/keys") }
