package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script that completes commands, flags, the words that a flag or
// argument takes and, elsewhere, files. All of it comes from the same structs
// that kong parses.
func (c *completionCmd) Run(a *app, k *kong.Kong) error {
	w := words{after: map[string][]string{}, values: map[string][]string{}}
	w.collect(k.Model.Node, "")
	switch c.Shell {
	case "fish":
		w.fish(a.Out)
	case "zsh":
		fmt.Fprint(a.Out, "#compdef trueup\nautoload -U +X bashcompinit && bashcompinit\n")
		fallthrough
	default:
		w.bash(a.Out)
	}
	return nil
}

// words are what may follow on the command line.
type words struct {
	after  map[string][]string // a command, "" for none: commands, flags, words of its argument
	values map[string][]string // "command --flag": words of the flag
}

func (w words) collect(n *kong.Node, path string) {
	list := []string{}
	for _, c := range n.Children {
		if c.Type == kong.CommandNode && !c.Hidden {
			list = append(list, c.Name)
			w.collect(c, strings.TrimSpace(path+" "+c.Name))
		}
	}
	for _, p := range n.Positional {
		list = append(list, p.EnumSlice()...)
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			list = append(list, "--"+f.Name)
			if enum := slices.DeleteFunc(f.EnumSlice(), func(s string) bool { return s == "" }); len(enum) > 0 && path != "" {
				w.values[path+" --"+f.Name] = enum
			}
		}
	}
	slices.Sort(list)
	w.after[path] = slices.Compact(list)
}

func sortedKeys(m map[string][]string) []string { return slices.Sorted(maps.Keys(m)) }

func (w words) fish(out io.Writer) {
	for _, key := range sortedKeys(w.values) {
		path, flag, _ := strings.Cut(key, " --")
		fmt.Fprintf(out, "complete -c trueup -n %s -l %s -x -a %s\n", quoteShell(fishCondition(path)), flag, quoteShell(strings.Join(w.values[key], " ")))
	}
	for _, path := range sortedKeys(w.after) {
		fmt.Fprintf(out, "complete -c trueup -n %s -a %s\n", quoteShell(fishCondition(path)), quoteShell(strings.Join(w.after[path], " ")))
	}
}

func fishCondition(path string) string {
	if path == "" {
		return "__fish_use_subcommand"
	}
	parts := strings.Fields(path)
	for i, p := range parts {
		parts[i] = "__fish_seen_subcommand_from " + p
	}
	return strings.Join(parts, "; and ")
}

func quoteShell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// bash is a script for bash, and for zsh by way of its bashcompinit: it keeps to
// what both understand (in zsh, path is not free to use and slices of arrays
// are written otherwise).
func (w words) bash(out io.Writer) {
	fmt.Fprint(out, "_trueup() {\n  local cmd=\"\" words=\"\" i\n  for ((i = 1; i < COMP_CWORD; i++)); do\n    case \"${cmd:+$cmd }${COMP_WORDS[i]}\" in\n")
	for _, path := range sortedKeys(w.after) {
		if path != "" {
			fmt.Fprintf(out, "      %[1]s) cmd=%[1]s ;;\n", quoteShell(path))
		}
	}
	fmt.Fprint(out, "    esac\n  done\n  case \"$cmd ${COMP_WORDS[COMP_CWORD-1]}\" in\n")
	for _, key := range sortedKeys(w.values) {
		fmt.Fprintf(out, "    %s) words=%s ;;\n", quoteShell(key), quoteShell(strings.Join(w.values[key], " ")))
	}
	fmt.Fprint(out, "  esac\n  if [ -n \"$words\" ]; then\n    COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n    return\n  fi\n  case \"$cmd\" in\n")
	for _, path := range sortedKeys(w.after) {
		fmt.Fprintf(out, "    %s) words=%s ;;\n", quoteShell(path), quoteShell(strings.Join(w.after[path], " ")))
	}
	fmt.Fprint(out, "  esac\n  COMPREPLY=($(compgen -W \"$words\" -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o filenames -F _trueup trueup\n")
}
