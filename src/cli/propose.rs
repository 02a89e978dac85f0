//! `avling keys propose`: a key put forward, with clear words for what cannot be meant.

use std::collections::{BTreeMap, BTreeSet};

use super::arguments::ProposeArguments;
use super::context::Context;
use super::keys::{in_county, known, signed, step, with_superseded};
use super::known::among;
use super::{Done, Failure};
use crate::attribution::claimants::addresses;
use crate::attribution::division::population_weights;
use crate::attribution::keys::{Sessions, measured_until};
use crate::attribution::month_view::MonthView;
use crate::attribution::{PersonFigures, Rules};
use crate::model::registry::{Access, Covers, Registry, Row as _, Validity};
use crate::model::{AccountId, AddressRange, AppliesTo, InstitutionId, KeyMethod, KeyRow, KeyState, Month, ProductId, Weight};
use crate::registry::agreement::{Key, KeyPart};

/// Runs the command.
pub async fn run(context: &Context, arguments: &ProposeArguments) -> Result<Done, Failure> {
    signed(context)?;
    let first = first_harvested(context).await?;
    if arguments.from < first {
        return Err(Failure::input(format_args!(
            "--from {}: nothing is harvested before {first}, so there is nothing to divide; let the key begin in {first} or later",
            arguments.from
        )));
    }
    if arguments.to.is_some_and(|to| to < arguments.from) {
        return Err(Failure::input(format_args!("--to is before --from {}", arguments.from)));
    }
    if [Some(arguments.from), arguments.to].into_iter().flatten().any(|month| month.year() > 2999) {
        return Err(Failure::input("--from and --to are months of years up to 2999; leave --to out for a key without an end"));
    }
    let what = format!("keys propose {}", arguments.key);
    let rules = context.rules();
    step(context, &what, |registry| {
        if known(registry, &arguments.key).is_ok() {
            return Err(Failure::input(format_args!("there is a key '{}' already; give the new one another id", arguments.key)));
        }
        let key = Proposal { context, arguments, registry, rules: &rules, view: MonthView::new(registry, arguments.from) }.key()?;
        Ok(with_superseded(key, registry))
    })
    .await
}

/// The first month that anything was harvested for, or will be.
async fn first_harvested(context: &Context) -> Result<Month, Failure> {
    let first = context.reader().await?.first_harvested().await?;
    Ok(first.unwrap_or(context.settings.schedule.backfill_from))
}

/// A proposal as it is worked out.
struct Proposal<'p> {
    context: &'p Context,
    arguments: &'p ProposeArguments,
    registry: &'p Registry,
    rules: &'p Rules,
    /// The registry in the key's first month.
    view: MonthView<'p>,
}

impl Proposal<'_> {
    fn key(&self) -> Result<Key, Failure> {
        let applies_to = self.applies_to()?;
        let product = self.product()?;
        let weights = self.given_weights()?;
        let mut members: BTreeSet<InstitutionId> = self.arguments.members.iter().chain(weights.keys()).cloned().collect();
        for id in &members {
            self.registered(id, "--member")?;
        }
        let sharers = self.sharers(&applies_to, product.as_ref());
        if members.is_empty() {
            members.clone_from(&sharers);
        } else if applies_to != AppliesTo::Anything
            && let Some(left_out) = sharers.iter().find(|id| !members.contains(*id))
        {
            return Err(Failure::input(format_args!(
                "{left_out} uses what the key applies to, and subscribes; a key that leaves it out would never divide anything, so add --member {left_out}"
            )));
        }
        if members.len() < 2 {
            return Err(Failure::input(
                "nobody to share with: at least two institutions take part in a key; name them with --member or --weight",
            ));
        }
        self.proposer(&members)?;
        let method =
            self.arguments.method.unwrap_or(match (self.arguments.from_population || self.arguments.from_measured, weights.is_empty()) {
                (false, true) => KeyMethod::Population,
                _ => KeyMethod::Fixed,
            });
        if method != KeyMethod::Fixed && !weights.is_empty() {
            return Err(Failure::input(format_args!("weights are for method fixed; method {method} finds its own")));
        }
        let weights = if self.arguments.from_population {
            self.by_population(&members)?
        } else if self.arguments.from_measured {
            self.by_measure(&members, product.as_ref())?
        } else {
            weights
        };
        if method == KeyMethod::Fixed
            && let Some(without) = members.iter().find(|id| !weights.contains_key(*id))
        {
            return Err(Failure::input(format_args!("{without} has no weight; add --weight {without}=…, or leave --method fixed out")));
        }
        let signature =
            |id: &InstitutionId| if Some(id) == self.arguments.institution.as_ref() { self.context.who.clone() } else { String::new() };
        let part = |id: InstitutionId| {
            let part = KeyPart { weight: weights.get(&id).copied(), agreed_by: signature(&id) };
            (id, part)
        };
        let valid = Validity { from: Some(self.arguments.from.first_day()), to: self.arguments.to.map(|to| to.next().first_day()) };
        let parts = members.into_iter().map(part).collect();
        let mut key = Key { id: self.arguments.key.clone(), applies_to, product, method, valid, state: KeyState::Proposed, parts };
        if !key.weights_fit() {
            return Err(Failure::input("the weights have too many digits together; write them shorter, for example as percentages"));
        }
        if key.parts.values().any(|part| !part.agreed_by.is_empty()) && key.is_agreed_by_all(self.registry) {
            key.state = KeyState::Agreed;
        }
        Ok(key)
    }

    fn registered(&self, id: &InstitutionId, option: &str) -> Result<(), Failure> {
        let known = self.registry.institutions.iter().map(|i| i.id.as_str());
        among(option, id.as_str(), "no institution of that id is registered", known)
    }

    /// Whoever proposes takes part, or has somebody of the county who does.
    fn proposer(&self, members: &BTreeSet<InstitutionId>) -> Result<(), Failure> {
        if let Some(id) = &self.arguments.institution {
            self.registered(id, "--institution")?;
            if !members.contains(id) {
                return Err(Failure::input(format_args!(
                    "--institution {id} proposes the key and has no part in it; add --member {id}, or let its county propose"
                )));
            }
        }
        if let Some(county) = &self.arguments.county {
            let of_county = in_county(self.context, self.registry, county);
            if !members.iter().any(|id| of_county.contains(id)) {
                return Err(Failure::input(format_args!(
                    "--county {county} has none of the institutions that take part; one of them, or its own county, can propose"
                )));
            }
        }
        Ok(())
    }

    /// Read as in a file of keys, so that what can be imported can be proposed.
    fn applies_to(&self) -> Result<AppliesTo, Failure> {
        let text = self.arguments.applies_to.as_deref().unwrap_or("");
        let row = KeyRow::parse(&["k", text, "", "equal", "i", "", "", "", "proposed", ""]);
        let row =
            row.map_err(|errors| Failure::input(format_args!("--applies-to {text}: {}", errors.first().map_or("", |e| e.what.as_str()))))?;
        if let AppliesTo::Account(account) = &row.applies_to {
            let known = self.registry.accounts.iter().map(|a| a.id.as_str());
            among("--applies-to", account.as_str(), "no account of that id is registered", known)?;
        }
        Ok(row.applies_to)
    }

    fn product(&self) -> Result<Option<ProductId>, Failure> {
        let Some(id) = &self.arguments.product else { return Ok(None) };
        let known = self.registry.products.iter().map(|p| p.id.as_str());
        among("--product", id.as_str(), "no product of that id is registered", known)?;
        Ok(Some(id.clone()))
    }

    /// `ID=WEIGHT`; all in percent, then they add up to 100, or none.
    fn given_weights(&self) -> Result<BTreeMap<InstitutionId, Weight>, Failure> {
        let mut weights = BTreeMap::new();
        let (mut percents, mut sum) = (0, 0_u128);
        for text in &self.arguments.weights {
            let wrong = |what: &str| Failure::input(format_args!("--weight {text}: {what}"));
            let (id, weight) = text.rsplit_once('=').ok_or_else(|| wrong("write ID=WEIGHT, for example 2010100=62.5 or 2010100=70%"))?;
            let id: InstitutionId = id.trim().parse().map_err(|error| wrong(&format!("the institution {error}")))?;
            let number: Weight = weight.parse().map_err(|error| wrong(&format!("'{weight}' {error}")))?;
            percents += usize::from(weight.trim_end().ends_with('%'));
            sum += number.billionths();
            if weights.insert(id, number).is_some() {
                return Err(wrong("the institution has a weight already"));
            }
        }
        if percents > 0 && percents < weights.len() {
            return Err(Failure::input("some weights are in percent and some are not; write all of them in percent, or none"));
        }
        if percents > 0 && sum != Weight::whole(100).billionths() {
            return Err(Failure::input(format_args!(
                "the percentages add up to {}, not to 100; correct them, or leave the percent signs out if they are weights",
                Weight::from_billionths(sum)
            )));
        }
        Ok(weights)
    }

    /// Who uses what the key applies to, and subscribes.
    fn sharers(&self, applies_to: &AppliesTo, product: Option<&ProductId>) -> BTreeSet<InstitutionId> {
        let mut sharers: BTreeSet<InstitutionId> = BTreeSet::new();
        let ranges: Vec<AddressRange> = match applies_to {
            AppliesTo::Range(range) => vec![*range],
            AppliesTo::Account(account) => self.account(account, &mut sharers),
            AppliesTo::Anything => {
                let own =
                    self.arguments.institution.as_ref().map(|id| self.view.addresses().claims_of(id).map(|claim| claim.range).collect());
                own.unwrap_or_default()
            }
        };
        for range in ranges {
            sharers.extend(self.view.addresses().of_range(range).into_iter().map(|claim| claim.institution.clone()));
        }
        let month = self.arguments.from;
        let subscribes = |id: &InstitutionId| {
            let mut rows = self.registry.subscriptions.iter().filter(|row| row.institution == *id && row.valid.in_month(month));
            rows.any(|row| product.is_none_or(|product| row.product == *product))
        };
        if sharers.iter().any(subscribes) {
            sharers.retain(subscribes);
        }
        sharers
    }

    /// An account's addresses; whom it covers goes to `sharers`.
    fn account(&self, account: &AccountId, sharers: &mut BTreeSet<InstitutionId>) -> Vec<AddressRange> {
        let Some(account) = self.view.account(account) else { return Vec::new() };
        if let Covers::These { institutions, .. } = &account.covers {
            sharers.extend(institutions.iter().cloned());
        }
        if self.rules.access(account) == Access::Login { Vec::new() } else { addresses(&self.view, account).into_iter().collect() }
    }

    fn by_population(&self, members: &BTreeSet<InstitutionId>) -> Result<BTreeMap<InstitutionId, Weight>, Failure> {
        let persons = PersonFigures::new(self.registry);
        let weights = population_weights(&self.view, &persons, members.iter());
        let weights = weights
            .ok_or_else(|| Failure::input("a library among them has no person figure (`avling check` names it); import persons first"))?;
        Ok(members.iter().cloned().zip(weights.into_iter().map(Weight::whole)).collect())
    }

    fn by_measure(
        &self,
        members: &BTreeSet<InstitutionId>,
        product: Option<&ProductId>,
    ) -> Result<BTreeMap<InstitutionId, Weight>, Failure> {
        let product = product.ok_or_else(|| Failure::input("--from-measured needs --product: sessions are counted for each"))?;
        let sessions = Sessions::new(self.registry);
        let last = measured_until(Some(self.arguments.from.first_day()), self.arguments.from);
        let counts: Vec<u64> = members.iter().map(|id| sessions.year_to(product, id, last)).collect();
        if counts.iter().all(|count| *count == 0) {
            return Err(Failure::input(format_args!(
                "the access control has seen no session of them with {product} from {} to {last}; import sessions first",
                last.plus(-11)
            )));
        }
        Ok(members.iter().cloned().zip(counts.into_iter().map(Weight::whole)).collect())
    }
}
