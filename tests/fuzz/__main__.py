"""Fuzz our own readers and coordinates, led by coverage: ``make fuzz``.

python -m tests.fuzz                      every target for 30 seconds
python -m tests.fuzz --seconds 600 kml    one of them for longer

What makes a target fail is left in ``.gridmap-test/fuzz`` (``crash-…``); ``--again FILE kml`` feeds it anew.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

NAMES = ("geojson", "delimited", "kml", "dbf", "zip", "workbook", "coordinates", "crs")
FOLDER = Path(__file__).resolve().parents[2] / ".gridmap-test" / "fuzz"
LONGEST_INPUT_BYTES = 4_096
# A single input may not take longer: an endless loop is found too.
LONGEST_S = 20


def main(arguments: list[str]) -> int:
    """Fuzz the named targets, each in a process of its own; 1 if one of them failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}; all without")
    parser.add_argument("--seconds", type=int, default=30, help="for each target")
    parser.add_argument("--again", type=Path, metavar="FILE", help="feed this file once, and nothing else")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    names = chosen.targets or list(NAMES)
    if unknown := set(names) - set(NAMES):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    if chosen.here:
        _fuzz(names[0], chosen.seconds)
    if chosen.again:
        from tests.fuzz.targets import TARGETS

        for name in names:
            TARGETS[name].feed(chosen.again.read_bytes())
        return 0
    failed: list[str] = []
    for name in names:
        print(f"— {name}: {chosen.seconds} s", flush=True)
        command = [sys.executable, "-m", "tests.fuzz", "--here", "--seconds", str(chosen.seconds), name]
        if subprocess.run(command, check=False).returncode:
            failed.append(name)
    print(f"failed: {', '.join(failed)}; see {FOLDER.name}" if failed else "nothing failed")
    return 1 if failed else 0


def _fuzz(name: str, seconds: int) -> None:
    """Hand over to libFuzzer, which ends the process."""
    import atheris

    with atheris.instrument_imports(include=["gridmap.importing", "gridmap.domain"]):
        from tests.fuzz.targets import TARGETS

    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    os.chdir(FOLDER)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_INPUT_BYTES}",
        f"-timeout={LONGEST_S}",
        "-rss_limit_mb=4096",
        "-verbosity=0",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name].feed)
    atheris.Fuzz()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
