"""The private PostGIS that gridmap starts for itself when no ``DATABASE_URL`` is given.

``cluster`` is the whole life of one data folder; ``programs`` finds PostgreSQL on the machine, ``owner``
decides which system user runs it, ``pid_file`` tells a running server from a stale file, ``errors`` are the
words.
"""

from gridmap.storage.embedded_postgres.cluster import EmbeddedPostgres
from gridmap.storage.embedded_postgres.errors import (
    DataFolderOfOtherMajor,
    EmbeddedPostgresError,
    FolderNotReachable,
    NoPostgisPrograms,
    StartFailed,
    SupervisorRunning,
)
from gridmap.storage.embedded_postgres.programs import PostgresPrograms, find_programs, search_programs

__all__ = [
    "DataFolderOfOtherMajor",
    "EmbeddedPostgres",
    "EmbeddedPostgresError",
    "FolderNotReachable",
    "NoPostgisPrograms",
    "PostgresPrograms",
    "StartFailed",
    "SupervisorRunning",
    "find_programs",
    "search_programs",
]
