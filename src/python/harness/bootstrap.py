"""Starts the harness. The modules do the work, so that none of their code is ever `__main__`."""

if __name__ == "__main__":
    import os
    import sys

    # What every program finds loaded, whatever modules it has of its own.
    AT_START = frozenset(sys.modules)
    # PYTHONSAFEPATH leaves the directory of a script out.
    DIRECTORY = os.path.dirname(os.path.abspath(__file__))
    if DIRECTORY not in sys.path:
        sys.path.insert(0, DIRECTORY)

    from conc_harness import serve

    serve.main(AT_START)
