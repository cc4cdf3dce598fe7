package regulation

import (
	"regexp"
	"strconv"
	"strings"
)

var articlePattern = regexp.MustCompile(`^([1-9][0-9]{0,2})(?:\(([1-9][0-9]?)\))?$`)

// ValidArticle reports whether s is a list of articles as in "16", "3(2)" or "13, 36".
func ValidArticle(s string) bool {
	for part := range strings.SplitSeq(s, ", ") {
		if !articlePattern.MatchString(part) {
			return false
		}
	}
	return s != ""
}

// ArticleZh writes an article as Chinese documents cite it: "3(2)" is
// 第三条第（二）项. Text that is not an article is returned as it is.
func ArticleZh(s string) string {
	if !ValidArticle(s) {
		return s
	}
	var parts []string
	for part := range strings.SplitSeq(s, ", ") {
		m := articlePattern.FindStringSubmatch(part)
		zh := "第" + chineseNumber(m[1]) + "条"
		if m[2] != "" {
			zh += "第（" + chineseNumber(m[2]) + "）项"
		}
		parts = append(parts, zh)
	}
	return strings.Join(parts, "、")
}

// ArticleEn writes an article as in "art. 3(2)".
func ArticleEn(s string) string {
	switch {
	case !ValidArticle(s):
		return s
	case strings.Contains(s, ","):
		return "arts. " + s
	}
	return "art. " + s
}

const chineseDigits = "零一二三四五六七八九"

// chineseNumber writes 1 to 999 in Chinese.
func chineseNumber(decimal string) string {
	n, err := strconv.Atoi(decimal)
	if err != nil || n < 1 || n > 999 {
		return decimal
	}
	digit := func(i int) string { return string([]rune(chineseDigits)[i]) }
	var b strings.Builder
	if n >= 100 {
		b.WriteString(digit(n/100) + "百")
		if n%100 > 0 && n%100 < 10 {
			b.WriteString("零")
		}
	}
	tens, units := n/10%10, n%10
	if tens > 0 {
		if tens > 1 || n >= 100 {
			b.WriteString(digit(tens))
		}
		b.WriteString("十")
	}
	if units > 0 {
		b.WriteString(digit(units))
	}
	return b.String()
}
