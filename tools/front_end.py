"""Build what the front end needs: libraries copied from node_modules, one SVG sprite, compiled catalogues.

    python tools/front_end.py

Run by set-up after ``npm ci``. Everything goes to ``gridmap/web/static/vendor`` (which git ignores), each
library in a folder named by its version with its licence beside it. Running it again changes nothing.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "gridmap" / "web" / "static" / "vendor"

# package → (short name → file in the package), licence file
LIBRARIES: dict[str, tuple[dict[str, str], str]] = {
    "leaflet": ({"leaflet.js": "dist/leaflet.js", "leaflet.css": "dist/leaflet.css"}, "LICENSE"),
    "protomaps-leaflet": ({"protomaps-leaflet.js": "dist/protomaps-leaflet.js"}, "LICENSE"),
}

# Bundled inside protomaps-leaflet.js: their licences ask to be kept with copies.
BUNDLED = (
    "@mapbox/point-geometry",
    "@mapbox/vector-tile",
    "@protomaps/basemaps",
    "color2k",
    "fflate",
    "pbf",
    "pmtiles",
    "potpack",
    "quickselect",
    "rbush",
)

# Symbols are found where they are used: `icon("name")` in templates and modules, `icon="name"` or a table
# of names in Python, and the category dictionaries. These are named only by data or built from parts.
ICONS = ["map-pin", "exclamation-mark", "circle-half-2", "eye", "check", "minus"]
_USES = re.compile(r"""\bicon(?:\(|=)["']([a-z0-9-]+)["']""")

_SHAPES = re.compile(r"<(path|circle|rect|line|polyline|polygon|ellipse)\b[^>]*?/>", re.DOTALL)
_EMPTY_SHAPE = re.compile(r'stroke="none"[^>]*fill="none"')


class FrontEndError(RuntimeError):
    """Something that has to be there is not; the message says what and how to get it."""


def main() -> int:
    """Build everything; a missing file is named with the command that brings it."""
    try:
        files = copy_libraries()
        sprite, icons = write_sprite()
        files["sprite.svg"] = sprite
        files["map-libraries.js"] = join_map_libraries(files)
        write_list(files, icons)
        compile_words()
    except FrontEndError as error:
        print(f"front end: {error}", file=sys.stderr)
        return 1
    kilobytes = sum(path.stat().st_size for path in VENDOR.rglob("*") if path.is_file()) // 1024
    print(f"front end: {len(files)} files, {len(icons)} symbols, {kilobytes} KB")
    return 0


def copy_libraries() -> dict[str, str]:
    """Copy the used files of each library; the result maps short names to paths under ``static/``."""
    files: dict[str, str] = {}
    shutil.rmtree(VENDOR, ignore_errors=True)
    for package, (wanted, licence) in LIBRARIES.items():
        source = MODULES / package
        target = VENDOR / f"{package}-{_version(package)}"
        target.mkdir(parents=True, exist_ok=True)
        for short, inside in wanted.items():
            _copy_text(source / inside, target / Path(inside).name)
            files[short] = f"vendor/{target.name}/{Path(inside).name}"
        _copy_text(source / licence, target / licence)
        if package == "protomaps-leaflet":
            _write_bundled_licences(target / "BUNDLED-LICENCES.txt")
    return files


def join_map_libraries(files: dict[str, str]) -> str:
    """Put Leaflet and the base map's painter into one file: two fewer round trips on a slow net."""
    parts = [VENDOR.parent / files[name] for name in ("leaflet.js", "protomaps-leaflet.js")]
    folder = VENDOR / "+".join(part.parent.name for part in parts)
    folder.mkdir(exist_ok=True)
    notice = f"/* {folder.name}; licences beside this file */\n"
    joined = notice + "\n;\n".join(part.read_text(encoding="utf-8") for part in parts)
    (folder / "map-libraries.js").write_text(joined, encoding="utf-8")
    for part in parts:
        for licence in part.parent.glob("*LICEN[CS]E*"):
            shutil.copyfile(licence, folder / f"{part.parent.name}-{licence.name}")
    return f"vendor/{folder.name}/map-libraries.js"


def _version(package: str) -> str:
    manifest = MODULES / package / "package.json"
    if not manifest.is_file():
        raise FrontEndError(f"{package} is not in node_modules; run: npm ci --ignore-scripts")
    return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])


def _copy_text(source: Path, target: Path) -> None:
    """Copy without the pointer to a source map: the map is not served, and asking for it is an error."""
    if not source.is_file():
        raise FrontEndError(f"{source.relative_to(ROOT)} is missing; run: npm ci --ignore-scripts")
    lines = source.read_text(encoding="utf-8").splitlines(keepends=True)
    target.write_text(
        "".join(line for line in lines if not line.startswith("//# sourceMappingURL")), encoding="utf-8"
    )


def _write_bundled_licences(target: Path) -> None:
    parts: list[str] = []
    for package in BUNDLED:
        folder = MODULES / package
        licence = next(iter(sorted(folder.glob("LICEN[CS]E*"))), None)
        name = f"{package} {_version(package)}"
        declared = json.loads((folder / "package.json").read_text(encoding="utf-8")).get("license", "")
        text = licence.read_text(encoding="utf-8") if licence else f"Licence: {declared}\n"
        parts.append(f"{name}\n{'=' * len(name)}\n{text}")
    target.write_text("\n".join(parts), encoding="utf-8")


def write_sprite() -> tuple[str, list[str]]:
    """Write one SVG with a <symbol> for each used icon."""
    folder = VENDOR / f"tabler-icons-{_version('@tabler/icons')}"
    folder.mkdir(parents=True, exist_ok=True)
    source = MODULES / "@tabler" / "icons"
    _copy_text(source / "LICENSE", folder / "LICENSE")
    names = sorted({*ICONS, *_used_icons(), *_category_icons()})
    symbols = [_symbol(name, source / "icons" / "outline" / f"{name}.svg") for name in names]
    target = folder / "sprite.svg"
    body = "\n".join(symbols)
    target.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n', encoding="utf-8")
    return f"vendor/{folder.name}/sprite.svg", names


def _used_icons() -> set[str]:
    folders = (ROOT / "templates", ROOT / "gridmap" / "web")
    sources = [
        path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".html", ".js", ".py") and VENDOR not in path.parents
    ]
    return {name for path in sources for name in _USES.findall(path.read_text(encoding="utf-8"))}


def _category_icons() -> set[str]:
    found: set[str] = set()
    for path in sorted((ROOT / "geodata" / "demo").glob("*_categories.json")):
        found |= {row["icon"] for row in json.loads(path.read_text(encoding="utf-8")) if row.get("icon")}
    return found


def _symbol(name: str, path: Path) -> str:
    if not path.is_file():
        raise FrontEndError(f"there is no Tabler outline icon named {name!r}")
    shapes = [match.group(0) for match in _SHAPES.finditer(path.read_text(encoding="utf-8"))]
    drawn = "".join(" ".join(shape.split()) for shape in shapes if not _EMPTY_SHAPE.search(shape))
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
        f'stroke-linecap="round" stroke-linejoin="round">{drawn}</symbol>'
    )


def write_list(files: dict[str, str], icons: list[str]) -> None:
    """Write the list that ``gridmap.web.assets`` reads."""
    text = json.dumps({"files": files, "icons": icons}, ensure_ascii=False, indent=1, sort_keys=True)
    (VENDOR / "files.json").write_text(text + "\n", encoding="utf-8")


def compile_words() -> None:
    """Compile the translation catalogues, so that a read-only installation has them."""
    sys.path.insert(0, str(ROOT))
    from gridmap.web.i18n import compile_catalogues

    compile_catalogues()


if __name__ == "__main__":
    raise SystemExit(main())
