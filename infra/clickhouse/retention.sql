-- How long rows are kept, in months, counted from when they were *stored*: a replay of an old year must not vanish the
-- moment it arrives. Applied after the migrations, and again when a number changes. Cursors and erasures are kept for ever.
ALTER TABLE {database}.posts MODIFY TTL toDateTime(ingested_at) + toIntervalMonth({posts_months});
ALTER TABLE {database}.copy_members MODIFY TTL toDateTime(ingested_at) + toIntervalMonth({copy_members_months});
ALTER TABLE {database}.fan_counts MODIFY TTL toDateTime(ingested_at) + toIntervalMonth({fan_counts_months});
ALTER TABLE {database}.follows MODIFY TTL toDateTime(ingested_at) + toIntervalMonth({follows_months});
ALTER TABLE {database}.alerts MODIFY TTL toDateTime(ingested_at) + toIntervalMonth({alerts_months});
ALTER TABLE {database}.alert_revisions MODIFY TTL toDateTime(ingested_at) + toIntervalMonth({alert_revisions_months});
ALTER TABLE {database}.actions MODIFY TTL toDateTime(ingested_at) + toIntervalMonth({actions_months});
ALTER TABLE {database}.dead_letters MODIFY TTL toDateTime(at) + toIntervalMonth({dead_letters_months});
ALTER TABLE {database}.letter_outcomes MODIFY TTL toDateTime(at) + toIntervalMonth({letter_outcomes_months});
