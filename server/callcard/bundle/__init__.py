"""The gadget bundle: gadget XML, desktop layout, checks of the sources, rendering and output.

`build.py` runs load, check, render and write as a pipeline. The sandbox uses `gadget_xml`,
`gadget_page` and `layout`, which therefore import neither jinja2 nor tree_sitter. Nothing here
imports the service.
"""
