package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"trueup/cfclient"
	"trueup/diag"
	"trueup/loader"
	"trueup/schema"
	"trueup/sim"
	"trueup/state"
)

// app is what the commands share while one runs.
type app struct {
	IO
	color   bool
	format  string    // of the command; "" where it has none
	stream  bool      // with --format json it writes an object a line
	out     *tally    // what Out is
	status  *status   // what Err is
	said    diag.List // what was reported, printed or not
	heard   map[diag.Diagnostic]bool
	loaded  diag.List // the warnings about the files
	summed  bool      // the step summary has something of this run, or cannot be written
	graph   *schema.Graph
	sources *loader.Sources
	stop    chan struct{} // closed by the first Ctrl-C
	stopped atomic.Bool   // it is closed
	writing atomic.Bool   // requests that change something are sent
	closers []func() error
	overdue func() error                               // says that --timeout is over; nil: there is none
	clock   func() time.Time                           // nil: time.Now
	nap     func(context.Context, time.Duration) error // instead of a timer; may be nil
}

// now is the time that plans are made for: in UTC, to the second.
func (a *app) now() time.Time {
	clock := time.Now
	if a.clock != nil {
		clock = a.clock
	}
	return clock().UTC().Truncate(time.Second)
}

// watch turns an interrupt into an end. While requests that change something
// are sent, the first one is a wish to stop: what is in flight is finished.
func (a *app) watch(cancel context.CancelFunc) {
	a.stop = make(chan struct{})
	if a.Stop == nil {
		return
	}
	go func() {
		<-a.Stop
		a.stopped.Store(true)
		close(a.stop)
		if a.writing.Load() {
			a.say("Interrupted: finishing what is in flight. Interrupt again to stop at once.")
			<-a.Stop
		}
		cancel()
	}()
}

func (a *app) say(format string, args ...any) {
	fmt.Fprintf(a.Err, format+"\n", args...)
}

func (a *app) closeAll() {
	for i := len(a.closers) - 1; i >= 0; i-- {
		if err := a.closers[i](); err != nil {
			a.say("Error: %s", err)
		}
	}
}

// load reads the files. Its diagnostics are printed; on errors the error says
// only that.
func (a *app) load(ctx context.Context, f fileFlags) (*schema.Graph, error) {
	return a.accept(loader.Load(ctx, f.options(a)))
}

// accept takes what was loaded, with what is to be said about it.
func (a *app) accept(g *schema.Graph, sources *loader.Sources, ds diag.List) (*schema.Graph, error) {
	a.sources = sources
	a.diagnostics(ds)
	a.loaded = ds
	if ds.HasErrors() {
		return nil, exitCode(exitError)
	}
	a.graph = g
	return g, nil
}

// options are how the loader is to read the files.
func (f fileFlags) options(a *app) loader.Options {
	return loader.Options{Paths: f.Paths, Vars: f.Var, VarFiles: f.VarFile, Environ: a.Env}
}

// statePath: --state, the setting, .trueup/state.json beside the files.
func statePath(flag string, g *schema.Graph) string {
	switch {
	case flag != "":
		return flag
	case g != nil && g.Settings.StatePath != "":
		return g.Settings.StatePath
	case g != nil:
		return filepath.Join(g.Dir, ".trueup", "state.json")
	}
	return filepath.Join(".trueup", "state.json")
}

// ownState is the path of the state for the commands that take no PATH: that of
// the configuration which plan and apply take without one.
func (a *app) ownState(ctx context.Context, flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	g, err := loader.Home(ctx, fileFlags{}.options(a))
	return statePath("", g), err
}

// stray warns where the files have no state beside them, but one lies where
// they lay before: they became a directory, or were moved with it.
func (a *app) stray(flag string, g *schema.Graph, have *state.Snapshot) {
	if flag != "" || g == nil || g.Settings.StatePath != "" || have.Serial > 0 {
		return
	}
	above, old := filepath.Dir(filepath.Clean(g.Dir)), statePath("", nil)
	if g.Dir == "." || loader.Here(above) {
		return
	}
	if _, err := os.Stat(filepath.Join(above, old)); err != nil {
		return
	}
	a.diagnostics(diag.List{{
		Severity: diag.Warning, Code: "stray-state",
		Summary: fmt.Sprintf("%s is not the state of these files: that lies beside them, %s", filepath.Join(above, old), statePath("", g)),
		Detail:  "If the files were moved, move the directory .trueup too: without the state, what is taken out of the files is left alone.",
	}})
}

// openState makes the store; it is read by Load.
func (a *app) openState(flag string, g *schema.Graph) state.Store {
	return state.OpenFile(statePath(flag, g), state.FileOptions{Now: time.Now, Rand: rand.Reader})
}

// lock takes the state's lock for the rest of the command.
func (a *app) lock(ctx context.Context, st state.Store, f stateFlags, what string) error {
	host, _ := os.Hostname()
	who := state.Holder{Host: host, PID: os.Getpid(), What: what, When: time.Now()}
	if u, err := user.Current(); err == nil {
		who.Who = u.Username
	}
	unlock, err := lockWithin(ctx, time.Millisecond, st, who)
	if f.LockTimeout > 0 && errors.Is(err, state.ErrLocked) {
		var held *state.LockedError
		if errors.As(err, &held) {
			a.say("%s. Waiting for it up to %s.", held.Who(), f.LockTimeout)
		}
		unlock, err = lockWithin(ctx, f.LockTimeout, st, who)
	}
	if err != nil {
		return err
	}
	a.closers = append(a.closers, unlock)
	return nil
}

func lockWithin(ctx context.Context, d time.Duration, st state.Store, who state.Holder) (func() error, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return st.Lock(ctx, who)
}

// connect makes the client: to the simulator or to the API.
func (a *app) connect(f apiFlags, dir string) (*cfclient.Client, error) {
	if f.Parallelism < 1 {
		return nil, fmt.Errorf("--parallelism %d: at least one request is needed at once", f.Parallelism)
	}
	cfg := cfclient.Config{
		UserAgent: "trueup/" + version, Parallelism: f.Parallelism,
		Sleep: a.sleep, OnWait: a.onWait,
	}
	if f.Sim {
		if err := a.simulate(f, dir, &cfg); err != nil {
			return nil, err
		}
		return cfclient.New(cfg)
	}
	env := func(name string) string { v, _ := a.Env(name); return v }
	cfg.Token, cfg.Email, cfg.Key = env("CLOUDFLARE_API_TOKEN"), env("CLOUDFLARE_EMAIL"), env("CLOUDFLARE_API_KEY")
	cfg.BaseURL = f.BaseURL
	if cfg.BaseURL == "" {
		cfg.BaseURL = env("CLOUDFLARE_BASE_URL")
	}
	if cfg.Token == "" && (cfg.Email == "" || cfg.Key == "") {
		return nil, errors.New("no credential: set CLOUDFLARE_API_TOKEN, or CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY, or try --sim")
	}
	return cfclient.New(cfg)
}

// connectFor is connect for a state: one that knows objects of the live API is
// of no use to the simulator, nor the other way round, and would forget them
// all. have remembers from here on which it is.
func (a *app) connectFor(f apiFlags, dir string, have *state.Snapshot) (*cfclient.Client, error) {
	client, err := a.connect(f, dir)
	if err != nil {
		return nil, err
	}
	var world state.World // a server on this machine may stand for either
	switch {
	case f.Sim:
		world = state.Simulated
	case client.Public():
		world = state.Live
	}
	if world == "" || len(have.Entries)+len(have.Open) == 0 || have.World == "" || have.World == world {
		if world != "" {
			have.World = world
		}
		return client, nil
	}
	if f.Sim {
		return nil, errors.New("the state is of the live API, and --sim would forget what it owns: give the simulator a state of its own with --state FILE")
	}
	return nil, errors.New("the state is of the simulator: give the live API one of its own with --state FILE, or move this one away")
}

// simulate points the configuration at a simulator in this process.
func (a *app) simulate(f apiFlags, dir string, cfg *cfclient.Config) error {
	s, err := openSim(simFile(dir), sim.Options{}, f.SimOption, f.SimFault)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, s.Close)
	cfg.Token, cfg.Email, cfg.Key = s.Credentials()
	cfg.Transport = s.Transport()
	return nil
}

// output is stdout, or the file at path, written whole or not at all.
func (a *app) output(path string, write func(io.Writer) error) error {
	if path == "" {
		return write(a.Out)
	}
	return writeFile(path, write)
}

func sourceName(g *schema.Graph) string { return strings.Join(g.Paths, ", ") }
