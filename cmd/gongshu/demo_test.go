package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"gongshu/demo"
)

func TestTheDemoIntroducesItsPeople(t *testing.T) {
	world, err := demo.Load()
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, introduce(&out, world))
	require.Contains(t, out.String(), "shuozhou-gongan-approver")
}
