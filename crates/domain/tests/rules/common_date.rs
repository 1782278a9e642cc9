//! R7 and R11: the licenses that bring sensors nearest to a date.

use proptest::prelude::*;
use tenure_domain::common_date::{MOST_EACH, Stock, choose};
use tenure_domain::{
    Chain, CodeId, Date, Desk, Instant, License, LicenseId, Pool, Sensor, SensorId, Serial, Term, TermSum,
    Zone,
};

const TERMS: [&str; 7] = ["P1M", "P3M", "P1Y", "P2Y", "P30D", "P1W", "P1Y2M3D"];

fn stock(place: usize, term: &str, available: u32) -> Stock {
    let code = CodeId::from_bits(u128::try_from(place * 7 % 11 + 1).unwrap());
    let redeemed_at = Instant::from_seconds(1_700_000_000 + i64::try_from(place).unwrap());
    Stock { code, term: term.parse().unwrap(), redeemed_at, available }
}

fn license(stock: &Stock, number: u32) -> License {
    let Stock { code, term, redeemed_at, .. } = *stock;
    License { id: LicenseId::from_bits(u128::from(number)), code, number, term, redeemed_at }
}

fn sensor(number: u64) -> Sensor {
    Sensor {
        id: SensorId::from_bits(u128::from(number)),
        serial: Serial::from_number(number),
        added_at: Instant::from_seconds(0),
        auto_renewal: true,
        chain: Chain::Unlicensed,
    }
}

/// Gives a sensor licenses of these terms, and returns the last covered date.
fn given(zone: &Zone, now: Instant, sensor: &mut Sensor, terms: &[Term]) -> Option<Date> {
    let mut desk = Desk::new(zone, now, Pool::default());
    for (number, term) in (1_000..).zip(terms) {
        let of_term = Stock { term: *term, ..stock(0, "P1D", 1) };
        desk.assign(sensor, license(&of_term, number)).unwrap();
    }
    sensor.chain.end().map(|end| end.expires_on)
}

fn distance(one: Date, other: Date) -> i32 {
    one.since(other).unwrap().get_days().abs()
}

/// All ways to take from the shelves, as counts.
fn ways(stock: &[Stock]) -> Vec<Vec<u32>> {
    let mut ways = vec![Vec::new()];
    for stock in stock {
        ways = ways
            .into_iter()
            .flat_map(|way| (0..=stock.available).map(move |count| [way.as_slice(), &[count]].concat()))
            .collect();
    }
    ways
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Every way is tried at the desk, and none is nearer, or as near with fewer licenses.
    #[test]
    fn r7_nothing_brings_one_sensor_nearer(
        stocked in prop::collection::vec((0..TERMS.len(), 0..4_u32), 0..5),
        before in prop::collection::vec(0..TERMS.len(), 0..3),
        start in 0..400_i64, days in 0..1_500_i64,
    ) {
        let zone: Zone = "Europe/Warsaw".parse().unwrap();
        let began = Instant::from_seconds(1_769_857_200 + start * 86_400);
        let mut sensor = sensor(1);
        let terms: Vec<Term> = before.iter().map(|term| TERMS[*term].parse().unwrap()).collect();
        given(&zone, began, &mut sensor, &terms);
        let now = began.plus_seconds(3_600);
        let date = zone.date_at(now).saturating_add(jiff::Span::new().days(days));
        let stock: Vec<Stock> = stocked
            .iter()
            .enumerate()
            .map(|(place, (term, available))| stock(place, TERMS[*term], *available))
            .collect();
        let term_of = |code: &CodeId| stock.iter().find(|stock| stock.code == *code).unwrap().term;
        let end_after = |terms: &[Term]| {
            let mut copy = sensor.clone();
            given(&zone, now, &mut copy, terms).unwrap_or(zone.date_at(now).yesterday().unwrap())
        };
        let [choice] = &choose(&zone, now, std::slice::from_ref(&sensor), date, &stock)[..] else { panic!() };
        let chosen: Vec<Term> = choice.codes.iter().map(term_of).collect();
        let order: Vec<_> = choice.codes.iter()
            .map(|code| stock.iter().position(|stock| stock.code == *code).unwrap()).collect();
        prop_assert!(order.is_sorted(), "the oldest first (R13)");
        let found = (distance(end_after(&chosen), date), chosen.len());
        for way in ways(&stock) {
            let terms: Vec<Term> = way.iter().zip(&stock)
                .flat_map(|(count, stock)| std::iter::repeat_n(stock.term, usize::try_from(*count).unwrap()))
                .collect();
            prop_assert!(found <= (distance(end_after(&terms), date), terms.len()), "{:?} is better", terms);
        }
        for stock in &stock {
            let used = choice.codes.iter().filter(|code| **code == stock.code).count();
            prop_assert!(used <= usize::try_from(stock.available).unwrap());
        }
    }
}

#[test]
fn r14_sensors_choose_in_their_order_of_what_is_left() {
    let (zone, now) = (Zone::UTC, Instant::from_seconds(1_769_904_000));
    let mut sensors: Vec<Sensor> = (1..=3).map(sensor).collect();
    for (sensor, term) in sensors.iter_mut().zip(["P3M", "P1M", "P2M"]) {
        given(&zone, now, sensor, &[term.parse().unwrap()]);
    }
    let date = "2027-02-01".parse().unwrap();
    let stock = [stock(1, "P11M", 1), stock(2, "P10M", 1), stock(3, "P1M", 4)];
    let choices = choose(&zone, now, &sensors, date, &stock);
    let chosen: Vec<(u64, Vec<String>)> = choices
        .iter()
        .map(|choice| {
            let number = sensors.iter().position(|sensor| sensor.id == choice.sensor).unwrap() + 1;
            let terms = choice
                .codes
                .iter()
                .map(|code| stock.iter().find(|stock| stock.code == *code).unwrap().term.to_string());
            (u64::try_from(number).unwrap(), terms.collect())
        })
        .collect();
    let terms = |terms: &[&str]| terms.iter().map(|term| (*term).to_owned()).collect::<Vec<_>>();
    assert_eq!(chosen, [(2, terms(&["P11M"])), (3, terms(&["P10M"])), (1, terms(&["P1M"; 4]))]);
}

#[test]
fn r7_equal_lengths_are_one_shelf_and_the_oldest_is_taken() {
    let (zone, now) = (Zone::UTC, Instant::from_seconds(1_769_904_000));
    let date = "2028-02-01".parse().unwrap();
    let stock = [stock(2, "P1Y", 1), stock(1, "P12M", 1), stock(3, "P1Y", 5)];
    let [choice] = &choose(&zone, now, &[sensor(1)], date, &stock)[..] else { panic!() };
    assert_eq!(choice.codes, [stock[1].code, stock[0].code]);
    assert_eq!(stock[1].term.sum(), TermSum { months: 12, days: 0 });
}

#[test]
fn r7_no_more_than_a_hundred_are_chosen_for_one() {
    let (zone, now) = (Zone::UTC, Instant::from_seconds(1_769_904_000));
    let date = "2030-02-01".parse().unwrap();
    let [choice] = &choose(&zone, now, &[sensor(1)], date, &[stock(1, "P1W", 1_000)])[..] else { panic!() };
    assert_eq!(choice.codes.len(), usize::try_from(MOST_EACH).unwrap());
    // Where longer ones help out, the sum is reached with fewer.
    let mixed = [stock(1, "P1W", 1_000), stock(2, "P1Y", 9)];
    let [choice] = &choose(&zone, now, &[sensor(1)], date, &mixed)[..] else { panic!() };
    assert_eq!(choice.codes, vec![mixed[1].code; 4]);
}
