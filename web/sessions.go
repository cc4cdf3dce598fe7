package web

import (
	"net/http"
	"strings"

	"gongshu/desk"
)

// sessionsPage lists where the reader is signed in.
type sessionsPage struct {
	Listed []sessionLine
	Others bool // somewhere else, too
	Idle   int  // minutes after which an unused session ends
}

// sessionLine is a session with the device that it is on.
type sessionLine struct {
	desk.SessionView
	Device device
}

// sessions shows them.
func (v *visit) sessions() error {
	found, err := v.site.desk.Sessions(v.ctx(), v.user, v.session)
	if err != nil {
		return err
	}
	page := sessionsPage{Others: len(found) > 1, Idle: int(v.site.desk.SessionIdle.Minutes())}
	for _, s := range found {
		page.Listed = append(page.Listed, sessionLine{s, deviceOf(s.Agent)})
	}
	return v.show(http.StatusOK, "sessions", "sessions", page)
}

// endSession signs the reader out somewhere else.
func (v *visit) endSession() error {
	if err := v.site.desk.EndSession(v.ctx(), v.user, v.Param("id")); err != nil {
		return err
	}
	v.leave("session_ended", "")
	return v.redirect("/sessions")
}

// endOtherSessions signs the reader out everywhere else.
func (v *visit) endOtherSessions() error {
	if err := v.site.desk.EndOtherSessions(v.ctx(), v.user, v.session); err != nil {
		return err
	}
	v.leave("sessions_ended", "")
	return v.redirect("/sessions")
}

func (v *visit) backToSessions() error { return v.redirect("/sessions") }

// browser is from where the reader comes.
func (v *visit) browser() desk.Browser {
	return desk.Browser{Address: v.RealIP(), Agent: v.Request().UserAgent()}
}

// device is a hint at which browser, on what, a session is; either may be empty. It
// is what the browser says of itself and proves nothing.
type device struct {
	Browser, System string
}

// marks of browsers and systems in what a browser calls itself. The first that
// occurs counts, as most name the ones whose ways they follow besides themselves.
var (
	browserMarks = [][2]string{
		{"MicroMessenger/", "WeChat"}, {"Edg", "Edge"}, {"OPR/", "Opera"}, {"QQBrowser/", "QQ Browser"}, {"UCBrowser/", "UC Browser"},
		{"HuaweiBrowser/", "Huawei Browser"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"},
		{"Safari/", "Safari"}, {"curl/", "curl"},
	}
	systemMarks = [][2]string{
		{"OpenHarmony", "HarmonyOS"}, {"HarmonyOS", "HarmonyOS"}, {"Windows", "Windows"}, {"iPhone", "iPhone"}, {"iPad", "iPad"},
		{"Android", "Android"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"UOS", "UOS"}, {"Kylin", "Kylin"}, {"Linux", "Linux"},
	}
)

func deviceOf(agent string) device {
	first := func(marks [][2]string) string {
		for _, m := range marks {
			if strings.Contains(agent, m[0]) {
				return m[1]
			}
		}
		return ""
	}
	return device{first(browserMarks), first(systemMarks)}
}
