package desk_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"gongshu/desk"
	"gongshu/desk/desktest"
	"gongshu/policies"
	"gongshu/postgres"
	"gongshu/sharing"
)

// said is all that a reply says, as text.
func said(t *testing.T, reply any) string {
	t.Helper()
	b, err := json.Marshal(reply)
	require.NoError(t, err)
	return string(b)
}

// A data item above the reader's grade is absent from every entry, in whatever way
// one comes to it; all others are there.
func TestFieldsAboveOnesGradeAreAbsent(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	marks := r.Mark("shuozhou")
	shown, hidden := 0, 0
	for _, u := range r.World.Users {
		if u.Region.ID != "shuozhou" {
			continue
		}
		who := r.User(u.ID)
		listed := map[string]string{}
		for cursor := ""; ; {
			page, err := r.Catalog(ctx, who, desk.CatalogQuery{Cursor: cursor, Limit: 100})
			require.NoError(t, err)
			for _, e := range page.Items {
				listed[e.ID] = said(t, e)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		for _, m := range marks {
			e, err := r.Desk.Resource(ctx, who, m.Entry.ID)
			if err != nil {
				require.Equal(t, sharing.CodeNotFound, code(t, err))
				require.Empty(t, listed[m.Entry.ID])
				continue
			}
			versions, err := r.Versions(ctx, who, m.Entry.ID)
			require.NoError(t, err)
			for way, reply := range map[string]string{"the entry": said(t, e), "the list": listed[m.Entry.ID], "the versions": said(t, versions)} {
				require.Equal(t, !m.HiddenFrom(u), m.In(reply), "%s (%v) and %s of %s in %s", u.ID, u.Roles, m.Field.Name, m.Entry.Provider.ID, way)
			}
			if m.HiddenFrom(u) {
				hidden++
			} else {
				shown++
			}
		}
	}
	require.Greater(t, shown, 500)
	require.Greater(t, hidden, 100)
}

// markOf returns the mark of an entry of a grade.
func markOf(marks []desktest.Mark, code string, grade sharing.Grade) desktest.Mark {
	return marks[slices.IndexFunc(marks, func(m desktest.Mark) bool { return m.Entry.Code == code && m.Field.Grade == grade })]
}

// Asking for a data item that one does not see is asking for one that does not
// exist; asking for the whole asks for what one sees.
func TestAskingForAHiddenFieldIsAskingForNone(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	marks := r.Mark("shuozhou")
	who := r.User("shuozhou-minzheng-requester")
	hidden, seen := markOf(marks, "SZ-GA-001", 4), markOf(marks, "SZ-GA-001", 3)

	asking := func(name string) error {
		draft := r.Request("shuozhou", "SZ-GA-001")
		draft.Items[0].Fields = []string{name}
		_, err := r.SaveDraft(ctx, who, "", "", 0, draft)
		return err
	}
	require.NoError(t, asking(seen.Field.Name))
	require.Equal(t, sharing.CodeInvalid, code(t, asking("no_such_field")))
	require.Equal(t, said(t, asking("no_such_field")), said(t, asking(hidden.Field.Name)))

	submitted := r.Apply(who.ID, r.Request("shuozhou", "SZ-GA-001"), nil)
	c, err := r.Case(ctx, who, submitted.Cases[0].CaseID)
	require.NoError(t, err)
	require.Contains(t, c.Fields, seen.Field.Name)
	require.NotContains(t, c.Fields, hidden.Field.Name)
	require.False(t, hidden.In(said(t, c)))

	// An item that becomes hidden after the draft was written is gone from it.
	draft := r.Request("shuozhou", "SZ-GA-001")
	draft.Items[0].Fields = []string{seen.Field.Name}
	a, err := r.SaveDraft(ctx, who, "", "", 0, draft)
	require.NoError(t, err)
	raised := seen.Entry
	raised.Fields = slices.Clone(raised.Fields)
	for i := range raised.Fields {
		if raised.Fields[i].Name == seen.Field.Name {
			raised.Fields[i].Grade = 4
		}
	}
	r.Put(raised)
	_, err = r.Submit(ctx, who, "", a.ID, a.Version, nil)
	require.Equal(t, sharing.CodeInvalid, code(t, err))

	// Nor can it be doubted.
	open := markOf(marks, "SZ-GA-004", 4)
	doubting := func(name string) error {
		report, err := json.Marshal(sharing.DisputeReport{Resource: open.Entry.ID, RecordKey: "1", Fields: []string{name}, Wrong: "错", Evidence: "证件"})
		require.NoError(t, err)
		_, err = r.Open(ctx, who, "", sharing.CorrectionDispute, report)
		return err
	}
	strange := doubting("no_such_field")
	require.Equal(t, sharing.CodeInvalid, code(t, strange))
	require.Equal(t, len(said(t, strange)), len(said(t, doubting(open.Field.Name)))-len(open.Field.Name)+len("no_such_field"))
}

// Who holds a data item under a grant sees it, whatever its grade has become; nobody
// else of the other departments does.
func TestWhatIsGrantedIsSeen(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	marks := r.Mark("shuozhou")
	m := markOf(marks, "SZ-GA-004", 3) // shared with all: granted at once
	r.Apply("shuozhou-minzheng-requester", r.Request("shuozhou", "SZ-GA-004"), nil)
	raised := m.Entry
	raised.Fields = slices.Clone(raised.Fields)
	for i := range raised.Fields {
		if raised.Fields[i].Name == m.Field.Name {
			raised.Fields[i].Grade = 4
		}
	}
	r.Put(raised)
	for user, sees := range map[string]bool{
		"shuozhou-minzheng-requester": true, "shuozhou-gongan-approver": true, "shuozhou-authority-officer": true,
		"shuozhou-shichang-requester": false, "shuozhou-finance-officer": false,
	} {
		e, err := r.Desk.Resource(ctx, r.User(user), m.Entry.ID)
		require.NoError(t, err)
		require.Equal(t, sees, e.HasField(m.Field.Name), user)
		require.Equal(t, sees && user != "shuozhou-minzheng-requester", e.HasField(markOf(marks, "SZ-GA-004", 4).Field.Name), "%s and what was not granted", user)
	}
}

// A proposal is told of entries with the same datum by what its author sees of them,
// and not by what is hidden.
func TestSameDatumKnowsNothingHidden(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	marks := r.Mark("shuozhou")
	who := r.User("shuozhou-minzheng-specialist")
	for grade, entries := range map[sharing.Grade]int{3: 1, 4: 0} {
		found, err := r.SameDatum(ctx, who, []string{markOf(marks, "SZ-GA-001", grade).Field.Title})
		require.NoError(t, err)
		require.Len(t, found, entries, "grade %d", grade)
	}
}

// Two worlds that differ in what a reader does not see give the same replies.
func TestTwoWorldsOfHiddenFields(t *testing.T) {
	replies := func(word string) map[string]string {
		r := desktest.New(t)
		ctx := t.Context()
		for _, entry := range r.World.Resources { // what is hidden differs in number, name and order
			if entry.RegionID != "shuozhou" || entry.Provider.ID == "shuozhou-minzheng" {
				continue
			}
			secret := sharing.Field{Name: word, Title: word + "机密", Type: "string", Grade: 4}
			entry.Fields = append([]sharing.Field{secret}, entry.Fields...)
			for i := range len(word) {
				entry.Fields = append(entry.Fields, sharing.Field{Name: fmt.Sprint(word, i), Title: word, Type: "date", Grade: 4})
			}
			r.Put(entry)
		}
		who := r.User("shuozhou-minzheng-requester")
		all := map[string]string{}
		same := func(e sharing.Resource) sharing.Resource {
			e.UpdatedAt = time.Time{}
			return e
		}
		for _, q := range []desk.CatalogQuery{{Limit: 100}, {Text: "alpha", Limit: 100}, {Text: "机密", Limit: 100}, {Class: sharing.Conditional, Limit: 3}} {
			page, err := r.Catalog(ctx, who, q)
			require.NoError(t, err)
			for i := range page.Items {
				page.Items[i] = same(page.Items[i])
			}
			all[fmt.Sprintf("list %+v", q)] = said(t, page)
		}
		for _, entry := range r.World.Resources {
			e, err := r.Desk.Resource(ctx, who, entry.ID)
			all["entry "+entry.Code+entry.RegionID] = said(t, same(e)) + fmt.Sprint(sharing.CodeOf(err))
			versions, err := r.Versions(ctx, who, entry.ID)
			for i := range versions {
				versions[i].UpdatedAt, versions[i].ReplacedAt = time.Time{}, nil
			}
			all["versions "+entry.Code+entry.RegionID] = said(t, versions) + fmt.Sprint(sharing.CodeOf(err))
		}
		found, err := r.SameDatum(ctx, who, []string{"alpha机密", "alpha", "bet"})
		require.NoError(t, err)
		all["same datum"] = said(t, found)
		for _, name := range []string{"alpha", "bet"} {
			draft := r.Request("shuozhou", "SZ-GA-001")
			draft.Items[0].Fields = []string{name}
			_, err := r.SaveDraft(ctx, who, "", "", 0, draft)
			all["asking for "+name] = said(t, err)
		}
		open, err := r.OpenCatalog(ctx, desk.OpenQuery{Limit: 100})
		require.NoError(t, err)
		for i := range open.Items {
			open.Items[i].UpdatedAt = time.Time{}
		}
		all["open"] = said(t, open)
		return all
	}
	one, other := replies("alpha"), replies("bet")
	require.Greater(t, len(one), 50)
	for way := range one {
		require.Equal(t, one[way], other[way], way)
	}
}

// An entry that was taken out of the catalog is gone for all but its department, the
// authority and the office above it; its past goes with it.
func TestWithdrawnEntriesByState(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	entry := r.Resource("shuozhou", "SZ-GA-001")
	require.NoError(t, r.Owner.InTx(ctx, func(tx *postgres.Tx) error {
		old, err := tx.LockResource(ctx, entry.ID)
		if err != nil {
			return err
		}
		withdrawn := old
		withdrawn.Withdrawn = true
		return tx.ReplaceResource(ctx, old, withdrawn)
	}))
	for user, sees := range map[string]bool{
		"shuozhou-gongan-requester": true, "shuozhou-authority-officer": true, "shuozhou-supervisor-officer": true,
		"shuozhou-minzheng-requester": false, "shuozhou-finance-officer": false, "shuozhou-authority-operator": false, "shuozhou-shenji-auditor": false,
	} {
		_, err := r.Desk.Resource(ctx, r.User(user), entry.ID)
		require.Equal(t, sees, err == nil, user)
		_, err = r.Versions(ctx, r.User(user), entry.ID)
		require.Equal(t, sees, err == nil, "%s and its versions", user)
		page, err := r.Catalog(ctx, r.User(user), desk.CatalogQuery{Text: entry.Code})
		require.NoError(t, err)
		require.Empty(t, page.Items, "%s finds it in the catalog", user)
	}
}

// What the public sees is the policy's to say: a region that opens less is asked, in
// lists, by id and field by field.
func TestThePolicySaysWhatIsOpen(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	before, err := r.OpenCatalog(ctx, desk.OpenQuery{Region: "shuozhou", Limit: 100})
	require.NoError(t, err)
	other, err := r.OpenCatalog(ctx, desk.OpenQuery{Region: "city", Limit: 100})
	require.NoError(t, err)
	narrower, err := policies.Shipped().With("shuozhou", []byte("# version: 1\n\n# Less is opened.\n# basis: house rule\n"+
		"p, citizen, public, open_entry, conditional, 1, 3, read, deny\np, citizen, public, open_field, *, 2, 4, read, deny\n"))
	require.NoError(t, err)
	require.NoError(t, r.Policy.Swap(narrower))
	after, err := r.OpenCatalog(ctx, desk.OpenQuery{Region: "shuozhou", Limit: 100})
	require.NoError(t, err)
	direct := 0
	for _, e := range before.Items {
		_, err := r.OpenEntry(ctx, e.ID)
		if e.Class == sharing.Open {
			direct++
			require.NoError(t, err)
			continue
		}
		require.Equal(t, sharing.CodeNotFound, code(t, err))
	}
	require.Equal(t, direct, after.Total)
	require.Less(t, after.Total, before.Total)
	for _, e := range after.Items {
		for _, f := range e.Fields {
			entry := r.World.Resources[slices.IndexFunc(r.World.Resources, func(x sharing.Resource) bool { return x.ID == e.ID })]
			require.Equal(t, sharing.LowestGrade, entry.Fields[slices.IndexFunc(entry.Fields, func(x sharing.Field) bool { return x.Name == f.Name })].Grade)
		}
	}
	again, err := r.OpenCatalog(ctx, desk.OpenQuery{Region: "city", Limit: 100})
	require.NoError(t, err)
	require.Equal(t, other.Total, again.Total, "another region opens what it opened")
}

// No region's rules show the highest grade to other departments, and an entry that
// nobody opened for a reader leaves for nowhere.
func TestFieldLeaksAreCaught(t *testing.T) {
	r := desktest.New(t)
	marks := r.Mark("shuozhou")
	_, err := policies.Shipped().With("shuozhou", []byte("# version: 1\n\n# A leak.\n# basis: house rule\np, staff, peer, field, conditional, 4, 4, read, allow\n"))
	require.ErrorContains(t, err, "the highest grade")
	sealed, err := r.Store.ResourcesByID(t.Context(), sharing.Scopes{policies.Shipped().Scope(r.User("shuozhou-minzheng-requester").Subject(), sharing.KindResource, sharing.Read)},
		[]string{marks[0].Entry.ID})
	require.NoError(t, err)
	_, err = json.Marshal(sealed)
	require.ErrorContains(t, err, "is sealed")
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", sealed, sealed, sealed), marks[0].Field.Name)
}
