package sim

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestMonitorDefaultsAndOmissions(t *testing.T) {
	tt := start(t, Options{})
	tt.want(tt.ok("POST", monitorsPath, `{"expected_codes":"200"}`), map[string]string{
		"type": `"http"`, "method": `"GET"`, "path": `"/"`, "interval": "60", "timeout": "5", "retries": "2", "expected_codes": `"200"`,
		"expected_body": `""`, "allow_insecure": "false", "follow_redirects": "false", "header": "{}", "description": `""`, "probe_zone": `""`,
		"port": "-", "consecutive_up": "-", "consecutive_down": "-", // omitted when zero
		"created_on": `"2026-11-23T09:00:00.123456Z"`,
	})
	tt.want(tt.ok("POST", monitorsPath, `{"expected_codes":"","type":"tcp","port":22,"consecutive_up":2}`), map[string]string{
		"method": `"connection_established"`, "port": "22", "consecutive_up": "2", "expected_codes": `""`, "path": `""`,
	})
	for omitted, want := range map[bool]string{false: `"connection_established"`, true: "-"} {
		tt = start(t, Options{MethodOmitted: omitted})
		tt.want(tt.ok("POST", monitorsPath, `{"expected_codes":"","type":"icmp_ping"}`), map[string]string{"method": want})
	}
}

func TestMonitorHeaderNamesCanonical(t *testing.T) {
	for sorted, want := range map[bool]string{false: `{"X-App-Id":["b","a"],"Host":["example.com"]}`, true: `{"X-App-Id":["a","b"],"Host":["example.com"]}`} {
		tt := start(t, Options{HeaderValuesSorted: sorted})
		d := tt.ok("POST", monitorsPath, `{"expected_codes":"200","header":{"x-app-ID":["b","a"],"host":["example.com"]}}`)
		tt.want(d, map[string]string{"header": want})
	}
}

func TestMonitorRefused(t *testing.T) {
	tt := start(t, Options{})
	for body, contains := range map[string]string{
		`{}`:                                    "expected_codes is required",
		`{"expected_codes":"200-299"}`:          "expected_codes",
		`{"expected_codes":""}`:                 "expected_codes",
		`{"expected_codes":"200","interval":5}`: "interval is not in range [10, 3600]: validation failed",
		`{"expected_codes":"200","interval":30,"retries":2,"timeout":10}`: "retries + 1",
		`{"expected_codes":"200","timeout":11}`:                           "timeout is not in range [1, 10]",
		`{"expected_codes":"200","retries":6}`:                            "retries",
		`{"expected_codes":"200","retries":1.5}`:                          "integer",
		`{"expected_codes":"200","port":70000}`:                           "port",
		`{"expected_codes":"200","path":"health"}`:                        "path must start with /",
		`{"expected_codes":"200","header":{"user-agent":["x"]}}`:          "User-Agent",
		`{"expected_codes":"200","header":{"Host":"example.com"}}`:        "list",
		`{"expected_codes":"200","type":"ftp"}`:                           "type must be one of",
		`{"expected_codes":"200","description":1}`:                        "string",
		`{"expected_codes":200}`:                                          "string",
		`{"expected_codes":"","type":"tcp"}`:                              "port is required",
		`{"expected_codes":"","type":"udp_icmp"}`:                         "port is required",
		`{"expected_codes":"","type":"smtp"}`:                             "port is required",
	} {
		tt.refused("POST", monitorsPath, body, 400, 1002, contains)
	}
}

func TestMonitorOptionsOfThePlan(t *testing.T) {
	for _, tc := range []struct {
		o              Options
		body, contains string
	}{
		{Options{IntervalMin: 60}, `{"expected_codes":"200","interval":30,"timeout":1}`, "interval is not in range [60, 3600]: validation failed"},
		{Options{RetriesZeroRefused: true}, `{"expected_codes":"200","retries":0}`, "retries is not in range"},
		{Options{BasicTypesOnly: true}, `{"expected_codes":"","type":"icmp_ping"}`, "subscription"},
		{Options{MonitorNullRefused: true}, `{"expected_codes":"200","port":null}`, "null"},
		{Options{NoLoadBalancing: true}, `{"expected_codes":"200"}`, "interval is not in range [0, 0]"},
	} {
		start(t, tc.o).refused("POST", monitorsPath, tc.body, 400, 1002, tc.contains)
		if !tc.o.NoLoadBalancing {
			start(t, Options{}).ok("POST", monitorsPath, tc.body)
		}
	}
	start(t, Options{NoLoadBalancing: true}).refused("POST", poolsPath, `{}`, 400, 1002, "the origin list length must be in range [1, 0]")
}

func TestMonitorPutReplacesPatchMerges(t *testing.T) {
	tt := start(t, Options{})
	d := tt.ok("POST", monitorsPath, `{"expected_codes":"2xx","path":"/health","expected_body":"alive","port":8080,"new_field":{"a":1}}`)
	path := monitorsPath + "/" + id(d)
	tt.clock.add(time.Minute)
	tt.refused("PATCH", path, `{"path":"/x"}`, 400, 1002, "expected_codes is required")
	tt.want(tt.ok("PATCH", path, `{"expected_codes":"2xx","path":"/x"}`), map[string]string{
		"path": `"/x"`, "expected_body": `"alive"`, "port": "8080", "new_field": `{"a":1}`,
		"created_on": `"2026-11-23T09:00:00.123456Z"`, "modified_on": `"2026-11-23T09:01:00.123456Z"`})
	tt.want(tt.ok("PUT", path, `{"expected_codes":"200"}`), map[string]string{
		"path": `"/"`, "expected_body": `""`, "port": "-", "new_field": "-"})
	tt.want(tt.ok("PUT", path, `{"expected_codes":"","type":"tcp","port":22}`), map[string]string{"method": `"connection_established"`, "path": `""`})
	tt.want(tt.ok("PATCH", path, `{"expected_codes":"200","type":"https"}`), map[string]string{"method": `"GET"`, "path": `"/"`, "port": "22"})
	tt.refused("PUT", monitorsPath+"/"+ZoneID, `{"expected_codes":"200"}`, 404, 1001, "not found")
	tt.refused("GET", monitorsPath+"/"+ZoneID, "", 404, 1001, "not found")

	tt = start(t, Options{MonitorTypeFixed: true})
	d = tt.ok("POST", monitorsPath, `{"expected_codes":"200"}`)
	tt.refused("PUT", monitorsPath+"/"+id(d), `{"expected_codes":"","type":"tcp","port":22}`, 400, 1002, "type")
}

func TestMonitorInUse(t *testing.T) {
	setup := func(o Options) (*tester, string, string) {
		tt := start(t, o)
		m := id(tt.ok("POST", monitorsPath, `{"expected_codes":"200","description":"Login page monitor"}`))
		p := id(tt.ok("POST", poolsPath, pool(`"name":"web","monitor":"`+m+`"`)))
		return tt, m, p
	}
	tt, m, p := setup(Options{})
	tt.refused("DELETE", monitorsPath+"/"+m, `{}`, 412, 1005, "This object is referenced by other objects, delete them first.")
	refs := tt.list(monitorsPath + "/" + m + "/references")
	if len(refs) != 1 {
		t.Fatalf("references: %v", refs)
	}
	tt.want(refs[0], map[string]string{"reference_type": `"referrer"`, "resource_id": `"` + p + `"`, "resource_name": `"web"`, "resource_type": `"pool"`})
	tt.ok("DELETE", poolsPath+"/"+p, `{}`)
	tt.want(tt.ok("DELETE", monitorsPath+"/"+m, `{}`), map[string]string{"id": `"` + m + `"`})
	tt.refused("DELETE", monitorsPath+"/"+m, `{}`, 404, 1001, "")

	tt, m, _ = setup(Options{InUse1002: true})
	tt.refused("DELETE", monitorsPath+"/"+m, `{}`, 400, 1002, "still referenced")

	tt, m, p = setup(Options{InUseLag: time.Second})
	tt.ok("PUT", poolsPath+"/"+p, pool(`"name":"web"`))
	tt.refused("DELETE", monitorsPath+"/"+m, `{}`, 412, 1005, "")
	tt.clock.add(time.Second)
	tt.ok("DELETE", monitorsPath+"/"+m, `{}`)
}

func TestListsOfLoadBalancing(t *testing.T) {
	tt := start(t, Options{})
	g := tt.do("GET", monitorsPath, "")
	if !strings.Contains(g.body, `"per_page":9223372036854775807`) || !strings.Contains(g.body, `"result":[]`) {
		t.Error(g.body)
	}
	if g := start(t, Options{NullLists: true}).do("GET", monitorsPath, ""); !strings.Contains(g.body, `"result":null`) || g.doc["success"] != true {
		t.Error(g.body)
	}
}

func TestScopesOfLoadBalancing(t *testing.T) {
	for shared, want := range map[bool]int{false: 0, true: 1} {
		tt := start(t, Options{SharedBalancers: shared})
		tt.ok("POST", monitorsPath, `{"expected_codes":"200"}`)
		if n := len(tt.list("/accounts/" + AccountID + "/load_balancers/monitors")); n != want {
			t.Errorf("shared %v: the account sees %d", shared, n)
		}
	}
	start(t, Options{}).refused("GET", "/zones/"+ZoneID+"/load_balancers/monitors", "", 404, 7003, "")
}

// ListLag and DeletedStillListed hold for every kind.
func TestLags(t *testing.T) {
	tt := start(t, Options{ListLag: time.Second, DeletedStillListed: time.Minute})
	m := id(tt.ok("POST", monitorsPath, `{"expected_codes":"200"}`))
	if n := len(tt.list(monitorsPath)); n != 0 {
		t.Errorf("a new object is listed at once")
	}
	tt.ok("GET", monitorsPath+"/"+m, "")
	tt.clock.add(time.Second)
	if n := len(tt.list(monitorsPath)); n != 1 {
		t.Errorf("%d listed", n)
	}
	tt.ok("DELETE", monitorsPath+"/"+m, "")
	tt.ok("GET", monitorsPath+"/"+m, "")
	if n := len(tt.list(monitorsPath)); n != 1 {
		t.Errorf("a deleted object is gone at once")
	}
	tt.refused("DELETE", monitorsPath+"/"+m, "", 404, 1001, "")
	tt.clock.add(time.Minute)
	tt.refused("GET", monitorsPath+"/"+m, "", 404, 1001, "")
	if n := len(tt.list(monitorsPath)); n != 0 {
		t.Errorf("%d listed", n)
	}
}

func pool(fields string) string {
	return fmt.Sprintf(`{"origins":[{"name":"app-1","address":"203.0.113.10"}],%s}`, fields)
}
