"""The columns that say where an address is."""

import polars as pl

COLUMNS: dict[str, pl.DataType] = {
    "CountryCode": pl.String(),
    "CountryOrRegionName": pl.String(),
    "State": pl.String(),
    "City": pl.String(),
    "Latitude": pl.Float64(),
    "Longitude": pl.Float64(),
    "Asn": pl.Int64(),
    "AsnName": pl.String(),
    "GeoSource": pl.String(),
}
"""What is known of an address, in the order in which it is shown."""
