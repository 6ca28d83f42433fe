package planner_test

import (
	"fmt"
	"strings"
	"testing"

	"trueup/planner"
	"trueup/schema"
	"trueup/state"
)

func reads(r planner.Reads) string {
	var out []string
	for _, l := range r.Lists {
		out = append(out, l.Kind.Plural+"@"+l.Scope.String())
	}
	return fmt.Sprintf("%s catalogues %v", strings.Join(out, " "), r.Catalogues)
}

func TestNeeds(t *testing.T) {
	rule := want("access_rule.a", rule)
	m := live("monitor", id(1), attrs{"description": "m"})
	account := schema.Scope{Level: schema.Account, ID: id(9)}
	far := want("monitor.far", attrs{})
	far.Scope = account
	named := want("token.t", token(attrs{"policies": []any{attrs{"permission_groups": []any{"DNS Write"}, "resources": all}}}))
	for _, c := range []struct {
		name    string
		files   []*schema.Resource
		have    []*state.Entry
		own     string
		destroy bool
		want    string
	}{
		{"nothing", nil, nil, "", false, " catalogues []"},
		{"what the files list", []*schema.Resource{rule, far}, nil, "", false, "access_rules@user monitors@account:" + id(9) + " catalogues []"},
		{"names of groups", []*schema.Resource{named}, nil, "", false, "tokens@user catalogues [user]"},
		{"ids of groups", []*schema.Resource{want("token.t", token(nil))}, nil, "", false, "tokens@user catalogues []"},
		{"what the state has and the files too", []*schema.Resource{want("monitor.m", attrs{})}, []*state.Entry{ours("monitor.m", m)}, "", false, "monitors@user catalogues []"},
		{"what goes, and who may use it", nil, []*state.Entry{ours("monitor.m", m)}, "", false, "monitors@user pools@user catalogues []"},
		{"what changes its name may supersede", []*schema.Resource{want("monitor.m", attrs{"description": "n"})}, []*state.Entry{ours("monitor.m", m)}, "", false, "monitors@user pools@user catalogues []"},
		{"exclusive, none listed", nil, nil, "access_rule", false, "access_rules@user catalogues []"},
		{"exclusive, listed elsewhere", []*schema.Resource{far}, nil, "monitor", false, "monitors@account:" + id(9) + " pools@account:" + id(9) + " catalogues []"},
		{"destroy", []*schema.Resource{rule}, []*state.Entry{ours("monitor.m", m)}, "access_rule", true, "monitors@user pools@user catalogues []"},
	} {
		w := newWorld(c.files...)
		w.have(c.have...)
		if c.own != "" {
			w.in.Want.Settings.Ownership[c.own] = schema.Exclusive
		}
		equal(t, c.name, reads(planner.Needs(w.in.Want, w.in.Have, c.destroy)), c.want)
	}
	equal(t, "nil", reads(planner.Needs(nil, nil, false)), " catalogues []")
}

// TestUnlisted: what no list has is asked for, where the API can be asked, and
// where the list was read.
func TestUnlisted(t *testing.T) {
	there, gone := live("monitor", id(1), attrs{"description": "a"}), live("monitor", id(2), attrs{"description": "b"})
	far := ours("monitor.far", gone)
	far.Scope = schema.Scope{Level: schema.Account, ID: id(9)}
	w := newWorld()
	w.live(there)
	w.have(ours("monitor.a", there), ours("monitor.b", gone), far,
		ours("access_rule.r", live("access_rule", id(3), rule)))
	w.in.Live = append(w.in.Live, planner.Listing{Kind: schema.KindNamed("access_rule"), Scope: schema.UserScope})
	equal(t, "asked for", fmt.Sprint(planner.Unlisted(w.in)), fmt.Sprint([]planner.ObjectKey{{Kind: "monitor", Scope: schema.UserScope, ID: id(2)}}))
	equal(t, "without a state", fmt.Sprint(planner.Unlisted(planner.Input{})), "[]")
}
