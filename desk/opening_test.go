package desk_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/postgres"
	"gongshu/sharing"
)

// onRequest is data that is opened on conditions, with the people who decide.
const (
	onRequest    = "SZ-SC-003"
	openDecider  = "shuozhou-shichang-approver"
	openHandler  = "shuozhou-shichang-specialist"
	cityRequest  = "CS-SC-004"
	cityDecider  = "city-shichang-approver"
	cityHandler  = "city-shichang-specialist"
	citySigned   = "晋北数据服务有限公司"
	notAMillion  = "00000x"
	secretLength = 43
)

// openConnection opens a connection of the owner of the tables, for what the store does not
// tell.
func openConnection(t *testing.T, r *desktest.Rig) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), r.Database.OwnerURL)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.WithoutCancel(t.Context()))) })
	return conn
}

var passerby = desk.Visitor{Address: "203.0.113.7"}

func plea(r *desktest.Rig, region, code, contact string) json.RawMessage {
	b, err := json.Marshal(sharing.OpeningApplication{
		Resource: r.Resource(region, code).ID, Name: citySigned, Kind: sharing.Company, Contact: contact,
		Purpose: "研究本地产业投资", Plan: "在本单位服务器上统计，不对外提供原始数据",
	})
	require.NoError(r.T, err)
	return b
}

// asks submits a request with a proved contact.
func asks(t *testing.T, r *desktest.Rig, region, code string) (desk.OpeningTicket, desk.OpeningView) {
	t.Helper()
	ticket, err := r.AskOpening(t.Context(), passerby, plea(r, region, code, "data@example.com"))
	require.NoError(t, err)
	v, err := r.VerifyOpening(t.Context(), ticket.ID, ticket.Secret, ticket.Code)
	require.NoError(t, err)
	return ticket, v
}

// step takes a step of a procedure with a message.
func take(t *testing.T, r *desktest.Rig, userID string, act desk.Act, action sharing.Action, message any) (desk.Outcome, error) {
	t.Helper()
	b, err := json.Marshal(message)
	require.NoError(t, err)
	return r.Step(t.Context(), r.User(userID), act, action, b)
}

func TestTheOpenCatalogShowsWhatIsOpenAndNothingElse(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	open := map[string]bool{}
	for _, resource := range r.World.Resources {
		if resource.Public() {
			open[resource.ID] = true
			continue
		}
		_, err := r.OpenEntry(ctx, resource.ID)
		require.Equal(t, sharing.CodeNotFound, code(t, err), resource.Title)
	}
	seen := map[string]bool{}
	for cursor := ""; ; {
		page, err := r.OpenCatalog(ctx, desk.OpenQuery{Cursor: cursor, Limit: 7})
		require.NoError(t, err)
		require.Equal(t, len(open), page.Total)
		for _, e := range page.Items {
			require.True(t, open[e.ID], e.Title)
			require.False(t, seen[e.ID], "twice: %s", e.Title)
			seen[e.ID] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	require.Equal(t, open, seen)

	// What is labelled as open and at the same time not shared, or of the highest
	// grade, is not shown all the same.
	for _, spoil := range []func(*sharing.Resource){
		func(x *sharing.Resource) { x.Class, x.Basis = sharing.NotShared, "保密法" },
		func(x *sharing.Resource) { x.Class, x.Grade = sharing.Conditional, 4 },
	} {
		x := r.Resource("shuozhou", onRequest)
		spoil(&x)
		r.Put(x)
		_, err := r.OpenEntry(ctx, x.ID)
		require.Equal(t, sharing.CodeNotFound, code(t, err))
		_, err = r.AskOpening(ctx, passerby, plea(r, "shuozhou", onRequest, "a@example.com"))
		require.Equal(t, sharing.CodeInvalid, code(t, err))
	}
	x := r.Resource("shuozhou", onRequest)
	x.Fields[0].Grade = 4
	r.Put(x)
	e, err := r.OpenEntry(ctx, x.ID)
	require.NoError(t, err)
	require.Len(t, e.Fields, len(x.Fields)-1, "a field of the highest grade is not named")
	_, err = r.OpenCatalog(ctx, desk.OpenQuery{Class: "not_open"})
	require.Equal(t, sharing.CodeInvalid, code(t, err))
}

func TestOpenedOnRequest(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	ticket, v := asks(t, r, "shuozhou", onRequest)
	require.Len(t, ticket.Secret, secretLength)
	require.Len(t, ticket.Code, 6)
	require.Equal(t, sharing.Screening, v.State)
	require.Equal(t, "shuozhou-2021@1", v.Regulation.ID)
	require.NotNil(t, v.Clock)
	require.True(t, v.Clock.Statutory)
	require.Equal(t, sharing.Budget{N: 10, Unit: sharing.WorkingDays}, v.Clock.Clock.Budget)
	require.ElementsMatch(t, []sharing.Action{sharing.Withdraw}, v.Can)

	// Repeated, it is the same case.
	again, err := r.VerifyOpening(ctx, ticket.ID, ticket.Secret, ticket.Code)
	require.NoError(t, err)
	require.Equal(t, v.Number, again.Number)

	// The provider sees who asks; another department sees nothing.
	c, err := r.Case(ctx, r.User(openDecider), v.Number)
	require.NoError(t, err)
	require.Contains(t, string(c.Content), "data@example.com")
	require.Equal(t, sharing.PublicDepartment, c.Applicant.Kind)
	for _, id := range []string{requester, approver, "shuozhou-shichang-requester", "shuozhou-finance-officer", "city-shichang-approver"} {
		u, err := r.Store.User(ctx, id)
		if err != nil {
			continue
		}
		_, err = r.Case(ctx, u, v.Number)
		require.Equal(t, sharing.CodeNotFound, code(t, err), id)
	}
	// Neither the trail nor the commands hold the contact.
	conn := openConnection(t, r)
	for table, where := range map[string]string{"trail": "convert_from(entry, 'UTF8')", "commands": "body::text", "acts": "body::text", "opening_requests": "content::text"} {
		var found bool
		require.NoError(t, conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM `+table+` WHERE `+where+` LIKE '%data@example.com%' OR `+where+` LIKE '%产业投资%')`).Scan(&found), table)
		require.False(t, found, table)
	}

	inbox, err := r.Tasks(ctx, r.User(openDecider), desk.TaskQuery{})
	require.NoError(t, err)
	require.Equal(t, 1, inbox.Total)
	_, err = take(t, r, openHandler, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Screen, sharing.Ruling{Agree: true})
	require.Equal(t, sharing.CodeForbidden, code(t, err))
	out, err := take(t, r, openDecider, desk.Act{CaseID: c.ID, Expected: 1}, sharing.Screen, sharing.Ruling{Agree: true})
	require.NoError(t, err)
	require.Equal(t, sharing.Deciding, out.State)
	out, err = take(t, r, openDecider, desk.Act{CaseID: c.ID, Expected: 2}, sharing.AnswerOpening, sharing.OpeningAnswer{Agree: true, Way: sharing.OpenLink, Locator: "https://open.example/equity", Fields: v.Asked.Fields[:1]})
	require.NoError(t, err)
	require.Equal(t, sharing.Opened, out.State, "shuozhou asks for no agreement")

	v, err = r.Opening(ctx, passerby, strings.ToLower(v.Number), ticket.Secret)
	require.NoError(t, err)
	require.Equal(t, "https://open.example/equity", v.Answer.Locator)
	require.Empty(t, v.Can)
	require.Equal(t, sharing.Met, v.Clock.State)
	_, err = r.Opening(ctx, passerby, v.Number, ticket.Secret+"x")
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.Opening(ctx, passerby, "K20260101-00000000", ticket.Secret)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.WithdrawOpening(ctx, passerby, v.Number, ticket.Secret, desk.Act{Expected: 3}, sharing.OptionalRemark{})
	require.Equal(t, sharing.CodeWrongState, code(t, err))
	_, err = r.Store.VerifyTrail(ctx)
	require.NoError(t, err)
}

func TestARefusalToOpenNeedsWhatTheRegulationAsks(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	basis := []sharing.Basis{{Law: "中华人民共和国个人信息保护法", Article: "第二十八条"}}
	_, v := asks(t, r, "shuozhou", onRequest)
	act := desk.Act{CaseID: v.ID, Expected: 1}
	_, err := take(t, r, openDecider, act, sharing.Screen, sharing.Ruling{Reasons: "涉密"})
	require.Equal(t, sharing.CodeBasisRequired, code(t, err), "shuozhou 25")
	_, err = take(t, r, openDecider, act, sharing.Screen, sharing.Ruling{Agree: true})
	require.NoError(t, err)
	act.Expected = 2
	for want, answer := range map[sharing.Code]sharing.OpeningAnswer{
		sharing.CodeInvalid:       {Basis: basis},
		sharing.CodeBasisRequired: {Reasons: "含个人隐私"},
	} {
		_, err = take(t, r, openDecider, act, sharing.AnswerOpening, answer)
		require.Equal(t, want, code(t, err))
	}
	out, err := take(t, r, openDecider, act, sharing.AnswerOpening, sharing.OpeningAnswer{Reasons: "含个人隐私", Basis: basis})
	require.NoError(t, err)
	require.Equal(t, sharing.Refused, out.State)
	_, err = take(t, r, "shuozhou-shichang-head", act, sharing.AnswerOpening, sharing.OpeningAnswer{Agree: true, Way: sharing.OpenLink, Locator: "x"})
	require.Equal(t, sharing.CodeAlreadyDecided, code(t, err))

	// At the secrecy review already.
	ticket, v := asks(t, r, "shuozhou", onRequest)
	out, err = take(t, r, openDecider, desk.Act{CaseID: v.ID, Expected: 1}, sharing.Screen, sharing.Ruling{Reasons: "涉密", Basis: basis})
	require.NoError(t, err)
	require.Equal(t, sharing.Refused, out.State)
	v, err = r.Opening(ctx, passerby, v.Number, ticket.Secret)
	require.NoError(t, err)
	require.Equal(t, "涉密", v.Answer.Reasons)
	require.Equal(t, basis, v.Answer.Basis)
}

func TestTheAgreementComesFirst(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	ticket, v := asks(t, r, "city", cityRequest)
	require.Nil(t, v.Clock, "the city's regulation sets no limit for it")
	file, err := r.Upload(ctx, r.User(cityHandler), "", "股东.csv", "text/csv", strings.NewReader("name,share\n甲,1\n"))
	require.NoError(t, err)
	_, err = take(t, r, cityDecider, desk.Act{CaseID: v.ID, Expected: 1}, sharing.Screen, sharing.Ruling{Agree: true})
	require.NoError(t, err)
	answer := sharing.OpeningAnswer{Agree: true, Way: sharing.OpenFile, Attachments: []string{file.ID}}
	_, err = take(t, r, cityDecider, desk.Act{CaseID: v.ID, Expected: 2}, sharing.AnswerOpening, answer)
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "/agreement", e.Fields[0].Field)
	require.Equal(t, "27", e.Article)
	answer.Agreement = "仅用于产业研究；不转让；一年后删除。"
	out, err := take(t, r, cityDecider, desk.Act{CaseID: v.ID, Expected: 2}, sharing.AnswerOpening, answer)
	require.NoError(t, err)
	require.Equal(t, sharing.Signing, out.State)

	v, err = r.Opening(ctx, passerby, v.Number, ticket.Secret)
	require.NoError(t, err)
	require.Empty(t, v.Files, "nothing before it is signed")
	require.Empty(t, v.Answer.Attachments)
	require.Equal(t, answer.Agreement, v.Answer.Agreement)
	_, _, err = r.OpenedFile(ctx, passerby, v.Number, ticket.Secret, file.ID)
	require.Equal(t, sharing.CodeNotFound, code(t, err))

	_, err = r.SignOpening(ctx, passerby, v.Number, ticket.Secret, desk.Act{Expected: 3}, sharing.Signature{Name: "别人"})
	require.Equal(t, sharing.CodeInvalid, code(t, err))
	_, err = r.SignOpening(ctx, passerby, v.Number, "guess", desk.Act{Expected: 3}, sharing.Signature{Name: citySigned})
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.SignOpening(ctx, passerby, v.Number, ticket.Secret, desk.Act{Expected: 2}, sharing.Signature{Name: citySigned})
	require.Equal(t, sharing.CodeStale, code(t, err))
	_, err = r.SignOpening(ctx, passerby, v.Number, ticket.Secret, desk.Act{}, sharing.Signature{Name: citySigned})
	require.Equal(t, sharing.CodeConditionalRead, code(t, err))
	act := desk.Act{Expected: 3, Key: "sign"}
	for range 2 {
		out, err = r.SignOpening(ctx, passerby, v.Number, ticket.Secret, act, sharing.Signature{Name: citySigned})
		require.NoError(t, err)
		require.Equal(t, sharing.Opened, out.State)
	}
	got, content, err := r.OpenedFile(ctx, passerby, v.Number, ticket.Secret, file.ID)
	require.NoError(t, err)
	require.Equal(t, "股东.csv", got.Name)
	require.NoError(t, content.Close())
}

func TestBadOpeningRequests(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	for name, raw := range map[string]string{
		"nothing":        ``,
		"no object":      `[]`,
		"two":            `{} {}`,
		"unknown field":  `{"resource":"x","admin":true}`,
		"wrong types":    `{"resource":1}`,
		"not JSON":       `{"resource":`,
		"empty":          `{}`,
		"no such entry":  `{"resource":"0b5ff1ae-6f0c-4c4e-9a83-9d3e8b1d5a10","name":"n","kind":"person","contact":"a@example.com","purpose":"p","plan":"q"}`,
		"not even an id": `{"resource":"'; DROP TABLE cases; --","name":"n","kind":"person","contact":"a@example.com","purpose":"p","plan":"q"}`,
	} {
		_, err := r.AskOpening(ctx, passerby, json.RawMessage(raw))
		require.Equal(t, sharing.CodeInvalid, code(t, err), name)
	}
	// Open to all already; nothing is asked there; a region without this way.
	_, err := r.AskOpening(ctx, passerby, plea(r, "shuozhou", "SZ-SC-001", "a@example.com"))
	require.ErrorContains(t, err, "open_already")
	_, err = r.AskOpening(ctx, passerby, plea(r, "lishui", "LS-SC-002", "a@example.com"))
	require.Equal(t, sharing.CodeWrongState, code(t, err), "lishui has no opening on request")
	var asked sharing.OpeningApplication
	require.NoError(t, json.Unmarshal(plea(r, "shuozhou", onRequest, "a@example.com"), &asked))
	asked.Fields = []string{"no_such"}
	b, err := json.Marshal(asked)
	require.NoError(t, err)
	_, err = r.AskOpening(ctx, passerby, b)
	require.ErrorContains(t, err, "field_of_resource")
	// There is no other door: nobody who is signed in opens such a case.
	_, err = r.Open(ctx, r.User(requester), "", sharing.OpeningRequest, b)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	// And nobody signs in as the public.
	users, err := r.DemoUsers(ctx)
	require.NoError(t, err)
	for _, u := range users {
		require.NotEqual(t, sharing.PublicDepartment, u.Department.Kind)
	}
	_, err = r.SignInDemo(ctx, desk.Browser{}, "public-shuozhou")
	require.Equal(t, sharing.CodeNotFound, code(t, err))
	_, err = r.IssueToken(ctx, "public-shuozhou", time.Hour)
	require.Equal(t, sharing.CodeNotFound, code(t, err))
}

func TestCodesAreLimited(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	ticket, err := r.AskOpening(ctx, passerby, plea(r, "shuozhou", onRequest, "a@example.com"))
	require.NoError(t, err)
	wrong := "000000"
	if ticket.Code == wrong {
		wrong = "000001"
	}
	_, err = r.VerifyOpening(ctx, ticket.ID, "another", ticket.Code)
	require.Equal(t, sharing.CodeNotFound, code(t, err), "the code alone is not enough")
	for range 5 {
		_, err = r.VerifyOpening(ctx, ticket.ID, ticket.Secret, wrong)
		require.ErrorContains(t, err, "/code: code")
	}
	_, err = r.VerifyOpening(ctx, ticket.ID, ticket.Secret, ticket.Code)
	require.ErrorContains(t, err, "code_over", "five tries, and the right one is the sixth")

	second, err := r.ResendCode(ctx, passerby, ticket.ID, ticket.Secret)
	require.NoError(t, err)
	if second.Code != ticket.Code {
		_, err = r.VerifyOpening(ctx, ticket.ID, ticket.Secret, ticket.Code)
		require.ErrorContains(t, err, "/code: code", "the first is no longer good")
	}
	third, err := r.ResendCode(ctx, passerby, ticket.ID, ticket.Secret)
	require.NoError(t, err)
	_, err = r.ResendCode(ctx, passerby, ticket.ID, ticket.Secret)
	require.Equal(t, sharing.CodeTooMany, code(t, err))
	_, err = r.VerifyOpening(ctx, ticket.ID, ticket.Secret, " "+third.Code+" ")
	require.NoError(t, err)
	_, err = r.ResendCode(ctx, passerby, ticket.ID, ticket.Secret)
	require.Equal(t, sharing.CodeWrongState, code(t, err))

	// Five requests a day for one contact, in whatever spelling.
	for _, contact := range []string{"A@example.com", "a@EXAMPLE.com", "a@example.com", " a@example.com"} {
		_, err = r.AskOpening(ctx, desk.Visitor{Address: "198.51.100.1"}, plea(r, "shuozhou", onRequest, contact))
		require.NoError(t, err)
	}
	_, err = r.AskOpening(ctx, desk.Visitor{Address: "198.51.100.2"}, plea(r, "shuozhou", onRequest, "a@example.com"))
	var e *sharing.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, sharing.CodeTooMany, e.Code)
	require.Positive(t, e.RetryAfter)
	require.LessOrEqual(t, e.RetryAfter, 24*time.Hour)

	// Twenty codes an hour for one address, and refusals beyond it cost nothing.
	from := desk.Visitor{Address: "192.0.2.1"}
	sent, refused := 0, 0
	for i := range 25 {
		_, err = r.AskOpening(ctx, from, plea(r, "shuozhou", onRequest, string(rune('b'+i))+"x@example.com"))
		if err == nil {
			sent++
			continue
		}
		require.ErrorAs(t, err, &e)
		require.Equal(t, sharing.CodeTooMany, e.Code)
		require.LessOrEqual(t, e.RetryAfter, time.Hour)
		refused++
	}
	require.GreaterOrEqual(t, sent, 20) // more only when an hour began meanwhile
	require.Equal(t, 25, sent+refused)
	_, err = r.AskOpening(ctx, desk.Visitor{Address: "192.0.2.2"}, plea(r, "shuozhou", onRequest, "zz@example.com"))
	require.NoError(t, err, "others are not concerned")
}

// However many try at once, there are five tries, and one right one submits once.
func TestCodeRace(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	ticket, err := r.AskOpening(ctx, passerby, plea(r, "shuozhou", onRequest, "a@example.com"))
	require.NoError(t, err)
	var (
		wait sync.WaitGroup
		mu   sync.Mutex
		over int
		bad  int
	)
	for range 40 {
		wait.Go(func() {
			_, err := r.VerifyOpening(ctx, ticket.ID, ticket.Secret, notAMillion)
			mu.Lock()
			defer mu.Unlock()
			if err != nil && strings.Contains(err.Error(), "code_over") {
				over++
			} else if err != nil {
				bad++
			}
		})
	}
	wait.Wait()
	require.Equal(t, 5, bad)
	require.Equal(t, 35, over)

	ticket, err = r.AskOpening(ctx, passerby, plea(r, "shuozhou", onRequest, "b@example.com"))
	require.NoError(t, err)
	numbers := map[string]int{}
	for range 8 {
		wait.Go(func() {
			// Whoever comes while another is submitting is told so, and asks again.
			for range 50 {
				v, err := r.VerifyOpening(ctx, ticket.ID, ticket.Secret, ticket.Code)
				if err == nil {
					mu.Lock()
					defer mu.Unlock()
					numbers[v.Number]++
					return
				}
			}
		})
	}
	wait.Wait()
	require.Len(t, numbers, 1)
	for _, n := range numbers {
		require.Equal(t, 8, n)
	}
}

// Answer against withdrawal: exactly one wins.
func TestOpeningRaces(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	officerUser := r.User(officer)
	for round := range *rounds {
		ticket, err := r.AskOpening(ctx, desk.Visitor{Address: "round-" + time.Duration(round).String()}, plea(r, "shuozhou", onRequest, "r"+time.Duration(round).String()+"@example.com"))
		require.NoError(t, err)
		v, err := r.VerifyOpening(ctx, ticket.ID, ticket.Secret, ticket.Code)
		require.NoError(t, err)
		var (
			wait sync.WaitGroup
			errs [2]error
		)
		wait.Go(func() {
			_, errs[0] = take(t, r, openDecider, desk.Act{CaseID: v.ID, Expected: 1}, sharing.Screen, sharing.Ruling{Agree: true})
		})
		wait.Go(func() {
			_, errs[1] = r.WithdrawOpening(ctx, desk.Visitor{Address: "w" + time.Duration(round).String()}, v.Number, ticket.Secret, desk.Act{Expected: 1}, sharing.OptionalRemark{})
		})
		wait.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			require.Contains(t, []sharing.Code{sharing.CodeStale, sharing.CodeWrongState}, sharing.CodeOf(err), "round %d: %v", round, err)
		}
		require.Equal(t, 1, won, "round %d: %v", round, errs)
		if round%100 == 0 {
			c, err := r.Case(ctx, officerUser, v.ID)
			require.NoError(t, err)
			require.Equal(t, 2, c.Version)
		}
	}
}

// The code goes to the contact, by whatever delivers messages, and is kept no longer
// than that takes.
func TestTheCodeIsForgottenOnceDelivered(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	ticket, err := r.AskOpening(ctx, passerby, plea(r, "shuozhou", onRequest, "Data@example.com"))
	require.NoError(t, err)
	var got []postgres.Parcel
	deliver := func(_ context.Context, p postgres.Parcel) error { got = append(got, p); return nil }
	_, err = r.Store.Deliver(ctx, 10, deliver)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, sharing.ContactCode, got[0].Topic)
	require.Equal(t, "data@example.com", got[0].Data["to"])
	require.Equal(t, ticket.Code, got[0].Data["code"])
	var kept string
	require.NoError(t, openConnection(t, r).QueryRow(ctx, `SELECT string_agg(data::text, ',') FROM outbox WHERE topic = 'contact_code'`).Scan(&kept))
	require.Equal(t, "{}", kept)
	// Nor does the table of requests tell it, or who it was sent to once submitted.
	_, err = r.VerifyOpening(ctx, ticket.ID, ticket.Secret, ticket.Code)
	require.NoError(t, err)
	var content *string
	require.NoError(t, openConnection(t, r).QueryRow(ctx, `SELECT content::text FROM opening_requests`).Scan(&content))
	require.Nil(t, content)
}
