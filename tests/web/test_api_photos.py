"""Photos: what is accepted, what is kept, who may look (P4, 5.2)."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gridmap.storage.tables import IssueEventRow, IssuePhotoRow
from tests.factories import SUBDISTRICT, add_account, add_world, middle_of
from tests.reports import report_body
from tests.web.api_client import Program, program_of

FIRST, SECOND = f"{SUBDISTRICT}001", f"{SUBDISTRICT}002"
GPS_IFD, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F


def picture(width: int = 400, height: int = 300, kind: str = "JPEG", *, exif: bool = False) -> bytes:
    """A picture with a red left half; its EXIF says where, with what, and that it lies on its side."""
    image = Image.new("RGB", (width, height), "white")
    image.paste("red", (0, 0, width // 2, height))
    out = io.BytesIO()
    if not exif:
        image.save(out, kind)
        return out.getvalue()
    tags = Image.Exif()
    tags[MAKE] = "SecretPhone"
    tags[ORIENTATION] = 6
    tags.get_ifd(GPS_IFD)[1] = "N"
    image.save(out, kind, exif=tags)
    return out.getvalue()


@pytest.fixture
def programs(app: Flask, session: Session) -> dict[str, Program]:
    add_world(session)
    return {
        name: program_of(app, session, add_account(session, name, role=role, area_codes=(area,)))
        for name, role, area in (
            ("worker", "grid_worker", f"{FIRST}010"),
            ("other_worker", "grid_worker", f"{SECOND}010"),
            ("secretary", "community_secretary", FIRST),
            ("planner", "planner", SUBDISTRICT),
        )
    }


@pytest.fixture
def issue(programs: dict[str, Program]) -> dict[str, Any]:
    made = programs["worker"].post("/issues", report_body(*middle_of(0, 0))).json
    assert made is not None
    return made


def put(program: Program, issue: dict[str, Any], content: bytes, *, query: str = "", name: str = "") -> Any:
    sha256 = name or hashlib.sha256(content).hexdigest()
    return program.call("PUT", f"/issues/{issue['id']}/photos/{sha256}{query}", data=content)


def test_a_photo_is_kept_without_exif_upright_and_at_most_1600_px(
    programs: dict[str, Program], issue: dict[str, Any], app: Flask, tmp_path: Path
) -> None:
    sent = picture(3000, 2000, exif=True)
    assert b"SecretPhone" in sent
    answer = put(programs["worker"], issue, sent)
    assert answer.status_code == 201
    kept = programs["worker"].photo(answer.json["url"])
    assert (kept.status_code, kept.mimetype) == (200, "image/jpeg")
    assert hashlib.sha256(kept.data).hexdigest() == answer.json["sha256"]
    assert "private" in kept.headers["Cache-Control"]
    assert b"SecretPhone" not in kept.data
    image = Image.open(io.BytesIO(kept.data))
    assert dict(image.getexif()) == {}
    # Orientation 6: turned a quarter to the right, so what was on the left is now on top.
    assert image.size == (1067, 1600) == (answer.json["width_px"], answer.json["height_px"])
    assert image.getpixel((500, 100))[0] > 200 > image.getpixel((500, 100))[1]
    assert image.getpixel((500, 1500))[1] > 200
    (file,) = (tmp_path / "photos").rglob("*.jpg")
    assert file.parts[-3:-1] == (file.stem[:2], file.stem[2:4])
    assert list((tmp_path / "photos").rglob(".*")) == []


def test_the_same_file_again_changes_nothing(
    programs: dict[str, Program], issue: dict[str, Any], session: Session
) -> None:
    content = picture()
    first, again = (put(programs["worker"], issue, content) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json == again.json
    assert session.scalar(select(func.count()).select_from(IssuePhotoRow)) == 1
    kinds = session.scalars(select(IssueEventRow.kind).order_by(IssueEventRow.seq)).all()
    assert kinds == ["created", "routed", "photo_added"]
    body = programs["secretary"].get(f"/issues/{issue['id']}").json
    assert body is not None
    assert [photo["sha256"] for photo in body["photos"]] == [first.json["sha256"]]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_three_formats_are_taken_and_all_become_jpeg(
    programs: dict[str, Program], issue: dict[str, Any], kind: str
) -> None:
    answer = put(programs["worker"], issue, picture(kind=kind))
    assert programs["worker"].photo(answer.json["url"]).data[:3] == b"\xff\xd8\xff"


def _giant_png() -> bytes:
    out = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(out, "PNG")
    return out.getvalue()


BAD = [
    (b"", "not_a_picture"),
    (b"<svg onload='alert(1)'/>", "not_a_picture"),
    (b"GIF89a" + b"\0" * 100, "not_a_picture"),
    (b"%PDF-1.7", "not_a_picture"),
    (picture(800, 600)[:-700], "damaged"),
    (picture(kind="PNG")[:60], "damaged"),
    (_giant_png(), "too_many_pixels"),
    (picture(2000, 20), "extreme_shape"),
]


@pytest.mark.parametrize(("content", "reason"), BAD)
def test_what_is_no_decent_picture_is_refused_by_its_content(
    programs: dict[str, Program], issue: dict[str, Any], tmp_path: Path, content: bytes, reason: str
) -> None:
    answer = put(programs["worker"], issue, content)
    assert (answer.status_code, answer.json["reason"]) == (400, reason)
    assert list((tmp_path / "photos").rglob("*.jpg")) == []


def test_a_hash_that_is_not_the_files_own_is_refused(
    programs: dict[str, Program], issue: dict[str, Any]
) -> None:
    answer = put(programs["worker"], issue, picture(), name="0" * 64)
    assert (answer.status_code, answer.json["reason"]) == (400, "of_other_bytes")
    for name in ("ABC", "0" * 63, "g" * 64):
        assert put(programs["worker"], issue, picture(), name=name).status_code == 400


def test_a_file_over_the_limit_is_refused_before_it_is_decoded(
    programs: dict[str, Program], issue: dict[str, Any]
) -> None:
    answer = put(programs["worker"], issue, picture() + b"\0" * 12_000_000)
    assert (answer.status_code, answer.json["reason"]) == (400, "file_too_large")
    assert put(programs["worker"], issue, b"\0" * 14_000_000).status_code == 413


def test_an_issue_takes_nine_photos(programs: dict[str, Program], issue: dict[str, Any]) -> None:
    answers = [put(programs["worker"], issue, picture(300 + 8 * n, 300)) for n in range(10)]
    assert [answer.status_code for answer in answers] == [201] * 9 + [400]
    assert answers[-1].json["reason"] == "too_many"


def test_p4_photos_are_for_those_who_may_see_the_issue_and_never_public(
    app: Flask, programs: dict[str, Program], issue: dict[str, Any]
) -> None:
    url = put(programs["worker"], issue, picture()).json["url"]
    expected = {"worker": 200, "secretary": 200, "planner": 200, "other_worker": 404}
    assert {name: program.photo(url).status_code for name, program in programs.items()} == expected
    visitor = app.test_client()
    # Without an account neither the issue (by its unguessable id) nor its photo is to be had.
    assert visitor.get(url, headers={"Accept": "application/json"}).status_code == 401
    assert visitor.get(f"/api/v1/issues/{issue['id']}").status_code == 401
    assert visitor.get("/photos/../secret_key.jpg").status_code in (401, 404)
    assert programs["worker"].photo(f"/photos/{'0' * 64}.jpg").status_code == 404
    assert programs["worker"].photo("/photos/x.jpg").status_code == 404


def test_p4_a_photo_is_added_only_by_who_may_and_while_the_issue_is_open(
    programs: dict[str, Program], issue: dict[str, Any]
) -> None:
    assert put(programs["other_worker"], issue, picture()).status_code == 404
    assert put(programs["planner"], issue, picture()).status_code == 403
    assert put(programs["secretary"], issue, picture(), query="?kind=result").status_code == 201
    assert put(programs["secretary"], issue, picture(310), query="?kind=selfie").status_code == 400
    for version, edit in enumerate(
        ({"state": "handling"}, {"state": "to_rate", "note": "好了"}, {"state": "closed", "note": "好"}), 1
    ):
        path = f"/issues/{issue['id']}"
        assert programs["secretary"].patch(path, {"version": version, **edit}).status_code == 200
    answer = put(programs["worker"], issue, picture(320))
    assert (answer.status_code, answer.json["reason"]) == (400, "issue_is_finished")


def test_transparent_pictures_get_a_white_ground(programs: dict[str, Program], issue: dict[str, Any]) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(out, "PNG")
    kept = programs["worker"].photo(put(programs["worker"], issue, out.getvalue()).json["url"])
    assert min(Image.open(io.BytesIO(kept.data)).getpixel((32, 32))) > 250
