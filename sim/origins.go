package sim

import (
	"net/netip"
	"slices"
	"strings"
)

// Origins of pools: API facts §3.

func (o Options) checkOrigins(origins []doc) *problem {
	names, addresses := map[string]bool{}, map[string]bool{}
	for _, origin := range origins {
		name, address := text(origin["name"]), text(origin["address"])
		addr, err := netip.ParseAddr(address)
		header, _ := origin["header"].(doc)
		switch {
		case name == "":
			return invalid("origin name is required")
		case address == "":
			return invalid("origin address is required")
		case err != nil && !hostName(address):
			return invalid("origin address %q is neither an IP address nor a hostname", address)
		case err == nil && o.PrivateNeedsNetwork && addr.IsPrivate() && origin["virtual_network_id"] == nil:
			return invalid("virtual_network_id is required for private IPs")
		case names[name]:
			return invalid("origin names must be unique in a pool, %q is not", name)
		case addresses[sameAddress(address)]:
			return invalid("origin addresses must be unique in a pool, %q is not", address)
		}
		for key := range header {
			if key != "Host" {
				return invalid("origin header %q is not supported, only Host is", key)
			}
		}
		names[name], addresses[sameAddress(address)] = true, true
	}
	return nil
}

// sameAddress is one text for all spellings of an address.
func sameAddress(address string) string {
	if a, err := netip.ParseAddr(address); err == nil {
		return a.String()
	}
	return strings.ToLower(strings.TrimSuffix(address, "."))
}

// fillOrigins: they come back by name, whatever order they were sent in.
func fillOrigins(c *call, d, old doc) {
	before := map[string]doc{}
	for _, origin := range docs(old["origins"]) {
		before[text(origin["name"])] = origin
	}
	origins := docs(d["origins"])
	for _, origin := range origins {
		delete(origin, "disabled_at")
		dropNulls(origin)
		defaults(origin, doc{"enabled": true, "weight": 1.0})
		if header, ok := origin["header"].(doc); ok && len(header) == 0 {
			delete(origin, "header")
		}
		disabledAt(c, origin, before[text(origin["name"])])
	}
	slices.SortStableFunc(origins, func(a, b doc) int { return strings.Compare(text(a["name"]), text(b["name"])) })
	d["origins"] = list(origins)
}

func wireOrigin(o Options, origin doc) {
	if address := text(origin["address"]); o.HostTrailingDot && !strings.HasSuffix(address, ".") {
		if _, err := netip.ParseAddr(address); err != nil {
			origin["address"] = address + "."
		}
	}
	if o.OriginPortZero {
		defaults(origin, doc{"port": 0.0})
	}
}
