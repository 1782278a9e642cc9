//! What the model and the driver are compared by.

/// One license on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LicenseRow {
    pub(crate) code: usize,
    pub(crate) number: u32,
    pub(crate) state: &'static str,
    pub(crate) cover: Option<CoverRow>,
}

/// The sensor that a license is or was on, and what it covers there; instants in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CoverRow {
    pub(crate) sensor: usize,
    pub(crate) starts: i64,
    pub(crate) ends: i64,
    pub(crate) activation_date: String,
    pub(crate) expires_on: String,
}

/// One sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SensorRow {
    pub(crate) serial: u64,
    pub(crate) auto_renewal: bool,
    pub(crate) standing: &'static str,
    pub(crate) chain_end: Option<(i64, String)>,
}

/// An organization's whole ledger at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) licenses: Vec<LicenseRow>,
    pub(crate) sensors: Vec<SensorRow>,
}
