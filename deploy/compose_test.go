package deploy

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"gongshu/localpg"
)

type composeFile struct {
	Services map[string]service `yaml:"services"`
	Volumes  map[string]any     `yaml:"volumes"`
}

type service struct {
	Image       string            `yaml:"image"`
	Build       *build            `yaml:"build"`
	Entrypoint  []string          `yaml:"entrypoint"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Volumes     []string          `yaml:"volumes"`
	Ports       []string          `yaml:"ports"`
	Profiles    []string          `yaml:"profiles"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
	Healthcheck *struct {
		Test []string `yaml:"test"`
	} `yaml:"healthcheck"`
	Deploy struct {
		Replicas int `yaml:"replicas"`
	} `yaml:"deploy"`
}

type build struct {
	Context    string `yaml:"context"`
	Dockerfile string `yaml:"dockerfile"`
}

func text(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

func compose(t *testing.T) composeFile {
	t.Helper()
	var c composeFile
	require.NoError(t, yaml.Unmarshal([]byte(text(t, "../docker-compose.yml")), &c))
	return c
}

func TestServicesStartInOrder(t *testing.T) {
	c := compose(t)
	for name, want := range map[string]map[string]string{
		"postgres":           {},
		"temporal-schema":    {"postgres": "service_healthy"},
		"temporal":           {"temporal-schema": "service_completed_successfully"},
		"temporal-namespace": {"temporal": "service_healthy"},
		"migrate":            {"postgres": "service_healthy", "temporal-namespace": "service_completed_successfully"},
		"demo":               {"migrate": "service_completed_successfully"},
		"worker":             {"migrate": "service_completed_successfully", "temporal": "service_healthy"},
		"api":                {"migrate": "service_completed_successfully", "temporal": "service_healthy"},
	} {
		s, ok := c.Services[name]
		require.True(t, ok, name)
		got := make(map[string]string)
		for on, d := range s.DependsOn {
			got[on] = d.Condition
			if d.Condition == "service_healthy" {
				require.NotNil(t, c.Services[on].Healthcheck, "%s waits for the health of %s", name, on)
			}
		}
		require.Equal(t, want, got, name)
	}
	require.Len(t, c.Services, 8, "a service this test does not know")
}

func TestSeveralOfEachWithHealth(t *testing.T) {
	c := compose(t)
	for name, port := range map[string]string{"api": "8080", "worker": "8081"} {
		s := c.Services[name]
		require.GreaterOrEqual(t, s.Deploy.Replicas, 2, name)
		require.Equal(t, []string{"CMD", "healthy", port, "/readyz"}, s.Healthcheck.Test, name)
	}
	require.True(t, strings.HasSuffix(c.Services["api"].Environment["GONGSHU_LISTEN"], ":8080"))
	require.True(t, strings.HasSuffix(c.Services["worker"].Environment["GONGSHU_WORKER_LISTEN"], ":8081"))
}

// TestNoPasswordIsWrittenDown looks at every value that holds or is a secret: it comes from the environment, and
// without a value compose refuses to start.
func TestNoPasswordIsWrittenDown(t *testing.T) {
	required := regexp.MustCompile(`^\$\{[A-Z_]+:\?[^}]+\}$`)
	urlPassword := regexp.MustCompile(`://[^:/]+:(.*)@`)
	secret := regexp.MustCompile(`PASSWORD|PWD|SECRET|TOKEN`)
	var seen int
	for name, s := range compose(t).Services {
		for key, value := range s.Environment {
			if m := urlPassword.FindStringSubmatch(value); m != nil {
				require.Regexp(t, required, m[1], "%s.%s", name, key)
				seen++
			} else if secret.MatchString(key) {
				require.Regexp(t, required, value, "%s.%s", name, key)
				seen++
			}
		}
	}
	require.GreaterOrEqual(t, seen, 10)
	for line := range strings.Lines(text(t, "../.env.example")) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && secret.MatchString(key) && !strings.HasPrefix(key, "#") {
			require.Empty(t, value, key)
		}
	}
}

func TestEveryVariableIsInTheExample(t *testing.T) {
	example := text(t, "../.env.example")
	for _, m := range regexp.MustCompile(`\$\{([A-Z_]+):\?`).FindAllStringSubmatch(text(t, "../docker-compose.yml"), -1) {
		require.Contains(t, example, "\n"+m[1]+"=", "a password to set")
	}
}

func TestOwnerAndApplicationAreApart(t *testing.T) {
	c := compose(t)
	for _, name := range []string{"api", "worker"} {
		require.NotContains(t, c.Services[name].Environment, "GONGSHU_OWNER_DATABASE_URL", name)
		require.Contains(t, c.Services[name].Environment["GONGSHU_DATABASE_URL"], "//gongshu_app:", name)
	}
	require.Contains(t, c.Services["migrate"].Environment["GONGSHU_OWNER_DATABASE_URL"], "//gongshu:")
	for _, port := range c.Services["api"].Ports {
		require.True(t, strings.HasPrefix(port, "127.0.0.1:"), "plain HTTP stays on this machine: %s", port)
	}
	require.Empty(t, c.Services["postgres"].Ports)
	require.Empty(t, c.Services["temporal"].Ports)
}

// TestNobodySignsInWithoutAToken: the demo's sign-in list is for one machine, and the API, which listens for others here,
// would not even start with it.
func TestNobodySignsInWithoutAToken(t *testing.T) {
	for name, s := range compose(t).Services {
		require.NotContains(t, s.Environment, "GONGSHU_DEMO", name)
		require.NotContains(t, s.Command, "--demo", name)
	}
	require.NotContains(t, text(t, "../.env.example"), "DEMO")
}

// TestCommandsOfTheCommentsExist runs the program as the comments of docker-compose.yml say, against a service that has
// what the command needs.
func TestCommandsOfTheCommentsExist(t *testing.T) {
	c := compose(t)
	program := built(t)
	help := func(args ...string) {
		t.Helper()
		out, err := exec.Command(program, append(args, "--help")...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "gongshu "+strings.Join(args, " "))
	}
	run := regexp.MustCompile(`(?m)^# +docker compose (?:--profile (\S+) )?(run|exec)((?: -\S+)*) (\S+)(.*)$`)
	lines := run.FindAllStringSubmatch(text(t, "../docker-compose.yml"), -1)
	require.Len(t, lines, 3)
	for _, m := range lines {
		profile, how, name, args := m[1], m[2], m[4], strings.Fields(strings.Split(m[5], "<")[0])
		s, ok := c.Services[name]
		require.True(t, ok, name)
		require.Equal(t, profile != "", len(s.Profiles) > 0, name)
		if how == "exec" { // the program is named in full, and on the PATH of the image
			require.Equal(t, "gongshu", args[0])
			args = args[1:]
		}
		var words []string
		for _, a := range args {
			if strings.HasPrefix(a, "-") {
				break
			}
			words = append(words, a)
		}
		if len(words) == 0 {
			words = s.Command
		}
		help(words...)
		if words[0] == "people" {
			require.Contains(t, s.Environment, "GONGSHU_OWNER_DATABASE_URL", name)
		}
	}
}

func TestMountedFilesExist(t *testing.T) {
	c := compose(t)
	for name, s := range c.Services {
		for _, v := range s.Volumes {
			source, rest, ok := strings.Cut(v, ":")
			require.True(t, ok, v)
			if !strings.HasPrefix(source, "./") {
				require.Contains(t, c.Volumes, source, name)
				continue
			}
			require.True(t, strings.HasSuffix(rest, ":ro"), "%s: %s", name, v)
			require.FileExists(t, filepath.Join("..", source), name)
		}
		// A script that is a command is one that is mounted.
		if len(s.Entrypoint) == 1 && s.Entrypoint[0] == "/bin/sh" {
			require.Contains(t, strings.Join(s.Volumes, " "), ":"+s.Command[0]+":ro", name)
		}
		require.NotContains(t, s.Image, ":latest", name)
		require.Contains(t, s.Image, ":", "%s: the image's version is pinned", name)
	}
}

// TestEveryCommandExists builds the program as the image does and asks it for each subcommand the services run.
func TestEveryCommandExists(t *testing.T) {
	program := built(t)
	var asked int
	for name, s := range compose(t).Services {
		if !strings.HasPrefix(s.Image, "gongshu:") {
			continue
		}
		out, err := exec.Command(program, append(s.Command[:len(s.Command):len(s.Command)], "--help")...).CombinedOutput()
		require.NoError(t, err, "%s: %s", name, out)
		require.Contains(t, string(out), "gongshu "+strings.Join(s.Command, " "), "%s: help of another command", name)
		asked++
	}
	require.Equal(t, 4, asked)
}

// built returns the program, built as the image does.
func built(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "gongshu")
	cmd := exec.Command("go", "build", "-o", program, "./cmd/gongshu")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

func TestDockerfile(t *testing.T) {
	file := text(t, "Dockerfile")
	module := text(t, "../go.mod")
	version := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(module)
	require.NotNil(t, version)
	require.Contains(t, file, "FROM golang:"+version[1]+"-", "the toolchain go.mod asks for")
	var last string
	for line := range strings.Lines(file) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "USER":
			last = fields[1]
		case "FROM":
			last = ""
		case "COPY":
			if strings.HasPrefix(fields[1], "--from") {
				continue
			}
			for _, source := range fields[1 : len(fields)-1] {
				if !strings.HasPrefix(source, "--") {
					_, err := os.Stat(filepath.Join("..", source))
					require.NoError(t, err)
				}
			}
		}
	}
	require.Regexp(t, `^[1-9]\d*(:[1-9]\d*)?$`, last, "the image does not run as root")
	for _, ignored := range []string{".git", ".gongshu", ".env"} {
		require.Contains(t, strings.Fields(text(t, "Dockerfile.dockerignore")), ignored)
	}
}

// TestPostgresInit runs the script on a real server, with passwords that would break out of careless quoting.
func TestPostgresInit(t *testing.T) {
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("psql is not installed")
	}
	dir, err := os.MkdirTemp("/tmp", "gongshu-deploy-*")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o755))
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	server, err := localpg.Start(t.Context(), localpg.Options{Dir: filepath.Join(dir, "pg"), Ephemeral: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	// An empty server, as the image has it.
	require.NoError(t, server.Exec(t.Context(), "postgres", "DROP DATABASE gongshu"))
	require.NoError(t, server.Exec(t.Context(), "postgres", "DROP ROLE gongshu; DROP ROLE gongshu_app"))

	superuser, err := pgx.ParseConfig(server.URL("postgres"))
	require.NoError(t, err)
	passwords := map[string]string{"gongshu": "owner'\"; --", "gongshu_app": `app\'$(id)`, "temporal": "tem poral"}
	cmd := exec.Command("/bin/sh", "postgres-init.sh")
	cmd.Env = append(os.Environ(), "PGHOST=127.0.0.1", "PGPORT="+strconv.Itoa(server.Port()), "PGPASSWORD="+superuser.Password,
		"GONGSHU_OWNER_PASSWORD="+passwords["gongshu"], "GONGSHU_APP_PASSWORD="+passwords["gongshu_app"],
		"TEMPORAL_DATABASE_PASSWORD="+passwords["temporal"])
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)

	may := func(role, database string) bool {
		config := superuser.Copy()
		config.User, config.Password, config.Database = role, passwords[role], database
		conn, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			require.ErrorContains(t, err, "permission denied", "%s on %s", role, database)
			return false
		}
		require.NoError(t, conn.Close(t.Context()))
		return true
	}
	for _, c := range []struct {
		role, database string
		may            bool
	}{
		{"gongshu", "gongshu", true},
		{"gongshu_app", "gongshu", true},
		{"temporal", "gongshu", false},
		{"temporal", "temporal", true},
		{"temporal", "temporal_visibility", true},
		{"gongshu", "temporal", false},
		{"gongshu_app", "temporal_visibility", false},
	} {
		require.Equal(t, c.may, may(c.role, c.database), "%s on %s", c.role, c.database)
	}
}

func TestHealthyScript(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("bash is not installed")
	}
	var ready atomic.Bool
	ready.Store(true)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ready.Load() || r.URL.Path != "/readyz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	require.NoError(t, err)
	healthy := func() error { return exec.Command("bash", "healthy.sh", port, "/readyz").Run() }
	require.NoError(t, healthy())
	ready.Store(false)
	require.Error(t, healthy())
	s.Close()
	require.Error(t, healthy())
}
