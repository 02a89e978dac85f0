# Kvifor eit tal er som det er.

## Talet

# $who: ein institusjon med id. $exact: eit desimaltal
explain-figure = { $who }: { $value } { $metric } i { $month } ({ $product }, { $report }), nøyaktig del { $exact }
explain-closed = Året { $year } er avslutta, og talet står fast på { $stands }. Det som blir forklart her, gjeld først når året blir opna att.
explain-nobody = Ingen (bruk som ikkje kunne plasserast)
explain-no-part = Ingen konto har bruk denne månaden som institusjonen kan ha ein del av.
explain-no-part-hint = (Adresser, abonnement og kontoar tel med i ein månad dersom dei gjeld den første dagen i månaden.)
explain-all-placed = Alt som er talt denne månaden, høyrer til ein institusjon.
# $code: ordet i filer
explain-quality = Kvalitet: { $name } ({ $code }). { $meaning }
explain-quality-exact = eksakt
explain-quality-exact-meaning = Berre denne institusjonen kan ha brukt tenesta slik leverandøren har talt: eigen konto, eiga innlogging eller IP-adresser som ingen andre har registrert.
explain-quality-manual = fordelt for hand
explain-quality-manual-meaning = Nokon har fordelt talet for hand og lagt det inn.
explain-quality-agreed-key = avtalt nøkkel
explain-quality-agreed-key-meaning = Fleire deler, og bruken er fordelt etter ein nøkkel som dei er samde om.
explain-quality-default-key = standardnøkkel
explain-quality-default-key-meaning = Fleire deler utan ein avtalt nøkkel. Bruken er fordelt etter kor mange personar dei har (innbyggjarar; for skular elevar og tilsette), eller likt der desse tala manglar.
explain-quality-assumed = anteke
explain-quality-assumed-meaning = Éin institusjon får alt, sjølv om andre kan ha brukt tenesta: adressene er ikkje registrerte, eller ingen av dei andre på adressene abonnerer.
explain-quality-estimate = overslag
explain-quality-estimate-meaning = Leverandøren gir eitt tal for alle som abonnerer. Det er fordelt mellom dei og seier lite om kvar einskild.
explain-quality-unresolved = ikkje plassert
explain-quality-unresolved-meaning = Ingen institusjon er funnen. Bruken er med i summen, men står ikkje på nokon.

## Delane

# $figure: eit tal, eller eit tal med ein type
explain-counted = { $number }. Konto { $account } ({ $scope }): leverandøren har talt { $figure }.
explain-of-type = { $value } av typen { $type }
explain-scope-account = heile kontoen
# $member: det som er kjent om det
explain-scope-member = medlem { $member }
# $addresses: kor mange dei er
explain-scope-addresses =
    { $addresses ->
        [one] IP-adressa { $range }
       *[other] IP-adressene { $range }
    }
explain-scope-unclaimed = IP-adresser som ingen har registrert
explain-reply = Frå rapport { $report }, arkivert som svar { $reply }
explain-reply-file = i fila { $file }
# $count: kor mange kontoar det er
explain-same-traffic =
    { $count ->
        [one] Den same bruken er òg meld på kontoen { $accounts }. Den største rapporten tel, og det er denne.
       *[other] Den same bruken er òg meld på kontoane { $accounts }. Den største rapporten tel, og det er denne.
    }
explain-not-counted-same-traffic =
    { $count ->
        [one] Ikkje rekna med: Den same bruken er òg meld på kontoen { $accounts }, og den største rapporten tel.
       *[other] Ikkje rekna med: Den same bruken er òg meld på kontoane { $accounts }, og den største rapporten tel.
    }
explain-not-counted-by-hand = Ikkje rekna med: Tal som er lagde inn for hand for { $institutions }, gjeld i staden.
explain-by-hand = { $number }. Lagt inn for hand: { $value }.
explain-by-hand-who = Lagt inn av { $who } { $when }.
explain-by-hand-when = Lagt inn { $when }.
explain-by-hand-note = Merknad: { $note }
explain-by-hand-instead =
    { $count ->
        [one] Talet gjeld i staden for bruken som er talt på kontoen { $accounts }.
       *[other] Talet gjeld i staden for bruken som er talt på kontoane { $accounts }.
    }
explain-part-quality = Kvaliteten på denne delen: { $name } ({ $code }).

## Kven det er fordelt på

explain-nobody-known = Det er ikkje kjent kven som kan ha brukt dette. Difor står bruken ikkje på nokon institusjon.
explain-member-unknown = Ingen konto hos denne kjelda har denne kunde-id-en, og ingen institusjon har denne ISIL-en. Difor står bruken ikkje på nokon institusjon. Registrer ein av delane, så blir bruken plassert med ein gong.
explain-addresses-unclaimed = Ingen hadde registrert desse adressene i { $month }. Difor står bruken ikkje på nokon institusjon. Registrer kven som brukte dei, så kan bruken plasserast.
explain-as-above = Som ovanfor: dei same institusjonane med dei same vektene.
explain-belongs = Alt høyrer til { $institution }: { $because }.
# $how: ein av explain-by-…
explain-divided =
    { $count ->
        [one] Fordelt { $how } på { $count } institusjon:
       *[other] Fordelt { $how } på { $count } institusjonar:
    }
explain-by-persons = etter talet på personar (standardnøkkelen)
explain-by-equal = likt
# $method: ein av explain-method-…
explain-by-key = etter den avtalte fordelingsnøkkelen { $key } ({ $method })
explain-by-key-since = etter den avtalte fordelingsnøkkelen { $key }, som gjeld frå { $month } ({ $method })
explain-method-fixed = med vektene som nøkkelen gir
explain-method-equal = likt for alle
explain-method-population = etter talet på personar
explain-method-measured = etter øktene som tilgangskontrollen har talt
# $weight, $percent: desimaltal
explain-claimant = { $institution } med vekt { $weight } ({ $percent } %): { $because }
explain-weights = Alle vektene til saman: { $total }
explain-left-out = Ikkje med: { $institution }: { $because }.
explain-key-left-out = Den avtalte fordelingsnøkkelen { $key } kunne ikkje brukast: Nøkkelen gir inga vekt til { $institutions }.

## Kvifor nokon er med, som ei setning

explain-because-covered = kontoen dekkjer institusjonen
explain-because-claims = institusjonen har registrert { $ranges } blant IP-adressene sine
explain-because-member = leverandøren har ført bruken på medlem { $member }
explain-because-subscriber = institusjonen abonnerer, og kontoen dekkjer alle som abonnerer
explain-because-open-to-all = kontoen dekkjer alle, og produktet er ope for alle
explain-because-by-hand = talet er lagt inn for institusjonen
# $because: ein av dei ovanfor
explain-because-no-subscription = { $because }, men abonnerer ikkje på produktet

## Merke

explain-note = Merk: { $meaning } ({ $mark })
explain-note-no-persons = minst eitt bibliotek blant dei manglar persontal («avling check» viser kva for eit), difor har alle same vekt
explain-note-zero-weights = alle vektene er null, difor får alle like mykje
explain-note-no-subscriber = ingen av dei abonnerer, difor er alle med
explain-note-partial = leverandøren seier at det kjem meir

## Summen

# $weight, $total, $exact: desimaltal
explain-exact = Nøyaktig del: { $reported } × { $weight } / { $total } = { $exact }
explain-exact-rounded = Nøyaktig del: { $reported } × { $weight } / { $total } ≈ { $exact }
explain-run = Den same fordelinga gjeld frå og med { $month }. Det er summen så langt som blir fordelt, slik at månadene til saman blir året.
# $before, $after: det leverandøren har talt; $had, $has: det institusjonen har fått
explain-run-sums = Før dette var summen { $before }, og institusjonen hadde fått { $had }. Med dette er summen { $after }, og institusjonen har fått { $has }:
explain-difference = { $has } − { $had } = { $value }
# $parts: tal med + mellom
explain-sum = Alle delane til saman: { $parts } = { $value }

## Kva talet var før

explain-earlier = Tidlegare:
# $reason: ein av explain-changed-…; $cause: endringa, slik ho er skriven ned
explain-earlier-value = { $figure } til { $until }. { $reason }: { $cause }
explain-earlier-value-by = { $figure } til { $until }. { $reason } ({ $who }): { $cause }
explain-changed-vendor = Leverandøren gav andre tal
explain-changed-registry = Det som er registrert, vart endra
explain-changed-key = Ein avtalt fordelingsnøkkel vart endra
explain-changed-reopening = Året vart opna att
explain-changed-rounding = Avrunding: talet for ein annan månad vart endra
explain-changed-otherwise = Talet vart endra
