package workday

import (
	"fmt"
	"slices"
	"strings"

	"gongshu/sharing"
)

// Move is what a change of the calendar does to one limit.
type Move struct {
	Old sharing.Projection `json:"old"`
	New sharing.Projection `json:"new"`
	// Notices that made the difference.
	Notices []string `json:"notices,omitempty"`
	// Days on which the two calendars differ within the limit.
	Days []DayChange `json:"days,omitempty"`
}

// DayChange is one day that another calendar takes for another kind.
type DayChange struct {
	Old sharing.Day `json:"old"`
	New sharing.Day `json:"new"`
}

// Moved reports whether the due instant is another one.
func (m Move) Moved() bool { return !m.Old.DueAt.Equal(m.New.DueAt) }

// Shortened reports whether the limit ends earlier than it did: whoever owes it
// must be told.
func (m Move) Shortened() bool { return m.New.Due() && m.Old.Due() && m.New.DueAt.Before(m.Old.DueAt) }

// Confirmed reports whether a provisional date stays and is now certain.
func (m Move) Confirmed() bool { return !m.Moved() && m.Old.Provisional && !m.New.Provisional }

// Zh tells the move in Chinese, as the journal shows it; "" when nothing changed.
func (m Move) Zh() string {
	by := strings.Join(m.Notices, "、")
	switch {
	case m.Moved():
		return fmt.Sprintf("到期日由 %s 变更为 %s（依据 %s）", m.Old.DueDate, m.New.DueDate, by)
	case m.Confirmed():
		return fmt.Sprintf("到期日 %s 由暂定转为确定（依据 %s）", m.New.DueDate, by)
	}
	return ""
}

// En tells the move in English; "" when nothing changed.
func (m Move) En() string {
	by := strings.Join(m.Notices, ", ")
	switch {
	case m.Moved():
		return fmt.Sprintf("due date moved from %s to %s by %s", m.Old.DueDate, m.New.DueDate, by)
	case m.Confirmed():
		return fmt.Sprintf("due date %s, provisional so far, confirmed by %s", m.New.DueDate, by)
	}
	return ""
}

// Compare projects a clock on two calendars and says what differs and which
// notices made the difference. The error is that of [Calendar.Project].
func Compare(clock sharing.Clock, old, new *Calendar) (Move, error) {
	var m Move
	var err error
	if m.Old, err = old.Project(clock); err != nil {
		return Move{}, err
	}
	if m.New, err = new.Project(clock); err != nil {
		return Move{}, err
	}
	if !m.Moved() && !m.Confirmed() {
		return m, nil
	}
	for d := sharing.DateOf(clock.Start); d <= max(m.Old.DueDate, m.New.DueDate); d++ {
		was, err := old.Day(d)
		if err != nil {
			return Move{}, err
		}
		is, err := new.Day(d)
		if err != nil {
			return Move{}, err
		}
		if isWorked(was.Kind) == isWorked(is.Kind) {
			continue
		}
		m.Days = append(m.Days, DayChange{Old: was, New: is})
		if by := new.decided(is); by != "" && !slices.Contains(m.Notices, by) {
			m.Notices = append(m.Notices, by)
		}
	}
	if len(m.Notices) == 0 { // confirmed day by day
		due, err := new.Day(m.New.DueDate)
		if err != nil {
			return Move{}, err
		}
		if by := new.decided(due); by != "" {
			m.Notices = []string{by}
		}
	}
	return m, nil
}

// decided names the notice behind a day: the one it cites, or for a plain day
// the latest national notice of its year.
func (c *Calendar) decided(d sharing.Day) string {
	source := d.Source
	if source != "" {
		return source
	}
	for _, n := range c.notices { // by day of issue
		if n.Region == "" && n.Year == d.Date.Year() {
			source = n.Source
		}
	}
	return source
}
