"""Records of any format to the tables that analysts know.

``Mapper`` takes the batches of one source file in their order and gives frames; ``merge_table``
does what needs the rows of all files. Every frame has ``_record``; text is never null; a column
of a known table has its known type. A frame may lack columns that had no source.
"""

from huntkit.sources.local.mapping.mapper import Mapper
from huntkit.sources.local.mapping.merge import merge_table
from huntkit.sources.local.mapping.times import Clock
from huntkit.sources.local.mapping.views import VIEWS, View

__all__ = ["VIEWS", "Clock", "Mapper", "View", "merge_table"]
