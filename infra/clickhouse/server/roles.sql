-- For a ClickHouse server (the embedded store does this itself): who may read and who may write. Run once as an
-- administrator, with passwords of your own. Not a migration: chDB has no access management.
CREATE SETTINGS PROFILE IF NOT EXISTS vigie_reader SETTINGS
    readonly = 1,
    final = 1 CHANGEABLE_IN_READONLY,
    max_threads = 4 CHANGEABLE_IN_READONLY,
    max_execution_time = 30 MAX 30 CHANGEABLE_IN_READONLY,
    max_result_rows = 1000000 MAX 1000000 CHANGEABLE_IN_READONLY,
    max_memory_usage = 2000000000 MAX 2000000000;

CREATE USER IF NOT EXISTS vigie_reader IDENTIFIED WITH sha256_password BY 'change-me-reader'
    SETTINGS PROFILE 'vigie_reader';
GRANT SELECT, SHOW ON {database}.* TO vigie_reader;

CREATE USER IF NOT EXISTS vigie_writer IDENTIFIED WITH sha256_password BY 'change-me-writer';
GRANT CREATE DATABASE, CREATE TABLE, DROP TABLE, CREATE VIEW, ALTER, INSERT, SELECT, OPTIMIZE, SHOW ON {database}.* TO vigie_writer;
