-- What became of refused records. A table of its own, so that a letter that is told a second time undoes nothing.
CREATE TABLE IF NOT EXISTS {database}.letter_outcomes
(
    topic       LowCardinality(String) COMMENT 'Topic of the letter',
    partition   Int32 COMMENT 'Its partition',
    offset      Int64 COMMENT 'Its offset',
    digest      UInt64 COMMENT 'Hash of its raw bytes',
    outcome     LowCardinality(String) COMMENT 'replayed or dropped',
    at          DateTime64(6, 'UTC') COMMENT 'When; the latest wins'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (topic, partition, offset, digest)
COMMENT 'What became of refused records';

-- Refused records with a name of their own and what became of them.
CREATE VIEW IF NOT EXISTS {database}.letters AS
SELECT
    lower(hex(sipHash64(l.topic, l.partition, l.offset, l.digest))) AS letter_id,
    l.topic AS topic,
    l.partition AS partition,
    l.offset AS offset,
    l.digest AS digest,
    l.stage AS stage,
    l.code AS code,
    l.field AS field,
    l.message AS message,
    l.raw AS raw,
    l.at AS at,
    coalesce(nullIf(toString(o.outcome), ''), 'open') AS outcome
FROM {database}.dead_letters AS l FINAL
LEFT JOIN {database}.letter_outcomes AS o FINAL
    ON l.topic = o.topic AND l.partition = o.partition AND l.offset = o.offset AND l.digest = o.digest;
