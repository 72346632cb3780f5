-- How many followers a page had, each time that somebody looked.
CREATE TABLE IF NOT EXISTS {database}.fan_counts
(
    platform    LowCardinality(String) COMMENT 'Platform of the page',
    page_id     String COMMENT 'The page',
    observed_at DateTime64(6, 'UTC') COMMENT 'Event time',
    followers   UInt64 COMMENT 'Followers of the page',
    page_name   String COMMENT 'Its name',
    following   Nullable(UInt64) COMMENT 'Accounts that the page follows',
    posts       Nullable(UInt64) COMMENT 'Posts of the page so far',
    late        Bool COMMENT 'Came after the watermark',
    extra       String COMMENT 'JSON: fields that Vigie does not know' CODEC(ZSTD(3)),
    ingested_at DateTime64(6, 'UTC') COMMENT 'When it was stored; the latest wins'
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMM(observed_at)
ORDER BY (platform, page_id, observed_at)
COMMENT 'Follower counts of pages';

-- Who followed, unfollowed, liked or unliked a page, and when.
CREATE TABLE IF NOT EXISTS {database}.follows
(
    platform         LowCardinality(String) COMMENT 'Platform of the page',
    page_id          String COMMENT 'The page',
    actor_id         String COMMENT 'Who did it',
    at               DateTime64(6, 'UTC') COMMENT 'Event time',
    action           LowCardinality(String) COMMENT 'follow, unfollow, like or unlike',
    actor_created_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the account was opened',
    actor_name       String COMMENT 'Its display name',
    actor_followers  Nullable(UInt64) COMMENT 'Its followers',
    actor_posts      Nullable(UInt64) COMMENT 'Its posts so far',
    late             Bool COMMENT 'Came after the watermark',
    extra            String COMMENT 'JSON: fields that Vigie does not know' CODEC(ZSTD(3)),
    ingested_at      DateTime64(6, 'UTC') COMMENT 'When it was stored; the latest wins'
)
ENGINE = ReplacingMergeTree(ingested_at)
PARTITION BY toYYYYMM(at)
ORDER BY (platform, page_id, actor_id, at, action)
COMMENT 'Follow events of pages';
