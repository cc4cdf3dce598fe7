package web

import (
	"net/url"
)

// more is the way from one page of a list to the next. Filters stay as they are.
type more struct {
	Total int
	First string // address of the first page; empty on it
	Next  string // address of the following page; empty on the last
}

// more returns the links around the page of a list that was asked for.
func (v *visit) more(total int, next string) more {
	u := v.Request().URL
	at := func(cursor string) string {
		q := u.Query()
		q.Del("cursor")
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		return address(u.Path, q)
	}
	m := more{Total: total}
	if v.QueryParam("cursor") != "" {
		m.First = at("")
	}
	if next != "" {
		m.Next = at(next)
	}
	return m
}

// address joins a path and a query, leaving out what is empty.
func address(path string, q url.Values) string {
	for name, values := range q {
		if len(values) == 0 || values[0] == "" {
			q.Del(name)
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// tab is one of several views of a list.
type tab struct {
	Label   string
	Address string
	Current bool
}

// tabs makes one tab for each value of a query parameter; the first value is
// the one that stands when the address names none.
func (v *visit) tabs(path, parameter string, values []string, label func(value string) string) ([]tab, string) {
	current := values[0]
	for _, value := range values {
		if value == v.QueryParam(parameter) {
			current = value
		}
	}
	list := make([]tab, len(values))
	for i, value := range values {
		q := url.Values{}
		if i > 0 {
			q.Set(parameter, value)
		}
		list[i] = tab{Label: label(value), Address: address(path, q), Current: value == current}
	}
	return list, current
}

// choice is one entry of a select.
type choice struct {
	Value, Label string
	Chosen       bool
}
