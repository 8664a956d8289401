"""The example of queries of another database, on a real MariaDB server."""

from __future__ import annotations

import importlib
import pathlib
import shutil
import subprocess
import time
from collections.abc import Iterator

import pytest

from gate.errors import ContractError
from gate.kinds import registry
from gate.kinds.registry import kinds
from tests.selftest.promised import CANNOT, all_of, check, contract, judge, lying, recorded, scene

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_S = 60.0
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"
FILL = """
    CREATE DATABASE shop; CREATE TABLE shop.orders (id int PRIMARY KEY, state varchar(9));
    INSERT INTO shop.orders VALUES (1, 'new'), (2, 'paid');
"""


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example's kind, as if its package were installed."""
    monkeypatch.syspath_prepend(str(ROOT / "examples/mysql"))
    module = importlib.import_module("gate_mysql")
    own = registry._own  # noqa: SLF001 - in the place of an installed package
    monkeypatch.setattr(registry, "_own", lambda: (*own(), module.KIND))
    kinds.cache_clear()
    yield
    monkeypatch.undo()
    kinds.cache_clear()


@pytest.fixture
def options(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """A server with a few rows: the option file that leads to it."""
    server, client = (shutil.which(one) or shutil.which(one, path=PATH) for one in SERVER)
    if server is None or client is None:
        pytest.skip("this machine has no MariaDB: apt-get install mariadb-server-core and -client")
    place, data = tmp_path / "sock", tmp_path / "data"
    data.mkdir()
    base = pathlib.Path(server).resolve().parents[1]
    words = [
        *("--no-defaults", "--skip-grant-tables", "--skip-networking", "--user=root"),
        *(f"--basedir={base}", f"--datadir={data}", f"--socket={place}"),
        f"--pid-file={tmp_path / 'pid'}",
    ]
    file = tmp_path / "options.cnf"
    file.write_text(f"[client]\nsocket={place}\nuser=root\n", "utf-8")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([server, *words], stdout=log, stderr=log)  # noqa: S603
    try:
        fill = [client, f"--defaults-file={file}", "-e", FILL]
        ends = time.monotonic() + READY_S
        while (done := subprocess.run(fill, capture_output=True, check=False)).returncode:  # noqa: S603
            said = done.stderr.decode() + (tmp_path / "log").read_text("utf-8")[-2000:]
            assert process.poll() is None, said
            assert time.monotonic() < ends, said
            time.sleep(0.1)
        yield file
    finally:
        process.terminate()
        process.wait(READY_S)


SERVER = ("mariadbd", "mysql")


def items(file: pathlib.Path) -> dict[str, str]:
    """What is promised of it."""
    sql = {
        "value": ("SELECT count(*) FROM shop.orders", 'value = "2"\nat_least = 2'),
        "set": ("SELECT state FROM shop.orders", 'set = ["paid", "new"]'),
        "other": ("SELECT count(*) FROM shop.orders", "at_least = 3"),
        "missing": ("SELECT state FROM shop.orders", 'set = ["paid"]'),
        "empty": ("SELECT id FROM shop.orders WHERE id > 9", 'value = "1"'),
        "away": ("SELECT * FROM shop.nosuch", 'value = "1"'),
        "writes": ("WITH x AS (SELECT 1) DELETE FROM shop.orders", 'value = "1"'),
        "hangs": ("SELECT sleep(60)", 'value = "0"'),
    }
    of = f'defaults_file = "{file}"\n'
    return {f"mysql.{name}": f"{of}sql = '{one}'\n{keys}" for name, (one, keys) in sql.items()}


@pytest.mark.usefixtures("kind")
def test_on_a_real_server(options: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Holds, wrong, empty, not to be told; nothing is written."""
    said = judge(tmp_path, items(options))
    check(
        said,
        {
            **all_of(("mysql.value", "mysql.set"), ""),
            "mysql.other": "it is only 2",
            "mysql.missing": "'new' is not promised",
            "mysql.empty": "it answers no row",
            **all_of(("mysql.away", "mysql.writes", "mysql.hangs"), CANNOT),
        },
    )
    few = {id_: items(options)[id_] for id_ in ("mysql.value", "mysql.set")}
    found = recorded(scene(tmp_path, few), "mysql")
    assert sorted(found["set"]["set"]) == ["new", "paid"]


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize("does", ["exit 0", "echo 2", "exit 1", "exit 127", "echo 2; echo x"])
def test_a_client_that_lies(does: str, tmp_path: pathlib.Path) -> None:
    """An answer without its end is none."""
    promised = items(tmp_path / "options.cnf")
    check(judge(tmp_path, promised, lying(tmp_path, mysql=does)), all_of(promised, CANNOT))


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize("sql", ["DELETE FROM x", "SELECT 1; COMMIT", "SELECT 1 \\\\! id"])
def test_mistakes(sql: str, tmp_path: pathlib.Path) -> None:
    """A statement that writes, two of them, a command of the client."""
    keys = f'defaults_file = "/x"\nvalue = "1"\nsql = "{sql}"'
    with pytest.raises(ContractError, match="sql"):
        contract(tmp_path, {"mysql.x": keys})
