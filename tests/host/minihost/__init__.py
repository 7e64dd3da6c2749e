"""A document checker in the shape of the hosts that gatecore is for. README.md has its idioms."""
