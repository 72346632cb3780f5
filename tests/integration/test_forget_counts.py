"""What `vigie forget` says that there is of a person, before it does anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.forgetting import count, find
from pipeline.store import rows
from tests.integration.test_store_process import NOW, StoreProcess
from tests.integration.test_store_tables import alert, post

pytestmark = pytest.mark.integration


def test_alerts_that_name_a_person_in_reasons_alone_are_counted(tmp_path: Path) -> None:
    """One names the person's post, one the person; a third names somebody whose id begins alike."""
    person = 'at://x/"lea'
    told = [
        alert(
            "rise", 1, reasons=[{"code": "answered_post", "values": {"post_ids": ["p/1"], "responses": 9}}]
        ),
        alert("ring", 1, reasons=[{"code": "account_links", "values": {"links": [{"account": person}]}}]),
        alert(
            "other", 1, reasons=[{"code": "account_links", "values": {"links": [{"account": f"{person}2"}]}}]
        ),
    ]
    store = StoreProcess(tmp_path / "store")
    try:
        with store.writer() as client:
            client.insert("posts", rows.posts_table([post("p/1", author_id=person), post("p/2")], NOW))
            client.insert("alerts", rows.alerts_table(told, NOW))
            client.insert("alert_revisions", rows.alert_revisions_table(told, NOW))
            found = count(client, find(client, "x", person))
    finally:
        assert store.stop() == 0
    assert (found["posts"], found["alerts"], found["alert_revisions"]) == (1, 2, 2)
