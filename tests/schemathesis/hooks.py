"""What schemathesis cannot know of the service: who calls, and which values mean something.

A schema says what a request looks like. Which identifiers exist, which codes are not yet redeemed, which texts are time
zones, it does not say. So generated requests that are to be good are given such values, most of the time, before they
are sent; requests that are to be bad keep what makes them bad.
"""

import copy
import hashlib
import io
import json
import random
import re
import zlib
from datetime import timedelta

import openpyxl
import schemathesis
from schemathesis.core.parameters import ParameterLocation

from world import ADMINISTRATOR, EACH, ORGANIZATION, PACE, PASSWORD, World

WORLD: World

# How often a value that means something takes the place of a generated one.
OFTEN = 0.9

# Each how many good requests one has what can be had only with effort, and each how many where all others are rejected.
SELDOM = 5
RATHER_OFTEN = 2

PASSWORDS = ("password", "current_password", "new_password")
IDENTIFIER = re.compile(r"\b[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}\b")
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ZONES = ["UTC", "Europe/Warsaw", "America/St_Johns", "Pacific/Kiritimati", "Asia/Kathmandu"]
URLS = ["https://hooks.harbor.example/tenure", "https://hooks.harbor.example:8443/in?from=tenure"]
TERMS = ["P2Y", "P18M", "P30D", "P52W", "P1Y6M"]

sent = 0
# Of all requests as they were generated: two runs with the same one have tried the same.
fingerprint = hashlib.sha256()
last = ""
tried: dict[str, int] = {}
seen: set[str] = set()

# The last cursor of each list, and the question whose answer it was in.
cursors: dict[str, dict] = {}


def of_session(path: str) -> bool:
    """Whether a path is about the person who is logged in."""
    return path.startswith(("/api/v1/me", "/api/v1/sessions/current"))


@schemathesis.auth(refresh_interval=None)
class Callers:
    """An Administrator, now and then an Analyst; an operator where those have business; a log-in where only that counts."""

    def get(self, case, context):
        path = case.operation.path
        if of_session(path):
            return ("cookie", WORLD.cookie)
        if path.startswith("/api/v1/operator/"):
            return ("token", WORLD.tokens["operator"])
        # A cursor belongs to the answer that one caller has had.
        reads = case.method.upper() == "GET" and "cursor" not in (case.query or {}) and chance(case).random() < 0.1
        return ("token", WORLD.tokens["analyst" if reads else "administrator"])

    def set(self, case, data, context):
        kind, secret = data
        if kind == "cookie":
            case.cookies = {**(case.cookies or {}), "__Host-tenure": secret}
            case.headers = {**(case.headers or {}), "Sec-Fetch-Site": "same-origin"}
        else:
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {secret}"}


def written(value: object) -> bytes:
    """What a value is, without the addresses that objects have in memory, which are others in each run."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value)).encode("utf-8", "replace")


def chance(case) -> random.Random:
    """Randomness that is the same for the same request."""
    return random.Random(zlib.crc32(written((case.operation.label, case.path_parameters, case.query, case.body))))


def known(name: str) -> list:
    return WORLD.values.get(name, [])


def meaning(name: str, value: object, dice: random.Random) -> object:
    """A value of this name that means something, or the one that was there."""
    if isinstance(value, list):
        return [meaning(name.removesuffix("s"), item, dice) for item in value]
    if not isinstance(value, str) or value in seen:
        return value
    if name == "time_zone":
        return dice.choice(ZONES)
    if name in ("until", "date"):
        # What is looked at begins today and ends within three years.
        return (WORLD.now + timedelta(days=dice.randrange(2, 1000))).date().isoformat()
    if name == "term":
        return dice.choice(TERMS)
    if name == "token":
        return WORLD.invitation() if dice.random() < 0.5 else value
    if name == "url":
        return dice.choice(URLS)
    if name in ("code", "activation_code") and len(value) >= 25:
        return WORLD.code(dice.randrange(1, 4), "P2Y")
    values = known(name)
    # What is not there is nowhere, and tells nothing about the route.
    often = 1.0 if name.endswith("_id") or name == "key" else OFTEN
    return dice.choice(values) if values and dice.random() < often else value


def kind_of(name: str, path: str) -> str:
    """Of which things a parameter of this path takes identifiers."""
    if name == "sensor_id" and "/removed-sensors/" in path:
        return "removed_sensor_id"
    if name == "activation_code_id" and "/license-keys/" in path:
        return "license_key_id"
    return name


def with_meaning(body: object, dice: random.Random) -> object:
    if isinstance(body, list):
        return [with_meaning(item, dice) for item in body]
    if not isinstance(body, dict):
        return body
    found = {}
    for name, value in body.items():
        if isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
            found[name] = with_meaning(value, dice)
        else:
            found[name] = meaning(name, value, dice)
    return found


def seldom(case, each: int = SELDOM) -> bool:
    """Whether this good request of the route is one of those that are given what is hard to have: the first one is."""
    tried[case.operation.label] = tried.get(case.operation.label, -1) + 1
    return tried[case.operation.label] % each == 0


def belongs_together(case) -> None:
    """Mends what each for itself is good."""
    body = case.body
    if not isinstance(body, dict):
        return
    if isinstance(body.get("license_id"), str) and "key" in body:
        # Either a license or a key.
        del body["key"]
    if case.operation.path.endswith("/erasure") and "serial" in body:
        # Who erases a sensor's history types its own serial number.
        sensor = (case.path_parameters or {}).get("sensor_id")
        body["serial"] = WORLD.serials.get(sensor, body["serial"])
    # A cursor belongs to one question; nothing else is one.
    body.pop("cursor", None)
    if of_session(case.operation.path):
        # Whoever is logged in knows their password, and keeps it.
        body.update({name: PASSWORD for name in PASSWORDS if name in body})
    if case.operation.label == "POST /api/v1/sessions" and seldom(case):
        body.update(email=ADMINISTRATOR, password=PASSWORD)
        body.pop("code", None)
    if case.operation.label == "PATCH /api/v1/organizations/{organization_id}" and "name" in body:
        # By its name it is found again, when its users have to be made anew.
        body["name"] = ORGANIZATION
    if "/invitations/" in case.operation.path and "token" in body and seldom(case):
        body["token"] = WORLD.invitation()
        if case.operation.path.endswith("/acceptance"):
            body["password"] = PASSWORD
    if case.operation.path.endswith("/one-time-codes/confirmation") and seldom(case):
        body["code"] = WORLD.one_time_code()
    if case.operation.path.endswith("/password-resets/redemption") and seldom(case, RATHER_OFTEN):
        body["token"] = WORLD.reset()
    steps = [step for step in body.get("what_if") or () if isinstance(step, dict) and "licenses" in step]
    for step in steps:
        # All steps together bring so many at the most.
        step["licenses"] = min(step["licenses"], 100_000 // len(steps))
    if case.operation.path.endswith("/sensors/names") and isinstance(body.get("items"), list):
        # Each sensor once.
        body["items"] = list({item.get("sensor_id"): item for item in body["items"]}.values())
    condition = body.get("condition")
    if isinstance(condition, dict) and "threshold" in condition:
        # Each type of measurement has a range and a step of its own.
        condition.update(channel_type="temperature", threshold=8.5)
        if condition.get("hysteresis") is not None:
            condition["hysteresis"] = 0.5


@schemathesis.deserializer(WORKBOOK)
def workbook(context, response) -> str:
    """The bytes of a workbook that can be opened."""
    openpyxl.load_workbook(io.BytesIO(response.content), read_only=True).close()
    return response.content.decode("latin-1")


@schemathesis.hook
def before_call(context, case, **kwargs):
    global sent, last
    sent += 1
    headers = {name: value for name, value in (case.headers or {}).items() if name != "Authorization"}
    parts = (case.operation.label, case.method, case.path_parameters, case.query, headers, case.body)
    fingerprint.update(written(parts))
    # Cases share what they are made of, and what is random here is not to be in the next one.
    case.path_parameters, case.query, case.headers = map(copy.deepcopy, (case.path_parameters, case.query, case.headers))
    if sent % EACH == 0:
        WORLD.move(PACE)
    # Requests add and remove things, so they are looked for anew before the next route is tried.
    if WORLD.stale and case.operation.label != last:
        WORLD.gather()
    last = case.operation.label
    meta = case.meta
    if meta is None:
        return
    dice = chance(case)
    if not meta.is_negative_at(ParameterLocation.PATH):
        parameters = case.path_parameters or {}
        for name, value in parameters.items():
            parameters[name] = meaning(kind_of(name, case.operation.path), value, dice)
        for names, pairs in WORLD.pairs.items():
            if pairs and all(name in parameters for name in names):
                parameters.update(zip(names, dice.choice(pairs), strict=True))
        if "file" in parameters:
            parameters["file"] = WORLD.calendar
        if "/unsubscriptions/" in case.operation.path:
            parameters["token"] = WORLD.unsubscription
    if not meta.is_negative_at(ParameterLocation.HEADER) and case.headers:
        # A key is for one request, and the tag of what is there is not guessed.
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = f"request-{sent}"
        if "If-Match" in case.headers:
            case.headers["If-Match"] = "*"
    if not meta.is_negative_at(ParameterLocation.QUERY) and case.operation.path.endswith("/events"):
        # A stream has no end, and the id of an event is not guessed.
        case.query = {**(case.query or {}), "follow": "false"}
        case.query.pop("after", None)
        if not meta.is_negative_at(ParameterLocation.HEADER):
            (case.headers or {}).pop("Last-Event-ID", None)
    if not meta.is_negative_at(ParameterLocation.QUERY) and case.query:
        for name, value in list(case.query.items()):
            if name == "from" and str(value)[:10] >= str(case.query.get("to") or WORLD.now.isoformat())[:10]:
                # A span ends after it begins: now, when nothing is said.
                del case.query[name]
            elif name in ("until", "date", "term"):
                case.query[name] = meaning(name, value, dice)
            elif name.endswith("_id"):
                case.query[name] = meaning(name.replace("rule_id", "alert_rule_id"), value, dice)
        # So does the id of an event.
        case.query.pop("after", None)
        if case.query.pop("cursor", None) is not None:
            # A cursor belongs to one question; nothing else is one.
            case.query = {**cursors.get(case.operation.label, {}), "limit": case.query.get("limit", "50")}
    if not meta.is_negative_at(ParameterLocation.BODY) and isinstance(case.body, (dict, list)):
        case.body = with_meaning(case.body, dice)
        belongs_together(case)


@schemathesis.hook
def after_call(context, case, response):
    """Remembers what the service has named, and mends what would make all that follows meaningless."""
    try:
        text = response.content.decode()
    except UnicodeDecodeError:
        return
    if response.status_code < 300:
        seen.update(IDENTIFIER.findall(text))
        mine = str((case.headers or {}).get("Authorization", "")).endswith(WORLD.tokens["administrator"])
        if '"next_cursor":"' in text and (mine or "/operator/" in case.operation.path):
            asked = {name: value for name, value in (case.query or {}).items() if name not in ("limit", "cursor")}
            cursors[case.operation.label] = {**asked, "cursor": json.loads(text)["next_cursor"]}
    method, path = case.method.upper(), case.operation.path
    if response.status_code < 300 and method != "GET":
        WORLD.stale = True
        if path.endswith("/calendar-feed"):
            WORLD.calendar = json.loads(text)["url"].rsplit("/", 1)[1] if method == "POST" else ""
    if response.status_code < 300 and path.endswith("/one-time-codes/confirmation"):
        WORLD.no_one_time_codes()
    if response.status_code < 300 and of_session(path) and method != "GET":
        WORLD.log_in()
    if response.status_code < 300 and method in ("DELETE", "PATCH") and ("/users/" in path or "/tokens/" in path):
        # Whoever may remove users and tokens may remove those that the rest of the run needs.
        if WORLD.call("GET", f"/api/v1/organizations/{WORLD.organization}/tokens")[0] != 200:
            WORLD.make_users()
