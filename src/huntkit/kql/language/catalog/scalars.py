"""The scalar functions of KQL that every analyst meets.

A line is ``name(parameters) -> result``, then how a column of it is called by default (see
`entry`). A name may have several lines.
"""

TABLE = """
strcat(any, ...) -> string
strcat_array(array, any) -> string
strcat_delim(any, any, any, ...) -> string
strcmp(any, any) -> long
strrep(any, long, [any]) -> string
strlen(text) -> long as NF
string_size(text) -> long as NF
toupper(any) -> string
tolower(any) -> string
to_utf8(any) -> dynamic
unicode_codepoints_from_string(any) -> dynamic
substring(any, integer, [integer]) -> string
regex_quote(any) -> string
indexof(any, any, [integer], [integer], [integer]) -> long
indexof_regex(any, any, [integer], [integer], [integer]) -> long
has_any_index(text, array) -> long
reverse(any) -> string
split(any, string, [integer]) -> dynamic as F
parse_command_line(any, string) -> dynamic
extract(string, long, string) -> string
extract(string, long, string, typeof) -> typeof
extract_all(string, string) -> dynamic
extract_all(string, array, string) -> dynamic
extract_json(string, string) -> string
extract_json(string, string, typeof) -> typeof
replace(string, string, string) -> string
replace_regex(string, string, string) -> string
replace_string(string, string, string) -> string
replace_strings(string, array, array) -> string
trim_start(string, string) -> string
trim_end(string, string) -> string
trim(string, string) -> string
countof(string, string, [string]) -> long
translate(string, string, string) -> string
unicode_codepoints_to_string(integer|array, ...) -> string
datetime_local_to_utc(datetime, string) -> datetime
datetime_utc_to_local(datetime, string) -> datetime
datetime_list_timezones() -> dynamic
tostring(any) -> string as F
tohex(integer, [integer]) -> string as F
todynamic(string) -> dynamic as F
tolong(any) -> long as F
toint(any) -> int as F
toreal(any) -> real as F
todatetime(any) -> datetime as F
totimespan(any) -> timespan as F
tobool(any) -> bool as F
todecimal(any) -> decimal as F
toguid(text) -> guid as F
gettype(any) -> string as PF type
url_encode(string) -> string
url_encode_component(string) -> string
url_decode(string) -> string
base64_encode_tostring(string) -> string
base64_decode_toarray(string) -> dynamic
base64_encode_fromarray(array) -> string
base64_decode_tostring(string) -> string
base64_decode_toguid(string) -> guid
base64_encode_fromguid(guid) -> string
zlib_decompress_from_base64_string(string) -> string
zlib_compress_to_base64_string(string) -> string
gzip_decompress_from_base64_string(string) -> string
gzip_compress_to_base64_string(string) -> string
parse_csv(text) -> dynamic as F
parse_json(text) -> dynamic as F
parse_xml(text) -> dynamic as F
parse_url(string) -> dynamic
parse_urlquery(string) -> dynamic
parse_ipv4(string) -> long
parse_ipv4_mask(string, long) -> long
parse_ipv6(string) -> string
parse_ipv6_mask(string, long) -> string
parse_path(string) -> dynamic
parse_user_agent(string, [text]) -> dynamic
parse_version(string) -> decimal
format_datetime(datetime, string) -> string as F
format_timespan(timespan, string) -> string as F
make_datetime(number, number, number, [number], [number], [number]) -> datetime as F
make_datetime(any) -> datetime as F
make_timespan(integer, integer, integer, integer) -> timespan as F
make_timespan(integer, integer, [integer]) -> timespan as F
make_timespan(any) -> timespan as F
datetime_add(string, integer, datetime) -> datetime
datetime_diff(string, datetime, datetime) -> long
dayofweek(datetime) -> timespan
dayofmonth(datetime) -> int
dayofyear(datetime) -> int
hourofday(datetime) -> int
week_of_year(datetime) -> int
monthofyear(datetime) -> int
startofday(datetime, [long]) -> datetime as F
startofweek(datetime, [long]) -> datetime
startofmonth(datetime, [long]) -> datetime
startofyear(datetime, [long]) -> datetime
endofday(datetime, [long]) -> datetime
endofweek(datetime, [long]) -> datetime
endofmonth(datetime, [long]) -> datetime
endofyear(datetime, [long]) -> datetime
getyear(datetime) -> int
getmonth(datetime) -> int
datetime_part(string, datetime) -> int
unixtime_seconds_todatetime(number) -> datetime
unixtime_milliseconds_todatetime(number) -> datetime
unixtime_microseconds_todatetime(number) -> datetime
unixtime_nanoseconds_todatetime(number) -> datetime
hash(notdynamic, [integer]) -> long
hash_sha256(notdynamic) -> string
hash_md5(notdynamic) -> string
hash_sha1(notdynamic) -> string
hash_xxhash64(notdynamic, [integer]) -> long
hash_combine(any, any, ...) -> long
hash_many(notdynamic, ...) -> long
iff(bool, common, common) -> common
case(bool, common, ..., common) -> common
assert(bool, string) -> bool
bin(number, number) -> widest as F
bin(timespan, timespan) -> timespan as F
bin(datetime, datetime) -> datetime as F
bin(datetime, timespan) -> datetime as F
bin_at(number, number, number) -> widest as F
bin_at(timespan, number, timespan) -> timespan as F
bin_at(timespan, timespan, timespan) -> timespan as F
bin_at(datetime, summable, datetime) -> datetime as F
not(bool) -> bool
isnotnull(any) -> bool
isnull(any) -> bool
isascii(any) -> bool
isutf8(any) -> bool
isnotempty(any) -> bool
isempty(any) -> bool
column_ifexists(string, any) -> 1 as FVC
around(any, any, any) -> bool
binary_and(integer, integer) -> long as F
binary_or(integer, integer) -> long as F
binary_xor(integer, integer) -> long as F
binary_not(integer) -> long as F
binary_shift_right(integer, integer) -> long as F
binary_shift_left(integer, integer) -> long as F
bitset_count_ones(integer) -> long as F
treepath(bag) -> dynamic as PF tree
repeat(any, long) -> dynamic as PF repeat
array_length(array) -> long
range(summable, summable, [summable]) -> dynamic
array_concat(array, ...) -> dynamic
array_iff(array, any, any) -> dynamic
array_index_of(array, any, [integer], [integer], [integer]) -> long
array_slice(array, integer, integer) -> 0
array_split(array, integer) -> 0
array_split(array, array) -> 0
array_shift_left(array, integer, [any]) -> 0
array_shift_right(array, integer, [any]) -> 0
array_reverse(array) -> 0
array_rotate_left(array, integer) -> 0
array_rotate_right(array, integer) -> 0
array_sort_asc(array, ..., [bool]) -> dynamic
array_sort_desc(array, ..., [bool]) -> dynamic
bag_keys(bag) -> dynamic
zip(array, array, ...) -> dynamic
bag_pack(string, any, ...) -> dynamic
bag_pack_columns(any, ...) -> dynamic
pack_all([any]) -> dynamic
pack_array(any, ...) -> dynamic
pack_array(any*) -> dynamic
set_has_element(array, any) -> bool
set_union(array, array, ...) -> dynamic
set_intersect(array, array, ...) -> dynamic
set_difference(array, array, ...) -> dynamic
set_equals(array, array) -> bool
bag_merge(bag, bag, ...) -> dynamic
dynamic_to_json(any) -> string
bag_remove_keys(bag, array) -> dynamic
bag_has_key(bag, string) -> bool
jaccard_index(array, array, ...) -> dynamic
bag_set_key(bag, string, any) -> dynamic
bag_zip(array, array) -> dynamic
punycode_to_string(string) -> string
punycode_from_string(string) -> string
punycode_domain_from_string(string) -> string
punycode_domain_to_string(string) -> string
array_sum(array) -> real
round(number, [long]) -> 0 as F
ceiling(number) -> 0 as F
pow(number, number) -> real as F
sqrt(number) -> real as F
log(number) -> real as F
log2(number) -> real as F
log10(number) -> real as F
exp(number) -> real as F
exp2(number) -> real as F
exp10(number) -> real as F
pi() -> real
cos(number) -> real as F
sin(number) -> real as F
tan(number) -> real as F
acos(number) -> real as F
asin(number) -> real as F
atan(number) -> real as F
atan2(number, number) -> real as F
abs(integer) -> long as F
abs(number) -> 0 as F
abs(timespan) -> timespan as F
cot(number) -> real
degrees(number) -> real
radians(number) -> real
sign(number) -> real
rand([integer]) -> real as F
gamma(number) -> real as F
loggamma(number) -> real as F
erf(number) -> real as F
erfc(number) -> real as F
isnan(real) -> bool
isinf(real) -> bool
isfinite(real) -> bool
coalesce(common, common, ...) -> common
max_of(common, common, ...) -> common
min_of(common, common, ...) -> common
ipv4_compare(string, string, [long]) -> long
ipv4_is_match(string, string, [long]) -> bool
ipv6_compare(string, string, [long]) -> long
ipv4_is_private(string) -> bool
ipv6_is_match(string, string, [long]) -> bool
ipv6_is_in_range(string, string) -> bool
ipv6_is_in_any_range(text, string, ...) -> bool
ipv6_is_in_any_range(text, array) -> bool
ipv4_is_in_range(string, string) -> bool
ipv4_is_in_any_range(text, string, ...) -> bool
ipv4_is_in_any_range(text, array) -> bool
ipv4_netmask_suffix(string) -> long
format_ipv4(any, [long]) -> string
format_ipv4_mask(any, long) -> string
format_bytes(number, [number], [string]) -> string as F
ingestion_time() -> datetime as P $IngestionTime
has_ipv4(text, string) -> bool
has_ipv4_prefix(text, string) -> bool
has_any_ipv4(text, string, ...) -> bool
has_any_ipv4(text, array) -> bool
has_any_ipv4_prefix(text, string, ...) -> bool
has_any_ipv4_prefix(text, array) -> bool
ipv4_range_to_cidr_list(string, string) -> dynamic
row_number([long], [bool]) -> long
row_cumsum(number, [bool]) -> 0
row_rank_dense(notdynamic, [bool]) -> long
row_rank_min(notdynamic, [bool]) -> long
row_window_session(datetime, timespan, timespan, [bool]) -> 0
prev(any, [long], [any]) -> 0
next(any, [long], [any]) -> 0
estimate_data_size(any, ...) -> long
estimate_data_size(any*) -> long
new_guid() -> guid
geo_info_from_ip_address(string) -> dynamic
"""
