package applier

import (
	"context"
	"sync"
	"time"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// book writes what happens to the journal, and keeps what the state is then.
//
// Steps write concurrently, so the order of their records is open. That makes
// no difference: what exchanges addresses between objects is recorded before
// any step starts, and no two steps that run together write one entry.
type book struct {
	store state.Store
	salt  []byte
	now   func() time.Time

	mu     sync.Mutex
	ledger *state.Ledger
	seq    uint64
	used   bool
	broken error // the first failure to write; nothing is sent after it

	base    []*state.Entry                     // that the run started with
	earlier map[planner.ObjectKey]*state.Entry // those by object; nil until somebody asks
	put     map[planner.ObjectKey]*state.Entry // put since, by object
}

func newBook(st state.Store, snap *state.Snapshot, now func() time.Time) *book {
	l := state.NewLedger(snap)
	return &book{store: st, salt: snap.Salt, now: now, ledger: l, seq: l.NextSeq(), base: snap.Entries, put: map[planner.ObjectKey]*state.Entry{}}
}

// intend records that a write is about to be sent. Where that fails, it must
// not be sent.
func (b *book) intend(ctx context.Context, in *state.Intent) error {
	b.mu.Lock()
	in.Seq = b.seq
	b.seq++
	broken := b.broken
	b.used = true
	b.mu.Unlock()
	if broken != nil {
		return broken
	}
	rec := state.Record{Intent: in}
	if err := b.store.Append(context.WithoutCancel(ctx), rec); err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.fail(err)
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.apply(rec)
	return nil
}

// record records what is known now. It is so even where writing it fails.
func (b *book) record(ctx context.Context, recs ...state.Record) error {
	b.mu.Lock()
	b.apply(recs...)
	b.used = true
	b.mu.Unlock()
	err := b.store.Append(context.WithoutCancel(ctx), recs...)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.fail(err)
	}
	return err
}

// outcomes is record for outcomes.
func (b *book) outcomes(ctx context.Context, outs ...state.Outcome) error {
	recs := make([]state.Record, len(outs))
	for i := range outs {
		recs[i].Outcome = &outs[i]
		if u := outs[i].Undo; u != nil {
			u.At = b.now()
		}
	}
	return b.record(ctx, recs...)
}

func (b *book) fail(err error) {
	if b.broken == nil {
		b.broken = err
	}
}

func (b *book) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broken
}

func (b *book) wrote() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}

func (b *book) find(k state.Key) *state.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger.Find(k)
}

// entryOf is the entry of the object, current or deposed; nil if there is none.
func (b *book) entryOf(addr schema.Addr, scope schema.Scope, id string) *state.Entry {
	if e := b.find(state.Key{Addr: addr, Scope: scope}); e != nil && e.ID == id {
		return e
	}
	return b.find(state.Key{Addr: addr, Scope: scope, Deposed: id})
}

// ownerOf is the entry of an object, whatever its address; nil if it is not
// ours. One that was ours earlier in this run counts too.
func (b *book) ownerOf(key planner.ObjectKey) *state.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.put[key]; e != nil {
		return e
	}
	if b.earlier == nil {
		b.earlier = make(map[planner.ObjectKey]*state.Entry, len(b.base))
		for _, e := range b.base {
			if k := objectKey(e); b.earlier[k] == nil || b.earlier[k].Deposed {
				b.earlier[k] = e
			}
		}
	}
	return b.earlier[key]
}

// apply applies records to what is kept; b.mu is held.
func (b *book) apply(recs ...state.Record) {
	b.ledger.Apply(recs...)
	for _, rec := range recs {
		if rec.Outcome != nil && rec.Outcome.Put != nil {
			b.put[objectKey(rec.Outcome.Put)] = rec.Outcome.Put
		}
	}
}

func objectKey(e *state.Entry) planner.ObjectKey {
	return planner.ObjectKey{Kind: e.Addr.Kind, Scope: e.Scope, ID: e.ID}
}

func (b *book) snapshot() *state.Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger.Snapshot()
}

// seal is a row as the state may hold it: without what only the server or only
// trueup uses, sensitive values as digests.
func (b *book) seal(k *schema.Kind, row schema.Row) schema.Row {
	if row == nil {
		return nil
	}
	kept := make(schema.Row, len(k.Attrs))
	for i := range k.Attrs {
		if m := k.Attrs[i].Mode; m != schema.Computed && m != schema.Local {
			kept[i] = row.At(i)
		}
	}
	return k.Seal(kept, b.salt)
}
