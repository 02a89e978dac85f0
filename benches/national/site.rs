//! A site of the whole country with a year in its store, made by harvesting it from simulated vendors.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use avling::simulator::{Simulator, VendorPlan};

use super::program::run;
use super::registry::{Country, is_replicated};

/// Told in the folder's mark: another generator makes another site.
const FORM: u32 = 4;

/// A site that is harvested, and stays as it is.
#[derive(Debug)]
pub struct Site {
    folder: PathBuf,
}

impl Site {
    /// The site in `folder`, made if it is not there yet.
    ///
    /// # Errors
    /// What is there is another, or it cannot be made.
    pub async fn ready(folder: &Path, scale: f64, country: &Country) -> Result<Self, Box<dyn Error>> {
        let site = Self { folder: folder.join("site") };
        let (mark, form) = (folder.join("mark"), format!("form {FORM}, scale {scale}"));
        match fs::read_to_string(&mark) {
            Ok(found) if found == form => {
                println!("the site in {} is used again", folder.display());
                return Ok(site);
            }
            Ok(found) => return Err(format!("{} is of {found}, wanted is {form}; remove it, or name another", folder.display()).into()),
            Err(_) if site.folder.exists() => return Err(format!("{} is half made; remove it", folder.display()).into()),
            Err(_) => {}
        }
        fs::create_dir_all(&site.folder)?;
        site.make(country).await?;
        fs::write(mark, form)?;
        Ok(site)
    }

    async fn make(&self, country: &Country) -> Result<(), Box<dyn Error>> {
        let simulator = Simulator::start(country.vendors.clone(), "2025-01-20".parse()?).await?;
        fs::write(self.folder.join("avling.toml"), configuration(&country.vendors, |vendor| simulator.url(vendor))?)?;
        let start = Instant::now();
        for (kind, name, content) in &country.files {
            fs::write(self.folder.join(name), content)?;
            run(&self.folder, &["import", kind, name])?.ok()?;
        }
        println!("{:<44} {:>9.2} s", "registry imported", start.elapsed().as_secs_f64());
        let harvested = run(&self.folder, &["--json", "harvest"])?.ok()?;
        let report: serde_json::Value = serde_json::from_str(&harvested.output()?)?;
        let rows: u64 = report["requests"].as_array().into_iter().flatten().filter_map(|request| request["rows"].as_u64()).sum();
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let rate = rows as f64 / harvested.seconds;
        println!(
            "{:<44} {:>9.2} s {rate:>8.0} rows/s, peak {} MiB",
            "harvested",
            harvested.seconds,
            harvested.peak_kib.unwrap_or(0) / 1024
        );
        Ok(())
    }

    /// A copy in `folder` to do things to; it reads the archive where it lies.
    pub fn copy(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder.join("data"))?;
        let configuration = fs::read_to_string(self.folder.join("avling.toml"))?;
        let archive = format!("[archive]\nurl = \"{}\"\n", self.folder.join("data/archive").display());
        fs::write(folder.join("avling.toml"), archive + &configuration)?;
        if self.folder.join("avling.key").exists() {
            fs::copy(self.folder.join("avling.key"), folder.join("avling.key"))?;
        }
        fs::copy(database(&self.folder), database(folder))?;
        Ok(())
    }
}

/// The database of a site.
pub fn database(folder: &Path) -> PathBuf {
    folder.join("data/avling.db")
}

fn configuration(vendors: &[VendorPlan], url: impl Fn(&str) -> String) -> Result<String, std::fmt::Error> {
    let mut text = "[data]\ndir = \"data\"\n[schedule]\nbackfill_from = \"2024-01\"\n[harvest]\npause = \"0s\"\n".to_owned();
    for (number, vendor) in vendors.iter().enumerate() {
        let (name, reports) = (&vendor.name, vendor.reports.join("\", \""));
        let shared = if is_replicated(number) { "replicated" } else { "single" };
        write!(
            text,
            "[[source]]\nid = \"{name}\"\nvendor = \"{name}\"\nkind = \"counter_api\"\nrelease = \"5.1\"\nurl = \"{}\"\n\
             reports = [\"{reports}\"]\naccess = \"ip\"\nshared_traffic = \"{shared}\"\n",
            url(name)
        )?;
    }
    Ok(text)
}
