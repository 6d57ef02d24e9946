"""The back office's registers, as a person without JavaScript uses them; who may open which page."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import ROLE_ACTIONS, Role
from gridmap.web.access import declaration
from tests.web.browser_client import Person

SignIn = Callable[[str], Person]
COMMUNITY = "420106099001"
OTHER = "420106099002"


@pytest.fixture
def sign_in(demo_app: Flask, demo_password: Callable[[str], str]) -> SignIn:
    def as_one(username: str) -> Person:
        person = Person(demo_app)
        person.sign_in(username, demo_password(username))
        return person

    return as_one


def place_in(session: Session, community: str, *, status: str = "built") -> Any:
    query = (
        "SELECT id, code, name, version FROM service_point"
        " WHERE community_code = :community AND visibility = 'public' AND status = :status"
        " ORDER BY id LIMIT 1"
    )
    return session.execute(text(query), {"community": community, "status": status}).one()


def form_of(page: str) -> dict[str, str]:
    """The fields of the page's main form as a browser would send them."""
    form = page[page.index('class="register-form"') :]
    fields = dict(re.findall(r'<input[^>]* name="(\w+)" value="([^"]*)"', form.split("</form>")[0]))
    fields |= dict(re.findall(r'<textarea[^>]* name="(\w+)"[^>]*>([^<]*)<', form.split("</form>")[0]))
    for name, options in re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else re.findall(r'value="([^"]*)"', options)[0]
    fields.pop("csrf_token", None)
    return fields


def picture(color: str = "green") -> tuple[io.BytesIO, str]:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    out = io.BytesIO()
    Image.new("RGB", (64, 48), color).save(out, "JPEG", exif=exif)
    out.seek(0)
    return out, "photo.jpg"


PAGES = {
    "/admin/places": ("admin", "planner", "office", "secretary01"),
    "/admin/places/new": ("admin", "planner", "office", "secretary01"),
    "/admin/buildings": ("admin", "planner", "office", "secretary01"),
    "/admin/buildings/new": ("admin", "planner", "office", "secretary01"),
    "/admin/people": ("admin", "office", "secretary01"),
    "/admin/people/new": ("admin", "office", "secretary01"),
}


@pytest.mark.parametrize("username", ["admin", "planner", "office", "secretary01", "worker01"])
def test_each_role_opens_the_registers_that_are_its_own(sign_in: SignIn, username: str) -> None:
    person = sign_in(username)
    for path, allowed in PAGES.items():
        assert person.open(path).status_code == (200 if username in allowed else 403), path
        home = person.open("/admin")
        if path.count("/") == 2 and home.status_code == 200:
            assert (f'href="{path}"' in home.text) == (username in allowed), path


def test_every_route_of_the_registers_refuses_roles_and_visitors_without_its_action(
    sign_in: SignIn, demo_app: Flask
) -> None:
    people = {name: sign_in(name) for name in ("worker01", "planner", "secretary01", "admin")}
    roles = {
        "worker01": Role.GRID_WORKER,
        "planner": Role.PLANNER,
        "secretary01": Role.COMMUNITY_SECRETARY,
        "admin": Role.ADMIN,
    }
    tried = 0
    for rule in demo_app.url_map.iter_rules():
        if not rule.endpoint.startswith(
            ("admin_places.", "admin_people.", "admin_posts.", "admin_buildings.")
        ):
            continue
        action = declaration(demo_app, rule.endpoint)
        assert action is not None
        if action.action is None:
            assert rule.endpoint == "admin_places.photo_file"
            continue
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            visitor = Person(demo_app)
            visitor.open("/sign-in")
            answer = visitor.open(path) if method == "GET" else visitor.send(path)
            assert answer.status_code == (302 if method == "GET" else 401), (method, path)
            for name, person in people.items():
                person.open("/")
                answer = person.open(path) if method == "GET" else person.send(path)
                may = action.action in ROLE_ACTIONS[roles[name]]
                assert (answer.status_code == 403) == (not may), (method, path, name, answer.status_code)
                assert answer.status_code < 500
                tried += 1
    assert tried >= 4 * 18


def test_a_visitor_is_sent_to_sign_in(demo_app: Flask) -> None:
    for path in PAGES:
        assert Person(demo_app).open(path).status_code == 302


def test_an_edited_place_is_on_the_public_map_at_once(sign_in: SignIn, demo_session: Session) -> None:
    place = place_in(demo_session, COMMUNITY)
    secretary = sign_in("secretary01")
    before = secretary.client.get("/").text
    form = form_of(secretary.open(f"/admin/places/{place.id}").text)
    form |= {"name": "改名的示意驿站", "opening_hours": "Mo-Su 06:00-22:00", "office_phone": "027-0000-9999"}
    answer = secretary.send(f"/admin/places/{place.id}", **form)
    assert answer.status_code == 303
    public = secretary.client.get(f"/p/{place.id}").text
    assert "改名的示意驿站" in public
    assert "027-0000-9999" in public
    found = secretary.client.get("/list?q=gmdsyyz").text
    assert "改名的示意驿站" in found
    # The layer's address carries its version: the browser fetches it anew.
    url = re.compile(r"/layers/service_points[^\"\\]*")
    assert url.search(before)[0] != url.search(secretary.client.get("/").text)[0]  # type: ignore[index]
    history = secretary.open(f"/admin/places/{place.id}").text
    assert place.name in history
    assert "骆南渡" in history


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": ""}, "请填写“名称”"),
        ({"opening_hours": "早八点到晚六点"}, "开放时间读不懂"),
        ({"office_phone": "打办公室"}, "不像电话号码"),
        ({"lon": "30.55", "lat": "114.31"}, "经纬度"),
        ({"lon": "nan"}, "数字"),
        ({"lon": "2.35", "lat": "48.85"}, ""),
        ({"status": "planned"}, "状态不能这样跳"),
        ({"status": "xx"}, "不在可选范围"),
        ({"category_code": "SP99999"}, "不在可选范围"),
        ({"capacity": "-3"}, "超出范围"),
        ({"capacity": "三十"}, "整数"),
        ({"surveyed_on": "2030-01-01"}, "不能在今天以后"),
        ({"surveyed_on": "昨天"}, "日期"),
        ({"name": "甲" * 300}, "太长"),
        ({"name": "甲\x00乙"}, "无法显示的字符"),
        ({"services": "、".join(f"项{n}" for n in range(40))}, "最多 20 项"),
    ],
)
def test_bad_input_gets_its_word_and_loses_nothing(
    sign_in: SignIn, demo_session: Session, change: dict[str, str], word: str
) -> None:
    place = place_in(demo_session, COMMUNITY)
    secretary = sign_in("secretary01")
    form = form_of(secretary.open(f"/admin/places/{place.id}").text)
    answer = secretary.send(f"/admin/places/{place.id}", **{**form, "tour_text": "打了很久的介绍", **change})
    assert answer.status_code == 400
    assert word in answer.text
    assert "打了很久的介绍" in answer.text
    assert "什么都没有改" in answer.text
    assert place_in(demo_session, COMMUNITY) == place


def test_of_two_editors_the_second_is_told_and_keeps_what_was_typed(
    sign_in: SignIn, demo_session: Session
) -> None:
    place = place_in(demo_session, COMMUNITY)
    one, other = sign_in("secretary01"), sign_in("office")
    path = f"/admin/places/{place.id}"
    form, late = form_of(one.open(path).text), form_of(other.open(path).text)
    assert one.send(path, **{**form, "floor": "2F"}).status_code == 303
    answer = other.send(path, **{**late, "operator": "后来的人写的"})
    assert answer.status_code == 409
    assert "别人已经改过" in answer.text
    assert "后来的人写的" in answer.text
    assert "2F" in answer.text
    # Sent again with the version that the page now carries, it is taken.
    again = form_of(answer.text)
    assert again["operator"] == "后来的人写的"
    assert other.send(path, **again).status_code == 303


def test_an_import_between_counts_as_another_editor(sign_in: SignIn, demo_session: Session) -> None:
    place = place_in(demo_session, COMMUNITY)
    secretary = sign_in("secretary01")
    path = f"/admin/places/{place.id}"
    form = form_of(secretary.open(path).text)
    demo_session.execute(text("UPDATE service_point SET floor = '9F' WHERE id = :id"), {"id": place.id})
    demo_session.commit()
    assert secretary.send(path, **{**form, "operator": "甲"}).status_code == 409


def test_places_elsewhere_and_restricted_ones_are_not_there(sign_in: SignIn, demo_session: Session) -> None:
    secretary, planner = sign_in("secretary01"), sign_in("planner")
    elsewhere = place_in(demo_session, OTHER)
    assert secretary.open(f"/admin/places/{elsewhere.id}").status_code == 404
    assert elsewhere.name not in secretary.open("/admin/places").text
    assert secretary.send(f"/admin/places/{elsewhere.id}/withdraw", version="1", note="x").status_code == 404
    query = "SELECT id FROM service_point WHERE category_code = 'SP17' ORDER BY id LIMIT 1"
    restricted = demo_session.execute(text(query)).scalar_one()
    assert planner.open(f"/admin/places/{restricted}").status_code == 404
    assert "SP17" not in planner.open("/admin/places").text
    assert sign_in("office").open(f"/admin/places/{restricted}").status_code == 200


def test_a_place_is_recorded_where_the_editor_works_and_nowhere_else(
    sign_in: SignIn, demo_session: Session
) -> None:
    secretary = sign_in("secretary01")
    form = form_of(secretary.open("/admin/places/new").text)
    point = "SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE code = :code AND valid_to IS NULL"
    lon, lat = demo_session.execute(text(point), {"code": f"{COMMUNITY}010"}).one()
    far_lon, far_lat = demo_session.execute(text(point), {"code": f"{OTHER}010"}).one()
    form |= {"name": "新示意亭", "address": "示意路 1 号", "category_code": "SP02"}
    refused = secretary.send("/admin/places/new", **{**form, "lon": far_lon, "lat": far_lat})
    assert refused.status_code == 400
    assert "不在您负责的范围内" in refused.text
    assert "新示意亭" in refused.text
    assert secretary.send("/admin/places/new", **{**form, "lon": lon, "lat": lat}).status_code == 303
    row = demo_session.execute(
        text("SELECT code, community_code, grid_code, search_key FROM service_point WHERE name = '新示意亭'")
    ).one()
    assert (row.community_code, row.grid_code) == (COMMUNITY, f"{COMMUNITY}010")
    assert re.fullmatch(r"SP02-\d{3}", row.code)
    assert "xsyt" in row.search_key


def test_withdrawing_needs_a_reason_and_keeps_the_record(sign_in: SignIn, demo_session: Session) -> None:
    place = place_in(demo_session, COMMUNITY)
    office = sign_in("office")
    office.open(f"/admin/places/{place.id}")
    path = f"/admin/places/{place.id}/withdraw"
    assert office.send(path, version=place.version, note=" ").status_code == 400
    assert office.client.get(f"/p/{place.id}").status_code == 200
    assert office.send(path, version=place.version, note="拆迁").status_code == 303
    assert office.client.get(f"/p/{place.id}").status_code == 404
    page = office.open(f"/admin/places/{place.id}").text
    assert "拆迁" in page
    assert place.code in office.open("/admin/places?status=withdrawn").text
    # It may be taken up again.
    form = form_of(page) | {"status": "built"}
    assert office.send(f"/admin/places/{place.id}", **form).status_code == 303
    assert office.client.get(f"/p/{place.id}").status_code == 200


def test_a_photo_is_shown_with_its_words_while_the_place_is_public(
    sign_in: SignIn, demo_app: Flask, demo_session: Session
) -> None:
    place = place_in(demo_session, COMMUNITY)
    secretary = sign_in("secretary01")
    secretary.open(f"/admin/places/{place.id}")
    path = f"/admin/places/{place.id}/photos"
    without_words = secretary.send(path, photo=picture(), alt_text="", credit="街道办拍摄")
    assert without_words.status_code == 400
    assert "街道办拍摄" in without_words.text
    assert secretary.send(path, photo=picture(), alt_text="门口", credit="街道办拍摄").status_code == 303
    assert secretary.send(path, photo=picture(), alt_text="又一次", credit="").status_code == 303
    for view in (f"/p/{place.id}", f"/p/{place.id}/card"):
        page = demo_app.test_client().get(view).text
        assert 'alt="门口"' in page
        assert "街道办拍摄" in page
        assert "又一次" not in page
    url = re.search(r"/p/photos/\w+\.jpg", page)[0]  # type: ignore[index]
    file = demo_app.test_client().get(url)
    assert file.status_code == 200
    assert b"Maker" not in file.data
    assert Image.open(io.BytesIO(file.data)).size == (64, 48)
    # The place is for staff only now: its picture goes with it.
    demo_session.execute(
        text("UPDATE service_point SET visibility = 'staff' WHERE id = :id"), {"id": place.id}
    )
    demo_session.commit()
    assert demo_app.test_client().get(url).status_code == 404
    assert secretary.client.get(url).status_code == 200
    assert sign_in("secretary02").client.get(url).status_code == 404


def test_photos_are_six_at_most_ordered_and_removed(sign_in: SignIn, demo_session: Session) -> None:
    place = place_in(demo_session, COMMUNITY)
    secretary = sign_in("secretary01")
    secretary.open(f"/admin/places/{place.id}")
    path = f"/admin/places/{place.id}/photos"
    colours = ("red", "green", "blue", "white", "black", "yellow", "purple")
    for number, colour in enumerate(colours, start=1):
        answer = secretary.send(path, photo=picture(colour), alt_text=f"图{number}", credit="")
        assert answer.status_code == (303 if number <= 6 else 400)
    assert "最多 6 张" in answer.text

    def words() -> list[tuple[int, str]]:
        query = "SELECT id, alt_text FROM service_point_photo WHERE service_point_id = :id ORDER BY position"
        return [tuple(row) for row in demo_session.execute(text(query), {"id": place.id})]

    second = words()[1][0]
    assert secretary.send(f"{path}/{second}", action="up").status_code == 303
    assert [alt for _, alt in words()][:3] == ["图2", "图1", "图3"]
    assert secretary.send(f"{path}/{second}", action="remove").status_code == 303
    assert [alt for _, alt in words()] == ["图1", "图3", "图4", "图5", "图6"]
    assert sign_in("secretary02").send(f"{path}/{words()[0][0]}", action="remove").status_code in (400, 404)
    assert len(words()) == 5
    not_a_picture = secretary.send(path, photo=(io.BytesIO(b"%PDF-1.4"), "x.jpg"), alt_text="x", credit="")
    assert not_a_picture.status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/admin/places?category=%00&community=%00&q=%00&status=%00", 200),
        ("/admin/places?page=99999&category=SP02%27--", 200),
        ("/admin/places/99999999999999999999", 404),
        ("/admin/places/new?lon=999&lat=x", 200),
        ("/admin/people?area=%00", 404),
        ("/admin/people?zone=NOSUCH", 404),
        ("/admin/people?q=%00%25_%5C", 200),
        ("/admin/people/99999999999999999999", 404),
        ("/admin/buildings?q=%00&compound=%00&lon=nan&lat=1e999", 200),
        ("/admin/compounds/0", 404),
        ("/p/photos/xyz.jpg", 404),
        (f"/p/photos/{'0' * 64}.jpg", 404),
        ("/field/here?lon=114.3&lat=30.55&day=0001-01-01", 200),
        ("/field/here?lon=114.3&lat=30.55&day=bald", 200),
    ],
)
def test_a_mangled_address_is_answered_plainly(sign_in: SignIn, path: str, status: int) -> None:
    assert sign_in("admin").open(path).status_code == status


@pytest.mark.parametrize("area_code", ["xyz", "\x00", "420106", "'; --"])
def test_a_person_is_recorded_in_an_area_and_nowhere_else(sign_in: SignIn, area_code: str) -> None:
    admin = sign_in("admin")
    admin.open("/admin/people/new")
    answer = admin.send("/admin/people/new", name="示意人", area_code=area_code)
    assert answer.status_code == 400
    assert "示意人" in answer.text


def zone_post(session: Session, community: str) -> Any:
    """A zone of a community with who is responsible for it."""
    query = """
        SELECT post.id, post.version, post.zone_code, person.id AS person_id, person.name, person.code
          FROM assignment AS post JOIN person ON person.id = post.person_id
         WHERE post.role = 'zone_responsible' AND post.zone_code LIKE :prefix AND post.valid_to IS NULL
           AND NOT EXISTS (SELECT FROM stand_in WHERE assignment_id = post.id)
           AND EXISTS (SELECT FROM issue WHERE issue.responsible_person_id = person.id
                          AND issue.state IN ('submitted', 'handling', 'to_rate'))
         ORDER BY post.id LIMIT 1
        """
    prefix = f"ZR099{community[9:]}%"
    return session.execute(text(query), {"prefix": prefix}).one()


def test_a_handover_is_shown_then_done_then_undone(sign_in: SignIn, demo_session: Session) -> None:
    office = sign_in("office")
    post = zone_post(demo_session, COMMUNITY)
    office.open(f"/admin/people/{post.person_id}")
    command = {
        "command": "hand_over",
        "person_id": post.person_id,
        "post": f"{post.id}:{post.version}",
        "person": "P0007 随便写的名字",
        "day": "2026-11-20",
        "note": "轮岗",
    }
    preview = office.send("/admin/people/posts", **command, step="preview")
    assert preview.status_code == 200
    moved = re.search(r"影响未结 (\d+) 件", preview.text)
    assert moved
    assert int(moved[1]) > 0
    assert "还什么都没有改" in preview.text
    assert zone_post(demo_session, COMMUNITY).person_id == post.person_id
    done = office.send("/admin/people/posts", **command, step="confirm")
    assert done.status_code == 303
    shown = office.open(f"/admin/people/{post.person_id}").text
    assert f"转给新责任人的未结问题:{moved[1]} 件" in shown
    tree = office.open(f"/admin/people?zone={post.zone_code}").text
    assert "轮岗" in tree
    change = re.search(r'name="change_id" value="(\d+)"', tree)
    assert change
    undone = office.send("/admin/people/posts", command="undo", change_id=change[1], step="confirm")
    assert undone.status_code == 303
    assert zone_post(demo_session, COMMUNITY).person_id == post.person_id
    again = office.send("/admin/people/posts", command="undo", change_id=change[1], step="confirm")
    assert again.status_code == 409
    assert "已经撤回过" in again.text


def test_a_zone_is_left_vacant_only_when_it_is_confirmed_and_is_then_listed(
    sign_in: SignIn, demo_session: Session
) -> None:
    secretary = sign_in("secretary01")
    post = zone_post(demo_session, COMMUNITY)
    secretary.open(f"/admin/people/{post.person_id}")
    command = {
        "command": "end",
        "person_id": post.person_id,
        "post": f"{post.id}:{post.version}",
        "day": "2026-11-20",
    }
    preview = secretary.send("/admin/people/posts", **command, step="preview")
    assert f'name="vacant" value="{post.zone_code}"' in preview.text
    refused = secretary.send("/admin/people/posts", **command, step="confirm")
    assert refused.status_code == 400
    assert "没有责任人" in refused.text
    listed = f'<a href="/admin/people?zone={post.zone_code}">'
    assert listed not in secretary.open("/admin/people").text.split("无人负责")[1].split("</section>")[0]
    done = secretary.send("/admin/people/posts", **command, step="confirm", vacant=post.zone_code)
    assert done.status_code == 303
    assert listed in secretary.open("/admin/people").text.split("无人负责")[1].split("</section>")[0]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"command": "hand_over", "person": "", "day": "2026-11-20"}, 400),
        ({"command": "hand_over", "person": "P999999", "day": "2026-11-20"}, 400),
        ({"command": "hand_over", "person": "P0007", "day": "明天"}, 400),
        ({"command": "hand_over", "person": "P0007", "day": "2026-11-20"}, 400),
        ({"command": "hand_over", "person": "P0007", "day": "2026-11-20", "post": "1:999"}, 409),
        ({"command": "hand_over", "person": "P0007", "day": "2026-11-20", "post": "x:y"}, 400),
        ({"command": "undo", "change_id": "999999"}, 404),
        ({"command": "undo", "change_id": "many"}, 400),
        ({"command": "drop_everything"}, 404),
        ({}, 404),
        ({"command": "give", "zone": "NO-SUCH", "role": "zone_responsible", "person": "P0007"}, 400),
        ({"command": "give", "area": "'; --", "role": "grid_worker", "person": "P0007"}, 404),
    ],
)
def test_a_broken_command_is_answered_plainly(
    sign_in: SignIn, demo_session: Session, fields: dict[str, str], status: int
) -> None:
    office = sign_in("office")
    person_id = zone_post(demo_session, COMMUNITY).person_id
    office.open("/admin/people")
    where = {} if "zone" in fields or "area" in fields else {"person_id": person_id}
    answer = office.send("/admin/people/posts", **where, **fields, step="confirm")
    assert answer.status_code in ({status, 404} if "zone" in fields else {status})


def test_a_person_is_recorded_edited_and_given_a_post(sign_in: SignIn, demo_session: Session) -> None:
    secretary = sign_in("secretary01")
    secretary.open("/admin/people/new")
    form = {"name": "新来的示意人", "area_code": COMMUNITY, "mobile_phone": "10099990001"}
    id_number = secretary.send("/admin/people/new", **form | {"mobile_phone": "420106199001011234"})
    assert id_number.status_code == 400
    assert "新来的示意人" in id_number.text
    made = secretary.send("/admin/people/new", **form)
    assert made.status_code == 303
    person_id = int(made.headers["Location"].rsplit("/", 1)[1])
    page = secretary.open(f"/admin/people/{person_id}").text
    code = demo_session.execute(
        text("SELECT code FROM person WHERE id = :id"), {"id": person_id}
    ).scalar_one()
    version = form_of_person(page)["version"]
    consent = {**form, "version": version, "mobile_is_public": "1"}
    assert secretary.send(f"/admin/people/{person_id}", **consent).status_code == 400
    consent |= {"name_is_public": "1"}
    assert secretary.send(f"/admin/people/{person_id}", **consent).status_code == 303
    given = secretary.send(
        "/admin/people/posts",
        command="give",
        area=f"{COMMUNITY}010",
        role="grid_leader",
        person=f"{code} 新来的示意人",
        day="2026-11-20",
        step="confirm",
    )
    assert given.status_code == 303
    visitor = secretary.client.application.test_client()
    board = visitor.get(f"/areas/{COMMUNITY}010").text
    assert "新来的示意人" in board
    assert "10099990001" in board
    assert sign_in("secretary02").open(f"/admin/people/{person_id}").status_code == 404


def form_of_person(page: str) -> dict[str, str]:
    return form_of(page.replace('class="panel register-form"', 'class="register-form"'))


def test_buildings_are_found_edited_moved_and_drawn(sign_in: SignIn, demo_session: Session) -> None:
    office = sign_in("office")
    row = demo_session.execute(
        text(
            "SELECT id, code, ST_X(ST_Centroid(footprint)) AS lon, ST_Y(ST_Centroid(footprint)) AS lat"
            " FROM building WHERE code = 'LD00001'"
        )
    ).one()
    assert f"/admin/buildings/{row.id}" in office.open("/admin/buildings?q=LD00001").text
    near = office.open(f"/admin/buildings?lon={row.lon:.6f}&lat={row.lat:.6f}").text
    assert near.index(f"/admin/buildings/{row.id}") < near.index("LD000", near.index("LD00001") + 8)
    path = f"/admin/buildings/{row.id}"
    form = form_of(office.open(path).text)
    assert office.send(path, **form | {"resident_count": "5", "elderly_count": "6"}).status_code == 400
    assert (
        office.send(path, **form | {"ebike_count": "31", "east_m": "10", "north_m": "-4"}).status_code == 303
    )
    after = demo_session.execute(
        text(
            "SELECT ebike_count, ST_Distance(ST_Centroid(footprint)::geography,"
            " ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)::geography) AS moved_m FROM building WHERE id = :id"
        ),
        {"lon": row.lon, "lat": row.lat, "id": row.id},
    ).one()
    assert after.ebike_count == 31
    assert after.moved_m == pytest.approx((10**2 + 4**2) ** 0.5, abs=0.02)
    form = form_of(office.open(path).text)
    corners = [(0, 0), (0.0003, 0), (0.0003, 0.0002), (0, 0.0002)]
    outline = "\n".join(f"{row.lon + dx:.7f} {row.lat + dy:.7f}" for dx, dy in corners)
    assert office.send(path, **form | {"outline": outline}).status_code == 303
    bow = "\n".join(outline.splitlines()[i] for i in (0, 2, 1, 3))
    stale = office.send(path, **form | {"outline": bow})
    assert stale.status_code == 409
    form = form_of(office.open(path).text)
    crossed = office.send(path, **form | {"outline": bow})
    assert crossed.status_code == 400
    assert "自己交叉" in crossed.text


@pytest.mark.parametrize(
    ("outline", "word"),
    [
        ("", "请填写"),
        ("114.3 30.5", "3 到 200 个角"),
        ("114.3 30.5\n114.3 30.5\n114.3 30.5", "3 到 200 个角"),
        ("东 西\n1 2\n3 4", "第 1 行"),
        ("114.3 30.5\n30.5 114.3\n114.31 30.5", "第 2 行"),
        ("114.3 30.5\n114.4 30.5\n114.4 30.6\n114.3 30.6", "平方米"),
        ("\n".join(f"114.3{n:04d} 30.5" for n in range(300)), "3 到 200 个角"),
    ],
)
def test_an_outline_that_is_none_is_refused(sign_in: SignIn, outline: str, word: str) -> None:
    office = sign_in("office")
    form = form_of(office.open("/admin/buildings/new").text)
    answer = office.send("/admin/buildings/new", **form | {"address": "示意楼", "outline": outline})
    assert answer.status_code == 400
    assert word in answer.text
    assert "示意楼" in answer.text


def test_compounds_are_edited_in_the_own_community(sign_in: SignIn, demo_session: Session) -> None:
    query = "SELECT id FROM compound WHERE community_code = :code ORDER BY id LIMIT 1"
    own = demo_session.execute(text(query), {"code": COMMUNITY}).scalar_one()
    other = demo_session.execute(text(query), {"code": OTHER}).scalar_one()
    secretary = sign_in("secretary01")
    assert secretary.open(f"/admin/compounds/{other}").status_code == 404
    form = form_of_person(secretary.open(f"/admin/compounds/{own}").text)
    path = f"/admin/compounds/{own}"
    assert secretary.send(path, **form | {"built_year": "建国后"}).status_code == 400
    assert secretary.send(path, **form | {"name": "改名的小区"}).status_code == 303
    assert "改名的小区" in secretary.open(path).text


def test_who_was_responsible_on_a_day_is_answered_by_page_and_api(
    sign_in: SignIn, demo_session: Session
) -> None:
    # 420106099002050 had another grid worker until February 2025.
    lon, lat = demo_session.execute(
        text("SELECT ST_X(label_point), ST_Y(label_point) FROM area WHERE code = '420106099002050'")
    ).one()
    office = sign_in("office")

    def names(day: str) -> list[str]:
        url = f"/api/v1/at-point?lon={lon}&lat={lat}&day={day}"
        return [one["name"] for one in office.client.get(url).get_json()["responsible"]]

    query = """
        SELECT person.name FROM assignment JOIN person ON person.id = person_id
         WHERE area_code = '420106099002050' AND role = 'grid_worker' ORDER BY valid_from
        """
    first, second = demo_session.scalars(text(query)).all()[:2]
    assert first in names("2025-02-27")
    assert second not in names("2025-02-27")
    assert second in names("2026-11-20")
    page = office.open(f"/field/here?lon={lon}&lat={lat}&day=2025-02-27").text
    assert first in page
    assert "2025-02-27" in page
    assert office.client.get(f"/api/v1/at-point?lon={lon}&lat={lat}&day=gestern").status_code == 400
