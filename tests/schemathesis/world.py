"""A service with something in it: the built binary over a new SQLite database, filled through its API."""

import base64
import email
import email.policy
import hmac
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "correct horse battery staple"
# Not the addresses of the document's examples, for which log-ins fail until no more are taken.
ADMINISTRATOR = "adele@harbor.example"
ANALYST = "anton@harbor.example"
OPERATOR = "olga@vendor.example"
# Who forget their passwords all the time: several, for in an hour one is sent only so many links.
FORGETFUL = [f"frida{number}@harbor.example" for number in range(1, 9)]
ORGANIZATION = "Harbor Cold Stores"

RULE = {"name": "Batteries", "condition": {"kind": "low_battery"}, "sensors": "all"}
HOOK = {"url": "https://hooks.harbor.example/tenure", "events": ["license.expired"]}

# The clock of the service goes on by so much at each so many requests, so that limits that count by the hour open
# again; by requests and not by seconds, so that a run is like the one before.
PACE, EACH = timedelta(minutes=1), 40


class World:
    """A running service, who may call it, and what is in it."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="tenure-schemathesis-")
        path = pathlib.Path(self.folder.name)
        self.binary = os.environ.get("TENURE_TEST_BINARY") or str(ROOT / "target/debug/tenure")
        self.environment = {
            "TENURE_DATABASE_URL": f"sqlite:{path / 'tenure.db'}",
            "TENURE_SECRET_FILE": str(path / "secret"),
            "TENURE_HTTP_ADDRESS": "127.0.0.1:0",
            "TENURE_COAP_ADDRESS": "127.0.0.1:0",
            "TENURE_SIGN_UP": "open",
            # Nobody but schemathesis calls, and it calls a lot.
            "TENURE_RATE_LIMIT": "0",
            "RUST_LOG": "error",
        }
        self.now = datetime(2031, 3, 3, 9, 0, tzinfo=timezone.utc)
        self.log = open(path / "log", "w", encoding="utf-8")
        self.child = subprocess.Popen(
            [self.binary, "serve", "--trial-clock", instant(self.now)],
            cwd=path,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
        )
        words = self.wait_for("listens on").split()
        self.url = next(word for word in words if word.startswith("http://"))
        self.values: dict[str, list] = {}
        self.pairs: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self.serials: dict[str, str] = {}
        self.invited = 0
        self.stale = False
        self.resets: set[str] = set()
        self.calendar = ""
        self.unsubscription = ""
        self.organization = ""
        self.tokens: dict[str, str] = {}
        self.cookie = ""
        self.fill()

    def wait_for(self, text: str) -> str:
        """The next line on standard output that holds this text."""
        for line in self.child.stdout:
            if text in line:
                return line
        raise SystemExit("the service has ended:\n" + self.said())

    def said(self) -> str:
        """What the service has logged."""
        self.log.flush()
        return pathlib.Path(self.folder.name, "log").read_text(encoding="utf-8")

    def move(self, by: timedelta) -> None:
        """Moves the clock of the service."""
        self.now += by
        self.child.stdin.write(instant(self.now) + "\n")
        self.child.stdin.flush()
        self.wait_for("The clock stands at")

    def stop(self) -> None:
        """Ends the service and removes what it has written."""
        self.child.kill()
        self.child.wait()
        self.log.close()
        self.folder.cleanup()

    def command(self, *words: str, stdin: str | None = None) -> dict:
        """What a command prints as JSON."""
        done = subprocess.run(
            [self.binary, *words, "--json"],
            cwd=self.folder.name,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stderr}")
        return json.loads(done.stdout)

    def call(self, method: str, path: str, body: object = None, who: str = "administrator"):
        """An answer of the API: its status, its JSON, its headers."""
        headers = {"X-Forwarded-For": "192.0.2.7"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if who:
            headers["Authorization"] = f"Bearer {self.tokens[who]}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None, answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null"), error.headers

    def done(self, method: str, path: str, body: object = None, who: str = "administrator"):
        """The JSON of an answer that has to be good."""
        status, json_, _ = self.call(method, path, body, who)
        if status >= 300:
            raise SystemExit(f"{method} {path}: {status} {json_}")
        return json_

    def make_users(self) -> None:
        """Makes the users and their tokens, again where somebody has removed them."""
        for email, role in ((ADMINISTRATOR, "administrator"), (ANALYST, "analyst")):
            words = ["--email", email, "--role", role, "--organization", ORGANIZATION]
            self.command("user", "create", *words, "--password-stdin", stdin=PASSWORD + "\n")
        for email, role in ((ADMINISTRATOR, "administrator"), (ANALYST, "analyst")):
            made = self.command("token", "create", "--email", email, "--organization", ORGANIZATION)
            self.tokens[role] = made["token"]

    def make_operator(self) -> None:
        words = ["--email", OPERATOR, "--role", "operator", "--password-stdin"]
        self.command("user", "create", *words, stdin=PASSWORD + "\n")
        self.tokens["operator"] = self.command("token", "create", "--email", OPERATOR)["token"]

    def log_in(self) -> None:
        """Takes a new cookie."""
        body = {"email": ADMINISTRATOR, "password": PASSWORD}
        status, answer, headers = self.call("POST", "/api/v1/sessions", body, who="")
        if status == 429:
            # What was tried has failed too often for this hour.
            self.move(timedelta(minutes=90))
            status, answer, headers = self.call("POST", "/api/v1/sessions", body, who="")
        if status != 201:
            raise SystemExit(f"no log-in: {status} {answer}")
        self.cookie = headers["Set-Cookie"].split(";")[0].split("=", 1)[1]

    def as_person(self, method: str, path: str, body: object):
        """The JSON of a good answer to who is logged in."""
        headers = {
            "Content-Type": "application/json",
            "Cookie": f"__Host-tenure={self.cookie}",
            "Sec-Fetch-Site": "same-origin",
        }
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def one_time_code(self) -> str:
        """What an authenticator app shows (RFC 6238) that has just been given a secret."""
        made = self.as_person("POST", "/api/v1/me/one-time-codes", {"password": PASSWORD})
        secret = base64.b32decode(made["secret"] + "=" * (-len(made["secret"]) % 8))
        step = int(self.now.timestamp()) // 30
        digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
        place = digest[-1] & 15
        return f"{(int.from_bytes(digest[place:place + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"

    def no_one_time_codes(self) -> None:
        """Switches them off again, so that the next log-in needs none."""
        self.as_person("POST", "/api/v1/me/one-time-codes/removal", {"password": PASSWORD})

    def code(self, licenses: int, term: str) -> str:
        body = {"licenses": licenses, "term": term, "order": "PO-2026-0117"}
        return self.done("POST", "/api/v1/operator/activation-codes", body, who="operator")["code"]

    def mailed(self, page: str, but: set[str] | None = None) -> str:
        """What stands behind the address of this page in a mail that has one, and is none of these."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            for file in sorted(pathlib.Path(self.folder.name, "mail").glob("*.eml")):
                mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
                text = mail.get_body(("plain",)).get_content() + str(mail["List-Unsubscribe"])
                for found in re.findall(rf"/{page}[/#]([A-Za-z0-9._~-]+)", text):
                    if found not in (but or ()):
                        return found
            time.sleep(0.02)
        raise SystemExit(f"no mail has the address of {page}")

    def reset(self) -> str:
        """What the link of a new mail holds by which a password is set anew."""
        self.done("POST", "/api/v1/password-resets", {"email": FORGETFUL[len(self.resets) % len(FORGETFUL)]}, who="")
        self.resets.add(token := self.mailed("reset", self.resets))
        return token

    def invitation(self) -> str:
        """What an invitation's link holds, of a new one."""
        self.invited += 1
        body = {"email": f"guest{self.invited}@harbor.example", "role": "analyst"}
        path = f"/api/v1/organizations/{self.organization}/invitations"
        return self.done("POST", path, body)["link"].split("#")[1]

    def fill(self) -> None:
        """Sensors in every state, licenses for more, and one of each other thing."""
        self.make_users()
        self.make_operator()
        self.log_in()
        session = urllib.request.Request(
            self.url + "/api/v1/sessions/current", headers={"Cookie": f"__Host-tenure={self.cookie}"}
        )
        with urllib.request.urlopen(session, timeout=60) as answer:
            self.organization = json.load(answer)["organizations"][0]["id"]
        root = f"/api/v1/organizations/{self.organization}"

        for licenses, term in ((20, "P7D"), (20, "P5W"), (500, "P2Y")):
            self.done("POST", f"{root}/activation-codes", {"code": self.code(licenses, term)})
            # No two codes are redeemed at once, so that the same one is always next.
            self.move(timedelta(seconds=1))

        def add(first: int, count: int, **more: object) -> None:
            for number in range(first, first + count):
                body = {"serial": f"{0x282c02000000 + number:012x}", "name": f"Bay {number}", **more}
                self.done("POST", f"{root}/sensors", body)

        add(1, 20, auto_renewal=False)  # of seven days: expired, but for those with more behind it
        add(101, 20, auto_renewal=True)  # of five weeks: expiring
        add(201, 100)
        listed = self.all(f"{root}/sensors")
        for sensor in listed[:3] + listed[-10:]:
            self.done("POST", f"{root}/sensors/{sensor['id']}/licenses")
        for sensor in listed[20:30]:
            self.done("DELETE", f"{root}/sensors/{sensor['id']}")
        self.move(timedelta(days=10))
        self.log_in()

        self.done("POST", f"{root}/alert-rules", RULE)
        self.measure([sensor["serial"] for sensor in listed[-10:]])
        self.done("POST", f"{root}/notices/test")
        for address in FORGETFUL:
            words = ["--email", address, "--role", "analyst", "--organization", "Another One", "--password-stdin"]
            self.command("user", "create", *words, stdin=PASSWORD + "\n")
        self.unsubscription = self.mailed("(?:unsubscribe|unsubscriptions)")
        self.gather()

    def measure(self, serials: list[str]) -> None:
        """A gateway's post about these sensors, whose batteries are low."""
        entry = {
            "battery": "low",
            "signal": -70,
            "measured_at": self.now.strftime("%Y-%m-%d %H:%M:%S"),
            "measurement_interval": 60,
            "params": [{"channel": 1, "type": "temperature", "value": 4.5}],
        }
        entries = [{"serial": serial, "response_handle": place, **entry} for place, serial in enumerate(serials)]
        self.done("POST", "/api/v2/measurements", {"measurements": entries}, who="")

    def all(self, path: str, who: str = "administrator") -> list:
        """All items of a list."""
        items, cursor = [], ""
        while cursor is not None:
            page = self.done("GET", f"{path}?limit=200{cursor and '&cursor=' + cursor}", who=who)
            items += page["items"]
            cursor = page["next_cursor"]
        return items

    def replenish(self, root: str) -> None:
        """Makes one of each thing of which none is left, so that there is something to ask for."""
        guest = {"email": "eva@harbor.example", "role": "analyst"}
        for path, body in (
            ("alert-rules", RULE),
            ("webhooks", HOOK),
            ("invitations", guest),
            ("tokens", {"name": "cold-store dashboards", "read_only": True}),
        ):
            # Of tokens there is always the caller's own.
            if len(self.all(f"{root}/{path}")) > (path == "tokens"):
                continue
            made = self.done("POST", f"{root}/{path}", body)
            if path == "webhooks":
                self.done("POST", f"{root}/webhooks/{made['id']}/test")
        if not self.calendar:
            self.calendar = self.done("POST", f"{root}/calendar-feed")["url"].rsplit("/", 1)[1]

    def gather(self) -> None:
        """The identifiers that are there, by the name of the parameter that takes them.

        An identifier is partly random, so they are put in an order that is the same in each run.
        """
        root = f"/api/v1/organizations/{self.organization}"
        self.stale = False
        self.replenish(root)
        sensors = sorted(self.all(f"{root}/sensors"), key=lambda sensor: sensor["serial"])
        removed = sorted(self.all(f"{root}/removed-sensors"), key=lambda one: (one["serial"], one["removed_at"]))
        self.serials = {sensor["id"]: sensor["serial"] for sensor in removed}
        keys = sorted(self.all(f"{root}/license-keys"), key=lambda key: key["redeemed_at"])

        def ids(path: str, *by: str, who: str = "administrator") -> list:
            path = path if path.startswith("/") else f"{root}/{path}"
            items = sorted(self.all(path, who), key=lambda item: [str(item[name]) for name in by])
            return [item["id"] for item in items]

        webhooks = ids("webhooks", "created_at", "url")
        held = [sensor for sensor in sensors if sensor["license_id"]]
        self.values = {
            "organization_id": [self.organization],
            "sensor_id": [sensor["id"] for sensor in sensors],
            "removed_sensor_id": [sensor["id"] for sensor in removed],
            "license_id": [sensor["license_id"] for sensor in held],
            "serial": [sensor["serial"] for sensor in sensors],
            "alert_rule_id": ids("alert-rules", "created_at", "name"),
            "alert_id": ids("alerts", "opened_at", "serial"),
            "invitation_id": ids("invitations", "email"),
            "notice_id": ids("notices", "created_at", "kind", "recipient"),
            "token_id": ids("tokens", "created_at", "name"),
            "user_id": ids("users", "email"),
            "webhook_id": webhooks,
            "activation_code_id": ids("/api/v1/operator/activation-codes", "issued_at", "term", who="operator"),
            "license_key_id": [key["id"] for key in keys],
            "key": [key["key"] for key in keys],
        }
        # What names the same thing only together.
        ids_of_keys = {key["key"]: key["id"] for key in keys}
        self.pairs = {
            ("sensor_id", "license_id"): [(sensor["id"], sensor["license_id"]) for sensor in held],
            ("activation_code_id", "license_id"): [
                (ids_of_keys[sensor["key"]], sensor["license_id"]) for sensor in held
            ],
            ("webhook_id", "delivery_id"): [
                (one, delivery)
                for one in webhooks
                for delivery in ids(f"webhooks/{one}/deliveries", "created_at", "event")
            ],
        }


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    began = time.monotonic()
    world = World()
    print(world.url, {name: len(values) for name, values in world.values.items()}, f"{time.monotonic() - began:.1f} s")
    world.stop()
