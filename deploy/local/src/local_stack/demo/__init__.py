"""A Friday evening in a minute: a POS simulator, screens that follow, a live view, and a check of everything."""
