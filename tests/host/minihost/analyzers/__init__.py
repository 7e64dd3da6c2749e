"""Analyzers that every document goes through."""
