-- People who were forgotten: what comes of them again is known by its digest. Kept for ever, like the topic of that name.
CREATE TABLE IF NOT EXISTS {database}.erasures
(
    mark        String COMMENT 'Name of the erasure, drawn by lot, and number of the part',
    platform    LowCardinality(String) COMMENT 'Platform of the account',
    person      String COMMENT 'Digest of the account',
    at          DateTime64(6, 'UTC') COMMENT 'When it was asked for; what is dated later is news',
    record      String COMMENT 'JSON: the record as it was published' CODEC(ZSTD(3)),
    ingested_at DateTime64(6, 'UTC') COMMENT 'When it was stored first or last'
)
ENGINE = ReplacingMergeTree(ingested_at)
ORDER BY mark
COMMENT 'People who were forgotten';
