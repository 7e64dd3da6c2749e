"""Files and mails and pages, made the text that their reader sees.

Knows formats and character sets, e-mail and HTML, and says what was read and what was not
(`reading`). May import `files`, `text` and `errors`.
"""
