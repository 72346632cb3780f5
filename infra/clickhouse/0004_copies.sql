-- Which post belongs to which copy cluster. The last word counts; an empty cluster_id takes the post out (is_deleted).
CREATE TABLE IF NOT EXISTS {database}.copy_members
(
    platform    LowCardinality(String) COMMENT 'Platform of the post',
    id          String COMMENT 'The post',
    cluster_id  String COMMENT 'Its copy cluster',
    author_id   String COMMENT 'Who posted it',
    created_at  DateTime64(6, 'UTC') COMMENT 'Event time of the post',
    ingested_at DateTime64(6, 'UTC') COMMENT 'When it was stored',
    version     UInt64 COMMENT 'Order in which it was stored; the highest wins',
    is_deleted  UInt8 COMMENT '1: belongs to no cluster any more'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(created_at)
ORDER BY (platform, id)
COMMENT 'Members of copy clusters';
