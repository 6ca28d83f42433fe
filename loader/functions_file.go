package loader

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	yamlv3 "gopkg.in/yaml.v3"

	"trueup/diag"
)

const maxRead = 64 << 20 // bytes that file() reads

// fileCache holds what functions have read, so that a file that is read for
// every instance is read once.
type fileCache struct {
	mu   sync.Mutex
	text map[string][]byte
}

// readFor reads a file that a function names, relative to dir.
func (l *loader) readFor(dir, name string) ([]byte, error) {
	path := name
	if !filepath.IsAbs(path) {
		path = l.at(filepath.Join(dir, name))
	}
	l.cache.mu.Lock()
	defer l.cache.mu.Unlock()
	if text, ok := l.cache.text[path]; ok {
		return text, nil
	}
	text, err := readFile(path, maxRead)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", name, reason(err))
	}
	if l.cache.text == nil {
		l.cache.text = map[string][]byte{}
	}
	l.cache.text[path] = text
	return text, nil
}

func (l *loader) readText(dir, name string) (string, error) {
	text, err := l.readFor(dir, name)
	if err == nil && !utf8.Valid(text) {
		err = fmt.Errorf("%s: not valid UTF-8; use filebase64", name)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), err
}

func (l *loader) envFunc() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{textParam("name")},
		VarParam: &function.Parameter{Name: "otherwise", Type: cty.String},
		Type:     function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			if text, ok := l.opts.Environ(name); ok {
				if !utf8.ValidString(text) {
					return cty.NilVal, fmt.Errorf("%s in the environment is not valid UTF-8", name)
				}
				return l.guardedText(text, text), nil
			}
			switch len(args) {
			case 1:
				return cty.NilVal, fmt.Errorf("%s is not set in the environment; env(%q, otherwise) takes its place", name, name)
			case 2:
				return args[1], nil
			}
			return cty.NilVal, errors.New("env takes a name and what stands in for it")
		},
	})
}

// fileFunctions are the functions that read files relative to the directory.
func (l *loader) fileFunctions(dir string) map[string]function.Function {
	of := func(value func(name string) (cty.Value, error)) function.Function {
		return function.New(&function.Spec{
			Params: []function.Parameter{textParam("path")}, Type: function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return value(args[0].AsString()) },
		})
	}
	read := func(encode func([]byte) string) function.Function {
		return of(func(name string) (cty.Value, error) {
			text, err := l.readFor(dir, name)
			return l.guardedText(encode(text), string(text)), err
		})
	}
	return map[string]function.Function{
		"file": of(func(name string) (cty.Value, error) {
			text, err := l.readText(dir, name)
			return l.guardedText(text, text), err
		}),
		"filebase64": read(base64.StdEncoding.EncodeToString),
		"filemd5":    read(func(b []byte) string { h := md5.Sum(b); return hex.EncodeToString(h[:]) }),
		"filesha256": read(func(b []byte) string { return hex.EncodeToString(sum256(b)) }),
		"fileexists": function.New(&function.Spec{
			Params: []function.Parameter{textParam("path")}, Type: function.StaticReturnType(cty.Bool),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				_, err := l.readFor(dir, args[0].AsString())
				return cty.BoolVal(err == nil), nil
			},
		}),
		"templatefile": l.templateFileFunc(dir),
	}
}

// templateFileFunc evaluates a file as a template with the given values, and
// with all functions but itself.
func (l *loader) templateFileFunc(dir string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("path"), {Name: "values", Type: cty.DynamicPseudoType, AllowMarked: true}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			values, marks := args[1].Unmark()
			if ty := values.Type(); !ty.IsObjectType() && !ty.IsMapType() {
				return cty.NilVal, errors.New("the values must be an object: templatefile(path, {name = value})")
			}
			code, err := l.templateOf(dir, name)
			if err != nil {
				return cty.NilVal, err
			}
			ctx := l.functionsWithout(dir, "templatefile").NewChild()
			ctx.Variables = values.AsValueMap()
			for _, t := range code.Variables() {
				if _, ok := ctx.Variables[t.RootName()]; !ok {
					return cty.NilVal, fmt.Errorf("%s: no value for %s", templatePlace(name, t.SourceRange()), t.RootName())
				}
			}
			v, diags := code.Value(ctx)
			if diags.HasErrors() {
				return cty.NilVal, templateError(name, diags)
			}
			if text, _ := l.readText(dir, name); l.withoutCredentials(text) != text {
				v = v.Mark(secretMark{})
			}
			return v.WithMarks(marks), nil
		},
	})
}

func (l *loader) templateOf(dir, name string) (hclsyntax.Expression, error) {
	text, err := l.readText(dir, name)
	if err != nil {
		return nil, err
	}
	if deepTemplate([]byte(text)) >= 0 {
		return nil, fmt.Errorf("%s: nested too deeply", name)
	}
	code, diags := parseTemplate([]byte(text), name)
	if diags.HasErrors() {
		return nil, templateError(name, diags)
	}
	return code, nil
}

func templateError(name string, diags hcl.Diagnostics) error {
	summary, _ := words(diags[0])
	return fmt.Errorf("%s: %s", templatePlace(name, *diags[0].Subject), summary)
}

func templatePlace(name string, r hcl.Range) string {
	return diag.Range{File: name, Start: diag.Pos{Line: int32(r.Start.Line), Column: int32(r.Start.Column)}}.String()
}

func (l *loader) functionsWithout(dir, name string) *hcl.EvalContext {
	ctx := l.functions.NewChild()
	ctx.Functions = l.fileFunctions(dir)
	delete(ctx.Functions, name)
	return ctx
}

// yamlDecodeFunc reads YAML as configuration is read, but for templates.
func yamlDecodeFunc() function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("text")},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return yamlDecode(args[0].AsString()) },
	})
}

func yamlDecode(text string) (cty.Value, error) {
	src := &source{name: "yamldecode", text: []byte(text), templates: map[*yamlv3.Node]*template{}}
	var problems diag.List
	root := parseYAML(src, &problems)
	if root != nil {
		s := scanner{src: src, out: &problems, literal: true}
		s.value(root, 1)
	}
	if problems.HasErrors() {
		problems.Sort()
		return cty.NilVal, fmt.Errorf("line %d: %s", problems[0].Range.Start.Line, problems[0].Summary)
	}
	if root == nil {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	v, _ := expr{src: src, node: root}.value(nil)
	return v, nil
}
