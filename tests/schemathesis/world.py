"""A service with something in it: the built binary over a new SQLite database, filled through its API."""

import json
import os
import pathlib
import subprocess
import tempfile
import threading
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
ORGANIZATION = "Harbor Cold Stores"

# The clock of the service goes on by so much each second, so that limits that count by the hour open again.
PACE = timedelta(minutes=1)


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
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.values: dict[str, list] = {}
        self.serials: dict[str, str] = {}
        self.invited = 0
        self.organization = ""
        self.tokens: dict[str, str] = {}
        self.cookie = ""
        self.fill()
        self.ticker = threading.Thread(target=self.tick, daemon=True)
        self.ticker.start()

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

    def tick(self) -> None:
        while not self.over.wait(1):
            self.move(PACE)

    def stop(self) -> None:
        """Ends the service and removes what it has written."""
        self.over.set()
        self.ticker.join()
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

    def code(self, licenses: int, term: str) -> str:
        body = {"licenses": licenses, "term": term, "order": "PO-2026-0117"}
        return self.done("POST", "/api/v1/operator/activation-codes", body, who="operator")["code"]

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

        rule = {"name": "Batteries", "condition": {"kind": "low_battery"}, "sensors": "all"}
        self.done("POST", f"{root}/alert-rules", rule)
        self.done("POST", f"{root}/notices/test")
        self.done("POST", f"{root}/invitations", {"email": "eva@harbor.example", "role": "analyst"})
        self.done("POST", f"{root}/tokens", {"name": "cold-store dashboards", "read_only": True})
        self.gather()

    def all(self, path: str) -> list:
        """All items of a list."""
        items, cursor = [], ""
        while cursor is not None:
            page = self.done("GET", f"{path}?limit=200{cursor and '&cursor=' + cursor}")
            items += page["items"]
            cursor = page["next_cursor"]
        return items

    def gather(self) -> None:
        """The identifiers that are there, by the name of the parameter that takes them."""
        root = f"/api/v1/organizations/{self.organization}"
        sensors = self.all(f"{root}/sensors")
        codes = self.done("GET", "/api/v1/operator/activation-codes", who="operator")["items"]

        removed = self.all(f"{root}/removed-sensors")
        self.serials = {sensor["id"]: sensor["serial"] for sensor in removed}

        def ids(path: str) -> list:
            return [item["id"] for item in self.done("GET", f"{root}/{path}")["items"]]

        self.values = {
            "organization_id": [self.organization],
            "sensor_id": [sensor["id"] for sensor in sensors],
            "removed_sensor_id": [sensor["id"] for sensor in removed],
            "license_id": [sensor["license_id"] for sensor in sensors if sensor["license_id"]],
            "serial": [sensor["serial"] for sensor in sensors],
            "alert_rule_id": ids("alert-rules"),
            "invitation_id": ids("invitations"),
            "notice_id": ids("notices"),
            "token_id": ids("tokens"),
            "user_id": ids("users"),
            "activation_code_id": [code["id"] for code in codes],
            "key": sorted({sensor["key"] for sensor in sensors if sensor["key"]}),
        }


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    began = time.monotonic()
    world = World()
    print(world.url, {name: len(values) for name, values in world.values.items()}, f"{time.monotonic() - began:.1f} s")
    world.stop()
