package loader

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// prefixOf reads a prefix; host bits are masked, as everywhere.
func prefixOf(v cty.Value) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(v.AsString())
	if err != nil {
		return p, function.NewArgErrorf(0, "%q is not a CIDR: write it as 198.51.100.0/24 or 2001:db8::/32", v.AsString())
	}
	return p.Masked(), nil
}

// plus is the address n after a.
func plus(a netip.Addr, n *big.Int) (netip.Addr, bool) {
	sum := new(big.Int).Add(new(big.Int).SetBytes(a.AsSlice()), n)
	if sum.Sign() < 0 || sum.BitLen() > a.BitLen() {
		return a, false
	}
	return netip.AddrFromSlice(sum.FillBytes(make([]byte, a.BitLen()/8)))
}

func wholeNumber(v cty.Value) (*big.Int, error) {
	n, acc := v.AsBigFloat().Int(nil)
	if acc != big.Exact || n == nil {
		return nil, errors.New("a whole number is wanted")
	}
	return n, nil
}

var prefixParam = function.Parameter{Name: "prefix", Type: cty.String}

func numberParam(name string) function.Parameter {
	return function.Parameter{Name: name, Type: cty.Number}
}

// cidrHostFunc is the address of a number within a prefix; negative numbers
// count from the end.
var cidrHostFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParam, numberParam("number")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := prefixOf(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		n, err := wholeNumber(args[1])
		if err != nil {
			return cty.NilVal, err
		}
		count := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
		if n.Sign() < 0 {
			n = new(big.Int).Add(count, n)
		}
		host, ok := plus(p.Addr(), n)
		if n.Sign() < 0 || !ok || !p.Contains(host) {
			return cty.NilVal, fmt.Errorf("%s has no address number %s", p, args[1].AsBigFloat().Text('f', -1))
		}
		return cty.StringVal(host.String()), nil
	},
})

var cidrNetmaskFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParam},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := prefixOf(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		if !p.Addr().Is4() {
			return cty.NilVal, errors.New("only IPv4 has netmasks")
		}
		mask := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), p.Bits()).Masked()
		return cty.StringVal(mask.Addr().String()), nil
	},
})

// subnet is the prefix of that number among those that are newbits longer.
func subnet(p netip.Prefix, newbits int, number *big.Int) (netip.Prefix, error) {
	bits := p.Bits() + newbits
	if newbits < 0 || bits > p.Addr().BitLen() {
		return p, fmt.Errorf("%s cannot be made %d bits longer", p, newbits)
	}
	if number.Sign() < 0 || number.BitLen() > newbits {
		return p, fmt.Errorf("%s has no subnet number %s of /%d", p, number, bits)
	}
	first, ok := plus(p.Addr(), new(big.Int).Lsh(number, uint(p.Addr().BitLen()-bits)))
	if !ok {
		return p, fmt.Errorf("%s has no subnet number %s of /%d", p, number, bits)
	}
	return netip.PrefixFrom(first, bits), nil
}

var cidrSubnetFunc = function.New(&function.Spec{
	Params: []function.Parameter{prefixParam, numberParam("newbits"), numberParam("number")},
	Type:   function.StaticReturnType(cty.String),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := prefixOf(args[0])
		if err != nil {
			return cty.NilVal, err
		}
		newbits, err := smallInt(args[1])
		if err != nil {
			return cty.NilVal, err
		}
		number, err := wholeNumber(args[2])
		if err != nil {
			return cty.NilVal, err
		}
		sub, err := subnet(p, newbits, number)
		if err != nil {
			return cty.NilVal, err
		}
		return cty.StringVal(sub.String()), nil
	},
})

func smallInt(v cty.Value) (int, error) {
	n, err := wholeNumber(v)
	if err != nil || !n.IsInt64() || n.Int64() < -1000 || n.Int64() > 1000 {
		return 0, errors.New("a small whole number is wanted")
	}
	return int(n.Int64()), nil
}

// cidrSubnetsFunc lays subnets of several sizes out one after the other.
var cidrSubnetsFunc = function.New(&function.Spec{
	Params:   []function.Parameter{prefixParam},
	VarParam: &function.Parameter{Name: "newbits", Type: cty.Number},
	Type:     function.StaticReturnType(cty.List(cty.String)),
	Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
		p, err := prefixOf(args[0])
		if err != nil || len(args) == 1 {
			return cty.ListValEmpty(cty.String), err
		}
		next := new(big.Int) // the first free address, counted from the prefix's own
		var out []cty.Value
		for _, arg := range args[1:] {
			newbits, err := smallInt(arg)
			if err != nil {
				return cty.NilVal, err
			}
			bits := p.Addr().BitLen() - p.Bits() - newbits
			if newbits < 0 || bits < 0 {
				return cty.NilVal, fmt.Errorf("%s cannot be made %d bits longer", p, newbits)
			}
			size := new(big.Int).Lsh(big.NewInt(1), uint(bits))
			number := new(big.Int).Div(new(big.Int).Sub(new(big.Int).Add(next, size), big.NewInt(1)), size)
			sub, err := subnet(p, newbits, number)
			if err != nil {
				return cty.NilVal, fmt.Errorf("%s has no room left for a /%d", p, p.Bits()+newbits)
			}
			next = new(big.Int).Mul(new(big.Int).Add(number, big.NewInt(1)), size)
			out = append(out, cty.StringVal(sub.String()))
		}
		return cty.ListVal(out), nil
	},
})
