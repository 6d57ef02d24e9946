"""``python -m tools.demo_subdistrict [--out FOLDER]`` draws the demo subdistrict and writes its files."""

from __future__ import annotations

import argparse
from pathlib import Path

from .write import write_all


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(prog="python -m tools.demo_subdistrict", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path("geodata/demo"), help="folder to write (default: geodata/demo)"
    )
    folder: Path = parser.parse_args().out
    write_all(folder)
    total = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{len(list(folder.iterdir()))} files, {total / 1e6:.1f} MB in {folder}")


if __name__ == "__main__":
    main()
