"""Tests of the harness without conc: a fake channel stands for it."""
