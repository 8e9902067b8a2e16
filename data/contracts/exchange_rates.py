"""Exchange rates: value of one currency in another, from a day on."""

from data.contracts.items import CURRENCY as ANY_CURRENCY
from data.contracts.table import HAPPENED_AT, KNOWN_AT, CodeList, Column, Kind, Table

VALID_FROM = Column(
    str(HAPPENED_AT),
    Kind.MOMENT,
    "day the rate is valid from",
    unit="UTC",
    required=True,
    calendar_day=True,
)
CURRENCY = Column(
    str(ANY_CURRENCY),
    Kind.TEXT,
    "currency, ISO 4217",
    required=True,
    code_list=CodeList.CURRENCY,
)
REPORTING_CURRENCY = Column(
    "reporting_currency",
    Kind.TEXT,
    "currency that limits are stated in, ISO 4217",
    required=True,
    code_list=CodeList.CURRENCY,
)
EXCHANGE_RATE = Column(
    "exchange_rate",
    Kind.NUMBER,
    "value of one unit of the currency in the reporting currency",
    minimum=0,
    required=True,
)
# Of a case: which day's rate was used.
EXCHANGE_RATE_AT = Column(
    "exchange_rate_at", Kind.MOMENT, "day that the exchange rate is of", unit="UTC"
)

EXCHANGE_RATES = Table(
    "exchange_rates",
    grain="one rate of a currency; happened on the day it is valid from",
    key=(CURRENCY, REPORTING_CURRENCY, VALID_FROM),
    columns=(CURRENCY, REPORTING_CURRENCY, EXCHANGE_RATE, VALID_FROM, KNOWN_AT),
)
