"""Which processes are worth a look first."""

import polars as pl
import pytest

from huntkit.charts import foremost


def tree(lines: list[str | None], **more: list[object]) -> pl.DataFrame:
    keys = [f"p{number}" for number in range(len(lines))]
    columns: dict[str, list[object]] = {
        "proc_key": [*keys],
        "parent_key": [None, *keys[:-1]],
        "CommandLine": [*lines],
    }
    return pl.DataFrame({**columns, **more}, schema_overrides={"CommandLine": pl.String})


def test_what_rules_say_of_a_command_line_weighs_by_its_severity() -> None:
    found = foremost.weights(tree(["whoami /all", "vssadmin delete shadows /all", None, ""]))
    assert found.columns == ["weight", "severity", "title", "odd"]
    assert found["weight"].to_list() == [5.0, 30.0, 0.0, 0.0]
    assert found["severity"].to_list() == ["low", "critical", None, None]


def test_what_is_known_already_is_not_looked_for_again() -> None:
    risky = pl.DataFrame({"Input": ["b"], "Severity": ["low"], "Title": ["T"]})
    starts = pl.DataFrame({"proc_key": ["p1", "p2"], "score": [12.5, 9.9]})
    found = foremost.weights(tree(["a", "b", "b"]), risky=risky, starts=starts)
    assert found["weight"].to_list() == [0.0, 17.5, 5.0]
    told = [foremost.why(*row) for row in found.drop("weight").iter_rows()]
    assert told == ["", "low: T; unusual start, 12 bits", "low: T"]
    nothing = foremost.weights(tree(["a"]), risky=risky, starts=pl.DataFrame())
    assert nothing["weight"].to_list() == [0.0]


def test_the_order_of_rows_stays_and_equal_keys_and_lines_are_no_more_rows() -> None:
    twice = tree(["b", "a", "b"], proc_key=["x", "x", "y"])
    starts = pl.DataFrame({"proc_key": ["x", "x"], "score": [11.0, 30.0]})
    risky = pl.DataFrame({"Input": ["b"], "Severity": ["medium"], "Title": ["T"]})
    assert foremost.weights(twice, risky=risky, starts=starts)["weight"].to_list() == [21, 11, 10]


def test_places_go_by_weight_then_rarity_then_order() -> None:
    weight = pl.Series([0.0, 5.0, None, 5.0, 0.0])
    rarity = pl.Series([0.2, 0.1, 0.9, 0.1, 0.2])
    assert foremost.places(weight, rarity).to_list() == [3, 0, 2, 1, 4]


@pytest.mark.parametrize("columns", [["proc_key", "parent_key"], ["proc_key", "parent_key", "x"]])
def test_trees_without_programs_weigh_nothing(columns: list[str]) -> None:
    many = pl.DataFrame({name: [f"{n}" for n in range(60)] for name in columns})
    assert foremost.weights(many)["weight"].to_list() == [0.0] * 60
    assert foremost.weights(many.clear()).is_empty()


def test_an_unusual_start_weighs_its_bits_and_inferred_processes_do_not_count() -> None:
    size = 400
    programs = [r"C:\Windows\System32\svchost.exe"] * size
    parents = [r"C:\Windows\System32\services.exe"] * size
    programs[7], parents[7] = r"C:\Users\al\AppData\x.exe", r"C:\Windows\System32\lsass.exe"
    frame = pl.DataFrame(
        {
            "proc_key": [f"p{n}" for n in range(size)],
            "parent_key": [None] * size,
            "Image": programs,
            "ParentImage": parents,
            "Inferred": [False] * size,
        },
        schema_overrides={"parent_key": pl.String},
    )
    weight = foremost.weights(frame)["weight"]
    assert weight.arg_max() == 7
    assert weight[7] >= foremost.LEAST
    assert weight[0] == 0
    inferred = frame.with_columns(Inferred=pl.Series([n == 7 for n in range(size)]))
    assert foremost.weights(inferred)["weight"][7] == 0
