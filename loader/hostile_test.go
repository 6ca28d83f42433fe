package loader

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// laughs is the bomb of aliases known as "billion laughs".
func laughs() string {
	var b strings.Builder
	b.WriteString("locals:\n  l0: &l0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n")
	for i := 1; i < 10; i++ {
		fmt.Fprintf(&b, "  l%d: &l%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*l%d, ", i-1), 10), ", "))
	}
	return b.String()
}

// TestHostile: input that is meant to hurt ends in an error with a place.
func TestHostile(t *testing.T) {
	debug.SetMaxStack(256 << 20)
	const rule = "access_rules:\n  a: {mode: block, value: 192.0.2.1}\n"
	const block = "access_rule \"a\" {\n  mode  = \"block\"\n  value = \"192.0.2.1\"\n}\n"
	deep := func(open, close string, n int) string { return strings.Repeat(open, n) + strings.Repeat(close, n) }
	for _, c := range []struct{ name, file, text, want string }{
		{"laughs", "a.yaml", laughs(), "stand for too much"},
		{"laughs by merging", "a.yaml", "locals:\n  a: &a {x: 1}\n  b: &b {<<: [*a, *a, *a]}\n" + laughs()[len("locals:\n"):], "stand for too much"},
		{"alias of itself", "a.yaml", "locals:\n  a: &a [*a]\n", "stands inside what it stands for"},
		{"merge of itself", "a.yaml", "locals:\n  a: &a\n    <<: *a\n", "stands inside what it stands for"},
		{"resource that merges itself", "a.yaml", "access_rules:\n  a: &a\n    <<: *a\n", "stands inside what it stands for"},
		{"root that holds itself", "a.yaml", "&a\nlocals:\n  x: *a\n", "stands inside what it stands for"},
		{"kind that holds itself", "a.yaml", "access_rules: &a\n  x: *a\n", "stands inside what it stands for"},
		{"flow nesting", "a.yaml", "locals:\n  a: " + deep("[", "]", 5000) + "\n", "nested too deeply"},
		{"flow nesting past the parser", "a.yaml", "locals:\n  a: " + deep("[", "]", 100_000) + "\n", "nested too deeply"},
		{"block nesting", "a.yaml", "locals:\n  a:\n    " + strings.Repeat("- ", 100_000) + "x\n", "nested too deeply"},
		{"nesting in a resource", "a.yaml", "monitors:\n  a:\n    header: " + deep("{a: ", "}", 2000) + "\n", "nested too deeply"},
		{"nesting at the top", "a.yaml", deep("[", "]", 100_000), "nested too deeply"},
		{"braces in a template", "a.yaml", "locals:\n  a: ${" + deep("(", ")", 100_000) + "}\n", "nested too deeply"},
		{"operators in a template", "a.yaml", "locals:\n  a: ${1" + strings.Repeat("+1", 100_000) + "}\n", "nested too deeply"},
		{"directives in a template", "a.yaml", "locals:\n  a: \"" + strings.Repeat("%{if true}", 100_000) + "\"\n", "nested too deeply"},
		{"huge scalar", "a.yaml", rule + "locals:\n  a: \"" + strings.Repeat("x", 8<<20) + "\n", "not closed"},
		{"NUL", "a.yaml", rule + "\x00", "a NUL character"},
		{"invalid UTF-8", "a.yaml", "locals:\n  a: \"\xff\"\n", "not valid UTF-8"},
		{"UTF-16", "a.yaml", "\xff\xfea\x00:\x00 \x00b\x00", "not valid UTF-8"},
		{"line separator", "a.yaml", "locals:\n  a: x\u2028y\n", "invisible line break"},
		{"lone carriage return", "a.yaml", "locals:\r  a: x\r", "carriage return"},
		{"escape character", "a.yaml", "locals:\n  a: \x1b[31m\n", "control character U+001B"},
		{"tab", "a.yaml", "access_rules:\n\ta: {mode: block}\n", "no value can start with"},
		{"second document", "a.yaml", rule + "---\n" + rule, "a second document"},
		{"unknown tag", "a.yaml", "locals:\n  a: !!python/object:os.system x\n", "the tag !!python/object:os.system cannot stand here"},
		{"binary tag", "a.yaml", "locals:\n  a: !!binary aGk=\n", "cannot stand here"},
		{"YAML directive", "a.yaml", "%YAML 1.2\n---\n" + rule, "Take it out: every file is read as YAML 1.2"},
		{"unknown anchor", "a.yaml", "locals:\n  a: *b\n", "no anchor &b"},
		{"a key that is an object", "a.yaml", "locals:\n  {a: b}: c\n", "a key that is no text"},
		{"a key that is nothing", "a.yaml", "monitors:\n  a:\n    header: {~: [x]}\n", "the key ~ is no text"},
		{"NUL in a key of for_each", "a.yaml", "monitors:\n  a:\n    for_each: {\"a\\0b\": 1}\n", "a key of for_each has a NUL"},
		{"doubling locals", "a.yaml", doubling(), "larger than 64 MiB"},
		{"long chain of locals", "a.yaml", chain(), "in a row"},
		{"brackets", "a.hcl", "locals {\n  a = " + deep("[", "]", 100_000) + "\n}\n", "nested too deeply"},
		{"open brackets", "a.hcl", "locals {\n  a = " + strings.Repeat("(", 1_000_000), "nested too deeply"},
		{"blocks", "a.hcl", strings.Repeat("locals {\n", 100_000), "nested too deeply"},
		{"templates in templates", "a.hcl", "locals {\n  a = " + deep(`"${`, `}"`, 100_000) + "\n}\n", "nested too deeply"},
		{"unary operators", "a.hcl", "locals {\n  a = " + strings.Repeat("!", 1_000_000) + "true\n}\n", "nested too deeply"},
		{"conditionals", "a.hcl", "locals {\n  a = " + strings.Repeat("true ? 1 : ", 100_000) + "1\n}\n", "nested too deeply"},
		{"sums", "a.hcl", "locals {\n  a = 1" + strings.Repeat(" + 1", 1_000_000) + "\n}\n", "nested too deeply"},
		{"sums over lines", "a.hcl", "locals {\n  a = {for k, v in {} : k => 1" + strings.Repeat(" +\n 1", 1_000_000) + "}\n}\n", "nested too deeply"},
		{"indices", "a.hcl", "locals {\n  a = x" + strings.Repeat("[y]", 100_000) + "\n}\n", "nested too deeply"},
		{"splats", "a.hcl", "locals {\n  a = x" + strings.Repeat("[*]", 100_000) + "\n}\n", "nested too deeply"},
		{"heredoc directives", "a.hcl", "locals {\n  a = <<E\n" + strings.Repeat("%{if true}\n", 100_000) + "E\n}\n", "nested too deeply"},
		{"NUL in HCL", "a.hcl", block + "\x00", "a NUL character"},
		{"invalid UTF-8 in HCL", "a.hcl", block + "# \xff", "not valid UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			dir := write(t, map[string]string{c.file: c.text})
			g, s, ds := Load(ctx, Options{Dir: dir, Paths: []string{c.file}})
			if g != nil {
				t.Error("a graph in spite of it")
			}
			text := print(s, ds)
			if len(text) > 20_000 {
				text = text[:20_000]
			}
			if !strings.Contains(text, c.want) {
				t.Errorf("no %q in:\n%s", c.want, text)
			}
			if !strings.HasPrefix(text, c.file+":") {
				t.Errorf("no place in:\n%s", text)
			}
		})
	}
}

// doubling is a chain of locals each twice as long as the one before.
func doubling() string {
	var b strings.Builder
	b.WriteString("locals:\n  a0: xxxxxxxxxxxxxxxx\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&b, "  a%d: ${local.a%d}${local.a%d}\n", i, i-1, i-1)
	}
	return b.String()
}

func chain() string {
	var b strings.Builder
	b.WriteString("locals:\n  a0: x\n")
	for i := 1; i < 50_000; i++ {
		fmt.Fprintf(&b, "  a%d: ${local.a%d}\n", i, i-1)
	}
	return b.String() + "  a: ${local.a49999}\n"
}

// FuzzDepth holds the look-ahead against hcl's own lexer: it sees at least the
// nesting that the parser will see.
func FuzzDepth(f *testing.F) {
	for _, s := range []string{`a = "${"${b}"}"`, "a = <<E\n${[\n}\nE\n", `a = "$${ %%{ \" ${x["y"]}"`, "/* { */ # {\n// {\na = {}", "a = <<-E\n  x\n  E\n[", `"${ "`, "a = <<A\n<<B\nA\n{"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if invalidUTF8([]byte(text)) >= 0 || len(text) > 10_000 {
			t.Skip()
		}
		tokens, _ := hclsyntax.LexConfig([]byte(text), "x", hcl.InitialPos)
		deepest := 0
		var open []hclsyntax.TokenType
		for _, token := range tokens {
			switch token.Type {
			case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
				open = append(open, token.Type)
				deepest = max(deepest, len(open))
			case hclsyntax.TokenCBrack:
				open = closed(open, false, hclsyntax.TokenOBrack)
			case hclsyntax.TokenCParen:
				open = closed(open, false, hclsyntax.TokenOParen)
			case hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
				open = closed(open, false, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc)
			case hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
				open = closed(open, true, hclsyntax.TokenOBrace, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl)
			}
		}
		d := depths{text: []byte(text), frames: []frame{{kind: '{'}}}
		seen := 0
		for d.at < len(d.text) {
			switch fr := &d.frames[len(d.frames)-1]; fr.kind {
			case 't', '"', '<':
				d.inTemplate(fr)
			default:
				d.inCode(fr)
			}
			seen = max(seen, len(d.frames)-1)
		}
		if deepest > seen+1 { // a heredoc may end where it begins
			t.Errorf("hcl nests %d deep, and %d were seen", deepest, seen)
		}
	})
}

// closed is the stack after what ends one of these; what ends none of them
// ends nothing. past: whatever is open within them ends too.
func closed(open []hclsyntax.TokenType, past bool, of ...hclsyntax.TokenType) []hclsyntax.TokenType {
	for i := len(open) - 1; i >= 0; i-- {
		if slices.Contains(of, open[i]) {
			return open[:i]
		}
		if !past {
			break
		}
	}
	return open
}
