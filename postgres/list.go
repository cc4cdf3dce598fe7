package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// listing is one page of a list: rows after the cursor in the order of a key and
// an id, and how many the same condition matches in all.
type listing[T any] struct {
	query string // SELECT … FROM … without WHERE
	count string // SELECT count(*) FROM … without WHERE
	where where
	key   string // sort key, a text, timestamp or number expression
	cast  string // SQL type of the key, text when empty
	id    string // text expression
	desc  bool
	limit int
	scan  func(pgx.Row) (T, error)
	// at returns the key (as text the database reads back) and id of a row.
	at     func(T) (key, id string)
	cursor string
	// order names one of several orders that the same list can have; a cursor of one
	// is not one of another. Empty for the usual order.
	order string
	// known: the total is, and not to be counted.
	known bool
	total int
	// narrow is FROM … with no more tables than the condition and the key need, for
	// rows that are wide: the page is chosen from it and only then read. Empty reads
	// at once.
	narrow string
	own    string // column that tells the rows apart, with narrow
}

func list[T any](ctx context.Context, q querier, l listing[T]) (page []T, next string, total int, err error) {
	if l.known {
		total = l.total
	} else if err := q.QueryRow(ctx, l.count+l.where.String(), l.where.args...).Scan(&total); err != nil {
		return nil, "", 0, translate(err)
	}
	if total == 0 && l.cursor == "" {
		return []T{}, "", 0, nil // without reading all that could have come first
	}
	direction, compare := "", ">"
	if l.desc {
		direction, compare = " DESC", "<"
	}
	if l.cast == "" {
		l.cast = "text"
	}
	if l.cursor != "" {
		key, id, err := decodeCursor(l.cursor)
		if err != nil {
			return nil, "", 0, err
		}
		key, ok := inOrder(l.order, key)
		if !ok {
			return nil, "", 0, badCursor
		}
		l.where.and("("+l.key+", "+l.id+") "+compare+" (?::text::"+l.cast+", ?)", key, id)
	}
	ordered := " ORDER BY " + l.key + direction + ", " + l.id + direction
	sql := l.where.String() + ordered + " LIMIT " + l.where.arg(l.limit+1)
	if l.narrow != "" {
		// An array is made once, and before the tables are joined.
		sql = "WHERE " + l.own + " = ANY(ARRAY(SELECT " + l.own + l.narrow + sql + "))" + ordered
	}
	sql = l.query + sql
	rows, err := q.Query(ctx, sql, l.where.args...)
	if err != nil {
		return nil, "", 0, translate(err)
	}
	page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) { return l.scan(row) })
	if err != nil {
		if cursorRefused(err) && l.cursor != "" {
			return nil, "", 0, badCursor
		}
		return nil, "", 0, translate(err)
	}
	if len(page) > l.limit {
		page = page[:l.limit]
		key, id := l.at(page[l.limit-1])
		next = encodeCursor(mark(l.order)+key, id)
	}
	return page, next, total, nil
}

// mark begins the keys in cursors of a list that is not in its usual order.
func mark(order string) string {
	if order == "" {
		return ""
	}
	return "\x1f" + order + "\x1f"
}

// inOrder takes the mark of an order from a key; ok is false when the key has
// another, or none where there should be one.
func inOrder(order, key string) (plain string, ok bool) {
	if order == "" {
		return key, !strings.HasPrefix(key, "\x1f")
	}
	return strings.CutPrefix(key, mark(order))
}
