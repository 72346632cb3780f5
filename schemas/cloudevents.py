"""The envelope of alerts: CloudEvents 1.0, structured mode, JSON (github.com/cloudevents/spec)."""

from __future__ import annotations

import msgspec
import orjson

from schemas.alerts import Alert
from schemas.packing import packed

TYPE = "vigie.alert.v1"


def envelope(alert: Alert) -> bytes:
    """The alert as a CloudEvent; `id` is unique for each revision, `subject` is the alert."""
    return packed(
        {
            "specversion": "1.0",
            "id": f"{alert.alert_id}/{alert.revision}",
            "source": "vigie",
            "type": TYPE,
            "subject": alert.alert_id,
            "time": alert.last_seen,
            "datacontenttype": "application/json",
            "data": msgspec.to_builtins(alert),
        },
        option=orjson.OPT_SORT_KEYS,
    )


class _Event(msgspec.Struct):
    data: Alert


def open_envelope(raw: bytes) -> Alert:
    """The alert in a CloudEvent.

    Raises:
        msgspec.ValidationError: it is none of ours.
    """
    return msgspec.json.decode(raw, type=_Event).data
