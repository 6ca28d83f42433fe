package cfclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"trueup/schema"
)

// Get reads one object. Where there is no GET for one, its list is read.
func (c *Client) Get(ctx context.Context, k *schema.Kind, s schema.Scope, id string) (*schema.Object, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	if !k.HasGet(s.Level) {
		return c.find(ctx, k, s, id)
	}
	it, err := c.one(ctx, &call{method: http.MethodGet, path: collection(k, s, id), effect: reads}, k, s)
	if err == nil && it.foreign {
		return nil, notThere(k, s, id)
	}
	return it.Object, err
}

func (c *Client) find(ctx context.Context, k *schema.Kind, s schema.Scope, id string) (*schema.Object, error) {
	objects, err := c.List(ctx, k, s)
	if err != nil {
		return nil, err
	}
	for _, o := range objects {
		if o.ID == id {
			return o, nil
		}
	}
	return nil, notThere(k, s, id)
}

func notThere(k *schema.Kind, s schema.Scope, id string) error {
	return &schema.Fault{Meaning: schema.NotFound, Status: http.StatusNotFound, Message: fmt.Sprintf("no %s %s in scope %s", k.Name, id, s)}
}

// one sends a call whose result is one object.
func (c *Client) one(ctx context.Context, q *call, k *schema.Kind, s schema.Scope) (item, error) {
	var it item
	d := newDecoder(c.codec(k), s)
	q.kind, q.auth, q.need = k, k.API.Auth, true
	q.result = func(body []byte, dec *jsontext.Decoder) (err error) {
		it, err = d.item(body, dec)
		return err
	}
	if _, err := c.do(ctx, q); err != nil {
		return item{}, err
	}
	return it, nil
}

// Create sends one POST, and no second one after an answer that leaves open
// whether it was executed (schema.Unknown). Attributes that a POST does not take
// (AfterPost) are not sent. The secret is empty where the kind has none.
func (c *Client) Create(ctx context.Context, k *schema.Kind, s schema.Scope, want schema.Row) (*schema.Object, schema.Secret, error) {
	body, sensitive, err := encodeCreate(c.codec(k), s, want)
	if err != nil {
		return nil, schema.Secret{}, err
	}
	it, err := c.one(ctx, &call{method: http.MethodPost, path: collection(k, s), body: body, secrets: sensitive, effect: once}, k, s)
	if !notExecuted(err) {
		c.wrote(k)
	}
	if err != nil {
		return nil, schema.Secret{}, err
	}
	c.redact.add(it.secret)
	return it.Object, schema.NewSecret(it.secret), nil
}

// Update sends want over live. With nulls, what want leaves unset and live has
// is sent as null, whatever the table says. What the answer gives is returned:
// where the table says so (API.ReadBack), it is not to be trusted.
func (c *Client) Update(ctx context.Context, live *schema.Object, want schema.Row, nulls bool) (*schema.Object, error) {
	k, s := live.Kind, live.Scope
	if err := checkID(live.ID); err != nil {
		return nil, err
	}
	if k.API.Update == "PUT" && live.Raw == nil { // it replaces everything, so all must be known
		fresh, err := c.Get(ctx, k, s, live.ID)
		if err != nil {
			return nil, err
		}
		live = fresh
	}
	body, sensitive, err := encodeUpdate(c.codec(k), live, want, nulls)
	if err != nil {
		return nil, err
	}
	q := &call{method: k.API.Update, path: collection(k, s, live.ID), body: body, secrets: sensitive, effect: repeatable}
	if k.Answer != nil {
		q.effect = once // one-way: API facts §0.5
	}
	return c.update(ctx, q, live)
}

// update sends the call; a success that shows no object is read again.
func (c *Client) update(ctx context.Context, q *call, live *schema.Object) (*schema.Object, error) {
	k, s := live.Kind, live.Scope
	var it item
	d := newDecoder(c.codec(k), s)
	q.kind, q.auth = k, k.API.Auth
	q.result = func(body []byte, dec *jsontext.Decoder) (err error) {
		it = item{}
		if dec.PeekKind() != '{' {
			return dec.SkipValue()
		}
		if it, err = d.item(body, dec); errors.Is(err, errNoID) {
			return nil
		}
		return err
	}
	a, err := c.do(ctx, q)
	if !notExecuted(err) {
		c.wrote(k)
	}
	switch {
	case err != nil:
		return nil, err
	case !a.result || it.Object == nil:
		return c.Get(ctx, k, s, live.ID)
	}
	return it.Object, nil
}

// Delete removes an object; one that is gone already is no error.
func (c *Client) Delete(ctx context.Context, k *schema.Kind, s schema.Scope, id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	_, err := c.do(ctx, &call{method: http.MethodDelete, path: collection(k, s, id), body: []byte("{}"),
		auth: k.API.Auth, kind: k, effect: repeatable})
	var f *schema.Fault
	if errors.As(err, &f) && f.Meaning == schema.NotFound {
		return nil
	}
	return err
}

// Roll gives the object a new secret and kills the old one. It is not sent
// again after an answer that leaves open whether it was executed.
func (c *Client) Roll(ctx context.Context, k *schema.Kind, s schema.Scope, id string) (schema.Secret, error) {
	if err := checkID(id); err != nil {
		return schema.Secret{}, err
	}
	var text string
	_, err := c.do(ctx, &call{method: http.MethodPut, path: collection(k, s, id, "value"), body: []byte("{}"),
		auth: k.API.Auth, kind: k, effect: once, need: true,
		result: func(_ []byte, dec *jsontext.Decoder) error {
			raw, err := dec.ReadValue()
			if err != nil {
				return err
			}
			if raw[0] == '{' { // as create gives it
				raw = members(raw).get("value")
			}
			if len(raw) < 3 || raw[0] != '"' {
				return errNoSecret
			}
			text = string(new(decoder).unquote(raw))
			return nil
		}})
	if !notExecuted(err) {
		c.wrote(k)
	}
	c.redact.add(text)
	return schema.NewSecret(text), err
}

var errNoSecret = errors.New("a secret is wanted")

// notExecuted reports whether a write certainly did not happen.
func notExecuted(err error) bool {
	var f *schema.Fault
	return errors.As(err, &f) && f.Meaning != schema.Unknown
}
