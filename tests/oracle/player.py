"""Plays one script to the service, and compares what it says with the model."""

from datetime import date, timedelta

from rules import today
from service import EPOCH, Broken, Service, microseconds
from world import STATES, World, name_of

# The refusals by which the rules say no. Any other, such as a malformed request, is a mistake of the player.
REFUSALS = {
    "redeem": {"code_not_valid"},
    "add": {"no_license_left", "key_not_available", "serial_already_added", "serial_in_use_elsewhere", "list_refused",
            "not_found"},
    "assign": {"no_license_left", "key_not_available", "not_found"},
    "auto_renewal": {"not_found"},
    "take_back": {"license_in_use", "license_not_held", "not_found"},
    "remove": {"not_found"},
    "replace": {"serial_already_added", "serial_in_use_elsewhere", "not_found"},
    "give_rest": {"license_not_released", "sensor_covered", "not_found"},
    "free": {"not_found"},
}
FAILURES_AN_HOUR = 9  # R4 allows ten to a user, and all scripts share one
HOUR = 3_600_000_000
TOLD = 60  # days in which a chain's end is near enough to say what happens then


class Different(Exception):
    """The service and the model disagree."""


def differ(what: str, found, right):
    raise Different(f"{what}: {found!r}, by the rules {right!r}")


def same(what: str, found, right):
    """Compares deeply, and names the place of the first difference."""
    if isinstance(found, dict) and isinstance(right, dict):
        for name in sorted(found.keys() | right.keys(), key=str):
            if name not in found or name not in right:
                differ(f"{what}.{name}", found.get(name, "missing"), right.get(name, "missing"))
            same(f"{what}.{name}", found[name], right[name])
    elif isinstance(found, list) and isinstance(right, list) and len(found) == len(right):
        for place, pair in enumerate(zip(found, right)):
            same(f"{what}[{place}]", *pair)
    elif found != right:
        differ(what, found, right)


class Player:
    def __init__(self, script: dict, service: Service, instance: int, failures: list[int]):
        self.script, self.service, self.instance, self.failures = script, service, instance, failures
        self.world = World(script["codes"], script["zones"], script["commands"][0]["at"])
        self.place = 0
        self.sensors: dict[tuple[int, str], str] = {}  # ids
        self.licenses: dict[str, str] = {}  # the id of each license, by the model's name
        self.names: dict[str, str] = {}  # the other way round
        self.left_behind: dict[tuple[int, str], str] = {}

    # Before the story begins

    def begin(self):
        self.organizations = [
            self.service.organization(f"{self.instance}-{number}", zone)
            for number, zone in enumerate(self.script["zones"])
        ]
        self.codes, self.key_names = {}, {}

    def issue(self, place: int) -> bool:
        """The code at a place of the list. All are issued before time begins to pass, at instants of their own."""
        if place >= len(self.script["codes"]):
            return False
        code = self.script["codes"][place]
        body = {"licenses": code["licenses"], "term": code["term"], "redeem_by": code["redeem_by"]}
        made = self.service.must(self.service.operate("POST", "/activation-codes", body))
        self.codes[code["code"]] = made
        self.key_names[made["code"]] = self.key_names[made["id"]] = code["code"]
        ids = [made["id"] for made in self.codes.values()]
        if ids != sorted(ids):
            raise Broken("codes that were issued later have lower ids; the player relies on it for R13")
        return True

    # The story

    @property
    def next_at(self) -> int | None:
        commands = self.script["commands"]
        return commands[self.place]["at"] if self.place < len(commands) else None

    def step(self):
        command = self.script["commands"][self.place]
        self.place += 1
        if command["do"] == "compare":
            self.world.do({"at": command["at"], "do": "look"})
            return self.compare(command["org"], command["what"])
        if not self.can_be_said(command):
            return None
        before = self.prepare(command)
        right = self.world.do(command)
        if right is None:
            return None
        if command["do"] == "redeem" and not right and not self.may_fail():
            return None
        getattr(self, command["do"])(command, right, before)

    def may_fail(self) -> bool:
        while self.failures and self.failures[0] <= self.service.now - HOUR:
            self.failures.pop(0)
        if len(self.failures) >= FAILURES_AN_HOUR:
            return False
        self.failures.append(self.service.now)
        return True

    def call(self, org: int, method: str, path: str, body=None):
        base, token = self.organizations[org]
        return self.service.call(token, method, base + path, body)

    def read(self, org: int, path: str):
        return self.service.must(self.call(org, "GET", path))

    def pages(self, org: int, path: str, limit: int) -> list:
        items, cursor = [], ""
        while cursor is not None:
            page = self.read(org, f"{path}?limit={limit}{cursor}")
            items += page["items"]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        return items

    def serial(self, symbol: str) -> str:
        return f"{self.instance:06x}{symbol}"

    def key(self, name: str | None) -> str | None:
        return None if name is None else self.codes[name]["id"]

    def sensor(self, command: dict, name: str = "sensor") -> str:
        return self.sensors[command.get("org", 0), command[name]]

    def can_be_said(self, command: dict) -> bool:
        names = command["sensors"] if command["do"] in ("assign", "auto_renewal") else [
            command[field] for field in ("sensor", "of") if field in command]
        return all((command["org"], name) in self.sensors for name in names)

    def prepare(self, command: dict):
        """What has to be known of the state before a command."""
        do = command["do"]
        for organization in self.world.organizations:
            organization.settle(command["at"])
        if do == "take_back":
            license = self.world.license_to_take(command)
            if license is not None and name_of(license) not in self.licenses:
                self.compare_sensor(command["org"], command["sensor"])
            return license and name_of(license)
        if do == "give_rest" and (command["org"], command["of"]) in self.world.left_behind:
            license = self.world.left_behind[command["org"], command["of"]]
            return name_of(license)
        if do in ("remove", "free"):
            return self.before_removal(command)
        return None

    def before_removal(self, command: dict):
        org = command.get("org", 0)
        if command["do"] == "free":
            holder = self.world.holder(command["serial"])
            if holder is None:
                return None
            org, sensor = holder
        else:
            sensor = self.world.organizations[org].sensors.get(command["sensor"])
        if sensor is None or sensor.removed:
            return None
        active = sensor.active
        back = sum(1 for license in sensor.queue if not license.code.revoked)
        return org, sensor.id, back, active and name_of(active), active and active.expires_on.isoformat()

    def check(self, command: dict, answer: tuple[int, object], right: bool) -> bool:
        status, body = answer
        done = status < 300
        code = body.get("code") if isinstance(body, dict) and not done else None
        if done != right:
            words = {True: "done", False: "refused"}
            raise Different(f"{words[done]} ({status} {code or ''}), by the rules {words[right]}")
        if not done and code not in REFUSALS.get(command["do"], ()):
            raise Different(f"refused as {code}: {body}")
        return done

    def learn(self, name: str, id: str):
        """A license keeps its id, and an id its license."""
        if self.licenses.setdefault(name, id) != id or self.names.setdefault(id, name) != name:
            raise Different(f"license {id} ({self.names.get(id)}), by the rules {name} ({self.licenses.get(name)})")

    # Commands

    def redeem(self, command, right, _):
        body, org = {"code": self.codes[command["code"]]["code"]}, command["org"]
        preview = None
        if command["preview"] and right:
            preview = self.call(org, "POST", "/activation-codes/preview", body)
        answer = self.call(org, "POST", "/activation-codes", body)
        if self.check(command, answer, right):
            pool = len(self.world.organizations[org].pool())
            same("licenses_left", answer[1]["licenses_left"], pool)
            if preview is not None:
                for field in ("licenses", "term", "licenses_left", "renewed"):
                    same(f"previewed {field}", preview[1].get(field), answer[1][field])

    def add(self, command, right, _):
        org = command["org"]
        rows = [{"serial": self.serial(row["serial"])} for row in command["sensors"]]
        if not self.known_key(command):
            return
        more = {"key": self.key(command["key"]), "auto_renewal": command["auto_renewal"]}
        preview = None
        if command["preview"]:
            preview = self.service.must(self.call(org, "POST", "/sensors/additions/preview", {"sensors": rows} | more))
            same("can_be_added", preview["can_be_added"], right)
        if command["list"]:
            answer = self.call(org, "POST", "/sensors/additions", {"sensors": rows} | more)
        else:
            answer = self.call(org, "POST", "/sensors", rows[0] | more)
        if not self.check(command, answer, right):
            return
        items = answer[1]["items"] if command["list"] else [answer[1]]
        for row, item in zip(command["sensors"], items, strict=True):
            sensor = self.world.holder(row["serial"])[1].id
            if self.sensors.setdefault((org, sensor), item["id"]) != item["id"]:
                raise Different(f"{row['serial']} is {item['id']}, by the rules {sensor} comes back")
            self.same_row(f"{sensor} as it was added", item, self.expected_row(org, sensor))
        for planned, item in zip(preview["items"] if preview else [], items):
            for field in ("key", "activation_date", "expires_on"):
                same(f"previewed {field}", planned[field], item[field])

    def known_key(self, command) -> bool:
        """Whether the key is one that the organization has; one of another does not exist to it."""
        return command["key"] is None or command["key"] in self.world.organizations[command["org"]].codes

    def assign(self, command, right, _):
        org, key = command["org"], self.key(command["key"])
        if not self.known_key(command):
            return
        ids = [self.sensors[org, name] for name in command["sensors"]]
        preview = None
        if command["list"]:
            path, body = "/license-assignments", {"sensor_ids": ids, "key": key}
        else:
            path, body = f"/sensors/{ids[0]}/licenses", {"key": key}
        if command["preview"]:
            preview = self.call(org, "POST", f"{path}/preview", body)
        answer = self.call(org, "POST", path, body)
        if not self.check(command, answer, right):
            return
        items = [item["license"] for item in answer[1]["items"]] if command["list"] else [answer[1]]
        if preview is not None:
            preview = self.service.must(preview)
            shown = [item["license"] for item in preview["items"]] if command["list"] else [preview["license"]]
            same("preview", shown, items)
        for name, item in zip(command["sensors"], items, strict=True):
            last = self.world.organizations[org].sensors[name].chain.last
            self.learn(name_of(last), item["license_id"])
            found = [self.key_names[item["key"]], item["state"], item["activation_date"], item["expires_on"],
                     microseconds(item["starts_at"]), microseconds(item["ends_at"])]
            same(f"license for {name}", found, [last.code.id, *self.world.licenses(org, name)[-1][1:]])

    def auto_renewal(self, command, right, _):
        org, on = command["org"], command["on"]
        ids = [self.sensors[org, name] for name in command["sensors"]]
        if command["list"]:
            body = {"sensor_ids": ids, "auto_renewal": on}
            if command["preview"]:
                self.call(org, "POST", "/auto-renewal/preview", body)
            answer = self.call(org, "POST", "/auto-renewal", body)
        else:
            answer = self.call(org, "PATCH", f"/sensors/{ids[0]}", {"auto_renewal": on})
        if self.check(command, answer, right) and not command["list"]:
            name = command["sensors"][0]
            self.same_row(f"{name} as it was switched", answer[1], self.expected_row(org, name))

    def saved(self, command, right, _):
        text = (EPOCH + timedelta(microseconds=command["measured"])).isoformat(" ") + " UTC"
        entry = {"serial": self.serial(command["serial"]), "response_handle": 7, "battery": "ok", "signal": -70,
                 "measured_at": text, "measurement_interval": 60, "next_measurement_at": text,
                 "params": [{"channel": 1, "type": "temperature", "value": 4.5}]}
        answer = self.service.request("POST", "/api/v2/measurements", {"measurements": [entry]})
        same("gateway", answer, (201, {"Y": [7] * right, "N": [7] * (not right)}))

    def take_back(self, command, right, license):
        org = command["org"]
        answer = self.call(org, "DELETE", f"/sensors/{self.sensor(command)}/licenses/{self.licenses[license]}")
        if self.check(command, answer, right):
            name = command["sensor"]
            self.same_row(f"{name} after it", answer[1], self.expected_row(org, name))

    def remove(self, command, right, before):
        path = f"/sensors/{self.sensor(command)}"
        preview = None
        if command["preview"] and right:
            preview = self.call(command["org"], "POST", f"{path}/removal/preview")
        answer = self.call(command["org"], "DELETE", path)
        if preview is not None:
            same("preview", preview, answer)
        self.check(command, answer, right)
        self.after_removal(answer[1], before)

    def free(self, command, right, before):
        answer = self.service.operate("POST", f"/serial-numbers/{self.serial(command['serial'])}/release")
        self.check(command, answer, right)
        self.after_removal(answer[1], before)

    def after_removal(self, body, before):
        if before is None:
            return
        org, name, back, active, expires_on = before
        same("returned_to_pool", body["returned_to_pool"], back)
        released = body["released"]
        same("released", released and released["expires_on"], expires_on)
        if released is not None:
            self.learn(active, released["license_id"])
            self.left_behind[org, name] = released["license_id"]

    def replace(self, command, right, _):
        org, name = command["org"], command["sensor"]
        body = {"serial": self.serial(command["serial"])}
        answer = self.call(org, "POST", f"/sensors/{self.sensor(command)}/replacement", body)
        if self.check(command, answer, right):
            self.same_row(f"{name} after it", answer[1], self.expected_row(org, name))

    def give_rest(self, command, right, license):
        org, name = command["org"], command["sensor"]
        body = {"license_id": self.licenses[license]}
        answer = self.call(org, "POST", f"/sensors/{self.sensor(command)}/licenses", body)
        if self.check(command, answer, right):
            item = answer[1]
            found = [item["state"], item["activation_date"], item["expires_on"],
                     microseconds(item["starts_at"]), microseconds(item["ends_at"])]
            same("rest", found, self.world.licenses(org, name)[-1][1:])

    def revoke(self, command, right, _):
        path = f"/activation-codes/{self.key(command['code'])}/revocation"
        body = {"end_active": command["end_active"]}
        if command["preview"]:
            self.service.must(self.service.operate("POST", f"{path}/preview", body))
        self.check(command, self.service.operate("POST", path, body), right)

    def zone(self, command, right, _):
        self.check(command, self.call(command["org"], "PATCH", "", {"time_zone": command["zone"]}), right)

    # Comparing

    def compare(self, org: int, what: str):
        if what in ("all", "sensors"):
            self.compare_gate(org)
        if what in ("all", "summary"):
            self.compare_summary(org)
        if what in ("all", "sensors"):
            self.compare_sensors(org)
        if what in ("all", "removed"):
            self.compare_removed(org)
        if what == "all":
            self.world.organizations[org].check_ledger()
            for name in self.world.sensors(org):
                self.compare_sensor(org, name)
            self.compare_trail(org)

    def compare_summary(self, org: int):
        body = self.read(org, "/license-summary")
        keys = {self.key_names[key["id"]]: {state: key[state] for state in STATES} for key in body["keys"]}
        found = {
            "licenses_left": body["licenses_left"], "by_term": body["by_term"], "keys": keys, "today": body["today"],
            "sensors": {name: body["sensors"][name] for name in ("covered", "expiring", "expired", "unlicensed")},
        }
        right = self.world.summary(org)
        same("summary", found, right)
        for key in body["keys"]:
            if key["licenses"] != sum(key[state] for state in STATES):
                raise Different(f"R18: {key}")

    def row_of(self, item: dict) -> dict:
        return {
            "serial": item["serial"][6:],
            "standing": item["standing"],
            "auto_renewal": item["auto_renewal"],
            "key": item["key"] and self.key_names[item["key"]],
            "activation_date": item["activation_date"],
            "expires_on": item["expires_on"],
            "expires_at": microseconds(item["expires_at"]),
            "days_remaining": item["days_remaining"],
            "covered_until_on": item["covered_until_on"],
            "covered_until": microseconds(item["covered_until"]),
            "license": item["license_id"],
            "queued": [
                {"license": one["license_id"], "key": self.key_names[one["key"]], "term": one["term"],
                 "activation_date": one["activation_date"], "expires_on": one["expires_on"]}
                for one in item["queued"]
            ],
        }

    def expected_row(self, org: int, name: str) -> dict:
        organization = self.world.organizations[org]
        return self.world.row(organization, organization.sensors[name])

    def same_row(self, name: str, item: dict, right: dict):
        found = self.row_of(item)
        right = right | {"queued": [dict(one) for one in right["queued"]]}
        pairs = [(found, right), *zip(found["queued"], right["queued"])]
        for one, other in pairs:
            if one["license"] is not None and other["license"] is not None:
                self.learn(other["license"], one["license"])
                one["license"] = other["license"]
        same(name, found, right)

    def compare_gate(self, org: int):
        """R25: what the gate has in mind of each serial number, before anybody else has looked."""
        organization = self.world.organizations[org]
        symbols = sorted({sensor.serial for sensor in organization.sensors.values()})
        if not symbols:
            return
        body, token = {"serials": [self.serial(symbol) for symbol in symbols]}, self.organizations[org][1]
        items = self.service.must(self.service.call(token, "POST", "/api/v1/cover", body))["items"]
        found = [[item["standing"], microseconds(item["covered_until"])] for item in items]
        same("gate", found, [self.world.at_the_gate(org, symbol) for symbol in symbols])

    def compare_sensors(self, org: int):
        items = self.pages(org, "/sensors", 200)
        right = self.world.sensors(org)
        by_id = {item["id"]: item for item in items}
        same("sensors", sorted(by_id), sorted(self.sensors[org, name] for name in right))
        at_ends = self.world.at_ends(org)
        for name, row in right.items():
            item = by_id[self.sensors[org, name]]
            self.same_row(name, item, row)
            days = row["covered_until_on"] and (date.fromisoformat(row["covered_until_on"]) - self.today(org)).days
            if days is not None and days < TOLD or item["at_end"] is not None:
                same(f"{name}.at_end", item["at_end"], at_ends.get(name))

    def today(self, org: int) -> date:
        return today(self.world.organizations[org].zone, self.world.now)

    def compare_sensor(self, org: int, name: str):
        items = self.pages(org, f"/sensors/{self.sensors[org, name]}/licenses", 5)
        right = self.world.licenses(org, name)
        found = []
        for item in items:
            found.append([self.key_names[item["key"]], item["state"], item["activation_date"], item["expires_on"],
                          microseconds(item["starts_at"]), microseconds(item["ends_at"])])
        same(f"licenses of {name}", found, [[one[0].partition("/")[0], *one[1:]] for one in right])
        for item, one in zip(items, right):
            self.learn(one[0], item["license_id"])

    def compare_removed(self, org: int):
        items = self.pages(org, "/removed-sensors", 200)
        names = {id: name for (number, name), id in self.sensors.items() if number == org}
        found = {}
        for item in items:
            released = item["released"]
            if released is not None:
                name = self.names.get(released["license_id"], released["license_id"])
                released = [name, self.key_names[released["key"]], released["expires_on"],
                            microseconds(released["expires_at"])]
            found[names[item["id"]]] = {"serial": item["serial"][6:], "released": released}
        same("removed", found, self.world.removed(org))

    def compare_trail(self, org: int):
        """R17, R18: every change is a row with the instant at which it was due, and the rows tell the whole ledger."""
        rows = self.pages(org, "/audit", 200)[::-1]
        same("audit.seq", [row["seq"] for row in rows], list(range(1, len(rows) + 1)))
        instants = [microseconds(row["at"]) for row in rows]
        same("audit.at", instants, sorted(instants))
        endings, renewals, states = [], [], {}
        for row, at in zip(rows, instants):
            if row["subject"]["kind"] != "license":
                continue
            if row["action"] == "license_ended":
                endings.append(at)
            if row["actor"]["kind"] == "auto_renewal":
                renewals.append(at)
            id, before = row["subject"]["id"], row["before"]["state"]
            same(f"audit row {row['seq']}, state before", before, states.get(id, "available"))
            states[id] = row["after"]["state"]
        right = self.world.history(org)
        same("audit of ends", endings, right["endings"])
        same("audit of renewals", renewals, right["renewals"])
        for state in STATES:
            if state != "available":
                told = list(states.values()).count(state)
                same(f"audit of {state}", told, right["states"].get(state, 0))
