package web

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"gongshu/demo"
	"gongshu/desk/desktest"
	"gongshu/sharing"
	"gongshu/signin"
)

const inspector = "shuozhou-gongan-approver"

// worldOf is the demo's world with one user changed.
func worldOf(rig *desktest.Rig, id string, change func(*sharing.User)) demo.World {
	w := rig.World
	w.Users = slices.Clone(w.Users)
	for i := range w.Users {
		if w.Users[i].ID == id {
			w.Users[i].Roles = slices.Clone(w.Users[i].Roles)
			change(&w.Users[i])
		}
	}
	return w
}

// elsewhere sends a form or a GET to another server than the pages', with the cookies
// of the guest, and returns where that leads.
func (g *guest) elsewhere(address string, form url.Values) string {
	g.t.Helper()
	var resp *http.Response
	var err error
	if form == nil {
		resp, err = g.http.Get(address)
	} else {
		resp, err = g.http.PostForm(address, form)
	}
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSeeOther {
		g.t.Fatalf("%s: %d\n%s", address, resp.StatusCode, body)
	}
	return resp.Header.Get("Location")
}

// begin goes from the sign-in page to the provider.
func (g *guest) begin(page answer) string {
	g.t.Helper()
	action, fields := page.form("/signin/with/oidc")
	return g.post(action, fields).is(303).header.Get("Location")
}

// provided goes to the provider, picks a user there, and returns the address to which
// the provider sends back, within the pages.
func (g *guest) provided(page answer, user string) string {
	g.t.Helper()
	action, form, err := desktest.Pick(g.begin(page), user)
	if err != nil {
		g.t.Fatal(err)
	}
	back := g.elsewhere(action, form)
	path, ok := strings.CutPrefix(back, g.base)
	if !ok {
		g.t.Fatalf("sent back to %s", back)
	}
	return path
}

func TestSignInWithProvider(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	newGuest(t, base).get("/signin").is(200).lacks("统一身份认证")
	provider := rig.SignInWith(base, rig.World, desktest.ProviderClaims)

	g := newGuest(t, base)
	page := g.get("/signin?next=/inbox").is(200).says("统一身份认证登录", "本系统不会得到您的密码")
	if p := page.header.Get("Content-Security-Policy"); !strings.Contains(p, "form-action 'self' "+provider.Address+";") {
		t.Errorf("the form may not lead to the provider: %s", p)
	}
	back := g.provided(page, inspector)
	in := g.get(back).is(303)
	if to := in.header.Get("Location"); to != "/inbox" {
		t.Errorf("led to %s", to)
	}
	g.get("/inbox").is(200).says("朔州公安·审批人")
	g.get("/sessions").is(200).says("本机")

	// The answer counts once, and only in this browser.
	g.get(back).is(303)
	newGuest(t, base).get(back).is(400).says("这次登录已失效")

	// Signing out leads to the provider and from there back, and who comes again is
	// asked again.
	action, fields := g.get("/").form("/signout")
	end := g.post(action, fields).is(303).header.Get("Location")
	if !strings.HasPrefix(end, provider.Address+"/end?") || !strings.Contains(end, "id_token_hint=ey") {
		t.Errorf("signed out to %s", end)
	}
	if home := g.elsewhere(end, nil); home != base+"/" {
		t.Errorf("the provider sends to %s", home)
	}
	g.get("/inbox").is(303)
	g.get(g.provided(g.get("/signin"), "shuozhou-minzheng-requester")).is(303)
	g.get("/").says("朔州民政·申请人")

	// In English, and the addresses of the forms by themselves.
	g.get("/signin/with/oidc").is(303)
	e := newGuest(t, base)
	e.post("/locale", url.Values{"locale": {"en"}})
	e.get("/signin").says("Sign in with unified identity")
	e.post("/signin/with/nothing", url.Values{}).is(404)
	e.get("/signin/with/nothing/back?state=x").is(404)
}

// A form that was sent after the session had ended waits for who signs in.
func TestFormSurvivesProvider(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	rig.SignInWith(base, rig.World, desktest.ProviderClaims)
	g := newGuest(t, base)
	page := g.post("/delegations", url.Values{"to": {"shuozhou-gongan-head"}, "reason": {"出差<>&\"五天"}}).is(401).says("登录已过期")
	path := g.provided(page, inspector)
	resumed := g.get(path).is(200)
	action, fields := resumed.form("/delegations")
	if action != "/delegations" || fields.Get("reason") != "出差<>&\"五天" || fields.Get("to") != "shuozhou-gongan-head" {
		t.Errorf("%s %v", action, fields)
	}
	// Cancelling there keeps it, too.
	other := newGuest(t, base)
	page = other.post("/delegations", url.Values{"reason": {"出差五天"}})
	_, fields = other.get(other.provided(page, "")).is(401).says("认证平台未完成登录").form("/signin/with/oidc")
	if fields.Get("kept.reason") != "出差五天" {
		t.Errorf("the form is lost: %v", fields)
	}
}

func TestSignInRefused(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	stranger := sharing.User{ID: "zhao.liu", Name: "赵", Department: rig.User(inspector).Department, Region: rig.User(inspector).Region, Roles: []sharing.Role{sharing.Approver}}
	world := worldOf(rig, inspector, func(u *sharing.User) { u.Department.ID = "shuozhou-minzheng" })
	for i, u := range world.Users {
		switch u.ID {
		case "shuozhou-minzheng-requester":
			world.Users[i].Roles = []sharing.Role{sharing.AuthorityHead} // which only the authority appoints
		case "shuozhou-minzheng-approver":
			world.Users[i].Roles = []sharing.Role{"a_group_of_theirs"}
		case "shuozhou-minzheng-head":
			world.Users[i].Department.ID = "不存在<b>"
		}
	}
	world.Users = append(world.Users, stranger)
	rig.SignInWith(base, world, desktest.ProviderClaims)
	for user, says := range map[string][]string{
		stranger.ID:                   {"尚未开通", "“zhao.liu”", "请联系本部门负责人"},
		inspector:                     {"部门与本系统登记的不一致", "“shuozhou-minzheng”"},
		"shuozhou-minzheng-head":      {"部门与本系统登记的不一致", "“不存在<b>”"},
		"shuozhou-minzheng-requester": {"没有可用的角色"},
		"shuozhou-minzheng-approver":  {"没有可用的角色"},
	} {
		g := newGuest(t, base)
		a := g.get(g.provided(g.get("/signin"), user)).is(403).says(says...)
		if strings.Contains(a.body, "code=") || strings.Contains(a.body, "eyJ") || strings.Contains(a.body, "state=") {
			t.Errorf("%s: the page tells what is secret", user)
		}
		g.get("/inbox").is(303)
	}
	for _, id := range []string{"shuozhou-minzheng-requester", "shuozhou-minzheng-approver"} {
		if got := rig.User(id).Roles; slices.Contains(got, sharing.AuthorityHead) || len(got) != 1 {
			t.Errorf("%s has %v", id, got)
		}
	}

	// A try that began in another browser, or lately enough no longer.
	mine, theirs := newGuest(t, base), newGuest(t, base)
	path := theirs.provided(theirs.get("/signin"), "shuozhou-gongan-head")
	mine.get(path).is(400).says("这次登录已失效")
	mine.get("/inbox").is(303)
	db, err := pgx.Connect(t.Context(), rig.Database.OwnerURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close(t.Context())
	owner := func(sql string) {
		t.Helper()
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	owner(`UPDATE sign_ins SET expires_at = clock_timestamp()`)
	theirs.get(path).is(400).says("这次登录已失效")

	// After ten failures the address waits, whoever comes from there.
	desktest.BeforeTurn(20 * time.Second)
	for range 10 {
		mine.get("/signin/with/oidc/back?state=x")
	}
	if wait := mine.get("/signin/with/oidc/back?state=x").is(429).says("尝试次数过多").header.Get("Retry-After"); wait == "" {
		t.Error("not told how long")
	}
	owner(`DELETE FROM throttles`)

	// The provider is away: told so, and the other ways are there.
	away, err := signin.NewOIDC(signin.OIDCOptions{Issuer: "http://127.0.0.1:1", ClientID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	rig.Ways[0].Connector = away
	mine.post("/signin/with/oidc", url.Values{}).is(503).says("暂时没有应答", "使用访问令牌登录")
}

// Wherever the form says to go on to, one stays here.
func TestProviderLeadsNowhereElse(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	rig.SignInWith(base, rig.World, desktest.ProviderClaims)
	for _, next := range []string{"https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "/%0d%0aSet-Cookie:x"} {
		g := newGuest(t, base)
		begun := g.post("/signin/with/oidc", url.Values{"next": {next}}).is(303).header.Get("Location")
		action, form, err := desktest.Pick(begun, inspector)
		if err != nil {
			t.Fatal(err)
		}
		back := strings.TrimPrefix(g.elsewhere(action, form), base)
		if to := g.get(back).is(303).header.Get("Location"); !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, "elsewhere") {
			t.Errorf("%s leads to %s", next, to)
		}
	}
}

// Roles follow the provider at sign-in, and count from the next request of sessions
// that were open before.
func TestRolesFollowProvider(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	before := rig.SignInWith(base, rig.World, desktest.ProviderClaims)
	const head = "shuozhou-gongan-head"
	open := newGuest(t, base)
	open.get(open.provided(open.get("/signin"), head)).is(303)
	granted := rig.User(head).Roles
	open.get("/").says("部门负责人")

	rig.Ways = nil
	rig.SignInWith(base, worldOf(rig, head, func(u *sharing.User) { u.Roles = []sharing.Role{sharing.Requester} }), desktest.ProviderClaims)
	again := newGuest(t, base)
	again.get(again.provided(again.get("/signin"), head)).is(303)
	if now := rig.User(head).Roles; !slices.Equal(now, []sharing.Role{sharing.Requester}) || slices.Equal(now, granted) {
		t.Fatalf("%v became %v", granted, now)
	}
	open.get("/").is(200).lacks("部门负责人")
	entries, err := rig.Store.Timeline(t.Context(), "user-"+head)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Data["before"] != "department_head" || entries[0].Data["after"] != "requester" || entries[0].Data["issuer"] == before.Address {
		t.Errorf("the trail has %+v", entries)
	}
}

// In a real browser: the policies of the pages let the form lead to the provider and
// back, and signing out, too.
func TestSignInWithProviderInBrowser(t *testing.T) {
	rig := desktest.New(t)
	base := serve(t, rig)
	rig.SignInWith(base, rig.World, desktest.ProviderClaims)
	b := newBrowser(t, base)
	b.open("/signin?next=/sessions")
	b.shoot("signin-ways")
	b.press(`form[action="/signin/with/oidc"] button`)
	b.sees("选择演示用户")
	b.click(`details:has(button[value="` + inspector + `"]) summary`)
	b.shoot("signin-provider")
	b.press(`button[value="` + inspector + `"]`)
	b.sees("登录设备", "朔州公安·审批人")
	b.press(`form[action="/signout"] button`)
	b.sees("公共数据共享")
	b.open("/inbox")
	b.sees("统一身份认证登录")
}
