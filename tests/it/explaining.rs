//! Why a figure is what it is, through the real program and in every language.

use serde_json::json;

use crate::support::{ACCOUNTS, Site, source};

/// Halden's network, on which Aremark, a school and the town hall are too; 1 000 uses in November and in December.
fn site() -> Site {
    let site = Site::with_registry(&source("avis", "http://127.0.0.1:9", "avis", ""));
    site.import("accounts", &format!("{ACCOUNTS}halden,avis,H1,2010100,ip,,,,\n")).expect(0);
    let report = json!({
        "Report_Header": {
            "Release": "5.1", "Report_ID": "PR", "Report_Name": "Platform Report", "Created": "2025-01-05T00:00:00Z", "Created_By": "v",
            "Institution_Name": "x", "Institution_ID": { "Proprietary": ["v:H1"] },
            "Report_Filters": { "Begin_Date": "2024-11-01", "End_Date": "2024-12-31" }, "Report_Attributes": {},
        },
        "Report_Items": [{ "Platform": "v", "Attribute_Performance": [{
            "Data_Type": "Article", "Access_Method": "Regular",
            "Performance": { "Unique_Item_Requests": { "2024-11": 1000, "2024-12": 1000 } } }] }],
    });
    let file = site.write("report.json", report.to_string());
    site.ok(&["import", "usage", file.to_str().unwrap()]);
    site
}

const ASK: [&str; 9] =
    ["explain", "--institution", "2011800", "--product", "avis", "--month", "2024-12", "--metric", "Unique_Item_Requests"];

/// Aremark has 1 300 of 33 500 persons. Of 1 000 that is 38.8, so 39; of 2 000 it is 77.6, so 78; December has the difference, 39.
/// (Rounded by themselves, 1 850.75 + 77.61 + 71.64 would make 2 001: the largest gives way.)
#[test]
fn a_figure_is_explained_in_three_languages() {
    let site = site();
    let english = site.ok(&ASK).stdout;
    assert_eq!(site.ok(&[&ASK[..], &["--language", "en"]].concat()).stdout, english, "English is what is said by default");
    let reply = site.ok(&[&["--json"], &ASK[..]].concat()).json()["parts"][0]["reply"].as_str().unwrap().to_owned();
    let file = site.path().join("data/archive/replies").join(&reply[..2]).join(format!("{reply}.zst"));
    assert!(file.is_file());
    let expected = [
        (
            "en",
            "Aremark bibliotek (2011800): 39 of Unique_Item_Requests in December 2024 (avis, PR), exact share 38.80597",
            "   Divided by persons (the default key) among 3 institutions:",
            "     Aremark bibliotek (2011800) with weight 1,300 (3.88 %): it claims 192.0.2.64/26",
            "   Left out: Halden rådhus (radhus-halden): it claims 192.0.2.0/24, but it has no subscription.",
            "   Exact share: 1,000 × 1,300 / 33,500 ≈ 38.80597",
            "   Before this it was 1,000, of which the institution had 39; with this it is 2,000, of which it has 78:",
            "   in the file ",
        ),
        (
            "nb",
            "Aremark bibliotek (2011800): 39 Unique_Item_Requests i desember 2024 (avis, PR), nøyaktig andel 38,80597",
            "   Fordelt etter antall personer (standardnøkkelen) på 3 institusjoner:",
            "     Aremark bibliotek (2011800) med vekt 1~300 (3,88 %): institusjonen har registrert 192.0.2.64/26 blant sine IP-adresser",
            "   Ikke med: Halden rådhus (radhus-halden): institusjonen har registrert 192.0.2.0/24 blant sine IP-adresser, men abonnerer ikke på produktet.",
            "   Nøyaktig andel: 1~000 × 1~300 / 33~500 ≈ 38,80597",
            "   Før dette var summen 1~000, og institusjonen hadde fått 39. Med dette er summen 2~000, og institusjonen har fått 78:",
            "   i filen ",
        ),
        (
            "nn",
            "Aremark bibliotek (2011800): 39 Unique_Item_Requests i desember 2024 (avis, PR), nøyaktig del 38,80597",
            "   Fordelt etter talet på personar (standardnøkkelen) på 3 institusjonar:",
            "     Aremark bibliotek (2011800) med vekt 1~300 (3,88 %): institusjonen har registrert 192.0.2.64/26 blant IP-adressene sine",
            "   Ikkje med: Halden rådhus (radhus-halden): institusjonen har registrert 192.0.2.0/24 blant IP-adressene sine, men abonnerer ikkje på produktet.",
            "   Nøyaktig del: 1~000 × 1~300 / 33~500 ≈ 38,80597",
            "   Før dette var summen 1~000, og institusjonen hadde fått 39. Med dette er summen 2~000, og institusjonen har fått 78:",
            "   i fila ",
        ),
    ];
    for (language, figure, divided, claimant, left_out, exact, run, in_file) in expected {
        let said = site.ok(&[&ASK[..], &["--language", language]].concat()).stdout.replace('\u{a0}', "~");
        let in_file = format!("{in_file}{}", file.display());
        for line in [figure, divided, claimant, left_out, exact, run, "   78 − 39 = 39", &in_file] {
            assert!(said.lines().any(|said| said == line), "{language}: {line}\nis not in\n{said}");
        }
        assert!(said.contains(&reply) && !said.contains(['{', '}']), "{said}");
    }
}

#[test]
fn as_json_the_words_follow_the_language_and_the_codes_do_not() {
    let site = site();
    let because = |language: &[&str]| {
        let explained = site.ok(&[&["--json"], &ASK[..], language].concat()).json();
        let part = &explained["parts"][0];
        let of = |list: &str, place: usize| {
            let one = &part[list][place];
            (one["because"].as_str().unwrap().to_owned(), one["reason"].as_str().unwrap().to_owned(), one["ranges"].clone())
        };
        (of("claimants", 0), of("claimants", 1), of("dropped", 0))
    };
    let said = |because: &str, reason: &str, ranges| (because.to_owned(), reason.to_owned(), ranges);
    let english = (
        said("the account covers it", "covered", json!(null)),
        said("it claims 192.0.2.64/26", "claims", json!(["192.0.2.64/26"])),
        said("it claims 192.0.2.0/24, but it has no subscription", "no_subscription", json!(["192.0.2.0/24"])),
    );
    assert_eq!(because(&[]), english);
    let nynorsk = because(&["--language", "nn"]);
    assert_eq!(nynorsk.0, said("kontoen dekkjer institusjonen", "covered", json!(null)));
    assert_eq!((nynorsk.2.1, nynorsk.2.2), (english.2.1, english.2.2));
}

#[test]
fn a_language_that_is_not_known_is_refused() {
    let ran = site().run(&[&ASK[..], &["--language", "no"]].concat()).expect(2);
    assert!(ran.stderr.contains("nb, nn or en"), "{}", ran.stderr);
}
