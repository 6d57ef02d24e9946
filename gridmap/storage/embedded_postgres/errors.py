"""What can go wrong with the private database, in words for the person who starts it.

These sentences are read on a terminal, often before anything else of gridmap works (no translations compiled,
no database), so each class carries its own.
"""

from __future__ import annotations

from gridmap.domain.errors import DomainError


class EmbeddedPostgresError(DomainError):
    """The private database cannot do what was asked; ``str()`` says what happened and what to do."""

    code = "database.embedded"
    sentence = "The private database has a problem: {detail}"

    def __str__(self) -> str:
        return self.sentence.format(**self.params)


class NoPostgisPrograms(EmbeddedPostgresError):
    """No PostgreSQL with PostGIS on this machine."""

    code = "database.no_postgis"
    sentence = (
        "No PostgreSQL with PostGIS was found on this machine.{rejected}\n"
        "Install it (Debian, Ubuntu: apt-get install postgresql-postgis; "
        "macOS: brew install postgresql postgis), run `make setup`, "
        "or set DATABASE_URL to a PostGIS of your own."
    )


class DataFolderOfOtherMajor(EmbeddedPostgresError):
    """The data folder was made by a PostgreSQL major version that is not here."""

    code = "database.other_major"
    sentence = (
        "The database in {folder} was made by PostgreSQL {folder_major}; this machine has {found}.\n"
        "Nothing was changed. Either install PostgreSQL {folder_major} with PostGIS "
        "(postgresql-{folder_major}-postgis-3) and start again, or move the data over: on a machine with "
        "PostgreSQL {folder_major}, write it out with pg_dump, move {folder} away, start gridmap once, and "
        "read it back with pg_restore."
    )


class NotADataFolder(EmbeddedPostgresError):
    """Something else lies where the database should be."""

    code = "database.not_a_data_folder"
    sentence = (
        "{folder} is not a PostgreSQL data folder (its PG_VERSION says {found!r}). Nothing was changed. "
        "Move it away, or set GRIDMAP_DATA_DIR to another folder."
    )


class NotTheOwner(EmbeddedPostgresError):
    """Another system user owns the data folder."""

    code = "database.not_the_owner"
    sentence = (
        "{folder} belongs to the system user {owner}, and gridmap was started by {user}. "
        "Start it as {owner} or as root, or set GRIDMAP_DATA_DIR to a folder of your own."
    )


class FolderNotReachable(EmbeddedPostgresError):
    """PostgreSQL refuses to run as root, and the user it runs as cannot get to the data folder."""

    code = "database.folder_not_reachable"
    sentence = (
        "PostgreSQL does not run as root, so it runs as {user!r}; that user may not enter {blocked}, "
        "which leads to {folder}. Allow it (chmod o+x {blocked}) or set GRIDMAP_DATA_DIR to a folder "
        "elsewhere, for example /var/lib/gridmap/data."
    )


class FolderNotWritable(EmbeddedPostgresError):
    """The data folder cannot be made or written."""

    code = "database.folder_not_writable"
    sentence = (
        "{folder} cannot be used for data: {detail}. Set GRIDMAP_DATA_DIR to a folder that you may write."
    )


class NoDatabaseUser(EmbeddedPostgresError):
    """Started by root on a machine without a system user for PostgreSQL."""

    code = "database.no_user"
    sentence = (
        "PostgreSQL does not run as root, and this machine has no system user 'postgres' to run it as. "
        "Start gridmap as an ordinary user, or give the data folder {folder} to one (chown)."
    )


class RuntimeFolderTaken(EmbeddedPostgresError):
    """The folder for the socket is somebody else's, or open to others."""

    code = "database.runtime_folder"
    sentence = (
        "{folder}, where the database's socket goes, {detail}, so gridmap does not use it. "
        "Remove it and start again."
    )


class SupervisorRunning(EmbeddedPostgresError):
    """Another gridmap holds this data folder."""

    code = "database.supervisor_running"
    sentence = (
        "gridmap is already running on {folder}{process}. Stop that one first, or set GRIDMAP_DATA_DIR (and "
        "GRIDMAP_BIND) to run a second one beside it."
    )


class InitFailed(EmbeddedPostgresError):
    """initdb did not finish."""

    code = "database.init_failed"
    sentence = "A new database could not be made in {folder}; nothing is left behind. initdb said:\n{detail}"


class StartFailed(EmbeddedPostgresError):
    """The server did not come up."""

    code = "database.start_failed"
    sentence = (
        "The private database in {folder} did not start. Its data is untouched. The end of {log}:\n{detail}"
    )


class StopFailed(EmbeddedPostgresError):
    """The server did not go away."""

    code = "database.stop_failed"
    sentence = "The private database (process {pid}) did not stop within {bound_s} seconds; its data is safe."


class StrayProcesses(EmbeddedPostgresError):
    """Server processes without a master still hold the data folder."""

    code = "database.stray_processes"
    sentence = (
        "Processes of an earlier database still use {folder}: {pids}. Starting beside them could damage "
        "the data, so gridmap does not. End them, then start again."
    )
