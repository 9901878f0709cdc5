"""Why an operation was not done: an expected answer, told in one sentence with its remedy."""


class Refusal(Exception):
    """Nothing was done, or what was done so far can be taken up again; the text says which."""
