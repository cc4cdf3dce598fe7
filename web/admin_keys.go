package web

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"

	"gongshu/desk"
	"gongshu/sharing"
)

// keysPage lists the keys of the region's departments.
type keysPage struct {
	Keys      []desk.Key
	MayManage bool
	Plain     *form
	Failed    string
}

func (v *visit) keys() error { return v.showKeys(http.StatusOK, "") }

func (v *visit) showKeys(status int, failed string) error {
	keys, err := v.site.desk.AdministeredKeys(v.ctx(), v.user)
	if err != nil {
		return err
	}
	return v.show(status, "admin_keys", "admin", keysPage{Keys: keys, Plain: newForm(0), Failed: failed,
		MayManage: v.site.desk.MayAdminister(v.user, sharing.KindKey, sharing.Manage)})
}

// keyInputs are what an operator writes of a new key.
var keyInputs = []input{
	{Name: "name", As: asLine, Required: true},
	{Name: "department", As: asSelect, From: standingOffices, Required: true},
	{Name: "user", As: asLine, Required: true},
	{Name: "roles", As: asTicks, From: everyRole, Required: true},
	{Name: "scopes", As: asTicks, Options: desk.Scopes, Required: true},
	{Name: "addresses", As: asLines},
	{Name: "days", As: asNumber, Required: true},
}

// typedKey is a key as it is typed.
type typedKey struct {
	Name       string         `json:"name"`
	Department string         `json:"department"`
	User       string         `json:"user"`
	Roles      []sharing.Role `json:"roles"`
	Scopes     []string       `json:"scopes"`
	Addresses  []string       `json:"addresses"`
	Days       json.Number    `json:"days"`
}

// newKeyPage is the form that registers a key.
type newKeyPage struct{ New adminForm }

func (v *visit) newKey() error {
	f := newForm(0)
	f.Typed.Set("days", "180")
	return v.showNewKey(http.StatusOK, f)
}

func (v *visit) showNewKey(status int, f *form) error {
	if !v.site.desk.MayAdminister(v.user, sharing.KindKey, sharing.Manage) {
		return &sharing.Error{Code: sharing.CodeForbidden}
	}
	laid, err := v.lay(keyForm, sharing.Manage, f, keyInputs)
	if err != nil {
		return err
	}
	return v.show(status, "admin_key_new", "admin", newKeyPage{laid})
}

func (v *visit) registerKey() error {
	f := v.form()
	typed, err := typedAs[typedKey](v, keyForm, sharing.Manage, f, keyInputs)
	if err != nil {
		return err
	}
	n := desk.NewKey{Name: typed.Name, Department: typed.Department, User: typed.User, Roles: typed.Roles, Scopes: typed.Scopes}
	for _, text := range typed.Addresses {
		n.Addresses = append(n.Addresses, addresses(text))
	}
	if days, err := typed.Days.Int64(); err == nil {
		n.Days = int(max(-1, min(days, desk.MaxKeyDays+1)))
	}
	if f.Wrong() {
		f.Message = v.words.T("error.invalid")
		return v.showNewKey(http.StatusUnprocessableEntity, f)
	}
	if err := v.site.desk.RegisterKey(v.ctx(), v.user, f.Key, n); err != nil {
		return v.cameBack(f, err, func(status int) error { return v.showNewKey(status, f) })
	}
	v.leave("key_registered", "")
	return v.redirect("/admin/keys")
}

// addresses reads an address or a range of them; what is neither is no range.
func addresses(text string) netip.Prefix {
	text = strings.TrimSpace(text)
	if one, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(one, one.BitLen())
	}
	several, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}
	}
	return several
}

func (v *visit) cancelKey() error {
	f := v.form()
	if err := v.site.desk.CancelKey(v.ctx(), v.user, f.Key, v.Param("id")); err != nil {
		return v.cameBack(f, err, func(status int) error { return v.showKeys(status, v.words.T("key.ended")) })
	}
	v.leave("key_revoked", "")
	return v.redirect("/admin/keys")
}
