"""The database, table by table; ``METADATA`` is what the migrations are held against."""

from gridmap.storage.tables.accounts import AccountRow, ApiTokenRow
from gridmap.storage.tables.areas import (
    AreaRow,
    BoundaryChangeRow,
    BoundaryStepRow,
    BoundaryVersionRow,
    GridSchemeRow,
    ResponsibilityZoneRow,
)
from gridmap.storage.tables.base import Row
from gridmap.storage.tables.codes import (
    CategoryCrosswalkRow,
    DivisionAliasRow,
    DivisionEditionRow,
    DivisionRecodingRow,
    DivisionRow,
)
from gridmap.storage.tables.housekeeping import (
    ExportLogRow,
    ImportBatchRow,
    ImportChangeRow,
    ImportDraftRow,
    LayerVersionRow,
    NotificationRow,
    RegisterChangeRow,
)
from gridmap.storage.tables.issues import (
    ISSUE_NUMBER_SEQUENCE,
    IssueCategoryRow,
    IssueEventRow,
    IssuePhotoRow,
    IssueRow,
)
from gridmap.storage.tables.people import (
    AssignmentRow,
    OrganisationRow,
    PartyCenterHouseholdRow,
    PersonRow,
    StandInRow,
)
from gridmap.storage.tables.places import (
    BuildingRow,
    CompoundGateRow,
    CompoundRow,
    LandcoverRow,
    ServicePointCategoryRow,
    ServicePointPhotoRow,
    ServicePointRow,
    StreetRow,
    TourRow,
    TourStopRow,
)

METADATA = Row.metadata

__all__ = [
    "ISSUE_NUMBER_SEQUENCE",
    "METADATA",
    "AccountRow",
    "ApiTokenRow",
    "AreaRow",
    "AssignmentRow",
    "BoundaryChangeRow",
    "BoundaryStepRow",
    "BoundaryVersionRow",
    "BuildingRow",
    "CategoryCrosswalkRow",
    "CompoundGateRow",
    "CompoundRow",
    "DivisionAliasRow",
    "DivisionEditionRow",
    "DivisionRecodingRow",
    "DivisionRow",
    "ExportLogRow",
    "GridSchemeRow",
    "ImportBatchRow",
    "ImportChangeRow",
    "ImportDraftRow",
    "IssueCategoryRow",
    "IssueEventRow",
    "IssuePhotoRow",
    "IssueRow",
    "LandcoverRow",
    "LayerVersionRow",
    "NotificationRow",
    "OrganisationRow",
    "PartyCenterHouseholdRow",
    "PersonRow",
    "RegisterChangeRow",
    "ResponsibilityZoneRow",
    "Row",
    "ServicePointCategoryRow",
    "ServicePointPhotoRow",
    "ServicePointRow",
    "StandInRow",
    "StreetRow",
    "TourRow",
    "TourStopRow",
]
