"""What `check --fix` mends: only what is certain, and each repair with a count."""
