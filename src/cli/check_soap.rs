//! `avling check --online` for sources of the kind `sushi_soap`: Release 4 has no `/status`, so the last month is asked for.

use std::io::Cursor;

use super::check::{PATIENCE, open, who_asks};
use super::context::Context;
use crate::config::{ReleaseChoice, SoapSettings, SourceSettings};
use crate::formats::summary::summarise;
use crate::model::registry::Registry;
use crate::model::{MonthRange, Release};
use crate::secrets::Sealer;
use crate::sources::counter_api::redactor_for;
use crate::sources::sushi_soap::ask_soap;
use crate::sources::{HttpClients, ReportRequest, Soap};

/// Codes by which a service that is in order says that it has no figures for a month.
const NO_FIGURES: [u32; 4] = [1011, 3030, 3031, 3032];

/// Asks a source for the last full month of its first report. Nothing of it is kept.
pub(super) async fn ask(
    clients: &HttpClients,
    source: &SourceSettings,
    registry: &Registry,
    sealer: &Sealer,
    context: &Context,
) -> Result<String, String> {
    let settings = &context.settings;
    let account = who_asks(source, registry, context)?;
    let credentials = open(account, sealer)?;
    let report = source.reports.first().ok_or("it names no report")?;
    let month = context.clock.last_full_month(settings.schedule.time_zone);
    let request = ReportRequest {
        source: &source.id,
        account: &account.id,
        base_url: &source.url,
        release: match source.release {
            ReleaseChoice::Release(release) => release,
            ReleaseChoice::Auto => Release::R4,
        },
        report,
        months: MonthRange::new(month, month),
        credentials: &credentials,
        dialect: &source.dialect,
        allow_http: source.allow_http,
        user_agent: source.user_agent.as_deref(),
        whole_dates: false,
        timeout: source.timeout.unwrap_or(settings.harvest.timeout).min(PATIENCE),
        max_size: settings.harvest.max_report_size.min(64 * 1024 * 1024),
    };
    let SoapSettings { action, requestor_name, requestor_email } = &source.soap;
    let soap = Soap { action, requestor_name, requestor_email };
    let redactor = redactor_for(&credentials, &source.url);
    let asked = format!("{report} of {month} was asked for as {}, since Release 4 has no /status", account.id);
    let (status, body) = ask_soap(clients, &request, soap, context.clock).await.map_err(|error| error.to_string())?;
    let reading = match summarise(Cursor::new(body)) {
        Ok((reading, _)) => reading,
        Err(error) => return Err(redactor.text(&format!("{asked}: status {status}: {error}"))),
    };
    let said: Vec<String> = reading.exceptions.iter().map(ToString::to_string).collect();
    let said = redactor.text(&said.join("; "));
    if reading.exceptions.iter().any(|e| e.code > 999 && !NO_FIGURES.contains(&e.code) && !(3040..4000).contains(&e.code)) {
        return Err(format!("{asked}: the vendor says: {said}"));
    }
    if !(200..300).contains(&status) {
        return Err(format!("{asked}: status {status} {said}"));
    }
    let came = if said.is_empty() { format!("{} counts came", reading.records) } else { format!("the vendor says: {said}") };
    Ok(format!("answers; {asked}: {came}"))
}
