"""Items: what is bought, stocked and sold."""

from data.contracts.table import HAPPENED_AT, KNOWN_AT, CodeList, Column, Kind, Table

ITEM_ID = Column("item_id", Kind.TEXT, "the item", required=True)
ITEM_NAME = Column("item_name", Kind.TEXT, "what the item is called")
CATEGORY = Column("category", Kind.TEXT, "main group of the item or of the spend")
SUBCATEGORY = Column("subcategory", Kind.TEXT, "finer group inside the category")
BASE_UNIT = Column(
    "base_unit",
    Kind.TEXT,
    "unit all quantities of the item are counted in, UN/ECE Recommendation 20 where known",
    code_list=CodeList.UNIT,
)
PACK_SIZE = Column("pack_size", Kind.NUMBER, "base units in one pack", unit="units", minimum=0)
UNIT_COST = Column(
    "unit_cost", Kind.NUMBER, "standard cost of one base unit", unit="currency", minimum=0
)
CURRENCY = Column(
    "currency",
    Kind.TEXT,
    "ISO 4217 code of every amount in the row",
    code_list=CodeList.CURRENCY,
)

ITEMS = Table(
    "items",
    grain="one item",
    key=(ITEM_ID,),
    columns=(
        ITEM_ID,
        ITEM_NAME,
        CATEGORY,
        SUBCATEGORY,
        BASE_UNIT,
        PACK_SIZE,
        UNIT_COST,
        CURRENCY,
        HAPPENED_AT,
        KNOWN_AT,
    ),
)
