//! The whole text, in every language.

use super::{agreed, by_hand, neighbours, unplaced};
use crate::attribution::explanation::Entered;
use crate::model::statistic::Earlier;
use crate::words::Language;

#[test]
fn shared_use_is_explained_step_by_step() {
    // Of 33 282 persons Aremark has 1 347. Of 12 219 that is 494.53, so 495; of 12 219 + 5 662 = 17 881 it is 723.69, so 724.
    // March has the difference, 229, where 5 662 × 1 347 / 33 282 = 229.154318….
    let mut case = neighbours();
    case.earlier = vec![Earlier {
        data_type: "Newspaper_or_Newsletter".into(),
        revision: 1,
        value: 231,
        changed_at: "2025-01-20T03:30:00Z".into(),
        reason: "vendor".into(),
        cause: "PR of avis-halden".into(),
        who: "Kari".into(),
    }];
    let mut explanation = case.explained("k3124", "2024-03");
    explanation.parts[0].reply_file = Some("/arkiv/replies/b9/b97d.zst".into());
    case.says(
        &explanation,
        Language::En,
        "\
Folkebiblioteket i Aremark (k3124): 229 of Unique_Item_Requests in March 2024 (avis, PR), exact share 229.154318
Quality: default key (default_key). Several share without an agreed key. The use is divided by persons (inhabitants; for schools pupils and staff), or equally where these are unknown.

1. Account avis-halden (the whole account): the vendor counted 5,662 of type Newspaper_or_Newsletter.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   in the file /arkiv/replies/b9/b97d.zst
   Divided by persons (the default key) among 2 institutions:
     Halden bibliotek (2010100) with weight 31,935 (95.95 %): the account covers it
     Folkebiblioteket i Aremark (k3124) with weight 1,347 (4.05 %): it claims 192.0.2.0/26
     All weights together: 33,282
   Left out: Halden rådhus (radhus): it claims 192.0.2.0/26, but it has no subscription.
   Exact share: 5,662 × 1,347 / 33,282 ≈ 229.154318
   Since January 2024 the same division holds. What is divided is the sum so far, so that the months add up to the year.
   Before this it was 12,219, of which the institution had 495; with this it is 17,881, of which it has 724:
   724 − 495 = 229

Earlier:
   231 of type Newspaper_or_Newsletter until 20 January 2025, 04:30. The vendor gave other figures (Kari): PR of avis-halden
",
    );
    case.says(
        &explanation,
        Language::Nb,
        "\
Folkebiblioteket i Aremark (k3124): 229 Unique_Item_Requests i mars 2024 (avis, PR), nøyaktig andel 229,154318
Kvalitet: standardnøkkel (default_key). Flere deler uten en avtalt nøkkel. Bruken er fordelt etter antall personer (innbyggere; for skoler elever og ansatte), eller likt der disse tallene mangler.

1. Konto avis-halden (hele kontoen): leverandøren har talt 5~662 av typen Newspaper_or_Newsletter.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   i filen /arkiv/replies/b9/b97d.zst
   Fordelt etter antall personer (standardnøkkelen) på 2 institusjoner:
     Halden bibliotek (2010100) med vekt 31~935 (95,95 %): kontoen dekker institusjonen
     Folkebiblioteket i Aremark (k3124) med vekt 1~347 (4,05 %): institusjonen har registrert 192.0.2.0/26 blant sine IP-adresser
     Alle vektene til sammen: 33~282
   Ikke med: Halden rådhus (radhus): institusjonen har registrert 192.0.2.0/26 blant sine IP-adresser, men abonnerer ikke på produktet.
   Nøyaktig andel: 5~662 × 1~347 / 33~282 ≈ 229,154318
   Den samme fordelingen gjelder fra og med januar 2024. Det er summen så langt som fordeles, slik at månedene til sammen blir året.
   Før dette var summen 12~219, og institusjonen hadde fått 495. Med dette er summen 17~881, og institusjonen har fått 724:
   724 − 495 = 229

Tidligere:
   231 av typen Newspaper_or_Newsletter til 20. januar 2025 kl. 04.30. Leverandøren ga andre tall (Kari): PR of avis-halden
",
    );
    case.says(
        &explanation,
        Language::Nn,
        "\
Folkebiblioteket i Aremark (k3124): 229 Unique_Item_Requests i mars 2024 (avis, PR), nøyaktig del 229,154318
Kvalitet: standardnøkkel (default_key). Fleire deler utan ein avtalt nøkkel. Bruken er fordelt etter kor mange personar dei har (innbyggjarar; for skular elevar og tilsette), eller likt der desse tala manglar.

1. Konto avis-halden (heile kontoen): leverandøren har talt 5~662 av typen Newspaper_or_Newsletter.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   i fila /arkiv/replies/b9/b97d.zst
   Fordelt etter talet på personar (standardnøkkelen) på 2 institusjonar:
     Halden bibliotek (2010100) med vekt 31~935 (95,95 %): kontoen dekkjer institusjonen
     Folkebiblioteket i Aremark (k3124) med vekt 1~347 (4,05 %): institusjonen har registrert 192.0.2.0/26 blant IP-adressene sine
     Alle vektene til saman: 33~282
   Ikkje med: Halden rådhus (radhus): institusjonen har registrert 192.0.2.0/26 blant IP-adressene sine, men abonnerer ikkje på produktet.
   Nøyaktig del: 5~662 × 1~347 / 33~282 ≈ 229,154318
   Den same fordelinga gjeld frå og med januar 2024. Det er summen så langt som blir fordelt, slik at månadene til saman blir året.
   Før dette var summen 12~219, og institusjonen hadde fått 495. Med dette er summen 17~881, og institusjonen har fått 724:
   724 − 495 = 229

Tidlegare:
   231 av typen Newspaper_or_Newsletter til 20. januar 2025 kl. 04.30. Leverandøren gav andre tal (Kari): PR of avis-halden
",
    );
}

#[test]
fn a_figure_by_hand_says_who_entered_it_and_what_it_stands_instead_of() {
    let mut case = neighbours();
    case.registry.manual.push(by_hand(1250));
    case.entered = Some(Entered { who: "Kari".into(), at: "2025-02-03T12:00:00Z".into() });
    let explanation = case.explained("k3124", "2024-03");
    case.says(
        &explanation,
        Language::En,
        "\
Folkebiblioteket i Aremark (k3124): 1,250 of Unique_Item_Requests in March 2024 (avis, PR), exact share 1,250
Quality: divided by hand (manual). People have divided this figure and entered it.

1. Entered by hand: 1,250.
   Entered by Kari, 3 February 2025, 13:00.
   Note: Talt i skranken
   It stands instead of the use that was counted on the account avis-halden.

2. Account avis-halden (the whole account): the vendor counted 5,662 of type Newspaper_or_Newsletter.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Not counted: figures by hand of Folkebiblioteket i Aremark (k3124) stand in its place.
",
    );
    case.says(
        &explanation,
        Language::Nb,
        "\
Folkebiblioteket i Aremark (k3124): 1~250 Unique_Item_Requests i mars 2024 (avis, PR), nøyaktig andel 1~250
Kvalitet: fordelt for hånd (manual). Noen har fordelt tallet for hånd og lagt det inn.

1. Lagt inn for hånd: 1~250.
   Lagt inn av Kari 3. februar 2025 kl. 13.00.
   Merknad: Talt i skranken
   Tallet gjelder i stedet for bruken som er talt på kontoen avis-halden.

2. Konto avis-halden (hele kontoen): leverandøren har talt 5~662 av typen Newspaper_or_Newsletter.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ikke regnet med: Tall som er lagt inn for hånd for Folkebiblioteket i Aremark (k3124), gjelder i stedet.
",
    );
    case.says(
        &explanation,
        Language::Nn,
        "\
Folkebiblioteket i Aremark (k3124): 1~250 Unique_Item_Requests i mars 2024 (avis, PR), nøyaktig del 1~250
Kvalitet: fordelt for hand (manual). Nokon har fordelt talet for hand og lagt det inn.

1. Lagt inn for hand: 1~250.
   Lagt inn av Kari 3. februar 2025 kl. 13.00.
   Merknad: Talt i skranken
   Talet gjeld i staden for bruken som er talt på kontoen avis-halden.

2. Konto avis-halden (heile kontoen): leverandøren har talt 5~662 av typen Newspaper_or_Newsletter.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ikkje rekna med: Tal som er lagde inn for hand for Folkebiblioteket i Aremark (k3124), gjeld i staden.
",
    );
    // Its neighbour has nothing of the account either, and is told why.
    let halden = case.explained("2010100", "2024-03");
    assert_eq!((halden.value, halden.quality, halden.parts.len(), halden.parts[0].counted), (0, None, 1, 0));
}

#[test]
fn an_agreed_key_and_several_parts_are_explained() {
    // The key holds from February, so a new run begins. Of 100, 37.5 % is 37.5: the hundredth use goes to the larger weight, so 37.
    let case = agreed();
    let explanation = case.explained("b", "2024-02");
    case.says(
        &explanation,
        Language::En,
        "\
Bø bibliotek (b): 42 of Unique_Item_Requests in February 2024 (avis, PR), exact share 42.5
Quality: agreed key (agreed_key). Several share, and the use is divided by a key that they have agreed on.

1. Account felles (the whole account): the vendor counted 100.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   tvilling reports the same traffic. The largest report counts, and that is this one.
   Divided by the agreed key avtale-24, in force since February 2024 (with the weights that it gives) among 2 institutions:
     Alta bibliotek (a) with weight 62.5 (62.50 %): it claims 198.51.100.0/24
     Bø bibliotek (b) with weight 37.5 (37.50 %): it claims 198.51.100.0/24
     All weights together: 100
   The agreed key gammel could not be used: it gives no weight to Bø bibliotek (b).
   Note: the vendor says that there will be more (partial)
   Exact share: 100 × 37.5 / 100 = 37.5
   Since February 2024 the same division holds. What is divided is the sum so far, so that the months add up to the year.
   Before this it was 0, of which the institution had 0; with this it is 100, of which it has 37:
   37 − 0 = 37

2. Account tvilling (the whole account): the vendor counted 80.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Not counted: felles reports the same traffic, and the largest report counts.

3. Account konsortium (member M-7, NO-b, Bø): the vendor counted 5.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Quality of this part: exact (exact).
   All of it belongs to Bø bibliotek (b): the vendor counted it as member NO-b.

All parts together: 37 + 5 = 42
",
    );
    case.says(
        &explanation,
        Language::Nb,
        "\
Bø bibliotek (b): 42 Unique_Item_Requests i februar 2024 (avis, PR), nøyaktig andel 42,5
Kvalitet: avtalt nøkkel (agreed_key). Flere deler, og bruken er fordelt etter en nøkkel som de er enige om.

1. Konto felles (hele kontoen): leverandøren har talt 100.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Den samme bruken er også meldt på kontoen tvilling. Den største rapporten teller, og det er denne.
   Fordelt etter den avtalte fordelingsnøkkelen avtale-24, som gjelder fra februar 2024 (med vektene som nøkkelen gir) på 2 institusjoner:
     Alta bibliotek (a) med vekt 62,5 (62,50 %): institusjonen har registrert 198.51.100.0/24 blant sine IP-adresser
     Bø bibliotek (b) med vekt 37,5 (37,50 %): institusjonen har registrert 198.51.100.0/24 blant sine IP-adresser
     Alle vektene til sammen: 100
   Den avtalte fordelingsnøkkelen gammel kunne ikke brukes: Den gir ingen vekt til Bø bibliotek (b).
   Merk: leverandøren sier at det kommer mer (partial)
   Nøyaktig andel: 100 × 37,5 / 100 = 37,5
   Den samme fordelingen gjelder fra og med februar 2024. Det er summen så langt som fordeles, slik at månedene til sammen blir året.
   Før dette var summen 0, og institusjonen hadde fått 0. Med dette er summen 100, og institusjonen har fått 37:
   37 − 0 = 37

2. Konto tvilling (hele kontoen): leverandøren har talt 80.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ikke regnet med: Den samme bruken er også meldt på kontoen felles, og den største rapporten teller.

3. Konto konsortium (medlem M-7, NO-b, Bø): leverandøren har talt 5.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Kvaliteten på denne delen: eksakt (exact).
   Alt hører til Bø bibliotek (b): leverandøren har ført bruken på medlem NO-b.

Alle delene til sammen: 37 + 5 = 42
",
    );
    case.says(
        &explanation,
        Language::Nn,
        "\
Bø bibliotek (b): 42 Unique_Item_Requests i februar 2024 (avis, PR), nøyaktig del 42,5
Kvalitet: avtalt nøkkel (agreed_key). Fleire deler, og bruken er fordelt etter ein nøkkel som dei er samde om.

1. Konto felles (heile kontoen): leverandøren har talt 100.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Den same bruken er òg meld på kontoen tvilling. Den største rapporten tel, og det er denne.
   Fordelt etter den avtalte fordelingsnøkkelen avtale-24, som gjeld frå februar 2024 (med vektene som nøkkelen gir) på 2 institusjonar:
     Alta bibliotek (a) med vekt 62,5 (62,50 %): institusjonen har registrert 198.51.100.0/24 blant IP-adressene sine
     Bø bibliotek (b) med vekt 37,5 (37,50 %): institusjonen har registrert 198.51.100.0/24 blant IP-adressene sine
     Alle vektene til saman: 100
   Den avtalte fordelingsnøkkelen gammel kunne ikkje brukast: Nøkkelen gir inga vekt til Bø bibliotek (b).
   Merk: leverandøren seier at det kjem meir (partial)
   Nøyaktig del: 100 × 37,5 / 100 = 37,5
   Den same fordelinga gjeld frå og med februar 2024. Det er summen så langt som blir fordelt, slik at månadene til saman blir året.
   Før dette var summen 0, og institusjonen hadde fått 0. Med dette er summen 100, og institusjonen har fått 37:
   37 − 0 = 37

2. Konto tvilling (heile kontoen): leverandøren har talt 80.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ikkje rekna med: Den same bruken er òg meld på kontoen felles, og den største rapporten tel.

3. Konto konsortium (medlem M-7, NO-b, Bø): leverandøren har talt 5.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Kvaliteten på denne delen: eksakt (exact).
   Alt høyrer til Bø bibliotek (b): leverandøren har ført bruken på medlem NO-b.

Alle delane til saman: 37 + 5 = 42
",
    );
}

#[test]
fn what_could_not_be_placed_says_why_and_what_to_do() {
    let case = unplaced();
    let explanation = case.explained("", "2024-03");
    case.says(
        &explanation,
        Language::En,
        "\
Nobody (use that could not be placed): 10 of Unique_Item_Requests in March 2024 (avis, PR), exact share 10
Quality: not placed (unresolved). No institution was found. The use is part of the sum, but it is nobody's.

1. Account tom (the whole account): the vendor counted 4.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Nobody is known who can have used it: it is kept under no institution.

2. Account tom (member M-9, Ukjent): the vendor counted 3.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   No account of this source has that customer id, and no institution that ISIL, so it is kept under no institution. Register one of them, and it is placed at once.

3. Account tom (address 203.0.113.7): the vendor counted 2.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Nobody had registered these addresses in March 2024, so it is kept under no institution. Register who used them, and it can be placed.

4. Account tom (addresses that nobody has registered): the vendor counted 1.
   From report PR, archived as reply b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Nobody had registered these addresses in March 2024, so it is kept under no institution. Register who used them, and it can be placed.

All parts together: 4 + 3 + 2 + 1 = 10
",
    );
    case.says(
        &explanation,
        Language::Nb,
        "\
Ingen (bruk som ikke kunne plasseres): 10 Unique_Item_Requests i mars 2024 (avis, PR), nøyaktig andel 10
Kvalitet: ikke plassert (unresolved). Ingen institusjon er funnet. Bruken er med i summen, men står ikke på noen.

1. Konto tom (hele kontoen): leverandøren har talt 4.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Det er ikke kjent hvem som kan ha brukt dette. Derfor står bruken ikke på noen institusjon.

2. Konto tom (medlem M-9, Ukjent): leverandøren har talt 3.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ingen konto hos denne kilden har denne kunde-id-en, og ingen institusjon har denne ISIL-en. Derfor står bruken ikke på noen institusjon. Registrer en av delene, så blir bruken plassert med en gang.

3. Konto tom (IP-adressen 203.0.113.7): leverandøren har talt 2.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ingen hadde registrert disse adressene i mars 2024. Derfor står bruken ikke på noen institusjon. Registrer hvem som brukte dem, så kan bruken plasseres.

4. Konto tom (IP-adresser som ingen har registrert): leverandøren har talt 1.
   Fra rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ingen hadde registrert disse adressene i mars 2024. Derfor står bruken ikke på noen institusjon. Registrer hvem som brukte dem, så kan bruken plasseres.

Alle delene til sammen: 4 + 3 + 2 + 1 = 10
",
    );
    case.says(
        &explanation,
        Language::Nn,
        "\
Ingen (bruk som ikkje kunne plasserast): 10 Unique_Item_Requests i mars 2024 (avis, PR), nøyaktig del 10
Kvalitet: ikkje plassert (unresolved). Ingen institusjon er funnen. Bruken er med i summen, men står ikkje på nokon.

1. Konto tom (heile kontoen): leverandøren har talt 4.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Det er ikkje kjent kven som kan ha brukt dette. Difor står bruken ikkje på nokon institusjon.

2. Konto tom (medlem M-9, Ukjent): leverandøren har talt 3.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ingen konto hos denne kjelda har denne kunde-id-en, og ingen institusjon har denne ISIL-en. Difor står bruken ikkje på nokon institusjon. Registrer ein av delane, så blir bruken plassert med ein gong.

3. Konto tom (IP-adressa 203.0.113.7): leverandøren har talt 2.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ingen hadde registrert desse adressene i mars 2024. Difor står bruken ikkje på nokon institusjon. Registrer kven som brukte dei, så kan bruken plasserast.

4. Konto tom (IP-adresser som ingen har registrert): leverandøren har talt 1.
   Frå rapport PR, arkivert som svar b97d6da815ce1ba4e5fd46dbcfe194bb6fb22389ac25455d111b4b1ba051fc88
   Ingen hadde registrert desse adressene i mars 2024. Difor står bruken ikkje på nokon institusjon. Registrer kven som brukte dei, så kan bruken plasserast.

Alle delane til saman: 4 + 3 + 2 + 1 = 10
",
    );
}
