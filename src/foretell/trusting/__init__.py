"""How far to trust a forecast: back-tests, sweeps, and what a ladder costs."""
