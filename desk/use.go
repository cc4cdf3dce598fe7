package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"gongshu/postgres"
	"gongshu/sharing"
)

// UseResult is what became of one report of a batch.
type UseResult struct {
	Recorded bool `json:"recorded"`
	// Doubts say why use was perhaps not covered by its grant. It is recorded all the
	// same.
	Doubts []sharing.Doubt `json:"doubts,omitempty"`
	// Fields say why it was not recorded.
	Fields []sharing.FieldError `json:"fields,omitempty"`
}

// TopicUseDoubted is the message that use of a grant is doubted.
const TopicUseDoubted = "use_doubted"

// ReportUse records what gateways report of the use of grants: each report by
// itself, the results in the order of the reports. Use that its grant did not
// cover is recorded, doubted, and the provider and the authority are told once for
// each grant and day (yanzhou-2024 art. 22, city-2023 arts. 29 and 30).
func (d *Desk) ReportUse(ctx context.Context, who sharing.User, key string, reports []sharing.UseReport) ([]UseResult, error) {
	scope := d.policy(who).Scope(who.Subject(), sharing.KindGrant, sharing.Serve)
	if len(scope.Cells) == 0 {
		return nil, forbidden
	}
	if len(reports) == 0 {
		return nil, sharing.Invalid("/reports", "required", "at least one report")
	}
	if len(reports) > sharing.MaxUseReports {
		return nil, sharing.Invalid("/reports", "max_items", strconv.Itoa(sharing.MaxUseReports))
	}
	command, err := d.stage(ctx, who, key, sharing.Serve, "use", 0, reports)
	if err != nil {
		return nil, err
	}
	var results []UseResult
	err = d.carry(ctx, command, &results, func(ctx context.Context) error {
		return d.once(ctx, command.ID, func(tx *postgres.Tx) error {
			found, err := d.recordUse(ctx, tx, who, scope, command, reports)
			if err != nil {
				return err
			}
			outcome, err := json.Marshal(found)
			if err != nil {
				return err
			}
			return tx.FinishCommand(ctx, command.ID, outcome)
		})
	})
	return results, err
}

func (d *Desk) recordUse(ctx context.Context, tx *postgres.Tx, who sharing.User, scope sharing.Scope, command sharing.Command, reports []sharing.UseReport) ([]UseResult, error) {
	ids := make([]string, len(reports))
	for i, u := range reports {
		ids[i] = u.GrantID
	}
	grants, err := tx.HoldGrants(ctx, scope, ids)
	if err != nil {
		return nil, err
	}
	now, err := tx.Now(ctx)
	if err != nil {
		return nil, err
	}
	var (
		results  = make([]UseResult, len(reports))
		kept     []postgres.Use
		messages []sharing.Message
		told     = map[string]bool{}
		doubted  int
	)
	for i, u := range reports {
		g, known := grants[u.GrantID]
		err := u.Check(sharing.DateOf(now))
		if err == nil && !known { // of another region, or of none: the same answer
			err = sharing.Invalid("/grant", "exists", "no such grant")
		}
		if err == nil && u.LastAt != nil && u.LastAt.After(now) {
			err = sharing.Invalid("/last_at", "not_in_future", "the instant lies ahead")
		}
		var refused *sharing.Error
		if errors.As(err, &refused) {
			results[i].Fields = refused.Fields
			continue
		}
		results[i] = UseResult{Recorded: true, Doubts: g.Doubts(u)}
		kept = append(kept, postgres.Use{UseReport: u, Doubts: results[i].Doubts, By: who.ID, At: now})
		if len(results[i].Doubts) == 0 {
			continue
		}
		doubted++
		if once := g.ID + u.Day.String(); !told[once] {
			told[once] = true
			hints, err := d.hint(ctx, tx, g, u.Day)
			if err != nil {
				return nil, err
			}
			messages = append(messages, hints...)
		}
	}
	if err := tx.PutUse(ctx, kept); err != nil {
		return nil, err
	}
	if err := tx.Send(ctx, now, messages...); err != nil {
		return nil, err
	}
	return results, tx.Append(ctx, sharing.Entry{
		At: now, Actor: who.ID, DepartmentID: who.Department.ID, RegionID: who.Region.ID, Action: sharing.Serve, SubjectID: command.ID, Policy: command.Policy, Key: who.Key,
		Data: map[string]string{"recorded": fmt.Sprint(len(kept)), "refused": fmt.Sprint(len(reports) - len(kept)), "doubted": fmt.Sprint(doubted)},
	})
}

// hint are the messages that the use of a grant on a day is doubted; none when
// they were sent before.
func (d *Desk) hint(ctx context.Context, tx *postgres.Tx, g sharing.Grant, on sharing.Date) ([]sharing.Message, error) {
	before, err := tx.DoubtedBefore(ctx, g.ID, on)
	if err != nil || before {
		return nil, err
	}
	offices, err := tx.Offices(ctx, g.RegionID, sharing.AuthorityDepartment)
	if err != nil {
		return nil, err
	}
	var messages []sharing.Message
	for _, o := range append(offices, g.Provider) {
		messages = append(messages, sharing.Message{
			Topic: TopicUseDoubted, CaseID: g.CaseID, DepartmentID: o.ID, Data: map[string]string{"grant": g.ID, "day": on.String()},
		})
	}
	return messages, nil
}
