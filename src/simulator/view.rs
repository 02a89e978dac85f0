//! The reports and standard views of the Code of Practice (R5 and R5.1 sections 4.1 to 4.4) as tables.
//!
//! [`View`] says which report a name stands for, its metrics, its fixed filters and the attributes that it shows.

use crate::model::Release;

use super::books::Metric;

/// The four reports of which all others are views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Master {
    Platform,
    Database,
    Title,
    Item,
}

/// The attributes by which counts are told apart, beside `Data_Type`, which is always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shown {
    pub yop: bool,
    pub access_type: bool,
    pub access_method: bool,
    /// `Customer_ID` and `Institution_Name` of a consortium's members.
    pub members: bool,
}

/// A report or a standard view.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub id: &'static str,
    pub master: Master,
    pub metrics: &'static [Metric],
    /// Empty: all.
    pub data_types: &'static [&'static str],
    pub controlled_only: bool,
    pub regular_only: bool,
    /// What a standard view shows; a master report shows what is asked for.
    pub shown: Shown,
    name_r5: &'static str,
    name_r51: &'static str,
}

use Metric::{
    LimitExceeded as LE, NoLicense as NL, SearchesAutomated as SA, SearchesPlatform as SP, SearchesRegular as SR,
    TotalItemInvestigations as TI, TotalItemRequests as TR, UniqueItemInvestigations as UI, UniqueItemRequests as UR,
    UniqueTitleInvestigations as TTI, UniqueTitleRequests as TTR,
};

const NONE: Shown = Shown { yop: false, access_type: false, access_method: false, members: false };
const YOP: Shown = Shown { yop: true, ..NONE };
const ACCESS: Shown = Shown { access_type: true, ..NONE };
const YOP_ACCESS: Shown = Shown { yop: true, access_type: true, ..NONE };
const BOOKS: &[&str] = &["Book", "Reference_Work"];
const JOURNALS: &[&str] = &["Journal"];
const MULTIMEDIA: &[&str] = &["Audiovisual", "Image", "Interactive_Resource", "Multimedia", "Sound"];

impl View {
    /// A master report: everything, shown as asked.
    const fn master(id: &'static str, master: Master, metrics: &'static [Metric], name_r5: &'static str, name_r51: &'static str) -> Self {
        Self { id, master, metrics, data_types: &[], controlled_only: false, regular_only: false, shown: NONE, name_r5, name_r51 }
    }

    /// A standard view: regular use only.
    const fn standard(
        id: &'static str,
        master: Master,
        metrics: &'static [Metric],
        data_types: &'static [&'static str],
        shown: Shown,
        controlled_only: bool,
        names: (&'static str, &'static str),
    ) -> Self {
        Self { id, master, metrics, data_types, controlled_only, regular_only: true, shown, name_r5: names.0, name_r51: names.1 }
    }

    /// The report with this id, in any case.
    pub(super) fn find(id: &str) -> Option<&'static Self> {
        VIEWS.iter().find(|view| view.id.eq_ignore_ascii_case(id))
    }

    /// `Report_Name`.
    pub(super) fn name(&self, release: Release) -> &'static str {
        match release {
            Release::R4 | Release::R5 => self.name_r5,
            Release::R51 => self.name_r51,
        }
    }

    /// Whether it is a master report, which takes filters and attributes.
    pub(super) fn is_master(&self) -> bool {
        !self.id.contains('_')
    }

    /// Whether `metric` of this report is counted under `data_type`: searches belong to the platform or the database itself.
    pub(super) fn counts(&self, metric: Metric, data_type: &str) -> bool {
        let denied = matches!(metric, LE | NL);
        self.metrics.contains(&metric)
            && match data_type {
                "Platform" => metric == SP,
                "Database" | "Database_Full" => metric.is_search() || denied,
                _ => !metric.is_search() && (!denied || self.master != Master::Database),
            }
    }
}

/// All of them.
const VIEWS: &[View] = &[
    View::master("PR", Master::Platform, &[SP, TI, TR, UI, UR, TTI, TTR], "Platform Master Report", "Platform Report"),
    View::standard("PR_P1", Master::Platform, &[SP, TR, UR, TTR], &[], NONE, false, ("Platform Usage", "Platform Usage")),
    View::master("DR", Master::Database, &[SR, SA, TI, TR, UI, UR, TTI, TTR, LE, NL], "Database Master Report", "Database Report"),
    View::standard(
        "DR_D1",
        Master::Database,
        &[SR, SA, TI, TR, UI, UR],
        &[],
        NONE,
        false,
        ("Database Search and Item Usage", "Database Search and Item Usage"),
    ),
    View::standard("DR_D2", Master::Database, &[LE, NL], &[], NONE, false, ("Database Access Denied", "Database Access Denied")),
    View::master("TR", Master::Title, &[TI, TR, UI, UR, TTI, TTR, LE, NL], "Title Master Report", "Title Report"),
    View::standard(
        "TR_B1",
        Master::Title,
        &[TR, TTR],
        BOOKS,
        YOP,
        true,
        ("Book Requests (Excluding OA_Gold)", "Book Requests (Controlled)"),
    ),
    View::standard("TR_B2", Master::Title, &[LE, NL], BOOKS, YOP, false, ("Book Access Denied", "Book Access Denied")),
    View::standard(
        "TR_B3",
        Master::Title,
        &[TI, TR, UI, UR, TTI, TTR],
        BOOKS,
        YOP_ACCESS,
        false,
        ("Book Usage by Access Type", "Book Usage by Access Type"),
    ),
    View::standard(
        "TR_J1",
        Master::Title,
        &[TR, UR],
        JOURNALS,
        NONE,
        true,
        ("Journal Requests (Excluding OA_Gold)", "Journal Requests (Controlled)"),
    ),
    View::standard("TR_J2", Master::Title, &[LE, NL], JOURNALS, NONE, false, ("Journal Access Denied", "Journal Access Denied")),
    View::standard(
        "TR_J3",
        Master::Title,
        &[TI, TR, UI, UR],
        JOURNALS,
        ACCESS,
        false,
        ("Journal Usage by Access Type", "Journal Usage by Access Type"),
    ),
    View::standard(
        "TR_J4",
        Master::Title,
        &[TR, UR],
        JOURNALS,
        YOP,
        true,
        ("Journal Requests by YOP (Excluding OA_Gold)", "Journal Requests by YOP (Controlled)"),
    ),
    View::master("IR", Master::Item, &[TI, TR, UI, UR, LE, NL], "Item Master Report", "Item Report"),
    View::standard("IR_A1", Master::Item, &[TR, UR], &["Article"], ACCESS, false, ("Journal Article Requests", "Journal Article Requests")),
    View::standard("IR_M1", Master::Item, &[TR, UR], MULTIMEDIA, NONE, false, ("Multimedia Item Requests", "Multimedia Item Requests")),
];
