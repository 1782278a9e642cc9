//! The types of measurement.

use std::fmt;
use std::str::FromStr;

/// How the raw integer of a channel becomes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Sampled at regular intervals; the value is raw × 10^−`decimals`.
    Continuous {
        /// Digits after the decimal point, 0 to 3.
        decimals: u8,
    },
    /// Two states, sampled when they change: raw 1 is the positive one, raw 0 the negative one.
    Binary,
    /// The value is raw ÷ 3; the remainder of the absolute value is how far the air quality sensor has calibrated.
    AirQuality,
    /// The value is raw ÷ 3; the remainder of the absolute value is how the last automatic calibration went.
    AutoCalibrated,
    /// The low digits of a counter: raw ÷ 6; the remainder of the absolute value is the index, from 0, of the
    /// channel with its high digits.
    CounterMinor,
    /// The high digits of a counter: raw ÷ 4; the remainder of the absolute value is the counter's state.
    CounterMajor {
        /// How many units of the low digits one unit of the high digits is worth.
        factor: u32,
    },
}

/// The text or the number names no type of measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such type of measurement")]
pub struct UnknownChannelType;

macro_rules! channel_types {
    ($($number:literal $variant:ident $name:literal $unit:literal $scale:expr, $doc:literal;)*) => {
        /// What a channel measures: the 44 types that the sensors know, with their numbers on the wire.
        ///
        /// The names are stable: they are stored, exported and spoken in the API. The numbers come from the
        /// sensors' published protocol (firmware 07.02).
        ///
        /// ```
        /// use tenure_domain::measurement::ChannelType;
        /// let kind: ChannelType = "humidity_accurate".parse().unwrap();
        /// assert_eq!((kind.number(), kind.unit()), (27, "%"));
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ChannelType {$(
            #[doc = $doc]
            $variant,
        )*}

        impl ChannelType {
            /// All types, by number.
            pub const ALL: [Self; 44] = [$(Self::$variant,)*];

            /// The type of this number on the wire, 0 to 43.
            #[must_use]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// Its number on the wire, 0 to 43.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// Its stable name, `humidity_accurate`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The unit of its values as it is shown; empty when they have none.
            #[must_use]
            pub const fn unit(self) -> &'static str {
                match self { $(Self::$variant => $unit,)* }
            }

            /// How its raw integers are read.
            #[must_use]
            pub const fn scale(self) -> Scale {
                use Scale::{AirQuality, AutoCalibrated, Binary, CounterMinor};
                match self { $(Self::$variant => $scale,)* }
            }
        }

        impl FromStr for ChannelType {
            type Err = UnknownChannelType;

            fn from_str(text: &str) -> Result<Self, UnknownChannelType> {
                match text { $($name => Ok(Self::$variant),)* _ => Err(UnknownChannelType) }
            }
        }
    };
}

const fn decimals(decimals: u8) -> Scale {
    Scale::Continuous { decimals }
}

const fn major(factor: u32) -> Scale {
    Scale::CounterMajor { factor }
}

channel_types! {
    0 NoSensor "no_sensor" "" decimals(0), "No sensor on this channel.";
    1 Temperature "temperature" "°C" decimals(1), "Temperature, steps of 0.1 °C.";
    2 Humidity "humidity" "%" decimals(0), "Relative humidity, steps of 1 %.";
    3 AtmosphericPressure "atmospheric_pressure" "hPa" decimals(1), "Atmospheric pressure, steps of 0.1 hPa.";
    4 DifferentialPressure "differential_pressure" "Pa" decimals(0), "Differential pressure, steps of 1 Pa.";
    5 OkAlarm "ok_alarm" "" Binary, "A contact: positive is alarm (open), negative is OK (closed).";
    6 Iaq "iaq" "IAQ" AirQuality, "Air quality index.";
    7 Flooding "flooding" "" Binary, "Flooding: positive is water, negative is dry.";
    8 PulseCnt "pulse_cnt" "pulses" decimals(0), "Pulses in one period.";
    9 ElectricityMeter "electricity_meter" "Wh" decimals(0), "Energy in one period, steps of 1 Wh.";
    10 WaterMeter "water_meter" "l" decimals(0), "Water in one period, steps of 1 l.";
    11 SoilMoisture "soil_moisture" "kPa" decimals(0), "Soil water tension, zero or negative, steps of 1 kPa.";
    12 CoGas "co_gas" "ppm" decimals(0), "Carbon monoxide, steps of 1 ppm.";
    13 No2Gas "no2_gas" "ppm" decimals(0), "Nitrogen dioxide, steps of 1 ppm.";
    14 H2sGas "h2s_gas" "ppm" decimals(2), "Hydrogen sulfide, steps of 0.01 ppm.";
    15 AmbientLight "ambient_light" "lx" decimals(1), "Illuminance, steps of 0.1 lx.";
    16 Pm1_0 "pm_1_0" "µg/m³" decimals(0), "Particles below 1 µm, steps of 1 µg/m³.";
    17 Pm2_5 "pm_2_5" "µg/m³" decimals(0), "Particles below 2.5 µm, steps of 1 µg/m³.";
    18 Pm10_0 "pm_10_0" "µg/m³" decimals(0), "Particles below 10 µm, steps of 1 µg/m³.";
    19 NoiseLevel "noise_level" "dB" decimals(1), "Noise level, steps of 0.1 dB.";
    20 Nh3Gas "nh3_gas" "ppm" decimals(0), "Ammonia, steps of 1 ppm.";
    21 Ch4Gas "ch4_gas" "ppm" decimals(0), "Methane, steps of 1 ppm.";
    22 HighPressure "high_pressure" "kPa" decimals(0), "Pressure, steps of 1 kPa.";
    23 DistanceMm "distance_mm" "mm" decimals(0), "Distance, steps of 1 mm.";
    24 WaterMeterAccMinor "water_meter_acc_minor" "l" CounterMinor, "Water counter, low digits, in liters.";
    25 WaterMeterAccMajor "water_meter_acc_major" "hl" major(100), "Water counter, high digits, in hectoliters.";
    26 Co2Gas "co2_gas" "ppm" AutoCalibrated, "Carbon dioxide, steps of 1 ppm.";
    27 HumidityAccurate "humidity_accurate" "%" decimals(1), "Relative humidity, steps of 0.1 %.";
    28 StaticIaq "static_iaq" "sIAQ" AirQuality, "Static air quality index.";
    29 Co2Equivalent "co2_equivalent" "ppm" AirQuality, "Carbon dioxide equivalent, steps of 1 ppm.";
    30 BreathVoc "breath_voc" "ppm" AirQuality, "Breath volatile organic compounds, steps of 1 ppm.";
    31 SharedModem "shared_modem" "" decimals(0), "Reserved by the sensors for modems that they share.";
    32 Percentage "percentage" "%" decimals(2), "A percentage, steps of 0.01 %.";
    33 Voltage "voltage" "mV" decimals(1), "Voltage, steps of 0.1 mV.";
    34 Current "current" "mA" decimals(2), "Current, steps of 0.01 mA.";
    35 PulseCntAccMinor "pulse_cnt_acc_minor" "pulses" CounterMinor, "Pulse counter, low digits.";
    36 PulseCntAccMajor "pulse_cnt_acc_major" "kpulses" major(1_000), "Pulse counter, high digits, in thousands.";
    37 ElecMeterAccMinor "elec_meter_acc_minor" "Wh" CounterMinor, "Energy counter, low digits, in Wh.";
    38 ElecMeterAccMajor "elec_meter_acc_major" "kWh" major(1_000), "Energy counter, high digits, in kWh.";
    39 PulseCntAccWideMinor "pulse_cnt_acc_wide_minor" "pulses" CounterMinor, "Wide pulse counter, low digits.";
    40 PulseCntAccWideMajor "pulse_cnt_acc_wide_major" "Mpulses" major(1_000_000),
        "Wide pulse counter, high digits, in millions.";
    41 CurrentPrecise "current_precise" "mA" decimals(3), "Current, steps of 0.001 mA.";
    42 OutputControl "output_control" "" Binary, "An output: positive is on, negative is off.";
    43 Resistance "resistance" "Ω" decimals(0), "Resistance, steps of 1 Ω.";
}

impl ChannelType {
    /// Whether it has two states and is sampled when they change.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self.scale(), Scale::Binary)
    }

    /// Digits after the decimal point of its values, 0 to 3.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        match self.scale() {
            Scale::Continuous { decimals } => decimals,
            _ => 0,
        }
    }
}

impl fmt::Display for ChannelType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl serde::Serialize for ChannelType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for ChannelType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::id::from_text(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_from_0_to_43_is_one_type_and_every_name_leads_back_to_it() {
        for (number, kind) in (0_u8..).zip(ChannelType::ALL) {
            assert_eq!(ChannelType::from_number(number), Some(kind));
            assert_eq!(kind.number(), number);
            assert_eq!(kind.name().parse(), Ok(kind));
            assert!(kind.name().bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'));
        }
        assert_eq!(ChannelType::from_number(44), None);
        assert_eq!("Temperature".parse::<ChannelType>(), Err(UnknownChannelType));
    }

    #[test]
    fn the_binary_types_are_contacts_flooding_and_outputs() {
        let binary: Vec<u8> =
            ChannelType::ALL.iter().filter(|kind| kind.is_binary()).map(|kind| kind.number()).collect();
        assert_eq!(binary, [5, 7, 42]);
    }
}
