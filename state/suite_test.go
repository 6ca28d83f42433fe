package state_test

import (
	"crypto/rand"
	"path/filepath"
	"testing"

	"trueup/state"
	"trueup/state/storetest"
)

func TestFileSuite(t *testing.T) {
	dirs := map[string]string{} // by subtest: all its stores are of one directory
	storetest.Run(t, func(t *testing.T) state.Store {
		if dirs[t.Name()] == "" {
			dirs[t.Name()] = t.TempDir()
		}
		return state.OpenFile(filepath.Join(dirs[t.Name()], "new", "state.json"), state.FileOptions{Rand: rand.Reader})
	})
}
