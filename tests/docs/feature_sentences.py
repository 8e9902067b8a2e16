"""Sentences of features with sample values, as the reasons of an answer hold them."""

from collections.abc import Iterator

from features.feature import Feature, FeatureKind
from features.value_wording import word_sentence

SAMPLES = {
    "share": (0.0, 1.0, 0.25, -0.04),
    "ratio": (0.0, 1.0, 1.7, -0.4),
    "calendar": (1.0, 3.0, 7.0),
    "yes or no": (0.0, 1.0),
    "flag": (0.0, 1.0),
    "currency": (0.0, 1.0, 17723.2, -12.5),
    "": (0.0, 1.0, 24.0, -3.0, -0.2),
}
"""By unit: nothing, one, a typical value, and one below zero."""
CATEGORY = "A-17"


def sample_sentences(feature: Feature) -> Iterator[tuple[str, str]]:
    """Yield the sample values of a feature as text, each with its sentence."""
    if feature.kind is FeatureKind.CATEGORY:
        yield CATEGORY, word_sentence(feature.sentence, CATEGORY)
        return
    for value in SAMPLES.get(feature.unit, SAMPLES[""]):
        yield f"{value:g}", word_sentence(feature.sentence, value)
    yield "missing", f"missing: {feature.missing}"
