"""Every kind of object that ``pg_dump --schema-only`` shows: how it is made, and how it changes."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Made:
    """A kind of object.

    Attributes:
        make: SQL that makes one.
        changes: What is done to it, and the sign and key of every line that the diff then has.
        since: The first major version of PostgreSQL that knows it.
        apart: Whether it is the whole cluster's, and not the database's.
    """

    make: str
    changes: dict[str, str]
    since: int = 13
    apart: bool = False


ROLES = """
    DO $$ DECLARE one text; BEGIN
        FOREACH one IN ARRAY ARRAY['reader', 'writer', 'Odd "role"'] LOOP
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = one) THEN
                EXECUTE format('CREATE ROLE %I', one);
            END IF;
        END LOOP;
    END $$
"""
PAIR = "CREATE TABLE {0} (a integer, b text)"
IMPOSTOR = """
    CREATE TYPE thing;
    CREATE FUNCTION thing_in(cstring) RETURNS thing LANGUAGE internal IMMUTABLE STRICT AS 'int4in';
    CREATE FUNCTION thing_out(thing) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out'
"""

KINDS: dict[str, Made] = {
    # Tables and what belongs to them
    "table": Made(
        PAIR.format("plain_one") + "; CREATE TYPE row_type AS (a integer, b text)",
        {
            "DROP TABLE plain_one": "- table plain_one; - column plain_one.a; - column plain_one.b",
            "ALTER TABLE plain_one OWNER TO writer": "~ table plain_one",
            "ALTER TABLE plain_one SET UNLOGGED": "~ table plain_one",
            "ALTER TABLE plain_one SET (fillfactor = 50)": "~ table plain_one",
            "ALTER TABLE plain_one SET (toast.autovacuum_enabled = false)": "~ table plain_one",
            "ALTER TABLE plain_one SET (autovacuum_vacuum_scale_factor = 0.1)": "~ table plain_one",
            "ALTER TABLE plain_one OF row_type": "~ table plain_one",
            "ALTER TABLE plain_one REPLICA IDENTITY FULL": "~ table plain_one",
            "ALTER TABLE plain_one REPLICA IDENTITY NOTHING": "~ table plain_one",
            "ALTER TABLE plain_one ENABLE ROW LEVEL SECURITY": "~ table plain_one",
            "ALTER TABLE plain_one FORCE ROW LEVEL SECURITY": "~ table plain_one",
            "ALTER TABLE plain_one SET SCHEMA app": "- table plain_one; - column plain_one.a; "
            "- column plain_one.b; + table app.plain_one; + column app.plain_one.a; "
            "+ column app.plain_one.b",
            "COMMENT ON TABLE plain_one IS 'x'": "+ comment on table plain_one",
            "GRANT SELECT ON plain_one TO reader": "+ grant on table plain_one to reader",
            "GRANT SELECT ON plain_one TO reader WITH GRANT OPTION":
                "+ grant on table plain_one to reader",
            "GRANT SELECT (a) ON plain_one TO PUBLIC": "+ grant on column plain_one.a to PUBLIC",
        },
    ),
    "typed table": Made(
        "CREATE TYPE row_of AS (a integer); CREATE TABLE typed OF row_of",
        {"ALTER TABLE typed NOT OF": "~ table typed"},
    ),
    "access method": Made(
        "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
        {
            "DROP ACCESS METHOD heap2": "- access method heap2",
            "COMMENT ON ACCESS METHOD heap2 IS 'x'": "+ comment on access method heap2",
            "CREATE TABLE on_heap2 (a integer) USING heap2; DROP TABLE on_heap2": "",
        },
    ),
    "access method of a partitioned table": Made(
        "CREATE TABLE parted_17 (a integer) PARTITION BY RANGE (a)",
        {"ALTER TABLE parted_17 SET ACCESS METHOD heap": "~ table parted_17"},
        since=17,
    ),
    "partition that differs": Made(
        "CREATE TABLE whole_one (a integer, b text) PARTITION BY RANGE (a); "
        "CREATE TABLE part_one PARTITION OF whole_one FOR VALUES FROM (1) TO (5); "
        "CREATE FUNCTION told_one() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
        "CREATE TRIGGER each_one AFTER INSERT ON whole_one FOR EACH ROW "
        "EXECUTE FUNCTION told_one(); ALTER TABLE part_one ENABLE ALWAYS TRIGGER each_one",
        {
            "ALTER TABLE part_one DISABLE TRIGGER each_one": "~ trigger part_one.each_one",
            "ALTER TABLE part_one ALTER b SET DEFAULT 'x'": "~ column part_one.b",
            "ALTER TABLE part_one ALTER b SET STORAGE external": "~ column part_one.b",
        },
    ),
    "partition of a partition": Made(
        "CREATE TABLE whole_two (a integer) PARTITION BY RANGE (a); "
        "CREATE TABLE part_many PARTITION OF whole_two FOR VALUES FROM (5) TO (9) "
        "PARTITION BY RANGE (a); "
        "CREATE TABLE part_deep PARTITION OF part_many FOR VALUES FROM (5) TO (9); "
        "CREATE FUNCTION told_two() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
        "CREATE TRIGGER each_two AFTER INSERT ON whole_two FOR EACH ROW "
        "EXECUTE FUNCTION told_two(); ALTER TABLE part_deep ENABLE ALWAYS TRIGGER each_two",
        {"ALTER TABLE part_deep DISABLE TRIGGER each_two": "~ trigger part_deep.each_two"},
    ),
    "column": Made(
        "CREATE TABLE columns (a integer DEFAULT 1, b text, c varchar(9) NOT NULL, "
        "d integer GENERATED ALWAYS AS IDENTITY, e integer GENERATED ALWAYS AS (a + 1) STORED)",
        {
            "ALTER TABLE columns ALTER d TYPE bigint":
                "~ column columns.d; ~ sequence columns_d_seq",
            "ALTER TABLE columns ALTER a SET DEFAULT 2": "~ column columns.a",
            "ALTER TABLE columns ALTER a DROP DEFAULT": "~ column columns.a",
            "ALTER TABLE columns ALTER b SET NOT NULL": "~ column columns.b",
            "ALTER TABLE columns ALTER c DROP NOT NULL": "~ column columns.c",
            "ALTER TABLE columns ALTER c TYPE varchar(10)": "~ column columns.c",
            'ALTER TABLE columns ALTER b TYPE text COLLATE "C"': "~ column columns.b",
            "ALTER TABLE columns ALTER b SET STORAGE MAIN": "~ column columns.b",
            "ALTER TABLE columns ALTER b SET STATISTICS 500": "~ column columns.b",
            "ALTER TABLE columns ALTER b SET (n_distinct = 5)": "~ column columns.b",
            "ALTER TABLE columns ALTER d SET GENERATED BY DEFAULT": "~ column columns.d",
            "ALTER TABLE columns ALTER d SET INCREMENT 5": "~ sequence columns_d_seq",
            "ALTER TABLE columns ALTER e DROP EXPRESSION": "~ column columns.e",
            "COMMENT ON COLUMN columns.a IS 'x'": "+ comment on table column columns.a",
            "ALTER TABLE columns RENAME a TO z":
                "- column columns.a; + column columns.z; ~ column columns.e",
        },
    ),
    "column compression": Made(
        PAIR.format("packed"),
        {"ALTER TABLE packed ALTER b SET COMPRESSION pglz": "~ column packed.b"},
        since=14,
    ),
    "virtual column": Made(
        "CREATE TABLE virtual (a integer, b integer GENERATED ALWAYS AS (a + 1) VIRTUAL)",
        {"ALTER TABLE virtual ALTER b SET EXPRESSION AS (a + 2)": "~ column virtual.b"},
        since=18,
    ),
    "named not null": Made(
        "CREATE TABLE needed (a integer CONSTRAINT a_needed NOT NULL, b integer)",
        {
            "ALTER TABLE needed RENAME CONSTRAINT a_needed TO other": "~ column needed.a",
            "ALTER TABLE needed ADD CONSTRAINT late NOT NULL b NOT VALID": "~ column needed.b",
            "ALTER TABLE needed ALTER CONSTRAINT a_needed NO INHERIT": "~ column needed.a",
        },
        since=18,
    ),
    "check": Made(
        "CREATE TABLE checked (a integer CONSTRAINT small CHECK (a < 9), b varchar(9), "
        "CONSTRAINT listed CHECK (b IN ('x', 'y')))",
        {
            "ALTER TABLE checked DROP CONSTRAINT small": "- constraint checked.small",
            "ALTER TABLE checked ADD CONSTRAINT more CHECK (a > 1) NOT VALID":
                "+ constraint checked.more",
            "ALTER TABLE checked ADD CONSTRAINT own CHECK (a > 1) NO INHERIT":
                "+ constraint checked.own",
            "ALTER TABLE checked DROP CONSTRAINT listed, ADD CONSTRAINT listed "
            "CHECK (b IN ('x', 'z'))": "~ constraint checked.listed",
            "COMMENT ON CONSTRAINT small ON checked IS 'x'":
                "+ comment on table constraint small on checked",
        },
    ),
    "check that is not enforced": Made(
        "CREATE TABLE lax (a integer CONSTRAINT small CHECK (a < 9) NOT ENFORCED)",
        {"ALTER TABLE lax DROP CONSTRAINT small, ADD CONSTRAINT small CHECK (a < 9)":
             "~ constraint lax.small"},
        since=18,
    ),
    "key": Made(
        "CREATE TABLE keyed (a integer CONSTRAINT pk PRIMARY KEY, b integer CONSTRAINT uq UNIQUE)",
        {
            "ALTER TABLE keyed DROP CONSTRAINT uq": "- constraint keyed.uq",
            "ALTER TABLE keyed CLUSTER ON pk": "~ table keyed",
            "ALTER TABLE keyed REPLICA IDENTITY USING INDEX pk": "~ table keyed",
            "ALTER INDEX uq SET (fillfactor = 50)": "~ constraint keyed.uq",
            "ALTER TABLE keyed DROP CONSTRAINT uq, ADD CONSTRAINT uq UNIQUE (b) DEFERRABLE":
                "~ constraint keyed.uq",
            "ALTER TABLE keyed DROP CONSTRAINT uq, ADD CONSTRAINT uq UNIQUE (b) INCLUDE (a)":
                "~ constraint keyed.uq",
        },
    ),
    "foreign key": Made(
        "CREATE TABLE parent (a integer PRIMARY KEY, b integer UNIQUE); "
        "CREATE TABLE child (a integer CONSTRAINT fk REFERENCES parent)",
        {
            f"ALTER TABLE child DROP CONSTRAINT fk, ADD CONSTRAINT fk FOREIGN KEY (a) {how}":
                "~ constraint child.fk"
            for how in (
                "REFERENCES parent (b)", "REFERENCES parent ON DELETE CASCADE",
                "REFERENCES parent ON UPDATE SET NULL", "REFERENCES parent MATCH FULL",
                "REFERENCES parent DEFERRABLE", "REFERENCES parent NOT VALID",
                "REFERENCES parent DEFERRABLE INITIALLY DEFERRED",
            )
        }
        | {"ALTER TABLE child DISABLE TRIGGER ALL": "+ trigger child of constraint fk"},
    ),
    "foreign key to partitions": Made(
        "CREATE TABLE wide (a integer PRIMARY KEY) PARTITION BY LIST (a); "
        "CREATE TABLE wide_1 PARTITION OF wide FOR VALUES IN (1); "
        "CREATE TABLE wide_2 PARTITION OF wide FOR VALUES IN (2); "
        "CREATE TABLE leads (a integer CONSTRAINT there REFERENCES wide)",
        {
            "ALTER TABLE wide DETACH PARTITION wide_1; ALTER TABLE wide DETACH PARTITION wide_2; "
            "ALTER TABLE wide ATTACH PARTITION wide_2 FOR VALUES IN (2); "
            "ALTER TABLE wide ATTACH PARTITION wide_1 FOR VALUES IN (1)": "",
            "ALTER TABLE leads DROP CONSTRAINT there": "- constraint leads.there",
        },
    ),
    "exclusion": Made(
        "CREATE TABLE booked (r int4range, CONSTRAINT once EXCLUDE USING gist (r WITH &&))",
        {
            "ALTER TABLE booked DROP CONSTRAINT once": "- constraint booked.once",
            "ALTER TABLE booked DROP CONSTRAINT once, ADD CONSTRAINT once "
            "EXCLUDE USING gist (r WITH &&) WHERE (NOT isempty(r))": "~ constraint booked.once",
        },
    ),
    "inheritance": Made(
        "CREATE TABLE above (a integer CONSTRAINT up CHECK (a > 0)); "
        "CREATE TABLE beside (b integer); CREATE TABLE below (c integer) INHERITS (above, beside)",
        {
            "ALTER TABLE below NO INHERIT beside": "~ table below; ~ column below.b",
            "ALTER TABLE below NO INHERIT above":
                "~ table below; ~ column below.a; ~ constraint below.up",
        },
    ),
    "partition": Made(
        "CREATE TABLE parts (a integer, b varchar(9)) PARTITION BY LIST (b); "
        "CREATE TABLE part_1 PARTITION OF parts FOR VALUES IN ('x', 'y'); "
        "CREATE TABLE part_2 (a integer, b varchar(9)); CREATE INDEX ix_parts ON parts (a)",
        {
            "ALTER TABLE parts DETACH PARTITION part_1": "~ table part_1; ~ index part_1_a_idx",
            "ALTER TABLE parts ATTACH PARTITION part_2 DEFAULT":
                "~ table part_2; + index part_2_a_idx",
            "CREATE INDEX ix_late ON ONLY parts (b)": "+ index ix_late",
            "ALTER TABLE parts DETACH PARTITION part_1; ALTER TABLE parts ATTACH PARTITION part_1 "
            "FOR VALUES IN ('z')": "~ table part_1",
        },
    ),
    # Indexes
    "index": Made(
        "CREATE TABLE indexed (a integer, b text, c point); CREATE INDEX ix_a ON indexed (a); "
        "CREATE INDEX ix_e ON indexed (lower(b), a DESC) INCLUDE (c) WHERE a > 3",
        {
            "DROP INDEX ix_a": "- index ix_a",
            "ALTER INDEX ix_a SET (fillfactor = 50)": "~ index ix_a",
            "ALTER INDEX ix_e ALTER COLUMN 1 SET STATISTICS 500": "~ index ix_e",
            "ALTER TABLE indexed CLUSTER ON ix_a": "~ table indexed",
            "COMMENT ON INDEX ix_a IS 'x'": "+ comment on index ix_a",
            "ALTER INDEX ix_a RENAME TO ix_b": "- index ix_a; + index ix_b",
            "ALTER INDEX ix_a DEPENDS ON EXTENSION plpgsql":
                "+ dependence of index ix_a on extension plpgsql",
        }
        | {
            f"DROP INDEX ix_a; CREATE INDEX ix_a ON indexed {how}": "~ index ix_a"
            for how in (
                "(a DESC)", "(a NULLS FIRST)", "(a) INCLUDE (b)", "(a) WHERE a > 1", "(a, b)",
                "USING hash (a)", "(b text_pattern_ops)", '(b COLLATE "C")', "(abs(a))",
                "USING gist (c)", "USING brin (a int4_minmax_multi_ops (values_per_range = 16))",
                "USING gin (to_tsvector('simple', b))",
            )
        },
        since=14,
    ),
    "index on nulls": Made(
        "CREATE TABLE nulls (a integer); CREATE UNIQUE INDEX ix_n ON nulls (a)",
        {"DROP INDEX ix_n; CREATE UNIQUE INDEX ix_n ON nulls (a) NULLS NOT DISTINCT":
             "~ index ix_n"},
        since=15,
    ),
    # Views
    "view": Made(
        "CREATE TABLE viewed (a integer, b text); CREATE VIEW seen AS SELECT a, b FROM viewed",
        {
            "CREATE OR REPLACE VIEW seen AS SELECT a, b FROM viewed WHERE a > 1": "~ view seen",
            "ALTER VIEW seen SET (security_barrier = true)": "~ view seen",
            "ALTER VIEW seen SET (check_option = local)": "~ view seen",
            "ALTER VIEW seen ALTER a SET DEFAULT 5": "+ column seen.a",
            "ALTER VIEW seen OWNER TO writer": "~ view seen",
            "ALTER VIEW seen RENAME a TO z": "~ view seen",
            "COMMENT ON VIEW seen IS 'x'": "+ comment on view seen",
            "COMMENT ON COLUMN seen.a IS 'x'": "+ comment on view column seen.a",
            "GRANT SELECT ON seen TO reader": "+ grant on table seen to reader",
            "DROP VIEW seen": "- view seen",
        },
    ),
    "materialized view": Made(
        "CREATE TABLE counted (a integer, b text); "
        "CREATE MATERIALIZED VIEW counts AS SELECT a, b FROM counted; "
        "CREATE UNIQUE INDEX ix_counts ON counts (a)",
        {
            "REFRESH MATERIALIZED VIEW counts WITH NO DATA": "~ materialized view counts",
            "ALTER MATERIALIZED VIEW counts SET (fillfactor = 50)": "~ materialized view counts",
            "ALTER MATERIALIZED VIEW counts SET (toast.autovacuum_enabled = false)":
                "~ materialized view counts",
            "ALTER MATERIALIZED VIEW counts REPLICA IDENTITY FULL": "~ materialized view counts",
            "ALTER MATERIALIZED VIEW counts CLUSTER ON ix_counts": "~ materialized view counts",
            "ALTER MATERIALIZED VIEW counts ALTER b SET STATISTICS 9": "+ column counts.b",
            "ALTER MATERIALIZED VIEW counts ALTER b SET STORAGE EXTERNAL": "+ column counts.b",
            "DROP INDEX ix_counts": "- index ix_counts",
            "COMMENT ON MATERIALIZED VIEW counts IS 'x'": "+ comment on materialized view counts",
            "ALTER MATERIALIZED VIEW counts DEPENDS ON EXTENSION plpgsql":
                "+ dependence of materialized view counts on extension plpgsql",
        },
    ),
    "rule": Made(
        PAIR.format("ruled") + "; CREATE RULE keep AS ON DELETE TO ruled DO INSTEAD NOTHING",
        {
            "DROP RULE keep ON ruled": "- rule ruled.keep",
            "ALTER TABLE ruled DISABLE RULE keep": "~ rule ruled.keep",
            "ALTER TABLE ruled ENABLE ALWAYS RULE keep": "~ rule ruled.keep",
            "CREATE OR REPLACE RULE keep AS ON DELETE TO ruled WHERE old.a > 1 DO INSTEAD NOTHING":
                "~ rule ruled.keep",
            "COMMENT ON RULE keep ON ruled IS 'x'": "+ comment on rule keep on ruled",
        },
    ),
    "trigger": Made(
        PAIR.format("fired") + "; CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NEW; END'; CREATE TRIGGER fires BEFORE UPDATE ON fired FOR EACH ROW "
        "WHEN (new.a > 1) EXECUTE FUNCTION fire()",
        {
            "DROP TRIGGER fires ON fired": "- trigger fired.fires",
            "ALTER TABLE fired DISABLE TRIGGER fires": "~ trigger fired.fires",
            "ALTER TABLE fired ENABLE REPLICA TRIGGER fires": "~ trigger fired.fires",
            "ALTER TRIGGER fires ON fired DEPENDS ON EXTENSION plpgsql":
                "+ dependence of trigger fires on fired on extension plpgsql",
            "COMMENT ON TRIGGER fires ON fired IS 'x'": "+ comment on trigger fires on fired",
            "DROP TRIGGER fires ON fired; CREATE TRIGGER fires BEFORE UPDATE OF b ON fired "
            "FOR EACH ROW WHEN (new.a > 1) EXECUTE FUNCTION fire()": "~ trigger fired.fires",
            "CREATE CONSTRAINT TRIGGER late AFTER INSERT ON fired DEFERRABLE FOR EACH ROW "
            "EXECUTE FUNCTION fire()": "+ trigger fired.late",
            "CREATE TRIGGER each AFTER INSERT ON fired REFERENCING NEW TABLE AS fresh "
            "FOR EACH STATEMENT EXECUTE FUNCTION fire('x')": "+ trigger fired.each",
        },
    ),
    "policy": Made(
        PAIR.format("guarded") + "; CREATE POLICY mine ON guarded FOR SELECT TO reader "
        "USING (b IN ('x', 'y'))",
        {
            "ALTER POLICY mine ON guarded USING (a > 2)": "~ policy guarded.mine",
            "ALTER POLICY mine ON guarded TO PUBLIC": "~ policy guarded.mine",
            "DROP POLICY mine ON guarded; CREATE POLICY mine ON guarded AS RESTRICTIVE FOR SELECT "
            "TO reader USING (b IN ('x', 'y'))": "~ policy guarded.mine",
            "CREATE POLICY yours ON guarded FOR INSERT WITH CHECK (a > 1)":
                "+ policy guarded.yours",
            "COMMENT ON POLICY mine ON guarded IS 'x'": "+ comment on policy mine on guarded",
        },
    ),
    "sequence": Made(
        "CREATE SEQUENCE counter; CREATE TABLE counting (a integer)",
        {
            "ALTER SEQUENCE counter INCREMENT 5": "~ sequence counter",
            "ALTER SEQUENCE counter MAXVALUE 500": "~ sequence counter",
            "ALTER SEQUENCE counter MINVALUE -5": "~ sequence counter",
            "ALTER SEQUENCE counter START 5": "~ sequence counter",
            "ALTER SEQUENCE counter CACHE 5": "~ sequence counter",
            "ALTER SEQUENCE counter CYCLE": "~ sequence counter",
            "ALTER SEQUENCE counter AS integer": "~ sequence counter",
            "ALTER SEQUENCE counter OWNED BY counting.a": "~ sequence counter",
            "ALTER SEQUENCE counter OWNER TO writer": "~ sequence counter",
            "GRANT USAGE ON SEQUENCE counter TO reader": "+ grant on sequence counter to reader",
            "COMMENT ON SEQUENCE counter IS 'x'": "+ comment on sequence counter",
        },
    ),
    "unlogged sequence": Made(
        "CREATE SEQUENCE logged", {"ALTER SEQUENCE logged SET UNLOGGED": "~ sequence logged"},
        since=15,
    ),
    "statistics": Made(
        PAIR.format("measured") + "; CREATE STATISTICS twofold ON a, b FROM measured",
        {
            "DROP STATISTICS twofold": "- statistics twofold",
            "ALTER STATISTICS twofold SET STATISTICS 500": "~ statistics twofold",
            "ALTER STATISTICS twofold OWNER TO writer": "~ statistics twofold",
            "DROP STATISTICS twofold; CREATE STATISTICS twofold (ndistinct) ON a, b FROM measured":
                "~ statistics twofold",
            "COMMENT ON STATISTICS twofold IS 'x'": "+ comment on statistics object twofold",
        },
    ),
    # Types
    "enum": Made(
        "CREATE TYPE mood AS ENUM ('good', 'bad')",
        {
            "ALTER TYPE mood ADD VALUE 'so' BEFORE 'bad'": "~ enum mood",
            "ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'": "~ enum mood",
            "ALTER TYPE mood OWNER TO writer": "~ enum mood",
            "COMMENT ON TYPE mood IS 'x'": "+ comment on type mood",
            "GRANT USAGE ON TYPE mood TO reader": "+ grant on type mood to reader",
            "REVOKE USAGE ON TYPE mood FROM PUBLIC": "+ grant on type mood to PUBLIC",
        },
    ),
    "domain": Made(
        "CREATE DOMAIN email AS text CONSTRAINT has_at CHECK (VALUE ~ '@')",
        {
            "ALTER DOMAIN email SET DEFAULT 'a@b'": "~ domain email",
            "ALTER DOMAIN email SET NOT NULL": "~ domain email",
            "ALTER DOMAIN email DROP CONSTRAINT has_at": "~ domain email",
            "ALTER DOMAIN email ADD CHECK (length(VALUE) > 3) NOT VALID": "~ domain email",
            "ALTER DOMAIN email OWNER TO writer": "~ domain email",
            'DROP DOMAIN email; CREATE DOMAIN email AS text COLLATE "C" CONSTRAINT has_at '
            "CHECK (VALUE ~ '@')": "~ domain email",
            "COMMENT ON DOMAIN email IS 'x'": "+ comment on type email",
            "COMMENT ON CONSTRAINT has_at ON DOMAIN email IS 'x'":
                "+ comment on domain constraint has_at on email",
        },
    ),
    "domain with a function in its default": Made(
        "CREATE FUNCTION first() RETURNS text LANGUAGE sql AS 'SELECT 1::text'; "
        "CREATE DOMAIN begun AS text DEFAULT first()",
        {"ALTER FUNCTION first() RENAME TO second":
             "- function first(); + function second(); ~ domain begun"},
    ),
    "composite type": Made(
        "CREATE TYPE pair AS (a integer, b text)",
        {
            "ALTER TYPE pair ADD ATTRIBUTE c integer": "~ type pair",
            "ALTER TYPE pair ALTER ATTRIBUTE a TYPE bigint": "~ type pair",
            'ALTER TYPE pair ALTER ATTRIBUTE b TYPE text COLLATE "C"': "~ type pair",
            "ALTER TYPE pair RENAME ATTRIBUTE a TO z": "~ type pair",
            "COMMENT ON COLUMN pair.a IS 'x'": "+ comment on composite type column pair.a",
            "ALTER TYPE pair OWNER TO writer": "~ type pair",
        },
    ),
    "range type": Made(
        "CREATE FUNCTION apart(float8, float8) RETURNS float8 LANGUAGE sql IMMUTABLE AS "
        "'SELECT $1 - $2'; CREATE TYPE span AS RANGE (subtype = float8); "
        "CREATE TYPE words AS RANGE (subtype = text)",
        {
            "DROP TYPE span; CREATE TYPE span AS RANGE (subtype = float8, subtype_diff = apart)":
                "~ type span",
            "DROP TYPE span; CREATE TYPE span AS RANGE (subtype = float4)": "~ type span",
            'DROP TYPE words; CREATE TYPE words AS RANGE (subtype = text, collation = "C")':
                "~ type words",
            "DROP TYPE words; CREATE TYPE words AS RANGE (subtype = text, "
            "subtype_opclass = text_pattern_ops)": "~ type words",
        },
    ),
    "multirange type": Made(
        "CREATE TYPE spans AS RANGE (subtype = float8)",
        {"DROP TYPE spans; CREATE TYPE spans AS RANGE (subtype = float8, "
         "multirange_type_name = many)": "~ type spans"},
        since=14,
    ),
    "base type": Made(
        IMPOSTOR + "; CREATE TYPE thing (input = thing_in, output = thing_out, "
        "internallength = 4, passedbyvalue)",
        {
            f"DROP TYPE thing CASCADE; {IMPOSTOR}; CREATE TYPE thing (input = thing_in, "
            f"output = thing_out, internallength = 4, passedbyvalue, {how})": "~ type thing"
            for how in ("default = '5'", "category = 'N'", "delimiter = ';'", "preferred = true",
                        "collatable = true")
        }
        | {"ALTER TYPE thing OWNER TO writer": "~ type thing"},
    ),
    "base type among the arrays": Made(
        IMPOSTOR.replace("thing", "like_many") + "; CREATE TYPE like_many (input = like_many_in, "
        "output = like_many_out, internallength = 4, passedbyvalue, category = 'A')",
        {"ALTER TYPE like_many OWNER TO writer": "~ type like_many"},
    ),
    "shell type": Made("CREATE TYPE shell", {"DROP TYPE shell": "- type shell"}),
    # Routines and operators
    "function": Made(
        "CREATE FUNCTION pick(i integer, j integer DEFAULT 5) RETURNS SETOF integer LANGUAGE sql "
        "AS 'SELECT i'",
        {
            f"ALTER FUNCTION pick {how}": "~ function pick(i integer, j integer)"
            for how in ("IMMUTABLE", "STRICT", "SECURITY DEFINER", "LEAKPROOF", "COST 5", "ROWS 5",
                        "PARALLEL SAFE", "SET work_mem = '8MB'", "OWNER TO writer",
                        "SUPPORT generate_series_int4_support")
        }
        | {
            "CREATE OR REPLACE FUNCTION pick(i integer, j integer DEFAULT 6) "
            "RETURNS SETOF integer LANGUAGE sql AS 'SELECT i'":
                "~ function pick(i integer, j integer)",
            "ALTER FUNCTION pick DEPENDS ON EXTENSION plpgsql":
                "+ dependence of function pick(integer,integer) on extension plpgsql",
            "REVOKE EXECUTE ON FUNCTION pick FROM PUBLIC":
                "+ grant on function pick(i integer, j integer) to PUBLIC",
            "COMMENT ON FUNCTION pick IS 'x'": "+ comment on function pick(integer,integer)",
        },
    ),
    "function with a parsed body": Made(
        "CREATE FUNCTION atomic(a varchar) RETURNS boolean LANGUAGE sql "
        "RETURN a IN ('x', 'y')",
        {"CREATE OR REPLACE FUNCTION atomic(a varchar) RETURNS boolean LANGUAGE sql "
         "RETURN a IN ('x', 'z')": "~ function atomic(a character varying)"},
        since=14,
    ),
    "procedure": Made(
        "CREATE PROCEDURE act() LANGUAGE sql AS 'SELECT 1'",
        {
            "CREATE OR REPLACE PROCEDURE act() LANGUAGE sql AS 'SELECT 2'": "~ procedure act()",
            "ALTER PROCEDURE act SET work_mem = '8MB'": "~ procedure act()",
            "DROP PROCEDURE act": "- procedure act()",
        },
    ),
    "aggregate": Made(
        "CREATE AGGREGATE most(integer) (sfunc = int4larger, stype = integer)",
        {
            f"DROP AGGREGATE most(integer); CREATE AGGREGATE most(integer) ({how})":
                "~ aggregate most(integer)"
            for how in (
                "sfunc = int4smaller, stype = integer",
                "sfunc = int4larger, stype = integer, initcond = '5'",
                "sfunc = int4larger, stype = integer, combinefunc = int4larger",
                "sfunc = int4larger, stype = integer, sortop = >",
                "sfunc = int4larger, stype = integer, parallel = safe",
                "sfunc = int4larger, stype = integer, sspace = 64",
                "sfunc = int4larger, stype = integer, finalfunc = int4abs",
                "sfunc = int4pl, stype = integer, msfunc = int4pl, minvfunc = int4mi, mstype = int",
            )
        }
        | {"ALTER AGGREGATE most(integer) OWNER TO writer": "~ aggregate most(integer)"},
    ),
    "operator": Made(
        "CREATE OPERATOR === (leftarg = integer, rightarg = integer, function = int4eq)",
        {
            "ALTER OPERATOR === (integer, integer) SET (RESTRICT = eqsel)":
                "~ operator ===(integer,integer)",
            "ALTER OPERATOR === (integer, integer) OWNER TO writer":
                "~ operator ===(integer,integer)",
            "DROP OPERATOR === (integer, integer); CREATE OPERATOR === (leftarg = integer, "
            "rightarg = integer, function = int4eq, commutator = ===)":
                "~ operator ===(integer,integer)",
            "DROP OPERATOR === (integer, integer); CREATE OPERATOR === (leftarg = integer, "
            "rightarg = integer, function = int4eq, merges, hashes)":
                "~ operator ===(integer,integer)",
            "CREATE OPERATOR ==== (leftarg = integer, rightarg = integer, function = int4eq, "
            "negator = !===); DROP OPERATOR ==== (integer, integer)": "",
            "COMMENT ON OPERATOR === (integer, integer) IS 'x'":
                "+ comment on operator ===(integer,integer)",
        },
    ),
    "operator class": Made(
        "CREATE OPERATOR FAMILY kin USING btree; "
        "CREATE OPERATOR CLASS ints FOR TYPE integer USING btree FAMILY kin AS "
        "OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 btint4cmp(integer, integer)",
        {
            "DROP OPERATOR CLASS ints USING btree": "- operator class ints using btree; "
            "~ operator family kin using btree",
            "ALTER OPERATOR FAMILY kin USING btree ADD OPERATOR 1 < (integer, bigint)":
                "~ operator family kin using btree",
            "ALTER OPERATOR CLASS ints USING btree OWNER TO writer":
                "~ operator class ints using btree",
            "ALTER OPERATOR FAMILY kin USING btree OWNER TO writer":
                "~ operator family kin using btree",
            "COMMENT ON OPERATOR CLASS ints USING btree IS 'x'":
                "+ comment on operator class ints USING btree",
            "COMMENT ON OPERATOR FAMILY kin USING btree IS 'x'":
                "+ comment on operator family kin USING btree",
        },
    ),
    "cast": Made(
        "CREATE TYPE from_it AS (a integer); CREATE FUNCTION cast_it(from_it) RETURNS text "
        "LANGUAGE sql AS 'SELECT 1::text'; "
        "CREATE CAST (from_it AS text) WITH FUNCTION cast_it(from_it)",
        {
            "DROP CAST (from_it AS text); CREATE CAST (from_it AS text) "
            "WITH FUNCTION cast_it(from_it) AS ASSIGNMENT": "~ cast from_it as text",
            "DROP CAST (from_it AS text); CREATE CAST (from_it AS text) WITH INOUT":
                "~ cast from_it as text",
            "COMMENT ON CAST (from_it AS text) IS 'x'":
                "+ comment on cast (from_it AS pg_catalog.text)",
        },
    ),
    "transform": Made(
        "CREATE FUNCTION into_it(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS "
        "'gist_point_compress'; CREATE TYPE shaped AS (a integer); "
        "CREATE TRANSFORM FOR shaped LANGUAGE sql (FROM SQL WITH FUNCTION into_it(internal))",
        {
            "DROP TRANSFORM FOR shaped LANGUAGE sql": "- transform for shaped language sql",
        },
    ),
    "conversion": Made(
        "CREATE CONVERSION turned FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1",
        {
            "DROP CONVERSION turned": "- conversion turned",
            "ALTER CONVERSION turned OWNER TO writer": "~ conversion turned",
            "DROP CONVERSION turned; CREATE DEFAULT CONVERSION turned FOR 'UTF8' TO 'LATIN1' "
            "FROM utf8_to_iso8859_1": "~ conversion turned",
            "COMMENT ON CONVERSION turned IS 'x'": "+ comment on conversion turned",
        },
    ),
    "language": Made(
        "CREATE TRUSTED LANGUAGE tongue HANDLER plpgsql_call_handler",
        {
            "CREATE OR REPLACE LANGUAGE tongue HANDLER plpgsql_call_handler": "~ language tongue",
            "CREATE OR REPLACE TRUSTED LANGUAGE tongue HANDLER plpgsql_call_handler "
            "VALIDATOR plpgsql_validator": "~ language tongue",
            "ALTER LANGUAGE tongue OWNER TO writer": "~ language tongue",
            "GRANT USAGE ON LANGUAGE tongue TO reader": "+ grant on language tongue to reader",
            "REVOKE USAGE ON LANGUAGE tongue FROM PUBLIC": "+ grant on language tongue to PUBLIC",
            "COMMENT ON LANGUAGE tongue IS 'x'": "+ comment on language tongue",
        },
    ),
    "collation": Made(
        'CREATE COLLATION order_1 FROM "C"',
        {
            "DROP COLLATION order_1": "- collation order_1",
            "DROP COLLATION order_1; CREATE COLLATION order_1 (locale = 'POSIX')":
                "~ collation order_1",
            "ALTER COLLATION order_1 OWNER TO writer": "~ collation order_1",
            "COMMENT ON COLLATION order_1 IS 'x'": "+ comment on collation order_1",
        },
    ),
    # Text search
    "text search": Made(
        "CREATE TEXT SEARCH TEMPLATE mould (lexize = dsimple_lexize, init = dsimple_init); "
        "CREATE TEXT SEARCH PARSER reader (start = prsd_start, gettoken = prsd_nexttoken, "
        "end = prsd_end, lextypes = prsd_lextype); "
        "CREATE TEXT SEARCH DICTIONARY book (template = simple); "
        "CREATE TEXT SEARCH CONFIGURATION finds (copy = simple)",
        {
            "DROP TEXT SEARCH TEMPLATE mould": "- text search template mould",
            "DROP TEXT SEARCH PARSER reader": "- text search parser reader",
            "ALTER TEXT SEARCH DICTIONARY book (accept = false)": "~ text search dictionary book",
            "ALTER TEXT SEARCH DICTIONARY book OWNER TO writer": "~ text search dictionary book",
            "ALTER TEXT SEARCH CONFIGURATION finds ALTER MAPPING FOR word WITH book":
                "~ text search configuration finds",
            "ALTER TEXT SEARCH CONFIGURATION finds DROP MAPPING FOR email":
                "~ text search configuration finds",
            "ALTER TEXT SEARCH CONFIGURATION finds OWNER TO writer":
                "~ text search configuration finds",
            "COMMENT ON TEXT SEARCH CONFIGURATION finds IS 'x'":
                "+ comment on text search configuration finds",
            "COMMENT ON TEXT SEARCH DICTIONARY book IS 'x'":
                "+ comment on text search dictionary book",
            "COMMENT ON TEXT SEARCH PARSER reader IS 'x'": "+ comment on text search parser reader",
            "COMMENT ON TEXT SEARCH TEMPLATE mould IS 'x'":
                "+ comment on text search template mould",
        },
    ),
    # What is elsewhere
    "foreign data": Made(
        "CREATE FOREIGN DATA WRAPPER far; "
        "CREATE SERVER there FOREIGN DATA WRAPPER far OPTIONS (host 'a'); "
        "CREATE USER MAPPING FOR reader SERVER there OPTIONS (user 'x', password 'hunter2'); "
        "CREATE FOREIGN TABLE remote (a integer, b text) SERVER there",
        {
            "ALTER FOREIGN DATA WRAPPER far VALIDATOR postgresql_fdw_validator":
                "~ foreign data wrapper far",
            "ALTER FOREIGN DATA WRAPPER far OPTIONS (host 'x')": "~ foreign data wrapper far",
            "GRANT USAGE ON FOREIGN DATA WRAPPER far TO reader":
                "+ grant on foreign data wrapper far to reader",
            "COMMENT ON FOREIGN DATA WRAPPER far IS 'x'": "+ comment on foreign-data wrapper far",
            "ALTER SERVER there OPTIONS (SET host 'b')": "~ foreign server there",
            "ALTER SERVER there VERSION '5'": "~ foreign server there",
            "ALTER SERVER there OWNER TO writer": "~ foreign server there",
            "GRANT USAGE ON FOREIGN SERVER there TO reader":
                "+ grant on foreign server there to reader",
            "COMMENT ON SERVER there IS 'x'": "+ comment on server there",
            "ALTER USER MAPPING FOR reader SERVER there OPTIONS (SET password 'other')":
                "~ user mapping for reader on there",
            "CREATE USER MAPPING FOR PUBLIC SERVER there": "+ user mapping for public on there",
            "ALTER FOREIGN TABLE remote OPTIONS (host 'c')": "~ foreign table remote",
            "ALTER FOREIGN TABLE remote ALTER a OPTIONS (user 'c')": "~ column remote.a",
            "ALTER FOREIGN TABLE remote ALTER a SET NOT NULL": "~ column remote.a",
            "ALTER FOREIGN TABLE remote ALTER a SET DEFAULT 5": "~ column remote.a",
            "ALTER FOREIGN TABLE remote ADD CONSTRAINT small CHECK (a < 5)":
                "+ constraint remote.small",
            "ALTER FOREIGN TABLE remote ALTER a SET STATISTICS 5": "~ column remote.a",
            "COMMENT ON FOREIGN TABLE remote IS 'x'": "+ comment on foreign table remote",
            "COMMENT ON COLUMN remote.a IS 'x'": "+ comment on foreign table column remote.a",
            "ALTER FOREIGN TABLE remote OWNER TO writer": "~ foreign table remote",
        },
    ),
    "publication": Made(
        PAIR.format("fed") + "; " + PAIR.format("unfed") + "; ALTER TABLE fed ADD PRIMARY KEY (a);"
        "CREATE PUBLICATION feed FOR TABLE fed; CREATE PUBLICATION every FOR ALL TABLES",
        {
            "ALTER PUBLICATION feed ADD TABLE unfed": "+ published unfed in feed",
            "ALTER PUBLICATION feed SET (publish = 'insert')": "~ publication feed",
            "ALTER PUBLICATION feed SET (publish_via_partition_root = true)": "~ publication feed",
            "ALTER PUBLICATION feed OWNER TO writer": "~ publication feed",
            "DROP PUBLICATION every": "- publication every",
            "COMMENT ON PUBLICATION feed IS 'x'": "+ comment on publication feed",
        },
    ),
    "publication of rows": Made(
        PAIR.format("fed_15") + "; ALTER TABLE fed_15 ADD PRIMARY KEY (a); "
        "CREATE PUBLICATION rows_15 FOR TABLE fed_15 (a) WHERE (a > 1); "
        "CREATE PUBLICATION feed_15 FOR TABLES IN SCHEMA app",
        {
            "ALTER PUBLICATION feed_15 DROP TABLES IN SCHEMA app":
                "- published schema app in feed_15",
            "ALTER PUBLICATION rows_15 SET TABLE fed_15 (a, b) WHERE (a > 1)":
                "~ published fed_15 in rows_15",
            "ALTER PUBLICATION rows_15 SET TABLE fed_15 (a) WHERE (a > 2)":
                "~ published fed_15 in rows_15",
        },
        since=15,
    ),
    "subscription": Made(
        "CREATE SUBSCRIPTION taken CONNECTION 'dbname=x' PUBLICATION one "
        "WITH (connect = false, slot_name = NONE)",
        {
            "ALTER SUBSCRIPTION taken SET PUBLICATION two WITH (refresh = false)":
                "~ subscription taken",
            "ALTER SUBSCRIPTION taken SET (synchronous_commit = on)": "~ subscription taken",
            "ALTER SUBSCRIPTION taken SET (slot_name = 'x')": "~ subscription taken",
            "ALTER SUBSCRIPTION taken OWNER TO postgres": "",
            "COMMENT ON SUBSCRIPTION taken IS 'x'": "+ comment on subscription taken",
            "COMMENT ON SUBSCRIPTION taken IS 'x'; DROP SUBSCRIPTION taken": "- subscription taken",
        },
    ),
    # Everybody's
    "schema": Made(
        "CREATE SCHEMA house",
        {
            "DROP SCHEMA house": "- schema house",
            "DROP SCHEMA public": "- schema public",
            "ALTER SCHEMA house OWNER TO writer": "~ schema house",
            "GRANT USAGE ON SCHEMA house TO reader": "+ grant on schema house to reader",
            "COMMENT ON SCHEMA house IS 'x'": "+ comment on schema house",
            "COMMENT ON SCHEMA public IS 'x'": "+ comment on schema public",
            "GRANT ALL ON SCHEMA public TO reader": "+ grant on schema public to reader",
        },
    ),
    "event trigger": Made(
        "CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
        "CREATE EVENT TRIGGER watches ON ddl_command_end EXECUTE FUNCTION watch()",
        {
            "ALTER EVENT TRIGGER watches DISABLE": "~ event trigger watches",
            "ALTER EVENT TRIGGER watches ENABLE ALWAYS": "~ event trigger watches",
            "DROP EVENT TRIGGER watches; CREATE EVENT TRIGGER watches ON ddl_command_end "
            "WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION watch()": "~ event trigger watches",
            "COMMENT ON EVENT TRIGGER watches IS 'x'": "+ comment on event trigger watches",
        },
    ),
    "extension": Made(
        "CREATE EXTENSION IF NOT EXISTS plpgsql",
        {
            "COMMENT ON EXTENSION plpgsql IS 'x'": "+ comment on extension plpgsql",
            "REVOKE EXECUTE ON FUNCTION plpgsql_validator FROM PUBLIC":
                "+ grant on function pg_catalog.plpgsql_validator(oid) to PUBLIC",
            "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep FROM PUBLIC":
                "+ grant on function pg_catalog.pg_sleep(double precision) to PUBLIC",
            "GRANT SELECT ON pg_catalog.pg_authid TO reader":
                "+ grant on table pg_catalog.pg_authid to reader",
        },
    ),
    "default privileges": Made(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader",
        {
            "ALTER DEFAULT PRIVILEGES IN SCHEMA app REVOKE SELECT ON TABLES FROM reader":
                "- default grant of postgres in app on tables to reader",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT INSERT ON TABLES TO reader":
                "~ default grant of postgres in app on tables to reader",
            "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM postgres":
                "+ default grant of postgres on tables to nobody",
            "ALTER DEFAULT PRIVILEGES FOR ROLE writer REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC":
                "+ default grant of writer on functions to writer",
            "ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO reader":
                "+ default grant of postgres on schemas to postgres; "
                "+ default grant of postgres on schemas to reader",
        },
    ),
    "large object": Made(
        "SELECT lo_create(424242); GRANT SELECT ON LARGE OBJECT 424242 TO writer",
        {
            "GRANT SELECT ON LARGE OBJECT 424242 TO reader":
                "+ grant on large object 424242 to reader",
            "ALTER LARGE OBJECT 424242 OWNER TO writer": "~ large object 424242; "
            "- grant on large object 424242 to writer",
            "COMMENT ON LARGE OBJECT 424242 IS 'x'": "+ comment on large object 424242",
        },
    ),
    "security label": Made(
        "CREATE TABLE labelled (a integer); SET allow_system_table_mods = on; "
        "INSERT INTO pg_seclabel VALUES ('labelled'::regclass, 'pg_class'::regclass, 0, 'p', 'x')",
        {
            "UPDATE pg_seclabel SET label = 'y'": "~ security label of p on table labelled",
            "DELETE FROM pg_seclabel": "- security label of p on table labelled",
        },
    ),
    "setting": Made(
        "SELECT 1",
        {
            "ALTER ROLE reader SET work_mem = '8MB'": "+ setting work_mem of role reader",
            "ALTER DATABASE {database} SET work_mem = '8MB'": "+ setting work_mem",
            "ALTER ROLE reader IN DATABASE {database} SET work_mem = '8MB'":
                "+ setting work_mem of role reader in this database",
        },
        apart=True,
    ),
    "grant on a parameter": Made(
        "SELECT 1",
        {"GRANT SET ON PARAMETER log_duration TO reader":
             "+ grant on parameter log_duration to reader"},
        since=15, apart=True,
    ),
    "grant on the database": Made(
        "SELECT 1",
        {"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC":
             "+ grant on database itself to PUBLIC"},
        apart=True,
    ),
    "database": Made(
        "SELECT 1",
        {
            "ALTER DATABASE {database} OWNER TO writer": "~ database itself",
            "ALTER DATABASE {database} CONNECTION LIMIT 0": "~ database itself",
            "ALTER DATABASE {database} IS_TEMPLATE true": "~ database itself",
        },
        apart=True,
    ),
    # Names
    "names": Made(
        'CREATE SCHEMA "a.b"; CREATE SCHEMA "Mixed"; CREATE TYPE "a.b"."sad mood" AS ENUM (\'x\'); '
        'CREATE TABLE "user" ("Mixed" integer, "a.b" integer, "a""b" "a.b"."sad mood"); '
        'CREATE TABLE "a.b"."a""b" ("order" integer CONSTRAINT "k.k" CHECK ("order" > 1)); '
        'CREATE INDEX "ix.1" ON "user" ("a.b"); CREATE TABLE "Mixed"."Mixed" (a integer)',
        {
            'ALTER TABLE "user" DROP "Mixed"': "- column user.Mixed",
            'ALTER TABLE "user" ALTER "a.b" SET NOT NULL': '~ column user."a.b"',
            'ALTER TABLE "user" ALTER "a""b" SET NOT NULL': '~ column user."a""b"',
            'ALTER TABLE "a.b"."a""b" SET UNLOGGED': '~ table "a.b"."a""b"',
            'ALTER TABLE "a.b"."a""b" DROP CONSTRAINT "k.k"': '- constraint "a.b"."a""b"."k.k"',
            'DROP INDEX "ix.1"': '- index "ix.1"',
            'ALTER TYPE "a.b"."sad mood" RENAME VALUE \'x\' TO \'y\'': '~ enum "a.b".sad mood',
            'ALTER TABLE "Mixed"."Mixed" OWNER TO "Odd ""role"""': "~ table Mixed.Mixed",
            'GRANT SELECT ON "Mixed"."Mixed" TO "Odd ""role"""':
                '+ grant on table Mixed.Mixed to Odd "role"',
        },
    ),
}  # fmt: skip
