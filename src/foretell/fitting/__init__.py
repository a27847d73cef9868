"""Fitting: the engine and its uncertainty."""
