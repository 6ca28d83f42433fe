package schema

import (
	"fmt"
	"slices"
	"strings"
)

var (
	httpTypes = []string{"http", "https"}
	onlyHTTP  = &When{Attr: "type", In: httpTypes}
)

// API facts §2 and the spec's load-balancing_monitor.
var monitor = Kind{
	Name: "monitor", Plural: "monitors",
	Doc:      "A load-balancing monitor: how the health of origins is checked.",
	Levels:   []Level{User, Account},
	NameAttr: "description",
	Match:    []string{"description"},
	Made:     "created_on",

	Terraform: []string{"cloudflare_load_balancer_monitor"},
	Attrs: []Attr{
		{Name: "type", Type: TypeText, Default: String("http"),
			Enum: []string{"http", "https", "tcp", "udp_icmp", "icmp_ping", "smtp"},
			Doc:  "The protocol of the check. udp_icmp, icmp_ping and smtp are not in every plan of the API."},
		{Name: "description", Type: TypeText, Clear: ClearZero,
			Doc: "What the monitor is called. The resource's name where left out."},
		{Name: "method", Type: TypeText, Mode: Defaulted, Fold: Method, Only: &When{"type", []string{"http", "https", "tcp"}}, Pattern: `[A-Za-z_-]+`,
			By:  &By{"type", map[string]Value{"http": String("GET"), "https": String("GET"), "tcp": String("connection_established")}},
			Doc: "The HTTP method; connection_established for tcp. The server chooses for the other types."},
		{Name: "path", Type: TypeText, Only: onlyHTTP, Default: String("/"), Doc: "The path of the check, with its leading slash."},
		{Name: "port", Type: TypeInt, Min: 0, Max: 65535, Default: Number(0),
			Needs: &When{"type", []string{"tcp", "udp_icmp", "smtp"}},
			Doc:   "The port; 0 is the protocol's own. Required for tcp, udp_icmp and smtp."},
		{Name: "interval", Type: TypeInt, Min: 10, Max: 3600, Default: Number(60),
			Doc: "Seconds between checks. How short it may be depends on the plan of the account; it must be longer than (retries + 1) × timeout."},
		{Name: "timeout", Type: TypeInt, Min: 1, Max: 10, Default: Number(5), Doc: "Seconds until a check counts as failed."},
		{Name: "retries", Type: TypeInt, Min: 0, Max: 5, Default: Number(2), Doc: "How often a check that timed out is tried again, at once."},
		{Name: "consecutive_up", Type: TypeInt, Min: 0, Max: 1000, Default: Number(0), Doc: "Checks in a row that must pass before an origin counts as healthy."},
		{Name: "consecutive_down", Type: TypeInt, Min: 0, Max: 1000, Default: Number(0), Doc: "Checks in a row that must fail before an origin counts as unhealthy."},
		{Name: "expected_codes", Type: TypeText, Only: onlyHTTP, Default: String("200"), Fold: Lower, Always: true,
			Pattern: `[1-5]([0-9][0-9]|[0-9][xX]|[xX][xX])( *, *[1-5]([0-9][0-9]|[0-9][xX]|[xX][xX]))*`,
			Doc:     "The HTTP status that is expected: 200, 2xx."},
		{Name: "expected_body", Type: TypeText, Only: onlyHTTP, Clear: ClearZero,
			Doc: "Text that the first 10 KB of the answer must contain; letter case makes no difference."},
		{Name: "header", Type: TypeTexts, Nest: MapOf, Only: onlyHTTP, Fold: HeaderKeys, Clear: ClearZero,
			Doc: "Request headers: name to list of values. User-Agent cannot be set."},
		{Name: "follow_redirects", Type: TypeBool, Only: onlyHTTP, Default: Bool(false), Doc: "Whether redirects are followed."},
		{Name: "allow_insecure", Type: TypeBool, Only: onlyHTTP, Default: Bool(false), Doc: "Whether the certificate goes unchecked."},
		{Name: "probe_zone", Type: TypeText, Only: onlyHTTP, Clear: ClearZero, Doc: "The zone that the checks seem to come from."},
		{Name: "created_on", Type: TypeTime, Mode: Computed, Doc: "When it was created."},
		{Name: "modified_on", Type: TypeTime, Mode: Computed, Doc: "When it was last changed."},
	},
	API: API{
		Path: "load_balancers/monitors", GetByID: true, References: true,
		Create: true, Update: "PUT", Delete: true,
		Auth:  []Auth{Token, Key},
		Retry: RetryNever,
		Codes: balancingCodes,
	},
	Check: checkMonitor,
}

// balancingCodes: API facts §2 and §3. Codes 1002 and 1005 have several
// meanings, so the text decides.
var balancingCodes = []Code{
	{Status: 412, Meaning: InUse, Remedy: "Take it out of what uses it first."},
	{Contains: "referenced", Meaning: InUse, Remedy: "Take it out of what uses it first."},
	{Status: 404, Meaning: NotFound},
	{Code: 1001, Contains: "not found", Meaning: NotFound},
	{Contains: "not unique", Meaning: Duplicate},
	{Contains: "range [0, 0]", Meaning: NotEntitled, Remedy: "Load Balancing is not enabled for this account."},
	{Contains: "range [1, 1]", Meaning: NotEntitled, Remedy: "Load Balancing is not enabled for this account."},
	{Contains: "range [1, 0]", Meaning: NotEntitled, Remedy: "Load Balancing is not enabled for this account."},
	{Contains: "access failed", Meaning: NotEntitled, Remedy: "Load Balancing is not enabled for this account."},
	{Contains: "exceeded quota", Meaning: NotEntitled, Remedy: "The account's quota is used up."},
	{Contains: "probing from every data", Meaning: NotEntitled, Remedy: "Set check_regions: all data centers are for Enterprise accounts only."},
	{Contains: "validation failed", Meaning: Invalid},
}

func checkMonitor(o View) []Problem {
	var ps []Problem
	kind := o.Text("type")
	if path := o.Text("path"); path != "" && path[0] != '/' {
		ps = append(ps, problem("path", fmt.Sprintf("path %q has no leading slash", path), "Write /"+path+"."))
	}
	ps = append(ps, checkMethod(kind, o.Text("method"))...)
	header, _ := o.Get("header").(Map)
	if header["User-Agent"] != nil {
		ps = append(ps, problem("header", "the User-Agent header cannot be set", "Leave it out: the API refuses it."))
	}
	for _, name := range header.Keys() {
		if name == "" || strings.ContainsFunc(name, notInHeader) {
			p := problem(KeyPath("header", name), Quote(name)+" is no name for a header", "It is made of letters, digits and - in the main: no blanks, no colon.")
			p.Code = "header-name"
			ps = append(ps, p)
		}
	}
	interval, i := o.Get("interval").(Number)
	timeout, t := o.Get("timeout").(Number)
	retries, r := o.Get("retries").(Number)
	if least := (retries + 1) * timeout; i && t && r && interval <= least {
		ps = append(ps, problem("interval", fmt.Sprintf("interval %s is not longer than (retries + 1) × timeout, which is %s", FormatNumber(interval), FormatNumber(least)),
			"Make the interval longer, or timeout or retries smaller."))
	}
	return ps
}

// notInHeader reports what the name of a header has none of (RFC 9110, 5.6.2).
func notInHeader(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

func checkMethod(kind, method string) []Problem {
	const tcp = "connection_established"
	switch {
	case method == "":
	case slices.Contains(httpTypes, kind) && method == tcp:
		return []Problem{problem("method", fmt.Sprintf("method %s goes with type tcp, not %s", tcp, kind), "Write an HTTP method such as GET, or leave it out.")}
	case kind == "tcp" && method != tcp:
		return []Problem{problem("method", fmt.Sprintf("method %s does not go with type tcp", method), "Leave it out.")}
	}
	return nil
}
