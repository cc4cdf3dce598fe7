package localpg_test

import (
	_ "github.com/stretchr/testify/require"
	_ "gongshu/cmd/gongshu/dev"
	_ "gongshu/localpg"
	_ "net/http/httptest"
)
