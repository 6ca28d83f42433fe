package sink

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

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
	path := filepath.Join(t.TempDir(), "secret.age")
	k, r := row(t, schema.Row{nil, nil, schema.Row{schema.Strings(id.Recipient().String()), schema.String(path)}})
	if err := Check(k, r); err != nil {
		t.Fatal(err)
	}
	if _, err := (Sinks{}).Deliver(t.Context(), addr, k, r, schema.NewSecret(value)); err != nil {
		t.Fatal(err)
	}
	sealed, _ := os.ReadFile(path)
	if bytes.Contains(sealed, []byte(value)) {
		t.Fatal("in clear")
	}
	plain, err := age.Decrypt(bytes.NewReader(sealed), id)
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(plain); string(got) != value {
		t.Errorf("%q", got)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	for name, bad := range map[string]schema.Row{
		"directory": file(dir),
		"command":   command("no-such-command-anywhere"),
		"recipient": {nil, nil, schema.Row{schema.Strings("age1nonsense"), schema.String(filepath.Join(dir, "x"))}},
	} {
		if k, r := row(t, bad); Check(k, r) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
