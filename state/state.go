// Package state remembers what trueup owns, what was last applied and what is
// in flight. It is never needed for identity: lose it, and the next plan is
// still right, but that what the files no longer list is then nobody's.
//
// A Store keeps a Snapshot and, beside it, a journal, so that a step costs one
// short durable record and not a new copy of everything. The package compares
// nothing and decides nothing; planner reads a Snapshot, applier writes through
// a Store, cli opens one.
package state

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"trueup/schema"
)

// Version is the version of the format that this trueup writes.
const Version = 1

var (
	// ErrStale: another process saved in between.
	ErrStale = errors.New("the state was changed by another run in the meantime")
	// ErrLocked: another process holds the lock. The error that wraps it is a *LockedError.
	ErrLocked = errors.New("the state is locked")
	// ErrNewer: the state was written by a newer trueup.
	ErrNewer = errors.New("the state was written by a newer trueup")
)

// Snapshot is the state at one moment.
type Snapshot struct {
	Serial  uint64   // grows with every Save; 0: nothing was saved yet
	Salt    []byte   // 16 random bytes for digests of sensitive values
	World   World    // where its objects are; "" where that was never said
	Entries []*Entry // ordered by Entry.Compare
	Open    []Intent // writes that were begun and of which no outcome is known, in order
	Last    []Undo   // what the last apply did, newest last
	Recent  []Undo   // what applies shortly before that one made and deleted, without values; see Lately
}

// World is where objects are.
type World string

const (
	Live      World = "live"      // the public API
	Simulated World = "simulated" // the built-in simulator
)

// Entry is one object that trueup created or adopted.
type Entry struct {
	Addr    schema.Addr
	Scope   schema.Scope
	ID      string
	Origin  Origin
	Deposed bool       // an older object of the address: being replaced or retired
	Applied schema.Row // what was last applied, sealed (schema.Kind.Seal); may hold no Ref

	PreventDestroy bool          // remembered, so that taking the lines out of the file does not lift it
	DependsOn      []schema.Addr // written dependencies, for the order of deletion
	Secret         SecretState
}

// Origin says how an object came to be ours.
type Origin string

const (
	Created Origin = "created"
	Adopted Origin = "adopted"
)

// SecretState says what is known of an object's secret.
type SecretState string

const (
	NoSecret  SecretState = ""          // the kind has none
	Pending   SecretState = "pending"   // made, and not known to have reached every sink: must be rolled
	Delivered SecretState = "delivered" // reached every sink
	Foreign   SecretState = "unknown"   // adopted: trueup never saw it
)

// Key is what an entry is found by: at most one entry has it.
type Key struct {
	Scope   schema.Scope
	Addr    schema.Addr
	Deposed string // the id of a deposed object, else ""
}

// Key is the entry's key.
func (e *Entry) Key() Key {
	k := Key{Scope: e.Scope, Addr: e.Addr}
	if e.Deposed {
		k.Deposed = e.ID
	}
	return k
}

// Compare orders entries by address, scope, then current before deposed.
func (e *Entry) Compare(f *Entry) int {
	if c := e.Addr.Compare(f.Addr); c != 0 {
		return c
	}
	if e.Scope != f.Scope {
		return cmp.Compare(e.Scope.String(), f.Scope.String())
	}
	return cmp.Compare(e.Key().Deposed, f.Key().Deposed)
}

// Op is a sort of write.
type Op string

const (
	OpCreate Op = "create"
	OpUpdate Op = "update"
	OpDelete Op = "delete"
	OpRoll   Op = "roll" // a new secret

	// No writes; only in an Undo.
	OpAdopt  Op = "adopt"  // an object that was there became ours
	OpRename Op = "rename" // an object of ours got another address
)

// Intent is a write that is about to be sent.
type Intent struct {
	Seq     uint64 // unique within the journal; an Outcome names it
	Op      Op
	Addr    schema.Addr
	Scope   schema.Scope
	ID      string     // "" for a create
	Deposed bool       // the write concerns a deposed object of the address
	Values  schema.Row // what is sent, sealed, without Refs; nil for delete and roll
	Start   time.Time  // what appeared before cannot be its doing
}

// Outcome is what is known after a write. Exactly what it says is done to the
// entries: Put first sets an entry (by its Key), Drop then removes one.
type Outcome struct {
	Seq    uint64 // the Intent that has ended; 0 if none (adoption, rename, forget, a secret that was delivered)
	Put    *Entry
	Drop   *Key
	Undo   *Undo // what would take it back
	Failed bool  // certainly not executed
}

// Undo is what one write of the last apply did.
type Undo struct {
	Op     Op
	Addr   schema.Addr
	Scope  schema.Scope
	ID     string
	From   schema.Addr // of a rename: the address that it had; else zero
	Before schema.Row  // sealed; nil for a create and for what writes no values
	After  schema.Row  // sealed; nil for a delete and for what writes no values
	At     time.Time   // when it was known; zero in the states of older versions
}

// Record is one line of the journal: one of its fields is set.
type Record struct {
	Begin   *time.Time // an apply starts: what Last held is over
	Intent  *Intent
	Outcome *Outcome
}

// Holder says who holds a lock.
type Holder struct {
	Who  string    `json:"who"` // user name
	Host string    `json:"host"`
	PID  int       `json:"pid"`
	What string    `json:"what"` // the command
	When time.Time `json:"when"`
}

// LockedError is the error of Lock when another process holds it. It wraps
// ErrLocked.
type LockedError struct {
	Holder Holder
	Age    time.Duration
	Remedy string
}

func (e *LockedError) Unwrap() error { return ErrLocked }

// Store keeps a state. Every store passes the suite in state/storetest.
type Store interface {
	// Load reads the snapshot and replays the journal into it. A store that
	// holds nothing gives an empty Snapshot with a fresh Salt.
	Load(ctx context.Context) (*Snapshot, error)

	// Save replaces the snapshot and empties the journal, atomically and
	// durably. prev is the Serial that was loaded: ErrStale if another saved
	// since. On success s.Serial is the new one.
	Save(ctx context.Context, s *Snapshot, prev uint64) error

	// Append adds records to the journal. They are durable when it returns.
	// It is safe for concurrent use; calls that run together share one sync.
	Append(ctx context.Context, recs ...Record) error

	// Lock keeps other processes out until unlock is called. A lock left by a
	// process that no longer lives on this host is taken over.
	Lock(ctx context.Context, who Holder) (unlock func() error, err error)
}

// Find is the entry with the key, or nil.
func (s *Snapshot) Find(k Key) *Entry {
	probe := &Entry{Addr: k.Addr, Scope: k.Scope, Deposed: k.Deposed != "", ID: k.Deposed}
	if i, ok := slices.BinarySearchFunc(s.Entries, probe, (*Entry).Compare); ok {
		return s.Entries[i]
	}
	return nil
}
