"""Answers kept: in memory, in Redis, and in both."""
