//! What an answer means, by its exceptions first and its status second (HARVEST section 3).

use crate::model::Exception;

/// What a whole answer is about, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// A report, or something that claims to be one.
    Report,
    /// Being prepared: 1011, 202.
    Queued,
    /// Out of order for now: 1000, 1010, 5xx.
    Unavailable,
    /// Asked too often: 1020, 429.
    TooMany,
    /// A code above 999 that nobody knows, or a 4xx that says no more.
    Refused,
    /// Our request is incomplete or its dates are wrong: 1030, 3020, 400.
    BadRequest,
    /// There is no such report or release: 3000, 3010, 404.
    Unsupported,
    /// The address that we send from is not admitted: 2030.
    Address,
    /// Wrong or missing credentials: 2000, 2010, 2020, 401, 403.
    Credentials,
}

/// What a code says of the data that came, and of that which did not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Remarks {
    /// 3030: no usage.
    pub no_usage: bool,
    /// 3031: not ready.
    pub not_ready: bool,
    /// 3032: gone, or never there.
    pub gone: bool,
    /// 3040: partial.
    pub partial: bool,
    /// 3050, 3060, 3061, 3062, 3070: something that we asked for was not honoured.
    pub not_honoured: bool,
}

/// What one exception means.
fn of_code(exception: &Exception) -> Meaning {
    match exception.code {
        0..=999 | 2011 | 3030 | 3031 | 3032 | 3040 | 3050 | 3060 | 3061 | 3062 | 3063 | 3070 => Meaning::Report,
        1000 | 1010 => Meaning::Unavailable,
        1011 => Meaning::Queued,
        1020 => Meaning::TooMany,
        1030 | 3020 => Meaning::BadRequest,
        2000 | 2010 | 2020 => Meaning::Credentials,
        2030 => Meaning::Address,
        3000 | 3010 => Meaning::Unsupported,
        _ if exception.message.to_ascii_lowercase().contains("report queued") => Meaning::Queued,
        _ => Meaning::Refused,
    }
}

/// What a status means when no exception says more.
fn of_status(status: u16) -> Meaning {
    match status {
        202 => Meaning::Queued,
        200..=299 => Meaning::Report,
        401 | 403 => Meaning::Credentials,
        404 | 410 => Meaning::Unsupported,
        400 | 422 => Meaning::BadRequest,
        429 => Meaning::TooMany,
        408 | 425 | 500..=599 => Meaning::Unavailable,
        _ => Meaning::Refused,
    }
}

/// The gravest exception decides; the status only if none has a code above 999.
pub(super) fn of_answer(status: u16, exceptions: &[Exception]) -> (Meaning, Option<&Exception>) {
    let decides = exceptions.iter().filter(|e| e.code > 999);
    // Of equals the first, as the vendor wrote them.
    let gravest = decides.fold(None, |gravest: Option<(Meaning, &Exception)>, exception| {
        let meaning = of_code(exception);
        if gravest.is_some_and(|(before, _)| before >= meaning) { gravest } else { Some((meaning, exception)) }
    });
    match gravest {
        Some((meaning, exception)) => (meaning, Some(exception)),
        None => (of_status(status), exceptions.first()),
    }
}

/// What the exceptions say of the months.
pub(super) fn remarks(exceptions: &[Exception]) -> Remarks {
    let has = |codes: &[u32]| exceptions.iter().any(|e| codes.contains(&e.code));
    Remarks {
        no_usage: has(&[3030]),
        not_ready: has(&[3031]),
        gone: has(&[3032]),
        partial: has(&[3040]),
        not_honoured: has(&[3050, 3060, 3061, 3062, 3070]),
    }
}
