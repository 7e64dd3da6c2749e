"""A host of our own, and what `gatecore.accelerate` does to it."""
