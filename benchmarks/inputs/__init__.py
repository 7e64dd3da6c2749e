"""Seeded documents and patterns, natural and hostile. Tests use them too."""
