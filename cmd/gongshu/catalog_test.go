package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/desk/desktest"
)

// A publisher that is a department of the region under its own id stays it.
func TestCatalogImportKnowsDepartments(t *testing.T) {
	r := desktest.New(t)
	ctx := t.Context()
	before, err := r.Store.Departments(ctx, "shuozhou")
	require.NoError(t, err)
	entry := func(id, publisher string) string {
		return `{"@type":"dcat:Dataset","identifier":"` + id + `","title":"` + id + `","description":"说明","publisher":{"@type":"org:Organization","name":"` + publisher + `"},
			"accessLevel":"public","keyword":["x"],"modified":"2026-01-01","contactPoint":{"@type":"vcard:Contact","fn":"x","hasEmail":"mailto:x@example.com"}}`
	}
	file := filepath.Join(t.TempDir(), "c.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"conformsTo":"https://project-open-data.cio.gov/v1.1/schema","dataset":[`+
		strings.Join([]string{entry("a", "朔州市公安局"), entry("b", "Shuozhou Public Security Bureau"), entry("c", "朔州市新设局")}, ",")+`]}`), 0o600))
	var out bytes.Buffer
	root := rootCommand()
	root.SetArgs([]string{"catalog", "import", "--owner-database-url", r.Database.OwnerURL, "--region", "shuozhou", file})
	root.SetOut(&out)
	require.NoError(t, root.ExecuteContext(ctx), out.String())
	require.Contains(t, out.String(), "3 added", out.String())
	after, err := r.Store.Departments(ctx, "shuozhou")
	require.NoError(t, err)
	require.Len(t, after, len(before)+1)
	require.Subset(t, after, before)
}
