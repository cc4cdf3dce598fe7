package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/sharing"
)

// FindCases returns, of the cases the scopes allow, those whose number begins with
// the text and those whose title has all of its words: the newest first, at most
// limit, and how many there are in all. An empty text finds none.
func (s *Store) FindCases(ctx context.Context, scopes sharing.Scopes, text string, limit int) (found []sharing.Case, total int, err error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, 0, nil
	}
	var w where
	w.seeCases(scopes)
	titled := make([]string, len(words))
	for i, word := range words {
		titled[i] = w.contains("c.title", word)
	}
	number := strings.TrimPrefix(like(strings.ToUpper(strings.Join(words, ""))), "%")
	w.conditions = append(w.conditions, "(c.number LIKE "+w.arg(number)+" OR "+strings.Join(titled, " AND ")+")")
	found, _, total, err = list(ctx, s.pool, listing[sharing.Case]{
		query: `SELECT ` + caseColumns + caseTables, count: `SELECT count(*) FROM cases c `, where: w,
		narrow: " FROM cases c ", own: "c.id",
		key: "c.created_at", cast: "timestamptz", id: "c.id::text", desc: true, limit: limit,
		scan: func(row pgx.Row) (sharing.Case, error) { return scanCase(row) },
		at:   func(c sharing.Case) (string, string) { return c.CreatedAt.Format(time.RFC3339Nano), c.ID },
	})
	return found, total, err
}
