package api

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
	"gongshu/spreadsheet"
)

// checkImport checks a catalog that comes in as a file, and writes nothing to the
// catalog: what confirmImport does is what this shows.
func (s *server) checkImport(c echo.Context, who sharing.User) error {
	on, err := day(c, "triggered_on")
	if err != nil {
		return err
	}
	terms := sharing.ImportTerms{Draft: c.QueryParam("as") != "review", Trigger: sharing.ChangeTrigger(c.QueryParam("trigger")), Why: c.QueryParam("why")}
	if terms.Trigger == "" {
		terms.Trigger = sharing.OtherTrigger
	}
	if on != nil {
		terms.TriggeredOn = *on
	}
	name, file, err := oneFile(c, desk.MaxImportFile)
	if err != nil {
		return err
	}
	id, err := s.desk.CheckImport(c.Request().Context(), who, keyOf(c), desk.ImportOrder{FileName: name, Content: file, Terms: terms})
	if file.err != nil {
		return file.err
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, Base+"/catalog/imports/"+url.PathEscape(id))
	return s.answerImport(c, who, http.StatusCreated, id)
}

func (s *server) catalogImport(c echo.Context, who sharing.User) error {
	return s.answerImport(c, who, http.StatusOK, c.Param("id"))
}

func (s *server) answerImport(c echo.Context, who sharing.User, status int, id string) error {
	found, err := s.desk.Import(c.Request().Context(), who, id)
	if err != nil {
		return err
	}
	setETag(c, found.Version)
	return c.JSON(status, viewImport(found))
}

func (s *server) imports(c echo.Context, who sharing.User) error {
	found, err := s.desk.Imports(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, list[importView]{each(found, viewImport)})
}

func (s *server) importRows(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	q := desk.RowQuery{Standing: sharing.RowStanding(c.QueryParam("standing")), Limit: limit}
	if cursor != "" {
		if q.After, err = strconv.Atoi(cursor); err != nil {
			return malformed("cursor", "pattern", "")
		}
	}
	of, err := s.desk.Import(c.Request().Context(), who, c.Param("id"))
	if err != nil {
		return err
	}
	rows, next, err := s.desk.ImportRows(c.Request().Context(), who, of.ID, q)
	if err != nil {
		return err
	}
	answer := page[importRowView]{Items: each(rows, viewImportRow), Total: of.Total()}
	if q.Standing != "" {
		answer.Total = of.Rows[q.Standing]
	}
	if next > 0 {
		answer.Next = strconv.Itoa(next)
	}
	return c.JSON(http.StatusOK, answer)
}

func (s *server) confirmImport(c echo.Context, who sharing.User) error {
	version, err := expected(c)
	if err != nil {
		return err
	}
	if err := s.desk.ConfirmImport(c.Request().Context(), who, keyOf(c), c.Param("id"), version); err != nil {
		return err
	}
	return s.answerImport(c, who, http.StatusAccepted, c.Param("id"))
}

// importView is an import and how far it is.
type importView struct {
	ID          string              `json:"id"`
	FileName    string              `json:"file_name"`
	By          string              `json:"by"`
	State       sharing.ImportState `json:"state"`
	Terms       sharing.ImportTerms `json:"terms"`
	Version     int                 `json:"version"`
	New         int                 `json:"new"`
	Changed     int                 `json:"changed"`
	Unchanged   int                 `json:"unchanged"`
	Refused     int                 `json:"refused"`
	Staged      int                 `json:"staged"`
	Done        int                 `json:"done"`
	Failed      int                 `json:"failed"`
	CreatedAt   time.Time           `json:"created_at"`
	ConfirmedAt *time.Time          `json:"confirmed_at,omitempty"`
	EndedAt     *time.Time          `json:"ended_at,omitempty"`
}

func viewImport(i sharing.CatalogImport) importView {
	return importView{
		ID:          i.ID,
		FileName:    i.FileName,
		By:          i.UserID,
		State:       i.State,
		Terms:       i.Terms,
		Version:     i.Version,
		New:         i.Rows[sharing.RowNew],
		Changed:     i.Rows[sharing.RowChanged],
		Unchanged:   i.Rows[sharing.RowUnchanged],
		Refused:     i.Rows[sharing.RowRefused],
		Staged:      i.Staged,
		Done:        i.Done,
		Failed:      i.Failed,
		CreatedAt:   local(i.CreatedAt),
		ConfirmedAt: localOrNil(i.ConfirmedAt),
		EndedAt:     localOrNil(i.EndedAt),
	}
}

// importRowView is what a row of an import is to the catalog, and what it became.
type importRowView struct {
	N          int                  `json:"n"`
	Line       int                  `json:"line"`
	Code       string               `json:"code"`
	Title      string               `json:"title"`
	Standing   sharing.RowStanding  `json:"standing"`
	Kind       sharing.ChangeKind   `json:"kind,omitempty"`
	ResourceID string               `json:"resource_id,omitempty"`
	Diff       []sharing.Difference `json:"diff"`
	Findings   []importFindingView  `json:"findings"`
	Done       bool                 `json:"done"`
	CaseID     string               `json:"case_id,omitempty"`
	CaseNumber string               `json:"case_number,omitempty"`
	Refusal    string               `json:"refusal,omitempty"`
}

// importFindingView is a rule that a row breaks, and where.
type importFindingView struct {
	Line    int             `json:"line"`
	Column  spreadsheet.Key `json:"column,omitempty"`
	Rule    string          `json:"rule"`
	Detail  string          `json:"detail,omitempty"`
	Article string          `json:"article,omitempty"`
	Remark  bool            `json:"remark"`
}

func viewImportRow(r desk.ImportRow) importRowView {
	v := importRowView{
		N:          r.N,
		Line:       r.Line,
		Code:       r.Code,
		Title:      r.Title,
		Standing:   r.Standing,
		Kind:       r.Kind,
		ResourceID: r.ResourceID,
		Diff:       some(r.Diff),
		Findings: each(r.Findings, func(f desk.ImportFinding) importFindingView {
			return importFindingView{Line: f.Line, Column: f.Column, Rule: f.Rule, Detail: f.Detail, Article: f.Article, Remark: f.Remark}
		}),
		Done:       r.Done,
		CaseID:     r.CaseID,
		CaseNumber: r.CaseNumber,
	}
	if r.Refusal != nil {
		v.Refusal = string(r.Refusal.Code)
	}
	return v
}
