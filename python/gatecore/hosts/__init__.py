"""A host's own Python gates, unchanged, answered from one pass.

Knows what a host looks for (`source_patterns`, `patterns`), the names under which it knows `re`
(`rebinding`, `patching`), and how both are put together and undone (`acceleration`).
May import `re`, `patterns` and what is below.
"""
