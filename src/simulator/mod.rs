//! Vendors on loopback: real HTTP servers that behave as COUNTER vendors do, for the demo, tests and load.
//!
//! [`Simulator::start`] takes [`VendorPlan`]s and gives each vendor a port of its own. Replies are whole and
//! right R5 or R5.1 JSON, or R4 XML in SOAP, unless the vendor's [`Behaviour`] says otherwise; their figures are a pure function
//! of vendor, customer, title and month, and [`Simulator::book`] tells what they add up to.
//!
//! A request passes `server` (credentials, behaviour), `ask` (what is wanted), `tally` (sums of the `books`
//! by what the `view` shows), `text` (JSON, piece by piece) and `body` (the stream that is sent).
//! [`demo`] has the plans, configuration and registry of the bundled demonstration.

mod ask;
mod body;
mod books;
pub mod demo;
mod label;
mod plan;
mod server;
mod tally;
mod text;
mod view;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use chrono::NaiveDate;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::model::Month;

pub use plan::{AccountPlan, Behaviour, Content, MemberPlan, VendorPlan};
pub use server::{Book, SeenRequest};

use server::Vendor;

/// Running vendors; they stop when it is dropped.
#[derive(Debug)]
pub struct Simulator {
    vendors: Vec<(Arc<Vendor>, SocketAddr)>,
    today: watch::Sender<NaiveDate>,
}

impl Simulator {
    /// Starts the vendors, each on a free port of 127.0.0.1. Needs a running tokio runtime.
    ///
    /// `today` is the day in the vendors' calendar: it decides which months they have, and stands in their reports.
    ///
    /// # Errors
    /// No port could be had.
    pub async fn start(vendors: Vec<VendorPlan>, today: NaiveDate) -> std::io::Result<Self> {
        let (sender, receiver) = watch::channel(today);
        let mut running = Vec::with_capacity(vendors.len());
        for plan in vendors {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let address = listener.local_addr()?;
            let vendor = Arc::new(Vendor::new(plan, receiver.clone()));
            running.push((Arc::clone(&vendor), address));
            tokio::spawn(async move {
                if let Err(error) = server::serve(listener, vendor).await {
                    tracing::error!(%error, "a simulated vendor stopped");
                }
            });
        }
        Ok(Self { vendors: running, today: sender })
    }

    fn vendor(&self, name: &str) -> Option<&Vendor> {
        self.vendors.iter().map(|(vendor, _)| &**vendor).find(|vendor| vendor.name() == name)
    }

    /// The base URL of the vendor's COUNTER API; that of an R5.1 vendor ends in `/r51`. Empty if there is no such vendor.
    pub fn url(&self, vendor: &str) -> String {
        let found = self.vendors.iter().find(|(running, _)| running.name() == vendor);
        found.map(|(vendor, address)| format!("http://{address}{}", vendor.base_path())).unwrap_or_default()
    }

    /// Moves all vendors to another day.
    pub fn set_today(&self, today: NaiveDate) {
        self.today.send_replace(today);
    }

    /// Makes a vendor behave otherwise from the next request on; what was queued is forgotten.
    pub fn set_behaviour(&self, vendor: &str, behaviour: Behaviour) {
        if let Some(vendor) = self.vendor(vendor) {
            vendor.set_behaviour(behaviour);
        }
    }

    /// All requests that the vendor has seen, in order.
    pub fn requests(&self, vendor: &str) -> Vec<SeenRequest> {
        self.vendor(vendor).map(Vendor::requests).unwrap_or_default()
    }

    /// The greatest number of requests that the vendor was ever answering side by side.
    pub fn most_at_once(&self, vendor: &str) -> usize {
        self.vendor(vendor).map(Vendor::most_at_once).unwrap_or_default()
    }

    /// The truth: what the vendor's own books hold for a customer, or for a member of a consortium, in one report and month, as of today.
    ///
    /// It does not ask whether the vendor is willing to tell. Empty for a vendor, customer or report that there is not.
    pub fn book(&self, vendor: &str, customer_id: &str, report: &str, month: Month) -> Book {
        self.vendor(vendor).map(|vendor| vendor.book(customer_id, report, month)).unwrap_or_default()
    }
}
