package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"gongshu/policies/regulations"
	"gongshu/regulation"
)

// newRegulationCommand checks regulation files and shows what they say.
func newRegulationCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "regulation",
		Short: "检查和查看法规文件 (check and show regulation files)",
	}
	cmd.AddCommand(newRegulationCheckCommand(), newRegulationShowCommand(), newRegulationListCommand(),
		newRegulationSchemaCommand(), newRegulationDocsCommand())
	return cmd
}

// addRegulationsFlag lets a command read an operator's folders beside the shipped files.
func addRegulationsFlag(cmd *cobra.Command, folders *[]string) {
	cmd.Flags().StringArrayVar(folders, "regulations", nil, "folder with further regulation files (may be repeated)")
}

func loadRegulations(folders []string) (*regulation.Library, error) {
	if len(folders) == 0 {
		return regulation.Shipped(), nil
	}
	sources := []fs.FS{regulations.Files}
	for _, folder := range folders {
		info, err := os.Stat(folder)
		if err != nil {
			return nil, fmt.Errorf("--regulations: %w", err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("--regulations: %s is not a folder", folder)
		}
		sources = append(sources, os.DirFS(folder))
	}
	return regulation.Load(sources...)
}

func writeJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// errProblems is returned after the problems themselves were printed.
var errProblems = errors.New("the files are not sound")

func newRegulationCheckCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check FILE…",
		Short: "检查法规文件，逐条指出行、键和规则 (check files; errors name line, key and rule)",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			problems := regulation.Problems{}
			sound := []string{}
			for _, name := range files {
				found := checkRegulation(name)
				problems = append(problems, found...)
				if len(found) == 0 {
					sound = append(sound, name)
				}
			}
			if asJSON {
				if err := writeJSON(cmd.OutOrStdout(), map[string]any{"sound": sound, "problems": problems}); err != nil {
					return err
				}
			} else {
				for _, name := range sound {
					fmt.Fprintf(cmd.OutOrStdout(), "%s: 无误 (sound)\n", name)
				}
				for _, problem := range problems {
					fmt.Fprintln(cmd.ErrOrStderr(), problem.Error())
				}
			}
			if len(problems) > 0 {
				cmd.SilenceUsage = true
				return errProblems
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

// checkRegulation reads one file and returns what is wrong with it.
func checkRegulation(name string) regulation.Problems {
	data, err := os.ReadFile(name)
	if err == nil {
		_, err = regulation.Read(name, bytes.NewReader(data))
	}
	var problems regulation.Problems
	switch {
	case errors.As(err, &problems):
		return problems
	case err != nil:
		return regulation.Problems{{File: name, Rule: err.Error()}}
	}
	return nil
}

func newRegulationShowCommand() *cobra.Command {
	var (
		asJSON  bool
		asFile  bool
		lang    string
		folders []string
	)
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "以表格查看一部法规及其条款 (show a regulation with its articles)",
		Example: "  gongshu regulation show shuozhou-2021\n  gongshu regulation show shuozhou-2021@1 --lang en\n  gongshu regulation show shuozhou-2021 --file > mine-2027.yaml",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if lang != string(regulation.Zh) && lang != string(regulation.En) {
				return fmt.Errorf("--lang: %q is neither zh nor en", lang)
			}
			r, err := findRegulation(folders, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), r)
			}
			if asFile {
				return writeRegulationFile(cmd.OutOrStdout(), folders, r)
			}
			title := r.Title
			if lang == string(regulation.En) {
				title = r.TitleEn
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n\n", title); err != nil {
				return err
			}
			for _, t := range r.Tables(regulation.Lang(lang)) {
				if err := t.WriteText(cmd.OutOrStdout()); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	cmd.Flags().BoolVar(&asFile, "file", false, "print the file itself, to begin another one from")
	cmd.MarkFlagsMutuallyExclusive("json", "file")
	cmd.Flags().StringVar(&lang, "lang", "zh", "zh or en")
	addRegulationsFlag(cmd, &folders)
	return cmd
}

// writeRegulationFile prints the file that r was read from.
func writeRegulationFile(w io.Writer, folders []string, r *regulation.Regulation) error {
	sources := []fs.FS{regulations.Files}
	for _, folder := range folders {
		sources = append(sources, os.DirFS(folder))
	}
	for _, source := range sources {
		data, err := fs.ReadFile(source, r.File)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	}
	return fmt.Errorf("the file %s is gone", r.File)
}

func findRegulation(folders []string, id string) (*regulation.Regulation, error) {
	library, err := loadRegulations(folders)
	if err != nil {
		return nil, err
	}
	r, ok := library.ByID(id)
	if !ok {
		return nil, fmt.Errorf("no regulation %q; see gongshu regulation list", id)
	}
	return r, nil
}

func newRegulationListCommand() *cobra.Command {
	var (
		asJSON  bool
		folders []string
	)
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出全部法规及其效力期间 (list the regulations and their validity)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			library, err := loadRegulations(folders)
			if err != nil {
				return err
			}
			type line struct {
				ID      string `json:"id"`
				Version int    `json:"version"`
				Region  string `json:"region"`
				Title   string `json:"title"`
				Number  string `json:"number,omitempty"`
				From    string `json:"from"`
				LastDay string `json:"last_day,omitempty"`
			}
			lines := []line{}
			table := regulation.Table{Title: "法规 (regulations)", Header: []string{"编号 id", "地区 region", "施行 from", "至 until", "文号 number", "名称 title"}}
			for _, r := range library.All() {
				l := line{ID: r.ID, Version: r.Version, Region: r.Region, Title: r.Title, Number: r.Number, From: r.From.String()}
				if last := r.LastDay(); last != nil {
					l.LastDay = last.String()
				}
				lines = append(lines, l)
				table.Rows = append(table.Rows, []string{r.Ref(), l.Region, l.From, dash(l.LastDay), dash(l.Number), l.Title})
			}
			if asJSON {
				return writeJSON(cmd.OutOrStdout(), lines)
			}
			return table.WriteText(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	addRegulationsFlag(cmd, &folders)
	return cmd
}

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

func newRegulationSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "输出法规文件的 JSON Schema (write the JSON Schema of regulation files)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := cmd.OutOrStdout().Write(regulations.Schema)
			return err
		},
	}
}

func newRegulationDocsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "docs",
		Short: "输出 docs/regulations.md 的内容 (write docs/regulations.md to standard output)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return regulation.Shipped().WriteDocs(cmd.OutOrStdout())
		},
	}
}
