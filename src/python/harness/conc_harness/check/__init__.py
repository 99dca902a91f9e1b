"""Runs a few tasks under observation, and tells what was seen; what it means, conc decides."""
