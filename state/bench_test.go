package state

import (
	"bytes"
	"context"
	"crypto/rand"
	stdjson "encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"trueup/schema"
)

// many is a state of n access rules.
func many(n int) *Snapshot {
	s := &Snapshot{Salt: make([]byte, saltSize)}
	for i := range n {
		e := entryOf(fmt.Sprintf("rule%06d", i))
		e.ID = fmt.Sprintf("%032x", i)
		e.Applied[1] = schema.String(fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255))
		e.Applied[0] = schema.String("ip")
		e.Applied[3] = schema.String("from the scrapers' list")
		s.Entries = append(s.Entries, e)
	}
	return s
}

func savedMany(tb testing.TB, n int) string {
	path := filepath.Join(tb.TempDir(), "state.json")
	f := OpenFile(path, FileOptions{Rand: rand.Reader})
	if err := f.Save(context.Background(), many(n), 0); err != nil {
		tb.Fatal(err)
	}
	return path
}

func BenchmarkLoad100k(b *testing.B) {
	path := savedMany(b, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		s, err := OpenFile(path, FileOptions{Rand: rand.Reader}).Load(context.Background())
		if err != nil || len(s.Entries) != 100_000 {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad100kFloor decodes the same bytes with encoding/json alone.
func BenchmarkLoad100kFloor(b *testing.B) {
	path := savedMany(b, 100_000)
	type entry struct {
		Addr, Scope, ID, Origin string
		Applied                 map[string]any
	}
	b.ReportAllocs()
	for b.Loop() {
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		var s struct{ Entries []entry }
		if err := stdjson.NewDecoder(bytes.NewReader(data)).Decode(&s); err != nil || len(s.Entries) != 100_000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkSave100k(b *testing.B) {
	s := many(100_000)
	f := OpenFile(filepath.Join(b.TempDir(), "state.json"), FileOptions{Rand: rand.Reader})
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Save(context.Background(), s, s.Serial); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend is one step's intent and outcome, ten steps at a time.
func BenchmarkAppend(b *testing.B) {
	f := OpenFile(filepath.Join(b.TempDir(), "state.json"), FileOptions{Rand: rand.Reader})
	if _, err := f.Load(context.Background()); err != nil {
		b.Fatal(err)
	}
	rec := put("a")
	b.SetParallelism(max(1, 10/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := f.Append(context.Background(), rec); err != nil {
				b.Error(err)
			}
		}
	})
}
