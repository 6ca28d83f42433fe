package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"trueup/schema"
)

func TestPoolDefaultsAndOmissions(t *testing.T) {
	tt := start(t, Options{})
	tt.want(tt.ok("POST", poolsPath, pool(`"name":"web"`)), map[string]string{
		"name": `"web"`, "description": `""`, "enabled": "true", "minimum_origins": "1", "check_regions": "null", "networks": `["cloudflare"]`,
		"notification_email": `""`, "created_on": `"2026-11-23T09:00:00.123456Z"`,
		"origins": `[{"name":"app-1","address":"203.0.113.10","enabled":true,"weight":1}]`,
		"monitor": "-", "latitude": "-", "longitude": "-", "load_shedding": "-", "origin_steering": "-", "notification_filter": "-", "disabled_at": "-",
	})
	tt = start(t, Options{EmptyObjects: true, OriginPortZero: true, HostTrailingDot: true})
	tt.want(tt.ok("POST", poolsPath, `{"name":"web","origins":[{"name":"a","address":"www.example.com"}]}`), map[string]string{
		"load_shedding":   `{"default_percent":0,"default_policy":"","session_percent":0,"session_policy":""}`,
		"origin_steering": `{}`, "notification_filter": `{}`,
		"origins": `[{"name":"a","address":"www.example.com.","enabled":true,"weight":1,"port":0}]`,
	})
}

func TestPoolFilledIn(t *testing.T) {
	const body = `"name":"web","check_regions":["WEU","ENAM","WEU"],"load_shedding":{"default_percent":55},"origin_steering":{},"latitude":37.7749,"longitude":-122.5,"notification_filter":{"origin":{"disable":true}}`
	want := map[string]string{
		"check_regions": `["ENAM","WEU"]`, "origin_steering": `{"policy":"random"}`, "latitude": "37.7749", "longitude": "-122.5",
		"load_shedding":       `{"default_percent":55,"default_policy":"random","session_percent":0,"session_policy":"hash"}`,
		"notification_filter": `{"origin":{"disable":true,"healthy":null},"pool":{"disable":false,"healthy":null}}`,
	}
	tt := start(t, Options{})
	d := tt.ok("POST", poolsPath, pool(body))
	tt.want(d, want)
	tt.want(tt.ok("PATCH", poolsPath+"/"+id(d), `{"notification_filter":null,"latitude":null,"longitude":null,"check_regions":null}`),
		map[string]string{"notification_filter": "-", "latitude": "-", "check_regions": "null"})
	tt.want(tt.ok("PATCH", poolsPath+"/"+id(d), `{"load_shedding":{"default_percent":0,"default_policy":"","session_policy":""}}`),
		map[string]string{"load_shedding": `{"default_percent":0,"default_policy":"random","session_percent":0,"session_policy":"hash"}`})
	tt = start(t, Options{FilterAsSent: true})
	tt.want(tt.ok("POST", poolsPath, pool(body)), map[string]string{"notification_filter": `{"origin":{"disable":true}}`})
}

// Origins come back by name, with what the server does not know (bugs 1, 2).
func TestPoolOrigins(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", poolsPath, `{"name":"web","origins":[
		{"name":"z","address":"203.0.113.12","weight":0,"port":8443,"flatten_cname":true},
		{"name":"a","address":"203.0.113.11","weight":0.07,"header":{"Host":["example.com"]}}]}`)
	tt.want(d, map[string]string{"origins": `[
		{"name":"a","address":"203.0.113.11","enabled":true,"weight":0.07,"header":{"Host":["example.com"]}},
		{"name":"z","address":"203.0.113.12","enabled":true,"weight":0,"port":8443,"flatten_cname":true}]`})
	// PUT without the unknown keys loses them.
	tt.want(tt.ok("PUT", poolsPath+"/"+id(d), `{"name":"web","origins":[{"name":"z","address":"203.0.113.12"}]}`),
		map[string]string{"origins": `[{"name":"z","address":"203.0.113.12","enabled":true,"weight":1}]`})
}

func TestPoolDisabledAt(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", poolsPath, `{"name":"web","enabled":false,"origins":[{"name":"a","address":"203.0.113.11","enabled":false}]}`)
	const first = `"2026-11-23T09:00:00.123456Z"`
	tt.want(d, map[string]string{"disabled_at": first})
	tt.clock.add(time.Hour)
	d = tt.ok("PATCH", poolsPath+"/"+id(d), `{"description":"x"}`)
	tt.want(d, map[string]string{"disabled_at": first})
	tt.want(docs(d["origins"])[0], map[string]string{"disabled_at": first})
	tt.want(tt.ok("PATCH", poolsPath+"/"+id(d), `{"enabled":true}`), map[string]string{"disabled_at": "-"})
}

func TestPoolRefused(t *testing.T) {
	tt := start(t, Options{})
	origin := func(fields string) string { return `{"name":"web","origins":[{` + fields + `}]}` }
	for body, contains := range map[string]string{
		`{}`:                              "name is required",
		`{"name":"web"}`:                  "origins is required",
		`{"name":"web","origins":[]}`:     "origins list length",
		pool(`"name":"w b"`):              "name",
		pool(`"name":""`):                 "name",
		pool(`"name":"web","latitude":1`): "latitude and longitude",
		pool(`"name":"web","latitude":91,"longitude":1`):                     "latitude is not in range",
		pool(`"name":"web","notification_email":"someone@example.com"`):      "notification_email",
		pool(`"name":"web","monitor":"` + ZoneID + `"`):                      "monitor",
		pool(`"name":"web","check_regions":["SAM"]`):                         "check_regions",
		pool(`"name":"web","load_shedding":{"default_percent":101}`):         "default_percent",
		pool(`"name":"web","origin_steering":{"policy":"weighted"}`):         "policy",
		pool(`"name":"web","notification_filter":{"pool":{"healthy":"no"}}`): "healthy",
		pool(`"name":"web","minimum_origins":-1`):                            "minimum_origins",
		origin(`"name":"a"`):                                                                              "address is required",
		origin(`"address":"203.0.113.11"`):                                                                "name is required",
		origin(`"name":"a","address":"not..a-host"`):                                                      "neither",
		origin(`"name":"a","address":"203.0.113.11","weight":0.333`):                                      "multiple",
		origin(`"name":"a","address":"203.0.113.11","weight":1.5`):                                        "range",
		origin(`"name":"a","address":"203.0.113.11","header":{"Host":["a.example.com","b.example.com"]}`): "Host",
		origin(`"name":"a","address":"203.0.113.11","header":{"host":["example.com"]}`):                   "only Host",
		origin(`"name":"a","address":"203.0.113.11"},{"name":"a","address":"203.0.113.12"`):               "names must be unique",
		origin(`"name":"a","address":"2001:db8::1"},{"name":"b","address":"2001:DB8:0::1"`):               "addresses must be unique",
	} {
		tt.refused("POST", poolsPath, body, 400, 1002, contains)
	}
	start(t, Options{RegionsRequired: true}).refused("POST", poolsPath, pool(`"name":"web"`), 400, 1002, "Probing from every data centre")
	start(t, Options{RegionsRequired: true}).ok("POST", poolsPath, pool(`"name":"web","check_regions":["WEU"]`))
	private := origin(`"name":"a","address":"10.0.0.1"`)
	start(t, Options{PrivateNeedsNetwork: true}).refused("POST", poolsPath, private, 400, 1002, "virtual_network_id")
	tt.ok("POST", poolsPath, private)
	start(t, Options{PoolQuota: 1}).ok("POST", poolsPath, private)
}

func TestPoolNameUnique(t *testing.T) {
	for _, loose := range []bool{false, true} {
		tt := start(t, Options{LoosePoolNames: loose})
		a := tt.ok("POST", poolsPath, pool(`"name":"web"`))
		b := tt.ok("POST", poolsPath, pool(`"name":"other"`))
		if loose {
			tt.ok("POST", poolsPath, pool(`"name":"web"`))
			continue
		}
		tt.refused("POST", poolsPath, pool(`"name":"web"`), 400, 1003, "not unique")
		tt.refused("PUT", poolsPath+"/"+id(b), pool(`"name":"web"`), 400, 1003, "not unique")
		tt.ok("PATCH", poolsPath+"/"+id(a), `{"name":"third"}`) // mutable in place
		tt.ok("PUT", poolsPath+"/"+id(b), pool(`"name":"web"`))
	}
}

// PUT answers with the year 1 as creation (bug 5), and replaces.
func TestPoolPutAndPatch(t *testing.T) {
	for keeps, want := range map[bool]string{false: "-", true: ""} {
		tt := start(t, Options{PutKeepsMonitor: keeps})
		m := id(tt.ok("POST", monitorsPath, `{"expected_codes":"200"}`))
		if want == "" {
			want = `"` + m + `"`
		}
		d := tt.ok("POST", poolsPath, pool(`"name":"web","description":"x","new_field":1,"check_regions":["WEU"],"monitor":"`+m+`"`))
		path := poolsPath + "/" + id(d)
		tt.want(tt.ok("PATCH", path, `{"enabled":false}`), map[string]string{"description": `"x"`, "new_field": "1", "monitor": `"` + m + `"`, "created_on": `"2026-11-23T09:00:00.123456Z"`})
		tt.refused("PUT", path, `{"name":"web"}`, 400, 1002, "origins")
		tt.want(tt.ok("PUT", path, pool(`"name":"web"`)), map[string]string{
			"created_on": `"0001-01-01T00:00:00Z"`, "description": `""`, "new_field": "-", "check_regions": "null", "monitor": want, "enabled": "true"})
		tt.want(tt.ok("GET", path, ""), map[string]string{"created_on": `"2026-11-23T09:00:00.123456Z"`, "monitor": want})
		tt.want(tt.ok("PUT", path, pool(`"name":"web","monitor":null`)), map[string]string{"monitor": "-"})
	}
}

// A pool that a load balancer uses can't be deleted (bug 6).
func TestPoolInUse(t *testing.T) {
	tt := start(t, Options{})
	m := id(tt.ok("POST", monitorsPath, `{"expected_codes":"200","description":"Login page monitor"}`))
	p := id(tt.ok("POST", poolsPath, pool(`"name":"web","monitor":"`+m+`"`)))
	lb, err := tt.s.PutLoadBalancer(schema.UserScope, "www.example.com", p)
	if err != nil {
		t.Fatal(err)
	}
	tt.refused("DELETE", poolsPath+"/"+p, `{}`, 412, 1005, "referenced")
	var have []string
	for _, r := range tt.list(poolsPath + "/" + p + "/references") {
		have = append(have, fmt.Sprint(r["reference_type"], " ", r["resource_type"], " ", r["resource_name"]))
	}
	if want := "referrer load_balancer www.example.com,referral monitor Login page monitor"; strings.Join(have, ",") != want {
		t.Errorf("references: %v", have)
	}
	if err := tt.s.RemoveLoadBalancer(schema.UserScope, lb); err != nil {
		t.Fatal(err)
	}
	tt.ok("DELETE", poolsPath+"/"+p, `{}`)
}

func TestPoolListFilterAndBulkPatch(t *testing.T) {
	tt := start(t, Options{})
	m := id(tt.ok("POST", monitorsPath, `{"expected_codes":"200"}`))
	tt.ok("POST", poolsPath, pool(`"name":"b","monitor":"`+m+`"`))
	tt.ok("POST", poolsPath, pool(`"name":"a"`))
	if l := tt.list(poolsPath + "?monitor=" + m); len(l) != 1 || l[0]["name"] != "b" {
		t.Errorf("filtered: %v", l)
	}
	g := tt.do("PATCH", poolsPath+"?per_page=5", `{"notification_email":""}`)
	if l := docs(g.doc["result"]); len(l) != 2 || l[0]["name"] != "a" {
		t.Errorf("%d %s", g.status, g.body)
	}
	tt.refused("PATCH", poolsPath, `{"notification_email":"x@example.com"}`, 400, 1002, "reset")
}
