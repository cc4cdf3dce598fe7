package api

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

func (s *server) bulletin(c echo.Context, who sharing.User) error {
	from, err := day(c, "from")
	if err != nil {
		return err
	}
	to, err := day(c, "to")
	if err != nil {
		return err
	}
	now, err := s.desk.Now(c.Request().Context())
	if err != nil {
		return err
	}
	today := sharing.DateOf(now)
	if to == nil {
		to = &today
	}
	if from == nil {
		first := sharing.NewDate(to.Year(), time.January, 1)
		from = &first
	}
	b, err := s.desk.Bulletin(c.Request().Context(), who, *from, *to)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, bulletinView{From: b.From, To: b.To, At: local(b.At), Departments: each(b.Departments, viewBulletinLine), Total: viewBulletinLine(b.Total)})
}

type bulletinView struct {
	From        sharing.Date       `json:"from"`
	To          sharing.Date       `json:"to"`
	At          time.Time          `json:"at"`
	Departments []bulletinLineView `json:"departments"`
	Total       bulletinLineView   `json:"total"`
}

type bulletinLineView struct {
	Department *departmentView `json:"department,omitempty"`
	Answered   int             `json:"answered"`
	InTime     int             `json:"in_time"`
	Late       int             `json:"late"`
	Refused    int             `json:"refused"`
	Overturned int             `json:"overturned"`
	Overdue    int             `json:"overdue"`
	Disputes   int             `json:"disputes"`
	Corrected  int             `json:"corrected"`
	Cycled     int             `json:"cycled"`
	Fresh      int             `json:"fresh"`
	Days       int             `json:"working_days"`
	Median     float64         `json:"median"`
}

func viewBulletinLine(l desk.BulletinLine) bulletinLineView {
	v := bulletinLineView{Answered: l.Answered, InTime: l.InTime, Late: l.Late, Refused: l.Refused, Overturned: l.Overturned, Overdue: l.Overdue,
		Disputes: l.Disputes, Corrected: l.Corrected, Cycled: l.Cycled, Fresh: l.Fresh, Days: l.Days, Median: l.Median}
	if l.Department.ID != "" {
		d := viewDepartment(l.Department)
		v.Department = &d
	}
	return v
}

func (s *server) registers(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	q := desk.RegisterQuery{Register: sharing.Register(c.QueryParam("register")), Text: c.QueryParam("q"), Department: c.QueryParam("department"), Cursor: cursor, Limit: limit}
	for name, at := range map[string]*sharing.Date{"from": &q.From, "to": &q.To} {
		d, err := day(c, name)
		if err != nil {
			return err
		}
		if d != nil {
			*at = *d
		}
	}
	found, err := s.desk.Registers(c.Request().Context(), who, q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewRegisterEntry))
}

func (s *server) registerKinds(c echo.Context, who sharing.User) error {
	kinds, err := s.desk.RegisterKinds(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[registerKindView]{each(kinds, func(k desk.RegisterKind) registerKindView {
		return registerKindView{Register: k.Register, Title: k.Title, TitleEN: k.TitleEN, Article: k.Article, To: some(k.To), First: k.First}
	})})
}

type registerKindView struct {
	Register sharing.Register `json:"register"`
	Title    string           `json:"title"`
	TitleEN  string           `json:"title_en"`
	Article  string           `json:"article"`
	To       []string         `json:"to"`
	First    bool             `json:"first"`
}

func (s *server) registerEntry(c echo.Context, who sharing.User) error {
	found, err := s.desk.RegisterEntry(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	return answerRegister(c, http.StatusOK, found)
}

// file files an entry in a register, anew where the query names one.
func (s *server) file(register sharing.Register) handler {
	return func(c echo.Context, who sharing.User) error {
		body, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return malformed("", "cut_short", "")
		}
		version, err := count(c, "version", 0)
		if err != nil {
			return err
		}
		var filed desk.RegisterView
		if id := c.QueryParam("amends"); id != "" {
			filed, err = s.desk.AmendEntry(c.Request().Context(), who, keyOf(c), id, version, body)
		} else {
			filed, err = s.desk.FileEntry(c.Request().Context(), who, keyOf(c), register, body)
		}
		if err != nil {
			return err
		}
		c.Response().Header().Set(echo.HeaderLocation, Base+"/registers/entries/"+filed.ID)
		return answerRegister(c, http.StatusCreated, filed)
	}
}

func answerRegister(c echo.Context, status int, v desk.RegisterView) error {
	setETag(c, v.Version)
	return c.JSON(status, registerDetail{Versions: each(v.Versions, viewRegisterEntry), CanAmend: v.CanAmend})
}

type registerDetail struct {
	Versions []registerEntryView `json:"versions"`
	CanAmend bool                `json:"can_amend"`
}

type registerEntryView struct {
	ID           string           `json:"id"`
	Register     sharing.Register `json:"register"`
	Department   departmentView   `json:"department"`
	Version      int              `json:"version"`
	Regulation   string           `json:"regulation"`
	Article      string           `json:"article"`
	Heading      string           `json:"heading"`
	Content      json.RawMessage  `json:"content"`
	HappenedAt   time.Time        `json:"happened_at"`
	FiledBy      string           `json:"filed_by"`
	FiledAt      time.Time        `json:"filed_at"`
	SupersededAt *time.Time       `json:"superseded_at,omitempty"`
	After        int              `json:"working_days_after"`
	Due          sharing.Date     `json:"due,omitempty"`
	Statutory    bool             `json:"statutory"`
	Late         bool             `json:"late"`
}

func viewRegisterEntry(v desk.RegisterView) registerEntryView {
	return registerEntryView{ID: v.ID, Register: v.Register, Department: viewDepartment(v.Department), Version: v.Version, Regulation: v.RegisterEntry.Regulation,
		Article: v.Article, Heading: v.Heading, Content: v.Content, HappenedAt: local(v.HappenedAt), FiledBy: v.FiledBy, FiledAt: local(v.FiledAt),
		SupersededAt: localOrNil(v.SupersededAt), After: v.After, Due: v.Due, Statutory: v.Statutory, Late: v.Late}
}
