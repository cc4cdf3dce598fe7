package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"gongshu/desk"
	"gongshu/sharing"
)

// errandOf is what the log of reads says of a request.
func errandOf(c echo.Context, operation string) desk.Errand {
	e := desk.Errand{Request: c.Response().Header().Get(echo.HeaderXRequestID), Operation: operation}
	if key, _ := c.Get(keyUsed).(string); key != "" {
		e.Via = "key:" + key
	} else if user, _ := c.Get(signedIn).(string); user != "" {
		e.Via = "token"
	}
	return e
}

// readLog answers who read what of grades 3 and 4.
func (s *server) readLog(c echo.Context, who sharing.User) error {
	cursor, limit, err := paging(c)
	if err != nil {
		return err
	}
	from, err := day(c, "from")
	if err != nil {
		return err
	}
	to, err := day(c, "to")
	if err != nil {
		return err
	}
	q := desk.ReadQuery{Person: c.QueryParam("person"), Subject: c.QueryParam("subject"), Cursor: cursor, Limit: limit}
	if from != nil {
		q.From = *from
	}
	if to != nil {
		q.To = *to
	}
	found, err := s.desk.Readings(c.Request().Context(), who, q)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, viewPage(found, viewReading))
}

type readingView struct {
	ID           int64         `json:"id"`
	At           time.Time     `json:"at"`
	UserID       string        `json:"user_id"`
	UserName     string        `json:"user_name"`
	DepartmentID string        `json:"department_id"`
	OnBehalfOf   string        `json:"on_behalf_of,omitempty"`
	Via          string        `json:"via,omitempty"`
	Operation    string        `json:"operation"`
	RequestID    string        `json:"request_id"`
	Kind         sharing.Kind  `json:"kind"`
	SubjectID    string        `json:"subject_id"`
	Name         string        `json:"name"`
	Grade        sharing.Grade `json:"grade"`
	Fields       []string      `json:"fields"`
	Purpose      string        `json:"purpose,omitempty"`
	Policy       string        `json:"policy"`
}

func viewReading(r sharing.Reading) readingView {
	return readingView{
		ID: r.ID, At: local(r.At), UserID: r.UserID, UserName: r.UserName, DepartmentID: r.DepartmentID, OnBehalfOf: r.OnBehalfOf, Via: r.Via,
		Operation: r.Operation, RequestID: r.Request, Kind: r.Kind, SubjectID: r.SubjectID, Name: r.Name, Grade: r.Grade, Fields: some(r.Fields),
		Purpose: r.Purpose, Policy: r.Policy,
	}
}
