"""What it looks like: charts as values, shown only when displayed, safe with any content."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.charts.analysed import (
        plot_cluster,
        plot_outlier_results,
        score_and_visualise_sessions,
        visualise_scored_sessions,
    )
    from huntkit.charts.chart import Chart
    from huntkit.charts.kinds.clusters import clusters
    from huntkit.charts.kinds.entity_graph import entity_graph
    from huntkit.charts.kinds.geo_map import geo_map
    from huntkit.charts.kinds.matrix import matrix
    from huntkit.charts.kinds.network import network
    from huntkit.charts.kinds.parallel import parallel
    from huntkit.charts.kinds.process_tree import process_tree
    from huntkit.charts.kinds.scored_sessions import scored_sessions
    from huntkit.charts.kinds.timeline import timeline
    from huntkit.charts.kinds.timeline_duration import timeline_duration
    from huntkit.charts.kinds.timeline_values import timeline_values
    from huntkit.charts.kinds.timeseries import timeseries
    from huntkit.charts.kinds.units import units
    from huntkit.charts.tiles import Tiles

__all__ = [
    "Chart",
    "Tiles",
    "clusters",
    "entity_graph",
    "geo_map",
    "matrix",
    "network",
    "parallel",
    "plot_cluster",
    "plot_outlier_results",
    "process_tree",
    "score_and_visualise_sessions",
    "scored_sessions",
    "timeline",
    "timeline_duration",
    "timeline_values",
    "timeseries",
    "units",
    "visualise_scored_sessions",
]

_DOORS = {
    "Chart": "huntkit.charts.chart",
    "Tiles": "huntkit.charts.tiles",
    "clusters": "huntkit.charts.kinds.clusters",
    "entity_graph": "huntkit.charts.kinds.entity_graph",
    "geo_map": "huntkit.charts.kinds.geo_map",
    "matrix": "huntkit.charts.kinds.matrix",
    "network": "huntkit.charts.kinds.network",
    "parallel": "huntkit.charts.kinds.parallel",
    "plot_cluster": "huntkit.charts.analysed",
    "plot_outlier_results": "huntkit.charts.analysed",
    "process_tree": "huntkit.charts.kinds.process_tree",
    "score_and_visualise_sessions": "huntkit.charts.analysed",
    "scored_sessions": "huntkit.charts.kinds.scored_sessions",
    "timeline": "huntkit.charts.kinds.timeline",
    "timeline_duration": "huntkit.charts.kinds.timeline_duration",
    "timeline_values": "huntkit.charts.kinds.timeline_values",
    "timeseries": "huntkit.charts.kinds.timeseries",
    "units": "huntkit.charts.kinds.units",
    "visualise_scored_sessions": "huntkit.charts.analysed",
}


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
