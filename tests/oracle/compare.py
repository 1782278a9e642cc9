"""Compares what the service did with what the rules say: compare.py [--reading NAME=CHOICE] LOG

The log is a file of JSON lines: the commands in the order in which they happened, each with "at",
"do" and, where it is known, its outcome "ok"; then {"mail": …} for each mail that was delivered
and, optionally, {"ledger": {sensor: [[state, starts, ends, expires_on], …]}} as it is after the
last command. Exit status 0: no difference; 1: differences; 2: the log makes no sense.
"""

import argparse
import json
import sys

from notices import Service
from rules import Readings, ScriptError

SHOWN = 20


def read(lines):
    """Commands, mails and ledger of a log."""
    commands, mails, ledger = [], [], {}
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except ValueError as error:
            raise ScriptError(f"line {number}: {error}") from error
        if "mail" in line:
            mails.append(line["mail"])
        elif "ledger" in line:
            ledger.update(line["ledger"])
        elif "do" in line and "at" in line:
            if mails or ledger:
                raise ScriptError(f"line {number}: a command behind the mails")
            commands.append((number, line))
        else:
            raise ScriptError(f"line {number}: neither a command nor a mail nor a ledger")
    if not commands:
        raise ScriptError("no command")
    return commands, mails, ledger


def replay(commands, readings, differences):
    """The model after all commands; notes each outcome that differs."""
    service = Service(commands[0][1], readings)
    for number, command in commands[1:]:
        try:
            ok = service.do(command)
        except (AttributeError, KeyError, ScriptError) as error:
            raise ScriptError(f"line {number}: {error!r}: {json.dumps(command)}") from error
        if "ok" in command and command["ok"] != ok:
            said = {True: "done", False: "refused"}
            differences.append(
                f"line {number}: {said[command['ok']]}, by the rules {said[ok]}: {json.dumps(command)}"
            )
    return service


def title(mail):
    return f"{mail.get('user')} {mail.get('kind')} {mail.get('day')}"


def compare_mails(mails, expected, differences):
    """R31 allows one mail for each user, kind and day, so these name it."""
    by_title = {}
    for mail in mails:
        if title(mail) in by_title:
            differences.append(f"mail {title(mail)} at {mail.get('at')}: sent twice")
        by_title[title(mail)] = mail
    for right in expected:
        mail = by_title.pop(title(right), None)
        if mail is None:
            sensors = ", ".join(one["sensor"] for one in right["sensors"][:5])
            differences.append(
                f"mail {title(right)} at {right['at']}: missing; {len(right['sensors'])} sensors: {sensors}"
            )
            continue
        for name in ("language", "at"):
            if mail.get(name) != right[name]:
                differences.append(
                    f"mail {title(right)}: {name} {mail.get(name)}, by the rules {right[name]}"
                )
        compare_rows(title(right), mail.get("sensors", []), right["sensors"], differences)
    for mail in by_title.values():
        sensors = ", ".join(str(one.get("sensor")) for one in mail.get("sensors", [])[:5])
        differences.append(f"mail {title(mail)} at {mail.get('at')}: not by the rules; {sensors}")


def compare_rows(name, rows, expected, differences):
    found = {row.get("sensor"): row for row in rows}
    right = {row["sensor"]: row for row in expected}
    if len(found) != len(rows):
        differences.append(f"mail {name}: names a sensor twice")
    for sensor in sorted(right.keys() - found.keys()):
        differences.append(f"mail {name}: without {json.dumps(right[sensor])}")
    for sensor in sorted(found.keys() - right.keys(), key=str):
        differences.append(f"mail {name}: by the rules without {json.dumps(found[sensor])}")
    for sensor in [sensor for sensor in right if sensor in found]:
        row = {key: found[sensor].get(key) for key in right[sensor]}
        if row != right[sensor]:
            differences.append(
                f"mail {name}: {json.dumps(row)}, by the rules {json.dumps(right[sensor])}"
            )
    if found.keys() == right.keys() and list(found) != list(right):
        at = next(n for n, pair in enumerate(zip(found, right)) if pair[0] != pair[1])
        differences.append(
            f"mail {name}: {list(found)[at]} stands at place {at + 1}, by the rules {list(right)[at]}"
        )


def compare_ledgers(ledger, organization, differences):
    for sensor, found in ledger.items():
        known = sensor in organization.sensors
        right = organization.ledger(sensor) if known else []
        if sorted(found, key=str) != sorted(right, key=str):
            differences.append(f"ledger {sensor}: {json.dumps(found)}, by the rules {json.dumps(right)}")


def reading(text):
    name, _, choice = text.partition("=")
    if choice not in Readings.CHOICES.get(name, ()):
        raise argparse.ArgumentTypeError(f"one of {Readings.CHOICES}")
    return name, choice


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("log", help="a file of JSON lines, or - for standard input")
    parser.add_argument("--reading", type=reading, action="append", default=[], metavar="NAME=CHOICE",
                        help=f"reads an open detail in another way: {Readings.CHOICES}")
    parser.add_argument("--print-mails", action="store_true", help="write the model's mails instead")
    options = parser.parse_args(arguments)
    differences = []
    try:
        with sys.stdin if options.log == "-" else open(options.log, encoding="utf-8") as lines:
            commands, mails, ledger = read(lines)
        service = replay(commands, Readings(**dict(options.reading)), differences)
    except (OSError, ScriptError) as error:
        print(f"{options.log}: {error}", file=sys.stderr)
        return 2
    service.organization.check_ledger()
    if options.print_mails:
        for mail in service.mails:
            print(json.dumps({"mail": mail}))
        return 0
    compare_mails(mails, service.mails, differences)
    compare_ledgers(ledger, service.organization, differences)
    for difference in differences[:SHOWN]:
        print(difference)
    if differences:
        print(f"{len(differences)} differences, of which {min(len(differences), SHOWN)} are shown")
        return 1
    sensors = len(service.organization.sensors)
    print(f"{len(mails)} mails, {sensors} sensors, {len(commands)} commands: no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
