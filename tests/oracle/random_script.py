"""Random scripts of commands for play.py: the same seed gives the same script.

The model plays along, so that most commands make sense and the instants are those that matter: the ends of licenses
and local midnights, one microsecond before them, at them, and one after. Sensors and licenses are few and terms are
mixed, so that licenses run short and chains end often.
"""

import random
from datetime import date, datetime, time, timedelta

from rules import DAY, HOUR, SECOND, first_instant, start_of_day, today
from world import World

# Some skip midnights when summer begins (Santiago, Beirut, Havana, Cairo, the Azores), some are far from UTC.
ZONES = ["Europe/Warsaw", "Europe/Warsaw", "America/New_York", "America/Santiago", "Asia/Beirut", "America/Havana",
         "Africa/Cairo", "Atlantic/Azores", "Asia/Kolkata", "Pacific/Auckland", "Australia/Lord_Howe",
         "Pacific/Kiritimati", "Pacific/Honolulu", "UTC"]
TERMS = ["P1M", "P1M", "P1M", "P2M", "P3M", "P1Y", "P1Y", "P2Y", "P18M", "P1D", "P2D", "P1W", "P2W", "P30D", "P90D",
         "P1M1D", "P1Y6M", "P1Y2M10D", "P11M", "P10Y", "P100Y"]
# Days on which months are short, years leap and clocks are changed.
DAYS = [(1, 29), (1, 30), (1, 31), (2, 27), (2, 28), (2, 29), (3, 1), (3, 26), (3, 30), (3, 31), (4, 24), (5, 31),
        (8, 31), (9, 5), (10, 24), (10, 31), (11, 1), (11, 30), (12, 30), (12, 31), (1, 1), (6, 15)]
WEIGHTS = {
    "redeem": 8, "add": 9, "assign": 20, "auto_renewal": 10, "saved": 8, "take_back": 13, "remove": 7,
    "bring_back": 6, "give_rest": 4, "replace": 4, "revoke": 4, "free": 2, "zone": 2, "compare": 9,
    "scene_of_a_rest": 4, "scene_of_a_queue": 5, "scene_of_a_shortage": 3,
}
MOST_CODES = 9
# The earliest and the latest instant at which a script begins, in days from the beginning of its server's time.
BEGINNING = (380, 1200)


class RandomScript:
    def __init__(self, seed: int, begin: int):
        self.random = random.Random(seed)
        self.zones = [self.random.choice(ZONES)]
        if self.random.random() < 0.12:
            self.zones.append(self.random.choice(ZONES))
        self.at = self.first_instant(begin)
        self.terms = self.random.sample(TERMS, 4)
        self.codes = [self.code(number) for number in range(self.random.randint(2, 5))]
        self.world = World(self.codes, self.zones, self.at)
        self.commands = []
        self.sensors = 0
        self.measured = set()
        self.most_sensors = self.random.randint(2, 6)
        self.unredeemed = [code["code"] for code in self.codes]
        self.patience = self.random.choice([0.15, 0.35, 0.35, 0.6])  # how often commands share an instant
        self.seed, self.begin = seed, begin

    # What it starts with

    def first_instant(self, begin: int) -> int:
        zone = self.zones[0]
        day = today(zone, begin) + timedelta(days=self.random.randint(*BEGINNING))
        if self.random.random() < 0.7:
            month, number = self.random.choice(DAYS)
            if (month, number) == (2, 29):
                day = day.replace(year=(day.year + 3) // 4 * 4, month=1, day=1)
            day = day.replace(month=month, day=number)
        if self.random.random() < 0.4:
            return start_of_day(zone, day) + self.random.choice([0, 0, 1, -1])
        return start_of_day(zone, day) + self.random.randrange(DAY)

    def code(self, number: int) -> dict:
        redeem_by = None
        if self.random.random() < 0.1:
            day = today(self.zones[0], self.at) + timedelta(days=self.random.choice([-1, 0, 0, 1, 40]))
            redeem_by = day.isoformat()
        return {"code": f"c{number + 1}", "licenses": self.random.choice([1, 2, 2, 3, 3, 4, 4, 5, 8]),
                "term": self.random.choice(self.terms), "redeem_by": redeem_by}

    # Choosing

    def org(self) -> int:
        return self.random.randrange(len(self.zones)) if self.random.random() < 0.4 else 0

    def pick(self, org: int, wanted=lambda sensor: True):
        """Mostly a sensor for which `wanted` holds; now and then any, so that the rules refuse."""
        sensors = list(self.world.organizations[org].sensors.values())
        if self.random.random() < 0.93:
            sensors = [sensor for sensor in sensors if wanted(sensor)]
        return self.random.choice(sensors) if sensors else None

    def present(self, sensor) -> bool:
        return not sensor.removed

    def key(self, org: int):
        codes = self.world.organizations[org].codes
        return self.random.choice(sorted(codes)) if codes and self.random.random() < 0.25 else None

    def serial(self) -> str:
        return f"{self.random.getrandbits(24):06x}"

    def a_serial(self, org: int) -> str:
        """A new one, one that was used before, or one that is in use."""
        known = sorted({s.serial for o in self.world.organizations for s in o.sensors.values()})
        roll = self.random.random()
        if roll < 0.8 or not known:
            return self.serial()
        return self.random.choice(known)

    def preview(self) -> bool:
        return self.random.random() < 0.2

    # Time

    def pass_time(self):
        roll = self.random.random()
        if roll < self.patience:
            return
        roll = self.random.random()
        organization = self.world.organizations[self.org()]
        ends = sorted({
            license.ends for sensor in organization.sensors.values() for chain in sensor.chains[-1:]
            for license in chain.licenses if license.ends > self.at and license.state != "ended"
        })
        near = [end for end in ends if end < self.at + 11 * 366 * DAY]
        if near and roll < 0.5:
            place = 0 if self.random.random() < 0.6 else self.random.randrange(len(near))
            at = near[place] + self.random.choice([-1, 0, 0, 1])
        elif roll < 0.62:
            day = today(organization.zone, self.at) + timedelta(days=self.random.choice([1, 1, 2, 27, 28, 30, 31]))
            at = start_of_day(organization.zone, day) + self.random.choice([-1, 0, 1])
        elif roll < 0.7:
            day = today(organization.zone, self.at) + timedelta(days=self.random.randint(0, 40))
            at = first_instant(organization.zone, datetime.combine(day, time(self.random.randrange(24))))
        elif roll < 0.93:
            at = self.at + self.random.choice([1, SECOND, HOUR, DAY, 10 * DAY, 40 * DAY]) * self.random.randint(1, 3)
        elif roll < 0.98:
            at = self.at + self.random.randint(30 * DAY, 400 * DAY)
        else:
            at = self.at + self.random.randint(1, 4) * 365 * DAY + self.random.randrange(DAY)
        self.at = max(at, self.at)

    # Commands

    def write(self, do: str, **rest):
        command = {"at": self.at, "do": do} | rest
        self.commands.append(command)
        if do != "compare":
            self.world.do(command)

    def redeem(self):
        org = self.org()
        if not self.unredeemed and len(self.codes) < MOST_CODES and self.random.random() < 0.8:
            self.one_more_code()
        if self.unredeemed and self.random.random() < 0.9:
            code = self.unredeemed.pop(self.random.randrange(len(self.unredeemed)))
        else:
            code = self.random.choice(self.codes)["code"]
        self.write("redeem", org=org, code=code, preview=self.preview())

    def one_more_code(self):
        """The operator has issued it with the others; it is only thought of now."""
        code = self.code(len(self.codes))
        self.codes.append(code)
        self.world.know(code)
        self.unredeemed.append(code["code"])

    def stock_up(self, org: int, least: int):
        """Redeems codes until there are licenses, mostly."""
        while len(self.world.organizations[org].pool()) < least and len(self.codes) < MOST_CODES:
            if self.random.random() < 0.3:
                return
            self.one_more_code()
            self.write("redeem", org=org, code=self.unredeemed.pop(), preview=False)

    def add(self):
        org = self.org()
        count = self.random.choice([1, 1, 1, 2, 3])
        if self.sensors + count > self.most_sensors and self.random.random() < 0.8:
            return self.assign()
        self.add_serials(org, [self.a_serial(org) for _ in range(count)])

    def add_serials(self, org, serials):
        self.stock_up(org, len(serials))
        rows = []
        for serial in serials:
            self.sensors += 1
            rows.append({"sensor": f"s{self.sensors}", "serial": serial})
        self.write("add", org=org, sensors=rows, key=self.key(org), list=len(rows) > 1 or self.random.random() < 0.2,
                   auto_renewal=self.random.choice([None, None, True, True, False]), preview=self.preview())

    def bring_back(self):
        org = self.org()
        removed = [s for s in self.world.organizations[org].sensors.values() if s.removed]
        if removed:
            self.add_serials(org, [self.random.choice(removed).serial])

    def assign(self):
        org = self.org()
        if self.random.random() < 0.7:
            sensor = self.pick(org, self.present)
            sensors = [sensor] if sensor else []
        else:
            there = [s for s in self.world.organizations[org].sensors.values() if not s.removed]
            sensors = self.random.sample(there, self.random.randint(1, len(there))) if there else []
        if sensors:
            self.stock_up(org, len(sensors))
            self.write("assign", org=org, sensors=[s.id for s in sensors], key=self.key(org),
                       list=len(sensors) > 1 or self.random.random() < 0.2, preview=self.preview())

    def auto_renewal(self):
        org = self.org()
        sensors = {sensor.id for _ in range(self.random.choice([1, 1, 2, 4]))
                   if (sensor := self.pick(org, self.present)) is not None}
        if sensors:
            self.write("auto_renewal", org=org, sensors=sorted(sensors), on=self.random.random() < 0.6,
                       list=len(sensors) > 1 or self.random.random() < 0.2, preview=self.preview())

    def saved(self):
        """A message with one sample: of now, or of a little before the end of the cover."""
        sensor = self.pick(self.org(), lambda s: self.present(s) and (s.active is not None or s.chain is not None))
        if sensor is None:
            return
        measured = self.at // SECOND
        if sensor.chain is not None and self.random.random() < 0.3:
            measured = min(measured, (sensor.chain.ends - 1) // SECOND - self.random.choice([0, 1, 3600]))
        while (sensor.serial, measured) in self.measured:  # the same sample twice would be saved once
            measured -= 1
        self.measured.add((sensor.serial, measured))
        self.write("saved", serial=sensor.serial, measured=measured * SECOND)

    def take_back(self):
        org = self.org()
        if self.random.random() < 0.55:
            sensor = self.pick(org, lambda s: self.present(s) and s.queue)
            if sensor is not None and sensor.queue:
                self.write("take_back", org=org, sensor=sensor.id, which=self.random.randrange(len(sensor.queue)))
        else:
            sensor = self.pick(org, lambda s: self.present(s) and s.active is not None)
            if sensor is not None:
                self.write("take_back", org=org, sensor=sensor.id, which="active")

    def remove(self):
        org = self.org()
        sensor = self.pick(org, self.present)
        if sensor is not None:
            self.write("remove", org=org, sensor=sensor.id, preview=self.preview())

    def give_rest(self):
        org = self.org()
        those = [name for number, name in self.world.left_behind if number == org]
        sensor = self.pick(org, lambda s: self.present(s) and s.active is None)
        if those and sensor is not None:
            self.write("give_rest", org=org, sensor=sensor.id, of=self.random.choice(those))

    # Scenes: what random commands would seldom lead to

    def scene_of_a_rest(self):
        """R21: a sensor is removed, another loses its cover and gets what is left; then something follows."""
        org = self.org()
        covered = [s for s in self.world.organizations[org].sensors.values() if self.present(s) and s.active]
        if len(covered) < 2:
            return self.add()
        gone, other = self.random.sample(covered, 2)
        self.write("remove", org=org, sensor=gone.id, preview=False)
        self.write("auto_renewal", org=org, sensors=[other.id], on=False, list=False, preview=False)
        for place in reversed(range(len(other.queue))):
            self.write("take_back", org=org, sensor=other.id, which=place)
        self.write("take_back", org=org, sensor=other.id, which="active")
        for _ in range(self.random.randint(0, 2)):
            self.pass_time()
        self.write("give_rest", org=org, sensor=other.id, of=gone.id)
        for _ in range(self.random.randint(0, 2)):
            self.stock_up(org, 1)
            self.write("assign", org=org, sensors=[other.id], key=None, list=False, preview=self.preview())
        if self.random.random() < 0.5:
            self.write("auto_renewal", org=org, sensors=[other.id], on=True, list=False, preview=False)
        if self.random.random() < 0.3:
            self.pass_time()
            self.bring_back()

    def scene_of_a_queue(self):
        """R7, R19, R5: a long queue of which something goes away."""
        org = self.org()
        sensor = self.pick(org, lambda s: self.present(s) and s.active is not None)
        if sensor is None:
            return self.add()
        for _ in range(self.random.randint(2, 4)):
            self.stock_up(org, 1)
            self.write("assign", org=org, sensors=[sensor.id], key=self.key(org), list=False, preview=False)
        self.pass_time()
        queue = self.world.organizations[org].sensors[sensor.id].queue
        if queue and self.random.random() < 0.7:
            self.write("take_back", org=org, sensor=sensor.id, which=self.random.randrange(len(queue)))
        elif queue:
            code = self.random.choice(queue).code.id
            self.write("revoke", code=code, end_active=self.random.random() < 0.5, preview=self.preview())
        else:
            self.write("take_back", org=org, sensor=sensor.id, which="active")

    def scene_of_a_shortage(self):
        """R12, R14, R15: sensors whose chains end at one instant or nearly, and too few licenses for them."""
        org, count = self.org(), self.random.randint(2, 4)
        if self.sensors > 2 * self.most_sensors:
            return self.redeem()
        if self.random.random() < 0.5:
            self.add_serials(org, [self.serial() for _ in range(count)])
        else:
            for _ in range(count):
                self.add_serials(org, [self.serial()])
        for _ in range(self.random.randint(1, 3)):
            self.pass_time()
        self.redeem()

    def replace(self):
        org = self.org()
        sensor = self.pick(org, self.present)
        if sensor is not None:
            self.write("replace", org=org, sensor=sensor.id, serial=self.a_serial(org))

    def free(self):
        known = sorted({s.serial for o in self.world.organizations for s in o.sensors.values()})
        if known:
            self.write("free", serial=self.random.choice(known))

    def revoke(self):
        self.write("revoke", code=self.random.choice(self.codes)["code"], end_active=self.random.random() < 0.5,
                   preview=self.preview())

    def zone(self):
        self.write("zone", org=self.org(), zone=self.random.choice(ZONES))

    def compare(self):
        self.write("compare", org=self.org(), what=self.random.choice(["all", "summary", "sensors", "removed"]))

    # The whole

    def script(self) -> dict:
        for _ in range(self.random.choice([1, 1, 2])):
            self.redeem()
        for _ in range(self.random.randint(1, 2)):
            self.add()
        for _ in range(self.random.choice([8, 14, 20, 30])):
            self.pass_time()
            verb = self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
            getattr(self, verb)()
        if self.random.random() < 0.6:
            self.pass_time()
        for org in range(len(self.zones)):
            self.write("compare", org=org, what="all")
        return {"seed": self.seed, "begin": self.begin, "zones": self.zones, "codes": self.codes,
                "commands": self.commands}
