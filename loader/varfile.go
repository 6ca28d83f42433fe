package loader

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"

	"gopkg.in/yaml.v3"

	"trueup/diag"
)

// varItems reads a file of variables by its extension. ok is false for one
// that means no format.
func (f *file) varItems(path string, text []byte) (items []item, ok bool) {
	f.src.text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	f.src.templates = map[*yaml.Node]*template{}
	switch filepath.Ext(path) {
	case ".yaml", ".yml":
		return f.yamlVars(false), true
	case ".json":
		return f.jsonVars(), true
	case ".hcl":
		return f.hclAttrs(), true
	}
	return nil, false
}

func (f *file) yamlVars(literal bool) []item {
	root := parseYAML(f.src, &f.diags)
	if root == nil || isNull(target(root)) {
		return nil
	}
	s := &scanner{src: f.src, out: &f.diags, literal: literal}
	if target(root).Kind != yaml.MappingNode {
		f.error(f.src.rangeOf(root), "wrong-type", "a file of variables is an object", "Write name: value.", "")
		return nil
	}
	items, _ := f.body(s, root, nil)
	return items
}

// jsonVars reads JSON: its syntax is checked as JSON, its values and places
// are those of YAML, which holds JSON.
func (f *file) jsonVars() []item {
	if !f.validJSON() {
		return nil
	}
	return f.yamlVars(true)
}

// validJSON reports mistakes in syntax.
func (f *file) validJSON() bool {
	var syntax *json.SyntaxError
	var raw any
	if err := json.Unmarshal(f.src.text, &raw); errors.As(err, &syntax) {
		f.error(f.src.at(int(max(syntax.Offset, 1)-1)), "syntax", syntax.Error(), "", "")
		return false
	} else if err != nil {
		f.error(diag.Range{File: f.src.name}, "syntax", err.Error(), "", "")
		return false
	}
	return true
}
