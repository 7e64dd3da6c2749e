"""What can be proved of patterns and conditions: for every text, or not claimed.

Programs of a textbook backtracker, languages compared, conditions that exclude each other.
May import `lowering`, `patterns.pattern` and `gates.spec`.
"""
