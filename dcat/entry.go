package dcat

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"gongshu/sharing"
)

// Longest texts, in characters. A longer identifier, title or office name is
// refused, a longer description or statement of rights is cut.
const (
	maxIdentifier  = 128
	maxTitle       = 300
	maxName        = 200
	maxDescription = 8000
	maxRights      = 1000
	maxKeywords    = 500
	maxShown       = 80 // of an offending value in the report
)

// What keeps a hostile entry from taking more memory than its file: a larger entry
// is refused, and more findings than these are not listed.
const (
	maxEntryBytes = 1 << 20
	maxFindings   = 40
)

// WholeRecord is the name of the one field of every imported resource.
const WholeRecord = "record"

// accessLevels are DCAT-US's three levels and what they come to here. The grade
// follows from the level: nothing else in the format tells it.
var accessLevels = map[string]struct {
	class sharing.Class
	open  sharing.OpenClass
	grade sharing.Grade
}{
	"public":            {sharing.Unconditional, sharing.Open, 1},
	"restricted public": {sharing.Conditional, sharing.OpenConditionally, 2},
	"non-public":        {sharing.NotShared, sharing.NotOpen, 3},
}

var digits = regexp.MustCompile(`^-?\d{1,30}$`)

// importer turns entries into resources, one after the other.
type importer struct {
	opts        Options
	catalog     Catalog
	next        int                           // index of the next entry
	identifiers map[string]int                // identifier → index of the imported entry that has it
	departments map[string]sharing.Department // by name
	folded      map[string]string             // name without case and punctuation → first name
	titles      map[[2]string]int             // department id and title → index
}

func newImporter(opts Options) *importer {
	return &importer{opts: opts, identifiers: map[string]int{}, departments: map[string]sharing.Department{},
		folded: map[string]string{}, titles: map[[2]string]int{}}
}

// entry takes the next member of the dataset list.
func (im *importer) entry(raw json.RawMessage) {
	e := &entry{importer: im, index: im.next}
	im.next++
	resource, name := e.read(raw)
	if !e.refused {
		resource.Provider = e.provider(name)
		e.repeatedTitle(resource)
		im.identifiers[e.identifier] = e.index
		im.catalog.Resources = append(im.catalog.Resources, resource)
	}
	if len(e.lines) == 0 {
		e.note(Imported, "", "", "")
	}
	for i := range e.lines {
		e.lines[i].Identifier = e.identifier
	}
	im.catalog.Report = append(im.catalog.Report, e.lines...)
}

// entry is one member of the dataset list on its way in.
type entry struct {
	*importer
	index      int
	identifier string
	members    map[string]json.RawMessage
	lines      []Line
	refused    bool
}

func (e *entry) note(action Action, field string, rule Rule, detail string) {
	if action == Refused {
		e.refused = true
	} else if len(e.lines) >= maxFindings {
		return
	}
	line := Line{Index: e.index, Action: action, Rule: rule, Detail: detail}
	if rule != "" {
		line.Field = fmt.Sprintf("/dataset/%d%s", e.index, field)
	}
	e.lines = append(e.lines, line)
}

// read reads the members in the order in which people look at an entry, and
// returns the publisher's name beside the resource.
func (e *entry) read(raw json.RawMessage) (sharing.Resource, string) {
	if len(raw) > maxEntryBytes {
		e.note(Refused, "", TooLong, fmt.Sprintf("%d > %d bytes", len(raw), maxEntryBytes))
		return sharing.Resource{}, ""
	}
	members, duplicate, ok := object(raw)
	if !ok {
		e.note(Refused, "", NotAnObject, shown(raw))
		return sharing.Resource{}, ""
	}
	e.members = members
	e.identify()
	if duplicate != "" {
		e.note(Refused, pointer(duplicate), DuplicateKey, "")
		return sharing.Resource{}, ""
	}
	r := sharing.Resource{
		ID:       ResourceID(e.opts.RegionID, e.identifier),
		Code:     e.identifier,
		RegionID: e.opts.RegionID,
		Title:    e.required(e.members, "", "title", maxTitle),
		Version:  1,
	}
	name := e.publisher()
	e.access(&r)
	r.Description = e.description()
	r.Cycle = e.cycle()
	r.UpdatedAt = e.modified()
	e.distributions(&r)
	r.Fields = []sharing.Field{{Name: WholeRecord, Title: "整条记录 / whole record", Type: "object", Grade: r.Grade}}
	return r, name
}

// ResourceID is the id of the entry with that code in that region's catalog.
func ResourceID(regionID, code string) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte("urn:gongshu:resource:"+regionID+":"+code)).String()
}

func (e *entry) identify() {
	raw, present := e.members["identifier"]
	if present && digits.Match(bytes.TrimSpace(raw)) {
		e.identifier = string(bytes.TrimSpace(raw))
		e.note(Changed, "/identifier", NumericIdentifier, e.identifier)
	} else {
		e.identifier = e.required(e.members, "", "identifier", maxIdentifier)
	}
	if e.identifier == "" {
		return
	}
	if first, taken := e.identifiers[e.identifier]; taken {
		e.note(Refused, "/identifier", DuplicateEntry, fmt.Sprintf("/dataset/%d/identifier", first))
	}
}

// required reads one line of text that an entry cannot do without.
func (e *entry) required(members map[string]json.RawMessage, parent, key string, limit int) string {
	field := parent + pointer(key)
	text, state := textOf(members[key])
	switch {
	case state == wrongType:
		e.note(Refused, field, NotText, shown(members[key]))
		return ""
	case state == damaged:
		e.note(Refused, field, InvalidUTF8, "")
		return ""
	}
	text = strings.TrimSpace(text)
	clean := strings.TrimSpace(cleaned(text, false))
	switch {
	case clean == "":
		e.note(Refused, field, Required, "")
		return ""
	case utf8.RuneCountInString(clean) > limit:
		e.note(Refused, field, TooLong, fmt.Sprintf("%d > %d", utf8.RuneCountInString(clean), limit))
		return ""
	case clean != text && key == "identifier":
		// An identifier is compared and cited as it is: mending it would make another.
		e.note(Refused, field, ControlCharacter, clip(clean, maxShown))
		return ""
	case clean != text:
		e.note(Changed, field, ControlCharacter, "")
	}
	return clean
}

// optional reads text that an entry can do without; what cannot be used is left
// out or mended, with a line in the report.
func (e *entry) optional(key string, limit int, lines bool) string {
	field := pointer(key)
	text, state := textOf(e.members[key])
	switch state {
	case absent:
		return ""
	case wrongType:
		e.note(Changed, field, NotText, shown(e.members[key]))
		return ""
	case damaged:
		e.note(Changed, field, InvalidUTF8, "")
	case present:
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	clean := strings.TrimSpace(cleaned(text, lines))
	if clean != text {
		e.note(Changed, field, ControlCharacter, "")
	}
	if n := utf8.RuneCountInString(clean); n > limit {
		e.note(Changed, field, TooLong, fmt.Sprintf("%d > %d", n, limit))
		clean = clip(clean, limit)
	}
	return clean
}

// publisher returns the office's name.
func (e *entry) publisher() string {
	raw, present := e.members["publisher"]
	if !present {
		e.note(Refused, "/publisher", Required, "")
		return ""
	}
	if members, duplicate, ok := object(raw); ok {
		if duplicate != "" {
			e.note(Refused, "/publisher"+pointer(duplicate), DuplicateKey, "")
			return ""
		}
		return e.required(members, "/publisher", "name", maxName)
	}
	if _, state := textOf(raw); state == wrongType {
		e.note(Refused, "/publisher", NotAnObject, shown(raw))
		return ""
	}
	name := e.required(e.members, "", "publisher", maxName)
	if name != "" {
		e.note(Changed, "/publisher", PublisherAsText, name)
	}
	return name
}

// provider finds or makes the department of that name.
func (e *entry) provider(name string) sharing.Department {
	if known, ok := e.departments[name]; ok {
		return known
	}
	fold := folded(name)
	if first, ok := e.folded[fold]; ok {
		e.note(Imported, "/publisher/name", SimilarPublisher, first)
	} else {
		e.folded[fold] = name
	}
	d := sharing.Department{ID: departmentID(e.opts.RegionID, name), RegionID: e.opts.RegionID,
		Name: name, NameEN: name, Kind: sharing.OrdinaryDepartment}
	e.departments[name] = d
	e.catalog.Departments = append(e.catalog.Departments, d)
	return d
}

func (e *entry) repeatedTitle(r sharing.Resource) {
	key := [2]string{r.Provider.ID, r.Title}
	if first, ok := e.titles[key]; ok {
		e.note(Imported, "/title", RepeatedTitle, fmt.Sprintf("/dataset/%d/title", first))
		return
	}
	e.titles[key] = e.index
}

// access reads accessLevel and rights: class, opening, grade, basis and condition.
func (e *entry) access(r *sharing.Resource) {
	written := e.required(e.members, "", "accessLevel", maxName)
	if written == "" {
		return
	}
	level, known := accessLevels[strings.ToLower(written)]
	if !known {
		e.note(Refused, "/accessLevel", UnknownAccess, clip(written, maxShown))
		return
	}
	r.Class, r.OpenClass, r.Grade = level.class, level.open, level.grade

	rights := ""
	if !isBoolean(e.members["rights"]) {
		rights = e.optional("rights", maxRights, true)
	}
	kind := rightsOf(rights)
	if r.Class == sharing.Unconditional {
		if kind != rightsNothing {
			e.note(Changed, "/rights", RightsIgnored, clip(rights, maxShown))
		}
		return
	}
	switch kind {
	case rightsReason:
		r.Basis, r.Condition = rights, rights
	case rightsRestated:
		r.Basis, r.Condition = NoBasisStated, rights
		e.note(Changed, "/rights", NoBasis, rights)
	case rightsNothing:
		r.Basis = NoBasisStated
		e.note(Changed, "/rights", NoBasis, rights)
	}
}

// description is the entry's own, with its keywords as a last line so that a
// search finds them.
func (e *entry) description() string {
	text := e.optional("description", maxDescription, true)
	keywords := clip(strings.Join(e.texts("keyword"), ", "), maxKeywords)
	switch {
	case keywords == "":
		return text
	case text == "":
		return "关键词 / Keywords: " + keywords
	default:
		return text + "\n关键词 / Keywords: " + keywords
	}
}

// texts reads a list of short texts, leaving out what is none.
func (e *entry) texts(key string) []string {
	items, ok := e.list(key)
	if !ok {
		return nil
	}
	var all []string
	for i, item := range items {
		text, state := textOf(item)
		text = strings.TrimSpace(text)
		switch {
		case state == wrongType, state == absent:
			e.note(Changed, fmt.Sprintf("%s/%d", pointer(key), i), NotText, shown(item))
		case state == damaged:
			e.note(Changed, fmt.Sprintf("%s/%d", pointer(key), i), InvalidUTF8, "")
		case cleaned(text, false) != text:
			e.note(Changed, fmt.Sprintf("%s/%d", pointer(key), i), ControlCharacter, "")
		case text != "":
			all = append(all, text)
		}
	}
	return all
}

// list reads an optional list.
func (e *entry) list(key string) ([]json.RawMessage, bool) {
	raw, present := e.members[key]
	if !present || isNull(raw) {
		return nil, false
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		e.note(Changed, pointer(key), NotAList, shown(raw))
		return nil, false
	}
	return items, true
}

func (e *entry) cycle() sharing.Cycle {
	before := len(e.lines)
	text := e.optional("accrualPeriodicity", maxName, false)
	cycle, rule := cycleOf(text)
	unreadable := rule == NoCycle && len(e.lines) > before // said already
	if rule != "" && !unreadable {
		detail := string(cycle)
		if text != "" {
			detail = clip(text, maxShown) + " → " + detail
		}
		e.note(Changed, "/accrualPeriodicity", rule, detail)
	}
	return cycle
}

// modified is when the entry was last changed, or zero. DCAT-US also allows an
// interval here, which tells no date.
func (e *entry) modified() time.Time {
	text := e.optional("modified", maxName, false)
	if text == "" {
		return time.Time{}
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		t, err := time.Parse(layout, text)
		if err == nil && t.Year() >= 1900 {
			return t.UTC().Truncate(time.Microsecond)
		}
	}
	e.note(Changed, "/modified", UnknownDate, clip(text, maxShown))
	return time.Time{}
}

// distributions reads in which ways and formats the data can be had: a download
// is a file; an access address is a query interface when its format says API and
// a page to browse otherwise; an entry without any is had as a file.
func (e *entry) distributions(r *sharing.Resource) {
	var wanted []sharing.Mode
	add := func(m sharing.Mode) {
		if !slices.Contains(wanted, m) {
			wanted = append(wanted, m)
		}
	}
	var formats []string
	items, _ := e.list("distribution")
	for i, item := range items {
		members, _, ok := object(item)
		if !ok {
			e.note(Changed, fmt.Sprintf("/distribution/%d", i), NotAnObject, shown(item))
			continue
		}
		format := formatOf(members)
		if format != "" && !slices.Contains(formats, format) {
			formats = append(formats, format)
		}
		if given(members["downloadURL"]) {
			add(sharing.File)
		}
		switch {
		case format == "API":
			add(sharing.QueryAPI)
		case given(members["accessURL"]):
			add(sharing.Browsing)
		}
	}
	if len(wanted) == 0 {
		wanted = []sharing.Mode{sharing.File}
	}
	r.Format = clip(strings.Join(formats, ", "), maxName)
	for _, mode := range wanted {
		if slices.Contains(e.opts.Modes, mode) {
			r.Modes = append(r.Modes, mode)
		}
	}
	if len(r.Modes) == 0 && len(e.opts.Modes) > 0 {
		r.Modes = e.opts.Modes[:1:1]
		e.note(Changed, "/distribution", ModeNotOffered, fmt.Sprintf("%s → %s", wanted[0], r.Modes[0]))
	}
}

var mediaFormats = map[string]string{
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "XLSX",
	"application/vnd.ms-excel": "XLS",
	"text/plain":               "TXT",
}

// formatOf is the format a distribution states, or that of its media type.
func formatOf(members map[string]json.RawMessage) string {
	if format, state := textOf(members["format"]); state == present {
		return strings.ToUpper(clip(strings.TrimSpace(cleaned(format, false)), 40))
	}
	media, state := textOf(members["mediaType"])
	if state != present {
		return ""
	}
	media = strings.ToLower(strings.TrimSpace(cleaned(media, false)))
	if format, ok := mediaFormats[media]; ok {
		return format
	}
	if _, subtype, ok := strings.Cut(media, "/"); ok {
		return strings.ToUpper(clip(subtype, 40))
	}
	return ""
}

type textState int

const (
	present   textState = iota
	absent              // missing or null
	wrongType           // something else than text
	damaged             // not valid UTF-8; the text has replacement characters
)

// textOf reads a JSON string.
func textOf(raw json.RawMessage) (string, textState) {
	if len(raw) == 0 || isNull(raw) {
		return "", absent
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", wrongType
	}
	// The decoder puts U+FFFD for bytes that are not UTF-8 and for half a
	// surrogate pair; a U+FFFD in the file itself is the trace of earlier damage.
	if strings.ContainsRune(text, utf8.RuneError) {
		return text, damaged
	}
	return text, present
}

func isNull(raw json.RawMessage) bool { return string(bytes.TrimSpace(raw)) == "null" }

func isBoolean(raw json.RawMessage) bool {
	text := string(bytes.TrimSpace(raw))
	return text == "true" || text == "false"
}

func given(raw json.RawMessage) bool {
	text, state := textOf(raw)
	return state == present && strings.TrimSpace(text) != ""
}

// cleaned replaces control characters and marks that turn the direction of text
// by spaces; line breaks and tabs stay where lines is set.
func cleaned(text string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case lines && (r == '\n' || r == '\t'):
			return r
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Bidi_Control, r):
			return ' '
		}
		return r
	}, text)
}

// clip cuts text after limit characters.
func clip(text string, limit int) string {
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit-1]) + "…"
}

// shown is a raw value as the report shows it: valid, on one line and short.
func shown(raw json.RawMessage) string {
	if len(raw) > 4*maxShown {
		raw = raw[:4*maxShown]
	}
	return clip(cleaned(strings.ToValidUTF8(string(raw), "\uFFFD"), false), maxShown)
}

// pointer is a JSON pointer (RFC 6901) to the member of that name.
func pointer(key string) string {
	return "/" + clip(strings.NewReplacer("~", "~0", "/", "~1").Replace(cleaned(key, false)), maxShown)
}

// folded is a name without case, spaces and punctuation.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// departmentID is region, the name in plain letters, and a hash that keeps names
// apart which look alike without punctuation or have no Latin letters.
func departmentID(regionID, name string) string {
	var slug strings.Builder
	gap := false
	for _, r := range strings.ToLower(name) {
		if r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
			if gap && slug.Len() > 0 {
				slug.WriteByte('-')
			}
			if slug.Len() >= 40 {
				break
			}
			slug.WriteRune(r)
			gap = false
		} else if r != '\'' && r != '’' {
			gap = true
		}
	}
	if slug.Len() == 0 {
		slug.WriteString("office")
	}
	sum := sha256.Sum256([]byte(name))
	return regionID + "-" + strings.Trim(slug.String(), "-") + "-" + hex.EncodeToString(sum[:4])
}
