//! Where the demo's sensors are, and how warm it is there.

use tenure_domain::Serial;

/// The serial number of the sensor in the first place; the others follow it.
const FIRST_SERIAL: u64 = 0x282c_0240_0001;

/// The places, and the temperature about which each of them varies, in tenths of a degree.
pub const PLACES: [(&str, i32); 40] = [
    ("Cold store 1", 30),
    ("Cold store 2", 26),
    ("Cold store 3", 33),
    ("Freezer A", -190),
    ("Freezer B", -190),
    ("Freezer C", -190),
    ("Loading dock north", 112),
    ("Loading dock south", 128),
    ("Warehouse gate", 119),
    ("Fish counter", 18),
    ("Smokehouse", 243),
    ("Ice room", -42),
    ("Packing line 1", 121),
    ("Packing line 2", 124),
    ("Quality lab", 208),
    ("Sample fridge", 41),
    ("Spice room", 186),
    ("Dry store", 174),
    ("Kitchen", 231),
    ("Canteen fridge", 45),
    ("Truck 12", 30),
    ("Truck 14", 32),
    ("Truck 17", 35),
    ("Truck 21", 29),
    ("Harbor shop", 192),
    ("Harbor shop freezer", -184),
    ("Market stall", 143),
    ("Office", 214),
    ("Server room", 226),
    ("Boiler room", 287),
    ("Roof", 148),
    ("Yard", 139),
    ("Pier", 133),
    ("Brine tank", 36),
    ("Fillet room", 72),
    ("Return goods", 48),
    ("Quarantine", 44),
    ("Archive", 183),
    ("Old freezer", -190),
    ("Spare sensor", 201),
];

/// The serial number of the sensor in a place, counted from 0.
pub fn serial(place: usize) -> Serial {
    Serial::from_number(FIRST_SERIAL + u64::try_from(place).unwrap_or(0))
}

/// About which temperature the sensor's place varies, if it is one of these.
pub fn level(serial: Serial) -> Option<i32> {
    let place = usize::try_from(serial.number().checked_sub(FIRST_SERIAL)?).ok()?;
    PLACES.get(place).map(|(_, level)| *level)
}
