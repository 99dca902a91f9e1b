"""Runs a few tasks under observation and reports what was observed; conc decides what it means."""
