package desk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"gongshu/activities"
	"gongshu/postgres"
	"gongshu/sharing"
	"gongshu/workflows"
)

// Visitor is somebody of the public who is not signed in.
type Visitor struct {
	// Address is where the request came from; limits are counted by it.
	Address string
}

// OpenRegion is a region as the public sees it.
type OpenRegion struct {
	sharing.Region
	// OnRequest: data is opened on request there, under a regulation in force.
	OnRequest  bool
	Regulation string // its title, and in English
	English    string
	Article    string
	Agreement  string // article under which a data-use agreement is signed first; "" for none
}

// OpenEntry is a catalog entry as the public sees it: nothing of how it is shared
// between departments.
type OpenEntry struct {
	ID          string
	Code        string
	Region      string
	Title       string
	Description string
	Provider    sharing.Department
	Class       sharing.OpenClass
	Cycle       sharing.Cycle
	Format      string
	Fields      []OpenField
	UpdatedAt   time.Time
}

// OpenField is a data item as the public sees it.
type OpenField struct{ Name, Title, Type string }

// OpenQuery narrows a search of the open catalog; zero fields do not narrow.
type OpenQuery struct {
	Region, Text string
	Class        sharing.OpenClass
	Cursor       string
	Limit        int
}

// openEntry is of an entry that was opened for the public.
func openEntry(r sharing.Resource) OpenEntry {
	e := OpenEntry{
		ID: r.ID, Code: r.Code, Region: r.RegionID, Title: r.Title, Description: r.Description, Provider: r.Provider, Class: r.OpenClass,
		Cycle: r.Cycle, Format: r.Format, UpdatedAt: r.UpdatedAt,
	}
	for _, f := range r.Fields {
		e.Fields = append(e.Fields, OpenField{Name: f.Name, Title: f.Title, Type: f.Type})
	}
	return e
}

// OpenRegions returns every region, and whether data is opened on request there.
func (d *Desk) OpenRegions(ctx context.Context) ([]OpenRegion, error) {
	regions, err := d.Store.Regions(ctx)
	if err != nil {
		return nil, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]OpenRegion, len(regions))
	for i, r := range regions {
		all[i] = OpenRegion{Region: r}
		if law, err := d.Law().InForce(r.ID, sharing.DateOf(now)); err == nil {
			all[i].OnRequest, all[i].Regulation, all[i].English = law.Opening.OnRequest, law.Title, law.TitleEn
			all[i].Article, all[i].Agreement = law.Opening.Article, law.Opening.Agreement
		}
	}
	return all, nil
}

// OpenCatalog searches the open catalog: what is opened to all or on conditions.
func (d *Desk) OpenCatalog(ctx context.Context, q OpenQuery) (Page[OpenEntry], error) {
	if q.Class != "" && q.Class != sharing.Open && q.Class != sharing.OpenConditionally {
		return Page[OpenEntry]{}, sharing.Invalid("class", "one_of", "open or conditional")
	}
	scopes, err := d.openScopes(ctx, q.Region)
	if err != nil {
		return Page[OpenEntry]{}, err
	}
	found, next, total, err := d.Store.OpenResources(ctx, scopes, postgres.OpenFilter{
		Region: q.Region, Text: q.Text, Class: q.Class, Cursor: q.Cursor, Limit: bound(q.Limit),
	})
	page := Page[OpenEntry]{Next: next, Total: total}
	for _, r := range d.openLook(found...) {
		page.Items = append(page.Items, openEntry(r))
	}
	return page, err
}

// OpenEntry returns one entry of the open catalog; CodeNotFound for any other.
func (d *Desk) OpenEntry(ctx context.Context, id string) (OpenEntry, error) {
	r, err := d.openResource(ctx, id)
	return openEntry(r), err
}

// How often the public may ask. Counted in the database, so that any number of
// servers keep to them.
var (
	codesPerAddress    = postgres.Throttle{What: "code.address", Times: 20, Per: time.Hour}
	requestsPerContact = postgres.Throttle{What: "opening.contact", Times: 5, Per: 24 * time.Hour}
	looksPerAddress    = postgres.Throttle{What: "opening.look", Times: 600, Per: time.Hour}
)

// codeGood is how long a code sent to a contact is good for.
const codeGood = 10 * time.Minute

// OpeningTicket is a request whose contact is to be proved with the code that was
// sent there.
type OpeningTicket struct {
	ID string
	// Secret proves, together with the code, that who submits is who asked; later,
	// with the number, it is how the request is followed. It cannot be told again.
	Secret  string
	Contact string // as the code was sent to
	Until   time.Time
	// Code is told in a demo only, where nothing is really sent.
	Code string
}

// AskOpening keeps what somebody asks to be opened, and sends a code to the
// contact. Nothing is submitted before [Desk.VerifyOpening]. The content is the JSON
// of a [sharing.OpeningApplication].
func (d *Desk) AskOpening(ctx context.Context, from Visitor, content json.RawMessage) (OpeningTicket, error) {
	var ticket OpeningTicket
	var asked sharing.OpeningApplication
	if err := decode(content, &asked); err != nil {
		return ticket, err
	}
	if err := asked.Check(); err != nil {
		return ticket, err
	}
	asked.Contact, _ = sharing.NormalContact(asked.Contact) // Check has told that it is one
	asked.Name = strings.TrimSpace(asked.Name)
	resource, err := d.openResource(ctx, asked.Resource)
	if sharing.CodeOf(err) == sharing.CodeNotFound {
		return ticket, sharing.Invalid("/resource", "exists", "no such entry of the open catalog")
	}
	if err != nil {
		return ticket, err
	}
	if asked.Fields, err = activities.OpenFields(resource, asked.Fields); err != nil {
		return ticket, err
	}
	now, err := d.Now(ctx)
	if err != nil {
		return ticket, err
	}
	law, err := d.Law().InForce(resource.RegionID, sharing.DateOf(now))
	if err != nil {
		return ticket, &sharing.Error{Code: sharing.CodeNoRegulation, Detail: err.Error(), Cause: err}
	}
	if !law.Opening.OnRequest {
		return ticket, &sharing.Error{Code: sharing.CodeWrongState, Article: law.Opening.Article, Detail: law.Title + " does not open data on request"}
	}
	ticket = OpeningTicket{ID: uuid.NewString(), Contact: asked.Contact}
	if ticket.Secret, err = secret(); err != nil {
		return ticket, err
	}
	code, err := newCode()
	if err != nil {
		return ticket, err
	}
	kept, err := json.Marshal(asked)
	if err != nil {
		return ticket, err
	}
	err = d.Store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.Take(ctx, codesPerAddress, from.Address); err != nil {
			return err
		}
		if err := tx.Take(ctx, requestsPerContact, asked.Contact); err != nil {
			return err
		}
		request := postgres.OpeningRequest{ID: ticket.ID, RegionID: resource.RegionID, Content: kept}
		if err := tx.PutOpeningRequest(ctx, request, ticket.Secret, &code); err != nil {
			return err
		}
		return d.sendCode(ctx, tx, request, asked.Contact, code)
	})
	return d.told(ticket, code), err
}

// ResendCode sends another code for a request that is not proved yet; the one
// before is no longer good.
func (d *Desk) ResendCode(ctx context.Context, from Visitor, id, secret string) (OpeningTicket, error) {
	ticket := OpeningTicket{ID: id, Secret: secret}
	request, err := d.Store.OpeningRequest(ctx, id, secret)
	if err != nil {
		return ticket, err
	}
	if request.Content == nil || request.Verified {
		return ticket, sharing.Errorf(sharing.CodeWrongState, "the contact is proved")
	}
	var asked sharing.OpeningApplication
	if err := json.Unmarshal(request.Content, &asked); err != nil {
		return ticket, err
	}
	ticket.Contact = asked.Contact
	code, err := newCode()
	if err != nil {
		return ticket, err
	}
	err = d.Store.InTx(ctx, func(tx *postgres.Tx) error {
		if err := tx.Take(ctx, codesPerAddress, from.Address); err != nil {
			return err
		}
		if err := tx.NextCode(ctx, id, secret, &code); err != nil {
			return err
		}
		return d.sendCode(ctx, tx, request, asked.Contact, code)
	})
	return d.told(ticket, code), err
}

func (d *Desk) told(t OpeningTicket, code postgres.ContactCode) OpeningTicket {
	t.Until = code.Until
	if d.Demo {
		t.Code = code.Code
	}
	return t
}

// newCode makes a code of six digits.
func newCode() (postgres.ContactCode, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return postgres.ContactCode{}, err
	}
	return postgres.ContactCode{Code: fmt.Sprintf("%06d", n), Good: codeGood}, nil
}

// sendCode leaves the code to whatever delivers messages.
func (d *Desk) sendCode(ctx context.Context, tx *postgres.Tx, r postgres.OpeningRequest, contact string, code postgres.ContactCode) error {
	now, err := tx.Now(ctx)
	if err != nil {
		return err
	}
	public := sharing.TheCitizen(sharing.Region{ID: r.RegionID}).Department
	return tx.Send(ctx, now, sharing.Message{Topic: sharing.ContactCode, DepartmentID: public.ID, Data: map[string]string{
		"to": contact, "code": code.Code, "until": code.Until.UTC().Format(time.RFC3339),
	}})
}

// VerifyOpening submits a request once its contact is proved with the code that was
// sent there, and returns the case. Repeated, it returns the same.
func (d *Desk) VerifyOpening(ctx context.Context, id, secret, code string) (OpeningView, error) {
	request, err := d.Store.OpeningRequest(ctx, id, secret)
	if err != nil {
		return OpeningView{}, err
	}
	if !request.Verified {
		tried, err := d.Store.TryCode(ctx, id, secret, strings.TrimSpace(code))
		switch {
		case err != nil:
			return OpeningView{}, err
		case tried.Over:
			return OpeningView{}, sharing.Invalid("/code", "code_over", "too old, or tried too often: have another one sent")
		case !tried.Right:
			return OpeningView{}, sharing.Invalid("/code", "code", fmt.Sprint(tried.Left))
		}
	}
	citizen := d.under(sharing.TheCitizen(sharing.Region{ID: request.RegionID}))
	command, err := d.stage(ctx, citizen, "opening-"+request.ID, sharing.Submit, request.ID, 0, sharing.OpeningSubmission{Request: request.ID})
	if err != nil {
		return OpeningView{}, err
	}
	var outcome Outcome
	err = d.carry(ctx, command, &outcome, func(ctx context.Context) error {
		return d.Engine.Submit(ctx, sharing.OpeningRequest, request.ID, workflows.Step{CommandID: command.ID, Action: sharing.Submit})
	})
	if err != nil {
		return OpeningView{}, err
	}
	c, err := d.Store.CaseByID(ctx, request.ID)
	if err != nil {
		return OpeningView{}, err
	}
	return d.openingView(ctx, c)
}

// OpeningView is an open-data request as the person sees it who asked: neither who
// works on it, nor the data before it is opened.
type OpeningView struct {
	ID, Number string
	Version    int
	State      sharing.State
	Open       bool
	Region     string
	Title      string
	Provider   sharing.Department
	Regulation RegulationRef
	Article    string
	ReceivedAt time.Time
	ClosedAt   *time.Time
	Asked      sharing.OpeningApplication
	Fields     []OpenField
	// Clock is the limit, or target, for the answer; nil where there is none.
	Clock *Clock
	// Answer is what was decided, without the data until it is opened.
	Answer *sharing.OpeningAnswer
	Files  []Attachment // opened
	Signed *time.Time
	Steps  []OpeningStep
	Can    []sharing.Action
}

// OpeningStep is one line of the story, as the applicant may know it.
type OpeningStep struct {
	Action sharing.Action
	To     sharing.State
	At     time.Time
}

// Opening returns a request to who knows its number and secret; CodeNotFound
// otherwise, whichever of the two is wrong.
func (d *Desk) Opening(ctx context.Context, from Visitor, number, secret string) (OpeningView, error) {
	c, err := d.opening(ctx, from, number, secret)
	if err != nil {
		return OpeningView{}, err
	}
	return d.openingView(ctx, c)
}

func (d *Desk) opening(ctx context.Context, from Visitor, number, secret string) (sharing.Case, error) {
	if err := d.Store.InTx(ctx, func(tx *postgres.Tx) error { return tx.Take(ctx, looksPerAddress, from.Address) }); err != nil {
		return sharing.Case{}, err
	}
	number = strings.ToUpper(strings.TrimSpace(number))
	if number == "" || secret == "" || len(number) > 64 || len(secret) > 512 {
		return sharing.Case{}, notFound
	}
	return d.Store.OpeningCase(ctx, number, strings.TrimSpace(secret))
}

func (d *Desk) openingView(ctx context.Context, c sharing.Case) (OpeningView, error) {
	v := OpeningView{
		ID: c.ID, Number: c.Number, Version: c.Version, State: c.State, Open: c.Open(), Region: c.RegionID, Title: c.Title, Provider: c.Provider,
		ReceivedAt: c.ReceivedAt, ClosedAt: c.ClosedAt,
	}
	if err := json.Unmarshal(c.Content, &v.Asked); err != nil {
		return v, err
	}
	if law, ok := d.Law().ByID(c.RegulationID); ok {
		v.Regulation, v.Article = regulationRef(law), law.Opening.Article
	}
	resource, err := d.openResource(ctx, c.Resource.ID)
	if err != nil && sharing.CodeOf(err) != sharing.CodeNotFound {
		return v, err
	}
	for _, name := range v.Asked.Fields {
		f := OpenField{Name: name, Title: name}
		if i := slices.IndexFunc(resource.Fields, func(f sharing.Field) bool { return f.Name == name }); i >= 0 {
			f.Title, f.Type = resource.Fields[i].Title, resource.Fields[i].Type
		}
		v.Fields = append(v.Fields, f)
	}
	clocks, err := d.clocks(ctx, c)
	if err != nil {
		return v, err
	}
	for _, k := range clocks {
		if k.Duty == sharing.DutyOpen {
			k.Rungs = nil
			v.Clock = &k
		}
	}
	timeline, err := d.Store.Timeline(ctx, c.ID)
	if err != nil {
		return v, err
	}
	for _, e := range timeline {
		if e.Action == sharing.Submit || c.Procedure.Machine().Says[e.Action] != nil {
			v.Steps = append(v.Steps, OpeningStep{Action: e.Action, To: e.To, At: e.At})
		}
	}
	if err := d.openingAnswer(ctx, c, &v); err != nil {
		return v, err
	}
	citizen := d.under(sharing.TheCitizen(sharing.Region{ID: c.RegionID}))
	for _, action := range []sharing.Action{sharing.SignAgreement, sharing.Withdraw} {
		if c.Procedure.Machine().CanFollow(c.State, action) && d.may(citizen, action, c.Thing()) {
			v.Can = append(v.Can, action)
		}
	}
	return v, nil
}

// openingAnswer adds what was decided.
func (d *Desk) openingAnswer(ctx context.Context, c sharing.Case, v *OpeningView) error {
	acts, err := d.Store.Acts(ctx, c.ID)
	if err != nil {
		return err
	}
	for _, a := range acts {
		var answer sharing.OpeningAnswer
		switch a.Action {
		case sharing.Screen:
			var ruling sharing.Ruling
			if err := json.Unmarshal(a.Body, &ruling); err != nil {
				return err
			}
			if ruling.Agree {
				continue
			}
			answer = sharing.OpeningAnswer{Reasons: ruling.Reasons, Basis: ruling.Basis}
		case sharing.AnswerOpening:
			if err := json.Unmarshal(a.Body, &answer); err != nil {
				return err
			}
		case sharing.SignAgreement:
			v.Signed = &a.At
			continue
		default:
			continue
		}
		v.Answer = &answer
	}
	if v.Answer == nil {
		return nil
	}
	if c.State != sharing.Opened {
		v.Answer.Locator, v.Answer.Attachments = "", nil
		return nil
	}
	files, err := d.Store.AttachmentsOfCase(ctx, c.ID)
	for _, f := range files {
		if slices.Contains(v.Answer.Attachments, f.ID) {
			v.Files = append(v.Files, attachment(f))
		}
	}
	return err
}

// SignOpening signs the data-use agreement of a request in the applicant's name.
func (d *Desk) SignOpening(ctx context.Context, from Visitor, number, secret string, act Act, s sharing.Signature) (Outcome, error) {
	if err := s.Check(); err != nil {
		return Outcome{}, err
	}
	return d.citizenStep(ctx, from, number, secret, act, sharing.SignAgreement, s)
}

// WithdrawOpening takes a request back before the data is opened.
func (d *Desk) WithdrawOpening(ctx context.Context, from Visitor, number, secret string, act Act, r sharing.OptionalRemark) (Outcome, error) {
	if err := r.Check(); err != nil {
		return Outcome{}, err
	}
	return d.citizenStep(ctx, from, number, secret, act, sharing.Withdraw, r)
}

// citizenStep takes a step for who knows the number and the secret. Keys of
// different people are kept apart: all act in one name.
func (d *Desk) citizenStep(ctx context.Context, from Visitor, number, secret string, act Act, action sharing.Action, body any) (Outcome, error) {
	c, err := d.opening(ctx, from, number, secret)
	if err != nil {
		return Outcome{}, err
	}
	act.CaseID = c.ID
	if act.Key != "" {
		act.Key = uuid.NewSHA1(uuid.MustParse(c.ID), []byte(act.Key)).String()
	}
	return d.step(ctx, d.under(sharing.TheCitizen(sharing.Region{ID: c.RegionID})), act, action, body)
}

// OpenedFile returns a file that was opened to who knows the request's number and
// secret.
func (d *Desk) OpenedFile(ctx context.Context, from Visitor, number, secret, id string) (Attachment, io.ReadCloser, error) {
	v, err := d.Opening(ctx, from, number, secret)
	if err != nil {
		return Attachment{}, nil, err
	}
	i := slices.IndexFunc(v.Files, func(f Attachment) bool { return f.ID == id })
	if i < 0 {
		return Attachment{}, nil, notFound
	}
	f, err := d.Store.Attachment(ctx, id)
	if err != nil {
		return Attachment{}, nil, err
	}
	content, err := d.content(ctx, f)
	if err != nil {
		return Attachment{}, nil, err
	}
	return v.Files[i], io.NopCloser(bytes.NewReader(content)), nil
}
