package cli

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// TestCrashAtEveryWrite: the process is killed before every system call that
// changes a file of its own: the journal, the state, its backup, the lock, a
// secret. It runs under this process's eyes (ptrace), so that nothing in the
// program knows of it.
func TestCrashAtEveryWrite(t *testing.T) {
	for _, story := range crashStories {
		t.Run(story.name, func(t *testing.T) {
			moments := 0
			dump := crashUndisturbed(t, story, &killer{}, tracedAlone(t, &moments))
			crashEach(t, moments, 1, func(t *testing.T, n int) {
				s := crashSite(t, story)
				cmd, said := s.program(s.serve(&killer{}))
				_, err := traced(cmd, nil, func(moment int, _ syscallInfo) syscall.Errno {
					if moment == n {
						_ = cmd.Process.Kill()
					}
					return 0
				})
				s.crashed(story, dump, fmt.Sprintf("%v\n%s", err, said))
			})
		})
	}
}

// TestDurable: what a loss of power could take back is on the disk before it is
// relied on: the journal before each write that it tells of is sent, a new file
// before it takes the name of an old one, and all names at the end.
func TestDurable(t *testing.T) {
	for _, story := range crashStories {
		t.Run(story.name, func(t *testing.T) {
			s := crashSite(t, story)
			var mu sync.Mutex
			pending := map[string]bool{} // files, and directories in which something has a new name
			demand := func(when string) {
				mu.Lock()
				defer mu.Unlock()
				if len(pending) > 0 {
					t.Errorf("%s, not on the disk: %v", when, slices.Sorted(maps.Keys(pending)))
				}
			}
			var args []string
			if story.before == "" {
				args = []string{"--state", "new/er/state.json"}
			}
			cmd, said := s.program(s.listen(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet {
					demand(r.Method + " " + r.URL.Path)
				}
				s.api.ServeHTTP(w, r)
			})), args...)
			_, err := traced(cmd, nil, func(_ int, call syscallInfo) syscall.Errno {
				pid := cmd.Process.Pid
				named := func(arg int) string {
					name := textOf(pid, call.args[arg])
					if !filepath.IsAbs(name) {
						name = filepath.Join(s.dir, name)
					}
					return name
				}
				file, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, call.args[0]))
				mu.Lock()
				defer mu.Unlock()
				switch call.nr {
				case syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_FTRUNCATE:
					if !strings.Contains(file, ".lock") {
						pending[file] = true
					}
				case syscall.SYS_RENAMEAT:
					if from := named(1); pending[from] {
						t.Errorf("renamed, not on the disk: %s", from)
					}
					pending[filepath.Dir(named(3))] = true
				case syscall.SYS_MKDIRAT:
					pending[filepath.Dir(named(1))] = true
				case syscall.SYS_OPENAT:
					name := named(1)
					if _, err := os.Lstat(name); err != nil && !strings.Contains(name, ".lock") {
						pending[filepath.Dir(name)] = true
					}
				case syscall.SYS_FSYNC:
					delete(pending, file)
				}
				return 0
			})
			if errors.Is(err, errNoTrace) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			demand("at the end")
		})
	}
}

// textOf is the text at an address of the process.
func textOf(pid int, at uint64) string {
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return ""
	}
	defer mem.Close()
	buf := make([]byte, 4096)
	n, _ := mem.ReadAt(buf, int64(at))
	text, _, _ := bytes.Cut(buf[:n], []byte{0})
	return string(text)
}

// tracedAlone traces a command without disturbing it.
func tracedAlone(t *testing.T, moments *int) func(*exec.Cmd) error {
	return func(cmd *exec.Cmd) (err error) {
		*moments, err = traced(cmd, nil, func(int, syscallInfo) syscall.Errno { return 0 })
		if errors.Is(err, errNoTrace) {
			t.Skip(err)
		}
		return err
	}
}

var errNoTrace = errors.New("this machine lets no process trace another")

// Of ptrace(2); the package syscall lacks them.
const (
	ptraceExitKill       = 0x100000
	ptraceGetSyscallInfo = 0x420e
	ptraceEntry          = 1 // syscallInfo.op
	waitAll              = 0x40000000
)

// syscallInfo is ptrace_syscall_info at the entry of a system call.
type syscallInfo struct {
	op     uint8
	_      [7]byte
	ip, sp uint64
	nr     uint64
	args   [6]uint64
	_      [8]byte
}

// failing makes a system call fail with an error, at its entry and at its exit.
type failing func(thread int, entry bool, with syscall.Errno) error

// traced runs the command and counts the system calls that change a file in its
// directory. Before each, act is asked; where it gives an error, the call is not
// made and fails with that.
func traced(cmd *exec.Cmd, fail failing, act func(moment int, call syscallInfo) syscall.Errno) (moments int, err error) {
	runtime.LockOSThread() // the tracer is a thread
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true} // a group, to wait for its threads and no other process
	if err := cmd.Start(); err != nil {
		return 0, errors.Join(errNoTrace, err)
	}
	defer cmd.Wait() //nolint:errcheck // it has been waited for: this ends the copying of what it said
	pid := cmd.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return 0, err
	}
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|ptraceExitKill); err != nil {
		return 0, errors.Join(errNoTrace, err, cmd.Process.Kill())
	}
	thread, failed := pid, map[int]syscall.Errno{}
	for deliver := 0; ; {
		_ = syscall.PtraceSyscall(thread, deliver) // one that is gone is no matter
		for thread, err = syscall.Wait4(-pid, &status, waitAll, nil); errors.Is(err, syscall.EINTR); {
			thread, err = syscall.Wait4(-pid, &status, waitAll, nil)
		}
		deliver = 0
		switch {
		case err != nil:
			return moments, err
		case thread == pid && status.Exited() && status.ExitStatus() != 0:
			return moments, fmt.Errorf("exit status %d", status.ExitStatus())
		case thread == pid && status.Exited():
			return moments, nil
		case thread == pid && status.Signaled():
			return moments, errors.New(status.Signal().String())
		case !status.Stopped():
		case status.StopSignal() == syscall.SIGTRAP|0x80:
			info, entry := entering(thread)
			switch {
			case entry && changesFile(info, pid, cmd.Dir):
				moments++
				if failed[thread] = act(moments, info); failed[thread] != 0 {
					err = fail(thread, true, failed[thread])
				}
			case !entry && failed[thread] != 0:
				err = fail(thread, false, failed[thread])
				failed[thread] = 0
			}
			if err != nil {
				return moments, errors.Join(err, cmd.Process.Kill())
			}
		case status.StopSignal() != syscall.SIGTRAP && status.StopSignal() != syscall.SIGSTOP: // not a stop of our own
			deliver = int(status.StopSignal())
		}
	}
}

// entering is the system call that the thread is about to make.
func entering(thread int) (info syscallInfo, ok bool) {
	_, _, errno := syscall.Syscall6(syscall.SYS_PTRACE, ptraceGetSyscallInfo, uintptr(thread), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	return info, errno == 0 && info.op == ptraceEntry
}

// Calls that change the file of their first argument, and those that change
// what a path names.
var (
	onFiles = []uint64{syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_FSYNC, syscall.SYS_FTRUNCATE, syscall.SYS_FCHMOD}
	onPaths = []uint64{syscall.SYS_RENAMEAT, syscall.SYS_LINKAT, syscall.SYS_UNLINKAT, syscall.SYS_MKDIRAT, syscall.SYS_FCHMODAT, syscall.SYS_TRUNCATE}
)

func changesFile(info syscallInfo, pid int, dir string) bool {
	switch {
	case slices.Contains(onPaths, info.nr):
		return true
	case info.nr == syscall.SYS_OPENAT:
		return info.args[2]&(syscall.O_CREAT|syscall.O_TRUNC) != 0
	case slices.Contains(onFiles, info.nr):
		name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, info.args[0]))
		return err == nil && strings.HasPrefix(name, dir)
	}
	return false
}
