"""Plays random scripts to the built binary through its public API, and compares it with the rules: play.py --help

Each script is about an organization or two. Many are played at once to one service, merged on one time line, which
its trial clock goes along. The same seed gives the same script.
"""

import argparse
import heapq
import json
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

from player import Different, Player
from random_script import RandomScript
from rules import DAY, ScriptError
from service import Broken, Service, instant

TOP = Path(__file__).resolve().parents[2]
BEGIN = 1_800_000_000_000_000  # in January 2027
SHOWN = 3
ROUNDS = 12


def script_of(seed: int) -> dict:
    """Services begin in different years, so that there are leap years and changes of clocks of all kinds."""
    return RandomScript(seed, BEGIN + seed // 100 % 7 * 211 * DAY).script()


def play(binary: str, scripts: list[dict], postgres: str | None) -> list[tuple[int, str] | None]:
    """What each script came to: nothing, or the place of the command that went wrong, and how."""
    outcomes = [None] * len(scripts)
    if not scripts:
        return outcomes
    with Service(binary, min(script["begin"] for script in scripts), postgres) as service:
        failures = []
        players = [Player(script, service, number, failures) for number, script in enumerate(scripts)]
        for player in players:
            player.begin()
        place, more = 0, True
        while more:
            more = any([player.issue(place) for player in players])
            place += 1
            service.move_clock(service.now + 1_000)
        line = [(player.next_at, number) for number, player in enumerate(players)]
        heapq.heapify(line)
        while line:
            at, number = heapq.heappop(line)
            player = players[number]
            service.move_clock(at)
            while player.next_at == at and outcomes[number] is None:
                try:
                    player.step()
                except (Different, KeyError, TypeError, ScriptError, AssertionError) as error:
                    said = str(error) if isinstance(error, Different) else repr(error)
                    outcomes[number] = (player.place - 1, said)
                except Broken as error:
                    outcomes[number] = (player.place - 1, str(error))
                    if service.process.poll() is not None:
                        return outcomes
            if outcomes[number] is None and player.next_at is not None:
                heapq.heappush(line, (player.next_at, number))
    return outcomes


def end_in_order():
    """A worker that is told to end stops its service before."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def lot(job) -> tuple[list[int], list, int]:
    """Plays the scripts of some seeds."""
    binary, seeds, postgres = job
    scripts = [script_of(seed) for seed in seeds]
    return seeds, play(binary, scripts, postgres), sum(len(script["commands"]) for script in scripts)


def shorter(binary: str, script: dict, outcome: tuple[int, str], postgres: str | None) -> tuple[dict, tuple[int, str]]:
    """The same difference by fewer commands: all attempts of a round are played to one service at once."""
    script = script | {"commands": script["commands"][:outcome[0] + 1]}
    size = max(1, len(script["commands"]) // 2)
    for _ in range(ROUNDS):
        commands = script["commands"]
        cuts = [(first, min(first + size, len(commands))) for first in range(0, len(commands) - 1, size)]
        attempts = [script | {"commands": commands[:first] + commands[last:]} for first, last in cuts]
        attempts = [attempt for attempt in attempts if attempt["commands"]]
        results = play(binary, attempts, postgres)
        found = [(cut, attempt, result) for cut, attempt, result in zip(cuts, attempts, results) if result is not None]
        if found:
            # All cuts that keep a difference, if they keep one together; else the first.
            together = [command for place, command in enumerate(commands)
                        if not any(first <= place < last for (first, last), _, _ in found)]
            both = play(binary, [script | {"commands": together}], postgres)[0] if len(found) > 1 and together else None
            if both is not None:
                script, outcome = script | {"commands": together}, both
            else:
                _, script, outcome = found[0]
            script = script | {"commands": script["commands"][:outcome[0] + 1]}
            size = min(size, max(1, len(script["commands"]) // 2))
        elif size == 1:
            break
        else:
            size //= 2
    return script, outcome


def show(script: dict, outcome: tuple[int, str], folder: Path):
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{script['seed']}.json"
    file.write_text(json.dumps(script) + "\n", encoding="utf-8")
    codes = {code["code"]: code for code in script["codes"]}
    used = {command.get("code") for command in script["commands"]}
    print(f"  zones {', '.join(script['zones'])}; " + "; ".join(
        f"{name}: {code['licenses']} of {code['term']}" + (f" by {code['redeem_by']}" if code["redeem_by"] else "")
        for name, code in codes.items() if name in used))
    for command in script["commands"]:
        rest = {name: value for name, value in command.items()
                if name not in ("at", "do") and value not in (None, False) and (name, value) != ("org", 0)}
        print(f"  {instant(command['at'])} {command['do']} {json.dumps(rest) if rest else ''}")
    print(f"  -> {outcome[1]}")
    print(f"  again: python3 tests/oracle/play.py --script {file}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--binary", default=str(TOP / "target/debug/tenure"))
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--scripts", type=int, default=2000, help="how many seeds are played (2000)")
    parser.add_argument("--each", type=int, default=100, help="how many scripts are played to one service (100)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="services at once")
    parser.add_argument("--postgres", metavar="ADDRESS",
                        help="a PostgreSQL server; 'environment' for the one in TENURE_TEST_POSTGRES; else SQLite")
    parser.add_argument("--script", type=Path, help="plays the script in this file, and nothing else")
    parser.add_argument("--stop-at", type=int, default=SHOWN, help="stops after so many differences")
    parser.add_argument("--as-it-is", action="store_true", help="does not look for a shorter script")
    parser.add_argument("--keep", type=Path, default=TOP / "target/oracle", help="the folder for scripts that differ")
    options = parser.parse_args()
    if options.postgres == "environment":
        options.postgres = os.environ["TENURE_TEST_POSTGRES"]
    return options


def main() -> int:
    options = arguments()
    if options.script is not None:
        script = json.loads(options.script.read_text(encoding="utf-8"))
        outcome = play(options.binary, [script], options.postgres)[0]
        if outcome is None:
            print("no difference")
            return 0
        print(f"command {outcome[0] + 1}: {json.dumps(script['commands'][outcome[0]])}\n  {outcome[1]}")
        return 1
    began = time.monotonic()
    seeds = range(options.first_seed, options.first_seed + options.scripts)
    lots = {}
    for seed in seeds:
        lots.setdefault(seed // options.each, []).append(seed)
    jobs = [(options.binary, seeds, options.postgres) for seeds in lots.values()]
    played = commands = 0
    different = []
    with multiprocessing.Pool(options.workers, initializer=end_in_order) as pool:
        for seeds, outcomes, count in pool.imap_unordered(lot, jobs):
            played, commands = played + len(seeds), commands + count
            different += [(seed, outcome) for seed, outcome in zip(seeds, outcomes) if outcome is not None]
            print(f"  {played} of {options.scripts} scripts, {len(different)} differ, "
                  f"{time.monotonic() - began:.0f} s", flush=True)
            if len(different) >= options.stop_at:
                break
    for seed, outcome in different[:options.stop_at]:
        script = script_of(seed)
        print(f"seed {seed}, command {outcome[0] + 1} of {len(script['commands'])}: {outcome[1]}", flush=True)
        if not options.as_it_is:
            script, outcome = shorter(options.binary, script, outcome, options.postgres)
            show(script, outcome, options.keep)
    engine = "SQLite" if options.postgres is None else "PostgreSQL"
    print(f"{played} scripts with {commands} commands on {engine}: "
          f"{len(different) or 'no'} difference{'' if len(different) == 1 else 's'}, {time.monotonic() - began:.0f} s")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
