"""What a script of play.py is about: the codes that the operator has issued, and one or two organizations.

The commands here are those of the API, about lists of sensors and by serial numbers, where those of `rules` are about
single sensors. A command answers True (done), False (refused, and nothing has changed) or None (it is about something
that there is not, which happens when a script was made shorter).
"""

from datetime import date

from notices import what_happens
from rules import DAY, Chain, Code, License, Organization, Readings, Sensor, Term, today

EXPIRING = 30  # days
LATE = 7 * DAY  # the late-delivery window
STATES = ("available", "queued", "active", "ended", "released", "revoked")


def state_of(license: License) -> str:
    return "revoked" if license.cut else license.state


def name_of(license: License) -> str:
    return f"{license.code.id}/{license.number}"


class World:
    def __init__(self, codes: list[dict], zones: list[str], at: int, readings: Readings = Readings()):
        self.codes = {}
        for code in codes:
            self.know(code)
        self.organizations = [Organization(zone, at, readings) for zone in zones]
        self.left_behind: dict[tuple[int, str], License] = {}  # the license that a sensor's last removal released
        self.removals = 0
        self.now = at

    def know(self, code: dict):
        """A code that the operator has issued."""
        self.codes[code["code"]] = code | {"revoked": False, "redeemed_by": None}

    # Looking up

    def organization(self, command: dict) -> Organization:
        return self.organizations[command.get("org", 0)]

    def holder(self, serial: str) -> tuple[int, Sensor] | None:
        """Who has a serial number: R22, one organization at a time."""
        for number, organization in enumerate(self.organizations):
            for sensor in organization.sensors.values():
                if sensor.serial == serial and not sensor.removed:
                    return number, sensor
        return None

    def removed_as(self, organization: Organization, serial: str) -> Sensor | None:
        """The sensor that comes back when a serial number is added: the one that was removed last."""
        those = [s for s in organization.sensors.values() if s.removed and s.serial == serial]
        return max(those, key=lambda s: s.removed_order) if those else None

    def known(self, organization: Organization, names: list[str]) -> bool:
        return all(name in organization.sensors for name in names)

    # Commands

    def do(self, command: dict) -> bool | None:
        for organization in self.organizations:
            organization.settle(command["at"])
        self.now = command["at"]
        return getattr(self, "do_" + command["do"])(command, self.organization(command), command["at"])

    def do_look(self, command, organization, at):
        return True

    def do_redeem(self, command, organization, at):
        """R3, R5, and the date by which the order has to be redeemed."""
        code = self.codes[command["code"]]
        number = command.get("org", 0)
        if code["redeemed_by"] == number:
            return True
        if code["revoked"] or code["redeemed_by"] is not None:
            return False
        if code["redeem_by"] is not None and today(organization.zone, at) > date.fromisoformat(code["redeem_by"]):
            return False
        code["redeemed_by"] = number
        made = Code(code["code"], Term.parse(code["term"]), at)
        made.licenses = [License(made, number + 1) for number in range(code["licenses"])]
        organization.codes[made.id] = made
        organization.meet_waiting(at)
        return True

    def choose(self, organization: Organization, key: str | None, count: int) -> list[License] | None:
        """R13, or those of a key."""
        pool = [license for license in organization.pool() if key is None or license.code.id == key]
        return pool[:count] if len(pool) >= count else None

    def do_add(self, command, organization, at):
        """R21, R22: all of a list, or none."""
        rows = []
        for item in command["sensors"]:
            if any(item["serial"] == serial for _, serial, _ in rows) or self.holder(item["serial"]):
                return False
            rows.append((item["sensor"], item["serial"], self.removed_as(organization, item["serial"])))
        with_rest = [back for _, _, back in rows if back is not None and back.in_state("released")]
        licenses = self.choose(organization, command["key"], len(rows) - len(with_rest))
        if licenses is None:
            return False
        for name, serial, back in rows:
            on = command["auto_renewal"]
            if back is None:
                sensor = Sensor(name, serial, at, True if on is None else on)
                organization.sensors[name] = sensor
                organization.give(sensor, licenses.pop(0), at)
                continue
            back.removed = False
            back.auto_renewal = back.auto_renewal if on is None else on
            if back.in_state("released"):
                back.in_state("released")[0].state = "active"
            else:
                organization.start(back, [licenses.pop(0)], at)
        organization.meet_waiting(at)
        return True

    def do_assign(self, command, organization, at):
        """R11."""
        if not self.known(organization, command["sensors"]):
            return None
        sensors = [organization.sensors[name] for name in command["sensors"]]
        licenses = self.choose(organization, command["key"], len(sensors))
        if licenses is None or any(sensor.removed for sensor in sensors):
            return False
        for sensor, license in zip(sensors, licenses):
            organization.give(sensor, license, at)
        return True

    def do_auto_renewal(self, command, organization, at):
        """R12."""
        if not self.known(organization, command["sensors"]):
            return None
        sensors = [organization.sensors[name] for name in command["sensors"]]
        if any(sensor.removed for sensor in sensors):
            return False
        for sensor in sensors:
            sensor.auto_renewal = command["on"]
        organization.meet_waiting(at)
        return True

    def do_saved(self, command, organization, at):
        """A message of the sensor that has this serial number; whether its sample is saved (R23, R24)."""
        holder = self.holder(command["serial"])
        if holder is None:
            return False
        sensor = holder[1]
        if sensor.active is not None:
            sensor.active.saved = True
            return True
        measured, chain = command["measured"], sensor.chain
        return chain is not None and measured < chain.ends and at < chain.ends + LATE

    def do_take_back(self, command, organization, at):
        """R19."""
        license = self.license_to_take(command)
        if license is None:
            return None
        sensor = organization.sensors[command["sensor"]]
        if sensor.removed:
            return False
        if license.state == "active":
            return organization.do_take_back(command | {"which": "active"}, at)
        chain = sensor.chain
        place = chain.licenses.index(license)
        behind = chain.licenses[place + 1:]
        del chain.licenses[place:]
        for later in behind:  # it moves up
            organization.put_behind(chain, later, at)
        organization.put_back(license)
        organization.meet_waiting(at)
        return True

    def license_to_take(self, command) -> License | None:
        """The active license, or the one at a place of the queue."""
        sensor = self.organization(command).sensors.get(command["sensor"])
        if sensor is None:
            return None
        if command["which"] == "active":
            return sensor.active
        return sensor.queue[command["which"]] if command["which"] < len(sensor.queue) else None

    def do_remove(self, command, organization, at):
        if not self.known(organization, [command["sensor"]]):
            return None
        return self.remove(command.get("org", 0), command["sensor"], at)

    def remove(self, number, name, at) -> bool:
        organization = self.organizations[number]
        if organization.sensors[name].removed:
            return False
        active = organization.sensors[name].active
        organization.do_remove({"sensor": name}, at)
        self.removals += 1
        organization.sensors[name].removed_order = self.removals
        if active is not None:
            self.left_behind[number, name] = active
        return True

    def do_free(self, command, organization, at):
        """R22: the operator frees a serial number, which removes its sensor (R21)."""
        holder = self.holder(command["serial"])
        return holder is not None and self.remove(holder[0], holder[1].id, at)

    def do_replace(self, command, organization, at):
        """R20."""
        if not self.known(organization, [command["sensor"]]):
            return None
        sensor = organization.sensors[command["sensor"]]
        if sensor.removed or self.holder(command["serial"]):
            return False
        sensor.serial = command["serial"]
        return True

    def do_give_rest(self, command, organization, at):
        """R21: begins now, keeps its end."""
        license = self.left_behind.get((command.get("org", 0), command["of"]))
        if license is None or not self.known(organization, [command["sensor"], command["of"]]):
            return None
        sensor, other = organization.sensors[command["sensor"]], organization.sensors[command["of"]]
        if license.state != "released" or sensor.removed or sensor.active is not None:
            return False
        origin = other.chain
        place = origin.licenses.index(license)
        before = sum((one.code.term for one in origin.licenses[:place]), origin.before)
        del origin.licenses[place]
        if not origin.licenses:
            other.chains.remove(origin)
        if organization.readings.rest_anchor == "origin":
            chain = Chain(origin.anchor, [license], before=before)
        else:
            chain = Chain(license.expires_on, [license], before=-license.code.term)
        license.state, license.starts, license.activated = "active", at, today(organization.zone, at)
        sensor.chains.append(chain)
        return True

    def do_revoke(self, command, organization, at):
        """R5."""
        code = self.codes[command["code"]]
        code["revoked"] = True
        if code["redeemed_by"] is not None:
            self.organizations[code["redeemed_by"]].do_revoke(command, at)
        return True

    def do_zone(self, command, organization, at):
        return organization.do_zone(command, at)

    # What can be seen, as the API says it

    def summary(self, number: int) -> dict:
        organization = self.organizations[number]
        keys = {}
        for code in organization.codes.values():
            states = [state_of(license) for license in code.licenses]
            keys[code.id] = {state: states.count(state) for state in STATES}
        standings = [self.standing(organization, s) for s in organization.sensors.values() if not s.removed]
        names = ("covered", "expiring", "expired", "unlicensed")
        by_term = {}
        for license in organization.pool():
            term = self.codes[license.code.id]["term"]
            by_term[term] = by_term.get(term, 0) + 1
        return {
            "licenses_left": len(organization.pool()),
            "by_term": by_term,
            "sensors": {name: standings.count(name) for name in names},
            "keys": keys,
            "today": today(organization.zone, self.now).isoformat(),
        }

    def standing(self, organization: Organization, sensor: Sensor) -> str:
        if sensor.active is not None:
            days = (sensor.chain.expires_on - today(organization.zone, self.now)).days
            return "expiring" if days <= EXPIRING else "covered"
        return "unlicensed" if sensor.chain is None else "expired"

    def sensors(self, number: int) -> dict:
        organization = self.organizations[number]
        rows = {}
        for sensor in organization.sensors.values():
            if not sensor.removed:
                rows[sensor.id] = self.row(organization, sensor)
        return rows

    def row(self, organization: Organization, sensor: Sensor) -> dict:
        chain, active, shown = sensor.chain, sensor.active, None
        if chain is not None:
            shown = active or chain.last
        row = {
            "serial": sensor.serial,
            "standing": self.standing(organization, sensor),
            "auto_renewal": sensor.auto_renewal,
            "key": shown and shown.code.id,
            "activation_date": shown and shown.activated.isoformat(),
            "expires_on": shown and shown.expires_on.isoformat(),
            "expires_at": shown and shown.ends,
            "days_remaining": shown and (shown.expires_on - today(organization.zone, self.now)).days,
            "covered_until_on": chain and chain.expires_on.isoformat(),
            "covered_until": chain and chain.ends,
            "license": active and name_of(active),
            "queued": [
                {
                    "license": name_of(license),
                    "key": license.code.id,
                    "term": self.codes[license.code.id]["term"],
                    "activation_date": license.activated.isoformat(),
                    "expires_on": license.expires_on.isoformat(),
                }
                for license in sensor.queue
            ],
        }
        return row

    def at_the_gate(self, number: int, serial: str) -> list:
        """How a serial number stands for those who may know its organization, and until when it is covered."""
        holder = self.holder(serial)
        if holder is None or holder[0] != number:
            return ["unknown", None]
        sensor = holder[1]
        if sensor.chain is None:
            return ["unlicensed", None]
        return ["covered" if sensor.active is not None else "expired", sensor.chain.ends]

    def licenses(self, number: int, name: str) -> list:
        """All licenses that cover, covered or will cover a sensor, in the order of time.

        One that was revoked at the very instant at which it began covered nothing.
        """
        return [
            [name_of(one), state_of(one), one.activated.isoformat(), one.expires_on.isoformat(), one.starts, one.ends]
            for chain in self.organizations[number].sensors[name].chains
            for one in chain.licenses
            if one.starts < one.ends
        ]

    def removed(self, number: int) -> dict:
        rows = {}
        for sensor in self.organizations[number].sensors.values():
            if sensor.removed:
                rest = next(iter(sensor.in_state("released")), None)
                rows[sensor.id] = {
                    "serial": sensor.serial,
                    "released": rest and [name_of(rest), rest.code.id, rest.expires_on.isoformat(), rest.ends],
                }
        return rows

    def at_ends(self, number: int) -> dict:
        """R12 to R14 played forward: what becomes of each sensor at the end of its chain, if nobody does anything."""
        organization = self.organizations[number]
        sensors = [s for s in organization.sensors.values() if not s.removed and s.chain is not None]
        return what_happens(organization, sensors) if sensors else {}

    def history(self, number: int) -> dict:
        """What the audit trail tells."""
        organization = self.organizations[number]
        states = {}
        for code in organization.codes.values():
            for license in code.licenses:
                states[state_of(license)] = states.get(state_of(license), 0) + 1
        return {"endings": sorted(organization.endings), "renewals": sorted(organization.renewals), "states": states}
