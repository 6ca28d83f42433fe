package planner

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"trueup/diag"
	"trueup/schema"
)

// Format is the version of the saved plan that this trueup writes.
const Format = 1

// envelope is a saved plan as a file: version and checksum around the plan, so
// that both are known before anything of it is believed.
type envelope struct {
	Format int             `json:"trueup_plan"`
	SHA256 string          `json:"sha256"`
	Plan   json.RawMessage `json:"plan"`
}

type savedPlan struct {
	Paths     []string          `json:"paths"`
	Files     map[string]string `json:"files,omitempty"`
	Dir       string            `json:"dir,omitempty"`
	StatePath string            `json:"state,omitempty"`
	Scopes    []schema.Scope    `json:"scopes"`
	Resources int               `json:"resources"`
	Destroy   bool              `json:"destroy,omitempty"`
	Undo      bool              `json:"undo,omitempty"`
	Targets   []schema.Addr     `json:"targets,omitempty"`
	Salt      []byte            `json:"salt,omitempty"`
	Budget    Budget            `json:"budget"`
	Changes   []savedChange     `json:"changes"`
	LeftAlone []LeftAlone       `json:"left_alone,omitempty"`
	Foreign   int               `json:"foreign,omitempty"`
	Refusals  []Refusal         `json:"refusals,omitempty"`
	Warnings  diag.List         `json:"warnings,omitempty"`
}

type savedChange struct {
	Addr           schema.Addr       `json:"address"`
	Scope          schema.Scope      `json:"scope"`
	ID             string            `json:"id,omitempty"`
	Lost           string            `json:"lost,omitempty"`
	Deposed        bool              `json:"deposed,omitempty"`
	Action         Action            `json:"action"`
	Reason         Reason            `json:"reason,omitempty"`
	Roll           bool              `json:"roll,omitempty"`
	Record         bool              `json:"record,omitempty"`
	Adopted        bool              `json:"adopted,omitempty"`
	Release        bool              `json:"release,omitempty"`
	RenamedFrom    *schema.Addr      `json:"renamed_from,omitempty"`
	Before         json.RawMessage   `json:"before,omitempty"`
	After          json.RawMessage   `json:"after,omitempty"`
	Kept           bool              `json:"kept,omitempty"` // after is the same as before
	Fields         []savedField      `json:"fields,omitempty"`
	Same           int               `json:"same,omitempty"`
	Drift          []savedField      `json:"drift,omitempty"`
	Names          map[string]string `json:"names,omitempty"`
	Gains          []string          `json:"gains,omitempty"`
	Referrers      []schema.Referrer `json:"referrers,omitempty"`
	Event          *Event            `json:"event,omitempty"`
	PreventDestroy bool              `json:"prevent_destroy,omitempty"`
	DependsOn      []schema.Addr     `json:"depends_on,omitempty"`
	Refused        string            `json:"refused,omitempty"`
	Needs          []int             `json:"needs,omitempty"`
	Wave           int               `json:"wave,omitempty"`
}

type savedField struct {
	Path     string          `json:"path"`
	Before   json.RawMessage `json:"before,omitempty"`
	After    json.RawMessage `json:"after,omitempty"`
	Applied  json.RawMessage `json:"applied,omitempty"`
	Known    bool            `json:"known,omitempty"`
	Drifted  bool            `json:"drifted,omitempty"`
	Wanted   bool            `json:"wanted,omitempty"`
	Replaces bool            `json:"replaces,omitempty"`
}

// Encode is the plan as it is saved: self-contained, with digests in place of
// sensitive values and without the live items as they came.
func (p *Plan) Encode() ([]byte, error) {
	s := savedPlan{
		Paths: p.Paths, Files: p.Files, Dir: p.Dir, StatePath: p.StatePath, Scopes: p.Scopes, Resources: p.Resources, Destroy: p.Destroy, Undo: p.Undo, Targets: p.Targets, Salt: p.Salt,
		Budget: p.Budget, LeftAlone: p.LeftAlone, Foreign: p.Foreign, Refusals: p.Refusals, Warnings: p.Warnings,
		Changes: make([]savedChange, len(p.Changes)),
	}
	for i, c := range p.Changes {
		var err error
		if s.Changes[i], err = encodeChange(c, p.Salt); err != nil {
			return nil, fmt.Errorf("%s: %w", c.Addr, err)
		}
	}
	body, err := marshal(s)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	out, err := marshal(envelope{Format: Format, SHA256: hex.EncodeToString(sum[:]), Plan: body})
	return append(out, '\n'), err
}

// marshal is json.Marshal without the escapes that only HTML needs.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func encodeChange(c *Change, salt []byte) (savedChange, error) {
	s := savedChange{
		Addr: c.Addr, Scope: c.Scope, ID: c.ID, Lost: c.Lost, Deposed: c.Deposed, Action: c.Action, Reason: c.Reason, Roll: c.Roll,
		Record: c.Record, Adopted: c.Adopted, Release: c.Release, Same: c.Same, Names: c.Names, Gains: c.Gains, Referrers: c.Referrers, Event: c.Event,
		PreventDestroy: c.PreventDestroy, DependsOn: c.DependsOn, Refused: c.Refused, Needs: c.Needs, Wave: c.Wave,
		Kept: sameSlice(c.Before, c.After),
	}
	if !c.RenamedFrom.IsZero() {
		s.RenamedFrom = &c.RenamedFrom
	}
	var err error
	if s.Before, err = encodeRow(c.Kind, c.Before, salt); err != nil {
		return s, err
	}
	if !s.Kept {
		if s.After, err = encodeRow(c.Kind, c.After, salt); err != nil {
			return s, err
		}
	}
	if s.Fields, err = encodeFields(c.Kind, c.Fields, salt); err != nil {
		return s, err
	}
	s.Drift, err = encodeFields(c.Kind, c.Drift, salt)
	return s, err
}

// sameSlice reports whether two rows are one.
func sameSlice(a, b schema.Row) bool { return len(a) > 0 && len(a) == len(b) && &a[0] == &b[0] }

func encodeRow(k *schema.Kind, row schema.Row, salt []byte) (json.RawMessage, error) {
	if row == nil {
		return nil, nil
	}
	if schema.HasSensitive(row) {
		if len(salt) == 0 {
			return nil, errNoSalt
		}
		row = k.Seal(row, salt)
	}
	return k.AppendRow(nil, row)
}

var errNoSalt = fmt.Errorf("there is no salt to seal sensitive values with")

func encodeFields(k *schema.Kind, fields []Field, salt []byte) ([]savedField, error) {
	var out []savedField
	for _, f := range fields {
		s := savedField{Path: f.Path, Known: f.Known, Drifted: f.Drifted, Wanted: f.Wanted, Replaces: f.Replaces}
		a := k.AttrAt(f.Path)
		if a == nil {
			return nil, fmt.Errorf("%s is no path of a %s", f.Path, singular(k))
		}
		for _, part := range []struct {
			to *json.RawMessage
			v  schema.Value
		}{{&s.Before, f.Before}, {&s.After, f.After}, {&s.Applied, f.Applied}} {
			var err error
			if *part.to, err = encodeValue(a, part.v, salt); err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

func encodeValue(a *schema.Attr, v schema.Value, salt []byte) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	if schema.HasSensitive(v) {
		if len(salt) == 0 {
			return nil, errNoSalt
		}
		v = a.Seal(v, salt)
	}
	return a.AppendValue(nil, v)
}

// ErrNoPlan: what is to be decoded is something else than a saved plan.
var ErrNoPlan = errors.New("this is not a saved plan")

// Decode reads what Encode wrote. The Changes bear no Raw; see Stale.
func Decode(data []byte) (*Plan, error) {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil || e.Format == 0 {
		return nil, ErrNoPlan
	}
	if e.Format > Format {
		return nil, fmt.Errorf("the plan was saved by a newer trueup (format %d; this one reads up to %d): use that one, or make the plan again", e.Format, Format)
	}
	sum := sha256.Sum256(e.Plan)
	if hex.EncodeToString(sum[:]) != e.SHA256 {
		return nil, fmt.Errorf("the saved plan is damaged: its checksum is wrong; make it again")
	}
	var s savedPlan
	if err := json.Unmarshal(e.Plan, &s); err != nil {
		return nil, fmt.Errorf("the saved plan cannot be read: %w", err)
	}
	p := &Plan{
		Paths: s.Paths, Files: s.Files, Dir: s.Dir, StatePath: s.StatePath, Scopes: s.Scopes, Resources: s.Resources, Destroy: s.Destroy, Undo: s.Undo, Targets: s.Targets, Salt: s.Salt,
		Budget: s.Budget, LeftAlone: s.LeftAlone, Foreign: s.Foreign, Refusals: s.Refusals, Warnings: s.Warnings,
		Changes: make([]*Change, len(s.Changes)),
	}
	for i := range s.Changes {
		c, err := decodeChange(&s.Changes[i], len(s.Changes))
		if err != nil {
			return nil, fmt.Errorf("the saved plan cannot be read: %s: %w", s.Changes[i].Addr, err)
		}
		p.Changes[i] = c
	}
	return p, p.checkNeeds()
}

func decodeChange(s *savedChange, n int) (*Change, error) {
	c := &Change{
		Addr: s.Addr, Kind: schema.KindNamed(s.Addr.Kind), Scope: s.Scope, ID: s.ID, Lost: s.Lost, Deposed: s.Deposed, Action: s.Action,
		Reason: s.Reason, Roll: s.Roll, Record: s.Record, Adopted: s.Adopted, Release: s.Release, Same: s.Same, Names: s.Names, Gains: s.Gains, Referrers: s.Referrers,
		Event: s.Event, PreventDestroy: s.PreventDestroy, DependsOn: s.DependsOn, Refused: s.Refused, Needs: s.Needs, Wave: s.Wave,
	}
	if c.Kind == nil {
		return nil, fmt.Errorf("there is no kind %q", s.Addr.Kind)
	}
	for _, i := range c.Needs {
		if i < 0 || i >= n {
			return nil, fmt.Errorf("it needs a change that is not there")
		}
	}
	if s.RenamedFrom != nil {
		c.RenamedFrom = *s.RenamedFrom
	}
	var err error
	if c.Before, err = decodeRow(c.Kind, s.Before); err != nil {
		return nil, err
	}
	if c.After = c.Before; !s.Kept {
		if c.After, err = decodeRow(c.Kind, s.After); err != nil {
			return nil, err
		}
	}
	if c.Fields, err = decodeFields(c.Kind, s.Fields); err != nil {
		return nil, err
	}
	c.Drift, err = decodeFields(c.Kind, s.Drift)
	return c, err
}

func decodeRow(k *schema.Kind, data json.RawMessage) (schema.Row, error) {
	if data == nil {
		return nil, nil
	}
	return k.DecodeRow(data)
}

func decodeFields(k *schema.Kind, saved []savedField) ([]Field, error) {
	var out []Field
	for _, s := range saved {
		f := Field{Path: s.Path, Known: s.Known, Drifted: s.Drifted, Wanted: s.Wanted, Replaces: s.Replaces}
		a := k.AttrAt(s.Path)
		if a == nil {
			return nil, fmt.Errorf("%q is no path of a %s", s.Path, singular(k))
		}
		for _, part := range []struct {
			to   *schema.Value
			data json.RawMessage
		}{{&f.Before, s.Before}, {&f.After, s.After}, {&f.Applied, s.Applied}} {
			if part.data == nil {
				continue
			}
			var err error
			if *part.to, err = a.DecodeValue(part.data); err != nil {
				return nil, err
			}
		}
		out = append(out, f)
	}
	return out, nil
}

// checkNeeds refuses a plan that could never be carried out.
func (p *Plan) checkNeeds() error {
	steps := make([]*step, len(p.Changes))
	for i := range steps {
		steps[i] = &step{}
	}
	for i, c := range p.Changes {
		for _, n := range c.Needs {
			steps[i].needs = append(steps[i].needs, steps[n])
		}
	}
	if _, stuck := order(steps, func(s *step) []*step { return s.needs }); len(stuck) > 0 {
		return fmt.Errorf("the saved plan cannot be read: changes need each other")
	}
	return nil
}
