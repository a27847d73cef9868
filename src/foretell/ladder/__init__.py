"""The sampling models: a plan file in, a run table out.

A wing of the house: it reads and writes files, and the forecasting side never imports it.
"""
