"""Evaluation of checkpoints: the tasks that small models can do, and the harness that scores them."""
