"""Bad records through the webhook: refused by name, and what is good about them comes through."""

from __future__ import annotations

import contextlib
import signal
import subprocess
from collections.abc import Iterator

import httpx
import orjson
import pytest

from pipeline.connect.bodies import sign
from tests.integration.conftest import VIGIE, RunningVigie, environment, until
from tests.integration.conftest_bad import DEEP, bad_posts, post, stored

pytestmark = pytest.mark.integration

SECRET = "geheim"


@contextlib.contextmanager
def webhook(stack: RunningVigie) -> Iterator[str]:
    """`vigie connect http` with a secret; its address. Ctrl-C must end it with 0."""
    process = subprocess.Popen(
        [VIGIE, "connect", "http", "--port", "0"],
        env=environment(stack.folder, VIGIE_WEBHOOK__SECRET=SECRET),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors.decode()
    assert b"Traceback" not in errors


def test_through_the_webhook(steady: RunningVigie) -> None:
    """A bad body is answered with the record, field and code at fault and nothing of it is published; the good ones
    before and after it are stored once, late ones too; without the right signature nothing is taken."""
    platform = "bad-webhook"
    bad = [one for one in bad_posts(platform) if b"\n" not in one.raw]
    with webhook(steady) as address, httpx.Client(trust_env=False, timeout=60) as client:

        def push(body: bytes, secret: str = SECRET) -> httpx.Response:
            return client.post(address, content=body, headers={"X-Vigie-Signature": sign(secret, body)})

        for number, one in enumerate(bad):
            good = orjson.dumps(post(platform, f"{number:03d}"))
            assert push(good).json() == {"accepted": 1, "duplicates": 0}
            answer = push(orjson.dumps(post(platform, f"not-{number}")) + b"\n" + one.raw)
            error = answer.json()["error"]
            assert (answer.status_code, error["code"], error["field"]) == (400, one.code, one.field), one.raw[
                :200
            ]
            assert error["record"] == 1
        unsigned = client.post(address, content=orjson.dumps(post(platform, "unsigned")))
        forged = push(orjson.dumps(post(platform, "forged")), "other")
        large = push(b"[" + b" " * (9 << 20) + b"]")
        deep = push(b"[" + orjson.dumps(post(platform, "deep"))[:-1] + b',"x":' + DEEP + b"}]")
        again = push(orjson.dumps([post(platform, "000"), post(platform, "000"), post(platform, "last")]))
        late = push(orjson.dumps(post(platform, "late", created_at="2026-07-01T02:00:00Z")))
    assert (unsigned.status_code, forged.status_code, large.status_code) == (401, 401, 413)
    assert again.json() == {"accepted": 1, "duplicates": 2}
    assert late.status_code == 202
    wanted = sorted([*(f"p{number:03d}" for number in range(len(bad))), "plast", "plate"])
    found = until(lambda: stored(steady, platform), lambda ids: ids == wanted)
    steady.end_streams()
    assert found == wanted
    query = "SELECT groupArray(id) FROM posts FINAL WHERE platform = {p:String} AND late"
    assert steady.value(query, p=platform) == ["plate"]
    assert deep.status_code == 400, f"an element nested 600 deep is answered {deep.status_code}"
