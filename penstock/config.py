"""Typed settings, read from PENSTOCK_* variables; each name says its unit."""
