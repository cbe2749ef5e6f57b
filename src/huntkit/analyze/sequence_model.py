"""The Markov chain behind scored sessions, with the methods that notebooks know."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

import numpy as np
import polars as pl

from huntkit.analyze.sequence_terms import Floats, Terms, terms_of
from huntkit.analyze.sequence_windows import rarest, whole_sessions
from huntkit.analyze.sequences import read_sessions
from huntkit.core.errors import UsageError

_START: Final = "##START##"
_END: Final = "##END##"
_UNKNOWN: Final = "##UNK##"


def _key(params: Any, modelled: AbstractSet[str]) -> tuple[str, ...]:
    """The parameters of one event as a sorted tuple, modelled ones with their value."""
    if not isinstance(params, Mapping):
        return tuple(sorted(map(str, params)))
    return tuple(
        sorted(f"{name} --- {value}" if name in modelled else str(name)
               for name, value in params.items())
    )  # fmt: skip


class Rates(dict[str, Any]):
    """Chances by name; of a name that was never seen, that of the unknown."""

    def __missing__(self, name: str) -> Any:
        return self[_UNKNOWN]


class Model:
    """The chain behind `score_sessions`, with the methods that notebooks know.

    Examples:
        >>> model = Model([["Get", "Set"], ["Get", "Set"], ["Get", "Drop"]])
        >>> model.train()
        >>> model.compute_rarest_windows(window_len=2)
        >>> model.rare_windows[2][2]
        ['Drop']
        >>> round(model.trans_probs["Get"]["Drop"], 3)
        0.25
    """

    def __init__(self, sessions: Any, modellable_params: AbstractSet[str] | None = None) -> None:
        self.start_token, self.end_token, self.unk_token = _START, _END, _UNKNOWN
        self.sessions = sessions
        self.modellable_params = modellable_params
        self.session_likelihoods: list[float] | None = None
        self.session_geomean_likelihoods: list[float] | None = None
        self.set_params_cond_cmd_probs: dict[str, dict[tuple[str, ...], float]] = {}
        self.rare_windows: dict[int, list[Any]] = {}
        self.rare_window_likelihoods: dict[int, list[float]] = {}
        self.rare_windows_geo: dict[int, list[Any]] = {}
        self.rare_window_likelihoods_geo: dict[int, list[float]] = {}
        self._events, self.session_type = read_sessions(sessions)
        if not len(self._events.lengths) or not self._events.lengths.all():
            empty = int((self._events.lengths == 0).sum())
            raise UsageError(
                f"{empty:,} of {len(self._events.lengths):,} sessions have no events"
                if empty
                else "there are no sessions",
                hint="each session needs one event or more",
            )
        self._terms: Terms | None = None

    def train(self) -> None:
        """Count what follows what."""
        chosen = self.modellable_params
        self._terms = terms_of(self._events, None if chosen is None else frozenset(chosen))
        self.modellable_params = set(self._terms.modelled)

    @property
    def terms(self) -> Terms:
        """The trained terms.

        Raises:
            UsageError: `train` was not called.
        """
        if self._terms is None:
            raise UsageError("the model is not trained", hint="call train() first")
        return self._terms

    @property
    def prior_probs(self) -> Rates:
        """How likely each event is by itself; start and end are no events."""
        terms = self.terms
        rows = pl.DataFrame({"n": self._events.names}).group_by("n").len()
        extra = 2 * (terms.states - 1)
        rates = Rates({name: (count + extra) / terms.total for name, count in rows.iter_rows()})
        ends = (len(self._events.lengths) + terms.states - 1) / terms.total
        rates.update({_START: ends, _END: ends, _UNKNOWN: extra / terms.total})
        return rates

    @property
    def trans_probs(self) -> Rates:
        """How likely each event is after another: ``trans_probs[before][event]``."""
        terms = self.terms
        names = [*self._events.names.unique().sort(), _END, _START]
        found: dict[str, Any] = {}
        pairs = terms.counts.select("before", "token", "n_pair", "n_before").unique()
        for before, token, pair, out in pairs.iter_rows():
            row = found.setdefault(names[before], Rates({_UNKNOWN: 1 / (out + terms.states - 1)}))
            row[names[token]] = (pair + 1) / (out + terms.states - 1)
        found[_UNKNOWN] = Rates({_UNKNOWN: 1 / (terms.states - 1)})
        return Rates(found)

    @property
    def param_cond_cmd_probs(self) -> Rates:
        """How likely each parameter is with a command: ``param_cond_cmd_probs[command][name]``.

        Raises:
            UsageError: the events have no parameters.
        """
        rows, extra = self._parameters(), 2 * (self.terms.states - 1)
        found: dict[str, Any] = {_UNKNOWN: Rates({_UNKNOWN: 1 / extra})}
        ends = len(self._events.lengths) + self.terms.states - 1
        found[_START], found[_END] = Rates({_UNKNOWN: 1 / ends}), Rates({_UNKNOWN: 1 / ends})
        for name, uses in pl.DataFrame({"n": self._events.names}).group_by("n").len().iter_rows():
            found[name] = Rates({_UNKNOWN: 1 / (uses + extra)})
        counted = rows.group_by("name", "parameter").agg(n=pl.len(), uses=pl.col("n_name").first())
        for name, parameter, count, uses in counted.iter_rows():
            found[name][parameter] = (count + 1) / (uses + extra)
        return Rates(found)

    @property
    def value_cond_param_probs(self) -> Rates:
        """How likely each value of a parameter is, modelled or not: ``[parameter][value]``.

        Raises:
            UsageError: the events have no parameters.
        """
        rows = self._parameters().filter(pl.col("value").fill_null("") != "")
        found: dict[str, Any] = {}
        for (parameter,), part in rows.group_by("parameter", maintain_order=True):
            counts = part["value"].value_counts()
            total = part.height + counts.height + 1
            rates = {value: (count + 1) / total for value, count in counts.iter_rows()}
            found[str(parameter)] = Rates({**rates, _UNKNOWN: 1 / total})
        return Rates({**found, _UNKNOWN: Rates({_UNKNOWN: 1.0})})

    def compute_setof_params_cond_cmd(self, use_geo_mean: bool = True) -> None:
        """How likely each set of parameters is with its command: ``set_params_cond_cmd_probs``.

        That is a mapping of commands to mappings of sets, as sorted tuples, to likelihoods. A
        modelled parameter stands with its value: ``"Identity --- al"``.

        Args:
            use_geo_mean: the root of it, as in the likelihood of sessions, so that commands with
                many parameters are not rare for that.

        Raises:
            UsageError: the events have no parameters, or the model is not trained.

        Examples:
            >>> from huntkit.analyze import Cmd
            >>> model = Model([[Cmd("Set", {"Id"})], [Cmd("Set", {"Id", "Force"})]])
            >>> model.train()
            >>> model.compute_setof_params_cond_cmd(use_geo_mean=False)
            >>> model.set_params_cond_cmd_probs["Set"][("Force", "Id")] < (
            ...     model.set_params_cond_cmd_probs["Set"][("Id",)])
            True
        """
        rows, modelled = self._parameters(), self.terms.modelled
        parts = np.ones(len(self._events.names))
        if not use_geo_mean:
            kinds = rows.group_by("name").agg(kinds=pl.col("parameter").n_unique())
            valued = rows.group_by("event").agg(
                valued=pl.col("parameter").is_in(list(modelled)).sum()
            )
            events = pl.DataFrame({"name": self._events.names}).with_row_index("event")
            events = events.with_columns(pl.col("event").cast(pl.Int64))
            joined = events.join(kinds, on="name", how="left", maintain_order="left")
            joined = joined.join(valued, on="event", how="left", maintain_order="left")
            counted = (pl.col("kinds") + 1 + pl.col("valued").fill_null(0)).fill_null(1)
            parts = joined.select(counted.cast(pl.Float64)).to_series().to_numpy()
        is_end = np.zeros(len(self.terms.own), dtype=bool)
        is_end[self.terms.starts + self._events.lengths] = True
        chances = np.exp(self.terms.own[~is_end] * parts)
        found: dict[str, dict[tuple[str, ...], float]] = {}
        place = 0
        for session in self.sessions:
            for event in session:
                found.setdefault(str(event.name), {})[_key(event.params, modelled)] = float(
                    chances[place]
                )
                place += 1
        self.set_params_cond_cmd_probs = found

    def _parameters(self) -> pl.DataFrame:
        """``event parameter value name n_name`` (events of that name), one row per parameter."""
        if self._events.parameters is None:
            raise UsageError(
                "these events have no parameters", hint="make them Cmd(name, parameters)"
            )
        names = pl.DataFrame({"name": self._events.names}).with_columns(
            event=pl.int_range(pl.len(), dtype=pl.Int64),
            n_name=pl.len().over("name").cast(pl.Int64),
        )
        return self._events.parameters.join(names, on="event")

    def compute_scores(self, use_start_end_tokens: bool = True) -> None:
        """Likelihoods of the sessions, and their rarest windows of two and of three."""
        self.compute_likelihoods_of_sessions(use_start_end_tokens)
        self.compute_geomean_lik_of_sessions()
        for window in (2, 3):
            self.compute_rarest_windows(window, use_start_end_tokens)

    def compute_likelihoods_of_sessions(self, use_start_end_tokens: bool = True) -> None:
        """The likelihood of each session as a whole."""
        logs = whole_sessions(self.terms, self._events.lengths, with_ends=use_start_end_tokens)
        self.session_likelihoods = np.exp(logs).tolist()
        self._logs: Floats = logs

    def compute_geomean_lik_of_sessions(self) -> None:
        """The same, its geometric mean over the session's events."""
        if self.session_likelihoods is None:
            self.compute_likelihoods_of_sessions()
        self.session_geomean_likelihoods = np.exp(self._logs / self._events.lengths).tolist()

    def compute_rarest_windows(
        self,
        window_len: int,
        use_start_end_tokens: bool = True,
        use_geo_mean: bool = False,
    ) -> None:
        """The rarest window of each session, and its likelihood; not a number for short ones."""
        if window_len < 1:
            raise UsageError(f"window_len is {window_len}", hint="it must be 1 or more")
        logs, begins = rarest(
            self.terms, self._events.lengths, window_len, with_ends=use_start_end_tokens
        )
        windows = [
            list(session[at : at + window_len]) if at >= 0 else []
            for session, at in zip(self.sessions, begins.tolist(), strict=True)
        ]
        if use_geo_mean:
            self.rare_windows_geo[window_len] = windows
            self.rare_window_likelihoods_geo[window_len] = np.exp(logs / window_len).tolist()
        else:
            self.rare_windows[window_len] = windows
            self.rare_window_likelihoods[window_len] = np.exp(logs).tolist()
