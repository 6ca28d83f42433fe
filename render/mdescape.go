package render

import (
	"fmt"
	"regexp"
	"strings"
)

// fenced is a block of lines that nothing in them can close, at most about room
// bytes long; lines that don't fit are counted.
func fenced(lines []string, room int) string {
	fence := strings.Repeat("`", max(3, longestRun(strings.Join(lines, "\n"), '`')+1))
	var b strings.Builder
	b.WriteString(fence + "diff\n")
	for i, l := range lines {
		if b.Len()+len(l) > room && i > 0 {
			fmt.Fprintf(&b, "# … %s\n", plural(len(lines)-i, "more line", "more lines"))
			break
		}
		b.WriteString(l + "\n")
	}
	b.WriteString(fence + "\n")
	return b.String()
}

// codeSpan is text as inline code: nothing in it is markup, a mention or a
// link.
func codeSpan(s string) string {
	s = clean(s)
	if s == "" {
		return ""
	}
	ticks := strings.Repeat("`", longestRun(s, '`')+1)
	if s[0] == '`' || s[len(s)-1] == '`' || s[0] == ' ' && s[len(s)-1] == ' ' {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

func longestRun(s string, c byte) int {
	longest, run := 0, 0
	for i := range len(s) {
		if run++; s[i] != c {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// Both break up what would mention somebody or link somewhere, which GitHub
// looks for in the text that comes out.
var (
	mdEscaper = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "{", `\{`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`,
		"!", `\!`, "$", `\$`, "&", "&amp;", "<", "&lt;", ">", "&gt;", "@", "@<!-- -->", "#", "#<!-- -->", "GH-", "GH-<!-- -->", "gh-", "gh-<!-- -->", "//", `\/\/`, "www.", `www\.`)
	htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;", "@", "@<!-- -->", "#", "#<!-- -->", "GH-", "GH-<!-- -->", "gh-", "gh-<!-- -->")
)

// emoji: GitHub makes a picture of :100:, which may be a part of an IPv6
// address.
var emoji = regexp.MustCompile(`:([0-9A-Za-z+\\_-]+):`)

// withoutEmoji looks twice: two words may share a colon.
func withoutEmoji(s string) string {
	for range 2 {
		s = emoji.ReplaceAllString(s, ":<!-- -->$1:")
	}
	return s
}

// mdText is text as running text of Markdown, inside a line.
func mdText(s string) string { return withoutEmoji(mdEscaper.Replace(clean(s))) }

// lineStart is what begins a list or underlines a heading; the rest of what
// does something at the beginning of a line does nothing in mdText.
var lineStart = regexp.MustCompile(`^(\s*)(?:([0-9]*)([.)])|([-+=]))`)

// mdLine is text as the beginning of a line of Markdown.
func mdLine(s string) string { return lineStart.ReplaceAllString(mdText(s), `$1$2\$3$4`) }

// htmlText is text inside an HTML block of Markdown.
func htmlText(s string) string { return withoutEmoji(htmlEscaper.Replace(clean(s))) }
