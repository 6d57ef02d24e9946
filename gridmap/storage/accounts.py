"""Accounts, their sign-in state, and the hashes of API tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from gridmap.domain.permissions import Actor, AreaScope, Role

_COLUMNS = """account.id, account.username, account.display_name, account.password_hash, account.role,
           account.area_codes, account.person_id, account.language, account.is_active, account.session_epoch,
           account.failed_count, account.locked_until"""

FIND_BY_USERNAME = text(f"SELECT {_COLUMNS} FROM account WHERE username = :username")  # noqa: S608 - constant

LOCK_BY_USERNAME = text(
    f"SELECT {_COLUMNS} FROM account WHERE username = :username FOR UPDATE"  # noqa: S608 - constant
)

FIND_BY_ID = text(f"SELECT {_COLUMNS} FROM account WHERE id = :id")  # noqa: S608 - constant

# Index: uq_api_token_token_hash.
FIND_BY_TOKEN = text(
    f"""
    SELECT {_COLUMNS}, api_token.id AS token_id, api_token.last_used_at
      FROM api_token
      JOIN account ON account.id = api_token.account_id
     WHERE api_token.token_hash = :token_hash
       AND api_token.revoked_at IS NULL
       AND (api_token.expires_at IS NULL OR api_token.expires_at > :now)
       AND account.is_active
    """  # noqa: S608 - the fragment is the constant above
)

SAVE_SIGN_IN = text(
    """
    UPDATE account
       SET failed_count = :failed_count, locked_until = :locked_until, password_hash = :password_hash
     WHERE id = :id
    """
)

SET_PASSWORD = text(
    """
    UPDATE account
       SET password_hash = :password_hash, session_epoch = session_epoch + 1,
           failed_count = 0, locked_until = NULL
     WHERE id = :id
    """
)

END_SESSIONS = text("UPDATE account SET session_epoch = session_epoch + 1 WHERE id = :id")

TOUCH_TOKEN = text("UPDATE api_token SET last_used_at = :now WHERE id = :id")

INSERT_TOKEN = text(
    """
    INSERT INTO api_token (account_id, name, token_hash, created_at, expires_at)
    VALUES (:account_id, :name, :token_hash, :now, :expires_at)
 RETURNING id
    """
)

LIST_TOKENS = text(
    """
    SELECT api_token.id, api_token.name, account.username, api_token.created_at, api_token.expires_at,
           api_token.revoked_at, api_token.last_used_at
      FROM api_token
      JOIN account ON account.id = api_token.account_id
     ORDER BY api_token.id
     LIMIT 1000
    """
)

REVOKE_TOKEN = text("UPDATE api_token SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account; ``session_epoch`` is the one that a session must have been opened under."""

    id: int
    username: str
    display_name: str
    password_hash: str
    role: Role
    scope: AreaScope
    person_id: int | None
    language: str
    is_active: bool
    session_epoch: int
    failed_count: int
    locked_until: datetime | None

    def actor(self) -> Actor:
        """Give who acts through this account."""
        return Actor(
            account_id=self.id,
            role=self.role,
            scope=self.scope,
            name=self.display_name,
            person_id=self.person_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUse:
    """The account behind a valid token, and when the token was last noted as used."""

    token_id: int
    account: Account
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    """What may be shown of a token: everything but the token."""

    id: int
    name: str
    username: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


def find_by_username(session: Session, username: str, *, lock: bool = False) -> Account | None:
    """Find an account by its name; ``lock`` keeps others from changing it until the transaction ends."""
    found = session.execute(LOCK_BY_USERNAME if lock else FIND_BY_USERNAME, {"username": username})
    row = found.mappings().one_or_none()
    return None if row is None else _account(row)


def find_by_id(session: Session, account_id: int) -> Account | None:
    """Find an account by its id."""
    row = session.execute(FIND_BY_ID, {"id": account_id}).mappings().one_or_none()
    return None if row is None else _account(row)


def find_by_token(session: Session, token_hash: bytes, *, now: datetime) -> TokenUse | None:
    """Find the account behind a token that is neither expired nor revoked."""
    found = session.execute(FIND_BY_TOKEN, {"token_hash": token_hash, "now": now})
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return TokenUse(token_id=row["token_id"], account=_account(row), last_used_at=row["last_used_at"])


def save_sign_in(
    session: Session,
    account_id: int,
    *,
    failed_count: int,
    locked_until: datetime | None,
    password_hash: str,
) -> None:
    """Keep the outcome of an attempt to sign in."""
    session.execute(
        SAVE_SIGN_IN,
        {
            "id": account_id,
            "failed_count": failed_count,
            "locked_until": locked_until,
            "password_hash": password_hash,
        },
    )


def set_password_hash(session: Session, account_id: int, password_hash: str) -> None:
    """Change the password; every open session ends."""
    session.execute(SET_PASSWORD, {"id": account_id, "password_hash": password_hash})


def end_sessions(session: Session, account_id: int) -> None:
    """End every open session of an account."""
    session.execute(END_SESSIONS, {"id": account_id})


def touch_token(session: Session, token_id: int, *, now: datetime) -> None:
    """Note that a token was used."""
    session.execute(TOUCH_TOKEN, {"id": token_id, "now": now})


def insert_token(
    session: Session,
    account_id: int,
    *,
    name: str,
    token_hash: bytes,
    now: datetime,
    expires_at: datetime | None,
) -> int:
    """Keep a new token's hash."""
    values = {
        "account_id": account_id,
        "name": name,
        "token_hash": token_hash,
        "now": now,
        "expires_at": expires_at,
    }
    return int(session.execute(INSERT_TOKEN, values).scalar_one())


def list_tokens(session: Session) -> list[TokenInfo]:
    """List the tokens, oldest first."""
    return [
        TokenInfo(
            id=row.id,
            name=row.name,
            username=row.username,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            last_used_at=row.last_used_at,
        )
        for row in session.execute(LIST_TOKENS)
    ]


def revoke_token(session: Session, token_id: int, *, now: datetime) -> bool:
    """Revoke a token; False when there is none, or it was revoked before."""
    return session.execute(REVOKE_TOKEN, {"id": token_id, "now": now}).rowcount == 1  # type: ignore[attr-defined]


def _account(fields: RowMapping) -> Account:
    return Account(
        id=fields["id"],
        username=fields["username"],
        display_name=fields["display_name"],
        password_hash=fields["password_hash"],
        role=Role(fields["role"]),
        scope=AreaScope.of(fields["area_codes"]),
        person_id=fields["person_id"],
        language=fields["language"],
        is_active=fields["is_active"],
        session_epoch=fields["session_epoch"],
        failed_count=fields["failed_count"],
        locked_until=fields["locked_until"],
    )
