// Package sink brings a secret to where the files want it: a file, the standard
// input of a command, a file encrypted with age. It returns when the secret is
// durably there.
//
// It is the only package that reveals a secret. It prints nothing, and no
// error of it holds the secret. applier calls Deliver, cli calls Check before a
// plan.
package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"github.com/google/renameio/v2"

	"trueup/schema"
)

// Sinks delivers secrets. The zero value is ready.
type Sinks struct{}

// target is one sink of a resource: exactly one of its parts is set.
type target struct {
	file       string
	command    []string
	ageFile    string
	recipients []string
}

// Deliver writes the secret to every sink of the row, in order, and says where
// it went. If one fails, the error says which did and which did not get it.
func (Sinks) Deliver(ctx context.Context, addr schema.Addr, k *schema.Kind, row schema.Row, secret schema.Secret) (string, error) {
	targets := targetsOf(k, row)
	if len(targets) == 0 {
		return "", fmt.Errorf("%s has no sink for its secret", addr)
	}
	var done []string
	var errs []error
	for _, t := range targets {
		if err := t.deliver(ctx, secret); err != nil {
			errs = append(errs, fmt.Errorf("secret not delivered to %s: %w", t, err))
			continue
		}
		done = append(done, t.String())
	}
	where := strings.Join(done, ", ")
	if len(errs) > 0 && where != "" {
		errs = append(errs, fmt.Errorf("it did reach %s", where))
	}
	return where, errors.Join(errs...)
}

// targetsOf reads the sinks of a row through the table.
func targetsOf(k *schema.Kind, row schema.Row) []target {
	attr := k.Attr(k.API.Sink)
	if attr == nil {
		return nil
	}
	list, _ := k.Get(row, attr.Name).(schema.List)
	var out []target
	for _, e := range list {
		r, _ := schema.Reveal(e).(schema.Row)
		var t target
		for i := range attr.Attrs {
			if i >= len(r) || r[i] == nil {
				continue
			}
			t.set(&attr.Attrs[i], r[i])
		}
		out = append(out, t)
	}
	return out
}

func (t *target) set(a *schema.Attr, v schema.Value) {
	switch a.Type {
	case schema.TypePath:
		t.file = schema.Text(v)
	case schema.TypeText:
		t.command = texts(v)
	case schema.TypeObject:
		inner, _ := v.(schema.Row)
		for i := range a.Attrs {
			if i >= len(inner) {
				break
			}
			if a.Attrs[i].Type == schema.TypePath {
				t.ageFile = schema.Text(inner[i])
			} else {
				t.recipients = texts(inner[i])
			}
		}
	}
}

func texts(v schema.Value) []string {
	l, _ := v.(schema.List)
	out := make([]string, len(l))
	for i, e := range l {
		out[i] = schema.Text(e)
	}
	return out
}

// String says where, for people.
func (t target) String() string {
	switch {
	case t.file != "":
		return t.file
	case t.ageFile != "":
		return t.ageFile + " (encrypted with age)"
	case len(t.command) > 0:
		return "the command " + t.command[0]
	}
	return "nowhere"
}

func (t target) deliver(ctx context.Context, secret schema.Secret) error {
	switch {
	case t.file != "":
		return writeFile(t.file, []byte(secret.Reveal()))
	case t.ageFile != "":
		sealed, err := encrypt(t.recipients, secret)
		if err != nil {
			return err
		}
		return writeFile(t.ageFile, sealed)
	case len(t.command) > 0:
		return pipe(ctx, t.command, secret)
	}
	return errors.New("the sink names neither file nor command")
}

// writeFile replaces the file as a whole: written beside it, synced, renamed.
// The new one is 0600 even if the old one was not; a symbolic link is replaced,
// not followed, so that nobody can choose where the secret goes.
func writeFile(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithStaticPermissions(0o600), renameio.WithTempDir(dir))
	if err != nil {
		return err
	}
	defer f.Cleanup() //nolint:errcheck // nothing is left to clean up after a success
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func encrypt(recipients []string, secret schema.Secret) ([]byte, error) {
	parsed, err := parseRecipients(recipients)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, parsed...)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(w, secret.Reveal())
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

func parseRecipients(texts []string) ([]age.Recipient, error) {
	var out []age.Recipient
	for _, t := range texts {
		var r age.Recipient
		var err error
		if strings.HasPrefix(t, "ssh-") {
			r, err = agessh.ParseRecipient(t)
		} else {
			r, err = age.ParseX25519Recipient(t)
		}
		if err != nil {
			return nil, fmt.Errorf("age recipient %q: %w", t, err)
		}
		out = append(out, r)
	}
	if len(out) == 0 {
		return nil, errors.New("age needs at least one recipient")
	}
	return out, nil
}

// pipe runs the command without a shell, the secret on its standard input. Its
// output is not shown; where it fails, the end of its standard error is, with
// the secret taken out.
func pipe(ctx context.Context, argv []string, secret schema.Secret) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(secret.Reveal())
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	if err == nil {
		return nil
	}
	said := strings.TrimSpace(strings.ReplaceAll(stderr.String(), secret.Reveal(), schema.Masked))
	if len(said) > 500 {
		said = "…" + said[len(said)-500:]
	}
	if said == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, said)
}

// Check says what would keep the sinks of a row from working, before anything
// is sent.
func Check(k *schema.Kind, row schema.Row) error {
	var errs []error
	for _, t := range targetsOf(k, row) {
		switch {
		case t.file != "" || t.ageFile != "":
			if info, err := os.Stat(t.file + t.ageFile); err == nil && info.IsDir() {
				errs = append(errs, fmt.Errorf("the sink %s is a directory", t))
			}
		case len(t.command) > 0:
			if _, err := exec.LookPath(t.command[0]); err != nil {
				errs = append(errs, fmt.Errorf("the sink's command: %w", err))
			}
		}
		if len(t.recipients) > 0 {
			_, err := parseRecipients(t.recipients)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
