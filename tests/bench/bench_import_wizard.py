"""10,000 rows through the wizard's two jobs: the check, then the import."""

from __future__ import annotations

import io
import time
from pathlib import Path
from uuid import uuid4

from gridmap import bootstrap
from gridmap.domain.import_choices import ImportChoices
from gridmap.domain.import_drafts import DraftId, DraftState
from gridmap.jobs.imports import check_import, run_import
from gridmap.settings import Settings
from gridmap.storage import import_files
from gridmap.storage.accounts import find_by_username
from gridmap.storage.engine import make_engine, make_sessions
from gridmap.storage.unit_of_work import unit_of_work
from gridmap.use_cases import import_drafts
from tests.bench.conftest import Report
from tests.web.import_helpers import places_csv

BUDGET_S = 60.0


def test_ten_thousand_rows_through_check_and_import(
    report: Report, committed_demo: str, tmp_path: Path
) -> None:
    engine = make_engine(committed_demo)
    tools = bootstrap.job_tools(Settings(data_dir=tmp_path), make_sessions(engine))
    with tools.sessions() as session:
        account = find_by_username(session, "admin")
    assert account is not None
    actor, draft_id, now = account.actor(), DraftId(uuid4()), tools.clock()
    choices = ImportChoices(layer="service_points", crs="wgs84")
    begun = time.perf_counter()
    content = io.BytesIO(places_csv(9_800, outside=150, bad=50))
    kept = import_files.keep(tools.imports.folder, draft_id, "points.csv", content)
    arrived = import_drafts.ArrivedFile(
        draft_id=draft_id,
        file_name="points.csv",
        sha256=kept.sha256,
        byte_count=kept.byte_count,
        choices=choices,
        content=import_drafts.look_into(kept.path, choices, tools.imports.limits),
    )
    with unit_of_work(tools.sessions) as session:
        import_drafts.start_draft(session, actor, arrived, now=now)
        import_drafts.ask_for_check(session, actor, draft_id, now=now)
    uploaded_s = time.perf_counter() - begun
    begun = time.perf_counter()
    check_import(tools, draft_id=str(draft_id), run=1)
    checked_s = time.perf_counter() - begun
    with unit_of_work(tools.sessions) as session:
        import_drafts.ask_for_import(session, actor, draft_id, without_warned=False, now=now)
    begun = time.perf_counter()
    run_import(tools, draft_id=str(draft_id), run=2)
    imported_s = time.perf_counter() - begun
    with tools.sessions() as session:
        draft = import_drafts.find_draft(session, actor, draft_id, now=now)
    engine.dispose()
    assert draft.state is DraftState.DONE
    assert draft.report is not None
    assert draft.report.added_count == 9_950
    total_s = uploaded_s + checked_s + imported_s
    report.add(
        "Import wizard, 10,000 service points: read, check, import",
        ours=f"{uploaded_s:.1f} s + {checked_s:.1f} s + {imported_s:.1f} s",
        against="budget",
        peer=f"{BUDGET_S:.0f} s",
        ratio=f"{BUDGET_S / total_s:.1f}",
    )
