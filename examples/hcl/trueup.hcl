# The quickstart in HCL: the same resources, the same plan.
scope = "user"

variable "office_cidr" {
  default     = "198.51.100.0/24"
  description = "Office egress"
}

locals {
  host = "www.example.com"
}

access_rule "office" {
  mode  = "whitelist"
  value = var.office_cidr
  notes = "Office egress"
}

access_rule "scrapers" {
  for_each = toset(split("\n", trimspace(file("scrapers.txt"))))
  mode     = "block"
  value    = each.value
  notes    = "Scrapers & scanners"
}

monitor "login-page" {
  type           = "https"
  path           = "/health"
  expected_codes = "2xx"
  header         = { Host = [local.host] }
}

pool "primary-dc-1" {
  monitor = monitor.login-page.id
  origins = [
    { name = "app-1", address = "203.0.113.10", weight = 0.6 },
    { name = "app-2", address = "203.0.113.11" },
  ]
}

token "ci-reader" {
  policies = [{
    effect            = "allow"
    permission_groups = ["Zone Read", "DNS Read"]
    resources         = { "com.cloudflare.api.account.zone.*" = "*" }
  }]
  condition  = { request_ip = { in = [var.office_cidr] } }
  expires_on = "2030-01-01T00:00:00Z"
  secret     = { file = ".trueup/secrets/ci-reader" }
}

invite_response "partner" {
  organization_id = "5a7805061c76ada191ed06f989cc3dac"
  status          = "accepted"
}
