"""The console: pages on which people see their files become profiles. It calls the use cases and nothing below them."""
