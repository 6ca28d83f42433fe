package state

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"trueup/schema"
)

var ctx = context.Background()

func openAt(path string) *File { return OpenFile(path, FileOptions{Rand: rand.Reader}) }

func entryOf(name string) *Entry {
	k := schema.KindNamed("access_rule")
	row := make(schema.Row, len(k.Attrs))
	row[k.Index("value")], row[k.Index("mode")] = schema.String("192.0.2.1"), schema.String("block")
	return &Entry{Addr: schema.Addr{Kind: k.Name, Name: name}, Scope: schema.UserScope, ID: name, Origin: Created, Applied: row}
}

func put(name string) Record { return Record{Outcome: &Outcome{Put: entryOf(name)}} }

// saved is a state file with one entry, and a journal with three lines of one
// more each.
func saved(t *testing.T) (path string, f *File) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "dir", "state.json")
	f = openAt(path)
	s, err := f.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.Entries = []*Entry{entryOf("a")}
	if err := f.Save(ctx, s, 0); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"b", "c", "d"} {
		if err := f.Append(ctx, put(name)); err != nil {
			t.Fatal(err)
		}
	}
	return path, f
}

func names(s *Snapshot) string {
	var out []string
	for _, e := range s.Entries {
		out = append(out, e.Addr.Name)
	}
	return strings.Join(out, "")
}

func loaded(t *testing.T, path string) string {
	t.Helper()
	s, err := openAt(path).Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return names(s)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTornJournal: at whatever byte a crash cut the journal off, what is whole
// is read, and the next record follows it.
func TestTornJournal(t *testing.T) {
	path, _ := saved(t)
	whole := read(t, path+".journal")
	for n := range len(whole) + 1 {
		cut := whole[:n]
		want := "abcd"[:max(1, bytes.Count(cut, []byte{'\n'}))]
		for i, tail := range []string{"", "\x00\x00\x00\x00", "garbage", "0000000000 {}"} {
			if i > 0 && n%7 > 0 {
				continue
			}
			write(t, path+".journal", append(bytes.Clone(cut), tail...))
			if got := loaded(t, path); got != want {
				t.Fatalf("%d bytes and %q: %q, want %q", n, tail, got, want)
			}
			if n%10 > 0 && n < len(whole)-1 {
				continue // the disk is slow
			}
			f := openAt(path)
			if _, err := f.Load(ctx); err != nil {
				t.Fatal(err)
			}
			if err := f.Append(ctx, put("z")); err != nil {
				t.Fatal(err)
			}
			if got := loaded(t, path); got != want+"z" {
				t.Fatalf("%d bytes and %q: %q, want %q", n, tail, got, want+"z")
			}
		}
	}
}

// TestDamagedJournal: damage before a whole line is never taken for a torn end.
func TestDamagedJournal(t *testing.T) {
	path, _ := saved(t)
	whole := read(t, path+".journal")
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n')
	for n := range last {
		bad := bytes.Clone(whole)
		bad[n] ^= 1
		write(t, path+".journal", bad)
		_, err := openAt(path).Load(ctx)
		if err == nil || !strings.Contains(err.Error(), path+".journal") || !strings.Contains(err.Error(), "Move it away") {
			t.Fatalf("byte %d: %v", n, err)
		}
	}
}

func TestJournalOfAnotherState(t *testing.T) {
	path, f := saved(t)
	journal := read(t, path+".journal")
	s, err := f.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	first := read(t, path)
	if err := f.Save(ctx, s, 1); err != nil {
		t.Fatal(err)
	}

	// A crash between rename and removal: the journal is void.
	write(t, path+".journal", journal)
	s.Entries = s.Entries[:1]
	if got := loaded(t, path); got != "abcd" {
		t.Errorf("%q", got)
	}
	f = openAt(path)
	if _, err := f.Load(ctx); err != nil {
		t.Fatal(err)
	}
	if err := f.Append(ctx, put("e")); err != nil {
		t.Fatal(err)
	}
	if got := loaded(t, path); got != "abcde" {
		t.Errorf("%q", got)
	}

	// An old copy was put in place of the state.
	write(t, path, first)
	_, err = openAt(path).Load(ctx)
	if err == nil || !strings.Contains(err.Error(), "serial 2") || !strings.Contains(err.Error(), "has 1") {
		t.Errorf("%v", err)
	}
}

// TestDamagedState: every damaged byte is noticed, and the error names the
// remedy.
func TestDamagedState(t *testing.T) {
	path, f := saved(t)
	s, err := f.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(ctx, s, 1); err != nil {
		t.Fatal(err)
	}
	whole := read(t, path)
	check := func(what string, data []byte) {
		t.Helper()
		write(t, path, data)
		_, err := openAt(path).Load(ctx)
		if err == nil {
			t.Fatalf("%s: no error", what)
		}
		for _, word := range []string{path, path + ".backup", "or delete it", "natural keys"} {
			if !strings.Contains(err.Error(), word) && !errors.Is(err, ErrNewer) {
				t.Fatalf("%s: %q lacks %q", what, err, word)
			}
		}
	}
	for n := range whole {
		bad := bytes.Clone(whole)
		bad[n] ^= 1
		check(fmt.Sprint("byte ", n), bad)
		check(fmt.Sprint("cut at ", n), whole[:n])
	}
	check("garbage", []byte("garbage"))
	check("another JSON", []byte(`{"version":"x"}`))
	check("zeros", make([]byte, 4096))
	check("more at the end", append(bytes.Clone(whole), "{}\n"...))
	check("formatted anew", []byte(strings.ReplaceAll(string(whole), ",", ", ")))

	// The copy is whole, and without it the error does not speak of one.
	os.Remove(path + ".journal")
	write(t, path, read(t, path+".backup"))
	if got := loaded(t, path); got != "a" {
		t.Errorf("%q", got)
	}
	os.Remove(path + ".backup")
	write(t, path, nil)
	if _, err := openAt(path).Load(ctx); err == nil || strings.Contains(err.Error(), "backup") || !strings.Contains(err.Error(), "it is empty") {
		t.Errorf("%v", err)
	}
}

func TestVersions(t *testing.T) {
	path, _ := saved(t)
	write(t, path, []byte(`{"version":2,"serial":9,"checksum":"sha256:00",`+"\n}"))
	if _, err := openAt(path).Load(ctx); !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "2") {
		t.Errorf("%v", err)
	}
	write(t, path, []byte("{\n  \"version\": 3,\n \"anything\": []\n}\n"))
	if _, err := openAt(path).Load(ctx); !errors.Is(err, ErrNewer) {
		t.Errorf("%v", err)
	}
	if err := openAt(path).Save(ctx, &Snapshot{}, 9); !errors.Is(err, ErrNewer) {
		t.Errorf("a newer state was written over: %v", err)
	}
	os.Remove(path)
	write(t, path+".journal", appendLine(nil, []byte(`{"journal":2,"serial":0,"salt":""}`)))
	if _, err := openAt(path).Load(ctx); !errors.Is(err, ErrNewer) {
		t.Errorf("%v", err)
	}
}

func TestMigrate(t *testing.T) {
	steps := map[int]migration{
		1: func(b []byte) ([]byte, error) { return append(b, '1'), nil },
		2: func(b []byte) ([]byte, error) { return append(b, '2'), nil },
	}
	r, err := migrate(steps, 1, 3, strings.NewReader("0"))
	if got, _ := io.ReadAll(r); err != nil || string(got) != "012" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := migrate(steps, 1, 4, strings.NewReader("")); err == nil {
		t.Error("a step is missing")
	}
}

func TestModes(t *testing.T) {
	path, f := saved(t)
	os.Chmod(path, 0o644)
	os.Chmod(path+".journal", 0o644)
	if _, err := f.Load(ctx); err != nil {
		t.Fatal(err)
	}
	if err := f.Append(ctx, put("e")); err != nil {
		t.Fatal(err)
	}
	mode(t, path+".journal", 0o600)
	s, err := f.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(ctx, s, 1); err != nil {
		t.Fatal(err)
	}
	unlock, err := f.Lock(ctx, Holder{})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	mode(t, path, 0o600)
	mode(t, path+".backup", 0o600)
	mode(t, path+".lock", 0o600)
	mode(t, filepath.Dir(path), 0o700)
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	hidden, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if len(left)+len(hidden) != 3 {
		t.Errorf("%v %v", left, hidden)
	}
}

func mode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s: %o, want %o", path, got, want)
	}
}

// TestLink: two names of one file are one state with one lock.
func TestLink(t *testing.T) {
	path, _ := saved(t)
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if got := loaded(t, link); got != "abcd" {
		t.Errorf("%q", got)
	}
	unlock, err := openAt(path).Lock(ctx, Holder{})
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	now, cancel := context.WithTimeout(ctx, 0)
	defer cancel()
	if _, err := openAt(link).Lock(now, Holder{}); !errors.Is(err, ErrLocked) {
		t.Errorf("%v", err)
	}
}

// TestDiskFull: at whatever write the disk is full, the error says so and what
// was promised before is there; when there is room again, it goes on.
func TestDiskFull(t *testing.T) {
	for _, sync := range []bool{false, true} {
		for n := 1; n < 20; n++ {
			path, f := saved(t)
			calls := 0
			full := func() error {
				if calls++; calls == n {
					return syscall.ENOSPC
				}
				return nil
			}
			if sync {
				f.disk.sync = func(file *os.File) error { return errors.Join(full(), file.Sync()) }
			} else {
				f.disk.write = func(file *os.File, b []byte) (int, error) {
					if err := full(); err != nil {
						k, _ := file.Write(b[:len(b)/2])
						return k, err
					}
					return file.Write(b)
				}
			}
			if _, err := f.Load(ctx); err != nil {
				t.Fatal(err)
			}
			want := "abcd"
			for _, name := range []string{"e", "f", "g"} {
				err := f.Append(ctx, put(name))
				if err == nil {
					want += name
				} else if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "Make room") || !strings.Contains(err.Error(), path) {
					t.Fatalf("%v", err)
				}
				if got := loaded(t, path); got != want {
					t.Fatalf("write %d, sync %t: %q, want %q", n, sync, got, want)
				}
			}
			s, err := openAt(path).Load(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if err := f.Save(ctx, s, 1); err != nil {
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
				if err := f.Save(ctx, s, 1); err != nil {
					t.Fatal(err)
				}
			}
			if got := loaded(t, path); got != want {
				t.Fatalf("%q, want %q", got, want)
			}
		}
	}
}

func TestDirectoryThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), nil)
	f := openAt(filepath.Join(dir, "file", "state.json"))
	if _, err := f.Load(ctx); err == nil || !strings.Contains(err.Error(), "state.json") {
		t.Errorf("%v", err)
	}
	if err := f.Save(ctx, &Snapshot{}, 0); err == nil {
		t.Error("saved")
	}
	if _, err := f.Lock(ctx, Holder{}); err == nil {
		t.Error("locked")
	}
	if err := f.Append(ctx, put("a")); err == nil {
		t.Error("appended before Load")
	}
}

func TestReadOnly(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	path, f := saved(t)
	s, err := f.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Dir(path), 0o500)
	defer os.Chmod(filepath.Dir(path), 0o700)
	if err := f.Save(ctx, s, 1); !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	if got := loaded(t, path); got != "abcd" {
		t.Errorf("%q", got)
	}
}

func TestNoBackup(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	f := OpenFile(path, FileOptions{Rand: rand.Reader, NoBackup: true})
	s, _ := f.Load(ctx)
	for n := range uint64(2) {
		if err := f.Save(ctx, s, n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(path + ".backup"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestBackupIsGood: a damaged state is never copied over the last good one.
func TestBackupIsGood(t *testing.T) {
	path, f := saved(t)
	s, err := f.Load(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(ctx, s, 1); err != nil {
		t.Fatal(err)
	}
	good := read(t, path+".backup")
	bad := read(t, path)
	bad[len(bad)-10] ^= 1
	write(t, path, bad)
	if err := openAt(path).Save(ctx, s, 2); err == nil {
		t.Error("saved over a damaged state")
	}
	if !bytes.Equal(read(t, path+".backup"), good) {
		t.Error("the backup was replaced")
	}
}
