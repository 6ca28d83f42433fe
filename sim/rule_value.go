package sim

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

var (
	asnRE     = regexp.MustCompile(`^(?i:AS)([1-9][0-9]{0,9})$`)
	bareRE    = regexp.MustCompile(`^[1-9][0-9]{0,9}$`)
	countryRE = regexp.MustCompile(`^[A-Za-z][A-Za-z]$|^[Tt]1$`)
)

// readTarget reads a configuration and gives it as the server keeps it:
// IPv6 expanded and in lower case, AS numbers and countries in upper case
// (API facts §1).
func (o Options) readTarget(v any) (target, value string, err error) {
	conf, ok := v.(doc)
	if !ok {
		return "", "", fmt.Errorf("configuration must be an object")
	}
	target, value = text(conf["target"]), text(conf["value"])
	switch target {
	case "ip", "ip6":
		value, err = readAddr(target, value)
	case "ip_range":
		value, err = o.readRange(value)
	case "asn":
		value, err = o.readASN(value)
	case "country":
		if !countryRE.MatchString(value) {
			return "", "", fmt.Errorf("invalid country code")
		}
		value = strings.ToUpper(value)
	default:
		err = fmt.Errorf("invalid configuration.target")
	}
	return target, value, err
}

func readAddr(target, value string) (string, error) {
	a, err := netip.ParseAddr(value)
	switch {
	case err != nil || a.Zone() != "":
		return "", fmt.Errorf("invalid ip")
	case target == "ip" != a.Is4():
		return "", fmt.Errorf("invalid %s", target)
	}
	return a.StringExpanded(), nil
}

func (o Options) readRange(value string) (string, error) {
	p, err := netip.ParsePrefix(value)
	if err != nil {
		return "", fmt.Errorf("invalid ip range")
	}
	sizes := []int{16, 24}
	if !p.Addr().Is4() {
		sizes = []int{32, 48, 64}
		if o.Range128 {
			sizes = append(sizes, 128)
		}
	}
	if !slices.Contains(sizes, p.Bits()) {
		return "", fmt.Errorf("invalid ip range, the prefix length must be one of %v", sizes)
	}
	if o.MaskHostBits {
		p = p.Masked()
	}
	return fmt.Sprintf("%s/%d", p.Addr().StringExpanded(), p.Bits()), nil
}

func (o Options) readASN(value string) (string, error) {
	if o.BareASN && bareRE.MatchString(value) {
		return "AS" + value, nil
	}
	if !asnRE.MatchString(value) {
		return "", fmt.Errorf("invalid asn")
	}
	return strings.ToUpper(value), nil
}

// meaning is one text for all spellings of a kept value: host bits don't count.
func meaning(value string) string {
	if p, err := netip.ParsePrefix(value); err == nil {
		return p.Masked().String()
	}
	return value
}

// compress is an IPv6 value in its short form; other values stay.
func compress(value string) string {
	if a, err := netip.ParseAddr(value); err == nil {
		return a.String()
	}
	if p, err := netip.ParsePrefix(value); err == nil {
		return p.String()
	}
	return value
}
