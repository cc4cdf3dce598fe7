package dev

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// console talks to the person at the terminal, Chinese first.
type console struct {
	mu    sync.Mutex
	out   io.Writer
	begin time.Time
}

func newConsole(out io.Writer, begin time.Time) *console { return &console{out: out, begin: begin} }

// say prints one line with the time since the start.
func (c *console) say(format string, arguments ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A terminal that is gone is no reason to stop.
	_, _ = fmt.Fprintf(c.out, "[%6.1f s] %s\n", time.Since(c.begin).Seconds(), fmt.Sprintf(format, arguments...))
}

// Write prints lines of somebody else.
func (c *console) Write(text []byte) (int, error) {
	for line := range strings.Lines(string(text)) {
		c.say("%s", strings.TrimRight(line, "\n"))
	}
	return len(text), nil
}

// slow is when a wait is worth a word, and how often.
const slow = 4 * time.Second

// waiting says from time to time that something is waited for, until the returned function is called.
func (c *console) waiting(name, log string) func() {
	done := make(chan struct{})
	begin := time.Now()
	if log != "" {
		log = ", log: " + log
	}
	go func() {
		ticks := time.NewTicker(slow)
		defer ticks.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticks.C:
				c.say("仍在等待 %s · still waiting for %[1]s (%.0f s%s)", name, time.Since(begin).Seconds(), log)
			}
		}
	}()
	return func() { close(done) }
}

// banner tells how to use what runs; demo is what the loading of the demo data said.
func (c *console) banner(s State, demo string) {
	rule := strings.Repeat("─", 78)
	lines := []string{
		"",
		rule,
		fmt.Sprintf("公数 Gongshu 已就绪,用时 %.1f 秒 · ready after %.1f s", s.Ready.Sub(s.Started).Seconds(), s.Ready.Sub(s.Started).Seconds()),
		"",
		"  网址 Address        " + s.Address + "/",
		"  登录 Sign in        " + s.Address + "/signin",
		"                      选一个演示用户即可,无需密码 · pick a demo user, no password",
		"  令牌 API token      gongshu token --user NAME",
		"  接口文档 API docs   " + s.Address + "/docs/",
	}
	if s.TemporalUI != "" {
		lines = append(lines, "  流程界面 Temporal   "+s.TemporalUI)
	}
	lines = append(lines, "  数据目录 Data       "+s.Home)
	if data := s.Children["postgres"].Data; data != "" && !strings.HasPrefix(data, s.Home) {
		lines = append(lines, "  数据库 PostgreSQL   "+data)
	}
	lines = append(lines, "  日志 Logs           "+s.Home+"/log/")
	if demo = strings.TrimSpace(demo); demo != "" {
		lines = append(lines, "")
		for line := range strings.Lines(demo) {
			lines = append(lines, "  "+strings.TrimRight(line, "\n"))
		}
	}
	lines = append(lines, "", "Ctrl-C 停止全部 · stops everything", rule, "")
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.out, strings.Join(lines, "\n")+"\n")
}
