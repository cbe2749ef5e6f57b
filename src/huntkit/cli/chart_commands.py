"""`huntkit chart KIND`: a command for every kind of chart, made from the kind's own parameters.

The kinds come from the catalog, so a chart that another package brings has its command too.
Loading a kind loads the data libraries; only `huntkit chart` and what follows it pays for that.
"""

import importlib
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import typer

from huntkit.cli.frame import Command, help_text, refuse_network, without_types
from huntkit.cli.options import Charting, General, Paths, Reading, Span, shared
from huntkit.core.errors import UsageError, did_you_mean

_CHART = "The chart"
_ENTRY = re.compile(r"^ {4}(\w+): +(.*)$")
# What a stranger can type at once, after `huntkit chart KIND evidence/`; on the demo each draws.
_FIRST: Mapping[str, str] = {
    "clusters": "-t Zeek_conn --x duration --y resp_bytes --cluster-column service",
    "entity_graph": "-t DeviceLogonEvents --columns DeviceName,AccountName,RemoteIP",
    "geo_map": "-t SigninLogs --country-column Location",
    "matrix": "-t DeviceLogonEvents --x AccountName --y DeviceName",
    "network": "-t DeviceNetworkEvents --source-column DeviceName --target-column RemoteIP",
    "parallel": "-t Zeek_conn --columns id_orig_h,id_resp_h,id_resp_p,resp_bytes",
    "process_tree": "-t DeviceProcessEvents --color-by AccountName",
    "scored_sessions": "-t sessions --score-column likelihood --rarest 10",
    "timeline": "-t DeviceLogonEvents --group-by DeviceName --since -2h",
    "timeline_duration": "-t DeviceLogonEvents --group-by DeviceName,AccountName",
    "timeline_values": "-t Zeek_conn --value-column resp_bytes --group-by service",
    "timeseries": "-q 'DeviceEvents | summarize n=count() by bin(TimeGenerated, 5m)'",
    "units": "-t SecurityEvent --x TimeGenerated --y Activity --group-by Computer",
}
_TEXTS = ("references",)  # of any type in Python; of texts here
_METAVARS: Mapping[str, str] = {"title": "TEXT", "references": "TIME", "to_columns": "LAT LON",
                                "band_columns": "LOW HIGH"}  # fmt: skip


class Charts(typer.core.TyperGroup):
    """The group of all kinds of charts."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters, without Python's names for their values."""
        return without_types(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  as typer calls it
        """The kinds."""
        return _catalog().names()  # type: ignore[no-any-return]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """The command of a kind, made when it is asked for."""
        name = cmd_name.replace("-", "_")
        return command_of(name, _catalog().load(name)) if name in _catalog() else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of that kind, or the nearest names."""
        given = args[0] if args else ""
        name = given.replace("-", "_")
        if not given.startswith("-") and name not in _catalog():
            if name in _catalog().disabled:
                _catalog().load(name)  # says that it is switched off
            raise UsageError(f"there is no chart {given!r}", hint=_meant(given))
        return super().resolve_command(ctx, args)


def _meant(given: str) -> str:
    names = _catalog().names()
    if given == "-" or Path(given).exists():
        return f"the kind comes first, such as: huntkit chart timeline {given}"
    return did_you_mean(given.replace("-", "_"), names) or "charts: " + " ".join(names)


def _catalog() -> Any:
    return importlib.import_module("huntkit.cli.drawing").catalog()


def command_of(name: str, draw: Callable[..., Any]) -> Any:
    """The command that draws one kind; the kind's parameters are its options."""
    hints = get_type_hints(draw)
    parameters = list(inspect.signature(draw).parameters.values())[1:]
    words = [each.name for each in parameters if "_" in each.name]
    told = {each: _spoken(text, words) for each, text in described(draw).items()}
    options = [
        option
        for each in parameters
        if (option := _option(each, hints.get(each.name), told.get(each.name, ""))) is not None
    ]
    first = _FIRST.get(name, "--table TABLE")
    second = re.sub(r"^(-q '[^']+'|-\S+ \S+) ?", "- ", first).strip()
    run = _runner(name, options)
    text = _spoken((inspect.getdoc(draw) or "").split("\nArgs:")[0], words)
    lone = typer.Typer(
        add_completion=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    lone.command(
        name,
        cls=Command,
        short_help=text.splitlines()[0] if text else "",
        help=help_text(
            f"huntkit chart {name} evidence/ {first}",
            f"huntkit query @hunt.kql evidence/ | huntkit chart {name} {second}",
            text,
        ),
    )(shared(run))
    return typer.main.get_command(lone)


def _spoken(text: str, names: Sequence[str]) -> str:
    """A docstring as help: a line a paragraph, and parameters as the options that they are."""
    paragraphs = [" ".join(each.split()) for each in text.replace("`", "").split("\n\n")]
    told = "\n\n".join(each for each in paragraphs if each)
    for name in names:
        told = re.sub(rf"(?<![\w.-]){name}\b", "--" + name.replace("_", "-"), told)
    return told


def _runner(name: str, options: Sequence[inspect.Parameter]) -> Callable[..., None]:
    """A function with the options of one kind and those that all share."""

    def run(**given: Any) -> None:
        if given["general"].offline:
            refuse_network()
        chosen = {each.name: given.pop(each.name) for each in options}
        usual = {each.name: each.default for each in options}
        told = {k: v for k, v in chosen.items() if v not in (None, []) and v != usual[k]}
        importlib.import_module("huntkit.cli.drawing").chart(name, told, **given)

    groups: dict[str, Any] = {
        "charting": Charting, "reading": Reading, "span": Span, "general": General,
    }  # fmt: skip
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("paths", kind, annotation=Paths),
        *options,
        *(inspect.Parameter(each, kind, annotation=group) for each, group in groups.items()),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _option(given: inspect.Parameter, hint: Any, told: str) -> inspect.Parameter | None:
    """The option for one parameter; None for what no text can say."""
    parts = [each for each in (get_args(hint) or (hint,)) if each is not type(None)]
    default = given.default
    flag = "--" + given.name.replace("_", "-")
    names = [flag]
    words = _METAVARS.get(given.name, "COLUMN")
    choices = _choices(hint)
    several = any(get_origin(each) in (Sequence, list) for each in (hint, *parts))
    kind: Any
    if choices:
        kind, words = (list[str] if several else str), "|".join(choices)
    elif hint is bool or parts == [bool]:
        kind, words = bool, ""
        names = [flag] if default is False else [f"{flag}/--no-{flag[2:]}"]
    elif {int, float} & {hint, *parts}:
        kind, words = (int if int in (hint, *parts) else float), "N"
    elif get_origin(hint) is tuple or any(get_origin(each) is tuple for each in parts):
        kind, words = tuple[str, str], _METAVARS.get(given.name, "COLUMN COLUMN")
    elif given.name in _TEXTS or several or any(get_origin(each) is Mapping for each in parts):
        kind = list[str]
        words = _METAVARS.get(given.name, "PART=COLUMN" if "Mapping" in str(hint) else "COLUMN,...")
    elif str in (hint, *parts):
        kind = str
    else:
        return None
    if several and choices:
        words += ",..."
    required = default is inspect.Parameter.empty
    plain = kind in (bool, int, float) and default is not None
    declared = typer.Option(
        *names,
        metavar=words or None,
        help=_escaped(told),
        rich_help_panel=_CHART,
        show_default=kind in (int, float, str) and default not in (None, ""),
    )
    return inspect.Parameter(
        given.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None if get_origin(kind) is list and not required else default,
        annotation=Annotated[kind if required or plain else kind | None, declared],
    )


def _choices(hint: Any) -> list[str]:
    """The words of a Literal, wherever it stands in the annotation."""
    if get_origin(hint) is Literal:
        return [str(each) for each in get_args(hint)]
    found = [word for each in get_args(hint) for word in _choices(each)]
    return list(dict.fromkeys(found))


def described(draw: Callable[..., Any]) -> dict[str, str]:
    """What the docstring says of each parameter.

    Examples:
        >>> def draw(data, title):
        ...     '''A picture.
        ...
        ...     Args:
        ...         data: a table.
        ...         title: the heading,
        ...             in one line.
        ...     '''
        >>> described(draw)["title"]
        'the heading, in one line.'
    """
    _, _, rest = (inspect.getdoc(draw) or "").partition("\nArgs:\n")
    found: dict[str, str] = {}
    name = ""
    for line in rest.splitlines():
        if line and not line.startswith(" "):
            break
        entry = _ENTRY.match(line)
        if entry:
            name = entry[1]
            found[name] = entry[2]
        elif name and line.strip():
            found[name] += " " + line.strip()
    return {each: text.replace("`", "") for each, text in found.items()}


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")
