"""Forecast a language model's benchmark scores before you train it."""
