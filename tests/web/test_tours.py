"""Visit routes: the list, the stop in the address, times, links, what stays hidden."""

from __future__ import annotations

import json

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from gridmap.domain.errors import InvalidInput
from gridmap.domain.tours import clock_time, parse_clock_time, timetable, walk_of
from gridmap.storage.layer_versions import bump_layer_version
from tests.factories import BEGIN, middle_of
from tests.tour_world import add_place, add_place_categories, add_short_tour, add_tour


def test_the_walk_is_the_straight_line_on_the_spheroid_times_the_detour_factor(
    client: FlaskClient, session: Session
) -> None:
    add_tour(session, "R1", stops=[((114.300, 30.560), None), ((114.310, 30.560), None)])
    straight_m = session.execute(
        text(
            "SELECT ST_Distance('POINT(114.300 30.560)'::geography, 'POINT(114.310 30.560)'::geography, true)"
        )
    ).scalar_one()
    walked_m = round(straight_m * 1.3 / 10) * 10
    assert walked_m == 1250
    assert f"步行约 {walked_m} 米、{walk_of(straight_m).minutes} 分钟" in client.get("/tours/R1").text


def test_a_walk_takes_whole_minutes_and_none_takes_none() -> None:
    assert (walk_of(0).distance_m, walk_of(0).minutes) == (0, 0)
    assert (walk_of(100).distance_m, walk_of(100).minutes) == (130, 2)


def test_the_timetable_adds_stays_and_walks() -> None:
    times = timetable([15, 20, 10], [6, 4], start_minute=9 * 60)
    assert [(clock_time(t.arrive_minute), clock_time(t.leave_minute)) for t in times] == [
        ("09:00", "09:15"),
        ("09:21", "09:41"),
        ("09:45", "09:55"),
    ]


@pytest.mark.parametrize("written", ["24:00", "9:5", "nine", "", "09:60", "０９:00"])
def test_what_is_no_time_of_day_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput):
        parse_clock_time(written)


def test_a_start_time_moves_the_whole_timetable_and_stays_in_the_links(
    client: FlaskClient, session: Session
) -> None:
    add_short_tour(session)
    page = client.get("/tours/R1?start=13:30").text
    assert "约 13:30 到达" in page
    assert "/tours/R1?stop=2&amp;start=13:30" in page


def test_a_start_time_that_is_none_gets_a_plain_word(client: FlaskClient, session: Session) -> None:
    add_short_tour(session)
    answer = client.get("/tours/R1?start=25:99")
    assert answer.status_code == 400
    assert "出发时间" in answer.text


def test_an_unknown_route_gets_a_plain_404(client: FlaskClient) -> None:
    answer = client.get("/tours/nowhere")
    assert answer.status_code == 404
    assert "没有这条路线" in answer.text


def test_the_stop_of_the_address_is_the_one_that_is_shown(client: FlaskClient, session: Session) -> None:
    add_short_tour(session)
    page = client.get("/tours/R1?stop=2").text
    shown = page[page.index("stop is-current") :]
    assert shown[: shown.index("</section>")].count("第3处") > 0
    assert 'rel="prev" href="/tours/R1?stop=1"' in page
    assert 'rel="next" aria-disabled="true"' in page


@pytest.mark.parametrize("asked", ["0", "-3", "99", "third"])
def test_a_stop_that_does_not_exist_shows_the_nearest_one(
    client: FlaskClient, session: Session, asked: str
) -> None:
    add_short_tour(session)
    assert client.get(f"/tours/R1?stop={asked}").text.count("stop is-current") == 1


def test_a_stop_at_a_restricted_or_staff_place_is_left_out_everywhere(
    client: FlaskClient, session: Session
) -> None:
    add_short_tour(session)
    add_place(session, "P9", at=middle_of(2, 1), visibility="staff")
    add_tour(session, "R2", stops=[(middle_of(2, 1), "P9"), (middle_of(3, 1), None)])
    lon, lat = middle_of(1, 0)
    for path in ("/tours", "/tours/R1", "/tours/R1?stop=2", "/layers/tours/R1.geojson"):
        shown = client.get(path).text
        assert "第2处" not in shown
        assert "中心户" not in shown
        assert f"{lon:.4f}" not in shown
    stops = json.loads(client.get("/layers/tours/R1.geojson").text)["features"]
    assert [f["properties"]["number"] for f in stops if f["properties"]["kind"] == "stop"] == [1, 2]
    only = [f["properties"] for f in json.loads(client.get("/layers/tours/R2.geojson").text)["features"]]
    assert only == [{"kind": "stop", "number": 1, "name": "第2处", "name_en": "Place 2"}]
    assert lat


def test_a_stop_links_to_its_place_until_that_is_withdrawn(client: FlaskClient, session: Session) -> None:
    add_place_categories(session)
    place = add_place(session, "P1", at=middle_of(0, 0))
    add_tour(session, "R1", stops=[(middle_of(0, 0), "P1"), (middle_of(1, 0), None)])
    assert f'href="/p/{place.id}"' in client.get("/tours/R1").text
    place.status = "withdrawn"
    session.flush()
    page = client.get("/tours/R1").text
    assert "/p/" not in page
    assert "第1处" in page


def test_the_stops_are_never_written_into_the_page_as_coordinates(
    client: FlaskClient, session: Session
) -> None:
    add_short_tour(session)
    page = client.get("/tours/R1").text
    script = page[page.index('id="page-data"') :]
    assert "114.3" not in script[: script.index("</script>")]


def test_the_layer_is_kept_by_its_version_and_changes_with_it(client: FlaskClient, session: Session) -> None:
    add_short_tour(session)
    bump_layer_version(session, "tours", data_date=BEGIN)
    first = client.get("/layers/tours/R1.geojson")
    assert first.headers["ETag"]
    again = client.get("/layers/tours/R1.geojson", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    bump_layer_version(session, "tours", data_date=BEGIN)
    changed = client.get("/layers/tours/R1.geojson", headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200


def test_the_layer_has_a_way_between_every_two_stops(client: FlaskClient, session: Session) -> None:
    add_tour(session, "R1", stops=[(middle_of(column, 0), None) for column in range(4)])
    features = json.loads(client.get("/layers/tours/R1.geojson").text)["features"]
    kinds = [feature["properties"]["kind"] for feature in features]
    assert kinds == ["walk"] * 3 + ["stop"] * 4
    assert all(f["properties"]["is_estimate"] for f in features if f["properties"]["kind"] == "walk")


def test_an_unknown_route_has_no_layer_and_no_drawing(client: FlaskClient) -> None:
    for path in ("/layers/tours/nowhere.geojson", "/tours/nowhere/sketch.svg"):
        assert client.get(path).status_code == 404


def test_the_drawing_numbers_every_stop(client: FlaskClient, session: Session) -> None:
    add_short_tour(session)
    answer = client.get("/tours/R1/sketch.svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.text.count("<circle") == 2


def test_a_route_without_stops_says_so(client: FlaskClient, session: Session) -> None:
    add_tour(session, "R1", stops=[])
    assert "还没有公布站点" in client.get("/tours/R1").text
    assert client.get("/tours").status_code == 200


def test_no_route_at_all_is_said_plainly(client: FlaskClient) -> None:
    assert "还没有公布参观路线" in client.get("/tours").text


def test_the_route_can_be_read_in_english(client: FlaskClient, session: Session) -> None:
    add_short_tour(session)
    page = client.get("/tours/R1?lang=en").text
    assert "Previous and next stop" in page
    assert "Place 1" in page
    assert "下一站" not in page


def test_the_printed_sheet_carries_the_address_in_words_and_as_a_qr_code(
    client: FlaskClient, session: Session
) -> None:
    add_short_tour(session)
    page = client.get("/tours/R1").text
    assert 'class="qr-code"' in page
    assert "http://localhost/tours/R1" in page


def test_a_name_cannot_become_markup(client: FlaskClient, session: Session) -> None:
    tour = add_short_tour(session)
    tour.name = "<script>alert(1)</script>"
    session.flush()
    assert "<script>alert" not in client.get("/tours/R1").text


@pytest.mark.parametrize(("path", "most"), [("/tours", 2), ("/tours/R1", 2), ("/layers/tours/R1.geojson", 2)])
def test_a_page_asks_few_statements(
    client: FlaskClient, session: Session, connection: Connection, path: str, most: int
) -> None:
    add_short_tour(session)
    asked: list[str] = []

    def note(conn: Connection, cursor: object, statement: str, *rest: object) -> None:
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            asked.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        assert client.get(path).status_code == 200
    finally:
        event.remove(connection, "before_cursor_execute", note)
    assert len(asked) <= most
