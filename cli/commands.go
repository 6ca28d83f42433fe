package cli

import (
	"time"
)

// version is set by the linker.
var version = "dev"

// commands are the program's commands and the flags that all of them have.
type commands struct {
	Chdir   string `short:"C" name:"chdir" placeholder:"DIR" help:"Work in DIR."`
	NoColor bool   `help:"No colour."`

	Validate   validateCmd   `cmd:"" help:"Load and check the files, offline."`
	Plan       planCmd       `cmd:"" help:"Show what differs between the files and the live API."`
	Apply      applyCmd      `cmd:"" help:"Make it so: plan, ask, do."`
	Destroy    destroyCmd    `cmd:"" help:"Delete all that the state owns."`
	Show       showCmd       `cmd:"" help:"Show a saved plan or a state."`
	Export     exportCmd     `cmd:"" help:"Write the live objects as configuration whose plan is empty."`
	Snapshot   snapshotCmd   `cmd:"" help:"Write the live objects to one file, to plan against without credentials."`
	Fmt        fmtCmd        `cmd:"" help:"Bring files into canonical form, comments kept."`
	Convert    convertCmd    `cmd:"" help:"Write files in the other spelling, without a loss."`
	Lint       lintCmd       `cmd:"" help:"Look for overlaps, shadowed rules, over-wide tokens, expiries."`
	State      stateCmd      `cmd:"" help:"What we own."`
	Undo       undoCmd       `cmd:"" help:"Take the last apply back: show the plan that does it, and ask."`
	Token      tokenCmd      `cmd:"" help:"Roll a token."`
	Graph      graphCmd      `cmd:"" help:"What depends on what."`
	Schema     schemaCmd     `cmd:"" help:"JSON Schema of the YAML, for editors."`
	Sim        simCmd        `cmd:"" help:"The built-in simulator as a server on loopback."`
	Completion completionCmd `cmd:"" help:"Shell completion."`
	Version    versionCmd    `cmd:"" help:"The version."`
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
	LockTimeout time.Duration `default:"0s" help:"How long to wait for another run's lock."`
}

// apiFlags are those of every command that talks to the API.
type apiFlags struct {
	Sim         bool          `help:"Use the built-in simulator, its content kept in .trueup/sim.json, instead of the API."`
	SimOption   []string      `placeholder:"NAME" help:"Turn a switch of the simulator on (see trueup sim --help)." hidden:""`
	SimFault    []string      `placeholder:"FAULT" sep:"none" help:"Make requests to the simulator go wrong." hidden:""`
	BaseURL     string        `placeholder:"URL" help:"Of the API (default: CLOUDFLARE_BASE_URL, else the public API)."`
	Parallelism int           `default:"10" help:"How many requests at once."`
	Timeout     time.Duration `default:"0s" help:"Of the whole run; 0 is none."`
}

// guardFlags are the explicit words that lift a refusal.
type guardFlags struct {
	AllowDeletes int      `placeholder:"N" help:"Allow up to N deletions where the limits would refuse the plan."`
	AllowLockout bool     `help:"Allow a plan that locks out this machine or the token in use."`
	OwnAddress   []string `placeholder:"ADDR" help:"Own addresses for the lock-out guard (default: TRUEUP_OWN_ADDRESS, else the audit log's)."`
	FailOn       []string `placeholder:"KIND" enum:"privilege-increase" help:"Refuse plans with: privilege-increase."`
	Target       []string `placeholder:"ADDR" sep:"none" help:"Only this resource and what it needs (repeatable)."`
}
