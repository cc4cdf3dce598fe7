package desk

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// Account is a person as administrators see them.
type Account = sharing.Account

// Office is a department as administrators see it.
type Office = postgres.Office

// What the audit trail says of administration.
const (
	accountAdded     sharing.Action = "account_added"
	accountChanged   sharing.Action = "account_changed"
	accountDisabled  sharing.Action = "account_disabled"
	accountEnabled   sharing.Action = "account_enabled"
	accountSignedOut sharing.Action = "account_signed_out"
	rolesAppointed   sharing.Action = "roles_appointed"
	departmentAdded  sharing.Action = "department_added"
	departmentChange sharing.Action = "department_changed"
	regionRenamed    sharing.Action = "region_renamed"
)

// MayAdminister reports whether a user may do something to what is administered in
// their region: read, manage or appoint.
func (d *Desk) MayAdminister(who sharing.User, kind sharing.Kind, action sharing.Action) bool {
	return d.may(who, action, policies.Administered(kind, who.Region.ID))
}

// Administrates reports whether a user may see anything of what is administered.
func (d *Desk) Administrates(who sharing.User) bool {
	return slices.ContainsFunc(sharing.AdministeredKinds, func(k sharing.Kind) bool { return d.MayAdminister(who, k, sharing.Read) })
}

// administer asks for leave to do something to what is administered.
func (d *Desk) administer(who sharing.User, kind sharing.Kind, action sharing.Action) error {
	if !d.MayAdminister(who, kind, action) {
		return forbidden
	}
	return nil
}

// amend carries out one act of administration in one transaction, at most once: do
// changes what it is about and completes the entry of the audit trail.
func (d *Desk) amend(ctx context.Context, who sharing.User, key string, action sharing.Action, target string, expected int, body any, do func(tx *postgres.Tx, e *sharing.Entry) error) error {
	return d.amendAll(ctx, who, key, action, target, expected, body, func(tx *postgres.Tx, e sharing.Entry) ([]sharing.Entry, error) {
		err := do(tx, &e)
		return []sharing.Entry{e}, err
	})
}

// amendAll is amend for what has several entries in the audit trail.
func (d *Desk) amendAll(ctx context.Context, who sharing.User, key string, action sharing.Action, target string, expected int, body any, do func(tx *postgres.Tx, as sharing.Entry) ([]sharing.Entry, error)) error {
	command, err := d.stage(ctx, who, key, action, target, expected, body)
	if err != nil {
		return err
	}
	var done struct{}
	return d.carry(ctx, command, &done, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			now, err := tx.Now(ctx)
			if err != nil {
				return err
			}
			entries, err := do(tx, sharing.Entry{At: now, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID, Action: action,
				SubjectID: target, Policy: command.Policy, Key: who.Key, Data: map[string]string{}})
			if err != nil {
				return err
			}
			if err := tx.FinishCommand(ctx, command.ID, []byte(`{}`)); err != nil {
				return err
			}
			return tx.Append(ctx, entries...)
		})
	})
}

// AccountQuery narrows the list of people; zero fields do not narrow.
type AccountQuery struct {
	Text       string
	Department string
	Role       sharing.Role
	Disabled   bool // those who are disabled, instead of the others
	Cursor     string
	Limit      int
}

// Accounts returns one page of the people of the region by their sign-in names.
func (d *Desk) Accounts(ctx context.Context, who sharing.User, q AccountQuery) (Page[Account], error) {
	if err := d.administer(who, sharing.KindAccount, sharing.Read); err != nil {
		return Page[Account]{}, err
	}
	if q.Role != "" && !slices.Contains(sharing.Roles, q.Role) {
		return Page[Account]{}, sharing.Invalid("role", "one_of", "a role")
	}
	return pageOf(d.Store.Accounts(ctx, who.Region.ID, postgres.AccountFilter{
		Text: q.Text, Department: q.Department, Role: q.Role, Disabled: q.Disabled, Cursor: q.Cursor, Limit: bound(q.Limit)}))
}

// Account returns a person of the region.
func (d *Desk) Account(ctx context.Context, who sharing.User, id string) (Account, error) {
	if err := d.administer(who, sharing.KindAccount, sharing.Read); err != nil {
		return Account{}, err
	}
	return d.Store.Account(ctx, who.Region.ID, id)
}

// AddAccount adds a person. They hold no role, and so see nothing, until they are
// appointed.
func (d *Desk) AddAccount(ctx context.Context, who sharing.User, key string, text sharing.AccountText) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Manage); err != nil {
		return err
	}
	text.Name = strings.TrimSpace(text.Name)
	if err := text.Check(); err != nil {
		return err
	}
	return d.amend(ctx, who, key, accountAdded, text.ID, 0, text, func(tx *postgres.Tx, e *sharing.Entry) error {
		if err := stands(ctx, tx, who.Region.ID, text.Department); err != nil {
			return err
		}
		e.Version, e.Data["name"], e.Data["department"] = 1, text.Name, text.Department
		return tx.InsertAccount(ctx, text)
	})
}

// stands refuses a department that the region does not have, or that was merged into
// another.
func stands(ctx context.Context, tx *postgres.Tx, regionID, departmentID string) error {
	offices, err := tx.LockOffices(ctx, regionID)
	if err != nil {
		return err
	}
	switch o, ok := offices[departmentID]; {
	case !ok:
		return sharing.Invalid("/department", "exists", "no such department of the region")
	case o.MergedInto != "":
		return sharing.Invalid("/department", "merged", o.MergedName)
	}
	return nil
}

// changeAccount changes a person whose version was read.
func (d *Desk) changeAccount(ctx context.Context, who sharing.User, key string, action sharing.Action, id string, expected int, body any, change func(tx *postgres.Tx, a *Account, e *sharing.Entry) error) error {
	if _, err := d.Store.Account(ctx, who.Region.ID, id); err != nil {
		return err
	}
	return d.amend(ctx, who, key, action, id, expected, body, func(tx *postgres.Tx, e *sharing.Entry) error {
		a, err := tx.LockAccount(ctx, who.Region.ID, id)
		if err != nil {
			return err
		}
		if a.Version != expected {
			return sharing.Errorf(sharing.CodeStale, "changed from version %d, the person is at version %d", expected, a.Version)
		}
		if err := change(tx, &a, e); err != nil {
			return err
		}
		e.Version = a.Version + 1
		return tx.UpdateAccount(ctx, a)
	})
}

// ChangeAccount renames a person or moves them to another department. Who moves
// holds no role there until appointed anew: an operator does not appoint.
func (d *Desk) ChangeAccount(ctx context.Context, who sharing.User, key, id string, expected int, text sharing.AccountText) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Manage); err != nil {
		return err
	}
	text.ID, text.Name = id, strings.TrimSpace(text.Name)
	if err := text.Check(); err != nil {
		return err
	}
	return d.changeAccount(ctx, who, key, accountChanged, id, expected, text, func(tx *postgres.Tx, a *Account, e *sharing.Entry) error {
		e.Data["name"], e.Data["department"] = text.Name, text.Department
		a.Name = text.Name
		if a.Department.ID == text.Department {
			return nil
		}
		if err := stands(ctx, tx, who.Region.ID, text.Department); err != nil {
			return err
		}
		if err := leavesSecurity(ctx, tx, *a); err != nil {
			return err
		}
		e.Data["was"], e.Data["roles_ended"] = a.Department.ID, joined(a.Roles)
		a.Department.ID, a.Roles = text.Department, nil
		return nil
	})
}

// DisableAccount keeps a person from signing in, and signs them out at once.
func (d *Desk) DisableAccount(ctx context.Context, who sharing.User, key, id string, expected int, reason string) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Manage); err != nil {
		return err
	}
	if id == who.ID {
		return sharing.Invalid("", "oneself", "nobody disables themself")
	}
	if err := (sharing.Remark{Note: reason}).Check(); err != nil {
		return err
	}
	return d.changeAccount(ctx, who, key, accountDisabled, id, expected, reason, func(tx *postgres.Tx, a *Account, e *sharing.Entry) error {
		if a.Disabled {
			return sharing.Errorf(sharing.CodeWrongState, "the person was disabled before")
		}
		if err := leavesSecurity(ctx, tx, *a); err != nil {
			return err
		}
		a.Disabled, e.Note = true, reason
		e.Data["sessions"] = strconv.Itoa(a.SignedIn)
		return nil
	})
}

// EnableAccount lets a person sign in again, with the roles that they had.
func (d *Desk) EnableAccount(ctx context.Context, who sharing.User, key, id string, expected int) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Manage); err != nil {
		return err
	}
	return d.changeAccount(ctx, who, key, accountEnabled, id, expected, struct{}{}, func(_ *postgres.Tx, a *Account, e *sharing.Entry) error {
		if !a.Disabled {
			return sharing.Errorf(sharing.CodeWrongState, "the person can sign in already")
		}
		a.Disabled = false
		e.Data["roles"] = joined(a.Roles)
		return nil
	})
}

// SignOutAccount ends a person's sessions and access tokens.
func (d *Desk) SignOutAccount(ctx context.Context, who sharing.User, key, id string) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Manage); err != nil {
		return err
	}
	if _, err := d.Store.Account(ctx, who.Region.ID, id); err != nil {
		return err
	}
	return d.amend(ctx, who, key, accountSignedOut, id, 0, struct{}{}, func(tx *postgres.Tx, e *sharing.Entry) error {
		n, err := tx.EndSignIns(ctx, id)
		e.Data["sessions"] = strconv.Itoa(n)
		return err
	})
}

// Appoint gives a person the roles named and takes the others, for a reason that the
// audit trail keeps. Nobody appoints themself; of the three administrations nobody
// holds two; and somebody stays in charge of security.
func (d *Desk) Appoint(ctx context.Context, who sharing.User, key, id string, expected int, n sharing.Appointment) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Appoint); err != nil {
		return err
	}
	if id == who.ID {
		return sharing.Invalid("/roles", "oneself", "nobody appoints themself")
	}
	return d.changeAccount(ctx, who, key, rolesAppointed, id, expected, n, func(tx *postgres.Tx, a *Account, e *sharing.Entry) error {
		if err := n.Check(a.Department.Kind); err != nil {
			return err
		}
		if !slices.Contains(n.Roles, sharing.SecurityOfficer) {
			if err := leavesSecurity(ctx, tx, *a); err != nil {
				return err
			}
		}
		e.Note, e.Data["was"], e.Data["roles"] = n.Reason, joined(a.Roles), joined(n.Roles)
		a.Roles = n.Roles
		return nil
	})
}

// leavesSecurity refuses that the last person in charge of security ceases to be.
func leavesSecurity(ctx context.Context, tx *postgres.Tx, a Account) error {
	if a.Disabled || !slices.Contains(a.Roles, sharing.SecurityOfficer) {
		return nil
	}
	others, err := tx.OthersHolding(ctx, a.Region.ID, sharing.SecurityOfficer, a.ID)
	if err == nil && others == 0 {
		return sharing.Invalid("/roles", "last_security_officer", a.Name)
	}
	return err
}

// Offices returns the departments of the region, those that were merged into others
// last.
func (d *Desk) Offices(ctx context.Context, who sharing.User) ([]Office, error) {
	if err := d.administer(who, sharing.KindAccount, sharing.Read); err != nil {
		return nil, err
	}
	return d.Store.OfficesOf(ctx, who.Region.ID)
}

// Office returns one department of the region.
func (d *Desk) Office(ctx context.Context, who sharing.User, id string) (Office, error) {
	if err := d.administer(who, sharing.KindAccount, sharing.Read); err != nil {
		return Office{}, err
	}
	return d.Store.OfficeOf(ctx, who.Region.ID, id)
}

// AddDepartment adds a department to the region.
func (d *Desk) AddDepartment(ctx context.Context, who sharing.User, key string, text sharing.DepartmentText) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Manage); err != nil {
		return err
	}
	if text.MergedInto = ""; text.Kind == "" {
		text.Kind = sharing.OrdinaryDepartment
	}
	text.Name, text.NameEN = strings.TrimSpace(text.Name), strings.TrimSpace(text.NameEN)
	if err := text.Check(); err != nil {
		return err
	}
	return d.amend(ctx, who, key, departmentAdded, text.ID, 0, text, func(tx *postgres.Tx, e *sharing.Entry) error {
		offices, err := tx.LockOffices(ctx, who.Region.ID)
		if err != nil {
			return err
		}
		if err := nameFree(offices, text); err != nil {
			return err
		}
		e.Version, e.Data["name"], e.Data["kind"] = 1, text.Name, string(text.Kind)
		return tx.InsertOffice(ctx, who.Region.ID, text)
	})
}

// nameFree refuses a name that another department has: nobody could tell which of
// the two owes an answer.
func nameFree(offices map[string]Office, text sharing.DepartmentText) error {
	for _, o := range offices {
		if o.Name == text.Name && o.ID != text.ID {
			return sharing.Invalid("/name", "taken", o.ID)
		}
	}
	return nil
}

// ChangeDepartment renames a department, or says which one of the region it was
// merged into. A merged department has and does nothing new; what it owed stays with
// it until the authority hands it over.
func (d *Desk) ChangeDepartment(ctx context.Context, who sharing.User, key, id string, expected int, text sharing.DepartmentText) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Manage); err != nil {
		return err
	}
	office, err := d.Store.OfficeOf(ctx, who.Region.ID, id)
	if err != nil {
		return err
	}
	text.ID, text.Kind = id, office.Kind
	text.Name, text.NameEN = strings.TrimSpace(text.Name), strings.TrimSpace(text.NameEN)
	if err := text.Check(); err != nil {
		return err
	}
	return d.amend(ctx, who, key, departmentChange, id, expected, text, func(tx *postgres.Tx, e *sharing.Entry) error {
		offices, err := tx.LockOffices(ctx, who.Region.ID)
		if err != nil {
			return err
		}
		was := offices[id]
		if was.Version != expected {
			return sharing.Errorf(sharing.CodeStale, "changed from version %d, the department is at version %d", expected, was.Version)
		}
		if err := nameFree(offices, text); err != nil {
			return err
		}
		if err := mergeable(offices, text); err != nil {
			return err
		}
		e.Version = was.Version + 1
		e.Data["name"], e.Data["was"], e.Data["merged_into"] = text.Name, was.Name, text.MergedInto
		return tx.UpdateOffice(ctx, text)
	})
}

// mergeable refuses a merger after which who follows a department could not be found
// in one step.
func mergeable(offices map[string]Office, text sharing.DepartmentText) error {
	if text.MergedInto == "" {
		return nil
	}
	into, ok := offices[text.MergedInto]
	switch {
	case !ok:
		return sharing.Invalid("/merged_into", "exists", "no such department of the region")
	case into.MergedInto != "":
		return sharing.Invalid("/merged_into", "merged", into.MergedName)
	}
	for _, o := range offices {
		if o.MergedInto == text.ID {
			return sharing.Invalid("/merged_into", "successor", o.Name)
		}
	}
	return nil
}

// RenameRegion changes the names of the user's region.
func (d *Desk) RenameRegion(ctx context.Context, who sharing.User, key string, text sharing.RegionText) error {
	if err := d.administer(who, sharing.KindAccount, sharing.Manage); err != nil {
		return err
	}
	text.Name, text.NameEN = strings.TrimSpace(text.Name), strings.TrimSpace(text.NameEN)
	if err := text.Check(); err != nil {
		return err
	}
	return d.amend(ctx, who, key, regionRenamed, who.Region.ID, 0, text, func(tx *postgres.Tx, e *sharing.Entry) error {
		was, err := tx.RenameRegion(ctx, who.Region.ID, text)
		e.Data["name"], e.Data["was"] = text.Name, was.Name
		return err
	})
}

// AdministeredKeys returns the keys of the region's departments, the newest first.
func (d *Desk) AdministeredKeys(ctx context.Context, who sharing.User) ([]Key, error) {
	if err := d.administer(who, sharing.KindKey, sharing.Read); err != nil {
		return nil, err
	}
	return d.Store.KeysOf(ctx, who.Region.ID)
}

// RegisterKey registers a key for a department of the region. It has no secret and
// opens nothing until a person of the department confirms it, see [Desk.ConfirmKey]:
// who administers the system gets no way to do the department's work. It carries no
// role of administration.
func (d *Desk) RegisterKey(ctx context.Context, who sharing.User, key string, n NewKey) error {
	if err := d.administer(who, sharing.KindKey, sharing.Manage); err != nil {
		return err
	}
	n.Name = strings.TrimSpace(n.Name)
	if err := n.check(); err != nil {
		return err
	}
	for i, r := range n.Roles {
		if slices.Contains(sharing.Administrations, r) {
			return sharing.Invalid("/roles/"+strconv.Itoa(i), "not_for_keys", string(r))
		}
	}
	return d.amend(ctx, who, key, keyRegistered, "", 0, n, func(tx *postgres.Tx, e *sharing.Entry) error {
		if err := stands(ctx, tx, who.Region.ID, n.Department); err != nil {
			return err
		}
		made, err := keyTo(ctx, tx, e, n)
		if err != nil {
			return err
		}
		return tx.InsertKey(ctx, made)
	})
}

// CancelKey ends a key of the region for good.
func (d *Desk) CancelKey(ctx context.Context, who sharing.User, key, id string) error {
	if err := d.administer(who, sharing.KindKey, sharing.Manage); err != nil {
		return err
	}
	keys, err := d.Store.KeysOf(ctx, who.Region.ID)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(keys, func(k Key) bool { return k.ID == id }) {
		return notFound
	}
	return d.revokeKey(ctx, who, key, id)
}
