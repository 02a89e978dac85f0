//! Explanations in words, from values that are worked out by hand; the whole texts are in [`texts`].

mod texts;

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use crate::attribution::claimants::Because;
use crate::attribution::division::Mark;

use crate::attribution::explain::{Evidence, Question, explain};
use crate::attribution::explanation::{ByHand, Entered, Explanation, Reason};
use crate::attribution::{Attributor, Rules, SourceRules};
use crate::model::notation::parse_ranges;
use crate::model::registry::{
    Access, Account, Claim, Covers, Institution, InstitutionKind, ManualFigure, Persons, Registry, SharedTraffic, Subscription, Validity,
};
use crate::model::statistic::Earlier;
use crate::model::{
    AccountId, Addresses, AppliesTo, Count, Group, InstitutionId, KeyId, KeyMethod, KeyRow, KeyState, Member, Month, MonthFacts,
    MonthsKnown, MunicipalityCode, ProductId, Quality, ReportId, Scope, SourceId,
};
use crate::words::explanation::{Document, percent, text};
use crate::words::{Language, Words};

const REPLY: &str = "b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88";

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

/// A registry, the counts, and what else is known; one product, one report, one metric.
#[derive(Default)]
struct Case {
    registry: Registry,
    counts: Vec<Count>,
    months: MonthsKnown,
    entered: Option<Entered>,
    earlier: Vec<Earlier>,
    replicated: bool,
}

impl Case {
    fn institution(mut self, id: &str, name: &str, kind: InstitutionKind, municipality: &str) -> Self {
        self.registry.institutions.push(Institution {
            id: InstitutionId::trusted(id),
            name: name.into(),
            kind,
            municipality: Some(MunicipalityCode::trusted(municipality)),
            isil: format!("NO-{id}"),
            valid: Validity::default(),
        });
        self
    }

    fn persons(mut self, subject: &str, persons: u64) -> Self {
        self.registry.persons.push(Persons { subject: subject.into(), date: "2024-01-01".parse().unwrap(), persons });
        self
    }

    fn claims(mut self, institution: &str, range: &str) -> Self {
        self.registry.claims.push(Claim {
            institution: InstitutionId::trusted(institution),
            range: range_of(range),
            valid: Validity::default(),
            exclusive: false,
            note: String::new(),
        });
        self
    }

    fn subscribes(mut self, institution: &str) -> Self {
        self.registry.subscriptions.push(Subscription {
            institution: InstitutionId::trusted(institution),
            product: ProductId::trusted("avis"),
            valid: Validity::default(),
            price: String::new(),
            currency: String::new(),
            funding: None,
        });
        self
    }

    fn account(mut self, id: &str, institutions: &[&str], ranges: &[&str]) -> Self {
        self.registry.accounts.push(Account {
            id: AccountId::trusted(id),
            source: SourceId::trusted("kilde"),
            customer_id: id.to_uppercase(),
            covers: Covers::These {
                institutions: institutions.iter().map(|id| InstitutionId::trusted(id)).collect(),
                ranges: ranges.iter().map(|range| range_of(range)).collect(),
            },
            access: Some(Access::Ip),
            requestor_id: String::new(),
            api_key: String::new(),
            valid: Validity::default(),
        });
        self
    }

    fn key(mut self, key: &str, applies_to: &AppliesTo, from: &str, weights: &[(&str, &str)]) -> Self {
        self.registry.keys.extend(weights.iter().map(|(institution, weight)| KeyRow {
            key: KeyId::trusted(key),
            applies_to: applies_to.clone(),
            product: None,
            method: KeyMethod::Fixed,
            institution: InstitutionId::trusted(institution),
            weight: Some(weight.parse().unwrap()),
            valid: Validity { from: from.parse().ok(), to: None },
            state: KeyState::Agreed,
            agreed_by: "Kari".into(),
        }));
        self
    }

    fn counted(mut self, account: &str, scope: &Scope, in_month: &str, data_type: &str, total: u64) -> Self {
        let known = self.months.entry((AccountId::trusted(account), month(in_month))).or_default();
        known.total += total;
        self.counts.push(Count {
            account: AccountId::trusted(account),
            scope: scope.clone(),
            metric: "Unique_Item_Requests".into(),
            group: Group { month: month(in_month), data_type: data_type.into(), access_method: "Regular".into(), total },
        });
        self
    }

    fn explained(&self, institution: &str, in_month: &str) -> Explanation {
        let source = SourceRules {
            access: Access::Ip,
            shared_traffic: if self.replicated { SharedTraffic::Replicated } else { SharedTraffic::Single },
        };
        let rules = Rules { subscribers_only: true, sources: [(SourceId::trusted("kilde"), source)].into() };
        let question = Question {
            institution: (!institution.is_empty()).then(|| InstitutionId::trusted(institution)),
            product: ProductId::trusted("avis"),
            month: month(in_month),
            metric: "Unique_Item_Requests".into(),
            report: ReportId::trusted("PR"),
        };
        let replies: HashMap<AccountId, String> = self.counts.iter().map(|count| (count.account.clone(), REPLY.to_owned())).collect();
        let evidence = Evidence {
            counts: &self.counts,
            months: &self.months,
            replies: &replies,
            entered: self.entered.clone(),
            earlier: self.earlier.clone(),
        };
        explain(&mut Attributor::new(&self.registry, &rules), &question, evidence).unwrap()
    }

    fn text(&self, explanation: &Explanation, language: Language) -> String {
        let name = |id: &str| {
            let found = self.registry.institutions.iter().find(|institution| institution.id.as_str() == id);
            found.map_or_else(|| id.to_owned(), |institution| format!("{} ({id})", institution.name))
        };
        text(explanation, Words::of(language), &name, chrono_tz::Europe::Oslo)
    }

    /// `~` in what is expected stands for the space that holds a number together.
    #[track_caller]
    fn says(&self, explanation: &Explanation, language: Language, expected: &str) {
        assert_eq!(self.text(explanation, language).replace('\u{a0}', "~"), expected, "{language}");
    }
}

fn range_of(text: &str) -> crate::model::AddressRange {
    parse_ranges(text).unwrap()[0]
}

/// Halden with its network, Aremark behind it, and the town hall, which does not subscribe.
fn neighbours() -> Case {
    Case::default()
        .institution("2010100", "Halden bibliotek", InstitutionKind::PublicLibrary, "3101")
        .institution("k3124", "Folkebiblioteket i Aremark", InstitutionKind::PublicLibrary, "3124")
        .institution("radhus", "Halden rådhus", InstitutionKind::OtherBody, "3101")
        .persons("3101", 31_935)
        .persons("3124", 1347)
        .claims("2010100", "192.0.2.0/24")
        .claims("k3124", "192.0.2.0/26")
        .claims("radhus", "192.0.2.0/26")
        .subscribes("2010100")
        .subscribes("k3124")
        .account("avis-halden", &["2010100"], &[])
        .counted("avis-halden", &Scope::Account, "2024-01", "", 12_219)
        .counted("avis-halden", &Scope::Account, "2024-03", "Newspaper_or_Newsletter", 5662)
}

/// A figure that somebody has entered for Aremark.
fn by_hand(value: u64) -> ManualFigure {
    ManualFigure {
        institution: InstitutionId::trusted("k3124"),
        product: ProductId::trusted("avis"),
        month: month("2024-03"),
        report: ReportId::trusted("PR"),
        metric: "Unique_Item_Requests".into(),
        value,
        note: "Talt i skranken".into(),
        instead_of: vec![AccountId::trusted("avis-halden")],
    }
}

/// Two libraries with an agreed key, whose vendor reports the same traffic on two accounts, and counts one of them as a member too.
fn agreed() -> Case {
    let member = Scope::Member(Member { customer_id: "M-7".into(), name: "Bø".into(), isil: "NO-b".into() });
    let mut case = Case { replicated: true, ..Case::default() }
        .institution("a", "Alta bibliotek", InstitutionKind::PublicLibrary, "5601")
        .institution("b", "Bø bibliotek", InstitutionKind::PublicLibrary, "4012")
        .persons("5601", 300)
        .persons("4012", 100)
        .claims("a", "198.51.100.0/24")
        .claims("b", "198.51.100.0/24")
        .account("felles", &[], &["198.51.100.0/24"])
        .account("konsortium", &["a", "b"], &[])
        .account("tvilling", &[], &["198.51.100.0/24"])
        .key("avtale-24", &AppliesTo::Anything, "2024-02-01", &[("a", "62.5"), ("b", "37.5")])
        .key("gammel", &AppliesTo::Account(AccountId::trusted("felles")), "2023-01-01", &[("a", "100")])
        .counted("felles", &Scope::Account, "2024-01", "", 1000)
        .counted("felles", &Scope::Account, "2024-02", "", 100)
        .counted("tvilling", &Scope::Account, "2024-02", "", 80)
        .counted("konsortium", &member, "2024-02", "", 5);
    case.registry.accounts[1].access = Some(Access::Login);
    case.months.insert((AccountId::trusted("felles"), month("2024-02")), MonthFacts { total: 100, partial: true });
    case
}

/// Use that nobody can be found for, for each of the four reasons.
fn unplaced() -> Case {
    let member = Scope::Member(Member { customer_id: "M-9".into(), name: "Ukjent".into(), isil: String::new() });
    Case::default()
        .account("tom", &[], &["203.0.113.0/28"])
        .counted("tom", &Scope::Account, "2024-03", "", 4)
        .counted("tom", &member, "2024-03", "", 3)
        .counted("tom", &Scope::Addresses(Addresses::Range(range_of("203.0.113.7"))), "2024-03", "", 2)
        .counted("tom", &Scope::Addresses(Addresses::Unclaimed), "2024-03", "", 1)
}

#[test]
fn as_json_reasons_are_codes_and_words_of_the_language() {
    let explanation = neighbours().explained("k3124", "2024-03");
    let document = |language| serde_json::to_value(Document::new(&explanation, Words::of(language))).unwrap();
    let english = document(Language::En);
    let expected = json!({
        "institution": "k3124", "product": "avis", "month": "2024-03", "metric": "Unique_Item_Requests", "report": "PR",
        "value": 229, "exact": 229.154_318, "exact_fraction": "1271119/5547", "quality": "default_key", "earlier": [],
        "parts": [{
            "account": "avis-halden", "scope": "account", "data_type": "Newspaper_or_Newsletter", "reported": 5662, "counted": 5662,
            "claimants": [
                { "institution": "2010100", "because": "the account covers it", "reason": "covered", "weight": 31_935 },
                { "institution": "k3124", "because": "it claims 192.0.2.0/26", "reason": "claims", "ranges": ["192.0.2.0/26"], "weight": 1347 },
            ],
            "dropped": [{
                "institution": "radhus", "because": "it claims 192.0.2.0/26, but it has no subscription", "reason": "no_subscription",
                "ranges": ["192.0.2.0/26"],
            }],
            "key": null, "method": "population", "quality": "default_key", "notes": [], "run_from": "2024-01",
            "cumulative_before": 12_219, "cumulative_after": 17_881, "given_before": 495, "given_after": 724,
            "value": 229, "exact": 229.154_318, "reply": REPLY,
        }],
    });
    assert_eq!(english, expected);
    let nynorsk = document(Language::Nn);
    assert_eq!(nynorsk["parts"][0]["claimants"][0]["because"], "kontoen dekkjer institusjonen");
    assert_eq!(nynorsk["parts"][0]["claimants"][0]["reason"], "covered");
    assert_eq!(nynorsk["value"], english["value"]);
}

#[test]
fn as_json_keys_figures_by_hand_and_what_is_not_counted_are_told_apart() {
    let document = |explanation: &Explanation| serde_json::to_value(Document::new(explanation, Words::of(Language::En))).unwrap();
    let parts = document(&agreed().explained("b", "2024-02"))["parts"].clone();
    assert_eq!((&parts[0]["key"], &parts[0]["key_from"], &parts[0]["method"]), (&json!("avtale-24"), &json!("2024-02"), &json!("fixed")));
    assert_eq!(parts[0]["keys_left_out"], json!([{ "key": "gammel", "institutions": ["b"] }]));
    assert_eq!((&parts[0]["claimants"][0]["weight"], &parts[0]["notes"]), (&json!(62.5), &json!(["partial"])));
    assert_eq!((&parts[1]["counted"], &parts[1]["not_counted"]), (&json!(0), &json!("same_traffic")));
    assert_eq!(parts[2]["scope"], r#"member customer_id="M-7" isil="NO-b" name="Bø""#);
    let mut case = neighbours();
    case.registry.manual.push(by_hand(0));
    case.entered = Some(Entered { who: "Kari".into(), at: "2025-02-03T12:00:00Z".into() });
    let explanation = document(&case.explained("k3124", "2024-03"));
    assert_eq!((&explanation["value"], &explanation["quality"]), (&json!(0), &json!("")));
    let entered = json!({ "who": "Kari", "at": "2025-02-03T12:00:00Z", "note": "Talt i skranken", "instead_of": ["avis-halden"] });
    assert_eq!((&explanation["parts"][0]["account"], &explanation["parts"][0]["by_hand"]), (&json!(""), &entered));
    assert_eq!(explanation["parts"][0]["claimants"][0]["reason"], "by_hand");
    assert_eq!((&explanation["parts"][1]["not_counted"], &explanation["parts"][1]["displaced_by"]), (&json!("by_hand"), &json!(["k3124"])));
}

#[test]
fn the_value_is_the_sum_of_its_parts_and_the_difference_of_what_was_given() {
    for (case, institution, in_month) in
        [(neighbours(), "k3124", "2024-03"), (neighbours(), "2010100", "2024-01"), (agreed(), "a", "2024-02"), (unplaced(), "", "2024-03")]
    {
        let explanation = case.explained(institution, in_month);
        assert_eq!(explanation.parts.iter().map(|part| part.value).sum::<u64>(), explanation.value);
        for part in &explanation.parts {
            assert_eq!((part.given_after - part.given_before, part.cumulative_after - part.cumulative_before), (part.value, part.counted));
        }
    }
}

#[test]
fn a_month_without_use_says_what_would_count_in_it() {
    for (language, what) in
        [(Language::En, "No account has any use"), (Language::Nb, "Ingen konto har bruk"), (Language::Nn, "den første dagen i månaden")]
    {
        let case = neighbours();
        let said = case.text(&case.explained("k3124", "2024-02"), language);
        assert!(said.contains(what) && said.lines().count() == 3, "{said}");
        let case = neighbours();
        let said = case.text(&case.explained("", "2024-03"), language);
        assert_eq!(said.lines().count(), 3, "{said}");
    }
}

#[test]
fn several_types_on_one_account_are_divided_among_the_same_and_add_up() {
    let case = neighbours().counted("avis-halden", &Scope::Account, "2024-03", "Article", 10);
    let explanation = case.explained("2010100", "2024-03");
    for (language, above, sum) in [
        (Language::En, "As above: the same institutions", "All parts together: "),
        (Language::Nb, "Som ovenfor: de samme institusjonene", "Alle delene til sammen: "),
        (Language::Nn, "Som ovanfor: dei same institusjonane", "Alle delane til saman: "),
    ] {
        let said = case.text(&explanation, language);
        assert_eq!((said.matches(above).count(), said.matches(sum).count(), said.matches("31").count() > 3), (1, 1, true), "{said}");
    }
}

#[test]
fn whoever_has_no_subscription_is_told_that_nothing_of_it_is_theirs() {
    let case = neighbours();
    let explanation = case.explained("radhus", "2024-03");
    assert_eq!((explanation.value, explanation.quality), (0, None));
    let said = case.text(&explanation, Language::Nb);
    assert!(said.contains("Ikke med: Halden rådhus") && !said.contains("Nøyaktig andel:"), "{said}");
}

#[test]
fn every_way_to_come_to_a_figure_has_its_words_in_every_language() {
    let plain = agreed().explained("b", "2024-02");
    for language in Language::ALL {
        let mut said = BTreeSet::new();
        let mut say = |change: &dyn Fn(&mut Explanation)| {
            let mut explanation = plain.clone();
            change(&mut explanation);
            let text = agreed().text(&explanation, language);
            assert!(said.insert(text.clone()), "{language}: nothing new is said: {text}");
        };
        for method in ["fixed", "measured", "equal", "population"] {
            say(&|explanation| explanation.parts[0].method = method);
            say(&|explanation| (explanation.parts[0].method, explanation.parts[0].key_from) = (method, None));
        }
        for method in ["equal", "population"] {
            say(&|explanation| (explanation.parts[0].method, explanation.parts[0].key) = (method, None));
        }
        for mark in [Mark::NoPersons, Mark::ZeroWeights, Mark::NoSubscriber] {
            say(&|explanation| explanation.parts[0].notes = vec![mark.as_str()]);
        }
        for because in [Because::Covered, Because::Subscriber, Because::OpenToAll, Because::Member("M".into()), Because::Claims(vec![])] {
            say(&|explanation| explanation.parts[0].claimants[0].reason = Reason::Takes(because.clone()));
            say(&|explanation| explanation.parts[0].claimants[0].reason = Reason::NoSubscription(because.clone()));
        }
        say(&|explanation| explanation.parts[0].claimants[0].reason = Reason::ByHand);
        for quality in Quality::ALL.into_iter().filter(|quality| *quality != Quality::AgreedKey) {
            say(&|explanation| explanation.quality = Some(quality));
            say(&|explanation| explanation.parts[0].quality = quality);
        }
        for who in ["", "Kari"] {
            for reason in ["vendor", "registry", "key", "reopening", "rounding", ""] {
                let (data_type, changed_at, cause) = (String::new(), "2025-01-20T03:30:00Z".to_owned(), "import".to_owned());
                let earlier = Earlier { data_type, revision: 1, value: 1, changed_at, reason: reason.into(), cause, who: who.into() };
                say(&|explanation| explanation.earlier = vec![earlier.clone()]);
            }
            let entered = Some(Entered { who: who.into(), at: "2025-01-20T03:30:00Z".into() });
            let instead_of = vec!["x".to_owned(); who.len()];
            let by_hand = ByHand { entered, note: String::new(), instead_of };
            say(&|explanation| explanation.parts[0].by_hand = Some(by_hand.clone()));
        }
        say(&|explanation| explanation.parts[0].by_hand = Some(ByHand { entered: None, note: String::new(), instead_of: Vec::new() }));
    }
}

#[test]
fn what_people_and_vendors_wrote_cannot_move_the_cursor() {
    let mut case = neighbours();
    let mut figure = by_hand(5);
    figure.note = "a\u{1b}[2Jb\nc".into();
    case.registry.manual.push(figure);
    let said = case.text(&case.explained("k3124", "2024-03"), Language::En);
    assert!(said.contains("Note: a [2Jb c\n"), "{said}");
}

#[test]
fn percentages_are_rounded() {
    assert_eq!(percent(4047, 100_000), "4.05");
    assert_eq!([percent(2, 3), percent(1, 3), percent(0, 0), percent(7, 7)], ["66.67", "33.33", "0.00", "100.00"]);
}
