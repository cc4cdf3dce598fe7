package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"gongshu/activities"
	"gongshu/almanac"
	"gongshu/postgres"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// refreshCalendar takes over the notices recorded in the database, waiting a while
// for its tables.
func refreshCalendar(ctx context.Context, days *almanac.Almanac, store *postgres.Store) error {
	_, err := patiently(ctx, "the calendar", func() (struct{}, error) { return struct{}{}, days.Refresh(ctx, store) })
	return err
}

// calendarImport is what `gongshu calendar import` is asked for.
type calendarImport struct {
	config
	dryRun, correct, asJSON bool
	by                      string
}

func newCalendarImportCommand() *cobra.Command {
	var c calendarImport
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "导入放假通知并重算在办期限 (import holiday notices and move the limits that run)",
		Long: `导入放假通知或其调整:所有在办期限随即重算,逐条记入审计链,提前到期的另行告知责任部门。--dry-run 只列出将变动的期限,不写入。

Imports holiday notices, or amendments of them. Every running limit is counted again at once, each that moves is written to
the audit trail, and whoever owes one that moves is told. --dry-run lists what would move and writes nothing.`,
		Example: `  gongshu calendar import cn-2027.json --dry-run
  gongshu calendar import cn-2027.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			cmd.SilenceUsage = true
			return c.run(cmd, files)
		},
	}
	c.flags(cmd, "owner", "regulations")
	f := cmd.Flags()
	f.BoolVar(&c.dryRun, "dry-run", false, "list what would move; write nothing")
	f.BoolVar(&c.correct, "correct", false, "replace notices of the same number that were entered wrongly")
	f.StringVar(&c.by, "by", "", "user who imports, as the audit trail names them; \"system\" when nobody is named")
	f.BoolVar(&c.asJSON, "json", false, "answer in JSON")
	return cmd
}

// knownNotices returns the notices that come with the program and, where a
// database is named, those imported into it, with the time of import by number.
func (c *config) knownNotices(ctx context.Context) ([]workday.Notice, map[string]time.Time, error) {
	if c.DatabaseURL == "" {
		c.DatabaseURL = runningDev().DatabaseURL
	}
	if c.DatabaseURL == "" {
		return workday.Shipped(), nil, nil
	}
	store, err := postgres.Open(ctx, c.DatabaseURL)
	if err != nil {
		return nil, nil, err
	}
	defer store.Close()
	days, err := almanac.New(workday.ShippedCalendar())
	if err != nil {
		return nil, nil, err
	}
	if err := days.Refresh(ctx, store); err != nil {
		return nil, nil, err
	}
	imported := map[string]time.Time{}
	for _, r := range days.Now().Recorded() {
		imported[r.Source] = r.ImportedAt
	}
	return days.Now().National().Notices(), imported, nil
}

// importedNotice is what became of one file.
type importedNotice struct {
	File   string         `json:"file"`
	Status almanac.Status `json:"status"`
	Year   int            `json:"year"`
	Region string         `json:"region,omitempty"`
	Source string         `json:"source"`
	Issued sharing.Date   `json:"issued"`
}

// calendarReport is what an import, or its rehearsal, came to.
type calendarReport struct {
	DryRun  bool               `json:"dry_run"`
	Notices []importedNotice   `json:"notices"`
	Limits  int                `json:"limits"` // looked at
	Moves   []activities.Moved `json:"moves"`
	Seconds float64            `json:"seconds"`
}

func (c *calendarImport) run(cmd *cobra.Command, files []string) error {
	ctx := cmd.Context()
	report := calendarReport{DryRun: c.dryRun, Moves: []activities.Moved{}}
	in := almanac.Import{Correct: c.correct, Actor: c.by}
	for _, name := range files {
		n, err := readNotice(name)
		if err != nil {
			return err
		}
		report.Notices = append(report.Notices, importedNotice{File: name, Year: n.Year, Region: n.Region, Source: n.Source, Issued: n.Issued})
		in.Notices = append(in.Notices, n)
	}
	// A notice before its amendment, in whatever order the files are named.
	slices.SortStableFunc(report.Notices, func(a, b importedNotice) int { return cmp.Compare(a.Issued, b.Issued) })
	slices.SortStableFunc(in.Notices, func(a, b workday.Notice) int { return cmp.Compare(a.Issued, b.Issued) })
	url, err := c.ownerDatabase()
	if err != nil {
		return err
	}
	law, err := c.law()
	if err != nil {
		return err
	}
	store, err := openStore(ctx, url)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := c.check(ctx, store, in); err != nil {
		return err
	}
	days, err := almanac.New(workday.ShippedCalendar())
	if err != nil {
		return err
	}
	began := time.Now()
	statuses, err := c.move(ctx, store, law, days, in, &report, cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	for i, status := range statuses {
		report.Notices[i].Status = status
	}
	report.Seconds = time.Since(began).Seconds()
	slices.SortFunc(report.Moves, func(a, b activities.Moved) int {
		return cmp.Or(first(a.Shortened, b.Shortened), cmp.Compare(a.New, b.New), cmp.Compare(a.CaseNumber, b.CaseNumber), cmp.Compare(a.Duty, b.Duty))
	})
	if c.asJSON {
		return writeJSON(cmd.OutOrStdout(), report)
	}
	return report.write(cmd.OutOrStdout())
}

// first orders what is true before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// check holds the import against who and what there is.
func (c *calendarImport) check(ctx context.Context, store *postgres.Store, in almanac.Import) error {
	if in.Actor != "" {
		if _, err := store.User(ctx, in.Actor); err != nil {
			return fmt.Errorf("--by %s: %w", in.Actor, err)
		}
	}
	regions, err := store.Regions(ctx)
	if err != nil {
		return err
	}
	names := []string{}
	for _, r := range regions {
		names = append(names, r.ID)
	}
	for _, n := range workday.Shipped() {
		names = append(names, n.Region) // "" among them
	}
	for _, n := range in.Notices {
		if !slices.Contains(names, n.Region) {
			return fmt.Errorf("region: %s is for %q; there are %s", n.Source, n.Region, strings.Join(names[:len(regions)], ", "))
		}
	}
	return nil
}

// move records the notices and moves the limits, or rehearses both.
func (c *calendarImport) move(ctx context.Context, store *postgres.Store, law *regulation.Library, days *almanac.Almanac, in almanac.Import,
	report *calendarReport, progress io.Writer) (statuses []almanac.Status, err error) {
	r := activities.Reprojection{Store: store, Law: law, Actor: in.Actor}
	if report.Limits, err = store.Behind(ctx, math.MaxInt64); err != nil {
		return nil, err
	}
	thousands := 0
	tell := func(seen int, moved []activities.Moved) {
		report.Moves = append(report.Moves, moved...)
		if seen/1000 > thousands {
			thousands = seen / 1000
			fmt.Fprintf(progress, "已核 %d / %d 个期限 (limits looked at)\n", seen, report.Limits)
		}
	}
	if c.dryRun {
		if r.Edition, statuses, err = days.Rehearse(ctx, store, in); err != nil {
			return nil, err
		}
		return statuses, r.Rehearse(ctx, tell)
	}
	head, err := store.TrailHead(ctx)
	if err != nil {
		return nil, err
	}
	if statuses, err = days.Record(ctx, store, in); err != nil {
		return nil, err
	}
	r.Edition = days.Now()
	if err := r.Run(ctx, tell); err != nil {
		return nil, err
	}
	// A worker may have taken its share: the trail has both.
	report.Moves, err = activities.MovedSince(ctx, store, head.Seq)
	return statuses, err
}

var statusWords = map[almanac.Status]string{
	almanac.StatusNew:       "新通知 (new)",
	almanac.StatusKnown:     "已有，无变化 (known, unchanged)",
	almanac.StatusCorrected: "更正 (corrected)",
}

// write prints the notices, then what moved, those that now end earlier first.
func (r calendarReport) write(w io.Writer) error {
	for _, n := range r.Notices {
		if _, err := fmt.Fprintf(w, "%s: %d %s %s %s\n", n.File, n.Year, n.Region, n.Source, statusWords[n.Status]); err != nil {
			return err
		}
	}
	shortened, confirmed := 0, 0
	table := regulation.Table{Title: "变动的期限 (limits that move)", Header: []string{"办件 case", "职责 duty", "责任部门 owes", "原到期日 old", "新到期日 new", "", "依据 notice"}}
	for _, m := range r.Moves {
		remark := ""
		switch {
		case m.Shortened:
			shortened++
			remark = "提前! earlier"
		case m.Confirmed:
			confirmed++
			remark = "转为确定 confirmed"
		case m.Provisional:
			remark = "暂定 provisional"
		}
		table.Rows = append(table.Rows, []string{m.CaseNumber, m.Duty, m.Owes, m.Old.String(), m.New.String(), remark, strings.Join(m.Notices, "、")})
	}
	if len(r.Moves) > 0 {
		if err := table.WriteText(w); err != nil {
			return err
		}
	}
	verb := "已重算 (counted again)"
	if r.DryRun {
		verb = "演练，未写入 (rehearsed, nothing written)"
	}
	_, err := fmt.Fprintf(w, "%s: 在办期限 %d 个 running limits looked at, 变动 %d moved, 其中提前 %d earlier, 转为确定 %d confirmed, %.1f 秒 s\n",
		verb, r.Limits, len(r.Moves), shortened, confirmed, r.Seconds)
	return err
}
