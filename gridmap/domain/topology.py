"""What is wrong with how areas lie beside one another: gaps, overlaps and the like, with size and place.

Shapes are WKB in WGS-84 longitude and latitude, because this layer knows no geometry library; sizes are
metres on the ground.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum


class FindingKind(StrEnum):
    """What a finding is about."""

    GAP = "gap"
    """Ground that areas enclose and none of them holds."""
    OVERLAP = "overlap"
    """Ground that two areas both hold."""
    OUTSIDE_PARENT = "outside_parent"
    """A part of an area that lies outside the area one level up."""
    UNCOVERED = "uncovered"
    """A part of a parent, at its edge, that no area holds."""
    SLIVER = "sliver"
    """A part of an area that is too thin to be meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyFinding:
    """One place that is wrong.

    Attributes
    ----------
    key : names the finding by kind and place, the same as long as its shape stays the same
    members : keys of the areas that it concerns, in order: that overlap, that stick out, that lie around
    parent : the parent that is left, or not filled
    width_m : diameter of the largest circle that fits in
    point_deg : longitude and latitude of a point inside
    shape : WKB, POLYGON in WGS-84
    """

    key: str
    kind: FindingKind
    members: tuple[str, ...]
    parent: str | None
    area_m2: float
    width_m: float
    point_deg: tuple[float, float]
    shape: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class TopologyReport:
    """Everything that a check found, by kind and the largest first.

    ``checked_count`` areas were looked at; ``accepted_count`` findings were left out because somebody has
    accepted them.
    """

    findings: tuple[TopologyFinding, ...] = ()
    checked_count: int = 0
    accepted_count: int = 0

    @property
    def is_seamless(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def counts(self) -> dict[FindingKind, int]:
        """Findings by kind, in the order of the kinds; kinds without any are left out."""
        found = Counter(finding.kind for finding in self.findings)
        return {kind: found[kind] for kind in FindingKind if found[kind]}

    def areas_m2(self) -> dict[FindingKind, float]:
        """The ground concerned, by kind."""
        return {
            kind: sum(finding.area_m2 for finding in self.findings if finding.kind is kind)
            for kind in self.counts()
        }

    def only(self, kind: FindingKind) -> TopologyReport:
        """The same report with the findings of one kind."""
        return replace(self, findings=tuple(found for found in self.findings if found.kind is kind))
