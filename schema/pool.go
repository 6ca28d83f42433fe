package schema

// API facts §3 and the spec's load-balancing_pool.
var pool = Kind{
	Name: "pool", Plural: "pools",
	Doc:      "A load-balancing pool: origins that share traffic, and the monitor that watches them.",
	Levels:   []Level{User, Account},
	NameAttr: "name",
	Match:    []string{"name"},
	Unique:   true,
	Made:     "created_on",

	Terraform: []string{"cloudflare_load_balancer_pool"},
	Attrs: []Attr{
		{Name: "name", Type: TypeText, Mode: Required, Pattern: `[A-Za-z0-9_-]+`,
			Doc: "What the pool is called: letters, digits, - and _. The resource's name where left out."},
		{Name: "description", Type: TypeText, Clear: ClearZero, Doc: "A remark."},
		{Name: "enabled", Type: TypeBool, Default: Bool(true), Doc: "Whether the pool gets traffic and is checked."},
		{Name: "monitor", Type: TypeText, Refers: "monitor", Doc: "The monitor that checks the origins: a reference, a monitor's name or an id."},
		{Name: "origins", Type: TypeObject, Nest: KeyedBy, Key: "name", Mode: Required, MinItems: 1, Attrs: originAttrs,
			Doc: "Where traffic goes. Their order means nothing."},
		{Name: "minimum_origins", Type: TypeInt, Min: 0, Max: 10000, Default: Number(1), Doc: "Healthy origins below which the pool counts as unhealthy."},
		{Name: "check_regions", Type: TypeText, Nest: SetOf, Fold: Upper, Clear: ClearNull,
			Enum: []string{"WNAM", "ENAM", "WEU", "EEU", "NSAM", "SSAM", "OC", "ME", "NAF", "SAF", "SAS", "SEAS", "NEAS", "ALL_REGIONS"},
			Doc:  "Regions that the checks run from. Left out means every data center, which only Enterprise accounts may."},
		{Name: "latitude", Type: TypeNumber, Min: -90, Max: 90, Doc: "Where the origins are, in decimal degrees; goes with longitude."},
		{Name: "longitude", Type: TypeNumber, Min: -180, Max: 180, Doc: "Where the origins are, in decimal degrees; goes with latitude."},
		{Name: "load_shedding", Type: TypeObject, Clear: ClearZero, Doc: "How much traffic is turned away, and how it is chosen.", Attrs: []Attr{
			{Name: "default_percent", Type: TypeNumber, Min: 0, Max: 100, Default: Number(0), Doc: "Percent of new sessions to turn away."},
			{Name: "default_policy", Type: TypeText, Enum: []string{"random", "hash"}, Default: String("random"), Doc: "How those are chosen."},
			{Name: "session_percent", Type: TypeNumber, Min: 0, Max: 100, Default: Number(0), Doc: "Percent of existing sessions to turn away."},
			{Name: "session_policy", Type: TypeText, Enum: []string{"hash"}, Default: String("hash"), Doc: "How those are chosen."},
		}},
		{Name: "origin_steering", Type: TypeObject, Clear: ClearZero, Doc: "How an origin is chosen.", Attrs: []Attr{
			{Name: "policy", Type: TypeText, Default: String("random"),
				Enum: []string{"random", "hash", "least_outstanding_requests", "least_connections"}, Doc: "How an origin is chosen."},
		}},
		{Name: "notification_filter", Type: TypeObject, Clear: ClearNull, Doc: "Which changes of health are notified.", Attrs: []Attr{
			{Name: "origin", Type: TypeObject, Attrs: filterAttrs, Doc: "For origins."},
			{Name: "pool", Type: TypeObject, Attrs: filterAttrs, Doc: "For the pool."},
		}},
		{Name: "notification_email", Type: TypeText, Clear: ClearZero,
			Doc: "Deprecated since 2023: it can only be cleared, so leave it out."},
		{Name: "created_on", Type: TypeTime, Mode: Computed, Doc: "When it was created."},
		{Name: "modified_on", Type: TypeTime, Mode: Computed, Doc: "When it was last changed."},
		{Name: "disabled_at", Type: TypeTime, Mode: Computed, Doc: "Since when it is disabled."},
		{Name: "networks", Type: TypeText, Nest: SetOf, Mode: Computed, Doc: "The networks that it is in."},
	},
	API: API{
		Path: "load_balancers/pools", GetByID: true, References: true,
		Create: true, Update: "PUT", Delete: true,
		Auth:  []Auth{Token, Key},
		Retry: RetryLookup,
		Codes: balancingCodes,
	},
	Check: checkPool,
}

var originAttrs = []Attr{
	{Name: "name", Type: TypeText, Mode: Required, Doc: "What the origin is called, once in a pool."},
	{Name: "address", Type: TypeHost, Mode: Required, Pattern: `[^\s/:@]+|[0-9a-fA-F.]*:[0-9a-fA-F.]*:[0-9a-fA-F:.]*`, Doc: "An IP address or a host name, once in a pool."},
	{Name: "enabled", Type: TypeBool, Default: Bool(true), Doc: "Whether it gets traffic and is checked."},
	{Name: "weight", Type: TypeNumber, Min: 0, Max: 1, Step: 0.01, Default: Number(1), Doc: "Its share of the traffic relative to the others, 0 to 1 in steps of 0.01."},
	{Name: "header", Type: TypeObject, Doc: "Request headers.", Attrs: []Attr{
		{Name: "Host", Type: TypeText, Nest: ListOf, MinItems: 1, MaxItems: 1, Doc: "The Host header: one value."},
	}},
	{Name: "virtual_network_id", Type: TypeText, Doc: "The virtual network of a private address."},
	{Name: "disabled_at", Type: TypeTime, Mode: Computed, Doc: "Since when it is disabled."},
}

var filterAttrs = []Attr{
	{Name: "disable", Type: TypeBool, Default: Bool(false), Doc: "Whether nothing is notified."},
	{Name: "healthy", Type: TypeBool, Clear: ClearNull, Doc: "Notify only of changes to healthy (true) or to unhealthy (false); both where left out."},
}

func checkPool(o View) []Problem {
	var ps []Problem
	lat, lon := o.Get("latitude"), o.Get("longitude")
	switch {
	case lat != nil && lon == nil:
		ps = append(ps, problem("latitude", "latitude without longitude", "Write both or neither."))
	case lat == nil && lon != nil:
		ps = append(ps, problem("longitude", "longitude without latitude", "Write both or neither."))
	}
	if o.Get("notification_email") != nil {
		ps = append(ps, problem("notification_email", "notification_email can no longer be set", "Leave it out: the API has only taken \"\" since 2023. Use its notification service instead."))
	}
	return append(ps, checkUnique(o, "name", "address")...)
}

// checkUnique: names and addresses are unique in a pool (API facts §3).
func checkUnique(o View, names ...string) []Problem {
	origins, _ := o.Get("origins").(List)
	var ps []Problem
	for _, name := range names {
		i, seen := Index(originAttrs, name), map[string]bool{}
		for n, e := range origins {
			row, _ := e.(Row)
			text := Text(row.At(i))
			if text != "" && seen[text] {
				ps = append(ps, problem(indexPath("origins", n)+"."+name, "two origins with the "+name+" "+Quote(text), "Names and addresses of origins are unique in a pool."))
			}
			seen[text] = true
		}
	}
	return ps
}
