"""`make bench`: how fast Vigie is, side by side with what it could be compared with. Writes docs/performance.md.

One module for each part; `__main__` runs them, `page` keeps the sections of the page apart.
"""
