package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"gongshu/desk"
	"gongshu/desk/desktest"
)

// Where somebody is signed in is listed to them, and ended from there.
func TestSessionsByForm(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	const user = "shuozhou-gongan-approver"
	here, there, elsewhere := as(t, base, user), as(t, base, user), as(t, base, user)
	stranger := as(t, base, "shuozhou-minzheng-requester")
	other, err := rig.SignInDemo(t.Context(), desk.Browser{Address: "203.0.113.9",
		Agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0"}, user)
	if err != nil {
		t.Fatal(err)
	}
	here.get("/").says("登录设备")
	page := here.get("/sessions").is(200).says("本机", "127.0.0.1", "203.0.113.9", "Edge，Windows", "30 分钟")
	if strings.Contains(page.body, other) {
		t.Error("the page tells a session's secret")
	}
	if n := strings.Count(page.body, "/end\""); n != 3 {
		t.Errorf("%d sessions can be ended", n)
	}

	// Another's session is not there; nor is a form without this session's mark taken.
	ids := endings(page)
	_, own := stranger.get("/").form("/signout")
	stranger.post("/sessions/"+ids[0]+"/end", url.Values{"csrf": own["csrf"]}).is(404)
	there.post("/sessions/"+ids[0]+"/end", url.Values{}).is(403)

	for _, id := range ids { // the one opened last was used last
		if id != "" {
			_, fields := page.form("/sessions/" + id + "/end")
			page = here.follow(here.post("/sessions/"+id+"/end", fields)).says("已在那台设备上退出")
			break
		}
	}
	if n := strings.Count(page.body, "/end\""); n != 2 {
		t.Errorf("%d sessions can be ended", n)
	}
	here.follow(here.fill(page, "/sessions/end-others", nil)).says("已在其他所有设备上退出").lacks("203.0.113.9", "在该设备退出")
	for _, out := range []*guest{there, elsewhere} {
		if to := out.get("/sessions").is(303).header.Get("Location"); to != "/signin?next=%2Fsessions" {
			t.Errorf("who is signed out is led to %s", to)
		}
	}
	stranger.get("/sessions").is(200)
	here.get("/sessions/end-others").is(303)
	here.get("/sessions/x/end").is(303)
	newGuest(t, base).get("/sessions").is(303)
}

// endings are the ids of the sessions that a page can end.
func endings(a answer) []string {
	var ids []string
	for _, part := range strings.Split(a.body, `action="/sessions/`)[1:] {
		if id, _, ok := strings.Cut(part, `/end"`); ok && !strings.ContainsAny(id, `"<`) {
			ids = append(ids, id)
		}
	}
	return ids
}

// Signing in again makes another session and ends the one before.
func TestSignInRenewsTheSession(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	g := as(t, base, "shuozhou-gongan-approver")
	cookie := func() string {
		for _, c := range g.http.Jar.Cookies(mustParse(t, base)) {
			if c.Name == "gongshu_session" {
				return c.Value
			}
		}
		return ""
	}
	before := cookie()
	_, fields := g.get("/").form("/signout")
	g.post("/signin", url.Values{"csrf": fields["csrf"], "token": {rig.Token("shuozhou-gongan-approver")}}).is(303)
	if after := cookie(); after == before || after == "" {
		t.Fatalf("the session is %q after %q", after, before)
	}
	if _, _, err := rig.Session(t.Context(), before); err == nil {
		t.Error("the session before is still good")
	}
	g.get("/sessions").is(200).lacks("在该设备退出")
}

// Who tries many tokens waits, and is told how long.
func TestGuessingAtTheSignInPage(t *testing.T) {
	rig := desktest.New(t)
	now, err := rig.Now(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if left := 600 - now.Unix()%600; left < 5 { // each ten minutes begin anew: stay clear of their end
		time.Sleep(time.Duration(left) * time.Second)
	}
	g := newGuest(t, serve(t, rig))
	for range 10 {
		g.post("/signin", url.Values{"token": {"wrong"}}).is(http.StatusUnauthorized).says("令牌无效或已过期")
	}
	locked := g.post("/signin", url.Values{"token": {rig.Token("shuozhou-gongan-approver")}}).is(http.StatusTooManyRequests).says("尝试次数过多")
	if wait, err := strconv.Atoi(locked.header.Get("Retry-After")); err != nil || wait < 1 || wait > 601 {
		t.Errorf("Retry-After: %s", locked.header.Get("Retry-After"))
	}
}

func TestDeviceOf(t *testing.T) {
	for agent, want := range map[string]device{
		"": {}, "x": {},
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0":                                                                     {"Firefox", "Linux"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/605.1.15":                      {"Safari", "macOS"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 Mobile/15E148 Safari/604.1":     {"Chrome", "iPhone"},
		"Mozilla/5.0 (Linux; Android 13; HarmonyOS; ALN) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0 HuaweiBrowser/14.0 Mobile Safari/537.36": {"Huawei Browser", "HarmonyOS"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0":                  {"Edge", "Windows"},
	} {
		if got := deviceOf(agent); got != want {
			t.Errorf("%s: %v", agent, got)
		}
	}
}
