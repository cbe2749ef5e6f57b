"""What surrounds every command: exit codes, one-line errors, interruption, no network."""

import contextlib
import errno
import functools
import os
import re
import sys
import traceback
import warnings
from collections.abc import Sequence
from enum import IntEnum
from typing import Any, TextIO

import typer
from typer.core import TyperCommand, TyperGroup

from huntkit.cli.plain_values import spare_conversion
from huntkit.cli.wording import Wording, speaking, spoken
from huntkit.core.errors import Cancelled, HuntkitError, UsageError, did_you_mean
from huntkit.core.text import visible

# typer keeps click inside; its exceptions are reached through the one that is public.
_ClickProblem: Any = next(
    cls for cls in typer.BadParameter.__mro__ if cls.__name__ == "ClickException"
)


_EXAMPLE = 78  # characters of a line of help that 80 columns show without folding it
_ARGUMENT = re.compile(r"""(?:[^\s'"]|'[^']*'|"[^"]*")+""")


class Code(IntEnum):
    """Exit codes."""

    DONE = 0
    FAILED = 1
    WRONG_USE = 2
    IN_PART = 3
    INTERRUPTED = 130


class Command(TyperCommand):
    """One command, whose help speaks of files and tables rather than of Python's types."""

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters; those without a word for their value show none."""
        return spare_conversion(without_types(super().get_params(ctx)))

    def invoke(self, ctx: Any) -> Any:
        """Run it; what goes wrong is said in the words of its own options."""
        with speaking(Wording(ctx.command_path, self.params)):
            return super().invoke(ctx)


def help_text(first: str, second: str, text: str) -> str:
    """Two examples first, then what the command does."""
    return f"\b\n{_example(first)}\n{_example(second)}\n\n{text}".replace("[", "\\[")


def _example(line: str) -> str:
    """An example that can be pasted from 80 columns: a long one goes on behind a backslash.

    It is broken between its arguments, before an option where there is one to break before.
    """
    if len(line) <= _EXAMPLE:
        return f"  {line}"
    words = _ARGUMENT.findall(line)
    lines = [""]
    for place, word in enumerate(words):
        # An option and its value stay together; the value may be the end of both.
        value = words[place + 1] if word.startswith("-") and place + 1 < len(words) else ""
        pair = f"{word} {value}" if value and not value.startswith(("-", "|")) else word
        room = _EXAMPLE - len(lines[-1]) - (2 if place + 1 < len(words) else 0)
        if lines[-1].strip() and len(pair) + 1 > room:
            lines[-1] += " \\"
            lines.append("   ")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(f"  {each}" for each in lines)


def without_types(params: list[Any]) -> list[Any]:
    """Parameters whose help shows their own word for a value, or none."""
    for each in params:
        told = "" if each.param_type_name == "argument" else each.metavar or ""
        each.display_type_rich = functools.partial(_told, told)
    return params


def _told(word: str, ctx: Any) -> str:  # noqa: ARG001  as typer calls it
    return word


class Commands(TyperGroup):
    """The group of all commands; whatever goes wrong in one ends as one line and an exit code."""

    order: Sequence[str] = ()

    def get_params(self, ctx: Any) -> list[Any]:
        """The parameters of the whole, such as --help."""
        return spare_conversion(super().get_params(ctx))

    def list_commands(self, ctx: Any) -> list[str]:
        """The names in the order of the help; one without a place there comes last."""
        known = {name: place for place, name in enumerate(self.order)}
        return sorted(super().list_commands(ctx), key=lambda name: known.get(name, len(known)))

    def main(self, args: Sequence[str] | None = None, **more: Any) -> Any:  # type: ignore[override]
        """Run one command and exit."""
        more["standalone_mode"] = False
        given = list(sys.argv[1:] if args is None else args)
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            run = super().main
            if given:
                sys.exit(_guarded(lambda: run(given, **more)))
            with contextlib.redirect_stdout(sys.stderr):
                run(["--help"], **more)
            sys.exit(Code.WRONG_USE)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command of that name, or the nearest names."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise UsageError(
                f"there is no command {args[0]!r}",
                hint=did_you_mean(args[0], self.commands)
                or "commands: " + " ".join(self.list_commands(ctx)),
            )
        return super().resolve_command(ctx, args)


def _guarded(run: Any) -> int:
    try:
        code = int(run() or Code.DONE)
    except (KeyboardInterrupt, typer.Abort):
        code = Code.INTERRUPTED
    except Cancelled as problem:
        complain(problem.message)
        return Code.INTERRUPTED
    except HuntkitError as problem:
        _trace_if_asked()
        complain(problem.message, hint=problem.hint)
        return Code.WRONG_USE if isinstance(problem, UsageError) else Code.FAILED
    except _ClickProblem as problem:
        return _wrong_use(problem)
    except OSError as problem:
        return _os_problem(problem)
    except SystemExit as leaving:  # click's own answer to a reader that left is code 1
        if not isinstance(leaving.__context__, OSError):
            raise
        return _os_problem(leaving.__context__)
    except MemoryError:
        complain(
            "there is not enough memory for this", hint="narrow it with --since or fewer files"
        )
        return Code.FAILED
    except Exception as problem:  # noqa: BLE001  the last line of defence: an analyst never sees a traceback
        _trace_if_asked()
        complain(
            f"something went wrong inside huntkit: {type(problem).__name__}: {problem}",
            hint="this is a fault in huntkit; HUNTKIT_DEBUG=1 shows where, please report it",
        )
        return Code.FAILED
    if code == Code.INTERRUPTED:  # also typer's answer to Ctrl-C
        complain("interrupted")
    return code


def _wrong_use(problem: Any) -> int:
    context = getattr(problem, "ctx", None)
    path = context.command_path if context else "huntkit"
    hint = f"see {path} --help"
    option = getattr(problem, "option_name", None) or ""
    if option and not option.startswith("--"):
        hint += "; a value that begins with - stands behind --"
    complain(problem.format_message(), hint=hint)
    return int(problem.exit_code)


def _os_problem(problem: OSError) -> int:
    if problem.errno == errno.EPIPE:
        # The reader of our output has seen enough (`| head`); Python would complain at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Code.DONE
    _trace_if_asked()
    name = f": {problem.filename}" if problem.filename else ""
    complain(f"{problem.strerror or problem}{name}")
    return Code.FAILED


def _trace_if_asked() -> None:
    if os.environ.get("HUNTKIT_DEBUG"):
        traceback.print_exc()


def complain(message: str, *, hint: str = "") -> None:
    """One line on stderr that says what happened, and one with what to do."""
    print(f"huntkit: {visible(message)}", file=sys.stderr)
    if hint:
        print(f"  hint: {visible(hint)}", file=sys.stderr)


def note(message: str) -> None:
    """A remark on stderr."""
    print(visible(message), file=sys.stderr)


def counted(number: int, name: str) -> str:
    """A number and what it counts.

    Examples:
        >>> counted(1, "file"), counted(2000, "file")
        ('1 file', '2,000 files')
    """
    return f"{number:,} {name}{'' if number == 1 else 's'}"


def _show_warning(
    message: Warning | str,
    category: type[Warning],  # noqa: ARG001  the signature is Python's
    filename: str,  # noqa: ARG001
    lineno: int,  # noqa: ARG001
    file: TextIO | None = None,  # noqa: ARG001
    line: str | None = None,  # noqa: ARG001
) -> None:
    print(f"huntkit: warning: {visible(spoken(str(message)))}", file=sys.stderr)


def refuse_network() -> None:
    """Make every later connection and name look-up of this process an error."""

    def refuse(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            raise HuntkitError(f"--offline: refused to look up {arguments[0]!r}")
        if event == "socket.connect" and isinstance(arguments[1], tuple):
            raise HuntkitError(f"--offline: refused to connect to {arguments[1][0]!r}")

    sys.addaudithook(refuse)
