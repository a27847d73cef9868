"""Results as one HTML file each, which needs nothing else: the answer, the evidence, the appendix."""
