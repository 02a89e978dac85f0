# Why a figure is what it is.

## The figure

# $who: an institution with its id. $exact: a decimal number
explain-figure = { $who }: { $value } of { $metric } in { $month } ({ $product }, { $report }), exact share { $exact }
explain-closed = The year { $year } is closed, and the figure stays { $stands }. What is explained here holds from when the year is reopened.
explain-nobody = Nobody (use that could not be placed)
explain-no-part = No account has any use in this month that it could be a part of.
explain-no-part-hint = (Addresses, subscriptions and accounts count in a month if they are valid on its first day.)
explain-all-placed = Nothing that was counted in this month lacks an institution.
# $code: the word in files
explain-quality = Quality: { $name } ({ $code }). { $meaning }
explain-quality-exact = exact
explain-quality-exact-meaning = Only this institution can have used it as the vendor has counted it: its own account, its own login, or addresses that nobody else has registered.
explain-quality-manual = divided by hand
explain-quality-manual-meaning = People have divided this figure and entered it.
explain-quality-agreed-key = agreed key
explain-quality-agreed-key-meaning = Several share, and the use is divided by a key that they have agreed on.
explain-quality-default-key = default key
explain-quality-default-key-meaning = Several share without an agreed key. The use is divided by persons (inhabitants; for schools pupils and staff), or equally where these are unknown.
explain-quality-assumed = assumed
explain-quality-assumed-meaning = One institution gets all of it, though others may have used it: its addresses are not registered, or nobody else on them has a subscription.
explain-quality-estimate = estimate
explain-quality-estimate-meaning = The vendor gives one figure for all subscribers. It is divided among them, and says little about any one of them.
explain-quality-unresolved = not placed
explain-quality-unresolved-meaning = No institution was found. The use is part of the sum, but it is nobody's.

## Its parts

# $figure: a number, or a number with a type
explain-counted = { $number }. Account { $account } ({ $scope }): the vendor counted { $figure }.
explain-of-type = { $value } of type { $type }
explain-scope-account = the whole account
# $member: what is known of it
explain-scope-member = member { $member }
# $addresses: how many they are
explain-scope-addresses =
    { $addresses ->
        [one] address { $range }
       *[other] addresses { $range }
    }
explain-scope-unclaimed = addresses that nobody has registered
explain-reply = From report { $report }, archived as reply { $reply }
explain-reply-file = in the file { $file }
# $count: how many accounts they are
explain-same-traffic =
    { $count ->
        [one] { $accounts } reports the same traffic. The largest report counts, and that is this one.
       *[other] { $accounts } report the same traffic. The largest report counts, and that is this one.
    }
explain-not-counted-same-traffic =
    { $count ->
        [one] Not counted: { $accounts } reports the same traffic, and the largest report counts.
       *[other] Not counted: { $accounts } report the same traffic, and the largest report counts.
    }
explain-not-counted-by-hand = Not counted: figures by hand of { $institutions } stand in its place.
explain-by-hand = { $number }. Entered by hand: { $value }.
explain-by-hand-who = Entered by { $who }, { $when }.
explain-by-hand-when = Entered { $when }.
explain-by-hand-note = Note: { $note }
explain-by-hand-instead =
    { $count ->
        [one] It stands instead of the use that was counted on the account { $accounts }.
       *[other] It stands instead of the use that was counted on the accounts { $accounts }.
    }
explain-part-quality = Quality of this part: { $name } ({ $code }).

## Among whom

explain-nobody-known = Nobody is known who can have used it: it is kept under no institution.
explain-member-unknown = No account of this source has that customer id, and no institution that ISIL, so it is kept under no institution. Register one of them, and it is placed at once.
explain-addresses-unclaimed = Nobody had registered these addresses in { $month }, so it is kept under no institution. Register who used them, and it can be placed.
explain-as-above = As above: the same institutions with the same weights.
explain-belongs = All of it belongs to { $institution }: { $because }.
# $how: one of the explain-by-…
explain-divided =
    { $count ->
        [one] Divided { $how } among { $count } institution:
       *[other] Divided { $how } among { $count } institutions:
    }
explain-by-persons = by persons (the default key)
explain-by-equal = equally
# $method: one of the explain-method-…
explain-by-key = by the agreed key { $key } ({ $method })
explain-by-key-since = by the agreed key { $key }, in force since { $month } ({ $method })
explain-method-fixed = with the weights that it gives
explain-method-equal = the same for everyone
explain-method-population = by persons
explain-method-measured = by the sessions that the access control has counted
# $weight, $percent: decimal numbers
explain-claimant = { $institution } with weight { $weight } ({ $percent } %): { $because }
explain-weights = All weights together: { $total }
explain-left-out = Left out: { $institution }: { $because }.
explain-key-left-out = The agreed key { $key } could not be used: it gives no weight to { $institutions }.

## Why somebody takes part, as a clause

explain-because-covered = the account covers it
explain-because-claims = it claims { $ranges }
explain-because-member = the vendor counted it as member { $member }
explain-because-subscriber = it subscribes, and the account covers every subscriber
explain-because-open-to-all = the account covers everybody, and the product is open to everyone
explain-because-by-hand = the figure was entered for it
# $because: one of the above
explain-because-no-subscription = { $because }, but it has no subscription

## Marks

explain-note = Note: { $meaning } ({ $mark })
explain-note-no-persons = a library among them has no person figure (“avling check” names it), so everyone has the same weight
explain-note-zero-weights = all their weights are zero, so everyone gets the same
explain-note-no-subscriber = none of them subscribes, so nobody is left out for it
explain-note-partial = the vendor says that there will be more

## The sum

# $weight, $total, $exact: decimal numbers
explain-exact = Exact share: { $reported } × { $weight } / { $total } = { $exact }
explain-exact-rounded = Exact share: { $reported } × { $weight } / { $total } ≈ { $exact }
explain-run = Since { $month } the same division holds. What is divided is the sum so far, so that the months add up to the year.
# $before, $after: what the vendor has counted; $had, $has: what the institution has got
explain-run-sums = Before this it was { $before }, of which the institution had { $had }; with this it is { $after }, of which it has { $has }:
explain-difference = { $has } − { $had } = { $value }
# $parts: numbers with + between them
explain-sum = All parts together: { $parts } = { $value }

## What it was before

explain-earlier = Earlier:
# $reason: one of the explain-changed-…; $cause: the change, in the words in which it was kept
explain-earlier-value = { $figure } until { $until }. { $reason }: { $cause }
explain-earlier-value-by = { $figure } until { $until }. { $reason } ({ $who }): { $cause }
explain-changed-vendor = The vendor gave other figures
explain-changed-registry = What is registered was changed
explain-changed-key = An agreed key was changed
explain-changed-reopening = The year was opened again
explain-changed-rounding = Rounding: another month's figure was changed
explain-changed-otherwise = It was changed
