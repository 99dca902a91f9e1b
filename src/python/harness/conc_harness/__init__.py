"""The side of conc that runs in the user's interpreter; it needs the standard library only.

One process serves one order: it loads the user's callables, runs their tasks under one strategy,
and answers with what that took. The times of single tasks go into a file that is mapped into
memory (`board`), so that they survive the process.
"""
