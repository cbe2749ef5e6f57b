"""What stands out: clusters of events, rare sequences, series. Most are steps for any frame."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.analyze.beaconing import beacons
    from huntkit.analyze.clustering import clusters
    from huntkit.analyze.code_layout import format_powershell
    from huntkit.analyze.collapsing import patterns
    from huntkit.analyze.event_clusters import dbcluster_events
    from huntkit.analyze.launches import unusual_starts
    from huntkit.analyze.linux_hosts import (
        HostRecord,
        cluster_auditd_processes,
        cluster_syslog_logons_df,
        create_host_record,
        risky_sudo_sessions,
    )
    from huntkit.analyze.logons import logon_sessions
    from huntkit.analyze.observations import (
        Observation,
        Observations,
    )
    from huntkit.analyze.outlier_rows import (
        identify_outliers,
        identify_outliers_rrcf,
        outliers,
        remove_common_items,
    )
    from huntkit.analyze.periods import (
        create_time_period_kqlfilter,
        extract_anomaly_periods,
        find_anomaly_periods,
    )
    from huntkit.analyze.polling import PeriodogramPollingDetector
    from huntkit.analyze.process_features import (
        add_process_features,
        char_ord_score,
        char_ord_score_df,
        crc32_hash,
        crc32_hash_df,
        delim_count,
        delim_count_df,
        delim_hash,
        token_count,
        token_count_df,
    )
    from huntkit.analyze.random_cuts import RobustRandomCutForest
    from huntkit.analyze.rareness import rare, rare_pairs
    from huntkit.analyze.sequence_model import Model
    from huntkit.analyze.sequences import Cmd, SessionType, score_sessions
    from huntkit.analyze.series import (
        set_new_anomaly_threshold,
        timeseries_anomalies_stl,
        ts_anomalies_stl,
    )
    from huntkit.analyze.sessionizing import create_session_col, sessionize_data

_FEATURES = "huntkit.analyze.process_features"
_DOORS = {
    "Cmd": "huntkit.analyze.sequences",
    "HostRecord": "huntkit.analyze.linux_hosts",
    "Model": "huntkit.analyze.sequence_model",
    "Observation": "huntkit.analyze.observations",
    "Observations": "huntkit.analyze.observations",
    "PeriodogramPollingDetector": "huntkit.analyze.polling",
    "RobustRandomCutForest": "huntkit.analyze.random_cuts",
    "SessionType": "huntkit.analyze.sequences",
    "add_process_features": _FEATURES,
    "beacons": "huntkit.analyze.beaconing",
    "char_ord_score": _FEATURES,
    "char_ord_score_df": _FEATURES,
    "cluster_auditd_processes": "huntkit.analyze.linux_hosts",
    "cluster_syslog_logons_df": "huntkit.analyze.linux_hosts",
    "clusters": "huntkit.analyze.clustering",
    "crc32_hash": _FEATURES,
    "crc32_hash_df": _FEATURES,
    "create_host_record": "huntkit.analyze.linux_hosts",
    "create_session_col": "huntkit.analyze.sessionizing",
    "create_time_period_kqlfilter": "huntkit.analyze.periods",
    "dbcluster_events": "huntkit.analyze.event_clusters",
    "delim_count": _FEATURES,
    "delim_count_df": _FEATURES,
    "delim_hash": _FEATURES,
    "extract_anomaly_periods": "huntkit.analyze.periods",
    "find_anomaly_periods": "huntkit.analyze.periods",
    "format_powershell": "huntkit.analyze.code_layout",
    "identify_outliers": "huntkit.analyze.outlier_rows",
    "identify_outliers_rrcf": "huntkit.analyze.outlier_rows",
    "logon_sessions": "huntkit.analyze.logons",
    "outliers": "huntkit.analyze.outlier_rows",
    "patterns": "huntkit.analyze.collapsing",
    "rare": "huntkit.analyze.rareness",
    "rare_pairs": "huntkit.analyze.rareness",
    "remove_common_items": "huntkit.analyze.outlier_rows",
    "risky_sudo_sessions": "huntkit.analyze.linux_hosts",
    "score_sessions": "huntkit.analyze.sequences",
    "sessionize_data": "huntkit.analyze.sessionizing",
    "set_new_anomaly_threshold": "huntkit.analyze.series",
    "timeseries_anomalies_stl": "huntkit.analyze.series",
    "token_count": _FEATURES,
    "token_count_df": _FEATURES,
    "ts_anomalies_stl": "huntkit.analyze.series",
    "unusual_starts": "huntkit.analyze.launches",
}

__all__ = [
    "Cmd",
    "HostRecord",
    "Model",
    "Observation",
    "Observations",
    "PeriodogramPollingDetector",
    "RobustRandomCutForest",
    "SessionType",
    "add_process_features",
    "beacons",
    "char_ord_score",
    "char_ord_score_df",
    "cluster_auditd_processes",
    "cluster_syslog_logons_df",
    "clusters",
    "crc32_hash",
    "crc32_hash_df",
    "create_host_record",
    "create_session_col",
    "create_time_period_kqlfilter",
    "dbcluster_events",
    "delim_count",
    "delim_count_df",
    "delim_hash",
    "extract_anomaly_periods",
    "find_anomaly_periods",
    "format_powershell",
    "identify_outliers",
    "identify_outliers_rrcf",
    "logon_sessions",
    "outliers",
    "patterns",
    "rare",
    "rare_pairs",
    "remove_common_items",
    "risky_sudo_sessions",
    "score_sessions",
    "sessionize_data",
    "set_new_anomaly_threshold",
    "timeseries_anomalies_stl",
    "token_count",
    "token_count_df",
    "ts_anomalies_stl",
    "unusual_starts",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
