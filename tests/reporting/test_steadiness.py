"""Test the number of RQ3 by hand."""
import pytest

from scripts.reporting.steadiness import steadiness
from scripts.reporting.tables.stability import table_stability
from tests.reporting.made_up import f1_run


def curves(f1s):
    """Few-shot runs from F1 by seed at 50, 100 and so on, by sources."""
    return [
        f1_run(f1, sources, 50 * (position + 1), seed)
        for sources, curve in f1s.items()
        for position, point in enumerate(curve)
        for seed, f1 in enumerate(point)
    ]


def test_steadiness_is_the_mean_deviation_over_seeds(read_made_up):
    runs = curves({(): ((30, 50), (40, 60), (70, 70)), ("en_ugt",): ((50, 52), (54, 56), (60, 60))})
    (found,) = steadiness(read_made_up(runs))
    # sd of (30, 50) and (40, 60) is 14.14, of (70, 70) 0: mean 9.4; of (50, 52) and (54, 56) 1.41: mean 0.9.
    assert (found.without, found.with_source) == (pytest.approx(9.43, abs=0.01), pytest.approx(0.94, abs=0.01))
    assert (found.target, found.model, found.sources, found.steadier) == ("ru_ugt", "", 1, 1)


def test_sources_that_are_less_steady_are_counted(read_made_up):
    runs = curves({(): ((50, 52),), ("en_ugt",): ((50, 51),), ("en_ehr",): ((40, 60),)})
    (found,) = steadiness(read_made_up(runs))
    # sd 0.71 and 14.14.
    assert (found.sources, found.steadier) == (2, 1) and found.with_source == pytest.approx(7.42, abs=0.01)


def test_curves_are_compared_at_the_sizes_and_seeds_that_both_have(read_made_up):
    # Without a source, only 50 and 100, and 100 with one seed.
    runs = curves({(): ((30, 50), (40,)), ("en_ugt",): ((50, 52), (10, 90), (20, 80))})
    results = read_made_up(runs)
    (found,) = steadiness(results)
    assert (found.without, found.with_source) == (pytest.approx(20 / 2**0.5), pytest.approx(2 / 2**0.5))
    assert (found.sources, found.steadier) == (1, 1)
    (*_, (*_, verdict)) = table_stability(results).rows
    assert verdict == "yes"


def test_curves_without_a_common_size_measure_nothing(read_made_up):
    (found,) = steadiness(read_made_up(curves({(): ((50, 52),), ("en_ugt",): ((), (50, 52))})))
    assert (found.without, found.with_source, found.sources) == (None, None, 0)


def test_a_single_seed_measures_nothing(read_made_up):
    (found,) = steadiness(read_made_up(curves({(): ((50,), (60,)), ("en_ugt",): ((50,), (60,))})))
    assert found.without is None and found.with_source is None and found.steadier == 0
