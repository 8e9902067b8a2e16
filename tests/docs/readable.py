"""What is wrong with a sentence that users read, in words; used for all of them."""

import re
from collections.abc import Iterator

MAX_LENGTH = 200
SENTENCE_END = re.compile(r"(?<=[.?!]) (?=[A-Z])")
FAULTS = {
    "a zero with a sign": re.compile(r"(?<![\w.])[-+]0(?:[.,]?0)*(?![\d.,]*[1-9])(?!\d)"),
    "one of many": re.compile(
        r"(?<![\d.,+])1 (?:days|invoices|lines|receipts|notices|messages|units|times\b(?! the| its| that| what)|"
        r"reports|places|steps|documents|orders|acknowledgements|cases|base units|pieces)\b"
    ),
    "a missing value": re.compile(r"\b(?:nan|NaN|None|NaT|null|inf)\b"),
    "nothing as an amount": re.compile(r"\b0 are still\b"),
    "jargon": re.compile(r"as far as (?:is )?known|as far back|\bpaper trail\b.*\bpaper trail\b"),
    "doubled space or point": re.compile(r"  |\.\.|\s[.,;]|\( | \)"),
    "a placeholder": re.compile(r"[{}]"),
}


def faults(text: str, *, is_phrase: bool = False) -> Iterator[str]:
    """Yield what is wrong. is_phrase: a part of a sentence, which needs no full stop."""
    for name, pattern in FAULTS.items():
        if found := pattern.search(text):
            yield f"{name} ({found[0]!r}): {text}"
    for sentence in SENTENCE_END.split(text):
        if len(sentence) > MAX_LENGTH:
            yield f"{len(sentence)} characters: {sentence}"
    if not is_phrase and not text.endswith((".", "?", "!")):
        yield f"no full stop: {text}"
