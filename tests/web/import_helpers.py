"""Files for the import wizard, and its jobs run in the test's own process."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import shapely
from sqlalchemy import text
from werkzeug.test import TestResponse

from gridmap.bootstrap import demo_folder
from gridmap.jobs.handlers import HANDLERS
from gridmap.jobs.tools import JobTools
from gridmap.storage.job_queue import JobName
from tests.web.browser_client import Person

HEADERS = ("名称", "类别", "地址", "经度", "纬度", "容量")
_WAITING = text(
    "SELECT task_name, args FROM procrastinate_jobs WHERE status = 'todo' AND task_name = ANY (:names)"
    " ORDER BY id"
)
_DRAFT = re.compile(r"/admin/imports/([0-9a-f-]{36})")


def places_csv(
    good: int,
    *,
    outside: int = 0,
    bad: int = 0,
    name: str = "车棚",
    encoding: str = "utf-8",
    shift: Any = None,
) -> bytes:
    """A table of places: inside the demo's ground, outside it (a warning), and without a number (an error).

    ``shift`` moves each longitude and latitude, as a foreign coordinate system would.
    """
    areas = json.loads((demo_folder() / "areas.geojson").read_text(encoding="utf-8"))["features"]
    cells = sorted(
        (each for each in areas if each["properties"]["level"] == "micro_grid"),
        key=lambda each: each["properties"]["code"],
    )
    shapes = [shapely.geometry.shape(each["geometry"]).representative_point() for each in cells]
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(HEADERS)
    move = shift or (lambda lon, lat: (lon, lat))
    for number in range(good + outside + bad):
        point = shapes[number % len(shapes)]
        lon, lat = (point.x, point.y) if not good <= number < good + outside else (114.9, 30.9)
        lon, lat = move(lon, lat)
        capacity = "很多" if number >= good + outside else "20"
        address = f"示例路 {number + 1} 号"
        writer.writerow([f"{name}{number + 1}", "SP04", address, f"{lon:.7f}", f"{lat:.7f}", capacity])
    return out.getvalue().encode(encoding)


class Wizard:
    """One person's way through the wizard, with a worker at hand."""

    def __init__(self, person: Person, tools: JobTools) -> None:
        self.person, self.tools, self.draft_id = person, tools, ""

    def upload(self, content: bytes | None, name: str = "车棚.csv", **fields: str) -> TestResponse:
        self.person.open("/admin/imports/new")
        form: dict[str, Any] = {"layer": "service_points", **fields}
        if content is not None:
            form["file"] = (io.BytesIO(content), name)
        answer = self.person.send("/admin/imports", **form)
        found = _DRAFT.search(answer.headers.get("Location", ""))
        self.draft_id = found.group(1) if found else self.draft_id
        return answer

    def path(self, step: str) -> str:
        return f"/admin/imports/{self.draft_id}/{step}"

    def open(self, step: str) -> TestResponse:
        return self.person.open(self.path(step))

    def fetch(self, step: str) -> bytes:
        """A file that is no page."""
        answer = self.person.client.get(self.path(step))
        assert answer.status_code == 200
        return answer.data

    def send(self, step: str, **fields: str) -> TestResponse:
        return self.person.send(self.path(step), **fields)

    def waiting_jobs(self) -> list[tuple[JobName, dict[str, Any]]]:
        with self.tools.sessions() as session:
            names = [JobName.CHECK_IMPORT.value, JobName.RUN_IMPORT.value]
            rows = session.execute(_WAITING, {"names": names}).all()
        return [(JobName(row.task_name), row.args) for row in rows]

    def run(self, job: JobName, ids: dict[str, Any]) -> None:
        HANDLERS[job](self.tools, **ids)

    def work(self) -> None:
        """Do the jobs that wait, as the worker would."""
        waiting = self.waiting_jobs()
        with self.tools.sessions.begin() as session:
            session.execute(text("DELETE FROM procrastinate_jobs WHERE status = 'todo'"))
        for job, ids in waiting:
            self.run(job, ids)

    def check(self, content: bytes, name: str = "车棚.csv", system: str = "0", **fields: str) -> TestResponse:
        """From the file to the findings, taking what is recognised."""
        self.upload(content, name, **fields)
        self.open("columns")
        self.send("columns", action="next")
        self.open("coordinates")
        self.send("coordinates", system=system, action="next")
        self.work()
        return self.open("check")


Begin = Callable[..., Wizard]
"""One person's wizard, by user name; settings and the clock may differ."""
