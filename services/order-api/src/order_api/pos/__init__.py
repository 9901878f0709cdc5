"""Orders that a POS tells of in its own words: each adapter gives the order as stated, one plan moves ours after it."""
