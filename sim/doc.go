// Package sim is a Cloudflare API to plan and apply against without an
// account: an http.Handler, in memory or kept in a file, that answers for the
// five kinds as API facts §0-§9 say the real one does, oddities included.
//
// It takes nothing from cfclient, and of schema only the table's enums, ranges
// and patterns: what it stores and answers is written by hand from the API
// facts, so that a mistake of the codec cannot cancel itself out. Where a fact
// is not confirmed, Options has a switch for it. It keeps no secret but as a
// salted hash, and logs none. cli serves it (`trueup sim`, `--sim`); every
// room's tests run against it.
//
// # Faults
//
// A fault is text of the form ACTION[:ARGUMENT][@[METHOD:][GLOB][#N[-[M]]]];
// several are separated by commas.
//
//	cut-after@POST:tokens#2     the second POST to …/tokens is executed, and its answer lost
//	429:3s@#17                  the 17th request is refused with Retry-After: 3
//	delay:200ms@GET:            every GET is slow
//	503@pools/*#1-3             the first three requests for one pool
//
// METHOD may be left out, and so may its colon where the whole place is a
// method in capitals. GLOB fits the last segments of the path: `tokens` is
// the list, `tokens/*` one token; `**` at the end is any further segments. #N
// is the Nth request that fits, counted from when the fault was added; without
// it every one does. #N-M is a range, #N- has no end.
//
//	refuse        not executed: connection refused (reset, over a network)
//	cut-before    not executed: the connection closes without an answer
//	cut-after     executed, and the connection closes without an answer
//	delay:D       executed, answered after D (or when the client gives up)
//	garbage       executed, answered with 200 and text that is no JSON
//	truncated     executed, the answer cut in its middle
//	500-after     executed, answered with 500
//	html500       not executed: 500 and a page of HTML
//	502, 503      not executed; with an argument, Retry-After
//	429[:D]       not executed: 429, code 971, Retry-After D (1s)
//	forbidden     not executed: 403, as freshly made tokens give (API facts §0.6)
//	blocked[:D]   the rate limit is used up: 429 to everything for D (5m)
package sim
