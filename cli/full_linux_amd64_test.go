package cli

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// failCall makes a system call of a traced thread fail: at its entry it becomes
// one that there is not, at its exit it gets its error.
func failCall(thread int, entry bool, with syscall.Errno) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(thread, &regs); err != nil {
		return err
	}
	if entry {
		regs.Orig_rax = ^uint64(0)
	} else {
		regs.Rax = -uint64(with)
	}
	return syscall.PtraceSetRegs(thread, &regs)
}

// ill is a disk that is not what it was.
type ill struct {
	name  string
	with  syscall.Errno
	calls []uint64 // that fail; nil: all that change something
	once  bool     // else everything fails from there on
	step  int      // of how many moments one is tried
}

// A full disk still takes what needs no room.
var needsRoom = []uint64{syscall.SYS_WRITE, syscall.SYS_PWRITE64, syscall.SYS_OPENAT, syscall.SYS_MKDIRAT, syscall.SYS_LINKAT}

var ills = []ill{
	{"full", syscall.ENOSPC, needsRoom, false, 2},
	{"read-only", syscall.EROFS, nil, false, 5},
	{"broken once", syscall.EIO, nil, true, 3},
}

// TestDiskFailsAtEveryWrite: whichever write of state, journal, backup, lock or
// secret is the first that the disk refuses, the error says so, nothing is lost,
// and the next run with a good disk reaches the end.
func TestDiskFailsAtEveryWrite(t *testing.T) {
	story := crashStories[1]
	moments := 0
	dump := crashUndisturbed(t, story, &killer{}, tracedAlone(t, &moments))
	for i, ill := range ills {
		t.Run(ill.name, func(t *testing.T) {
			crashEach(t, moments, ill.step, func(t *testing.T, n int) {
				n += i // not the same ones of each
				s := crashSite(t, story)
				cmd, said := s.program(s.serve(&killer{}))
				hit := 0
				_, err := traced(cmd, failCall, func(moment int, call syscallInfo) syscall.Errno {
					if moment < n || ill.once && hit > 0 || ill.calls != nil && !slices.Contains(ill.calls, call.nr) {
						return 0
					}
					hit++
					return ill.with
				})
				switch {
				case err == nil && s.days() != dump:
					t.Errorf("it says that it is done:\n%s", said)
				case err != nil && (err.Error() != "exit status 1" || !strings.Contains(said.String(), ill.with.Error())):
					t.Errorf("%v, without a word of the disk:\n%s", err, said)
				}
				s.crashed(story, dump, fmt.Sprintf("%v\n%s", err, said))
			})
		})
	}
}
