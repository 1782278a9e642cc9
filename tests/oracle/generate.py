"""Writes a script of commands: generate.py SEED --sensors N --years Y --zone Z >SCRIPT

The same seed gives the same script. The model plays along, so that most commands make sense and
the looks meet the instants that matter: each 08:00 local, the ends of chains, and one microsecond
beside them. No two codes are redeemed at the same instant, so their ids decide nothing.
"""

import argparse
import heapq
import json
import random
import sys
from datetime import date, timedelta

from notices import Service
from rules import DAY, HOUR, SECOND, eight_o_clock, start_of_day, wall

BEGIN = date(2026, 1, 20)
MINUTE = 60 * SECOND
TERMS = ["P1M", "P3M", "P6M", "P1Y", "P1Y", "P18M", "P2Y", "P1Y6M", "P30D", "P2W", "P90D", "P1M3D", "P1D"]
ZONES = ["Europe/Warsaw", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Africa/Cairo",
         "America/Santiago", "Australia/Lord_Howe", "Pacific/Kiritimati", "Pacific/Honolulu", "UTC"]
OUTAGES = [13 * HOUR, 13 * HOUR, 13 * HOUR, 4 * DAY, 4 * DAY, 40 * DAY]
LANGUAGES = ["en", "pl", "de"]
WEIGHTS = {
    "redeem": 8, "add": 6, "assign": 26, "auto_renewal": 16, "take_back": 10, "saved": 8, "remove": 6,
    "bring_back": 6, "replace": 2, "revoke": 1, "recipient": 3, "zone": 0.3, "refused": 2, "redeem_again": 0.5,
}


class Script:
    def __init__(self, options):
        self.random = random.Random(options.seed)
        self.options = options
        self.begin = start_of_day(options.zone, BEGIN) + 9 * HOUR
        self.end = self.begin + int(options.years * 365.25 * DAY)
        self.plan = []  # (instant, order of planning, what)
        self.planned = 0
        self.watched = set()  # chain ends that are looked at
        self.until = None  # when the outage ends
        self.at = self.begin
        self.lines = []
        self.codes = 0
        self.redeemed = {}  # how each code was redeemed
        self.sensors = 0
        self.service = None

    def write(self, do, **rest):
        command = {"at": self.at, "do": do} | rest
        self.lines.append(command)
        if self.service is None:
            self.service = Service(command)
            return True
        ok = self.service.do(command)
        if do not in ("look", "down", "up"):
            self.watch()
        return ok

    def add_to_plan(self, at, what):
        if self.at <= at < self.end:
            self.planned += 1
            heapq.heappush(self.plan, (at, self.planned, what))

    def watch(self):
        """Plans looks at the ends of chains that are new, and now and then a command right there."""
        for sensor in self.organization.sensors.values():
            if sensor.active is None:
                continue
            for ends in {sensor.active.ends, sensor.chain.ends} - self.watched:
                self.watched.add(ends)
                for near in (-1, 0, 1):
                    if self.random.random() < 0.15:
                        self.add_to_plan(ends + near, "command")
                    self.add_to_plan(ends + near, "look")

    @property
    def famine(self):
        """In every other season hardly anybody buys licenses."""
        return (self.at - self.begin) // (100 * DAY) % 2 == 1

    @property
    def organization(self):
        return self.service.organization

    def some(self, wanted):
        """A sensor for which `wanted` holds, or None."""
        sensors = [sensor for sensor in self.organization.sensors.values() if wanted(sensor)]
        return self.random.choice(sensors) if sensors else None

    # Commands

    def redeem(self):
        if any(code.redeemed == self.at for code in self.organization.codes.values()):
            return
        left = len(self.organization.pool())
        if left > self.options.sensors // 10 or self.famine and self.random.random() < 0.9:
            return
        most = max(2, self.options.sensors // 20)
        licenses = self.random.randint(1, most)
        self.write_redeem(licenses)

    def write_redeem(self, licenses):
        self.codes += 1
        code = f"c{self.codes}"
        self.redeemed[code] = {"code": code, "licenses": licenses, "term": self.random.choice(TERMS)}
        self.write("redeem", **self.redeemed[code])

    def redeem_again(self):
        codes = [code for code in self.organization.codes.values() if not code.revoked]
        if codes:
            code = self.random.choice(codes)
            self.write("redeem", **self.redeemed[code.id])

    def serial(self):
        return f"282c02{self.random.getrandbits(24):06x}"

    def add(self, key=None):
        used = {sensor.serial for sensor in self.organization.sensors.values()}
        serial = next(serial for serial in iter(self.serial, None) if serial not in used)
        self.sensors += 1
        self.write("add", sensor=f"s{self.sensors}", serial=serial, key=key,
                   auto_renewal=self.random.random() < 0.8)

    def key(self):
        """Mostly none; else a code that has licenses left."""
        codes = sorted({license.code.id for license in self.organization.pool()})
        return self.random.choice(codes) if codes and self.random.random() < 0.3 else None

    def assign(self):
        soon = lambda s: not s.removed and (s.active is None or s.chain.ends < self.at + 60 * DAY)
        sensor = self.some(soon) or self.some(lambda s: not s.removed)
        if sensor is not None:
            self.write("assign", sensor=sensor.id, key=self.key())

    def auto_renewal(self):
        on = self.random.random() < 0.6
        sensor = self.some(lambda s: not s.removed and s.auto_renewal != on)
        if sensor is not None:
            self.write("auto_renewal", sensor=sensor.id, on=on)

    def take_back(self):
        if self.random.random() < 0.6:
            sensor, which = self.some(lambda s: not s.removed and s.queue), "last_queued"
        else:
            sensor, which = self.some(lambda s: not s.removed and s.active is not None), "active"
        if sensor is not None:
            self.write("take_back", sensor=sensor.id, which=which)

    def saved(self):
        sensor = self.some(lambda s: not s.removed and s.active is not None)
        if sensor is not None:
            self.write("saved", sensor=sensor.id)

    def remove(self):
        sensor = self.some(lambda s: not s.removed)
        if sensor is not None:
            self.write("remove", sensor=sensor.id)
            if self.random.random() < 0.5:
                self.write("look")

    def bring_back(self):
        sensor = self.some(lambda s: s.removed)
        if sensor is not None:
            self.write("bring_back", sensor=sensor.id, auto_renewal=self.random.random() < 0.8)

    def replace(self):
        sensor = self.some(lambda s: not s.removed)
        used = {sensor.serial for sensor in self.organization.sensors.values()}
        serial = self.serial()
        if sensor is not None and serial not in used:
            self.write("replace", sensor=sensor.id, serial=serial)

    def revoke(self):
        codes = [code.id for code in self.organization.codes.values() if not code.revoked]
        if codes:
            self.write("revoke", code=self.random.choice(codes), end_active=self.random.random() < 0.5)

    def recipient(self):
        user = self.random.randint(1, 4)
        language = LANGUAGES[user % len(LANGUAGES)]
        self.write("recipient", user=f"u{user}", language=language, ticked=self.random.random() < 0.7)

    def zone(self):
        home = self.organization.zone != self.options.zone
        self.write("zone", zone=self.options.zone if home else self.random.choice(ZONES))

    def refused(self):
        """A command that the rules refuse."""
        covered = self.some(lambda s: not s.removed and s.active is not None and s.active.saved)
        if covered is not None:
            self.write("take_back", sensor=covered.id, which="active")
        empty = [c.id for c in self.organization.codes.values()
                 if not any(license.state == "available" for license in c.licenses)]
        sensor = self.some(lambda s: not s.removed)
        if empty and sensor is not None:
            self.write("assign", sensor=sensor.id, key=self.random.choice(empty))

    def some_command(self):
        verbs = [verb for verb in WEIGHTS if verb not in self.options.without]
        verb = self.random.choices(verbs, [WEIGHTS[verb] for verb in verbs])[0]
        for _ in range(self.random.choice([1, 1, 1, 1, 2, 3])):  # some at the very same instant
            getattr(self, verb)()

    # The story

    def set_the_scene(self):
        self.write("organization", zone=self.options.zone)
        self.write("recipient", user="u1", language="en", ticked=True)
        self.write("recipient", user="u2", language="pl", ticked=True)
        self.write("recipient", user="u3", language="de", ticked=False)
        left, at = self.options.sensors, self.at
        while left > 0:
            at += self.random.randint(1, 2 * DAY)
            several = min(left, self.random.randint(1, max(3, self.options.sensors // 20)))
            self.add_to_plan(at, several)
            left -= several

    def add_several(self, several):
        """A code and a list of sensors, added at one instant."""
        licenses = several + self.random.randint(0, several // 3)
        self.write_redeem(licenses)
        for _ in range(several):
            self.add()

    def next_eight(self):
        zone = self.organization.zone
        day = wall(zone, self.at).date()
        while eight_o_clock(zone, day) <= self.at + 1:
            day += timedelta(days=1)
        self.add_to_plan(eight_o_clock(zone, day) - 1, "look")
        self.add_to_plan(eight_o_clock(zone, day), "eight")

    def go_down(self):
        self.write("down")
        self.until = self.at + self.random.choice(OUTAGES) + self.random.randint(0, HOUR)

    def come_up(self):
        self.at = self.until
        self.until = None
        self.write("up")
        self.next_eight()
        if self.random.random() < 0.8:
            self.write("look")
        self.add_to_plan(self.at + self.random.randint(1, 10 * MINUTE), "look")

    def play(self):
        self.set_the_scene()
        self.next_eight()
        commands = max(0, self.options.commands - self.options.sensors)
        for _ in range(commands * 10 // 14):  # of which some give more than one line
            self.add_to_plan(self.random.randrange(self.at, self.end), "command")
        for _ in range(self.options.looks):
            self.add_to_plan(self.random.randrange(self.at, self.end), "look")
        for _ in range(int(self.options.years * 5)):
            self.add_to_plan(self.random.randrange(self.at, self.end), "down")
        while self.plan:
            at, _, what = heapq.heappop(self.plan)
            if self.until is not None:
                if at < self.until:
                    if what not in ("look", "eight", "down"):  # is given later
                        self.add_to_plan(self.until + self.random.randint(1, 5 * DAY), what)
                    continue
                heapq.heappush(self.plan, (at, 0, what))
                self.come_up()
                continue
            self.at = at
            if what == "command":
                self.some_command()
            elif what == "down":
                self.go_down()
            elif isinstance(what, int):
                self.add_several(what)
            else:
                self.write("look")
                if what == "eight":
                    self.next_eight()
        if self.until is not None:
            self.come_up()
            self.plan.clear()
        self.at = max(self.at, self.end)
        self.write("look")
        self.organization.check_ledger()
        return self.lines


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("seed", type=int)
    parser.add_argument("--sensors", type=int, default=50)
    parser.add_argument("--years", type=float, default=3)
    parser.add_argument("--zone", default="Europe/Warsaw")
    parser.add_argument("--commands", type=int, help="about so many (five for each sensor)")
    parser.add_argument("--looks", type=int, help="so many at random instants (three for each sensor)")
    parser.add_argument("--without", action="append", default=[], choices=list(WEIGHTS),
                        help="leave out a kind of command")
    options = parser.parse_args(arguments)
    if options.commands is None:
        options.commands = 5 * options.sensors
    if options.looks is None:
        options.looks = 3 * options.sensors
    try:
        for line in Script(options).play():
            print(json.dumps(line))
    except BrokenPipeError:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
