"""Addresses for navigation apps: each provider has its own order of coordinates and its own datum."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from gridmap.domain.coordinates import Datum, convert
from gridmap.domain.hand_off import HAND_OFF_HOSTS, hand_off_urls

LON, LAT = 114.3, 30.55


def address_of(provider: str, name: str = "岚湖驿站") -> str:
    found = {
        hand_off.provider: hand_off.url for hand_off in hand_off_urls(lon_deg=LON, lat_deg=LAT, name=name)
    }
    return found[provider]


def query_of(provider: str, name: str = "岚湖驿站") -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(address_of(provider, name)).query).items()}


def test_amap_takes_longitude_first_and_is_told_wgs84() -> None:
    query = query_of("amap")
    assert query["to"] == "114.300000,30.550000,岚湖驿站"
    assert query["coordinate"] == "wgs84"


def test_baidu_takes_latitude_first_and_is_told_wgs84() -> None:
    query = query_of("baidu")
    assert query["destination"] == "latlng:30.550000,114.300000|name:岚湖驿站"
    assert query["coord_type"] == "wgs84"


def test_tencent_takes_latitude_first_in_gcj02() -> None:
    shifted = convert([[LON, LAT]], Datum.WGS84, Datum.GCJ02)[0]
    assert query_of("tencent")["tocoord"] == f"{shifted[1]:.6f},{shifted[0]:.6f}"
    assert abs(float(shifted[0]) - LON) > 0.004  # some 500 m at Wuhan


def test_geo_is_latitude_first_in_wgs84() -> None:
    assert address_of("geo").startswith("geo:30.550000,114.300000?q=30.550000,114.300000(")


@pytest.mark.parametrize("provider", ["amap", "baidu", "tencent"])
def test_only_https_and_only_known_hosts(provider: str) -> None:
    parts = urlsplit(address_of(provider))
    assert parts.scheme == "https"
    assert parts.netloc in HAND_OFF_HOSTS


def test_a_name_cannot_add_parameters_or_coordinates() -> None:
    name = "甲&mode=car,1|name:乙#x"
    assert query_of("amap", name)["mode"] == "walk"
    assert query_of("amap", name)["to"].count(",") == 2
    assert query_of("baidu", name)["destination"].count("|") == 1
    assert "&mode=car" not in address_of("geo", name)
