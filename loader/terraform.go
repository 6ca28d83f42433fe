package loader

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"trueup/schema"
)

// TerraformState is what a state of Terraform or OpenTofu says of objects of
// our kinds: which resource each of them is. Nothing else is taken from it, so
// that no secret that it holds can go anywhere.
type TerraformState struct {
	Resources []TerraformResource
	Data      int // data sources, which were skipped
	Other     int // resources of other types, which were skipped
}

// TerraformResource is one instance of a resource.
type TerraformResource struct {
	Addr  string // module.edge.cloudflare_access_rule.office["a"]
	Kind  *schema.Kind
	Scope schema.Scope
	ID    string
	key   string // the natural key; "" if it has none

	module, name, index string
	indexed             bool
}

// The form of a state of version 4, as far as it matters here.
type terraformFile struct {
	Version   *int                `json:"version"`
	Format    json.RawMessage     `json:"format_version"`
	Encrypted json.RawMessage     `json:"encrypted_data"`
	Resources []terraformResource `json:"resources"`
}

type terraformResource struct {
	Module    string `json:"module"`
	Mode      string `json:"mode"`
	Type      string `json:"type"`
	Name      string `json:"name"`
	Instances []struct {
		Index      json.RawMessage            `json:"index_key"`
		Deposed    string                     `json:"deposed"`
		Attributes map[string]json.RawMessage `json:"attributes"`
	} `json:"instances"`
}

// ReadTerraformState reads a state of version 4, which Terraform since 0.12 and
// OpenTofu write.
func ReadTerraformState(r io.Reader) (*TerraformState, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, tooLarge(maxFile)
	}
	const pull = "write one with: terraform state pull > FILE"
	var f terraformFile
	switch err := json.Unmarshal(bytes.TrimPrefix(text, []byte(byteOrderMark)), &f); {
	case err != nil:
		return nil, errors.New("this is no Terraform state: " + pull)
	case f.Encrypted != nil:
		return nil, errors.New("this state is encrypted; to write a plain one: tofu state pull > FILE")
	case f.Format != nil:
		return nil, errors.New("this is what terraform show prints, not a state: " + pull)
	case f.Version == nil:
		return nil, errors.New("this is no Terraform state: it has no version; " + pull)
	case *f.Version != 4:
		return nil, fmt.Errorf("this state has version %d, and version 4 can be read: let Terraform 0.12 or later write it anew, with terraform apply -refresh-only", *f.Version)
	}
	s := &TerraformState{}
	for _, r := range f.Resources {
		if err := s.add(r); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *TerraformState) add(r terraformResource) error {
	i := slices.IndexFunc(schema.Kinds, func(k *schema.Kind) bool { return slices.Contains(k.Terraform, r.Type) })
	switch {
	case r.Mode == "data":
		s.Data += len(r.Instances)
		return nil
	case i < 0:
		s.Other += len(r.Instances)
		return nil
	}
	for _, in := range r.Instances {
		if in.Deposed != "" {
			continue // what an unfinished replacement has left
		}
		t := TerraformResource{Kind: schema.Kinds[i], module: r.Module, name: r.Name, ID: word(in.Attributes["id"])}
		t.Addr = strings.TrimPrefix(r.Module+"."+r.Type+"."+r.Name, ".")
		if len(in.Index) > 0 && string(in.Index) != "null" {
			t.indexed, t.index = true, strings.Trim(string(in.Index), `"`)
			t.Addr += "[" + string(in.Index) + "]"
			_ = json.Unmarshal(in.Index, &t.index) // a number stays as it is written
		}
		var err error
		if t.Scope, err = terraformScope(in.Attributes); err != nil {
			return fmt.Errorf("%s: %w", t.Addr, err)
		}
		t.key = terraformKey(t.Kind, in.Attributes)
		s.Resources = append(s.Resources, t)
	}
	return nil
}

// word is the text of a JSON string; "" for anything else.
func word(raw json.RawMessage) string {
	var text string
	_ = json.Unmarshal(raw, &text) // anything else is no text
	return text
}

// terraformScope is whose the object is: the zone's, the account's or, where
// neither is named, the user's.
func terraformScope(attrs map[string]json.RawMessage) (schema.Scope, error) {
	for _, level := range []schema.Level{schema.Zone, schema.Account} {
		if id := word(attrs[string(level)+"_id"]); id != "" {
			return schema.ParseScope(string(level) + ":" + id)
		}
	}
	return schema.UserScope, nil
}

// terraformKey is the natural key as the state has it. The provider's attributes
// have the API's names; up to version 4 a nested object is a list of one.
func terraformKey(k *schema.Kind, attrs map[string]json.RawMessage) string {
	row := make(schema.Row, len(k.Attrs))
	for _, name := range k.Match {
		a := k.Attr(name)
		at := attrs
		path := strings.Split(a.WireName(), ".")
		for _, step := range path[:len(path)-1] {
			at = terraformObject(at[step])
		}
		if text := word(at[path[len(path)-1]]); text != "" {
			if v, err := a.Canon(schema.String(text)); err == nil {
				row[k.Index(name)] = v
			}
		}
	}
	if !k.HasNaturalKey(row) {
		return ""
	}
	if k.Infer != nil {
		k.Infer(k.View(row))
	}
	return k.NaturalKey(row)
}

func terraformObject(raw json.RawMessage) map[string]json.RawMessage {
	var list []map[string]json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) == 1 {
		return list[0]
	}
	var object map[string]json.RawMessage
	_ = json.Unmarshal(raw, &object) // anything else is no object
	return object
}

// Keep leaves only resources for which f holds.
func (s *TerraformState) Keep(f func(TerraformResource) bool) {
	s.Resources = slices.DeleteFunc(s.Resources, func(r TerraformResource) bool { return !f(r) })
}

// Scopes are those of the resources, the one that most of them have first.
func (s *TerraformState) Scopes() []schema.Scope {
	count := map[schema.Scope]int{}
	var out []schema.Scope
	for _, r := range s.Resources {
		if count[r.Scope]++; count[r.Scope] == 1 {
			out = append(out, r.Scope)
		}
	}
	slices.SortStableFunc(out, func(a, b schema.Scope) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a.String(), b.String()))
	})
	return out
}

// Match finds the object that each resource is: the one of its id, or the only
// one of its natural key. It gives the names of the objects that it found, and
// says of the other resources why they have none.
func (s *TerraformState) Match(objects []*schema.Object) (names map[*schema.Object]Name, unmatched []string) {
	byID, byKey := map[string]*schema.Object{}, map[string][]*schema.Object{}
	for _, o := range objects {
		byID[ident(o.Kind, o.Scope, o.ID)] = o
		byKey[naturalKey(o)] = append(byKey[naturalKey(o)], o)
	}
	names, called := map[*schema.Object]Name{}, s.names()
	owner := map[*schema.Object]string{}
	take := func(i int, o *schema.Object) {
		r := s.Resources[i]
		if first := owner[o]; first != "" {
			unmatched = append(unmatched, fmt.Sprintf("%s is the same object as %s: %s", r.Addr, first, o.ID))
			return
		}
		owner[o], names[o] = r.Addr, called[i]
	}
	var rest []int
	for i, r := range s.Resources {
		if o := byID[ident(r.Kind, r.Scope, r.ID)]; o != nil {
			take(i, o)
		} else {
			rest = append(rest, i)
		}
	}
	for _, i := range rest {
		r := s.Resources[i]
		free := slices.DeleteFunc(slices.Clone(byKey[ident(r.Kind, r.Scope, r.key)]), func(o *schema.Object) bool { return owner[o] != "" })
		switch {
		case r.key != "" && len(free) == 1:
			take(i, free[0])
		case r.key != "" && len(free) > 1:
			unmatched = append(unmatched, fmt.Sprintf("%s (%s) is not there any more, and %d that could be it are", r.Addr, r.ID, len(free)))
		default:
			unmatched = append(unmatched, fmt.Sprintf("%s (%s) is not there any more", r.Addr, r.ID))
		}
	}
	return names, unmatched
}

// names are what the resources are to be called: as in Terraform, with the key
// of the instance and, where several modules have the name, the module.
func (s *TerraformState) names() []Name {
	modules := map[string]map[string]bool{}
	for _, r := range s.Resources {
		key := r.Kind.Name + " " + r.name
		if modules[key] == nil {
			modules[key] = map[string]bool{}
		}
		modules[key][r.module] = true
	}
	out := make([]Name, len(s.Resources))
	for i, r := range s.Resources {
		name := r.name
		if len(modules[r.Kind.Name+" "+r.name]) > 1 {
			name = strings.TrimPrefix(nameWords(strings.ReplaceAll("."+r.module, ".module.", "."))+"-"+name, "-")
		}
		out[i].Text = slug(name, r.Kind)
		if r.indexed {
			out[i] = Name{Text: slug(name+"-"+r.index, r.Kind), Family: slug(name, r.Kind)}
		}
	}
	return out
}
