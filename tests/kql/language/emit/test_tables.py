import pytest

from huntkit.kql.language import plan as p
from huntkit.kql.language.emit.duckdb.engine import DuckDB
from huntkit.kql.language.emit.spark.engine import Spark
from huntkit.kql.language.emit.tables import Physical, Source
from huntkit.kql.language.errors import KqlUnsupported

SCHEMA = (p.Column("T", "datetime"), p.Column("none", "string"))
STAMPS = {DuckDB: "TIMESTAMP WITH TIME ZONE", Spark: "timestamp"}
ENGINES = pytest.mark.parametrize("engine", [DuckDB, Spark])

FILE = p.External(SCHEMA, ("https://feeds.example/list.csv",), ())


@ENGINES
def test_what_is_no_table_here_is_refused(engine):
    with pytest.raises(KqlUnsupported, match="the table E has no rows here"):
        engine({}).relation(p.Scan(SCHEMA, "E"))
    with pytest.raises(KqlUnsupported, match="externaldata without a mapped file"):
        engine({}).relation(FILE)


@ENGINES
def test_a_stored_time_is_carried_along_as_it_is_and_no_other(engine):
    for stored, count in ((STAMPS[engine], 1), ("TEXT", 0)):
        emitter = engine({"E": Source("kept", {"T": Physical("k0", stored)})})
        made = emitter.relation(p.Scan(SCHEMA, "E"))
        assert [name for name, _ in made.raw] == ["T"] * count
        assert '"k0"' in emitter.ctes[-1].sql("duckdb")
