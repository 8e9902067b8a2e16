"""Ctrl-C while the addresses are printed stops the service as it does later."""

from types import SimpleNamespace

from serving.commands import serve as staying


def test_ctrl_c_while_the_addresses_are_printed_is_a_stop_like_any_other(monkeypatch):
    said: list[str] = []

    def printed(text: str, **_: object) -> None:
        said.append(text)
        if len(said) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(staying, "console", SimpleNamespace(print=printed))
    staying.wait_for_interrupt(SimpleNamespace(address="http://127.0.0.1:3000"))
    assert said[1:] == ["Stopping ..."]
