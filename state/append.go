package state

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
)

// Append adds records to the journal. Calls that run together share one write
// and one sync. After a failure the journal is cut back to what was promised;
// where the disk no longer does even that, nothing more is taken until Save.
func (f *File) Append(_ context.Context, recs ...Record) error {
	text, err := encodeRecords(recs)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	j, err := f.openJournal()
	if err != nil || len(recs) == 0 {
		return err
	}
	return j.append(text)
}

// openJournal makes the journal ready for the first Append.
func (f *File) openJournal() (*journal, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.journal != nil:
		return f.journal, nil
	case !f.loaded:
		return nil, errors.New("state: Append before Load")
	}
	if err := f.makeDir(); err != nil {
		return nil, err
	}
	if err := f.fresh(f.serial); err != nil {
		return nil, err
	}
	path := f.journalPath()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, failed("write", path, err)
	}
	j := &journal{path: path, file: file, disk: f.disk, good: f.seen.good}
	if err := j.start(journalHeader{Version: Version, Serial: f.serial, Salt: hex.EncodeToString(f.salt)}); err != nil {
		file.Close()
		return nil, failed("write", path, err)
	}
	f.journal = j
	return j, nil
}

func (f *File) closeJournal() {
	if f.journal != nil {
		f.journal.file.Close()
		f.journal = nil
	}
}

// journal is an open journal.
type journal struct {
	path string
	file *os.File
	disk disk

	mu   sync.Mutex
	next *batch // what the next write takes along; nil if nobody waits

	writing sync.Mutex // held while writing; guards what follows
	good    int64      // where the next line goes
	broken  error
}

// batch is what is written in one line.
type batch struct {
	text []byte
	done bool
	err  error
}

// start cuts what a crash left, and writes the first line where there is none.
func (j *journal) start(h journalHeader) error {
	if err := j.file.Chmod(0o600); err != nil {
		return err
	}
	if err := j.cut(); err != nil || j.good > 0 {
		return err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := j.write(appendLine(nil, text)); err != nil {
		return errors.Join(err, j.cut())
	}
	return syncDir(filepath.Dir(j.path))
}

// append returns when the records are durable: written by this call, or by
// another that took them along.
func (j *journal) append(text []byte) error {
	j.mu.Lock()
	if j.next == nil {
		j.next = &batch{}
	}
	b := j.next
	if len(b.text) > 0 {
		b.text = append(b.text, ',')
	}
	b.text = append(b.text, text...)
	j.mu.Unlock()

	j.writing.Lock()
	defer j.writing.Unlock()
	if !b.done {
		j.mu.Lock()
		j.next = nil
		j.mu.Unlock()
		b.done, b.err = true, j.flush(b.text)
	}
	return b.err
}

func (j *journal) flush(text []byte) error {
	if j.broken != nil {
		return j.broken
	}
	line := appendLine(make([]byte, 0, len(text)+16), append(append([]byte{'['}, text...), ']'))
	err := j.write(line)
	if err == nil {
		return nil
	}
	err = failed("write", j.path, err)
	if e := j.cut(); e != nil {
		j.broken = err
	}
	return err
}

// write adds to the end, durably.
func (j *journal) write(line []byte) error {
	if n, err := j.disk.write(j.file, line); err != nil {
		return err
	} else if n < len(line) {
		return io.ErrShortWrite
	}
	if err := j.disk.sync(j.file); err != nil {
		return err
	}
	j.good += int64(len(line))
	return nil
}

// cut drops what lies behind the good lines.
func (j *journal) cut() error {
	if err := j.file.Truncate(j.good); err != nil {
		return err
	}
	if _, err := j.file.Seek(j.good, io.SeekStart); err != nil {
		return err
	}
	return j.disk.sync(j.file)
}

// end is where the journal ends, where that is sure.
func (j *journal) end() (size int64, sure bool) {
	j.writing.Lock()
	defer j.writing.Unlock()
	return j.good, j.broken == nil
}
