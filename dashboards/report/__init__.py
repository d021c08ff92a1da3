"""The report: one result as one self-contained HTML page that a shop owner can read, in Japanese or English.

Comes in: a `Result`. Goes out: HTML, and the published schema of `result.json`. Every count on the page is measured from the
coverage of the result; every word that came from a server or a declaration is shown escaped. Nothing here decides anything.
"""
