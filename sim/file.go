package sim

import (
	"bufio"

	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"

	"trueup/schema"
)

// ErrInUse: another process has the content open.
var ErrInUse = errors.New("the simulator's file is in use by another process: wait for that, or have both use one server (trueup sim)")

// The content of a server that was opened is in two files: path is a snapshot,
// path+".log" what happened since. Both are records, one a line; a record holds
// all changes of one request. The numbers of records go up by one, so that a
// log that is older than its snapshot does no harm. path+".lock" keeps a second
// process out.

// record is one line.
type record struct {
	Format  string   `json:"format,omitempty"` // in the first of a snapshot
	Salt    []byte   `json:"salt,omitempty"`   // there too
	N       uint64   `json:"n"`
	Changes []change `json:"changes,omitempty"`
}

const fileFormat = "trueup-sim/1"

// file is where the content is kept.
type file struct {
	path string
	lock *flock.Flock

	mu      sync.Mutex // guards what follows
	log     *os.File
	n       uint64 // of the last record
	broken  error
	syncing sync.Mutex // one sync at a time
	synced  uint64     // guarded by syncing
}

// Open is a server whose content is kept in the file at path, and beside it.
// Every write is durable before it is answered. A file that is not there is
// made, with the content that New has. Close it.
func Open(path string, o Options) (*Server, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	if !got {
		return nil, fmt.Errorf("sim: %s: %w", path, ErrInUse)
	}
	s, err := open(path, o, lock)
	if err != nil {
		lock.Unlock()
		return nil, fmt.Errorf("sim: %w", err)
	}
	return s, nil
}

func open(path string, o Options, lock *flock.Flock) (*Server, error) {
	s := newServer(o)
	f := &file{path: path, lock: lock}
	fresh, err := f.load(s)
	if err != nil {
		return nil, err
	}
	if fresh {
		s.settle()
	}
	s.world.calm()
	if err := f.compact(s); err != nil {
		return nil, err
	}
	s.file = f
	return s, nil
}

// Close keeps the content and lets go of the file. A server in memory needs
// none.
func (s *Server) Close() error {
	if s.file == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.file.compact(s)
	s.broken = errors.New("sim: closed")
	return errors.Join(err, s.file.log.Close(), s.file.lock.Unlock())
}

// load reads snapshot and log; fresh if there is neither.
func (f *file) load(s *Server) (fresh bool, err error) {
	if _, err := os.Stat(f.path); errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err := f.read(s, f.path, true); err != nil {
		return false, err
	}
	if len(s.world.salt) == 0 {
		return false, fmt.Errorf("%s is no simulator's file", f.path)
	}
	err = f.read(s, f.path+".log", false)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return false, err
}

// read applies the records of a file. The last line of a log may be cut off: it
// was never answered.
func (f *file) read(s *Server, path string, whole bool) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	lines := bufio.NewReaderSize(in, 1<<20)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		cut := err == io.EOF
		if err != nil && !cut {
			return err
		}
		if cut && (len(line) == 0 || !whole) {
			return nil
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("%s:%d: damaged: %w", path, number, err)
		}
		if err := f.apply(s, r, number == 1 && whole); err != nil {
			return fmt.Errorf("%s:%d: %w", path, number, err)
		}
	}
}

func (f *file) apply(s *Server, r record, first bool) error {
	if first {
		if r.Format != fileFormat {
			return fmt.Errorf("the format is %q, not %q", r.Format, fileFormat)
		}
		s.world.salt, f.n = r.Salt, r.N
	} else if r.N != 0 {
		if r.N <= f.n {
			return nil
		}
		f.n = r.N
	}
	for _, c := range r.Changes {
		coll, err := s.collectionIn(c.In)
		switch {
		case err != nil:
			return err
		case c.Doc == nil:
			s.world.remove(coll, c.ID, s.now())
		default:
			o := s.world.put(coll, c.ID, c.Seq, c.Doc, s.now())
			o.made = time.Time{}
		}
	}
	s.world.seq = max(s.world.seq, f.n)
	return nil
}

// collectionIn is the collection that a change names.
func (s *Server) collectionIn(key string) (*collection, error) {
	scopeText, path, _ := strings.Cut(key, " ")
	scope, err := schema.ParseScope(scopeText)
	if err != nil {
		return nil, err
	}
	for _, p := range s.products.all() {
		if p.path == path {
			return s.world.collection(p, scope), nil
		}
	}
	return nil, fmt.Errorf("there is no collection %q", path)
}

// append writes a record to the log; sync makes it durable.
func (f *file) append(r record) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return f.broken
	}
	r.N = f.n + 1
	if _, err := f.log.Write(append(encode(r), '\n')); err != nil {
		f.broken = fmt.Errorf("sim: %w", err)
		return f.broken
	}
	f.n = r.N
	return nil
}

// sync makes all records so far durable, many with one call to the system. It
// reports whether that worked.
func (f *file) sync() bool {
	f.mu.Lock()
	wanted := f.n
	f.mu.Unlock()
	f.syncing.Lock()
	defer f.syncing.Unlock()
	if f.synced >= wanted {
		return true
	}
	f.mu.Lock()
	written, broken := f.n, f.broken
	f.mu.Unlock()
	if broken != nil {
		return false
	}
	if err := f.log.Sync(); err != nil {
		f.mu.Lock()
		f.broken = fmt.Errorf("sim: %w", err)
		f.mu.Unlock()
		return false
	}
	f.synced = written
	return true
}

// compact writes a snapshot and empties the log. Whoever calls it holds
// Server.mu or has the server alone.
func (f *file) compact(s *Server) error {
	f.syncing.Lock()
	defer f.syncing.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	out, err := renameio.NewPendingFile(f.path, renameio.WithPermissions(0o600))
	if err != nil {
		return err
	}
	defer out.Cleanup()
	w := bufio.NewWriterSize(out, 1<<20)
	if err := f.writeSnapshot(w, s); err != nil {
		return err
	}
	if err := errors.Join(w.Flush(), out.CloseAtomicallyReplace()); err != nil {
		return err
	}
	if f.log == nil {
		if f.log, err = os.OpenFile(f.path+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
			return err
		}
	}
	f.synced = f.n
	return errors.Join(f.log.Truncate(0), f.log.Sync())
}

func (f *file) writeSnapshot(w io.Writer, s *Server) error {
	write := func(r record) error {
		_, err := w.Write(append(encode(r), '\n'))
		return err
	}
	if err := write(record{Format: fileFormat, Salt: s.world.salt, N: f.n}); err != nil {
		return err
	}
	for _, key := range s.world.keys() {
		for _, o := range s.world.colls[key].order {
			if err := write(record{Changes: []change{{In: key, ID: o.id, Seq: o.seq, Doc: o.raw}}}); err != nil {
				return err
			}
		}
	}
	return nil
}
