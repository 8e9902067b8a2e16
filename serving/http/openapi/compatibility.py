"""Contract compatibility: list what a new OpenAPI document breaks for callers of the released one.

A request may take more than before and an answer may say more, never the other way round. An
enumeration of answers that is declared open may grow; declaring one open breaks nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from serving.http.openapi.schema import EXTENSIBLE_ENUM

Json = Mapping[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")
LOWER_LIMITS = ("minimum", "minLength", "minItems", "exclusiveMinimum")
CHOICES = {"enum", "const", EXTENSIBLE_ENUM}
UPPER_LIMITS = ("maximum", "maxLength", "maxItems", "exclusiveMaximum")


class Side(StrEnum):
    """Who writes what a schema describes."""

    REQUEST = "request"
    ANSWER = "answer"


@dataclass(frozen=True)
class OpenApiDocument:
    """An OpenAPI document and its references."""

    document: Json

    def at(self, schema: Json) -> Json:
        """Return a schema, following references to it."""
        while "$ref" in schema:
            found: Any = self.document
            for part in str(schema["$ref"]).removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema


@dataclass(frozen=True)
class ContractComparison:
    """The released contract and the current one."""

    before: OpenApiDocument
    after: OpenApiDocument

    def breaks(self) -> list[str]:
        """Return one line for each change that breaks a caller; empty if none does."""
        return list(dict.fromkeys(self._paths()))

    def _paths(self) -> Iterator[str]:
        for path, methods in self.before.document["paths"].items():
            now = self.after.document["paths"].get(path)
            if now is None:
                yield f"{path}: is gone"
                continue
            for method in METHODS:
                if method in methods and method not in now:
                    yield f"{method.upper()} {path}: is gone"
                elif method in methods:
                    at = f"{method.upper()} {path}"
                    yield from self._operation(at, methods[method], now[method])

    def _operation(self, at: str, was: Json, now: Json) -> Iterator[str]:
        yield from self._parameters(at, was, now)
        yield from self._bodies(at, was.get("requestBody", {}), now.get("requestBody", {}))
        for status, answer in was["responses"].items():
            if not status.startswith("2"):
                continue  # problems are one type, and new ones may come
            if status not in now["responses"]:
                yield f"{at}: no longer answers {status}"
                continue
            yield from self._contents(f"{at} {status}", answer, now["responses"][status])

    def _parameters(self, at: str, was: Json, now: Json) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in was.get("parameters", ())}
        for one in now.get("parameters", ()):
            name, old = f"{at} {one['in']} {one['name']}", before.get((one["in"], one["name"]))
            if one.get("required") and not (old and old.get("required")):
                yield f"{name}: is required now"
            if old is not None:
                yield from self._schema(name, old["schema"], one["schema"], Side.REQUEST)
        there = {(one["in"], one["name"]) for one in now.get("parameters", ())}
        for place, name in before.keys() - there:
            yield f"{at} {place} {name}: is gone"

    def _bodies(self, at: str, was: Json, now: Json) -> Iterator[str]:
        if now.get("required") and not was.get("required"):
            yield f"{at} body: is required now"
        for kind, content in was.get("content", {}).items():
            if kind not in now.get("content", {}):
                yield f"{at} body: {kind} is no longer taken"
                continue
            new = now["content"][kind]
            yield from self._schema(f"{at} body", content["schema"], new["schema"], Side.REQUEST)

    def _contents(self, at: str, was: Json, now: Json) -> Iterator[str]:
        for kind, content in was.get("content", {}).items():
            if kind not in now.get("content", {}):
                yield f"{at}: {kind} is no longer answered"
                continue
            old, new = content.get("schema", {}), now["content"][kind].get("schema", {})
            yield from self._schema(at, old, new, Side.ANSWER)

    def _schema(self, at: str, was: Json, now: Json, side: Side) -> Iterator[str]:
        yield from SchemaComparison(self.before, self.after, side).compared(at, was, now, ())


@dataclass(frozen=True)
class SchemaComparison:
    """Two schemas of one side, compared.

    A request must take at least what it took; an answer must hold at most what it held.
    """

    before: OpenApiDocument
    after: OpenApiDocument
    side: Side

    def compared(self, at: str, was: Json, now: Json, seen: tuple[str, ...]) -> Iterator[str]:
        """Yield what breaks callers between two schemas.

        Args:
            at: where the schema stands, for the lines.
            was: the schema before.
            now: the schema after.
            seen: references that were followed to get here; they end a recursive schema.
        """
        reference = str(was.get("$ref", ""))
        if reference and reference in seen:
            return
        way = (*seen, reference)
        old, new = self.before.at(was), self.after.at(now)
        yield from self._kinds(at, old, new)
        yield from self._choices(at, old, new)
        yield from self._limits(at, old, new)
        olds, news = composite_branches(self.before, old), composite_branches(self.after, new)
        if len(olds) == len(news) == 1:
            yield from self._composite(at, olds[0], news[0], way)
        elif olds and news:
            yield from self._branches(at, olds, news, way)

    def _composite(self, at: str, was: Json, now: Json, way: tuple[str, ...]) -> Iterator[str]:
        """Compare two objects or two lists."""
        old, new = self.before.at(was), self.after.at(now)
        yield from self._fields(at, old, new, way)
        if "items" in old and "items" in new:
            yield from self.compared(f"{at}[]", old["items"], new["items"], way)

    def _branches(
        self, at: str, olds: Sequence[Json], news: Sequence[Json], way: tuple[str, ...]
    ) -> Iterator[str]:
        """Compare alternatives, each with the one of the same tag.

        Each alternative that a request took must still be taken; each that an answer may hold
        must be one that it could hold before.
        """
        old_tags = [(branch_tag(self.before, one), one) for one in olds]
        new_tags = [(branch_tag(self.after, one), one) for one in news]
        request = self.side is Side.REQUEST
        for tag, branch in old_tags if request else new_tags:
            others = [one for other, one in (new_tags if request else old_tags) if other == tag]
            if not others:
                yield f"{at}: {'no longer takes' if request else 'may now be'} {tag or 'an object'}"
                continue
            pairs = [(branch, one) if request else (one, branch) for one in others]
            named = f"{at}<{tag}>" if tag else at
            yield from min((list(self._one_branch(named, *pair, way)) for pair in pairs), key=len)

    def _one_branch(self, at: str, was: Json, now: Json, way: tuple[str, ...]) -> Iterator[str]:
        if "$ref" in was:
            yield from self.compared(at, was, now, way)
        else:
            yield from self._composite(at, was, now, way)

    def _kinds(self, at: str, was: Json, now: Json) -> Iterator[str]:
        before, after = json_types(self.before, was), json_types(self.after, now)
        if self.side is Side.REQUEST and (lost := before - after):
            yield f"{at}: no longer takes {', '.join(sorted(lost))}"
        if self.side is Side.ANSWER and (new := after - before):
            yield f"{at}: may be {', '.join(sorted(new))} now"

    def _choices(self, at: str, was: Json, now: Json) -> Iterator[str]:
        before, after = allowed_values(self.before, was), allowed_values(self.after, now)
        if self.side is Side.REQUEST and after is not None:
            lost = ["anything else"] if before is None else sorted(before - after)
            if lost:
                yield f"{at}: no longer takes {', '.join(lost)}"
        if self.side is Side.ANSWER and before is not None and not is_open(self.before, was):
            new = ["anything"] if after is None else sorted(after - before)
            if new:
                yield f"{at}: may be {', '.join(new)} now"

    def _limits(self, at: str, was: Json, now: Json) -> Iterator[str]:
        if self.side is Side.ANSWER:
            return
        old, new = value_limits(self.before, was), value_limits(self.after, now)
        for name in (*LOWER_LIMITS, *UPPER_LIMITS):
            if name not in new:
                continue
            tighter = new[name] > old[name] if name in LOWER_LIMITS and name in old else None
            if tighter is None:
                tighter = name not in old or new[name] < old[name]
            if tighter:
                yield f"{at}: {name} is {new[name]:g}, was {old.get(name, 'open')}"
        if "pattern" in new and new["pattern"] != old.get("pattern"):
            yield f"{at}: takes another pattern"

    def _fields(self, at: str, was: Json, now: Json, way: tuple[str, ...]) -> Iterator[str]:
        old, new = was.get("properties", {}), now.get("properties", {})
        for name in old.keys() & new.keys():
            yield from self.compared(f"{at}.{name}", old[name], new[name], way)
        if old:
            yield from (f"{at}.{name}: is gone" for name in sorted(old.keys() - new.keys()))
        required, now_required = set(was.get("required", ())), set(now.get("required", ()))
        if self.side is Side.REQUEST and old:
            yield from (f"{at}.{n}: is required now" for n in sorted(now_required - required))
        if self.side is Side.ANSWER and new:
            lost = sorted((required - now_required) & new.keys())
            yield from (f"{at}.{n}: may be missing now" for n in lost)


def schema_branches(contract: OpenApiDocument, schema: Json) -> list[Json]:
    """Return the alternatives of a schema, as references where they are; itself without any."""
    real = contract.at(schema)
    for word in ("anyOf", "oneOf"):
        if word in real:
            return [branch for one in real[word] for branch in schema_branches(contract, one)]
    return [schema]


def composite_branches(contract: OpenApiDocument, schema: Json) -> list[Json]:
    """Return the alternatives that are objects or lists with a schema of their own."""
    branches = schema_branches(contract, schema)
    return [one for one in branches if contract.at(one).keys() & {"properties", "items"}]


def branch_tag(contract: OpenApiDocument, branch: Json) -> str:
    """Return what tells an alternative from the others: its constant fields, or its type."""
    schema = contract.at(branch)
    fields = {name: contract.at(one) for name, one in schema.get("properties", {}).items()}
    tags = [f"{name}={one['const']}" for name, one in sorted(fields.items()) if "const" in one]
    return ", ".join(tags) or ("list" if "items" in schema else "")


def json_types(contract: OpenApiDocument, schema: Json) -> set[str]:
    """Return the JSON types that a schema allows; an empty schema allows "anything".

    "number" stands for integers, too.
    """
    found: set[str] = set()
    for branch in schema_branches(contract, schema):
        one = contract.at(branch)
        kind = one.get("type", "object" if "properties" in one else None)
        match kind:
            case None:
                found |= {"string"} if one.keys() & CHOICES else {"anything"}
            case list():
                found |= set(kind)
            case _:
                found.add(kind)
    return found | ({"integer"} if "number" in found else set())


def allowed_values(contract: OpenApiDocument, schema: Json) -> set[str] | None:
    """Return the values that a schema lists; None where it lists none."""
    found: set[str] = set()
    for branch in schema_branches(contract, schema):
        one = contract.at(branch)
        if one.get("type") == "null":
            continue
        if not one.keys() & CHOICES:
            return None
        found |= set(map(str, one.get("enum", one.get(EXTENSIBLE_ENUM, [one.get("const")]))))
    return found


def is_open(contract: OpenApiDocument, schema: Json) -> bool:
    """Return whether a schema says that its list of values may grow."""
    return any(EXTENSIBLE_ENUM in contract.at(one) for one in schema_branches(contract, schema))


def value_limits(contract: OpenApiDocument, schema: Json) -> Json:
    """Return the limits of a schema's one kind of value besides null; empty if it has several."""
    branches = [contract.at(one) for one in schema_branches(contract, schema)]
    real = [one for one in branches if one.get("type") != "null"]
    return real[0] if len(real) == 1 else {}
