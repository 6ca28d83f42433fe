// Command gen writes what is generated from the table of kinds into the
// directory that it is given: reference.md, schema.json, plan.schema.json. It
// is run by go generate in package render; a test there holds the files
// against what it would write.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"trueup/render"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY")
		os.Exit(1)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(dir string) error {
	files, err := render.Docs()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
