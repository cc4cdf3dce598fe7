package sharing

import "time"

// Class is how a resource is shared (yanzhou-2024 art. 18, city-2023 art. 18,
// jinan-startup-2023 art. 15, lishui-2020 art. 18, shuozhou-2021 art. 14).
type Class string

const (
	Unconditional Class = "unconditional" // had directly
	Conditional   Class = "conditional"   // applied for
	NotShared     Class = "not_shared"    // not had by application
)

// Classes lists the sharing classes from the most to the least shared.
var Classes = []Class{Unconditional, Conditional, NotShared}

// OpenClass is how a resource is opened to the public.
type OpenClass string

const (
	Open              OpenClass = "open"
	OpenConditionally OpenClass = "conditional"
	NotOpen           OpenClass = "not_open"
)

// Grade is the security grade of a resource or field, 1 (public) to 4 (highest).
type Grade int

const (
	LowestGrade  Grade = 1
	HighestGrade Grade = 4
)

// Mode is a way of having data.
type Mode string

const (
	QueryAPI      Mode = "query_api"      // 查询接口
	Batch         Mode = "batch"          // 批量
	TableExchange Mode = "table_exchange" // 库表交换
	Verification  Mode = "verification"   // 核验代理
	File          Mode = "file"           // 文件
	Browsing      Mode = "browsing"       // 在线浏览
)

// Modes lists the ways of having data.
var Modes = []Mode{QueryAPI, Batch, TableExchange, Verification, File, Browsing}

// BaseCategory marks the base data that every department needs.
type BaseCategory string

const (
	BasePopulation  BaseCategory = "population"
	BaseLegalPerson BaseCategory = "legal_person"
	BaseCredit      BaseCategory = "credit"
	BaseGeography   BaseCategory = "geography"
	BaseLicence     BaseCategory = "licence"
)

// Field is one data item of a resource.
type Field struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Type  string `json:"type"`
	Grade Grade  `json:"grade"`
}

// Resource is one published catalog entry.
type Resource struct {
	ID          string
	Code        string // identifier in the region's catalog
	RegionID    string
	Provider    Department
	Title       string
	Description string
	Class       Class
	OpenClass   OpenClass
	Grade       Grade
	Basis       string // legal basis, required for conditional and not shared
	Condition   string // the condition of sharing, in the provider's words
	Cycle       Cycle
	Format      string
	Modes       []Mode
	Base        BaseCategory // "" when not base data
	Fields      []Field
	// Facts on which a limit may depend, by the names that regulation files give
	// them, such as resource_on_platform. What is not listed is not known.
	Facts     map[string]bool
	Version   int
	UpdatedAt time.Time
	// Withdrawn: taken out of the catalog. It is found and applied for no more;
	// grants on it go on.
	Withdrawn bool
}

// HasField reports whether the resource has a field of that name.
func (r Resource) HasField(name string) bool {
	for _, f := range r.Fields {
		if f.Name == name {
			return true
		}
	}
	return false
}

// FieldNames lists the names of all fields.
func (r Resource) FieldNames() []string {
	names := make([]string, len(r.Fields))
	for i, f := range r.Fields {
		names[i] = f.Name
	}
	return names
}
