"""The search: what it states is enough, and for a monotone model it is the least."""

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.review.counterfactual_search import apply_levers, search_levers, spaced_amounts
from serving.tasks.lever import Lever


def lever(field, most, excludes=frozenset()):
    """Adds an amount to a field of the case."""
    return Lever(
        f"MORE_{field.upper()}",
        field,
        frozenset({field}),
        most,
        "units",
        lambda case, amount: {**case, field: case[field] + amount},
        lambda amount: f"{field} were {amount} more",
        excludes,
    )


def probe_of(score):
    """A probe that counts how often it is asked."""

    def probe(cases):
        probe.batches += 1
        probe.cases += len(cases)
        return [score(case) for case in cases]

    probe.batches = probe.cases = 0
    return probe


CASE = {"a": 0, "b": 0, "c": 0}


@given(st.integers(1, 100_000), st.integers(1, 100_000))
def test_the_search_finds_the_smallest_sufficient_change_of_one_lever(needed, most):
    probe = probe_of(lambda case: 0.1 if case["a"] >= needed else 0.9)
    found = search_levers(CASE, [lever("a", most)], probe, 0.2)
    assert [way.pulled[0][1] for way in found] == ([needed] if needed <= most else [])
    assert probe.batches <= 16


@given(st.integers(1, 400), st.integers(1, 400), st.integers(2, 400), st.integers(2, 400))
def test_two_levers_are_combined_where_neither_alone_is_enough(step_a, step_b, most_a, most_b):
    needed = step_a * most_a + step_b  # beyond what a alone can do
    needed = max(needed, step_b * most_b + 1)  # and beyond b
    reachable = needed <= step_a * most_a + step_b * most_b

    def score(case):
        return 0.1 if step_a * case["a"] + step_b * case["b"] >= needed else 0.9

    found = search_levers(CASE, [lever("a", most_a), lever("b", most_b)], probe_of(score), 0.2)
    assert bool(found) == reachable
    for way in found:
        assert len(way.pulled) == 2
        assert score(apply_levers(CASE, way.pulled)) == way.probability < 0.2
        for place, (one, amount) in enumerate(way.pulled):
            less = list(way.pulled)
            less[place] = (one, amount - 1)
            if place == 1:  # narrowed last: a unit less of it is not enough
                assert score(apply_levers(CASE, less)) >= 0.2


@settings(max_examples=200)
@given(st.integers(), st.floats(0.05, 0.95), st.lists(st.integers(1, 300), min_size=1, max_size=3))
def test_whatever_the_model_what_is_found_scores_under_the_threshold(seed, under, mosts):
    def score(case):  # anything but monotone
        return hash((seed, case["a"], case["b"], case["c"])) % 997 / 997

    levers = [lever(field, most) for field, most in zip("abc", mosts, strict=False)]
    found = search_levers(CASE, levers, probe_of(score), under)
    assert len(found) <= 3
    for way in found:
        case = apply_levers(CASE, way.pulled)
        assert score(case) == way.probability < under
        assert all(1 <= amount <= lever.most for lever, amount in way.pulled)
        touched = frozenset().union(*(lever.fields for lever, _ in way.pulled))
        assert {name for name in CASE if case[name] != CASE[name]} <= touched


def test_singles_come_in_their_order_and_pairs_only_where_no_single_is_enough():
    def score(case):
        return 0.1 if case["a"] >= 9 or case["b"] >= 1 or case["a"] + case["c"] >= 2 else 0.9

    levers = [lever("a", 10), lever("b", 10), lever("c", 1)]
    found = search_levers(CASE, levers, probe_of(score), 0.2)
    assert [[(one.title, n) for one, n in way.pulled] for way in found] == [[("a", 2)], [("b", 1)]]


def test_alternatives_of_one_lever_are_never_combined():
    one, two = lever("a", 1), lever("b", 1, frozenset({"MORE_A"}))
    both = probe_of(lambda case: 0.1 if case["a"] and case["b"] else 0.9)
    assert search_levers(CASE, [one, two], both, 0.2) == ()
    assert search_levers(CASE, [two, one], both, 0.2) == ()


def test_without_levers_nothing_is_asked():
    probe = probe_of(lambda case: 0.0)
    assert search_levers(CASE, [], probe, 0.5) == ()
    assert probe.cases == 0


@given(st.integers(0, 1000), st.integers(0, 10**6), st.integers(1, 20))
def test_spaced_amounts_rise_from_above_low_to_high(low, span, most):
    amounts = spaced_amounts(low, low + span, most)
    assert amounts == sorted(set(amounts))
    assert len(amounts) <= most + 1
    if span:
        assert low < amounts[0]
        assert amounts[-1] == low + span
    else:
        assert amounts == []
