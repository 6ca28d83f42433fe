package sink

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"trueup/diag"
)

// writeFile replaces the file as a whole: written beside it, synced, renamed.
// The new one is 0600 even if the old one was not. A symbolic link is replaced,
// not followed, so that nobody else chooses where the secret goes. Directories
// are made as needed, for the owner only.
//
// The temporary file always has the same name, so that what a crash leaves of
// it is gone with the next delivery.
func writeFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := makeDir(dir); err != nil {
		return err
	}
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		return errors.New("it is a directory")
	}
	tmp := filepath.Join(dir, "."+filepath.Base(path)+".trueup-new")
	os.Remove(tmp)
	err := writeNew(tmp, data)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		os.Remove(tmp)
		return diag.Cause(err)
	}
	return syncDir(dir)
}

// writeNew makes the file, which must not be there.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// makeDir makes the directory and those above it durably.
func makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// syncDir makes what was made or renamed in the directory durable. Windows has
// no way to, and no need.
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
