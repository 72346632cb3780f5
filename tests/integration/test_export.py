"""`vigie export` of every alert of the demonstration's scenario and of a silent source: files that others can
read, with exactly the rows and accounts of the alert."""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree

import msgspec
import orjson
import pyarrow.parquet as pq
import pytest

from pipeline.backtest import Backtest
from pipeline.connect.files import stamp
from pipeline.demo import items
from pipeline.detect.parameters import Parameters
from pipeline.export.found import NoSuchAlert, count, find
from pipeline.export.write import Choice, Report, export
from pipeline.store import rows
from pipeline.store.client import StoreClient
from pipeline.store.enriched_rows import posts_from_json
from pipeline.text.contract import to_contract
from pipeline.text.enrich import enrich
from schemas.alerts import SEVERITIES, Alert, AlertKind, decode_alert, encode_alert
from tests.integration import test_silence_evidence
from tests.integration.conftest import VIGIE, environment
from tests.integration.test_evidence_rows import Case
from tests.integration.test_store_process import NOW, StoreProcess

pytestmark = [pytest.mark.integration, pytest.mark.long]

SPACE = "{http://graphml.graphdrawing.org/xmlns}"


class Exports:
    """A store with the scenario, a silence, and all their alerts."""

    def __init__(self, folder: Path) -> None:
        self.store = StoreProcess(folder / "store")
        run = Case(self.store).run
        posts = test_silence_evidence.records()
        silence = Backtest(Parameters())
        silence.feed(list(stamp(items(posts))), end=True)
        self.alerts = [*run.alerts.values(), *silence.alerts.values()]
        with self.store.writer() as writer:
            quiet = [orjson.dumps(to_contract(enrich(post))) for post in posts]
            writer.insert("posts", posts_from_json(quiet, NOW))
            told = [msgspec.to_builtins(alert) for alert in self.alerts]
            writer.insert("alerts", rows.alerts_table(told, NOW))
        self.client = StoreClient("127.0.0.1", self.store.port)

    def write(self, alert: Alert, folder: Path, **choice: Any) -> Report:
        total = count(self.client, alert)
        seen: list[int] = []
        report = export(self.client, alert, folder, Choice(**choice), total, seen.append)
        assert sum(seen) == report.rows
        return report

    def of(self, kind: str) -> Alert:
        """The gravest alert of a kind, of these the one with most accounts."""
        found = (one for one in self.alerts if one.kind == kind)
        return max(found, key=lambda one: (SEVERITIES.index(one.severity), one.accounts.count))

    def rows(self, alert: Alert) -> list[dict[str, Any]]:
        return list(self.client.query(alert.evidence_sql).named_results())


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    made = Exports(tmp_path_factory.mktemp("export"))
    yield made
    made.client.close()
    assert made.store.stop() == 0


Node = dict[str, str]


def read_graph(path: Path) -> tuple[dict[str, Node], list[tuple[str, str, Node]]]:
    """Nodes and edges, as a reader of GraphML that knows nothing of Vigie sees them."""
    root = ElementTree.parse(path).getroot()
    names = {key.attrib["id"]: key.attrib["attr.name"] for key in root.iter(f"{SPACE}key")}
    kinds = {key.attrib["id"]: key.attrib["attr.type"] for key in root.iter(f"{SPACE}key")}
    reads: dict[str, Callable[[str], object]] = {
        "string": str,
        "long": int,
        "double": float,
        "boolean": lambda t: {"true": 1, "false": 0}[t],
    }

    def data(element: ElementTree.Element) -> Node:
        for one in element:
            reads[kinds[one.attrib["key"]]](one.text or "")
        return {names[one.attrib["key"]]: one.text or "" for one in element}

    nodes = {node.attrib["id"]: data(node) for node in root.iter(f"{SPACE}node")}
    edges = [(edge.attrib["source"], edge.attrib["target"], data(edge)) for edge in root.iter(f"{SPACE}edge")]
    assert all(a in nodes and b in nodes and a != b for a, b, _ in edges)
    return nodes, edges


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def test_every_kind_is_here(exports: Exports) -> None:
    """The tests below see an alert of every kind."""
    assert {alert.kind for alert in exports.alerts} == set(get_args(AlertKind))


def test_every_alert(exports: Exports, tmp_path: Path) -> None:
    """The rows are those of the evidence, every account of them is in table and graph, and all the alert names."""
    for alert in exports.alerts:
        folder = tmp_path / alert.alert_id
        report = exports.write(find(exports.client, alert.alert_id), folder)
        assert sorted(path.name for path in folder.iterdir()) == report.files
        assert encode_alert(decode_alert((folder / "alert.json").read_bytes())) == encode_alert(
            decode_alert(encode_alert(alert))  # numbers of one type
        )
        expected = exports.rows(alert)
        assert report.rows == report.rows_in_store == len(expected)
        (name,) = {"posts.csv", "follows.csv", "fan_counts.csv"} & set(report.files)
        written = read_csv(folder / name)
        assert len(written) == len(expected)
        if name == "posts.csv":
            assert [row["id"] for row in written] == [row["id"] for row in expected]
        column = {"posts.csv": "author_id", "follows.csv": "actor_id"}.get(name)
        seen = {(row["platform"], row[column]) for row in expected} if column else set()
        accounts = read_csv(folder / "accounts.csv")
        keys = {(row["platform"], row["account"]) for row in accounts}
        assert len(keys) == len(accounts) == report.accounts
        assert seen <= keys
        named = {row["account"] for row in accounts if row["named_by_alert"] == "true"}
        assert named == set(alert.accounts.ids)
        nodes, edges = read_graph(folder / "graph.graphml")
        people = [node for node in nodes.values() if node["kind"] == "account"]
        assert {(node["platform"], node["account"]) for node in people} == keys
        assert len(nodes) == report.accounts + report.things
        pairs = [edge for edge in edges if "common" in edge[2]]
        assert len(pairs) == report.links == len(read_csv(folder / "links.csv"))
        read_me = (folder / "LISEZMOI.txt").read_text(encoding="utf-8")
        assert read_me.index(alert.summary.fr) < read_me.index(alert.summary.en)
        assert all(note.fr in read_me and note.en in read_me for note in report.notes)


@pytest.mark.parametrize(
    ("kind", "thing"),
    [
        ("copy_paste", "copy"),
        ("coordinated_accounts", ""),
        ("fan_spike", "created"),
        ("pile_on", "page"),
        ("fake_fans", "created"),
    ],
)
def test_why_each_account_is_there(exports: Exports, kind: str, thing: str, tmp_path: Path) -> None:
    """Nearly every account of what looks staged has something in common with others, in French and in English; and
    the kind of thing that the alert speaks of is among it."""
    alert = exports.of(kind)
    exports.write(alert, tmp_path)
    named = [row for row in read_csv(tmp_path / "accounts.csv") if row["named_by_alert"] == "true"]
    explained = [row for row in named if row["liens"] and row["links"]]
    assert len(explained) >= 0.9 * len(named) > 0
    nodes, edges = read_graph(tmp_path / "graph.graphml")
    kinds = {node["kind"] for node in nodes.values()} | {
        word for *_, edge in edges for word in edge["kind"].split()
    }
    assert not thing or thing in kinds


def test_what_a_reason_says_of_accounts_is_in_the_graph(exports: Exports, tmp_path: Path) -> None:
    """The newcomers whom a pile-on's alert says to share another page are tied to a node of that page."""
    told = [
        (alert, reason.values)
        for alert in exports.alerts
        for reason in alert.reasons
        if reason.code == "common_other_page"
    ]
    assert told
    for alert, values in told:
        exports.write(alert, tmp_path / alert.alert_id)
        nodes, edges = read_graph(tmp_path / alert.alert_id / "graph.graphml")
        (page,) = (name for name, node in nodes.items() if node["label"] == values["page"])
        assert {nodes[a]["account"] for a, b, _ in edges if b == page} == set(values["account_ids"])


def test_links_show_their_posts(exports: Exports, tmp_path: Path) -> None:
    """The two posts of a link are by its two accounts, and are as far apart as it says, where it names one thing."""
    alert = exports.of("coordinated_accounts")
    exports.write(alert, tmp_path)
    posts = {row["id"]: row for row in exports.rows(alert)}
    links = read_csv(tmp_path / "links.csv")
    assert links
    for link in links:
        a, b = posts[link["post_a"]], posts[link["post_b"]]
        assert (a["author_id"], b["author_id"]) == (link["account_a"], link["account_b"])
        gap = abs((a["created_at"] - b["created_at"]).total_seconds())
        assert float(link["closest_seconds"]) <= gap
        if link["things"] == "1":
            assert float(link["closest_seconds"]) == gap


def test_parquet_is_exactly_what_is_stored(exports: Exports, tmp_path: Path) -> None:
    """Parquet has the columns and values of the store, nothing escaped."""
    for kind, name in (("copy_paste", "posts"), ("fan_spike", "follows")):
        alert = exports.of(kind)
        report = exports.write(alert, tmp_path / kind, form="parquet")
        assert f"{name}.parquet" in report.files
        assert f"{name}.csv" not in report.files
        table = pq.read_table(tmp_path / kind / f"{name}.parquet")
        assert table.equals(exports.client.query_arrow(alert.evidence_sql).cast(table.schema))


def test_bounds_are_kept_and_said(exports: Exports, tmp_path: Path) -> None:
    """Fewer rows or pairs than there are: the files keep to it, and the report and LISEZMOI say so."""
    alert = exports.of("copy_paste")
    report = exports.write(alert, tmp_path, max_rows=7, max_pairs=3)
    assert (report.rows, report.rows_in_store) == (7, len(exports.rows(alert)))
    assert [row["id"] for row in read_csv(tmp_path / "posts.csv")] == [
        row["id"] for row in exports.rows(alert)[:7]
    ]
    assert report.links <= 3
    assert {"rows_cut", "pairs_as_things"} <= {note.code for note in report.notes}
    again = exports.write(alert, tmp_path)
    assert again.rows == again.rows_in_store
    assert len(read_csv(tmp_path / "posts.csv")) == again.rows


def test_two_exports_are_the_same(exports: Exports, tmp_path: Path) -> None:
    """The same alert and store give the same bytes."""
    for kind in ("burst", "fan_spike", "fake_fans"):
        alert = exports.of(kind)
        first, second = tmp_path / f"{kind}-1", tmp_path / f"{kind}-2"
        exports.write(alert, first)
        exports.write(alert, second)
        for path in first.iterdir():
            assert path.read_bytes() == (second / path.name).read_bytes(), path


def test_looking_up(exports: Exports) -> None:
    """The beginning of an id is enough where it is the only one; otherwise the message says what to do."""
    alert = exports.of("pile_on")
    assert find(exports.client, alert.alert_id[:-4]).alert_id == alert.alert_id
    with pytest.raises(NoSuchAlert, match="several alerts begin with 'copy_paste-'"):
        find(exports.client, "copy_paste-")
    for name in ("nothing", "", "cop", "%", "' OR 1=1 --", "x" * 5000):
        with pytest.raises(NoSuchAlert, match="vigie alerts"):
            find(exports.client, name)


def test_the_command(exports: Exports, tmp_path: Path) -> None:
    """`vigie export` writes into a folder named after the alert; --json reports; an alert id makes no path."""
    alert = exports.of("copy_paste")
    with exports.store.writer() as writer:
        hostile = msgspec.structs.replace(alert, alert_id="../../é/x\0y")
        writer.insert("alerts", rows.alerts_table([msgspec.to_builtins(hostile)], NOW))
    more = {"VIGIE_STORE__HOST": "127.0.0.1", "VIGIE_STORE__PORT": str(exports.store.port)}
    work = tmp_path / "work" / "here" / "deep"
    work.mkdir(parents=True)

    def run(*words: str) -> subprocess.CompletedProcess[bytes]:
        env = environment(tmp_path / "data", **more)
        return subprocess.run([VIGIE, "export", *words], env=env, cwd=work, capture_output=True, check=False)

    done = run(alert.alert_id)
    assert (done.returncode, done.stderr.decode()) == (0, f"written: vigie-export-{alert.alert_id}\n")
    assert (work / f"vigie-export-{alert.alert_id}" / "graph.graphml").is_file()
    done = run("../../é", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    report = orjson.loads(done.stdout)
    assert report["alert_id"] == "../../é/x\0y"
    assert (work / report["folder"]).parent == work
    assert len(list(work.iterdir())) == 2
    done = run("burst-00000000000000000000")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"vigie alerts" in done.stderr
    (work / "file").write_text("x")
    assert run(alert.alert_id, "--out", "file").returncode == 2
    done = run(alert.alert_id, "--out", "file/below")
    assert done.returncode == 1
    assert b"--out" in done.stderr
