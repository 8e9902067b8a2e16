"""Units of items: how many base units a case, pallet or other pack of an item holds."""

from data.contracts.items import ITEM_ID
from data.contracts.suppliers import SUPPLIER_ID as SUPPLIER
from data.contracts.table import HAPPENED_AT, KNOWN_AT, CodeList, Column, Kind, Table

SUPPLIER_ID = Column(str(SUPPLIER), Kind.TEXT, "the supplier whose packs these are; all if missing")
UNIT = Column(
    "unit",
    Kind.TEXT,
    "unit of measure, UN/ECE Recommendation 20 where known",
    required=True,
    code_list=CodeList.UNIT,
)
BASE_UNITS = Column(
    "base_units", Kind.NUMBER, "base units in one unit", unit="base units", minimum=0, required=True
)

ITEM_UNITS = Table(
    "item_units",
    grain="one unit of an item, of one supplier or of all",
    key=(ITEM_ID, SUPPLIER_ID, UNIT),
    columns=(ITEM_ID, SUPPLIER_ID, UNIT, BASE_UNITS, HAPPENED_AT, KNOWN_AT),
)
