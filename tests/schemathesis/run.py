"""Tries the service against its OpenAPI document by schemathesis: every route, all checks, a fixed seed.

usage: run.py [OPTION OF schemathesis run]…

It needs the built binary: TENURE_TEST_BINARY, or target/debug/tenure.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent

os.environ.setdefault("PYTHONHASHSEED", "0")


def main() -> int:
    os.chdir(HERE)
    import hooks
    from schemathesis.cli import schemathesis
    from world import World

    world = World()
    hooks.WORLD = world
    words = ["--config-file", str(HERE / "schemathesis.toml"), "run", f"{world.url}/openapi.json", *sys.argv[1:]]
    try:
        status = schemathesis(words, standalone_mode=False)
    except SystemExit as end:
        status = end.code
    finally:
        trouble = world.said()
        world.stop()
    if trouble:
        print("the service has logged:", trouble, sep="\n", file=sys.stderr)
    return int(status or 0) or int(bool(trouble))


if __name__ == "__main__":
    sys.exit(main())
