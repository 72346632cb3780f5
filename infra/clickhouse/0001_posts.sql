-- Every post, as enriched. A post said twice is one row: FINAL keeps the latest ingested of each (platform, id).
-- Partitions follow event time, so that old months are dropped cheaply; the sorting key does not, because a deletion may
-- carry another created_at than the post. FINAL merges across partitions and, from ClickHouse 26.3 on, prunes them only
-- afterwards (defer_partition_pruning_after_final), so a count of FINAL is exact whatever the month.
CREATE TABLE IF NOT EXISTS {database}.posts
(
    platform          LowCardinality(String) COMMENT 'Where it was posted',
    id                String COMMENT 'Unique within the platform',
    author_id         String COMMENT 'Who posted it',
    created_at        DateTime64(6, 'UTC') COMMENT 'Event time',
    text              String COMMENT 'As posted' CODEC(ZSTD(3)),
    lang              LowCardinality(String) COMMENT 'Language that the platform states',
    language          LowCardinality(String) COMMENT 'Language found in the text',
    url               String COMMENT 'Address of the post',
    target            String COMMENT 'Page, forum, hashtag feed or brand it was posted on or about',
    author_name       String COMMENT 'Display name at that time',
    author_created_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the account was opened',
    author_followers  Nullable(UInt64) COMMENT 'Followers of the author at that time',
    reply_to          String COMMENT 'Post that it answers',
    repost_of         String COMMENT 'Post that it passes on',
    is_repost         Bool COMMENT 'A native repost',
    urls              Array(String) COMMENT 'Links, as posted',
    hashtags          Array(String) COMMENT 'Hashtags',
    mentions          Array(String) COMMENT 'Accounts mentioned',
    media_hashes      Array(String) COMMENT 'Hashes of images and videos',
    canonical_urls    Array(String) COMMENT 'Links without tracking parameters',
    source            LowCardinality(String) COMMENT 'Connector that brought it',
    deleted           Bool COMMENT 'The platform or the author took it down',
    norm_text         String COMMENT 'Text as the copy detector compares it' CODEC(ZSTD(3)),
    fingerprint       UInt64 COMMENT 'Hash of norm_text',
    cluster_id        Nullable(String) COMMENT 'Copy cluster known when the post was enriched; copy_members has the last word',
    burst_score       Nullable(Float32) COMMENT '0 to 1: how unusual the volume on the target was',
    account_score     Nullable(Float32) COMMENT '0 to 1: how suspect the account was',
    late              Bool COMMENT 'Came after the watermark: stored, seen by no detector',
    detectors         String COMMENT 'JSON: detector versions' CODEC(ZSTD(3)),
    extra             String COMMENT 'JSON: fields that Vigie does not know' CODEC(ZSTD(3)),
    ingested_at       DateTime64(6, 'UTC') COMMENT 'When it was stored; the latest wins'
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMM(created_at)
ORDER BY (platform, id)
COMMENT 'Posts, enriched';
