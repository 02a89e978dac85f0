-- Files of reports that were taken from a source's folder, by the SHA-256 of their content, so that the same file is known again.
CREATE TABLE taken_file (
    source TEXT NOT NULL, sha256 TEXT NOT NULL, name TEXT NOT NULL, taken_at TEXT NOT NULL, account TEXT NOT NULL, report TEXT NOT NULL,
    PRIMARY KEY (source, sha256));

-- Logs of events. Nothing personal is here: a log is known by keyed hashes, the key (salt) being each source's own.
-- `newest` is the last event of all, in seconds since 1970.
CREATE TABLE log_source (source TEXT NOT NULL PRIMARY KEY, salt TEXT NOT NULL, newest BIGINT NOT NULL);
-- A log by its first events (`first`, over `first_bytes` bytes): up to where it is counted, in bytes and lines, with a hash of the bytes
-- before (`tail`); from where it is read again to know the sessions that are open (`replay`); its last event; and what the file was like
-- when it was looked at (`raw_bytes`, `raw`).
CREATE TABLE log_file (
    source TEXT NOT NULL, first TEXT NOT NULL, first_bytes BIGINT NOT NULL, counted BIGINT NOT NULL, lines BIGINT NOT NULL,
    tail TEXT NOT NULL, replay BIGINT NOT NULL, newest BIGINT NOT NULL, raw_bytes BIGINT NOT NULL, raw TEXT NOT NULL,
    PRIMARY KEY (source, first));
-- The days of a month on which there was any event, as bits: 1 is the first of the month.
CREATE TABLE log_day (source TEXT NOT NULL, month BIGINT NOT NULL, days BIGINT NOT NULL, PRIMARY KEY (source, month));
-- Sessions, and how many of them are among the sessions that are registered.
CREATE TABLE log_count (
    source TEXT NOT NULL, month BIGINT NOT NULL, institution TEXT NOT NULL, product TEXT NOT NULL, sessions BIGINT NOT NULL,
    released BIGINT NOT NULL, PRIMARY KEY (source, month, institution, product)) WITHOUT ROWID;
-- Logs that could not be read the last time, and why.
CREATE TABLE log_trouble (source TEXT NOT NULL, name TEXT NOT NULL, what TEXT NOT NULL, PRIMARY KEY (source, name));
