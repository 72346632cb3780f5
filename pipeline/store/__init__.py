"""Where posts, alerts and cursors are kept: ClickHouse, or chDB behind the same protocol."""
