package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"gongshu/postgres"
	"gongshu/sharing"
)

// disputeDoor: a department doubts what it can see of the catalog or holds data of.
func disputeDoor(ctx context.Context, d *Desk, who sharing.User, content sharing.Checked) (sharing.Thing, error) {
	report := content.(*sharing.DisputeReport)
	resource, err := d.used(ctx, who, report.Resource)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return sharing.Thing{}, sharing.Invalid("/resource", "exists", "no entry of the catalog that the department uses")
	}
	if err != nil {
		return sharing.Thing{}, err
	}
	for i, f := range report.Fields {
		if !resource.HasField(f) {
			return sharing.Thing{}, sharing.Invalid(fmt.Sprintf("/fields/%d", i), "field_of_resource", f+" is not a field of "+resource.Title)
		}
	}
	return sharing.Thing{
		RegionID: who.Region.ID, ProviderID: resource.Provider.ID, ApplicantID: who.Department.ID, Class: resource.Class, Grade: resource.Grade,
	}, d.checkOwnFiles(ctx, who, report.Attachments)
}

// Used returns an entry that the user sees in the catalog, or of which the user's
// department holds data though the catalog no longer shows it; CodeNotFound
// otherwise.
func (d *Desk) Used(ctx context.Context, who sharing.User, id string) (sharing.Resource, error) {
	resource, err := d.used(ctx, who, id)
	if err != nil {
		return sharing.Resource{}, err
	}
	return handOut(resource, d.recordEntries(ctx, who, resource))
}

// used is [Desk.Used] for checks by the desk itself.
func (d *Desk) used(ctx context.Context, who sharing.User, id string) (sharing.Resource, error) {
	resource, err := d.resource(ctx, who, id)
	if sharing.CodeOf(err) != sharing.CodeNotFound || !d.holdsGrants(who) {
		return resource, err
	}
	held, err := d.Store.HeldResource(ctx, id, who.Department.ID)
	if err != nil {
		return sharing.Resource{}, err
	}
	entries, err := d.look(ctx, who, held)
	if err != nil {
		return sharing.Resource{}, err
	}
	return entries[0], nil
}

// holdsGrants reports whether the user may know what the own department holds.
func (d *Desk) holdsGrants(who sharing.User) bool {
	return slices.ContainsFunc(d.scope(who, sharing.KindGrant).Cells, func(c sharing.Cell) bool { return c.Relation == sharing.AsApplicant })
}

// MaxBatch is how many doubts one batch holds at most.
const MaxBatch = 200

// Reported is what became of one report of a batch: accepted, or refused by itself.
type Reported struct {
	Outcome Outcome
	Err     *sharing.Error // nil when it was accepted
}

// batchWidth is how many reports of a batch are filed at the same time.
const batchWidth = 8

// ReportDisputes files up to MaxBatch reports, as from a system of the user's
// department. Each is accepted or refused by itself. The same batch sent again
// under its key files nothing twice and gets the same answers; the error is one
// that concerns the batch as a whole.
func (d *Desk) ReportDisputes(ctx context.Context, who sharing.User, key string, reports []json.RawMessage) ([]Reported, error) {
	if len(reports) == 0 || len(reports) > MaxBatch {
		return nil, sharing.Invalid("/reports", "range", fmt.Sprintf("1 to %d", MaxBatch))
	}
	if len(key) > MaxKey {
		return nil, sharing.Invalid("Idempotency-Key", "max_length", "at most 255 characters")
	}
	// Reports of the same record are filed in their order, so that which of two is the
	// duplicate does not depend on the moment.
	groups, order := map[postgres.Record][]int{}, []postgres.Record(nil)
	for i, raw := range reports {
		var r sharing.DisputeReport
		_ = json.Unmarshal(raw, &r) // what is no report is refused when it is filed
		record := postgres.Record{ResourceID: r.Resource, Key: r.RecordKey}
		if groups[record] == nil {
			order = append(order, record)
		}
		groups[record] = append(groups[record], i)
	}
	var (
		results = make([]Reported, len(reports))
		errs    = make([]error, len(order))
		width   = make(chan struct{}, batchWidth)
		wait    sync.WaitGroup
	)
	for g, record := range order {
		wait.Go(func() {
			width <- struct{}{}
			defer func() { <-width }()
			for _, i := range groups[record] {
				own := ""
				if key != "" {
					own = "batch-" + uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s\x00%d", key, i)).String()
				}
				outcome, err := d.Open(ctx, who, own, sharing.CorrectionDispute, reports[i])
				results[i].Outcome = outcome
				if err != nil && !errors.As(err, &results[i].Err) {
					errs[g] = err
					return
				}
			}
		})
	}
	wait.Wait()
	return results, errors.Join(errs...)
}

// RecordQuery names a record of a resource; without a key, its catalog entry.
type RecordQuery struct {
	Resource  string // id of the catalog entry, or its code
	RecordKey string
}

// RecordStatus answers whether a record is under verification.
type RecordStatus struct {
	Resource          sharing.ResourceRef
	Provider          sharing.Department
	RecordKey         string
	UnderVerification bool
	Since             time.Time // zero when it is not
	Fields            []string  // doubted ones; none: the record as a whole
	// Cases that the reader may see for which it is.
	Cases []sharing.Case
	// MustProceed is the article under which a matter goes on meanwhile when valid
	// proof is brought, of Regulation; empty where the regulation has no such rule.
	MustProceed string
	Regulation  RegulationRef
}

// UnderVerification answers window staff whether a record is under verification:
// those of a department that holds the data, of its provider, or of any department
// where the data is shared unconditionally; the authority and the office above it.
// An objection before the authority counts.
func (d *Desk) UnderVerification(ctx context.Context, who sharing.User, q RecordQuery) (RecordStatus, error) {
	status := RecordStatus{RecordKey: q.RecordKey}
	switch {
	case !d.MayCheckRecords(who):
		return status, forbidden
	case q.Resource == "":
		return status, sharing.Invalid("resource", "required", "")
	case len([]rune(q.RecordKey)) > sharing.MaxRecordKey:
		return status, sharing.Invalid("record_key", "max_length", fmt.Sprint(sharing.MaxRecordKey))
	}
	id, err := d.Store.ResourceID(ctx, who.Region.ID, q.Resource)
	if err != nil {
		return status, err
	}
	resource, err := d.used(ctx, who, id)
	if err != nil {
		return status, err
	}
	asks, err := d.mayAsk(ctx, who, resource)
	if err != nil {
		return status, err
	}
	if !asks {
		return status, &sharing.Error{Code: sharing.CodeForbidden, Detail: "the department holds no grant on the resource"}
	}
	status.Resource = sharing.ResourceRef{ID: resource.ID, Code: resource.Code, Title: resource.Title, Version: resource.Version}
	status.Provider = resource.Provider
	doubts, err := d.Store.Doubts(ctx, postgres.Record{ResourceID: resource.ID, Key: q.RecordKey})
	if err != nil {
		return status, err
	}
	if err := d.recordEntries(ctx, who, resource); err != nil {
		return RecordStatus{}, err
	}
	doubts = visibleDoubts(doubts, resource)
	if len(doubts) == 0 {
		return status, nil
	}
	status.UnderVerification, status.Since = true, doubts[0].Since
	seen := d.caseScopes(who, sharing.Read)
	whole := false
	for _, doubt := range doubts {
		whole = whole || len(doubt.Fields) == 0
		for _, f := range doubt.Fields {
			if !slices.Contains(status.Fields, f) {
				status.Fields = append(status.Fields, f)
			}
		}
		if seen.Allows(doubt.Case.Thing()) {
			status.Cases = append(status.Cases, doubt.Case)
		}
		if law, ok := d.Law().ByID(doubt.Case.RegulationID); ok && status.MustProceed == "" && law.Dispute.MustProceed != "" {
			status.MustProceed, status.Regulation = law.Dispute.MustProceed, regulationRef(law)
		}
	}
	if whole {
		status.Fields = nil
	}
	slices.Sort(status.Fields)
	return status, nil
}

// MayCheckRecords reports whether the user may ask whether records are under
// verification at all.
func (d *Desk) MayCheckRecords(who sharing.User) bool {
	return d.mayWithAny(who, sharing.CorrectionDispute.Kind(), sharing.Read)
}

// mayAsk reports whether the user may ask about records of a resource.
func (d *Desk) mayAsk(ctx context.Context, who sharing.User, resource sharing.Resource) (bool, error) {
	relations := who.Subject().RelationsTo(resource.Thing())
	near := slices.ContainsFunc(relations, func(r sharing.Relation) bool { return r != sharing.AsPeer && r != sharing.AsApplicant })
	if near || resource.Class == sharing.Unconditional {
		return true, nil
	}
	return d.Store.Holds(ctx, resource.ID, who.Department.ID)
}

// MayDoubt reports whether the user can report doubts about the records of an entry
// that the user sees, or about the entry itself.
func (d *Desk) MayDoubt(ctx context.Context, who sharing.User, resource sharing.Resource) (bool, error) {
	thing := sharing.Thing{
		Kind: sharing.CorrectionDispute.Kind(), RegionID: resource.RegionID, ProviderID: resource.Provider.ID, ApplicantID: who.Department.ID,
		Class: resource.Class, Grade: resource.Grade,
	}
	if resource.Provider.ID == who.Department.ID || !d.may(who, sharing.Submit, thing) {
		return false, nil
	}
	if resource.Class == sharing.Unconditional {
		return true, nil
	}
	law, err := d.lawNow(ctx, who)
	switch {
	case sharing.CodeOf(err) == sharing.CodeNoRegulation:
		return false, nil
	case err != nil:
		return false, err
	case law.Dispute.CoversCatalog() && resource.Class != sharing.NotShared:
		return true, nil
	}
	return d.Store.Holds(ctx, resource.ID, who.Department.ID)
}

// Mark says to a department that a record of data it holds is under verification,
// or was corrected.
type Mark = postgres.Mark

// MarkQuery narrows a list of marks.
type MarkQuery struct {
	Resource string
	// Corrected lists announced corrections instead of records under verification.
	Corrected bool
	Cursor    string
	Limit     int
}

// Marks returns one page of the marks on data that the reader's department holds,
// the newest first. A mark says nothing of who reported what, nor how many did.
func (d *Desk) Marks(ctx context.Context, who sharing.User, q MarkQuery) (Page[Mark], error) {
	if !d.holdsGrants(who) {
		return Page[Mark]{}, nil
	}
	return pageOf(d.Store.Marks(ctx, who.Department.ID, postgres.MarkFilter{
		Resource: q.Resource, Corrected: q.Corrected, Cursor: q.Cursor, Limit: bound(q.Limit),
	}))
}

// MarkCounts returns how many records of each resource that the reader's department
// holds are under verification; those with none are absent.
func (d *Desk) MarkCounts(ctx context.Context, who sharing.User, resourceIDs []string) (map[string]int, error) {
	if !d.holdsGrants(who) || len(resourceIDs) == 0 {
		return nil, nil
	}
	return d.Store.MarkCounts(ctx, who.Department.ID, resourceIDs)
}
