"""Addresses that hand a place over to a navigation app, each with its own order and datum.

https only: custom schemes are blocked in WeChat's browser. 高德 and 百度 accept WGS-84 and shift it
themselves; 腾讯 knows no datum parameter and gets GCJ-02; ``geo:`` (RFC 5870) is WGS-84 by definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from gridmap.domain.coordinates import Datum, convert

_APP = "gridmap"


@dataclass(frozen=True, slots=True)
class HandOff:
    """One provider and the address that opens the way there."""

    provider: str
    url: str


HAND_OFF_HOSTS = ("uri.amap.com", "api.map.baidu.com", "apis.map.qq.com")


def hand_off_urls(*, lon_deg: float, lat_deg: float, name: str) -> tuple[HandOff, ...]:
    """The addresses for a place.

    Parameters
    ----------
    lon_deg, lat_deg : float
        WGS-84 degrees, as stored.
    name : str
        Shown as the destination; percent-encoded here.
    """
    shifted = convert([[lon_deg, lat_deg]], Datum.WGS84, Datum.GCJ02)[0]
    lon, lat = f"{lon_deg:.6f}", f"{lat_deg:.6f}"
    gcj_lon, gcj_lat = f"{float(shifted[0]):.6f}", f"{float(shifted[1]):.6f}"
    plain = name.replace(",", " ").replace("|", " ")
    amap = {
        "to": f"{lon},{lat},{plain}",
        "mode": "walk",
        "coordinate": "wgs84",
        "callnative": "1",
        "src": _APP,
    }
    baidu = {
        "destination": f"latlng:{lat},{lon}|name:{plain}",
        "mode": "walking",
        "coord_type": "wgs84",
        "output": "html",
        "src": _APP,
    }
    tencent = {"type": "walk", "to": plain, "tocoord": f"{gcj_lat},{gcj_lon}", "referer": _APP}
    return (
        HandOff("amap", f"https://uri.amap.com/navigation?{urlencode(amap)}"),
        HandOff("baidu", f"https://api.map.baidu.com/direction?{urlencode(baidu)}"),
        HandOff("tencent", f"https://apis.map.qq.com/uri/v1/routeplan?{urlencode(tencent)}"),
        HandOff("geo", f"geo:{lat},{lon}?q={lat},{lon}({quote(plain)})"),
    )
