"""Units of measure: UN/ECE Recommendation 20 codes, the words people use for them, conversions.

Codes and factors are those of Recommendation 20 and, for packs, of Recommendation 21 with an "X" in
front (as EN 16931 BT-130 has them); factors that the list rounds are given exactly, as the
international yard and pound and the US and imperial gallons define them. Only codes that goods are
bought, stocked and sold in are here. A library of physical units (pint) knows neither these codes
nor packs, so the list is data of our own.

How many pieces a case, a set or a pallet holds is a matter of the item: packs convert into nothing.
Codes of one system only (SAP's ST for a piece, which is a sheet here) belong to its mapping.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

ONE = Decimal(1)


class Dimension(StrEnum):
    """Quantities within which units convert. The base of each has the factor 1."""

    COUNT = "count"
    MASS = "mass"
    LENGTH = "length"
    AREA = "area"
    VOLUME = "volume"
    TIME = "time"
    ENERGY = "energy"
    PACK = "pack"


@dataclass(frozen=True)
class Unit:
    """A unit of measure.

    Attributes:
        code: UN/ECE Recommendation 20, or 21 for packs.
        name: what a clerk calls it.
        factor: units of the dimension's base in one; None for packs and sheets.
        words: other ways to write it, in any case.
    """

    code: str
    name: str
    dimension: Dimension
    factor: Decimal | None
    words: tuple[str, ...]


def _units(dimension: Dimension, rows: str) -> Iterator[Unit]:
    """Read lines of code, factor ("-" if there is none), name, other words."""
    for row in rows.strip().splitlines():
        code, factor, name, words = (part.strip() for part in row.split("|"))
        yield Unit(
            code,
            name,
            dimension,
            None if factor == "-" else Decimal(factor),
            tuple(word.strip() for word in words.split(",") if word.strip()),
        )


_COUNT = """
    EA  | 1    | each           | nos, und, ud, uds, pza, ks
    H87 | 1    | piece          | pc, pcs, pce, pces, pieces, stk, stck, stück, stueck, pz, szt
    C62 | 1    | one            | unit, units, un
    NAR | 1    | article        | articles
    XPP | 1    | loose piece    |
    PR  | 2    | pair           | pairs, prs, paar, paa
    NPR | 2    | number of pairs |
    TPR | 20   | ten pair       |
    HD  | 6    | half dozen     |
    DZN | 12   | dozen          | dozens, dz, doz, dtz, dutzend
    DPC | 12   | dozen piece    |
    CEN | 100  | hundred        | hundreds, hundert
    HC  | 100  | hundred count  |
    GRO | 144  | gross          | grs
    MIL | 1000 | thousand       | thousands, tausend, tsd, mille
    T3  | 1000 | thousand piece |
    GGR | 1728 | great gross    |
"""
_MASS = """
    KGM | 1             | kilogram        | kg, kgs, kilo, kilos, kilograms, kilogramm
    GRM | 0.001         | gram            | g, grams, gramme, gramm
    MGM | 0.000001      | milligram       | mg, milligrams
    HGM | 0.1           | hectogram       | hg
    DTN | 100           | decitonne       |
    TNE | 1000          | tonne           | t, to, tonnes, metric ton
    LBR | 0.45359237    | pound           | lb, lbs, pounds
    ONZ | 0.028349523125 | ounce          | oz, ounces
    APZ | 0.0311034768  | troy ounce      |
    CWA | 45.359237     | hundredweight (US) |
    STN | 907.18474     | short ton (US)  |
    LTN | 1016.0469088  | long ton (UK)   |
"""
_LENGTH = """
    MTR | 1        | metre      | m, mtrs, lm, lfm, metres, meter, meters
    DMT | 0.1      | decimetre  | dm
    CMT | 0.01     | centimetre | cm, centimetres, centimeter
    MMT | 0.001    | millimetre | mm, millimetres, millimeter
    KMT | 1000     | kilometre  | km, kilometres, kilometer
    INH | 0.0254   | inch       | in, inches, zoll
    FOT | 0.3048   | foot       | ft, feet, lf, linear foot
    YRD | 0.9144   | yard       | yd, yds, yards, ly, linear yard
    SMI | 1609.344 | mile       | miles
"""
_AREA = """
    MTK | 1          | square metre      | m2, m², sqm, qm, square meter
    DMK | 0.01       | square decimetre  | dm2, dm²
    CMK | 0.0001     | square centimetre | cm2, cm², sqcm, qcm
    MMK | 0.000001   | square millimetre | mm2, mm²
    FTK | 0.09290304 | square foot       | ft2, ft², sqft, sq ft, square feet
    INK | 0.00064516 | square inch       | in2, in², sqin
    YDK | 0.83612736 | square yard       | yd2, yd², sqyd
"""
_VOLUME = """
    LTR | 1                 | litre            | l, ltrs, litres, liter, liters
    MLT | 0.001             | millilitre       | ml, millilitres, milliliter
    CLT | 0.01              | centilitre       | cl
    DLT | 0.1               | decilitre        | dl
    HLT | 100               | hectolitre       | hl
    MTQ | 1000              | cubic metre      | m3, m³, cbm, cum, cubic meter
    DMQ | 1                 | cubic decimetre  | dm3, dm³
    CMQ | 0.001             | cubic centimetre | cm3, cm³, ccm
    FTQ | 28.316846592      | cubic foot       | ft3, ft³, cuft, cu ft, cubic feet
    INQ | 0.016387064       | cubic inch       | in3, in³, cuin
    YDQ | 764.554857984     | cubic yard       | yd3, yd³, cuyd
    GLL | 3.785411784       | gallon (US)      | gal, gallon, gallons
    QTL | 0.946352946       | quart (US)       | qt, quart, quarts
    PTL | 0.473176473       | pint (US)        | pt, pint, pints
    OZA | 0.0295735295625   | fluid ounce (US) | fl oz, floz, fluid ounce
    GLI | 4.54609           | gallon (UK)      |
    QTI | 1.1365225         | quart (UK)       |
    PTI | 0.56826125        | pint (UK)        |
    OZI | 0.0284130625      | fluid ounce (UK) |
"""
_TIME = """
    SEC | 1      | second | s, seconds
    MIN | 60     | minute | minutes, mins
    HUR | 3600   | hour   | h, hr, hrs, hours, stunde, stunden, std
    DAY | 86400  | day    | d, days, tag, tage
    WEE | 604800 | week   | wk, weeks
"""
_ENERGY = """
    KWH | 1    | kilowatt hour |
    MWH | 1000 | megawatt hour |
"""
# Sheets and sets are here too: how many pieces they are is a matter of the item. Codes of
# Recommendation 20 that it has given up for those of 21 (CS, BX, PK, ...) are words of these.
_PACK = """
    XBG | - | bag     | bg, bags, beutel
    XBA | - | barrel  | barrels
    XBE | - | bundle  | be, bdl, bundles, bund
    XBO | - | bottle  | bo, btl, bottles, flasche
    XBX | - | box     | bx, boxes
    XCX | - | can     | cans
    XCT | - | carton  | ct, ctn, ctns, cartons, karton, kar
    XCS | - | case    | cs, cases
    XCL | - | coil    | coils
    XCR | - | crate   | cr, crates
    XDR | - | drum    | dr, drums, fass
    XJR | - | jar     | jr, jars
    XPK | - | package | pk, pkg, pack, packs, packages, packung, pak
    XPA | - | packet  | pa, pkt, packets, päckchen
    XPL | - | pail    | pails
    XPX | - | pallet  | px, pal, pallets, palette, paletten
    XRL | - | reel    | rl, reels
    XRO | - | roll    | ro, rolls, rolle, rollen, rol
    XSA | - | sack    | sa, sacks
    XTN | - | tin     | tins
    XPU | - | tray    | trays
    XTU | - | tube    | tu, tubes
    SET | - | set     | sets, satz
    KT  | - | kit     | kits
    ST  | - | sheet   | sheets, blatt
    RM  | - | ream    | reams
    AS  | - | assortment |
"""

UNITS = {
    unit.code: unit
    for dimension, rows in (
        (Dimension.COUNT, _COUNT),
        (Dimension.MASS, _MASS),
        (Dimension.LENGTH, _LENGTH),
        (Dimension.AREA, _AREA),
        (Dimension.VOLUME, _VOLUME),
        (Dimension.TIME, _TIME),
        (Dimension.ENERGY, _ENERGY),
        (Dimension.PACK, _PACK),
    )
    for unit in _units(dimension, rows)
}
_CODES = {
    word.casefold(): unit.code for unit in UNITS.values() for word in (unit.name, *unit.words)
} | {code.casefold(): code for code in UNITS}


PALLET = "XPX"


def is_usual_pack(code: str) -> bool:
    """Return whether a unit may hold an item's usual pack.

    Packs of Recommendation 21 may; sheets, sets and kits are counted otherwise, and a pallet holds
    many packs.
    """
    return UNITS[code].dimension is Dimension.PACK and code[0] == "X" and code != PALLET


@lru_cache(10_000)
def unit_code(text: str | None) -> str | None:
    """Return the code of a unit that is written as code or usual word, in any case.

    "Stk." is an abbreviation with its dot; "St." is none of ours (a piece in German, a sheet as
    code), so it is not known. Returns None where nothing is written or the unit is not known.
    """
    if text is None:
        return None
    written = " ".join(text.split()).casefold()
    abbreviation = written.removesuffix(".")
    if written != abbreviation and abbreviation == "st":
        return None
    return _CODES.get(abbreviation)


@lru_cache(10_000)
def unit_key(text: str | None) -> str | None:
    """Return one text for all ways to write a unit: EA for H87, C62 and "Stk.", XCS for "case".

    It is the first code of the list that is the same unit; of a unit that is not known the text
    itself in small letters. Returns None where nothing is written.
    """
    if text is None:
        return None
    code = unit_code(text)
    if code is None:
        return _letters(text) if _letters(text) not in _CODES else " ".join(text.split()).casefold()
    return next(first for first in UNITS if same_unit(first, code))


def unit_words() -> Iterator[str]:
    """List every code, name and other word of the units, in small letters."""
    return iter(_CODES)


def same_unit(first: str | None, second: str | None) -> bool:
    """Return whether two texts name one unit: EA, C62 and H87 do, and so does a word twice.

    A text that is missing names no unit, so it is the same as none.
    """
    if first is None or second is None:
        return False
    return conversion_factor(first, second) == ONE


def conversion_factor(unit: str | None, base: str | None) -> Decimal | None:
    """Return how many of the base one unit is: 12 for DZN and EA, 0.001 for g and KGM.

    Returns None where only the item says how many (packs), across dimensions, and for units that
    are missing or not known. What is written the same is the same, known or not: 1.
    """
    if unit is None or base is None:
        return None
    one, other = unit_code(unit), unit_code(base)
    if one is None or other is None:
        return ONE if one is other and _letters(unit) == _letters(base) else None
    if one == other:
        return ONE
    return _factor_between(UNITS[one], UNITS[other])


def _factor_between(one: Unit, other: Unit) -> Decimal | None:
    if one.dimension is not other.dimension or one.factor is None or other.factor is None:
        return None
    return one.factor / other.factor


def _letters(text: str) -> str:
    return " ".join(text.split()).casefold().removesuffix(".")
