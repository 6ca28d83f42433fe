package state

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// header is the first line of a state file, which is the start of the JSON
// object that the file is. Checksum covers version, serial and all that follows
// the line.
type header struct {
	Version  int    `json:"version"`
	Serial   uint64 `json:"serial"`
	Checksum string `json:"checksum"`
}

const checksumPrefix = "sha256:"

// hash is the checksum's start; the bytes after the header are written to it.
func (h header) hash() hash.Hash {
	sum := sha256.New()
	fmt.Fprintf(sum, "%d %d\n", h.Version, h.Serial)
	return sum
}

// line is the header with the checksum; its length does not depend on that.
func (h header) line(sum hash.Hash) []byte {
	return fmt.Appendf(nil, `{"version":%d,"serial":%d,"checksum":"%s%s",`+"\n", h.Version, h.Serial, checksumPrefix, hex.EncodeToString(sum.Sum(nil)))
}

// readHeader reads the first line. A file that was formatted anew is told apart
// from one that is no state at all, and its version is read all the same.
func readHeader(r *bufio.Reader) (header, error) {
	var h header
	line, err := r.ReadSlice('\n')
	if len(line) == 0 && errors.Is(err, io.EOF) {
		return h, errors.New("it is empty")
	}
	all := bytes.Clone(line)
	if err == nil {
		text := append(bytes.TrimSuffix(bytes.Clone(line), []byte(",\n")), '}')
		if json.Unmarshal(text, &h) == nil && h.Version > 0 && strings.HasPrefix(h.Checksum, checksumPrefix) {
			return h, h.newer()
		}
	}
	rest, _ := io.ReadAll(io.LimitReader(r, 64<<20))
	if json.Unmarshal(append(all, rest...), &h) == nil && h.Version > 0 {
		if err := h.newer(); err != nil {
			return h, err
		}
		return h, errors.New("it was edited by hand")
	}
	return h, errors.New("it is no state of trueup, or only part of one")
}

// LooksLike reports whether data begins as a state does, whole or damaged.
func LooksLike(data []byte) bool {
	return bytes.Contains(data[:min(len(data), 512)], []byte(`"checksum"`))
}

// newerError wraps ErrNewer.
type newerError struct{ version int }

func (e *newerError) Error() string {
	return fmt.Sprintf("%v: it has format version %d, and this one reads up to %d. Use the newer trueup", ErrNewer, e.version, Version)
}

func (e *newerError) Unwrap() error { return ErrNewer }

func (h header) newer() error {
	if h.Version > Version {
		return &newerError{h.Version}
	}
	return nil
}

// migration turns the members of a state of one version (from the first name
// to the last brace) into those of the next.
type migration func(members []byte) ([]byte, error)

// migrations are by the version that they start from. Version 1 is the first,
// so there are none yet.
var migrations = map[int]migration{}

// readSnapshot reads a state file.
func readSnapshot(file io.Reader) (*Snapshot, error) {
	in := bufio.NewReaderSize(file, flushAt)
	h, err := readHeader(in)
	if err != nil {
		return nil, err
	}
	sum := h.hash()
	body := io.Reader(io.TeeReader(in, sum))
	var migrateErr error
	if h.Version < Version {
		body, migrateErr = migrate(migrations, h.Version, Version, body)
	}
	var s *Snapshot
	if migrateErr == nil {
		s, err = newReader(io.MultiReader(strings.NewReader("{"), body)).snapshot()
	}
	if _, e := io.Copy(io.Discard, body); e != nil {
		return nil, e
	}
	if got := checksumPrefix + hex.EncodeToString(sum.Sum(nil)); got != h.Checksum {
		return nil, errors.New("its checksum does not fit its content")
	}
	if err := errors.Join(migrateErr, err); err != nil {
		return nil, err
	}
	s.Serial = h.Serial
	return s, s.check()
}

// migrate takes the members of an older version step by step to a newer one.
func migrate(steps map[int]migration, from, to int, body io.Reader) (io.Reader, error) {
	members, err := io.ReadAll(body)
	for v := from; v < to && err == nil; v++ {
		step := steps[v]
		if step == nil {
			return bytes.NewReader(nil), fmt.Errorf("its format version %d can no longer be read: save it with a trueup in between", v)
		}
		members, err = step(members)
	}
	return bytes.NewReader(members), err
}

// check holds what the rest relies on.
func (s *Snapshot) check() error {
	if len(s.Salt) != saltSize {
		return errors.New("its salt is missing")
	}
	for i := 1; i < len(s.Entries); i++ {
		if s.Entries[i-1].Compare(s.Entries[i]) >= 0 {
			return fmt.Errorf("its entries are out of order at %s", s.Entries[i].Addr)
		}
	}
	return nil
}
