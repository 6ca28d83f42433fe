package sim

import (
	"fmt"
	"io"
	"reflect"
	"time"
)

// Options say how the API behaves. The zero value is the most likely
// behaviour: every switch is a fact that API facts mark as not confirmed, or a
// limit that depends on the account's plan.
type Options struct {
	// Clock gives the time; nil is time.Now.
	Clock func() time.Time
	// Rand is where ids and secrets come from. nil is the same stream every
	// time for New, and the system's randomness for Open.
	Rand io.Reader
	// Log gets one line a request, without secrets; nil is none.
	Log io.Writer

	// RateLimit is 1,200 requests in five minutes where zero (API facts §0.4).
	RateLimit RateLimit
	// PerPageMax makes lists answer with pages of at most this size, whatever
	// was asked; 0 is no such limit.
	PerPageMax int
	// TokenQuota, PoolQuota and RuleQuota are how many there may be in a scope.
	// TokenQuota is 50 for the user and 500 for an account where 0; the others
	// are not limited where 0. A negative one is no limit.
	TokenQuota, PoolQuota, RuleQuota int
	// IntervalMin is the shortest interval of a monitor; 0 is 10, the
	// Enterprise plan's (15 and 60 have been seen).
	IntervalMin int

	// ListLag is how long a new object is missing from lists; GET has it at once.
	ListLag time.Duration
	// DeletedStillListed is how long a deleted object can still be read.
	DeletedStillListed time.Duration
	// InUseLag is how long an object that is no longer used still counts as in use.
	InUseLag time.Duration
	// FreshTokenLag is how long a token that was made, changed or rolled is
	// answered 403.
	FreshTokenLag time.Duration

	// §0: all kinds.

	// NullLists: an empty list is null, not [].
	NullLists bool
	// AuthErrors403: a credential that is not known is 403, not 401.
	AuthErrors403 bool
	// Denied10000: a right that is lacking has code 10000, not 9109.
	Denied10000 bool
	// DeleteNeedsBody: DELETE without the JSON body that the spec asks for is refused.
	DeleteNeedsBody bool
	// KeysForTokens: email and key work for tokens too (not for verify).
	KeysForTokens bool
	// TokensForInvites: API tokens work for invitations.
	TokensForInvites bool
	// TokensForUser: API tokens work for GET /user.
	TokensForUser bool

	// §1: access rules.

	// PageCap100: pages of access rules have at most 100 items, whatever is asked.
	PageCap100 bool
	// MaskHostBits: host bits of prefixes are cleared, also in conditions of tokens.
	MaskHostBits bool
	// CompressedIP6: IPv6 comes back in its short form.
	CompressedIP6 bool
	// BareASN: an AS number is accepted without its prefix.
	BareASN bool
	// Range128: an IPv6 range may be /128.
	Range128 bool
	// UserRuleGet: user-level rules can be read by id.
	UserRuleGet bool
	// UserRulesLeak: the lists of accounts and zones show the user's rules too.
	UserRulesLeak bool
	// UserScopeOmitted: user-level rules have no scope object.
	UserScopeOmitted bool
	// PatchClearsNotes: PATCH without notes clears them.
	PatchClearsNotes bool
	// PatchNeedsConfiguration: PATCH in accounts and zones must repeat the
	// configuration and the mode.
	PatchNeedsConfiguration bool
	// Duplicate409: a duplicate is 409, not 400; of pools too.
	Duplicate409 bool
	// CountryBlockRefused: blocking a country is for Enterprise only.
	CountryBlockRefused bool

	// §2 and §3: monitors and pools.

	// NoLoadBalancing: the account has no load balancing.
	NoLoadBalancing bool
	// SharedBalancers: the account sees the user's monitors and pools.
	SharedBalancers bool
	// InUse1002: deleting what is in use is 400 and 1002, not 412 and 1005.
	InUse1002 bool
	// MonitorNullRefused: null is refused in monitors; else it is the default.
	MonitorNullRefused bool
	// RetriesZeroRefused: a monitor needs at least one retry.
	RetriesZeroRefused bool
	// BasicTypesOnly: udp_icmp, icmp_ping and smtp are not in the plan.
	BasicTypesOnly bool
	// MonitorTypeFixed: the type of a monitor can't be changed.
	MonitorTypeFixed bool
	// MethodOmitted: udp_icmp, icmp_ping and smtp monitors have no method.
	MethodOmitted bool
	// HeaderValuesSorted: the values of a header come back in order.
	HeaderValuesSorted bool
	// LoosePoolNames: two pools may bear one name.
	LoosePoolNames bool
	// PutKeepsMonitor: PUT of a pool without a monitor keeps the one it has.
	PutKeepsMonitor bool
	// RegionsRequired: pools must name check_regions (not Enterprise).
	RegionsRequired bool
	// EmptyObjects: load_shedding, origin_steering and notification_filter are
	// there though never set, with zeros or empty.
	EmptyObjects bool
	// FilterAsSent: notification_filter comes back as it was sent, not filled in.
	FilterAsSent bool
	// OriginPortZero: origins have port 0 though never set.
	OriginPortZero bool
	// HostTrailingDot: host names of origins come back with their dot.
	HostTrailingDot bool
	// PrivateNeedsNetwork: a private address needs a virtual_network_id.
	PrivateNeedsNetwork bool

	// §4: tokens.

	// ConditionDotted: conditions come back under request.ip.
	ConditionDotted bool
	// ConditionDropped: conditions are accepted and not kept.
	ConditionDropped bool
	// CIDRsSorted: the lists of a condition come back in order.
	CIDRsSorted bool
	// PutKeepsCondition: PUT without condition keeps it; null clears it.
	PutKeepsCondition bool
	// PutKeepsUnset: PUT without expires_on or not_before keeps it; null clears it.
	PutKeepsUnset bool
	// TokenNullRefused: null is refused for condition, expires_on and not_before.
	TokenNullRefused bool
	// RemintPolicyIDs: every PUT gives every policy a new id.
	RemintPolicyIDs bool
	// SubSecondTimes: fractions of seconds are kept; else they are cut off.
	SubSecondTimes bool
	// SubSecondRefused: fractions of seconds are refused.
	SubSecondRefused bool
	// EmptyPolicies: a token may have no policy.
	EmptyPolicies bool

	// §5: invitations.

	// RolesAsNames: roles are names, not objects.
	RolesAsNames bool
}

// RateLimit is how many requests one user may send in a window. Past it,
// everything is refused for as long as another window.
type RateLimit struct {
	Requests int           // 0 is 1,200; negative is no limit
	Window   time.Duration // 0 is five minutes
}

// Switches are the names of the options that are on or off, in order.
func Switches() []string {
	var names []string
	t := reflect.TypeFor[Options]()
	for i := range t.NumField() {
		if t.Field(i).Type.Kind() == reflect.Bool {
			names = append(names, t.Field(i).Name)
		}
	}
	return names
}

// Set turns the switch of that name on or off.
func (o *Options) Set(name string, on bool) error {
	f := reflect.ValueOf(o).Elem().FieldByName(name)
	if !f.IsValid() || f.Kind() != reflect.Bool {
		return fmt.Errorf("there is no switch %q", name)
	}
	f.SetBool(on)
	return nil
}
