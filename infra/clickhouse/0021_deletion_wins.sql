-- A post that was deleted stays so: its row wins over any that is not deleted, whatever the order in which they come (a
-- replay of an old file, a connector that reads again). Among rows of one sort the latest wins, as before.
-- `version` is made of what a row says, so nobody writes it. It may not exceed 64 bits: microseconds need 51.
ALTER TABLE {database}.posts ADD COLUMN IF NOT EXISTS version UInt64
    MATERIALIZED toUInt64(toUnixTimestamp64Micro(ingested_at)) + if(deleted, 4611686018427387904, 0)
    COMMENT 'Which row of a post stands: the highest; a deletion is above everything else';

-- An engine's version cannot be altered. The table is made again around the files that it has (hard links; on object
-- storage, references), and takes its own place in one step.
CREATE OR REPLACE TABLE {database}.posts CLONE AS {database}.posts
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(created_at)
ORDER BY (platform, id)
COMMENT 'Posts, enriched';
