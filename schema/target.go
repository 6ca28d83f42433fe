package schema

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// What an access rule can be about: the API's words (API facts §1).
const (
	TargetIP      = "ip"
	TargetIP6     = "ip6"
	TargetRange   = "ip_range"
	TargetASN     = "asn"
	TargetCountry = "country"
)

// isASN reports whether s is digits, with or without AS before them.
func isASN(s string) bool {
	if len(s) > 2 && strings.EqualFold(s[:2], "as") {
		s = s[2:]
	}
	if s == "" || len(s) > 10 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// isCountry reports whether s is a letter and a letter or digit.
func isCountry(s string) bool {
	return len(s) == 2 && isLetter(s[0]) && (isLetter(s[1]) || s[1] >= '0' && s[1] <= '9')
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// ParseTarget reads the value of an access rule and tells what it is about.
// The text that it gives back is canonical: the shortest IPv6 form, host bits
// masked, AS in front of a number, a country in upper case. A prefix length
// that the API would refuse is not an error here (see checkTarget), since a
// live object may have it.
func ParseTarget(s string) (target, canonical string, err error) {
	s = strings.TrimSpace(s)
	switch {
	case strings.Contains(s, "/"):
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return "", "", fmt.Errorf("%q is not an IP range: write it as 198.51.100.0/24 or 2001:db8::/32", s)
		}
		return TargetRange, p.Masked().String(), nil
	case isASN(s):
		n, err := strconv.ParseUint(strings.TrimLeft(s, "aAsS"), 10, 32)
		if err != nil || n == 0 {
			return "", "", fmt.Errorf("%q is not an AS number: write it as AS64500; they go from 1 to 4294967295", s)
		}
		return TargetASN, "AS" + strconv.FormatUint(n, 10), nil
	case isCountry(s):
		return TargetCountry, strings.ToUpper(s), nil
	}
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return "", "", fmt.Errorf("%q is not an IP address, IP range, AS number or country: write it as 192.0.2.1, 2001:db8::1, 198.51.100.0/24, AS64500 or US", s)
	}
	if ip.Is4() {
		return TargetIP, ip.String(), nil
	}
	return TargetIP6, ip.String(), nil
}

// rangeBits are the prefix lengths that the API takes (API facts §1).
var rangeBits = map[bool][]int{true: {16, 24}, false: {32, 48, 64}}

// checkTarget says what the API would refuse about a canonical value.
func checkTarget(canonical string) (summary, remedy string) {
	if !strings.Contains(canonical, "/") {
		return "", ""
	}
	p, err := netip.ParsePrefix(canonical)
	if err != nil {
		return "", ""
	}
	v4 := p.Addr().Is4()
	if slices.Contains(rangeBits[v4], p.Bits()) {
		return "", ""
	}
	if p.IsSingleIP() {
		return fmt.Sprintf("a range of one address, %s", canonical), fmt.Sprintf("Write the address alone: %s.", p.Addr())
	}
	if v4 {
		return fmt.Sprintf("IPv4 ranges are /16 or /24, not /%d", p.Bits()), "Write the /24s or /16s that cover it, for instance with cidrsubnets or a for_each."
	}
	return fmt.Sprintf("IPv6 ranges are /32, /48 or /64, not /%d", p.Bits()), "Write the /32s, /48s or /64s that cover it."
}

// Masks reports whether the attribute takes the text with some of its bits
// cleared: a prefix with bits set past its length, which the API would not
// refuse for that length.
func (a *Attr) Masks(s string) bool {
	if a.Type != TypeTarget && a.Type != TypePrefix || !strings.Contains(s, "/") {
		return false
	}
	p, err := netip.ParsePrefix(strings.TrimSpace(s))
	if err != nil || p.Masked() == p {
		return false
	}
	refused, _ := checkTarget(p.Masked().String())
	return a.Type == TypePrefix || refused == ""
}

func canonPrefix(s string) (string, error) {
	s = strings.TrimSpace(s)
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		return netip.PrefixFrom(ip, ip.BitLen()).String(), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return "", fmt.Errorf("%q is not a CIDR: write it as 198.51.100.0/24 or 2001:db8::/32", s)
	}
	return p.Masked().String(), nil
}

// targetContains reports whether the canonical access rule value covers ip.
func targetContains(canonical string, ip netip.Addr) bool {
	ip = ip.Unmap()
	if p, err := netip.ParsePrefix(canonical); err == nil {
		return p.Contains(ip)
	}
	a, err := netip.ParseAddr(canonical)
	return err == nil && a.Unmap() == ip
}

// canonHost is an origin's address in one spelling: an IP address in its
// shortest form, a host name in lower case without the root's dot.
func canonHost(s string) string {
	if ip, err := netip.ParseAddr(strings.TrimSpace(s)); err == nil {
		return ip.String()
	}
	return strings.TrimSuffix(strings.ToLower(s), ".")
}
