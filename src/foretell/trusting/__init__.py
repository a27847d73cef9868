"""How far to trust a forecast: back-tests."""
