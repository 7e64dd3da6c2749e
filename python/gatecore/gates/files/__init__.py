"""Gate files: YAML in, gates out, and every mistake named with its place.

`gate_file` reads one file, a level of it in each of `gate`, `conditions`, `groups`, `patterns`;
`sources` finds the files of a selection. May import `gates.spec` and what `gates` may.
"""
