"""Starts the harness; the modules do the work, so that nothing of theirs is ever `__main__`."""

if __name__ == "__main__":
    from conc_harness import serve

    serve.main()
