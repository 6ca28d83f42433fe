package loader

import "trueup/schema"

func acceptHCL() []acceptCase {
	return []acceptCase{
		{name: `plain in HCL`, file: `a.hcl`, addr: `access_rule.a`, path: `mode`, live: text(`challenge`), want: text(`block`),
			before: `access_rule "a" {
  mode  = "block" # x
  value = "192.0.2.1"
}
`,
			after: `access_rule "a" {
  mode  = "challenge" # x
  value = "192.0.2.1"
}
`},
		{name: `added in HCL`, file: `a.hcl`, addr: `access_rule.a`, path: `notes`, live: text(`say "${x}"`), want: nil,
			before: `access_rule "a" {
  mode  = "block"
  value = "192.0.2.1" # x
  # y
}
`,
			after: `access_rule "a" {
  mode  = "block"
  value = "192.0.2.1" # x
  # y
  notes = "say \"$${x}\""
}
`},
		{name: `a heredoc`, file: `a.hcl`, addr: `access_rule.a`, path: `notes`, live: text(`short`), want: text("two\nlines\n"),
			before: `access_rule "a" {
  notes = <<-EOT
    two
    lines
  EOT
  mode  = "block"
  value = "192.0.2.1"
}
`,
			after: `access_rule "a" {
  notes = "short"
  mode  = "block"
  value = "192.0.2.1"
}
`},
		{name: `a block in one line`, file: `a.hcl`, addr: `monitor.m`, path: `interval`, live: schema.Number(90), want: schema.Number(60),
			before: `monitor "m" { type = "https" }
`,
			after: `monitor "m" {
  type = "https"
  interval = 90
}
`},
		{name: `an empty block`, file: `a.hcl`, addr: `monitor.m`, path: `interval`, live: schema.Number(90), want: schema.Number(60),
			before: `  monitor "m" {}
`,
			after: `  monitor "m" {
    interval = 90
  }
`},
		{name: `taken out in HCL`, file: `a.hcl`, addr: `access_rule.a`, path: `notes`, live: nil, want: text(`old`),
			before: `access_rule "a" {
  mode  = "block"
  notes = "old" // x
  value = "192.0.2.1"
}
`,
			after: `access_rule "a" {
  mode  = "block"
  // x
  value = "192.0.2.1"
}
`},
		{name: `a negative number`, file: `a.hcl`, addr: `pool.p`, path: `latitude`, live: schema.Number(1.5), want: schema.Number(-1.5),
			before: `pool "p" {
  origins   = [{ name = "a", address = "192.0.2.1" }]
  latitude  = -1.5
  longitude = (2)
}
`,
			after: `pool "p" {
  origins   = [{ name = "a", address = "192.0.2.1" }]
  latitude  = 1.5
  longitude = (2)
}
`},
		{name: `a part of an object in HCL`, file: `a.hcl`, addr: `pool.p`, path: `origins["a"].header`, live: schema.Row{schema.Strings("www.example.com")}, want: nil,
			before: `pool "p" {
  origins = [
    {
      name    = "a"
      address = "192.0.2.1"
    },
  ]
}
`,
			after: `pool "p" {
  origins = [
    {
      name    = "a"
      address = "192.0.2.1"
      header  = { Host = ["www.example.com"] }
    },
  ]
}
`},
		{name: `an element goes in HCL`, file: `a.hcl`, addr: `pool.p`, path: `origins["b"]`, live: nil, want: origin("b", "192.0.2.2"),
			before: `pool "p" {
  origins = [{ name = "a", address = "192.0.2.1" }, { name = "b", address = "192.0.2.2" }]
}
`,
			after: `pool "p" {
  origins = [{ name = "a", address = "192.0.2.1" }]
}
`},
		{name: `a variable`, file: `a.hcl`, addr: `access_rule.a`, path: `mode`, live: text(`challenge`), want: text(`block`),
			before: `variable "m" { default = "block" }
access_rule "a" {
  mode  = var.m
  value = "192.0.2.1"
}
`,
			after: `variable "m" { default = "block" }
access_rule "a" {
  mode  = var.m
  value = "192.0.2.1"
}
`,
			left: `since it is written as an expression; By hand: give mode the value "challenge"`},
	}
}
