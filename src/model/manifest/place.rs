//! Places in a reply: where its rows are, and where in a row, or around it, a value is.
//!
//! ```text
//! JSON     data.items[*]            rows: a list in a list, names separated by dots
//!          usage.views[0]           a value of a row
//!          $.ids[?@.type=='isbn'].value   the same as RFC 9535 has it, of the row
//!          ^.period                 a value of the object that the rows lie in; ^^ of the one around that
//! tables   Antall visninger, #3     a column, by the name in its header or by its number
//! XML      Report/Months/Item       rows
//!          Title, Use/@views, Identifier[@type='isbn'], .    a value of a row
//!          ^/@month                 a value of the element that the rows lie in
//! ```

use serde_json::Value;
use serde_json_path::JsonPath;

/// The most steps of a place.
const MOST: usize = 32;

/// The most brackets of a query.
const MOST_BRACKETS: usize = 32;

/// A place in a row.
#[derive(Clone, PartialEq)]
pub struct Place {
    text: String,
    /// How many objects or elements up from the row.
    pub up: usize,
    /// Where from there.
    pub find: Find,
}

/// As it was written.
impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.text, f)
    }
}

/// How a value is found.
#[derive(Debug, Clone, PartialEq)]
pub enum Find {
    /// By steps through JSON.
    Json(Vec<JsonStep>),
    /// By a query of RFC 9535.
    Query(Box<JsonPath>),
    /// By a column's name.
    Column(String),
    /// By a column's number, from 0.
    Number(usize),
    /// By steps through XML.
    Xml(XmlFind),
}

/// A step through JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonStep {
    /// Into an object.
    Key(String),
    /// Into a list.
    Index(usize),
    /// Into each of a list; for rows alone.
    Each,
}

/// A way through XML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlFind {
    /// Elements, each in the one before.
    pub steps: Vec<XmlStep>,
    /// An attribute of the last; else its text.
    pub attribute: Option<String>,
}

/// A step into an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlStep {
    /// Its name, without a prefix.
    pub name: String,
    /// What it must have: an attribute (true) or element of this name with this text.
    pub test: Option<(bool, String, String)>,
}

impl Place {
    /// In JSON.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn json(text: &str) -> Result<Self, String> {
        let (up, rest) = upwards(text);
        let rest = if up > 0 { rest.strip_prefix('.').unwrap_or(rest) } else { rest };
        let steps = json_steps(rest);
        let find = match steps {
            Ok(steps) if !steps.contains(&JsonStep::Each) => {
                if up > 0 && !matches!(steps.as_slice(), [JsonStep::Key(_), ..]) {
                    return Err("after ^ stands the name of a value, as ^.period".into());
                }
                Find::Json(steps)
            }
            Ok(_) if !rest.starts_with('$') => return Err("has [*], which stands for many values; a field has one".into()),
            _ if rest.starts_with('$') && up == 0 => {
                // Each may be a step down for whoever reads it, and there is only so much room below.
                if rest.matches(['(', '[', '?', '!']).count() > MOST_BRACKETS {
                    return Err(format!("has more than {MOST_BRACKETS} brackets, which no query needs"));
                }
                let path = JsonPath::parse(rest).map_err(|error| format!("is no JSONPath (RFC 9535): {error}"))?;
                Find::Query(Box::new(path))
            }
            Err(what) => return Err(what),
            Ok(_) => return Err("has [*], which stands for many values; a field has one".into()),
        };
        Ok(Self { text: text.to_owned(), up, find })
    }

    /// In a table.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn column(text: &str) -> Result<Self, String> {
        let find = match text.strip_prefix('#') {
            Some(number) => match number.parse::<usize>() {
                Ok(number @ 1..=16_384) => Find::Number(number - 1),
                _ => return Err("is no number of a column; they count from #1".into()),
            },
            None => Find::Column(text.trim().to_owned()),
        };
        Ok(Self { text: text.to_owned(), up: 0, find })
    }

    /// In XML.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn xml(text: &str) -> Result<Self, String> {
        let (up, rest) = upwards(text);
        let rest = if up > 0 { rest.strip_prefix('/').unwrap_or(rest) } else { rest };
        let mut find = XmlFind { steps: Vec::new(), attribute: None };
        if rest != "." {
            for step in split_outside(rest, '/')? {
                if find.attribute.is_some() {
                    return Err("goes on after an attribute, in which nothing is".into());
                }
                if let Some(name) = step.strip_prefix('@') {
                    find.attribute = Some(xml_name(name)?);
                } else {
                    find.steps.push(xml_step(&step)?);
                }
            }
        }
        if find.steps.len() > MOST {
            return Err(format!("has more than {MOST} steps"));
        }
        Ok(Self { text: text.to_owned(), up, find: Find::Xml(find) })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The rows of JSON.
///
/// # Errors
/// What is wrong with the path.
pub fn json_rows(text: &str) -> Result<Vec<JsonStep>, String> {
    let steps = json_steps(text)?;
    if steps.iter().any(|step| matches!(step, JsonStep::Index(_))) {
        return Err("picks one of a list; rows are all of it: [*]".into());
    }
    Ok(steps)
}

/// The rows of XML: names of elements, the outermost first.
///
/// # Errors
/// What is wrong with the path.
pub fn xml_rows(text: &str) -> Result<Vec<String>, String> {
    let steps: Result<Vec<String>, String> = text.trim_start_matches('/').split('/').map(xml_name).collect();
    let steps = steps?;
    if steps.len() > MOST { Err(format!("has more than {MOST} steps")) } else { Ok(steps) }
}

/// The value that steps lead to.
#[must_use]
pub fn follow<'v>(value: &'v Value, steps: &[JsonStep]) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match step {
        JsonStep::Key(key) => value.as_object()?.get(key),
        JsonStep::Index(place) => value.as_array()?.get(*place),
        JsonStep::Each => None,
    })
}

/// `^^`, and what follows.
fn upwards(text: &str) -> (usize, &str) {
    let rest = text.trim_start_matches('^');
    (text.len() - rest.len(), rest)
}

fn json_steps(text: &str) -> Result<Vec<JsonStep>, String> {
    let mut rest = text.trim();
    if let Some(after) = rest.strip_prefix('$') {
        rest = after;
        if !rest.is_empty() && !rest.starts_with(['.', '[']) {
            return Err("has something after $ that is neither a dot nor a bracket".into());
        }
    } else if !rest.is_empty() && !rest.starts_with('[') {
        // A name may stand without a dot at the beginning.
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        return prepend(key(name)?, json_steps_after(after)?);
    }
    json_steps_after(rest)
}

fn prepend(first: JsonStep, mut steps: Vec<JsonStep>) -> Result<Vec<JsonStep>, String> {
    steps.insert(0, first);
    if steps.len() > MOST { Err(format!("has more than {MOST} steps")) } else { Ok(steps) }
}

fn json_steps_after(mut rest: &str) -> Result<Vec<JsonStep>, String> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() >= MOST {
            return Err(format!("has more than {MOST} steps"));
        }
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            steps.push(key(name)?);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (step, after) = bracket(after)?;
            steps.push(step);
            rest = after;
        } else {
            return Err("has something after ] that is neither a dot nor a bracket".into());
        }
    }
    Ok(steps)
}

fn key(name: &str) -> Result<JsonStep, String> {
    if name.is_empty() || name == "*" || name.contains(['\'', '"', ']', '(', '?', '@']) {
        return Err("has a step that is no name; write names with dots between, lists as [*], odd names as ['a.b']".into());
    }
    Ok(JsonStep::Key(name.to_owned()))
}

/// What stands in a bracket, and what after it.
fn bracket(text: &str) -> Result<(JsonStep, &str), String> {
    if let Some(after) = text.strip_prefix("*]") {
        return Ok((JsonStep::Each, after));
    }
    for quote in ['\'', '"'] {
        if let Some(inside) = text.strip_prefix(quote) {
            let closed = inside.split_once(quote).and_then(|(name, after)| Some((name, after.strip_prefix(']')?)));
            let (name, after) = closed.ok_or("has a quote in a bracket that is not closed, as ['a.b'] is")?;
            if name.contains('\\') {
                return Err("has a backslash in a quoted name, which is not known here".into());
            }
            return Ok((JsonStep::Key(name.to_owned()), after));
        }
    }
    let (number, after) = text.split_once(']').ok_or("has a bracket that is not closed")?;
    let number = number.parse().map_err(|_| "has something in brackets that is neither *, a number nor a quoted name".to_owned())?;
    Ok((JsonStep::Index(number), after))
}

fn xml_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    let local = name.rsplit(':').next().unwrap_or(name);
    let sound = !local.is_empty() && local.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) && local != ".";
    if sound { Ok(local.to_owned()) } else { Err("has a step that is no name of an element; write names with slashes between".into()) }
}

/// `Identifier[@type='isbn']`.
fn xml_step(text: &str) -> Result<XmlStep, String> {
    let Some((name, test)) = text.split_once('[') else { return Ok(XmlStep { name: xml_name(text)?, test: None }) };
    let test = test.strip_suffix(']').ok_or("has a bracket that is not closed")?;
    let (left, right) = test.split_once('=').ok_or("has a test in brackets without =; write it as [@type='isbn']")?;
    let right = right.trim();
    let value = ['\'', '"'].iter().find_map(|quote| right.strip_prefix(*quote)?.strip_suffix(*quote));
    let value = value.ok_or("has a test in brackets whose text is not in quotes; write it as [@type='isbn']")?;
    let left = left.trim();
    let (attribute, of) = left.strip_prefix('@').map_or((false, left), |name| (true, name));
    Ok(XmlStep { name: xml_name(name)?, test: Some((attribute, xml_name(of)?, value.to_owned())) })
}

/// The parts of a text, cut where `separator` stands outside of brackets.
fn split_outside(text: &str, separator: char) -> Result<Vec<String>, String> {
    let (mut parts, mut part, mut inside) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '[' if inside => return Err("has a bracket in a bracket".into()),
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        if c == separator && !inside {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(c);
        }
    }
    parts.push(part);
    Ok(parts)
}
