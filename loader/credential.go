package loader

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"trueup/schema"
)

// What opens the API is sensitive wherever it is read from, so that no pull
// request can have a plan show it.

// credentialRE is the form of Cloudflare's credentials (API facts §0.1).
var credentialRE = regexp.MustCompile(`cf(?:ut|at|k)_[A-Za-z0-9]{20,}`)

// credentialLeast is how long a value is that is looked for in texts.
const credentialLeast = 8

// withoutCredentials is the text without those that are in the environment, and
// what has their form.
func (l *loader) withoutCredentials(text string) string {
	for _, name := range []string{"CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_KEY"} {
		if own, ok := l.opts.Environ(name); ok && len(own) >= credentialLeast {
			text = strings.ReplaceAll(text, own, schema.Masked)
		}
	}
	return credentialRE.ReplaceAllString(text, schema.Masked)
}

// guardedText is a value made of a text that was read, sensitive where that holds
// a credential.
func (l *loader) guardedText(value, read string) cty.Value {
	v := cty.StringVal(value)
	if l.withoutCredentials(read) != read {
		return v.Mark(secretMark{})
	}
	return v
}

// readers are the functions whose value may be sensitive by itself.
var readers = map[string]bool{"env": true, "file": true, "filebase64": true, "filemd5": true, "filesha256": true, "templatefile": true}

// readsSecret reports whether a call gives a sensitive value by itself.
func readsSecret(call *hclsyntax.FunctionCallExpr, ctx *hcl.EvalContext) bool {
	if !readers[call.Name] {
		return false
	}
	v, diags := call.Value(ctx)
	return !diags.HasErrors() && holdsSecret(v)
}
