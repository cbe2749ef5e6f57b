"""The aggregates of KQL, but for those whose columns depend on their arguments.

``arg_max``, ``take_any``, ``percentiles`` and their kin are in `binder.aggregates`.

A line is ``name(parameters) -> result``, then how a column of it is called by default (see
`entry`). A name may have several lines.
"""

TABLE = """
sum(summable) -> promoted0 as PF sum
sumif(summable, bool) -> promoted0 as PF sumif
count() -> long as PF count
count(bool) -> long as PF count
countif(bool) -> long as PF countif
dcount(any, [notdynamic]) -> long as PF dcount
dcountif(any, bool, [notdynamic]) -> long as PF dcountif
tdigest(summable, [integer]) -> dynamic as PF tdigest
tdigest_merge(array) -> dynamic as PF merge_tdigests
hll(notdynamic, [integer]) -> dynamic as PF hll
hll_if(notdynamic, bool, [integer]) -> dynamic as PF hll_if
hll_merge(array) -> dynamic as PF hll_merge
min(orderable) -> 0 as PF min
minif(orderable, bool) -> 0 as PF minif
max(orderable) -> 0 as PF max
maxif(orderable, bool) -> 0 as PF maxif
avg(integer) -> real as PF avg
avg(real) -> real as PF avg
avg(decimal) -> decimal as PF avg
avg(timespan) -> timespan as PF avg
avg(datetime) -> datetime as PF avg
avgif(integer, bool) -> real as PF avgif
avgif(real, bool) -> real as PF avgif
avgif(decimal, bool) -> decimal as PF avgif
avgif(timespan, bool) -> timespan as PF avgif
avgif(datetime, bool) -> datetime as PF avgif
make_list(any, [integer]) -> dynamic as PF list
make_list_if(any, bool, [integer]) -> dynamic as PF list
make_list_with_nulls(any) -> dynamic as PF list
make_set(any, [integer]) -> dynamic as PF set
make_set_if(any, bool, [integer]) -> dynamic as PF set
make_bag(bag, [integer]) -> dynamic as PF bag
make_bag_if(bag, bool, [integer]) -> dynamic as PF bag
buildschema(bag) -> dynamic as PF schema
stdev(summable) -> real as PF stdev
stdevif(summable, bool) -> real as PF stdevif
stdevp(summable) -> real as PF stdevp
variance(summable) -> real as PF variance
varianceif(summable, bool) -> real as PF varianceif
variancep(summable) -> real as PF variancep
variancepif(summable, bool) -> real as PF variancepif
covariance(summable, summable) -> real as PF covariance
covarianceif(summable, summable, bool) -> real as PF covarianceif
covariancep(summable, summable) -> real as PF covariancep
covariancepif(summable, summable, bool) -> real as PF covariancepif
take_anyif(any, bool) -> 0 as F
binary_all_or(summable) -> 0 as F
binary_all_and(summable) -> 0 as F
binary_all_xor(summable) -> 0 as F
count_distinct(notdynamic) -> long as PF count_distinct
count_distinctif(notdynamic, bool) -> long as PF count_distinctif
"""
