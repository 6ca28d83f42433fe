package loader

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"

	"trueup/diag"
	"trueup/schema"
)

// yamlTop are the top-level names in YAML.
func yamlTop() []string {
	names := append([]string{"variables", "locals"}, settingNames...)
	for _, k := range schema.Kinds {
		names = append(names, k.Plural)
	}
	return names
}

// readYAML reads the declarations of a YAML file. The tree is taken down on
// the way: what has become a resource is not needed again.
func (f *file) readYAML() {
	root := parseYAML(f.src, &f.diags)
	if root == nil {
		f.partial = len(f.diags) > 0
		return
	}
	s := &scanner{src: f.src, out: &f.diags}
	root = target(root)
	if root.Kind != yaml.MappingNode {
		if !isNull(root) {
			f.error(f.src.rangeOf(root), "wrong-type", "a file of configuration is an object", "Begin it with a key such as access_rules:.", "")
		}
		return
	}
	s.keys(root)
	s.inside(root, func() {
		for _, p := range pairs(root) {
			if s.stopped || f.l.ctx.Err() != nil {
				break
			}
			f.topYAML(s, p)
		}
	})
	if s.stopped {
		f.giveUp()
	}
}

// giveUp forgets what a file declares that was not read to its end.
func (f *file) giveUp() {
	f.partial = true
	f.settings, f.variables, f.locals, f.blocks = nil, nil, nil, nil
}

func (f *file) topYAML(s *scanner, p pair) {
	at, name := f.src.rangeOf(p.key), p.key.Value
	kind := schema.KindPlural(name)
	switch {
	case kind != nil:
		f.each(s, p, "resources by name", func(name string, at diag.Range, body *yaml.Node) {
			if items, ok := f.body(s, body, f.buffer[:0]); ok {
				f.addBlock(kind, name, at, items)
			}
		})
	case name == "variables":
		f.each(s, p, "variables by name", func(name string, at diag.Range, body *yaml.Node) {
			if items, ok := f.body(s, body, nil); ok {
				f.addVariable(name, at, items)
			}
		})
	case name == "locals":
		f.each(s, p, "values by name", func(name string, at diag.Range, value *yaml.Node) {
			f.addLocal(f.item(s, name, at, value))
		})
	case slices.ContainsFunc(f.settings, func(it item) bool { return it.name == name }):
		// given twice, which has been reported
	case isSetting(name):
		f.settings = append(f.settings, f.item(s, name, at, p.value))
	case schema.KindNamed(name) != nil:
		plural := schema.KindNamed(name).Plural
		f.error(at, "unknown-key", fmt.Sprintf("unknown top-level name %q", name), fmt.Sprintf("In YAML, resources stand under the plural: %s.", plural), meant(plural))
	default:
		f.unknownTop(name, at, yamlTop())
	}
}

// each calls do for every name of a top-level object.
func (f *file) each(s *scanner, p pair, what string, do func(string, diag.Range, *yaml.Node)) {
	n := target(p.value)
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		f.error(f.src.rangeOf(n), "wrong-type", fmt.Sprintf("%s holds %s", p.key.Value, what), "Write an object: a name, a colon, and what belongs to it indented below.", "")
		return
	}
	s.tag(n, "!!map")
	s.inside(n, func() { f.entries(s, p.value, n, do) })
}

func (f *file) entries(s *scanner, written, n *yaml.Node, do func(string, diag.Range, *yaml.Node)) {
	for i, q := range pairs(n) {
		if s.stopped || i&1023 == 0 && f.l.ctx.Err() != nil {
			return
		}
		if s.key(q.key) {
			do(q.key.Value, f.src.rangeOf(q.key), q.value)
		}
		if written.Kind != yaml.AliasNode && n.Anchor == "" && 2*i+1 < len(n.Content) && n.Content[2*i+1] == q.value && q.value.Anchor == "" {
			n.Content[2*i+1] = nothing
		}
	}
}

// nothing takes the place of what is done with in a tree.
var nothing = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}

// body reads the attributes of a resource or variable into items.
func (f *file) body(s *scanner, body *yaml.Node, items []item) ([]item, bool) {
	n := target(body)
	if isNull(n) {
		return items, true
	}
	if n.Kind != yaml.MappingNode {
		s.value(n, 3)
		f.error(f.src.rangeOf(n), "wrong-type", "an object is wanted, not "+schema.Describe(described(n)), "Write its attributes indented below the name.", "")
		return nil, false
	}
	s.tag(n, "!!map")
	s.keys(n)
	s.inside(n, func() {
		for _, p := range pairs(n) {
			if p.key.Kind == yaml.ScalarNode {
				items = append(items, f.item(s, p.key.Value, f.src.rangeOf(p.key), p.value))
			}
		}
	})
	if cap(items) > cap(f.buffer) && cap(items) <= 1024 {
		f.buffer = items
	}
	return items, !s.stopped
}

func (f *file) item(s *scanner, name string, at diag.Range, value *yaml.Node) item {
	return item{name: schema.NFC(name), at: at, value: expr{src: f.src, node: value}, uses: s.value(value, 3)}
}

func isSetting(name string) bool {
	return slices.Contains(settingNames, name)
}

func described(n *yaml.Node) schema.Value {
	if n.Kind == yaml.SequenceNode {
		return schema.List{}
	}
	return plain(n)
}
