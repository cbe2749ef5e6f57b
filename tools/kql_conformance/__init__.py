"""How near our KQL is to Microsoft's: one module for each part, each with a table and its marks."""
