package desk

import (
	"context"
	"strconv"
	"time"

	"gongshu/postgres"
	"gongshu/sharing"
)

// MaxQuestions bounds the questions that a gateway asks at once.
const MaxQuestions = 100

// CacheFor is how long a gateway may keep a permit at most. A revocation, or a
// suspension, counts with the next question; what a gateway keeps lasts so long.
const CacheFor = 60 * time.Second

// Question is the gateway's: may the department have these fields of the resource,
// in this way and for this purpose, now? The zero value is denied.
type Question struct {
	Department string
	Resource   string // id, or code in the gateway's region
	// Fields must all be granted; none asks for whatever is.
	Fields []string
	// Mode must be that of the grant.
	Mode sharing.Mode
	// Purpose, when given, must be that of the application word for word, but for
	// space around it: data is had for the purpose it was granted for
	// (yanzhou-2024 art. 22, city-2023 art. 29). Of several grants it chooses.
	Purpose string
}

// Verdict is the answer to a [Question]. The zero value denies, and says nothing of
// why.
type Verdict struct {
	Permitted bool
	GrantID   string
	// Fields may be let through, and no others.
	Fields []string
	// ValidUntil is the first instant at which the grant no longer holds.
	ValidUntil time.Time
	// CacheUntil is until when the verdict may be kept, never past ValidUntil.
	CacheUntil time.Time
}

// Semantic says how far a list of questions is answered: by the names that
// AuthZEN has for it.
type Semantic string

const (
	ExecuteAll          Semantic = "execute_all"
	DenyOnFirstDeny     Semantic = "deny_on_first_deny"
	PermitOnFirstPermit Semantic = "permit_on_first_permit"
)

// Semantics lists all there are.
var Semantics = []Semantic{ExecuteAll, DenyOnFirstDeny, PermitOnFirstPermit}

var stops = map[Semantic]string{
	ExecuteAll: postgres.StopNowhere, DenyOnFirstDeny: postgres.StopAtDenial, PermitOnFirstPermit: postgres.StopAtPermit,
}

// MayServe reports whether the user is a gateway, which asks whether grants hold.
func (d *Desk) MayServe(who sharing.User) bool {
	return len(d.policy(who).Scope(who.Subject(), sharing.KindGrant, sharing.Serve).Cells) > 0
}

// Evaluate answers a gateway's questions in their order, from what the last step
// committed and without Temporal. Each permit counts as one call under its grant.
// With DenyOnFirstDeny and PermitOnFirstPermit the answers end with the first
// denial or permit, and what comes after it was neither answered nor counted.
// A permit for data of grade 3 or 4 is written into the log of reads first, for the
// department that it lets have them. CodeForbidden for whoever is no gateway.
func (d *Desk) Evaluate(ctx context.Context, who sharing.User, questions []Question, how Semantic) ([]Verdict, error) {
	scope := d.policy(who).Scope(who.Subject(), sharing.KindGrant, sharing.Serve)
	stop, known := stops[how]
	switch {
	case len(scope.Cells) == 0:
		return nil, forbidden
	case !known:
		return nil, sharing.Invalid("/options/evaluations_semantic", "one_of", "")
	case len(questions) == 0:
		return nil, sharing.Invalid("/evaluations", "required", "")
	case len(questions) > MaxQuestions:
		return nil, sharing.Invalid("/evaluations", "max_items", strconv.Itoa(MaxQuestions))
	}
	asked := make([]postgres.GatewayQuestion, len(questions))
	for i, q := range questions {
		asked[i] = postgres.GatewayQuestion(q)
	}
	answers, now, err := d.Store.AnswerGateway(ctx, scope, who.ID, asked, stop)
	if err != nil {
		return nil, err
	}
	verdicts, readings := make([]Verdict, len(answers)), []sharing.Reading{}
	for i, a := range answers {
		if a.GrantID == "" {
			continue
		}
		if a.Grade >= sharing.RecordedFrom {
			readings = append(readings, sharing.Reading{
				Kind: sharing.KindGrant, SubjectID: a.GrantID, Name: a.CaseNumber, Grade: a.Grade, Fields: a.Fields, Purpose: a.Purpose,
				DepartmentID: questions[i].Department,
			})
		}
		verdicts[i] = Verdict{Permitted: true, GrantID: a.GrantID, Fields: a.Fields, ValidUntil: a.Until, CacheUntil: now.Add(CacheFor)}
		if verdicts[i].CacheUntil.After(a.Until) {
			verdicts[i].CacheUntil = a.Until
		}
	}
	if err := d.record(ctx, who, readings); err != nil {
		return nil, err
	}
	return verdicts, nil
}
