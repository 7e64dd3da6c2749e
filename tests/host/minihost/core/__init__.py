"""Engines and what they share."""
