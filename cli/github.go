package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"trueup/diag"
	"trueup/planner"
	"trueup/render"
)

// summaryLimit is GitHub's limit of a step summary: it drops a longer one as a
// whole.
const summaryLimit = 1 << 20

// annotate writes what was reported as annotations where a GitHub workflow runs.
func (a *app) annotate() {
	if v, _ := a.Env("GITHUB_ACTIONS"); v != "true" {
		return
	}
	for _, line := range diag.Annotations(a.rooted(a.said)) {
		a.say("%s", line)
	}
}

// rooted gives files the names that they have in the repository of a GitHub
// workflow, whatever directory the program works in. A file outside keeps its
// name.
func (a *app) rooted(l diag.List) diag.List {
	root, _ := a.Env("GITHUB_WORKSPACE")
	if root == "" {
		return l
	}
	l = slices.Clone(l)
	for i := range l {
		if l[i].Range.Known() {
			l[i].Range.File = inside(root, l[i].Range.File)
		}
	}
	return l
}

// inside is the file's path relative to root, if it lies in it.
func inside(root, file string) string {
	abs, err := filepath.Abs(file)
	if err != nil {
		return file
	}
	rel, err := filepath.Rel(root, abs)
	if err != nil || !filepath.IsLocal(rel) {
		return file
	}
	return rel
}

// summarize appends text to the step summary of a GitHub workflow, where there
// is one. text is given the bytes that are left in it.
func (a *app) summarize(text func(room int) ([]byte, error)) {
	path, _ := a.Env("GITHUB_STEP_SUMMARY")
	if path == "" {
		return
	}
	a.summed = true
	if err := appendSummary(path, text); err != nil {
		a.say("warning: the step summary was not written: %s", err)
	}
}

func appendSummary(path string, text func(room int) ([]byte, error)) (err error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = firstError(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	room := summaryLimit - int(info.Size()) - 1
	md, err := text(room)
	if err != nil {
		return err
	}
	if md = wholeLines(append(md, '\n'), room); len(md) > room {
		return fmt.Errorf("%s is full", path)
	}
	_, err = f.Write(md)
	return err
}

// wholeLines are the lines of text that fit, and how many others there are: what
// a plan destroys is never cut from it, so that it may be longer than there is
// room.
func wholeLines(text []byte, room int) []byte {
	const reserve = 100 // bytes for saying what was cut
	if len(text) <= room {
		return text
	}
	end := bytes.LastIndexByte(text[:max(0, room-reserve)], '\n') + 1
	left := bytes.Count(bytes.TrimRight(text[end:], "\n"), []byte("\n")) + 1
	return fmt.Appendf(text[:end:end], "\n**%s not shown here, for want of room;** the log has them.\n\n", diag.Plural(left, "line"))
}

func (a *app) summarizePlan(p *planner.Plan, o render.Options) {
	a.summarize(func(room int) ([]byte, error) {
		o.MaxBytes = max(1, room-1)
		return render.Markdown(p, o)
	})
}

// summarizeReports appends what was reported under a headline, as it is printed
// elsewhere.
func (a *app) summarizeReports(headline string, l diag.List) {
	a.summarize(func(room int) ([]byte, error) {
		var text bytes.Buffer
		p := diag.Printer{}
		if a.sources != nil {
			p.Source = a.sources.Source
		}
		if err := p.Print(&text, l); err != nil {
			return nil, err
		}
		return codeBlock("### trueup: "+headline+"\n", text.String(), room), nil
	})
}

// codeBlock is the headline and, indented as Markdown's code, the lines that
// fit. Nothing in an indented block can end it.
func codeBlock(headline, text string, room int) []byte {
	out := []byte(headline + "\n")
	const reserve = 100 // bytes for saying what was cut
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if line == "" {
			continue
		}
		if len(out)+len(line) > room-reserve {
			return fmt.Appendf(out, "\n%s not shown here; the log has them.\n", diag.Plural(len(lines)-i, "line"))
		}
		out = append(out, "    "+line+"\n"...)
	}
	return out
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
