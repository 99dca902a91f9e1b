from __future__ import annotations

from time import perf_counter, sleep

from conc_harness.gil_probe import TIMER_LATENESS_S, GilProbe, waited


def test_the_lateness_of_timers_is_subtracted() -> None:
    assert waited(late_s=0.5, naps=100, elapsed_s=1.0) == 0.5 - 100 * TIMER_LATENESS_S


def test_the_wait_is_within_the_elapsed_time() -> None:
    assert waited(late_s=-0.5, naps=100, elapsed_s=1.0) == 0.0
    assert waited(late_s=5.0, naps=0, elapsed_s=1.0) == 1.0


def test_the_probe_measures_until_it_is_stopped() -> None:
    begun = perf_counter()
    probe = GilProbe()
    probe.start()
    sleep(0.02)
    probe.stop()
    assert not probe.is_alive()
    assert 0.0 < probe.elapsed_s <= perf_counter() - begun
    assert 0.0 <= probe.waited_s <= probe.elapsed_s
