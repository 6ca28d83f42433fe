package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSummaryLimit: GitHub drops a summary of more than 1 MiB as a whole, so
// nothing is appended that would make it that.
func TestSummaryLimit(t *testing.T) {
	for _, c := range []struct {
		there, wanted int
		want          string // what is appended
	}{
		{0, 10, strings.Repeat("x", 10) + "\n"},
		{summaryLimit - 12, 10, strings.Repeat("x", 10) + "\n"},
		{summaryLimit - 11, 10, ""},
		{summaryLimit - 200, 1000, "\n**1 line not shown here, for want of room;** the log has them.\n\n"},
		{summaryLimit, 1, ""},
	} {
		file := filepath.Join(t.TempDir(), "summary.md")
		before := bytes.Repeat([]byte("."), c.there)
		if err := os.WriteFile(file, before, 0o600); err != nil {
			t.Fatal(err)
		}
		err := appendSummary(file, func(int) ([]byte, error) { return bytes.Repeat([]byte("x"), c.wanted), nil })
		if (err == nil) != (c.want != "") {
			t.Errorf("%d after %d bytes: %v", c.wanted, c.there, err)
		}
		after, err := os.ReadFile(file)
		if err != nil || string(after[c.there:]) != c.want {
			t.Errorf("%d after %d bytes: %v, appended %q", c.wanted, c.there, err, after[c.there:])
		}
	}
}

// TestSummaryOfDestruction: a plan that destroys more than a summary holds is
// there as far as it goes, with its counts, and not left out as a whole.
func TestSummaryOfDestruction(t *testing.T) {
	plan := "### trueup: **20000 to destroy**\n\n" + strings.Repeat("- `-` `access_rule.x` · a line as a plan has them, of 80 bytes or so, all in all\n", 20000)
	got := string(wholeLines([]byte(plan), summaryLimit))
	kept := strings.Count(got, "- `-` ")
	if len(got) > summaryLimit || len(got) < summaryLimit-300 || !strings.HasPrefix(got, "### trueup: **20000 to destroy**\n\n- ") ||
		!strings.HasSuffix(got, fmt.Sprintf("all in all\n\n**%d lines not shown here, for want of room;** the log has them.\n\n", 20000-kept)) {
		t.Errorf("%d bytes, %d lines: %.100q … %q", len(got), kept, got, got[len(got)-200:])
	}
}

// TestSummaryBlock: a line that would end a code block cannot, and what does not
// fit is counted.
func TestSummaryBlock(t *testing.T) {
	got := string(codeBlock("### failed\n", "```\n</details>\n\n# head\n", 1000))
	if want := "### failed\n\n    ```\n    </details>\n    # head\n"; got != want {
		t.Errorf("%q", got)
	}
	got = string(codeBlock("### failed\n", strings.Repeat("0123456789\n", 100), 500))
	if len(got) > 500 || !strings.HasSuffix(got, "\n74 lines not shown here; the log has them.\n") {
		t.Errorf("%d bytes: %q", len(got), got)
	}
}

// TestInside: files of the repository are named from its top.
func TestInside(t *testing.T) {
	root := t.TempDir()
	work := filepath.Join(root, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(work)
	for file, want := range map[string]string{
		"a.yaml": "work/a.yaml", "../b.yaml": "b.yaml", filepath.Join(work, "c.yaml"): "work/c.yaml", "../../d.yaml": "../../d.yaml",
	} {
		if got := inside(root, file); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}
