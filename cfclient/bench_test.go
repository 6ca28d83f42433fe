package cfclient

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"trueup/schema"
)

// rulesPage is a page of n rules as the API prints them.
func rulesPage(page, n int) []byte {
	var b strings.Builder
	b.WriteString(`{"result":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		k := page*n + i
		fmt.Fprintf(&b, `{"id":"%032x","paused":false,"modified_on":"2026-01-01T05:20:00.12345Z","allowed_modes":["whitelist","block","challenge","js_challenge","managed_challenge"],`+
			`"mode":"block","notes":"scraper list %d","configuration":{"target":"ip","value":"10.%d.%d.%d"},`+
			`"scope":{"id":"7c5dae5552338874e5053f2534d2767a","email":"user@example.com","type":"user"},"created_on":"2026-01-01T05:20:00.12345Z"}`,
			k, i%10, k>>16&255, k>>8&255, k&255)
	}
	fmt.Fprintf(&b, `],"success":true,"errors":[],"messages":[],"result_info":{"page":%d,"per_page":%d,"count":%d,"total_count":%d,"total_pages":100}}`, page+1, n, n, 100*n)
	return []byte(b.String())
}

func rulesPages() [][]byte {
	pages := make([][]byte, 100)
	for i := range pages {
		pages[i] = rulesPage(i, 1000)
	}
	return pages
}

// minimalRule is the least that a program could decode.
type minimalRule struct {
	ID, Mode, Notes string
	Configuration   struct{ Target, Value string }
	Scope           struct{ ID, Type string }
}

func decodeMinimal(pages [][]byte) ([]minimalRule, error) {
	var all []minimalRule
	for _, body := range pages {
		var answer struct{ Result []minimalRule }
		if err := json.Unmarshal(body, &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.Result...)
	}
	return all, nil
}

func decodeOurs(pages [][]byte) ([]*schema.Object, error) {
	d := newDecoder(newCodec(schema.KindNamed("access_rule")), schema.UserScope)
	var all []*schema.Object
	for _, body := range pages {
		_, err := readEnvelope(body, func(body []byte, dec *jsontext.Decoder) error {
			return d.list(body, dec, func(it item) { all = append(all, it.Object) })
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func BenchmarkDecode(b *testing.B) { benchmarkDecode(b, decodeOurs) }
func BenchmarkFloor(b *testing.B)  { benchmarkDecode(b, decodeMinimal) }

func benchmarkDecode[T any](b *testing.B, decode func([][]byte) ([]T, error)) {
	pages := rulesPages()
	b.ReportAllocs()
	for b.Loop() {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		all, err := decode(pages)
		if err != nil || len(all) != 100_000 {
			b.Fatal(len(all), err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/1e6, "MB-live")
		runtime.KeepAlive(all)
	}
}
