// Package cli is the program: commands, flags, exit codes and the wiring of
// the rooms. It is the only user of the process's arguments, environment and
// streams. It decides nothing about a plan; main.go calls Main.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"
)

// Exit codes. There are no others: the reason is in the JSON as
// trueup.outcome.
const (
	exitDone    = 0
	exitError   = 1
	exitChanges = 2 // plan with --detailed-exitcode
)

// IO is the process as the commands see it.
type IO struct {
	Args     []string
	Env      func(string) (string, bool)
	In       io.Reader
	Out, Err io.Writer
	InTTY    bool
	OutTTY   bool
	ErrTTY   bool
	Stop     <-chan os.Signal // Ctrl-C: the first finishes what is in flight, the second ends
}

// Process is the IO of this process. Since it lives for a moment, garbage is
// collected half as often as it would be: a tenth of the time for a twentieth
// more memory (docs/performance.md).
func Process() IO {
	if _, set := os.LookupEnv("GOGC"); !set {
		debug.SetGCPercent(200)
	}
	stop := make(chan os.Signal, 2)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	return IO{
		Args: os.Args[1:], Env: os.LookupEnv,
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		InTTY: tty(os.Stdin), OutTTY: tty(os.Stdout), ErrTTY: tty(os.Stderr),
		Stop: stop,
	}
}

func tty(f *os.File) bool { return isatty.IsTerminal(f.Fd()) || isatty.IsCygwinTerminal(f.Fd()) }

// exitCode is an error that has been reported already.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// about is what trueup --help says before the commands.
const about = `Keeps a Cloudflare user, account or zone true to files in git.

To try it, without an account: any command with --sim. To start from what is live: trueup export --out trueup.yaml, then trueup plan.

Credentials come from the environment: CLOUDFLARE_API_TOKEN; for invitations, CLOUDFLARE_EMAIL with CLOUDFLARE_API_KEY. Exit codes: 0 done; 1 error, refused, or failed in part; 2 changes, with --detailed-exitcode.`

// asked puts what other tools have for help and the version into our words.
func asked(args []string) []string {
	switch {
	case len(args) > 0 && args[0] == "help":
		return append(slices.Clone(args[1:]), "--help")
	case len(args) == 1 && args[0] == "--version":
		return []string{"version"}
	}
	return args
}

// elsewhere is what stands in the place of commands that other tools of this
// kind have.
var elsewhere = map[string]string{
	"init":    "There is nothing to set up: write trueup.yaml, or have it written: trueup export --out trueup.yaml.",
	"import":  "What is there already is adopted by apply once the files list it: trueup export --missing shows what they lack.",
	"refresh": "Each plan reads what is live: trueup plan.",
	"diff":    "Here that is trueup plan.",
	"preview": "Here that is trueup plan.",
	"push":    "Here that is trueup apply.",
	"sync":    "Here that is trueup apply.",
	"dump":    "Here that is trueup export.",
}

// helping says where the command line is explained that was not understood.
func helping(args []string) string {
	if len(args) > 0 && elsewhere[args[0]] != "" {
		return elsewhere[args[0]]
	}
	if all := commands(); len(likely(all, args)) < len(all) {
		return fmt.Sprintf("Run `trueup %s --help` for its flags.", args[0])
	}
	return "Run `trueup --help` for the commands and their flags."
}

// Main runs the program and gives its exit code.
func Main(p IO) int {
	if len(p.Args) == 0 {
		p.Args, p.Out, p.OutTTY = []string{"--help"}, p.Err, p.ErrTTY
		Main(p)
		return exitError
	}
	p.Args = asked(p.Args)
	flags := &globalFlags{}
	app, code := &app{IO: p}, -1
	options := []kong.Option{
		kong.Name("trueup"),
		kong.Description(about),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Writers(p.Out, p.Err),
		kong.Exit(func(n int) { code = n; panic(exitCode(n)) }),
		kong.Vars{"version": version, "switches": switches(), "actions": actions()},
	}
	for _, c := range likely(commands(), p.Args) {
		options = append(options, kong.DynamicCommand(c.name, c.help, "", c.run))
	}
	parser, err := kong.New(flags, options...)
	if err != nil {
		fmt.Fprintln(p.Err, "trueup:", err)
		return exitError
	}
	return guard(&code, func() int { return app.run(parser, flags) })
}

// guard turns kong's way to end early (after --help) into an exit code.
func guard(code *int, run func() int) (n int) {
	defer func() {
		if r := recover(); r != nil {
			if _, ours := r.(exitCode); !ours {
				panic(r)
			}
			n = min(*code, exitError)
		}
	}()
	return run()
}

func (a *app) run(parser *kong.Kong, flags *globalFlags) int {
	a.status = newStatus(a.IO, time.Now)
	a.closers = append(a.closers, a.status.close)
	a.Err = a.status
	a.out = &tally{w: a.Out, before: a.status.hide}
	a.Out = a.out
	k, err := parser.Parse(a.Args)
	if err != nil {
		a.format = formatIn(a.Args)
		code := a.report(err)
		var pe *kong.ParseError
		if errors.As(err, &pe) {
			a.say("%s", helping(a.Args))
		}
		return code
	}
	a.format = formatOf(k)
	if flags.Chdir != "" {
		if err := os.Chdir(flags.Chdir); err != nil {
			return a.report(fmt.Errorf("-C: %w", err))
		}
	}
	a.color = colored(a.IO, flags.NoColor)
	a.status.color = a.color
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a.watch(cancel)
	defer a.closeAll()
	k.BindTo(ctx, (*context.Context)(nil))
	return a.report(k.Run(a, parser))
}

// colored: a terminal that knows colours, unless NO_COLOR or --no-color;
// FORCE_COLOR without one.
func colored(p IO, no bool) bool {
	set := func(name string) bool { v, ok := p.Env(name); return ok && v != "" }
	switch {
	case no || set("NO_COLOR"):
		return false
	case set("FORCE_COLOR"):
		return true
	}
	term, _ := p.Env("TERM")
	return p.OutTTY && term != "dumb"
}
