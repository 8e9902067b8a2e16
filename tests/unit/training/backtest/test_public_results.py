from training.backtest.public_results import HEADINGS, result_rows, rule_names, verdict_sentence
from training.evaluation.bootstrap import ComparisonVerdict

RIVALS = ("class_shares", "late_share", "low_stock", "logistic_regression", "lightgbm_defaults")


def compared(**words):
    """Every comparison "better", but those given as `<rival>__<figure>`."""
    found = {
        rival: {figure: {"verdict": ComparisonVerdict.BETTER} for figure in ("pr_auc", "log_loss")}
        for rival in RIVALS
    }
    for name, word in words.items():
        rival, figure = name.split("__")
        found[rival][figure]["verdict"] = word
    return found


def test_a_model_that_beats_every_rival_in_both_is_said_to():
    assert verdict_sentence(compared()) == "better than all of them"


def test_results_name_the_baseline_and_figure_that_a_model_does_not_beat():
    said = verdict_sentence(
        compared(
            late_share__pr_auc=ComparisonVerdict.SAME,
            lightgbm_defaults__pr_auc=ComparisonVerdict.SAME,
            class_shares__log_loss=ComparisonVerdict.WORSE,
        )
    )
    assert said == (
        "order: no better than late share, lightgbm defaults; "
        "probabilities: worse than class shares"
    )


def test_incomparable_results_are_not_called_better():
    said = verdict_sentence(compared(low_stock__pr_auc=ComparisonVerdict.UNKNOWN))
    assert said == "order: cannot be compared with low stock"


def figure(value):
    return {"value": value, "low": value, "high": value}


def metrics(pr_auc, log_loss):
    return {
        "roc_auc": figure(0.7),
        "pr_auc": figure(pr_auc),
        "log_loss": figure(log_loss),
        "ece": figure(0.01),
    }


def test_a_row_shows_the_model_beside_the_best_of_the_rules():
    told = {
        "class_shares": metrics(0.1, 0.5),
        "late_share": metrics(0.3, 0.9),
        "low_stock": metrics(0.2, 0.4),
        "logistic_regression": metrics(0.25, 0.45),
        "lightgbm_defaults": metrics(0.35, 0.6),
    }
    figures = {
        "source": "somewhere",
        "folds": 4,
        "segments": {"all": {"n": 1200, "prevalence": 0.1, "metrics": metrics(0.4, 0.3)}},
        "baselines": {name: {"segments": {"all": {"metrics": m}}} for name, m in told.items()},
        "compared": {"all": compared()},
    }
    assert rule_names(figures["baselines"]) == ["late_share", "low_stock"]
    (row,) = result_rows(figures)
    assert len(row) == len(HEADINGS)
    assert row[:4] == ("somewhere, all", "1,200", "4", "10.0%")
    assert row[5:9] == ("**0.400** (0.400 to 0.400)", "0.300", "0.350", "0.250")
    assert row[9:14] == ("**0.300** (0.300 to 0.300)", "0.500", "0.400", "0.600", "0.450")
