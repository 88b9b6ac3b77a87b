"""Names of countries and months from Unicode CLDR, as text."""
