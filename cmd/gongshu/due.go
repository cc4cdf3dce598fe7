package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// dueQuestion asks when a limit ends.
type dueQuestion struct {
	received   string
	days       int
	regulation string
	duty       string
	cycle      string
	facts      []string
	deemNext   bool
	folders    []string
	notices    []string
	region     string
	knownOn    string
}

// dueAnswer is the answer of gongshu due --json.
type dueAnswer struct {
	Received time.Time `json:"received"`
	// DueAt and DueDate are left out when there is no due date.
	DueAt       *time.Time    `json:"due_at,omitempty"`
	DueDate     *sharing.Date `json:"due_date,omitempty"`
	Provisional bool          `json:"provisional"`

	Regulation string `json:"regulation,omitempty"`
	Duty       string `json:"duty,omitempty"`
	// Article as in "16"; Citation in full.
	Article    string `json:"article,omitempty"`
	Citation   string `json:"citation,omitempty"`
	CitationEn string `json:"citation_en,omitempty"`
	// Statutory is false for an operator's target, which is not law.
	Statutory *bool           `json:"statutory,omitempty"`
	AtLeast   bool            `json:"at_least,omitempty"`
	Budget    *sharing.Budget `json:"budget,omitempty"`
	Warning   string          `json:"warning,omitempty"`

	Derivation []sharing.Day `json:"derivation"`
}

// newDueCommand answers when a limit ends, and why.
func newDueCommand() *cobra.Command {
	var (
		q             dueQuestion
		batch, asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "due",
		Short: "计算到期日并逐日说明 (when a limit ends, and why, day by day)",
		Example: `  gongshu due --received 2024-02-08T15:30:00+08:00 --days 5
  gongshu due --received 2024-02-08 --regulation shuozhou-2021 --duty share.answer --json
  echo '{"from":"2024-02-08T15:30:00+08:00","days":5}' | gongshu due --batch`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			calendar, err := q.calendar()
			if err != nil {
				return err
			}
			if batch {
				for _, flag := range []string{"received", "days", "regulation", "duty", "cycle", "fact"} {
					if cmd.Flags().Changed(flag) {
						return fmt.Errorf("--%s: in a batch each line brings its own", flag)
					}
				}
				cmd.SilenceUsage = true
				return dueBatch(calendar, q.deemNext, cmd.InOrStdin(), cmd.OutOrStdout())
			}
			if err := q.check(cmd); err != nil {
				return err
			}
			answer, err := q.ask(calendar)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), answer)
			}
			return answer.write(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&q.received, "received", "", "instant or day of receipt: 2024-02-08T15:30:00+08:00 or 2024-02-08")
	flags.IntVar(&q.days, "days", 0, "limit in working days")
	flags.StringVar(&q.regulation, "regulation", "", "regulation that sets the limit, with --duty instead of --days")
	flags.StringVar(&q.duty, "duty", "", "duty of that regulation, such as share.answer")
	flags.StringVar(&q.cycle, "cycle", "", "update cycle of the resource, for limits in update cycles: real_time, daily, weekly, monthly, quarterly, half_yearly, yearly, irregular")
	flags.StringArrayVar(&q.facts, "fact", nil, "a fact on which the limit depends, as name=true or name=false (may be repeated)")
	flags.BoolVar(&q.deemNext, "deem-next-day", false, "a receipt on a day off is deemed to be on the next working day, which then is not counted")
	flags.StringVar(&q.region, "calendar-region", "", "region whose additions to the calendar apply, such as hubei")
	flags.StringVar(&q.knownOn, "as-known-on", "", "count on the calendar as it was known on that day")
	flags.StringArrayVar(&q.notices, "notice", nil, "file with a further holiday notice (may be repeated)")
	flags.BoolVar(&batch, "batch", false, `read JSON lines {"from":…,"days":…} and answer each`)
	flags.BoolVar(&asJSON, "json", false, "answer in JSON")
	addRegulationsFlag(cmd, &q.folders)
	return cmd
}

// check holds the flags to each other.
func (q dueQuestion) check(cmd *cobra.Command) error {
	days := cmd.Flags().Changed("days")
	switch {
	case q.received == "":
		return errors.New("--received: missing; the instant or day of receipt")
	case days && (q.regulation != "" || q.duty != ""):
		return errors.New("--days: give either --days or --regulation and --duty")
	case days && q.days < 1:
		return fmt.Errorf("--days: %d; must be at least 1", q.days)
	case !days && q.regulation == "" && q.duty == "":
		return errors.New("--days: missing; or give --regulation and --duty")
	case !days && q.regulation == "":
		return errors.New("--regulation: missing; --duty needs it")
	case !days && q.duty == "":
		return errors.New("--duty: missing; --regulation needs it")
	}
	return nil
}

func (q dueQuestion) calendar() (*workday.Calendar, error) {
	calendar := workday.ShippedCalendar()
	for _, name := range q.notices {
		n, err := readNotice(name)
		if err != nil {
			return nil, err
		}
		if calendar, err = calendar.With(n); err != nil {
			return nil, err
		}
	}
	var err error
	if q.region != "" {
		if calendar, err = calendar.ForRegion(q.region); err != nil {
			return nil, fmt.Errorf("--calendar-region: %w", err)
		}
	}
	if q.knownOn != "" {
		day, err := sharing.ParseDate(q.knownOn)
		if err != nil {
			return nil, fmt.Errorf("--as-known-on: %w", err)
		}
		if calendar, err = calendar.AsKnownOn(day); err != nil {
			return nil, fmt.Errorf("--as-known-on: %w", err)
		}
	}
	return calendar, nil
}

// parseReceipt reads an instant with its offset, or a day in Shanghai.
func parseReceipt(s string) (time.Time, error) {
	if day, err := sharing.ParseDate(s); err == nil {
		return day.Start(), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither an instant such as 2024-02-08T15:30:00+08:00 nor a day such as 2024-02-08", s)
	}
	return t.In(sharing.Shanghai), nil
}

func (q dueQuestion) ask(calendar *workday.Calendar) (dueAnswer, error) {
	received, err := parseReceipt(q.received)
	if err != nil {
		return dueAnswer{}, fmt.Errorf("--received: %w", err)
	}
	clock := sharing.Clock{Start: received, Cycle: sharing.Cycle(q.cycle), DeemNextDay: q.deemNext}
	answer := dueAnswer{Received: received}
	if q.regulation == "" {
		clock.Budget = sharing.Budget{N: q.days, Unit: sharing.WorkingDays}
	} else if clock.Budget, err = q.budget(&answer); err != nil {
		return dueAnswer{}, err
	}
	answer.Budget = &clock.Budget
	p, err := calendar.Project(clock)
	if err != nil {
		return dueAnswer{}, dueError(err, clock)
	}
	answer.Provisional = p.Provisional
	answer.Derivation = p.Days
	if answer.Derivation == nil {
		answer.Derivation = []sharing.Day{}
	}
	if p.Due() {
		answer.DueAt, answer.DueDate = &p.DueAt, &p.DueDate
	}
	return answer, nil
}

// dueError says in the flags' terms what keeps a limit from being counted.
func dueError(err error, clock sharing.Clock) error {
	if clock.Budget.Unit == sharing.UpdateCycles && !slices.Contains(cycles, clock.Cycle) {
		return fmt.Errorf("--cycle: the limit is counted in update cycles of the resource; give one of %s", join(cycles))
	}
	return err
}

var cycles = []sharing.Cycle{sharing.RealTime, sharing.Daily, sharing.Weekly, sharing.Monthly, sharing.Quarterly, sharing.HalfYearly, sharing.EveryYear, sharing.Irregularly}

func join[T ~string](list []T) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// budget finds the limit of the duty and cites it in the answer.
func (q dueQuestion) budget(answer *dueAnswer) (sharing.Budget, error) {
	r, err := findRegulation(q.folders, q.regulation)
	if err != nil {
		return sharing.Budget{}, fmt.Errorf("--regulation: %w", err)
	}
	d, ok := r.Duty(q.duty)
	if !ok {
		var names []string
		for _, d := range r.Duties {
			names = append(names, d.Name)
		}
		return sharing.Budget{}, fmt.Errorf("--duty: %s has no duty %q; it has %s", r.ID, q.duty, join(names))
	}
	facts := regulation.Facts{}
	for _, fact := range q.facts {
		name, value, ok := strings.Cut(fact, "=")
		if _, known := r.Facts[name]; !ok || !known || value != "true" && value != "false" {
			return sharing.Budget{}, fmt.Errorf("--fact: %q is not name=true or name=false with a fact of %s", fact, r.ID)
		}
		facts[name] = value == "true"
	}
	b, statutory, ok := d.Budget(facts)
	if !ok {
		return sharing.Budget{}, fmt.Errorf("%s sets no limit for %s (%s), and no target is set", r.Cite(d.Article), d.Name, d.Title)
	}
	answer.Regulation, answer.Duty, answer.Statutory, answer.AtLeast = r.Ref(), d.Name, &statutory, d.AtLeast
	answer.Article = d.ArticleFor(facts)
	if answer.Article != "" {
		answer.Citation, answer.CitationEn = r.Cite(answer.Article), r.CiteEn(answer.Article)
	}
	switch on := sharing.DateOf(answer.Received); {
	case on < r.From:
		answer.Warning = fmt.Sprintf("收到之日该法规尚未施行，自 %s 起施行 (not yet in force on the day of receipt)", r.From)
	case !r.InForce(on):
		answer.Warning = fmt.Sprintf("收到之日该法规已失效，有效期至 %s (no longer in force on the day of receipt)", r.LastDay())
	}
	return b, nil
}

// dayWords tells why a day counted or did not.
var dayWords = map[sharing.DayKind]string{
	sharing.StartDay:     "当日不计 start, not counted",
	sharing.Worked:       "工作日 working day",
	sharing.MakeUp:       "调休上班 make-up working day",
	sharing.Weekend:      "休息日 weekend",
	sharing.Holiday:      "放假 holiday",
	sharing.Suspended:    "中止 suspended",
	sharing.Counted:      "计入 counted",
	sharing.MovedForward: "期满遇休息日，顺延 ends on a day off, moves on",
}

// write prints the due date first, then who says so, then the days.
func (a dueAnswer) write(w io.Writer) error {
	var b strings.Builder
	switch {
	case a.DueDate == nil:
		b.WriteString("无到期日 (no due date)\n")
	case a.Budget != nil && a.Budget.Unit == sharing.Elapsed:
		b.WriteString(a.DueAt.Format(time.RFC3339) + "\n")
	case a.Provisional:
		b.WriteString(a.DueDate.String() + "  暂定 (provisional: no notice published yet)\n")
	default:
		b.WriteString(a.DueDate.String() + "\n")
	}
	if a.Budget != nil {
		kind := ""
		if a.Statutory != nil && !*a.Statutory {
			kind = "内部目标，非法定 (operator's target, not law): "
		}
		fmt.Fprintf(&b, "%s%s · %s\n", kind, regulation.BudgetZh(*a.Budget), regulation.BudgetEn(*a.Budget))
	}
	if a.Citation != "" {
		fmt.Fprintf(&b, "%s · %s\n", a.Citation, a.CitationEn)
	}
	if a.AtLeast && a.DueAt != nil {
		fmt.Fprintf(&b, "最早生效 (may take effect from) %s\n", sharing.DateOf(*a.DueAt))
	}
	if a.Warning != "" {
		fmt.Fprintf(&b, "注意 (note): %s\n", a.Warning)
	}
	if len(a.Derivation) > 0 {
		b.WriteString("\n")
	}
	for _, d := range a.Derivation {
		n := "  "
		if d.N > 0 {
			n = fmt.Sprintf("%2d", d.N)
		}
		line := fmt.Sprintf("%s %s %s  %s", d.Date, d.Date.Weekday().String()[:3], n, dayWords[d.Kind])
		if d.Source != "" {
			line += "  " + d.Source
		}
		if d.Provisional {
			line += "  暂定 provisional"
		}
		b.WriteString(line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// maxBatchLine bounds one line of a batch.
const maxBatchLine = 64 << 10

// dueBatch answers line by line, and goes on after a bad one.
func dueBatch(calendar *workday.Calendar, deemNext bool, in io.Reader, out io.Writer) error {
	reader, writer := bufio.NewReaderSize(in, maxBatchLine), bufio.NewWriter(out)
	encoder := json.NewEncoder(writer)
	encoder.SetEscapeHTML(false)
	for {
		line, err := reader.ReadSlice('\n')
		tooLong := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = reader.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return errors.Join(err, writer.Flush())
		}
		var answer any
		switch {
		case tooLong:
			answer = batchError{Error: fmt.Sprintf("the line is longer than %d bytes", maxBatchLine)}
		case len(bytes.TrimSpace(line)) > 0:
			answer = answerLine(calendar, deemNext, line)
		}
		if answer != nil {
			if err := encoder.Encode(answer); err != nil {
				return err
			}
		}
		if err != nil {
			return writer.Flush()
		}
	}
}

type batchError struct {
	Error string `json:"error"`
}

// answerLine answers one line of a batch.
func answerLine(calendar *workday.Calendar, deemNext bool, line []byte) any {
	var ask struct {
		From *string `json:"from"`
		Days *int    `json:"days"`
	}
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&ask); err != nil {
		return batchError{Error: strings.TrimPrefix(err.Error(), "json: ")}
	}
	if _, err := decoder.Token(); err != io.EOF {
		return batchError{Error: "something follows the closing brace"}
	}
	if ask.From == nil || ask.Days == nil {
		return batchError{Error: "from and days are both needed"}
	}
	from, err := parseReceipt(*ask.From)
	if err != nil {
		return batchError{Error: "from: " + err.Error()}
	}
	p, err := calendar.Project(sharing.Clock{Start: from, DeemNextDay: deemNext, Budget: sharing.Budget{N: *ask.Days, Unit: sharing.WorkingDays}})
	if err != nil {
		return batchError{Error: err.Error()}
	}
	return struct {
		DueDate     sharing.Date `json:"due_date"`
		Provisional bool         `json:"provisional"`
	}{p.DueDate, p.Provisional}
}
