// Command bench measures a no-op plan against a floor, as whole processes over
// loopback: `make bench`. The floor fetches the same pages, decodes the same
// JSON and parses the same YAML, and does nothing else; both are run on the
// same machine in the same minute, so that their ratio can be compared where
// their times cannot.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"gopkg.in/yaml.v3"

	"trueup/schema"
	"trueup/sim"
)

const runs = 5 // of each; the median is reported

func main() {
	if len(os.Args) == 4 && os.Args[1] == "floor" {
		must(floor(os.Args[2], os.Args[3]))
		return
	}
	fmt.Println("| rules | trueup wall | floor wall | ratio | trueup CPU | floor CPU | trueup memory | floor memory | ratio | requests |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, n := range []int{10, 1000, 10000, 100000} {
		must(measure(n))
	}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure plans n rules that are all there already.
func measure(n int) error {
	dir, err := os.MkdirTemp("", "trueup-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := sim.New(sim.Options{RateLimit: sim.RateLimit{Requests: -1}})
	var doc strings.Builder
	doc.WriteString("access_rules:\n")
	for i := range n {
		value := fmt.Sprintf("10.%d.%d.%d", i>>16&255, i>>8&255, i&255)
		fmt.Fprintf(&doc, "  r%d:\n    mode: block\n    value: %s\n    notes: rule %d\n", i, value, i)
		_, err := s.Put(schema.UserScope, "access_rule", map[string]any{
			"mode": "block", "notes": fmt.Sprintf("rule %d", i),
			"configuration": map[string]any{"target": "ip", "value": value},
		})
		if err != nil {
			return err
		}
	}
	file := filepath.Join(dir, "trueup.yaml")
	if err := os.WriteFile(file, []byte(doc.String()), 0o600); err != nil {
		return err
	}
	server := httptest.NewServer(s)
	defer server.Close()
	token, _, _ := s.Credentials()
	env := append(os.Environ(), "CLOUDFLARE_API_TOKEN="+token, "CLOUDFLARE_BASE_URL="+server.URL+"/client/v4")
	self, err := os.Executable()
	if err != nil {
		return err
	}
	before := len(s.Requests())
	ours, err := median(env, "bin/trueup", "plan", "--detailed-exitcode", "-C", dir)
	if err != nil {
		return err
	}
	requests := (len(s.Requests()) - before) / runs
	least, err := median(env, self, "floor", file, server.URL+"/client/v4")
	if err != nil {
		return err
	}
	fmt.Printf("| %d | %s | %s | %.2f | %s | %s | %d MiB | %d MiB | %.2f | %d |\n", n,
		ours.wall.Round(time.Millisecond), least.wall.Round(time.Millisecond), float64(ours.wall)/float64(least.wall),
		ours.cpu.Round(time.Millisecond), least.cpu.Round(time.Millisecond),
		ours.memory>>20, least.memory>>20, float64(ours.memory)/float64(least.memory), requests)
	return nil
}

type figures struct {
	wall, cpu time.Duration
	memory    int64 // peak, bytes
}

func median(env []string, name string, args ...string) (figures, error) {
	var all []figures
	for range runs {
		cmd := exec.Command(name, args...)
		cmd.Env = env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		start := time.Now()
		if err := cmd.Run(); err != nil {
			return figures{}, fmt.Errorf("%s: %w: %s", name, err, stderr.String())
		}
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		all = append(all, figures{time.Since(start), cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss << 10})
	}
	slices.SortFunc(all, func(a, b figures) int { return int(a.wall - b.wall) })
	return all[runs/2], nil
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
