// Command bench measures a no-op plan against a floor, as whole processes over
// loopback: `make bench`. The floor fetches the same pages, decodes the same
// JSON and parses the same YAML, and does nothing else; both are run in turn on
// the same machine, so that their ratio can be compared where their times
// cannot.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"
)

// runs of each. What else the machine does only adds to a time, so the least
// is reported; of memory, the most.
const runs = 9

func main() {
	switch {
	case len(os.Args) == 3 && os.Args[1] == "serve":
		n, err := strconv.Atoi(os.Args[2])
		must(err)
		must(serve(n))
	case len(os.Args) == 4 && os.Args[1] == "floor":
		must(floor(os.Args[2], os.Args[3]))
	default:
		must(startUp())
		fmt.Println("\n| rules | trueup wall | floor wall | ratio | trueup CPU | floor CPU | ratio | trueup memory | floor memory | ratio |")
		fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
		for _, n := range []int{10, 1000, 10000, 100000} {
			must(plan(n))
		}
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// figures are the best of several runs.
type figures struct {
	wall, cpu time.Duration
	memory    int64 // peak, bytes
}

// command is something that is run again and again.
type command struct {
	env  []string
	argv []string
	figures
}

// inTurn runs each of the commands, then each of them again.
func inTurn(commands ...*command) error {
	for range runs {
		for _, c := range commands {
			if err := c.run(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *command) run() error {
	cmd := exec.Command(c.argv[0], c.argv[1:]...)
	cmd.Env = c.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", c.argv, err, stderr.String())
	}
	wall, cpu := time.Since(start), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	if c.wall == 0 || wall < c.wall {
		c.wall = wall
	}
	if c.cpu == 0 || cpu < c.cpu {
		c.cpu = cpu
	}
	c.memory = max(c.memory, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss<<10)
	return nil
}

// startUp measures small commands against a program that does nothing.
func startUp() error {
	dir, err := os.MkdirTemp("", "trueup-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, _ := rules(10)
	if err := os.WriteFile(filepath.Join(dir, "trueup.yaml"), []byte(file), 0o600); err != nil {
		return err
	}
	nothing := filepath.Join(dir, "nothing")
	if err := os.WriteFile(nothing+".go", []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", "-o", nothing, nothing+".go").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	commands := []*command{
		{argv: []string{nothing}},
		{argv: []string{"bin/trueup", "version"}},
		{argv: []string{"bin/trueup", "validate", "-C", dir}},
	}
	if err := inTurn(commands...); err != nil {
		return err
	}
	fmt.Println("| command | wall | CPU | memory |")
	fmt.Println("| --- | --- | --- | --- |")
	for i, name := range []string{"a Go program that does nothing", "`trueup version`", "`trueup validate`, 10 rules"} {
		c := commands[i]
		fmt.Printf("| %s | %s | %s | %d MiB |\n", name, short(c.wall), short(c.cpu), c.memory>>20)
	}
	return nil
}

// short has two digits or three, which is all that is true of a time.
func short(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= 100*time.Millisecond:
		return d.Round(time.Millisecond)
	}
	return d.Round(100 * time.Microsecond)
}

// rules are n access rules as a file, and as the API has them.
func rules(n int) (file string, live []map[string]any) {
	var doc strings.Builder
	doc.WriteString("access_rules:\n")
	for i := range n {
		value := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
		fmt.Fprintf(&doc, "  r%d:\n    mode: block\n    value: %s\n    notes: rule %d\n", i, value, i)
		live = append(live, map[string]any{
			"mode": "block", "notes": fmt.Sprintf("rule %d", i),
			"configuration": map[string]any{"target": "ip", "value": value},
		})
	}
	return doc.String(), live
}

// plan plans n rules that are all there already. The API is another process:
// the peak that the system gives for a child is at least the size of this one.
func plan(n int) error {
	dir, err := os.MkdirTemp("", "trueup-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	doc, _ := rules(n)
	file := filepath.Join(dir, "trueup.yaml")
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	api := exec.Command(self, "serve", strconv.Itoa(n))
	stdin, err := api.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := api.StdoutPipe()
	if err != nil {
		return err
	}
	if err := api.Start(); err != nil {
		return err
	}
	defer api.Wait() //nolint:errcheck // it has nothing to say
	defer stdin.Close()
	var base, token string
	if _, err := fmt.Fscan(stdout, &base, &token); err != nil {
		return err
	}
	env := append(os.Environ(), "CLOUDFLARE_API_TOKEN="+token, "CLOUDFLARE_BASE_URL="+base)
	ours := &command{env: env, argv: []string{"bin/trueup", "plan", "--detailed-exitcode", "-C", dir}}
	least := &command{env: env, argv: []string{self, "floor", file, base}}
	if err := inTurn(ours, least); err != nil {
		return err
	}
	fmt.Printf("| %d | %s | %s | %.2f | %s | %s | %.2f | %d MiB | %d MiB | %.2f |\n", n,
		short(ours.wall), short(least.wall), float64(ours.wall)/float64(least.wall),
		short(ours.cpu), short(least.cpu), float64(ours.cpu)/float64(least.cpu),
		ours.memory>>20, least.memory>>20, float64(ours.memory)/float64(least.memory))
	return nil
}

// floor is the least that a plan must do.
func floor(file, base string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return err
	}
	type rule struct {
		ID            string `json:"id"`
		Mode          string `json:"mode"`
		Notes         string `json:"notes"`
		Configuration struct {
			Target string `json:"target"`
			Value  string `json:"value"`
		} `json:"configuration"`
	}
	var all []rule
	for page := 1; ; page++ {
		req, err := http.NewRequest("GET", base+"/user/firewall/access_rules/rules?per_page=1000&order=configuration.value&page="+strconv.Itoa(page), nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+os.Getenv("CLOUDFLARE_API_TOKEN"))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		var body struct {
			Result []rule `json:"result"`
			Info   struct {
				Total int `json:"total_count"`
			} `json:"result_info"`
		}
		err = json.NewDecoder(resp.Body).Decode(&body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		all = append(all, body.Result...)
		if len(all) >= body.Info.Total || len(body.Result) == 0 {
			fmt.Println(len(all), len(doc.Content))
			return nil
		}
	}
}
