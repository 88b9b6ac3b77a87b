"""The peers of Penstock, run as users run them; none encrypts, validates or reports a status."""
