"""What runs Vigie beyond one laptop: ClickHouse migrations and roles. Shipped in the wheel as data."""
