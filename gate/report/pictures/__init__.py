"""Pictures of a deployment as SVG that is made here: for the page, and for whoever attaches them.

Each module draws one picture from data; it is told in words too, by its description and a table.
"""
