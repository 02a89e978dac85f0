//! Which elements of a SUSHI reply mean something, and where: the schemas of SOAP 1.1, SUSHI 1.7 and COUNTER 4.1 by local names.
//!
//! Namespaces decide nothing: vendors use other prefixes, other addresses or none. What an element is follows from its name and
//! from what it stands in ([`child`]).

/// An element that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    /// The document, an envelope, a response, a list of reports, or a wrapping that nobody knows.
    Outer,
    /// `Report`: with attributes where it is COUNTER's.
    Report,
    /// `CustomerReference`: whom we asked about.
    Reference,
    /// `ReportDefinition`: what we asked for.
    Definition,
    Filters,
    Range,
    Vendor,
    Customer,
    Consortium,
    /// `InstitutionalIdentifier`.
    Institution,
    /// `ReportItems`: one item, whatever the name says.
    Item,
    Identifier,
    Contributor,
    /// `ItemDate` and `ItemAttribute`: a type and a value.
    Described,
    /// `ParentItem`.
    Parent,
    ParentIdentifier,
    Performance,
    Period,
    Instance,
    Exception,
    /// SOAP's own.
    Fault,
    /// Nothing in it is read: what is personal, what is of no use, what is not known.
    Skip,
    /// Holds a text.
    Leaf(Leaf),
}

/// An element that holds a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    Id,
    Name,
    Type,
    Value,
    Begin,
    End,
    Code,
    WellKnownName,
    Platform,
    Publisher,
    DataType,
    Category,
    PubYr,
    PubYrFrom,
    PubYrTo,
    Metric,
    Count,
    Number,
    Severity,
    Message,
    Data,
    HelpUrl,
    FaultCode,
    FaultText,
    Filter,
}

use Node::Leaf as L;

/// Names in the schemas' spelling; some vendors write another.
const NAMES: [&str; 24] = [
    "Envelope",
    "Body",
    "ReportResponse",
    "Reports",
    "Report",
    "Requestor",
    "CustomerReference",
    "ReportDefinition",
    "Filters",
    "UsageDateRange",
    "Vendor",
    "Customer",
    "ReportItems",
    "ItemIdentifier",
    "ItemPlatform",
    "ItemPublisher",
    "ItemName",
    "ItemDataType",
    "ItemPerformance",
    "Period",
    "Instance",
    "MetricType",
    "Exception",
    "Fault",
];

/// What an element is within another. Nothing if it is not known there.
pub(super) fn child(within: Node, name: &str) -> Option<Node> {
    let found = exactly(within, name);
    // A wrapping may have any name, so it is only one if it is nothing else.
    if found.is_some_and(|node| node != Node::Outer) {
        return found;
    }
    let right = NAMES.iter().find(|known| known.eq_ignore_ascii_case(name)).filter(|known| **known != name);
    right.and_then(|right| exactly(within, right)).or(found)
}

#[expect(clippy::match_same_arms, reason = "in the order of what elements stand in, from those that are met most")]
fn exactly(within: Node, name: &str) -> Option<Node> {
    Some(match (within, name) {
        (Node::Skip, _) => Node::Skip,
        (Node::Item, "ItemPerformance") => Node::Performance,
        (Node::Performance, "Instance") => Node::Instance,
        (Node::Performance, "Period") => Node::Period,
        (Node::Performance, "Category") => L(Leaf::Category),
        (Node::Performance, "PubYr") => L(Leaf::PubYr),
        (Node::Performance, "PubYrFrom") => L(Leaf::PubYrFrom),
        (Node::Performance, "PubYrTo") => L(Leaf::PubYrTo),
        (Node::Instance, "MetricType") => L(Leaf::Metric),
        (Node::Instance, "Count") => L(Leaf::Count),
        (Node::Period | Node::Range, "Begin") => L(Leaf::Begin),
        (Node::Period | Node::Range, "End") => L(Leaf::End),
        (Node::Item, "ItemIdentifier") => Node::Identifier,
        (Node::Parent, "ItemIdentifier") => Node::ParentIdentifier,
        (Node::Identifier | Node::ParentIdentifier | Node::Institution | Node::Described, "Type") => L(Leaf::Type),
        (Node::Identifier | Node::ParentIdentifier | Node::Institution | Node::Described, "Value") => L(Leaf::Value),
        (Node::Item, "ItemPlatform") => L(Leaf::Platform),
        (Node::Item, "ItemPublisher") => L(Leaf::Publisher),
        (Node::Item | Node::Parent, "ItemName") => L(Leaf::Name),
        (Node::Item | Node::Parent, "ItemDataType") => L(Leaf::DataType),
        (Node::Item, "ItemContributor") => Node::Contributor,
        (Node::Item, "ItemDate" | "ItemAttribute") => Node::Described,
        (Node::Item, "ParentItem" | "ItemParent") => Node::Parent,
        (Node::Contributor, "ItemContributorName") => L(Leaf::Name),
        (Node::Contributor, "ItemContributorRole") => L(Leaf::Type),
        (Node::Contributor | Node::Parent, _) => Node::Skip,
        (_, "Exception") => Node::Exception,
        (Node::Exception, "Number" | "Code") => L(Leaf::Number),
        (Node::Exception, "Severity") => L(Leaf::Severity),
        (Node::Exception, "Message") => L(Leaf::Message),
        (Node::Exception, "Data") => L(Leaf::Data),
        (Node::Exception, "HelpUrl" | "HelpURL") => L(Leaf::HelpUrl),
        (Node::Exception, _) => Node::Skip,
        (Node::Fault, "faultcode" | "Value") => L(Leaf::FaultCode),
        (Node::Fault, "faultstring" | "Text") => L(Leaf::FaultText),
        (Node::Fault, _) => Node::Fault,
        (Node::Customer | Node::Reference, "ID") => L(Leaf::Id),
        (Node::Customer | Node::Reference | Node::Vendor, "Name") => L(Leaf::Name),
        (Node::Customer, "InstitutionalIdentifier") => Node::Institution,
        (Node::Customer, "Consortium") => Node::Consortium,
        (Node::Consortium, "Code") => L(Leaf::Code),
        (Node::Consortium, "WellKnownName") => L(Leaf::WellKnownName),
        (Node::Customer | Node::Report, "ReportItems") => Node::Item,
        (Node::Customer, "Contact" | "WebSiteUrl" | "LogoUrl") => Node::Skip,
        (Node::Reference | Node::Vendor | Node::Consortium, _) => Node::Skip,
        (Node::Definition, "Filters") => Node::Filters,
        (Node::Filters | Node::Definition, "UsageDateRange") => Node::Range,
        (Node::Filters, "Filter") => L(Leaf::Filter),
        (Node::Filters | Node::Definition, _) => Node::Skip,
        (Node::Outer | Node::Report, "Report") => Node::Report,
        (Node::Outer | Node::Report, "Customer") => Node::Customer,
        (Node::Outer | Node::Report, "Vendor") => Node::Vendor,
        (Node::Outer | Node::Report, "Requestor") => Node::Skip,
        (Node::Outer | Node::Report, "CustomerReference") => Node::Reference,
        (Node::Outer | Node::Report, "ReportDefinition") => Node::Definition,
        (Node::Report, "Reports") => Node::Outer,
        (Node::Outer, "Fault") => Node::Fault,
        (Node::Outer, "ReportItems") => Node::Item,
        (Node::Outer, _) => Node::Outer,
        _ => return None,
    })
}

impl Node {
    /// Its name in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Report => "Report",
            Self::Customer => "Customer",
            Self::Institution => "InstitutionalIdentifier",
            Self::Item => "ReportItems",
            Self::Identifier | Self::ParentIdentifier => "ItemIdentifier",
            Self::Described => "ItemAttribute",
            Self::Performance => "ItemPerformance",
            Self::Period => "Period",
            Self::Instance => "Instance",
            Self::Range => "UsageDateRange",
            Self::Leaf(_) => "a text",
            _ => "the reply",
        }
    }
}
