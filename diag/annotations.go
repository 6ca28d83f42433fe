package diag

import (
	"fmt"
	"strings"
)

// annotationLimit is how many annotations of one severity GitHub keeps of a
// step; it drops further ones silently.
const annotationLimit = 10

// Annotations are the diagnostics as workflow commands of GitHub Actions, a
// line each, in the list's order: the first ten errors and the first ten
// warnings. What that leaves out is counted in a last line, a notice.
func Annotations(l List) []string {
	var lines []string
	seen := map[Severity]int{}
	for _, d := range l {
		if seen[d.Severity]++; seen[d.Severity] <= annotationLimit {
			lines = append(lines, annotation(d))
		}
	}
	var rest []string
	for _, s := range []Severity{Error, Warning} {
		if more := seen[s] - annotationLimit; more > 0 {
			rest = append(rest, Plural(more, "more "+s.String()))
		}
	}
	if len(rest) > 0 {
		lines = append(lines, "::notice title=trueup::"+
			escapeData("Not shown here: "+strings.Join(rest, " and ")+". The log has them all."))
	}
	return lines
}

func annotation(d Diagnostic) string {
	var props []string
	if d.Range.Known() {
		props = append(props, "file="+escapeProperty(Clean(slashPath(d.Range.File))))
	}
	if start := d.Range.Start; d.Range.Known() && start.Line > 0 {
		props = append(props, fmt.Sprintf("line=%d", start.Line))
		if start.Column > 0 {
			props = append(props, fmt.Sprintf("col=%d", start.Column))
		}
	}
	title := "trueup"
	if d.Code != "" {
		title += ": " + d.Code
	}
	props = append(props, "title="+escapeProperty(Clean(title)))
	return fmt.Sprintf("::%s %s::%s", d.Severity, strings.Join(props, ","), escapeData(d.message()))
}

var (
	dataEscapes     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func escapeData(s string) string     { return dataEscapes.Replace(s) }
func escapeProperty(s string) string { return propertyEscapes.Replace(s) }

// Plural is "1 line", "3 lines".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
