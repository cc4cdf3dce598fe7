package workday

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"gongshu/sharing"
)

// Notice is one published notice on the days off of a year: the State Council
// General Office's, or a region's addition to it.
type Notice struct {
	// Region whose addition this is; "" for the national notice.
	Region string
	// Year the notice is about. It may also name days of the December before.
	Year int
	// Source is the notice's number, such as 国办发明电〔2025〕7号.
	Source string
	// Issued is the day it was published, and from which it was known.
	Issued sharing.Date
	// Amends is the number of the notice that this one amended; "" for a first notice.
	Amends string
	// URL of the published text; may be "".
	URL string
	// Off lists the days off, weekends within a holiday included.
	Off []sharing.Date
	// Work lists the weekend days that are worked.
	Work []sharing.Date
}

// maxNoticeBytes bounds what ParseNotice reads; the largest real notice takes 1 kB.
const maxNoticeBytes = 64 << 10

// noticeFile is the file form of a notice.
type noticeFile struct {
	Region       string      `json:"region"`
	Year         int         `json:"year"`
	Source       string      `json:"source"`
	Issued       string      `json:"issued"`
	URL          string      `json:"url"`
	AmendedBy    []amendment `json:"amended_by"`
	Also         []amendment `json:"also"`
	SupersededOn string      `json:"superseded_on"`
	SupersededBy string      `json:"superseded_by"`
	Checked      string      `json:"checked"`
	Workdays     *int        `json:"workdays"`
	Off          []string    `json:"off"`
	Work         []string    `json:"work"`
}

type amendment struct {
	Source string `json:"source"`
	Issued string `json:"issued"`
	URL    string `json:"url"`
	Note   string `json:"note"`
}

// ParseNotice reads one notice from JSON. A file that lists amended_by holds the
// year as amended: the notice returned is then the last amendment.
//
// It is strict. Refused, naming the key: unknown and repeated keys, days
// that do not exist, lie outside the year (or the December before it), are
// listed twice or both off and worked, a worked day that is no weekend day, a
// notice issued after its year, and a count of workdays that the days do not
// come to.
func ParseNotice(r io.Reader) (Notice, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxNoticeBytes+1))
	if err != nil {
		return Notice{}, fmt.Errorf("read notice: %w", err)
	}
	if len(data) > maxNoticeBytes {
		return Notice{}, fmt.Errorf("the notice is longer than %d bytes", maxNoticeBytes)
	}
	if err := uniqueKeys(json.NewDecoder(bytes.NewReader(data)), ""); err != nil {
		return Notice{}, err
	}
	var f noticeFile
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&f); err != nil {
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) {
			return Notice{}, fmt.Errorf("%s: must be %s, not %s", mismatch.Field, mismatch.Type, mismatch.Value)
		}
		return Notice{}, fmt.Errorf("notice: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); err != io.EOF {
		return Notice{}, errors.New("notice: something follows the closing brace")
	}
	return f.notice()
}

// uniqueKeys refuses repeated keys, and keys in another case than lower: Go's
// decoder would match them to fields without a word.
func uniqueKeys(d *json.Decoder, at string) error {
	token, err := d.Token()
	if err != nil {
		return fmt.Errorf("notice: %w", err)
	}
	open, ok := token.(json.Delim)
	if !ok {
		if at == "" {
			return errors.New("notice: must be a JSON object")
		}
		return nil
	}
	seen := map[string]bool{}
	for i := 0; d.More(); i++ {
		place := fmt.Sprintf("%s[%d]", at, i)
		if open == '{' {
			key, err := d.Token()
			if err != nil {
				return fmt.Errorf("notice: %w", err)
			}
			name, ok := key.(string)
			if !ok {
				return fmt.Errorf("notice: %v is no key", key)
			}
			place = strings.TrimPrefix(at+"."+name, ".")
			if seen[name] {
				return fmt.Errorf("%s: the key is there twice", place)
			}
			if name != strings.ToLower(name) {
				return fmt.Errorf("%s: unknown key; keys are written in lower case", place)
			}
			seen[name] = true
		}
		if err := uniqueKeys(d, place); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("notice: %w", err)
	}
	return nil
}

func (f noticeFile) notice() (Notice, error) {
	n := Notice{Region: f.Region, Year: f.Year, Source: f.Source, URL: f.URL}
	issued := f.Issued
	if last := len(f.AmendedBy) - 1; last >= 0 {
		n.Amends, n.Source, n.URL, issued = f.Source, f.AmendedBy[last].Source, f.AmendedBy[last].URL, f.AmendedBy[last].Issued
		if n.Amends == "" {
			return Notice{}, errors.New("source: missing; the number of the amended notice")
		}
	}
	var err error
	if n.Issued, err = sharing.ParseDate(issued); err != nil {
		return Notice{}, fmt.Errorf("issued: %w", err)
	}
	if n.Off, err = parseDays("off", f.Off); err != nil {
		return Notice{}, err
	}
	if n.Work, err = parseDays("work", f.Work); err != nil {
		return Notice{}, err
	}
	if err := n.check(); err != nil {
		return Notice{}, err
	}
	if f.Workdays != nil && n.Region == "" {
		if got := n.workdays(); got != *f.Workdays {
			return Notice{}, fmt.Errorf("workdays: says %d, the days listed come to %d", *f.Workdays, got)
		}
	}
	return n, nil
}

func parseDays(key string, texts []string) ([]sharing.Date, error) {
	days := make([]sharing.Date, len(texts))
	for i, text := range texts {
		d, err := sharing.ParseDate(text)
		if err != nil {
			return nil, fmt.Errorf("%s[%d]: %w", key, i, err)
		}
		days[i] = d
	}
	return days, nil
}

// check holds n to its rules; the error names the key.
func (n Notice) check() error {
	if n.Year < firstYear || n.Year > lastYear {
		return fmt.Errorf("year: %d is not between %d and %d", n.Year, firstYear, lastYear)
	}
	if strings.TrimSpace(n.Source) == "" {
		return errors.New("source: missing; the notice's number")
	}
	if n.Issued > sharing.NewDate(n.Year, 12, 31) || n.Issued < sharing.NewDate(n.Year-2, 1, 1) {
		return fmt.Errorf("issued: %s is not in or shortly before %d", n.Issued, n.Year)
	}
	if len(n.Off) == 0 {
		return errors.New("off: lists no day")
	}
	listed := map[sharing.Date]string{}
	for _, list := range []struct {
		key  string
		days []sharing.Date
	}{{"off", n.Off}, {"work", n.Work}} {
		for i, d := range list.days {
			year, month, _ := d.Civil()
			if year != n.Year && !(year == n.Year-1 && month == 12) {
				return fmt.Errorf("%s[%d]: %s is not in %d", list.key, i, d, n.Year)
			}
			if other, twice := listed[d]; twice {
				return fmt.Errorf("%s[%d]: %s is already listed under %s", list.key, i, d, other)
			}
			listed[d] = list.key
			if list.key == "work" && n.Region == "" && !isWeekend(d) {
				return fmt.Errorf("%s[%d]: %s is a %s and worked without being listed", list.key, i, d, d.Weekday())
			}
		}
	}
	return nil
}

// listed tells what n says of the days it names.
func (n Notice) listed() map[sharing.Date]sharing.DayKind {
	days := make(map[sharing.Date]sharing.DayKind, len(n.Off)+len(n.Work))
	for _, d := range n.Off {
		days[d] = sharing.Holiday
	}
	for _, d := range n.Work {
		days[d] = sharing.MakeUp
	}
	return days
}

// workdays counts the working days of the notice's year.
func (n Notice) workdays() int {
	count := 0
	for d := sharing.NewDate(n.Year, 1, 1); d.Year() == n.Year; d++ {
		if slices.Contains(n.Work, d) || !isWeekend(d) && !slices.Contains(n.Off, d) {
			count++
		}
	}
	return count
}

func isWeekend(d sharing.Date) bool { return d.Weekday()%6 == 0 }

// MarshalJSON writes n in the form that [ParseNotice] reads.
func (n Notice) MarshalJSON() ([]byte, error) {
	type file struct {
		Region    string         `json:"region,omitempty"`
		Year      int            `json:"year"`
		Source    string         `json:"source"`
		Issued    sharing.Date   `json:"issued"`
		URL       string         `json:"url,omitempty"`
		AmendedBy []amendedBy    `json:"amended_by,omitempty"`
		Off       []sharing.Date `json:"off"`
		Work      []sharing.Date `json:"work"`
	}
	f := file{Region: n.Region, Year: n.Year, Source: n.Source, Issued: n.Issued, URL: n.URL,
		Off: append([]sharing.Date{}, n.Off...), Work: append([]sharing.Date{}, n.Work...)}
	if n.Amends != "" {
		f.AmendedBy = []amendedBy{{Source: n.Source, Issued: n.Issued, URL: n.URL}}
		f.Source, f.URL = n.Amends, ""
	}
	return json.Marshal(f)
}

type amendedBy struct {
	Source string       `json:"source"`
	Issued sharing.Date `json:"issued"`
	URL    string       `json:"url,omitempty"`
}

// UnmarshalJSON reads n as [ParseNotice] does.
func (n *Notice) UnmarshalJSON(data []byte) error {
	parsed, err := ParseNotice(bytes.NewReader(data))
	if err != nil {
		return err
	}
	*n = parsed
	return nil
}

//go:embed notices/*.json
var noticeFiles embed.FS

var shipped = sync.OnceValue(func() []Notice {
	names, err := noticeFiles.ReadDir("notices")
	if err != nil {
		panic("workday: " + err.Error())
	}
	var notices []Notice
	for _, entry := range names {
		data, err := noticeFiles.ReadFile("notices/" + entry.Name())
		if err != nil {
			panic("workday: " + err.Error())
		}
		n, err := ParseNotice(bytes.NewReader(data))
		if err != nil {
			panic("workday: shipped notice " + entry.Name() + ": " + err.Error()) // held by a test
		}
		notices = append(notices, n)
	}
	slices.SortStableFunc(notices, func(a, b Notice) int { return int(a.Issued - b.Issued) })
	return notices
})

// Shipped returns the notices that come with the program, by day of issue: the
// national ones of 2008 to 2026 with every earlier version, and regional ones.
func Shipped() []Notice { return slices.Clone(shipped()) }

var shippedCalendar = sync.OnceValue(func() *Calendar {
	c, err := New(shipped())
	if err != nil {
		panic("workday: " + err.Error()) // held by a test
	}
	return c
})

// ShippedCalendar returns the national calendar of the shipped notices.
func ShippedCalendar() *Calendar { return shippedCalendar() }
