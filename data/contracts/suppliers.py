"""Suppliers: who is ordered from and who sends the invoice."""

from data.contracts.sites import COUNTRY
from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table

SUPPLIER_ID = Column("supplier_id", Kind.TEXT, "the supplier", required=True)
SUPPLIER_NAME = Column("supplier_name", Kind.TEXT, "the supplier's registered name")
PAYMENT_TERM = Column(
    "payment_term", Kind.NUMBER, "days from invoice to due date", unit="days", minimum=0
)
VAT_ID = Column("vat_id", Kind.TEXT, "the supplier's VAT or tax number")
BANK_ACCOUNT = Column(
    "bank_account", Kind.TEXT, "account the supplier is paid to, or a digest of its number"
)
SENDS_ASN = Column("sends_asn", Kind.FLAG, "the supplier has agreed to send ship notices (856)")

SUPPLIERS = Table(
    "suppliers",
    grain="one supplier",
    key=(SUPPLIER_ID,),
    columns=(
        SUPPLIER_ID,
        SUPPLIER_NAME,
        COUNTRY,
        PAYMENT_TERM,
        SENDS_ASN,
        VAT_ID,
        BANK_ACCOUNT,
        HAPPENED_AT,
        KNOWN_AT,
    ),
)
