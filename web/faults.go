package web

import "regexp"

// faultForms are the forms in which the readers of settings' files say what is wrong
// with one, each with the key of its text. What has another form is told as it is.
var faultForms = []struct {
	form *regexp.Regexp
	key  string
}{
	{regexp.MustCompile(`^got (\w+), want (\w+)$`), "fault.type"},
	{regexp.MustCompile(`^unknown key$`), "fault.unknown"},
	{regexp.MustCompile(`^missing$`), "fault.missing"},
	{regexp.MustCompile(`^missing, and needed with (.+)$`), "fault.needed"},
	{regexp.MustCompile(`^has no place here$`), "fault.no_place"},
	{regexp.MustCompile(`^value must be (?:one of )?(.+)$`), "fault.one_of"},
	{regexp.MustCompile(`^(?:minLength|minItems|minProperties|minimum|exclusiveMinimum): got (.+), want (.+)$`), "fault.too_small"},
	{regexp.MustCompile(`^(?:maxLength|maxItems|maxProperties|maximum|exclusiveMaximum): got (.+), want (.+)$`), "fault.too_large"},
	{regexp.MustCompile(`^(.+) does not match pattern .+$`), "fault.pattern"},
	{regexp.MustCompile(`^(.+) is not valid \w+: .+$`), "fault.pattern"},
	{regexp.MustCompile(`^(.+) is listed twice$`), "fault.twice"},
	{regexp.MustCompile(`^missing: what stands in the text has an article$`), "fault.article"},
	{regexp.MustCompile(`^there is no duty (.+) in this regulation$`), "fault.no_duty"},
	{regexp.MustCompile(`^the role (.+) is not among the roles of this regulation$`), "fault.no_role"},
	{regexp.MustCompile(`^(.+) lies before the first day in force, (.+)$`), "fault.before_force"},
	{regexp.MustCompile(`^(.+) lies after the first day in force, (.+)$`), "fault.after_force"},
	{regexp.MustCompile(`^longer than (\d+) bytes$`), "fault.long"},
}

// faultRule puts into the reader's words what is wrong with a file of settings.
func (w words) faultRule(rule string) string {
	for _, f := range faultForms {
		found := f.form.FindStringSubmatch(rule)
		if found == nil {
			continue
		}
		args := make([]any, len(found)-1)
		for i, text := range found[1:] {
			if f.key == "fault.type" && w.Knows("fault.type."+text) {
				text = w.T("fault.type." + text)
			}
			args[i] = text
		}
		return w.T(f.key, args...)
	}
	return rule
}
