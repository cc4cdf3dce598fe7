package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// What the public asks: nobody is signed in, and a secret in a header, never in an
// address, shows whose request it is.

// visitor is who asks, by what limits are counted.
func visitor(c echo.Context) desk.Visitor { return desk.Visitor{Address: c.RealIP()} }

func secretOf(c echo.Context) string { return c.Request().Header.Get("Gongshu-Secret") }

func (s *server) openRegions(c echo.Context, _ sharing.User) error {
	regions, err := s.desk.OpenRegions(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[openRegionView]{each(regions, func(r desk.OpenRegion) openRegionView {
		return openRegionView{ID: r.ID, Name: r.Name, NameEN: r.NameEN, OnRequest: r.OnRequest, Regulation: r.Regulation, Article: r.Article, Agreement: r.Agreement}
	})})
}

type openRegionView struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	NameEN     string `json:"name_en,omitempty"`
	OnRequest  bool   `json:"on_request"`
	Regulation string `json:"regulation,omitempty"`
	Article    string `json:"article,omitempty"`
	Agreement  string `json:"agreement,omitempty"`
}

func (s *server) openCatalog(c echo.Context, _ sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.OpenCatalog(c.Request().Context(), desk.OpenQuery{Region: c.QueryParam("region"), Text: c.QueryParam("q"),
		Class: sharing.OpenClass(c.QueryParam("class")), Cursor: cursor, Limit: limit})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewOpenEntry))
}

func (s *server) openEntry(c echo.Context, _ sharing.User) error {
	found, err := s.desk.OpenEntry(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewOpenEntry(found))
}

type openEntryView struct {
	ID          string            `json:"id"`
	Code        string            `json:"code"`
	RegionID    string            `json:"region_id"`
	Title       string            `json:"title"`
	Description string            `json:"description,omitempty"`
	Provider    departmentView    `json:"provider"`
	Class       sharing.OpenClass `json:"open_class"`
	Cycle       sharing.Cycle     `json:"cycle"`
	Format      string            `json:"format,omitempty"`
	Fields      []openFieldView   `json:"fields"`
	UpdatedAt   time.Time         `json:"updated_at"`
}

type openFieldView struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Type  string `json:"type"`
}

func viewOpenField(f desk.OpenField) openFieldView { return openFieldView(f) }

func viewOpenEntry(e desk.OpenEntry) openEntryView {
	return openEntryView{ID: e.ID, Code: e.Code, RegionID: e.Region, Title: e.Title, Description: e.Description, Provider: viewDepartment(e.Provider),
		Class: e.Class, Cycle: e.Cycle, Format: e.Format, Fields: each(e.Fields, viewOpenField), UpdatedAt: local(e.UpdatedAt)}
}

func (s *server) askOpening(c echo.Context, _ sharing.User) error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return malformed("", "cut_short", "")
	}
	ticket, err := s.desk.AskOpening(c.Request().Context(), visitor(c), body)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, viewTicket(ticket))
}

func (s *server) resendCode(c echo.Context, _ sharing.User) error {
	ticket, err := s.desk.ResendCode(c.Request().Context(), visitor(c), c.Param("id"), secretOf(c))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewTicket(ticket))
}

type ticketView struct {
	ID      string    `json:"id"`
	Secret  string    `json:"secret"`
	Contact string    `json:"contact"`
	Until   time.Time `json:"until"`
	Code    string    `json:"code,omitempty"`
}

func viewTicket(t desk.OpeningTicket) ticketView {
	return ticketView{ID: t.ID, Secret: t.Secret, Contact: t.Contact, Until: local(t.Until), Code: t.Code}
}

// contactProof is the code that was sent to a contact.
type contactProof struct {
	Code string `json:"code"`
}

func (s *server) verifyOpening(c echo.Context, _ sharing.User) error {
	var body contactProof
	if err := decode(c, &body); err != nil {
		return err
	}
	view, err := s.desk.VerifyOpening(c.Request().Context(), c.Param("id"), secretOf(c), body.Code)
	if err != nil {
		return err
	}
	return answerOpening(c, view)
}

func (s *server) opening(c echo.Context, _ sharing.User) error {
	view, err := s.desk.Opening(c.Request().Context(), visitor(c), c.Param("id"), secretOf(c))
	if err != nil {
		return err
	}
	return answerOpening(c, view)
}

func answerOpening(c echo.Context, v desk.OpeningView) error {
	setETag(c, v.Version)
	out := openingView{
		ID: v.ID, Number: v.Number, Version: v.Version, State: v.State, Title: v.Title, Provider: viewDepartment(v.Provider), Regulation: viewRegulationRef(v.Regulation),
		ReceivedAt: local(v.ReceivedAt), ClosedAt: localOrNil(v.ClosedAt), Asked: v.Asked, Fields: each(v.Fields, viewOpenField), Answer: v.Answer,
		SignedAt: localOrNil(v.Signed), Can: some(v.Can),
		Steps: each(v.Steps, func(s desk.OpeningStep) openingStepView { return openingStepView{s.Action, s.To, local(s.At)} }),
	}
	if v.Clock != nil {
		clock := viewClock(*v.Clock)
		out.Clock = &clock
	}
	for _, f := range v.Files {
		out.Files = append(out.Files, viewAttachment(f))
	}
	return c.JSON(http.StatusOK, out)
}

type openingView struct {
	ID         string                     `json:"id"`
	Number     string                     `json:"number"`
	Version    int                        `json:"version"`
	State      sharing.State              `json:"state"`
	Title      string                     `json:"title"`
	Provider   departmentView             `json:"provider"`
	Regulation regulationRefView          `json:"regulation"`
	ReceivedAt time.Time                  `json:"received_at"`
	ClosedAt   *time.Time                 `json:"closed_at,omitempty"`
	Asked      sharing.OpeningApplication `json:"asked"`
	Fields     []openFieldView            `json:"fields"`
	Clock      *clockView                 `json:"clock,omitempty"`
	Answer     *sharing.OpeningAnswer     `json:"answer,omitempty"`
	Files      []attachmentView           `json:"files,omitempty"`
	SignedAt   *time.Time                 `json:"signed_at,omitempty"`
	Steps      []openingStepView          `json:"steps"`
	Can        []sharing.Action           `json:"can"`
}

type openingStepView struct {
	Action sharing.Action `json:"action"`
	To     sharing.State  `json:"to"`
	At     time.Time      `json:"at"`
}

func (s *server) signOpening(c echo.Context, _ sharing.User) error {
	var body sharing.Signature
	if err := decode(c, &body); err != nil {
		return err
	}
	return citizenStep(c, func(act desk.Act) (desk.Outcome, error) {
		return s.desk.SignOpening(c.Request().Context(), visitor(c), c.Param("id"), secretOf(c), act, body)
	})
}

func (s *server) withdrawOpening(c echo.Context, _ sharing.User) error {
	var body sharing.OptionalRemark
	if err := decode(c, &body); err != nil {
		return err
	}
	return citizenStep(c, func(act desk.Act) (desk.Outcome, error) {
		return s.desk.WithdrawOpening(c.Request().Context(), visitor(c), c.Param("id"), secretOf(c), act, body)
	})
}

func citizenStep(c echo.Context, take func(desk.Act) (desk.Outcome, error)) error {
	act, err := actOn(c)
	if err != nil {
		return err
	}
	outcome, err := take(act)
	if err != nil {
		return err
	}
	setETag(c, outcome.Version)
	return c.JSON(http.StatusOK, outcome)
}

func (s *server) openedFile(c echo.Context, _ sharing.User) error {
	found, content, err := s.desk.OpenedFile(c.Request().Context(), visitor(c), c.Param("id"), secretOf(c), c.Param("file"))
	if err != nil {
		return err
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": found.Name}))
	h.Set(echo.HeaderContentLength, strconv.FormatInt(found.Size, 10))
	h.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	err = c.Stream(http.StatusOK, found.MediaType, content)
	return errors.Join(err, content.Close())
}
