package state_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"trueup/state"
	"trueup/state/storetest"
)

func TestFileSuite(t *testing.T) {
	dirs := map[string]string{} // by subtest: all its stores are of one directory
	storetest.Run(t, func(t *testing.T) state.Store {
		if dirs[t.Name()] == "" {
			dirs[t.Name()] = t.TempDir()
		}
		return state.OpenFile(filepath.Join(dirs[t.Name()], "new", "state.json"), state.FileOptions{Rand: rand.Reader})
	})
}

const lockPath = "TRUEUP_TEST_LOCK" // the state that the helper process locks

// TestLockHelper is no test: it is the process that TestLockOfProcess kills.
func TestLockHelper(t *testing.T) {
	path := os.Getenv(lockPath)
	if path == "" {
		t.Skip("only as a process of its own")
	}
	st := state.OpenFile(path, state.FileOptions{Rand: rand.Reader})
	if _, err := st.Lock(context.Background(), state.Holder{Who: "helper", Host: "here", PID: os.Getpid(), When: time.Now()}); err != nil {
		t.Fatal(err)
	}
	fmt.Println("locked")
	time.Sleep(time.Minute)
}

// TestLockOfProcess: another process that holds the lock is named, and its lock
// ends when it is killed.
func TestLockOfProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	helper := exec.Command(os.Args[0], "-test.run=^TestLockHelper$")
	helper.Env = append(os.Environ(), lockPath+"="+path)
	out, err := helper.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := helper.Start(); err != nil {
		t.Fatal(err)
	}
	defer helper.Process.Kill()
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != "locked"; {
	}
	st := state.OpenFile(path, state.FileOptions{Rand: rand.Reader})
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	_, err = st.Lock(ctx, state.Holder{})
	if !errors.Is(err, state.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("helper on here (process %d)", helper.Process.Pid)) {
		t.Fatalf("%v", err)
	}
	helper.Process.Kill()
	helper.Wait()
	unlock, err := st.Lock(ctx, state.Holder{})
	if err != nil {
		t.Fatal(err)
	}
	if err := unlock(); err != nil {
		t.Error(err)
	}
}
