package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"trueup/cfclient"
	"trueup/diag"
	"trueup/planner"
	"trueup/schema"
)

// snapshotVersion is the version of the snapshot file.
const snapshotVersion = 1

// snapshot is the live objects of some scopes as one file, to plan against
// without credentials. It holds no secret: the API gives none.
type snapshot struct {
	Version    int                         `json:"trueup_snapshot"`
	Taken      time.Time                   `json:"taken_at,omitzero"` // in UTC, to the second
	Lists      []snapshotList              `json:"lists"`
	Catalogues map[string]schema.Catalogue `json:"permission_groups,omitempty"`
	Self       map[string]string           `json:"token_in_use,omitempty"`
}

type snapshotList struct {
	Kind    string           `json:"kind"`
	Scope   schema.Scope     `json:"scope"`
	Foreign int              `json:"foreign,omitempty"`
	Objects []snapshotObject `json:"objects"`
}

type snapshotObject struct {
	ID     string            `json:"id"`
	Values json.RawMessage   `json:"values"`
	Raw    json.RawMessage   `json:"raw,omitempty"`
	Names  map[string]string `json:"names,omitempty"`
}

type snapshotCmd struct {
	apiFlags
	Scope []string `placeholder:"SCOPE" default:"user" help:"user, account:<id> or zone:<id> (repeatable; default user)."`
	Kind  []string `placeholder:"KIND" help:"Only this kind, such as access_rule (repeatable)."`
	Out   string   `placeholder:"FILE" help:"Write to FILE instead of stdout."`
}

func (c *snapshotCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := a.deadline(ctx, c.Timeout)
	defer cancel()
	client, err := a.connect(c.apiFlags, ".")
	if err != nil {
		return err
	}
	s := snapshot{Version: snapshotVersion, Taken: a.now(), Catalogues: map[string]schema.Catalogue{}, Self: map[string]string{}}
	err = a.eachList(ctx, client, c.Scope, c.Kind, s.add)
	if err != nil {
		return err
	}
	return a.output(c.Out, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		return enc.Encode(s)
	})
}

// kindsNamed are the kinds of the names, singular or plural; all where there
// are none.
func kindsNamed(names []string) ([]*schema.Kind, error) {
	if len(names) == 0 {
		return schema.Kinds, nil
	}
	var out []*schema.Kind
	for _, n := range names {
		k := schema.KindCalled(n)
		if k == nil {
			return nil, fmt.Errorf("there is no kind %q; the kinds are %s", n, strings.Join(schema.KindNames(), ", "))
		}
		out = append(out, k)
	}
	return out, nil
}

// eachList reads the lists of the kinds in the scopes, in order. A kind for
// which no credential is set is left out with a word, unless it was asked for by
// name.
func (a *app) eachList(ctx context.Context, client *cfclient.Client, scopes, names []string, f func(context.Context, *cfclient.Client, planner.Listing) error) error {
	kinds, err := kindsNamed(names)
	if err != nil {
		return err
	}
	for _, text := range scopes {
		scope, err := schema.ParseScope(text)
		if err != nil {
			return err
		}
		for _, k := range kinds {
			needs := client.Missing(k)
			switch {
			case !k.Has(scope.Level):
				continue
			case needs != "" && len(names) > 0:
				return fmt.Errorf("%s need %s", k.Plural, needs)
			case needs != "":
				a.say("Left out: %s in scope %s, which need %s.", k.Plural, scope, needs)
				continue
			}
			objects, foreign, err := client.Read(ctx, k, scope)
			if err != nil {
				return fmt.Errorf("reading %s in scope %s: %w", k.Plural, scope, err)
			}
			if err := f(ctx, client, planner.Listing{Kind: k, Scope: scope, Objects: objects, Foreign: foreign}); err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes a list, and what a plan asks besides where the kind is a
// credential.
func (s *snapshot) add(ctx context.Context, client *cfclient.Client, live planner.Listing) error {
	l := snapshotList{Kind: live.Kind.Name, Scope: live.Scope, Foreign: live.Foreign, Objects: []snapshotObject{}}
	for _, o := range live.Objects {
		values, err := live.Kind.AppendRow(nil, o.Values)
		if err != nil {
			return err
		}
		l.Objects = append(l.Objects, snapshotObject{ID: o.ID, Values: values, Raw: o.Raw, Names: o.Names})
	}
	s.Lists = append(s.Lists, l)
	if live.Kind.Narrows == nil {
		return nil
	}
	var err error
	scope := live.Scope.String()
	if s.Catalogues[scope], err = client.Catalogue(ctx, live.Scope); err != nil {
		return err
	}
	s.Self[scope], err = client.Verify(ctx, live.Scope)
	return err
}

// readSnapshot opens a snapshot file as a world.
func readSnapshot(path string) (*snapshot, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var s snapshot
	if err := json.Unmarshal(data, &s); err != nil || s.Version == 0 {
		return nil, fmt.Errorf("%s is no snapshot: make one with trueup snapshot --out %s", path, path)
	}
	if s.Version > snapshotVersion {
		return nil, fmt.Errorf("%s was written by a newer trueup (format %d, this one reads up to %d)", path, s.Version, snapshotVersion)
	}
	return &s, nil
}

func (s *snapshot) Read(_ context.Context, k *schema.Kind, scope schema.Scope) ([]*schema.Object, int, error) {
	for _, l := range s.Lists {
		if l.Kind != k.Name || l.Scope != scope {
			continue
		}
		objects := make([]*schema.Object, len(l.Objects))
		for i, o := range l.Objects {
			row, err := k.DecodeRow(o.Values)
			if err != nil {
				return nil, 0, err
			}
			objects[i] = &schema.Object{Kind: k, Scope: scope, ID: o.ID, Values: row, Raw: o.Raw, Names: o.Names}
		}
		return objects, l.Foreign, nil
	}
	return nil, 0, errors.New("the snapshot does not have them: make one with " + s.command(scope))
}

// command makes a snapshot like this one which has the scope too; where the
// scope is there, all kinds of it.
func (s *snapshot) command(scope schema.Scope) string {
	scopes := []schema.Scope{}
	for _, l := range s.Lists {
		if !slices.Contains(scopes, l.Scope) {
			scopes = append(scopes, l.Scope)
		}
	}
	if slices.Contains(scopes, scope) {
		return "a credential that may read them, and without --kind"
	}
	text := "trueup snapshot"
	for _, sc := range append(scopes, scope) {
		text += " --scope " + sc.String()
	}
	return text
}

// snapshotStale is the age from which a plan against a snapshot says it.
const snapshotStale = 24 * time.Hour

// describe says what a plan against the snapshot at path was made against, and
// notes an age that might mislead.
func (s *snapshot) describe(a *app, path string) string {
	if s.Taken.IsZero() {
		return " against " + path
	}
	if age := a.now().Sub(s.Taken); age >= snapshotStale {
		a.say("%s is %s old: what was changed since is not in this plan.", path, diag.Plural(int(age/snapshotStale), "day"))
	}
	return " against " + path + " of " + s.Taken.Format("2006-01-02 15:04 UTC")
}

// Get knows of nothing that is in no list.
func (s *snapshot) Get(_ context.Context, k *schema.Kind, scope schema.Scope, id string) (*schema.Object, error) {
	return nil, &schema.Fault{Meaning: schema.NotFound, Message: fmt.Sprintf("the snapshot has no %s %s in scope %s", k.Name, id, scope)}
}

func (s *snapshot) Catalogue(_ context.Context, scope schema.Scope) (schema.Catalogue, error) {
	return s.Catalogues[scope.String()], nil
}

func (s *snapshot) Verify(_ context.Context, scope schema.Scope) (string, error) {
	return s.Self[scope.String()], nil
}

func (s *snapshot) Referrers(context.Context, *schema.Kind, schema.Scope, string) ([]schema.Referrer, error) {
	return nil, nil
}

func (s *snapshot) Events(context.Context, schema.Scope, time.Time, time.Time, []string) (map[string]cfclient.Event, error) {
	return nil, nil
}

func (s *snapshot) OwnAddress(context.Context) (netip.Addr, error) { return netip.Addr{}, nil }
func (s *snapshot) Missing(*schema.Kind) string                    { return "" }
func (s *snapshot) Requests() int                                  { return 0 }
func (s *snapshot) Window() (limit, remaining int, known bool)     { return 0, 0, false }
