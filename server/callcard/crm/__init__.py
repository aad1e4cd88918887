"""Where contacts come from. `base` is what every source offers; each other module speaks one source's tongue."""
