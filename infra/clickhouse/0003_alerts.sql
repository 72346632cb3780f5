-- The present state of every alert: FINAL keeps the last word of each alert_id and hides what was withdrawn.
-- The last word is the last one stored (version), not the highest revision: a detection worker that restarts rebuilds its
-- state and may count revisions from 1 again, while the alert topic has one partition and is stored in its order.
-- No partitions: an alert's times move as it grows, and alerts are few.
CREATE TABLE IF NOT EXISTS {database}.alerts
(
    alert_id         String COMMENT 'Deterministic: the same input gives the same id',
    kind             LowCardinality(String) COMMENT 'burst, author_burst, copy_paste, fan_spike, coordinated_accounts, fake_fans, pile_on or source_silent',
    revision         UInt32 COMMENT '1, 2, ...',
    status           LowCardinality(String) COMMENT 'open, updated or closed',
    severity         LowCardinality(String) COMMENT 'info, warning, error or critical',
    score            Float64 COMMENT '0 to 1',
    subject_platform LowCardinality(String) COMMENT 'Platform of what the alert is about',
    subject_id       String COMMENT 'What the alert is about: a page, an account, a campaign',
    subject_name     String COMMENT 'Its name',
    first_seen       DateTime64(6, 'UTC') COMMENT 'First record behind the alert',
    last_seen        DateTime64(6, 'UTC') COMMENT 'Last record behind the alert',
    window_start     DateTime64(6, 'UTC') COMMENT 'Window that the alert speaks of',
    window_end       DateTime64(6, 'UTC') COMMENT 'Its end, included',
    account_count    UInt64 COMMENT 'Accounts behind it',
    account_ids      Array(String) COMMENT 'The first 100 of them',
    post_count       UInt64 COMMENT 'Posts behind it',
    post_ids         Array(String) COMMENT 'The first 100 of them',
    observed         Float64 COMMENT 'The headline figure',
    expected         Float64 COMMENT 'What was usual',
    reasons          String COMMENT 'JSON: list of {code, values}' CODEC(ZSTD(3)),
    ruled_out        String COMMENT 'JSON: innocent explanations that were checked, same form' CODEC(ZSTD(3)),
    summary_fr       String COMMENT 'One paragraph in French' CODEC(ZSTD(3)),
    summary_en       String COMMENT 'The same in English' CODEC(ZSTD(3)),
    evidence_sql     String COMMENT 'Query that returns the rows behind it' CODEC(ZSTD(3)),
    detector         String COMMENT 'JSON: {name, version, parameters}' CODEC(ZSTD(3)),
    ingested_at      DateTime64(6, 'UTC') COMMENT 'When it was stored',
    version          UInt64 COMMENT 'Order in which it was stored; the highest wins',
    is_deleted       UInt8 COMMENT '1: withdrawn'
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY alert_id
COMMENT 'Alerts, last word of each';

-- Every revision that was ever published. The digest of its content is part of the key: the same message stored twice is
-- one row, and a revision number that comes again with other content after a restart is another row.
CREATE TABLE IF NOT EXISTS {database}.alert_revisions
(
    alert_id    String COMMENT 'The alert',
    revision    UInt32 COMMENT 'Its revision; 0 where it was withdrawn',
    digest      UInt64 COMMENT 'Hash of the content',
    kind        LowCardinality(String) COMMENT 'As in alerts',
    status      LowCardinality(String) COMMENT 'open, updated, closed or withdrawn',
    severity    LowCardinality(String) COMMENT 'info, warning, error or critical',
    score       Float64 COMMENT '0 to 1',
    last_seen   DateTime64(6, 'UTC') COMMENT 'Last record behind the alert',
    alert       String COMMENT 'JSON: the whole alert' CODEC(ZSTD(3)),
    ingested_at DateTime64(6, 'UTC') COMMENT 'When it was stored first or last'
)
ENGINE = ReplacingMergeTree(ingested_at)
ORDER BY (alert_id, revision, digest)
COMMENT 'Alerts, every revision';

-- What people answered.
CREATE TABLE IF NOT EXISTS {database}.actions
(
    alert_id    String COMMENT 'The alert answered',
    at          DateTime64(6, 'UTC') COMMENT 'When',
    action      LowCardinality(String) COMMENT 'ack, mute or verdict',
    actor       String COMMENT 'Who',
    verdict     LowCardinality(String) COMMENT 'What they judged it to be',
    until       Nullable(DateTime64(6, 'UTC')) COMMENT 'End of the mute',
    comment     String COMMENT 'In their words',
    extra       String COMMENT 'JSON: other fields',
    ingested_at DateTime64(6, 'UTC') COMMENT 'When it was stored'
)
ENGINE = ReplacingMergeTree(ingested_at)
ORDER BY (alert_id, at, action, actor)
COMMENT 'Answers of people to alerts';
