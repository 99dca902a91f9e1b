"""The pytest plugin of conc: `pytest -n conc` takes the number of workers from the last run."""
