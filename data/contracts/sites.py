"""Sites: the places that hold stock, buy and are invoiced."""

from enum import StrEnum

from data.contracts.table import HAPPENED_AT, KNOWN_AT, Column, Kind, Table


class SiteKind(StrEnum):
    """Purpose of a site."""

    DISTRIBUTION_CENTRE = "distribution_centre"
    WAREHOUSE = "warehouse"
    POINT_OF_USE = "point_of_use"


SITE_ID = Column("site_id", Kind.TEXT, "the site", required=True)
SITE_NAME = Column("site_name", Kind.TEXT, "the site's name as people say it")
SITE_KIND = Column("site_kind", Kind.TEXT, "what the site is for", allowed=list(SiteKind))
SITE_TYPE = Column("site_type", Kind.TEXT, "the source's own word for the type of site")
REGION = Column("region", Kind.TEXT, "region that shares a policy")
COUNTRY = Column("country", Kind.TEXT, "country, ISO 3166 code or the source's name")
TIME_ZONE = Column(
    "time_zone", Kind.TEXT, "IANA time zone of the site's clocks; a promised day is a day there"
)
TAX_JURISDICTION = Column(
    "tax_jurisdiction",
    Kind.TEXT,
    "country or state whose tax law applies, ISO 3166 (DE, US-CA); the country by default",
)
LINK_TEMPLATE = Column(
    "link_template",
    Kind.TEXT,
    "address of the ERP's page of a document, with {po_id}, {po_line_id}, {invoice_id} or "
    "{item_id} where they go",
)
LATITUDE = Column("latitude", Kind.NUMBER, "north positive", unit="degrees")
LONGITUDE = Column("longitude", Kind.NUMBER, "east positive", unit="degrees")

SITES = Table(
    "sites",
    grain="one site",
    key=(SITE_ID,),
    columns=(
        SITE_ID,
        SITE_NAME,
        SITE_KIND,
        SITE_TYPE,
        REGION,
        COUNTRY,
        TIME_ZONE,
        TAX_JURISDICTION,
        LINK_TEMPLATE,
        LATITUDE,
        LONGITUDE,
        HAPPENED_AT,
        KNOWN_AT,
    ),
)
