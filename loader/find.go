package loader

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trueup/diag"
)

// NoConfiguration is the code of the error that Load gives where no path is
// named and none of the default ones is there.
const NoConfiguration = "no-configuration"

const maxFile = 256 << 20 // bytes of a file of configuration

// defaultPaths are looked for where no PATH is given.
var defaultPaths = []string{"trueup.yaml", "trueup.yml", "trueup.hcl", "trueup"}

// Extensions are those of configuration.
var Extensions = []string{".yaml", ".yml", ".hcl"}

// variableExtensions are those of files of variables.
var variableExtensions = []string{".yaml", ".yml", ".json", ".hcl"}

type found struct {
	files []foundFile
	paths []string // as given
	dir   string
}

// foundFile is a file to read: its name as shown, the directory that paths in
// it are relative to.
type foundFile struct{ name string }

func (f foundFile) dir() string { return filepath.Dir(f.name) }

// at is where the path is, seen from the process.
func (l *loader) at(path string) string {
	if l.opts.Dir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(l.opts.Dir, path)
}

func (l *loader) problem(file, summary, remedy string) {
	l.diags.Add(diag.Diagnostic{Summary: summary, Detail: remedy, Code: "file", Range: diag.Range{File: file}})
}

// find lists the files to read, each once, in the order given.
func (l *loader) find() found {
	out := found{paths: l.opts.Paths}
	if len(out.paths) == 0 {
		out.paths = l.defaults()
	}
	seen := map[string]bool{}
	for i, path := range out.paths {
		names, dir := l.filesOf(path)
		if i == 0 {
			out.dir = dir
		}
		for _, name := range names {
			if real := l.real(name); !seen[real] {
				seen[real] = true
				out.files = append(out.files, foundFile{name})
			}
		}
	}
	return out
}

// real is one name for a file, however it is reached.
func (l *loader) real(name string) string {
	path := l.at(name)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	return path
}

// Here reports whether the directory has a file that is loaded where no PATH is
// named.
func Here(dir string) bool {
	return slices.ContainsFunc(defaultPaths, func(name string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && !info.IsDir()
	})
}

func (l *loader) defaults() []string {
	var there []string
	for _, name := range defaultPaths {
		info, err := os.Stat(l.at(name))
		if err == nil && info.IsDir() == (filepath.Ext(name) == "") {
			there = append(there, name)
		}
	}
	switch len(there) {
	case 0:
		l.diags.Add(diag.Diagnostic{
			Code: NoConfiguration, Summary: "there is no configuration here",
			Detail: "Name a file or a directory, or write trueup.yaml; trueup export --out trueup.yaml makes one of what is live. Looked for: " + strings.Join(defaultPaths, ", ") + "/.",
		})
	case 1:
		return there
	default:
		l.problem("", "several configurations are here: "+strings.Join(there, ", "), "Name those that are meant, or move the files into the directory trueup.")
	}
	return nil
}

// filesOf gives the files that a PATH means, and its directory.
func (l *loader) filesOf(path string) (names []string, dir string) {
	info, err := os.Stat(l.at(path))
	_, given := l.opts.Text[path]
	switch {
	case given:
		return []string{path}, filepath.Dir(path)
	case err != nil:
		l.problem(path, reason(err), "Name a file or a directory that is there.")
		return nil, ""
	case info.IsDir():
		return l.list(path), filepath.Clean(path)
	case l.named && slices.Contains(variableExtensions, filepath.Ext(path)):
		return []string{path}, filepath.Dir(path)
	case IsVars(path):
		l.problem(path, "a file of variables is no configuration", "Give it with --var-file, or rename it: *.vars.* is never loaded as configuration.")
	case !slices.Contains(Extensions, filepath.Ext(path)):
		l.problem(path, fmt.Sprintf("files that end in %q are not read", filepath.Ext(path)), "Configuration ends in .yaml, .yml or .hcl.")
	default:
		return []string{path}, filepath.Dir(path)
	}
	return nil, ""
}

// IsVars reports whether the name is that of a file of variables.
func IsVars(path string) bool { return strings.Contains(filepath.Base(path), ".vars.") }

// InDirectory reports whether a file of the name is loaded with its directory.
func InDirectory(name string) bool {
	return slices.Contains(Extensions, filepath.Ext(name)) && !IsVars(name) && filepath.Base(name)[0] != '.'
}

func (l *loader) list(path string) []string {
	entries, err := os.ReadDir(l.at(path))
	if err != nil {
		l.problem(path, reason(err), "")
		return nil
	}
	var names []string
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() && InDirectory(name) {
			names = append(names, filepath.Join(path, name))
		}
	}
	for name := range l.opts.Text {
		if filepath.Dir(name) == filepath.Clean(path) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		l.problem(path, "this directory holds no configuration", "Its files must end in .yaml, .yml or .hcl.")
	}
	return names
}

// reason is why a file can't be read, without repeating its name.
func reason(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or directory"
	case errors.As(err, &path):
		return path.Err.Error()
	}
	return err.Error()
}

var errNotRegular = errors.New("not a regular file")

// readFile reads a regular file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	if info.Size() > limit {
		return nil, tooLarge(limit)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text := make([]byte, 0, info.Size()+512)
	for {
		n, err := f.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		switch {
		case errors.Is(err, io.EOF):
			return text, nil
		case err != nil:
			return nil, err
		case int64(len(text)) > limit:
			return nil, tooLarge(limit)
		case len(text) == cap(text):
			text = slices.Grow(text, len(text))
		}
	}
}

func tooLarge(limit int64) error { return fmt.Errorf("larger than %d MiB", limit>>20) }
