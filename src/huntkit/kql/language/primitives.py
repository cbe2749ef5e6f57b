"""The semantic primitives: everything that ``Fn.name``, ``Agg.name`` ... in a plan may be.

One primitive, one meaning, one implementation per engine. Aliases of KQL (``iif``, ``todynamic``,
``makeset``, ``pack`` ...) never reach a plan: the binder resolves them. The binder also inserts
conversions, so that an engine sees only the argument types stated here:

- ``number`` arguments of one call all have one type, which is also the type of ``same`` results;
- ``any``: every type; ``T``: every type, but the same for all arguments marked so;
- ``[x]`` is optional and absent where not written; ``...`` is one or more of the last;
- ``lit``: always a `Lit`, so an engine may look at its value;
- ticks (datetime and timespan) are numbers of 100 ns: ``add`` and ``subtract`` on them are
  plain integer arithmetic.

Nulls: a function of a null gives null (strings: ""), unless its line says otherwise.
"""

# ruff: noqa: E501  one primitive is one line of the tables below

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Primitive:
    """One line of the vocabulary."""

    name: str
    arguments: tuple[str, ...]
    result: str
    meaning: str


_SCALARS = """
# logic; three-valued, except where stated
and(bool, bool, ...) -> bool: as SQL
or(bool, bool, ...) -> bool: as SQL
not(bool) -> bool: as SQL
isnull(any) -> bool: never null; always false for string
isnotnull(any) -> bool: never null; always true for string
isempty(any) -> bool: never null; "" or null; for dynamic: null, or tostring gives ""
isnotempty(any) -> bool: not isempty
iff(bool, T, T) -> T: the third for false and null
case(bool, T, ..., T) -> T: pairs of condition and value, then the default
coalesce(T, T, ...) -> T: the first that is not null; for strings the first that is not empty
# arithmetic; both operands have one type: int, long, real, decimal, datetime/timespan (ticks)
add(number, number) -> same: also ticks + ticks; overflow wraps in Kusto, an engine may give null
subtract(number, number) -> same: also datetime - datetime -> timespan, datetime - timespan
multiply(number, number) -> same: int long real decimal
divide(number, number) -> same: int and long truncate; integer / 0 is null; real / 0 is inf or nan
modulo(number, number) -> same: int long real decimal; also ticks; x % 0 is null; result is >= 0 for a positive divisor
negate(number) -> same: also timespan
timespan_multiply(timespan, real|long) -> timespan: rounded to ticks
timespan_divide(timespan, real|long) -> timespan: rounded to ticks; by 0 null
timespan_ratio(timespan, timespan) -> real: how many times the second fits into the first; by 0 nan or inf
dynamic_add(dynamic, dynamic) -> dynamic: of the numbers inside; null where one is no number
dynamic_subtract(dynamic, dynamic) -> dynamic: likewise
dynamic_multiply(dynamic, dynamic) -> dynamic: likewise
dynamic_divide(dynamic, dynamic) -> dynamic: likewise
dynamic_modulo(dynamic, dynamic) -> dynamic: likewise
# comparison; operands have one type T (not dynamic unless stated)
equal(T, T) -> bool: null only if both are null; false if one is null
not_equal(T, T) -> bool: null only if both are null; true if one is null
less(T, T) -> bool: null if one is null; not for string
less_equal(T, T) -> bool: likewise
greater(T, T) -> bool: likewise
greater_equal(T, T) -> bool: likewise
dynamic_equal(dynamic, dynamic) -> bool: same JSON value
between(T, T, T) -> bool: first >= second and first <= third; null if one is null
in(T, lit T, ...) -> bool: never null: equal to one of the rest
in_ci(string, string, ...) -> bool: without case
in_array(any, dynamic) -> bool: equal to an element of the array (a value that is no array counts as one element)
in_array_ci(string, dynamic) -> bool: without case
# text search: string, string -> bool; without _cs letter case is ignored; negations are not(...)
equal_ci(string, string) -> bool: =~
has(string, string) -> bool: a whole term: no letter or digit (Unicode) directly before or after
has_cs(string, string) -> bool: likewise with case
hasprefix(string, string) -> bool: a term starts with it: no letter or digit directly before
hasprefix_cs(string, string) -> bool: likewise with case
hassuffix(string, string) -> bool: a term ends with it
hassuffix_cs(string, string) -> bool: likewise with case
contains(string, string) -> bool: anywhere
contains_cs(string, string) -> bool: likewise with case
startswith(string, string) -> bool: at the start
startswith_cs(string, string) -> bool: likewise with case
endswith(string, string) -> bool: at the end
endswith_cs(string, string) -> bool: likewise with case
matches_regex(string, lit string) -> bool: RE2, anywhere
has_any(string, lit string, ...) -> bool: `has` of one of them
has_all(string, lit string, ...) -> bool: `has` of each of them
has_any_array(string, dynamic) -> bool: `has` of one of the array's texts
has_all_array(string, dynamic) -> bool: `has` of each of the array's texts
has_any_index(string, dynamic) -> long: position of the first text of the array that `has` finds, or -1
# dynamic access
path(dynamic, string) -> dynamic: the property, or null
element(dynamic, long) -> dynamic: the array's element from 0, negative from the end, or null
element_any(dynamic, dynamic) -> dynamic: by a key that is text or number only known at run time
# conversions; what can't be converted is null ("" for string)
tostring(any) -> string: dynamic strings without quotes, other dynamics as JSON text; bool "True"/"False"; datetime and timespan as KQL prints them; null is ""
tobool(any) -> bool: text true false 1 0 without case; number other than 0
toint(any) -> int: also from real (truncated), text, dynamic
tolong(any) -> long: likewise
toreal(any) -> real: likewise
todecimal(any) -> decimal: likewise
todatetime(any) -> datetime: text in KQL's accepted forms, dynamic text; long is ticks
totimespan(any) -> timespan: text in KQL's forms, dynamic text; long is ticks
toguid(any) -> guid: text with or without dashes and braces
parse_json(string) -> dynamic: text that is no JSON is kept as a JSON string; "" is null
to_dynamic(any) -> dynamic: the value as JSON: numbers and bools as such, datetime and timespan and guid as their text; null is null
toarray_or_self(dynamic) -> dynamic: an array as it is, null as null, anything else as array of one
gettype(any) -> string: the type's name, for dynamic that of the value inside (array, dictionary, string ...)
dynamic_to_json(dynamic) -> string: canonical JSON, keys sorted
# numbers
bin(number|ticks, number|ticks) -> same: floor to a multiple; both one type, or datetime with timespan; null for steps <= 0
bin_at(number|ticks, number|ticks, number|ticks) -> same: multiples counted from the third
ceiling(number) -> same:
round(number, [lit long]) -> same: half away from zero
abs(number) -> same: also timespan
sign(real) -> real:
sqrt(real) -> real: null below 0
pow(real, real) -> real:
exp(real) -> real:
exp2(real) -> real:
exp10(real) -> real:
log(real) -> real: natural; null for <= 0
log2(real) -> real:
log10(real) -> real:
pi() -> real:
sin(real) -> real:
cos(real) -> real:
tan(real) -> real:
cot(real) -> real:
asin(real) -> real:
acos(real) -> real:
atan(real) -> real:
atan2(real, real) -> real:
degrees(real) -> real:
radians(real) -> real:
gamma(real) -> real:
loggamma(real) -> real:
erf(real) -> real:
erfc(real) -> real:
isnan(real) -> bool:
isinf(real) -> bool:
isfinite(real) -> bool:
rand([long]) -> real:
max_of(T, T, ...) -> T: nulls left out
min_of(T, T, ...) -> T: nulls left out
binary_and(long, long) -> long:
binary_or(long, long) -> long:
binary_xor(long, long) -> long:
binary_not(long) -> long:
binary_shift_left(long, long) -> long:
binary_shift_right(long, long) -> long:
bitset_count_ones(long) -> long:
tohex(long, [long]) -> string: lower case, padded with zeros to the second
# datetime and timespan (now and ago are literals in plans)
startofday(datetime, [long]) -> datetime: moved by so many days
startofweek(datetime, [long]) -> datetime: Sunday
startofmonth(datetime, [long]) -> datetime:
startofyear(datetime, [long]) -> datetime:
endofday(datetime, [long]) -> datetime: the last tick
endofweek(datetime, [long]) -> datetime:
endofmonth(datetime, [long]) -> datetime:
endofyear(datetime, [long]) -> datetime:
dayofweek(datetime) -> timespan: whole days since Sunday
dayofmonth(datetime) -> int:
dayofyear(datetime) -> int:
hourofday(datetime) -> int:
week_of_year(datetime) -> int: ISO 8601
monthofyear(datetime) -> int:
getyear(datetime) -> int:
datetime_part(lit string, datetime) -> int: part in lower case: year quarter month week_of_year day dayofyear hour minute second millisecond microsecond nanosecond
datetime_add(lit string, long, datetime) -> datetime: part in lower case as above
datetime_diff(lit string, datetime, datetime) -> long: first minus second in crossed boundaries of the part
make_datetime(long, long, long, long, long, real) -> datetime: year month day hour minute second
make_timespan(long, long, long, real) -> timespan: days hours minutes seconds
format_datetime(datetime, lit string) -> string: the .NET-like letters of KQL's page
format_timespan(timespan, lit string) -> string:
unixtime_seconds_todatetime(real|long) -> datetime:
unixtime_milliseconds_todatetime(real|long) -> datetime:
unixtime_microseconds_todatetime(real|long) -> datetime:
unixtime_nanoseconds_todatetime(real|long) -> datetime:
datetime_utc_to_local(datetime, string) -> datetime: IANA zone
datetime_local_to_utc(datetime, string) -> datetime:
ingestion_time() -> datetime: null on local evidence unless the table has one
# text
strcat(string, ...) -> string:
strcat_delim(string, string, ...) -> string: the first stands between the others
strlen(string) -> long: characters
string_size(string) -> long: bytes in UTF-8
tolower(string) -> string:
toupper(string) -> string:
substring(string, long, [long]) -> string: from 0; a negative start counts from the end
indexof(string, string, [long, long, long]) -> long: -1 if not found; start, length, occurrence
indexof_regex(string, lit string, [long, long, long]) -> long:
countof(string, string, [lit string]) -> long: kind normal (overlapping) or regex
reverse(string) -> string:
split(string, string, [long]) -> dynamic: array of texts; with an index array of that one
strcmp(string, string) -> long: -1 0 1
strrep(string, long, [string]) -> string: repeated, with delimiter
replace_string(string, string, string) -> string: all, case-sensitive
replace_strings(string, dynamic, dynamic) -> string:
replace_regex(string, lit string, string) -> string: text, regex, rewrite with \\1
extract(lit string, long, string) -> string: regex, group (0 whole), text; "" if no match
extract_all(lit string, [dynamic], string) -> dynamic: array of texts, or of arrays where the regex has several groups
extract_json(lit string, string) -> string: JSON path, text
trim(lit string, string) -> string: regex off both ends
trim_start(lit string, string) -> string:
trim_end(lit string, string) -> string:
translate(string, string, string) -> string: search list, replacement list, text
regex_quote(string) -> string:
url_encode(string) -> string: space as +
url_encode_component(string) -> string: space as %20
url_decode(string) -> string:
base64_encode_tostring(string) -> string:
base64_decode_tostring(string) -> string: "" where it is not base64 of UTF-8
base64_decode_toarray(string) -> dynamic: array of bytes
base64_encode_fromarray(dynamic) -> string:
base64_decode_toguid(string) -> guid:
base64_encode_fromguid(guid) -> string:
gzip_decompress_from_base64_string(string) -> string:
gzip_compress_to_base64_string(string) -> string:
zlib_decompress_from_base64_string(string) -> string:
zlib_compress_to_base64_string(string) -> string:
hash(any, [long]) -> long: xxhash64, modulo the second
hash_xxhash64(any, [long]) -> long:
hash_md5(any) -> string: hex, lower case
hash_sha1(any) -> string:
hash_sha256(any) -> string:
hash_many(any, ...) -> long:
hash_combine(long, ...) -> long:
isascii(string) -> bool:
isutf8(string) -> bool:
unicode_codepoints_from_string(string) -> dynamic:
unicode_codepoints_to_string(dynamic|long, ...) -> string:
punycode_from_string(string) -> string:
punycode_to_string(string) -> string:
punycode_domain_from_string(string) -> string:
punycode_domain_to_string(string) -> string:
format_bytes(number, [lit long, lit string]) -> string:
new_guid() -> guid: a new one for each row
# parsers
parse_capture(string, lit string, lit long) -> string: parse's capture: RE2 (dot matches newlines by (?s) written inside), group; "" if no match
parse_kv_regex(string, lit string, lit string) -> string: text, key, regex whose two groups are keys and values; the first value of the key, trimmed; "" without one
parse_kv(string, lit string, lit string, lit string, lit string, lit string, lit bool) -> string: text, key, pair delimiter, key-value delimiter, opening quotes, escape, greedy
parse_url(string) -> dynamic: Scheme Host Port Path Username Password "Query Parameters" Fragment
parse_urlquery(string) -> dynamic: {"Query Parameters": {...}}
parse_path(string) -> dynamic: Scheme RootPath DirectoryPath DirectoryName Filename Extension AlternateDataStreamName
parse_xml(string) -> dynamic:
parse_csv(string) -> dynamic:
parse_command_line(string, lit string) -> dynamic: kind "windows"
parse_user_agent(string, [dynamic]) -> dynamic:
parse_version(string) -> decimal:
# addresses
parse_ipv4(string) -> long: null if not an address
parse_ipv4_mask(string, long) -> long:
parse_ipv6(string) -> string: full form, "" if not an address
parse_ipv6_mask(string, long) -> string:
ipv4_is_private(string) -> bool: null if not an address; "10.0.0.0/24" too
ipv4_is_match(string, string, [long]) -> bool:
ipv4_compare(string, string, [long]) -> long:
ipv4_is_in_range(string, string) -> bool:
ipv4_is_in_any_range(string, string, ...) -> bool:
ipv4_is_in_any_range_array(string, dynamic) -> bool:
ipv4_netmask_suffix(string) -> long:
ipv4_range_to_cidr_list(string, string) -> dynamic:
format_ipv4(any, [long]) -> string:
format_ipv4_mask(any, long) -> string:
has_ipv4(string, string) -> bool:
has_ipv4_prefix(string, string) -> bool:
has_any_ipv4(string, string, ...) -> bool:
has_any_ipv4_array(string, dynamic) -> bool:
has_any_ipv4_prefix(string, string, ...) -> bool:
has_any_ipv4_prefix_array(string, dynamic) -> bool:
ipv6_is_match(string, string, [long]) -> bool:
ipv6_compare(string, string, [long]) -> long:
ipv6_is_in_range(string, string) -> bool:
ipv6_is_in_any_range(string, string, ...) -> bool:
ipv6_is_in_any_range_array(string, dynamic) -> bool:
geo_info_from_ip_address(string) -> dynamic: {} when unknown
geo_distance_2points(real, real, real, real, [bool]) -> real:
geo_point_in_circle(real, real, real, real, real) -> bool:
# arrays and bags
array_length(dynamic) -> long: null if no array
array_concat(dynamic, ...) -> dynamic:
array_index_of(dynamic, any, [long, long, long]) -> long:
array_slice(dynamic, long, long) -> dynamic: both ends included, negative from the end
array_split(dynamic, long|dynamic) -> dynamic:
array_reverse(dynamic) -> dynamic:
array_rotate_left(dynamic, long) -> dynamic:
array_rotate_right(dynamic, long) -> dynamic:
array_shift_left(dynamic, long, [any]) -> dynamic:
array_shift_right(dynamic, long, [any]) -> dynamic:
array_sort_asc(dynamic, [lit bool]) -> dynamic: nulls last (default true)
array_sort_desc(dynamic, [lit bool]) -> dynamic:
array_sort_many_asc(bool, dynamic, dynamic, ...) -> dynamic: nulls last; array of the arrays, all in the order of the first; null for one of another length
array_sort_many_desc(bool, dynamic, dynamic, ...) -> dynamic: likewise
array_iff(dynamic, any, any) -> dynamic:
array_sum(dynamic) -> real:
strcat_array(dynamic, string) -> string:
pack_array(any, ...) -> dynamic: arguments of any type, as to_dynamic
range(number|ticks, number|ticks, [number|ticks]) -> dynamic: array from first to last by step
repeat(any, long) -> dynamic:
zip(dynamic, dynamic, ...) -> dynamic:
set_has_element(dynamic, any) -> bool:
set_union(dynamic, dynamic, ...) -> dynamic:
set_intersect(dynamic, dynamic, ...) -> dynamic:
set_difference(dynamic, dynamic, ...) -> dynamic:
set_equals(dynamic, dynamic) -> bool:
jaccard_index(dynamic, dynamic) -> real:
bag_pack(string, any, ...) -> dynamic: pairs of key and value; null values stay as null
pack_all(lit bool, lit string, any, ...) -> dynamic: whether null and empty are left out, then pairs
bag_keys(dynamic) -> dynamic:
bag_has_key(dynamic, string) -> bool:
bag_merge(dynamic, dynamic, ...) -> dynamic: the first one's value wins
bag_remove_keys(dynamic, dynamic) -> dynamic:
bag_set_key(dynamic, string, any) -> dynamic:
bag_zip(dynamic, dynamic) -> dynamic:
treepath(dynamic) -> dynamic:
# series (arrays of numbers)
series_stats(dynamic, [bool]) -> dynamic: bag min min_idx max max_idx avg stdev variance
series_add(dynamic, dynamic) -> dynamic: a scalar operand is an array repeated
series_subtract(dynamic, dynamic) -> dynamic:
series_multiply(dynamic, dynamic) -> dynamic:
series_divide(dynamic, dynamic) -> dynamic:
series_abs(dynamic) -> dynamic:
series_sum(dynamic) -> real:
series_fill_const(dynamic, any, [any]) -> dynamic:
series_fill_forward(dynamic, [any]) -> dynamic:
series_fill_backward(dynamic, [any]) -> dynamic:
series_fill_linear(dynamic, [any, bool, any]) -> dynamic:
series_outliers(dynamic, [string, real, real, real]) -> dynamic:
series_fit_line(dynamic) -> dynamic: bag rsquare slope variance rvariance interception line_fit
series_fit_2lines(dynamic) -> dynamic:
series_decompose(dynamic, [any, any, any, any]) -> dynamic: bag baseline seasonal trend residual
series_decompose_anomalies(dynamic, [any, any, any, any, any, any]) -> dynamic: bag ad_flag ad_score baseline
series_decompose_forecast(dynamic, any, [any, any, any]) -> dynamic:
# kept by name; an engine refuses those it lacks
assert(bool, lit string) -> bool: an error where false
estimate_data_size(any, ...) -> long:
"""

_AGGREGATES = """
count() -> long:
countif(bool) -> long:
sum(number|timespan) -> number: 0 for no rows
sumif(number|timespan, bool) -> number:
avg(number|ticks) -> number: int and long give real; nan for no rows
avgif(number|ticks, bool) -> number:
min(T) -> T:
minif(T, bool) -> T:
max(T) -> T:
maxif(T, bool) -> T:
dcount(any, [lit long]) -> long: an estimate in Kusto; exact is right
dcountif(any, bool, [lit long]) -> long:
count_distinct(any) -> long: exact
count_distinctif(any, bool) -> long:
make_set(any, [lit long]) -> dynamic: array of distinct values, nulls left out; at most so many
make_set_if(any, bool, [lit long]) -> dynamic:
make_list(any, [lit long]) -> dynamic: nulls left out
make_list_if(any, bool, [lit long]) -> dynamic:
make_list_with_nulls(any) -> dynamic:
make_bag(dynamic, [lit long]) -> dynamic: bags merged
make_bag_if(dynamic, bool, [lit long]) -> dynamic:
arg_max(T, any) -> any: value of the second where the first is greatest; every arg_max with one ordering takes one row
arg_min(T, any) -> any:
take_any(any) -> any: every take_any of one Aggregate takes one row
take_anyif(any, bool) -> any:
percentile(number|ticks, real) -> number: nearest rank, of the argument's type
percentilew(number|ticks, long, real) -> number: with weights
percentiles_array(number|ticks, real, ...) -> dynamic:
percentilesw_array(number|ticks, long, real, ...) -> dynamic:
stdev(number) -> real: of a sample
stdevif(number, bool) -> real:
stdevp(number) -> real:
variance(number) -> real: of a sample
varianceif(number, bool) -> real:
variancep(number) -> real:
variancepif(number, bool) -> real:
covariance(number, number) -> real:
covariancep(number, number) -> real:
binary_all_and(long) -> long:
binary_all_or(long) -> long:
binary_all_xor(long) -> long:
buildschema(dynamic) -> dynamic:
hll(any, [lit long]) -> dynamic: engines may refuse
hll_merge(dynamic) -> dynamic:
tdigest(any, [long]) -> dynamic:
tdigest_merge(dynamic) -> dynamic:
"""

_WINDOWS = """
row_number(long, bool) -> long: starting index, restart
prev(any, lit long, any) -> any: value, offset, default (null, or "" for string)
next(any, lit long, any) -> any:
row_cumsum(number|timespan, bool) -> same: restart
row_rank_dense(any, bool) -> long: from 1, one more where the value differs from the row before
row_rank_min(any, bool) -> long:
row_window_session(datetime, timespan, timespan, bool) -> datetime: value, longest from the first, longest between neighbours, restart
"""

_PLUGINS = """
bag_unpack(Col, [lit string prefix, lit string conflict, lit dynamic ignored]) -> open: the schema's columns without the bag; new columns by the data
pivot(Col, [Agg], Col ...) -> open: the schema's columns, then one per value
ipv4_lookup(Relation, Scalar, string name of the range column, [names of extra keys], bool return_unmatched) -> known
ipv6_lookup(Relation, Scalar, string name of the range column, bool return_unmatched) -> known
narrow() -> known: Row Column Value
autocluster(Lit ...) -> known: an engine may refuse
basket(Lit ...) -> known
"""


def _read(lines: str) -> dict[str, Primitive]:
    found = {}
    for line in lines.strip().splitlines():
        if line.startswith("#"):
            continue
        head, _, rest = line.partition("(")
        arguments, _, rest = rest.partition(") -> ")
        result, _, meaning = rest.partition(":")
        split = tuple(part.strip() for part in arguments.split(",") if part.strip())
        found[head] = Primitive(head, split, result.strip(), meaning.strip())
    return found


@cache
def scalars() -> dict[str, Primitive]:
    """The functions of one row, by name.

    Examples:
        >>> scalars()["has"].result
        'bool'
    """
    return _read(_SCALARS)


@cache
def aggregates() -> dict[str, Primitive]:
    """The aggregates, by name."""
    return _read(_AGGREGATES)


@cache
def windows() -> dict[str, Primitive]:
    """The functions of neighbouring rows, which stand only in `Window`."""
    return _read(_WINDOWS)


@cache
def plugins() -> dict[str, Primitive]:
    """The plugins, which stand only in `Plugin`."""
    return _read(_PLUGINS)
