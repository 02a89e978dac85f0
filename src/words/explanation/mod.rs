//! An explanation in words: [`text`] for people, [`Document`] for programs.

mod document;
#[cfg(test)]
mod tests;

use chrono_tz::Tz;
use num_bigint::BigInt;
use num_rational::BigRational;

use super::{Value, Words};
use crate::attribution::claimants::Because;
use crate::attribution::explanation::{ByHand, EnteredWeight, ExplainedPart, Explanation, NotCounted, Reason};
use crate::model::statistic::{Earlier, six_decimals};
use crate::model::{AddressRange, Addresses, Quality, Scope};

pub use document::Document;

/// The whole explanation, with line breaks. `name`: what an institution is called, by its id; `zone`: where the readers' clocks are.
#[must_use]
pub fn text(explanation: &Explanation, words: &Words, name: &dyn Fn(&str) -> String, zone: Tz) -> String {
    let mut page = Page { explanation, words, name, zone, out: String::new() };
    page.figure();
    let mut before: Option<&ExplainedPart> = None;
    for (number, part) in (1_u64..).zip(&explanation.parts) {
        page.out.push('\n');
        match &part.by_hand {
            Some(by_hand) => page.by_hand(number, part, by_hand),
            None => page.reported(number, part, before),
        }
        before = Some(part).filter(|part| part.not_counted.is_none()).or(before);
    }
    page.sum();
    page.earlier();
    page.out
}

/// Why somebody takes part in a division or does not, as a clause.
fn because(words: &Words, reason: &Reason) -> String {
    let because = match reason {
        Reason::ByHand => return words.say("explain-because-by-hand", &[]),
        Reason::Takes(because) | Reason::NoSubscription(because) => because,
    };
    let clause = match because {
        Because::Covered => words.say("explain-because-covered", &[]),
        Because::Claims(ranges) => {
            let ranges: Vec<String> = ranges.iter().map(ToString::to_string).collect();
            words.say("explain-because-claims", &[("ranges", ranges.join(", ").into())])
        }
        Because::Member(member) => words.say("explain-because-member", &[("member", member.into())]),
        Because::Subscriber => words.say("explain-because-subscriber", &[]),
        Because::OpenToAll => words.say("explain-because-open-to-all", &[]),
    };
    match reason {
        Reason::NoSubscription(_) => words.say("explain-because-no-subscription", &[("because", clause.into())]),
        _ => clause,
    }
}

/// What a quality is called, and what it means.
fn quality(words: &Words, quality: Quality) -> (String, String) {
    let (name, meaning) = match quality {
        Quality::Exact => ("explain-quality-exact", "explain-quality-exact-meaning"),
        Quality::Manual => ("explain-quality-manual", "explain-quality-manual-meaning"),
        Quality::AgreedKey => ("explain-quality-agreed-key", "explain-quality-agreed-key-meaning"),
        Quality::DefaultKey => ("explain-quality-default-key", "explain-quality-default-key-meaning"),
        Quality::Assumed => ("explain-quality-assumed", "explain-quality-assumed-meaning"),
        Quality::Estimate => ("explain-quality-estimate", "explain-quality-estimate-meaning"),
        Quality::Unresolved => ("explain-quality-unresolved", "explain-quality-unresolved-meaning"),
    };
    (words.say(name, &[]), words.say(meaning, &[]))
}

/// The text as far as it has come.
struct Page<'a> {
    explanation: &'a Explanation,
    words: &'a Words,
    name: &'a dyn Fn(&str) -> String,
    zone: Tz,
    out: String,
}

/// How far lines of a part stand in, and lines of a list in it.
const PART: usize = 3;
const LIST: usize = 5;

impl Page<'_> {
    /// A message as a line of its own. Vendors and people wrote some of its values: nothing of these moves a cursor.
    fn line(&mut self, indent: usize, id: &str, values: &[(&str, Value<'_>)]) {
        let text = self.words.say(id, values);
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.out.extend(text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }));
        self.out.push('\n');
    }

    fn names(&self, ids: &[String]) -> String {
        let names: Vec<String> = ids.iter().map(|id| (self.name)(id)).collect();
        self.words.list(&names)
    }

    fn figure(&mut self) {
        let asked = self.explanation;
        let nobody = asked.institution.is_empty();
        let who = if nobody { self.words.say("explain-nobody", &[]) } else { (self.name)(&asked.institution) };
        let values = [
            ("who", who.into()),
            ("value", asked.value.into()),
            ("metric", Value::from(&asked.metric)),
            ("month", self.words.month(asked.month).into()),
            ("product", (&asked.product).into()),
            ("report", (&asked.report).into()),
            ("exact", self.words.decimal(&shortest(&asked.share)).into()),
        ];
        self.line(0, "explain-figure", &values);
        if let Some(stands) = asked.closed_value {
            self.line(
                0,
                "explain-closed",
                &[("stands", stands.into()), ("value", asked.value.into()), ("year", asked.month.year().to_string().into())],
            );
        }
        if asked.parts.is_empty() {
            self.line(0, if nobody { "explain-all-placed" } else { "explain-no-part" }, &[]);
            self.line(0, "explain-no-part-hint", &[]);
        }
        if let Some(weakest) = asked.quality {
            let (name, meaning) = quality(self.words, weakest);
            self.line(0, "explain-quality", &[("name", name.into()), ("code", weakest.as_str().into()), ("meaning", meaning.into())]);
        }
    }

    /// A part that people have entered.
    fn by_hand(&mut self, number: u64, part: &ExplainedPart, by_hand: &ByHand) {
        self.line(0, "explain-by-hand", &[("number", number.into()), ("value", part.value.into())]);
        if let Some(entered) = &by_hand.entered {
            let when = Value::from(self.words.moment(&entered.at, self.zone));
            if entered.who.is_empty() {
                self.line(PART, "explain-by-hand-when", &[("when", when)]);
            } else {
                self.line(PART, "explain-by-hand-who", &[("who", (&entered.who).into()), ("when", when)]);
            }
        }
        if !by_hand.note.is_empty() {
            self.line(PART, "explain-by-hand-note", &[("note", (&by_hand.note).into())]);
        }
        if !by_hand.instead_of.is_empty() {
            let (count, accounts) = self.counted_list(&by_hand.instead_of);
            self.line(PART, "explain-by-hand-instead", &[("count", count), ("accounts", accounts)]);
        }
        self.part_quality(part);
    }

    /// A part that a vendor has reported. `before`: the part above it that was divided.
    fn reported(&mut self, number: u64, part: &ExplainedPart, before: Option<&ExplainedPart>) {
        let values = [
            ("number", number.into()),
            ("account", Value::from(&part.account)),
            ("scope", self.scope(part.scope.as_ref()).into()),
            ("figure", self.figure_of_type(part.reported, &part.data_type).into()),
        ];
        self.line(0, "explain-counted", &values);
        if !part.reply.is_empty() {
            self.line(PART, "explain-reply", &[("report", (&self.explanation.report).into()), ("reply", (&part.reply).into())]);
        }
        if let Some(file) = &part.reply_file {
            self.line(PART, "explain-reply-file", &[("file", file.into())]);
        }
        let (count, accounts) = self.counted_list(&part.same_traffic);
        match part.not_counted {
            Some(NotCounted::SameTraffic) => {
                self.line(PART, "explain-not-counted-same-traffic", &[("count", count), ("accounts", accounts)]);
                return;
            }
            Some(NotCounted::ByHand) => {
                let whose = self.names(&part.displaced_by);
                self.line(PART, "explain-not-counted-by-hand", &[("institutions", whose.into())]);
                return;
            }
            None if part.same_traffic.is_empty() => {}
            None => self.line(PART, "explain-same-traffic", &[("count", count), ("accounts", accounts)]),
        }
        self.part_quality(part);
        let alike = |above: &ExplainedPart| {
            (&above.claimants, &above.dropped, &above.key, above.method) == (&part.claimants, &part.dropped, &part.key, part.method)
        };
        if !part.claimants.is_empty() && before.is_some_and(alike) {
            self.line(PART, "explain-as-above", &[]);
        } else {
            self.among(part);
        }
        for mark in &part.notes {
            let id = match *mark {
                "no_persons" => "explain-note-no-persons",
                "zero_weights" => "explain-note-zero-weights",
                "no_subscriber" => "explain-note-no-subscriber",
                "partial" => "explain-note-partial",
                _ => continue,
            };
            let meaning = self.words.say(id, &[]);
            self.line(PART, "explain-note", &[("mark", (*mark).into()), ("meaning", meaning.into())]);
        }
        self.share(part);
    }

    /// Whom a part is divided among, and who is left out.
    fn among(&mut self, part: &ExplainedPart) {
        match (&part.claimants[..], &part.scope) {
            ([], Some(Scope::Member(_))) => self.line(PART, "explain-member-unknown", &[]),
            ([], Some(Scope::Addresses(_))) => {
                let month = self.words.month(self.explanation.month);
                self.line(PART, "explain-addresses-unclaimed", &[("month", month.into())]);
            }
            ([], _) => self.line(PART, "explain-nobody-known", &[]),
            ([only], _) => {
                let values =
                    [("institution", (self.name)(&only.institution).into()), ("because", because(self.words, &only.reason).into())];
                self.line(PART, "explain-belongs", &values);
            }
            (several, _) => {
                let how = self.how(part);
                self.line(PART, "explain-divided", &[("how", how.into()), ("count", (several.len() as u64).into())]);
                let total = total(part);
                for claimant in several {
                    let weight = claimant.weight.unwrap_or(EnteredWeight { whole: 0, decimals: 0 });
                    let values = [
                        ("institution", (self.name)(&claimant.institution).into()),
                        ("weight", self.words.decimal(&weight.to_string()).into()),
                        ("percent", self.words.decimal(&percent(weight.whole, total.whole)).into()),
                        ("because", because(self.words, &claimant.reason).into()),
                    ];
                    self.line(LIST, "explain-claimant", &values);
                }
                self.line(LIST, "explain-weights", &[("total", self.words.decimal(&total.to_string()).into())]);
            }
        }
        for dropped in &part.dropped {
            let values =
                [("institution", (self.name)(&dropped.institution).into()), ("because", because(self.words, &dropped.reason).into())];
            self.line(PART, "explain-left-out", &values);
        }
        for left_out in &part.keys_left_out {
            let whom = self.names(&left_out.institutions);
            self.line(PART, "explain-key-left-out", &[("key", (&left_out.key).into()), ("institutions", whom.into())]);
        }
    }

    /// By what a part is divided.
    fn how(&self, part: &ExplainedPart) -> String {
        let Some(key) = &part.key else {
            return self.words.say(if part.method == "equal" { "explain-by-equal" } else { "explain-by-persons" }, &[]);
        };
        let method = match part.method {
            "fixed" => "explain-method-fixed",
            "measured" => "explain-method-measured",
            "equal" => "explain-method-equal",
            _ => "explain-method-population",
        };
        let method = self.words.say(method, &[]);
        match part.key_from {
            None => self.words.say("explain-by-key", &[("key", key.into()), ("method", method.into())]),
            Some(month) => {
                let values = [("key", key.into()), ("month", self.words.month(month).into()), ("method", method.into())];
                self.words.say("explain-by-key-since", &values)
            }
        }
    }

    /// How the institution's share of a part comes about, where it is not all or nothing.
    fn share(&mut self, part: &ExplainedPart) {
        let mine = part.claimants.iter().find(|claimant| claimant.institution == self.explanation.institution);
        let (Some(mine), true) = (mine.and_then(|mine| mine.weight), part.claimants.len() > 1) else { return };
        let values = [
            ("reported", part.reported.into()),
            ("weight", self.words.decimal(&mine.to_string()).into()),
            ("total", self.words.decimal(&total(part).to_string()).into()),
            ("exact", self.words.decimal(&shortest(&part.share)).into()),
        ];
        let whole = (&part.share * BigInt::from(1_000_000)).is_integer();
        self.line(PART, if whole { "explain-exact" } else { "explain-exact-rounded" }, &values);
        self.line(PART, "explain-run", &[("month", self.words.month(part.run_from).into())]);
        let values = [
            ("before", part.cumulative_before.into()),
            ("had", part.given_before.into()),
            ("after", part.cumulative_after.into()),
            ("has", part.given_after.into()),
        ];
        self.line(PART, "explain-run-sums", &values);
        let values = [("has", part.given_after.into()), ("had", part.given_before.into()), ("value", part.value.into())];
        self.line(PART, "explain-difference", &values);
    }

    /// The quality of a part, where it is another than the figure's.
    fn part_quality(&mut self, part: &ExplainedPart) {
        if self.explanation.quality.is_some_and(|weakest| weakest != part.quality) {
            let (name, _) = quality(self.words, part.quality);
            self.line(PART, "explain-part-quality", &[("name", name.into()), ("code", part.quality.as_str().into())]);
        }
    }

    /// The parts add up to the figure.
    fn sum(&mut self) {
        let counted: Vec<String> =
            self.explanation.parts.iter().filter(|part| part.not_counted.is_none()).map(|part| self.words.whole(part.value)).collect();
        if counted.len() > 1 {
            self.out.push('\n');
            self.line(0, "explain-sum", &[("parts", counted.join(" + ").into()), ("value", self.explanation.value.into())]);
        }
    }

    fn earlier(&mut self) {
        if !self.explanation.earlier.is_empty() {
            self.out.push('\n');
            self.line(0, "explain-earlier", &[]);
        }
        for earlier in &self.explanation.earlier {
            self.earlier_value(earlier);
        }
    }

    fn earlier_value(&mut self, earlier: &Earlier) {
        let reason = match earlier.reason.as_str() {
            "vendor" => "explain-changed-vendor",
            "registry" => "explain-changed-registry",
            "key" => "explain-changed-key",
            "reopening" => "explain-changed-reopening",
            "rounding" => "explain-changed-rounding",
            _ => "explain-changed-otherwise",
        };
        let mut values = vec![
            ("figure", self.figure_of_type(earlier.value, &earlier.data_type).into()),
            ("until", self.words.moment(&earlier.changed_at, self.zone).into()),
            ("reason", self.words.say(reason, &[]).into()),
            ("cause", Value::from(&earlier.cause)),
        ];
        if earlier.who.is_empty() {
            self.line(PART, "explain-earlier-value", &values);
        } else {
            values.push(("who", (&earlier.who).into()));
            self.line(PART, "explain-earlier-value-by", &values);
        }
    }

    /// A count, with its type if it has one.
    fn figure_of_type(&self, value: u64, data_type: &str) -> String {
        match data_type {
            "" => self.words.whole(value),
            _ => self.words.say("explain-of-type", &[("value", value.into()), ("type", data_type.into())]),
        }
    }

    /// What of an account.
    fn scope(&self, scope: Option<&Scope>) -> String {
        match scope {
            None | Some(Scope::Account) => self.words.say("explain-scope-account", &[]),
            Some(Scope::Member(member)) => {
                let known: Vec<&str> = [&member.customer_id, &member.isil, &member.name]
                    .into_iter()
                    .map(String::as_str)
                    .filter(|text| !text.is_empty())
                    .collect();
                self.words.say("explain-scope-member", &[("member", known.join(", ").into())])
            }
            Some(Scope::Addresses(Addresses::Unclaimed)) => self.words.say("explain-scope-unclaimed", &[]),
            Some(Scope::Addresses(Addresses::Range(range))) => {
                let values = [("addresses", size(*range).into()), ("range", range.to_string().into())];
                self.words.say("explain-scope-addresses", &values)
            }
        }
    }

    /// How many they are, and which.
    fn counted_list(&self, ids: &[String]) -> (Value<'static>, Value<'static>) {
        (Value::Whole(ids.len() as u64), self.words.list(ids).into())
    }
}

/// How many addresses a range has; more than can be counted are as many as can.
fn size(range: AddressRange) -> u64 {
    u64::try_from(range.span()).map_or(u64::MAX, |span| span.saturating_add(1))
}

/// The sum of a part's weights.
fn total(part: &ExplainedPart) -> EnteredWeight {
    let weights = part.claimants.iter().filter_map(|claimant| claimant.weight);
    let decimals = weights.clone().map(|weight| weight.decimals).max().unwrap_or(0);
    EnteredWeight { whole: weights.map(|weight| weight.whole).sum(), decimals }
}

/// A share with six decimals at most, for machines: no zeros at the end.
fn shortest(share: &BigRational) -> String {
    six_decimals(share).trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A part of a whole in percent, for machines: two decimals, rounded half up.
fn percent(part: u64, whole: u64) -> String {
    let whole = u128::from(whole.max(1));
    let hundredths = (u128::from(part) * 20_000 + whole) / (2 * whole);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
