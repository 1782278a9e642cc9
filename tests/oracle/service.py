"""The built binary with a trial clock, and its HTTP API."""

import http.client
import json
import os
import shutil
import subprocess
import tempfile
from datetime import datetime, timedelta

EPOCH = datetime(1970, 1, 1)
PASSWORD = "seven quiet harbors"
ADMINISTRATOR = "maria@harbor.example"
OPERATOR = "olga@vendor.example"


class Broken(Exception):
    """The service did what no service should: it stopped, or answered with an error of its own."""


def instant(at: int) -> str:
    return (EPOCH + timedelta(microseconds=at)).isoformat(timespec="microseconds") + "Z"


def microseconds(text: str | None) -> int | None:
    if text is None:
        return None
    return (datetime.fromisoformat(text.removesuffix("Z")) - EPOCH) // timedelta(microseconds=1)


class Database:
    """SQLite in memory's file system, or a database of its own on a PostgreSQL server."""

    def __init__(self, postgres: str | None):
        quick = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = tempfile.mkdtemp(prefix="tenure-oracle.", dir=quick)
        self.postgres = postgres
        if postgres is None:
            self.url = f"sqlite:{self.folder}/tenure.db"
        else:
            self.name = f"oracle_{os.path.basename(self.folder).split('.')[-1].lower()}"
            self.psql(f'CREATE DATABASE "{self.name}"')
            self.url = f"{postgres.rpartition('/')[0]}/{self.name}"

    def psql(self, sql: str):
        subprocess.run(["psql", self.postgres, "-qc", sql], check=True, stdout=subprocess.DEVNULL)

    def remove(self):
        if self.postgres is not None:
            self.psql(f'DROP DATABASE "{self.name}" WITH (FORCE)')
        shutil.rmtree(self.folder, ignore_errors=True)


class Service:
    def __init__(self, binary: str, begin: int, postgres: str | None = None):
        self.database = Database(postgres)
        self.binary, self.process, self.http, self.now = binary, None, None, begin
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def environment(self) -> dict:
        return {
            "TENURE_DATABASE_URL": self.database.url,
            "TENURE_SECRET_FILE": f"{self.database.folder}/secret",
            "TENURE_HTTP_ADDRESS": "127.0.0.1:0",
            "TENURE_COAP_ADDRESS": "127.0.0.1:0",
            "TENURE_RATE_LIMIT": "0",
            "RUST_LOG": "error",
        }

    def command(self, *words: str, typed: str = "") -> dict:
        done = subprocess.run([self.binary, *words, "--json"], env=self.environment(), cwd=self.database.folder,
                              input=typed, capture_output=True, text=True)
        if done.returncode != 0:
            raise Broken(f"{' '.join(words)}: {done.stderr}")
        return json.loads(done.stdout)

    def start(self):
        self.command("user", "create", "--email", OPERATOR, "--role", "operator")
        self.operator = self.command("token", "create", "--email", OPERATOR)["token"]
        self.command("user", "create", "--email", ADMINISTRATOR, "--role", "administrator",
                     "--organization", "Harbor Foods", "--password-stdin", typed=PASSWORD + "\n")
        self.process = subprocess.Popen(
            [self.binary, "serve", "--trial-clock", instant(self.now)], env=self.environment(),
            cwd=self.database.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.wait_for("listens on")
        address = next(word for word in line.split() if word.startswith("http://"))
        self.http = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
        body = {"email": ADMINISTRATOR, "password": PASSWORD}
        self.request("POST", "/api/v1/sessions", body, {"Sec-Fetch-Site": "same-origin"})
        self.cookie = self.cookies.partition(";")[0]

    def stop(self):
        if self.http is not None:
            self.http.close()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
        self.database.remove()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_for(self, text: str) -> str:
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise Broken(f"the service has stopped with {self.process.wait()}")
            if text in line:
                return line

    def move_clock(self, at: int):
        if at == self.now:
            return
        assert at > self.now, f"the clock cannot go back from {self.now} to {at}"
        self.process.stdin.write(instant(at) + "\n")
        self.process.stdin.flush()
        self.wait_for("The clock stands at")
        self.now = at

    # HTTP

    def request(self, method: str, path: str, body=None, headers=None) -> tuple[int, object]:
        headers = dict(headers or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.http.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.http.getresponse()
        text = answer.read()
        self.cookies = answer.getheader("Set-Cookie", "")
        if answer.status >= 500:
            raise Broken(f"{method} {path}: {answer.status} {text!r}")
        try:
            return answer.status, json.loads(text) if text else None
        except ValueError:
            return answer.status, text.decode()

    def call(self, token: str, method: str, path: str, body=None) -> tuple[int, object]:
        return self.request(method, path, body, {"Authorization": f"Bearer {token}"})

    def operate(self, method: str, path: str, body=None) -> tuple[int, object]:
        return self.call(self.operator, method, f"/api/v1/operator{path}", body)

    def must(self, answer: tuple[int, object]) -> dict:
        if answer[0] >= 300:
            raise Broken(f"{answer}")
        return answer[1]

    def organization(self, name: str, zone: str) -> tuple[str, str]:
        """A new organization's path, and a token of its Administrator."""
        about = {"name": name, "time_zone": zone, "administrator_email": ADMINISTRATOR}
        made = self.must(self.operate("POST", "/organizations", about))
        headers = {"Cookie": self.cookie, "Sec-Fetch-Site": "same-origin"}
        invitation = {"token": made["invitation_link"].partition("#")[2]}
        self.must(self.request("POST", "/api/v1/invitations/acceptance", invitation, headers))
        path = f"/api/v1/organizations/{made['id']}"
        token = self.must(self.request("POST", f"{path}/tokens", {}, headers))["token"]
        nobody = {"license_expiration": [], "pool_low": []}
        self.must(self.call(token, "PUT", f"{path}/notification-recipients", nobody))
        return path, token
