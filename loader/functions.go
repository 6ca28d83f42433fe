package loader

import (
	"maps"
	"path"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// plainFunctions are those that read nothing but their arguments. Each gives
// one answer for one input.
var plainFunctions = map[string]function.Function{
	// text
	"chomp": stdlib.ChompFunc, "format": stdlib.FormatFunc, "formatlist": stdlib.FormatListFunc, "indent": stdlib.IndentFunc,
	"basename": textFunc(plainPath(path.Base)), "dirname": textFunc(plainPath(path.Dir)),
	"join": stdlib.JoinFunc, "lower": stdlib.LowerFunc, "regex": stdlib.RegexFunc, "regexall": stdlib.RegexAllFunc,
	"replace": replaceFunc, "split": stdlib.SplitFunc, "strlen": stdlib.StrlenFunc, "strrev": stdlib.ReverseFunc,
	"substr": stdlib.SubstrFunc, "title": stdlib.TitleFunc, "trim": stdlib.TrimFunc, "trimprefix": stdlib.TrimPrefixFunc,
	"trimspace": stdlib.TrimSpaceFunc, "trimsuffix": stdlib.TrimSuffixFunc, "upper": stdlib.UpperFunc,
	"startswith": startsWithFunc, "endswith": endsWithFunc, "strcontains": strContainsFunc,
	// collections
	"alltrue": allTrueFunc, "anytrue": anyTrueFunc, "chunklist": stdlib.ChunklistFunc, "coalesce": coalesceFunc,
	"coalescelist": stdlib.CoalesceListFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc, "contains": stdlib.ContainsFunc,
	"distinct": distinctFunc, "element": stdlib.ElementFunc, "flatten": stdlib.FlattenFunc, "index": indexFunc,
	"keys": stdlib.KeysFunc, "length": lengthFunc, "lookup": stdlib.LookupFunc, "matchkeys": matchKeysFunc, "merge": stdlib.MergeFunc, "one": oneFunc,
	"range": stdlib.RangeFunc, "reverse": stdlib.ReverseListFunc, "setintersection": stdlib.SetIntersectionFunc,
	"setproduct": setProductFunc, "setsubtract": stdlib.SetSubtractFunc, "setunion": stdlib.SetUnionFunc, "slice": stdlib.SliceFunc,
	"sort": stdlib.SortFunc, "sum": sumFunc, "transpose": transposeFunc, "values": stdlib.ValuesFunc, "zipmap": stdlib.ZipmapFunc,
	// numbers
	"abs": stdlib.AbsoluteFunc, "ceil": stdlib.CeilFunc, "floor": stdlib.FloorFunc, "log": stdlib.LogFunc, "max": stdlib.MaxFunc,
	"min": stdlib.MinFunc, "parseint": stdlib.ParseIntFunc, "pow": powFunc, "signum": stdlib.SignumFunc,
	// conversions
	"can": tryfunc.CanFunc, "try": tryfunc.TryFunc,
	"tobool": stdlib.MakeToFunc(cty.Bool), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
	"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "tonumber": stdlib.MakeToFunc(cty.Number),
	"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),
	"sensitive": sensitiveFunc, "nonsensitive": nonsensitiveFunc, "issensitive": isSensitiveFunc,
	// encodings
	"base64decode": base64DecodeFunc, "base64encode": base64EncodeFunc, "csvdecode": stdlib.CSVDecodeFunc,
	"jsondecode": jsonDecodeFunc, "jsonencode": stdlib.JSONEncodeFunc, "urldecode": urlDecodeFunc, "urlencode": urlEncodeFunc,
	"yamlencode": yaml.YAMLEncodeFunc,
	"md5":        md5Func, "sha1": sha1Func, "sha256": sha256Func, "sha512": sha512Func,
	"base64sha256": base64SHA256Func, "base64sha512": base64SHA512Func,
	// addresses and times
	"cidrhost": cidrHostFunc, "cidrnetmask": cidrNetmaskFunc, "cidrsubnet": cidrSubnetFunc, "cidrsubnets": cidrSubnetsFunc,
	"formatdate": stdlib.FormatDateFunc, "timeadd": timeAddFunc, "timecmp": timeCmpFunc,
}

// moreFunctions are made per run: they read files, the environment, or YAML.
var moreFunctions = []string{"env", "file", "filebase64", "fileexists", "filemd5", "filesha256", "templatefile", "yamldecode"}

// transparent functions hand values on without looking into them: they take
// values that are known only after apply.
var transparent = map[string]bool{
	"format": true, "formatlist": true, "join": true, "concat": true, "merge": true, "lookup": true, "element": true,
	"coalesce": true, "coalescelist": true, "flatten": true, "values": true, "zipmap": true, "slice": true, "reverse": true,
	"chunklist": true, "one": true, "try": true, "can": true, "tostring": true, "tolist": true, "tomap": true, "toset": true,
	"sensitive": true, "nonsensitive": true, "jsonencode": true,
}

const notSame = "It gives another answer every time, and a plan must come out the same for the same files. "

// refusedFunctions are known elsewhere and are not here, each with its reason.
var refusedFunctions = map[string]string{
	"timestamp":     notSame + "Pass the time in with --var.",
	"plantimestamp": notSame + "Pass the time in with --var.",
	"uuid":          notSame + "Pass it in with --var.",
	"uuidv5":        "Pass it in with --var.",
	"bcrypt":        notSame + "Pass the hash in with --var.",
	"rsadecrypt":    "Decrypt before, and pass the secret in with --var-file or the environment.",
	"abspath":       "It depends on the machine. Paths are relative to the file that they stand in.",
	"pathexpand":    "It depends on the machine. Paths are relative to the file that they stand in.",
	"fileset":       "List the files, or give their directory as PATH.",
}

func knownFunction(name string) bool {
	_, ok := plainFunctions[name]
	return ok || slices.Contains(moreFunctions, name)
}

func functionNames() []string {
	names := append(slices.Collect(maps.Keys(plainFunctions)), moreFunctions...)
	slices.Sort(names)
	return names
}

// commonFunctions are the functions that do not depend on a file's directory.
func (l *loader) commonFunctions() map[string]function.Function {
	out := maps.Clone(plainFunctions)
	out["env"], out["yamldecode"] = l.envFunc(), yamlDecodeFunc()
	return out
}

// functionsOf is the context of a file in the directory that has nothing but
// functions.
func (l *loader) functionsOf(dir string) *hcl.EvalContext {
	if ctx, ok := l.byDir.Load(dir); ok {
		return ctx.(*hcl.EvalContext)
	}
	ctx := l.functions.NewChild()
	ctx.Functions = l.fileFunctions(dir)
	actual, _ := l.byDir.LoadOrStore(dir, ctx)
	return actual.(*hcl.EvalContext)
}
