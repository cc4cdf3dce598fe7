package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// disputeBatch is the body of a batch of reports.
type disputeBatch struct {
	Reports []sharing.DisputeReport `json:"reports"`
}

// reportDisputes files many reports; each is answered by itself.
func (s *server) reportDisputes(c echo.Context, who sharing.User) error {
	var batch struct {
		Reports []json.RawMessage `json:"reports"`
	}
	if err := json.NewDecoder(c.Request().Body).Decode(&batch); err != nil {
		return fmt.Errorf("read the checked body: %w", err)
	}
	reported, err := s.desk.ReportDisputes(c.Request().Context(), who, keyOf(c), batch.Reports)
	if err != nil {
		return err
	}
	chinese, id := readsChinese(c.Request()), c.Response().Header().Get(echo.HeaderXRequestID)
	return c.JSON(http.StatusOK, list[reportedView]{Items: each(reported, func(r desk.Reported) reportedView {
		if r.Err != nil {
			p := problemOf(r.Err, chinese, id)
			return reportedView{Error: &p}
		}
		return reportedView{Case: &r.Outcome}
	})})
}

// reportedView is what became of one report of a batch.
type reportedView struct {
	Case  *desk.Outcome `json:"case,omitempty"`
	Error *problem      `json:"error,omitempty"`
}

// verification answers whether a record is under verification.
func (s *server) verification(c echo.Context, who sharing.User) error {
	status, err := s.desk.UnderVerification(c.Request().Context(), who, desk.RecordQuery{Resource: c.QueryParam("resource"), RecordKey: c.QueryParam("record_key")})
	if err != nil {
		return err
	}
	view := recordStatusView{
		Resource: resourceRef(status.Resource), Provider: viewDepartment(status.Provider), RecordKey: status.RecordKey,
		UnderVerification: status.UnderVerification, Fields: some(status.Fields), Cases: each(status.Cases, func(c sharing.Case) string { return c.Number }),
	}
	if status.UnderVerification {
		since := local(status.Since)
		view.Since = &since
	}
	if status.MustProceed != "" {
		regulation := viewRegulationRef(status.Regulation)
		view.MustProceed, view.Regulation = status.MustProceed, &regulation
		view.Rule = mustProceed.in(readsChinese(c.Request()))
	}
	return c.JSON(http.StatusOK, view)
}

// mustProceed is what yanzhou-2024 art. 23, city-2023 art. 24, jinan-startup-2023
// art. 36 and lishui-2020 art. 13 ask of those who handle a matter meanwhile.
var mustProceed = text{
	"校核期间，办事人已提供合法有效证明材料的，应当照常办理，不得拒绝、推诿或者要求其先办理更正手续",
	"While it is verified, a matter goes on as usual when valid proof is brought: it may not be refused, stalled, or made to wait for a correction",
}

type recordStatusView struct {
	Resource          resourceRef        `json:"resource"`
	Provider          departmentView     `json:"provider"`
	RecordKey         string             `json:"record_key"`
	UnderVerification bool               `json:"under_verification"`
	Since             *time.Time         `json:"since,omitempty"`
	Fields            []string           `json:"fields"`
	Cases             []string           `json:"cases"`
	Rule              string             `json:"rule,omitempty"`
	MustProceed       string             `json:"must_proceed,omitempty"`
	Regulation        *regulationRefView `json:"regulation,omitempty"`
}

// marks lists the marks on data that the caller's department holds.
func (s *server) marks(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	found, err := s.desk.Marks(c.Request().Context(), who, desk.MarkQuery{
		Resource: c.QueryParam("resource"), Corrected: c.QueryParam("state") == "corrected", Cursor: cursor, Limit: limit,
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, func(m desk.Mark) markView {
		return markView{
			Resource: resourceRef(m.Resource), Provider: viewDepartment(m.Provider), RecordKey: m.RecordKey, Fields: some(m.Fields),
			Since: local(m.Since), Number: m.Number,
		}
	}))
}

type markView struct {
	Resource  resourceRef    `json:"resource"`
	Provider  departmentView `json:"provider"`
	RecordKey string         `json:"record_key"`
	Fields    []string       `json:"fields"`
	Since     time.Time      `json:"since"`
	Number    string         `json:"number,omitempty"`
}
