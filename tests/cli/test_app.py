"""All commands stand in the help, in an order that somebody chose."""

from huntkit.cli.app import JOINED, ORDER, app


def test_every_command_has_its_place_in_the_help() -> None:
    names = {each.name for each in app.registered_commands}
    names |= {each.name for each in app.registered_groups}
    assert sorted(name for name in names if name not in ORDER) == []
    assert all(module.__doc__ for module in JOINED)
