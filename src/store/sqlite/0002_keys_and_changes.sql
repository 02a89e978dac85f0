-- Keys, sessions and figures by hand, as people import them.
CREATE TABLE key_row (
    "key" TEXT NOT NULL, applies_to TEXT NOT NULL, product TEXT NOT NULL, method TEXT NOT NULL, institution TEXT NOT NULL,
    weight TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, state TEXT NOT NULL, agreed_by TEXT NOT NULL,
    PRIMARY KEY ("key", institution));
CREATE TABLE sessions (
    institution TEXT NOT NULL, product TEXT NOT NULL, month TEXT NOT NULL, sessions TEXT NOT NULL,
    PRIMARY KEY (institution, product, month));
-- The members of consortia, as vendors list them or as people import them.
CREATE TABLE consortium_member (
    source TEXT NOT NULL, customer_id TEXT NOT NULL, name TEXT NOT NULL, isil TEXT NOT NULL, PRIMARY KEY (source, customer_id));
CREATE TABLE manual_figure (
    institution TEXT NOT NULL, product TEXT NOT NULL, month TEXT NOT NULL, report TEXT NOT NULL, metric TEXT NOT NULL,
    value TEXT NOT NULL, note TEXT NOT NULL, instead_of TEXT NOT NULL, PRIMARY KEY (institution, product, month, report, metric));
-- Files of events whose sessions are counted, by the SHA-256 of their content, so that none counts twice.
CREATE TABLE session_file (sha256 TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, change BIGINT NOT NULL);

-- Everything that was ever done to the store: in this order.
-- `sum` is over all that the change wrote into figures, their history and the registry; `seal` is a hash of the change with its sum and
-- the seal before, so that nothing of the past can be edited unseen. Both are empty for what was done before changes were numbered.
CREATE TABLE change (
    id BIGINT NOT NULL PRIMARY KEY, "at" TEXT NOT NULL, who TEXT NOT NULL, reason TEXT NOT NULL, what TEXT NOT NULL,
    sum TEXT NOT NULL DEFAULT '', seal TEXT NOT NULL DEFAULT '');
CREATE INDEX change_at ON change ("at", id);
INSERT INTO change (id, "at", who, reason, what)
    SELECT row_number() OVER (ORDER BY changed_at, cause), changed_at, '', reason, cause FROM
        (SELECT changed_at, cause, max(reason) AS reason FROM
            (SELECT changed_at, cause, 'registry' AS reason FROM registry_change
             UNION SELECT changed_at, cause, CASE reason WHEN 'rounding' THEN '' ELSE reason END FROM revision)
         GROUP BY changed_at, cause);

CREATE TABLE registry_change_2 (
    change BIGINT NOT NULL, kind TEXT NOT NULL, identity TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
    PRIMARY KEY (change, kind, identity)) WITHOUT ROWID;
INSERT OR REPLACE INTO registry_change_2
    SELECT c.id, r.kind, r.identity, r.before, r.after FROM registry_change r JOIN change c ON c."at" = r.changed_at AND c.what = r.cause;
DROP TABLE registry_change;
ALTER TABLE registry_change_2 RENAME TO registry_change;

-- A figure as it stands, and the change that made it so; 0: before changes were numbered.
ALTER TABLE statistic ADD COLUMN made BIGINT NOT NULL DEFAULT 0;
-- What a figure was: from the change that made it (made) until the one that ended it (ended). A figure that only rests on
-- something else has the same revision before and after.
CREATE TABLE revision_2 (
    product BIGINT NOT NULL, report BIGINT NOT NULL, month BIGINT NOT NULL, institution BIGINT NOT NULL, metric BIGINT NOT NULL,
    data_type BIGINT NOT NULL, ended BIGINT NOT NULL, made BIGINT NOT NULL, revision BIGINT NOT NULL, value BIGINT NOT NULL,
    exact TEXT NOT NULL, basis BIGINT NOT NULL, reason TEXT NOT NULL,
    PRIMARY KEY (product, report, month, institution, metric, data_type, ended, revision)) WITHOUT ROWID;
INSERT INTO revision_2
    SELECT v.product, v.report, v.month, v.institution, v.metric, v.data_type, c.id, 0, v.revision, v.value, v.exact, v.basis, v.reason
    FROM revision v JOIN change c ON c."at" = v.changed_at AND c.what = v.cause;
DROP TABLE revision;
ALTER TABLE revision_2 RENAME TO revision;
UPDATE revision SET made = coalesce((SELECT max(e.ended) FROM revision e WHERE e.product = revision.product AND e.report = revision.report
    AND e.month = revision.month AND e.institution = revision.institution AND e.metric = revision.metric
    AND e.data_type = revision.data_type AND e.revision < revision.revision), 0);
UPDATE statistic SET made = coalesce((SELECT max(e.ended) FROM revision e WHERE e.product = statistic.product
    AND e.report = statistic.report AND e.month = statistic.month AND e.institution = statistic.institution AND e.metric = statistic.metric
    AND e.data_type = statistic.data_type), 0);

-- What was known of a month of a report before it came otherwise: until which change.
CREATE TABLE month_past (
    account TEXT NOT NULL, report TEXT NOT NULL, month BIGINT NOT NULL, ended BIGINT NOT NULL, harvested_at TEXT NOT NULL,
    total BIGINT NOT NULL, reply TEXT NOT NULL, PRIMARY KEY (account, report, month, ended)) WITHOUT ROWID;

-- Years whose figures stay as they are, since which change, with a fingerprint of them.
CREATE TABLE closed_year (year BIGINT NOT NULL PRIMARY KEY, change BIGINT NOT NULL, fingerprint TEXT NOT NULL);
-- Changes that would move figures of a closed year.
CREATE TABLE pending (
    product BIGINT NOT NULL, report BIGINT NOT NULL, year BIGINT NOT NULL, change BIGINT NOT NULL,
    PRIMARY KEY (product, report, year, change)) WITHOUT ROWID;

-- What the attempts met that are counted, and how often a month came in part or as an unconfirmed zero.
ALTER TABLE month_state ADD COLUMN trouble TEXT NOT NULL DEFAULT '';
ALTER TABLE month_state ADD COLUMN incomplete BIGINT NOT NULL DEFAULT 0;
UPDATE month_state SET incomplete = attempts WHERE partial = 1 OR unconfirmed = 1;
