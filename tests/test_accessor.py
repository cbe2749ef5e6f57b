import subprocess
import sys


def test_the_accessor_is_registered_only_by_its_own_import() -> None:
    code = (
        "import huntkit.tables, huntkit.tables.frames, pandas, polars\n"
        "assert not hasattr(pandas.DataFrame, 'hk') and not hasattr(polars.DataFrame, 'hk')\n"
        "import huntkit.accessor\n"
        "for frame in (pandas.DataFrame(), polars.DataFrame(), polars.LazyFrame()):\n"
        "    assert {'iocs', 'timeline', 'extract', 'charts'} <= set(dir(frame.hk))\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)
