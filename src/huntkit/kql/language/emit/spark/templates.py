"""Building blocks in Spark's SQL; they have the names and meanings of DuckDB's macros.

Spark raises on what overflows and on division by zero, so divisors stand in ``nullif``; dates go
through day numbers, since a session's time zone must not matter. Ticks are 100 ns since year 1.
"""

from huntkit.kql.language.emit.spark.registry import template

# --- texts of values ----------------------------------------------------------------------------

template("text_bool", "a", "CASE WHEN a THEN 'True' WHEN NOT a THEN 'False' ELSE '' END")
template("text_long", "a", "coalesce(cast(a AS string), '')")
template("text_string", "a", "a")
template("text_guid", "a", "coalesce(a, '')")
template("json_long", "a", "cast(a AS string)")
template("json_bool", "a", "CASE WHEN a THEN 'true' WHEN NOT a THEN 'false' END")
for _kind in ("decimal", "datetime", "timespan"):
    template(f"json_{_kind}", "a", f"concat('\"', nullif(py_text_{_kind}(a), ''), '\"')")
template("no_null", "a", "CASE WHEN a <> 'null' THEN a END")

# --- numbers ------------------------------------------------------------------------------------

template("divide_long", "a, b", "a div nullif(b, 0)")
# 0.0 and -0.0 are equal, but not as divisors
template(
    "divide_real",
    "a, b",
    "CASE WHEN b <> 0 THEN a / nullif(b, 0) WHEN a IS NULL OR b IS NULL THEN NULL"
    " WHEN a = 0 OR isnan(a) THEN cast('NaN' AS double)"
    " WHEN (a > 0) = (cast(b AS string) <> '-0.0') THEN cast('Infinity' AS double)"
    " ELSE cast('-Infinity' AS double) END",
)
template("modulo_long", "a, b", "((a % nullif(b, 0)) + abs(b)) % nullif(b, 0)")
template("floor_div", "a, b", "(a - pmod(a, nullif(b, 0))) div nullif(b, 0)")
template("timespan_multiply", "a, b", "try_cast(round(a * b) AS bigint)")
template("timespan_divide", "a, b", "try_cast(round(a / nullif(cast(b AS double), 0)) AS bigint)")
template("timespan_ratio", "a, b", "kql_divide_real(cast(a AS double), cast(b AS double))")
template("bin", "a, b", "CASE WHEN b > 0 THEN a - pmod(a, nullif(b, 0)) END")
# floor() and ceil() of a double give a bigint: what is beyond its digits stays as it is, and so
# does the sign of zero
template(
    "floor_real",
    "a",
    "CASE WHEN a <> 0 AND abs(a) < 4503599627370496D THEN cast(floor(a) AS double) ELSE a END",
)
template("bin_real", "a, b", "CASE WHEN b > 0 THEN kql_floor_real(a / nullif(b, 0)) * b END")
template("bin_decimal", "a, b", "cast(py_floored_decimal(a, b) AS decimal(38, 18))")
template("bin_at", "a, b, c", "CASE WHEN b > 0 THEN a - pmod(a - c, nullif(b, 0)) END")
template(
    "bin_at_real",
    "a, b, c",
    "CASE WHEN b > 0 THEN kql_floor_real((a - c) / nullif(b, 0)) * b + c END",
)
template("ceiling", "a", "a")
template(
    "ceiling_real",
    "a",
    "CASE WHEN a > -1 AND a < 0 THEN cast('-0.0' AS double) WHEN a <> 0 AND"
    " abs(a) < 4503599627370496D THEN cast(ceil(a) AS double) ELSE a END",
)
template("ceiling_decimal", "a", "cast(ceil(a) AS decimal(38, 18))")
template("abs", "a", "abs(a)")
template("sign", "a", "CASE WHEN NOT isnan(a) THEN sign(a) END")
template("sqrt", "a", "CASE WHEN a >= 0 THEN sqrt(a) END")
template("pow", "a, b", "power(a, b)")
template("exp", "a", "exp(a)")
template("exp2", "a", "power(2D, a)")
template("exp10", "a", "power(10D, a)")
template("log", "a", "CASE WHEN a > 0 THEN ln(a) END")
template("log2", "a", "CASE WHEN a > 0 THEN spark_log2(a) END")
template("log10", "a", "CASE WHEN a > 0 THEN spark_log10(a) END")
template("pi", "", "pi()")
template("isfinite", "a", "coalesce(abs(a) < cast('Infinity' AS double), false)")
template("isinf", "a", "coalesce(abs(a) = cast('Infinity' AS double), false)")
template("isnan", "a", "coalesce(isnan(a), false)")
for _name in ("sin", "cos", "tan", "atan", "degrees", "radians"):
    template(_name, "a", f"CASE WHEN abs(a) < cast('Infinity' AS double) THEN {_name}(a) END")
template(
    "cot",
    "a",
    "CASE WHEN abs(a) < cast('Infinity' AS double) AND a <> 0 THEN 1 / nullif(tan(a), 0) END",
)
for _name in ("asin", "acos"):
    template(_name, "a", f"CASE WHEN a BETWEEN -1 AND 1 THEN {_name}(a) END")
template("atan2", "a, b", "atan2(a, b)")
template("binary_and", "a, b", "a & b")
template("binary_or", "a, b", "a | b")
template("binary_xor", "a, b", "a ^ b")
template("binary_not", "a", "~a")
template("bitset_count_ones", "a", "cast(bit_count(a) AS bigint)")
template("tohex", "a", "lower(hex(a))")
template("tohex_2", "a, n", "lpad(lower(hex(a)), cast(greatest(n, length(hex(a))) AS int), '0')")
template("long_bool", "a", "cast(a AS bigint)")
template("long_long", "a", "cast(a AS bigint)")
template("long_decimal", "a", "try_cast(a AS bigint)")
template("long_datetime", "a", "a")
template("long_timespan", "a", "a")
template("long_string", "a", "py_whole_text(a)")
template("real_string", "a", "py_real_text_value(a)")
template("real_real", "a", "a")
template("real_number", "a", "cast(a AS double)")
template("bool_number", "a", "a <> 0")
template("bool_bool", "a", "a")

# --- times --------------------------------------------------------------------------------------

DAY = 864_000_000_000
template("ticks", "a", "unix_micros(a) * 10 + 621355968000000000")
template("stamp", "a", "timestamp_micros(kql_floor_div(a - 621355968000000000, 10))")
template("day_number", "a", f"(a - pmod(a, {DAY})) div {DAY}")
template("startofday", "a", f"a - pmod(a, {DAY})")
template("startofday_2", "a, n", f"a - pmod(a, {DAY}) + n * {DAY}")
template("endofday", "a", f"a - pmod(a, {DAY}) + {DAY} - 1")
template("endofday_2", "a, n", f"a - pmod(a, {DAY}) + (n + 1) * {DAY} - 1")
# day 0 of the ticks was a Monday
template("week_day", "a", "pmod(kql_day_number(a) + 1, 7)")
template("week", "a, n", f"(kql_day_number(a) - kql_week_day(a) + 7 * n) * {DAY}")
for _unit in ("week", "month", "year"):
    _kind = "kql" if _unit == "week" else "py"
    template(f"startof{_unit}", "a", f"{_kind}_{_unit}(a, 0)")
    template(f"startof{_unit}_2", "a, n", f"{_kind}_{_unit}(a, n)")
    template(f"endof{_unit}", "a", f"{_kind}_{_unit}(a, 1) - 1")
    template(f"endof{_unit}_2", "a, n", f"{_kind}_{_unit}(a, n + 1) - 1")
template("dayofweek", "a", f"kql_week_day(a) * {DAY}")
template("part_hour", "a", "cast(pmod(a div 36000000000, 24) AS int)")
template("part_minute", "a", "cast(pmod(a div 600000000, 60) AS int)")
template("part_second", "a", "cast(pmod(a div 10000000, 60) AS int)")
template("part_millisecond", "a", "cast(pmod(a div 10000, 1000) AS int)")
template("part_microsecond", "a", "cast(pmod(a div 10, 1000000) AS int)")
template("part_nanosecond", "a", "cast(pmod(a, 10000000) * 100 AS int)")
for _part in ("year", "quarter", "month", "week_of_year", "day", "dayofyear"):
    template(f"part_{_part}", "a", f"cast(py_calendar_{_part}(a) AS int)")
for _name, _part in {
    "dayofmonth": "day",
    "dayofyear": "dayofyear",
    "hourofday": "hour",
    "week_of_year": "week_of_year",
    "monthofyear": "month",
    "getyear": "year",
}.items():
    template(_name, "a", f"kql_part_{_part}(a)")
template("add_ticks", "a, n, unit", "a + n * unit")
template("diff_ticks", "a, b, unit", "kql_floor_div(a, unit) - kql_floor_div(b, unit)")
template("diff_weeks", "a, b", f"(kql_week(a, 0) - kql_week(b, 0)) div {7 * DAY}")
template("diff_nanos", "a, b", "(a - b) * 100")
template("diff_months", "a, b", "py_calendar_months(a) - py_calendar_months(b)")
template("diff_quarters", "a, b", "py_calendar_quarters(a) - py_calendar_quarters(b)")
template("diff_years", "a, b", "py_calendar_year(a) - py_calendar_year(b)")
template(
    "make_timespan",
    "d, h, m, s",
    "CASE WHEN d >= 0 AND h BETWEEN 0 AND 23 AND m BETWEEN 0 AND 59 AND s >= 0 AND s < 60 THEN"
    f" d * {DAY} + h * 36000000000 + m * 600000000 + cast(round(s * 10000000) AS bigint) END",
)
for _name, _ticks in {"seconds": 10_000_000, "milliseconds": 10_000, "microseconds": 10}.items():
    template(
        f"unixtime_{_name}_todatetime",
        "a",
        f"cast(round(a * {_ticks}) AS bigint) + 621355968000000000",
    )
template("unixtime_nanoseconds_todatetime", "a", "cast(a AS bigint) div 100 + 621355968000000000")
template(
    "average_ticks", "total, n", "CASE WHEN n > 0 THEN cast(total div nullif(n, 0) AS bigint) END"
)

# --- text ---------------------------------------------------------------------------------------

template("strlen", "a", "cast(length(a) AS bigint)")
template("string_size", "a", "cast(octet_length(a) AS bigint)")
template("strcmp", "a, b", "CASE WHEN a < b THEN -1L WHEN a > b THEN 1L ELSE 0L END")
template("isascii", "a", "NOT a rlike '[^\\\\x00-\\\\x7F]'")
template("isutf8", "a", "a IS NOT NULL")
template(
    "start", "s, n", "CASE WHEN n < 0 THEN greatest(length(s) + n, 0) ELSE least(n, 2147483646) END"
)
template("substring", "s, n", "substring(s, cast(kql_start(s, n) + 1 AS int))")
template(
    "substring_3",
    "s, n, m",
    "CASE WHEN m > 0 THEN substring(s, cast(kql_start(s, n) + 1 AS int),"
    " cast(least(m, 2147483647) AS int)) ELSE '' END",
)
template("indexof", "s, t", "cast(locate(t, s) - 1 AS bigint)")
template("replace_string", "s, a, b", "CASE WHEN a = '' THEN s ELSE replace(s, a, b) END")
template("strrep", "s, n", "repeat(s, cast(greatest(n, 0) AS int))")
template("strrep_3", "s, n, d", "array_join(array_repeat(s, cast(greatest(n, 0) AS int)), d)")
template("dynamic_equal", "a, b", "py_same(a, b)")
template("new_guid", "", "uuid()")
