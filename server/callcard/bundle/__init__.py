"""The gadget bundle: gadget XML, desktop layout, checks."""
