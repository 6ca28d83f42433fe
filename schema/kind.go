package schema

import (
	"net/netip"
	"time"

	"trueup/diag"
)

// Kind is one row of the table: a kind of resource.
type Kind struct {
	Name, Plural, Doc string // `pool`, `pools`, one sentence
	Levels            []Level
	Attrs             []Attr // this order is the order of rows, docs and display
	NameAttr          string // the attribute that the resource's name defaults; "" if there is none

	// Match is the natural key: within a scope, an object is the same if these
	// attributes are. A wanted attribute that is unset matches anything, but
	// one of Match must be set.
	Match  []string
	Unique bool // the server refuses a second object with the same natural key

	API    API
	Answer *Answer // set for a kind that can only be answered, not made
	Rotate *Rotate // set for a kind whose secret can be renewed with overlap

	// Check holds rules across attributes, and nothing else. It is given a row
	// with defaults filled in, in which a Ref, a Template or a Sensitive can
	// stand anywhere. Its diagnostics bear no range and start with the
	// attribute's path in Problem.Path.
	Check func(o View) []Problem

	// Infer fills attributes that follow from others (an access rule's target
	// from its value). It is called after Canon and before Check, for wanted
	// and live objects alike; nil where nothing follows.
	Infer func(o View)

	// Summary is the one value that tells a reader which object is meant,
	// beside the address; "" where the name says it.
	Summary string

	// Title is the attribute in which people say what the object is, where no
	// NameAttr does: export names resources after it. "" if there is none.
	Title string

	// Terraform lists the resource types of Terraform's provider that are
	// objects of the kind.
	Terraform []string

	// Made is the computed attribute that says when the object was made; "" if
	// there is none.
	Made string

	// Rank orders objects of the kind among themselves in an apply: lower goes
	// first on create and last on delete. nil: all alike.
	Rank func(o View) int

	// Gains says what after permits that before did not (privilege increase), in
	// words; name gives the name of an id that was looked up, or the id. nil: the
	// kind grants nothing.
	Gains func(before, after View, name func(id string) string) []string

	// Narrows says what of before's rights after lacks, in words; name as for
	// Gains; after.Row is nil for a deletion. Asked only of the credential in use.
	// nil: the kind is no credential.
	Narrows func(before, after View, now time.Time, name func(id string) string) []string

	// Blocks reports whether the object keeps the address out. nil: never.
	Blocks func(o View, addr netip.Addr) bool
}

// View is a row with its attributes by name, as the kind's functions see it.
type View struct {
	Kind *Kind
	Row  Row
}

// Get is the value of the attribute, or nil.
func (v View) Get(name string) Value { return v.Kind.Get(v.Row, name) }

// Text is the text of the attribute, or "".
func (v View) Text(name string) string { return Text(v.Get(name)) }

// View is the row with its attributes by name.
func (k *Kind) View(row Row) View { return View{k, row} }

// Problem is a rule of Kind.Check that was broken.
type Problem struct {
	Path string // which attribute, as in Field.Path; "" for the whole resource
	diag.Diagnostic
}

// API says how the kind is reached. Facts: API facts §1-5 and the spec.
type API struct {
	Path      string  // below the scope: "load_balancers/pools"
	Scope     string  // the field of an item that says whose it is ({id, type}); lists leak other scopes' items
	PageSize  int     // the largest per_page that the spec allows; 0: the list has no pages
	GetLevels []Level // that have a GET for one object, where not all do; see GetByID
	Order     string  // query of the list that fixes the order, e.g. "order=configuration.value&direction=asc"
	GetByID   bool    // there is a GET for one object in every scope
	Create    bool
	Update    string  // "PUT" (the whole object) or "PATCH" (what can change)
	Repeat    []Level // where a PATCH must repeat what cannot change
	Delete    bool

	References bool   // GET {id}/references says who uses the object
	Secret     bool   // POST answers with a secret value once; PUT {id}/value rolls it
	Sink       string // the Local attribute that says where the secret goes

	// Auth lists what the endpoints accept, best first; see Auth.
	Auth []Auth

	// Retry says what to do when the answer to a POST is lost (API facts §0.5).
	Retry Retry

	// Codes gives meaning to error codes of this kind. Codes are not global
	// (API facts §0.2): the first row that fits status, code and text decides.
	Codes []Code

	// ReadBack: what a write answers is not to be trusted, so the object is
	// read again and compared (tokens' restrictions).
	ReadBack bool

	Disable *Setting // what keeps an object from working whose restrictions were lost; nil where nothing does
}

// Setting is an attribute with a value.
type Setting struct {
	Attr  string
	Value Value
}

// Auth is a kind of credential.
type Auth string

const (
	Token Auth = "token" // Authorization: Bearer
	Key   Auth = "key"   // X-Auth-Email and X-Auth-Key
)

// Retry says how a create whose answer was lost is taken up again.
type Retry uint8

const (
	// RetryNever: look for the object among what appeared since; never send
	// again blindly (monitors, tokens).
	RetryNever Retry = iota
	// RetryDuplicate: send again; a refusal as duplicate means look it up by
	// natural key, and take it only if it equals what was sent (access rules).
	RetryDuplicate
	// RetryLookup: look for it by natural key first (pools).
	RetryLookup
)

// Code is one row of API.Codes. Zero fields fit anything.
type Code struct {
	Status, Code int
	Contains     string
	Meaning      Meaning
	Remedy       string // what the user can do
}

// Answer describes a kind that can only be answered (an invitation): updates
// of Attr are sent only while the live value is Pending.
type Answer struct {
	Attr, Pending string
	Newest        string // among several that match, and none pending, the one with the largest value here
	Expires       string // until when it can be answered
}

// Rotate names the attributes that overlap rotation works with.
type Rotate struct {
	Spec                  string // holds {every, overlap}
	Name, Issued, Expires string
}

// Mode says who sets an attribute. It is one choice.
type Mode uint8

const (
	Optional  Mode = iota // left out means Default, or unset where there is none
	Required              // must be written
	Inferred              // follows from others where left out (Kind.Infer); compared and sent
	Defaulted             // left out means: whatever the server chose; not compared then
	Fixed                 // part of the natural key only: says which object is meant; never sent, never compared
	Computed              // the server's own; can't be written, never compared
	Local                 // trueup's own; never sent, never compared
)

// Type is the type of an attribute, or of the elements of a list, set or map.
type Type uint8

const (
	_            Type = iota
	TypeText          // any text
	TypeInt           // a whole number
	TypeNumber        // a number
	TypeBool          // true or false
	TypeTime          // an instant; canonical: RFC 3339, UTC, whole seconds
	TypeDuration      // 90d, 24h, 1h30m; canonical as written
	TypeTarget        // of an access rule: IP, CIDR, AS number or country
	TypePrefix        // a CIDR or an IP (then /32 or /128)
	TypeHost          // an IP address or a host name
	TypePath          // a path of the local file system; in a file, relative to that file
	TypeJSON          // any value, compared as a JSON value
	TypeObject        // nested Attrs
	TypeTexts         // in a Map: lists of text whose order means nothing (whether the API keeps it is not known: API facts §2)
)

// Nest says how values of the type are held.
type Nest uint8

const (
	Single  Nest = iota // one value (a TypeObject: one nested object, a Row)
	ListOf              // a List whose order means something
	SetOf               // a List whose order means nothing
	KeyedBy             // a List of Rows whose order means nothing: keyed by the attribute named in Key
	MapOf               // a Map
)

// Attr is one attribute.
type Attr struct {
	Name, Doc string
	Wire      string   // the API's name, dotted where nested; Name if ""
	Aliases   []string // other names that the API has used for it when answering
	ElemWire  string   // elements are objects on the wire, with the value under this key ({"id": …})

	Type  Type
	Nest  Nest
	Key   string // for KeyedBy
	Attrs []Attr // for TypeObject

	Mode    Mode
	Default Value // canonical; nil: unset
	By      *By   // the default where it depends on a sibling; overrides Default
	Only    *When // the attribute goes only with these; elsewhere it is unset, and writing it is an error
	Needs   *When // the attribute is required with these

	Enum     []string
	Server   []string // words (prefixes) beyond Enum that the server sets by itself: a warning, no difference
	Final    []string // those of the server's words that mean the object is dead: it is replaced
	Min, Max float64  // both 0: no limit. For text: length in characters
	Step     float64  // numbers are multiples of it
	Pattern  string   // a regular expression that text must match whole
	MinItems int      // an emptier list is an error where it is written
	MaxItems int
	Unique   string // in a list of objects: this attribute's values differ

	Replace   bool   // a change cannot be sent: the object is replaced
	Clear     Clear  // how an update takes away a value that is there
	Always    bool   // always sent: unset as its zero value
	Empty     bool   // an empty list is not the same as none
	OneOrMany bool   // a single element may be written without the list around it
	AfterPost bool   // not accepted by POST: set by an update after it
	HTML      bool   // comes back HTML-encoded
	Refers    string // the kind whose id it holds
	Lookup    string // a name of a catalogue entry ("permission_group") that is resolved to its id before planning
	Fold      Fold   // spelling that does not matter
	Restricts bool   // losing it widens rights: verified after every write; if missing, the object is disabled
}

// When is a condition on a sibling attribute: Attr has one of In.
type When struct {
	Attr string
	In   []string
}

// By gives defaults by the value of the sibling Attr; a value that is not
// listed has none.
type By struct {
	Attr     string
	Defaults map[string]Value
}

// Clear says how an update takes away a value that is there (API facts §2-4).
// Where the value is still there afterwards, the applier tries null once.
type Clear uint8

const (
	ClearOmit Clear = iota // leave the key out: PUT replaces
	ClearZero              // "", {}, [] or an object of defaults
	ClearNull              // null
)

// Fold says which differences of spelling Canon removes.
type Fold uint8

const (
	NoFold     Fold = iota
	Upper           // to upper case
	Lower           // to lower case
	HeaderKeys      // map keys as canonical HTTP header names
	Method          // to upper case, except words with an underscore (connection_established)
)
