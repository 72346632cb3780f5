"""Attacks on the SQL endpoint of a running embedded store, over HTTP, as a reader."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import httpx

from tests.attacks.case import Case
from tests.integration.test_store_process import StoreProcess

ROWS = 100_000
"""Rows of an answer at the most."""

SECRET = "root:"
REFUSED: dict[str, tuple[str, ...]] = {
    "write rows": (
        "INSERT INTO posts (platform, id) VALUES ('x', 'y')",
        "INSERT INTO posts SELECT * FROM posts",
        "WITH 1 AS x INSERT INTO posts (id) SELECT 'y'",
        "DELETE FROM posts WHERE 1",
        "ALTER TABLE posts DELETE WHERE 1",
        "ALTER TABLE posts UPDATE text = '' WHERE 1",
        "TRUNCATE TABLE posts",
        "OPTIMIZE TABLE posts FINAL",
    ),
    "change what there is": (
        "DROP TABLE posts",
        "DROP DATABASE vigie",
        "RENAME TABLE posts TO gone",
        "CREATE TABLE t (x Int8) ENGINE = Memory",
        "CREATE TEMPORARY TABLE t (x Int8)",
        "CREATE DICTIONARY d (x Int8) PRIMARY KEY x SOURCE(FILE(path '/etc/passwd' format 'CSV')) LIFETIME(1)",
        "CREATE FUNCTION f AS x -> x",
        "CREATE USER u",
        "GRANT ALL ON *.* TO default",
        "ATTACH TABLE t",
        "DETACH TABLE posts",
    ),
    "read files": (
        "SELECT * FROM file('/etc/passwd', 'LineAsString')",
        "SELECT file('/etc/passwd')",
        "SELECT * FROM `file`('/etc/passwd', 'LineAsString')",
        'SELECT * FROM "file"(\'/etc/passwd\', \'LineAsString\')',
        "SELECT * FROM fIlE/**/('/etc/passwd', 'LineAsString')",
        "SELECT * FROM file -- \n ('/etc/passwd', 'LineAsString')",
        "SELECT * FROM /* /* nested */ */ file('/etc/passwd', 'LineAsString')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM default.`/etc/passwd`",
        "DESCRIBE file('/etc/passwd')",
        "EXPLAIN SELECT * FROM file('/etc/passwd')",
        "SELECT * FROM view(SELECT * FROM file('/etc/passwd', 'LineAsString'))",
        "SELECT x APPLY(file) FROM (SELECT '/etc/passwd' AS x)",
        "SELECT * FROM filesystem('/etc')",
        "INSERT INTO posts FROM INFILE '/etc/passwd' FORMAT CSV",
    ),
    "reach the network or a program": (
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
        "SELECT * FROM s3('http://127.0.0.1:1/b/k', 'CSV')",
        "SELECT * FROM remote('127.0.0.1', system.one)",
        "SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
        "SELECT * FROM postgresql('127.0.0.1:1', 'd', 't', 'u', 'p')",
        "SELECT * FROM mongodb('127.0.0.1:1', 'd', 'c', 'u', 'p', 'x Int8')",
        "SELECT * FROM executable('id', 'CSV', 'a String')",
        "SELECT * FROM Python(data)",
        "SELECT aiGenerate('x')",
    ),
    "write files": (
        "SELECT 1 INTO OUTFILE '{out}'",
        "SELECT 1 INTO /* */ outfile '{out}' FORMAT CSV",
        "INSERT INTO FUNCTION file('{out}') SELECT 1",
        "EXPLAIN SELECT 1 INTO OUTFILE '{out}'",
        "BACKUP TABLE posts TO File('{out}')",
    ),
    "control the server": (
        "KILL QUERY WHERE 1",
        "KILL MUTATION WHERE 1",
        "SYSTEM SHUTDOWN",
        "SYSTEM FLUSH LOGS",
        "SET readonly = 0",
        "SET max_memory_usage = 0",
        "USE system",
        "SELECT sleep(3)",
    ),
    "several statements": (
        "SELECT 1; DROP TABLE posts",
        "SELECT 1;/* */DROP TABLE posts",
        "SELECT 1\n;\n\nDROP TABLE posts --",
        "SELECT 1 PARALLEL WITH DROP TABLE posts",
        "SELECT ';' ; DROP TABLE posts",
    ),
    "raise limits and settings": (
        "SELECT 1 SETTINGS readonly = 0",
        "SELECT 1 SETTINGS max_memory_usage = 0",
        "SELECT 1 SETTINGS max_execution_time = 100000",
        "SELECT 1 SETTINGS max_result_rows = 0",
        "SELECT 1 SETTINGS allow_introspection_functions = 1",
        "SELECT * FROM (SELECT 1 SETTINGS readonly = 0)",
    ),
    "look at others": (
        "SELECT * FROM system.processes",
        "SELECT * FROM system.query_log",
        "SELECT * FROM `system`.`users`",
        'SELECT * FROM "system" . "disks"',
        "SELECT * FROM system.server_settings",
        "SELECT * FROM merge('system', '.*')",
        "SHOW PROCESSLIST",
        "SHOW GRANTS",
        "SELECT getServerSetting('max_server_memory_usage')",
        "SELECT dictGet('d', 'a', 1)",
        "SELECT * FROM dictionary('d')",
    ),
    "hide behind quotes and odd characters": (
        "SELECT `fi\\x6ce`('/etc/passwd')",
        "SELECT “file”('/etc/passwd')",
        "SELECT * FROM file\u00a0('/etc/passwd')",
        "SELECT x'\\' file('/etc/passwd') '",
        "SELECT $a b$ file('/etc/passwd') $a b$",
        "SELECT \x00 file('/etc/passwd')",
        "SELECT /* open",
        "SELECT 'open",
    ),
    "use too much": (
        "SELECT number FROM numbers(5000000)",
        "SELECT count() FROM numbers(1000000000000)",
        "SELECT groupArray(number) FROM numbers(1000000000)",
        "SELECT count() FROM (SELECT DISTINCT number FROM numbers(10000000000))",
        "SELECT repeat('x', 2000000000)",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count() FROM r",
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "NOT " * 20000 + "1",
        "SELECT 1" + " UNION ALL SELECT 1" * 5000,
        "SELECT * FROM " + "(SELECT * FROM " * 1500 + "numbers(1)" + ")" * 1500,
        "SELECT '" + "x" * (2 << 20) + "'",
    ),
}  # fmt: skip


def attack(folder: Path) -> list[Case]:
    """All of it, on a store of its own in `folder`."""
    limits = {"VIGIE_STORE__MAX_SECONDS": "2", "VIGIE_STORE__MAX_ROWS": str(ROWS)}
    store = StoreProcess(folder / "store", limits)
    out = folder / "outfile"
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{store.port}", timeout=30.0, trust_env=False) as client:
            cases = [_refused(client, what, statements, out) for what, statements in REFUSED.items()]
            cases += [_by_get(client), _parameters(client), _passwords(client)]
            tables = client.post("/", content="SELECT count() FROM system.tables WHERE database = 'vigie'")
            alive = tables.status_code == 200 and int(tables.text) >= 16 and store.process.poll() is None
            cases.append(
                Case("afterwards", "the store answers, all tables are there" if alive else "damage", alive)
            )
            return cases
    finally:
        store.stop()


def _safe(answer: httpx.Response, out: Path) -> bool:
    """Refused at once; or, where the answer had begun to stream, broken off within the limit by the same error."""
    return (
        (answer.status_code >= 400 or answer.text.count("\n") <= ROWS)
        and "Code: " in answer.text
        and SECRET not in answer.text
        and not out.exists()
    )


def _refused(client: httpx.Client, what: str, statements: tuple[str, ...], out: Path) -> Case:
    through = []
    for statement in statements:
        answer = client.post("/", content=statement.replace("{out}", str(out)).encode())
        if not _safe(answer, out):
            through.append(statement[:80])
    happened = f"let through: {through}" if through else "each refused with ClickHouse's error"
    return Case(what, happened, not through, len(statements))


def _by_get(client: httpx.Client) -> Case:
    statements = [one for what in ("write rows", "change what there is") for one in REFUSED[what]]
    good = all(client.get(f"/?query={quote(one)}").status_code >= 400 for one in statements)
    return Case("the same by GET", "each refused" if good else "let through", good, len(statements))


def _parameters(client: httpx.Client) -> Case:
    """Values of placeholders are values: they close no string and name no closed table."""
    value = "x') UNION ALL SELECT text FROM posts --"
    same = client.post("/", params={"param_v": value}, content="SELECT {v:String}")
    tried = [
        same.status_code == 200 and same.text.rstrip("\n").replace("\\'", "'") == value,
    ]
    for values, statement, wanted in (
        ({"param_d": "system", "param_t": "users"}, "SELECT * FROM {d:Identifier}.{t:Identifier}", 403),
        ({"param_d": "sys\\x74em"}, "SELECT * FROM {d:Identifier}.users", 400),
        ({"readonly": "0"}, "SELECT 1", 403),
        ({"database": "system"}, "SELECT * FROM users", 403),
    ):
        tried.append(client.post("/", params=values, content=statement).status_code == wanted)
    happened = "values stay values; closed names are refused" if all(tried) else f"{tried}"
    return Case("inject by parameters and URL", happened, all(tried), len(tried))


def _passwords(client: httpx.Client) -> Case:
    tried = [
        client.post("/", auth=("vigie_writer", wrong), content="DROP TABLE posts").status_code
        for wrong in ("", "guess", "writer's own ", "'; --")
    ]
    tried.append(client.post("/", auth=("nobody", ""), content="SELECT 1").status_code)
    tried.append(client.post("/", headers={"Host": "evil.example"}, content="SELECT 1").status_code)
    good = set(tried) == {403}
    happened = "403 each" if good else str(tried)
    return Case(
        "write with a wrong password, as nobody, under another host's name", happened, good, len(tried)
    )
