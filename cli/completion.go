package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script that completes commands, flags and, elsewhere, files.
// The words come from the same structs that kong parses.
func (c *completionCmd) Run(a *app, k *kong.Kong) error {
	words := map[string][]string{}
	collect(k.Model.Node, "", words)
	paths := make([]string, 0, len(words))
	for p := range words {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	switch c.Shell {
	case "fish":
		for _, p := range paths {
			fmt.Fprintf(a.Out, "complete -c trueup -n %s -a %s\n", quoteShell(fishCondition(p)), quoteShell(strings.Join(words[p], " ")))
		}
	case "zsh":
		fmt.Fprint(a.Out, "#compdef trueup\nautoload -U +X bashcompinit && bashcompinit\n")
		fallthrough
	default:
		a.bash(paths, words)
	}
	return nil
}

// collect gathers the words that may follow each command path.
func collect(n *kong.Node, path string, words map[string][]string) {
	list := []string{}
	for _, c := range n.Children {
		if c.Type == kong.CommandNode && !c.Hidden {
			list = append(list, c.Name)
			collect(c, strings.TrimSpace(path+" "+c.Name), words)
		}
	}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			list = append(list, "--"+f.Name)
		}
	}
	slices.Sort(list)
	words[path] = slices.Compact(list)
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

func (a *app) bash(paths []string, words map[string][]string) {
	fmt.Fprint(a.Out, "_trueup() {\n  local path=\"\" w\n  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"${path:+$path }$w\" in\n")
	for _, p := range paths {
		if p != "" {
			fmt.Fprintf(a.Out, "      %s) path=%s ;;\n", quoteShell(p), quoteShell(p))
		}
	}
	fmt.Fprint(a.Out, "    esac\n  done\n  local words=\"\"\n  case \"$path\" in\n")
	for _, p := range paths {
		fmt.Fprintf(a.Out, "    %s) words=%s ;;\n", quoteShell(p), quoteShell(strings.Join(words[p], " ")))
	}
	fmt.Fprint(a.Out, "  esac\n  COMPREPLY=($(compgen -W \"$words\" -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o filenames -F _trueup trueup\n")
}
