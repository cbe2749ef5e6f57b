"""KQL on Spark: every query on generated rows gives what DuckDB gives, row by row."""

import datetime as dt
import json
import math
import random
import re
from pathlib import Path

import polars as pl
import pytest

import huntkit.kql
from huntkit.core.errors import UsageError
from huntkit.kql import KqlError, KqlUnsupported, run

QUERIES = [
    line
    for line in (Path(__file__).parents[1] / "data/kql/spark/queries.txt")
    .read_text("utf-8")
    .splitlines()
    if line and not line.startswith("//")
]
NOW = "2024-03-07T12:34:56.7890123Z"
SCHEMAS = {
    "E": {"Details": "dynamic", "Id": "guid"},
    "H": {"Tags": "dynamic"},
}
pytestmark = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas")

TEXTS = [
    *("", " ", "foo -enc bar", "FOO -ENC BAR", "fooenc", "a_b", "A.b-c", "x,y;z", "line\nbreak"),
    *(
        "ΑΣ",
        "ας",
        "İstanbul",
        "straße",
        "STRASSE",
        "Ωmega",
        "é",
        "e\u0301",
        "😀 smile",
        "\u200bzero",
    ),
    *("'; DROP TABLE x; --", '"quoted"', "back\\slash", "${env:HOME}", "{x}", "`tick`", "%41+b"),
    *("10.1.2.3", "192.168.0.1:80", "8.8.8.8", "fe80::1", "user@example.com", "C:\\Temp\\a.exe"),
    *("12", "-7", "0x1F", "1e3", "3.75", "true", "False", "2024-01-02T03:04:05Z", "1.02:03:04"),
    *(
        "cG93ZXJzaGVsbA==",
        "not base64",
        "https://u:p@example.com:8/a/b?x=1&y=%202#f",
        "k=v;q='w x'",
    ),
    *('{"a":1}', "[1,2]", "id=42 user=ann", "id=7 user=bob; id=8 user=cy", "\t tab", "aaa"),
]
DETAILS = [
    '{"a":1,"b":{"c":"x"},"l":[1,2,3]}',
    '{"a":"text","b":{"c":null},"l":[]}',
    '{"a":2.5,"l":["p","q"],"B":true}',
    '["x","y","x"]',
    '[1,null,{"k":[1]}]',
    '"just text"',
    "17",
    "true",
    "null",
    "",
    "not json",
    '{"deep":{"er":{"est":[{"v":9}]}}}',
    '{"a b":"c","é":"ü","q\\"":1}',
]
HOSTS = ["alpha", "Alpha", "beta", "gamma", "", "delta"]
TIMES = [
    dt.datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=dt.UTC),
    dt.datetime(1601, 1, 1, tzinfo=dt.UTC),
    dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC),
    dt.datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=dt.UTC),
]


def made_events(seed: int = 7, rows: int = 80) -> pl.DataFrame:
    chance = random.Random(seed)

    def maybe(value):
        return None if chance.random() < 0.15 else value

    def moment():
        if chance.random() < 0.2:
            return chance.choice(TIMES)
        return dt.datetime(2024, 3, 1, tzinfo=dt.UTC) + dt.timedelta(
            microseconds=chance.randrange(8 * 86_400_000_000)
        )

    reals = [0.0, -0.0, 0.1, -2.5, 2.5, 1e300, math.inf, -math.inf, math.nan, 123456.789]
    return pl.DataFrame(
        {
            "Row": pl.Series(range(rows), dtype=pl.Int64),
            "Time": pl.Series(
                [maybe(moment()) for _ in range(rows)], dtype=pl.Datetime("us", "UTC")
            ),
            "Text": [
                maybe(TEXTS[i] if i < len(TEXTS) else chance.choice(TEXTS)) for i in range(rows)
            ],
            "Other": [maybe(chance.choice(TEXTS)) for _ in range(rows)],
            "Host": [maybe(chance.choice(HOSTS)) for _ in range(rows)],
            "host": [chance.choice(["x", "X", None]) for _ in range(rows)],
            "Number": pl.Series(
                [maybe(chance.randrange(-20, 20)) for _ in range(rows)], dtype=pl.Int64
            ),
            "Big": pl.Series(
                [maybe(chance.randrange(-(2**53), 2**53)) for _ in range(rows)], dtype=pl.Int64
            ),
            "Small": pl.Series([maybe(chance.randrange(5)) for _ in range(rows)], dtype=pl.Int32),
            "Real": [maybe(chance.choice(reals)) for _ in range(rows)],
            "Plain": [maybe(round(chance.uniform(-50, 50), 3)) for _ in range(rows)],
            "Flag": [maybe(chance.random() < 0.5) for _ in range(rows)],
            "Length": pl.Series(
                [
                    maybe(dt.timedelta(microseconds=chance.randrange(-(10**12), 10**12)))
                    for _ in range(rows)
                ],
                dtype=pl.Duration("us"),
            ),
            "Details": [maybe(chance.choice(DETAILS)) for _ in range(rows)],
            "Id": [maybe(f"{chance.getrandbits(128):032x}") for _ in range(rows)],
            "Address": [
                maybe(f"{chance.choice([10, 172, 192, 8])}.{chance.choice([16, 168, 8])}.0.{i}")
                for i in range(rows)
            ],
        }
    ).with_columns(
        Id=pl.col("Id").str.replace(r"^(.{8})(.{4})(.{4})(.{4})(.{12})$", "$1-$2-$3-$4-$5")
    )


def made_hosts() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "Host": ["alpha", "beta", "beta", "", None, "omega"],
            "Owner": ["ann", "bob", None, "cy", "dee", "eve"],
            "Weight": [1, 2, 3, None, 5, 6],
            "Tags": ['["t1"]', "[]", None, '{"k":1}', '["t2","t3"]', '"s"'],
        }
    )


TABLES = {"E": made_events(), "H": made_hosts()}


@pytest.fixture(scope="session")
def on_spark(spark):
    return {
        name: spark.createDataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
        for name, rows in TABLES.items()
    }


def comparable(value, kind):
    if value is None:
        return ""
    if kind == "dynamic":
        return "json", json.dumps(json.loads(value), sort_keys=False)
    if kind in ("real", "decimal"):
        value = float(value)
        return "real", "nan" if math.isnan(value) else f"{value:.12g}"
    return kind, str(value)


def answers(query, tables):
    rows, schema, ordered = run.examine(query, now=NOW, schemas=SCHEMAS, **tables)
    kinds = [column.type for column in schema]
    found = [tuple(map(comparable, row, kinds)) for row in rows]
    return found if ordered else sorted(found, key=repr)


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:70])
def test_spark_gives_what_duckdb_gives(query, on_spark):
    assert answers(query, on_spark) == answers(query, TABLES)


def test_a_spark_frame_gives_a_spark_frame_that_nothing_has_computed(spark, on_spark):
    answer = huntkit.kql.query("E | where Number > 3 | project Row, Time, Length", E=on_spark["E"])
    kinds = [field.dataType.simpleString() for field in answer.schema.fields]
    assert kinds == ["bigint", "timestamp", "interval day to second"]
    found = pl.DataFrame(pl.from_arrow(answer.toArrow()))
    wanted = TABLES["E"].filter(pl.col("Number") > 3).select("Row", "Time", "Length")
    assert found.sort("Row").equals(wanted.with_columns(pl.col("Time").dt.cast_time_unit("us")))


def test_rows_are_collected_only_where_another_kind_is_asked_for(on_spark):
    answer = huntkit.kql.query("E | count", E=on_spark["E"], frame="polars")
    assert answer.rows() == [(80,)]


def test_a_frame_from_here_stands_beside_one_of_spark(on_spark):
    wanted = pl.DataFrame({"Host": ["alpha", "beta"], "Since": [dt.timedelta(days=1), None]})
    answer = huntkit.kql.query(
        "E | join kind=inner W on Host | summarize count() by Host, Since",
        tables=on_spark,
        W=wanted,
        frame="polars",
    )
    counts = TABLES["E"].group_by("Host").len().join(wanted, on="Host")
    assert sorted(answer.rows(), key=str) == sorted(
        counts.select("Host", "Since", pl.col("len").cast(pl.Int64)).rows(), key=str
    )


def test_externaldata_is_sent_to_spark(on_spark, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("alpha,7\nbeta,x\n", "utf-8")
    answer = huntkit.kql.query(
        "externaldata(Host: string, n: long)['https://lists.example/l.csv'] | order by Host asc"
        " | where Host in (E | project Host)",
        E=on_spark["E"],
        externals={"https://lists.example/l.csv": path},
        frame="polars",
    )
    assert answer.rows() == [("alpha", 7), ("beta", None)]


def test_columns_that_differ_only_in_case_keep_their_names(on_spark):
    answer = huntkit.kql.query("E | project Host, host", E=on_spark["E"])
    assert answer.columns == ["Host", "host"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("E | project Host | evaluate basket()", "basket"),
        ("E | extend g = geo_info_from_ip_address(Address)", "geo_info_from_ip_address"),
        ("let t = E | extend r = rand(); t | union t", "rand"),
        ("E | take toscalar(H | count)", "take"),
        ("E | summarize tdigest(Number)", "tdigest"),
    ],
)
def test_what_spark_can_not_do_is_refused_by_name(query, named, on_spark):
    with pytest.raises(KqlUnsupported, match=named):
        huntkit.kql.query(query, tables=on_spark, schemas=SCHEMAS)


def test_what_is_wrong_with_a_query_is_said_as_on_any_frame(on_spark):
    with pytest.raises(KqlError, match=r"Nummber.*Number"):
        huntkit.kql.query("E | where Nummber > 1", E=on_spark["E"])


def test_a_frame_of_spark_can_not_be_made_of_frames_from_here():
    with pytest.raises(UsageError, match="frame='spark'"):
        huntkit.kql.query("E | count", E=TABLES["E"], frame="spark")


HOSTILE = [
    "'; DROP TABLE x; --",
    '"',
    "\\",
    "`",
    "${env:HOME}",
    "{E}",
    "{{}}",
    "\n\r\t",
    "é😀",
    "%s",
    "--",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_constants_never_become_sql(text, spark):
    frame = spark.createDataFrame(
        pl.DataFrame({"T": [text, "other"]}).to_arrow(compat_level=pl.CompatLevel.oldest())
    )
    answer = huntkit.kql.query(
        "declare query_parameters(v: string); F | where T == v | extend S = strcat(v, '|')",
        F=frame,
        parameters={"v": text},
        frame="polars",
    )
    assert answer.rows() == [(text, f"{text}|")]


# what the corpus calls that is no function of the language, or is not run on Spark
NOT_HERE = {
    *("FileProfile", "table", "aadFunc", "arg", "_Im_Dns", "_Im_WebSession"),  # a service's own
    *("any", "replace", "columnifexists"),  # old names of take_any, replace_regex ...
    *("geo_info_from_ip_address", "series_decompose_anomalies"),
}


@pytest.mark.data
def test_the_queries_use_what_hunters_use_most(shared_data):
    often = json.loads((shared_data / "kql/frequency.json").read_text("utf-8"))["fn"]
    ranked = sorted(often, key=lambda name: -often[name])[:90]
    text = "\n".join(QUERIES)
    used = {name for name in ranked if re.search(rf"\b{name} ?\(", text)}
    assert set(ranked) - used == NOT_HERE & set(ranked)
    assert len(used) >= 75
