//! SMART / Health Information.

use nvme::base::log_page::{LogPageIdentifier, SmartHealthInformation};
use nvme_host::Controller;
use serde_json::Value;
use zerocopy::little_endian::U128;

use super::super::Failure;
use super::{Page, structure};
use crate::document::Document;

pub(super) const PAGE: Page = Page { name: "smart", about: "health, and how much was read and written", read };

/// Zero degrees Celsius in Kelvin, as the specification rounds it.
const ZERO_CELSIUS_K: i32 = 273;

fn read(controller: &Controller) -> Result<Document, Failure> {
    let page: SmartHealthInformation = structure(controller, LogPageIdentifier::SMART_HEALTH_INFORMATION)?;
    let temperature_k = page.temperature_k.get();
    // Zero is how a controller without a thermometer says so.
    let temperature = match temperature_k {
        0 => "-".to_owned(),
        kelvin => format!("{} °C", i32::from(kelvin) - ZERO_CELSIUS_K),
    };
    Ok(Document::new()
        .with("critical_warnings", page.critical_warnings.to_string())
        .with_text("temperature_k", temperature_k, temperature)
        .with("available_spare_percent", page.available_spare_percent)
        .with("available_spare_threshold_percent", page.available_spare_threshold_percent)
        .with("used_percent", page.used_percent)
        .with_text("data_units_read", wide(page.data_units_read), units(page.data_units_read))
        .with_text("data_units_written", wide(page.data_units_written), units(page.data_units_written))
        .with("host_reads", wide(page.host_reads))
        .with("host_writes", wide(page.host_writes))
        .with("busy_minutes", wide(page.busy_minutes))
        .with("power_cycles", wide(page.power_cycles))
        .with("power_on_hours", wide(page.power_on_hours))
        .with("unsafe_shutdowns", wide(page.unsafe_shutdowns))
        .with("media_errors", wide(page.media_errors))
        .with("error_log_entries", wide(page.error_log_entries)))
}

/// A counter: a number as far as JSON numbers are sure to reach, beyond that text.
fn wide(value: U128) -> Value {
    u64::try_from(value.get()).map_or_else(|_| value.get().to_string().into(), Value::from)
}

/// Data units with what they amount to.
fn units(value: U128) -> String {
    let bytes = value.get().saturating_mul(u128::from(SmartHealthInformation::DATA_UNIT_BYTES));
    format!("{} ({} MB)", value.get(), bytes / 1_000_000)
}
