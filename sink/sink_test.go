package sink

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"trueup/schema"
)

const value = "cfut_0123456789abcdefghijklmnopqrstuvwxyzABCD"

func row(t *testing.T, sinks ...schema.Row) (*schema.Kind, schema.Row) {
	t.Helper()
	k := schema.KindNamed("token")
	r := make(schema.Row, len(k.Attrs))
	l := schema.List{}
	for _, s := range sinks {
		l = append(l, s)
	}
	r[k.Index(k.API.Sink)] = l
	return k, r
}

func file(path string) schema.Row { return schema.Row{schema.String(path), nil, nil} }
func command(argv ...string) schema.Row {
	return schema.Row{nil, schema.Strings(argv...), nil}
}

var addr = schema.Addr{Kind: "token", Name: "x"}

func TestFileIsExactAndPrivate(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "deep", "secret")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	k, r := row(t, file(path))
	where, err := Sinks{}.Deliver(t.Context(), addr, k, r, schema.NewSecret(value))
	if err != nil || where != path {
		t.Fatalf("%q, %v", where, err)
	}
	got, _ := os.ReadFile(path)
	info, _ := os.Stat(path)
	if string(got) != value || info.Mode().Perm() != 0o600 {
		t.Errorf("%q, mode %v", got, info.Mode())
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLinkIsReplaced(t *testing.T) {
	dir := t.TempDir()
	elsewhere, path := filepath.Join(dir, "elsewhere"), filepath.Join(dir, "secret")
	if err := os.WriteFile(elsewhere, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, path); err != nil {
		t.Fatal(err)
	}
	k, r := row(t, file(path))
	if _, err := (Sinks{}).Deliver(t.Context(), addr, k, r, schema.NewSecret(value)); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(elsewhere); string(got) != "mine" {
		t.Errorf("the link was followed: %q", got)
	}
	if info, _ := os.Lstat(path); info.Mode()&os.ModeSymlink != 0 {
		t.Error("still a link")
	}
}

func TestCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "got")
	k, r := row(t, command("sh", "-c", "cat > "+path))
	if _, err := (Sinks{}).Deliver(t.Context(), addr, k, r, schema.NewSecret(value)); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != value {
		t.Errorf("%q", got)
	}
}

func TestFailureNamesBothAndLeaksNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	k, r := row(t, file(path), command("sh", "-c", "cat >&2; exit 3"))
	where, err := Sinks{}.Deliver(t.Context(), addr, k, r, schema.NewSecret(value))
	if err == nil || where != path {
		t.Fatalf("%q, %v", where, err)
	}
	if strings.Contains(err.Error(), value) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "exit status 3") {
		t.Error(err)
	}
}

func TestAge(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	quantum, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sshPub, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	sshID, err := agessh.NewEd25519Identity(priv)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		recipient string
		identity  age.Identity
	}{
		"age":    {id.Recipient().String(), id},
		"hybrid": {quantum.Recipient().String(), quantum},
		"ssh":    {string(ssh.MarshalAuthorizedKey(sshPub)), sshID},
	} {
		path := filepath.Join(t.TempDir(), "secret.age")
		k, r := row(t, sealedFor(path, c.recipient))
		if ps := Check(k, r); len(ps) > 0 {
			t.Fatalf("%s: %v", name, ps)
		}
		where, err := Sinks{}.Deliver(t.Context(), addr, k, r, schema.NewSecret(value))
		if err != nil || !strings.Contains(where, path) {
			t.Fatalf("%s: %s, %v", name, where, err)
		}
		data, _ := os.ReadFile(path)
		if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 || bytes.Contains(data, []byte(value)) {
			t.Fatalf("%s: in clear, or mode %v", name, info.Mode())
		}
		plain, err := age.Decrypt(bytes.NewReader(data), c.identity)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := io.ReadAll(plain); string(got) != value {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func sealedFor(path string, recipients ...string) schema.Row {
	return schema.Row{nil, nil, schema.Row{schema.Strings(recipients...), schema.String(path)}}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ok := filepath.Join(dir, "x")
	for name, c := range map[string]struct {
		sink       schema.Row
		path, text string
	}{
		"directory":       {file(dir), "secret[0].file", "is a directory"},
		"below a file":    {file(filepath.Join(plain, "deep", "x")), "secret[0].file", "is not a directory"},
		"command":         {command("no-such-command-anywhere"), "secret[0].command", "no-such-command-anywhere"},
		"recipient":       {sealedFor(ok, "age1nonsense"), "secret[0].age.recipients", "age1nonsense"},
		"other recipient": {sealedFor(ok, "someone"), "secret[0].age.recipients", "someone"},
		"private key":     {sealedFor(ok, "AGE-SECRET-KEY-1XYZ"), "secret[0].age.recipients", "private key"},
		"no recipient":    {sealedFor(ok), "secret[0].age.recipients", "at least one"},
		"sealed, no file": {sealedFor(dir, "age1nonsense"), "secret[0].age.file", "is a directory"},
	} {
		k, r := row(t, c.sink)
		ps := Check(k, r)
		if len(ps) == 0 || ps[0].Path != c.path || !strings.Contains(ps[0].Summary, c.text) || strings.Contains(ps[0].Summary, "XYZ") {
			t.Errorf("%s: %+v", name, ps)
		}
	}
	for name, good := range map[string]schema.Row{
		"new directory": file(filepath.Join(dir, "a", "b", "c")),
		"there":         file(plain),
		"unknown yet":   {schema.Ref{Addr: addr, Attr: "id"}, nil, nil},
		"command":       command("sh"),
	} {
		if k, r := row(t, good); len(Check(k, r)) > 0 {
			t.Errorf("%s: %v", name, Check(k, r))
		}
	}
}

func TestDirectoriesArePrivate(t *testing.T) {
	dir := t.TempDir()
	k, r := row(t, file(filepath.Join(dir, "a", "b", "secret")))
	if _, err := (Sinks{}).Deliver(t.Context(), addr, k, r, schema.NewSecret(value)); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"a", "a/b"} {
		if info, err := os.Stat(filepath.Join(dir, d)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v, %v", d, info.Mode(), err)
		}
	}
}

// TestLeftover: what a crash left of a delivery is gone with the next one, and
// what somebody put in its place is not written through.
func TestLeftover(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.Symlink(victim, filepath.Join(dir, ".secret.trueup-new")); err != nil {
		t.Fatal(err)
	}
	k, r := row(t, file(filepath.Join(dir, "secret")))
	if _, err := (Sinks{}).Deliver(t.Context(), addr, k, r, schema.NewSecret(value)); err != nil {
		t.Fatal(err)
	}
	left, _ := os.ReadDir(dir)
	if len(left) != 1 || left[0].Name() != "secret" {
		t.Errorf("%v", left)
	}
}

// TestFileFails: a file that cannot be replaced stays as it was, and nothing is
// left beside it.
func TestFileFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	if err := os.MkdirAll(filepath.Join(path, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	k, r := row(t, file(path))
	if _, err := (Sinks{}).Deliver(t.Context(), addr, k, r, schema.NewSecret(value)); err == nil || strings.Contains(err.Error(), value) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("%v", left)
	}
	k, r = row(t, file("/dev/full/x"))
	if _, err := (Sinks{}).Deliver(t.Context(), addr, k, r, schema.NewSecret(value)); err == nil || !strings.Contains(err.Error(), "/dev/full") {
		t.Errorf("%v", err)
	}
}

func TestCommandEnds(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		text   string // of the error; "" for none
	}{
		"quiet":            {"cat >/dev/null; echo $TRUEUP_TEST; echo noise >&2", ""},
		"does not read":    {"exit 0", ""},
		"no reason":        {"cat >/dev/null; exit 7", "exit status 7"},
		"leaks":            {"read x; echo \"bad $x\" >&2; exit 1", "bad (sensitive value)"},
		"talks":            {"cat >/dev/null; i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done >&2; echo end >&2; exit 1", "end"},
		"leaves one alone": {"cat >/dev/null; sleep 5 & exit 0", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k, r := row(t, command("sh", "-c", c.script))
			_, err := Sinks{}.Deliver(t.Context(), addr, k, r, schema.NewSecret(value))
			if (err == nil) != (c.text == "") || err != nil && (!strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), value) || len(err.Error()) > 700) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCommandIsStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	k, r := row(t, command("sleep", "60"))
	if _, err := (Sinks{}).Deliver(ctx, addr, k, r, schema.NewSecret(value)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestNoSink(t *testing.T) {
	k, r := row(t)
	if _, err := (Sinks{}).Deliver(t.Context(), addr, k, r, schema.NewSecret(value)); err == nil {
		t.Error("delivered to nowhere")
	}
	if ps := Check(schema.KindNamed("pool"), nil); ps != nil {
		t.Errorf("%v", ps)
	}
}
