//! R7 and R11: the licenses that bring sensors nearest to a date.

use proptest::prelude::*;
use tenure_domain::common_date::{MOST_EACH, Stock, choose, suggest};
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

    /// Whatever is suggested gives somebody a license, and the first end and the last then lie nearer to each other.
    #[test]
    fn r11_a_suggested_date_brings_the_ends_nearer(
        stocked in prop::collection::vec((0..TERMS.len(), 0..6_u32), 0..5),
        fleet in prop::collection::vec((prop::collection::vec(0..TERMS.len(), 0..3), 0..400_i64), 1..7),
    ) {
        let zone: Zone = "Europe/Warsaw".parse().unwrap();
        let began = Instant::from_seconds(1_769_857_200);
        let now = began.plus_seconds(400 * 86_400);
        let mut sensors: Vec<Sensor> = (1..).zip(&fleet).map(|(number, _)| sensor(number)).collect();
        for (sensor, (terms, start)) in sensors.iter_mut().zip(&fleet) {
            let terms: Vec<Term> = terms.iter().map(|term| TERMS[*term].parse().unwrap()).collect();
            given(&zone, began.plus_seconds(start * 86_400), sensor, &terms);
            let mut desk = Desk::new(&zone, now, Pool::default());
            sensor.auto_renewal = false;
            desk.settle(std::slice::from_mut(sensor)).unwrap();
        }
        let stock: Vec<Stock> = stocked
            .iter()
            .enumerate()
            .map(|(place, (term, available))| stock(place, TERMS[*term], *available))
            .collect();
        let yesterday = zone.date_at(now).yesterday().unwrap();
        let apart = |ends: &[Option<Date>]| {
            let ends = ends.iter().map(|end| end.unwrap_or(yesterday));
            distance(ends.clone().min().unwrap(), ends.max().unwrap())
        };
        let runs = |sensor: &Sensor| matches!(sensor.chain, Chain::Running { .. });
        let ends: Vec<Option<Date>> = sensors
            .iter()
            .map(|sensor| sensor.chain.end().filter(|_| runs(sensor)).map(|end| end.expires_on))
            .collect();
        for found in suggest(&zone, now, &sensors, &stock, 5) {
            let choices = choose(&zone, now, &sensors, found.date, &stock);
            let after: Vec<Option<Date>> = choices.iter().map(|choice| choice.expires_on).collect();
            let needed: usize = choices.iter().map(|choice| choice.codes.len()).sum();
            prop_assert_eq!(found.licenses_needed, needed);
            prop_assert!(needed > 0, "there is something to do for {}", found.date);
            if ends.iter().all(Option::is_none) {
                prop_assert!(after.iter().all(|end| *end == after[0] && end.is_some()), "{:?}", after);
            } else {
                prop_assert!(apart(&after) < apart(&ends), "{:?} are not nearer than {:?}", after, ends);
            }
        }
    }
}

/// Sensors whose only license began so many days ago, and what is suggested for them.
fn suggested(started: &[(i64, &str)], stock: &[Stock]) -> Vec<(String, u32, usize)> {
    let (zone, now) = (Zone::UTC, Instant::from_seconds(1_769_904_000));
    let sensors: Vec<Sensor> = (1..)
        .zip(started)
        .map(|(number, (days, term))| {
            let mut sensor = sensor(number);
            given(&zone, now.plus_seconds(-days * 86_400), &mut sensor, &[term.parse().unwrap()]);
            sensor
        })
        .collect();
    let found = suggest(&zone, now, &sensors, stock, 5);
    found.iter().map(|found| (found.date.to_string(), found.spread_days, found.licenses_needed)).collect()
}

#[test]
fn r11_dates_are_suggested_only_where_they_bring_ends_together() {
    // On 1 February 2026 one ends on 31 January 2027, the other on 1 November 2026.
    let apart = [(1, "P1Y"), (92, "P1Y")];
    let months = [stock(1, "P3M", 4)];
    let nearest = ("2027-02-01".to_owned(), 0, 1);
    assert_eq!(suggested(&[(0, "P1Y"), (92, "P1Y")], &months)[0], nearest);
    let found = suggested(&apart, &months);
    assert!(
        !found.is_empty() && found.iter().all(|(_, spread, needed)| *spread < 91 && *needed > 0),
        "{found:?}"
    );
    // A year more leads one of them away from the other, and so does a license for each.
    assert_eq!(suggested(&apart, &[stock(1, "P1Y", 1)]), []);
    assert_eq!(suggested(&apart, &[stock(1, "P1Y", 9)]), []);
    // They end together already.
    assert_eq!(suggested(&[(5, "P1Y"), (5, "P1Y")], &months), []);
    assert_eq!(suggested(&apart, &[]), []);
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
