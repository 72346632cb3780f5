"""The documentation is complete and its links lead somewhere: what the code has, the pages name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from pipeline.store.lexer import lex
from schemas.alerts import SEVERITIES, Alert, AlertKind, Status
from schemas.decode import REFUSALS
from schemas.records import FOLLOW_ACTIONS, FanCount, Follow, Post
from schemas.topics import TOPICS
from tests.reason_codes import codes_of
from tests.reference import BEGIN, END, PAGES, UndocumentedError, commands, field_meanings, with_generated

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
MARKDOWN = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md"), *(ROOT / "infra").rglob("*.md")]
)


def page(name: str) -> str:
    """The text of a page under docs/."""
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(rf"^{re.escape(heading)}$(.*?)(?=^#{{1,{level}}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no heading {heading!r}"
    return found[1]


def first_cells(text: str) -> set[str]:
    """The names in backticks in the first cell of every table row."""
    cells = re.findall(r"^\| (.+?) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("path", PAGES)
def test_generated_pages_are_current(path: str) -> None:
    """Settings, parameters, topics, commands and options stand in the reference as the code has them."""
    text = (ROOT / path).read_text(encoding="utf-8")
    assert text == with_generated(text, PAGES[path]()), f"run: python -m tests.reference ({path})"


def test_generation_notices_what_is_missing() -> None:
    """A parameter without a word in its docstring is an error, not an empty cell."""

    class Silent(msgspec.Struct):
        """told: this one has a meaning."""

        told: int = 1
        untold: int = 2

    with pytest.raises(UndocumentedError, match="untold"):
        field_meanings(Silent)


def test_meanings_are_split_at_their_names() -> None:
    """One docstring line may tell of several parameters, several names may share a meaning, headings are nobody's."""

    class Spoken(msgspec.Struct):
        """Of things.

        When:
            a: first; b: second, and
                more.
        What then:
            c, d: both.
        """

        a: int = 1
        b: int = 2
        c: int = 3
        d: int = 4

    assert field_meanings(Spoken) == {"a": "first", "b": "second, and more", "c": "both", "d": "both"}


def test_generated_part_is_replaced_and_nothing_else() -> None:
    """Text around the marks stays; without marks it is an error."""
    assert with_generated(f"a{BEGIN}old{END}z", "new") == f"a{BEGIN}\n\nnew\n{END}z"
    with pytest.raises(ValueError, match="missing"):
        with_generated("no marks", "new")


# Reason codes


DETECTORS = {
    "copy_paste": ("campaigns.py", "innocent.py"),
    "burst": ("burst_findings.py", "company.py"),
    "author_burst": ("author_findings.py",),
    "fan_spike": (
        "fan_episodes.py",
        "fan_arrivals.py",
        "fan_together.py",
        "fan_verdict.py",
        "fan_causes.py",
        "platform_findings.py",
    ),
    "coordinated_accounts": ("ring_findings.py", "ring_weeks_findings.py", "ring_signs.py"),
    "source_silent": ("silence_findings.py",),
    "pile_on": ("swarm_findings.py", "pile_ons.py"),
    "fake_fans": ("fake_fan_findings.py",),
}


def test_codes_are_found_in_every_form() -> None:
    """The reader of reason codes follows constants, names, helpers and fixed beginnings."""
    source = """
def _grow(code, n):
    return reason(code, n=n)

def f(x):
    code = "either" if x else "other"
    a = [_grow("through_a_helper", 1), _grow(code, 2)]
    return a

def g(x):
    checks = [reason("innocent", a=1)]
    return [Reason(f"explained_by_{r.code}", r.values) for r in checks]
"""
    assert codes_of(source) == {"either", "other", "through_a_helper", "innocent", "explained_by_innocent"}


def test_reason_codes_are_documented() -> None:
    """Each code that a detector can emit stands under its kind in alerts.md, and no code that none emits."""
    text = page("reference/alerts.md")
    for kind, modules in DETECTORS.items():
        sources = [(ROOT / "pipeline" / "detect" / module).read_text(encoding="utf-8") for module in modules]
        emitted = set().union(*map(codes_of, sources))
        assert all(map(codes_of, sources)), modules
        told = first_cells(section(section(text, "## Reasons"), f"### `{kind}`"))
        ruled = first_cells(section(section(text, "## Ruled out"), f"### `{kind}`"))
        assert told | ruled == emitted, kind


def test_no_other_module_emits_codes() -> None:
    """The modules that are looked into are all that make reasons."""
    others = {
        path.name
        for path in (ROOT / "pipeline" / "detect").glob("*.py")
        if path.name != "finding.py" and codes_of(path.read_text(encoding="utf-8"))
    }
    assert others == {module for modules in DETECTORS.values() for module in modules}


# Alerts, records, topics, tables


def test_alert_fields_kinds_severities_and_status_are_documented() -> None:
    """alerts.md names every field, kind, severity and status."""
    text = page("reference/alerts.md")
    assert first_cells(section(text, "## Fields")) == set(Alert.__struct_fields__)
    assert first_cells(section(text, "## Kinds")) == set(get_args(AlertKind))
    assert first_cells(section(text, "## Severity")) == set(SEVERITIES)
    assert first_cells(section(text, "## Status")) == set(get_args(Status))


@pytest.mark.parametrize("record", [Post, FanCount, Follow])
def test_record_fields_are_documented(record: type[msgspec.Struct]) -> None:
    """records.md names every field of each record, and says which are required."""
    rows = section(page("reference/records.md"), f"## {record.__name__}")
    assert first_cells(rows) == set(record.__struct_fields__) - {"extra"}
    required = {field.name for field in msgspec.structs.fields(record) if field.required}
    assert set(re.findall(r"^\| `(\w+)` \| required", rows, re.MULTILINE)) == required


def test_refusals_and_actions_are_documented() -> None:
    """records.md names every code of a refusal and every follow action."""
    text = page("reference/records.md")
    assert first_cells(section(text, "## Refusals")) == set(REFUSALS)
    assert all(f"`{action}`" in section(text, "## Follow") for action in FOLLOW_ACTIONS)


def test_topics_are_documented() -> None:
    """topics.md has a row for every topic."""
    assert first_cells(page("reference/topics.md")) >= set(TOPICS)


def test_tables_and_views_are_documented() -> None:
    """tables.md has a heading for everything that the migrations create."""
    created: set[str] = set()
    for path in sorted((ROOT / "infra" / "clickhouse").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        words = [text[token.start : token.end] for token in lex(text)]
        source = " ".join(words)
        created.update(
            re.findall(
                r"CREATE (?:TABLE|VIEW|MATERIALIZED VIEW|OR REPLACE VIEW) IF NOT EXISTS \{ database \} \. (\w+)",
                source,
            )
        )
    assert len(created) >= 10
    headings = set(re.findall(r"^## `(\w+)`$", page("reference/tables.md"), re.MULTILINE))
    assert created <= headings


# Links and commands in the text


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    """Relative links name files, and headings where they have a fragment."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, fragment = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{path.name}: {link}"
        if fragment:
            assert fragment in _anchors(target), f"{path.name}: {link}"


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_code_blocks_exist(path: Path) -> None:
    """Every `vigie …` in a block of shell is a command, and its options are among those it has."""
    known = dict(commands())
    blocks = re.findall(
        r"^ *```(?:bash|sh|console)\n(.*?)^ *```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    for line in "\n".join(blocks).replace("\\\n", " ").splitlines():
        found = re.match(r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\S*/)?vigie ([a-z].*)", line.partition("  #")[0])
        if found is None or re.match(r"\w+ +\d", found[1]):
            continue
        words = re.sub(r"\"[^\"]*\"|'[^']*'", "TEXT", found[1]).split()
        name = next((n for k in (2, 1) if (n := " ".join(["vigie", *words[:k]])) in known), None)
        assert name is not None, f"{path.name}: {line}"
        options = {option for parameter in known[name].params for option in parameter.opts}
        used = {word.partition("=")[0] for word in words if word.startswith("--")} - {"--help"}
        assert used <= options, f"{path.name}: {line}"


def test_every_page_is_in_the_index() -> None:
    """docs/README.md links to every page."""
    linked = {
        (DOCS / link).resolve()
        for link in re.findall(r"\]\(([^)#\s]+)\)", page("README.md"))
        if ":" not in link
    }
    assert {path.resolve() for path in DOCS.rglob("*.md")} - linked <= {(DOCS / "README.md").resolve()}


def test_make_targets_in_the_text_exist() -> None:
    """Every `make target` that the pages speak of is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for path in MARKDOWN:
        for target in re.findall(
            r"(?:`|^|\$ )make ([a-z-]+)\b", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            assert target in targets, f"{path.name}: make {target}"
