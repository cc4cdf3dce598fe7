package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"gongshu/desk"
	"gongshu/sharing"
)

// The pages of the public: the open catalog, and open-data requests. Nobody signs
// in; who asks shows by a code sent to the contact, and later by number and secret,
// which never stand in an address.

// visitor is who asks, by what limits are counted.
func (v *visit) visitor() desk.Visitor { return desk.Visitor{Address: v.RealIP()} }

// openCatalogPage is a search of the open catalog.
type openCatalogPage struct {
	Query   desk.OpenQuery
	Regions []desk.OpenRegion
	Classes []sharing.OpenClass
	Found   desk.Page[desk.OpenEntry]
	Names   map[string]sharing.Region
	More    more
}

// openCatalog searches the open catalog.
func (v *visit) openCatalog() error {
	page := openCatalogPage{Classes: []sharing.OpenClass{sharing.Open, sharing.OpenConditionally}, Names: map[string]sharing.Region{}}
	page.Query = desk.OpenQuery{Region: v.QueryParam("region"), Text: v.QueryParam("q"), Cursor: v.QueryParam("cursor"), Limit: desk.DefaultLimit}
	for _, c := range page.Classes {
		if string(c) == v.QueryParam("class") {
			page.Query.Class = c
		}
	}
	var err error
	if page.Regions, err = v.site.desk.OpenRegions(v.ctx()); err != nil {
		return err
	}
	for _, r := range page.Regions {
		page.Names[r.ID] = r.Region
	}
	if page.Found, err = v.site.desk.OpenCatalog(v.ctx(), page.Query); err != nil {
		return err
	}
	page.More = v.more(page.Found.Total, page.Found.Next)
	return v.ok("public", "open", page)
}

// openEntryPage is one entry of the open catalog.
type openEntryPage struct {
	Entry  desk.OpenEntry
	Region desk.OpenRegion
}

// openEntryOf returns an entry with its region.
func (v *visit) openEntryOf(id string) (openEntryPage, error) {
	entry, err := v.site.desk.OpenEntry(v.ctx(), id)
	if err != nil {
		return openEntryPage{}, err
	}
	regions, err := v.site.desk.OpenRegions(v.ctx())
	for _, r := range regions {
		if r.ID == entry.Region {
			return openEntryPage{entry, r}, nil
		}
	}
	return openEntryPage{Entry: entry}, err
}

// Asks reports whether the data can be asked for.
func (p openEntryPage) Asks() bool {
	return p.Region.OnRequest && p.Entry.Class == sharing.OpenConditionally
}

func (v *visit) openEntry() error {
	page, err := v.openEntryOf(v.Param("id"))
	if err != nil {
		return err
	}
	return v.ok("public_entry", "open", page)
}

// askPage is the form that asks for data to be opened.
type askPage struct {
	openEntryPage
	Form     *form
	Controls []control
}

// asking is where the form of a request stands: it has the fields of the entry to
// choose from.
func (v *visit) asking(e desk.OpenEntry) (*scene, []input) {
	fields := func(*scene) ([]choice, error) {
		list := make([]choice, len(e.Fields))
		for i, f := range e.Fields {
			list[i] = choice{Value: f.Name, Label: f.Title}
		}
		return list, nil
	}
	return v.opening(sharing.OpeningRequest), append([]input{{Name: "fields", As: asTicks, From: fields}}, openingInputs...)
}

func (v *visit) askForm() error {
	page, err := v.openEntryOf(v.Param("id"))
	if err != nil {
		return err
	}
	if !page.Asks() {
		return v.redirect("/open/" + segment(page.Entry.ID))
	}
	return v.showAsk(http.StatusOK, page, newForm(0))
}

func (v *visit) showAsk(status int, page openEntryPage, f *form) error {
	s, inputs := v.asking(page.Entry)
	controls, err := s.lay(f, inputs)
	if err != nil {
		return err
	}
	return v.show(status, "public_ask", "open", askPage{page, f, controls})
}

// ask keeps a request and asks for the code that was sent to the contact.
func (v *visit) ask() error {
	page, err := v.openEntryOf(v.Param("id"))
	if err != nil {
		return err
	}
	f := v.form()
	s, inputs := v.asking(page.Entry)
	body, err := s.read(f, inputs)
	if err != nil {
		return err
	}
	var asked map[string]any
	if err := json.Unmarshal(body, &asked); err != nil {
		return err
	}
	asked["resource"] = page.Entry.ID
	if body, err = json.Marshal(asked); err != nil {
		return err
	}
	ticket, err := v.site.desk.AskOpening(v.ctx(), v.visitor(), body)
	if err != nil {
		if other := v.refused(f, err); other != nil {
			return other
		}
		return v.showAsk(statusOf(sharing.CodeOf(err)), page, f)
	}
	return v.showProve(http.StatusOK, ticket, newForm(0))
}

// refused puts what was refused into the form, and says when to try again.
func (v *visit) refused(f *form, err error) error {
	v.retryAfter(err)
	return f.explain(v, err)
}

// retryAfter tells when what was asked for too often can be asked for again.
func (v *visit) retryAfter(err error) {
	var e *sharing.Error
	if errors.As(err, &e) && e.Code == sharing.CodeTooMany {
		v.Response().Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter/time.Second)+1))
	}
}

// provePage asks for the code that was sent to the contact.
type provePage struct {
	Ticket desk.OpeningTicket
	Form   *form
}

func (v *visit) showProve(status int, t desk.OpeningTicket, f *form) error {
	return v.show(status, "public_prove", "open", provePage{t, f})
}

// prove submits a request with the code that was sent to the contact.
func (v *visit) prove() error {
	f := v.form()
	t := desk.OpeningTicket{ID: f.Value("id"), Secret: f.Value("secret"), Contact: f.Value("contact")}
	view, err := v.site.desk.VerifyOpening(v.ctx(), t.ID, t.Secret, halfWidth(f.Value("code")))
	if err != nil {
		if other := v.refused(f, err); other != nil {
			return other
		}
		return v.showProve(statusOf(sharing.CodeOf(err)), t, f)
	}
	return v.showRequest(http.StatusOK, requestPage{OpeningView: view, Secret: t.Secret, New: true, Sign: newForm(view.Version), Withdraw: newForm(view.Version)})
}

// sendAgain has another code sent.
func (v *visit) sendAgain() error {
	f := v.form()
	t, err := v.site.desk.ResendCode(v.ctx(), v.visitor(), f.Value("id"), f.Value("secret"))
	if err != nil {
		if other := v.refused(f, err); other != nil {
			return other
		}
		t = desk.OpeningTicket{ID: f.Value("id"), Secret: f.Value("secret"), Contact: f.Value("contact")}
		return v.showProve(statusOf(sharing.CodeOf(err)), t, f)
	}
	return v.showProve(http.StatusOK, t, newForm(0))
}

// followPage asks for the number and the secret of a request.
type followPage struct{ Form *form }

// following is the entry of the menu for following a request: members have none.
func (v *visit) following() string {
	if v.signedIn() {
		return "open"
	}
	return "follow"
}

func (v *visit) followForm() error {
	f := newForm(0)
	f.Typed = url.Values{"number": {v.Param("number")}}
	return v.ok("public_follow", v.following(), followPage{f})
}

// requestPage is a request as the person follows it who asked.
type requestPage struct {
	desk.OpeningView
	Secret         string
	New            bool // just submitted: number and secret are to be kept
	Sign, Withdraw *form
}

// MaySign and MayWithdraw report what can be done now.
func (p requestPage) MaySign() bool     { return p.can(sharing.SignAgreement) }
func (p requestPage) MayWithdraw() bool { return p.can(sharing.Withdraw) }

func (p requestPage) can(a sharing.Action) bool {
	for _, can := range p.Can {
		if can == a {
			return true
		}
	}
	return false
}

func (v *visit) showRequest(status int, page requestPage) error {
	page.Sign.Prefix, page.Withdraw.Prefix = "-sign", "-withdraw"
	return v.show(status, "public_request", "open", page)
}

// followOpening shows a request to who knows its number and secret.
func (v *visit) followOpening() error {
	f := v.form()
	view, err := v.site.desk.Opening(v.ctx(), v.visitor(), f.Value("number"), f.Value("secret"))
	switch sharing.CodeOf(err) {
	case sharing.CodeNotFound:
		f.Message = v.words.T("open.follow.unknown")
		f.Typed.Del("secret")
		return v.show(http.StatusNotFound, "public_follow", v.following(), followPage{f})
	case sharing.CodeTooMany:
		if other := v.refused(f, err); other != nil {
			return other
		}
		return v.show(http.StatusTooManyRequests, "public_follow", v.following(), followPage{f})
	}
	if err != nil {
		return err
	}
	return v.showRequest(http.StatusOK, requestPage{OpeningView: view, Secret: f.Value("secret"), Sign: newForm(view.Version), Withdraw: newForm(view.Version)})
}

// signOpening signs the data-use agreement.
func (v *visit) signOpening() error {
	return v.citizenStep(func(f *form, number, secret string, act desk.Act) error {
		_, err := v.site.desk.SignOpening(v.ctx(), v.visitor(), number, secret, act, sharing.Signature{Name: f.Value("name")})
		return err
	}, func(p *requestPage, f *form) { p.Sign = f })
}

// withdrawOpening takes a request back.
func (v *visit) withdrawOpening() error {
	return v.citizenStep(func(f *form, number, secret string, act desk.Act) error {
		_, err := v.site.desk.WithdrawOpening(v.ctx(), v.visitor(), number, secret, act, sharing.OptionalRemark{Note: f.Value("note")})
		return err
	}, func(p *requestPage, f *form) { p.Withdraw = f })
}

// citizenStep takes a step and shows the request as it then stands.
func (v *visit) citizenStep(take func(f *form, number, secret string, act desk.Act) error, put func(*requestPage, *form)) error {
	f := v.form()
	number, secret := f.Value("number"), f.Value("secret")
	refusal := take(f, number, secret, desk.Act{Key: f.Key, Expected: f.Version})
	status := http.StatusOK
	if refusal != nil {
		if other := v.refused(f, refusal); other != nil {
			return other
		}
		status = statusOf(sharing.CodeOf(refusal))
	}
	view, err := v.site.desk.Opening(v.ctx(), v.visitor(), number, secret)
	if err != nil {
		return err
	}
	page := requestPage{OpeningView: view, Secret: secret, Sign: newForm(view.Version), Withdraw: newForm(view.Version)}
	if refusal != nil {
		f.Version = view.Version
		put(&page, f)
	}
	return v.showRequest(status, page)
}

// openedFile hands out a file that was opened.
func (v *visit) openedFile() error {
	f := v.form()
	file, content, err := v.site.desk.OpenedFile(v.ctx(), v.visitor(), f.Value("number"), f.Value("secret"), v.Param("file"))
	if err != nil {
		return err
	}
	defer content.Close() // it was only read from
	return v.hand(file, content)
}

func (v *visit) backToFollow() error { return v.redirect("/open/requests") }
