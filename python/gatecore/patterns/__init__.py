"""Many patterns, one pass over a document.

Knows sets and their scans (`set`), what is kept on disk (`store`), what is learned from questions
(`learning`), text that carries its scan (`document`), and how questions are answered that only `re`
can answer (`re_process`).
May import `lowering`, `files`, `text` and `errors`; it has never heard of gates.
"""
