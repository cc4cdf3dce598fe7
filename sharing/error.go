package sharing

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code is a stable name for what went wrong. Programs branch on it, people read
// the message that the catalogs keep for it; both outlive a rewording.
type Code string

const (
	CodeInvalid         Code = "invalid"           // a field breaks a rule; Fields says which
	CodeNotFound        Code = "not_found"         // absent, or not to be seen: the same answer
	CodeForbidden       Code = "forbidden"         // seen, but not one's to do
	CodeUnauthenticated Code = "unauthenticated"   // nobody is signed in
	CodeStale           Code = "stale"             // decided on a version that has since changed
	CodeWrongState      Code = "wrong_state"       // the case's state does not allow the step
	CodeAlreadyDecided  Code = "already_decided"   // somebody else was first
	CodeKeyReused       Code = "key_reused"        // the Idempotency-Key was used for another request
	CodeInProgress      Code = "in_progress"       // the same request is still being carried out
	CodeNotShared       Code = "not_shared"        // not obtainable by application; coordination is the way
	CodeNoRegulation    Code = "no_regulation"     // no regulation in force on the day of receipt
	CodeBeyondCalendar  Code = "beyond_calendar"   // the due date lies past every known calendar
	CodeTooLarge        Code = "too_large"         // more bytes, rows or characters than accepted
	CodeUnavailable     Code = "unavailable"       // a part of the system is away; try again
	CodeBasisRequired   Code = "basis_required"    // a refusal without reasons or legal basis
	CodeCompletionUsed  Code = "completion_used"   // completion was already asked for once
	CodeNoExtension     Code = "no_extension"      // the regulation allows no (further) extension
	CodeConditionalRead Code = "condition_missing" // a decision without If-Match
	CodeUrged           Code = "urged"             // urged today already; the detail says from which day it can be again
	CodeFileLost        Code = "file_lost"         // a file's content is gone or not what was handed in
	CodeMerged          Code = "department_merged" // the department was merged into another; the detail names that one
	CodeTooMany         Code = "too_many"          // asked for too often; RetryAfter says when again
)

// FieldError names one field of a request and the rule it breaks.
type FieldError struct {
	// Field is a JSON pointer into the request body, such as /basis/0/law.
	Field string `json:"field"`
	// Rule is a stable name for the rule, such as required or max_length.
	Rule string `json:"rule"`
	// Detail is for people and may be empty.
	Detail string `json:"detail,omitempty"`
}

// Error is the one error that crosses rooms. Cause is for the log and never
// leaves the process.
type Error struct {
	Code    Code
	Detail  string
	Fields  []FieldError
	Article string // the article the refusal rests on, where there is one
	// RetryAfter is how long to wait before asking again, with CodeTooMany.
	RetryAfter time.Duration
	Cause      error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Code))
	if e.Detail != "" {
		b.WriteString(": " + e.Detail)
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, "; %s: %s", f.Field, f.Rule)
	}
	if e.Cause != nil {
		b.WriteString(": " + e.Cause.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Cause }

// Is lets errors.Is compare by code: errors.Is(err, &Error{Code: CodeStale}).
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code && t.Detail == "" && t.Fields == nil
}

// CodeOf returns the code of err, or "" when it carries none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// Errorf builds an Error with a detail for people.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Invalid builds an Error for one field that breaks one rule.
func Invalid(field, rule, detail string) *Error {
	return &Error{Code: CodeInvalid, Fields: []FieldError{{Field: field, Rule: rule, Detail: detail}}}
}
