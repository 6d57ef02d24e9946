"""People and posts as those see them who keep them: the tree of grounds, who holds what, what nobody holds.

Scopes are part of the SQL. A zone lies in the community that holds a point on its surface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from gridmap.domain.area_codes import AreaLevel, InvalidAreaCode, level_of
from gridmap.domain.errors import NotFound
from gridmap.domain.permissions import Action, Actor, can, check
from gridmap.domain.posts import Ground, GroundKind
from gridmap.queries.scope import scope_predicate
from gridmap.queries.search import like_pattern, search_words
from gridmap.storage.posts import GroundPlace, find_grounds

PEOPLE_LIMIT = 400
VACANT_LIMIT = 500
CHANGES_LIMIT = 20
_COMMUNITY_LENGTH = 12
_CURRENT = "({0}.valid_from <= :day AND ({0}.valid_to IS NULL OR {0}.valid_to > :day))"

# Indexes: GiST on area.boundary, once for each zone of the day.
_ZONE_PLACES = f"""
    SELECT zone.code, zone.name, zone.name_en,
           coalesce((SELECT community.code FROM area AS community
                      WHERE community.level = 'community' AND {_CURRENT.format("community")}
                        AND ST_Covers(community.boundary, ST_PointOnSurface(zone.boundary))
                      ORDER BY community.scheme_id, community.code LIMIT 1), '') AS area_code
      FROM responsibility_zone AS zone
     WHERE {_CURRENT.format("zone")}
    """  # noqa: S608 - the fragment is the constant above

# Index: ix_area_scheme_id_level_code; a subdistrict has some four hundred areas.
_TREE = f"""
    SELECT 'area' AS kind, area.code, area.name, area.name_en, area.level, area.code AS area_code
      FROM area
     WHERE {_CURRENT.format("area")} AND {{area_scope}}
       AND (area.level IN ('subdistrict', 'community')
            OR (area.code >= :low AND area.code < :high))
     UNION ALL
    SELECT 'zone', place.code, place.name, place.name_en, NULL, place.area_code
      FROM ({_ZONE_PLACES}) AS place
     WHERE {{zone_scope}} AND place.area_code = :community
     ORDER BY 1, 2, 3
     LIMIT 5000
    """  # noqa: S608

# Indexes: ix_assignment_area_code_role, ix_assignment_zone_code.
_POSTS = """
    SELECT post.id, post.version, post.role, post.area_code, post.zone_code, post.valid_from, post.valid_to,
           person.id AS person_id, person.name, person.name_en, person.is_active,
           (SELECT coalesce(json_agg(json_build_object(
                        'person_id', other.id, 'name', other.name, 'name_en', other.name_en,
                        'first_day', cover.first_day, 'last_day', cover.last_day) ORDER BY cover.first_day),
                   '[]')
              FROM stand_in AS cover JOIN person AS other ON other.id = cover.person_id
             WHERE cover.assignment_id = post.id) AS stand_ins
      FROM assignment AS post
      JOIN person ON person.id = post.person_id
    """

_POSTS_OF_GROUND = text(
    f"""{_POSTS}
     WHERE (CAST(:area_code AS text) IS NOT NULL AND post.area_code = :area_code)
        OR (CAST(:zone_code AS text) IS NOT NULL AND post.zone_code = :zone_code)
     ORDER BY post.valid_to DESC NULLS FIRST, post.role, post.valid_from, post.id
     LIMIT 200
    """
)

# Index: ix_assignment_person_id, ix_stand_in_person_id.
_POSTS_OF_PERSON = text(
    f"""{_POSTS}
     WHERE post.person_id = :person_id
        OR post.id IN (SELECT assignment_id FROM stand_in WHERE stand_in.person_id = :person_id)
     ORDER BY post.valid_to DESC NULLS FIRST, post.role, post.area_code, post.zone_code, post.id
     LIMIT 200
    """  # noqa: S608
)

# Everybody who holds or held a post in the scope, and who was written into the register there.
_PEOPLE = f"""
    WITH place AS MATERIALIZED ({_ZONE_PLACES}), known AS (
        SELECT post.person_id AS id FROM assignment AS post
         WHERE post.area_code IS NOT NULL AND {{area_scope}}
         UNION
        SELECT post.person_id FROM assignment AS post JOIN place ON place.code = post.zone_code
         WHERE {{zone_scope}}
         UNION
        SELECT person.id FROM register_change AS change JOIN person ON person.code = change.item_code
         WHERE change.register = 'person' AND change.action = 'created' AND {{change_scope}}
    )
    SELECT person.id, person.code, person.name, person.name_en, person.is_active,
           (SELECT count(*) FROM assignment AS post
             WHERE post.person_id = person.id AND {_CURRENT.format("post")}) AS post_count
      FROM known
      JOIN person ON person.id = known.id
     WHERE (:with_gone OR person.is_active)
       AND lower(concat_ws(' ', person.code, person.name, person.name_en)) LIKE ALL(:patterns)
     ORDER BY person.code
     LIMIT :limit
    """  # noqa: S608

# Index: ix_assignment_area_code_role, ix_assignment_zone_code. A post is filled by a holder or a stand-in who
# has not left.
_FILLED = f"""
    EXISTS (SELECT FROM assignment AS post
              JOIN person AS holder ON holder.id = post.person_id
              LEFT JOIN stand_in AS cover
                ON cover.assignment_id = post.id AND cover.first_day <= :day
               AND (cover.last_day IS NULL OR cover.last_day >= :day)
              LEFT JOIN person AS other ON other.id = cover.person_id
             WHERE {_CURRENT.format("post")} AND (holder.is_active OR other.is_active) AND {{match}})
    """
_VACANT = f"""
    SELECT 'area' AS kind, area.code, area.name, area.name_en, area.level, area.code AS area_code
      FROM area
     WHERE {_CURRENT.format("area")} AND {{area_scope}}
       AND NOT {
    _FILLED.format(
        match='''post.area_code = area.code AND post.role = ANY (CASE area.level
                WHEN 'subdistrict' THEN ARRAY['subdistrict_officer']
                WHEN 'community' THEN ARRAY['community_secretary']
                WHEN 'grid' THEN ARRAY['grid_worker', 'grid_leader']
                ELSE ARRAY['micro_grid_leader'] END)'''
    )
}
     UNION ALL
    SELECT 'zone', place.code, place.name, place.name_en, NULL, place.area_code
      FROM ({_ZONE_PLACES}) AS place
     WHERE {{zone_scope}}
       AND NOT {_FILLED.format(match="post.zone_code = place.code AND post.role = 'zone_responsible'")}
     ORDER BY area_code, kind, code
     LIMIT :limit
    """  # noqa: S608

# Index: ix_register_change_area_code_id.
_CHANGES = """
    SELECT change.id, change.action, change.at, change.note, change.changes,
           account.display_name AS actor_name,
           person.name AS person_name, person.name_en AS person_name_en,
           EXISTS (SELECT FROM register_change AS undo WHERE undo.undoes_id = change.id) AS is_undone
      FROM register_change AS change
      LEFT JOIN account ON account.id = change.actor_account_id
      LEFT JOIN person ON person.code = change.item_code
     WHERE change.register = 'post' AND {scope}
     ORDER BY change.id DESC
     LIMIT :limit
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeNode:
    """An area or zone in the tree, with what lies directly in it."""

    kind: str
    code: str
    name: str
    name_en: str | None
    level: str | None
    area_code: str
    children: tuple[TreeNode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StandInLine:
    """Somebody who stands in."""

    person_id: int
    name: str
    name_en: str | None
    first_day: date
    last_day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostLine:
    """A post with its holder and stand-ins."""

    id: int
    version: int
    role: str
    ground: Ground
    valid_from: date
    valid_to: date | None
    person_id: int
    name: str
    name_en: str | None
    is_active: bool
    stand_ins: tuple[StandInLine, ...]
    place: GroundPlace | None = None

    def has_ended(self, day: date) -> bool:
        """Say whether it is over on that day."""
        return self.valid_to is not None and self.valid_to <= day


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """Somebody in the register."""

    id: int
    code: str
    name: str
    name_en: str | None
    is_active: bool
    post_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostChange:
    """A change of posts, with what the page says about it."""

    id: int
    action: str
    at: datetime
    note: str | None
    changes: Mapping[str, Any]
    actor_name: str | None
    person_name: str | None
    person_name_en: str | None
    is_undone: bool


def area_tree(session: Session, actor: Actor, *, chosen: GroundPlace | None, day: date) -> list[TreeNode]:
    """The areas of the actor's scope: all communities, and the chosen one with all that lies in it.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.MANAGE_POSTS)
    community = "" if chosen is None else chosen.area_code[:_COMMUNITY_LENGTH]
    is_open = len(community) == _COMMUNITY_LENGTH
    area_scope = scope_predicate(actor.scope, "area.code", name="area")
    zone_scope = scope_predicate(actor.scope, "place.area_code", name="zone")
    rows = session.execute(
        text(_TREE.format(area_scope=area_scope.sql, zone_scope=zone_scope.sql)),
        {
            **area_scope.values,
            **zone_scope.values,
            "day": day,
            "community": community,
            "low": community if is_open else "",
            "high": community + "~" if is_open else "",
        },
    ).mappings()
    return _nested([TreeNode(**row) for row in rows])


def ground_for(session: Session, actor: Actor, ground: Ground, *, day: date) -> GroundPlace:
    """A ground of the actor's scope.

    Raises
    ------
    NotFound
        There is none, or it lies elsewhere.
    NotSignedIn, NotAllowed
    """
    check(actor, Action.MANAGE_POSTS)
    place = find_grounds(session, [ground], day=day).get(ground)
    if place is None or not can(actor, Action.MANAGE_POSTS, place.area_code):
        raise NotFound(what="ground", code=ground.code)
    return place


def posts_of_ground(session: Session, ground: Ground) -> list[PostLine]:
    """Every post of a ground, those that last first; for those who may see the ground."""
    is_area = ground.kind is GroundKind.AREA
    values = {
        "area_code": ground.code if is_area else None,
        "zone_code": None if is_area else ground.code,
    }
    return [_post(row) for row in session.execute(_POSTS_OF_GROUND, values).mappings()]


def posts_of_person(session: Session, actor: Actor, person_id: int, *, day: date) -> list[PostLine]:
    """What somebody holds, held, or stands in for, as far as it lies in the actor's scope."""
    posts = [_post(row) for row in session.execute(_POSTS_OF_PERSON, {"person_id": person_id}).mappings()]
    places = find_grounds(session, {post.ground for post in posts}, day=day)
    return [
        replace(post, place=place)
        for post in posts
        if (place := places.get(post.ground)) is not None and can(actor, Action.MANAGE_POSTS, place.area_code)
    ]


def list_people(
    session: Session,
    actor: Actor,
    *,
    day: date,
    typed: str = "",
    with_gone: bool = False,
    limit: int = PEOPLE_LIMIT,
) -> list[PersonLine]:
    """The people of the actor's scope by code, at most ``limit``.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.MANAGE_POSTS)
    area_scope = scope_predicate(actor.scope, "post.area_code", name="area")
    zone_scope = scope_predicate(actor.scope, "place.area_code", name="zone")
    change_scope = scope_predicate(actor.scope, "change.area_code", name="change")
    statement = _PEOPLE.format(
        area_scope=area_scope.sql, zone_scope=zone_scope.sql, change_scope=change_scope.sql
    )
    rows = session.execute(
        text(statement),
        {
            **area_scope.values,
            **zone_scope.values,
            **change_scope.values,
            "day": day,
            "with_gone": with_gone,
            "patterns": [like_pattern(word) for word in search_words(typed)] or ["%"],
            "limit": limit,
        },
    ).mappings()
    return [PersonLine(**row) for row in rows]


def vacant_grounds(session: Session, actor: Actor, *, day: date) -> list[TreeNode]:
    """无人负责: areas and zones of the actor's scope that nobody answers for on a day.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.MANAGE_POSTS)
    area_scope = scope_predicate(actor.scope, "area.code", name="area")
    zone_scope = scope_predicate(actor.scope, "place.area_code", name="zone")
    rows = session.execute(
        text(_VACANT.format(area_scope=area_scope.sql, zone_scope=zone_scope.sql)),
        {**area_scope.values, **zone_scope.values, "day": day, "limit": VACANT_LIMIT},
    ).mappings()
    return [TreeNode(**row) for row in rows]


def recent_post_changes(session: Session, actor: Actor) -> list[PostChange]:
    """The last changes of posts in the actor's scope, newest first.

    Raises
    ------
    NotSignedIn, NotAllowed
    """
    check(actor, Action.MANAGE_POSTS)
    scope = scope_predicate(actor.scope, "change.area_code")
    values = {**scope.values, "limit": CHANGES_LIMIT}
    rows = session.execute(text(_CHANGES.format(scope=scope.sql)), values).mappings()
    return [PostChange(**row) for row in rows]


def _post(row: Mapping[Any, Any]) -> PostLine:
    own = ("id", "version", "role", "valid_from", "valid_to", "person_id", "name", "name_en", "is_active")
    ground = (
        Ground(GroundKind.ZONE, row["zone_code"])
        if row["zone_code"]
        else Ground(GroundKind.AREA, row["area_code"] or "")
    )
    return PostLine(
        **{name: row[name] for name in own},
        ground=ground,
        stand_ins=tuple(
            StandInLine(
                person_id=one["person_id"],
                name=one["name"],
                name_en=one["name_en"],
                first_day=date.fromisoformat(one["first_day"]),
                last_day=date.fromisoformat(one["last_day"]) if one["last_day"] else None,
            )
            for one in row["stand_ins"]
        ),
    )


def _nested(nodes: Sequence[TreeNode]) -> list[TreeNode]:
    """Put each area under the one above; what has none above in the scope stands at the top."""
    by_code = {node.code: node for node in nodes if node.kind == "area"}
    children: dict[str, list[TreeNode]] = {}
    top: list[TreeNode] = []
    for node in nodes:
        above = node.area_code if node.kind == "zone" else _code_above(node.code)
        if above in by_code:
            children.setdefault(above, []).append(node)
        else:
            top.append(node)

    def filled(node: TreeNode) -> TreeNode:
        return replace(node, children=tuple(filled(child) for child in children.get(node.code, ())))

    return [filled(node) for node in top]


def _code_above(code: str) -> str:
    try:
        level = level_of(code)
    except InvalidAreaCode:
        return ""
    if level is AreaLevel.MICRO_GRID:
        return code[:14] + "0"
    return code[:12] if level is AreaLevel.GRID else code[:9] if level is AreaLevel.COMMUNITY else ""
