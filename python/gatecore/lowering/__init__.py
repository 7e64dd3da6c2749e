"""From a pattern's source to numbers that need no regex syntax.

Knows CPython's private regex modules (`interpreter`), what a character class matches by the
interpreter's own word (`charset`), and the core's instructions (`lower`; `tree` shows them).
May import nothing of gatecore but `errors` and the native module.
"""
