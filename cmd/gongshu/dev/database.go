package dev

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"gongshu/localpg"
)

// temporalRole owns the databases of the Temporal server.
const temporalRole = "temporal"

// database keeps the private PostgreSQL running, on the port it got first: others hold its URL.
type database struct {
	server  *localpg.Server // the first; its URLs stay valid
	options localpg.Options
	console *console
	state   *stateFile
	cancel  context.CancelFunc
	ended   chan struct{}
	stopErr error // read after ended
}

func startDatabase(ctx context.Context, r *run) (*database, error) {
	log := logPath(r.Home, "postgres")
	done := r.console.waiting("PostgreSQL", log)
	defer done()
	d := &database{
		options: localpg.Options{Dir: filepath.Join(r.Home, "postgres"), LogFile: log, Log: r.console},
		console: r.console,
		state:   r.state,
		ended:   make(chan struct{}),
	}
	server, err := localpg.Start(ctx, d.options)
	if err != nil {
		return nil, err
	}
	d.server, d.options.Port = server, server.Port()
	err = server.CreateLogin(ctx, temporalRole, true)
	if err == nil {
		err = d.note(server, 0)
	}
	watched, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	go d.watch(watched, server)
	if err != nil {
		return d, err
	}
	r.console.say("PostgreSQL %s 已就绪 · ready (127.0.0.1:%d)", server.Version(), server.Port())
	return d, nil
}

// temporalURL is what the Temporal server connects with.
func (d *database) temporalURL() (string, error) { return d.server.LoginURL(temporalRole, "postgres") }

func (d *database) note(server *localpg.Server, restarts int) error {
	return d.state.update(func(s *State) {
		s.SuperuserURL = server.URL("postgres")
		s.Children["postgres"] = Child{
			PID: server.PID(), Address: fmt.Sprintf("127.0.0.1:%d", server.Port()), Program: "postgres",
			Log: d.options.LogFile, Restarts: restarts, Started: time.Now(), Data: server.Dir(),
		}
	})
}

// watch starts the server again when it dies.
func (d *database) watch(ctx context.Context, server *localpg.Server) {
	defer close(d.ended)
	pause := firstPause
	for restarts := 1; ; {
		began := time.Now()
		select {
		case <-ctx.Done():
			d.stopErr = server.Stop(context.WithoutCancel(ctx))
			return
		case <-server.Done():
		}
		if time.Since(began) > stayedUp {
			pause = firstPause
		}
		for again := (*localpg.Server)(nil); again == nil; {
			d.console.say("PostgreSQL 意外退出,%v 后重启 · PostgreSQL ended unexpectedly, restarting in %[1]v, log: %s", pause, d.options.LogFile)
			select {
			case <-ctx.Done():
				return
			case <-time.After(pause):
			}
			pause = min(2*pause, lastPause)
			var err error
			if again, err = localpg.Start(ctx, d.options); err != nil {
				if ctx.Err() != nil {
					return
				}
				d.console.say("%v", err)
				continue
			}
			if again.Port() != d.options.Port {
				d.console.say("端口 %d 被别的程序占用 · port %[1]d was taken meanwhile", d.options.Port)
				if err := again.Stop(ctx); err != nil {
					d.console.say("%v", err)
				}
				again = nil
				continue
			}
			server = again
		}
		if err := d.note(server, restarts); err != nil {
			d.console.say("%v", err)
		}
		restarts++
		d.console.say("PostgreSQL 已恢复 · PostgreSQL is back (pid %d)", server.PID())
	}
}

func (d *database) stop() error {
	done := d.console.waiting("PostgreSQL", d.options.LogFile)
	defer done()
	d.cancel()
	<-d.ended
	return d.stopErr
}
