package web

import (
	"net/url"
	"slices"

	"gongshu/desk"
	"gongshu/sharing"
)

// chip is one thing by which a list is narrowed, and the address of the list
// without it.
type chip struct{ Name, Label, Address string }

// chips collects what narrows the list at the address of this request.
type chips struct {
	*visit
	list []chip
	base []string // parameters that stay when all chips are taken off
}

// chip adds one for a parameter; nothing for an empty label.
func (c *chips) chip(parameter, name, label string) {
	if label == "" {
		return
	}
	q := c.Request().URL.Query()
	q.Del(parameter)
	q.Del("cursor")
	c.list = append(c.list, chip{Name: name, Label: label, Address: address(c.Request().URL.Path, q)})
}

// clear is the address of the list with nothing that narrows it.
func (c *chips) clear() string {
	q := url.Values{}
	for _, name := range c.base {
		if value := c.QueryParam(name); value != "" {
			q.Set(name, value)
		}
	}
	return address(c.Request().URL.Path, q)
}

// oneOf reads a query parameter that must be one of the choices, or is empty.
func oneOf[T ~string](v *visit, parameter string, choices []T) T {
	if value := T(v.QueryParam(parameter)); slices.Contains(choices, value) {
		return value
	}
	return ""
}

// options makes the entries of a select.
func options[T ~string](values []T, chosen T, label func(T) string) []choice {
	list := make([]choice, len(values))
	for i, value := range values {
		list[i] = choice{Value: string(value), Label: label(value), Chosen: value == chosen}
	}
	return list
}

func (v *visit) lightOptions(chosen desk.Light) []choice {
	return options(desk.Lights, chosen, func(l desk.Light) string {
		return v.words.Code("light.shape", l) + " " + v.words.Code("light", l)
	})
}

func (v *visit) orderOptions(chosen desk.Order) []choice {
	return options(desk.Orders, chosen, func(o desk.Order) string { return v.words.Code("sort", o) })
}

func (v *visit) procedureOptions(chosen sharing.Procedure) []choice {
	return options(sharing.Procedures, chosen, func(p sharing.Procedure) string { return v.words.Code("procedure", p) })
}

func (v *visit) departmentOptions(all []sharing.Department, chosen string) []choice {
	list := make([]choice, len(all))
	for i, d := range all {
		list[i] = choice{Value: d.ID, Label: v.words.pick(d.Name, d.NameEN), Chosen: d.ID == chosen}
	}
	return list
}

// chosenLabel is the label of the option that is.
func chosenLabel(list []choice) string {
	if i := slices.IndexFunc(list, func(c choice) bool { return c.Chosen }); i >= 0 {
		return list[i].Label
	}
	return ""
}
