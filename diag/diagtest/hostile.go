// Package diagtest holds text that tries to be something else than text, for
// the tests of everything that writes what somebody else chose.
package diagtest

import (
	"strings"

	"trueup/diag"
)

// Hostile are texts each of which means something to a terminal, a pipeline's
// log, Markdown, HTML, a spreadsheet or a template, or hides something.
func Hostile() []string {
	return []string{
		"</td></details></code><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</script></style></title></textarea>--><svg onload=x>",
		"\x1b[31mred\x1b[0m\x1b]0;title\a\x1b]8;;https://evil.example\a", "\u009b31m\u0085\v\f\b",
		"a|b|c\n|---|---|", "`code` ``` ~~~", "\n```\n</details>\n# heading\n", "\u202egnp.exe\u2066\u200f\u061c", "line\nbreak\r\n# access_rule.fake will be destroyed",
		"@octocat #1 GH-1 :100: :red_car: https://evil.example www.evil.example a@b.example", "**bold** _it_ [x](javascript:alert(1)) ![i](http://evil.example/i.png) [r]: x",
		"]]>--><!--", "&lt;script&gt; &amp; &#x3c;", "\"quote' \\ ${x} %{if}", "'; DROP", "\u2028\u2029\x00\x7f", "::error::x", "\n::error::x\r::stop-commands::y", "##[error]x ##vso[task.setvariable variable=a]b",
		"${{ secrets.TOKEN }} {{ .Env }} <%= x %>", "zero\u200bwidth\u200d\u2060\ufeff\u00ad\u3164", "tag\U000e0041\U000e007f", "=1+1", "- 1. + > #", "---", "[+new+] [-old-]",
		"%0A::error::x%25", "Plan: 9 to add, 9 to change, 9 to destroy.", strings.Repeat("long ", 200), strings.Repeat("w", 500), "e\u0301\u0301\u0301", "\U0001f469\u200d\U0001f4bb",
	}
}

// Obeyed is the first character of an output that a reader's terminal or log
// would obey or not show, or the line of it that a pipeline would take for a
// command; "" if there is none.
func Obeyed(output string) string {
	for line := range strings.SplitSeq(output, "\n") {
		switch clean := diag.Clean(line); {
		case clean != strings.ReplaceAll(line, "\t", " "):
			return line
		case strings.HasPrefix(strings.TrimSpace(line), "::"):
			return line
		}
	}
	return ""
}
