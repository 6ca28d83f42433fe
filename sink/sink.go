// Package sink brings a secret to where the files want it: a file, the standard
// input of a command, a file encrypted with age. It returns when the secret is
// durably there.
//
// It is the only package that reveals a secret. It prints nothing, and no
// error of it holds the secret. applier calls Check and Deliver, cli calls Check
// when it plans.
package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"trueup/schema"
)

// Sinks delivers secrets. The zero value is ready.
type Sinks struct{}

// target is one sink of a resource: one of its parts is set.
type target struct {
	file    string
	command []string
	age     *sealed
}

// sealed is a file encrypted with age.
type sealed struct {
	file       string
	recipients []string
}

// Check is the function of that name as an error.
func (Sinks) Check(k *schema.Kind, row schema.Row) error {
	var errs []error
	for _, p := range Check(k, row) {
		errs = append(errs, fmt.Errorf("its secret could not be delivered: %s. %s", p.Summary, p.Detail))
	}
	if len(errs) == 0 {
		return nil
	}
	return failures(errs)
}

// Deliver writes the secret to every sink of the row, in order, also after one
// has failed, and says where it went. The error says which failed and which
// have it. With none, the secret is in all of them.
func (Sinks) Deliver(ctx context.Context, addr schema.Addr, k *schema.Kind, row schema.Row, secret schema.Secret) (string, error) {
	targets := targetsOf(k, row)
	if len(targets) == 0 {
		return "", fmt.Errorf("%s has no sink for its secret", addr)
	}
	var done []string
	var errs []error
	for _, t := range targets {
		if err := t.deliver(ctx, secret); err != nil {
			errs = append(errs, fmt.Errorf("secret not written to %s: %w", t, err))
			continue
		}
		done = append(done, t.String())
	}
	where := strings.Join(done, ", ")
	switch {
	case len(errs) == 0:
		return where, nil
	case where != "":
		errs = append(errs, fmt.Errorf("it was written to %s", where))
	}
	return where, failures(errs)
}

// failures are several errors in one line.
type failures []error

func (f failures) Unwrap() []error { return f }

func (f failures) Error() string {
	texts := make([]string, len(f))
	for i, err := range f {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

// targetsOf reads the sinks of a row through the table.
func targetsOf(k *schema.Kind, row schema.Row) []target {
	attr := k.Attr(k.API.Sink)
	if attr == nil {
		return nil
	}
	list, _ := schema.Reveal(k.Get(row, attr.Name)).(schema.List)
	var out []target
	for _, e := range list {
		t := target{file: schema.Text(attr.Part(e, "file")), command: texts(attr.Part(e, "command"))}
		if a := attr.Part(e, "age"); a != nil {
			parts := &attr.Attrs[schema.Index(attr.Attrs, "age")]
			t.age = &sealed{file: schema.Text(parts.Part(a, "file")), recipients: texts(parts.Part(a, "recipients"))}
		}
		out = append(out, t)
	}
	return out
}

func texts(v schema.Value) []string {
	l, _ := v.(schema.List)
	out := make([]string, len(l))
	for i, e := range l {
		out[i] = schema.Text(e)
	}
	return out
}

// String says where, for people. Arguments of a command are not shown: they
// may be sensitive.
func (t target) String() string {
	switch {
	case t.file != "":
		return t.file
	case t.age != nil:
		return t.age.file + " (encrypted with age)"
	case len(t.command) > 0:
		return "the command " + t.command[0]
	}
	return "nowhere"
}

func (t target) deliver(ctx context.Context, secret schema.Secret) error {
	switch {
	case t.file != "":
		return writeFile(t.file, []byte(secret.Reveal()))
	case t.age != nil && t.age.file != "":
		data, err := encrypt(t.age.recipients, secret.Reveal())
		if err != nil {
			return err
		}
		return writeFile(t.age.file, data)
	case len(t.command) > 0:
		return pipe(ctx, t.command, secret.Reveal())
	}
	return errors.New("the sink names neither file nor command")
}
