"""Reads an iCalendar from standard input and prints it as JSON: its name, and its events by UID.

usage: read_calendar.py
"""

import json
import sys

from icalendar import Calendar

calendar = Calendar.from_ical(sys.stdin.buffer.read())
errors = calendar.errors + [error for event in calendar.walk("VEVENT") for error in event.errors]
assert not errors, errors
events = {
    str(event["UID"]): {
        "sequence": event["SEQUENCE"],
        "stamp": event["DTSTAMP"].dt.isoformat(),
        "modified": event["LAST-MODIFIED"].dt.isoformat(),
        "start": event["DTSTART"].dt.isoformat(),
        "end": event["DTEND"].dt.isoformat(),
        "summary": str(event["SUMMARY"]),
        "description": str(event["DESCRIPTION"]),
        "url": str(event["URL"]),
        "transparent": str(event["TRANSP"]) == "TRANSPARENT",
        "alarms": len(event.subcomponents),
    }
    for event in calendar.walk("VEVENT")
}
assert len(events) == len(calendar.walk("VEVENT")), "two events with one UID"
every = calendar["REFRESH-INTERVAL"].dt
print(json.dumps({
    "name": str(calendar["NAME"]),
    "shown_name": str(calendar["X-WR-CALNAME"]),
    "every_seconds": every.total_seconds(),
    "events": events,
}))
