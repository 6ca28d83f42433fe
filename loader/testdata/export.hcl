scope = "user"

access_rule "soc-2030-06" {
  for_each = toset([
    "192.0.2.0",
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
    "192.0.2.4",
  ])
  value = each.value
  mode  = "block"
  notes = "SOC 2030-06"
}

access_rule "block" {
  for_each = toset([
    "192.0.2.0",
    "192.0.2.1",
    "192.0.2.2",
    "192.0.2.3",
    "192.0.2.4",
  ])
  scope = "account:9a7806061c88ada191ed06f989cc3dac"
  value = each.value
  mode  = "block"
}

access_rule "the-same-AS64500" {
  value = "AS64500"
  mode  = "challenge"
  notes = "the same"
}

access_rule "the-same-NO" {
  value = "NO"
  mode  = "challenge"
  notes = "the same"
}

access_rule "203-0-113-0" {
  value = "203.0.113.0"
  mode  = "js_challenge"
}

access_rule "203-0-113-1" {
  value = "203.0.113.1"
  mode  = "js_challenge"
}

access_rule "203-0-113-2" {
  value = "203.0.113.2"
  mode  = "js_challenge"
}

access_rule "203-0-113-3" {
  value = "203.0.113.3"
  mode  = "js_challenge"
}

access_rule "office-egress-zurich" {
  value = "198.51.100.0/24"
  mode  = "whitelist"
  notes = "Office egress, Zürich"
}

access_rule "2001-db8-32" {
  value = "2001:db8::/32"
  mode  = "block"
  notes = "a remark that is much too long to be the name of anything at all"
}

access_rule "not-a-template" {
  scope = "account:9a7806061c88ada191ed06f989cc3dac"
  value = "198.51.100.0/24"
  mode  = "block"
  notes = "$${not} a \"template\""
}

monitor "monitor-0123456789abcdef0123456789abcdef" {
  description = "0123456789abcdef0123456789abcdef"
}

monitor "login-page" {
  type        = "https"
  description = "login page"
  header      = { Host = ["www.example.com"] }
}

monitor "twice" {
  id   = "00000000000000000000000000000015"
  type = "tcp"
  port = 25
}

monitor "twice-2" {
  id          = "00000000000000000000000000000016"
  type        = "tcp"
  description = "twice"
  port        = 26
}

monitor "monitor-00000000000000000000000000000017" {
  id          = "00000000000000000000000000000017"
  type        = "tcp"
  description = ""
  port        = 27
}

monitor "monitor" {
  scope       = "account:9a7806061c88ada191ed06f989cc3dac"
  description = "監視"
}

pool "main" {
  monitor = "login-page"
  origins = [
    { name = "b", address = "203.0.113.2", weight = 0.5 },
    { name = "a", address = "app.example.com" },
  ]
}

pool "stray" {
  monitor = "00000000000000000000000000000063"
  origins = [
    { name = "a", address = "app.example.com" },
  ]
  check_regions = ["WEU", "EEU"]
}

# The values of these tokens are not known: they are shown once, when they are made.
# To have a new one delivered, write its secret and: trueup token roll token.NAME
token "CI-reader" {
  name = "CI reader"
  policies = [
    {
      permission_groups = ["Logs Read @ account", "Logs Read @ zone", "Zone Read", "dd", "zz"]
      resources         = { "com.cloudflare.api.account.zone.*" = "*" }
    },
  ]
}

invite_response "example-partner" {
  organization_id   = "5a7805061c76ada191ed06f989cc3dac"
  organization_name = "Example Partner"
  status            = "accepted"
}
