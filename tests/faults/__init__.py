"""Live equals backtest while things go wrong: a stream of records, played live under a fault, held against `backtest`.

`python -m tests.faults` (`make chaos`) plays every fault and writes docs/reliability.md; the `test_*.py` here are its
short form. `stream` makes the records, `installation` runs the parts, `faults` is the table of what is done to them,
`expected` says what must come out, `compare` what differs, `play` puts one run together.
"""
