"""What is in the logs: indicators, encoded text, process trees. Each is a step for any frame."""

from typing import TYPE_CHECKING

from huntkit.core.doors import doors

if TYPE_CHECKING:
    from huntkit.extract.audit_events import (
        auditd,
        extract_events_to_df,
        get_event_subset,
        read_from_file,
    )
    from huntkit.extract.cmd_line import cmd_speed, command_bursts, risky_cmd_line
    from huntkit.extract.command_traits import command_features
    from huntkit.extract.command_words import split_command
    from huntkit.extract.decoding import decode
    from huntkit.extract.edges import df_to_networkx, network_edges
    from huntkit.extract.ioc_counts import ioc_summary
    from huntkit.extract.ioc_extract import IoCExtract
    from huntkit.extract.ioc_search import iocs
    from huntkit.extract.own_types import OwnType
    from huntkit.extract.risky_commands import command_risks
    from huntkit.extract.time_columns import times
    from huntkit.extract.tree_parts import (
        get_ancestors,
        get_children,
        get_descendents,
        get_parent,
        get_process,
        get_root,
        get_root_tree,
        get_roots,
        get_siblings,
        get_summary_info,
        get_tree_depth,
    )
    from huntkit.extract.tree_text import tree_to_text
    from huntkit.extract.trees import process_tree
    from huntkit.extract.unpacking import unpack, unpack_df

_DOORS = {
    "IoCExtract": "huntkit.extract.ioc_extract",
    "OwnType": "huntkit.extract.own_types",
    "auditd": "huntkit.extract.audit_events",
    "cmd_speed": "huntkit.extract.cmd_line",
    "command_bursts": "huntkit.extract.cmd_line",
    "command_features": "huntkit.extract.command_traits",
    "command_risks": "huntkit.extract.risky_commands",
    "decode": "huntkit.extract.decoding",
    "df_to_networkx": "huntkit.extract.edges",
    "extract_events_to_df": "huntkit.extract.audit_events",
    "get_ancestors": "huntkit.extract.tree_parts",
    "get_children": "huntkit.extract.tree_parts",
    "get_descendents": "huntkit.extract.tree_parts",
    "get_event_subset": "huntkit.extract.audit_events",
    "get_parent": "huntkit.extract.tree_parts",
    "get_process": "huntkit.extract.tree_parts",
    "get_root": "huntkit.extract.tree_parts",
    "get_root_tree": "huntkit.extract.tree_parts",
    "get_roots": "huntkit.extract.tree_parts",
    "get_siblings": "huntkit.extract.tree_parts",
    "get_summary_info": "huntkit.extract.tree_parts",
    "get_tree_depth": "huntkit.extract.tree_parts",
    "ioc_summary": "huntkit.extract.ioc_counts",
    "iocs": "huntkit.extract.ioc_search",
    "network_edges": "huntkit.extract.edges",
    "process_tree": "huntkit.extract.trees",
    "read_from_file": "huntkit.extract.audit_events",
    "risky_cmd_line": "huntkit.extract.cmd_line",
    "split_command": "huntkit.extract.command_words",
    "times": "huntkit.extract.time_columns",
    "tree_to_text": "huntkit.extract.tree_text",
    "unpack": "huntkit.extract.unpacking",
    "unpack_df": "huntkit.extract.unpacking",
}

__all__ = [
    "IoCExtract",
    "OwnType",
    "auditd",
    "cmd_speed",
    "command_bursts",
    "command_features",
    "command_risks",
    "decode",
    "df_to_networkx",
    "extract_events_to_df",
    "get_ancestors",
    "get_children",
    "get_descendents",
    "get_event_subset",
    "get_parent",
    "get_process",
    "get_root",
    "get_root_tree",
    "get_roots",
    "get_siblings",
    "get_summary_info",
    "get_tree_depth",
    "ioc_summary",
    "iocs",
    "network_edges",
    "process_tree",
    "read_from_file",
    "risky_cmd_line",
    "split_command",
    "times",
    "tree_to_text",
    "unpack",
    "unpack_df",
]


if not TYPE_CHECKING:  # a type checker would take every unknown name for one of these
    __getattr__, __dir__ = doors(__name__, _DOORS)
