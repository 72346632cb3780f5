"""A statement that is not run, as a value, with ClickHouse's own codes."""

from __future__ import annotations

from typing import NamedTuple


class Refused(NamedTuple):
    """`code` and `name` are ClickHouse's (164 READONLY, 497 ACCESS_DENIED, 62 SYNTAX_ERROR …); `message`
    says what was refused."""

    code: int
    name: str
    message: str

    def __str__(self) -> str:
        return f"Code: {self.code}. DB::Exception: {self.message}. ({self.name})"


def readonly(message: str) -> Refused:
    """Something that writes, or loosens the limits."""
    return Refused(164, "READONLY", message)


def denied(message: str) -> Refused:
    """Something that reads what is not Vigie's."""
    return Refused(497, "ACCESS_DENIED", message)


def unreadable(message: str) -> Refused:
    """Not SQL, as far as the filter can tell."""
    return Refused(62, "SYNTAX_ERROR", message)
