"""Validation of documents, one or many, with gates as data and Python gates."""
