package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

// newCalendarCommand shows the holiday notices and checks further ones.
func newCalendarCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "calendar",
		Short: "查看和检查放假安排通知 (show and check holiday notices)",
	}
	cmd.AddCommand(newCalendarListCommand(), newCalendarCheckCommand(), newCalendarShowCommand(), newCalendarImportCommand())
	return cmd
}

// readNotice reads a notice from a file; errors name the file.
func readNotice(name string) (n workday.Notice, err error) {
	file, err := os.Open(name)
	if err != nil {
		return workday.Notice{}, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if n, err = workday.ParseNotice(file); err != nil {
		return workday.Notice{}, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

func newCalendarListCommand() *cobra.Command {
	var (
		c      config
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"notices"},
		Short:   "列出全部通知，含已被调整的和导入的 (list all notices, amended and imported ones too)",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			notices, imported, err := c.knownNotices(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), notices)
			}
			table := regulation.Table{Title: "放假安排通知 (holiday notices)", Header: []string{"年份 year", "范围 region", "印发 issued", "放假 off", "调休上班 work", "文号 source", "调整 amends", "导入 imported"}}
			for _, n := range notices {
				region := n.Region
				if region == "" {
					region = "全国 national"
				}
				table.Rows = append(table.Rows, []string{strconv.Itoa(n.Year), region, n.Issued.String(), strconv.Itoa(len(n.Off)), strconv.Itoa(len(n.Work)), n.Source, dash(n.Amends), importedOn(imported, n.Source)})
			}
			return table.WriteText(cmd.OutOrStdout())
		},
	}
	c.flags(cmd, "database")
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

// importedOn tells when a notice was imported, "—" when it was not.
func importedOn(imported map[string]time.Time, source string) string {
	at, ok := imported[source]
	if !ok {
		return dash("")
	}
	return at.In(sharing.Shanghai).Format(time.DateTime)
}

func newCalendarCheckCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE…",
		Short: "检查通知文件，指出键和规则 (check notice files; errors name key and rule)",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			type result struct {
				File   string          `json:"file"`
				Notice *workday.Notice `json:"notice,omitempty"`
				Error  string          `json:"error,omitempty"`
			}
			results := []result{}
			unsound := false
			for _, name := range files {
				n, err := readNotice(name)
				if err == nil {
					_, err = workday.ShippedCalendar().With(n)
				}
				if err != nil {
					unsound = true
					results = append(results, result{File: name, Error: err.Error()})
					continue
				}
				results = append(results, result{File: name, Notice: &n})
			}
			if asJSON {
				if err := writeJSON(cmd.OutOrStdout(), results); err != nil {
					return err
				}
			}
			for _, r := range results {
				switch {
				case asJSON:
				case r.Notice == nil:
					fmt.Fprintln(cmd.ErrOrStderr(), r.Error)
				default:
					fmt.Fprintf(cmd.OutOrStdout(), "%s: 无误 (sound), %d %s\n", r.File, r.Notice.Year, r.Notice.Source)
				}
			}
			if unsound {
				cmd.SilenceUsage = true
				return errProblems
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

func newCalendarShowCommand() *cobra.Command {
	var (
		asJSON  bool
		region  string
		knownOn string
	)
	cmd := &cobra.Command{
		Use:   "show YEAR",
		Short: "查看某年的放假和调休 (show a year's days off and make-up days)",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			year, err := strconv.Atoi(args[0])
			if err != nil {
				return fmt.Errorf("%q is not a year", args[0])
			}
			calendar, err := dueQuestion{region: region, knownOn: knownOn}.calendar()
			if err != nil {
				return err
			}
			if year < calendar.First().Year() || year > calendar.Last().Year() {
				return fmt.Errorf("%d is outside the years that the calendar covers, %d to %d", year, calendar.First().Year(), calendar.Last().Year())
			}
			return showYear(cmd, calendar, year, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	cmd.Flags().StringVar(&region, "calendar-region", "", "region whose additions apply, such as hubei")
	cmd.Flags().StringVar(&knownOn, "as-known-on", "", "the year as it was known on that day")
	return cmd
}

// showYear prints the days of the year that differ from plain weekdays and weekends.
func showYear(cmd *cobra.Command, calendar *workday.Calendar, year int, asJSON bool) error {
	view := struct {
		Year        int           `json:"year"`
		Provisional bool          `json:"provisional"`
		Workdays    int           `json:"workdays"`
		Days        []sharing.Day `json:"days"`
	}{Year: year, Days: []sharing.Day{}}
	for d := sharing.NewDate(year, 1, 1); d.Year() == year; d++ {
		day, err := calendar.Day(d)
		if err != nil {
			return err
		}
		view.Provisional = view.Provisional || day.Provisional
		switch day.Kind {
		case sharing.Worked:
			view.Workdays++
		case sharing.MakeUp:
			view.Workdays++
			view.Days = append(view.Days, day)
		case sharing.Holiday:
			view.Days = append(view.Days, day)
		case sharing.Weekend, sharing.StartDay, sharing.Suspended, sharing.Counted, sharing.MovedForward:
		}
	}
	if asJSON {
		return writeJSON(cmd.OutOrStdout(), view)
	}
	title := fmt.Sprintf("%d 年：%d 个工作日 (working days)", year, view.Workdays)
	if view.Provisional {
		title += "，暂定 (provisional)"
	}
	table := regulation.Table{Title: title, Header: []string{"日期 date", "", "性质 kind", "依据 source"}}
	for _, d := range view.Days {
		table.Rows = append(table.Rows, []string{d.Date.String(), d.Date.Weekday().String()[:3], dayWords[d.Kind], d.Source})
	}
	return table.WriteText(cmd.OutOrStdout())
}
