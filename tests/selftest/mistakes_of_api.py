"""Mistakes in what is said of an API, in a contract and in a target."""

from __future__ import annotations

ENDPOINT = '[endpoint.e]\ntitle = "t"\nsource = "s"\npath = "/"\n'
ACCESS = '[access.a]\ntitle = "t"\nsource = "s"\npath = "/"\nroles = { nobody = "denied" }\n'
TARGET = 'title = "T"\nhost = "local://"\n[api]\n'
HTTPS = TARGET + 'base = "https://shop.example"\n'
HTTP = TARGET + 'base = "http://shop.example"\n'
USER = 'user_env = "A"\npassword_env = "B"\n'
ROLE = HTTP + "[api.roles.a]\n"

CONTRACTS = {
    "like-no-pattern": ("endpoints", ENDPOINT + 'like = ["("]', "[endpoint.e]: like.0: is no regu"),
    "header-number": (
        *("endpoints", ENDPOINT + "headers.X-A = 3"),
        "[endpoint.e]: headers.X-A: expected a text, true, false, or a table",
    ),
    "header-unknown": (
        *("endpoints", ENDPOINT + 'headers.X-A = { lik = ["x"] }'),
        "[endpoint.e]: headers.X-A.lik: unknown key; known: absent, like, never, value",
    ),
    "header-no-pattern": (
        *("endpoints", ENDPOINT + 'headers.X-A = { like = ["["] }'),
        "[endpoint.e]: headers.X-A.like.0: is no regular expression",
    ),
    "header-name": ("endpoints", ENDPOINT + 'headers."X A" = true', "[endpoint.e]: headers.X A"),
    "header-twice": (
        *("endpoints", ENDPOINT + 'headers = { X-A = "a", x-a = "a" }'),
        "[endpoint.e]: headers: a header stands there twice",
    ),
    "header-credential": (
        *("endpoints", ENDPOINT + 'request_headers = { Cookie = "sid=hunter2" }'),
        "[endpoint.e]: request_headers: Cookie: a credential must not be written here",
    ),
    "access-header-credential": (
        *("access", ACCESS + 'request_headers = { X-Api-Key = "hunter2" }'),
        "[access.a]: request_headers: X-Api-Key: a credential must not be written here",
    ),
    "header-of-two-lines": (
        *("endpoints", ENDPOINT + 'request_headers = { X-A = "a\\r\\nb" }'),
        "[endpoint.e]: request_headers.X-A: ",
    ),
    "cookie-unknown": (
        *("endpoints", ENDPOINT + "cookies.sid = { secur = true }"),
        "[endpoint.e]: cookies.sid.secur: unknown key; known: absent, domain, http_only",
    ),
    "same-site": (
        *("endpoints", ENDPOINT + 'cookies.sid = { same_site = "lax" }'),
        "[endpoint.e]: cookies.sid.same_site: ",
    ),
    "location-with-query": (
        *("endpoints", ENDPOINT + 'status = 302\nlocation = "/a?b"'),
        "[endpoint.e]: location: ",
    ),
    "location-of-200": (
        *("endpoints", ENDPOINT + 'location = "/a"'),
        "[endpoint.e]: location goes with the status of a redirection, or 201",
    ),
    "redirects-of-post": (
        "endpoints",
        ENDPOINT + 'method = "POST"\nwrites = true\nredirects = [{status = 302, location = "/"}]',
        "[endpoint.e]: redirects are followed of GET, HEAD and OPTIONS alone",
    ),
    "hop-status": (
        *("endpoints", ENDPOINT + 'redirects = [{ status = 200, location = "/" }]'),
        "[endpoint.e]: redirects.0.status: ",
    ),
    "pointer": ("endpoints", ENDPOINT + 'without = ["a"]', "[endpoint.e]: without.0: "),
    "pointer-two-depths": (
        *("endpoints", ENDPOINT + 'without = ["/**/a/**"]'),
        "[endpoint.e]: without: ** may stand once",
    ),
    "bytes-negative": ("endpoints", ENDPOINT + "at_most_bytes = -1", "at_most_bytes: "),
    "http-3": ("endpoints", ENDPOINT + 'http_version = "3"', "[endpoint.e]: http_version: "),
    "days-0": ("endpoints", ENDPOINT + "days_left = 0", "[endpoint.e]: days_left: "),
    "token-nowhere": ("endpoints", ENDPOINT + "token = {}", "token: needs at or cookie"),
    "token-twice": (
        *("endpoints", ENDPOINT + 'token = { at = "/a", cookie = "b" }'),
        "[endpoint.e]: token: at and cookie: one of them",
    ),
    "claims": (
        *("endpoints", ENDPOINT + 'token = { at = "/a", claims = { type = "objekt" } }'),
        "[endpoint.e]: token.claims: is no JSON Schema",
    ),
    "metric-nameless": ("endpoints", ENDPOINT + "metrics = [{}]", "[endpoint.e]: metrics.0.name: "),
    "metric-inf": (
        *("endpoints", ENDPOINT + 'metrics = [{ name = "a", at_least = inf }]'),
        "[endpoint.e]: metrics.0.at_least: ",
    ),
    "metric-type": (
        *("endpoints", ENDPOINT + 'metrics = [{ name = "a", type = "number" }]'),
        "[endpoint.e]: metrics.0.type: ",
    ),
    "csrf-without-page": (
        *("endpoints", ENDPOINT + 'login = { csrf = "a" }'),
        "[endpoint.e]: login: csrf needs page",
    ),
    "login-unknown": (
        *("endpoints", ENDPOINT + 'login = { pag = "/" }'),
        "[endpoint.e]: login.pag: unknown key; known: cookie, csrf, csrf_cookie, header, page",
    ),
    "closed-role": (
        *("endpoints", ENDPOINT + 'closed = true\nrole = "a"'),
        "[endpoint.e]: closed: nothing is sent: no role",
    ),
}  # fmt: skip
"""Chapter, text, and what is said beside the file."""
UNSEEN_CONTRACTS = {
    "like-no-pattern": "whether a text is a regular expression",
    "header-no-pattern": "whether a text is a regular expression",
    "header-twice": "names that differ in case alone",
    "header-credential": "credentials are known by their looks",
    "access-header-credential": "credentials are known by their looks",
    "pointer-two-depths": "how often a part of a text stands in it",
    "claims": "whether a table is a JSON Schema",
}
"""What no schema can tell of them, and why."""

TARGETS = {
    "base-unknown-key": (
        HTTP + '[api.bases.b]\nbase = "http://b"\nca_fil = "x"',
        "api.bases.b.ca_fil: unknown key; known: base, ca_file, client_certificate",
    ),
    "base-of-nothing": (TARGET + "forward = true", "api: needs base, or [api.bases.NAME]"),
    "base-login": (HTTP + '[api.bases.b]\nbase = "http://a:hunter2@b"', "api.bases.b.base: "),
    "base-name": (HTTP + '[api.bases."a b"]\nbase = "http://b"', "api.bases.a b"),
    "ca-of-http": (HTTP + 'ca_file = "ca.pem"', "api: ca_file needs an https:// base"),
    "http2-of-http": (HTTP + "http2 = true", "api: http2 needs an https:// base"),
    "key-alone": (
        HTTPS + 'client_key = "k"',
        "api: client_key goes with client_certificate or client_certificate_env",
    ),
    "certificate-twice": (
        HTTPS + 'client_certificate = "c"\nclient_certificate_env = "C"',
        "api: client_certificate and client_certificate_env: one of them",
    ),
    "server-name": (HTTPS + 'server_name = "a b"', "api.server_name: "),
    "role-of-nothing": (ROLE, "api.roles.a: needs user_env and password_env, or value_env"),
    "role-half": (ROLE + 'user_env = "A"', "api.roles.a: user_env and password_env go together"),
    "role-both": (ROLE + USER + 'value_env = "C"\nheader = "X"', "user_env and value_env do not"),
    "role-value-nowhere": (ROLE + 'value_env = "C"', "value_env goes with header or cookie"),
    "role-two-ways": (
        ROLE + 'value_env = "C"\nheader = "X"\ncookie = "c"',
        "api.roles.a: header and cookie: one of them",
    ),
    "role-header-alone": (ROLE + USER + 'header = "X"', "header goes with value_env"),
    "role-basic-and-login": (
        ROLE + USER + 'basic = true\nlogin = "l"',
        "api.roles.a: basic and login: one of them",
    ),
    "role-basic-of-a-value": (
        ROLE + 'value_env = "C"\nheader = "X"\nbasic = true',
        "api.roles.a: basic goes with user_env",
    ),
    "role-literal": (ROLE + 'token = "hunter2"', "api.roles.a.token: a credential must not be"),
}  # fmt: skip
"""Text, and what is said beside the file."""
