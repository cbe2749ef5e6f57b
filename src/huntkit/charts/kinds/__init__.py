"""One module a chart; the module is named after the chart."""
