package loader

import "trueup/schema"

func acceptYAML() []acceptCase {
	return []acceptCase{
		{name: `in braces`, file: `a.yaml`, addr: `access_rule.a`, path: `mode`, live: text(`challenge`), want: text(`block`),
			before: `access_rules:
  a: {mode: block, value: 192.0.2.1} # x
`,
			after: `access_rules:
  a: {mode: challenge, value: 192.0.2.1} # x
`},
		{name: `in double quotes`, file: `a.yaml`, addr: `access_rule.a`, path: `mode`, live: text(`challenge`), want: text(`block`),
			before: `access_rules:
  a:
    mode: "block" # x
    value: 192.0.2.1`,
			after: `access_rules:
  a:
    mode: "challenge" # x
    value: 192.0.2.1`},
		{name: `in single quotes`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text(`it's`), want: text(`it isn't`),
			before: `access_rules:
  a:
    notes: 'it isn''t' # x
    mode: block
    value: 192.0.2.1
`,
			after: `access_rules:
  a:
    notes: 'it''s' # x
    mode: block
    value: 192.0.2.1
`},
		{name: `lines of text`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text(`short`), want: text("two\n\nlines\n"),
			before: `access_rules:
  a:
    notes: | # x
      two

      lines

    # y
    mode: block
    value: 192.0.2.1
`,
			after: `access_rules:
  a:
    notes: short

    # y
    mode: block
    value: 192.0.2.1
`},
		{name: `text over lines`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text(`short`), want: text(`two lines`),
			before: `access_rules:
  a:
    notes: two
      lines # x
    mode: block
    value: 192.0.2.1
`,
			after: `access_rules:
  a:
    notes: short # x
    mode: block
    value: 192.0.2.1
`},
		{name: `added at the end of a file without line feed`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text(`yes`), want: nil,
			before: `access_rules:
  a:
    mode: block
    value: 192.0.2.1`,
			after: `access_rules:
  a:
    mode: block
    value: 192.0.2.1
    notes: "yes"
`},
		{name: `added before what follows`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text("line\nbreak ${x}"), want: nil,
			before: `access_rules:
  a:
    mode: block
    value: 192.0.2.1 # x
    # y

  b: {mode: block, value: 192.0.2.2}
`,
			after: `access_rules:
  a:
    mode: block
    value: 192.0.2.1 # x
    notes: "line\nbreak $${x}"
    # y

  b: {mode: block, value: 192.0.2.2}
`},
		{name: `nothing behind the colon`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text(`new`), want: nil,
			before: `access_rules:
  a:
    notes: # x
    mode: block
    value: 192.0.2.1
`,
			after: `access_rules:
  a:
    notes: new # x
    mode: block
    value: 192.0.2.1
`},
		{name: `taken out`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: nil, want: text(`old`),
			before: `access_rules:
  a:
    mode: block
    notes: old
    value: 192.0.2.1
`,
			after: `access_rules:
  a:
    mode: block
    value: 192.0.2.1
`},
		{name: `taken out beside a comment`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: nil, want: text(`old`),
			before: `access_rules:
  a:
    mode: block
    notes: old # x
    value: 192.0.2.1
`,
			after: `access_rules:
  a:
    mode: block
    # x
    value: 192.0.2.1
`},
		{name: `taken out of braces`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: nil, want: text(`old`),
			before: `access_rules:
  a: {mode: block, value: 192.0.2.1, notes: old}
`,
			after: `access_rules:
  a: {mode: block, value: 192.0.2.1}
`},
		{name: `an expression`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text(`new`), want: text(`a`),
			before: `access_rules:
  a: {mode: block, value: 192.0.2.1, notes: '${lower("A")}'}
`,
			after: `access_rules:
  a: {mode: block, value: 192.0.2.1, notes: '${lower("A")}'}
`,
			left: `since it is written as an expression; By hand: give notes the value new`},
		{name: `an escaped template`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text(`new`), want: text(`${x}`),
			before: `access_rules:
  a: {mode: block, value: 192.0.2.1, notes: '$${x}'}
`,
			after: `access_rules:
  a: {mode: block, value: 192.0.2.1, notes: 'new'}
`},
		{name: `an anchor`, file: `a.yaml`, addr: `access_rule.a`, path: `mode`, live: text(`challenge`), want: text(`block`),
			before: `access_rules:
  a: &x
    mode: block
    value: 192.0.2.1
`,
			after: `access_rules:
  a: &x
    mode: block
    value: 192.0.2.1
`,
			left: `anchor or an alias`},
		{name: `merged from elsewhere`, file: `a.yaml`, addr: `access_rule.a`, path: `mode`, live: text(`challenge`), want: text(`block`),
			before: `access_rules:
  b: &b
    mode: block
    value: 192.0.2.2
  a:
    <<: *b
    value: 192.0.2.1
`,
			after: `access_rules:
  b: &b
    mode: block
    value: 192.0.2.2
  a:
    <<: *b
    value: 192.0.2.1
    mode: challenge
`},
		{name: `sensitive`, file: `a.yaml`, addr: `access_rule.a`, path: `notes`, live: text(`new`), want: schema.Sensitive{Value: text("s3cret")},
			before: `access_rules:
  a: {mode: block, value: 192.0.2.1, notes: '${sensitive("s3cret")}'}
`,
			after: `access_rules:
  a: {mode: block, value: 192.0.2.1, notes: '${sensitive("s3cret")}'}
`,
			left: `since it is sensitive; Change it where it comes from.`},
		{name: `a set, element by element`, file: `a.yaml`, addr: `pool.p`, path: `check_regions`, live: schema.Strings("ME", "WEU"), want: schema.Strings("WEU", "EEU", "OC"),
			before: `pools:
  p:
    origins: [{name: a, address: 192.0.2.1}]
    check_regions:
    - WEU # west
    - EEU # east
    - OC
`,
			after: `pools:
  p:
    origins: [{name: a, address: 192.0.2.1}]
    check_regions:
    - WEU # west
    - ME # east
`},
		{name: `out of a list in brackets`, file: `a.yaml`, addr: `pool.p`, path: `check_regions`, live: schema.Strings("EEU"), want: schema.Strings("WEU", "EEU", "OC", "ME"),
			before: `pools:
  p:
    origins: [{name: a, address: 192.0.2.1}]
    check_regions: [WEU, EEU, OC, ME] # x
`,
			after: `pools:
  p:
    origins: [{name: a, address: 192.0.2.1}]
    check_regions: [EEU] # x
`},
		{name: `one changes and one goes`, file: `a.yaml`, addr: `pool.p`, path: `check_regions`, live: schema.Strings("EEU", "SAF"), want: schema.Strings("WEU", "EEU", "OC"),
			before: `pools: {p: {origins: [{name: a, address: 192.0.2.1}], check_regions: [WEU, EEU, OC]}}`,
			after:  `pools: {p: {origins: [{name: a, address: 192.0.2.1}], check_regions: [SAF, EEU]}}`},
		{name: `out of the end of a list`, file: `a.yaml`, addr: `pool.p`, path: `check_regions`, live: schema.Strings("WEU"), want: schema.Strings("WEU", "OC", "ME"),
			before: `pools:
  p:
    origins: [{name: a, address: 192.0.2.1}]
    check_regions: [WEU, OC, ME]
`,
			after: `pools:
  p:
    origins: [{name: a, address: 192.0.2.1}]
    check_regions: [WEU]
`},
		{name: `a part of an element`, file: `a.yaml`, addr: `pool.p`, path: `origins["b"].weight`, live: schema.Number(0.25), want: schema.Number(1),
			before: `pools:
  p:
    origins: # all
      - {name: a, address: 192.0.2.1}
      - name: b # second
        address: 192.0.2.2
`,
			after: `pools:
  p:
    origins: # all
      - {name: a, address: 192.0.2.1}
      - name: b # second
        address: 192.0.2.2
        weight: 0.25
`},
		{name: `an element comes, over lines`, file: `a.yaml`, addr: `pool.p`, path: `origins["b"]`, live: origin("b", "192.0.2.2"), want: nil,
			before: `pools:
  p:
    origins: [
      {name: a, address: 192.0.2.1} # first
    ]
`,
			after: `pools:
  p:
    origins: [
      {name: a, address: 192.0.2.1}, # first
      {name: b, address: 192.0.2.2}
    ]
`},
		{name: `an element goes`, file: `a.yaml`, addr: `pool.p`, path: `origins["a"]`, live: nil, want: origin("a", "192.0.2.1"),
			before: `pools:
  p:
    origins:
      # one
      - name: a
        address: 192.0.2.1
      # two
      - {name: b, address: 192.0.2.2}
`,
			after: `pools:
  p:
    origins:
      # one
      # two
      - {name: b, address: 192.0.2.2}
`},
		{name: `what holds it is an expression`, file: `a.yaml`, addr: `pool.p`, path: `origins["b"].weight`, live: schema.Number(0.25), want: schema.Number(1),
			before: `pools:
  p:
    origins: '${[for n in ["b"] : {name = n, address = "192.0.2.1"}]}'
`,
			after: `pools:
  p:
    origins: '${[for n in ["b"] : {name = n, address = "192.0.2.1"}]}'
`,
			left: `since it is written as an expression; By hand: give origins["b"].weight the value 0.25`},
		{name: `no body`, file: `a.yaml`, addr: `monitor.m`, path: `interval`, live: schema.Number(90), want: schema.Number(60),
			before: `monitors:
  m: # x
  n:
`,
			after: `monitors:
  m: # x
    interval: 90
  n:
`},
		{name: `one of several instances`, file: `a.yaml`, addr: `access_rule.a["192.0.2.1"]`, path: `mode`, live: text(`challenge`), want: text(`block`),
			before: `access_rules:
  a:
    for_each: '${toset(["192.0.2.1", "192.0.2.2"])}'
    mode: block
    value: ${each.value}
`,
			after: `access_rules:
  a:
    for_each: '${toset(["192.0.2.1", "192.0.2.2"])}'
    mode: block
    value: ${each.value}
`,
			left: `since all instances of access_rule.a share it`},
		{name: `the only instance`, file: `a.yaml`, addr: `access_rule.a["192.0.2.1"]`, path: `mode`, live: text(`challenge`), want: text(`block`),
			before: `access_rules:
  a:
    for_each: '${toset(["192.0.2.1"])}'
    mode: block
    value: ${each.value}
`,
			after: `access_rules:
  a:
    for_each: '${toset(["192.0.2.1"])}'
    mode: challenge
    value: ${each.value}
`},
		{name: `another would change`, file: `a.yaml`, addr: `monitor.m`, path: `path`, live: text(`/b`), want: text(`/a`),
			before: `monitors:
  m: {path: /a}
  n: {path: "${monitor.m.path}"}
`,
			after: `monitors:
  m: {path: /a}
  n: {path: "${monitor.m.path}"}
`,
			left: `since monitor.n would change`},
	}
}
