package cli

import (
	"context"
	"fmt"
	"io"

	"trueup/diag"
	"trueup/render"
	"trueup/schema"
	"trueup/state"
)

type stateCmd struct {
	List stateListCmd `cmd:"" help:"List the addresses that the state owns."`
	Show stateShowCmd `cmd:"" help:"Show one resource as it was last applied."`
	Rm   stateRmCmd   `cmd:"" help:"Forget a resource; the live object stays."`
	Mv   stateMvCmd   `cmd:"" help:"Give a resource another address."`
}

type stateListCmd struct {
	stateFlags
	Format string `enum:"text,json" default:"text" help:"text or json."`
}

func (c *stateListCmd) Run(ctx context.Context, a *app) error {
	path, err := a.ownState(ctx, c.State)
	if err != nil {
		return err
	}
	s, err := a.openState(path, nil).Load(ctx)
	if err != nil {
		return err
	}
	if c.Format == "json" {
		return a.showState(s, formatFlags{Format: "json"}, "")
	}
	if len(s.Entries) == 0 {
		a.say("The state %s owns nothing. For another one: --state FILE, or -C DIR.", path)
	}
	for _, e := range s.Entries {
		fmt.Fprint(a.Out, e.Addr)
		if e.Deposed {
			fmt.Fprintf(a.Out, " (deposed %s)", e.ID)
		}
		fmt.Fprintln(a.Out)
	}
	return nil
}

type stateShowCmd struct {
	stateFlags
	Addr   string `arg:"" help:"The address, such as pool.web; without a key, all its instances."`
	Format string `enum:"text,json" default:"text" help:"text or json."`
}

func (c *stateShowCmd) Run(ctx context.Context, a *app) error {
	path, err := a.ownState(ctx, c.State)
	if err != nil {
		return err
	}
	s, err := a.openState(path, nil).Load(ctx)
	if err != nil {
		return err
	}
	found, err := entriesAt(s, c.Addr)
	if err != nil {
		return err
	}
	one := *s
	one.Entries = found
	return a.showState(&one, formatFlags{Format: c.Format}, "")
}

// showState writes a state in the format; source is its name for a head line.
func (a *app) showState(s *state.Snapshot, f formatFlags, source string) error {
	o := a.options(f, source)
	var out []byte
	var err error
	switch f.Format {
	case "json":
		out, err = render.StateJSON(s)
	case "markdown":
		out = render.StateMarkdown(s, o)
	case "html":
		out, err = render.StateHTML(s, o)
	default:
		return render.StateText(a.Out, s, o)
	}
	if err != nil {
		return err
	}
	_, err = a.Out.Write(out)
	return err
}

// entriesAt are the entries of the address, or of all its instances, deposed
// ones too.
func entriesAt(s *state.Snapshot, text string) ([]*state.Entry, error) {
	addr, err := schema.ParseAddr(text)
	if err != nil {
		return nil, err
	}
	var found []*state.Entry
	for _, one := range s.Instances(addr) {
		found = append(found, s.At(one)...)
	}
	if len(found) == 0 {
		return nil, notOwned(s, addr)
	}
	return found, nil
}

// notOwned says that the state does not have the address, and which may be meant.
func notOwned(s *state.Snapshot, addr schema.Addr) error {
	names := make([]string, len(s.Entries))
	for i, e := range s.Entries {
		names[i] = e.Addr.String()
	}
	if near := diag.Suggest(addr.String(), names); near != "" {
		return fmt.Errorf("the state has no %s: did you mean %s?", addr, near)
	}
	return fmt.Errorf("the state has no %s; see trueup state list", addr)
}

type stateRmCmd struct {
	stateFlags
	Addr   string `arg:"" help:"The address, such as pool.web; without a key, all its instances."`
	Format string `enum:"text,json" default:"text" help:"text or json."`
}

func (c *stateRmCmd) Run(ctx context.Context, a *app) error {
	addr, err := schema.ParseAddr(c.Addr)
	if err != nil {
		return err
	}
	err = a.editState(ctx, c.stateFlags, "state rm", func(s *state.Snapshot) error {
		all := s.Instances(addr)
		if len(all) == 0 {
			return notOwned(s, addr)
		}
		for _, one := range all {
			s.Remove(one)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.edited(c.Format, editedOutput{Forgotten: addr.String()}, fmt.Sprintf("Forgotten: %s. The live object stays as it is.\n", addr))
}

type stateMvCmd struct {
	stateFlags
	From   string `arg:"" help:"The address it has; without a key, all its instances."`
	To     string `arg:"" help:"The address it gets."`
	Format string `enum:"text,json" default:"text" help:"text or json."`
}

func (c *stateMvCmd) Run(ctx context.Context, a *app) error {
	from, err := schema.ParseAddr(c.From)
	if err != nil {
		return err
	}
	to, err := schema.ParseAddr(c.To)
	if err != nil {
		return err
	}
	if err := a.editState(ctx, c.stateFlags, "state mv", func(s *state.Snapshot) error { return s.Move(from, to) }); err != nil {
		return err
	}
	return a.edited(c.Format, editedOutput{From: from.String(), To: to.String()}, fmt.Sprintf("Moved: %s is now %s.\n", from, to))
}

// editedOutput is what was changed in the state.
type editedOutput struct {
	Forgotten string    `json:"forgotten,omitempty"`
	From      string    `json:"from,omitempty"`
	To        string    `json:"to,omitempty"`
	Trueup    ownOutput `json:"trueup"`
}

// edited says what was changed in the state.
func (a *app) edited(format string, out editedOutput, words string) error {
	if format == "json" {
		out.Trueup.Outcome = outcomeChanges
		return writeLine(a.Out, out)
	}
	_, err := io.WriteString(a.Out, words)
	return err
}

// editState changes the state under its lock.
func (a *app) editState(ctx context.Context, f stateFlags, what string, edit func(*state.Snapshot) error) error {
	path, err := a.ownState(ctx, f.State)
	if err != nil {
		return err
	}
	st := a.openState(path, nil)
	if err := a.lock(ctx, st, f, what); err != nil {
		return err
	}
	s, err := st.Load(ctx)
	if err != nil {
		return err
	}
	prev := s.Serial
	if err := edit(s); err != nil {
		return err
	}
	return st.Save(ctx, s, prev)
}
