# Hvorfor et tall er som det er.

## Tallet

# $who: en institusjon med id. $exact: et desimaltall
explain-figure = { $who }: { $value } { $metric } i { $month } ({ $product }, { $report }), nøyaktig andel { $exact }
explain-closed = Året { $year } er avsluttet, og tallet står fast på { $stands }. Det som forklares her, gjelder først når året åpnes igjen.
explain-nobody = Ingen (bruk som ikke kunne plasseres)
explain-no-part = Ingen konto har bruk denne måneden som institusjonen kan ha en andel av.
explain-no-part-hint = (Adresser, abonnementer og kontoer teller med i en måned hvis de gjelder den første dagen i måneden.)
explain-all-placed = Alt som er talt denne måneden, hører til en institusjon.
# $code: ordet i filer
explain-quality = Kvalitet: { $name } ({ $code }). { $meaning }
explain-quality-exact = eksakt
explain-quality-exact-meaning = Bare denne institusjonen kan ha brukt tjenesten slik leverandøren har talt: egen konto, egen innlogging eller IP-adresser som ingen andre har registrert.
explain-quality-manual = fordelt for hånd
explain-quality-manual-meaning = Noen har fordelt tallet for hånd og lagt det inn.
explain-quality-agreed-key = avtalt nøkkel
explain-quality-agreed-key-meaning = Flere deler, og bruken er fordelt etter en nøkkel som de er enige om.
explain-quality-default-key = standardnøkkel
explain-quality-default-key-meaning = Flere deler uten en avtalt nøkkel. Bruken er fordelt etter antall personer (innbyggere; for skoler elever og ansatte), eller likt der disse tallene mangler.
explain-quality-assumed = antatt
explain-quality-assumed-meaning = Én institusjon får alt, selv om andre kan ha brukt tjenesten: adressene er ikke registrert, eller ingen av de andre på adressene abonnerer.
explain-quality-estimate = anslag
explain-quality-estimate-meaning = Leverandøren gir ett tall for alle som abonnerer. Det er fordelt mellom dem og sier lite om den enkelte.
explain-quality-unresolved = ikke plassert
explain-quality-unresolved-meaning = Ingen institusjon er funnet. Bruken er med i summen, men står ikke på noen.

## Delene

# $figure: et tall, eller et tall med en type
explain-counted = { $number }. Konto { $account } ({ $scope }): leverandøren har talt { $figure }.
explain-of-type = { $value } av typen { $type }
explain-scope-account = hele kontoen
# $member: det som er kjent om det
explain-scope-member = medlem { $member }
# $addresses: hvor mange de er
explain-scope-addresses =
    { $addresses ->
        [one] IP-adressen { $range }
       *[other] IP-adressene { $range }
    }
explain-scope-unclaimed = IP-adresser som ingen har registrert
explain-reply = Fra rapport { $report }, arkivert som svar { $reply }
explain-reply-file = i filen { $file }
# $count: hvor mange kontoer det er
explain-same-traffic =
    { $count ->
        [one] Den samme bruken er også meldt på kontoen { $accounts }. Den største rapporten teller, og det er denne.
       *[other] Den samme bruken er også meldt på kontoene { $accounts }. Den største rapporten teller, og det er denne.
    }
explain-not-counted-same-traffic =
    { $count ->
        [one] Ikke regnet med: Den samme bruken er også meldt på kontoen { $accounts }, og den største rapporten teller.
       *[other] Ikke regnet med: Den samme bruken er også meldt på kontoene { $accounts }, og den største rapporten teller.
    }
explain-not-counted-by-hand = Ikke regnet med: Tall som er lagt inn for hånd for { $institutions }, gjelder i stedet.
explain-by-hand = { $number }. Lagt inn for hånd: { $value }.
explain-by-hand-who = Lagt inn av { $who } { $when }.
explain-by-hand-when = Lagt inn { $when }.
explain-by-hand-note = Merknad: { $note }
explain-by-hand-instead =
    { $count ->
        [one] Tallet gjelder i stedet for bruken som er talt på kontoen { $accounts }.
       *[other] Tallet gjelder i stedet for bruken som er talt på kontoene { $accounts }.
    }
explain-part-quality = Kvaliteten på denne delen: { $name } ({ $code }).

## Hvem det er fordelt på

explain-nobody-known = Det er ikke kjent hvem som kan ha brukt dette. Derfor står bruken ikke på noen institusjon.
explain-member-unknown = Ingen konto hos denne kilden har denne kunde-id-en, og ingen institusjon har denne ISIL-en. Derfor står bruken ikke på noen institusjon. Registrer en av delene, så blir bruken plassert med en gang.
explain-addresses-unclaimed = Ingen hadde registrert disse adressene i { $month }. Derfor står bruken ikke på noen institusjon. Registrer hvem som brukte dem, så kan bruken plasseres.
explain-as-above = Som ovenfor: de samme institusjonene med de samme vektene.
explain-belongs = Alt hører til { $institution }: { $because }.
# $how: en av explain-by-…
explain-divided =
    { $count ->
        [one] Fordelt { $how } på { $count } institusjon:
       *[other] Fordelt { $how } på { $count } institusjoner:
    }
explain-by-persons = etter antall personer (standardnøkkelen)
explain-by-equal = likt
# $method: en av explain-method-…
explain-by-key = etter den avtalte fordelingsnøkkelen { $key } ({ $method })
explain-by-key-since = etter den avtalte fordelingsnøkkelen { $key }, som gjelder fra { $month } ({ $method })
explain-method-fixed = med vektene som nøkkelen gir
explain-method-equal = likt for alle
explain-method-population = etter antall personer
explain-method-measured = etter øktene som adgangskontrollen har talt
# $weight, $percent: desimaltall
explain-claimant = { $institution } med vekt { $weight } ({ $percent } %): { $because }
explain-weights = Alle vektene til sammen: { $total }
explain-left-out = Ikke med: { $institution }: { $because }.
explain-key-left-out = Den avtalte fordelingsnøkkelen { $key } kunne ikke brukes: Den gir ingen vekt til { $institutions }.

## Hvorfor noen er med, som en setning

explain-because-covered = kontoen dekker institusjonen
explain-because-claims = institusjonen har registrert { $ranges } blant sine IP-adresser
explain-because-member = leverandøren har ført bruken på medlem { $member }
explain-because-subscriber = institusjonen abonnerer, og kontoen dekker alle som abonnerer
explain-because-open-to-all = kontoen dekker alle, og produktet er åpent for alle
explain-because-by-hand = tallet er lagt inn for institusjonen
# $because: en av dem ovenfor
explain-because-no-subscription = { $because }, men abonnerer ikke på produktet

## Merker

explain-note = Merk: { $meaning } ({ $mark })
explain-note-no-persons = minst ett bibliotek blant dem mangler persontall («avling check» viser hvilket), derfor har alle samme vekt
explain-note-zero-weights = alle vektene er null, derfor får alle like mye
explain-note-no-subscriber = ingen av dem abonnerer, derfor er alle med
explain-note-partial = leverandøren sier at det kommer mer

## Summen

# $weight, $total, $exact: desimaltall
explain-exact = Nøyaktig andel: { $reported } × { $weight } / { $total } = { $exact }
explain-exact-rounded = Nøyaktig andel: { $reported } × { $weight } / { $total } ≈ { $exact }
explain-run = Den samme fordelingen gjelder fra og med { $month }. Det er summen så langt som fordeles, slik at månedene til sammen blir året.
# $before, $after: det leverandøren har talt; $had, $has: det institusjonen har fått
explain-run-sums = Før dette var summen { $before }, og institusjonen hadde fått { $had }. Med dette er summen { $after }, og institusjonen har fått { $has }:
explain-difference = { $has } − { $had } = { $value }
# $parts: tall med + mellom
explain-sum = Alle delene til sammen: { $parts } = { $value }

## Hva tallet var før

explain-earlier = Tidligere:
# $reason: en av explain-changed-…; $cause: endringen, slik den er skrevet ned
explain-earlier-value = { $figure } til { $until }. { $reason }: { $cause }
explain-earlier-value-by = { $figure } til { $until }. { $reason } ({ $who }): { $cause }
explain-changed-vendor = Leverandøren ga andre tall
explain-changed-registry = Det som er registrert, ble endret
explain-changed-key = En avtalt fordelingsnøkkel ble endret
explain-changed-reopening = Året ble åpnet igjen
explain-changed-rounding = Avrunding: tallet for en annen måned ble endret
explain-changed-otherwise = Tallet ble endret
