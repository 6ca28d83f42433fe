package diag

import (
	"bytes"
	"strings"
	"testing"
)

// TestPrintReadsOnce: a file is taken apart once, however many diagnostics it
// has: 100,000 rules and as many warnings took minutes.
func TestPrintReadsOnce(t *testing.T) {
	var l List
	for i := range 1000 {
		l.Add(Diagnostic{Summary: "wrong", Range: Range{File: "a.yaml", Start: Pos{Line: int32(i + 1), Column: 1}}})
	}
	asked := 0
	source := func(string) []byte {
		asked++
		return bytes.Repeat([]byte("line\n"), 1000)
	}
	var b bytes.Buffer
	if err := (Printer{Source: source}).Print(&b, l); err != nil {
		t.Fatal(err)
	}
	if asked != 1 {
		t.Errorf("the file was read %d times", asked)
	}
	if n := strings.Count(b.String(), " 1000 │ line\n"); n != 1 {
		t.Errorf("the last line stands there %d times", n)
	}
}
