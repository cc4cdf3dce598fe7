package workflows

import (
	_ "github.com/jackc/pgx/v5/pgxpool"
	_ "go.temporal.io/sdk/workflow"
	_ "go.temporal.io/server/temporal"
	_ "gongshu/activities"
	_ "net/http"
)
