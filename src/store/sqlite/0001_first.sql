-- The first schema. Written so that PostgreSQL understands it with few changes: whole numbers and text only,
-- no rowid magic but WITHOUT ROWID, dates as text YYYY-MM-DD, times as text RFC 3339 in UTC, months counted
-- from January of year 0.

-- What people import: the columns of their files, in canonical form.
CREATE TABLE municipalities (
    municipality TEXT NOT NULL, name TEXT NOT NULL, county TEXT NOT NULL, county_name TEXT NOT NULL,
    valid_from TEXT NOT NULL, valid_to TEXT NOT NULL, PRIMARY KEY (municipality, valid_from));
CREATE TABLE transitions ("date" TEXT NOT NULL, "from" TEXT NOT NULL, "to" TEXT NOT NULL, PRIMARY KEY ("date", "from", "to"));
CREATE TABLE institutions (
    institution TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, municipality TEXT NOT NULL,
    isil TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL);
CREATE TABLE persons (subject TEXT NOT NULL, "date" TEXT NOT NULL, persons TEXT NOT NULL, PRIMARY KEY (subject, "date"));
CREATE TABLE networks (
    institution TEXT NOT NULL, "range" TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL,
    exclusive TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (institution, "range", valid_from));
CREATE TABLE vendors (vendor TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, contact TEXT NOT NULL);
CREATE TABLE products (
    product TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, vendor TEXT NOT NULL, kind TEXT NOT NULL, headline TEXT NOT NULL);
CREATE TABLE subscriptions (
    institution TEXT NOT NULL, product TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL,
    price TEXT NOT NULL, currency TEXT NOT NULL, funding TEXT NOT NULL, PRIMARY KEY (institution, product, valid_from));
-- requestor_id and api_key are env:NAME, credential:NAME or sealed; never in clear.
CREATE TABLE accounts (
    account TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL, customer_id TEXT NOT NULL, covers TEXT NOT NULL, access TEXT NOT NULL,
    requestor_id TEXT NOT NULL, api_key TEXT NOT NULL, valid_from TEXT NOT NULL, valid_to TEXT NOT NULL);

-- Every change of the above: cells as JSON lists, in the columns' order; empty for a row that was not there, or is no more.
CREATE TABLE registry_change (
    id BIGINT NOT NULL PRIMARY KEY, changed_at TEXT NOT NULL, kind TEXT NOT NULL, identity TEXT NOT NULL,
    before TEXT NOT NULL, after TEXT NOT NULL, cause TEXT NOT NULL);

-- Where each month of each report of each account stands.
CREATE TABLE month_state (
    account TEXT NOT NULL, report TEXT NOT NULL, month BIGINT NOT NULL,
    source TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, partial BIGINT NOT NULL, unconfirmed BIGINT NOT NULL,
    attempts BIGINT NOT NULL, first_attempt TEXT NOT NULL, next_attempt TEXT NOT NULL,
    harvested_at TEXT NOT NULL, checked_at TEXT NOT NULL,
    release TEXT NOT NULL, records BIGINT NOT NULL, total BIGINT NOT NULL, digest TEXT NOT NULL, reply TEXT NOT NULL,
    PRIMARY KEY (account, report, month));
CREATE INDEX month_state_report ON month_state (report, month, account, total, partial);

-- Interned texts: ids of accounts, products and institutions, reports, metrics, types, scopes.
CREATE TABLE term (id BIGINT NOT NULL PRIMARY KEY, text TEXT NOT NULL UNIQUE);
-- Interned items: what was used, by the hash of its canonical form.
CREATE TABLE item (id BIGINT NOT NULL PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, body TEXT NOT NULL);

-- Facts at the vendor's scope: a group is everything but the item; its total is the sum of its facts.
CREATE TABLE usage_group (
    id BIGINT NOT NULL PRIMARY KEY, account BIGINT NOT NULL, report BIGINT NOT NULL, month BIGINT NOT NULL, scope BIGINT NOT NULL,
    product BIGINT NOT NULL, metric BIGINT NOT NULL, data_type BIGINT NOT NULL, access_method BIGINT NOT NULL, total BIGINT NOT NULL,
    UNIQUE (account, report, month, scope, product, metric, data_type, access_method));
CREATE INDEX usage_group_unit ON usage_group (product, report, month, account, scope);
CREATE TABLE fact (
    usage_group BIGINT NOT NULL, item BIGINT NOT NULL, access_type BIGINT NOT NULL, yop BIGINT NOT NULL, count BIGINT NOT NULL,
    PRIMARY KEY (usage_group, item, access_type, yop)) WITHOUT ROWID;

-- What figures rest on; lists are separated by spaces.
CREATE TABLE basis (
    id BIGINT NOT NULL PRIMARY KEY, fingerprint BLOB NOT NULL UNIQUE, quality TEXT NOT NULL, keys TEXT NOT NULL, claimants TEXT NOT NULL,
    accounts TEXT NOT NULL, notes TEXT NOT NULL);
-- Statistics per institution, derived from facts and registry; institution is the empty term for what is unresolved.
CREATE TABLE statistic (
    product BIGINT NOT NULL, report BIGINT NOT NULL, month BIGINT NOT NULL, institution BIGINT NOT NULL, metric BIGINT NOT NULL,
    data_type BIGINT NOT NULL, value BIGINT NOT NULL, exact TEXT NOT NULL, basis BIGINT NOT NULL, revision BIGINT NOT NULL,
    PRIMARY KEY (product, report, month, institution, metric, data_type)) WITHOUT ROWID;
-- What a figure was before it changed.
CREATE TABLE revision (
    product BIGINT NOT NULL, report BIGINT NOT NULL, month BIGINT NOT NULL, institution BIGINT NOT NULL, metric BIGINT NOT NULL,
    data_type BIGINT NOT NULL, revision BIGINT NOT NULL, value BIGINT NOT NULL, exact TEXT NOT NULL, basis BIGINT NOT NULL,
    changed_at TEXT NOT NULL, reason TEXT NOT NULL, cause TEXT NOT NULL,
    PRIMARY KEY (product, report, month, institution, metric, data_type, revision)) WITHOUT ROWID;
