"""The public pages over the demo subdistrict: what they show, and what they must not show."""

from __future__ import annotations

import csv
import io
import re
from html import unescape
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.hand_off import HAND_OFF_HOSTS

PUBLIC_PAGES = ("/", "/list", "/tours", "/sign-in", "/p/1", "/nowhere")


def rows_of(page: str) -> list[int]:
    """Ids of the places in a page's list, in order."""
    return [int(found) for found in re.findall(r'class="place-row" href="/p/\d+" data-id="(\d+)"', page)]


def one(session: Session, sql: str) -> object:
    return session.execute(text(sql)).scalars().first()


def test_the_map_page_has_list_search_chips_and_map_without_any_data_inside(demo_client: FlaskClient) -> None:
    page = demo_client.get("/").text
    assert len(rows_of(page)) == 12
    assert 'name="q"' in page
    assert 'id="map_main"' in page
    assert "示意数据" in page
    assert "审图号" in page
    assert '"coordinates"' not in page
    assert len(page.encode()) < 60_000


def test_the_list_is_in_the_document_before_the_map(demo_client: FlaskClient) -> None:
    page = demo_client.get("/").text
    assert page.index('id="list"') < page.index('id="map_main"')


@pytest.mark.parametrize("path", PUBLIC_PAGES)
@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_no_page_names_another_host_except_to_hand_off(
    demo_client: FlaskClient, path: str, language: str
) -> None:
    page = unescape(demo_client.get(f"{path}?lang={language}").text)
    named = {urlsplit(url).netloc for url in re.findall(r"https?://[^\s\"'<>]+", page)}
    # namespaces of SVG are names, not addresses
    assert named - {"localhost", "www.w3.org", *HAND_OFF_HOSTS} == set()


@pytest.mark.parametrize("path", ["/", "/list", "/p/1"])
def test_english_pages_have_no_chinese_words_of_ours(demo_client: FlaskClient, path: str) -> None:
    page = re.sub(
        r'<a [^>]*lang="zh-CN".*?</a>|<\w+ [^>]*lang="zh-CN".*?</p>',
        "",
        demo_client.get(f"{path}?lang=en").text,
    )
    page = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r"[\u4e00-\u9fff]+", re.sub(r'https?://[^"]*', "", page)) == []


def test_a_search_finds_by_name_by_initials_and_by_full_pinyin(demo_client: FlaskClient) -> None:
    sheds = rows_of(demo_client.get("/list?q=充电车棚").text)
    assert len(sheds) == 14
    assert rows_of(demo_client.get("/list?q=cdcp").text) == sheds
    assert rows_of(demo_client.get("/list?q=ChongDianChePeng").text) == sheds


def test_a_search_without_a_hit_offers_the_nearest_three_and_a_way_back(demo_client: FlaskClient) -> None:
    page = demo_client.get("/list?q=没有这个地方").text
    assert len(rows_of(page)) == 3
    assert "没找到“没有这个地方”" in page
    assert "清除筛选" in page


def test_what_was_typed_is_shown_as_text_and_never_as_markup(demo_client: FlaskClient) -> None:
    for path in ("/", "/list"):
        page = demo_client.get(path, query_string={"q": "<script>alert(1)</script>${7*7}"}).text
        assert "<script>alert" not in page


def test_categories_and_status_narrow_the_list_in_both_notations(demo_client: FlaskClient) -> None:
    both = rows_of(demo_client.get("/list?c=SP07,SP09&sort=name").text)
    assert both == rows_of(demo_client.get("/list?c=SP07&c=SP09&sort=name").text)
    building = rows_of(demo_client.get("/list?c=SP07&status=building").text)
    assert len(building) == 11
    assert rows_of(demo_client.get("/list?c=SP07&status=nonsense").text) == rows_of(
        demo_client.get("/list?c=SP07").text
    )


def test_pages_of_the_list_follow_one_another_without_gap(demo_client: FlaskClient) -> None:
    first, second = (rows_of(demo_client.get(f"/list?page={page}").text) for page in (1, 2))
    assert len(first) == len(second) == 20
    assert not set(first) & set(second)
    assert rows_of(demo_client.get("/list?page=999").text) == first
    assert rows_of(demo_client.get("/list?page=-3").text) == first
    assert demo_client.get("/list?page=abc&sort=abc").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "z=abc&lat=1&lon=2",
        "z=17&lat=999&lon=114",
        "z=nan&lat=nan&lon=nan",
        "sel=99999999",
        "c=%00&q=%00",
        "layers=x,,y",
    ],
)
def test_a_broken_address_still_opens_the_map(demo_client: FlaskClient, query: str) -> None:
    assert demo_client.get(f"/?{query}").status_code == 200


def test_a_place_says_hours_address_phone_grid_and_hands_over_to_navigation(
    demo_client: FlaskClient, demo_session: Session
) -> None:
    place = one(
        demo_session,
        "SELECT id FROM service_point WHERE visibility = 'public' AND status = 'built'"
        " AND opening_hours IS NOT NULL AND office_phone IS NOT NULL ORDER BY id",
    )
    for path in (f"/p/{place}", f"/p/{place}/card"):
        page = demo_client.get(path).text
        assert re.search("开放中|已关门|全天开放", page)
        assert "tel:" in page
        assert "网格" in page
        for host in HAND_OFF_HOSTS:
            assert f"https://{host}/" in page
        assert "geo:" in page


def test_a_place_has_a_card_for_chats(demo_client: FlaskClient) -> None:
    page = demo_client.get("/p/1").text
    for name in ("og:title", "og:description", "og:url"):
        assert f'property="{name}"' in page


def test_the_qr_code_is_a_drawing_of_the_places_address(demo_client: FlaskClient) -> None:
    answer = demo_client.get("/p/1/qr.svg")
    assert answer.mimetype == "image/svg+xml"
    assert ElementTree.fromstring(answer.data).tag.endswith("svg")


def test_a_configured_public_address_goes_into_what_is_shared(demo_app: Flask, demo_session: Session) -> None:
    from dataclasses import replace

    from gridmap.web.deps import attach_deps, deps

    with demo_app.app_context():
        given = deps()
    config = replace(given.config, public_base_url="https://map.example.gov.cn/")
    attach_deps(demo_app, replace(given, config=config))
    assert "https://map.example.gov.cn/p/1<" in demo_app.test_client().get("/p/1").text


@pytest.mark.parametrize(
    "hidden",
    ["visibility = 'staff'", "visibility = 'restricted'", "status = 'withdrawn'", "valid_to = '2026-11-01'"],
)
def test_what_is_not_public_is_nowhere(demo_client: FlaskClient, demo_session: Session, hidden: str) -> None:
    demo_session.execute(text(f"UPDATE service_point SET {hidden} WHERE id = 1"))
    demo_session.commit()
    for path in ("/p/1", "/p/1/card", "/p/1/qr.svg"):
        assert demo_client.get(path).status_code == 404
    assert 1 not in {
        point["id"] for point in demo_client.get("/layers/service_points.geojson").json["features"]
    }  # type: ignore[index]
    assert "/p/1\r\n" not in demo_client.get("/list.csv").text
    assert 1 not in rows_of("".join(demo_client.get(f"/list?page={page}").text for page in range(1, 9)))


def test_the_restricted_category_is_nowhere(demo_client: FlaskClient, demo_session: Session) -> None:
    demo_session.execute(
        text(
            "UPDATE service_point SET visibility = 'public', category_code = 'SP17', name = '不该出现的人家'"
            " WHERE id = 1"
        )
    )
    demo_session.commit()
    for path in ("/", "/list", "/list?c=SP17", "/list.csv", "/layers/service_points.geojson"):
        assert "不该出现的人家" not in demo_client.get(path).text
    assert demo_client.get("/p/1").status_code == 404


def test_the_file_holds_the_filtered_list_without_coordinates(demo_client: FlaskClient) -> None:
    answer = demo_client.get("/list.csv?c=SP07&sort=name")
    assert answer.text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert len(rows) == 14
    assert {row["类别"] for row in rows} == {"充电车棚"}
    assert not re.search(r"114\.\d{4}", answer.text)


def test_a_cell_of_the_file_is_never_a_formula(demo_client: FlaskClient, demo_session: Session) -> None:
    demo_session.execute(text("UPDATE service_point SET name = '=HYPERLINK(1)' WHERE id = 1"))
    demo_session.commit()
    assert "\n'=HYPERLINK(1)" in demo_client.get("/list.csv").text


def test_the_statements_of_the_public_pages_are_few(demo_client: FlaskClient, demo_session: Session) -> None:
    from tests.statements import counted

    limits = {"/": 5, "/list": 4, "/p/1": 4, "/list.csv": 2}
    for path, limit in limits.items():
        with counted(demo_session.get_bind()) as seen:  # type: ignore[arg-type]
            demo_client.get(path)
        assert seen.count <= limit, path


def test_an_empty_service_says_so_and_does_not_break(client: FlaskClient) -> None:
    for path in ("/", "/list", "/tours", "/layers/service_points.geojson", "/layers/areas/grid.geojson"):
        assert client.get(path).status_code == 200
