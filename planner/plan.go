// Package planner decides what has to be done: from what the files want, what
// is there and what is ours, to a Plan. It is pure: no context, clock, network
// or disk, and the same input gives the same bytes.
//
// cli calls Make, render shows a Plan, applier carries it out. Nothing outside
// Make decides what is done; nothing in here sends or prints.
package planner

import (
	"net/netip"
	"time"

	"trueup/diag"
	"trueup/schema"
	"trueup/state"
)

// Input is all that a plan depends on.
type Input struct {
	Want *schema.Graph
	Live []Listing
	Have *state.Snapshot
	Now  time.Time // for rotation and expiry; whole seconds count

	Catalogues map[schema.Scope]schema.Catalogue // for Lookup attributes; only where Needs asked for it
	Self       map[schema.Scope]string           // the id of the credential in use, where it is a token
	Own        []netip.Addr                      // own addresses, for the lock-out guard
	Referrers  map[ObjectKey][]schema.Referrer   // who uses an object, where it was asked
	Audit      map[ObjectKey]Event               // the latest change of an object, where it could be had
	Destroy    bool                              // delete everything that the state owns
	Undo       bool                              // Want and Have are only what the last apply touched (Undo): the rest stays as it is
	Release    map[schema.Addr]bool              // of an undo: these are nobody's afterwards
	Targets    []schema.Addr                     // only these and what they need; an address without key means all its instances
	Options    Options
}

// Options are the user's explicit words.
type Options struct {
	AllowDeletes int // at least the number of deletions; 0: not said
	AllowLockout bool
	FailOn       []string // "privilege-increase"
}

// Listing is everything live of one kind in one scope.
type Listing struct {
	Kind    *schema.Kind
	Scope   schema.Scope
	Objects []*schema.Object // other scopes' objects are not among them
	Foreign int              // how many of other scopes the list leaked
}

// Key names the list.
func (l *Listing) Key() ListKey { return ListKey{l.Kind, l.Scope} }

// ObjectKey names a live object.
type ObjectKey struct {
	Kind  string
	Scope schema.Scope
	ID    string
}

// Event is who changed an object last, from the audit log.
type Event struct {
	Actor     string    `json:"actor"`     // an email address
	Interface string    `json:"interface"` // "UI", "API"
	When      time.Time `json:"when"`
}

// Action is what is done to one object.
type Action string

const (
	NoOp          Action = "no-op"
	Create        Action = "create"
	Update        Action = "update"
	Replace       Action = "replace"        // delete, then create: -/+
	CreateReplace Action = "create-replace" // create, then delete: +/-
	Delete        Action = "delete"
	Forget        Action = "forget" // only out of the state
	Roll          Action = "roll"   // a new secret, since the last one never reached its sink, or because it was asked for
)

// Reason says why, for every action that could surprise.
type Reason string

const (
	ReasonNone         Reason = ""
	ReasonGone         Reason = "gone"          // was deleted outside the files: created again, or forgotten
	ReasonReplaceField Reason = "cannot-update" // a field that changes cannot be sent
	ReasonDead         Reason = "dead"          // the server's word for it is final (revoked)
	ReasonNotListed    Reason = "not-listed"    // owned, and no file lists it
	ReasonExclusive    Reason = "exclusive"     // not owned, but the kind is exclusive
	ReasonDestroy      Reason = "destroy"       // asked for
	ReasonRotation     Reason = "rotation"      // its secret is due
	ReasonRetiring     Reason = "retiring"      // the old one of a rotation
	ReasonSecretLost   Reason = "secret-lost"   // the secret never reached its sink
	ReasonSuperseded   Reason = "superseded"    // the address now means another object
	ReasonMovedScope   Reason = "moved-scope"   // its address, or the object itself, is now wanted in another scope; it is left as it is
	ReasonUndone       Reason = "undone"        // the last apply is taken back
)

// Change is what happens to one object.
type Change struct {
	Addr    schema.Addr
	Kind    *schema.Kind
	Scope   schema.Scope
	ID      string // of the live object; "" where there is none
	Lost    string // of the object that was ours and was deleted outside the files; of a Create
	Deposed bool   // not the object that the address means from now on. The state may still have it as the current one: then it is to be put down as deposed before anything else is done for the address
	Action  Action
	Reason  Reason

	Roll        bool        // of an Update: its secret is renewed afterwards, since the last one never reached its sink
	Record      bool        // of a NoOp: what the state remembers of it is no longer so (or nothing), so apply records it
	Adopted     bool        // a live object that was not ours is taken over
	Release     bool        // it is not ours any more afterwards
	RenamedFrom schema.Addr // the address under which it was ours; zero if not renamed. That entry goes only if it still has this ID: addresses can be swapped

	Before schema.Row // what is there; nil if nothing is
	After  schema.Row // what will be there; nil if nothing will. May hold Refs to objects that are created by this plan
	Fields []Field    // of an update or a replacement: what changes, in the order of the table
	Same   int        // how many set attributes stay as they are
	Drift  []Field    // what changed outside the files since the last apply, whatever is done about it: Before is what was applied, After what is there

	Raw   []byte            // the live item as it came (schema.Object.Raw), for the update; not in a saved plan
	Names map[string]string // ids that have names (permission groups), or addresses where the plan is about targets alone

	Gains     []string          // privilege increase, in words
	Referrers []schema.Referrer // who uses it, where that matters
	Event     *Event            // who changed or deleted it last, where that is known and it drifted

	PreventDestroy bool          // as it is to be remembered
	DependsOn      []schema.Addr // as it is to be remembered
	Refused        string        // why this change alone is not carried out; "" if it is

	Needs []int // indexes of changes that must have succeeded before
	Wave  int   // changes of the same kind and scope with a smaller wave go first
}

// Key names the live object; its ID is empty where there is none.
func (c *Change) Key() ObjectKey { return ObjectKey{c.Kind.Name, c.Scope, c.ID} }

// List names the list that the object is or will be in.
func (c *Change) List() ListKey { return ListKey{c.Kind, c.Scope} }

// Acts reports whether carrying the change out sends something.
func (c *Change) Acts() bool { return c.Action != NoOp && c.Action != Forget }

// Makes reports whether the address will mean an object whose id is not known yet.
func (c *Change) Makes() bool {
	return c.Action == Create || c.Action == Replace || c.Action == CreateReplace
}

// MakesSecret reports whether a secret comes of it, which has to go somewhere.
func (c *Change) MakesSecret() bool {
	return c.Kind.API.Secret && (c.Makes() || c.Action == Roll || c.Roll)
}

// destroys reports whether the object that is there goes.
func (c *Change) destroys() bool {
	return c.Action == Delete || c.Action == Replace || c.Action == CreateReplace
}

// Field is one changed path.
type Field struct {
	Path          string       // origins["app-1"].weight
	Before, After schema.Value // nil: not there
	Applied       schema.Value // what was last applied, where that is known (Known)
	Known         bool
	Drifted       bool // the live value was changed outside the files
	Wanted        bool // the files want another value than was last applied (both may be true)
	Replaces      bool // forces replacement
}

// LeftAlone is a live object that is not touched, and why.
type LeftAlone struct {
	Kind  string       `json:"kind"`
	Scope schema.Scope `json:"scope"`
	ID    string       `json:"id"`
	Label string       `json:"label"` // what tells a reader which one it is
	Why   string       `json:"why"`   // "not ours", "ignore rule 1", "retiring", "moved to another scope", "wanted in another scope", "not a part of the last apply"
}

// Refusal is a reason for which the whole plan is not carried out.
type Refusal struct {
	Code    string   `json:"code"`    // "limits", "lock-out", "in-use", "no-sink", "stale", "privilege-increase", "sensitive"
	Message string   `json:"message"` // "this plan deletes 62 of 140 access rules …"
	Remedy  string   `json:"remedy"`  // "If that is meant: trueup apply --allow-deletes 62"
	Addrs   []string `json:"addresses,omitempty"`
	Moved   *Change  `json:"-"` // of a stale plan: in what an object moved, as an update from what was planned for to what is there
}

// Plan is a decision. It can be saved, shown and carried out.
type Plan struct {
	Paths     []string
	Dir       string         // the directory that default state and simulator files lie in
	StatePath string         // as the settings say; "" if they don't
	Scopes    []schema.Scope // that are concerned, in order
	Resources int            // how many the files list
	Changes   []*Change      // in display order: by address, deposed after current; no-ops too
	LeftAlone []LeftAlone
	Foreign   int // objects of other scopes that lists leaked
	Refusals  []Refusal
	Warnings  diag.List
	Destroy   bool
	Undo      bool // it takes the last apply back
	Targets   []schema.Addr
	Files     map[string]string // the digests of the files that it was made from, by name; not of those in which something sensitive stands
	Salt      []byte            // of digests of sensitive values in the saved plan: the state's

	Budget Budget
}

// Budget is about requests.
type Budget struct {
	Read      int // requests that it took to make the plan
	Apply     int // requests that carrying it out takes if nothing goes wrong
	Limit     int // of the window; 0 if unknown
	Remaining int // of the window, after reading; -1 if unknown
	Seconds   int // about how long apply takes under the limit
}

// Reads are what has to be read before Make, each list in order.
type Reads struct {
	Lists      []ListKey
	Catalogues []schema.Scope // whose catalogue resolves names
}

// ListKey names a list of live objects.
type ListKey struct {
	Kind  *schema.Kind
	Scope schema.Scope
}

// Questions are what a plan would be better for knowing, each list in order.
// cli asks the API and calls Make again with the answers in the Input.
type Questions struct {
	Referrers []ObjectKey // who uses these
	Audit     []ObjectKey // who changed these last
	Own       bool        // which addresses are our own

	Self []schema.Scope // scopes in which the id of the credential in use matters: a plan made without it is not safe
}

// Counts are what the summary line says.
type Counts struct{ Add, Change, Destroy, Adopt, Rename, Forget, Refused int }
