//! Every setting that there is: its name, what it holds, and its default. Names that are not here are refused.

/// What a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Switch,
    /// A list of texts.
    Texts,
}

/// One setting outside `[[source]]`.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// `section.key`, or only `key`.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// What holds if it is not given, as it would be written; nothing if that follows from other settings.
    pub default: Option<&'static str>,
}

const fn setting(name: &'static str, kind: Kind, default: Option<&'static str>) -> Setting {
    Setting { name, kind, default }
}

/// Every setting outside `[[source]]`.
pub const SETTINGS: [Setting; 15] = [
    setting("include", Kind::Texts, Some("")),
    setting("data.dir", Kind::Text, Some("./avling-data")),
    setting("store.url", Kind::Text, None),
    setting("archive.url", Kind::Text, None),
    setting("schedule.time_zone", Kind::Text, Some("Europe/Oslo")),
    setting("schedule.cron", Kind::Text, Some("30 3 8-28 * *")),
    setting("schedule.backfill_from", Kind::Text, Some("2024-01")),
    setting("schedule.restate_months", Kind::Number, Some("3")),
    setting("harvest.sources_in_parallel", Kind::Number, Some("30")),
    setting("harvest.pause", Kind::Text, Some("3s")),
    setting("harvest.timeout", Kind::Text, Some("300s")),
    setting("harvest.max_report_size", Kind::Text, Some("2GiB")),
    setting("attribution.subscribers_only", Kind::Switch, Some("true")),
    setting("http.listen", Kind::Text, Some("127.0.0.1:8440")),
    setting("secrets.key", Kind::Text, None),
];

/// The keys of a `[[source]]`.
pub const SOURCE_KEYS: [&str; 19] = [
    "id",
    "vendor",
    "kind",
    "release",
    "url",
    "allow_http",
    "fallback",
    "reports",
    "product",
    "product_rule",
    "access",
    "shared_traffic",
    "pause",
    "timeout",
    "cron",
    "requests_at_once",
    "user_agent",
    "date_format",
    "dialect",
];

/// The keys of a `[[source]]` of the kind `sushi_soap`.
pub const SOAP_KEYS: [&str; 19] = [
    "id",
    "vendor",
    "kind",
    "release",
    "url",
    "allow_http",
    "reports",
    "product",
    "product_rule",
    "access",
    "shared_traffic",
    "pause",
    "timeout",
    "cron",
    "requests_at_once",
    "user_agent",
    "soap_action",
    "requestor_name",
    "requestor_email",
];

/// The keys of a `[[source]]` of the kind `folder`.
pub const FOLDER_KEYS: [&str; 14] = [
    "id",
    "vendor",
    "kind",
    "path",
    "settle",
    "product",
    "product_rule",
    "access",
    "shared_traffic",
    "manifest",
    "rows",
    "fields",
    "metric",
    "keep",
];

/// Sections of a manifest about how a vendor is asked, which mean nothing to a folder.
pub const ASKING_KEYS: [&str; 3] = ["request", "auth", "pages"];

/// The keys of a `[[source]]` of the kind `access_log`.
pub const LOG_SOURCE_KEYS: [&str; 6] = ["id", "vendor", "kind", "path", "product", "log"];

/// The keys of a `[source.log]`.
pub const LOG_KEYS: [&str; 7] = ["format", "pattern", "fields", "institution_by", "institutions", "quiet_days", "product"];

/// The keys of a `[[source.log.product]]`.
pub const LOG_PRODUCT_KEYS: [&str; 2] = ["product", "url"];

/// The keys of a `[[source]]` that describes a vendor's own interface, besides those that every source has.
pub const MANIFEST_KEYS: [&str; 8] = ["manifest", "request", "auth", "pages", "rows", "fields", "metric", "keep"];

/// What may stand in a manifest's own file: its sections, and a word for people.
pub const MANIFEST_FILE_KEYS: [&str; 8] = ["about", "request", "auth", "pages", "rows", "fields", "metric", "keep"];

/// The keys of a source that are the COUNTER API's alone.
pub const COUNTER_KEYS: [&str; 4] = ["release", "fallback", "reports", "date_format"];

/// The keys of a manifest's `request`.
pub const REQUEST_KEYS: [&str; 12] =
    ["url", "path", "method", "per", "months_at_once", "end", "query", "headers", "form", "json", "packed", "packed_file"];

/// The keys of a manifest's `auth`.
pub const AUTH_KEYS: [&str; 11] =
    ["kind", "user", "password", "secret", "name", "prefix", "token_url", "client_id", "client_secret", "scope", "send"];

/// The keys of a manifest's `pages`.
pub const PAGES_KEYS: [&str; 11] =
    ["kind", "first", "size", "page_count", "row_count", "more", "cursor", "header", "next", "may_be_absent", "most"];

/// The keys of a manifest's `rows`.
pub const ROWS_KEYS: [&str; 12] =
    ["format", "path", "may_be_absent", "report", "encoding", "separator", "skip", "header", "sheet", "decimal", "thousands", "date"];

/// The keys of a manifest's `fields`.
pub const FIELDS_KEYS: [&str; 22] = [
    "month",
    "year",
    "metric",
    "count",
    "institution",
    "address",
    "title",
    "item",
    "platform",
    "database",
    "publisher",
    "data_type",
    "access_method",
    "access_type",
    "yop",
    "isbn",
    "print_issn",
    "online_issn",
    "doi",
    "uri",
    "isni",
    "proprietary",
];

/// The keys of a field that says more than where it is.
pub const FIELD_KEYS: [&str; 5] = ["from", "value", "map", "otherwise", "empty"];

/// The keys of an `institution`.
pub const INSTITUTION_KEYS: [&str; 3] = ["id", "name", "isil"];

/// The keys of a `[[source.keep]]`.
pub const KEEP_KEYS: [&str; 3] = ["from", "is", "is_not"];

/// The keys of a `[[source.metric]]`.
pub const METRIC_KEYS: [&str; 8] = ["name", "from", "value", "map", "otherwise", "empty", "institution", "keep"];

/// The keys of a source's `fallback`.
pub const FALLBACK_KEYS: [&str; 2] = ["release", "url"];

/// The keys of a source's `dialect`.
pub const DIALECT_KEYS: [&str; 7] =
    ["parameters", "report_parameters", "headers", "names", "leave_out", "list_separator", "status_credentials"];

/// The keys of a `[[source.product_rule]]`.
pub const RULE_KEYS: [&str; 5] = ["product", "platform", "database", "title", "data_type"];

/// The setting of this name.
pub fn find(name: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.name == name)
}

/// Every name.
pub fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.name)
}

/// Whether there is such a section.
pub fn is_section(name: &str) -> bool {
    names().filter_map(|known| known.split_once('.')).any(|(section, _)| section == name)
}
