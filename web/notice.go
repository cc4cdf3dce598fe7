package web

import (
	"net/url"
	"strings"
)

// notice is one sentence shown on the page after the one that did something: a
// key of the message catalogs and its argument, never a text from outside.
type notice struct{ Key, Arg string }

const noticePrefix = "notice."

// leave keeps a notice for the next page.
func (v *visit) leave(key, arg string) {
	v.setCookie(noticeCookie, url.QueryEscape(key)+"!"+url.QueryEscape(arg), 60)
}

// takeNotice returns the notice left by the page before, once. Keys that are not
// in the catalogs are dropped.
func (v *visit) takeNotice() *notice {
	cookie, err := v.Cookie(noticeCookie)
	if err != nil || cookie.Value == "" {
		return nil
	}
	v.setCookie(noticeCookie, "", -1)
	head, tail, _ := strings.Cut(cookie.Value, "!")
	key, err := url.QueryUnescape(head)
	if err != nil {
		return nil
	}
	arg, err := url.QueryUnescape(tail)
	if err != nil || !v.words.Knows(noticePrefix+key) {
		return nil
	}
	return &notice{Key: noticePrefix + key, Arg: arg}
}
