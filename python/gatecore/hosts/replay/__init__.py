"""Replayed gates: their Python is followed once for each way, and walked in the core after that.

gates        the gates of a host
gate         one gate: its trees, what is run, followed, compared
operations   expressions of Python; calls, applying, freezing: parts of these
machine      statements; frames: where it is in them
readings     what a gate reads of its host, and whether that still holds
values       what names stand for
"""
