"""The boundary editor over the demo: a step and a preview beside reading the areas alone."""

from __future__ import annotations

import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from gridmap.domain.boundary_edits import ChangeKind, Merge, Split
from gridmap.domain.office_time import office_day
from gridmap.domain.permissions import Actor
from gridmap.use_cases.boundary_editing import begin, go_to_step, load_draft, take_step
from gridmap.use_cases.boundary_saving import preview
from tests.bench.conftest import Report, median_s
from tests.conftest import NOW
from tests.reports import NEAREST

SUBDISTRICT, CODE, NEIGHBOUR = "420106099", "420106099001053", "420106099001052"


def test_a_step_and_a_preview_beside_reading_the_areas(report: Report, demo_engine: Engine) -> None:
    actor = Actor.system()
    with demo_engine.connect() as connection, Session(connection) as session:
        change_id = begin(
            session,
            actor,
            kind=ChangeKind.AREAS,
            focus_code=SUBDISTRICT,
            scheme_code=None,
            effective_on=office_day(NOW),
            now=NOW,
        )
        draft = load_draft(session, actor, change_id)
        west, south, east, north = shapely.from_wkb(draft.areas[CODE].boundary).bounds
        middle = (south + north) / 2
        split = Split(key=CODE, line=((west - 1e-4, middle), (east + 1e-4, middle)), snap_m=1)
        take_step(session, actor, change_id, split, position=0, now=NOW)

        def merge() -> None:
            go_to_step(session, actor, change_id, position=1)
            take_step(session, actor, change_id, Merge(keys=(CODE, NEIGHBOUR)), position=1, now=NOW)

        read_s = median_s(lambda: load_draft(session, actor, change_id))
        step_s = median_s(merge)
        preview_s = median_s(
            lambda: preview(
                session,
                actor,
                change_id,
                effective_on=office_day(NOW),
                decisions={},
                rules=NEAREST,
                now=NOW,
            )
        )
        session.rollback()
    for what, seconds in (("one step back and one forth", step_s), ("a preview", preview_s)):
        report.add(
            f"Boundary editor, {len(draft.areas)} areas: {what}",
            ours=f"{seconds * 1e3:.0f} ms",
            against="reading the areas alone",
            peer=f"{read_s * 1e3:.0f} ms",
            ratio=f"{read_s / seconds:.2f}",
        )
