package cli

import (
	"strings"
	"testing"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

// keyless is an API for which no credential is set.
type keyless struct{ snapshot }

func (keyless) Missing(*schema.Kind) string { return "CLOUDFLARE_API_KEY" }

// What no file lists any more, and only the state has, is named too where its
// credential is missing.
func TestMissingCredentialOfTheState(t *testing.T) {
	k := schema.KindNamed("invite_response")
	have := &state.Snapshot{Entries: []*state.Entry{{Addr: schema.Addr{Kind: k.Name, Name: "acme"}, Scope: schema.UserScope}}}
	reads := planner.Reads{Lists: []planner.ListKey{{Kind: k, Scope: schema.UserScope}}}
	err := missing(&keyless{}, &schema.Graph{}, have, reads)
	if err == nil || !strings.Contains(err.Error(), "invite_response.acme, which the state owns, needs CLOUDFLARE_API_KEY") {
		t.Error(err)
	}
}
