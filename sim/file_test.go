package sim

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func reopen(t *testing.T, path string, o Options) *tester {
	t.Helper()
	c := newClock()
	o.Clock = c.Now
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	token, _, _ := s.Credentials()
	return &tester{t, s, c, bearer(token)}
}

// crash leaves the files as they are, as a killed process would.
func crash(t *tester) {
	t.Helper()
	if err := errors.Join(t.s.file.log.Close(), t.s.file.lock.Unlock()); err != nil {
		t.Fatal(err)
	}
}

// fill makes some of everything and gives the value of a token.
func fill(t *tester) string {
	t.Helper()
	m := id(t.ok("POST", monitorsPath, `{"expected_codes":"200","description":"m"}`))
	t.ok("POST", poolsPath, pool(`"name":"web","monitor":"`+m+`"`))
	r := id(t.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", "")))
	t.ok("POST", rulesPath, rule("ip", "192.0.2.2", "block", ""))
	t.ok("DELETE", rulesPath+"/"+r, "{}")
	d := t.ok("POST", tokensPath, token("", policy("API Tokens Read")))
	secret := text(t.do("PUT", tokensPath+"/"+id(d)+"/value", "{}").doc["result"])
	key := t.byKey()
	key.ok("PATCH", invitesPath+"/"+id(key.list(invitesPath)[0]), `{"status":"accepted"}`)
	return secret
}

func TestFileKeepsEverything(t *testing.T) {
	for _, end := range []string{"closed", "killed"} {
		t.Run(end, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "dir", "sim.json")
			tt := reopen(t, path, Options{})
			secret := fill(tt)
			before, audit := tt.s.Dump(), tt.do("GET", "/user/audit_logs", "").body
			if end == "killed" {
				crash(tt)
			} else if err := tt.s.Close(); err != nil {
				t.Fatal(err)
			}
			again := reopen(t, path, Options{})
			if after := again.s.Dump(); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
			if again.do("GET", "/user/audit_logs", "").body != audit {
				t.Error("the audit log differs")
			}
			again.as(secret).ok("GET", tokensPath, "")
			again.refused("POST", rulesPath, rule("ip", "192.0.2.2", "block", ""), 400, 10009, "")
		})
	}
}

// Secrets are kept as hashes, files are private.
func TestFileHasNoSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.json")
	tt := reopen(t, path, Options{})
	secret := fill(tt)
	token, _, key := tt.s.Credentials()
	for _, name := range []string{path, path + ".log"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{secret, token, key} {
			if bytes.Contains(raw, []byte(s)) {
				t.Errorf("%s has a secret", name)
			}
		}
		if info, _ := os.Stat(name); info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v", name, info.Mode())
		}
	}
}

// The last line of the log may be cut off anywhere: everything before it is
// there.
func TestFileLogCutOff(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sim.json")
	tt := reopen(t, path, Options{})
	tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", ""))
	whole, _ := os.ReadFile(path + ".log")
	tt.ok("POST", rulesPath, rule("ip", "192.0.2.2", "block", ""))
	log, _ := os.ReadFile(path + ".log")
	snapshot, _ := os.ReadFile(path)
	crash(tt)
	for cut := len(whole); cut < len(log); cut += 37 {
		os.WriteFile(path, snapshot, 0o600)
		os.WriteFile(path+".log", log[:cut], 0o600)
		again := reopen(t, path, Options{})
		if n := len(again.list(rulesPath)); n != 1 {
			t.Fatalf("cut at %d: %d rules", cut, n)
		}
		again.ok("POST", rulesPath, rule("ip", "192.0.2.2", "block", ""))
		crash(again)
		third := reopen(t, path, Options{})
		if n := len(third.list(rulesPath)); n != 2 {
			t.Fatalf("cut at %d, written again: %d rules", cut, n)
		}
		third.s.Close()
	}
}

// A log that is older than its snapshot does no harm.
func TestFileOldLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.json")
	tt := reopen(t, path, Options{})
	d := tt.ok("POST", rulesPath, rule("ip", "192.0.2.1", "block", ""))
	tt.ok("PATCH", rulesPath+"/"+id(d), `{"mode":"challenge"}`)
	log, _ := os.ReadFile(path + ".log")
	tt.s.Close()
	first, _, _ := bytes.Cut(log, []byte("\n"))
	os.WriteFile(path+".log", append(first, '\n'), 0o600)
	tt.want(reopen(t, path, Options{}).list(rulesPath)[0], map[string]string{"mode": `"challenge"`})
}

func TestFileDamaged(t *testing.T) {
	for name, content := range map[string]string{
		"no JSON": "hello\n", "other format": `{"format":"else"}` + "\n", "empty": "", "cut off": `{"format":"trueup-sim/1","sa`,
		"no collection": `{"format":"trueup-sim/1","salt":"eA==","n":0}` + "\n" + `{"changes":[{"in":"user nothing","id":"x"}],"n":0}` + "\n",
		"no scope":      `{"format":"trueup-sim/1","salt":"eA==","n":0}` + "\n" + `{"changes":[{"in":"planet:x tokens","id":"x"}],"n":0}` + "\n",
	} {
		path := filepath.Join(t.TempDir(), "sim.json")
		os.WriteFile(path, []byte(content), 0o600)
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if raw, _ := os.ReadFile(path); string(raw) != content {
			t.Errorf("%s: the file was changed", name)
		}
	}
}

func TestFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.json")
	tt := reopen(t, path, Options{})
	if _, err := Open(path, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("%v", err)
	}
	tt.s.Close()
	reopen(t, path, Options{})
	if g := tt.do("GET", rulesPath, ""); g.status != 500 {
		t.Errorf("closed, and answers %d", g.status)
	}
}

// What one write costs doesn't grow with the content.
func TestFileLogGrowsByOneLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.json")
	tt := reopen(t, path, Options{})
	size := func() int64 { info, _ := os.Stat(path + ".log"); return info.Size() }
	var grew []int64
	for i := range 50 {
		before := size()
		tt.ok("POST", rulesPath, rule("asn", fmt.Sprint("AS", 100+i), "block", ""))
		grew = append(grew, size()-before)
	}
	if first, last := grew[0], grew[49]; last > first+8 {
		t.Errorf("the first write took %d bytes, the last %d", first, last)
	}
}

// The same stream of randomness over the same file gives other ids.
func TestFileIDsDiffer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sim.json")
	seen := map[string]bool{}
	for i := range 3 {
		tt := reopen(t, path, Options{Rand: bytes.NewReader(make([]byte, 1<<16))})
		x := id(tt.ok("POST", rulesPath, rule("asn", "AS"+string(rune('1'+i)), "block", "")))
		if seen[x] {
			t.Fatal("an id twice")
		}
		seen[x] = true
		tt.s.Close()
	}
}
