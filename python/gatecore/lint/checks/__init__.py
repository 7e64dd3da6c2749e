"""The checks of gates, one subject a module: patterns, verdicts, and figures of documents."""
