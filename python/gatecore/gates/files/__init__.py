"""Gate files: YAML in, gates out, and every mistake named with its place.

    sources        what a user names: files, folders, shipped modules     load_gates, load_modules
    shipped        the modules in the package, by name                    load, names, defaults
    gate_file      one text, file or folder                               parse_gate, load_gate, …
    gate           from YAML nodes to a gate: its keys, verdicts, evidence, examples
    conditions     its conditions;  groups: its groups and shared lists;  patterns: their patterns
    yaml_nodes     YAML with places and limits, and the errors;  yaml_errors: broken YAML explained
    grammar        what each mapping may hold, in one table, which the readers and the schema share
    shapes         what that table is written in
    schema         the JSON Schemas for editors, written from the table: gate and shared.schema.json

To add a key: a line in `grammar`, its meaning in a reader, a test row, `make schema`.
May import `gates.spec` and what `gates` may.
"""
