-- Records that were refused. The digest is part of the key because the embedded broker counts offsets anew at each start:
-- another record at a known offset is another row.
CREATE TABLE IF NOT EXISTS {database}.dead_letters
(
    topic       LowCardinality(String) COMMENT 'Topic that it came from',
    partition   Int32 COMMENT 'Its partition',
    offset      Int64 COMMENT 'Its offset',
    digest      UInt64 COMMENT 'Hash of the raw bytes',
    stage       LowCardinality(String) COMMENT 'Step that refused it',
    code        LowCardinality(String) COMMENT 'Why, in one word',
    field       LowCardinality(String) COMMENT 'Field at fault',
    message     String COMMENT 'Why, for people',
    raw         String COMMENT 'The bytes as they came' CODEC(ZSTD(3)),
    at          DateTime64(6, 'UTC') COMMENT 'When it was refused'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (topic, partition, offset, digest)
COMMENT 'Refused records';

-- Where each connector stands.
CREATE TABLE IF NOT EXISTS {database}.cursors
(
    connector String COMMENT 'Name of the connector',
    value     String COMMENT 'Its cursor, in its own words',
    at        DateTime64(6, 'UTC') COMMENT 'When it was saved; the latest wins'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY connector
COMMENT 'Cursors of connectors';
