"""`triage keys`: create, list and revoke API keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from data.command_line import console
from data.lake import Lake

if TYPE_CHECKING:
    from serving.audit.log.store import AuditStore


keys = typer.Typer(no_args_is_help=True, help="API keys: who may ask the service for what.")

DAYS_PATTERN = re.compile(r"([1-9][0-9]{0,3})d")
NAME_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@keys.callback()
def group() -> None:
    """API keys: who may ask the service for what."""


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="of the system that asks, e.g. erp-s01; no person's")],
    scope: Annotated[list[str], typer.Option(help="what it may do; repeat it")],
    site: Annotated[list[str] | None, typer.Option(help="a site it may see; repeat it")] = None,
    expires: Annotated[str, typer.Option(help="in so many days, e.g. 90d")] = "365d",
    *,
    every_site: Annotated[bool, typer.Option("--every-site", help="it may see all sites")] = False,
) -> None:
    """Make a key and show it, this once: only a digest of it is kept."""
    from datetime import UTC, datetime

    from serving.auth.api_key import new_key
    from serving.auth.caller import ALL_SCOPES
    from serving.runtime.context import command_context

    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"--name {name!r} takes 1 to 64 letters, digits, dots and dashes")
    if unknown := sorted(set(scope) - set(ALL_SCOPES)):
        raise ValueError(f"--scope {unknown[0]!r} is not one of {', '.join(ALL_SCOPES)}")
    if bool(site) == every_site:
        raise ValueError("say which sites the key may see: --site S01, or --every-site")
    now = datetime.now(UTC)
    sites = None if every_site else site
    key, shown = new_key(name, scope, sites, now, now + _parse_period(expires))
    with _open_audit() as store:
        store.append([key.draft(command_context("triage keys create").recorded())])
    line = f"Key {key.id} ({name}) until {key.expires_at:%Y-%m-%d}; kept nowhere, so keep it now:"
    console.print(line, highlight=False)
    print(shown)


@keys.command(name="list")
def list_keys() -> None:
    """Every key: what it may do, for which sites, until when. No key itself: none is kept."""
    from datetime import UTC, datetime

    from serving.auth.key_ring import KeyRing

    now = datetime.now(UTC)
    with _open_audit() as store:
        ring = KeyRing(store)
        ring.read()
        keys_on_record = list(ring.all())
    for key, revoked in keys_on_record:
        state = "revoked" if revoked else "expired" if now >= key.expires_at else "taken"
        sites = "every site" if key.sites is None else ", ".join(sorted(key.sites))
        scopes = ", ".join(sorted(key.scopes))
        line = f"{key.id}  {key.name}  {state}  until {key.expires_at:%Y-%m-%d}  {scopes}  {sites}"
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if not keys_on_record:
        console.print("There are none; make one with `triage keys create`.")


@keys.command()
def revoke(identifier: Annotated[str, typer.Argument(help="as `triage keys list` shows")]) -> None:
    """Take a key no more, for good: a service that runs refuses it within two seconds."""
    from datetime import UTC, datetime

    from serving.auth.api_key import revocation_draft
    from serving.auth.key_ring import KeyRing
    from serving.runtime.context import command_context

    with _open_audit() as store:
        ring = KeyRing(store)
        ring.read()
        revoked_by_id = {key.id: revoked for key, revoked in ring.all()}
        if identifier not in revoked_by_id:
            raise LookupError(f"there is no key {identifier!r}; `triage keys list` shows them")
        if not revoked_by_id[identifier]:
            context = command_context("triage keys revoke").recorded()
            store.append([revocation_draft(identifier, datetime.now(UTC), context)])
    console.print(f"Key {identifier} is revoked.", highlight=False)


@contextmanager
def _open_audit() -> Iterator[AuditStore]:
    from contextlib import closing

    from serving.audit.factory import open_audit

    with closing(open_audit(Lake.from_environment().make())) as store:
        yield store


def _parse_period(expires: str) -> timedelta:
    days = DAYS_PATTERN.fullmatch(expires)
    if days is None:
        raise ValueError(f"--expires {expires!r} takes a number of days, e.g. 90d")
    return timedelta(days=int(days[1]))
