package sim

import (
	"net/textproto"
	"regexp"
	"slices"
	"strings"

	"trueup/schema"
)

func monitors() *product {
	return &product{
		kind: "monitor", path: "load_balancers/monitors", noun: "monitor", title: "description",
		missing: balancingMissing,
		build:   buildMonitor,
		index:   func(Options, doc) (string, []string) { return "", nil },
		wire:    wireMonitor,
		times:   [2]string{"created_on", "modified_on"}, layout: micros,
	}
}

func isHTTP(kind string) bool { return kind == "http" || kind == "https" }

var (
	webOnly      = doc{"path": "", "expected_codes": "", "expected_body": "", "follow_redirects": false, "allow_insecure": false, "header": doc{}, "probe_zone": ""}
	premiumTypes = []string{"udp_icmp", "icmp_ping", "smtp"}
	portTypes    = []string{"tcp", "udp_icmp", "smtp"}
	codesRE      = regexp.MustCompile(`(?i)^[1-5]([0-9][0-9]|[0-9]x|xx)( *, *[1-5]([0-9][0-9]|[0-9]x|xx))*$`)
)

// buildMonitor fills in what is left out; null is as good as left out, unless
// it is refused.
func buildMonitor(c *call, e edit) (doc, *problem) {
	o := c.s.o
	if o.NoLoadBalancing {
		return nil, invalid("interval is not in range [0, 0]")
	}
	if _, sent := e.body["expected_codes"]; !sent && c.face == "API" {
		return nil, invalid("expected_codes is required") // with every verb (API facts §2)
	}
	d := overlay(e)
	if o.MonitorNullRefused {
		for _, k := range sortedKeys(e.body) {
			if e.body[k] == nil {
				return nil, invalid("%s must not be null", k)
			}
		}
	}
	dropNulls(d)
	if broken := check(attrs("monitor"), lenientCodes(d), ""); broken != "" {
		return nil, invalid("%s", broken)
	}
	fillMonitor(d, e)
	if bad := o.checkMonitor(d, e.old); bad != nil {
		return nil, bad
	}
	return d, nil
}

// lenientCodes leaves expected_codes to checkMonitor, which alone knows when it
// counts.
func lenientCodes(d doc) doc {
	d = clone(d)
	if _, ok := d["expected_codes"].(string); ok {
		delete(d, "expected_codes")
	}
	return d
}

func fillMonitor(d doc, e edit) {
	defaults(d, doc{"type": "http", "description": "", "interval": 60.0, "timeout": 5.0, "retries": 2.0,
		"port": 0.0, "consecutive_up": 0.0, "consecutive_down": 0.0})
	kind := text(d["type"])
	if e.old != nil && text(e.old["type"]) != kind {
		forget(d, e.body) // what went with the old type
	}
	if isHTTP(kind) {
		defaults(d, doc{"method": "GET", "path": "/", "expected_codes": "200"})
		if d["method"] == "" {
			d["method"] = "GET"
		}
		d["method"] = strings.ToUpper(text(d["method"]))
		defaults(d, clone(webOnly))
	} else {
		for k, v := range clone(webOnly) {
			d[k] = v // these go with http and https only
		}
		d["method"] = "connection_established"
	}
	d["header"] = canonicalHeader(d["header"])
}

// forget drops what goes with the type only, unless it was sent.
func forget(d, sent doc) {
	for _, k := range append(sortedKeys(webOnly), "method") {
		if sent[k] == nil {
			delete(d, k)
		}
	}
}

// canonicalHeader: names come back canonicalised (API facts §2).
func canonicalHeader(v any) doc {
	given, _ := v.(doc)
	out := doc{}
	for _, k := range sortedKeys(given) {
		out[textproto.CanonicalMIMEHeaderKey(k)] = given[k]
	}
	return out
}

func (o Options) checkMonitor(d, old doc) *problem {
	kind := text(d["type"])
	interval, timeout, retries := number(d["interval"], 60), number(d["timeout"], 5), number(d["retries"], 2)
	header, _ := d["header"].(doc)
	least := float64(max(10, o.IntervalMin))
	switch {
	case o.BasicTypesOnly && slices.Contains(premiumTypes, kind):
		return invalid("type %s is not allowed with this subscription", kind)
	case o.MonitorTypeFixed && old != nil && text(old["type"]) != kind:
		return invalid("type can not be changed")
	case interval < least || interval > 3600:
		return invalid("interval is not in range [%g, 3600]", least)
	case retries == 0 && o.RetriesZeroRefused:
		return invalid("retries is not in range [1, 5]")
	case interval <= (retries+1)*timeout:
		return invalid("interval must be greater than (retries + 1) * timeout")
	case number(d["port"], 0) == 0 && slices.Contains(portTypes, kind):
		return invalid("port is required for %s monitors", kind)
	case header["User-Agent"] != nil:
		return invalid("header User-Agent can not be overridden")
	case !isHTTP(kind):
		return nil
	case !strings.HasPrefix(text(d["path"]), "/"):
		return invalid("path must start with /")
	case !codesRE.MatchString(text(d["expected_codes"])):
		return invalid("expected_codes %q is invalid", text(d["expected_codes"]))
	case d["method"] == "CONNECTION_ESTABLISHED":
		return invalid("method is invalid")
	}
	return nil
}

// wireMonitor: what is zero and can be left out is (API facts §2).
func wireMonitor(s *Server, _ schema.Scope, d doc) doc {
	for _, k := range []string{"port", "consecutive_up", "consecutive_down"} {
		if number(d[k], 0) == 0 {
			delete(d, k)
		}
	}
	if s.o.MethodOmitted && slices.Contains(premiumTypes, text(d["type"])) {
		delete(d, "method")
	}
	if header, ok := d["header"].(doc); ok && s.o.HeaderValuesSorted {
		for k, v := range header {
			header[k] = anyList(slices.Sorted(slices.Values(texts(v))))
		}
	}
	return d
}
