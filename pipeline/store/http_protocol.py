"""ClickHouse's HTTP protocol, as far as its clients use it: reading requests, writing answers. No I/O.

Written after https://clickhouse.com/docs/interfaces/http and what clickhouse-connect 1.12 sends and expects.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import NamedTuple

import orjson

from pipeline.store.engine import Answer
from pipeline.store.lexer import Kind, LexError, lex
from pipeline.store.refusal import Refused

STREAMABLE = frozenset(
    {
        "native",
        "rowbinary",
        "tabseparated",
        "tsv",
        "csv",
        "jsoneachrow",
        "jsonlines",
        "ndjson",
        "tskv",
        "tsvraw",
    }
)
"""Formats, in lower case, whose blocks can simply follow one another. The others are sent whole."""

_TRANSPORT = frozenset(
    {
        *(
            "add_http_cors_header",
            "buffer_size",
            "client_protocol_version",
            "compress",
            "database",
            "decompress",
        ),
        *("default_format", "enable_http_compression", "password", "query", "query_id", "quota_key", "role"),
        *(
            "send_progress_in_http_headers",
            "session_check",
            "session_id",
            "session_timeout",
            "stacktrace",
            "user",
        ),
        "wait_end_of_query",
    }
)
"""URL parameters of the transport, not settings. There are no sessions: every request stands alone."""

_STATUS = {
    **dict.fromkeys((6, 27, 36, 38, 41, 43, 47, 53, 62, 69, 70, 72, 117, 121, 130, 386, 440, 456, 457), 400),
    **dict.fromkeys((46, 50, 60, 81, 107, 115), 404),
    **dict.fromkeys((164, 497, 516), 403),
    **dict.fromkeys((48, 344), 501),
}
"""ClickHouse's error codes to HTTP statuses (its exceptionCodeToHTTPStatus.cpp); others: 500."""

_TYPES = {
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "pretty": "text/plain; charset=UTF-8",
    "prettycompact": "text/plain; charset=UTF-8",
    "tabseparated": "text/tab-separated-values; charset=UTF-8",
    "tabseparatedwithnames": "text/tab-separated-values; charset=UTF-8",
    "tsv": "text/tab-separated-values; charset=UTF-8",
    "tsvwithnames": "text/tab-separated-values; charset=UTF-8",
}


class Query(NamedTuple):
    """One request, taken apart. `sql` comes from the URL or a form, `body` is what came with it: more SQL, or
    the rows of an INSERT. `parameters` are the values of `{name:Type}`."""

    sql: str
    body: bytes
    parameters: dict[str, str]
    settings: dict[str, str]
    database: str
    output: str
    query_id: str
    whole: bool  # wait_end_of_query: no answer before the end
    compressed: bool

    def text(self) -> str:
        """The SQL from both places, joined as ClickHouse joins them.

        Raises:
            UnicodeDecodeError: the body is not UTF-8.
        """
        body = self.body.decode()
        return f"{self.sql}\n{body}" if self.sql and body else self.sql or body


class Insert(NamedTuple):
    """An INSERT whose rows come as data: the statement without FORMAT, the format, the data."""

    statement: str
    form: str
    data: bytes | memoryview


def credentials(headers: Mapping[str, str], url: Mapping[str, str]) -> tuple[str, str]:
    """User and password: Basic authorisation, `X-ClickHouse-User`/`-Key`, or the URL's `user`/`password`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    if "x-clickhouse-user" in headers:
        return headers["x-clickhouse-user"], headers.get("x-clickhouse-key", "")
    return url.get("user", "default"), url.get("password", "")


def parse_query(url: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Query | Refused:
    """Takes a request apart; `body` is already decompressed."""
    if url.get("compress", "0") != "0" or url.get("decompress", "0") != "0":
        return Refused(48, "NOT_IMPLEMENTED", "compress and decompress: use enable_http_compression")
    fields = dict(url)
    if headers.get("content-type", "").startswith("multipart/form-data"):
        form = _form(headers["content-type"], body)
        if isinstance(form, Refused):
            return form
        fields, body = {**fields, **form}, b""
    parameters = {name[6:]: value for name, value in fields.items() if name.startswith("param_")}
    settings = {
        name: value
        for name, value in fields.items()
        if name not in _TRANSPORT and not name.startswith(("param_", "http_"))
    }
    output = fields.get("default_format") or headers.get("x-clickhouse-format") or "TabSeparated"
    if not output.isalnum() or not output.isascii():
        return Refused(73, "UNKNOWN_FORMAT", f"unknown format {output[:40]!r}")
    return Query(
        fields.get("query", ""),
        body,
        parameters,
        settings,
        fields.get("database") or headers.get("x-clickhouse-database", ""),
        output,
        re.sub(r"[^\w.:-]", "", fields.get("query_id", ""))[:100],
        fields.get("wait_end_of_query", "0") == "1",
        fields.get("enable_http_compression", "0") == "1",
    )


def _form(content_type: str, body: bytes) -> dict[str, str] | Refused:
    """The plain fields of a multipart form."""
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        payload = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(payload, bytes):
            return Refused(36, "BAD_ARGUMENTS", "a part of the form has no name")
        if part.get_filename() is not None:
            return Refused(48, "NOT_IMPLEMENTED", "external data are not taken: use a list in the query")
        try:
            fields[name] = payload.decode()
        except UnicodeDecodeError:
            return Refused(36, "BAD_ARGUMENTS", f"the form field {name} is not UTF-8")
    return fields


def split_insert(query: Query) -> Insert | None:
    """The parts of an `INSERT … FORMAT name` with its data, or None for every other statement.

    Only the head of a large body is read as text: what follows the format's name is data, binary perhaps.
    """
    inline = not query.sql
    source = query.body[:65_536].decode("latin-1") if inline else query.sql
    depth, tokens = 0, lex(source)
    try:
        first = next(tokens, None)
        if first is None or not first.is_word("INSERT"):
            return None
        for token in tokens:
            depth += token.is_mark("(") - token.is_mark(")")
            if depth == 0 and token.is_word("SELECT", "WITH", "VALUES"):
                return None
            if depth == 0 and token.is_word("FORMAT"):
                name = next(tokens, None)
                if name is None or name.kind is not Kind.WORD:
                    return None
                statement = source[: token.start]
                if inline:
                    data = memoryview(query.body)[_data_start(query.body, name.end) :]
                    return Insert(statement.encode("latin-1").decode(), name.text, data)
                rest = source[name.end :].strip().encode()
                return Insert(statement, name.text, rest + b"\n" + query.body if rest else query.body)
    except (LexError, UnicodeDecodeError):
        return None
    return None


def _data_start(body: bytes, at: int) -> int:
    """Where the data begin after FORMAT's name: blanks and one line break are passed over."""
    while body[at : at + 1] in (b" ", b"\t", b"\r"):
        at += 1
    return at + 1 if body[at : at + 1] == b"\n" else at


def status_of(code: int) -> int:
    """The HTTP status for a ClickHouse error code."""
    return _STATUS.get(code, 500)


def content_type(output: str) -> str:
    """The Content-Type of a format."""
    return _TYPES.get(output.lower(), "application/octet-stream")


def summary(answer: Answer) -> str:
    """The value of `X-ClickHouse-Summary`: figures as strings, as ClickHouse writes them."""
    return orjson.dumps(
        {
            "read_rows": str(answer.read_rows),
            "read_bytes": str(answer.read_bytes),
            "written_rows": str(answer.written_rows),
            "written_bytes": str(answer.written_bytes),
            "total_rows_to_read": "0",
            "result_rows": "0",
            "result_bytes": str(len(answer.body)),
            "elapsed_ns": str(round(answer.elapsed * 1e9)),
        }
    ).decode()


def late_exception(tag: str, text: str) -> bytes:
    """How ClickHouse reports an error in an answer that has begun (`X-ClickHouse-Exception-Tag`)."""
    message = text.encode()
    return b"\r\n__exception__\r\n%b\r\n%b\n%d %b\r\n__exception__\r\n" % (
        tag.encode(),
        message,
        len(message) + 1,
        tag.encode(),
    )


def local_host(header: str, allowed: Iterable[str]) -> bool:
    """Whether a Host header names this machine: a web page must not reach the store by rebinding its name."""
    host = header.rsplit(":", 1)[0] if not header.endswith("]") else header
    return host.strip("[]").lower() in allowed
