# What all pages share.

# $month: 1 to 12
common-month =
    { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    } { $year }
# $month: with its year
common-moment = { $day } { $month }, { $hour }:{ $minute }
common-and = { $first } and { $last }
