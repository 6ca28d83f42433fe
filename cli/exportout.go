package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/renameio/v2"

	"trueup/diag"
	"trueup/loader"
)

// destination is where configuration goes: stdout where path is "", a file, or
// a directory with a file for each kind.
type destination struct {
	path   string
	dir    bool
	format loader.Format
	flag   string // that says the format
	hint   string // what else can be done where something is there already
}

// destinationOf: a path is a directory if one is there, if it ends in a slash,
// or if it has no extension. The format is that of the flag, or of the
// extension, or YAML.
func destinationOf(path, flag, format string) (destination, error) {
	to := destination{path: path, format: loader.Format(format), flag: flag}
	if path != "" {
		info, err := os.Stat(path)
		ext := filepath.Ext(path)
		to.dir = err == nil && info.IsDir() || strings.HasSuffix(path, "/") || strings.HasSuffix(path, string(filepath.Separator)) || ext == ""
		if !to.dir {
			if err := to.byExtension(ext); err != nil {
				return to, err
			}
		}
	}
	if to.format == "" {
		to.format = loader.YAML
	}
	return to, nil
}

func (to *destination) byExtension(ext string) error {
	of := map[string]loader.Format{".yaml": loader.YAML, ".yml": loader.YAML, ".hcl": loader.HCL}[ext]
	switch {
	case of == "":
		return fmt.Errorf("--out %s: configuration ends in .yaml, .yml or .hcl; a name without extension is a directory", to.path)
	case to.format != "" && to.format != of:
		return fmt.Errorf("--out %s: the name says %s, %s says %s", to.path, of, to.flag, to.format)
	}
	to.format = of
	return nil
}

// create writes files that are not there yet, all or none.
func (to destination) create(parts []loader.Part) error {
	if to.dir {
		if err := to.empty(); err != nil {
			return err
		}
		if err := os.MkdirAll(to.path, 0o755); err != nil {
			return err
		}
		for i := range parts {
			parts[i].Name = filepath.Join(to.path, parts[i].Name)
		}
	}
	for _, p := range parts {
		if _, err := os.Lstat(p.Name); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already and is not overwritten: move it away, or name another file%s", p.Name, to.hint)
		}
	}
	return replaceFiles(parts)
}

// empty refuses a directory with configuration in it: it would be loaded
// together with what is written, and list the same objects.
func (to destination) empty() error {
	entries, err := os.ReadDir(to.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if loader.InDirectory(e.Name()) {
			return fmt.Errorf("%s is there already and would be loaded together with what is written: name an empty directory%s", filepath.Join(to.path, e.Name()), to.hint)
		}
	}
	return nil
}

// replaceFiles writes files of configuration: each whole or not at all, and
// none if one of them cannot be prepared. What is there keeps its permissions;
// a symbolic link stays one.
func replaceFiles(parts []loader.Part) error {
	var pending []*renameio.PendingFile
	defer func() {
		for _, f := range pending {
			_ = f.Cleanup() // nothing is left to clean up after a success
		}
	}()
	for _, p := range parts {
		path := p.Name
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real
		}
		f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
		if err == nil {
			pending = append(pending, f)
			_, err = f.Write(p.Text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, diag.Cause(err))
		}
	}
	for i, f := range pending {
		if err := f.CloseAtomicallyReplace(); err != nil {
			return fmt.Errorf("%s: %w", parts[i].Name, diag.Cause(err))
		}
	}
	return nil
}
