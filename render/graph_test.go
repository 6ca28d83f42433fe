package render

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"trueup/schema"
)

// drawn is a resource with nothing in it but what a graph shows: what its
// attribute refers to, if anything, and depends_on.
func drawn(addr schema.Addr, scope schema.Scope, attr string, refers *schema.Addr, after ...schema.Addr) *schema.Resource {
	k := schema.KindNamed(addr.Kind)
	row := make(schema.Row, len(k.Attrs))
	if refers != nil {
		row[k.Index(attr)] = schema.Template{schema.String("x"), schema.Ref{Addr: *refers, Attr: "id"}}
	}
	return &schema.Resource{Addr: addr, Kind: k, Scope: scope, Values: row, DependsOn: after}
}

func graphCases() map[string]*schema.Graph {
	user, account := schema.UserScope, schema.Scope{Level: schema.Account, ID: "0123456789abcdef0123456789abcdef"}
	named := func(kind, name string) schema.Addr { return schema.Addr{Kind: kind, Name: name} }
	keyed := func(kind, name, key string) schema.Addr {
		return schema.Addr{Kind: kind, Name: name, Key: key, Each: true}
	}
	login, office := named("monitor", "login-page"), named("access_rule", "office")
	simple := []*schema.Resource{
		drawn(office, user, "", nil),
		drawn(login, user, "", nil),
		drawn(named("pool", "primary"), user, "monitor", &login, office),
		drawn(named("pool", "second"), user, "monitor", &login),
	}
	scopes := append(slices.Clone(simple),
		drawn(named("monitor", "other"), account, "", nil),
		drawn(named("pool", "other"), account, "monitor", new(named("monitor", "other"))))
	var many []*schema.Resource
	for i := range 21 {
		probe := keyed("monitor", "probe", fmt.Sprint(i))
		many = append(many, drawn(probe, user, "", nil), drawn(keyed("pool", "p", fmt.Sprint(i)), user, "monitor", &probe))
	}
	for i := range 20 {
		many = append(many, drawn(keyed("access_rule", "few", fmt.Sprint(i)), user, "", nil))
	}
	many = append(many, drawn(named("token", "last"), user, "", nil, named("monitor", "probe"), keyed("access_rule", "few", "7")))
	many = append(many, drawn(named("token", "all"), user, "", nil, named("access_rule", "few")))
	var hostile []*schema.Resource
	for _, key := range []string{"", `"];x[`, "a\nb\r\tc", "\u202egnp", "שלום", "<b>&amp;</b>", `\N\`, "`md`", "%%{init: {}}%%", "end", "style a:b;#c;", "\x1b[31m", "\xff", "😀|-->"} {
		hostile = append(hostile, drawn(keyed("monitor", "end", key), user, "", nil))
	}
	return map[string]*schema.Graph{
		"empty": {}, "simple": {Resources: simple}, "scopes": {Resources: scopes}, "many": {Resources: many}, "hostile": {Resources: hostile},
	}
}

func TestGraph(t *testing.T) {
	for name, g := range graphCases() {
		for _, format := range GraphFormats {
			got := must(Graph(g, format))
			golden(t, filepath.Join("..", "graph", name+"."+format), func() []byte { return must(Graph(g, format)) })
			backwards := &schema.Graph{Resources: slices.Clone(g.Resources)}
			slices.Reverse(backwards.Resources)
			if again, _ := Graph(backwards, format); !bytes.Equal(got, again) {
				t.Errorf("%s %s: the order of the resources shows", name, format)
			}
		}
	}
}

func TestGraphFormat(t *testing.T) {
	if _, err := Graph(&schema.Graph{}, "svg"); err == nil || err.Error() != `unknown graph format "svg": it is dot, mermaid, json` {
		t.Errorf("got %v", err)
	}
}
