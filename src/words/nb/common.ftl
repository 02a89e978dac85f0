# Det som alle sider har felles.

# $month: 1 til 12
common-month =
    { $month ->
        [1] januar
        [2] februar
        [3] mars
        [4] april
        [5] mai
        [6] juni
        [7] juli
        [8] august
        [9] september
        [10] oktober
        [11] november
       *[12] desember
    } { $year }
# $month: med året
common-moment = { $day }. { $month } kl. { $hour }.{ $minute }
common-and = { $first } og { $last }
