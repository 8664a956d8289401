"""Small Alembic projects, one per disease: a live database at ``r0`` and a release with ``r1``."""

from __future__ import annotations

import dataclasses

ENV = """
import os
from alembic import context
from sqlalchemy import create_engine, pool

engine = create_engine({url}, poolclass=pool.NullPool)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True,
                      version_table={versions!r})
    with context.begin_transaction():
        context.run_migrations()
"""
OBEDIENT = 'os.environ["DATABASE_URL"]'

LIVE = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TYPE state AS ENUM ('open', 'closed');
CREATE TABLE item (id integer PRIMARY KEY, name varchar(50) NOT NULL DEFAULT 'none',
                   state state NOT NULL DEFAULT 'open', size integer, v vector(3));
CREATE INDEX ix_item_v ON item USING hnsw (v vector_cosine_ops) WITH (m=16, ef_construction=64);
INSERT INTO item SELECT n, 'name ' || n, 'open', n,
                        ARRAY[sin(n), cos(n), sin(n * 2)]::real[]::vector
                   FROM generate_series(1, {rows}) AS n;
CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
INSERT INTO alembic_version VALUES ('r0');
"""


LENT = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'borrower') THEN
        CREATE ROLE borrower;
        CREATE ROLE lender;
    END IF;
END $$;
CREATE TABLE lent (id integer);
ALTER TABLE lent OWNER TO lender;
GRANT SELECT ON lent TO borrower;
"""
"""A table that is another role's and granted to a third; for a live database."""
WHERE_KNOWN = """
DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'lender') THEN {}; END IF; END $$
"""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Project:
    """A release and what is wrong with it.

    Attributes:
        up, down: Bodies of ``upgrade`` and ``downgrade`` of ``r1``.
        finds: Words of the finding by item; ``?`` first for what cannot be told. Empty: healthy.
        warns: Words of a warning by item.
        loses: What the contract says that a rollback gives up.
        files: Further revision files, by name.
        env: Expression of the URL in ``env.py``, or the whole of it.
        live: SQL that is run on the live database after it was made.
        rows: Rows of ``item``.
        how: Further keys of ``[alembic]``.
        restores: Where the contract says that the downgrade ends.
        versions: Where its ``env.py`` keeps the revision.
        database: Further promises about the database afterwards.
    """

    up: str = "pass"
    down: str = "pass"
    finds: dict[str, str] = dataclasses.field(default_factory=dict)
    warns: dict[str, str] = dataclasses.field(default_factory=dict)
    loses: tuple[str, ...] = ()
    files: dict[str, str] = dataclasses.field(default_factory=dict)
    env: str = OBEDIENT
    live: str = ""
    rows: int = 200
    how: str = ""
    restores: str = "r0"
    versions: str = "alembic_version"
    database: str = ""


def revision(
    name: str, parent: str | tuple[str, ...] | None, up: str = "pass", down: str = "pass"
) -> str:
    """A revision file."""

    def body(text: str) -> str:
        return "\n".join(f"    {line}" for line in text.strip().splitlines())

    return (
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = {name!r}\ndown_revision = {parent!r}\n\n"
        f"def upgrade():\n{body(up)}\n\ndef downgrade():\n{body(down)}\n"
    )


def sql(*statements: str) -> str:
    """A body that executes statements."""
    return "\n".join(f"op.execute({one!r})" for one in statements)


NEW = sql("CREATE TABLE extra (id integer PRIMARY KEY)")
GONE = sql("DROP TABLE extra")
IF_ROWS = "DO $$ BEGIN IF EXISTS (SELECT FROM {}) THEN RAISE 'rows are there'; END IF; END $$"
OF_ITSELF = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {}', current_database()); END $$"
LEFT, DROPPED = "rehearsal.downgrade", "DROP INDEX ix_item_v"
HNSW = "CREATE INDEX ix_item_v ON item USING "
RIGHT = HNSW + "hnsw (v vector_cosine_ops) WITH (m=16, ef_construction=64)"
NOTHING = (
    *("rehearsal.upgrade", "rehearsal.schema", "rehearsal.search", "rehearsal.receipt", LEFT),
    *("rehearsal.rewrites", "rehearsal.bystanders"),
)
"""What cannot be told where nothing was migrated."""
LOCKED = "AccessExclusiveLock on tables in use and no lock_timeout: r1"


def index(definition: str, words: str, *, unused: bool = False) -> Project:
    """A migration that makes the vector index anew, and otherwise than promised."""
    finds = {"rehearsal.schema": words}
    if unused:
        finds["rehearsal.search"] = "the query cannot use ix_item_v"
    return Project(
        up=sql(DROPPED, HNSW + definition), down=sql(DROPPED, RIGHT), finds=finds,
        warns={"rehearsal.upgrade": LOCKED},
    )  # fmt: skip


LIMITS = (
    "CREATE TABLE named AS SELECT current_database() AS name; "
    "CREATE FUNCTION limits() RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE format("
    "''ALTER DATABASE %I CONNECTION LIMIT 50'', (SELECT name FROM named)); END'"
)
SETTINGS = (
    *("SET datestyle TO ''SQL, DMY''", "SET timezone TO ''Asia/Kolkata''"),
    *("SET extra_float_digits TO -15", "SET idle_session_timeout TO 900"),
    *("SET idle_in_transaction_session_timeout TO 900", "SET plpgsql.extra_errors TO ''all''"),
)
"""What a database may have set for all of its sessions."""
FINE = "CREATE TABLE fine AS SELECT 0.1::double precision AS many"
MAKES = (
    "CREATE FUNCTION makes() RETURNS void LANGUAGE sql AS 'CREATE ROLE gate_by_function'; "
    "CREATE FUNCTION drops() RETURNS void LANGUAGE sql AS 'DROP ROLE gate_by_function'"
)
ALONE = "with op.get_context().autocommit_block():\n    op.execute('SELECT {}()')"
"""What changes the live database and its server by functions; and how without a transaction."""
PROJECTS: dict[str, Project] = {
    # Healthy
    "healthy": Project(up=NEW, down=GONE, loses=("extra",)),
    "healthy-with-timeout": Project(
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item ADD note text"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item DROP note"),
        loses=("item.note",),
    ),
    "healthy-without-timeout": Project(
        up=sql("ALTER TABLE item ADD note text"),
        down=sql("ALTER TABLE item DROP note"),
        loses=("item.note",),
        warns={"rehearsal.upgrade": LOCKED},
    ),
    "healthy-autocommit-block": Project(
        up="with op.get_context().autocommit_block():\n"
        "    op.execute('CREATE INDEX CONCURRENTLY ix_item_size ON item (size)')",
        down="with op.get_context().autocommit_block():\n"
        "    op.execute('DROP INDEX CONCURRENTLY ix_item_size')",
    ),
    "healthy-data-migration": Project(
        up="bind = op.get_bind()\n"
        "for (id,) in bind.execute(sa.text('SELECT id FROM item')).fetchall():\n"
        "    bind.execute(sa.text('UPDATE item SET size = size + 1 WHERE id = :id'), {'id': id})",
        down=sql("UPDATE item SET size = size - 1"),
    ),
    "healthy-two-revisions": Project(
        up=NEW,
        down=GONE,
        loses=("extra", "more"),
        files={
            "r2.py": revision("r2", "r1", sql("CREATE TABLE more (id int)"), sql("DROP TABLE more"))
        },
    ),
    "healthy-three-revisions": Project(
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item ADD note text"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item DROP note"),
        loses=("item.note", "more", "most"),
        files={
            "r2.py": revision(
                "r2", "r1", sql("CREATE TABLE more (id int)"), sql("DROP TABLE more")
            ),
            "r3.py": revision(
                "r3", "r2", sql("CREATE TABLE most (id int)"), sql("DROP TABLE most")
            ),
        },
    ),
    "healthy-own-version-table": Project(
        live="ALTER TABLE alembic_version RENAME TO revisions",
        versions="revisions",
        how='version_table = "revisions"',
        up=NEW,
        down=GONE,
        loses=("extra",),
    ),
    "no-witness-can-be-written": Project(
        up=sql("CREATE TABLE extra (id integer PRIMARY KEY CHECK (id * id = 7 * 7 * 7 * 7 * 3))"),
        down=GONE,
        loses=("extra",),
        warns={LEFT: "no witness was written: extra"},

    ),
    "a-column-of-another-name": Project(
        live="UPDATE item SET size = NULL",
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item RENAME size TO magnitude"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item RENAME magnitude TO size"),
        loses=("item.magnitude",),
    ),
    # Downgrades that do not go back
    "downgrade-pass": Project(up=NEW, finds={LEFT: "+ table extra"}, loses=("extra",)),
    "downgrade-raises": Project(
        up=NEW, down="raise NotImplementedError('no way back')", loses=("extra",),
        finds={LEFT: "NotImplementedError: no way back"},
    ),
    "downgrade-hangs": Project(
        up=NEW, down=sql("SELECT pg_sleep(60)"), how="deadline_s = 10", loses=("extra",),
        finds={LEFT: "was ended after"},
    ),
    "leftover-enum": Project(
        up=sql("CREATE TYPE mood AS ENUM ('good')", "CREATE TABLE extra (m mood)"),
        down=GONE, loses=("extra",), finds={LEFT: "+ enum mood"},
    ),
    "leftover-index": Project(
        up=sql("CREATE INDEX ix_item_size ON item (size)"), finds={LEFT: "+ index ix_item_size"}
    ),
    "leftover-sequence": Project(
        up=sql("CREATE SEQUENCE numbers"), finds={LEFT: "+ sequence numbers"}
    ),
    "leftover-function": Project(
        up=sql("CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'"),
        finds={LEFT: "+ function one"},
    ),
    "leftover-default": Project(
        up=sql("ALTER TABLE item ALTER size SET DEFAULT 7"),
        finds={LEFT: "~ column item.size"}, warns={"rehearsal.upgrade": LOCKED},
    ),
    "lost-default": Project(
        up=sql("ALTER TABLE item ALTER name DROP DEFAULT"),
        finds={LEFT: "~ column item.name"}, warns={"rehearsal.upgrade": LOCKED},
    ),
    "lost-not-null": Project(
        up=sql("ALTER TABLE item ALTER name DROP NOT NULL"),
        finds={LEFT: "~ column item.name"}, warns={"rehearsal.upgrade": LOCKED},
    ),
    "narrowed-column": Project(
        up=sql("ALTER TABLE item ALTER name TYPE varchar(200)"),
        down=sql("ALTER TABLE item ALTER name TYPE varchar(40)"),
        finds={LEFT: "character varying(40)"}, warns={"rehearsal.upgrade": LOCKED},
    ),
    "drops-too-much": Project(
        up=NEW, down=GONE + "\n" + sql("DROP INDEX ix_item_v"), loses=("extra",),
        finds={LEFT: "- index ix_item_v"},
    ),
    "lost-grant": Project(
        live="GRANT SELECT ON item TO pg_monitor",
        up=sql("REVOKE SELECT ON item FROM pg_monitor"),
        finds={LEFT: "grant"},
    ),
    "enum-value-stays": Project(
        up="with op.get_context().autocommit_block():\n"
        "    op.execute(\"ALTER TYPE state ADD VALUE 'parked'\")",
        finds={LEFT: "~ enum state"},
    ),
    # Rows
    "data-loss": Project(
        up=sql("ALTER TABLE item DROP size"),
        down=sql("ALTER TABLE item ADD size integer"),
        finds={LEFT: "other rows in item"}, warns={"rehearsal.upgrade": LOCKED},
    ),
    "rows-deleted": Project(
        up=sql("DELETE FROM item WHERE id <= 10"), finds={LEFT: "item: 200 rows, then 190"}
    ),
    "overwrites-from-a-new-column": Project(
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item ADD note varchar(50)"),
        down=sql("SET LOCAL lock_timeout = '2s'", "UPDATE item SET name = note WHERE note > ''",
                 "ALTER TABLE item DROP note"), loses=("item.note",),
        finds={LEFT: "only when rows exist: item: 200 rows, then 200 (other content)"},
    ),
    "overwrites-from-a-column-of-another-name": Project(
        live="UPDATE item SET size = NULL",
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item RENAME size TO magnitude"),
        down=sql("SET LOCAL lock_timeout = '2s'",
                 "UPDATE item SET name = 'x' WHERE magnitude IS NOT NULL",
                 "ALTER TABLE item RENAME magnitude TO size"), loses=("item.magnitude",),
        finds={LEFT: "only when rows exist: item: 200 rows, then 200 (other content)"},
    ),
    "gives-up-more": Project(
        up=NEW, down=GONE, finds={"rehearsal.receipt": "a rollback also gives up table extra"}
    ),
    "point-of-no-return": Project(
        up=NEW, loses=("extra", "more"),
        files={
            "r2.py": revision("r2", "r1", sql("CREATE TABLE more (id int)"), sql("DROP TABLE more"))
        },
        finds={LEFT: "the point of no return is r1"},
    ),
    # The database itself, of which no event trigger tells
    "healthy-alters-its-own-database": Project(
        up=NEW + "\n" + sql(OF_ITSELF.format("CONNECTION LIMIT 50"), OF_ITSELF.format(
            "SET work_mem TO ''5MB''"), OF_ITSELF.format("IS_TEMPLATE true")),
        down=GONE + "\n" + sql(OF_ITSELF.format("CONNECTION LIMIT -1"), OF_ITSELF.format(
            "RESET work_mem"), OF_ITSELF.format("IS_TEMPLATE false")),
        loses=("extra", "more"),
        files={"r2.py": revision("r2", "r1", sql("CREATE TABLE more (id int)"),
                                 sql("DROP TABLE more"))},
    ),
    "its-own-limit-stays": Project(
        up=sql(OF_ITSELF.format("CONNECTION LIMIT 50")),
        finds={LEFT: "~ database itself: database, owner postgres -> "
               "database, at most 50 connections, owner postgres"},
    ),
    "a-template-stays": Project(
        up=sql(OF_ITSELF.format("IS_TEMPLATE true")), finds={LEFT: "~ database itself: "},
    ),
    "settings-that-print-otherwise": Project(
        live="; ".join([FINE, *map(OF_ITSELF.format, SETTINGS)]),
        up=sql("UPDATE fine SET many = many + 1e-12"),
        finds={LEFT: "r1 leaves other rows in fine: 1 rows, then 1 (other content)"},
    ),
    "read-only-for-whoever-does-not-say-otherwise": Project(
        live=OF_ITSELF.format("SET default_transaction_read_only TO on"), up=NEW, down=GONE,
        finds={"rehearsal.upgrade": "cannot execute CREATE TABLE in a read-only transaction",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "alters-live-by-name": Project(
        up=NEW + "\n" + sql("ALTER DATABASE @live@ CONNECTION LIMIT 50"), down=GONE,
        finds={"rehearsal.upgrade": "? cannot tell: r1: r1 alters the database test_",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "alters-live-by-a-name-that-it-puts-together": Project(
        up=NEW + "\nop.execute(f'ALTER DATABASE {\"@live@\"} CONNECTION LIMIT 50')", down=GONE,
        finds={"rehearsal.upgrade": "? cannot tell: r1: r1 alters the database test_",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "alters-live-by-a-cursor-of-its-own": Project(
        up="op.get_bind().connection.cursor().execute("
           "f'ALTER DATABASE {\"@live@\"} CONNECTION LIMIT 50')",
        finds={"rehearsal.upgrade": "? cannot tell: r1: r1 alters the database test_",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "alters-live-by-a-function": Project(
        up=sql("SELECT limits()"), live=LIMITS,
        finds={"rehearsal.upgrade": "? cannot tell: r1: r1 changes databases of the server",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "alters-live-by-a-function-at-once": Project(
        up=ALONE.format("limits"), live=LIMITS,
        finds={"rehearsal.targets_clone": "upgrade of r1: the live database itself is not as it "
               "was: - connection limit -1; + connection limit 50"},
    ),
    "opens-live-by-itself": Project(
        up="url = op.get_bind().engine.url.set(database='@live@')\n"
        "with sa.create_engine(url).begin() as own:\n    own.execute(sa.text('DELETE FROM item'))",
        finds={"rehearsal.upgrade": "? cannot tell: r1: r1 opens a database called test_",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "subscribes": Project(
        up=NEW + "\n" + sql("CREATE SUBSCRIPTION taken CONNECTION 'dbname=x' PUBLICATION one"),
        down=GONE,
        finds={"rehearsal.upgrade": "? cannot tell: r1: r1 subscribes, and a clone that did would",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "makes-a-role-by-a-cursor-of-its-own": Project(
        up="op.get_bind().connection.cursor().execute('CREATE ROLE gate_by_cursor')",
        down="op.get_bind().connection.cursor().execute('DROP ROLE gate_by_cursor')",
        finds={"rehearsal.upgrade": "? cannot tell: r1: r1 changes roles of the server",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "makes-a-role-by-a-function": Project(
        up=sql("SELECT makes()"), down=sql("SELECT drops()"), live=MAKES,
        finds={"rehearsal.upgrade": "? cannot tell: r1: r1 changes roles of the server",
               **dict.fromkeys(("rehearsal.schema", "rehearsal.search", LEFT, "rehearsal.receipt"),
                               "? cannot tell")},
    ),
    "makes-a-role-by-a-function-at-once": Project(
        up=ALONE.format("makes"), down=ALONE.format("drops"), live=MAKES,
        warns={"rehearsal.targets_clone": "roles of the live server are other ones since the "
               "upgrade of r1, whoever did it: + role gate_by_function: no login"},
    ),
    "a-role-by-a-trigger": Project(
        up=sql(
            "CREATE TABLE tenant (id integer)", "CREATE TRIGGER makes AFTER INSERT ON tenant "
            "FOR EACH ROW EXECUTE FUNCTION makes_too()",
        ),
        down=sql("DROP TABLE tenant"), loses=("tenant",),
        warns={"rehearsal.downgrade": "tenant: a row of it changes roles of the server"},
        live="CREATE FUNCTION makes_too() RETURNS trigger LANGUAGE plpgsql AS "
             "'BEGIN CREATE ROLE gate_by_function; RETURN NEW; END'",
    ),
    # What it does to others
    "rewrite": Project(
        up=sql("ALTER TABLE item ALTER size TYPE bigint"),
        down=sql("ALTER TABLE item ALTER size TYPE integer"),
        finds={"rehearsal.rewrites": "item is rewritten"},
        warns={"rehearsal.upgrade": LOCKED, LEFT: "'3000000000' in item.size, which was integer"},
    ),
    "another-storage": Project(
        up=sql("TRUNCATE emptied", "ALTER TABLE grown ALTER id TYPE bigint", "DROP TABLE anew",
               "CREATE TABLE anew (id integer)", "REFRESH MATERIALIZED VIEW seen"),
        down=sql("INSERT INTO emptied VALUES (1)", "ALTER TABLE grown ALTER id TYPE integer"),
        finds={"rehearsal.rewrites": "anew is dropped and made anew, under AccessExclusiveLock; "
               "emptied is truncated, under AccessExclusiveLock; grown is rewritten, under "
               "AccessExclusiveLock; seen is refreshed, under AccessExclusiveLock"},
        warns={"rehearsal.upgrade": LOCKED, "rehearsal.downgrade": "'3000000000' in grown.id"},
        live="CREATE TABLE emptied AS SELECT 1 AS id; CREATE TABLE grown (id integer);"
             "CREATE TABLE anew (id integer); CREATE MATERIALIZED VIEW seen AS SELECT 1 AS id",
    ),
    "long-hold": Project(
        up=sql("ALTER TABLE item ADD note text", "SELECT pg_sleep(1.2)"),
        down=sql("ALTER TABLE item DROP note"), loses=("item.note",),
        finds={"rehearsal.bystanders": "waited 1."}, warns={"rehearsal.upgrade": LOCKED},
    ),
    "scan-under-lock": Project(
        rows=3000,
        up=sql("ALTER TABLE item ALTER size SET NOT NULL", "SELECT pg_sleep(1.2)"),
        down=sql("ALTER TABLE item ALTER size DROP NOT NULL"),
        finds={"rehearsal.bystanders": "item waited 1."}, warns={"rehearsal.upgrade": LOCKED},
    ),
    "a-trigger-that-refuses-from-then-on": Project(
        live="ALTER TABLE item ADD updated timestamptz; CREATE FUNCTION touch() RETURNS trigger "
        "LANGUAGE plpgsql AS 'BEGIN NEW.updated := now(); RETURN NEW; END'; CREATE TRIGGER touch "
        "BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION touch()",
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item DROP updated"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item ADD updated timestamptz"),
        finds={"rehearsal.bystanders": "a bystander of item got nowhere: since r1 an UPDATE fails: "
               'record "new" has no field "updated"'},
    ),
    "a-table-that-refuses-as-ever": Project(
        live="CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no''; "
        "END'; CREATE TRIGGER refuse BEFORE UPDATE ON item FOR EACH ROW EXECUTE FUNCTION refuse()",
        up=NEW, down=GONE, loses=("extra",),
    ),
    "lock-queue-behind-a-reader": Project(
        how="idle_reader_s = 1.3",
        up=sql("ALTER TABLE item ADD note text"),
        down=sql("ALTER TABLE item DROP note"), loses=("item.note",),
        finds={"rehearsal.bystanders": "for upgrade r1"}, warns={"rehearsal.upgrade": LOCKED},
    ),
    "lock-timeout-behind-a-reader": Project(
        how="idle_reader_s = 1.3",
        up=sql("SET LOCAL lock_timeout = '100ms'", "ALTER TABLE item ADD note text"),
        finds={
            "rehearsal.upgrade": "lock timeout",
            "rehearsal.schema": "? cannot tell", "rehearsal.search": "? cannot tell",
            LEFT: "? cannot tell", "rehearsal.receipt": "? cannot tell",
        },
    ),
    # Upgrades that fail
    "upgrade-raises": Project(
        up=NEW + "\n" + sql("SELECT 1/0"),
        finds={
            "rehearsal.upgrade": "division by zero",
            "rehearsal.schema": "? cannot tell", "rehearsal.search": "? cannot tell",
            LEFT: "? cannot tell", "rehearsal.receipt": "? cannot tell",
        },
    ),
    "upgrade-hangs": Project(
        up=sql("SELECT pg_sleep(60)"), how="deadline_s = 10",
        finds={
            "rehearsal.upgrade": "was ended after",
            "rehearsal.schema": "? cannot tell", "rehearsal.search": "? cannot tell",
            LEFT: "? cannot tell", "rehearsal.receipt": "? cannot tell",
        },
    ),
    "concurrently-left-invalid": Project(
        live="UPDATE item SET size = 1",
        up="engine = op.get_bind().engine.execution_options(isolation_level='AUTOCOMMIT')\n"
        "with engine.connect() as other:\n"
        "    try:\n"
        "        other.execute(sa.text('CREATE UNIQUE INDEX CONCURRENTLY s ON item (size)'))\n"
        "    except sa.exc.IntegrityError:\n        pass",
        down=sql("DROP INDEX IF EXISTS s"),
        database='[index.s]\ntitle = "Sizes are unique"\nsource = "a self-test"\n'
        'table = "item"\ncolumns = ["size"]\nunique = true\n',
        finds={"rehearsal.schema": "index.s: index s: it is invalid"},
    ),
    # Indexes that are not what they are called
    "opclass": index("hnsw (v vector_l2_ops) WITH (m=16, ef_construction=64)", "vector_l2_ops",
                     unused=True),
    "ivfflat": index("ivfflat (v vector_cosine_ops) WITH (lists=4)", "ivfflat"),
    "btree": index("btree (id)", "access method is btree", unused=True),
    "other-m": index("hnsw (v vector_cosine_ops) WITH (m=4, ef_construction=64)", "m=4"),
    "partial": index("hnsw (v vector_cosine_ops) WITH (m=16, ef_construction=64) WHERE size > 5",
                     "size > 5", unused=True),
    # The chain and the version table
    "two-heads": Project(
        up=NEW, down=GONE, loses=("extra",),
        files={"other.py": revision("other", "r0")},
        finds={"migration.head": "2 heads: other (after r0, in other.py); r1 (after r0, in r1.py)"},
    ),
    "phantom-revision": Project(
        live="UPDATE alembic_version SET version_num = 'phantom'",
        finds={"migration.current": "no revision file knows phantom",
               **dict.fromkeys(("rehearsal.upgrade", "rehearsal.schema", "rehearsal.search", LEFT,
                                "rehearsal.receipt", "rehearsal.rewrites",
                                "rehearsal.bystanders"), "? cannot tell")},
    ),
    "two-rows": Project(
        live="INSERT INTO alembic_version VALUES ('r1')", up=NEW, down=GONE,
        finds={"migration.current": "alembic_version has several rows",
               **dict.fromkeys(NOTHING, "? cannot tell")},
    ),
    "reaches-a-typo": Project(
        files={"r1.py": ""},
        finds={"migration.head": "the head is r0", **dict.fromkeys(NOTHING, "? cannot tell"),
               "rehearsal.upgrade": "r1: Can't locate revision"},
    ),
    "restores-a-typo": Project(
        up=NEW, down=GONE, loses=("extra",), restores="r00",
        finds={LEFT: "r00: Can't locate revision identified by 'r00'"},
    ),
    "nothing-pending": Project(
        live="CREATE TABLE extra (id integer PRIMARY KEY); UPDATE alembic_version "
        "SET version_num = 'r1'", up=NEW, down=GONE, loses=("extra",),
        finds={"migration.current": "r1"},
    ),
    "nothing-pending-and-no-way-back": Project(
        live="UPDATE alembic_version SET version_num = 'r1'", down="raise RuntimeError('gone')",
        finds={"migration.current": "r1", LEFT: "RuntimeError: gone"},
    ),
    "nothing-to-go-back-over": Project(
        restores="r1", live="UPDATE alembic_version SET version_num = 'r1'",
        finds={"migration.current": "r1", LEFT: "? cannot tell: nothing was rehearsed",
               "rehearsal.receipt": "? cannot tell: nothing was rehearsed"},
    ),
    # Each step for itself
    "one-bad-step-of-three": Project(
        up=NEW, loses=("extra", "more", "most"),
        down="raise NotImplementedError('no way back')",
        files={"r2.py": revision("r2", "r1", sql("CREATE TABLE more (id int)"),
                                 sql("DROP TABLE more")),
               "r3.py": revision("r3", "r2", sql("CREATE TABLE most (id int)"))},
        finds={LEFT: "NotImplementedError: no way back; r3 leaves the catalog changed: "
                     "+ column most.id: integer; + table most: permanent, owner postgres; "
                     "the point of no return is r3"},
    ),
    "diamond-merge": Project(
        up=NEW, down=GONE, loses=("extra", "left", "right"),
        files={"r2a.py": revision("a", "r1", sql('CREATE TABLE "left" (id int)'),
                                  sql('DROP TABLE "left"')),
               "r2b.py": revision("b", "r1", sql('CREATE TABLE "right" (id int)'),
                                  sql('DROP TABLE "right"')),
               "r3.py": revision("r3", ("a", "b"))},
    ),
    "three-bases": Project(
        up=NEW, down=GONE, loses=("extra", "more", "most"),
        files={"r0b.py": revision("b0", None, sql("CREATE TABLE more (id int)"),
                                  sql("DROP TABLE more")),
               "r0c.py": revision("c0", None, sql("CREATE TABLE most (id int)"),
                                  sql("DROP TABLE most")),
               "r2.py": revision("r2", ("r1", "b0", "c0"))},
    ),
    "a-step-that-goes-up-once": Project(
        live="CREATE TABLE note (id int)", up=sql("DELETE FROM item WHERE id = 1 RETURNING id",
                "CREATE TABLE extra (id int)", "SELECT 1 / (SELECT count(*) FROM pg_class "
                "WHERE relname = 'note')"),
        down=GONE + "\n" + sql("DROP TABLE note"), loses=("extra",),
        finds={LEFT: "- table note"},
    ),
    # How much of the history is judged
    "steps-all": Project(
        how='steps = "all"', restores="r1", up=NEW,
        live="CREATE TABLE extra (id integer PRIMARY KEY); UPDATE alembic_version "
        "SET version_num = 'r1'",
        files={"r2.py": revision("r2", "r1", sql("CREATE TABLE more (id int)"),
                                 sql("DROP TABLE more"))},
        loses=("more",),
        finds={"migration.current": "r1"},
        warns={LEFT: "not on this way, and not clean: r1 (r1 leaves the catalog changed"},
    ),
    "steps-last-one": Project(
        how='steps = "last 1"', up=NEW, loses=("more",),
        files={"r2.py": revision("r2", "r1", sql("CREATE TABLE more (id int)"),
                                 sql("DROP TABLE more"))},
        finds={LEFT: '? cannot tell: 1 step was not judged, because steps = "last 1" leaves it '
                     "out: r1", "rehearsal.receipt": "? cannot tell: 1 step"},
    ),
    "steps-last-one-back": Project(
        how='steps = "last 1"', up=NEW, down=GONE, loses=("extra",),
        live="CREATE TABLE extra (id integer PRIMARY KEY); UPDATE alembic_version "
        "SET version_num = 'r1'", finds={"migration.current": "r1"},
    ),
    "left-behind-and-found-again": Project(
        live="CREATE TYPE mood AS ENUM ('good'); CREATE TABLE extra (id int); "
        "UPDATE alembic_version SET version_num = 'r1'",
        up=sql("DO $$ BEGIN IF to_regtype('mood') IS NULL THEN CREATE TYPE mood AS ENUM ('good'); "
               "END IF; END $$", "CREATE TABLE extra (id int)"),
        down=GONE, loses=("extra",),
        finds={"migration.current": "r1", LEFT: "r1 leaves the catalog changed: + enum mood"},
    ),
    "behind-one-that-raises": Project(
        live="UPDATE alembic_version SET version_num = 'r2'; CREATE TABLE extra (id int);",
        how='one_way = [{ revision = "r2", reason = "keys are drawn anew" }]',
        up=NEW, loses=("extra",),
        files={"r2.py": revision("r2", "r1", "pass", "raise RuntimeError('never')")},
        finds={"migration.current": "r2", LEFT: "r1 leaves the catalog changed: + column extra.id"},
    ),
    "no-way-up-from-nothing": Project(
        live="ALTER TABLE item ADD note text; UPDATE alembic_version SET version_num = 'r1'",
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item ADD note text"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item DROP note"),
        loses=("item.note",), finds={"migration.current": "r1"},
        warns={LEFT: "judged by going back and up again alone, since from an empty database the "
                     "history stops at r1"},
    ),
    # Declared intentions
    "one-way-declared": Project(
        how='one_way = [{ revision = "r1", reason = "keys are drawn anew" }]',
        down="raise NotImplementedError('no way back')",
        warns={LEFT: "the point of no return is r1, as declared: keys are drawn anew"},
    ),
    "one-way-stale": Project(
        how='one_way = [{ revision = "r1", reason = "so we thought" }]', up=NEW, down=GONE,
        loses=("extra",), finds={LEFT: "r1 is declared one-way, and can be undone"},
    ),
    "data-fix-declared": Project(
        how='data_changes = [{ revision = "r1", tables = ["item"], reason = "names were wrong" }]',
        up=sql("UPDATE item SET name = upper(name)"),
        warns={LEFT: "r1 changes rows for good: names were wrong"},
    ),
    "data-fix-undeclared": Project(
        up=sql("UPDATE item SET name = upper(name)"), finds={LEFT: "r1 leaves other rows in item"},
    ),
    "data-fix-stale": Project(
        how='data_changes = [{ revision = "r1", tables = ["item"], reason = "it was so" }]',
        finds={LEFT: "r1 is declared to change rows of item, and does not"},
    ),
    "removal-declared": Project(
        how='removes = [{ revision = "r1", objects = ["item.size"], reason = "unused" }]',
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item DROP size"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item ADD size integer"),
        warns={LEFT: "r1 removes for good: unused"},
    ),
    "removal-declared-and-other-columns": Project(
        how='removes = [{ revision = "r1", objects = ["item.size"], reason = "unused" }]',
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item DROP size"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item ADD size integer",
                 "UPDATE item SET name = upper(name)"),
        finds={LEFT: "r1 leaves other rows in item: 200 rows, then 200 (other content)"},
    ),
    "removal-declared-only-when-rows-exist": Project(
        how='removes = [{ revision = "r1", objects = ["item.size"], reason = "unused" }]',
        up=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item DROP size") + "\n" + NEW,
        down=sql(IF_ROWS.format("extra"), "SET LOCAL lock_timeout = '2s'",
                 "ALTER TABLE item ADD size integer") + "\n" + GONE,
        loses=("extra",), finds={LEFT: "r1 only when rows exist: downgrade exited with 1"},
    ),
    "data-fix-declared-once-only": Project(
        how='data_changes = [{ revision = "r1", tables = ["item"], reason = "a first item" }]',
        up=sql("INSERT INTO item (id) VALUES (0)"),
        finds={LEFT: "r1 goes up otherwise the second time: upgrade exited with 1"},
    ),
    "data-fix-declared-only-when-rows-exist": Project(
        how='data_changes = [{ revision = "r1", tables = ["item"], reason = "names were wrong" }]',
        up=sql("UPDATE item SET name = upper(name)", "CREATE TABLE extra (id integer PRIMARY KEY)"),
        down=sql(IF_ROWS.format("extra")) + "\n" + GONE,
        loses=("extra",), finds={LEFT: "r1 only when rows exist: downgrade exited with 1"},
    ),
    "removal-stale": Project(
        how='removes = [{ revision = "r1", objects = ["item.size"], reason = "unused" }]',
        finds={LEFT: "r1 is declared to remove item.size, and does not"},
    ),
    "removal-brought-back": Project(
        how='removes = [{ revision = "r1", objects = ["item.size"], reason = "unused" }]',
        up=sql("SET LOCAL lock_timeout = '2s'", "CREATE TABLE kept AS SELECT id, size FROM item",
               "ALTER TABLE item DROP size"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE item ADD size integer",
                 "UPDATE item SET size = kept.size FROM kept WHERE kept.id = item.id",
                 "DROP TABLE kept"),
        loses=("kept",),
        finds={LEFT: "r1 is declared to remove item.size for good, and its way down brings"},
    ),
    "declares-a-typo": Project(
        how='one_way = [{ revision = "r01", reason = "it is so" }]', up=NEW, down=GONE,
        loses=("extra",),
    ),
    # Rows of the new schema
    "only-when-rows-exist": Project(
        up=NEW, down=sql("DO $$ BEGIN IF EXISTS (SELECT FROM extra) THEN RAISE 'there are rows'; "
                         "END IF; END $$") + "\n" + GONE,
        loses=("extra",), finds={LEFT: "r1 only when rows exist: downgrade exited with 1"},
    ),
    "keys-in-force": Project(
        up=sql("CREATE TABLE parent (id serial PRIMARY KEY, mood text NOT NULL "
               "CHECK (mood IN ('good', 'bad')))",
               "CREATE TABLE child (id int PRIMARY KEY CHECK (id > 100), parent int NOT NULL "
               "REFERENCES parent)"),
        down=sql("DELETE FROM parent", "DROP TABLE child", "DROP TABLE parent"),
        loses=("parent", "child"),
        finds={LEFT: "r1 only when rows exist: downgrade exited with 1"},
    ),
    "rows-behind-an-empty-parent": Project(
        live="CREATE TABLE shop (id int PRIMARY KEY, name text NOT NULL); "
        "CREATE TABLE shelf (id int PRIMARY KEY, shop int NOT NULL REFERENCES shop)",
        up=sql("SET LOCAL lock_timeout = '2s'", "CREATE TABLE extra (id int PRIMARY KEY, "
               "shelf int NOT NULL REFERENCES shelf)", "ALTER TABLE shelf ADD note text"),
        down=sql("SET LOCAL lock_timeout = '2s'", "DO $$ BEGIN IF EXISTS (SELECT FROM extra) AND "
                 "EXISTS (SELECT FROM shelf WHERE note IS NOT NULL) THEN RAISE 'there are rows'; "
                 "END IF; END $$", "DROP TABLE extra", "ALTER TABLE shelf DROP note"),
        loses=("extra", "shelf.note"), finds={LEFT: "r1 only when rows exist"},
    ),
    "table-renamed": Project(
        live="CREATE TABLE extra (id int)", up=sql("SET LOCAL lock_timeout = '2s'",
                                                   "ALTER TABLE extra RENAME TO other"),
        down=sql("SET LOCAL lock_timeout = '2s'", "ALTER TABLE other RENAME TO extra"),
        loses=("other",),
    ),
    "sequence-restarts": Project(
        live="CREATE SEQUENCE numbers; SELECT setval('numbers', 200)",
        down=sql("ALTER SEQUENCE numbers RESTART"),
        finds={LEFT: "sequence numbers: at 200, then at its start"},
    ),
    "large-object-lost": Project(
        live="SELECT lo_from_bytea(4711, 'kept')",
        up=sql("SELECT lo_unlink(4711)"),
        finds={LEFT: "large objects: 1 rows, then 0"},
    ),
    "large-object-changed": Project(
        live="SELECT lo_from_bytea(4711, 'kept')",
        down=sql("SELECT lo_put(4711, 0, 'lost')"),
        finds={LEFT: "large objects: 1 rows, then 1 (other content, or another owner)"},
    ),
    "large-object-given-away": Project(
        live="SELECT lo_from_bytea(4711, 'kept')",
        up=sql("ALTER LARGE OBJECT 4711 OWNER TO pg_database_owner"),
        finds={LEFT: "large objects: 1 rows, then 1 (other content, or another owner)"},
    ),
    "large-object-restored": Project(
        live="SELECT lo_from_bytea(4711, 'kept')",
        up=sql("SELECT lo_put(4711, 0, 'more')"), down=sql("SELECT lo_put(4711, 0, 'kept')"),
    ),
    # Rows that are hard to make: without one, their way down would be seen to work.
    "rows-that-exclude-one-another": Project(
        up=sql("CREATE TABLE stay (room int, during int4range NOT NULL, "
               "EXCLUDE USING gist (during WITH &&))"),
        down=sql(IF_ROWS.format("stay"), "DROP TABLE stay"),
        finds={LEFT: "rows are there"}, loses=("stay",),
    ),
    "rows-in-partitions": Project(
        up=sql("CREATE TABLE part (id int, at int NOT NULL) PARTITION BY RANGE (at)",
               "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (2000000000)"),
        down=sql(IF_ROWS.format("part"), "DROP TABLE part"),
        finds={LEFT: "rows are there"}, loses=("part", "part_1"),
    ),
    "rows-in-partitions-by-day": Project(
        up=sql("CREATE TABLE part (id int, at date NOT NULL) PARTITION BY RANGE (at)",
               "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2001-02-03') "
               "TO ('2001-02-04')"),
        down=sql(IF_ROWS.format("part"), "DROP TABLE part"),
        finds={LEFT: "rows are there"}, loses=("part", "part_1"),
    ),
    "no-partition-for-a-row": Project(
        up=sql("CREATE TABLE part (id int) PARTITION BY RANGE (id)"),
        down=sql("DROP TABLE part"), loses=("part",),
        warns={LEFT: "no witness was written: part"},
    ),
    "rows-with-identity-and-generated": Project(
        up=sql("CREATE TABLE own (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, size int NOT "
               "NULL, twice int GENERATED ALWAYS AS (size / 2) STORED)"),
        down=sql(IF_ROWS.format("own"), "DROP TABLE own"),
        finds={LEFT: "rows are there"}, loses=("own",),
    ),
    "quoted-names": Project(
        live='CREATE TABLE "user" ("Mixed" int); CREATE TABLE "a.b" ("c.d" int); '
        'INSERT INTO "a.b" VALUES (1)',
        up=sql("SET LOCAL lock_timeout = '2s'", 'ALTER TABLE "a.b" ADD "x.y" int',
               'CREATE TABLE "Mixed" (id int)'),
        down=sql("SET LOCAL lock_timeout = '2s'", 'ALTER TABLE "a.b" DROP "x.y"',
                 'DROP TABLE "Mixed"'),
        loses=("Mixed", '"a.b"."x.y"'),
    ),
    "comment-lost": Project(
        live="COMMENT ON TABLE item IS 'things'",
        up=sql("COMMENT ON TABLE item IS NULL"), finds={LEFT: "comment"},
    ),
    "quoted-names-under-way": Project(
        live='CREATE SCHEMA "Odd.one"; CREATE TABLE "Odd.one"."user" (id int, "a""b" int); '
        'INSERT INTO "Odd.one"."user" VALUES (1, 2); CREATE TABLE "order" (id int)',
        how="""hot = ["item", '"Odd.one".user', "order"]""",
        up=sql("SET LOCAL lock_timeout = '2s'", 'ALTER TABLE "Odd.one"."user" DROP "a""b"'),
        finds={LEFT: '- column "Odd.one".user."a""b": integer'},
    ),
    # Cut off half-way
    "struck-and-healthy": Project(
        how="strikes = true",
        up=sql("CREATE TABLE extra (id integer PRIMARY KEY)", "CREATE TABLE more (id int)"),
        down=sql("DROP TABLE more", "DROP TABLE extra"), loses=("extra", "more"),
    ),
    "struck-between-two-transactions": Project(
        how="strikes = true",
        up="with op.get_context().autocommit_block():\n"
        "    op.execute('CREATE TABLE extra (id integer PRIMARY KEY)')\n"
        "    op.execute('CREATE TABLE more (id integer PRIMARY KEY)')",
        down=sql("DROP TABLE more", "DROP TABLE extra"), loses=("extra", "more"),
        finds={LEFT: "r1 cannot be begun again: after a lock_timeout in command 2 of 2, "
                     "begun again: "},
    ),
    # What the server says beside its answers
    "hnsw-outgrows-its-memory": Project(
        live="CREATE TABLE many AS SELECT n AS id, ARRAY[sin(n), cos(n), sin(n * 2)]::real[]"
        "::vector(3) AS v FROM generate_series(1, 4000) AS n",
        up=sql("SET LOCAL lock_timeout = '2s'", "SET LOCAL maintenance_work_mem = '1MB'",
               "CREATE INDEX ix_many ON many USING hnsw (v vector_l2_ops)",
               "DROP TABLE IF EXISTS never_was"),
        down=sql("SET LOCAL lock_timeout = '2s'", "DROP INDEX ix_many"),
        warns={"rehearsal.upgrade": "the server said NOTICE: hnsw graph no longer fits into "
                                    "maintenance_work_mem after "},
    ),
    "a-drop-that-takes-more-along": Project(
        up=sql("CREATE TABLE extra (id integer PRIMARY KEY)",
               "CREATE VIEW extras AS SELECT * FROM extra"),
        down=sql("DROP TABLE extra CASCADE"), loses=("extra",),
        warns={LEFT: "the server said NOTICE: drop cascades to view extras: r1"},
    ),
    # Several at once
    "migrators-race": Project(
        how="migrators = 3", up=sql("CREATE TABLE extra (id integer PRIMARY KEY)",
                                    "SELECT pg_sleep(1)"),
        down=GONE, loses=("extra",),
        finds={LEFT: "r1 is not for several at once: of 3 migrators at once one exited with 1: "},
    ),
    "migrators-wait-for-one-another": Project(
        how="migrators = 3",
        up="op.execute('SELECT pg_advisory_xact_lock(77)')\n"
        "engine = op.get_bind().engine.execution_options(isolation_level='AUTOCOMMIT')\n"
        "with engine.connect() as other:\n"
        "    other.execute(sa.text('SELECT pg_sleep(2)'))\n"
        "    other.execute(sa.text('CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON item (size)'))",
        down=sql("SET LOCAL lock_timeout = '2s'", "DROP INDEX ix"),
        finds={LEFT: "neither ends, and the server's own search for deadlocks does not see it: "
                     '"CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON item (size)" waits for the '
                     "virtualxid of "},
    ),
    "a-migrator-that-others-wait-for": Project(
        live="CREATE TABLE quiet (id int)",
        up="engine = op.get_bind().engine.execution_options(isolation_level='AUTOCOMMIT')\n"
        "with engine.connect() as other:\n"
        "    other.execute(sa.text('SELECT pg_advisory_lock(77)'))\n"
        "    other.execute(sa.text('SELECT pg_sleep(2)'))\n"
        "    other.execute(sa.text('CREATE INDEX CONCURRENTLY IF NOT EXISTS ix ON quiet (id)'))\n"
        "    other.execute(sa.text('SELECT pg_advisory_unlock(77)'))",
        down=sql("DROP INDEX ix"),
        finds={LEFT: "r1 is not for several at once: of 2 migrators at once one exited with 1: "},
    ),
    # Who is at work already
    "blocks-all-behind-a-dump": Project(
        how='neighbours = ["pg_dump"]\nneighbours_s = 1.5',
        up=sql("SET LOCAL lock_timeout = '9s'", "ALTER TABLE item ADD note text"),
        down=sql("SET LOCAL lock_timeout = '9s'", "ALTER TABLE item DROP note"),
        loses=("item.note",),
        finds={"rehearsal.bystanders": " s for upgrade r1 beside a running pg_dump"},
        warns={LEFT: "r1 beside a running pg_dump waited "},
    ),
    "gives-up-beside-a-dump": Project(
        how='neighbours = ["pg_dump"]\nneighbours_s = 5',
        up=sql("SET LOCAL lock_timeout = '400ms'", "ALTER TABLE item ADD note text"),
        down=sql("SET LOCAL lock_timeout = '9s'", "ALTER TABLE item DROP note"),
        loses=("item.note",),
        warns={LEFT: "canceling statement due to lock timeout"},
    ),
    "concurrently-beside-a-dump": Project(
        how='neighbours = ["pg_dump"]\nneighbours_s = 1.2',
        up="with op.get_context().autocommit_block():\n"
        "    op.execute('CREATE INDEX CONCURRENTLY ix_item_size ON item (size)')",
        down="with op.get_context().autocommit_block():\n"
        "    op.execute('DROP INDEX CONCURRENTLY ix_item_size')",
        warns={LEFT: "r1 beside a running pg_dump waited 1.2 s for it"},
    ),
    "half-done-beside-a-dump": Project(
        how='neighbours = ["pg_dump"]\nneighbours_s = 9',
        up="with op.get_context().autocommit_block():\n"
        "    op.execute('SET lock_timeout = 400')\n"
        "    op.execute('CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_item_size ON item (size)')",
        down="with op.get_context().autocommit_block():\n"
        "    op.execute('DROP INDEX CONCURRENTLY ix_item_size')",
        finds={LEFT: "r1 cannot be begun again: after it gave up beside a running pg_dump, begun "
                     "again: "},
    ),
    "a-dump-that-fails": Project(
        live="CREATE FUNCTION gone(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; "
        "CREATE VIEW looked AS SELECT gone(1)",
        how='neighbours = ["pg_dump"]',
        up=sql("DROP FUNCTION gone CASCADE"),
        down=sql("CREATE FUNCTION gone(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
                 "CREATE VIEW looked AS SELECT gone(1)"),
        warns={"rehearsal.upgrade": "the server said NOTICE: drop cascades to view looked: r1",
               LEFT: "r1 beside a running pg_dump"},
    ),
    "beside-a-vacuum": Project(
        rows=3000, how='neighbours = ["VACUUM"]\nneighbours_s = 1\nhot = []',
        up=sql("SET LOCAL lock_timeout = '9s'", "ALTER TABLE item ADD note text"),
        down=sql("SET LOCAL lock_timeout = '9s'", "ALTER TABLE item DROP note"),
        loses=("item.note",), finds={"rehearsal.bystanders": "? cannot tell"},
        warns={LEFT: "r1 beside a running VACUUM waited "},
    ),
    # What is lost beside the table itself
    "grant-lost": Project(
        live=LENT, up=sql("SET LOCAL lock_timeout = '2s'", "DROP TABLE lent"),
        down=sql("CREATE TABLE lent (id integer)", WHERE_KNOWN.format("ALTER TABLE lent "
                                                                      "OWNER TO lender")),
        finds={LEFT: "- grant on table lent to borrower: SELECT"},
    ),
    "owner-lost": Project(
        live=LENT, up=sql("SET LOCAL lock_timeout = '2s'", "DROP TABLE lent"),
        down=sql("CREATE TABLE lent (id integer)", WHERE_KNOWN.format("GRANT SELECT ON lent "
                                                                      "TO borrower")),
        finds={LEFT: "~ table lent: permanent, owner lender -> permanent, owner postgres"},
    ),
    "granting": Project(
        live=LENT, up=sql("REVOKE SELECT ON lent FROM PUBLIC"),
    ),
    "given-to-a-role": Project(
        live=LENT, up=sql("CREATE TABLE extra (id integer PRIMARY KEY)",
                          "ALTER TABLE extra OWNER TO lender"),
        down=GONE, loses=("extra",),
    ),
    "taken-back-by-a-role": Project(
        live=LENT, up=NEW, down=sql("SET ROLE lender", "RESET ROLE", "DROP TABLE extra"),
        loses=("extra",),
    ),
    # A second opinion, and what is left out of a clone
    "live-subscribes": Project(
        live="CREATE SUBSCRIPTION taken CONNECTION 'dbname=x' PUBLICATION one "
        "WITH (connect = false, slot_name = NONE)",
        up=NEW, down=GONE, loses=("extra",),
    ),
    "a-migration-subscribes": Project(
        up=sql("CREATE SUBSCRIPTION taken CONNECTION 'dbname=x' PUBLICATION one "
               "WITH (connect = false, slot_name = NONE)"),
        finds={LEFT: "+ subscription taken"},
        warns={"rehearsal.upgrade": "the server said WARNING: subscription was created, but"},
    ),
    "without-a-second-opinion": Project(
        how="second_opinion = false", up=NEW, down=GONE, loses=("extra",),
        warns={LEFT: "pg_dump was not asked for a second opinion (second_opinion = false): r1"},
    ),
    # env.py
    "env-ignores-its-caller": Project(
        up=NEW, down=GONE, env="{live!r}",
        finds={"rehearsal.targets_clone": "env.py opens a database of its own choosing",
               **dict.fromkeys(("rehearsal.upgrade", "rehearsal.schema", "rehearsal.search", LEFT,
                                "rehearsal.receipt", "rehearsal.rewrites",
                                "rehearsal.bystanders"), "? cannot tell")},
    ),
    "env-raises": Project(
        up=NEW, env='os.environ["NOT_SET_ANYWHERE"]',
        finds={"rehearsal.targets_clone":
                   "? cannot tell (upstream): `alembic current` exited with 1",
               **dict.fromkeys(("rehearsal.upgrade", "rehearsal.schema", "rehearsal.search", LEFT,
                                "rehearsal.receipt", "rehearsal.rewrites",
                                "rehearsal.bystanders"), "? cannot tell")},
    ),
}  # fmt: skip
