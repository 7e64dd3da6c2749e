"""Modules: named groups of gates."""
