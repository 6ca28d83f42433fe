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
		if err := f.backUp(); err != nil {
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

// The files that a Save needs for a moment. What a crash leaves of them goes
// with the next lock.
func (f *File) newPath() string       { return f.path + ".new" }
func (f *File) newBackupPath() string { return f.backupPath() + ".new" }

// clean removes them. The lock is held.
func (f *File) clean() {
	os.Remove(f.newPath())
	os.Remove(f.newBackupPath())
}

// replace writes the state beside the old one, syncs it and renames it.
func (f *File) replace(s *Snapshot) error {
	tmp := f.newPath()
	err := f.writeNew(tmp, func(file *os.File) error { return f.encode(file, s) })
	if err == nil {
		err = os.Rename(tmp, f.path)
	}
	if err != nil {
		os.Remove(tmp)
		return err
	}
	return syncDir(filepath.Dir(f.path))
}

// writeNew makes a file durably; one of the name is removed before.
func (f *File) writeNew(path string, write func(*os.File) error) error {
	os.Remove(path)
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = write(file)
	if err == nil {
		err = f.disk.sync(file)
	}
	return errors.Join(err, file.Close())
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

// makeDir makes the directory durably, and those above it.
func (f *File) makeDir() error {
	dir := filepath.Dir(f.path)
	var above []string // in which something is made
	for d := dir; !exists(d) && d != filepath.Dir(d); d = filepath.Dir(d) {
		above = append(above, filepath.Dir(d))
	}
	err := os.MkdirAll(dir, 0o700)
	for _, d := range above {
		if err == nil {
			err = syncDir(d)
		}
	}
	if err != nil {
		return failed("make the directory of", f.path, err)
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// backUp gives the file a second name, at once.
func (f *File) backUp() error {
	tmp := f.newBackupPath()
	os.Remove(tmp)
	err := os.Link(f.path, tmp)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil { // a file system without hard links
		err = f.writeNew(tmp, func(to *os.File) error { return copyFrom(f.path, to) })
	}
	if err == nil {
		err = os.Chmod(tmp, 0o600)
	}
	if err == nil {
		err = os.Rename(tmp, f.backupPath())
	}
	if err != nil {
		os.Remove(tmp)
	}
	return err
}

func copyFrom(path string, to io.Writer) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close()
	_, err = io.Copy(to, from)
	return err
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
