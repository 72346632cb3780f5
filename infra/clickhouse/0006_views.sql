-- Posts that belong to a copy cluster of now, with that cluster. Deleted posts stay: they are evidence.
CREATE VIEW IF NOT EXISTS {database}.copy_posts AS
SELECT p.* EXCEPT (cluster_id), m.cluster_id AS cluster_id
FROM {database}.posts AS p FINAL
INNER JOIN {database}.copy_members AS m FINAL ON p.platform = m.platform AND p.id = m.id;

-- Volume by platform, target and hour of event time.
CREATE VIEW IF NOT EXISTS {database}.posts_by_hour AS
SELECT
    platform,
    target,
    toStartOfHour(created_at) AS hour,
    count() AS posts,
    uniqExact(author_id) AS authors,
    countIf(is_repost OR repost_of != '') AS reposts,
    countIf(reply_to != '') AS replies,
    countIf(late) AS late_posts
FROM {database}.posts FINAL
WHERE NOT deleted
GROUP BY platform, target, hour;

-- Copy clusters with two or more authors, one row each.
CREATE VIEW IF NOT EXISTS {database}.top_copy_clusters AS
SELECT
    cluster_id,
    groupUniqArray(100)(platform) AS platforms,
    count() AS posts,
    uniqExact(platform, author_id) AS authors,
    min(created_at) AS first_seen,
    max(created_at) AS last_seen,
    groupUniqArrayIf(20)(target, target != '') AS targets,
    argMin(text, (created_at, id)) AS first_text
FROM {database}.copy_posts
GROUP BY cluster_id
HAVING authors >= 2;

-- Alerts that are not closed, with the last answer that somebody gave.
CREATE VIEW IF NOT EXISTS {database}.active_alerts AS
SELECT
    a.* EXCEPT (is_deleted, version),
    coalesce(w.last_action, '') AS last_action,
    coalesce(w.last_actor, '') AS last_actor,
    w.last_action_at AS last_action_at
FROM {database}.alerts AS a FINAL
LEFT JOIN
(
    SELECT
        alert_id,
        argMax(action, at) AS last_action,
        argMax(actor, at) AS last_actor,
        toNullable(max(at)) AS last_action_at
    FROM {database}.actions FINAL
    GROUP BY alert_id
) AS w ON a.alert_id = w.alert_id
WHERE a.status != 'closed';

-- What each account did on each day of event time, and how much of it was copied.
CREATE VIEW IF NOT EXISTS {database}.account_activity AS
SELECT
    p.platform AS platform,
    p.author_id AS author_id,
    toDate(p.created_at) AS day,
    count() AS posts,
    countIf(p.is_repost OR p.repost_of != '') AS reposts,
    countIf(p.reply_to != '') AS replies,
    countIf(coalesce(m.cluster_id, '') != '') AS copied_posts,
    uniqExactIf(m.cluster_id, coalesce(m.cluster_id, '') != '') AS copy_clusters,
    uniqExactIf(p.target, p.target != '') AS targets,
    min(p.created_at) AS first_post,
    max(p.created_at) AS last_post,
    min(p.author_created_at) AS author_created_at,
    max(p.author_followers) AS author_followers
FROM {database}.posts AS p FINAL
LEFT JOIN {database}.copy_members AS m FINAL ON p.platform = m.platform AND p.id = m.id
WHERE NOT p.deleted
GROUP BY platform, author_id, day;
