"""The license rules R5-R22 of one organization, a second time: slow, obvious, independent.

Written from the text of the rules alone, so that two programs which agree do not agree by descent.
Every instant is a whole number of microseconds since 1970 in UTC.
"""

import heapq
import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
DAY_OF_DATE = timedelta(days=1)
EPOCH = datetime(1970, 1, 1)
EIGHT = time(8)


class ScriptError(Exception):
    """A command that no caller could give, such as one from the past."""


@dataclass(frozen=True)
class Readings:
    """Where the text leaves a choice and the choice can be seen; the first of each is the default."""

    cut_expires: str = "today"  # expires_on of a license that a revocation ends: "today" or "kept"
    rest_anchor: str = "origin"  # what follows a rest that was given by hand is dated from: "origin" or "end"

    CHOICES = {
        "cut_expires": ("today", "kept"),
        "rest_anchor": ("origin", "end"),
    }


# Time


def wall(zone: str, at: int) -> datetime:
    """What a clock on the wall in `zone` shows at the instant `at`."""
    utc = (EPOCH + at * MICROSECOND).replace(tzinfo=ZoneInfo("UTC"))
    return utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def today(zone: str, at: int) -> date:
    return wall(zone, at).date()


@lru_cache(maxsize=None)
def first_instant(zone: str, target: datetime) -> int:
    """The smallest instant at which a clock on the wall shows `target` or later.

    Looks through the hours one after the other, and through the seconds of an hour in which the
    clocks were changed.
    """
    at = (target - EPOCH) // MICROSECOND - 26 * HOUR
    while True:
        here, there = wall(zone, at), wall(zone, at + HOUR)
        if there - here == timedelta(hours=1):
            if target <= there:
                return at + (target - here) // MICROSECOND
        else:
            for second in range(0, 3601):
                if wall(zone, at + second * SECOND) >= target:
                    return at + second * SECOND
        at += HOUR


def start_of_day(zone: str, day: date) -> int:
    """R6: the first instant of the local day; of a skipped day, that of the next one."""
    return first_instant(zone, datetime.combine(day, time(0)))


def eight_o_clock(zone: str, day: date) -> int:
    return first_instant(zone, datetime.combine(day, EIGHT))


@dataclass(frozen=True)
class Term:
    """Months (with twelve for each year) and days (with seven for each week)."""

    months: int = 0
    days: int = 0

    @staticmethod
    def parse(text: str) -> "Term":
        match = re.fullmatch(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?", text)
        if match is None:
            raise ScriptError(f"{text} is no term")
        years, months, weeks, days = (int(part or 0) for part in match.groups())
        term = Term(12 * years + months, 7 * weeks + days)
        if term == Term():
            raise ScriptError(f"{text} is an empty term")
        return term

    def __add__(self, other: "Term") -> "Term":
        return Term(self.months + other.months, self.days + other.days)

    def __neg__(self) -> "Term":
        return Term(-self.months, -self.days)


def last_day_of_month(year: int, month: int) -> int:
    after = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    return (after - DAY_OF_DATE).day


def add_months(day: date, months: int) -> date:
    """The same day of another month, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    month += 1
    return date(year, month, min(day.day, last_day_of_month(year, month)))


def add_term(day: date, term: Term) -> date:
    """R7: months first, clamped, then days."""
    return add_months(day, term.months) + timedelta(days=term.days)


def interval_end(zone: str, anchor: date, terms: Term, starts: int) -> tuple[date, int]:
    """R6, R7: expires_on and the end of the license with which a chain's terms sum up to `terms`.

    A license is never empty: where a changed zone or a skipped day would make it so, it expires on
    the first day after that which leaves something of it.
    """
    expires_on = add_term(anchor, terms)
    while start_of_day(zone, expires_on + DAY_OF_DATE) <= starts:
        expires_on += DAY_OF_DATE
    return expires_on, start_of_day(zone, expires_on + DAY_OF_DATE)


# What there is


@dataclass(eq=False)
class Code:
    id: str
    term: Term
    redeemed: int
    revoked: bool = False
    licenses: list["License"] = field(default_factory=list)


@dataclass(eq=False)
class License:
    code: Code
    number: int
    state: str = "available"
    starts: int | None = None
    ends: int | None = None
    activated: date | None = None  # the activation date
    expires_on: date | None = None
    assigned: int | None = None  # when the sensor that has it got it, to use or in its queue
    saved: bool = False  # whether something was saved under it
    cut: bool = False  # whether it has ended because its code was revoked


@dataclass(eq=False)
class Chain:
    """Licenses without a gap. `cut`: it was ended before its time, and nothing continues it."""

    anchor: date
    licenses: list[License] = field(default_factory=list)
    cut: bool = False
    before: Term = Term()  # what of the anchored sum was on another sensor, where a rest came from (R21)

    @property
    def last(self) -> License:
        return self.licenses[-1]

    @property
    def ends(self) -> int:
        return self.last.ends

    @property
    def expires_on(self) -> date:
        return self.last.expires_on

    @property
    def terms(self) -> Term:
        return sum((license.code.term for license in self.licenses), self.before)


@dataclass(eq=False)
class Sensor:
    id: str
    serial: str
    added: int
    auto_renewal: bool
    removed: bool = False
    chains: list[Chain] = field(default_factory=list)

    @property
    def chain(self) -> Chain | None:
        """The newest chain, whether it runs or has ended."""
        return self.chains[-1] if self.chains else None

    def in_state(self, state: str) -> list[License]:
        return [one for one in self.chain.licenses if one.state == state] if self.chains else []

    @property
    def active(self) -> License | None:
        return next(iter(self.in_state("active")), None)

    @property
    def queue(self) -> list[License]:
        return self.in_state("queued")

    @property
    def lapsed(self) -> bool:
        """It had cover and has none now. A sensor that never had any is not lapsed."""
        return not self.removed and self.chain is not None and self.active is None

    @property
    def waits(self) -> bool:
        """R15: expired, with auto renewal on."""
        return self.auto_renewal and self.lapsed


def in_line(sensor: Sensor) -> tuple:
    """R14: earliest chain end, then added first, then the serial number."""
    return sensor.chain.ends, sensor.added, sensor.serial


def in_pool(license: License) -> tuple:
    """R13: oldest redemption, then code id, then number."""
    return license.code.redeemed, license.code.id, license.number


class Organization:
    def __init__(self, zone: str, at: int, readings: Readings = Readings()):
        ZoneInfo(zone)
        self.zone = zone
        self.now = at
        self.readings = readings
        self.codes: dict[str, Code] = {}
        self.sensors: dict[str, Sensor] = {}
        # Instants at which something may be due. One too many does no harm.
        self.interesting: list[int] = []
        # What the audit trail tells: when licenses have ended by themselves, and when auto renewal took one.
        self.endings: list[int] = []
        self.renewals: list[int] = []

    # The pool

    def pool(self) -> list[License]:
        return [
            license
            for code in sorted(self.codes.values(), key=lambda code: (code.redeemed, code.id))
            for license in code.licenses
            if license.state == "available"
        ]

    def next_of_pool(self, key: str | None = None) -> License | None:
        if key is not None:
            codes = [self.codes[key]] if key in self.codes else []
        else:
            codes = sorted(self.codes.values(), key=lambda code: (code.redeemed, code.id))
        for code in codes:
            for license in code.licenses:  # by number
                if license.state == "available":
                    return license
        return None

    def put_back(self, license: License) -> None:
        """Into the pool; what is left of a revoked code is revoked instead."""
        license.state = "revoked" if license.code.revoked else "available"
        license.starts = license.ends = license.activated = license.expires_on = license.assigned = None

    # Chains

    def put_behind(self, chain: Chain, license: License, at: int) -> None:
        """R7: the license starts when the one before it ends, or now when it is the first."""
        license.starts = chain.ends if chain.licenses else at
        license.activated = today(self.zone, license.starts)
        license.expires_on, license.ends = interval_end(
            self.zone, chain.anchor, chain.terms + license.code.term, license.starts
        )
        license.state = "active" if license.starts <= at else "queued"
        if license.assigned is None:
            license.assigned = at
        chain.licenses.append(license)
        heapq.heappush(self.interesting, license.ends)

    def start(self, sensor: Sensor, licenses: list[License], at: int) -> None:
        """R16: the first license starts now. It goes on with a chain that ends at this very instant."""
        assert sensor.active is None
        chain = sensor.chain
        if chain is None or chain.cut or chain.ends != at:
            chain = Chain(anchor=today(self.zone, at))
            sensor.chains.append(chain)
        for license in licenses:
            self.put_behind(chain, license, at)

    def give(self, sensor: Sensor, license: License, at: int) -> None:
        """R11."""
        if sensor.active is not None:
            self.put_behind(sensor.chain, license, at)
        else:
            self.start(sensor, [license], at)

    def take_queue(self, sensor: Sensor) -> list[License]:
        queue = sensor.queue
        for license in queue:
            sensor.chain.licenses.remove(license)
        return queue

    def meet_waiting(self, at: int) -> None:
        """R12, R14, R15: who waits takes what there is."""
        license = self.next_of_pool()
        if license is None:
            return
        for sensor in sorted((s for s in self.sensors.values() if s.waits), key=in_line):
            if license is None:
                return
            self.start(sensor, [license], at)
            self.renewals.append(at)
            license = self.next_of_pool()

    # R17

    def settle(self, at: int) -> None:
        if at < self.now:
            raise ScriptError(f"{at} is before {self.now}")
        while self.interesting and self.interesting[0] <= at:
            due = heapq.heappop(self.interesting)
            while self.interesting and self.interesting[0] == due:
                heapq.heappop(self.interesting)
            self.end_licenses(due)
        self.now = at

    def end_licenses(self, due: int) -> None:
        """All that happens by itself at the instant `due`."""
        for sensor in self.sensors.values():
            chain = sensor.chain
            if chain is None:
                continue
            for license in chain.licenses:
                if license.state in ("active", "released") and license.ends == due:
                    license.state = "ended"
                    self.endings.append(due)
            for license in chain.licenses:
                if license.state == "queued" and license.starts == due:
                    license.state = "active"
        self.meet_waiting(due)

    # Commands. Each answers whether it was done; one that was refused has changed nothing.

    def do(self, command: dict) -> bool:
        at = command["at"]
        self.settle(at)
        return getattr(self, "do_" + command["do"])(command, at)

    def present(self, command: dict) -> Sensor | None:
        sensor = self.sensors.get(command["sensor"])
        return sensor if sensor is not None and not sensor.removed else None

    def serial_in_use(self, serial: str) -> bool:
        return any(s.serial == serial and not s.removed for s in self.sensors.values())

    def do_redeem(self, command: dict, at: int) -> bool:
        id = command["code"]
        if id in self.codes:  # R3: again changes nothing
            return True
        code = Code(id, Term.parse(command["term"]), at)
        code.licenses = [License(code, number + 1) for number in range(command["licenses"])]
        self.codes[id] = code
        self.meet_waiting(at)
        return True

    def do_add(self, command: dict, at: int) -> bool:
        """R22."""
        if command["sensor"] in self.sensors:
            raise ScriptError(f"{command['sensor']} is there already; bring it back")
        if any(s.serial == command["serial"] and s.removed for s in self.sensors.values()):
            raise ScriptError(f"{command['serial']} was here before; bring it back")
        license = self.next_of_pool(command.get("key"))
        if license is None or self.serial_in_use(command["serial"]):
            return False
        auto_renewal = command.get("auto_renewal", True)  # R12: on
        sensor = Sensor(command["sensor"], command["serial"], at, auto_renewal)
        self.sensors[sensor.id] = sensor
        self.give(sensor, license, at)
        return True

    def do_assign(self, command: dict, at: int) -> bool:
        sensor = self.present(command)
        license = self.next_of_pool(command.get("key"))
        if sensor is None or license is None:
            return False
        self.give(sensor, license, at)
        return True

    def do_auto_renewal(self, command: dict, at: int) -> bool:
        sensor = self.present(command)
        if sensor is None:
            return False
        sensor.auto_renewal = command["on"]
        self.meet_waiting(at)
        return True

    def do_saved(self, command: dict, at: int) -> bool:
        sensor = self.present(command)
        if sensor is None or sensor.active is None:
            return False
        sensor.active.saved = True
        return True

    def do_take_back(self, command: dict, at: int) -> bool:
        """R19."""
        sensor = self.present(command)
        if sensor is None:
            return False
        if command["which"] == "last_queued":
            if not sensor.queue:
                return False
            license = sensor.queue[-1]
            sensor.chain.licenses.remove(license)
        elif command["which"] == "active":
            license = sensor.active
            if license is None or license.saved:
                return False
            queue = self.take_queue(sensor)
            sensor.chain.licenses.remove(license)
            if not sensor.chain.licenses:
                sensor.chains.pop()
            if queue:
                self.start(sensor, queue, at)
        else:
            raise ScriptError(f"take back {command['which']}?")
        self.put_back(license)
        self.meet_waiting(at)
        return True

    def do_revoke(self, command: dict, at: int) -> bool:
        """R5."""
        code = self.codes.get(command["code"])
        if code is None:
            return False
        code.revoked = True
        for license in code.licenses:
            if license.state == "available":
                self.put_back(license)
        for sensor in self.sensors.values():
            if command["end_active"]:
                for license in sensor.in_state("released"):
                    if license.code is code:
                        self.cut_off(license, at)
            if sensor.active is None:
                continue
            queue = sensor.queue
            cut = command["end_active"] and sensor.active.code is code
            first = next((n for n, one in enumerate(queue) if one.code is code), len(queue))
            behind = queue if cut else queue[first:]  # what is moved
            for license in behind:
                sensor.chain.licenses.remove(license)
            stays = [license for license in behind if license.code is not code]
            for license in behind:
                if license.code is code:
                    self.put_back(license)
            if cut:
                self.cut(sensor, at)
                if stays:
                    self.start(sensor, stays, at)
            else:
                for license in stays:
                    self.put_behind(sensor.chain, license, at)
        self.meet_waiting(at)
        return True

    def cut(self, sensor: Sensor, at: int) -> None:
        self.cut_off(sensor.active, at)
        sensor.chain.cut = True

    def cut_off(self, license: License, at: int) -> None:
        license.state = "ended"
        license.cut = True
        license.ends = at
        if self.readings.cut_expires == "today":
            license.expires_on = min(license.expires_on, today(self.zone, at))

    def do_replace(self, command: dict, at: int) -> bool:
        """R20."""
        sensor = self.present(command)
        if sensor is None or self.serial_in_use(command["serial"]):
            return False
        sensor.serial = command["serial"]
        return True

    def do_remove(self, command: dict, at: int) -> bool:
        """R21."""
        sensor = self.present(command)
        if sensor is None:
            return False
        for license in self.take_queue(sensor):
            self.put_back(license)
        if sensor.active is not None:
            sensor.active.state = "released"
        sensor.removed = True
        self.meet_waiting(at)
        return True

    def do_bring_back(self, command: dict, at: int) -> bool:
        """R21, R22: with the rest of its released license, or with one of the pool."""
        sensor = self.sensors.get(command["sensor"])
        if sensor is None or self.serial_in_use(sensor.serial):
            return False
        released = sensor.in_state("released")
        license = self.next_of_pool(command.get("key"))
        if not released and license is None:
            return False
        sensor.removed = False
        sensor.auto_renewal = command.get("auto_renewal", True)
        if released:
            released[0].state = "active"
            released[0].assigned = at
        else:
            self.start(sensor, [license], at)
        return True

    def do_zone(self, command: dict, at: int) -> bool:
        """R8."""
        ZoneInfo(command["zone"])
        self.zone = command["zone"]
        return True

    # What can be seen

    def ledger(self, sensor: str) -> list[list]:
        """[state, starts, ends, expires_on] of all licenses that are, or ended, on a sensor."""
        return [
            [license.state, license.starts, license.ends, license.expires_on.isoformat()]
            for chain in self.sensors[sensor].chains
            for license in chain.licenses
        ]

    def check_ledger(self) -> None:
        """R18: nothing is on two sensors, nothing overlaps, what is in no chain is in the pool."""
        placed = []
        for sensor in self.sensors.values():
            until = None
            for chain in sensor.chains:
                assert chain.licenses, sensor.id
                for license in chain.licenses:
                    assert license.starts <= license.ends, sensor.id
                    assert until is None or until <= license.starts, sensor.id
                    assert license.state in ("ended", "active", "queued", "released"), sensor.id
                    assert (license.state == "released") <= sensor.removed, sensor.id
                    assert (license.state in ("active", "queued")) <= (not sensor.removed)
                    until = license.ends
                    placed.append(id(license))
            assert (sensor.active is not None) or not sensor.queue, sensor.id
        assert len(placed) == len(set(placed))
        placed = set(placed)
        for code in self.codes.values():
            for license in code.licenses:
                assert (license.state in ("available", "revoked")) == (id(license) not in placed)
        assert not self.pool() or not any(s.waits for s in self.sensors.values()), "R15"
