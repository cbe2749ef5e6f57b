"""A small invented intrusion, written as the log files that real products would have written.

Everything in it is synthetic: hosts, people, hashes and commands. Names end in ``.example`` and
public addresses are the documentation ranges, so nothing points at anybody. The same seed gives
the same bytes, on every machine.
"""

from huntkit.sources.demo.scenario import TITLE, make_demo

__all__ = ["TITLE", "make_demo"]
