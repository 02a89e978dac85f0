//! What a simulated vendor is: its release, its customers, what it sells and how it behaves.
//!
//! [`VendorPlan`], [`AccountPlan`] and [`MemberPlan`] are plain values; [`Behaviour`] can be changed while
//! the [`Simulator`](super::Simulator) runs.

use crate::model::{Month, Release};

/// A vendor.
#[derive(Debug, Clone)]
pub struct VendorPlan {
    /// Its name: how the simulator is asked for it, and `Created_By` in its reports.
    pub name: String,
    /// The release that it speaks.
    pub release: Release,
    /// How it behaves at first.
    pub behaviour: Behaviour,
    /// Its customers.
    pub accounts: Vec<AccountPlan>,
    /// The reports that it offers, in capitals.
    pub reports: Vec<&'static str>,
    /// What it sells.
    pub content: Content,
    /// How many titles.
    pub titles: usize,
    /// The platforms over which the titles are spread; never empty (an empty list counts as one platform with the vendor's name).
    pub platforms: Vec<String>,
    /// The first month for which it has usage.
    pub first_month: Month,
}

impl VendorPlan {
    /// A vendor that behaves, with PR, DR, TR and IR over 12 titles of several kinds on one platform, since January 2022.
    #[must_use]
    pub fn new(name: &str, release: Release, accounts: Vec<AccountPlan>) -> Self {
        Self {
            name: name.to_owned(),
            release,
            behaviour: Behaviour::Normal,
            accounts,
            reports: vec!["PR", "DR", "TR", "IR"],
            content: Content::Mixed,
            titles: 12,
            platforms: vec![name.to_owned()],
            first_month: Month::from_index(2022 * 12).unwrap_or_else(|| Month::of(chrono::NaiveDate::MIN)),
        }
    }

    /// The same vendor, behaving so.
    #[must_use]
    pub fn behaving(mut self, behaviour: Behaviour) -> Self {
        self.behaviour = behaviour;
        self
    }
}

/// A customer account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountPlan {
    /// `customer_id`.
    pub customer_id: String,
    /// `Institution_Name`; the customer id where empty.
    pub name: String,
    /// `requestor_id`, checked if given.
    pub requestor_id: Option<String>,
    /// `api_key`, checked if given.
    pub api_key: Option<String>,
    /// Scales the counts: the persons behind the account. With members, theirs count instead.
    pub size: u64,
    /// A consortium's members; its master reports are always broken down by them.
    pub members: Vec<MemberPlan>,
    /// Its reports name the members and say nothing else of them.
    pub members_by_name: bool,
}

impl AccountPlan {
    /// An account that needs no secret.
    #[must_use]
    pub fn new(customer_id: &str, size: u64) -> Self {
        Self { customer_id: customer_id.to_owned(), size, ..Self::default() }
    }
}

/// A member of a consortium.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemberPlan {
    /// `Customer_ID`.
    pub customer_id: String,
    /// `Institution_Name`.
    pub name: String,
    /// Its ISIL, sent as `Institution_ID` where it has one.
    pub isil: String,
    /// Scales the counts.
    pub size: u64,
}

/// What a vendor sells; decides the data types of the Code of Practice (R5.1 section 3.3.2) and how much is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Newspapers, with news items.
    Newspapers,
    /// Films: items of their own, in no title report.
    Films,
    /// Music, likewise.
    Music,
    /// E-books, every tenth a reference work.
    Books,
    /// An encyclopedia.
    ReferenceWorks,
    /// Journals, every fifth title a book.
    Journals,
    /// Courses to work through: items of their own, in no title report.
    Courses,
    /// Some of each.
    Mixed,
}

/// How a vendor behaves. Where nothing else is said the reply to a report has status 200.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Behaviour {
    /// Whole and right.
    #[default]
    Normal,
    /// The first requests for each report of each account are answered 202, exception 1011 and `Retry-After: 1`.
    Queued {
        /// How many.
        times: u32,
    },
    /// The newest months are not there: exception 3031 for these, the others come.
    NotReady {
        /// How many of the full months before today.
        months_back: u32,
    },
    /// Exception 3030, no items.
    Empty,
    /// No items and no exception.
    EmptyNoException,
    /// A month's figures change once today's month is two or more after it.
    Restating,
    /// 401 and exception 2010, always.
    Unauthorized,
    /// 401 and exception 2020, always.
    BadCredentials2020,
    /// 404 and HTML.
    NotFound,
    /// 429, exception 1020, with `Retry-After`.
    TooManyRequests {
        /// Seconds.
        retry_after_s: u32,
    },
    /// The first requests for each report of each account are answered 503 and exception 1010.
    Busy {
        /// How many.
        times: u32,
    },
    /// 500 and plain text.
    ServerError,
    /// A login page.
    Html,
    /// JSON that ends in the middle, in a reply that is whole as HTTP.
    CutJson,
    /// The connection breaks in the middle of the reply.
    Dropped,
    /// Status and headers come, the body never does.
    Silent,
    /// The months one year before the ones asked for.
    OtherMonths,
    /// One count is below zero.
    NegativeCount,
    /// One count is not whole.
    FractionalCount,
    /// The report of the vendor's next account.
    OtherCustomer,
    /// A valid beginning, then items until 10 GiB.
    Endless,
    /// Small on the wire, 5 GiB of spaces when inflated.
    GzipBomb,
    /// Right, but in many small pieces with pauses of a millisecond.
    ChunkedSlow,
    /// 307 to this URL.
    RedirectElsewhere(String),
    /// Right, and compressed.
    Gzip,
    /// 400 with a body that repeats the request: path, query and headers.
    Echo,
    /// The last month asked for is missing, from the filters too, and no exception says so; of a single month there is only its first day.
    MissingMonths,
    /// Right, with exception 3040.
    Partial3040,
    /// 500 and a SOAP fault; Release 4 only.
    SoapFault,
    /// A document type that grows without end and reads a file stands before the report; Release 4 only.
    DoctypeAttack,
    /// Every request without this `platform` is answered 400 and exception 1030.
    WantsPlatform(String),
    /// The key is looked for in this header, and not in the query.
    WantsKeyInHeader(String),
    /// Dates without a day are taken for the first day of the first month, and no exception says so.
    WantsWholeDates,
    /// Clients that call themselves as we do get 403 and a page.
    RefusesOurName,
    /// For months before the first, this code instead of 3032.
    WrongCodeForOldMonths(u32),
    /// Right, but wrapped in another object.
    Wrapped,
    /// Right, but as a JSON string.
    Quoted,
}
