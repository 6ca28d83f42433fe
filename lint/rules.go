package lint

import "trueup/diag"

// rules is the table.
var rules = []rule{
	{diag.Rule{Code: "shadowed-access-rule", Title: "An access rule inside an allowed range has no effect",
		Doc: "Allowing takes precedence over blocking, however large the allowed range is, and an allowed visitor is excluded from the security checks that a challenge is one of. " +
			"So a rule that blocks or challenges part of an allowed range does nothing, which is seldom what its author thinks. " +
			"The reverse, an address that is allowed inside a blocked range, is how exceptions are made, and is not reported. " +
			"Only rules of one scope are compared, and only addresses and ranges: which addresses belong to an AS or a country is not known offline."},
		"access_rule", nested(shadowed)},
	{diag.Rule{Code: "redundant-access-rule", Title: "An access rule is covered by a larger range of the same mode",
		Doc: "A rule whose address or range lies in a larger range that is treated the same changes nothing: a /24 that a /16 already covers. It takes one of the account's limited number of rules, and deceives: when the larger range is lifted, the smaller one stays. " +
			"A rule is reported only if no rule of another mode lies between the two, since it might be an exception from that one; but an allow rule is redundant in any allowed range, because nothing overrides allowing."},
		"access_rule", nested(redundant)},
	{diag.Rule{Code: "contradictory-access-rules", Title: "Two access rules treat the same addresses differently",
		Doc: "An address is blocked and the range around it challenged, or the reverse, or both are challenged in two ways. That allowing goes before blocking is documented; which of blocking and the kinds of challenge applies where ranges overlap is not, so what happens to these requests is uncertain. " +
			"The rule is compared with the smallest range around it."},
		"access_rule", nested(contradictory)},

	{diag.Rule{Code: "unused-monitor", Title: "No pool uses a monitor",
		Doc: "A monitor checks nothing until a pool names it, so one that no pool names is forgotten or misspelled somewhere. Only the pools of these files are seen. " +
			"A monitor without an id is not reported where a pool of its scope names its monitor by a literal id, since that may be the one."},
		"monitor", unusedMonitors},
	{diag.Rule{Code: "insecure-monitor", Title: "An https monitor does not check the certificate",
		Doc: "With allow_insecure an origin counts as healthy though its certificate has expired or is another's, so that the check is green while visitors see errors, and whoever stands between can answer in the origin's place."},
		"monitor", each(insecureMonitor)},
	{diag.Rule{Code: "redirected-monitor", Title: "An http monitor follows redirects",
		Doc: "Most origins answer plain http by redirecting to https on their public name. A check that follows the redirect tests what that name leads to, possibly another origin or Cloudflare itself, and no longer the origin whose health it decides."},
		"monitor", each(redirectedMonitor)},

	{diag.Rule{Code: "idle-pool", Title: "No origin of an enabled pool gets traffic",
		Doc: "Each origin is disabled or has weight 0, so the pool can take no request though it is enabled. Disabling the pool says the same plainly, and is not reported."},
		"pool", each(idlePool)},
	{diag.Rule{Code: "unreachable-minimum", Title: "minimum_origins is larger than the number of enabled origins",
		Doc: "A pool counts as unhealthy while fewer than minimum_origins of its origins are healthy. If fewer than that are enabled, it is never healthy. Disabled pools, and pools in which no origin is enabled, are not reported."},
		"pool", each(unreachableMinimum)},
	{diag.Rule{Code: "shared-origin", Title: "Several pools have the same origin",
		Doc: "Pools stand in for one another. Where they have an origin in common, its failure hits all of them at once, and it carries the traffic of all. Origins are the same if their address and virtual network are; pools of different scopes are not compared. It can be meant, as where pools differ only in steering."},
		"pool", sharedOrigins},

	{diag.Rule{Code: "wide-token", Title: "A token may write to everything of a sort",
		Doc: "A policy that allows gives a permission group whose name ends in Write or Edit on com.cloudflare.api.account.* or com.cloudflare.api.account.zone.*: every account or zone that the user can reach now, and each one added later. Whoever gets hold of it can change all of them. " +
			"All zones of one named account are not reported, nor are groups that are written as ids, whose names are not known offline."},
		"token", each(wideToken)},
	{diag.Rule{Code: "unrestricted-token", Title: "A token that may write can be used from anywhere",
		Doc: "The token has a permission group whose name ends in Write or Edit, and no condition on the client's address, or one that lets every address in. A stolen secret then works from anywhere; with condition.request_ip.in it does not. Disabled tokens are not reported."},
		"token", each(unrestrictedToken)},
	{diag.Rule{Code: "pointless-denial", Title: "A token denies what it does not allow",
		Doc: "What no policy allows is denied anyway, so a policy that denies a permission group of which the token is allowed nothing does nothing; perhaps the group is misspelled, or the policy that allowed it is gone. " +
			"Groups are compared by name without the last word, since denying Read can matter to a group that ends in Write. Where an id stands on one side and a name on the other, nothing is reported."},
		"token", each(pointlessDenial)},
	{diag.Rule{Code: "endless-token", Title: "A token neither expires nor is rotated",
		Doc: "Without expires_on and without rotate a secret works until somebody thinks of it, also in the backup or log where it was left. Disabled tokens are not reported."},
		"token", each(endlessToken)},
	{diag.Rule{Code: "expiring-token", Title: "A token expires within 30 days",
		Doc: "What uses the token stops working on that day. Reported 30 days ahead; disabled tokens are not."},
		"token", each(expiringToken)},
	{diag.Rule{Code: "expired-token", Title: "A token has expired",
		Doc: "The token can no longer be used: it should be given another expiry or be taken out. Disabled tokens are not reported."},
		"token", each(expiredToken)},
	{diag.Rule{Code: "postponed-token", Title: "A token may not be used yet",
		Doc: "not_before lies ahead, so what has the token already is refused until then. It is often a wrong year. Disabled tokens are not reported."},
		"token", each(postponedToken)},
}
