"""The ledger: forecasts that are kept under a seal, and scored when the model arrives."""
