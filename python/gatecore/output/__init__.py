"""Reports in the formats of other programs: SARIF for code hosts, HTML for people.

May import `gates` and what is below.
"""
