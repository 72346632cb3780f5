"""The detection core. Pure: records and time in, findings out; no I/O, no clock, no Faust."""
