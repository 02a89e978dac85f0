//! Norwegian (bokmål) for the sharing audit: kinds of findings, what they mean, what to do.

use crate::attribution::audit::{BlockClass, Detail, Finding, FindingKind, Per, Severity, Stranger, Width};
use crate::model::registry::InstitutionKind;

/// How grave a finding is.
pub(super) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Serious => "alvorlig",
        Severity::Warning => "bør sjekkes",
        Severity::Note => "til orientering",
    }
}

/// A kind of institution.
pub(super) fn institution_kind(kind: InstitutionKind) -> &'static str {
    match kind {
        InstitutionKind::PublicLibrary => "folkebibliotek",
        InstitutionKind::SchoolLibrary => "skolebibliotek",
        InstitutionKind::CountyLibrary => "fylkesbibliotek",
        InstitutionKind::OtherLibrary => "annet bibliotek",
        InstitutionKind::OtherBody => "annen virksomhet",
    }
}

/// A kind of finding, as the name of its sheet.
pub(super) fn sheet(kind: FindingKind, per: Per) -> &'static str {
    match (kind, per) {
        (FindingKind::Shared, Per::Institution) => "Hvem deler med hvem",
        (FindingKind::Shared, Per::Address) => "Delte adresser",
        (FindingKind::Shared, Per::County) => "Deling i og mellom fylker",
        (FindingKind::Unaware, _) => "Kjenner ikke til hverandre",
        (FindingKind::Exposed, _) => "Åpent for uvedkommende",
        (FindingKind::LockedOut, _) => "Stengt ute",
        (FindingKind::Unpaid, _) => "Inne uten abonnement",
        (FindingKind::Reserved, _) => "Adresser som ikke er på nett",
        (FindingKind::TooWide, _) => "Altfor store områder",
    }
}

/// What such a finding means.
pub(super) fn meaning(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Shared => {
            "Flere institusjoner bruker de samme adressene. Leverandøren kan ikke se hvem av dem som bruker tjenesten, og bruken fordeles etter en nøkkel."
        }
        FindingKind::Unaware => {
            "De har registrert de samme adressene, og ingenting tyder på at de vet om hverandre: Ingen foreslått eller avtalt nøkkel har \
             med begge, og ingen merknad på adressene nevner den andre. Kanskje er en av registreringene feil. Da får den ene bruk som \
             er den andres."
        }
        FindingKind::Exposed => {
            "Leverandøren slipper inn disse adressene, men ingen institusjon har registrert dem. Noen utenfor bibliotekene kan komme inn, \
             og bruken deres blir ført på noen andre."
        }
        FindingKind::LockedOut => {
            "Biblioteket abonnerer, og brukerne slippes inn etter IP-adresse. Men leverandøren har ikke disse adressene. De som sitter \
             der, kommer ikke inn."
        }
        FindingKind::Unpaid => {
            "Virksomheten bruker adresser som er sluppet inn for bibliotekets skyld, og abonnerer ikke selv. Går prisen etter antall \
             ansatte eller brukere, slik den gjør for juridiske oppslagsverk, bruker de noe ingen har betalt for."
        }
        FindingKind::Reserved => {
            "Slike adresser finnes ikke på Internett. Leverandøren ser dem aldri, så ingen slippes inn eller blir talt på grunn av dem."
        }
        FindingKind::TooWide => {
            "Området har langt flere adresser enn institusjonen kan bruke. Andre slippes inn, og bruken deres blir ført på institusjonen."
        }
    }
}

/// What to do about it.
pub(super) fn what_to_do(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Shared => {
            "Ingenting, hvis en fordeling etter folketall er rimelig for begge. Ellers: bli enige om en nøkkel, eller be om egne adresser."
        }
        FindingKind::Unaware => {
            "Spør begge hvem som bruker adressene. Deler de: bli enige om en nøkkel, eller nevn den andre i merknaden. Deler de ikke: gi \
             den gale registreringen en sluttdato (valid_to)."
        }
        FindingKind::Exposed => {
            "Finn ut hvem adressene tilhører. Er de et biblioteks: registrer dem. Er de ingens: be leverandøren fjerne dem, og fjern dem fra kontoen."
        }
        FindingKind::LockedOut => {
            "Send adressene til leverandøren og før dem på kontoen. Er de ikke i bruk lenger: gi registreringen en sluttdato (valid_to)."
        }
        FindingKind::Unpaid => {
            "Se hva avtalen sier. Hører virksomheten ikke med: betal for den, eller skaff bibliotek og virksomhet hver sine adresser og be leverandøren \
             fjerne virksomhetens."
        }
        FindingKind::Reserved => {
            "Spør dem som driver nettet om den offentlige adressen (den som vises når man søker etter «hva er min IP» på en av maskinene), og registrer den i stedet."
        }
        FindingKind::TooWide => "Spør dem som driver nettet hvilke adresser institusjonen faktisk bruker, og registrer dem i stedet.",
    }
}

/// What is particular to a finding.
pub(super) fn why(finding: &Finding) -> String {
    let count = finding.addresses.count();
    match &finding.detail {
        Detail::Shared(Per::County) if finding.counties.contains("") => "med en institusjon uten kjent fylke".to_owned(),
        Detail::Shared(Per::County) if finding.counties.len() > 1 => "mellom to fylker".to_owned(),
        Detail::Shared(Per::County) => "innen fylket".to_owned(),
        Detail::Shared(_) | Detail::Exposed => String::new(),
        Detail::Unaware(why) => why.iter().map(|why| stranger(*why)).collect::<Vec<_>>().join("; "),
        Detail::LockedOut { claimed } if *claimed == count => "ingen av adressene slippes inn".to_owned(),
        Detail::LockedOut { claimed } => format!("{count} av {claimed} adresser slippes ikke inn"),
        Detail::Unpaid { persons: Some(persons) } => format!("{persons} personer er registrert"),
        Detail::Unpaid { persons: None } => "antall personer er ikke registrert".to_owned(),
        Detail::Reserved(block) => format!("{}: {block}", block_class(block.class)),
        Detail::TooWide(Width::Absolute) => "større enn /16 (IPv4) eller /32 (IPv6)".to_owned(),
        Detail::TooWide(Width::For(persons)) => format!("over 1000 adresser for hver av {persons} personer"),
    }
}

fn stranger(why: Stranger) -> &'static str {
    match why {
        Stranger::County => "de ligger i hvert sitt fylke",
        Stranger::Municipality => "de ligger i hver sin kommune",
        Stranger::Part => "den ene har bare en del av det den andre har",
        Stranger::Exclusive => "en av dem har skrevet at ingen andre bruker adressene (exclusive)",
    }
}

fn block_class(class: BlockClass) -> &'static str {
    match class {
        BlockClass::Private => "private adresser, bare for bruk innendørs",
        BlockClass::Shared => "nettleverandørens egne adresser, delt av mange kunder",
        BlockClass::Loopback => "maskinens adresse til seg selv",
        BlockClass::LinkLocal => "bare på samme kabel",
        BlockClass::Multicast => "kringkasting",
        BlockClass::Documentation => "bare for eksempler",
        BlockClass::Benchmarking => "bare for målinger",
        BlockClass::Reserved => "holdt av til annet",
    }
}
