"""A host's own Python gates, unchanged, answered from one pass.

Knows which kinds of hosts there are (`registry`), what a host looks for (`source_patterns`,
`patterns`), the names under which it knows `re` (`rebinding`, `patching`), what it learns at run
time (`learning`, `attempts`), and how all of it is put together and undone (`acceleration`).
May import `re`, `patterns` and what is below.
"""
