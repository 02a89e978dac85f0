//! What COUNTER's registry says of a platform, from a file of its API (`registry.countermetrics.org/api/v1/…`).
//!
//! [`services`] reads one entry or a list of them, of `sushi-service`, `usage-data-host` or `platform`, also where one holds the other;
//! it takes what it knows and passes over the rest.

use serde_json::Value;

use crate::model::Release;

/// What is told of one COUNTER API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// Where it is.
    pub url: String,
    /// `counter_release`, if it is one that we know.
    pub release: Option<Release>,
    /// What there is to know, for people: each with what it is about.
    pub notes: Vec<(&'static str, String)>,
    /// A requestor id is needed.
    pub requestor_id: bool,
    /// A key is needed.
    pub api_key: bool,
    /// A platform is needed.
    pub platform: bool,
    /// The vendor admits only addresses that it knows.
    pub by_address: bool,
}

/// How deep entries may lie in one another.
const DEEPEST: u32 = 8;

/// Every API in the file.
///
/// # Errors
/// It is not JSON, or says nothing of any API.
pub fn services(bytes: &[u8]) -> Result<Vec<Service>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let json: Value = serde_json::from_slice(bytes).map_err(|error| {
        format!("is not JSON ({error}); save what registry.countermetrics.org/api/v1/sushi-service/… answers with ?format=json")
    })?;
    let mut found = Vec::new();
    collect(&json, DEEPEST, &mut found);
    if found.is_empty() {
        return Err(
            "says nothing of a COUNTER API: entries have a url, a counter_release and what credentials are needed; a platform's own \
             entry only names them, so save those that its sushi_services point to"
                .into(),
        );
    }
    Ok(found)
}

fn collect(value: &Value, depth: u32, found: &mut Vec<Service>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, depth, found)),
        Value::Object(object) => {
            if object.contains_key("counter_release") && object.keys().any(|key| key.ends_with("_required") || key.ends_with("_id_info")) {
                found.extend(service(object).filter(|service| !found.contains(service)));
            }
            object.values().for_each(|value| collect(value, depth, found));
        }
        _ => {}
    }
}

fn service(object: &serde_json::Map<String, Value>) -> Option<Service> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(one_line).unwrap_or_default();
    let yes = |key: &str| object.get(key).and_then(Value::as_bool).unwrap_or(false);
    let url = text("url");
    if url.is_empty() {
        return None;
    }
    let about = [
        ("customer id", "customer_id_info"),
        ("requestor id", "requestor_id_info"),
        ("api key", "api_key_info"),
        ("platform", "platform_specific_info"),
        ("platform", "platform_attr_info"),
        ("limits", "request_volume_limits_info"),
        ("limits", "rate_limit"),
        ("addresses", "ip_address_authorization_info"),
        ("credentials", "credentials_auto_expire_info"),
        ("differs", "customizations_info"),
    ];
    let notes = about.into_iter().map(|(about, key)| (about, text(key))).filter(|(_, text)| !text.is_empty()).collect();
    Some(Service {
        url,
        release: object.get("counter_release").and_then(|release| match release {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            _ => None,
        }),
        notes,
        requestor_id: yes("requestor_id_required"),
        api_key: yes("api_key_required"),
        platform: yes("platform_attr_required"),
        by_address: yes("ip_address_authorization"),
    })
}

/// A text as one line of at most 500 characters.
fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"id": "1", "url": "https://example.org/r51", "counter_release": "5.1", "customer_id_info": "In the\r\nportal",
        "requestor_id_required": true, "api_key_required": false, "platform_attr_required": true, "platform_specific_info": "Use ABC",
        "request_volume_limits_applied": true, "request_volume_limits_info": "1 per second", "ip_address_authorization": false}"#;

    #[test]
    fn entries_are_found_alone_in_lists_and_in_one_another() {
        for json in [
            ENTRY.to_owned(),
            format!("[{ENTRY},{ENTRY}]"),
            format!(r#"{{"count": 1, "results": [{ENTRY}]}}"#),
            format!("\u{feff}{{\"name\": \"Platform\", \"sushi_services\": [{ENTRY}]}}"),
        ] {
            let found = services(json.as_bytes()).unwrap();
            let [service] = found.as_slice() else { panic!("{json}: {found:?}") };
            assert_eq!((service.url.as_str(), service.release), ("https://example.org/r51", Some(Release::R51)));
            assert!(service.requestor_id && service.platform && !service.api_key && !service.by_address);
            let notes: Vec<String> = service.notes.iter().map(|(about, text)| format!("{about}: {text}")).collect();
            assert_eq!(notes, ["customer id: In the portal", "platform: Use ABC", "limits: 1 per second"]);
        }
    }

    #[test]
    fn what_says_nothing_is_refused_in_words() {
        assert!(services(b"<html>").unwrap_err().starts_with("is not JSON"));
        let platform =
            r#"{"name": "P", "sushi_services": [{"counter_release": "5.1", "url": "https://registry/api/v1/sushi-service/1/"}]}"#;
        assert!(services(platform.as_bytes()).unwrap_err().contains("only names them"));
        assert!(services("[".repeat(2000).as_bytes()).is_err());
    }
}
