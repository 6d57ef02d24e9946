"""How Alembic reaches the database; called by ``gridmap.storage.migrate`` with an open connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from alembic import context
from geoalchemy2 import alembic_helpers

from gridmap.storage.tables import METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Tables that other software owns inside the same schema: PostGIS's own and the job queue's.
FOREIGN_TABLES = ("spatial_ref_sys",)
FOREIGN_PREFIXES = ("procrastinate_",)


def include_object(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Leave PostGIS's and the job queue's tables, and implicit spatial indexes, out of comparisons."""
    if kind == "table" and name and (name in FOREIGN_TABLES or name.startswith(FOREIGN_PREFIXES)):
        return False
    included: Literal[True, False] = alembic_helpers.include_object(thing, name, kind, reflected, compare_to)
    return included


def run(connection: Connection) -> None:
    """Migrate on the given connection, with short locks and long statements."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        include_object=include_object,
        process_revision_directives=alembic_helpers.writer,
        render_item=alembic_helpers.render_item,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
