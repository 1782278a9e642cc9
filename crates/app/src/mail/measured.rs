//! What is measured, and in which unit, in each language.

use tenure_domain::measurement::ChannelType;

/// One of three texts: English, Polish, German.
fn one_of(language: &str, [english, polish, german]: [&'static str; 3]) -> &'static str {
    match language {
        "pl" => polish,
        "de" => german,
        _ => english,
    }
}

/// What a type measures: `Temperature`.
pub(super) fn channel_in(language: &str, kind: ChannelType) -> &'static str {
    use ChannelType as Type;
    let words = match kind {
        Type::NoSensor => ["No channel", "Brak kanału", "Kein Kanal"],
        Type::Temperature => ["Temperature", "Temperatura", "Temperatur"],
        Type::Humidity => ["Humidity", "Wilgotność", "Luftfeuchte"],
        Type::AtmosphericPressure => ["Air pressure", "Ciśnienie atmosferyczne", "Luftdruck"],
        Type::DifferentialPressure => ["Differential pressure", "Różnica ciśnień", "Differenzdruck"],
        Type::OkAlarm => ["Contact", "Styk", "Kontakt"],
        Type::Iaq => ["Air quality", "Jakość powietrza", "Luftqualität"],
        Type::Flooding => ["Flooding", "Zalanie", "Überflutung"],
        Type::PulseCnt => ["Pulses", "Impulsy", "Impulse"],
        Type::ElectricityMeter => ["Energy", "Energia", "Energie"],
        Type::WaterMeter => ["Water", "Woda", "Wasser"],
        Type::SoilMoisture => ["Soil moisture", "Wilgotność gleby", "Bodenfeuchte"],
        Type::CoGas => ["Carbon monoxide", "Tlenek węgla", "Kohlenmonoxid"],
        Type::No2Gas => ["Nitrogen dioxide", "Dwutlenek azotu", "Stickstoffdioxid"],
        Type::H2sGas => ["Hydrogen sulfide", "Siarkowodór", "Schwefelwasserstoff"],
        Type::AmbientLight => ["Light", "Natężenie światła", "Beleuchtungsstärke"],
        Type::Pm1_0 => ["Particles PM1", "Pyły PM1", "Feinstaub PM1"],
        Type::Pm2_5 => ["Particles PM2.5", "Pyły PM2,5", "Feinstaub PM2,5"],
        Type::Pm10_0 => ["Particles PM10", "Pyły PM10", "Feinstaub PM10"],
        Type::NoiseLevel => ["Noise", "Hałas", "Lautstärke"],
        Type::Nh3Gas => ["Ammonia", "Amoniak", "Ammoniak"],
        Type::Ch4Gas => ["Methane", "Metan", "Methan"],
        Type::HighPressure => ["Pressure", "Ciśnienie", "Druck"],
        Type::DistanceMm => ["Distance", "Odległość", "Abstand"],
        Type::WaterMeterAccMinor => {
            ["Water counter, low digits", "Licznik wody, dolne cyfry", "Wasserzähler, untere Stellen"]
        }
        Type::WaterMeterAccMajor => {
            ["Water counter, high digits", "Licznik wody, górne cyfry", "Wasserzähler, obere Stellen"]
        }
        Type::Co2Gas => ["Carbon dioxide", "Dwutlenek węgla", "Kohlendioxid"],
        Type::HumidityAccurate => ["Humidity", "Wilgotność", "Luftfeuchte"],
        Type::StaticIaq => {
            ["Air quality (static)", "Jakość powietrza (statyczna)", "Luftqualität (statisch)"]
        }
        Type::Co2Equivalent => {
            ["Carbon dioxide equivalent", "Ekwiwalent dwutlenku węgla", "Kohlendioxid-Äquivalent"]
        }
        Type::BreathVoc => ["Organic compounds", "Lotne związki organiczne", "Organische Verbindungen"],
        Type::SharedModem => ["Shared modem", "Wspólny modem", "Gemeinsames Modem"],
        Type::Percentage => ["Percentage", "Wartość procentowa", "Prozentwert"],
        Type::Voltage => ["Voltage", "Napięcie", "Spannung"],
        Type::Current => ["Current", "Natężenie prądu", "Stromstärke"],
        Type::PulseCntAccMinor => {
            ["Pulse counter, low digits", "Licznik impulsów, dolne cyfry", "Impulszähler, untere Stellen"]
        }
        Type::PulseCntAccMajor => {
            ["Pulse counter, high digits", "Licznik impulsów, górne cyfry", "Impulszähler, obere Stellen"]
        }
        Type::ElecMeterAccMinor => {
            ["Energy counter, low digits", "Licznik energii, dolne cyfry", "Energiezähler, untere Stellen"]
        }
        Type::ElecMeterAccMajor => {
            ["Energy counter, high digits", "Licznik energii, górne cyfry", "Energiezähler, obere Stellen"]
        }
        Type::PulseCntAccWideMinor => [
            "Wide pulse counter, low digits",
            "Szeroki licznik impulsów, dolne cyfry",
            "Breiter Impulszähler, untere Stellen",
        ],
        Type::PulseCntAccWideMajor => [
            "Wide pulse counter, high digits",
            "Szeroki licznik impulsów, górne cyfry",
            "Breiter Impulszähler, obere Stellen",
        ],
        Type::CurrentPrecise => ["Current (precise)", "Natężenie prądu (dokładne)", "Stromstärke (genau)"],
        Type::OutputControl => ["Output", "Wyjście", "Ausgang"],
        Type::Resistance => ["Resistance", "Rezystancja", "Widerstand"],
    };
    one_of(language, words)
}

/// The unit of a type: pulses have a word, the others a sign.
pub(super) fn unit_in(language: &str, kind: ChannelType) -> &'static str {
    match kind.unit() {
        "pulses" => one_of(language, ["pulses", "imp.", "Impulse"]),
        "kpulses" => one_of(language, ["thousand pulses", "tys. imp.", "Tsd. Impulse"]),
        "Mpulses" => one_of(language, ["million pulses", "mln imp.", "Mio. Impulse"]),
        unit => unit,
    }
}

/// One of the two states of a type that has two: `Open`.
pub(super) fn state_in(language: &str, kind: ChannelType, positive: bool) -> &'static str {
    let words = match (kind, positive) {
        (ChannelType::OkAlarm, false) => ["Closed", "Zamknięty", "Geschlossen"],
        (ChannelType::OkAlarm, true) => ["Open", "Otwarty", "Offen"],
        (ChannelType::Flooding, false) => ["Dry", "Sucho", "Trocken"],
        (ChannelType::Flooding, true) => ["Water", "Woda", "Wasser"],
        (_, false) => ["Off", "Wyłączone", "Aus"],
        (_, true) => ["On", "Włączone", "Ein"],
    };
    one_of(language, words)
}
