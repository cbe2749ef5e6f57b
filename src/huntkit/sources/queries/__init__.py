"""Named questions with typed parameters, kept as data: read, checked, and put into words.

`Query` and `Parameter` are the definition, `read_queries` reads YAML files of them, `built_in`
lists those that come with the package, and `render` puts values in.
"""
