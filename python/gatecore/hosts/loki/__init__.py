"""Hosts of LOKI's shape: an engine with modules, modules with gates, gates with `check`.

May import `hosts`; of `hosts` only the registry knows it.
"""
