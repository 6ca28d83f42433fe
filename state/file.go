package state

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/google/renameio/v2"
)

// FileOptions are what a File needs of the world.
type FileOptions struct {
	Now      func() time.Time // for the age of a lock; nil: time.Now
	Rand     io.Reader        // for the salt; must not be nil
	NoBackup bool             // keep no copy of the state before the last
}

// File is a Store in a local file. Beside PATH lie PATH.journal, PATH.lock and
// PATH.backup, the state before the last Save. All are readable by their owner
// only. The directory is made on demand.
type File struct {
	path string
	o    FileOptions
	disk disk

	mu      sync.Mutex
	loaded  bool
	serial  uint64
	salt    []byte
	seen    journalEnd // what Load found
	journal *journal   // nil until the first Append
}

var _ Store = (*File)(nil)

// disk are the calls that tests make fail.
type disk struct {
	write func(*os.File, []byte) (int, error)
	sync  func(*os.File) error
}

// OpenFile is the store at the path. A symbolic link there is followed once and
// for all, so that two names of one file share one lock. Nothing is read yet.
func OpenFile(path string, o FileOptions) *File {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &File{path: path, o: o, disk: disk{write: (*os.File).Write, sync: (*os.File).Sync}}
}

func (f *File) journalPath() string { return f.path + ".journal" }
func (f *File) backupPath() string  { return f.path + ".backup" }

// Load reads the state and replays the journal into it.
func (f *File) Load(context.Context) (*Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := f.readState()
	if err != nil {
		return nil, err
	}
	if s == nil {
		s = &Snapshot{Salt: make([]byte, saltSize)}
		if _, err := io.ReadFull(f.o.Rand, s.Salt); err != nil {
			return nil, fmt.Errorf("state: no random salt: %w", err)
		}
	}
	j, err := readJournal(f.journalPath(), s.Serial, f.path)
	if err != nil {
		return nil, err
	}
	if len(j.salt) > 0 && s.Serial == 0 {
		s.Salt = j.salt
	}
	if len(j.records) > 0 {
		l := NewLedger(s)
		l.Apply(j.records...)
		s = l.Snapshot()
	}
	f.closeJournal()
	f.loaded, f.serial, f.salt, f.seen = true, s.Serial, s.Salt, j.end
	return s, nil
}

const saltSize = 16

// readState reads the state file; nil if there is none.
func (f *File) readState() (*Snapshot, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("read", f.path, err)
	}
	defer file.Close()
	s, err := readSnapshot(file)
	var newer *newerError
	if errors.As(err, &newer) {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	if err != nil {
		return nil, f.damaged(err)
	}
	return s, nil
}

// damaged says what to do about a state file that cannot be read.
func (f *File) damaged(err error) error {
	remedy := "Delete it"
	if _, statErr := os.Stat(f.backupPath()); statErr == nil {
		remedy = fmt.Sprintf("Put the copy from before the last save in its place (mv %s %s), or delete it", f.backupPath(), f.path)
	}
	return fmt.Errorf("the state file %s is damaged: %w. %s: without it, objects are found again by their natural keys, "+
		"and only what the files no longer list is left alone instead of deleted", f.path, err, remedy)
}

// Save replaces the state and empties the journal.
func (f *File) Save(_ context.Context, s *Snapshot, prev uint64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.makeDir(); err != nil {
		return err
	}
	if err := f.fresh(prev); err != nil {
		return err
	}
	if !f.loaded { // what is copied as the last good one must be good
		if _, err := f.readState(); err != nil {
			return err
		}
	}
	next := *s
	next.Serial = prev + 1
	if !f.o.NoBackup {
		if err := backUp(f.path, f.backupPath()); err != nil {
			return failed("back up", f.path, err)
		}
	}
	if err := f.replace(&next); err != nil {
		return failed("save", f.path, err)
	}
	// Of an older serial than the state, the journal is void from here on, even
	// if it cannot be removed.
	f.closeJournal()
	os.Remove(f.journalPath())
	s.Serial = next.Serial
	f.loaded, f.serial, f.salt, f.seen = true, next.Serial, next.Salt, journalEnd{size: sizeOf(f.journalPath())}
	return nil
}

// fresh reports whether the state is still the one with the serial prev, and
// the journal still as this process knows it.
func (f *File) fresh(prev uint64) error {
	serial, err := f.savedSerial()
	if err != nil {
		return err
	}
	if serial != prev {
		return fmt.Errorf("%w: %s has serial %d, not %d. Run it again", ErrStale, f.path, serial, prev)
	}
	if !f.loaded || f.serial != prev {
		return nil
	}
	known, sure := f.seen.size, true
	if f.journal != nil {
		known, sure = f.journal.end()
	}
	if sure && sizeOf(f.journalPath()) != known {
		return fmt.Errorf("%w: %s was written to. Run it again", ErrStale, f.journalPath())
	}
	return nil
}

// sizeOf is the size of a file; 0 if there is none.
func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// savedSerial reads the serial of the state file; 0 if there is none.
func (f *File) savedSerial() (uint64, error) {
	file, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, failed("read", f.path, err)
	}
	defer file.Close()
	h, err := readHeader(bufio.NewReader(file))
	if err != nil {
		return 0, f.damaged(err)
	}
	return h.Serial, nil
}

// replace writes the state beside the old one, syncs it and renames it.
func (f *File) replace(s *Snapshot) error {
	dir := filepath.Dir(f.path)
	file, err := renameio.NewPendingFile(f.path, renameio.WithStaticPermissions(0o600), renameio.WithTempDir(dir))
	if err != nil {
		return err
	}
	defer file.Cleanup() // of no effect once it was renamed
	if err := f.encode(file.File, s); err != nil {
		return err
	}
	if err := f.disk.sync(file.File); err != nil {
		return err
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return syncDir(dir)
}

// encode writes the body first and then the header, which has its checksum.
func (f *File) encode(file *os.File, s *Snapshot) error {
	h := header{Version: Version, Serial: s.Serial}
	sum := h.hash()
	if _, err := f.disk.write(file, h.line(sum)); err != nil {
		return err
	}
	err := writeSnapshot(s, func(b []byte) error {
		sum.Write(b)
		_, err := f.disk.write(file, b)
		return err
	})
	if err != nil {
		return err
	}
	_, err = file.WriteAt(h.line(sum), 0)
	return err
}

func (f *File) makeDir() error {
	dir := filepath.Dir(f.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return failed("make the directory of", f.path, err)
	}
	return nil
}

// backUp makes to another name of the file, at once.
func backUp(from, to string) error {
	tmp := to + ".tmp"
	os.Remove(tmp)
	err := os.Link(from, tmp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		err = copyFile(from, tmp) // a file system without hard links
	}
	if err == nil {
		err = os.Chmod(tmp, 0o600)
	}
	if err == nil {
		err = os.Rename(tmp, to)
	}
	return err
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return renameio.WriteFile(to, data, 0o600)
}

// syncDir makes a rename in the directory durable. Windows has no way to, and
// no need.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
