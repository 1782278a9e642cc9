"""Tries the service against its OpenAPI document by schemathesis: every route, all checks, a fixed seed.

usage: run.py [--repeatable] [OPTION OF schemathesis run]…

With --repeatable each run sends the same requests: nothing is made of what was answered before, so the phase that
follows links from answer to request is left out. It needs the built binary: TENURE_TEST_BINARY, or target/debug/tenure.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent

# What is added to the configuration when each run is to be the same. Identifiers and secrets in answers are random.
REPEATABLE = """
[phases.examples.extra-data-sources]
responses = false

[phases.coverage.extra-data-sources]
responses = false

[phases.fuzzing.extra-data-sources]
responses = false

[phases.fuzzing.error-feedback]
enabled = false
"""


def main() -> int:
    os.chdir(HERE)
    import hooks
    from schemathesis.cli import schemathesis
    from world import World

    options = sys.argv[1:]
    world = World()
    hooks.WORLD = world
    configuration = HERE / "schemathesis.toml"
    if "--repeatable" in options:
        options.remove("--repeatable")
        options += ["--phases", "examples,coverage,fuzzing"]
        text = configuration.read_text(encoding="utf-8") + REPEATABLE
        configuration = pathlib.Path(world.folder.name, "schemathesis.toml")
        configuration.write_text(text, encoding="utf-8")
    words = ["--config-file", str(configuration), "run", f"{world.url}/openapi.json", *options]
    try:
        status = schemathesis(words, standalone_mode=False)
    except SystemExit as end:
        status = end.code
    finally:
        trouble = world.said()
        world.stop()
    print(f"{hooks.sent} requests, fingerprint {hooks.fingerprint.hexdigest()[:16]}")
    if trouble:
        print("the service has logged:", trouble, sep="\n", file=sys.stderr)
    return int(status or 0) or int(bool(trouble))


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Python reads it when it starts.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())
