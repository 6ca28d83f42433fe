package state

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// The journal is lines of eight hexadecimal digits (CRC-32C of the rest), a
// blank and JSON. The first line binds it to the serial of a state; every other
// holds the records of one sync. So whatever a crash leaves of the last line
// was never promised to anybody, and damage before a good line is no crash's
// doing.

// journalHeader is the first line.
type journalHeader struct {
	Version int    `json:"journal"`
	Serial  uint64 `json:"serial"`
	Salt    string `json:"salt"` // the state's, for the time before its first save
}

// journalEnd says where a journal ends.
type journalEnd struct {
	size int64 // of the file; 0 if there is none
	good int64 // up to where it holds whole lines of the state's serial
}

// journalContent is what was found in a journal.
type journalContent struct {
	records []Record
	salt    []byte
	end     journalEnd
}

// readJournal reads the journal that goes with the serial. One of an older
// serial is void: the run that saved the state was cut off before it could
// remove it.
func readJournal(path string, serial uint64, statePath string) (journalContent, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return journalContent{}, nil
	}
	if err != nil {
		return journalContent{}, failed("read", path, err)
	}
	c := journalContent{end: journalEnd{size: int64(len(data))}}
	lines, good, bad := splitJournal(data)
	if bad > 0 {
		return c, fmt.Errorf("the journal %s is damaged in line %d, and whole lines follow. Move it away: objects are found again by their natural keys; "+
			"only what an interrupted apply made and the files no longer list is then left alone", path, bad)
	}
	if len(lines) == 0 {
		return c, nil
	}
	var h journalHeader
	if err := json.Unmarshal(lines[0], &h); err != nil || h.Version == 0 {
		return c, fmt.Errorf("the journal %s does not say which state it belongs to. Move it away", path)
	}
	switch {
	case h.Version > Version:
		return c, fmt.Errorf("%s: %w", path, &newerError{h.Version})
	case h.Serial < serial:
		return c, nil
	case h.Serial > serial:
		return c, fmt.Errorf("the journal %s belongs to the state with serial %d, but %s has %d: an old copy was put there, or it was deleted. "+
			"Put the right one back, or delete the journal too: objects are found again by their natural keys", path, h.Serial, statePath, serial)
	}
	c.end.good = good
	if c.salt, err = hex.DecodeString(h.Salt); err != nil || len(c.salt) != saltSize {
		return c, fmt.Errorf("the journal %s has no salt. Move it away", path)
	}
	for n, line := range lines[1:] {
		recs, err := decodeRecords(line)
		if err != nil {
			return c, fmt.Errorf("the journal %s cannot be read in line %d: %w. Move it away", path, n+2, err)
		}
		c.records = append(c.records, recs...)
	}
	return c, nil
}

func checksum(text []byte) uint32 { return crc32.Checksum(text, crc32.MakeTable(crc32.Castagnoli)) }

// splitJournal gives the JSON of the whole lines and where they end. bad is
// the number of a broken line that a whole one follows; 0 if there is none.
func splitJournal(data []byte) (lines [][]byte, good int64, bad int) {
	broken := 0
	for n := 1; len(data) > 0; n++ {
		line, rest, ended := bytes.Cut(data, []byte{'\n'})
		text, ok := checkLine(line)
		switch {
		case !ended || !ok:
			if broken == 0 {
				broken = n
			}
		case broken > 0:
			return nil, 0, broken
		default:
			lines = append(lines, text)
			good += int64(len(line)) + 1
		}
		data = rest
	}
	return lines, good, 0
}

func checkLine(line []byte) ([]byte, bool) {
	if len(line) < 10 || line[8] != ' ' {
		return nil, false
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	return line[9:], err == nil && uint32(sum) == checksum(line[9:])
}

func appendLine(b, text []byte) []byte {
	b = fmt.Appendf(b, "%08x ", checksum(text))
	return append(append(b, text...), '\n')
}

// decodeRecords reads a line of records: an array.
func decodeRecords(line []byte) ([]Record, error) {
	var out []Record
	r := newReader(bytes.NewReader(line))
	err := r.array(func() error {
		rec, err := r.record()
		out = append(out, rec)
		return err
	})
	return out, err
}

// encodeRecords gives the elements of such an array. What could not be read
// again is an error now.
func encodeRecords(recs []Record) ([]byte, error) {
	w := &writer{b: []byte{'['}}
	for i := range recs {
		if i > 0 {
			w.raw(",")
		}
		w.record(&recs[i])
	}
	if w.err == nil && !jsontext.Value(append(w.b, ']')).IsValid() {
		w.err = errors.New("a record has no form in the journal")
	}
	return w.b[1:], w.err
}
