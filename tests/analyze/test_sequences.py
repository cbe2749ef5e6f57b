import math
from collections import Counter, defaultdict
from itertools import pairwise

import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntkit.analyze import Cmd, Model, SessionType, score_sessions, sessionize_data
from huntkit.core.errors import UnknownColumn, UsageError

NAMES = st.sampled_from(["a", "b", "c", "d", ""])
PARAMETERS = st.sampled_from(["p", "q", "r"])
VALUES = st.sampled_from(["1", "2", "", None])
SESSIONS = st.lists(st.lists(NAMES, min_size=1, max_size=7), min_size=1, max_size=12)
WITH_SETS = st.lists(
    st.lists(st.builds(Cmd, NAMES, st.frozensets(PARAMETERS)), min_size=1, max_size=5),
    min_size=1, max_size=8,
)  # fmt: skip
WITH_VALUES = st.lists(
    st.lists(st.builds(Cmd, NAMES, st.dictionaries(PARAMETERS, VALUES)), min_size=1, max_size=5),
    min_size=1, max_size=8,
)  # fmt: skip


class Reference:
    """The same chain with dictionaries and loops, from its description and nothing else."""

    def __init__(self, sessions, modelled=()):
        self.modelled = modelled
        self.single, self.pairs, self.out = Counter(), Counter(), Counter()
        self.parameters, self.values = defaultdict(Counter), defaultdict(Counter)
        for session in sessions:
            names = ["START", *[("n", self.name(e)) for e in session], "END"]
            for name in names:
                self.single[name] += 1
            for before, now in pairwise(names):
                self.pairs[before, now] += 1
                self.out[before] += 1
            for event in session:
                for parameter in getattr(event, "params", ()):
                    self.parameters[self.name(event)][parameter] += 1
                    if isinstance(event.params, dict) and event.params[parameter]:
                        self.values[parameter][event.params[parameter]] += 1
        self.states = len(self.single) + 1  # and the unknown
        k = self.states - 1
        self.total = sum(self.smooth(name) for name in self.single) + 2 * k

    @staticmethod
    def name(event):
        return getattr(event, "name", event)

    def smooth(self, name):
        return self.single[name] + (self.states - 1) * (1 if name in ("START", "END") else 2)

    def step(self, before, now):
        return (self.pairs[before, now] + 1) / (self.out[before] + self.states - 1)

    def own(self, event):
        chances = self.chances(event)
        return math.prod(chances) ** (1 / len(chances))

    def chances(self, event):
        if not getattr(event, "params", None):
            return [1.0]
        uses = self.smooth(("n", event.name))
        chances = [1 - 1 / uses]
        for parameter, count in self.parameters[event.name].items():
            chance = (count + 1) / uses
            chances.append(chance if parameter in event.params else 1 - chance)
            if parameter in event.params and parameter in self.modelled:
                seen = self.values[parameter]
                chances.append((seen[event.params[parameter]] + 1) / (seen.total() + len(seen) + 1))
        return chances

    def window(self, session, at, length, ends):
        tokens = [("n", self.name(e)) for e in session] + (["END"] if ends else [])
        result = self.step("START", tokens[0]) if ends and at == 0 else (
            self.smooth(tokens[at]) / self.total
        )  # fmt: skip
        for place in range(at, at + length):
            if place > at:
                result *= self.step(tokens[place - 1], tokens[place])
            if place < len(session):
                result *= self.own(session[place])
        return result

    def rarest(self, session, length, ends):
        last = len(session) + ends - length
        return min((self.window(session, at, length, ends) for at in range(last + 1)), default=None)


def close(found, wanted):
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        if other is None:
            assert one is None or math.isnan(one)
        else:
            assert one == pytest.approx(other, rel=1e-9)


def check(sessions, length, ends, modelled=()):
    model = Model(sessions, set(modelled))
    model.train()
    model.compute_rarest_windows(length, ends)
    model.compute_likelihoods_of_sessions(ends)
    model.compute_geomean_lik_of_sessions()
    reference = Reference(sessions, modelled)
    close(
        model.rare_window_likelihoods[length], [reference.rarest(s, length, ends) for s in sessions]
    )
    whole = [reference.window(s, 0, len(s) + ends, ends) for s in sessions]
    close(model.session_likelihoods, whole)
    close(
        model.session_geomean_likelihoods,
        [w ** (1 / len(s)) for w, s in zip(whole, sessions, strict=True)],
    )
    for session, window, least in zip(
        sessions, model.rare_windows[length], model.rare_window_likelihoods[length], strict=True
    ):
        if window:  # what is named the rarest is as likely as it is said to be
            places = [at for at in range(len(session)) if session[at : at + length] == window]
            fits = [at for at in places if at + length <= len(session) + ends]
            assert any(
                reference.window(session, at, length, ends) == pytest.approx(least) for at in fits
            )
    return model, reference


@given(SESSIONS, st.integers(1, 5), st.booleans())
def test_likelihoods_are_those_of_plain_python(sessions, length, ends):
    model, reference = check(sessions, length, ends)
    names = {name for session in sessions for name in session}
    for before in names:
        assert model.prior_probs[before] == pytest.approx(
            reference.smooth(("n", before)) / reference.total
        )
        for now in names:
            assert model.trans_probs[before][now] == pytest.approx(
                reference.step(("n", before), ("n", now))
            )


@given(WITH_SETS, st.integers(1, 4), st.booleans())
def test_likelihoods_with_parameters_are_those_of_plain_python(sessions, length, ends):
    check(sessions, length, ends)


@given(WITH_VALUES, st.integers(1, 4), st.booleans(), st.sets(PARAMETERS))
def test_likelihoods_with_values_are_those_of_plain_python(sessions, length, ends, modelled):
    check(sessions, length, ends, modelled)


@settings(max_examples=25)
@given(st.one_of(WITH_SETS, WITH_VALUES), st.sets(PARAMETERS))
def test_sets_of_parameters_are_as_likely_as_plain_python_says(sessions, modelled):
    events = [event for session in sessions for event in session]
    modelled = modelled if isinstance(events[0].params, dict) else set()
    model, reference = Model(sessions, modelled), Reference(sessions, modelled)
    model.train()
    for root in (True, False):
        model.compute_setof_params_cond_cmd(use_geo_mean=root)
        for event in events:
            key = event.params
            if modelled:
                key = [f"{k} --- {v}" if k in modelled else k for k, v in key.items()]
            chances = reference.chances(event)
            wanted = math.prod(chances) ** (1 / len(chances) if root else 1)
            found = model.set_params_cond_cmd_probs[event.name][tuple(sorted(key))]
            assert found == pytest.approx(wanted, rel=1e-9)
    rates = model.param_cond_cmd_probs
    for event in events:
        uses = reference.smooth(("n", event.name))
        for parameter in event.params:
            count = reference.parameters[event.name][parameter]
            assert rates[event.name][parameter] == pytest.approx((count + 1) / uses)
        assert rates[event.name]["new"] == pytest.approx(1 / uses)


def test_values_are_as_likely_as_they_are_frequent():
    model = Model([[Cmd("a", {"p": "1"}), Cmd("b", {"p": "1"}), Cmd("a", {"p": "2", "q": ""})]])
    model.train()
    assert model.session_type == SessionType.cmds_params_values
    assert model.value_cond_param_probs["p"]["1"] == pytest.approx(3 / 6)
    assert model.value_cond_param_probs["p"]["new"] == pytest.approx(1 / 6)
    plain = Model([["a"]])
    plain.train()
    assert plain.session_type == SessionType.cmds_only
    with pytest.raises(UsageError, match="no parameters"):
        plain.compute_setof_params_cond_cmd()
    with pytest.raises(UsageError, match="not trained"):
        _ = Model([[Cmd("a", {"p"})]]).param_cond_cmd_probs


@given(WITH_VALUES)
def test_columns_of_structs_score_as_objects_do(sessions):
    rows = [
        [{"name": e.name, "params": [{"k": k, "v": v} for k, v in e.params.items()]} for e in s]
        for s in sessions
    ]
    pairs = pl.List(pl.Struct({"k": pl.String, "v": pl.String}))
    column = pl.Series("s", rows, dtype=pl.List(pl.Struct({"name": pl.String, "params": pairs})))
    found = score_sessions(column.to_frame(), "s")
    objects = score_sessions(pd.DataFrame({"s": pd.Series(sessions, dtype=object)}), "s")
    close(
        found["rarest_window2_likelihood"].to_list(), objects["rarest_window2_likelihood"].tolist()
    )
    assert found["reason"].to_list() == objects["reason"].tolist()


def test_values_that_repeat_are_modelled_without_being_named():
    calm = [[Cmd("set", {"on": "true", "id": str(n)})] for n in range(40)]
    model = Model([*calm, [Cmd("set", {"on": "false", "id": "x"})]])
    model.train()
    assert model.modellable_params == {"on"}


def test_it_says_what_is_rare_with_count_and_base_rate():
    sessions = pl.DataFrame({"did": [["get", "set"]] * 9 + [["set", "get", "get"]] + [["x"]]})
    found = score_sessions(sessions, "did", 2)
    assert found["reason"][9] == "'set' after the start: 1 of 11 times"
    assert found["reason"][10] in ("'x': 1 of 22 events", "'x' after the start: 1 of 11 times")
    assert found["rarest_window2"][10].to_list() == ["x"]
    bits = [-math.log2(p) for p in found["rarest_window2_likelihood"]]
    assert found["score"].to_list() == pytest.approx(
        [*(max(0.0, each - math.log2(9)) for each in bits[:9]), *bits[9:]]
    )


@settings(deadline=None)
@given(WITH_VALUES, st.integers(2, 3))
def test_what_several_sessions_share_is_as_much_less_surprising(sessions, length):
    found = score_sessions(
        pd.DataFrame({"s": pd.Series(sessions, dtype=object)}), "s", window_length=length
    )
    model = Model(sessions)
    model.train()
    reference = Reference(sessions, model.modellable_params)
    keys = [rarest_keys(session, length, reference) for session in sessions]
    surely = Counter(next(iter(each)) for each in keys if len(each) == 1)
    perhaps = Counter(key for each in keys for key in each)
    for likelihood, score, mine, session in zip(
        found[f"rarest_window{length}_likelihood"], found["score"], keys, sessions, strict=True
    ):
        if not mine:
            assert math.isnan(score)
            continue
        bits = -math.log2(likelihood)
        rare = [
            math.log2(reference.single["n", event.name] / reference.parameters[event.name][name])
            for event in session
            for name in event.params
        ]
        least = bits - math.log2(max(perhaps[key] for key in mine))
        most = bits - math.log2(max(1, min(surely[key] for key in mine))) + max(rare, default=0) / 2
        assert max(0.0, least) - 1e-9 <= score <= max(0.0, most) + 1e-9


def rarest_keys(session, length, reference):
    """The rarest windows of a session as the model sees them: several where they are equal."""
    found = {}
    for at in range(len(session) + 2 - length):
        events = [
            (
                event.name,
                *sorted(
                    (p, v if p in reference.modelled else None) for p, v in event.params.items()
                ),
            )
            for event in session[at : at + length]
        ]
        key = (at == 0, at + length > len(session), *events)
        found[key] = reference.window(session, at, length, ends=True)
    return {key for key, chance in found.items() if chance < min(found.values()) * (1 + 1e-9)}


def test_parameters_in_another_order_are_the_same_window():
    calm = [["get", ["a"]]] * 40
    rows = [*calm, ["set", ["b", "c"]], ["set", ["c", "b"]], ["put", ["b", "c"]]]
    frame = pl.DataFrame({"s": [[{"name": name, "params": params}] for name, params in rows]})
    score = score_sessions(frame, "s")["score"].to_list()
    assert score[40] == score[41]
    assert score[42] > score[40] + 1


def test_a_rare_parameter_and_a_rare_value_are_named():
    calm = [[Cmd("set", {"on": "true"})]] * 40
    odd = [[Cmd("set", {"on": "true", "forward": "x@evil.example"})], [Cmd("set", {"on": "maybe"})]]
    frame = pd.DataFrame({"s": pd.Series([*calm, *odd], dtype=object)})
    found = score_sessions(frame, "s")["reason"].tolist()
    assert found[40] == "'set' with 'forward': 1 of 42 uses"
    assert found[41] == "'set' with 'on' = 'maybe': 1 of 42 values"


def test_short_and_empty_sessions_have_no_likelihood():
    frame = pl.DataFrame(
        {"s": [["a"], [], None, ["a", "b", "c"]]}, schema={"s": pl.List(pl.String)}
    )
    found = score_sessions(frame, "s", 3)
    assert found["rarest_window3_likelihood"].is_null().to_list() == [True, True, True, False]
    assert found["reason"][0] == "fewer events than a window"
    assert found.height == 4
    assert score_sessions(frame.head(0), "s").height == 0


def test_wrong_input_is_told():
    frame = pl.DataFrame({"s": [["a"]], "t": ["a"]})
    with pytest.raises(UnknownColumn, match="x"):
        score_sessions(frame, "x")
    with pytest.raises(UsageError, match="window_length is 1"):
        score_sessions(frame, "s", 1)
    with pytest.raises(UsageError, match="no lists"):
        score_sessions(frame, "t")
    with pytest.raises(UsageError, match="already has"):
        score_sessions(score_sessions(frame, "s"), "s")
    with pytest.raises(UsageError, match="two kinds"):
        Model([[Cmd("a", set()), "b"]])
    with pytest.raises(UsageError, match="1 of 2 sessions have no events"):
        Model([["a"], []])
    with pytest.raises(UsageError, match="not trained"):
        Model([["a"]]).compute_scores()


def test_a_parameter_that_weighs_in_the_score_is_in_the_reason():
    """Beside a transition that is rarer still, and with thousands as people read them."""
    usual = [[Cmd("Get", {"Id"})]] * 1180 + [[Cmd("Get", {"Id"}), Cmd("Set", {"Id"})]] * 20
    odd = [[Cmd("Set", {"Id", "Forward"})]]
    frame = pd.DataFrame({"did": [*usual, *odd]})
    reasons = score_sessions(frame, "did")["reason"].to_list()
    assert reasons[-1] == (
        "'Set' after the start: 1 of 1,201 times; 'Set' with 'Forward': 1 of 21 uses"
    )
    assert reasons[0] == "the end after 'Get': 1,180 of 1,200 times"


def test_a_pandas_frame_keeps_its_index_and_its_own_columns():
    """So that a score written beside a session is this session's."""
    sessions = [[Cmd("Get", {"Id"})], [Cmd("Get", {"Id"}), Cmd("Drop", set())]]
    frame = pd.DataFrame({0: sessions, "u": pd.Categorical(["a", "b"])}, index=[7, 3])
    found = score_sessions(frame, 0)
    assert found.index.tolist() == [7, 3]
    assert found[0].tolist() == sessions
    assert found["u"].dtype == frame["u"].dtype
    plain = score_sessions(frame.reset_index(drop=True), 0)
    assert found["score"].tolist() == plain["score"].tolist()
    with pytest.raises(UnknownColumn, match="'1'"):
        score_sessions(frame, 1)
    with pytest.raises(UsageError, match="window_length is 2"):
        score_sessions(frame, 0, 2.5)


PLANTED = {
    "TimeGenerated": "2020-05-20T03:00:00Z",
    "UserId": "planted@example.com",
    "ClientIP": "203.0.113.9",
    "Operation": "Set-Mailbox",
    "Parameters": '[{"Name": "Identity", "Value": "boss"},'
    ' {"Name": "ForwardingSmtpAddress", "Value": "smtp:x@example.com"}]',
}


@pytest.fixture(scope="module")
def exchange(shared_data):
    """Real Exchange admin events, and one that forwards a mailbox; events with parameters."""
    frame = pl.read_csv(shared_data / "logs/demo_exchange_data.csv", infer_schema=False)
    rows = pl.concat([frame, pl.DataFrame([PLANTED])])
    pairs = pl.List(pl.Struct({"Name": pl.String, "Value": pl.String}))
    names = pl.col("Parameters").str.json_decode(pairs).list.eval(pl.element().struct[0])
    return rows.with_columns(event=pl.struct(name=pl.col("Operation"), params=names))


@pytest.mark.data
def test_a_planted_forwarding_is_among_the_rarest_of_known_users(exchange):
    with pytest.warns(UserWarning, match="1,090 of 1,335 events are nobody's"):
        sessions = sessionize_data(exchange, "UserId", "TimeGenerated", 20, 2, "event")
    found = score_sessions(sessions, "event_list").sort("score", descending=True, nulls_last=True)
    assert "planted@example.com" in found["UserId"].head(5).to_list()


@pytest.mark.data
@pytest.mark.parametrize("gap_mins", [2, 5])
def test_nobodys_connector_and_the_forwarding_are_among_the_five_rarest(exchange, gap_mins):
    sessions = sessionize_data(
        exchange, "UserId", "TimeGenerated", 20, gap_mins, "event", null_identities=True
    )
    found = score_sessions(sessions, "event_list").sort("score", descending=True, nulls_last=True)
    starts = found["TimeGenerated_min"].head(5).dt.strftime("%F %T").to_list()
    assert {"2020-05-18 17:48:50", "2020-05-20 03:00:00"} <= set(starts)
    told = dict(zip(starts, found["reason"], strict=False))
    assert "'New-InboundConnector'" in told["2020-05-18 17:48:50"]
    assert "'Set-Mailbox' with 'ForwardingSmtpAddress': 1 of" in told["2020-05-20 03:00:00"]


@pytest.mark.data
@pytest.mark.parametrize("length", [2, 3])
def test_scores_of_real_sessions_are_those_of_plain_python(exchange, length):
    rows = sessionize_data(
        exchange, ["UserId", "ClientIP"], "TimeGenerated", 20, 2, "event", null_identities=True
    )
    found = score_sessions(rows, "event_list", length)
    sessions = [
        [Cmd(event["name"], dict.fromkeys(event["params"])) for event in session]
        for session in rows["event_list"]
    ]
    reference = Reference(sessions)
    windows = [first_rarest(session, length, reference) for session in sessions]
    often = Counter(key for _, key, _ in windows if key)
    for (chance, key, events), likelihood, score in zip(
        windows, found[f"rarest_window{length}_likelihood"], found["score"], strict=True
    ):
        if key is None:
            assert likelihood is score is None
            continue
        assert likelihood == pytest.approx(chance, rel=1e-9)
        rare = [
            math.log2(reference.single["n", event.name] / reference.parameters[event.name][name])
            for event in events
            for name in event.params
        ]
        bits = -math.log2(chance) + max(rare, default=0) / 2 - math.log2(often[key])
        assert score == pytest.approx(max(0.0, bits), abs=1e-9)


def first_rarest(session, length, reference):
    """The first rarest window of a session: its chance, what makes it the same, its events."""
    best = (math.inf, None, [])
    for at in range(len(session) + 2 - length):
        events = session[at : at + length]
        chance = reference.window(session, at, length, ends=True)
        if chance < best[0] * (1 - 1e-12):
            shown = [(event.name, frozenset(event.params)) for event in events]
            best = (chance, (at == 0, at + length > len(session), *shown), events)
    return best
