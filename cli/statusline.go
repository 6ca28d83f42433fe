package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"

	"trueup/render"
)

// view is what a status line shows at a moment.
type view struct {
	width       int // of the terminal
	color       bool
	total, done int           // steps; a total of 0: there are none
	rate        float64       // steps a second; 0: unknown
	wait        time.Duration // that is left
	why         string        // of the wait; "" if there is none
}

const (
	widestBar   = 40
	smallestBar = 6
)

// line is the line and how many columns it takes. It is shorter than the
// terminal is wide: first the bar gives way, then what says least.
func (v view) line() (text string, columns int) {
	parts, bar := v.parts(), 0
	if len(parts) == 0 {
		return "", 0
	}
	rest := strings.Join(parts, " · ")
	for runewidth.StringWidth(rest) >= v.width && len(parts) > 1 {
		parts = parts[:len(parts)-1]
		rest = strings.Join(parts, " · ")
	}
	rest = runewidth.Truncate(rest, max(v.width-1, 1), "")
	columns = runewidth.StringWidth(rest)
	if room := v.width - 1 - columns - 1; v.total > 0 && room >= smallestBar {
		bar = min(room, widestBar)
		word, counts, _ := strings.Cut(rest, " ")
		rest = word + " " + v.bar(bar) + " " + counts
		columns += bar + 1
	}
	return rest, columns
}

// parts are what the line says, what matters most first.
func (v view) parts() []string {
	var parts []string
	if v.total > 0 {
		parts = append(parts, fmt.Sprintf("Applying %s/%s", render.Comma(v.done), render.Comma(v.total)))
	}
	switch {
	case v.wait >= worthTelling && v.total == 0:
		return []string{"Waiting " + span(v.wait), v.why}
	case v.total == 0:
		return nil
	case v.wait >= worthTelling:
		return append(parts, "waiting "+span(v.wait), v.why)
	case v.rate > 0:
		parts = append(parts, perSecond(v.rate))
		if v.done < v.total {
			parts = append(parts, rough(time.Duration(float64(v.total-v.done)/v.rate*float64(time.Second)))+" left")
		}
	}
	if v.why != "" {
		parts = append(parts, v.why)
	}
	return parts
}

// bar is the bar, so many columns wide.
func (v view) bar(columns int) string {
	full := columns * v.done / v.total
	done, rest := strings.Repeat("━", full), strings.Repeat("─", columns-full)
	if full < columns {
		done, rest = done+"╸", rest[len("─"):]
	}
	if v.color {
		return "\x1b[36m" + done + "\x1b[0;2m" + rest + "\x1b[0m"
	}
	return done + rest
}

func perSecond(rate float64) string {
	if rate < 1 {
		return fmt.Sprintf("%.0f/min", rate*60)
	}
	return fmt.Sprintf("%.0f/s", rate)
}

// span is a time to the second: 12 s, 4 min 32 s, 5 min, 1 h 5 min.
func span(d time.Duration) string {
	seconds := int(d.Round(time.Second).Seconds())
	switch {
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 3600 && seconds%60 == 0:
		return fmt.Sprintf("%d min", seconds/60)
	case seconds < 3600:
		return fmt.Sprintf("%d min %d s", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d h %d min", seconds/3600, seconds%3600/60)
}

// rough is a time as far as anybody can know it: 12 s, 3 min, 1 h 5 min.
func rough(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(1, int(d.Round(time.Second).Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
	}
	return span(d)
}
