"""Code lists of the trade as data: units of measure, currencies. Imports decimals alone."""
