"""Which ClickHouse settings a reader may change, and how far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from pipeline.store.refusal import Refused, readonly


class Limits(NamedTuple):
    """What one reader's query may use at the most. memory and result in bytes."""

    rows: int = 1_000_000
    seconds: float = 30.0
    memory: int = 2 << 30
    result: int = 512 << 20

    def settings(self) -> dict[str, str]:
        """As ClickHouse settings. `final`: a reader who forgets FINAL must not count replayed rows twice."""
        return {
            "max_result_rows": str(self.rows),
            "max_execution_time": f"{self.seconds:g}",
            "max_memory_usage": str(self.memory),
            "max_result_bytes": str(self.result),
            "final": "1",
            "log_queries": "0",
            "allow_introspection_functions": "0",
        }


_FREE = frozenset(
    {
        "aggregate_functions_null_for_empty",
        "cast_keep_nullable",
        "cast_string_to_dynamic_use_inference",
        "count_distinct_implementation",
        "date_time_input_format",
        "date_time_output_format",
        "extremes",
        "final",
        "format_csv_delimiter",
        "group_by_use_nulls",
        "join_algorithm",
        "join_use_nulls",
        "limit",
        "max_block_size",
        "max_bytes_before_external_group_by",
        "max_bytes_before_external_sort",
        "max_query_size",
        "max_threads",
        "offset",
        "prefer_column_name_to_alias",
        "session_timezone",
        "union_default_mode",
        "use_uncompressed_cache",
    }
)
"""Settings that change what a query answers or how fast, and nothing that outlives it."""

_CAPPED = frozenset({"max_result_rows", "max_execution_time", "max_memory_usage", "max_result_bytes"})
"""Settings that a reader may lower."""

_IGNORED = frozenset(
    {
        "cancel_http_readonly_queries_on_client_close",
        "connect_timeout",
        "http_headers_progress_interval_ms",
        "log_comment",
        "log_queries",
        "receive_timeout",
        "send_timeout",
        "use_query_cache",
    }
)
"""Settings that tools send by habit and that change nothing here."""


def reader_settings(requested: Mapping[str, str], limits: Limits) -> dict[str, str] | Refused:
    """The settings for a reader's query: the limits, and what was asked for within them."""
    settings = limits.settings()
    for name, value in requested.items():
        if name in _FREE or name.startswith("output_format_"):
            settings[name] = value
        elif name in _CAPPED:
            try:
                wanted = float(value)
            except ValueError:
                return Refused(36, "BAD_ARGUMENTS", f"{name} is {value!r}; a number is needed")
            if not 0 < wanted <= float(settings[name]):
                return readonly(
                    f"{name} is {value}; readers may ask for more than 0 and at most {settings[name]}"
                )
            settings[name] = value
        elif name == "readonly" and value in ("1", "2"):
            continue  # BI tools ask for what they have anyway
        elif name not in _IGNORED and not name.startswith("http_"):
            return readonly(
                f"cannot modify the setting {name!r}: it is not among those that readers may change"
            )
    return settings
