package desk

import (
	"context"

	"gongshu/sharing"
)

// FindCases returns the cases the reader may see whose number begins with the text
// or whose title has all of its words, the newest first and at most limit; Total
// counts them all. An empty text finds none.
func (d *Desk) FindCases(ctx context.Context, who sharing.User, text string, limit int) (Page[sharing.Case], error) {
	found, total, err := d.Store.FindCases(ctx, d.caseScopes(who, sharing.Read), text, bound(limit))
	if err != nil {
		return Page[sharing.Case]{}, err
	}
	return handOut(Page[sharing.Case]{Items: found, Total: total}, d.recordCases(ctx, who, found...))
}
