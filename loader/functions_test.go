package loader

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trueup/schema"
)

// evaluated is what an expression comes to, as JSON.
func evaluated(t *testing.T, dir, code string) string {
	t.Helper()
	text := "monitors:\n  m:\n    description: |-\n      ${jsonencode(" + code + ")}\n"
	files := map[string]string{"trueup.yaml": text, "list.csv": "a,b\n1,2\n", "greeting.tmpl": "Hello %{ for n in names }${n}, %{ endfor }${upper(who)}!", "data.bin": "\xff\x00", "text.txt": "  text\n"}
	g, s, ds := Load(context.Background(), Options{Dir: write(t, files), Environ: func(n string) (string, bool) { return "value", n == "SET" }})
	if g == nil {
		return print(s, ds)
	}
	return schema.Text(g.Resources[0].Kind.Get(g.Resources[0].Values, "description"))
}

// TestFunctions: each function once at least, against its value.
func TestFunctions(t *testing.T) {
	tried := map[string]bool{"jsonencode": true}
	for _, c := range []struct{ code, want string }{
		{`[chomp("a\n"), indent(2, "a\nb"), title("ab cd"), upper("a"), lower("A"), strrev("ab"), strlen("äö")]`, `["a","a\n  b","Ab Cd","A","a","ba",2]`},
		{`[format("%s-%03d", "a", 7), formatlist("%s!", ["a", "b"]), join(",", ["a", "b"]), split(",", "a,b")]`, `["a-007",["a!","b!"],"a,b",["a","b"]]`},
		{`[regex("[0-9]+", "a12b"), regexall("[a-z]", "a1b"), replace("aba", "a", "x"), replace("a1b22", "/[0-9]+/", "#"), substr("hello", 1, 3)]`, `["12",["a","b"],"xbx","a#b#","ell"]`},
		{`[trim("xax", "x"), trimprefix("pre-a", "pre-"), trimsuffix("a.txt", ".txt"), trimspace("  a "), startswith("ab", "a"), endswith("ab", "a"), strcontains("abc", "b")]`, `["a","a","a","a",true,false,true]`},
		{`[alltrue([true, false]), anytrue([true, false]), alltrue([]), anytrue([])]`, `[false,true,true,false]`},
		{`[chunklist(["a", "b", "c"], 2), coalesce(null, "", "a"), coalescelist([], ["a"]), compact(["a", "", "b"]), concat(["a"], ["b"])]`, `[[["a","b"],["c"]],"a",["a"],["a","b"],["a","b"]]`},
		{`[contains(["a"], "a"), distinct(["a", "a"]), element(["a", "b"], 3), flatten([["a"], ["b", ["c"]]]), index(["a", "b"], "b")]`, `[true,["a"],"b",["a","b","c"],1]`},
		{`[keys({ b = 1, a = 2 }), values({ b = 1, a = 2 }), length({ a = 1 }), length("abc"), lookup({ a = 1 }, "b", 2), merge({ a = 1 }, { b = 2 })]`, `[["a","b"],[2,1],1,3,2,{"a":1,"b":2}]`},
		{`[one(["a"]), range(3), reverse(["a", "b"]), slice(["a", "b", "c"], 1, 2), sort(["b", "a"]), sum([1, 2.5]), zipmap(["a"], [1])]`, `["a",[0,1,2],["b","a"],["b"],["a","b"],3.5,{"a":1}]`},
		{`[matchkeys(["a", "b", "c"], ["x", "y", "x"], ["x"]), matchkeys(["a"], ["x"], ["y"]), matchkeys([1], [2], [2])]`, `[["a","c"],[],[1]]`},
		{`[basename("a/b.txt"), dirname("a/b.txt"), dirname("b.txt"), urldecode("a+b%26c")]`, `["b.txt","a",".","a b\u0026c"]`},
		{`one([])`, `null`},
		{`[setunion(["a"], ["b"]), setintersection(["a", "b"], ["b"]), setsubtract(["a", "b"], ["b"]), setproduct(["a"], ["b"]), transpose({ a = ["x"], b = ["x"] })]`, `[["a","b"],["b"],["a"],[["a","b"]],{"x":["a","b"]}]`},
		{`[abs(-1), ceil(1.2), floor(1.8), log(8, 2), max(1, 2), min(1, 2), parseint("ff", 16), pow(2, 10), signum(-3)]`, `[1,2,1,3,2,1,255,1024,-1]`},
		{`[can(tonumber("a")), try(tonumber("a"), "b"), tobool("true"), tolist(["a"]), tomap({ a = "b" }), tonumber("1"), toset(["a", "a"]), tostring(1)]`, `[false,"b",true,["a"],{"a":"b"},1,["a"],"1"]`},
		{`[toset(["b", 1]), distinct(["a", 1, "a"]), distinct([]), distinct([null, null]), (true ? ["a"] : []), (false ? ["a"] : [1, true]), tomap({ a = 1, b = "c" }), (true ? { a = 1 } : { a = "b" })]`,
			`[["1","b"],["a","1"],[],[null],["a"],["1","true"],{"a":"1","b":"c"},{"a":"1"}]`},
		{`[nonsensitive(sensitive("a")), issensitive("a"), issensitive(sensitive("a"))]`, `["a",false,true]`},
		{`[base64encode("a"), base64decode("YQ=="), urlencode("a b&c"), csvdecode("a,b\n1,2"), jsondecode("{\"a\":[1]}")]`, `["YQ==","a","a+b%26c",[{"a":"1","b":"2"}],{"a":[1]}]`},
		{`[yamldecode("a: [1, NO, 0x10, ~]\nb: &x {c: d}\ne: *x"), yamlencode({ a = 1 })]`, `[{"a":[1,"NO",16,null],"b":{"c":"d"},"e":{"c":"d"}},"\"a\": 1\n"]`},
		{`[md5("a"), sha1("a"), sha256("a")]`, `["0cc175b9c0f1b6a831c399e269772661","86f7e437faa5a7fce15d1ddcb9eaeaea377667b8","ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"]`},
		{`[substr(sha512("a"), 0, 8), base64sha256("a"), substr(base64sha512("a"), 0, 8)]`, `["1f40fc92","ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs=","H0D8ktok"]`},
		{`[cidrhost("10.0.0.0/8", 5), cidrhost("10.0.0.0/24", -1), cidrhost("2001:db8::/32", 1), cidrnetmask("172.16.0.0/12"), cidrsubnet("10.0.0.0/8", 8, 2), cidrsubnet("2001:db8::/32", 16, 3)]`,
			`["10.0.0.5","10.0.0.255","2001:db8::1","255.240.0.0","10.2.0.0/16","2001:db8:3::/48"]`},
		{`cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)`, `["10.1.0.0/20","10.1.16.0/20","10.1.32.0/24","10.1.48.0/20"]`},
		{`[formatdate("DD MMM YYYY", "2027-01-02T03:04:05Z"), timeadd("2027-01-01T00:00:00Z", "90d"), timeadd("2027-01-01T00:00:00Z", "-1h"), timecmp("2027-01-01T00:00:00Z", "2027-01-01T01:00:00+01:00")]`,
			`["02 Jan 2027","2027-04-01T00:00:00Z","2026-12-31T23:00:00Z",0]`},
		{`[env("SET"), env("UNSET", "otherwise"), file("text.txt"), fileexists("text.txt"), fileexists("no"), filebase64("data.bin"), filemd5("text.txt"), substr(filesha256("text.txt"), 0, 4)]`,
			`["value","otherwise","  text\n",true,false,"/wA=","bdf7beb8f6ea4b5b2e0c9cdf2f03b2b6","6b7b"]`},
		{`templatefile("greeting.tmpl", { names = ["a", "b"], who = "you" })`, `"Hello a, b, YOU!"`},
		{`[for k, v in { a = 1, b = 2 } : "${k}=${v}" if v > 1]`, `["b=2"]`},
		{`1 + 2 * 3 == 7 && !false ? "yes" : "no"`, `"yes"`},
	} {
		got := evaluated(t, "", c.code)
		for _, name := range functionNames() {
			if strings.Contains(c.code, name+"(") {
				tried[name] = true
			}
		}
		if strings.Contains(c.code, "filemd5") { // digests of the file are checked by shape
			if !strings.HasPrefix(got, `["value","otherwise","  text\n",true,false,"/wA=","`) {
				t.Errorf("%s\n got %s", c.code, got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.code, got, c.want)
		}
	}
	var untried []string
	for _, name := range functionNames() {
		if !tried[name] {
			untried = append(untried, name)
		}
	}
	sort.Strings(untried)
	if len(untried) > 0 {
		t.Errorf("functions without a test: %s", strings.Join(untried, ", "))
	}
}

// TestFunctionsDocumented: docs/functions.md names each function that there is,
// and no other.
func TestFunctionsDocumented(t *testing.T) {
	var named []string
	for line := range strings.Lines(read(t, "../../docs/functions.md")) {
		if cell, _, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | "); ok {
			for _, m := range regexp.MustCompile("`([a-z0-9]+)\\(").FindAllStringSubmatch(cell, -1) {
				named = append(named, m[1])
			}
		}
	}
	slices.Sort(named)
	if d := cmp.Diff(functionNames(), slices.Compact(named)); d != "" {
		t.Errorf("docs/functions.md (-there are +documented):\n%s", d)
	}
}

// TestFunctionErrors: what functions refuse, in one line.
func TestFunctionErrors(t *testing.T) {
	for _, c := range []struct{ code, want string }{
		{`cidrhost("10.0.0.0/30", 4)`, "10.0.0.0/30 has no address number 4"},
		{`cidrhost("10.0.0.0", 4)`, `"10.0.0.0" is not a CIDR`},
		{`cidrnetmask("2001:db8::/32")`, "only IPv4 has netmasks"},
		{`cidrsubnet("10.0.0.0/8", 8, 256)`, "has no subnet number 256"},
		{`cidrsubnets("10.0.0.0/30", 1, 1, 1)`, "no room left"},
		{`base64decode("_")`, "not base64"},
		{`one(["a", "b"])`, "at most one is wanted"},
		{`sum(["a"])`, "every element must be a number"},
		{`yamldecode("a: [")`, "a value is expected here"},
		{`yamldecode("a: 1\na: 2")`, "a is given twice"},
		{`matchkeys(["a"], ["x", "y"], ["x"])`, "must be of one length"},
		{`urldecode("%zz")`, "invalid URL escape"},
		{`urldecode("%ff")`, "not UTF-8"},
		{`file("data.bin")`, "not valid UTF-8"},
		{`file("/dev/zero")`, "not a regular file"},
		{`timeadd("yesterday", "1h")`, "not an instant"},
		{`range(100000)`, "range"},
		{`setproduct(range(1000), range(1000), range(1000))`, "more than 1000000 elements"},
		{`jsondecode("` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `")`, "nests too deeply"},
		{`templatefile("greeting.tmpl", 1)`, "must be an object"},
	} {
		if got := evaluated(t, "", c.code); !strings.Contains(got, c.want) || !strings.Contains(got, "trueup.yaml:4:") {
			t.Errorf("%.60s: no %q in\n%.500s", c.code, c.want, got)
		}
	}
}

// TestRefusedFunctions: each says why.
func TestRefusedFunctions(t *testing.T) {
	for name, why := range refusedFunctions {
		if got := evaluated(t, "", name+"()"); !strings.Contains(got, fmt.Sprintf("there is no function %s here", name)) || !strings.Contains(got, why) {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

// TestManyElements: what brackets and `for` make has a type for each element,
// and no function compares every two of those, nor every two elements.
func TestManyElements(t *testing.T) {
	text := strings.Builder{}
	text.WriteString("locals {\n  many = [")
	for i := range 20_000 {
		fmt.Fprintf(&text, "\"x%d\", ", i)
	}
	text.WriteString("]\n  keyed = { for x in local.many : x => x }\n  n = [\n")
	for _, e := range []string{
		`toset(local.many)`, `tolist(local.many)`, `tomap(local.keyed)`, `distinct(local.many)`, `distinct(concat(local.many, local.many))`,
		`sort(local.many)`, `compact(local.many)`, `zipmap(local.many, local.many)`, `setunion(local.many, ["x1", "x2"])`, `true ? local.many : []`,
		`try(toset(local.many), [])`,
	} {
		text.WriteString("    length(" + e + "),\n")
	}
	text.WriteString("  ]\n}\nmonitor \"m\" {\n  path = \"/${join(\"-\", local.n)}\"\n}\n")
	g, s, ds := Load(t.Context(), Options{Dir: write(t, map[string]string{"a.hcl": text.String()}), Paths: []string{"a.hcl"}})
	if ds.HasErrors() {
		t.Fatal(print(s, ds)[:1000])
	}
	if got := schema.Text(g.Resources[0].Values[g.Resources[0].Kind.Index("path")]); got != "/20000-20000-20000-20000-20000-20000-20000-20000-20000-20000-20000" {
		t.Error(got)
	}
}
