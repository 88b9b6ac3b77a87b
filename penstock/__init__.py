"""Penstock turns files of customer rows into encrypted customer profiles."""

__version__ = "0.1.0"
