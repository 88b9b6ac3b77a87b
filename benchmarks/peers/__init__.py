"""What a user would pick instead of Penstock, run as users run it; none encrypts, validates or reports a status."""
