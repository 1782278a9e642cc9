"""The notices R29-R32, a second time, and the service that looks at its clock.

Local time is that of the organization's zone when the service looks.
"""

import heapq
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rules import (
    DAY_OF_DATE,
    EIGHT,
    Organization,
    Readings,
    ScriptError,
    Sensor,
    add_months,
    eight_o_clock,
    in_line,
    interval_end,
    wall,
)

MONTH_BEFORE = "month_before"
EXPIRATION_DAY = "expiration_day"


@lru_cache(maxsize=None)
def notice_instants(zone: str, expires_on: date) -> tuple[int, int]:
    """R29: 08:00 one calendar month before, and 08:00 on the day."""
    return eight_o_clock(zone, add_months(expires_on, -1)), eight_o_clock(zone, expires_on)


def notice_day(zone: str, at: int) -> date:
    """The day whose 08:00 was the last."""
    local = wall(zone, at)
    return local.date() - DAY_OF_DATE if local.time() < EIGHT else local.date()


def due_notice(zone: str, sensor: Sensor, at: int) -> str | None:
    """R29: what is true now of the end of the sensor's chain, whether it was told or not."""
    if sensor.removed or sensor.chain is None:
        return None
    month_before, expiration_day = notice_instants(zone, sensor.chain.expires_on)
    if at >= expiration_day:
        return EXPIRATION_DAY
    if at >= month_before and sensor.chain.last.assigned <= month_before:
        return MONTH_BEFORE
    return None


def what_happens(organization: Organization, sensors: list[Sensor]) -> dict[str, str]:
    """R32: plays R12-R15 forward to the ends of these sensors' chains, if nobody does anything.

    Nothing enters the pool by itself, so who has lapsed stays so.
    """
    answer = {}
    for sensor in sensors:
        if sensor.lapsed:
            answer[sensor.id] = "no_license" if sensor.auto_renewal else "stops"
    horizon = max(sensor.chain.ends for sensor in sensors)
    pool = iter(organization.pool())
    ends = [
        (in_line(sensor), sensor.id, sensor.chain.anchor, sensor.chain.terms)
        for sensor in organization.sensors.values()
        if not sensor.removed and sensor.active is not None and sensor.chain.ends <= horizon
    ]
    heapq.heapify(ends)
    while ends:
        (at, added, serial), id, anchor, terms = heapq.heappop(ends)
        if not organization.sensors[id].auto_renewal:
            answer.setdefault(id, "stops")
            continue
        license = next(pool, None)
        if license is None:
            answer.setdefault(id, "no_license")
            continue
        answer.setdefault(id, "renews")
        terms += license.code.term
        _, until = interval_end(organization.zone, anchor, terms, at)
        if until <= horizon:
            heapq.heappush(ends, ((until, added, serial), id, anchor, terms))
    return answer


@dataclass
class Recipient:
    language: str
    ticked: bool


class Service:
    """One organization, its recipients, and all mails so far."""

    def __init__(self, first: dict, readings: Readings = Readings()):
        if first.get("do") != "organization":
            raise ScriptError("the first command makes the organization")
        self.organization = Organization(first["zone"], first["at"], readings)
        self.recipients: dict[str, Recipient] = {}
        self.up = True
        self.told: set[tuple[str, date, str]] = set()  # R31: (sensor, expires_on, kind)
        self.digests: set[tuple[str, date]] = set()  # R31: (kind, day)
        self.mails: list[dict] = []

    def do(self, command: dict) -> bool:
        """Whether the command was done, after all that was due before it."""
        verb, at = command["do"], command["at"]
        if self.up == (verb == "up"):
            raise ScriptError(f"{verb} at {at}, when the service is {'up' if self.up else 'down'}")
        if verb in ("down", "up"):
            self.up = verb == "up"
        elif verb == "look":
            self.organization.settle(at)
            self.look(at)
        elif verb == "recipient":
            self.organization.settle(at)
            self.recipients[command["user"]] = Recipient(command["language"], command["ticked"])
        else:
            return self.organization.do(command)
        return True

    def look(self, at: int) -> None:
        zone = self.organization.zone
        day = notice_day(zone, at)
        due = {MONTH_BEFORE: [], EXPIRATION_DAY: []}
        for sensor in self.organization.sensors.values():
            kind = due_notice(zone, sensor, at)
            if kind is not None and (sensor.id, sensor.chain.expires_on, kind) not in self.told:
                due[kind].append(sensor)
        for kind, sensors in due.items():
            if sensors and (kind, day) not in self.digests:
                self.decide(kind, day, sorted(sensors, key=in_line), at)

    def decide(self, kind: str, day: date, sensors: list[Sensor], at: int) -> None:
        self.digests.add((kind, day))
        happens = what_happens(self.organization, sensors)
        told = []
        for sensor in sensors:
            self.told.add((sensor.id, sensor.chain.expires_on, kind))
            told.append(
                {
                    "sensor": sensor.id,
                    "expires_on": sensor.chain.expires_on.isoformat(),
                    "over": sensor.chain.ends <= at,
                    "at_end": happens[sensor.id],
                }
            )
        for user, recipient in self.recipients.items():
            if recipient.ticked:
                mail = {"user": user, "language": recipient.language, "kind": kind}
                self.mails.append(mail | {"day": day.isoformat(), "at": at, "sensors": told})
