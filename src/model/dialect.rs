//! How one vendor's COUNTER API differs from the specification: values, told in a source's configuration, never by a vendor's name.
//!
//! A [`Dialect`] says what is sent otherwise. Its texts may hold [placeholders](PLACEHOLDERS) for what an account has; [`Filled`] says
//! what they became, and whether a secret is in it.

/// The parameters of the COUNTER API that we send (Code of Practice R5.1 section 8.1).
pub const PARAMETERS: [&str; 7] =
    ["customer_id", "requestor_id", "api_key", "begin_date", "end_date", "attributes_to_show", "include_parent_details"];

/// What stands in braces for what an account has.
pub const PLACEHOLDERS: [&str; 3] = ["customer_id", "requestor_id", "api_key"];

/// What a vendor wants otherwise. The default is the specification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialect {
    /// Sent with every request.
    pub parameters: Vec<(String, String)>,
    /// Sent with requests for reports alone.
    pub report_parameters: Vec<(String, String)>,
    /// Sent as headers with every request that has credentials.
    pub headers: Vec<(String, String)>,
    /// Other names of [`PARAMETERS`].
    pub names: Vec<(String, String)>,
    /// Which of [`PARAMETERS`] are not sent.
    pub leave_out: Vec<String>,
    /// What stands between the entries of a list.
    pub list_separator: String,
    /// `/status` is asked with credentials too.
    pub status_credentials: bool,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            parameters: Vec::new(),
            report_parameters: Vec::new(),
            headers: Vec::new(),
            names: Vec::new(),
            leave_out: Vec::new(),
            list_separator: "|".into(),
            status_credentials: false,
        }
    }
}

impl Dialect {
    /// What a parameter of [`PARAMETERS`] is called; nothing if it is not sent.
    #[must_use]
    pub fn name<'a>(&'a self, parameter: &'a str) -> Option<&'a str> {
        if self.leave_out.iter().any(|left| left == parameter) {
            return None;
        }
        let other = self.names.iter().find(|(name, _)| name == parameter);
        Some(other.map_or(parameter, |(_, other)| other))
    }
}

/// What an account has, for placeholders.
#[derive(Debug, Clone, Copy)]
pub struct Values<'a> {
    /// `{customer_id}`.
    pub customer_id: &'a str,
    /// `{requestor_id}`; empty if there is none. A secret.
    pub requestor_id: &'a str,
    /// `{api_key}`; empty if there is none. A secret.
    pub api_key: &'a str,
}

/// A text whose placeholders were filled.
#[derive(Clone, PartialEq, Eq)]
pub struct Filled {
    /// The text; it may hold a secret, so this has no `Debug`.
    pub text: String,
    /// Which placeholders were in it.
    pub used: Vec<&'static str>,
}

impl Filled {
    /// Whether a secret was put in.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.used.iter().any(|name| *name != "customer_id")
    }
}

/// Puts an account's values in the place of a text's placeholders, each as `write` writes it.
#[must_use]
pub fn fill(text: &str, values: Values<'_>, write: impl Fn(&str) -> String) -> Filled {
    let mut filled = Filled { text: String::with_capacity(text.len()), used: Vec::new() };
    let mut rest = text;
    // What is put in is not looked at again: a key may have braces.
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.text.push_str(before);
        let found = PLACEHOLDERS.into_iter().find_map(|name| {
            let after = from.strip_prefix('{')?.strip_prefix(name)?.strip_prefix('}')?;
            Some((name, after))
        });
        match found {
            Some((name, after)) => {
                let value = match name {
                    "customer_id" => values.customer_id,
                    "requestor_id" => values.requestor_id,
                    _ => values.api_key,
                };
                filled.text.push_str(&write(value));
                filled.used.push(name);
                rest = after;
            }
            None => {
                filled.text.push('{');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    filled.text.push_str(rest);
    filled
}

/// The names in braces that are no placeholders, and braces that stand alone.
#[must_use]
pub fn unknown_placeholder(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(['{', '}']) {
        let opened = rest.as_bytes().get(before.len()) == Some(&b'{');
        let Some((name, tail)) = after.split_once('}').filter(|_| opened) else { return Some("a brace that stands alone".into()) };
        if !PLACEHOLDERS.contains(&name) {
            return Some(format!("{{{}}}", name.chars().filter(|c| !c.is_control()).take(40).collect::<String>()));
        }
        rest = tail;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values<'_> = Values { customer_id: "c{api_key}", requestor_id: "r", api_key: "k" };

    #[test]
    fn placeholders_are_filled_once_and_the_rest_stays() {
        let filled = |text| fill(text, VALUES, str::to_owned);
        assert_eq!(filled("Bearer {api_key}").text, "Bearer k");
        assert_eq!(filled("{customer_id}:{requestor_id}").text, "c{api_key}:r");
        assert_eq!(filled("{customer_id}:{requestor_id}").used, ["customer_id", "requestor_id"]);
        assert_eq!(filled("{nobody} { {api_key").text, "{nobody} { {api_key");
        assert!(filled("{api_key}").is_secret() && !filled("{customer_id}").is_secret() && !filled("x").is_secret());
    }

    #[test]
    fn what_is_no_placeholder_is_named() {
        for fine in ["", "x", "{api_key}", "{customer_id}/{requestor_id}"] {
            assert_eq!(unknown_placeholder(fine), None, "{fine}");
        }
        assert_eq!(unknown_placeholder("{month}").as_deref(), Some("{month}"));
        for alone in ["{api_key", "}", "a{"] {
            assert_eq!(unknown_placeholder(alone).as_deref(), Some("a brace that stands alone"), "{alone}");
        }
    }

    #[test]
    fn parameters_have_their_own_names_or_the_vendors() {
        let dialect = Dialect {
            names: vec![("customer_id".into(), "institution".into())],
            leave_out: vec!["requestor_id".into()],
            ..Dialect::default()
        };
        assert_eq!(dialect.name("customer_id"), Some("institution"));
        assert_eq!(dialect.name("requestor_id"), None);
        assert_eq!(dialect.name("api_key"), Some("api_key"));
    }
}
