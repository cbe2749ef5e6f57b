"""Scalar functions of series, places, sketches and units.

A line is ``name(parameters) -> result``, then how a column of it is called by default (see
`entry`). A name may have several lines.
"""

# ruff: noqa: E501  one signature is one line

TABLE = """
percentile_tdigest(array, real) -> dynamic as NF
percentile_tdigest(array, real, typeof) -> typeof as NF
percentiles_array_tdigest(array, real, ...) -> dynamic as PF percentile_tdigest
percentiles_array_tdigest(array, array) -> dynamic as PF percentile_tdigest
percentrank_tdigest(array, any) -> real
rank_tdigest(array, any) -> real
tdigest_isvalid(array, any) -> bool
hll_isvalid(array, any) -> bool
tdigest_merge(array, array, ...) -> dynamic as P tdigests_merge_result
hll_merge(array, array, ...) -> dynamic as P hll_merged_result
dcount_hll(array) -> long as NF
series_fir(array, array, [bool], [bool]) -> dynamic as F
series_stats(array, [bool]) -> dynamic
series_stats_dynamic(array, [bool]) -> dynamic
series_fft(array, [array]) -> dynamic
series_ifft(array, [array]) -> dynamic
series_fit_line(array) -> dynamic
series_fit_line_dynamic(array) -> dynamic
series_fit_2lines(array) -> dynamic
series_fit_2lines_dynamic(array) -> dynamic
series_outliers(array, [string], [number]) -> 0 as F
series_outliers(array, string, real, real, [real], [integer]) -> 0 as F
series_iir(array, array, array) -> dynamic as F
series_periods_detect(array, number, number, long) -> dynamic
series_periods_validate(array, number, ...) -> dynamic
series_fill_backward(array, [number]) -> 0 as F
series_fill_forward(array, [number]) -> 0 as F
series_fill_const(array, [number], [number]) -> 0 as F
series_fill_linear(array, [number], [bool], [number]) -> 0 as F
series_fit_poly(array, [array], [int]) -> dynamic
series_add(array, array) -> dynamic
series_add(array, number) -> dynamic
series_add(number, array) -> dynamic
series_subtract(array, array) -> dynamic
series_subtract(array, number) -> dynamic
series_subtract(number, array) -> dynamic
series_multiply(array, array) -> dynamic
series_multiply(array, number) -> dynamic
series_multiply(number, array) -> dynamic
series_divide(array, array) -> dynamic
series_divide(array, number) -> dynamic
series_divide(number, array) -> dynamic
series_pow(array, array) -> dynamic
series_pow(array, number) -> dynamic
series_pow(number, array) -> dynamic
series_greater(array, array) -> dynamic
series_greater(array, number) -> dynamic
series_greater(number, array) -> dynamic
series_greater_equals(array, array) -> dynamic
series_greater_equals(array, number) -> dynamic
series_greater_equals(number, array) -> dynamic
series_less(array, array) -> dynamic
series_less(array, number) -> dynamic
series_less(number, array) -> dynamic
series_less_equals(array, array) -> dynamic
series_less_equals(array, number) -> dynamic
series_less_equals(number, array) -> dynamic
series_equals(array, array) -> dynamic
series_equals(array, number) -> dynamic
series_equals(number, array) -> dynamic
series_not_equals(array, array) -> dynamic
series_not_equals(array, number) -> dynamic
series_not_equals(number, array) -> dynamic
series_exp(array) -> dynamic
series_sign(array) -> dynamic
series_abs(array) -> 0
series_sin(array) -> dynamic
series_asin(array) -> dynamic
series_cos(array) -> dynamic
series_acos(array) -> dynamic
series_tan(array) -> dynamic
series_atan(array) -> dynamic
series_magnitude(array) -> real
series_sum(array) -> real
series_product(array) -> real
series_log(array) -> dynamic
series_floor(array) -> dynamic
series_ceiling(array) -> 0
series_seasonal(array) -> dynamic
series_seasonal(array, integer) -> dynamic
series_seasonal(array, integer, integer) -> dynamic
series_decompose(array, [integer], [string], [integer], [number]) -> dynamic
series_decompose_forecast(array, integer, [integer], [string], [number]) -> dynamic
series_decompose_anomalies(array, [number], [integer], [string], [integer], [string], [number]) -> dynamic
series_pearson_correlation(array, array) -> real
series_dot_product(array, array) -> real
series_dot_product(array, number) -> real
series_dot_product(number, array) -> real
series_cosine_similarity(array, array, [real], [real]) -> real
beta_cdf(number, number, number) -> real
beta_inv(number, number, number) -> real
beta_pdf(number, number, number) -> real
welch_test(number, number, number, number, number, number) -> real
geo_from_wkt(text) -> dynamic
geo_angle(number, number, number, number, number, number) -> real
geo_azimuth(number, number, number, number) -> real
geo_closest_point_on_line(number, number, bag) -> dynamic
geo_closest_point_on_polygon(number, number, bag) -> dynamic
geo_distance_2points(number, number, number, number, [numberbool]) -> real
geo_distance_point_to_line(number, number, bag) -> real
geo_distance_point_to_polygon(number, number, bag) -> real
geo_point_in_circle(number, number, number, number, number) -> bool
geo_point_in_polygon(number, number, bag) -> bool
geo_intersects_2lines(bag, bag) -> bool
geo_intersects_line_with_polygon(bag, bag) -> bool
geo_intersects_2polygons(bag, bag) -> bool
geo_intersection_2lines(bag, bag) -> dynamic
geo_intersection_line_with_polygon(bag, bag) -> dynamic
geo_intersection_2polygons(bag, bag) -> dynamic
geo_union_polygons_array(array) -> dynamic
geo_simplify_polygons_array(array, [number]) -> dynamic
geo_union_lines_array(array) -> dynamic
geo_polygon_to_h3cells(bag, [number], [number]) -> dynamic
geo_polygon_to_s2cells(bag, [number], [number]) -> dynamic
geo_polygon_densify(bag, [number], [numberbool]) -> dynamic
geo_polygon_area(bag) -> real
geo_polygon_buffer(bag, number, [number]) -> dynamic
geo_polygon_centroid(bag) -> dynamic
geo_polygon_perimeter(bag) -> real
geo_polygon_simplify(bag, [number]) -> dynamic
geo_line_length(bag) -> real
geo_line_buffer(bag, number, [number]) -> dynamic
geo_line_centroid(bag) -> dynamic
geo_line_densify(bag, [number], [numberbool]) -> dynamic
geo_line_simplify(bag, [number]) -> dynamic
geo_line_locate_point(bag, number, number, [numberbool]) -> real
geo_line_interpolate_point(bag, number) -> dynamic
geo_line_to_s2cells(bag, [number], [number]) -> dynamic
geo_point_to_geohash(number, number, [number]) -> string
geo_geohash_to_central_point(string) -> dynamic
geo_geohash_to_polygon(string) -> dynamic
geo_geohash_neighbors(string) -> dynamic
geo_point_buffer(number, number, number, [number]) -> dynamic
geo_point_to_s2cell(number, number, [number]) -> string
geo_s2cell_to_central_point(string) -> dynamic
geo_s2cell_to_polygon(string) -> dynamic
geo_s2cell_neighbors(string) -> dynamic
geo_point_to_h3cell(number, number, [number]) -> string
geo_h3cell_to_central_point(string) -> dynamic
geo_h3cell_to_polygon(string) -> dynamic
geo_h3cell_neighbors(string) -> dynamic
geo_h3cell_children(string, [number]) -> dynamic
geo_h3cell_parent(string, [number]) -> string
geo_h3cell_rings(string, number) -> dynamic
geo_h3cell_level(string) -> int
convert_angle(real, string, string) -> real
convert_energy(real, string, string) -> real
convert_force(real, string, string) -> real
convert_length(real, string, string) -> real
convert_mass(real, string, string) -> real
convert_speed(real, string, string) -> real
convert_temperature(real, string, string) -> real
convert_volume(real, string, string) -> real
current_cluster_endpoint() -> string
current_database() -> string
current_principal() -> string
current_principal_details() -> dynamic
current_principal_is_member_of(text, ...) -> bool
extent_id() -> guid
extent_tags() -> dynamic
current_node_id() -> string
row_id() -> string
cursor_after(string) -> bool
cursor_before_or_at(string) -> bool
cursor_current() -> string
rowstore_ordinal_range() -> dynamic
"""
