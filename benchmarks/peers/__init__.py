"""What a user would pick instead of Penstock, run as users run it; none of them seals, validates or tells a status."""
