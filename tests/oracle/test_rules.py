"""Each rule by examples worked out by hand from its text: python3 -m unittest, in this folder."""

import copy
import io
import json
import os
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from datetime import date, datetime, timedelta, timezone

import compare
import generate
from notices import Service, due_notice, notice_day, what_happens
from rules import (
    DAY, HOUR, SECOND, Readings, ScriptError, Term, add_months, add_term, eight_o_clock,
    first_instant, interval_end, start_of_day, wall,
)

WARSAW = "Europe/Warsaw"


def utc(year, month, day, hour=0, minute=0, second=0):
    """Microseconds since 1970 of an instant in UTC."""
    at = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    return int(at.timestamp()) * SECOND


class Story:
    """Commands in Warsaw, which is UTC+1 in winter and UTC+2 in summer."""

    def __init__(self, zone=WARSAW, at=utc(2026, 1, 1), readings=Readings()):
        self.at = at
        self.service = Service({"at": at, "do": "organization", "zone": zone}, readings)
        self.organization = self.service.organization

    def go(self, *moment):
        self.at = moment[0] if len(moment) == 1 else utc(*moment)
        return self

    def do(self, do, **rest):
        ok = self.service.do({"at": self.at, "do": do} | rest)
        self.organization.check_ledger()
        return ok

    def redeem(self, code, licenses, term):
        assert self.do("redeem", code=code, licenses=licenses, term=term)
        return self

    def add(self, sensor, key=None, auto_renewal=True, serial=None):
        serial = serial or f"282c02{int(sensor[1:]):06x}"
        return self.do("add", sensor=sensor, serial=serial, key=key, auto_renewal=auto_renewal)

    def assign(self, sensor, key=None):
        return self.do("assign", sensor=sensor, key=key)

    def take_back(self, sensor, which):
        return self.do("take_back", sensor=sensor, which=which)

    def look(self):
        """The mails of one look at the clock."""
        before = len(self.service.mails)
        self.do("look")
        return self.service.mails[before:]

    def tick(self, user="u1", language="en", ticked=True):
        self.do("recipient", user=user, language=language, ticked=ticked)
        return self

    def settle(self):
        self.organization.settle(self.at)
        return self

    def sensor(self, id):
        return self.organization.sensors[id]

    def states(self, id):
        return [row[0] for row in self.organization.ledger(id)]

    def days(self, id):
        return [row[3] for row in self.organization.ledger(id)]

    def left(self):
        return len(self.organization.pool())


class Time(unittest.TestCase):
    def test_terms(self):
        self.assertEqual(Term.parse("P2Y"), Term(24, 0))
        self.assertEqual(Term.parse("P1Y6M2W3D"), Term(18, 17))
        for text in ("P", "PT1H", "P0D", "2Y", "P1D1M", ""):
            with self.assertRaises(ScriptError):
                Term.parse(text)

    def test_months_are_clamped(self):
        self.assertEqual(add_months(date(2026, 1, 31), 1), date(2026, 2, 28))
        self.assertEqual(add_months(date(2024, 2, 29), 12), date(2025, 2, 28))
        self.assertEqual(add_months(date(2024, 2, 29), 48), date(2028, 2, 29))
        self.assertEqual(add_months(date(2026, 3, 31), -1), date(2026, 2, 28))
        self.assertEqual(add_months(date(2026, 1, 15), -1), date(2025, 12, 15))

    def test_months_come_before_days(self):
        self.assertEqual(add_term(date(2026, 1, 31), Term(1, 1)), date(2026, 3, 1))

    def test_first_instants(self):
        self.assertEqual(start_of_day(WARSAW, date(2026, 1, 2)), utc(2026, 1, 1, 23))
        self.assertEqual(start_of_day(WARSAW, date(2026, 7, 2)), utc(2026, 7, 1, 22))
        # Cairo skips the hour from midnight on 24 April 2026, Santiago that of 6 September 2026.
        self.assertEqual(start_of_day("Africa/Cairo", date(2026, 4, 24)), utc(2026, 4, 23, 22))
        self.assertEqual(start_of_day("America/Santiago", date(2026, 9, 6)), utc(2026, 9, 6, 4))
        # Havana has midnight to one o'clock twice on 1 November 2026; the first counts.
        self.assertEqual(start_of_day("America/Havana", date(2026, 11, 1)), utc(2026, 11, 1, 4))
        # Apia had no 30 December 2011.
        self.assertEqual(start_of_day("Pacific/Apia", date(2011, 12, 30)), utc(2011, 12, 30, 10))
        self.assertEqual(start_of_day("Pacific/Apia", date(2011, 12, 31)), utc(2011, 12, 30, 10))
        self.assertEqual(eight_o_clock("Pacific/Apia", date(2011, 12, 30)), utc(2011, 12, 30, 10))
        # Saint John's turned 00:01 of 7 November 2010 into 23:01 of the day before.
        self.assertEqual(start_of_day("America/St_Johns", date(2010, 11, 7)), utc(2010, 11, 7, 2, 30))

    def test_first_instants_against_a_search_by_the_second(self):
        for zone, day in (
            ("America/Havana", date(2026, 3, 8)), ("Australia/Lord_Howe", date(2026, 10, 4)),
            ("America/St_Johns", date(2010, 11, 7)), ("Pacific/Apia", date(2011, 12, 30)),
        ):
            for hour in (0, 2, 8):
                target = datetime(day.year, day.month, day.day, hour)
                at = utc(day.year, day.month, day.day, hour) - 15 * HOUR
                while wall(zone, at) < target:
                    at += SECOND
                self.assertEqual(first_instant(zone, target), at, (zone, hour))

    def test_a_license_is_never_empty(self):
        # The only day of a P1D that begins on the 29th in Apia would be the one that never was.
        starts = start_of_day("Pacific/Apia", date(2011, 12, 30))
        end = interval_end("Pacific/Apia", date(2011, 12, 28), Term(0, 2), starts)
        self.assertEqual(end, (date(2011, 12, 31), utc(2011, 12, 31, 10)))


class R3Once(unittest.TestCase):
    def test_redeemed_again_changes_nothing(self):
        s = Story().redeem("c1", 2, "P1M")
        s.add("s1")
        s.go(2026, 1, 2).redeem("c1", 2, "P1M")
        self.assertEqual(s.left(), 1)
        self.assertEqual(s.organization.codes["c1"].redeemed, utc(2026, 1, 1))


class R5Revocation(unittest.TestCase):
    def story(self):
        s = Story().redeem("c1", 3, "P1M").go(utc(2026, 1, 1) + 1).redeem("c2", 3, "P1M")
        s.go(2026, 1, 10, 12).add("s1", "c2")
        s.assign("s1", "c1"), s.assign("s1", "c2"), s.assign("s1", "c1")
        return s

    def test_queued_ones_go_and_the_queue_moves_up(self):
        s = self.story()
        self.assertEqual(s.days("s1"), ["2026-02-10", "2026-03-10", "2026-04-10", "2026-05-10"])
        s.go(2026, 1, 20)
        self.assertTrue(s.do("revoke", code="c1", end_active=True))
        self.assertEqual(s.states("s1"), ["active", "queued"])
        self.assertEqual(s.days("s1"), ["2026-02-10", "2026-03-10"])
        self.assertEqual(s.left(), 1)
        self.assertFalse(s.do("revoke", code="c9", end_active=False))

    def test_the_active_one_stays_unless_it_is_ended(self):
        s = self.story().go(2026, 1, 20, 12)
        s.do("revoke", code="c2", end_active=False)
        self.assertEqual(s.states("s1"), ["active", "queued", "queued"])
        self.assertEqual(s.days("s1"), ["2026-02-10", "2026-03-10", "2026-04-10"])

    def test_a_cut_starts_a_new_chain(self):
        s = self.story().go(2026, 1, 20, 12)
        s.do("revoke", code="c2", end_active=True)
        cut, active, queued = s.organization.ledger("s1")
        self.assertEqual(cut, ["ended", utc(2026, 1, 10, 12), s.at, "2026-01-20"])
        self.assertEqual(active, ["active", s.at, utc(2026, 2, 20, 23), "2026-02-20"])
        self.assertEqual(queued[3], "2026-03-20")
        self.assertEqual(s.left(), 1)

    def test_a_cut_is_a_chain_end_where_auto_renewal_renews(self):
        s = Story().redeem("c1", 2, "P1Y").go(2026, 1, 2).redeem("c2", 1, "P1M")
        s.add("s2", "c1"), s.go(2026, 1, 3).add("s1", "c1")
        s.go(2026, 1, 5, 12).do("revoke", code="c1", end_active=True)
        self.assertEqual(s.states("s2"), ["ended", "active"])  # added first
        self.assertEqual(s.days("s2"), ["2026-01-05", "2026-02-05"])
        self.assertEqual(s.states("s1"), ["ended"])

    def test_the_other_reading_keeps_the_day(self):
        s = Story(readings=Readings(cut_expires="kept")).redeem("c1", 1, "P1Y")
        s.add("s1"), s.go(2026, 1, 5).do("revoke", code="c1", end_active=True)
        self.assertEqual(s.days("s1"), ["2027-01-01"])


class R6Calendar(unittest.TestCase):
    def test_the_last_day_is_whole(self):
        s = Story().redeem("c1", 1, "P1M").go(2026, 1, 9, 23)  # 00:00 on the 10th
        s.add("s1")
        row = ["active", utc(2026, 1, 9, 23), utc(2026, 2, 10, 23), "2026-02-10"]
        self.assertEqual(s.organization.ledger("s1"), [row])
        s.go(utc(2026, 2, 10, 23) - 1).settle()
        self.assertEqual(s.states("s1"), ["active"])
        s.go(utc(2026, 2, 10, 23)).settle()
        self.assertEqual(s.states("s1"), ["ended"])

    def test_a_microsecond_before_midnight_is_the_day_before(self):
        s = Story().redeem("c1", 1, "P1M").go(utc(2026, 1, 9, 23) - 1)
        s.add("s1")
        self.assertEqual(s.days("s1"), ["2026-02-09"])


class R7Chain(unittest.TestCase):
    def test_twelve_months_end_with_the_year(self):
        s = Story().redeem("c1", 13, "P1M").redeem("c2", 1, "P1Y").go(2026, 1, 31, 12)
        s.add("s1", "c1"), s.add("s2", "c2")
        for _ in range(11):
            s.assign("s1", "c1")
        self.assertEqual(s.days("s1")[:3], ["2026-02-28", "2026-03-31", "2026-04-30"])
        self.assertEqual(s.days("s1")[-1], s.days("s2")[-1])
        rows = s.organization.ledger("s1")
        for one, next_one in zip(rows, rows[1:]):
            self.assertEqual(one[2], next_one[1])

    def test_months_of_all_before_days_of_all(self):
        s = Story().redeem("c1", 1, "P3D").redeem("c2", 1, "P1M").go(2026, 1, 30, 12)
        s.add("s1", "c1"), s.assign("s1", "c2")
        self.assertEqual(s.days("s1"), ["2026-02-02", "2026-03-03"])  # 28 February + 3 days

    def test_a_chain_that_is_continued_when_it_ends_keeps_its_anchor(self):
        for late, day in ((0, "2026-03-31"), (1, "2026-04-01")):
            s = Story().redeem("c1", 2, "P1M").go(2026, 1, 31, 12)
            s.add("s1", auto_renewal=False)
            s.go(utc(2026, 2, 28, 23) + late).assign("s1")
            self.assertEqual(s.days("s1"), ["2026-02-28", day])
            self.assertEqual(len(s.sensor("s1").chains), 1 + late)


class R8Fixed(unittest.TestCase):
    def test_a_changed_zone_moves_nothing_that_was_promised(self):
        s = Story().redeem("c1", 3, "P1M").go(2026, 1, 10, 12)
        s.add("s1"), s.assign("s1")
        before = s.organization.ledger("s1")
        s.do("zone", zone="Pacific/Honolulu")
        self.assertEqual(s.organization.ledger("s1"), before)
        s.assign("s1")
        self.assertEqual(s.organization.ledger("s1")[:2], before)
        self.assertEqual(s.organization.ledger("s1")[2],
                         ["queued", utc(2026, 3, 10, 23), utc(2026, 4, 11, 10), "2026-04-10"])

    def test_a_changed_zone_leaves_no_license_empty(self):
        # In Honolulu the 10th begins 24 hours later than in Kiritimati.
        s = Story("Pacific/Honolulu").redeem("c1", 3, "P1D").go(2026, 1, 10, 20)
        s.add("s1")  # the 10th; ends with the 11th, at 10:00 UTC of the 12th
        s.do("zone", zone="Pacific/Kiritimati")
        s.assign("s1")  # would end with the 12th, at 10:00 UTC of the 12th
        self.assertEqual(s.organization.ledger("s1")[1],
                         ["queued", utc(2026, 1, 12, 10), utc(2026, 1, 13, 10), "2026-01-13"])
        s.assign("s1")  # back on its anchor: 13; which is empty again
        self.assertEqual(s.days("s1")[2], "2026-01-14")


class R11ToR16Assigning(unittest.TestCase):
    def test_r11_uncovered_now_covered_behind(self):
        s = Story().redeem("c1", 3, "P1M")
        s.add("s1", auto_renewal=False)
        s.go(2026, 3, 1, 12).assign("s1")
        s.assign("s1")
        self.assertEqual(s.states("s1"), ["ended", "active", "queued"])
        self.assertEqual(s.days("s1"), ["2026-02-01", "2026-04-01", "2026-05-01"])
        self.assertFalse(s.assign("s1"))

    def test_r12_the_queue_goes_before_the_pool(self):
        s = Story().redeem("c1", 3, "P1M")
        s.add("s1"), s.assign("s1")
        s.go(2026, 2, 15).settle()
        self.assertEqual((s.states("s1"), s.left()), (["ended", "active"], 1))
        s.go(2026, 3, 15).settle()
        self.assertEqual((s.states("s1"), s.left()), (["ended", "ended", "active"], 0))
        self.assertEqual(len(s.sensor("s1").chains), 1)

    def test_r12_off_it_expires_and_switched_on_it_renews_at_once(self):
        s = Story().redeem("c1", 2, "P1M")
        s.add("s1", auto_renewal=False)
        s.go(2026, 3, 1, 12).settle()
        self.assertEqual((s.states("s1"), s.left()), (["ended"], 1))
        self.assertTrue(s.do("auto_renewal", sensor="s1", on=True))
        self.assertEqual(s.organization.ledger("s1")[1],
                         ["active", s.at, utc(2026, 4, 1, 22), "2026-04-01"])

    def test_r13_oldest_redemption_then_code_then_number(self):
        s = Story().go(2026, 1, 2).redeem("c2", 1, "P2Y").redeem("c10", 2, "P2M").go(2026, 1, 3)
        s.redeem("c0", 1, "P1D")
        order = [(one.code.id, one.number) for one in s.organization.pool()]
        self.assertEqual(order, [("c10", 1), ("c10", 2), ("c2", 1), ("c0", 1)])
        s.add("s1", "c0")
        self.assertEqual(s.days("s1"), ["2026-01-04"])
        self.assertFalse(s.assign("s1", "c0"))

    def test_r14_earliest_end_then_added_first_then_serial(self):
        s = Story().redeem("c1", 1, "P2D").redeem("c2", 3, "P1D").go(2026, 1, 1, 10)
        s.add("s1", "c1", serial="282c02000001")  # added first, ends on the 3rd
        s.go(2026, 1, 1, 11)
        s.add("s2", "c2", serial="282c02000009")  # both end on the 2nd
        s.add("s3", "c2", serial="282c02000005")
        s.go(2026, 1, 1, 12).add("s4", "c2", serial="282c02000002")
        s.go(2026, 1, 10)
        for expected in (["s3"], ["s3", "s2"], ["s3", "s2", "s4"], ["s3", "s2", "s4", "s1"]):
            s.go(s.at + 1).redeem(f"d{len(expected)}", 1, "P1Y")
            covered = [one.id for one in s.organization.sensors.values() if one.active]
            self.assertEqual(sorted(covered), sorted(expected))

    def test_r15_r16_new_licenses_start_now(self):
        s = Story().redeem("c1", 1, "P1M")
        s.add("s1")
        s.go(2026, 5, 5, 12).redeem("c2", 1, "P1M")
        self.assertEqual(s.organization.ledger("s1")[1], ["active", s.at, utc(2026, 6, 5, 22), "2026-06-05"])
        self.assertEqual(s.left(), 0)


class R17Settling(unittest.TestCase):
    def test_a_job_that_runs_late_changes_nothing(self):
        often, seldom = (Story().redeem("c1", 3, "P2W").redeem("c2", 3, "P1M") for _ in range(2))
        for s in (often, seldom):
            s.add("s1", "c1"), s.go(2026, 1, 2, 3).add("s2", "c2")
        while often.at < utc(2026, 6, 1):
            often.go(often.at + 11 * HOUR).settle()
        seldom.go(often.at).settle().settle()
        for id in ("s1", "s2"):
            self.assertEqual(often.organization.ledger(id), seldom.organization.ledger(id))

    def test_who_is_first_is_decided_by_the_instant_that_was_due(self):
        s = Story().redeem("c1", 2, "P3D").redeem("c2", 1, "P2D")
        s.add("s1", "c1"), s.add("s2", "c2")
        s.go(2026, 3, 1).settle()
        self.assertEqual(s.organization.ledger("s2")[1][1], utc(2026, 1, 3, 23))
        self.assertEqual(s.states("s1"), ["ended"])

    def test_the_zone_of_the_instant_that_was_due(self):
        s = Story().redeem("c1", 2, "P1M")
        s.add("s1")
        s.go(2026, 2, 10).do("zone", zone="UTC")
        self.assertEqual(s.organization.ledger("s1")[1][2], utc(2026, 3, 1, 23))

    def test_the_past_is_refused(self):
        with self.assertRaises(ScriptError):
            Story().go(2025, 1, 1).do("look")


class R19TakingBack(unittest.TestCase):
    def test_a_queued_one(self):
        s = Story().redeem("c1", 2, "P1M")
        s.add("s1"), s.assign("s1")
        self.assertTrue(s.take_back("s1", "last_queued"))
        self.assertFalse(s.take_back("s1", "last_queued"))
        self.assertEqual((s.states("s1"), s.left()), (["active"], 1))

    def test_an_active_one_until_something_was_saved(self):
        s = Story().redeem("c1", 1, "P1M")
        s.add("s1")
        self.assertTrue(s.take_back("s1", "active"))
        self.assertEqual((s.states("s1"), s.left()), ([], 1))  # never expired, so it does not wait
        self.assertFalse(s.do("saved", sensor="s1"))
        s.assign("s1")
        self.assertTrue(s.do("saved", sensor="s1"))
        self.assertFalse(s.take_back("s1", "active"))

    def test_the_next_one_starts_now(self):
        s = Story().redeem("c1", 3, "P1M").go(2026, 1, 10, 12)
        s.add("s1"), s.assign("s1"), s.assign("s1")
        s.go(2026, 1, 20, 12).take_back("s1", "active")
        self.assertEqual(s.states("s1"), ["active", "queued"])
        self.assertEqual(s.days("s1"), ["2026-02-20", "2026-03-20"])
        self.assertEqual(s.organization.ledger("s1")[0][1], s.at)

    def test_the_next_one_continues_what_ended_at_this_instant(self):
        s = Story().redeem("c1", 3, "P1M").go(2026, 1, 31, 12)
        s.add("s1"), s.assign("s1"), s.assign("s1")
        s.go(2026, 2, 28, 23).take_back("s1", "active")
        self.assertEqual(s.days("s1"), ["2026-02-28", "2026-03-31"])

    def test_one_who_lapsed_takes_the_pools_next_at_once(self):
        s = Story().redeem("c1", 1, "P1M")
        s.add("s1")
        s.go(2026, 3, 1, 12).redeem("c2", 1, "P1Y")
        s.go(2026, 3, 5, 12).take_back("s1", "active")
        self.assertEqual(s.days("s1"), ["2026-02-01", "2027-03-05"])
        s.do("auto_renewal", sensor="s1", on=False), s.take_back("s1", "active")
        self.assertEqual((s.days("s1"), s.left()), (["2026-02-01"], 1))

    def test_it_goes_to_who_waits(self):
        s = Story().redeem("c1", 3, "P1D")
        s.add("s1"), s.add("s2"), s.assign("s2")
        s.go(2026, 1, 2, 23).settle()
        self.assertEqual(s.states("s1"), ["ended"])
        s.go(2026, 1, 3, 1).take_back("s2", "active")
        # s2's cover ended at 23:00, s1's too; s1 comes first by its serial.
        self.assertEqual(s.states("s1"), ["ended", "active"])
        self.assertEqual(s.states("s2"), ["ended"])

    def test_of_a_revoked_code_it_becomes_revoked(self):
        s = Story().redeem("c1", 1, "P1M")
        s.add("s1"), s.do("revoke", code="c1", end_active=False)
        self.assertTrue(s.take_back("s1", "active"))
        self.assertEqual((s.left(), s.organization.codes["c1"].licenses[0].state), (0, "revoked"))


class R20ToR22Sensors(unittest.TestCase):
    def test_r20_replacing_moves_no_date(self):
        s = Story().redeem("c1", 3, "P1M")
        s.add("s1", serial="282c02000001"), s.assign("s1")
        before = s.organization.ledger("s1")
        self.assertFalse(s.do("replace", sensor="s1", serial="282c02000001"))
        self.assertTrue(s.do("replace", sensor="s1", serial="282c02000002"))
        self.assertEqual(s.organization.ledger("s1"), before)
        self.assertFalse(s.add("s2", serial="282c02000002"))
        self.assertTrue(s.add("s3", serial="282c02000001"))

    def test_r21_removed_and_brought_back_with_the_rest(self):
        s = Story().redeem("c1", 3, "P1M")
        s.add("s1", auto_renewal=False), s.assign("s1")
        s.go(2026, 1, 10)
        self.assertTrue(s.do("remove", sensor="s1"))
        self.assertEqual((s.states("s1"), s.left()), (["released"], 2))
        self.assertFalse(s.assign("s1") or s.do("remove", sensor="s1"))
        s.go(2026, 1, 20)
        self.assertTrue(s.do("bring_back", sensor="s1"))
        self.assertEqual(s.organization.ledger("s1"), [["active", utc(2026, 1, 1), utc(2026, 2, 1, 23), "2026-02-01"]])
        self.assertTrue(s.sensor("s1").auto_renewal)
        self.assertFalse(s.do("bring_back", sensor="s1"))
        s.assign("s1")
        self.assertEqual(s.days("s1"), ["2026-02-01", "2026-03-01"])

    def test_r21_too_late_it_takes_one_as_a_new_sensor(self):
        s = Story().redeem("c1", 1, "P1M")
        s.add("s1"), s.do("remove", sensor="s1")
        s.go(2026, 2, 1, 23)
        self.assertFalse(s.do("bring_back", sensor="s1"))
        self.assertEqual(s.states("s1"), ["ended"])
        s.redeem("c2", 1, "P1M")
        self.assertEqual(s.left(), 1)  # a removed sensor does not wait
        self.assertTrue(s.do("bring_back", sensor="s1"))
        self.assertEqual(s.states("s1"), ["ended", "active"])

    def test_r21_the_queue_goes_to_who_waits(self):
        s = Story().redeem("c1", 1, "P1M").redeem("c2", 2, "P1Y")
        s.add("s1", "c1"), s.add("s2", "c2"), s.assign("s2")
        s.go(2026, 2, 5, 12).settle()
        self.assertEqual((s.states("s1"), s.states("s2")), (["ended"], ["active", "queued"]))
        s.do("remove", sensor="s2")
        self.assertEqual((s.states("s1"), s.states("s2")), (["ended", "active"], ["released"]))
        self.assertEqual(s.days("s1")[1], "2027-02-05")

    def test_r14_a_sensor_that_comes_back_keeps_its_place(self):
        s = Story().redeem("c1", 2, "P1M")
        s.add("s1"), s.go(2026, 1, 1, 1).add("s2")
        s.go(2026, 1, 2).do("remove", sensor="s1")
        s.go(2026, 1, 3).do("bring_back", sensor="s1")
        s.go(2026, 3, 1).redeem("c2", 1, "P1M")
        self.assertEqual((s.states("s1"), s.states("s2")), (["ended", "active"], ["ended"]))

    def test_r22_without_a_license_it_is_refused(self):
        s = Story()
        self.assertFalse(s.add("s1"))
        s.redeem("c1", 2, "P1M")
        self.assertTrue(s.add("s1"))
        self.assertFalse(s.add("s2", "c9"))
        self.assertFalse(s.add("s2", serial="282c02000001"))


class R29When(unittest.TestCase):
    def story(self, term="P2M", **rest):
        """s1 from 15 January 12:00 UTC."""
        s = Story().tick().redeem("c1", 1, term).go(2026, 1, 15, 12)
        s.add("s1", **rest)
        return s

    def test_one_month_before_from_eight_o_clock(self):
        s = self.story()  # until 15 March
        self.assertEqual(s.go(utc(2026, 2, 15, 7) - 1).look(), [])
        mails = s.go(2026, 2, 15, 7).look()
        row = {"sensor": "s1", "expires_on": "2026-03-15", "over": False, "at_end": "no_license"}
        self.assertEqual(mails, [{"user": "u1", "language": "en", "kind": "month_before",
                                  "day": "2026-02-15", "at": s.at, "sensors": [row]}])
        self.assertEqual(s.go(s.at + DAY).look(), [])  # R31

    def test_on_the_day_from_eight_o_clock(self):
        s = self.story()
        s.go(2026, 3, 1).look()
        self.assertEqual(s.go(utc(2026, 3, 15, 7) - 1).look(), [])
        (mail,) = s.go(2026, 3, 15, 7).look()
        self.assertEqual((mail["kind"], mail["day"]), ("expiration_day", "2026-03-15"))
        self.assertFalse(mail["sensors"][0]["over"])

    def test_a_term_too_short_skips_the_month(self):
        s = self.story("P1M")  # 15 February: a month before is 15 January 08:00, four hours too early
        self.assertEqual(s.go(2026, 1, 20, 12).look(), [])
        early = Story().tick().redeem("c1", 1, "P1M").go(2026, 1, 15, 7)
        early.add("s1")  # at 08:00 local
        self.assertEqual(early.look()[0]["kind"], "month_before")

    def test_a_license_that_moves_up_was_assigned_before(self):
        s = self.story("P1M").redeem("c2", 1, "P1M")
        s.assign("s1")
        s.go(2026, 2, 5, 12).do("auto_renewal", sensor="s1", on=False)
        s.take_back("s1", "active")  # now until 5 March; a month before is today, 08:00
        self.assertEqual(s.look()[0]["sensors"][0]["expires_on"], "2026-03-05")

    def test_over_from_the_end_on(self):
        for early, over in ((1, False), (0, True)):
            s = self.story("P1M")
            (mail,) = s.go(utc(2026, 2, 15, 23) - early).look()
            self.assertEqual(mail["sensors"][0]["over"], over)

    def test_a_late_server_tells_what_is_still_true(self):
        s = self.story()
        s.go(2026, 2, 10).do("down")
        s.go(2026, 3, 20).do("up")
        (mail,) = s.look()  # the month before is not true any more
        self.assertEqual((mail["kind"], mail["day"]), ("expiration_day", "2026-03-19"))
        self.assertTrue(mail["sensors"][0]["over"])
        self.assertEqual(s.go(2026, 3, 21).look(), [])

    def test_nothing_where_the_queue_goes_on_and_again_when_the_end_changes(self):
        s = self.story("P2M")
        s.go(2026, 2, 20).look()
        s.redeem("c2", 1, "P1Y").assign("s1")
        self.assertEqual(s.go(2026, 3, 15, 12).look(), [])
        (mail,) = s.go(2027, 2, 20).look()  # the chain ends on 15 March 2027
        self.assertEqual(mail["sensors"][0]["expires_on"], "2027-03-15")

    def test_eight_o_clock_that_does_not_exist(self):
        # Apia skipped 30 December 2011.
        s = Story("Pacific/Apia", utc(2011, 12, 1)).tick().redeem("c1", 1, "P2D")
        s.go(2011, 12, 29)
        s.add("s1", auto_renewal=False)  # 28 December, so until the 30th, which ends as it begins
        self.assertEqual(s.organization.ledger("s1")[0][2:], [utc(2011, 12, 30, 10), "2011-12-30"])
        self.assertEqual(s.go(utc(2011, 12, 30, 10) - 1).look(), [])
        self.assertEqual(s.go(2011, 12, 30, 10).look()[0]["day"], "2011-12-30")

    def test_the_zone_of_the_look(self):
        s = self.story()
        s.do("zone", zone="America/New_York")  # 08:00 is 13:00 UTC
        self.assertEqual(s.go(utc(2026, 2, 15, 13) - 1).look(), [])
        self.assertEqual(len(s.go(2026, 2, 15, 13).look()), 1)

    def test_removed_ones_and_those_without_a_chain_are_silent(self):
        s = self.story()
        s.do("remove", sensor="s1")
        self.assertEqual(s.go(2026, 3, 1).look(), [])
        s.do("bring_back", sensor="s1")  # after the month's instant
        self.assertEqual(s.look(), [])
        s.take_back("s1", "active")
        self.assertEqual(s.go(2026, 3, 15, 12).look(), [])


class R30R31Mails(unittest.TestCase):
    def test_r30_to_those_ticked_at_that_instant(self):
        s = Story().redeem("c1", 1, "P2M").tick("u1", "en").tick("u2", "de", False).tick("u3", "pl")
        s.add("s1")
        s.go(2026, 2, 1, 12).tick("u3", "pl", False)
        self.assertEqual([(m["user"], m["language"]) for m in s.look()], [("u1", "en")])
        s.tick("u3", "pl")
        self.assertEqual(s.look(), [])

    def test_r30_told_also_when_nobody_is_ticked(self):
        s = Story().redeem("c1", 1, "P2M")
        s.add("s1")
        self.assertEqual(s.go(2026, 2, 1, 12).look(), [])
        self.assertEqual(s.tick().look(), [])

    def test_r31_one_of_a_kind_for_a_day(self):
        s = Story().tick().redeem("c1", 3, "P2M").go(2026, 1, 1, 12)
        s.add("s1", auto_renewal=False)
        self.assertEqual(len(s.go(2026, 2, 1, 7).look()), 1)  # 08:00
        s.add("s2", auto_renewal=False), s.assign("s2")
        s.do("remove", sensor="s1"), s.take_back("s2", "last_queued")
        s.go(2026, 3, 1, 7)
        self.assertEqual(s.look()[0]["sensors"][0]["sensor"], "s2")
        s.do("bring_back", sensor="s1", auto_renewal=False)  # until today
        self.assertEqual(s.look()[0]["kind"], "expiration_day")

    def test_r31_a_second_one_waits_for_the_next_eight_o_clock(self):
        s = Story().tick().redeem("c1", 2, "P1M").go(2026, 1, 10, 12)
        s.add("s1", auto_renewal=False), s.add("s2", auto_renewal=False), s.do("remove", sensor="s2")
        self.assertEqual(len(s.go(2026, 2, 10, 9).look()), 1)
        s.do("bring_back", sensor="s2", auto_renewal=False)
        self.assertEqual(s.go(utc(2026, 2, 11, 7) - 1).look(), [])
        (mail,) = s.go(2026, 2, 11, 7).look()
        self.assertEqual((mail["day"], mail["sensors"][0]["over"]), ("2026-02-11", True))

    def test_the_day_changes_at_eight(self):
        self.assertEqual(notice_day(WARSAW, utc(2026, 1, 15, 7) - 1), date(2026, 1, 14))
        self.assertEqual(notice_day(WARSAW, utc(2026, 1, 15, 7)), date(2026, 1, 15))


class R32WhatItSays(unittest.TestCase):
    def ends(self, mail):
        return {row["sensor"]: row["at_end"] for row in mail["sensors"]}

    def test_r32_in_the_order_in_which_they_take(self):
        s = Story().tick().redeem("c1", 4, "P2M").redeem("c2", 1, "P1Y")
        for id, on in (("s1", True), ("s2", False), ("s3", True), ("s4", True)):
            s.go(s.at + 1).add(id, "c1", auto_renewal=on)
        (mail,) = s.go(2026, 2, 1, 7).look()
        self.assertEqual([row["sensor"] for row in mail["sensors"]], ["s1", "s2", "s3", "s4"])
        self.assertEqual(self.ends(mail), {"s1": "renews", "s2": "stops", "s3": "no_license", "s4": "no_license"})

    def test_r32_the_earliest_end_stands_first(self):
        s = Story().tick().redeem("c1", 1, "P2W").redeem("c2", 1, "P1W")
        s.add("s1", "c1", auto_renewal=False), s.add("s2", "c2", auto_renewal=False)
        (mail,) = s.go(2026, 2, 1, 7).look()
        self.assertEqual([row["sensor"] for row in mail["sensors"]], ["s2", "s1"])

    def test_r32_others_may_take_it_before(self):
        s = Story().tick().redeem("c1", 1, "P2M").redeem("c2", 3, "P2W")
        s.add("s1", "c1")  # until 1 March
        s.go(2026, 2, 1, 6).add("s2", "c2")  # until 15 February, and again until 1 March
        mails = s.go(2026, 2, 1, 7).look()
        # Both end on 1 March then, and s1 was added first.
        self.assertEqual([self.ends(mail) for mail in mails], [{"s1": "renews"}])
        s = Story().tick().redeem("c1", 1, "P2M").redeem("c2", 3, "P1W")
        s.add("s1", "c1"), s.go(2026, 2, 1, 6).add("s2", "c2")
        self.assertEqual([self.ends(mail) for mail in s.go(2026, 2, 1, 7).look()], [{"s1": "no_license"}])

    def test_r32_of_those_that_are_over(self):
        s = Story().tick().redeem("c1", 2, "P2W")
        s.add("s1"), s.add("s2", auto_renewal=False)
        (mail,) = s.go(2026, 2, 1).look()
        self.assertEqual(self.ends(mail), {"s1": "no_license", "s2": "stops"})


class Scripts(unittest.TestCase):
    def script(self, seed, sensors=25, years=1.5, zone=WARSAW):
        arguments = [str(seed), "--sensors", str(sensors), "--years", str(years), "--zone", zone]
        out = io.StringIO()
        with redirect_stdout(out):
            self.assertEqual(generate.main(arguments), 0)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    def test_a_seed_gives_one_script(self):
        script = self.script(1)
        self.assertEqual(script, self.script(1))
        instants = [command["at"] for command in script]
        self.assertEqual(instants, sorted(instants))
        self.assertNotEqual(self.script(1), self.script(2))

    def test_r17_looks_change_no_ledger(self):
        for seed, zone in ((3, WARSAW), (4, "Africa/Cairo"), (5, "Pacific/Auckland")):
            script = self.script(seed, zone=zone)
            with_looks, without = Service(script[0]), Service(script[0])
            for command in script[1:]:
                ok = with_looks.do(command)
                if command["do"] not in ("look", "up", "down"):
                    self.assertEqual(ok, without.do(command), command)
            without.organization.settle(script[-1]["at"])
            for id in with_looks.organization.sensors:
                self.assertEqual(with_looks.organization.ledger(id), without.organization.ledger(id))

    def test_r32_is_what_then_happens(self):
        """Plays the whole organization forward instead of its chain ends."""
        told = 0
        for seed in (6, 7):
            script = self.script(seed)
            service = Service(script[0])
            for command in script[1:]:
                before = len(service.digests)
                service.do(command)
                if len(service.digests) == before:
                    continue
                o = service.organization
                zone, at = o.zone, command["at"]
                sensors = [one for one in o.sensors.values() if due_notice(zone, one, at)]
                says = what_happens(o, sensors)
                for end in sorted({one.chain.ends for one in sensors}):
                    future = copy.deepcopy(o)
                    future.settle(max(end, at))
                    for one in sensors:
                        if one.chain.ends == end:
                            on = future.sensors[one.id].active is not None
                            self.assertEqual(says[one.id] == "renews", on)
                            told += 1
        self.assertGreater(told, 100)

    def compare(self, lines):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            with open(log, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
            out = io.StringIO()
            with redirect_stdout(out), redirect_stderr(out):
                status = compare.main([log])
        return status, out.getvalue()

    def test_compare_finds_each_difference(self):
        script = self.script(8)
        service = Service(script[0])
        for command in script[1:]:
            command["ok"] = service.do(command)
        mails = [{"mail": mail} for mail in service.mails]
        ledger = [{"ledger": {id: service.organization.ledger(id)}} for id in service.organization.sensors]
        right = copy.deepcopy(script + mails + ledger)
        status, out = self.compare(right)
        self.assertEqual(status, 0, out)
        self.assertEqual(out, f"{len(mails)} mails, {len(ledger)} sensors, {len(script)} commands: no difference\n")

        def differs(change, text):
            lines = copy.deepcopy(right)
            change(lines, len(script), len(script) + len(mails))
            status, out = self.compare(lines)
            self.assertEqual(status, 1)
            self.assertIn(text, out)

        differs(lambda lines, mail, _: lines.pop(mail), "missing")
        differs(lambda lines, mail, _: lines.insert(mail, lines[mail]), "sent twice")
        differs(lambda lines, mail, _: lines[mail]["mail"].update(user="u9"), "not by the rules")
        differs(lambda lines, mail, _: lines[mail]["mail"].update(language="xx"), "language xx")
        differs(lambda lines, mail, _: lines[mail]["mail"].update(at=1), "at 1, by the rules")
        differs(lambda lines, mail, _: lines[mail]["mail"]["sensors"].pop(), "without")
        differs(lambda lines, mail, _: lines[mail]["mail"]["sensors"][0].update(at_end="x"), '"at_end": "x"')
        differs(lambda lines, _, row: lines[row]["ledger"]["s1"][0].__setitem__(2, 1), "ledger s1")
        differs(lambda lines, *_: lines[1].update(ok=False), "line 2: refused, by the rules done")

        def swap(lines, mail, _):
            rows = next(line["mail"]["sensors"] for line in lines[mail:] if len(line["mail"]["sensors"]) > 1)
            rows[0], rows[1] = rows[1], rows[0]

        differs(swap, "stands at place 1")

    def test_compare_refuses_what_makes_no_sense(self):
        self.assertEqual(self.compare([])[0], 2)
        self.assertEqual(self.compare([{"at": 1, "do": "look"}])[0], 2)
        first = {"at": 1, "do": "organization", "zone": WARSAW}
        self.assertEqual(self.compare([first, {"at": 2, "do": "up"}])[0], 2)
        self.assertEqual(self.compare([first, {"at": 2, "do": "dance"}])[0], 2)


if __name__ == "__main__":
    unittest.main()
