package signin

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"gongshu/internal/strictyaml"
	"gongshu/sharing"
)

// Claims say what a provider's claims mean here. The zero value takes the subject for
// the user's id and leaves department and roles as they are known here.
type Claims struct {
	// Label is what the provider is called on the sign-in page, in Chinese and English;
	// both empty for the usual name.
	Label, LabelEN string

	user, name, department, roles rule
}

// rule is one claim and what its values mean.
type rule struct {
	claim string            // "" when it is not asked for
	table map[string]string // nil when the value is taken as it is
	keys  []string          // of a claim within claims: realm_access.roles
}

// Person is somebody in this installation's words.
type Person struct {
	User       string // their id
	Name       string // "" when the file names no claim for it
	Department string // its id; "" when the file names no claim for it
	Roles      []sharing.Role
	// RolesTold: Roles are all that the person has, and not merely unknown.
	RolesTold bool
}

// Unmapped says which claim means nothing here.
type Unmapped struct {
	Field string // "user", "name", "department" or "roles"
	Claim string
	Value string // of the claim, as far as it can be shown; "" when it is missing
}

func (u *Unmapped) Error() string {
	if u.Value == "" {
		return fmt.Sprintf("%s: claim %s is missing", u.Field, u.Claim)
	}
	return fmt.Sprintf("%s: claim %s: %q means nobody and nothing here", u.Field, u.Claim, u.Value)
}

// Bounds on a claims file and on claims.
const (
	MaxClaimsFile = 1 << 20
	claimsNesting = 6
	maxLabel      = 40  // characters
	maxClaim      = 255 // bytes of one value
	maxValues     = 1000
)

// claimsFile is a file as it is written.
type claimsFile struct {
	Version int `yaml:"version"`
	Label   struct {
		ZH string `yaml:"zh"`
		EN string `yaml:"en"`
	} `yaml:"label"`
	User       *claimRule `yaml:"user"`
	Name       *claimRule `yaml:"name"`
	Department *claimRule `yaml:"department"`
	Roles      *claimRule `yaml:"roles"`
}

type claimRule struct {
	Claim string            `yaml:"claim"`
	Table map[string]string `yaml:"table"`
}

// The forms of what a file may name.
var (
	claimName    = regexp.MustCompile(`^[A-Za-z0-9_:/.-]{1,200}$`)
	userID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$`)
	departmentID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,126}$`)
)

// ReadClaims reads a claims file strictly. The error names line and key of every rule
// that the file breaks ([strictyaml.Problems]).
func ReadClaims(name string, r io.Reader) (*Claims, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxClaimsFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var written claimsFile
	f, ok := strictyaml.Parse(name, data, strictyaml.Limits{Bytes: MaxClaimsFile, Nesting: claimsNesting}, &written)
	if !ok {
		return nil, f.Err()
	}
	if written.Version != 1 {
		f.Problem("version", "must be 1")
	}
	for at, label := range map[string]string{"label.zh": written.Label.ZH, "label.en": written.Label.EN} {
		if utf8.RuneCountInString(label) > maxLabel || strings.TrimSpace(label) != label || strings.ContainsFunc(label, unicode.IsControl) {
			f.Problem(at, "at most %d characters, no spaces around them", maxLabel)
		}
	}
	if (written.Label.ZH == "") != (written.Label.EN == "") {
		f.Problem("label", "both languages or none")
	}
	if written.User == nil {
		f.Problem("user", "missing")
	}
	c := &Claims{Label: written.Label.ZH, LabelEN: written.Label.EN,
		user: read(f, "user", written.User), name: read(f, "name", written.Name),
		department: read(f, "department", written.Department), roles: read(f, "roles", written.Roles)}
	if c.name.table != nil {
		f.Problem("name.table", "a name is taken as it is")
	}
	if written.Roles != nil && len(c.roles.table) == 0 {
		f.Problem("roles.table", "missing: groups of the provider are no roles here unless the table says so")
	}
	each(c.user.table, func(from, to string) {
		if !userID.MatchString(to) || to == sharing.System {
			f.Problem("user.table."+from, "%q is not the id of a user", to)
		}
	})
	each(c.department.table, func(from, to string) {
		if !departmentID.MatchString(to) {
			f.Problem("department.table."+from, "%q is not the id of a department", to)
		}
	})
	each(c.roles.table, func(from, to string) {
		switch role := sharing.Role(to); {
		case role == sharing.Citizen:
			f.Problem("roles.table."+from, "no department appoints citizens")
		case !slices.Contains(sharing.Roles, role):
			f.Problem("roles.table."+from, "unknown role %q", to)
		}
	})
	if err := f.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// read is one rule of a file; an empty one where the file has none.
func read(f *strictyaml.File, at string, written *claimRule) rule {
	if written == nil {
		return rule{}
	}
	if !claimName.MatchString(written.Claim) {
		f.Problem(at+".claim", "the name of a claim is missing or has other characters than letters, digits and _:/.-")
	}
	if written.Table != nil && len(written.Table) == 0 {
		f.Problem(at+".table", "empty")
	}
	each(written.Table, func(from, _ string) {
		if from == "" || len(from) > maxClaim {
			f.Problem(at+".table."+from, "1 to %d bytes", maxClaim)
		}
	})
	return rule{claim: written.Claim, table: written.Table, keys: strings.Split(written.Claim, ".")}
}

// each goes through a table in the order of its keys.
func each(table map[string]string, do func(from, to string)) {
	for _, from := range slices.Sorted(maps.Keys(table)) {
		do(from, table[from])
	}
}

// Departments returns the ids that the file names, and Users those of users: whoever
// starts a server can see that they exist.
func (c *Claims) Departments() []string { return targets(c.department.table) }

// Users returns the ids of users that the file names.
func (c *Claims) Users() []string { return targets(c.user.table) }

func targets(table map[string]string) []string {
	return slices.Compact(slices.Sorted(maps.Values(table)))
}

// Person puts an identity into this installation's words. The error is an [*Unmapped].
func (c *Claims) Person(id Identity) (Person, error) {
	var p Person
	var err error
	user := c.user
	if user.claim == "" {
		user = rule{claim: "sub", keys: []string{"sub"}}
	}
	if p.User, err = user.one("user", id.Claims, userID); err != nil {
		return Person{}, err
	}
	if c.department.claim != "" {
		if p.Department, err = c.department.one("department", id.Claims, departmentID); err != nil {
			return Person{}, err
		}
	}
	if c.name.claim != "" {
		// A name is for the eye; one that cannot be shown is left out.
		if names, _ := c.name.values(id.Claims); len(names) == 1 {
			if name := strings.TrimSpace(names[0]); utf8.ValidString(name) && utf8.RuneCountInString(name) <= 200 && !strings.ContainsFunc(name, unicode.IsControl) {
				p.Name = name
			}
		}
	}
	if c.roles.claim != "" {
		p.RolesTold = true
		given, ok := c.roles.values(id.Claims)
		if !ok {
			return Person{}, &Unmapped{Field: "roles", Claim: c.roles.claim}
		}
		for _, role := range sharing.Roles { // in their order; groups that are no roles are none of ours
			if slices.ContainsFunc(given, func(group string) bool { return c.roles.table[group] == string(role) }) {
				p.Roles = append(p.Roles, role)
			}
		}
		if p.Roles == nil {
			return Person{}, &Unmapped{Field: "roles", Claim: c.roles.claim, Value: "no group with a role here"}
		}
	}
	return p, nil
}

// one is what the only value of the claim means.
func (r rule) one(field string, claims map[string]any, form *regexp.Regexp) (string, error) {
	values, ok := r.values(claims)
	if !ok || len(values) == 0 {
		return "", &Unmapped{Field: field, Claim: r.claim}
	}
	if len(values) > 1 {
		return "", &Unmapped{Field: field, Claim: r.claim, Value: "several values"}
	}
	value := values[0]
	if r.table != nil {
		to, ok := r.table[value]
		if !ok {
			return "", &Unmapped{Field: field, Claim: r.claim, Value: shown(value)}
		}
		return to, nil
	}
	if !form.MatchString(value) || field == "user" && value == sharing.System {
		return "", &Unmapped{Field: field, Claim: r.claim, Value: shown(value)}
	}
	return value, nil
}

// values are the texts and whole numbers of a claim, one or a list; false when there
// is no such claim or it is something else. A claim named a.b is that, or b within a.
func (r rule) values(claims map[string]any) ([]string, bool) {
	value, ok := claims[r.claim]
	if !ok {
		var within any = claims
		for _, key := range r.keys {
			m, is := within.(map[string]any)
			if within, ok = m[key]; !is || !ok {
				return nil, false
			}
		}
		value = within
	}
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	if len(list) > maxValues {
		return nil, false
	}
	texts := make([]string, 0, len(list))
	for _, v := range list {
		switch v := v.(type) {
		case string:
			if v == "" || len(v) > maxClaim {
				return nil, false
			}
			texts = append(texts, v)
		case float64:
			if v != math.Trunc(v) || math.Abs(v) > 1<<53 { // beyond that, two numbers are one
				return nil, false
			}
			texts = append(texts, strconv.FormatInt(int64(v), 10))
		case json.Number:
			texts = append(texts, v.String())
		default:
			return nil, false
		}
	}
	return texts, true
}

// shown is what of a value can be shown to a person.
func shown(value string) string {
	kept := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(value, "")))
	if len(kept) == 0 {
		return "unprintable"
	}
	return string(kept[:min(len(kept), 100)])
}
