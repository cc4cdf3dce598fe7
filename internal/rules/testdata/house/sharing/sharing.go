package sharing

import (
	_ "gongshu/workday"
	_ "net/url"
	_ "os/exec"
	_ "time"
)
