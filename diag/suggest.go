package diag

import "strings"

// Suggest is the candidate nearest to what was written, or "" where none is
// near: at most a third of the letters differ, or it is the plural.
func Suggest(written string, candidates []string) string {
	best, limit := "", max(1, len(written)/3)+1
	for _, c := range candidates {
		if stem, plural := strings.CutSuffix(c, "ies"); plural && stem+"y" == strings.ToLower(written) {
			return c
		}
		if d := distance(strings.ToLower(written), strings.ToLower(c), limit); d < limit {
			best, limit = c, d
		}
	}
	return best
}

// distance is the edit distance of two short words (a swap of neighbours
// counts as one), or limit if it is at least that.
func distance(a, b string, limit int) int {
	if len(a) > 100 || len(b) > 100 || max(len(a), len(b))-min(len(a), len(b)) >= limit {
		return limit
	}
	before, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(prev[j]+1, row[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, prev, row = prev, row, before
	}
	return min(prev[len(b)], limit)
}
