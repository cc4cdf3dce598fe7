package desk

import (
	_ "github.com/labstack/echo/v4"
	_ "gongshu/postgres"
	_ "io"
)
