package schema

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// TestRowReader: what the streaming reader gives is what DecodeRow gives.
func TestRowReader(t *testing.T) {
	for _, c := range []struct{ kind, row string }{
		{"access_rule", `{}`},
		{"access_rule", `{"target":"ip","value":"192.0.2.1","mode":"block","notes":"a \"b\" <c> é"}`},
		{"access_rule", `{"mode":"block","gone":{"a":[1]},"value":"192.0.2.1","target":null}`},
		{"access_rule", `{"notes":{"$sensitive":"aa:bb"},"mode":"block"}`},
		{"monitor", `{"type":"https","port":443,"header":{"Host":["a","b"],"$$x":["y"]},"follow_redirects":true}`},
		{"pool", `{"monitor":{"$ref":"monitor.a[\"k\"].id"},"origins":[{"name":"a","address":"192.0.2.1","weight":0.5},{"name":{"$template":["x-",{"$ref":"monitor.a.id"}]}}],"check_regions":["WEU","EEU"]}`},
		{"token", `{"condition":{"$sensitive":"aa:bb"},"policies":[{"effect":"allow","resources":{"a":{"b":"*"}}}]}`},
		{"token", `{"condition":{"request_ip":{"in":[]}},"policies":[],"secret":[{}]}`},
	} {
		k := KindNamed(c.kind)
		want, err := k.DecodeRow([]byte(c.row))
		if err != nil {
			t.Fatal(err)
		}
		dec := jsontext.NewDecoder(bytes.NewReader([]byte(c.row + c.row)))
		r := NewRowReader(dec)
		for range 2 {
			got, err := r.Read(k)
			if err != nil {
				t.Fatalf("%s: %v", c.row, err)
			}
			a, errA := k.AppendRow(nil, got)
			b, errB := k.AppendRow(nil, want)
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Errorf("%s\n%s, want\n%s (%v, %v)", c.row, a, b, errA, errB)
			}
		}
	}
}

// FuzzRowReader: the two readers agree, and nothing makes either panic.
func FuzzRowReader(f *testing.F) {
	f.Add(0, `{"target":"ip"}`)
	f.Add(2, `{"origins":[{"name":{"$ref":"monitor.a.id"}}]}`)
	f.Fuzz(func(t *testing.T, n int, text string) {
		k := Kinds[uint(n)%uint(len(Kinds))]
		got, err := NewRowReader(jsontext.NewDecoder(bytes.NewReader([]byte(text)))).Read(k)
		if err != nil {
			return
		}
		want, err := k.DecodeRow([]byte(text))
		if err != nil {
			return // the readers differ in what they refuse
		}
		a, errA := k.AppendRow(nil, got)
		b, errB := k.AppendRow(nil, want)
		if (errA == nil) != (errB == nil) || errA == nil && !bytes.Equal(a, b) {
			t.Errorf("%s\n%s (%v), want\n%s (%v)", text, a, errA, b, errB)
		}
	})
}
