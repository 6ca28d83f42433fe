package schema

import (
	"cmp"
	"encoding/json"
	"slices"

	"trueup/diag"
)

// Object is one object of the API as it is there.
type Object struct {
	Kind   *Kind
	Scope  Scope
	ID     string
	Values Row               // canonical, in the order of Kind.Attrs, computed ones too
	Raw    json.RawMessage   // the item as it came, for kinds that are updated by PUT: what the table does not know is sent back
	Names  map[string]string // names of looked-up ids that came with the item (permission groups); may be nil
}

// Get is the object's value of the attribute, or nil.
func (o *Object) Get(attr string) Value { return o.Kind.Get(o.Values, attr) }

// Resource is one object as the files want it.
type Resource struct {
	Addr   Addr
	Kind   *Kind
	Scope  Scope
	ID     string // identity settled by hand; "" if by natural key
	Values Row    // canonical, defaults filled in; may hold Refs, Templates and Sensitives. Lookups are still names

	DependsOn      []Addr
	PreventDestroy *bool    // nil: not said
	IgnoreChanges  []string // attribute paths

	Decl   diag.Range            // where the resource is declared
	Ranges []diag.Range          // where its attributes are, in the order of Kind.Attrs; nil where nothing later can be wrong with them
	Names  map[string]diag.Range // where the names are that are looked up later; may be nil
}

// RangeOf is where the attribute is written, or where the resource is.
func (r *Resource) RangeOf(attr string) diag.Range {
	if i := r.Kind.Index(attr); i >= 0 && i < len(r.Ranges) && r.Ranges[i].Known() {
		return r.Ranges[i]
	}
	return r.Decl
}

// Graph is what the files want: resources by address, and settings. The edges
// are the Refs in the values and DependsOn.
type Graph struct {
	Scope     Scope       // the default scope
	Resources []*Resource // in the order of Addr.Compare
	Settings  Settings
	Paths     []string // the PATHs that it was loaded from, as given
	Dir       string   // the directory that default state and simulator files lie in
	Sensitive bool     // some value is sensitive
}

// Find is the resource of the address, or nil; of a nil graph too.
func (g *Graph) Find(a Addr) *Resource {
	if g == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(g.Resources, a, func(r *Resource, a Addr) int { return r.Addr.Compare(a) })
	if !ok {
		return nil
	}
	return g.Resources[i]
}

// Settings are the top-level settings, each with its default filled in.
type Settings struct {
	Ownership map[string]Ownership // by kind name; a kind that is missing is Tracked
	Ignore    []IgnoreRule
	Limits    Limits
	StatePath string // "" if not set
}

// Ownership says what happens to live objects that no file lists.
type Ownership string

const (
	Tracked   Ownership = "tracked"   // deleted only if the state created or adopted them
	Exclusive Ownership = "exclusive" // deleted
)

// Limits guard against mass deletion. A plan that goes past either is refused.
type Limits struct {
	MaxDeletePercent float64 // of the live objects of one kind in one scope
	MaxDeletes       int
}

// DefaultLimits are those of the product.
var DefaultLimits = Limits{MaxDeletePercent: 30, MaxDeletes: 50}

// IgnoreRule names live objects that are never touched: of the kind, and every
// pattern fits. A pattern is text in which * stands for any run of characters
// and ? for one; letter case makes no difference.
type IgnoreRule struct {
	Kind     string            // singular
	Patterns map[string]string // by attribute name, or "id"
	Range    diag.Range
}

// Catalogue lists what a Lookup attribute may name, for one scope.
type Catalogue []Entry

// Entry is one entry of a catalogue: a permission group.
type Entry struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	Scopes []string `json:"scopes,omitempty"` // "com.cloudflare.api.account.zone"
}

// Referrer is an object that uses another.
type Referrer struct {
	Type string `json:"type"` // the API's word: "pool", "load_balancer"
	ID   string `json:"id"`
	Name string `json:"name"`
}

// String says in words who it is: "load balancer www".
func (r Referrer) String() string { return Words(r.Type) + " " + cmp.Or(r.Name, r.ID) }
