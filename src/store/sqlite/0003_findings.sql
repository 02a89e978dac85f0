-- What makes no sense in a month of a report, for as long as it holds; product is empty where it is about none.
CREATE TABLE report_finding (
    account TEXT NOT NULL, report TEXT NOT NULL, month BIGINT NOT NULL, kind TEXT NOT NULL, product TEXT NOT NULL,
    what TEXT NOT NULL, found_at TEXT NOT NULL, PRIMARY KEY (account, report, month, kind, product));
