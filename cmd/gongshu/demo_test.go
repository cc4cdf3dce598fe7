package main

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"gongshu/demo"
	"gongshu/desk/desktest"
	"gongshu/policies/regulations"
	"gongshu/regulation"
	"gongshu/sharing"
	"gongshu/workday"
)

func TestTheDemoIntroducesItsPeople(t *testing.T) {
	world, err := demo.Load()
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, introduce(&out, world))
	require.Contains(t, out.String(), "shuozhou-gongan-approver")
	require.Contains(t, out.String(), "共 187 名用户、5 个地区", "as many as the first page says: nobody signs in as a gateway")
}

// The demo can be loaded at any time: on the days that its stories were written
// for, twice, and when the regulation of a region has ended.
func TestTheDemoPlays(t *testing.T) {
	files := fstest.MapFS{}
	entries, err := fs.ReadDir(regulations.Files, ".")
	require.NoError(t, err)
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".yaml") {
			continue
		}
		text, err := fs.ReadFile(regulations.Files, e.Name())
		require.NoError(t, err)
		files[e.Name()] = &fstest.MapFile{Data: bytes.ReplaceAll(text, []byte("until: 2026-11-30"), []byte("until: 2026-10-30"))}
	}
	ended, err := regulation.Load(files)
	require.NoError(t, err)
	for name, law := range map[string]*regulation.Library{"as shipped": regulation.Shipped(), "one has ended": ended} {
		t.Run(name, func(t *testing.T) {
			r := desktest.NewUnder(t, law, workday.ShippedCalendar())
			for range 2 {
				cases := map[string]string{}
				for _, story := range r.World.Stories {
					cases[story.ID], err = play(t.Context(), r.Desk, r.Store, r.World, story)
					require.NoError(t, err, story.ID)
				}
				for _, matter := range r.World.Matters {
					cases[matter.ID], err = playMatter(t.Context(), r.Desk, r.World, matter, cases)
					require.NoError(t, err, matter.ID)
				}
			}
			filed, err := r.Applications(t.Context(), r.User("jinan-startup-authority-officer"), sharing.Submitted, "", 0)
			require.NoError(t, err)
			stories := 0
			for _, s := range r.World.Stories {
				if s.RegionID == "jinan-startup" && (s.Received.Paper() || name == "one has ended") {
					stories++
				}
			}
			require.Equal(t, stories, filed.Total)
			_, err = r.Store.VerifyTrail(t.Context())
			require.NoError(t, err)
		})
	}
}
