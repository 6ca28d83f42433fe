variable "pin" {
  sensitive = true
}
locals {
  regions = { eu = "in the eu", us = "in the us" }
  base    = monitor.base.id
}
ownership = { access_rules = "exclusive" }
ignore    = [{ kind = "access_rule", notes = "*SOC*" }]
limits    = { max_delete_percent = 10 }
state     = { path = "state/s.json" }
access_rule "abroad" {
  scope = "zone:0123456789abcdef0123456789abcdef"
  id    = "00000000000000000000000000000001"
  mode  = "js_challenge"
  value = "2001:DB8:0:0::/32"
  notes = "Café & <b>"
}
access_rule "asn" {
  mode  = "block"
  value = "as64500"
}
access_rule "country" {
  mode   = "block"
  value  = "t1"
  target = "country"
}
monitor "base" {
  header   = { host = ["a.example"], X-Pin = [var.pin] }
  path     = "/health"
  interval = 60
}
monitor "uses" {
  description = "after ${local.base} and ${monitor.probe["eu"].id}"
  path        = monitor.base.path
  interval    = monitor.base.interval * 2
}
monitor "probe" {
  for_each = local.regions
  type     = "tcp"
  port     = 80
}
pool "plain" {
  monitor         = "base"
  origins         = [{ name = "a", address = "192.0.2.1" }]
  depends_on      = [monitor.base, monitor.probe]
  ignore_changes  = [description, origins["a"].weight]
  prevent_destroy = true
}
pool "keyed" {
  monitor             = "probe[\"us\"]"
  origins             = [{ name = "a", address = "WWW.Example.com." }]
  check_regions       = ["weu", "eeu"]
  latitude            = 52.5
  longitude           = 13.4
  load_shedding       = { default_percent = 5 }
  notification_filter = { pool = { healthy = false } }
}
pool "literal" {
  monitor = "0123456789abcdef0123456789abcdef"
  origins = [{ name = "a", address = "192.0.2.1", header = { Host = ["a.example"] }, weight = 0.07 }]
}
pool "joined" {
  description = join(",", [monitor.base.id, monitor.probe["eu"].id, monitor.probe["us"].id])
  origins     = [{ name = "a", address = "192.0.2.1" }]
}
pool "each" {
  for_each    = local.regions
  monitor     = monitor.probe[each.key].id
  description = each.value
  origins     = [for i in range(2) : { name = "o${i}", address = cidrhost("192.0.2.0/24", i + 1) }]
}
pool "json" {
  description = jsonencode({ id = monitor.base.id })
  origins     = [{ name = "a", address = "192.0.2.1" }]
}
token "one" {
  policies = [
    {
      permission_groups = ["Zone Read"]
      resources = {
        "com.cloudflare.api.account.0123456789abcdef0123456789abcdef" = { "com.cloudflare.api.account.zone.*" = "*" }
      }
    },
    {
      effect            = "deny"
      permission_groups = ["DNS Write @ com.cloudflare.api.account.zone"]
      resources         = { "com.cloudflare.api.account.zone.${"*"}" = "*" }
    },
  ]
  condition  = { request_ip = { in = ["192.0.2.1", "2001:db8::/32"], not_in = ["192.0.2.128/25"] } }
  not_before = "2026-01-01T01:00:00+01:00"
  secret     = { file = "secrets/one" }
  rotate     = { every = "90d" }
  status     = "disabled"
}
invite_response "acme" {
  organization_name = "Acme"
  email             = "A@Example.com"
  status            = "rejected"
}
