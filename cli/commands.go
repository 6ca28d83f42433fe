package cli

import (
	"slices"
	"time"
)

// version is set by the linker.
var version = "dev"

// globalFlags are those of all commands.
type globalFlags struct {
	Chdir   string `short:"C" name:"chdir" placeholder:"DIR" help:"Work in DIR."`
	NoColor bool   `help:"No colour."`
}

// command is one of the program's commands.
type command struct {
	name, help string
	run        any // points to a struct of its flags, which has a method Run
}

func commands() []command {
	return []command{
		{"validate", "Load and check the files, offline.", &validateCmd{}},
		{"plan", "Show what differs between the files and the live API.", &planCmd{}},
		{"apply", "Make it so: plan, ask, do.", &applyCmd{}},
		{"destroy", "Delete all that the state owns.", &destroyCmd{}},
		{"show", "Show a saved plan or a state.", &showCmd{}},
		{"export", "Write the live objects as configuration whose plan is empty.", &exportCmd{}},
		{"snapshot", "Write the live objects to one file, to plan against without credentials.", &snapshotCmd{}},
		{"fmt", "Bring files into canonical form, comments kept.", &fmtCmd{}},
		{"convert", "Write files in the other spelling, without a loss.", &convertCmd{}},
		{"lint", "Look for overlaps, shadowed rules, over-wide tokens, expiries.", &lintCmd{}},
		{"state", "List, show, forget or move what the state owns.", &stateCmd{}},
		{"undo", "Take the last apply back: show the plan that does it, and ask.", &undoCmd{}},
		{"token", "Give a token a new secret.", &tokenCmd{}},
		{"graph", "Show what depends on what.", &graphCmd{}},
		{"schema", "Print the JSON Schema of the YAML, for editors.", &schemaCmd{}},
		{"sim", "Run the built-in simulator as a server on loopback.", &simCmd{}},
		{"completion", "Print the completion for a shell.", &completionCmd{}},
		{"version", "Print the version, as does --version.", &versionCmd{}},
	}
}

// likely are the commands that may be meant: the one that the first argument
// names, if it names one, else all. It takes kong longer to learn all of them
// than a small run takes. Completion is about all of them.
func likely(all []command, args []string) []command {
	i := slices.IndexFunc(all, func(c command) bool { return len(args) > 0 && c.name == args[0] })
	if i < 0 || all[i].name == "completion" {
		return all
	}
	return all[i : i+1]
}

// fileFlags are those of every command that loads files.
type fileFlags struct {
	Paths   []string `arg:"" optional:"" name:"path" help:"Files or directories; trueup.yaml, trueup.yml, trueup.hcl or trueup/ where none is given."`
	Var     []string `placeholder:"NAME=VALUE" sep:"none" help:"Set a variable (repeatable)."`
	VarFile []string `placeholder:"FILE" sep:"none" help:"Variables from a YAML, JSON or HCL file (repeatable)."`
}

// stateFlags are those of every command that opens the state.
type stateFlags struct {
	State       string        `placeholder:"FILE" help:"The state file (default .trueup/state.json beside the files)."`
	LockTimeout time.Duration `default:"0s" help:"How long to wait for another run's lock, such as 5m."`
}

// apiFlags are those of every command that talks to the API.
type apiFlags struct {
	Sim         bool          `help:"Use the built-in simulator, its content kept in .trueup/sim.json, instead of the API."`
	SimOption   []string      `placeholder:"NAME" help:"With --sim: turn a doubtful behaviour of the API on; trueup sim --help lists them (repeatable)."`
	SimFault    []string      `placeholder:"FAULT" sep:"none" help:"With --sim: make requests go wrong, such as 503@pools/*#1-3; see trueup sim --help (repeatable)."`
	BaseURL     string        `placeholder:"URL" help:"The address of the API (default: CLOUDFLARE_BASE_URL, else the public API)."`
	Parallelism int           `default:"10" help:"How many requests at once."`
	Timeout     time.Duration `default:"0s" help:"End the run after this time, such as 10m; 0 is never."`
}

// guardFlags are the explicit words that lift a refusal.
type guardFlags struct {
	AllowDeletes int      `placeholder:"N" help:"Allow up to N deletions where the limits would refuse the plan."`
	AllowLockout bool     `help:"Allow a plan that locks out this machine or the token in use."`
	OwnAddress   []string `placeholder:"ADDR" help:"The addresses of this machine, which no rule may block (default: TRUEUP_OWN_ADDRESS, else the audit log's)."`
	FailOn       []string `placeholder:"KIND" enum:"privilege-increase" help:"Refuse a plan in which a token gains rights: privilege-increase."`
	Target       []string `placeholder:"ADDR" sep:"none" help:"Only this resource and what it needs (repeatable)."`
}
