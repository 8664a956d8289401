"""An API as it stands in the world: behind a front door with TLS, logins, and what goes wrong."""

from __future__ import annotations

import base64
import json
import pathlib
import re
import time
from collections.abc import Iterator

import pytest

from gate.account.judge import judge
from gate.account.verdict import Outcome, Result
from gate.connection.ssh import Forward
from gate.kinds.endpoint import Endpoint
from gate.kinds.load import load_contract
from gate.kinds.look import look
from gate.kinds.scene import Scene
from gate.secrets import known
from gate.sources.api.line import beyond
from gate.sources.api.look import look as api_look
from gate.sources.api.promised_answer import TokenPromise
from gate.sources.api.token import read
from gate.sources.fact import CannotTell, Cause, Seen
from gate.target import load_target
from tests.selftest import front as doors
from tests.selftest.authority import Authority
from tests.selftest.front import CSRF, KEY, NAME, PASSWORD, SESSION, SIGNS, USER, Front
from tests.selftest.relay import relay

pytestmark = pytest.mark.skipif(
    doors.NGINX is None, reason="needs nginx: apt-get install nginx-light (.ci/run does)"
)
SECRETS = (PASSWORD, KEY, SESSION, CSRF, SIGNS, "cookie-csrf-99")
PASS, FAIL, OPEN = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The front door, for all tests of this module."""
    with doors.front(tmp_path_factory.mktemp("front")) as found:
        yield found


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    known.begin(())
    for name, value in {
        "SHOP_USER": USER,
        "SHOP_PASSWORD": PASSWORD,
        "SHOP_KEY": KEY,
        "SHOP_SESSION": SESSION,
        "SHOP_SIGNS": SIGNS,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def _as_it_was(front: Front) -> Iterator[None]:
    claims = dict(front.app.claims)
    yield
    front.app.claims, front.app.algorithm = claims, "HS256"
    front.app.asked.clear()


ROLES = """
[api.roles.by_form]
user_env = "SHOP_USER"
password_env = "SHOP_PASSWORD"
login = "sign_in"
[api.roles.by_json]
user_env = "SHOP_USER"
password_env = "SHOP_PASSWORD"
login = "issue"
[api.roles.basic]
user_env = "SHOP_USER"
password_env = "SHOP_PASSWORD"
basic = true
[api.roles.key]
value_env = "SHOP_KEY"
header = "X-API-Key"
[api.roles.prefixed]
value_env = "SHOP_KEY"
header = "Authorization"
prefix = "ApiKey "
[api.roles.session]
value_env = "SHOP_SESSION"
cookie = "sessionid"
"""
SIGN_IN = """
method = "POST"
path = "/login"
as_role = "by_form"
form = { user = "{user}", pass = "{password}", csrf = "{csrf}" }
login = { page = "/login", csrf = "csrf", cookie = "sessionid" }
status = 303
location = "/home"
content_type = ""
cookies.sessionid = { secure = true, http_only = true, same_site = "Lax", path = "/" }
"""
ISSUE = """
method = "POST"
path = "/token"
as_role = "by_json"
json = { user = "{user}", password = "{password}" }
login = { token_at = "/data/jwt" }
"""


def target(front: Front, more: str = "", roles: str = ROLES) -> str:
    """A target with the front door as its own base."""
    return (
        'title = "T"\nhost = "local://"\n[deadlines]\nwindow_s = 0.05\nconnect_s = 3\n[api]\n'
        f'base = "https://127.0.0.1:{front.port["front"]}"\nca_file = "{front.ca}"\n'
        f'server_name = "{NAME}"\n{more}\n{roles}'
    )


def outcomes(folder: pathlib.Path, text: str, /, **items: str) -> dict[str, Result]:
    """Look at some endpoints and judge every item; no secret is in anything that comes of it."""
    return judged(
        folder,
        text,
        endpoints="\n".join(
            f'[endpoint.{name}]\ntitle = "t"\nsource = "s"\n{keys}' for name, keys in items.items()
        ),
    )


def judged(folder: pathlib.Path, text: str, /, **chapters: str) -> dict[str, Result]:
    """The same of whole chapters."""
    (folder / "here.toml").write_text(text, "utf-8")
    (folder / "contract").mkdir(exist_ok=True)
    for name, chapter in chapters.items():
        (folder / "contract" / f"{name}.toml").write_text(chapter, "utf-8")
    place = load_target(str(folder / "here.toml"), folder)
    promised = load_contract(folder / "contract", logins=place.api.logins)
    observed = look(promised, place, "predeploy")
    scene = Scene(contract=promised, target=place, moment="predeploy", observed=observed)
    found = {one.id: judge(one, scene).result for one in promised.at("predeploy")}
    kept = json.dumps(known.tell_json(observed.model_dump(mode="json")))
    for secret in SECRETS:
        assert secret not in kept
        assert all(secret not in f"{one.reason}{one.seen}{one.look}" for one in found.values())
    return {id_.partition(".")[2]: one for id_, one in found.items()}


def test_a_private_authority_and_another_name(front: Front, tmp_path: pathlib.Path) -> None:
    """The door is asked for its name, and its certificate is good by whom the target trusts."""
    found = outcomes(
        tmp_path,
        target(front),
        page='path = "/page"\ncontent_type = "text/html"\ntext = ["Welcome"]\ndays_left = 30',
        soon='path = "/page"\ncontent_type = "text/html"\ndays_left = 90',
    )
    assert found["page"].outcome is PASS, found
    assert found["soon"].outcome is FAIL
    assert "good for only 59 more days" in found["soon"].reason


@pytest.mark.parametrize(
    ("replace", "outcome", "why"),
    [
        ("server_name", FAIL, "is not good for 127.0.0.1"),
        ("ca_file", OPEN, "name it as ca_file beside the base"),
    ],
)
def test_what_is_not_trusted(
    front: Front, tmp_path: pathlib.Path, replace: str, outcome: Outcome, why: str
) -> None:
    """Another name is broken; an unknown issuer is broken only where it is said whom to trust."""
    lines = [one for one in target(front).splitlines() if not one.startswith(replace)]
    found = outcomes(tmp_path, "\n".join(lines), page='path = "/page"')["page"]
    assert found.outcome is outcome, found
    assert why in found.reason


def test_somebody_elses_certificate(front: Front, tmp_path: pathlib.Path) -> None:
    """A door whose certificate was issued by another than the promised authority is broken."""
    stranger = Authority(tmp_path, "A stranger").file
    text = target(front).replace(str(front.ca), str(stranger))
    found = outcomes(tmp_path, text, page='path = "/page"')["page"]
    assert found.outcome is FAIL
    assert "unable to get local issuer" in found.reason


def test_several_bases(front: Front, tmp_path: pathlib.Path) -> None:
    """Front door and backend, an expired one, one that drops, one that is closed: each by name."""
    with doors.silent() as port:
        more = "".join(
            f'[api.bases.{name}]\nbase = "{base}"\n'
            + (f'ca_file = "{front.ca}"\n' if base.startswith("https:") else "")
            for name, base in {
                "backend": f"http://127.0.0.1:{front.app.port}",
                "expired": f"https://127.0.0.1:{front.port['expired']}",
                "dropped": f"http://127.0.0.1:{port}",
                "refused": "http://127.0.0.1:9",
                "no_tls": f"https://127.0.0.1:{front.app.port}",
            }.items()
        )
        page = 'path = "/page"\ncontent_type = "text/html"\n'
        found = outcomes(
            tmp_path,
            target(front, more),
            front=page,
            backend=page + 'base = "backend"',
            expired=page + 'base = "expired"',
            dropped=page + 'base = "dropped"\ndeadline_s = 1',
            refused=page + 'base = "refused"',
            no_tls=page + 'base = "no_tls"',
            closed_dropped='path = "/"\nbase = "dropped"\nclosed = true\ndeadline_s = 1',
            closed_refused='path = "/"\nbase = "refused"\nclosed = true',
            closed_open='path = "/"\nbase = "backend"\nclosed = true',
        )
    assert {name: one.outcome for name, one in found.items()} == {
        **dict.fromkeys(("front", "backend", "closed_dropped", "closed_refused"), PASS),
        **dict.fromkeys(("expired", "dropped", "refused", "no_tls", "closed_open"), FAIL),
    }, found
    assert "certificate has expired" in found["expired"].reason
    assert "a firewall drops it" in found["dropped"].reason
    assert "takes connections from here" in found["closed_open"].reason
    assert "no TLS" in found["no_tls"].reason


def test_silence_alone_proves_nothing(front: Front, tmp_path: pathlib.Path) -> None:
    """Where nothing else answers on that host, it may be the way: neither open nor closed."""
    del front
    with doors.silent() as port:
        text = (
            'title = "T"\nhost = "local://"\n[deadlines]\nwindow_s = 0.05\nconnect_s = 0.5\n'
            f'[api]\nbase = "http://127.0.0.1:{port}"\n'
        )
        found = outcomes(
            tmp_path,
            text,
            asked='path = "/"\ndeadline_s = 2',
            closed='path = "/"\nclosed = true',
        )
    for one in found.values():
        assert one.outcome is OPEN, found
        assert "a firewall drops it, or there is no way" in one.reason


@pytest.mark.parametrize("role", ["by_form", "by_json", "basic", "key", "prefixed", "session"])
def test_each_login(front: Front, tmp_path: pathlib.Path, role: str) -> None:
    """By form with its hidden field and cookies, JSON, Basic, key, header, session: all known."""
    says = {"by_form": "session", "by_json": "bearer", "prefixed": "key"}.get(role, role)
    found = outcomes(
        tmp_path,
        target(front),
        sign_in=SIGN_IN,
        issue=ISSUE,
        mine=f'path = "/whoami"\nrole = "{role}"\nbody.properties.user.const = "{says}"\n'
        'body.required = ["user"]',
        stranger='path = "/whoami"\nstatus = 401',
    )
    assert {one.outcome for one in found.values()} == {PASS}, found


@pytest.mark.parametrize("role", ["by_form", "by_json", "basic"])
def test_a_login_that_is_wrong(
    front: Front, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    """A page with an anonymous session is no login: what needs it is open, and its item broken."""
    monkeypatch.setenv("SHOP_PASSWORD", "wrong battery staple")
    found = outcomes(
        tmp_path,
        target(front),
        sign_in=SIGN_IN,
        issue=ISSUE,
        mine=f'path = "/whoami"\nrole = "{role}"\n',
    )
    assert found["mine"].outcome is (FAIL if role == "basic" else OPEN), found
    assert found["sign_in"].outcome is FAIL
    assert found["issue"].outcome is FAIL
    if role == "by_form":
        assert "without the cookie sessionid: 303 is promised" in found["mine"].reason


def test_roles_by_endpoints(front: Front, tmp_path: pathlib.Path) -> None:
    """The matrix knows every login, and every base."""
    more = f'[api.bases.backend]\nbase = "http://127.0.0.1:{front.app.port}"\n'
    head = '[access.{0}]\ntitle = "t"\nsource = "s"\npath = "/whoami"\n'
    roles = 'roles = {by_form = "allowed", key = "allowed", basic = "allowed", nobody = "denied"}\n'
    text = "".join(
        f'[endpoint.{name}]\ntitle = "t"\nsource = "s"\n{keys}'
        for name, keys in {"sign_in": SIGN_IN, "issue": ISSUE}.items()
    )
    access = head.format("front") + roles + head.format("back") + 'base = "backend"\n' + roles
    found = judged(tmp_path, target(front, more), endpoints=text, access=access)
    assert {one.outcome for one in found.values()} == {PASS}, found
    assert len(found) == 10


def test_a_client_certificate(
    front: Front, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By path, by a variable with a path, by a variable with the text, with a locked key."""
    folder = front.folder
    monkeypatch.setenv("SHOP_CERT", str(folder / "client.pem"))
    pem = (folder / "client.pem").read_text() + (folder / "client.key").read_text()
    monkeypatch.setenv("SHOP_PEM", pem)
    ways = {
        "paths": f'client_certificate = "{folder}/client.pem"\nclient_key = "{folder}/client.key"',
        "variable": f'client_certificate_env = "SHOP_CERT"\nclient_key = "{folder}/client.key"',
        "text": 'client_certificate_env = "SHOP_PEM"',
        "locked": f'client_certificate = "{folder}/locked.pem"\nclient_key = "{folder}/locked.key"'
        '\nclient_key_password_env = "SHOP_PASSWORD"',
        "nobody": "",
    }
    more = "".join(
        f'[api.bases.{name}]\nbase = "https://127.0.0.1:{front.port["mutual"]}"\n'
        f'ca_file = "{front.ca}"\n{keys}\n'
        for name, keys in ways.items()
    )
    asked = {
        name: f'path = "/whoami"\nbase = "{name}"\nbody.properties.client.const = "CN=a gate"\n'
        for name in ways
    }
    found = outcomes(tmp_path, target(front, more), **asked)
    assert found.pop("nobody").outcome is FAIL
    assert {one.outcome for one in found.values()} == {PASS}, found
    assert "--cert" in found["paths"].look


def test_http_2(front: Front, tmp_path: pathlib.Path) -> None:
    """It is spoken where the base offers it, and its absence is named."""
    page = 'path = "/page"\ncontent_type = "text/html"\nhttp_version = "{}"\ntext = ["Welcome"]'
    offered = outcomes(tmp_path, target(front, "http2 = true"), page=page.format("2"))
    plain = outcomes(tmp_path, target(front), page=page.format("2"), one=page.format("1.1"))
    assert offered["page"].outcome is PASS, offered
    assert plain["one"].outcome is PASS
    assert plain["page"].outcome is FAIL
    assert "spoken in HTTP/1.1, not HTTP/2" in plain["page"].reason


def test_through_a_forward(front: Front, tmp_path: pathlib.Path) -> None:
    """TLS is spoken through the host's connection as it is from outside, with the same name."""
    (tmp_path / "here.toml").write_text(target(front, "forward = true\nhttp2 = true"), "utf-8")
    (tmp_path / "log").touch()
    place = load_target(str(tmp_path / "here.toml"), tmp_path)
    keys = {"title": "t", "source": "s", "content_type": "text/html", "days_left": 1}
    asked = {
        "endpoint.page": Endpoint.model_validate({**keys, "path": "/page", "http_version": "2"}),
        "endpoint.shut": Endpoint.model_validate({**keys, "path": "/", "closed": True}),
    }
    with relay(tmp_path / "api.sock", front.port["front"]) as socket:
        way = Forward(socket=socket, leads_to="127.0.0.1:443", log=tmp_path / "log")
        found = api_look(place, asked, (), {}, ways={"": way})
        none = CannotTell("ssh refuses", Cause.UPSTREAM)
        without = api_look(place, asked, (), {}, ways={"": none})
    assert isinstance(found, Seen)
    page, shut = found.value.answers["endpoint.page"], found.value.answers["endpoint.shut"]
    assert isinstance(page, Seen), page
    assert (page.value.status, page.value.http_version) == (200, "2")
    assert page.value.certificate is not None
    assert isinstance(shut, CannotTell)
    assert "closed is looked at from outside" in shut.reason
    assert isinstance(without, Seen)
    assert without.value.answers["endpoint.page"] == none


def test_a_location_that_is_none(front: Front, tmp_path: pathlib.Path) -> None:
    """What is no address spoils its own items, whoever reads it."""
    odd = 'path = "/odd"\ncontent_type = ""\n'
    login = SIGN_IN.replace('path = "/login"', 'path = "/odd"').replace("sessionid", "a")
    found = outcomes(
        tmp_path,
        target(front),
        sign_in=login.replace('csrf = "{csrf}"', 'csrf = "x"').replace(
            'page = "/login", csrf = "csrf", ', ""
        ),
        shown=odd + 'status = 302\nlocation = "/page"',
        followed=odd + 'redirects = [{ status = 302, location = "/page" }]',
        mine='path = "/whoami"\nrole = "by_form"',
        page='path = "/page"\ncontent_type = "text/html"',
    )
    assert {name: one.outcome for name, one in found.items()} == {
        "sign_in": FAIL,
        "shown": FAIL,
        "followed": OPEN,
        "mine": OPEN,
        "page": PASS,
    }, found
    assert "leads to http://[odd" in found["shown"].reason


HEADERS: dict[str, tuple[str, str]] = {
    "exact": ('headers.X-Frame-Options = "DENY"', ""),
    "any": ("headers.x-frame-options = true", ""),
    "like": ('headers.Strict-Transport-Security.like = ["max-age=[1-9][0-9]{7,}"]', ""),
    "none": ("headers.X-Powered-By = false", ""),
    "other": ('headers.X-Frame-Options = "SAMEORIGIN"', "says 'DENY', not 'SAMEORIGIN'"),
    "lacking": ("headers.Content-Security-Policy = true", "no header Content-Security-Policy"),
    "unlike": ('headers.Strict-Transport-Security.like = ["preload"]', "is not like 'preload'"),
    "never": ('headers.Strict-Transport-Security.never = ["(?i)SUB"]', "is like '(?i)SUB'"),
    "there": ("headers.Server = false", "the header Server says 'nginx'"),
    "size": ("at_least_bytes = 10\nat_most_bytes = 100", ""),
    "small": ("at_least_bytes = 100", "has 28 bytes, promised 100 at least"),
    "large": ("at_most_bytes = 10", "has 28 bytes, promised 10 at most"),
    "text_like": ('like = ["Welcome to the \\\\w+"]', ""),
    "text_unlike": ('like = ["Goodbye"]', "nothing in the body is like 'Goodbye'"),
    "no_metrics": ('metrics = [{ name = "db_up" }]', "there is no sample of db_up"),
}


def test_headers_and_size(front: Front, tmp_path: pathlib.Path) -> None:
    """What is promised of them holds, or is named."""
    asked = {
        name: f'path = "/page"\ncontent_type = "text/html"\n{keys}'
        for name, (keys, _) in HEADERS.items()
    }
    expect(outcomes(tmp_path, target(front), **asked), {k: why for k, (_, why) in HEADERS.items()})


def expect(found: dict[str, Result], wanted: dict[str, str]) -> None:
    """Each fails for its reason, or passes where there is none."""
    for name, why in wanted.items():
        assert found[name].outcome is (FAIL if why else PASS), (name, found[name])
        assert why in found[name].reason, (name, found[name].reason)


PREFLIGHT = """
method = "OPTIONS"
path = "/whoami"
status = 204
content_type = ""
request_headers = {{ Origin = "{}", Access-Control-Request-Method = "POST" }}
headers.Access-Control-Allow-Origin = """
FLAGS = """
path = "/cookies"
content_type = "text/html"
cookies."*" = { secure = true, http_only = true, same_site = "Lax", lives_at_most_s = 3600 }
"""
BODIES: dict[str, tuple[str, str]] = {
    "error_page": (
        'path = "/error-page"\ncontent_type = "text/html"\nnever = ["(?i)went wrong"]',
        "the answer says 'went wrong'",
    ),
    "without": ('path = "/user"\nwithout = ["/secret", "/profile/salt"]', ""),
    "shows": ('path = "/user"\nwithout = ["/**/password_hash"]', "shows /profile/password_hash"),
    "no_json": ('path = "/page"\ncontent_type = ""\nwithout = ["/a"]', "the body is no JSON"),
    "flags": (
        FLAGS,
        "the cookie theme is set without Secure",
    ),
    "unset": (
        'path = "/cookies"\ncontent_type = "text/html"\ncookies.sid = { secure = true }',
        "no cookie sid is set",
    ),
    "no_cookie": (
        'path = "/page"\ncontent_type = "text/html"\ncookies."*" = { secure = true }',
        "no cookie is set",
    ),
    "tracked": (
        'path = "/cookies"\ncontent_type = "text/html"\ncookies.theme.absent = true',
        "the cookie theme is set",
    ),
    "preflight": (
        PREFLIGHT.format("https://app.example") + '"https://app.example"',
        "",
    ),
    "preflight_evil": (
        PREFLIGHT.format("https://evil.example") + "true",
        "there is no header Access-Control-Allow-Origin",
    ),
    "header_by_name": (
        'path = "/whoami"\nrequest_headers = { X-API-Key = "{partner}" }',
        "",
    ),
}


def test_bodies_cookies_and_preflights(front: Front, tmp_path: pathlib.Path) -> None:
    """So with what stands in a body, what must not, and with what a browser asks first."""
    text = target(front, roles=ROLES + '[api.values_env]\npartner = "SHOP_KEY"\n')
    found = outcomes(tmp_path, text, **{name: keys for name, (keys, _) in BODIES.items()})
    expect(found, {name: why for name, (_, why) in BODIES.items()})


def test_a_name_of_plain_http(front: Front, tmp_path: pathlib.Path) -> None:
    """Without TLS, too, a base is asked for the name that it is called by, and as it is looked."""
    port = front.port["plain"]
    plain = f'[api.bases.{{}}]\nbase = "http://127.0.0.1:{port}"\n{{}}\n'
    more = plain.format("bare", "") + plain.format("named", f'server_name = "{NAME}"')
    page = 'base = "{}"\npath = "/host"\ncontent_type = "text/plain"\ntext = ["asked for {}"]'
    found = outcomes(
        tmp_path,
        target(front, more),
        named=page.format("named", f"{NAME}:{port}"),
        bare=page.format("bare", f"{NAME}:{port}"),
    )
    assert (found["named"].outcome, found["bare"].outcome) == (PASS, FAIL), found
    assert f"--connect-to {NAME}:{port}:127.0.0.1:{port} http://{NAME}:{port}/host" in str(
        found["named"].look
    )


@pytest.mark.parametrize("port", ["", ":80"])
def test_tls_of_a_name_of_plain_http(tmp_path: pathlib.Path, port: str) -> None:
    """What plain HTTP leads to on the name that was asked for is asked at the same address."""
    (tmp_path / "here.toml").write_text(
        'title = "T"\nhost = "local://"\n[api]\n'
        f'base = "http://127.0.0.1{port}"\nserver_name = "{NAME}"\n'
    )
    place = load_target(str(tmp_path / "here.toml"), tmp_path)
    found = beyond(f"https://{NAME}/page", place, {}, {})
    assert found is not None
    assert (found.address, found.host) == ("https://127.0.0.1", NAME)
    assert beyond("https://127.0.0.1/page", place, {}, {}) is None


def test_redirects(front: Front, tmp_path: pathlib.Path) -> None:
    """Each hop has its status and place; nobody but the target's bases is asked."""
    more = (
        f'[api.bases.plain]\nbase = "http://127.0.0.1:{front.port["plain"]}"\n'
        f'[api.bases.other]\nbase = "https://127.0.0.1:{front.port["other"]}"\n'
        f'ca_file = "{front.ca}"\n'
    )
    door = f"https://{NAME}:{front.port['front']}"
    page = 'content_type = "text/html"\n'
    hop = '{{ status = {}, location = "{}" }}'.format
    cases = {
        "followed": (
            f'path = "/old"\nredirects = [{hop(301, "/new")}, {hop(302, door + "/page")}]\n'
            'text = ["Welcome"]\n' + page,
            "",
        ),
        "to_tls": (
            f'base = "plain"\npath = "/page"\nredirects = [{hop(301, door + "/page")}]\n' + page,
            "",
        ),
        "shown": ('path = "/old"\nstatus = 301\nlocation = "/new"\n' + page, ""),
        "elsewhere": (
            'path = "/old"\nstatus = 301\nlocation = "/other"\n' + page,
            "leads to ",
        ),
        "status": (
            f'path = "/old"\nredirects = [{hop(302, "/new")}, {hop(302, "/page")}]\n' + page,
            "redirection 1 answered 301, not 302",
        ),
        "place": (
            f'path = "/old"\nredirects = [{hop(301, "/new")}, {hop(302, "/home")}]\n' + page,
            f"redirection 2 leads to {door}/page, not to /home",
        ),
        "more": (
            f'path = "/old"\nredirects = [{hop(301, "/new")}]\n' + page,
            "redirection 2 to",
        ),
        "fewer": (
            f'path = "/page"\nredirects = [{hop(301, "/page")}]\n' + page,
            "redirection 1 is none: 200",
        ),
        "away": (
            f'path = "/away"\nredirects = [{hop(302, "https://elsewhere.example/page")}]\n' + page,
            "https://elsewhere.example is no base of the target",
        ),
        "loop": (
            f'path = "/loop"\nredirects = [{hop(302, "/loop")}]\n' + page,
            "more than 10 redirections",
        ),
    }
    found = outcomes(
        tmp_path, target(front, more), **{name: keys for name, (keys, _) in cases.items()}
    )
    expect(found, {name: why for name, (_, why) in cases.items()})


def test_no_credential_goes_to_another_origin(front: Front, tmp_path: pathlib.Path) -> None:
    """What a role carries stays where it was promised, also at a base of the same target."""
    more = (
        f'[api.bases.other]\nbase = "https://127.0.0.1:{front.port["other"]}"\n'
        f'ca_file = "{front.ca}"\n'
    )
    to = f"https://127.0.0.1:{front.port['other']}/whoami"
    found = outcomes(
        tmp_path,
        target(front, more),
        led=f'path = "/to-other"\nrole = "key"\nstatus = 401\n'
        f'redirects = [{{ status = 302, location = "{to}" }}]',
        asked='path = "/whoami"\nrole = "key"',
    )
    assert {one.outcome for one in found.values()} == {PASS}, found
    carried = [{key.lower() for key in headers} for path, headers in front.app.asked]
    assert [("x-api-key" in keys) for keys in carried].count(True) == 1


TOKEN = 'token = { at = "/data/jwt"'  # noqa: S105 - a place
CLAIMS = """
token.at = "/data/jwt"
token.algorithms = ["HS256"]
token.lives_at_least_s = 3600
token.lives_at_most_s = 3600
token.claims.required = ["sub"]
token.claims.properties.role.const = "agent"
"""
TOKENS: dict[str, tuple[str, dict[str, object], str]] = {
    "good": (
        CLAIMS,
        {},
        "",
    ),
    "role": (
        TOKEN + ', claims = { properties = { role = { const = "admin" } } } }',
        {},
        "the token's claims at /role",
    ),
    "short": (TOKEN + ", lives_at_least_s = 7200 }", {}, "lives 3600 s, promised 7200 s at least"),
    "long": (TOKEN + ", lives_at_most_s = 60 }", {}, "lives 3600 s, promised 60 s at most"),
    "for_ever": (TOKEN + ", lives_at_most_s = 60 }", {"exp": None}, "the token lives for ever"),
    "algorithm": (TOKEN + ', algorithms = ["RS256"] }', {}, "signed by HS256, not RS256"),
    "nowhere": ('token = { at = "/jwt" }', {}, "there is no token at /jwt"),
}


@pytest.mark.parametrize("name", TOKENS)
def test_claims(front: Front, tmp_path: pathlib.Path, name: str) -> None:
    """What a token claims, how long it lives, and how it is signed."""
    keys, claims, why = TOKENS[name]
    changed = {**front.app.claims, **claims}
    front.app.claims = {key: one for key, one in changed.items() if one is not None}
    expect(outcomes(tmp_path, target(front), sign_in=SIGN_IN, issue=ISSUE + keys), {"issue": why})


def forged(payload: bytes) -> str:
    """A token whose payload is whatever somebody sends."""
    head, body = (
        base64.urlsafe_b64encode(one).rstrip(b"=") for one in (b'{"alg":"HS256"}', payload)
    )
    return b".".join([head, body, b"c2ln"]).decode()


ODD_CLAIMS = {
    "lone": (b'{"sub": "\\ud800", "exp": 1}', ""),
    "nan": (b'{"sub": "a", "exp": NaN}', "claims no JSON"),
    "deep": (b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}", "is no JWT|claims no JSON"),
    "list": (b"[]", "is no JWT"),
    "digits": (b'{"exp": ' + b"9" * 400 + b"}", "claims no JSON"),
    "bytes": (b"\xff\xfe", "is no JWT"),
}


@pytest.mark.parametrize("name", ODD_CLAIMS)
def test_odd_tokens(name: str) -> None:
    """Whatever a token claims can be written again, or is no token."""
    payload, why = ODD_CLAIMS[name]
    found = read(TokenPromise(at="/t"), {"t": forged(payload)}, {}, None)
    found.model_dump_json().encode()
    assert re.search(why, found.flaw) if why else not found.flaw


def test_signatures(front: Front, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verified where a key is given; a token that nothing signs is broken in any case."""
    verified = f"{ISSUE}{TOKEN}, verified = true }}\n"
    keyed = target(front, 'token_key_env = "SHOP_SIGNS"')
    assert outcomes(tmp_path, keyed, sign_in=SIGN_IN, issue=verified)["issue"].outcome is PASS
    without = outcomes(tmp_path, target(front), sign_in=SIGN_IN, issue=verified)["issue"]
    assert without.outcome is OPEN
    assert "the target names no token_key_env" in without.reason
    monkeypatch.setenv("SHOP_SIGNS", "the key of somebody else entirely")
    other = outcomes(tmp_path, keyed, sign_in=SIGN_IN, issue=f"{ISSUE}{TOKEN} }}\n")
    expect(other, {"issue": "signature is not made by the key"})
    front.app.algorithm = "none"
    expect(
        outcomes(tmp_path, target(front), sign_in=SIGN_IN, issue=f"{ISSUE}{TOKEN} }}\n"),
        {"issue": "signed by nothing"},
    )


METRIC = 'content_type = "{}"\npath = "{}"\nmetrics = [{{ {} }}]'
PLAIN, OPENED = "text/plain", "application/openmetrics-text"
METRICS: dict[str, tuple[str, str]] = {
    "up": (METRIC.format(PLAIN, "/metrics", 'name = "db_up", at_least = 1'), ""),
    "labels": (
        METRIC.format(
            *(PLAIN, "/metrics"),
            'name = "http_requests_total", labels = {code = "500"}, at_most = 5, type = "counter"',
        ),
        "",
    ),
    "declared": (
        METRIC.format(PLAIN, "/metrics", 'name = "never_observed_seconds", type = "histogram"'),
        "",
    ),
    "observed": (
        METRIC.format(PLAIN, "/metrics", 'name = "never_observed_seconds"'),
        "there is no sample of never_observed_seconds",
    ),
    "too_many": (
        METRIC.format(PLAIN, "/metrics", 'name = "http_requests_total", at_most = 5'),
        'http_requests_total{code="200", method="get"} 1027, promised at most 5',
    ),
    "nan": (METRIC.format(PLAIN, "/metrics", 'name = "odd_ratio", at_most = 5'), "odd_ratio nan"),
    "type": (
        METRIC.format(PLAIN, "/metrics", 'name = "db_up", type = "counter"'),
        "db_up is declared as gauge, not counter",
    ),
    "absent": (
        METRIC.format(PLAIN, "/metrics", 'name = "db_up", absent = true'),
        "there is db_up 1",
    ),
    "open": (
        METRIC.format(OPENED, "/open-metrics", 'name = "jobs_total", at_least = 5'),
        "",
    ),
    "cut": (
        METRIC.format(OPENED, "/cut-metrics", 'name = "jobs_total"'),
        "it does not end with # EOF",
    ),
    "none": (METRIC.format(PLAIN, "/no-metrics", 'name = "db_up"'), "no exposition of metrics"),
    "stated": ('content_type = "text/plain"\npath = "/metrics"\ntext = ["\\ndb_up 1\\n"]', ""),
    "commented": (
        'content_type = "text/plain"\npath = "/metrics"\ntext = ["never_observed_seconds"]',
        "the body lacks 'never_observed_seconds'",
    ),
    "helped": ('content_type = "text/plain"\npath = "/metrics"\nnever = ["failed"]', ""),
}


def test_metrics(front: Front, tmp_path: pathlib.Path) -> None:
    """Samples are read with labels and values; what stands in comments states nothing."""
    asked = {name: keys for name, (keys, _) in METRICS.items()}
    started = time.monotonic()
    found = outcomes(
        tmp_path,
        target(front),
        **asked,
        flood=METRIC.format(PLAIN, "/flood", 'name = "db_up", at_least = 1'),
    )
    assert time.monotonic() - started < 10
    assert found["flood"].outcome is OPEN
    assert "characters speak of what is promised" in found["flood"].reason
    expect(found, {name: why for name, (_, why) in METRICS.items()})
