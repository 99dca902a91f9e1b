"""Starts the harness. The modules do the work, so that none of their code is ever `__main__`."""

if __name__ == "__main__":
    from conc_harness import serve

    serve.main()
