package sink

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"trueup/schema"
)

const (
	stderrKept  = 64 << 10        // bytes of a command's standard error that are looked at
	stderrShown = 500             // bytes of it that an error shows
	pipeDelay   = 2 * time.Second // how long one is waited for that the command left behind
)

// pipe runs the command without a shell, with this process's environment and
// the secret on its standard input. Its output is not shown; where it fails,
// the end of its standard error is, without the secret. A command that is still
// running when ctx ends is killed, and what it started is not waited for.
func pipe(ctx context.Context, argv []string, secret string) error {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = strings.NewReader(secret)
	cmd.WaitDelay = pipeDelay
	said := &tail{}
	cmd.Stderr = said
	err := cmd.Run()
	if err == nil || errors.Is(err, exec.ErrWaitDelay) { // which says that it succeeded, but left a process behind
		return nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if text := said.shown(secret); text != "" {
		return fmt.Errorf("%w: %s", err, text)
	}
	return err
}

// tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if extra := len(t.b) - stderrKept; extra > stderrKept {
		t.b = append(t.b[:0], t.b[extra:]...)
	}
	return len(p), nil
}

// shown is the end in short, in one line. Half a secret at the start of what was kept is
// further away from the end than is shown.
func (t *tail) shown(secret string) string {
	text := string(t.b)
	if secret != "" {
		text = strings.ReplaceAll(text, secret, schema.Masked)
	}
	text = strings.ReplaceAll(strings.TrimSpace(strings.ToValidUTF8(text, "�")), "\n", "; ")
	if len(text) > stderrShown {
		text = "…" + strings.ToValidUTF8(text[len(text)-stderrShown:], "")
	}
	return text
}
