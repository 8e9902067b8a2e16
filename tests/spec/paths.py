"""The two ways to a case's features, behind one face: a spec cannot tell which it runs on."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
import pandas as pd

from data.store import Store
from features.cases import Cases, CaseShape
from features.feature import Feature, feature_frame
from features.history.stream import Stream, history_measures
from features.profiles import Profiles, build_profiles
from tests.spec.tables import canonical, cases, cells, moments

Tables = dict[str, str]


class History(Protocol):
    def __call__(
        self, streams: Sequence[Stream], store: Store, asks: pd.DataFrame
    ) -> dict[str, np.ndarray]: ...


def training(streams: Sequence[Stream], store: Store, asks: pd.DataFrame) -> dict[str, np.ndarray]:
    """All asks at once, each at its own day."""
    return history_measures(store, streams, asks)


@dataclass(frozen=True)
class Serving:
    """One profile snapshot a day that is asked about, and a look-up in it."""

    folder: Path

    def __call__(
        self, streams: Sequence[Stream], store: Store, asks: pd.DataFrame
    ) -> dict[str, np.ndarray]:
        result = {n: np.full(len(asks), np.nan) for stream in streams for n in stream.names}
        days = asks["as_of"].to_numpy().astype("datetime64[D]")
        for day in np.unique(days):
            at = np.flatnonzero(days == day)
            profiles = self.profiles(streams, store, day.item())
            columns = {name: asks[name].to_numpy(dtype=object)[at] for name in asks}
            for name, values in profiles.lookup(streams, columns, len(at)).items():
                result[name][at] = values
        return result

    def profiles(self, streams: Sequence[Stream], store: Store, day: date) -> Profiles:
        path = self.folder / f"{day}.db"
        build_profiles(store, streams, day, path)
        return Profiles.open(path)


@dataclass(frozen=True)
class Answer:
    """Features by name, each computed when it is read, from the streams that it reads."""

    features: dict[str, Feature]
    cases: Cases

    def __len__(self) -> int:
        return len(self.cases)

    def __getitem__(self, name: str) -> pd.Series:
        return feature_frame([self.features[name]], self.cases)[name]


class Lazy(Mapping[str, np.ndarray]):
    """History measures of some streams, each stream's computed when one of its is read."""

    def __init__(self, streams: Sequence[Stream], past: Callable[[Stream], dict]) -> None:
        self._of = {name: stream for stream in streams for name in stream.names}
        self._past = past
        self._known: dict[str, np.ndarray] = {}

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._known:
            self._known |= self._past(self._of[name])
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._of

    def __iter__(self) -> Iterator[str]:
        return iter(self._of)

    def __len__(self) -> int:
        return len(self._of)


@dataclass(frozen=True)
class Asking:
    """What a spec asks; `history` is the path it is answered by."""

    history: History
    stores: ExitStack

    def past(self, streams: Sequence[Stream], tables: Tables, asks: str) -> pd.DataFrame:
        """History measures for a table of asks: the streams' keys and `as_of`."""
        frame = cells(asks)
        frame["as_of"] = moments(frame["as_of"])
        return pd.DataFrame(self.history(streams, self.store(tables), frame))

    def features(
        self, task: ModuleType, tables: Tables, asks: str, children: Tables | None = None
    ) -> Answer:
        """Inputs of the model for a table of cases with `asked_at`.

        task: a `feature_set` module of `features.tasks` with SHAPE, STREAMS and FEATURES.
        """
        return self.computed(
            task.SHAPE,
            task.STREAMS,
            task.FEATURES,
            tables=tables,
            asks=asks,
            children=children or {},
        )

    def computed(
        self,
        shape: CaseShape,
        streams: Sequence[Stream],
        features: Sequence[Feature],
        *,
        tables: Tables,
        asks: str,
        children: Tables,
    ) -> Answer:
        """The same for features that are not a module's own."""
        store, bare = self.store(tables), cases(shape, asks, {}, {})
        keys = pd.DataFrame({**bare.columns, "as_of": bare.as_of.astype("datetime64[s]")})
        past = Lazy(streams, lambda stream: self.history([stream], store, keys))
        named = {feature.name: feature for feature in features}
        return Answer(named, cases(shape, asks, children, past))

    def store(self, tables: Tables) -> Store:
        """A store of tables written as text, open as long as the spec runs."""
        frames = {name: canonical(name, text) for name, text in tables.items()}
        return self.stores.enter_context(Store.from_frames(frames, threads=1))
